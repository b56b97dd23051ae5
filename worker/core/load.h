/*
 * load.h - how many tasks people have, and whose turn it is in a role (ASG-4, ASG-6, ASG-11).
 *
 * The unit keeps what its commands change of each person's load: a task assigned to or taken by
 * somebody counts until it is over or becomes somebody else's.  What there was before is asked
 * (WF_QUESTION_LOADS, WF_QUESTION_TOKEN) only by those who assign by it; from then on the shell
 * holds the lock, and what the unit knows is what is true.  Undone with the command.
 *
 * A person was assigned a task when a rule or a reassignment gave it to them, or when they took one
 * that was not theirs before; giving a delegated task back to its grantor does not count.
 */
#ifndef WF_LOAD_H
#define WF_LOAD_H

#include "core/unit.h"

/* A person's part in this unit; lives in the unit's arena. */
struct wf_load {
    const char *staff_id;
    int32_t change;        /* of open tasks, by this unit */
    int64_t last_assigned; /* microseconds; 0: never, as far as known; later ones are greater */
    bool assigned;         /* by this unit */
    bool known;            /* open_tasks and last_assigned are those of the database as well */
    int32_t open_tasks;    /* before this unit */
};

struct wf_token {
    const char *role_id;
    const char *staff_id; /* whom round_robin chose last; NULL: nobody yet */
    bool known;
    bool changed;         /* by this unit */
};

/* The load of a person, as far as the unit knows it; never NULL. */
struct wf_load *wf_load_of(struct wf_unit *unit, const char *staff_id);

/* What the database says; once a unit. */
void wf_load_known(struct wf_unit *unit, const char *staff_id, int32_t open_tasks, int64_t last_assigned);
void wf_token_known(struct wf_unit *unit, const char *role_id, const char *staff_id);

/*
 * Whether the loads of people are known; else asks for those that are not, and the caller gives up.
 * Asked for a whole group at once, so that its locks are taken together and in order.
 */
bool wf_load_ask(struct wf_unit *unit, const struct wf_staff *const *people, size_t count);

/* The token of a role, or NULL: it was asked for. */
struct wf_token *wf_token_ask(struct wf_unit *unit, const char *role_id);

/* ASG-4: whether one person comes before another, of whom both are known. */
bool wf_load_before(struct wf_unit *unit, const char *staff_id, const char *other_id);

/* Makes a task somebody's, or nobody's (NULL): the loads follow.  Every change of task->staff_id goes through here. */
void wf_load_assign(struct wf_unit *unit, struct wf_task *task, const char *staff_id);

/* Likewise, where it is no new assignment: it becomes again whose it was. */
void wf_load_give_back(struct wf_unit *unit, struct wf_task *task, const char *staff_id);

/* The task is over: it is on nobody's list any more. */
void wf_load_end(struct wf_unit *unit, const struct wf_task *task);

/* Passes the token to the person chosen. */
void wf_token_pass(struct wf_unit *unit, struct wf_token *token, const char *staff_id);

#endif
