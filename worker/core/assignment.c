#include "core/assignment.h"

#include <stdlib.h>
#include <string.h>

#include "core/forward.h"
#include "core/task.h"

/* Why somebody, or the group, was chosen (ASG-11), and that there was nobody (ASG-8). */
static void
note(struct wf_unit *unit, struct wf_task *task, enum wf_based_on based_on, const char *group, enum wf_method method,
     size_t considered)
{
    struct wf_event *event = wf_unit_event_of(unit, task);

    event->assignment = (struct wf_assignment){
        .based_on = based_on, .group = group, .method = method, .considered = (int32_t)considered};
    if (!considered)
        event->reason = wf_arena_printf(unit->arena, "nobody of \"%s\" can be assigned", group);
}

static void
note_rule(struct wf_unit *unit, struct wf_task *task, size_t considered)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;

    note(unit, task, rule->based_on, rule->group, rule->method, considered);
}

static bool
covers(const struct wf_unit *unit, const struct wf_authorization *grant, const struct wf_task *task)
{
    return wf_authorization_covers(grant, task->instance->process->process_id, task->activity->act_id,
                                   wf_instance_now(unit, task->instance));
}

/* The first authorization by which somebody's grantee may act for them now (ASG-2), or NULL. */
static const struct wf_authorization *
representation(const struct wf_unit *unit, const struct wf_task *task, const char *staff_id)
{
    const struct wf_institution *institution = unit->institution;

    for (size_t i = 0; i < institution->authorization_count; i++)
        if (strcmp(institution->authorizations[i].grantor_id, staff_id) == 0 &&
            covers(unit, &institution->authorizations[i], task))
            return &institution->authorizations[i];
    return NULL;
}

/* How many of a group may take a task or have it taken in their name (ASG-2). */
static size_t
group_size(const struct wf_unit *unit, const struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    const struct wf_institution *institution = unit->institution;
    size_t size = wf_institution_group_size(institution, based_on, group);

    for (size_t i = 0; institution && i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        const struct wf_staff *staff = wf_institution_staff(institution, grant->grantor_id);
        size += staff && staff->on_leave && wf_staff_in_group(staff, based_on, group) &&
                representation(unit, task, grant->grantor_id) == grant; /* each person once */
    }
    return size;
}

/* ASG-2: 0 may not be chosen, else the lower the better: logged on, not logged on, on leave but represented. */
static int
presence_rank(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff)
{
    enum wf_presence presence = task->activity->assignment.presence;

    if (staff->on_leave && !representation(unit, task, staff->staff_id))
        return 0;
    if (presence == WF_PRESENCE_IGNORE)
        return 1;
    if (staff->on_leave)
        return 3;
    if (staff->logging_on)
        return 1;
    return presence == WF_PRESENCE_REQUIRE ? 0 : 2;
}

/* ASG-6: the best priority_num, among those present first. */
static const struct wf_staff *
pick_by_priority(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_considered)
{
    const struct wf_role *role = wf_institution_role(unit->institution, task->activity->assignment.group);
    const struct wf_staff *best = NULL;
    size_t considered = 0;
    int best_rank = 0;

    for (size_t i = 0; role && i < role->member_count; i++) { /* sorted by priority_num */
        int rank = presence_rank(unit, task, role->members[i].staff);
        if (!rank)
            continue;
        considered++;
        if (!best || rank < best_rank) {
            best = role->members[i].staff;
            best_rank = rank;
        }
    }
    *ret_considered = considered;
    return best;
}

static int
by_staff_id(const void *a, const void *b)
{
    const struct wf_staff *const *x = a, *const *y = b;

    return strcmp((*x)->staff_id, (*y)->staff_id);
}

/* Those of the group who may be chosen, in order of staff_id (BAT-2). */
static const struct wf_staff **
list_group(const struct wf_unit *unit, const struct wf_task *task, size_t *ret_count)
{
    const struct wf_institution *institution = unit->institution;
    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const struct wf_staff **group = NULL;
    size_t capacity = 0, count = 0;

    for (size_t i = 0; institution && i < institution->staff_count; i++) {
        const struct wf_staff *staff = institution->staff[i];
        if (wf_staff_in_group(staff, rule->based_on, rule->group) && presence_rank(unit, task, staff))
            WF_ARENA_PUSH(unit->arena, group, count, capacity, staff);
    }
    if (count)
        qsort(group, count, sizeof *group, by_staff_id);
    *ret_count = count;
    return group;
}

/* ASG-3: the task becomes branch 1 of a new batch, and everybody else of the group gets a copy. */
static bool
assign_all(struct wf_unit *unit, struct wf_task *task, size_t *ret_considered)
{
    const struct wf_staff **group = list_group(unit, task, ret_considered);
    size_t count = *ret_considered;

    if (!count)
        return true;
    struct wf_batch *batch = wf_forward_open_batch(unit, task, task->serial_no, task->branch_no, count);
    batch->by_all = true;
    struct wf_arrival arrival = {.pre_act_id = task->pre_act_id, .serial_no = batch->serial_no};
    task->serial_no = batch->serial_no;
    task->branch_no = 1;
    task->staff_id = wf_arena_strdup(unit->arena, group[0]->staff_id);
    for (size_t i = 1; i < count; i++) {
        arrival.branch_no = (int32_t)i + 1;
        struct wf_task *copy = wf_task_copy(unit, task, &arrival);
        if (!copy)
            return false;
        copy->staff_id = wf_arena_strdup(unit->arena, group[i]->staff_id);
        note_rule(unit, copy, count);
    }
    return true;
}

