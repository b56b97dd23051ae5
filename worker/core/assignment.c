#include "core/assignment.h"

#include <string.h>

#include "core/choice.h"
#include "core/constraint.h"
#include "core/forward.h"
#include "core/group.h"
#include "core/incident.h"
#include "core/load.h"
#include "core/rule.h"
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

/* The id outlives the institution. */
static void
give(struct wf_unit *unit, struct wf_task *task, const struct wf_staff *staff)
{
    wf_load_assign(unit, task, wf_arena_strdup(unit->arena, staff->staff_id));
}

/* ASG-3: the task becomes branch 1 of a new batch, and everybody else of the group gets a copy. */
static bool
assign_all(struct wf_unit *unit, struct wf_task *task, size_t *ret_considered)
{
    const struct wf_eligible *group = wf_group_eligible(unit, task, ret_considered);
    size_t count = *ret_considered;

    if (!count)
        return true;
    struct wf_batch *batch = wf_forward_open_batch(unit, task, task->serial_no, task->branch_no, count);
    batch->by_all = true;
    struct wf_arrival arrival = {.pre_act_id = task->pre_act_id, .serial_no = batch->serial_no};
    task->serial_no = batch->serial_no;
    task->branch_no = 1;
    give(unit, task, group[0].staff);
    for (size_t i = 1; i < count; i++) {
        arrival.branch_no = (int32_t)i + 1;
        struct wf_task *copy = wf_task_copy(unit, task, &arrival);
        if (!copy)
            return false;
        give(unit, copy, group[i].staff);
        note_rule(unit, copy, count);
    }
    return true;
}

/* ASG-10: the executor of the last task of the activity that same_as names gets this one. */
static bool
assign_same(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_staff *same = wf_constraint_same(unit, task);

    if (!same)
        return false;
    give(unit, task, same);
    note_rule(unit, task, 1);
    wf_unit_event_of(unit, task)->reason =
        wf_arena_printf(unit->arena, "\"%s\" did \"%s\"", same->staff_id, task->activity->assignment.same_as);
    return true;
}

/* Who the group is, where a function says so (ASG-1). */
static bool
find_group(struct wf_unit *unit, struct wf_task *task)
{
    if (task->activity->assignment.based_on != WF_BASED_ON_USER_DEFINED)
        return true;
    return wf_rule_staff(unit, task, &task->candidates, &task->candidate_count);
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
    task->unassigned = false;
    if (assign_same(unit, task))
        return true;
    if (!find_group(unit, task))
        return false;
    if (rule->method == WF_METHOD_FCFA)
        considered = wf_group_size(unit, task, rule->based_on, rule->group);
    else if (rule->method == WF_METHOD_ALL ? !assign_all(unit, task, &considered)
                                           : !wf_choice_make(unit, task, &staff, &considered))
        return false;
    if (staff)
        give(unit, task, staff);
    if (!task->staff_id) { /* the group's (ASG-5), or nobody's yet (ASG-8) */
        task->group_based_on = rule->based_on;
        task->group_id = rule->group;
        /* Members of a group come and go; whom a function names stays as it is until it is asked again. */
        task->unassigned = rule->method != WF_METHOD_FCFA ||
                           (rule->based_on == WF_BASED_ON_USER_DEFINED && considered == 0);
    }
    note_rule(unit, task, considered);
    return true;
}

/*
 * Whether method `all` has given this task out already: it is of a batch that it opened, and has not come
 * back into it by a loop to find nobody.
 */
static bool
is_copied(const struct wf_task *task)
{
    const struct wf_batch *batch = wf_instance_batch(task->instance, task->serial_no);

    return !task->unassigned && batch->by_all && batch->opener == task->activity;
}

/* The group's, first come, first assigned. */
static void
offer(struct wf_unit *unit, struct wf_task *task, enum wf_based_on based_on, const char *group)
{
    wf_load_assign(unit, task, NULL);
    task->group_based_on = based_on;
    task->group_id = group;
    task->unassigned = false;
    note(unit, task, based_on, group, WF_METHOD_FCFA, wf_group_size(unit, task, based_on, group));
}

bool
wf_assignment_again(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;

    wf_load_assign(unit, task, NULL);
    if (rule->method != WF_METHOD_ALL || !is_copied(task) || wf_constraint_same(unit, task))
        return wf_assignment_apply(unit, task);
    if (!find_group(unit, task))
        return false;
    offer(unit, task, rule->based_on, rule->group);
    return true;
}

/* The task goes back to the rule, in whatever hands it was; the event says why, and then what the rule says. */
static bool
take_away(struct wf_unit *unit, struct wf_task *task, const char *reason)
{
    wf_unit_event_of(unit, task);
    task->grantor_id = NULL;
    if (task->state != WF_TASK_WAITING)
        wf_task_set_state(unit, task, WF_TASK_WAITING);
    else
        wf_task_wait_anew(unit, task);
    if (!wf_assignment_again(unit, task))
        return false;
    struct wf_event *event = wf_unit_event_of(unit, task);
    event->reason = event->reason ? wf_arena_printf(unit->arena, "%s; %s", reason, event->reason) : reason;
    return true;
}

