/*
 * group.h - who may be given a task: the group of its rule without those on leave, those whom
 * constraints keep from it, and those whom the rule's presence leaves out (ASG-1, ASG-2, ASG-10).
 */
#ifndef WF_GROUP_H
#define WF_GROUP_H

#include "core/unit.h"

/* One of the group, and how much being present counts for: the lower the better, from 1. */
struct wf_eligible {
    const struct wf_staff *staff;
    int rank;
};

/* Whether a person is of a group; of a user-defined one the task knows who is (ASG-1). */
bool wf_group_has(const struct wf_task *task, const struct wf_staff *staff, enum wf_based_on based_on, const char *group);

/* How many of a group may take a task or have it taken in their name. */
size_t wf_group_size(const struct wf_unit *unit, const struct wf_task *task, enum wf_based_on based_on,
                     const char *group);

/* Those of the group of the task's rule who may be given the task, in order of staff_id. */
struct wf_eligible *wf_group_eligible(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_count);

/* All of that group, in no order, whether they may be given it or not. */
const struct wf_staff **wf_group_members(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_count);

#endif
