#include "core/task.h"

#include "core/assignment.h"
#include "core/dependency.h"
#include "core/forward.h"
#include "core/incident.h"
#include "core/interaction.h"
#include "core/load.h"
#include "core/merge.h"
#include "core/rule.h"
#include "core/start.h"
#include "core/timer.h"

int64_t
wf_instance_now(const struct wf_unit *unit, const struct wf_instance *instance)
{
    return unit->now > instance->date_changed ? unit->now : instance->date_changed;
}

static void
join(struct wf_unit *unit, struct wf_task *task, const struct wf_arrival *arrival)
{
    wf_unit_touch_task(unit, task);
    WF_ARENA_PUSH(unit->arena, task->arrivals, task->arrival_count, task->arrival_capacity, *arrival);
    wf_unit_event_of(unit, task)->joined_count++;
}

/* A pending task without an activity's particulars; NULL: too many (DEP-9). */
static struct wf_task *
add(struct wf_unit *unit, struct wf_instance *instance, struct wf_activity *activity, const struct wf_arrival *arrival)
{
    if (++unit->created > WF_TASKS_MAX) {
        (void)wf_unit_reject(unit, WF_CODE_LIMIT_EXCEEDED, "the command would create more than %d tasks",
                             WF_TASKS_MAX);
        return NULL;
    }
    wf_unit_touch_instance(unit, instance);
    struct wf_task *task = wf_unit_add_task(unit, instance);
    wf_unit_touch_task(unit, task);
    task->activity = activity;
    task->n = instance->next_n++;
    task->pre_act_id = arrival->pre_act_id;
    task->serial_no = arrival->serial_no;
    task->branch_no = arrival->branch_no;
    task->date_created = task->date_changed = wf_instance_now(unit, instance);
    wf_unit_event_of(unit, task);
    return task;
}

struct wf_task *
wf_task_copy(struct wf_unit *unit, struct wf_task *task, const struct wf_arrival *arrival)
{
    struct wf_task *copy = add(unit, task->instance, task->activity, arrival);

    if (copy)
        wf_task_set_state(unit, copy, WF_TASK_WAITING);
    return copy;
}

bool
wf_task_create(struct wf_unit *unit, struct wf_instance *instance, struct wf_activity *activity,
               const struct wf_arrival *arrival)
{
    struct wf_task *gatherer = wf_dependency_gatherer(instance, activity, arrival->serial_no);
    if (gatherer) {
        join(unit, gatherer, arrival);
        return true;
    }
    struct wf_task *task = add(unit, instance, activity, arrival);
    if (!task)
        return false;
    if (activity->type == WF_ACT_DUMMY || activity->type == WF_ACT_INITIAL)
        task->completion_flag = arrival->flag; /* FWD-8 */
    if (wf_dependency_gathers(activity))
        WF_ARENA_PUSH(unit->arena, task->arrivals, task->arrival_count, task->arrival_capacity, *arrival);
    WF_ARENA_PUSH(unit->arena, unit->moving, unit->moving_count, unit->moving_capacity, task);
    return true;
}

void
wf_task_set_state(struct wf_unit *unit, struct wf_task *task, enum wf_task_state state)
{
    enum wf_task_state from = task->state;
    wf_unit_event_of(unit, task);

    int64_t now = wf_instance_now(unit, task->instance);
    if (task->state == WF_TASK_WAITING)
        task->waiting_time += now - task->date_changed;
    if (task->state == WF_TASK_PAUSING)
        task->paused_time += now - task->date_changed;
    if (state == WF_TASK_WAITING && !task->date_waiting)
        task->date_waiting = now;
    if (state == WF_TASK_PROCESSING && !task->date_processing)
        task->date_processing = now;
    task->date_changed = now;
    task->state = state;
    wf_timer_follow(unit, task, from);
    if (!wf_task_state_open(state) || state == WF_TASK_WAITING || from == WF_TASK_WAITING)
        wf_incident_resolve(unit, task->instance, task);
    if (wf_task_state_open(state))
        return;
    task->date_ended = now;
    wf_load_end(unit, task);
    if (task->activity->sub_process)
        wf_interaction_withdraw(unit, task);
}

void
wf_task_wait_anew(struct wf_unit *unit, struct wf_task *task)
{
    wf_timer_restart(unit, task);
    wf_incident_resolve(unit, task->instance, task);
}

bool
wf_task_end(struct wf_unit *unit, struct wf_task *task, const char *completion_flag)
{
    struct wf_instance *instance = task->instance;
    int32_t serial_no = task->serial_no, branch_no = task->branch_no;

    wf_unit_touch_task(unit, task);
    if (wf_act_type_merges(task->activity->type))
        wf_dependency_flow_on(unit, task, &serial_no, &branch_no);
    task->completion_flag = completion_flag;
    wf_task_set_state(unit, task, WF_TASK_ENDED);
    instance->ends++;
    if (completion_flag)
        instance->last_flag = completion_flag;
    wf_dependency_note_end(unit, task);
    return wf_forward_step(unit, task, serial_no, branch_no);
}

