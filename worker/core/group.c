#include "core/group.h"

#include <stdlib.h>
#include <string.h>

#include "core/constraint.h"
#include "core/task.h"

/* The first authorization by which somebody's grantee may act for them now (ASG-2), or NULL. */
static const struct wf_authorization *
representation(const struct wf_unit *unit, const struct wf_task *task, const char *staff_id)
{
    const struct wf_institution *institution = unit->institution;

    for (size_t i = 0; i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        if (strcmp(grant->grantor_id, staff_id) == 0 &&
            wf_authorization_covers(grant, task->instance->process->process_id, task->activity->act_id,
                                    wf_instance_now(unit, task->instance)))
            return grant;
    }
    return NULL;
}

static bool
is_constrained(const struct wf_task *task)
{
    return task->activity->assignment.not_by_count || task->activity->assignment.same;
}

/* ASG-2, ASG-10: 0 may not be chosen, else the lower the better: logged on, not logged on, on leave but represented. */
static int
presence_rank(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
              enum wf_presence presence)
{
    if (staff->on_leave && !representation(unit, task, staff->staff_id))
        return 0;
    if (is_constrained(task) && !wf_constraint_allows(unit, task, staff->staff_id))
        return 0;
    if (presence == WF_PRESENCE_IGNORE)
        return 1;
    if (staff->on_leave)
        return 3;
    if (staff->logging_on)
        return 1;
    return presence == WF_PRESENCE_REQUIRE ? 0 : 2;
}

static int
by_text(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

bool
wf_group_has(const struct wf_task *task, const struct wf_staff *staff, enum wf_based_on based_on, const char *group)
{
    if (based_on != WF_BASED_ON_USER_DEFINED)
        return wf_staff_in_group(staff, based_on, group);
    return task->candidate_count && bsearch(staff->staff_id, task->candidates, task->candidate_count,
                                            sizeof *task->candidates, by_text);
}

/* One by one, where constraints judge each. */
static size_t
count_allowed(const struct wf_unit *unit, const struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    const struct wf_institution *institution = unit->institution;
    size_t size = 0;

    for (size_t i = 0; institution && i < institution->staff_count; i++) {
        const struct wf_staff *staff = institution->staff[i];
        size += wf_group_has(task, staff, based_on, group) &&
                presence_rank(unit, task, staff, WF_PRESENCE_IGNORE);
    }
    return size;
}

size_t
wf_group_size(const struct wf_unit *unit, const struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    const struct wf_institution *institution = unit->institution;

    if (is_constrained(task) || based_on == WF_BASED_ON_USER_DEFINED)
        return count_allowed(unit, task, based_on, group);

    size_t size = wf_institution_group_size(institution, based_on, group);
    for (size_t i = 0; institution && i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        const struct wf_staff *staff = wf_institution_staff(institution, grant->grantor_id);
        size += staff && staff->on_leave && wf_staff_in_group(staff, based_on, group) &&
                representation(unit, task, grant->grantor_id) == grant; /* each person once */
    }
    return size;
}

/* A role knows its members; other groups are found by asking everybody. */
const struct wf_staff **
wf_group_members(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_count)
{
    const struct wf_institution *institution = unit->institution;
    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const struct wf_role *role =
        rule->based_on == WF_BASED_ON_ROLE ? wf_institution_role(institution, rule->group) : NULL;
    const struct wf_staff **members = NULL;
    size_t capacity = 0, count = 0;

    for (size_t i = 0; role && i < role->member_count; i++)
        WF_ARENA_PUSH(unit->arena, members, count, capacity, role->members[i].staff);
    for (size_t i = 0; institution && rule->based_on != WF_BASED_ON_ROLE && i < institution->staff_count; i++)
        if (wf_group_has(task, institution->staff[i], rule->based_on, rule->group))
            WF_ARENA_PUSH(unit->arena, members, count, capacity, institution->staff[i]);
    *ret_count = count;
    return members;
}

static int
by_staff_id(const void *a, const void *b)
{
    const struct wf_eligible *x = a, *y = b;

    return strcmp(x->staff->staff_id, y->staff->staff_id);
}

struct wf_eligible *
wf_group_eligible(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_count)
{
    size_t member_count, count = 0;
    const struct wf_staff **members = wf_group_members(unit, task, &member_count);
    struct wf_eligible *eligible = WF_ARENA_ARRAY(unit->arena, struct wf_eligible, member_count);

    for (size_t i = 0; i < member_count; i++) {
        int rank = presence_rank(unit, task, members[i], task->activity->assignment.presence);
        if (rank)
            eligible[count++] = (struct wf_eligible){members[i], rank};
    }
    if (count)
        qsort(eligible, count, sizeof *eligible, by_staff_id);
    *ret_count = count;
    return eligible;
}
