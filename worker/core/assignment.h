/*
 * assignment.h - who gets a task, and who may take it (section 7).
 */
#ifndef WF_ASSIGNMENT_H
#define WF_ASSIGNMENT_H

#include "core/unit.h"

/* Assigns a task that becomes waiting by its activity's rule (ASG-1 to ASG-6, ASG-8, ASG-11). */
void wf_assignment_apply(struct wf_unit *unit, struct wf_task *task);

/*
 * Whether a person may get a waiting task (ASG-7); otherwise the command is rejected with the
 * reason.
 */
bool wf_assignment_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff) WF_CHECKED;

#endif
