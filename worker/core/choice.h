/*
 * choice.h - the methods that choose one person (ASG-4, ASG-6).
 */
#ifndef WF_CHOICE_H
#define WF_CHOICE_H

#include "core/unit.h"

/*
 * Chooses by the method of the task's rule: priority, round_robin or least_working_list; among
 * those eligible, the ones whose presence ranks best (ASG-2).  *ret_staff is NULL when nobody
 * is eligible; *ret_considered counts all who are.  False: the command must wait for loads or
 * the token (question.h), or was rejected.
 */
bool wf_choice_make(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff **ret_staff,
                    size_t *ret_considered) WF_CHECKED;

#endif
