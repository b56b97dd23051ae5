/*
 * deadline.h - what a passed time limit does (STA-2, STA-3).
 *
 * Of an interaction:
 *
 *     remind     an event, which says what has passed
 *     release    back to waiting, with the assignment it had before it was taken (TSK-2)
 *     reassign   back to waiting, assigned by the rule again (TSK-7)
 *     escalate   back to waiting, offered to another group (TSK-7)
 *     end        ends with the flag that the limit names, or without one, from any state (TSK-7)
 *
 * Each acts once for each time that the limit runs; back in waiting, the limit for being taken runs anew, but
 * not after its own escalation.  A waiting task has nothing to release: that is a reminder.
 *
 * Of an automation, whichever it is, the job has failed and is announced again (STA-2); once
 * its retries are used up, `end` ends the task, and anything else is an incident.
 *
 * An instance elsewhere that works for a task (ENG-2) goes on working: `end` cancels it, anything else reminds.
 */
#ifndef WF_DEADLINE_H
#define WF_DEADLINE_H

#include "core/unit.h"

/* The limit of a task that its timer (TAKE or END) was set for has passed.  False: rejected (FWD-3). */
bool wf_deadline_pass(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer,
                      const struct wf_time_limit *limit) WF_CHECKED;

/* The limit of an instance has passed: an event, or it is cancelled. */
bool wf_deadline_pass_instance(struct wf_unit *unit, struct wf_instance *instance) WF_CHECKED;

#endif
