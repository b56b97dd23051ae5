/*
 * assignment.h - who gets a task, and who may take it (section 7).
 */
#ifndef WF_ASSIGNMENT_H
#define WF_ASSIGNMENT_H

#include "core/unit.h"

/*
 * Assigns a task that becomes waiting by its activity's rule (ASG-1 to ASG-6, ASG-8, ASG-10, ASG-11).
 * False: rejected, or the command must wait for an answer (question.h).
 */
bool wf_assignment_apply(struct wf_unit *unit, struct wf_task *task) WF_CHECKED;

/* Assigns a waiting task by the rule again (TSK-7); what method `all` has copied becomes the group's. */
bool wf_assignment_again(struct wf_unit *unit, struct wf_task *task) WF_CHECKED;

/*
 * Assigns a task that is nobody's because the rule found nobody, if it finds somebody now (ASG-8), or whose person was
 * removed; anything else stays as it is.  False: as above.
 */
bool wf_assignment_retry(struct wf_unit *unit, struct wf_task *task) WF_CHECKED;

/*
 * Takes waiting tasks from people whom not_by bars by now, or who are not whom same_as names (ASG-10): the rule decides
 * again, and of several copies of method `all` a barred person's is withdrawn.  *ret_changed: there were some.
 * False: as above.
 */
bool wf_assignment_settle(struct wf_unit *unit, struct wf_instance *instance, bool *ret_changed) WF_CHECKED;

/*
 * Assigns a task to a person, in the group or not, or to a group (TSK-7).  False: rejected,
 * because the person or group does not exist, the person is on leave or kept from it (ASG-10).
 */
bool wf_assignment_to_person(struct wf_unit *unit, struct wf_task *task, const char *staff_id) WF_CHECKED;
bool wf_assignment_to_group(struct wf_unit *unit, struct wf_task *task, enum wf_based_on based_on,
                            const char *group) WF_CHECKED;

/* Whether a person has a waiting task of their own right: it is theirs, or their group's. */
bool wf_assignment_has_right(const struct wf_task *task, const struct wf_staff *staff);

/*
 * The person in whose name somebody may execute another's tasks now, by an authorization that
 * covers the task (ASG-7) and whom not_by does not bar (ASG-10); `grantor_id` names one, NULL asks
 * for the lowest id.  NULL: none.
 */
const char *wf_assignment_grantor(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                                  const char *grantor_id);

/* Whether a person may get a waiting task in any way: what wf_assignment_entitled() says of who is not on leave. */
bool wf_assignment_may(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                       const char *grantor_id);

/*
 * Whether a person may get a waiting task (ASG-7), of their own right (*ret_grantor_id is NULL)
 * or in somebody's name; otherwise the command is rejected with the reason.
 */
bool wf_assignment_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                            const char *grantor_id, const char **ret_grantor_id) WF_CHECKED;

#endif
