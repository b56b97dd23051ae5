/*
 * timer.h - what falls due (STA-2, STA-3, FWD-7).
 *
 * A task has at most one timer at a time, for its state says which: pending, the next check
 * (`check_every`); waiting, the limit for being taken, or the next announcement of a failed job; in
 * hand, the limit for being ended.  An instance may have one for its own time limit.  The limits:
 *
 * - that for being taken runs from when the task becomes waiting: created, released, reassigned or
 *   announced again, it runs anew;
 * - that for being ended runs from when the task is taken, over hang and reset: a pause is
 *   no more time;
 * - that of an instance runs from its start, whatever becomes of it.
 *
 * `due_at` is when the limit that runs now passes; it stays when it has passed, and for the record
 * when the task is over.  A timer fires once.  While an instance is suspended its timers are kept: those that fall due
 * fire when it is resumed (TSK-6).  What they do is deadline.h's.
 */
#ifndef WF_TIMER_H
#define WF_TIMER_H

#include "core/unit.h"

/* Sets what falls due for a task, in the place of what did before; NONE: nothing.  No event by itself. */
void wf_timer_set(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, int64_t at);

/* Begins the time limit of a new instance. */
void wf_timer_begin(struct wf_unit *unit, struct wf_instance *instance);

/* After a change of state: what falls due now. */
void wf_timer_follow(struct wf_unit *unit, struct wf_task *task, enum wf_task_state from);

/* Lets the limit for being taken run anew, for a task that went on waiting. */
void wf_timer_restart(struct wf_unit *unit, struct wf_task *task);

/*
 * A pending task that waits for a user-defined rule is checked again after `check_every` (FWD-7); one whose rule failed,
 * when an operator says so (FWD-3).
 */
void wf_timer_check_later(struct wf_unit *unit, struct wf_task *task);

/*
 * extend-task: the limit that runs for the task passes `within` (microseconds; 0: as the activity says)
 * from now.  False: rejected.
 */
bool wf_timer_extend(struct wf_unit *unit, struct wf_task *task, int64_t within) WF_CHECKED;

/*
 * fire-timer: what the command says is due happens.  A timer that was set anew or is no more is
 * none, and so is one of an instance that is suspended or over: nothing happens then.
 * False: rejected; the dispatcher makes an incident of it (FWD-3).
 */
bool wf_timer_fire(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

/* Forgets the timer of a fire-timer that was rejected, so that it has fired all the same. */
void wf_timer_forget(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance);

#endif
