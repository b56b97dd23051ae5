#include "core/choice.h"

#include <string.h>

#include "core/group.h"
#include "core/load.h"

/* Those among whom is chosen: eligible, of the best rank, in order of staff_id. */
struct choice {
    struct wf_unit *unit;
    const struct wf_task *task;
    struct wf_eligible *people;
    size_t count;
};

/* ASG-6: the best priority_num; of equals the lowest staff_id. */
static bool
by_priority(const struct choice *choice, const struct wf_staff **ret_staff)
{
    const struct wf_role *role =
        wf_institution_role(choice->unit->institution, choice->task->activity->assignment.group);

    for (size_t m = 0; m < role->member_count; m++) /* sorted by priority_num, then staff_id */
        for (size_t i = 0; i < choice->count; i++)
            if (choice->people[i].staff == role->members[m].staff) {
                *ret_staff = choice->people[i].staff;
                return true;
            }
    return true;
}

/*
 * ASG-6: the first after the token, in a circle ordered by staff_id.  Between two turns of one
 * person the token passes everybody else exactly once, whoever comes and goes meanwhile: so turns differ by
 * one at most among those who are eligible throughout.
 */
static bool
by_turn(const struct choice *choice, const struct wf_staff **ret_staff)
{
    struct wf_token *token = wf_token_ask(choice->unit, choice->task->activity->assignment.group);

    if (!token)
        return false;
    *ret_staff = choice->people[0].staff;
    for (size_t i = 0; token->staff_id && i < choice->count; i++)
        if (strcmp(choice->people[i].staff->staff_id, token->staff_id) > 0) {
            *ret_staff = choice->people[i].staff;
            break;
        }
    wf_token_pass(choice->unit, token, (*ret_staff)->staff_id);
    return true;
}

/* ASG-4: the loads of the whole group are asked for at once, so that one question serves every task of it. */
static bool
by_load(const struct choice *choice, const struct wf_staff **ret_staff)
{
    size_t count;
    const struct wf_staff **members = wf_group_members(choice->unit, choice->task, &count);

    if (!wf_load_ask(choice->unit, members, count))
        return false;
    *ret_staff = choice->people[0].staff;
    for (size_t i = 1; i < choice->count; i++)
        if (wf_load_before(choice->unit, choice->people[i].staff->staff_id, (*ret_staff)->staff_id))
            *ret_staff = choice->people[i].staff;
    return true;
}

/* ASG-2: keeps those whose presence ranks best. */
static void
prefer_present(struct choice *choice)
{
    int best = choice->people[0].rank;
    size_t kept = 0;

    for (size_t i = 1; i < choice->count; i++)
        if (choice->people[i].rank < best)
            best = choice->people[i].rank;
    for (size_t i = 0; i < choice->count; i++)
        if (choice->people[i].rank == best)
            choice->people[kept++] = choice->people[i];
    choice->count = kept;
}

bool
wf_choice_make(struct wf_unit *unit, const struct wf_task *task, const struct wf_staff **ret_staff,
               size_t *ret_considered)
{
    struct choice choice = {.unit = unit, .task = task};

    *ret_staff = NULL;
    choice.people = wf_group_eligible(unit, task, &choice.count);
    *ret_considered = choice.count;
    if (!choice.count)
        return true;
    prefer_present(&choice);
    switch (task->activity->assignment.method) {
    case WF_METHOD_ROUND_ROBIN: return by_turn(&choice, ret_staff);
    case WF_METHOD_LEAST_WORKING_LIST: return by_load(&choice, ret_staff);
    default: return by_priority(&choice, ret_staff);
    }
}
