#include "core/assignment.h"

#include <string.h>

static void
note(struct wf_unit *unit, struct wf_task *task, size_t considered)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;

    wf_unit_event_of(unit, task)->assignment = (struct wf_assignment){
        .based_on = rule->based_on, .group = rule->group, .method = rule->method, .considered = (int32_t)considered};
}

/* ASG-6: the best priority_num; people logged on come before those who are not (ASG-2). */
static const struct wf_staff *
pick_by_priority(const struct wf_unit *unit, const struct wf_assgn_rule *rule, size_t *ret_considered)
{
    const struct wf_role *role = wf_institution_role(unit->institution, rule->group);
    const struct wf_staff *best = NULL;
    size_t considered = 0;

    for (size_t i = 0; role && i < role->member_count; i++) { /* sorted by priority_num */
        const struct wf_staff *staff = role->members[i].staff;
        if (staff->on_leave || (rule->presence == WF_PRESENCE_REQUIRE && !staff->logging_on))
            continue;
        considered++;
        bool better = !best || (rule->presence == WF_PRESENCE_PREFER && staff->logging_on && !best->logging_on);
        if (better)
            best = staff;
    }
    *ret_considered = considered;
    return best;
}

void
wf_assignment_apply(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const struct wf_staff *staff = NULL;
    size_t considered;

    wf_unit_touch_task(unit, task);
    task->group_based_on = rule->based_on;
    task->group_id = rule->group;
    if (rule->method == WF_METHOD_PRIORITY)
        staff = pick_by_priority(unit, rule, &considered);
    else
        considered = wf_institution_group_size(unit->institution, rule->based_on, rule->group);
    if (staff)
        task->staff_id = wf_arena_strdup(unit->arena, staff->staff_id); /* outlives the institution */
    note(unit, task, considered);
    if (!considered) /* ASG-8 */
        wf_unit_event_of(unit, task)->reason =
            wf_arena_printf(unit->arena, "nobody of \"%s\" can be assigned", rule->group);
}

bool
wf_assignment_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff)
{
    if (task->activity->type != WF_ACT_INTERACTION)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for people", task->activity->act_id);
    if (staff->on_leave)
        return wf_unit_reject(unit, WF_CODE_ON_LEAVE, "\"%s\" is on leave", staff->staff_id);
    if (task->staff_id) {
        if (strcmp(task->staff_id, staff->staff_id) == 0)
            return true;
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is assigned to \"%s\", not to \"%s\"",
                              task->staff_id, staff->staff_id);
    }
    if (wf_staff_in_group(staff, task->group_based_on, task->group_id))
        return true; /* ASG-5; of any other method nobody could be chosen, and this is the first who can (ASG-8) */
    return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" may not take the task: it is offered to %s \"%s\"",
                          staff->staff_id, wf_based_on_name(task->group_based_on), task->group_id);
}
