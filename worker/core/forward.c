#include "core/forward.h"

#include <string.h>

#include "core/dependency.h"
#include "core/graph.h"
#include "core/task.h"

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

const struct wf_route *
wf_forward_match(const struct wf_activity *activity, const char *pre_act_id, const char *completion_flag)
{
    const struct wf_route *best = NULL;
    int best_rank = 0;

    for (size_t r = 0; r < activity->route_count; r++) {
        int rank = specificity(&activity->routes[r], pre_act_id, completion_flag);
        if (rank > best_rank) { /* among equals the first stays */
            best = &activity->routes[r];
            best_rank = rank;
        }
    }
    return best;
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

    for (size_t r = 0; r < activity->route_count; r++) {
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

bool
wf_forward_step(struct wf_unit *unit, struct wf_task *task, int32_t serial_no, int32_t branch_no)
{
    const struct wf_activity *activity = task->activity;

    if (activity->type == WF_ACT_COMPLETION || (activity->type == WF_ACT_DUMMY && !activity->route_count))
        return true; /* the branch ends here (DEP-8) */

    const struct wf_route *route = wf_forward_match(activity, task->pre_act_id, task->completion_flag);
    if (!route)
        return no_route(unit, task);

    struct wf_arrival arrival = {.pre_act_id = activity->act_id, .serial_no = serial_no, .branch_no = branch_no,
                                 .flag = task->completion_flag};
    bool opens = activity->type == WF_ACT_AND_BRANCH || activity->inclusive || route->next_count > 1;
    if (opens)
        arrival.serial_no = wf_forward_open_batch(unit, task, serial_no, branch_no, route->next_count)->serial_no;
    for (size_t i = 0; i < route->next_count; i++) {
        if (opens)
            arrival.branch_no = (int32_t)i + 1;
        if (!wf_task_create(unit, task->instance, route->next[i], &arrival))
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
        pending += instance->tasks[i]->state == WF_TASK_PENDING;
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
