/*
 * rule.h - user-defined rules and groups: what functions of the deployment's own decide (FWD-4, ASG-1).
 *
 * Each is a question (question.h) about a task.  What a function raises, and what it must not
 * answer, rejects the command (rule_failed).
 */
#ifndef WF_RULE_H
#define WF_RULE_H

#include "core/unit.h"

/* Whether an activity's pre rule, or its post rule, is user-defined. */
bool wf_rule_is_pre(const struct wf_activity *activity);
bool wf_rule_is_post(const struct wf_activity *activity);

/*
 * Whether a pending task may start by the arrival, one of its own.  false: not yet, or the command was
 * rejected, or it asks.  The function is asked when the command is one after which another
 * answer is possible (FWD-7); until then the task stays as it is.
 */
bool wf_rule_may_start(struct wf_unit *unit, const struct wf_task *task, const struct wf_arrival *arrival);

/* The activities that follow a task that ended, in order.  false: rejected, or it asks. */
bool wf_rule_next(struct wf_unit *unit, const struct wf_task *task, struct wf_activity ***ret_next,
                  size_t *ret_count) WF_CHECKED;

/* The people who may do a task, each once, in order of staff_id; none is an empty group (ASG-8).  false: as above. */
bool wf_rule_staff(struct wf_unit *unit, const struct wf_task *task, const char ***ret_staff_ids,
                   size_t *ret_count) WF_CHECKED;

/*
 * Asks whether there are the functions that a definition names; what is wrong with one is a fault (unknown_function).
 * false: there are faults, or it asks.
 */
bool wf_rule_check(struct wf_unit *unit, const struct wf_process *process, struct wf_faults *faults) WF_CHECKED;

#endif
