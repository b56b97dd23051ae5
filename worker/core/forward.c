#include "core/forward.h"

#include <string.h>

#include "core/dependency.h"
#include "core/graph.h"
#include "core/incident.h"
#include "core/rule.h"
#include "core/task.h"

enum {
    RANK_MAX = 4,
    EXCERPT = 300 /* bytes of a condition, in a message */
};

/*
 * How specific a rule is for a task: 4 both given, 3 flag, 2 pre, 1 neither; 0: no match (FWD-1).
 */
static int
specificity(const struct wf_route *route, const char *pre_act_id, const char *flag)
{
    if (route->after && (!pre_act_id || strcmp(route->after, pre_act_id) != 0))
        return 0;
    if (route->flag && (!flag || strcmp(route->flag, flag) != 0))
        return 0;
    return (route->flag ? 2 : 0) + (route->after ? 1 : 0) + 1;
}

/* FWD-6: whether a rule's condition holds; false as well if it cannot be evaluated, which rejects the command. */
static bool
condition_holds(struct wf_unit *unit, const struct wf_task *task, const struct wf_route *route)
{
    const char *reason = NULL;
    bool holds = false;

    if (!route->condition)
        return true;
    if (unit->condition_holds(unit->context, unit->arena, route->condition, task->instance->variables, &holds, &reason))
        return holds;
    return wf_unit_reject(unit, WF_CODE_CONDITION_FAILED, "the condition \"%.*s\" of \"%s\" cannot be evaluated: %s",
                          (int)wf_text_cut(route->condition, EXCERPT), route->condition, task->activity->act_id, reason);
}

const struct wf_route *
wf_forward_match(struct wf_unit *unit, const struct wf_task *task, bool is_default)
{
    const struct wf_activity *activity = task->activity;

    for (int rank = RANK_MAX; rank > 0 && !unit->rejected; rank--)
        for (size_t r = 0; r < activity->route_count && !unit->rejected; r++) {
            const struct wf_route *route = &activity->routes[r];
            if (route->is_default == is_default && specificity(route, task->pre_act_id, task->completion_flag) == rank &&
                condition_holds(unit, task, route))
                return route; /* among equals the first */
        }
    return NULL;
}

static bool
listed(const char **flags, size_t count, const char *flag)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(flags[i], flag) == 0)
            return true;
    return false;
}

size_t
wf_forward_flags(const struct wf_activity *activity, const char *pre_act_id, const char **flags, size_t max)
{
    size_t count = 0;

    for (size_t r = 0; r < activity->route_count && !wf_rule_is_post(activity); r++) {
        const struct wf_route *route = &activity->routes[r];
        if (route->after && (!pre_act_id || strcmp(route->after, pre_act_id) != 0))
            continue;
        if (!route->flag)
            return 0; /* any flag is taken */
        if (count < max && !listed(flags, count, route->flag))
            flags[count++] = route->flag;
    }
    return count;
}

bool
wf_forward_names(const struct wf_activity *activity, const char *completion_flag)
{
    for (size_t r = 0; r < activity->route_count; r++)
        if (activity->routes[r].flag && strcmp(activity->routes[r].flag, completion_flag) == 0)
            return true;
    return false;
}

static bool
no_route(struct wf_unit *unit, const struct wf_task *task)
{
    enum { MAX = 1000 };
    const char *flags[MAX];
    size_t count = wf_forward_flags(task->activity, task->pre_act_id, flags, MAX);

    unit->outcome.flags = wf_arena_memdup(unit->arena, flags, count * sizeof *flags);
    unit->outcome.flag_count = count;
    if (task->completion_flag)
        return wf_unit_reject(unit, WF_CODE_NO_ROUTE, "no routing rule of \"%s\" takes flag \"%s\"",
                              task->activity->act_id, task->completion_flag);
    return wf_unit_reject(unit, WF_CODE_NO_ROUTE, "no routing rule of \"%s\" takes an end without a flag",
                          task->activity->act_id);
}

struct wf_batch *
wf_forward_open_batch(struct wf_unit *unit, struct wf_task *task, int32_t serial_no, int32_t branch_no, size_t branches)
{
    struct wf_instance *instance = task->instance;
    struct wf_batch *batch = wf_unit_add_batch(unit, instance);

    batch->serial_no = instance->next_serial++;
    batch->parent_serial_no = serial_no;
    batch->parent_branch_no = branch_no;
    batch->branches = (int32_t)branches;
    batch->opener = task->activity;
    batch->opened_by = task->n;
    batch->dirty = true;
    struct wf_event *event = wf_unit_event_of(unit, task);
    event->opened[event->opened[0] ? 1 : 0] = batch->serial_no; /* by assignment, by the step */
    return batch;
}

/* The activities that follow a task. */
struct next {
    struct wf_activity **activities;
    size_t count, capacity;
};

static void
add_once(struct wf_unit *unit, struct next *next, const struct wf_route *route)
{
    for (size_t i = 0; i < route->next_count; i++) {
        bool named = false;
        for (size_t k = 0; k < next->count; k++)
            named |= next->activities[k] == route->next[i];
        if (!named)
            WF_ARENA_PUSH(unit->arena, next->activities, next->count, next->capacity, route->next[i]);
    }
}

