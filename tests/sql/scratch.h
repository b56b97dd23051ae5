/*
 * scratch.h - a database for one test, and units of work on it.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "store/store.h"

/* The name of an environment variable's database is not set: the tests are skipped. */
bool scratch_possible(void);

/* Makes a database with the schema installed, and removes it; one a process. */
void scratch_up(int32_t partitions);
void scratch_down(void);

/* A store on it; ends the process if there is none. */
struct wf_store *scratch_store(void);

/* Runs SQL with the owner's rights and gives the first value as a number (0 if there is none). */
long scratch_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A process "p" with the activities start, check, join, pick, count, end. */
struct wf_process *scratch_process(void);

/* A UUID that ends with this number. */
struct wf_uuid scratch_id(uint32_t number);

/* One unit of work on one partition, with its own arena. */
struct scratch_unit {
    struct wf_arena arena;
    struct wf_unit unit;
    struct wf_work_partition partition;
    struct wf_work work;
    struct wf_error error;
};

/* Begins a unit under a claim, without loading. */
void scratch_begin(struct scratch_unit *unit, const struct wf_claim *claim);

/* Claims one partition. */
struct wf_claim scratch_claim(struct wf_store *store, int32_t partition);

/* A new instance of the process, dirty; and a new task of it in a state. */
struct wf_instance *scratch_instance(struct scratch_unit *unit, const struct wf_uuid *id, int32_t partition);
struct wf_task *scratch_task(struct scratch_unit *unit, struct wf_instance *instance, const char *act_id,
                             enum wf_task_state state);

#endif