/* ASG-10: by what was done since it was assigned, its person may not do the task any more. */
static bool
take_from_barred(struct wf_unit *unit, struct wf_task *task)
{
    const char *reason = wf_arena_printf(unit->arena, "\"%s\" may not do it any more", task->staff_id);
    const struct wf_batch *batch = wf_instance_batch(task->instance, task->serial_no);

    if (!is_copied(task) || batch->branches == 1 || !wf_constraint_bars(task, task->staff_id))
        return take_away(unit, task, reason);
    wf_task_withdraw(unit, task, reason); /* the others have theirs, and nobody has two voices */
    return true;
}

bool
wf_assignment_settle(struct wf_unit *unit, struct wf_instance *instance, bool *ret_changed)
{
    *ret_changed = false;
    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        if (task->state != WF_TASK_WAITING || !task->staff_id || wf_constraint_allows(unit, task, task->staff_id))
            continue;
        *ret_changed = true;
        if (!take_from_barred(unit, task))
            return false;
    }
    return true;
}

bool
wf_assignment_retry(struct wf_unit *unit, struct wf_task *task)
{
    size_t count;

    if (task->activity->type != WF_ACT_INTERACTION || task->state == WF_TASK_PENDING)
        return true;
    if (task->staff_id && !wf_institution_staff(unit->institution, task->staff_id))
        return take_away(unit, task,
                         wf_arena_printf(unit->arena, "\"%s\" is no staff member any more", task->staff_id));
    if (task->staff_id || !task->unassigned)
        return true;

    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const char **candidates = task->candidates;
    size_t candidate_count = task->candidate_count;
    wf_unit_touch_task(unit, task);
    if (!find_group(unit, task))
        return false;
    if (rule->method == WF_METHOD_FCFA) /* whoever may take it, present or not */
        count = wf_group_size(unit, task, rule->based_on, rule->group);
    else
        (void)wf_group_eligible(unit, task, &count);
    if (count || wf_constraint_same(unit, task)) {
        if (task->incident && !task->incident->timer) /* of an earlier attempt */
            wf_incident_resolve(unit, task->instance, task);
        return wf_assignment_apply(unit, task);
    }
    task->candidates = candidates; /* what no event tells does not change (LOG-1) */
    task->candidate_count = candidate_count;
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
    if (!wf_constraint_allows(unit, task, staff_id))
        return wf_constraint_reject(unit, task, staff_id);
    wf_load_assign(unit, task, staff_id);
    task->group_based_on = WF_BASED_ON_NONE; /* that person's, not the group's any more */
    task->group_id = NULL;
    task->unassigned = false;
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
    return wf_group_has(task, staff, task->group_based_on, task->group_id);
}

/* An authorization by which somebody may execute a task now, of the grantor with the lowest id; `allowed`: whom ASG-10 lets. */
static const char *
find_grantor(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
             const char *grantor_id, bool allowed)
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
        if (allowed && wf_constraint_bars(task, grant->grantor_id))
            continue;
        if (!lowest || strcmp(grant->grantor_id, lowest) < 0)
            lowest = grant->grantor_id;
    }
    return lowest;
}

const char *
wf_assignment_grantor(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                      const char *grantor_id)
{
    return find_grantor(unit, task, staff, grantor_id, true);
}

/* ASG-10: whom same_as names may take the task, whoever has it. */
static bool
is_same(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff)
{
    return wf_constraint_same(unit, task) == staff;
}

bool
wf_assignment_may(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
                  const char *grantor_id)
{
    if (!wf_constraint_allows(unit, task, staff->staff_id))
        return false;
    return wf_assignment_has_right(task, staff) || is_same(unit, task, staff) ||
           wf_assignment_grantor(unit, task, staff, grantor_id);
}

static bool
reject_stranger(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff)
{
    if (task->staff_id)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is assigned to \"%s\", not to \"%s\"",
                              task->staff_id, staff->staff_id);
    return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" may not take the task: it is offered to %s \"%s\"",
                          staff->staff_id, wf_based_on_name(task->group_based_on), task->group_id);
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

    /* One's own right comes first; of no method but fcfa, the first who can (ASG-8). */
    bool own = wf_assignment_has_right(task, staff) || is_same(unit, task, staff);
    const char *any = own ? NULL : find_grantor(unit, task, staff, grantor_id, false);
    if (!own && !any)
        return reject_stranger(unit, task, staff);
    if (!wf_constraint_allows(unit, task, staff->staff_id))
        return wf_constraint_reject(unit, task, staff->staff_id);
    if (own)
        return true;
    const char *grantor = wf_assignment_grantor(unit, task, staff, grantor_id);
    if (!grantor)
        return wf_constraint_reject(unit, task, any);
    *ret_grantor_id = wf_arena_strdup(unit->arena, grantor);
    return true;
}