bool
wf_assignment_apply(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const struct wf_staff *staff = NULL;
    size_t considered = 0;

    wf_unit_touch_task(unit, task);
    task->group_based_on = WF_BASED_ON_NONE;
    task->group_id = NULL;
    if (rule->method == WF_METHOD_PRIORITY)
        staff = pick_by_priority(unit, task, &considered);
    else if (rule->method != WF_METHOD_ALL)
        considered = group_size(unit, task, rule->based_on, rule->group);
    else if (!assign_all(unit, task, &considered))
        return false;
    if (staff)
        task->staff_id = wf_arena_strdup(unit->arena, staff->staff_id); /* outlives the institution */
    if (!task->staff_id) { /* the group's (ASG-5), or nobody's yet (ASG-8) */
        task->group_based_on = rule->based_on;
        task->group_id = rule->group;
    }
    note_rule(unit, task, considered);
    return true;
}

/* Whether method `all` has given this task out already: it is of a batch that it opened. */
static bool
is_copied(const struct wf_task *task)
{
    const struct wf_batch *batch = wf_instance_batch(task->instance, task->serial_no);

    return batch->by_all && batch->opener == task->activity;
}

/* The group's, first come, first assigned. */
static void
offer(struct wf_unit *unit, struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    wf_unit_touch_task(unit, task);
    task->staff_id = NULL;
    task->group_based_on = based_on;
    task->group_id = group;
    note(unit, task, based_on, group, WF_METHOD_FCFA, group_size(unit, task, based_on, group));
}

bool
wf_assignment_again(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;

    wf_unit_touch_task(unit, task);
    task->staff_id = NULL;
    if (rule->method != WF_METHOD_ALL || !is_copied(task))
        return wf_assignment_apply(unit, task);
    offer(unit, task, rule->based_on, rule->group);
    return true;
}

bool
wf_assignment_to_person(struct wf_unit *unit, struct wf_task *task, const char *staff_id)
{
    const struct wf_staff *staff = wf_institution_staff(unit->institution, staff_id);

    if (!staff)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_STAFF, "there is no staff member \"%s\"", staff_id);
    if (staff->on_leave)
        return wf_unit_reject(unit, WF_CODE_ON_LEAVE, "\"%s\" is on leave", staff_id);
    wf_unit_touch_task(unit, task);
    task->staff_id = staff_id;
    task->group_based_on = WF_BASED_ON_NONE; /* that person's, not the group's any more */
    task->group_id = NULL;
    return true;
}

bool
wf_assignment_to_group(struct wf_unit *unit, struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    if (!wf_institution_has_group(unit->institution, based_on, group))
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_GROUP, "there is no group \"%s\"", group);
    offer(unit, task, based_on, group);
    return true;
}

bool
wf_assignment_has_right(const struct wf_task *task, const struct wf_staff *staff)
{
    if (task->staff_id)
        return strcmp(task->staff_id, staff->staff_id) == 0;
    return wf_staff_in_group(staff, task->group_based_on, task->group_id);
}

const char *
wf_assignment_grantor(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                      const char *grantor_id)
{
    const struct wf_institution *institution = unit->institution;
    const char *lowest = NULL;

    for (size_t i = 0; i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        const struct wf_staff *grantor = wf_institution_staff(institution, grant->grantor_id);
        if (strcmp(grant->grantee_id, staff->staff_id) != 0 || !grantor || !wf_assignment_has_right(task, grantor) ||
            !covers(unit, grant, task))
            continue;
        if (grantor_id && strcmp(grantor_id, grant->grantor_id) != 0)
            continue;
        if (!lowest || strcmp(grant->grantor_id, lowest) < 0)
            lowest = grant->grantor_id;
    }
    return lowest;
}

bool
wf_assignment_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                       const char *grantor_id, const char **ret_grantor_id)
{
    *ret_grantor_id = NULL;
    if (task->activity->type != WF_ACT_INTERACTION)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for people", task->activity->act_id);
    if (staff->on_leave)
        return wf_unit_reject(unit, WF_CODE_ON_LEAVE, "\"%s\" is on leave", staff->staff_id);
    if (wf_assignment_has_right(task, staff))
        return true; /* one's own right comes first; of no method but fcfa, the first who can (ASG-8) */
    const char *grantor = wf_assignment_grantor(unit, task, staff, grantor_id);
    if (grantor) {
        *ret_grantor_id = wf_arena_strdup(unit->arena, grantor);
        return true;
    }
    if (task->staff_id)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is assigned to \"%s\", not to \"%s\"",
                              task->staff_id, staff->staff_id);
    return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" may not take the task: it is offered to %s \"%s\"",
                          staff->staff_id, wf_based_on_name(task->group_based_on), task->group_id);
}
