/*
 * save.h - what the steps of saving a unit share; private to save.c, save_instance.c and save_rest.c.
 */
#ifndef WF_STORE_SAVE_H
#define WF_STORE_SAVE_H

#include "store/pipeline.h"

/* A new row of a statement's table. */
struct wf_table *wf_save_row(struct wf_store *store, enum wf_statement statement);

/* Ids, joined by a character that no id has; none: a null. */
void wf_save_ids(struct wf_table *table, const char *const *ids, size_t count);

/* Sorts what is dirty of an instance into the tables of the statements. */
void wf_save_instance(struct wf_store *store, struct wf_arena *arena, const struct wf_instance *instance);

/* save_rest.c: of it, what only some instances have. */
void wf_save_rest(struct wf_store *store, const struct wf_instance *instance);

#endif
