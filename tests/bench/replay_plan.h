/*
 * replay_plan.h - what the replay driver is to do: the cases of a log, row by row.
 *
 * The file is text, as `replay` writes it; ids have no control characters:
 *
 *     replay-plan 1 <activities> <staff> <cases> <rows>
 *     <process id>
 *     one activity id a line, one staff id a line
 *     one case a line: <entity id> TAB <activity>:<staff> SPACE …     numbers from 0
 */
#ifndef REPLAY_PLAN_H
#define REPLAY_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct replay_row {
    uint32_t act, staff;
};

struct replay_case {
    const char *entity_id; /* as JSON, with its quotes */
    struct replay_row *rows;
    uint32_t row_count; /* at least one */
};

/* All texts are written as JSON, with their quotes, ready to be copied into a command. */
struct replay_plan {
    struct wf_arena arena;
    const char *process_id;
    const char **acts;
    const char **flags; /* "to:<activity>"; one more than activities: "to:~end" */
    const char **staff;
    struct replay_case *cases;
    uint32_t act_count, staff_count, case_count, row_count;
};

/* Reads the file; the plan is emptied with replay_plan_drop(), also after a failure. */
bool replay_plan_read(const char *path, struct replay_plan *ret_plan, struct wf_error *reterr) WF_CHECKED;

void replay_plan_drop(struct replay_plan *plan);

/* The flag with which a row of a case ends: where the next row is, or the end. */
static inline const char *
replay_plan_flag(const struct replay_plan *plan, const struct replay_case *c, uint32_t row)
{
    return plan->flags[row + 1 < c->row_count ? c->rows[row + 1].act : plan->act_count];
}

#endif
