/*
 * task.h - task management: a task from its creation to its end (sections 3 and 6).
 */
#ifndef WF_TASK_H
#define WF_TASK_H

#include "core/unit.h"

/* The core's time for an instance: never backwards. */
int64_t wf_instance_now(const struct wf_unit *unit, const struct wf_instance *instance);

/*
 * Creates a task of an activity, or lets the arrival join a pending one (DEP-2, DEP-3).
 * The new task waits in line until wf_task_run() moves it (DEP-9).
 * False if the command creates too many (limit_exceeded).
 */
bool wf_task_create(struct wf_unit *unit, struct wf_instance *instance, struct wf_activity *activity,
                    const struct wf_arrival *arrival) WF_CHECKED;

/* Creates a waiting task beside another one of the same activity (ASG-3).  NULL: rejected. */
struct wf_task *wf_task_copy(struct wf_unit *unit, struct wf_task *task, const struct wf_arrival *arrival) WF_CHECKED;

/* Changes the state and keeps the record's times. */
void wf_task_set_state(struct wf_unit *unit, struct wf_task *task, enum wf_task_state state);

/* A waiting task goes on waiting, for somebody else: who has the whole time, and nothing to do with an incident of before. */
void wf_task_wait_anew(struct wf_unit *unit, struct wf_task *task);

/* Ends a task with a flag (or NULL) and takes the forward step (FWD-1).  False: rejected. */
bool wf_task_end(struct wf_unit *unit, struct wf_task *task, const char *completion_flag) WF_CHECKED;

/* Withdraws an open task. */
void wf_task_withdraw(struct wf_unit *unit, struct wf_task *task, const char *reason);

/*
 * Moves the tasks in line, first in first out, then checks the pending ones in order of
 * creation, until nothing moves (DEP-9) and nobody has a task that they may not do any more (ASG-10).  False: rejected.
 */
bool wf_task_run(struct wf_unit *unit, struct wf_instance *instance) WF_CHECKED;

/* Takes what is over out of the open tasks; at the end of a command that was not rejected. */
void wf_task_sweep(struct wf_unit *unit, struct wf_instance *instance);

#endif
