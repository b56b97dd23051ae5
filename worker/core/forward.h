/*
 * forward.h - forward control: which activities follow when a task ends (section 4).
 */
#ifndef WF_FORWARD_H
#define WF_FORWARD_H

#include "core/unit.h"

/*
 * Finds the routing rule for a task that ended, by the precedence of FWD-1, whose condition holds (FWD-6): among the
 * rules marked default, or among the others.  Conditions of less specific rules are not evaluated.
 *
 * Returns NULL when there is none, or when a condition could not be evaluated and the command is
 * rejected.  The rule belongs to the definition.
 */
const struct wf_route *wf_forward_match(struct wf_unit *unit, const struct wf_task *task, bool is_default);

/*
 * The flags that a task of the activity, reached from pre_act_id, may end with, each once, in
 * the order of the rules; at most `max` are written.  Returns how many there are; 0: any flag, also where a
 * user-defined post rule decides.
 */
size_t wf_forward_flags(const struct wf_activity *activity, const char *pre_act_id, const char **flags, size_t max);

/* Whether some routing rule of the activity names this flag (DEP-6). */
bool wf_forward_names(const struct wf_activity *activity, const char *completion_flag);

/*
 * Starts what follows a task that ended (FWD-1, FWD-2, BAT-1, BAT-2), handing on the given
 * batch and branch.  False: rejected (`no_route`, `limit_exceeded`, `condition_failed`, `rule_failed`), or it asks.
 */
bool wf_forward_step(struct wf_unit *unit, struct wf_task *task, int32_t serial_no, int32_t branch_no) WF_CHECKED;

/* Opens a batch of so many branches, nested in the given numbers (BAT-2). */
struct wf_batch *wf_forward_open_batch(struct wf_unit *unit, struct wf_task *task, int32_t serial_no, int32_t branch_no,
                                       size_t branches);

/*
 * Judges the instance after its tasks have moved: completed (FWD-5), stalled (FWD-7) or running.
 */
void wf_forward_judge(struct wf_unit *unit, struct wf_instance *instance);

#endif