/* FWD-6: every rule that matches and holds, in order. */
static void
take_every(struct wf_unit *unit, const struct wf_task *task, struct next *next)
{
    const struct wf_activity *activity = task->activity;

    for (size_t r = 0; r < activity->route_count && !unit->rejected; r++) {
        const struct wf_route *route = &activity->routes[r];
        if (!route->is_default && specificity(route, task->pre_act_id, task->completion_flag) &&
            condition_holds(unit, task, route))
            add_once(unit, next, route);
    }
}

/* What follows, by the routing rules (FWD-1, FWD-6) or the user-defined one (FWD-4).  False: rejected, or it asks. */
static bool
find_next(struct wf_unit *unit, const struct wf_task *task, struct next *next)
{
    const struct wf_route *route = NULL;

    if (wf_rule_is_post(task->activity))
        return wf_rule_next(unit, task, &next->activities, &next->count);
    if (task->activity->inclusive)
        take_every(unit, task, next);
    else
        route = wf_forward_match(unit, task, false);
    if (!route && !next->count && !unit->rejected)
        route = wf_forward_match(unit, task, true);
    if (unit->rejected)
        return false;
    if (route && task->activity->inclusive)
        add_once(unit, next, route);
    else if (route)
        *next = (struct next){.activities = route->next, .count = route->next_count};
    return next->count || no_route(unit, task);
}

bool
wf_forward_step(struct wf_unit *unit, struct wf_task *task, int32_t serial_no, int32_t branch_no)
{
    const struct wf_activity *activity = task->activity;
    struct next next = {0};

    if (activity->type == WF_ACT_COMPLETION || (activity->type == WF_ACT_DUMMY && !activity->route_count))
        return true; /* the branch ends here (DEP-8) */
    if (!find_next(unit, task, &next))
        return false;

    struct wf_arrival arrival = {.pre_act_id = activity->act_id, .serial_no = serial_no, .branch_no = branch_no,
                                 .flag = task->completion_flag};
    bool opens = activity->type == WF_ACT_AND_BRANCH || activity->inclusive || next.count > 1;
    if (opens)
        arrival.serial_no = wf_forward_open_batch(unit, task, serial_no, branch_no, next.count)->serial_no;
    for (size_t i = 0; i < next.count; i++) {
        if (opens)
            arrival.branch_no = (int32_t)i + 1;
        if (!wf_task_create(unit, task->instance, next.activities[i], &arrival))
            return false;
    }
    return true;
}

static void
instance_set_state(struct wf_unit *unit, struct wf_instance *instance, enum wf_instance_state state)
{
    wf_unit_touch_instance(unit, instance);
    instance->state = state;
    wf_unit_instance_event(unit, instance);
}

static void
complete(struct wf_unit *unit, struct wf_instance *instance)
{
    wf_incident_resolve(unit, instance, NULL);
    instance_set_state(unit, instance, WF_INSTANCE_COMPLETED);
    instance->completion_flag = instance->reached_flag;
    instance->date_completed = wf_instance_now(unit, instance);
}

/* What waits for what (FWD-7), one line a task. */
static const char *
waits_of(struct wf_unit *unit, const struct wf_instance *instance)
{
    enum { LISTED = 100 };
    const char *waits = "no task is open and no completion was reached";
    size_t pending = 0;

    for (size_t i = 0; i < instance->task_count; i++)
        if (instance->tasks[i]->state == WF_TASK_PENDING && pending++ < LISTED) {
            const char *reason = wf_dependency_reason(unit, instance->tasks[i]);
            waits = pending == 1 ? reason : wf_arena_printf(unit->arena, "%s\n%s", waits, reason);
        }
    if (pending <= LISTED)
        return waits;
    return wf_arena_printf(unit->arena, "%s\nand %zu more", waits, pending - LISTED);
}

void
wf_forward_judge(struct wf_unit *unit, struct wf_instance *instance)
{
    size_t open = 0, pending = 0;

    if (instance->state == WF_INSTANCE_SUSPENDED || wf_instance_state_over(instance->state))
        return;
    for (size_t i = 0; i < instance->task_count; i++) {
        open += wf_task_state_open(instance->tasks[i]->state);
        /* One that waits for a user-defined rule is asked again: it is no sign of a stall. */
        pending += instance->tasks[i]->state == WF_TASK_PENDING && !wf_rule_is_pre(instance->tasks[i]->activity);
    }
    if (instance->reached_completion && open == 0) {
        complete(unit, instance);
        return;
    }
    bool stalled = open == pending;
    if (stalled && instance->state != WF_INSTANCE_STALLED) {
        instance_set_state(unit, instance, WF_INSTANCE_STALLED);
        const char *waits = waits_of(unit, instance);
        wf_unit_instance_event(unit, instance)->waits = waits;
    }
    if (!stalled && instance->state == WF_INSTANCE_STALLED)
        instance_set_state(unit, instance, WF_INSTANCE_RUNNING);
}
