/*
 * load.h - what the steps of loading instances share; private to load.c and load_rest.c.
 */
#ifndef WF_STORE_LOAD_H
#define WF_STORE_LOAD_H

#include "store/pipeline.h"

struct wf_loading {
    struct wf_store *store;
    struct wf_unit *unit;
    const struct wf_uuid **ids;  /* each once, and not in the unit before */
    struct wf_instance **asked;  /* what a statement was asked for, in order; NULL: unknown */
    size_t count;                /* of ids */
    size_t first;                /* call of the first statement */
    struct wf_error *reterr;
};

typedef bool wf_loading_reader(struct wf_loading *loading, const struct wf_rows *rows, int row);

/* The instance that a row is of, by its first column: the place in the array asked for, from 1. */
struct wf_instance *wf_loading_instance(const struct wf_loading *loading, const struct wf_rows *rows, int row);

/* An activity of the instance's process by its id (NULL: none); false if it has none such. */
bool wf_loading_activity(const struct wf_loading *loading, const struct wf_instance *instance, const char *act_id,
                         struct wf_activity **ret_activity);

/* Ids, joined by a character that no id has; NULL: none.  Returns how many. */
size_t wf_loading_ids(const struct wf_rows *rows, int row, int column, struct wf_arena *arena, const char ***ret_ids);

/*
 * load_rest.c: loads what only some instances have, for those that can have it; no round trip if none can.
 * The instances that were loaded are loading->asked, of which it makes another list.
 */
enum wf_verdict wf_load_rest(struct wf_loading *loading) WF_CHECKED;

#endif