void
wf_task_withdraw(struct wf_unit *unit, struct wf_task *task, const char *reason)
{
    wf_task_set_state(unit, task, WF_TASK_WITHDRAWN);
    task->completion_flag = NULL; /* a dummy's was that of its arrival: it has not ended with it */
    wf_unit_event_of(unit, task)->reason = reason;
}

/* FWD-5: the flag is that of the completion reached last, else of the last task with one before it. */
static bool
reach_completion(struct wf_unit *unit, struct wf_task *task)
{
    struct wf_instance *instance = task->instance;

    wf_unit_touch_instance(unit, instance);
    instance->reached_completion = true;
    instance->reached_flag = task->activity->completion_flag ? task->activity->completion_flag : instance->last_flag;
    bool ended = wf_task_end(unit, task, NULL);
    for (size_t i = 0; task->activity->terminate && i < instance->task_count; i++)
        if (wf_task_state_open(instance->tasks[i]->state))
            wf_task_withdraw(unit, instance->tasks[i], "the instance was terminated");
    return ended;
}

/* A task whose dependency check holds does what its type does (section 2, TSK-1, TSK-3). */
static bool
proceed(struct wf_unit *unit, struct wf_task *task)
{
    switch (task->activity->type) {
    case WF_ACT_INTERACTION:
        wf_task_set_state(unit, task, WF_TASK_WAITING);
        return wf_assignment_apply(unit, task);
    case WF_ACT_AUTOMATION:
        wf_task_set_state(unit, task, WF_TASK_WAITING);
        wf_start_announce(unit, task);
        return true;
    case WF_ACT_COMPLETION:
        return reach_completion(unit, task);
    case WF_ACT_INITIAL:
    case WF_ACT_DUMMY:
        return wf_task_end(unit, task, task->completion_flag); /* FWD-8 */
    case WF_ACT_VOTE_MERGE: {
        bool passed = wf_rule_is_pre(task->activity) || wf_vote_merge_count(task) == WF_VOTE_PASSED;
        wf_vote_merge_withdraw_rest(unit, task);
        return wf_task_end(unit, task, passed ? "passed" : "failed"); /* DEP-6, FWD-8 */
    }
    default:
        return wf_task_end(unit, task, NULL);
    }
}

/* FWD-3: where it could not go on when the instance was resumed, it stays until its incident is retried. */
static bool
is_held(const struct wf_task *task)
{
    return task->incident && !wf_act_type_works(task->activity->type);
}

/* Moves a pending task if it can be moved; says whether it did. */
static bool
move(struct wf_unit *unit, struct wf_task *task, bool *ret_moved)
{
    *ret_moved = false;
    if (task->state != WF_TASK_PENDING || task->instance->state == WF_INSTANCE_SUSPENDED || is_held(task))
        return true;

    switch (wf_dependency_check(unit, task)) {
    case WF_NOT_READY:
        wf_timer_check_later(unit, task);
        return !unit->rejected && !unit->outcome.asks;
    case WF_ABSORB:
        wf_task_set_state(unit, task, WF_TASK_ABSORBED);
        *ret_moved = true;
        return true;
    default:
        *ret_moved = true;
        return proceed(unit, task);
    }
}

static bool
move_line(struct wf_unit *unit)
{
    bool moved;

    while (unit->moving_at < unit->moving_count)
        if (!move(unit, unit->moving[unit->moving_at++], &moved))
            return false;
    unit->moving_at = unit->moving_count = 0;
    return true;
}

bool
wf_task_run(struct wf_unit *unit, struct wf_instance *instance)
{
    bool any = true;

    unit->checked = NULL;
    if (!move_line(unit))
        return false;
    while (any) {
        any = false;
        for (size_t i = 0; i < instance->task_count; i++) {
            bool moved;
            unit->checked = instance->tasks[i];
            if (!move(unit, unit->checked, &moved) || !move_line(unit))
                return false;
            any |= moved;
        }
        unit->checked = NULL;
        if (!any && unit->event_count && !wf_assignment_settle(unit, instance, &any))
            return false;
    }
    return true;
}

void
wf_task_sweep(struct wf_unit *unit, struct wf_instance *instance)
{
    size_t open = 0;

    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        if (wf_task_state_open(task->state))
            instance->tasks[open++] = task;
        else
            WF_ARENA_PUSH(unit->arena, instance->done, instance->done_count, instance->done_capacity, task);
    }
    instance->task_count = open;
}
