/*
 * take.h - get-task and end-task: who takes a task, and who ends it (TSK-2, ASG-7, ASG-9, STA-1).
 */
#ifndef WF_TAKE_H
#define WF_TAKE_H

#include "core/unit.h"

/* Takes the task that the command names, or the next one of those that the shell found.  False: rejected. */
bool wf_take_get(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

/* Ends a task with what the command sets, entity and variables.  False: rejected, or a question is open. */
bool wf_take_end(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

#endif
