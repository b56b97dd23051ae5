/*
 * timer.h - what falls due (STA-2, STA-3, FWD-7).
 */
#ifndef WF_TIMER_H
#define WF_TIMER_H

#include "core/unit.h"

/* Sets what falls due for a task, in the place of what did before; NONE: nothing. */
void wf_timer_set(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, int64_t at);

/*
 * fire-timer: what the command says is due happens.  A timer that was set anew or is no more is
 * none, and so is one of an instance that is suspended or over: nothing happens then.
 * False: rejected; the dispatcher makes an incident of it (FWD-3).
 */
bool wf_timer_fire(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

/* Forgets the timer of a fire-timer that was rejected, so that it has fired all the same. */
void wf_timer_forget(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance);

#endif
