/*
 * driver_plan.h - what the driver is to do: cases, and what people do in each.
 *
 * The file is text, as `plan.py` writes it; ids have no control characters:
 *
 *     bench-plan 1 <sequence|any> <activities> <staff> <flags> <cases> <rows>
 *     <process id>
 *     <topic of jobs>                                                     empty: none
 *     one activity id a line, one staff id a line, one completion flag a line
 *     one case a line: <entity id> TAB <flag> TAB <activity>:<staff>:<flag> SPACE …
 *
 * Numbers count from 0.  A row is a task that its person takes and ends with the flag.  A flag that
 * is `-` is none; a staff that is `-` is whoever the engine has given the task to, or the executor of
 * a job.  In a `sequence` each row begins when the one before it has ended; else each begins when its
 * task comes.
 */
#ifndef DRIVER_PLAN_H
#define DRIVER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct plan_row {
    const char *act, *staff, *flag; /* as JSON; staff and flag may be NULL */
};

struct plan_case {
    const char *entity_id; /* as JSON */
    const char *flag;      /* of init-instance; as JSON, or NULL */
    struct plan_row *rows;
    uint32_t row_count; /* at least one */
};

/* All texts are written as JSON, with their quotes, ready to be copied into a command. */
struct plan {
    struct wf_arena arena;
    const char *process_id;
    const char *jobs; /* the topic's suffix, plain; NULL: none */
    struct plan_case *cases;
    uint32_t case_count;
    bool sequence;
};

/* Reads the file; the plan is emptied with plan_drop(), also after a failure. */
bool plan_read(const char *path, struct plan *ret_plan, struct wf_error *reterr) WF_CHECKED;

void plan_drop(struct plan *plan);

#endif
