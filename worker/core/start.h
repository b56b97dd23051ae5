/*
 * start.h - start control: work done by programs (section 8).
 */
#ifndef WF_START_H
#define WF_START_H

#include "core/unit.h"

/*
 * Lets an automation task wait for an executor, and has its job announced (STA-1); one with a
 * sub-process hands its work on (ENG-2).
 */
void wf_start_announce(struct wf_unit *unit, struct wf_task *task);

/* Whether an executor may take or end a task (STA-1); otherwise the command is rejected. */
bool wf_start_entitled(struct wf_unit *unit, const struct wf_task *task, const char *executor_id) WF_CHECKED;

#endif
