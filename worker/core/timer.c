#include "core/timer.h"

#include "core/deadline.h"
#include "core/start.h"
#include "core/task.h"

void
wf_timer_set(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, int64_t at)
{
    if (task->timer == timer && task->timer_at == at)
        return;
    wf_unit_touch_task(unit, task);
    task->timer = timer;
    task->timer_at = timer == WF_TIMER_NONE ? 0 : at;
}

/* Lets a limit run for a task from now; it may have none. */
static void
run_limit(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, int64_t within)
{
    wf_unit_touch_task(unit, task);
    task->due_at = within ? wf_instance_now(unit, task->instance) + within : 0;
    wf_timer_set(unit, task, within ? timer : WF_TIMER_NONE, task->due_at);
}

void
wf_timer_begin(struct wf_unit *unit, struct wf_instance *instance)
{
    int64_t within = instance->process->time_limit.within;

    wf_unit_touch_instance(unit, instance);
    instance->timed = within > 0;
    instance->due_at = within ? wf_instance_now(unit, instance) + within : 0;
}

void
wf_timer_follow(struct wf_unit *unit, struct wf_task *task, enum wf_task_state from)
{
    if (task->state == WF_TASK_WAITING)
        wf_timer_restart(unit, task);
    else if (task->state == WF_TASK_PROCESSING && from == WF_TASK_WAITING)
        run_limit(unit, task, WF_TIMER_END, task->activity->end_limit.within);
    else if (!wf_task_state_open(task->state))
        wf_timer_set(unit, task, WF_TIMER_NONE, 0);
}

void
wf_timer_restart(struct wf_unit *unit, struct wf_task *task)
{
    run_limit(unit, task, WF_TIMER_TAKE, task->activity->take_limit.within);
}

void
wf_timer_check_later(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_activity *activity = task->activity;
    bool user_defined = activity->rule_applied == WF_RULE_PRE || activity->rule_applied == WF_RULE_BOTH;

    if (activity->check_every && user_defined && task->timer == WF_TIMER_NONE && !task->incident)
        wf_timer_set(unit, task, WF_TIMER_CHECK, wf_instance_now(unit, task->instance) + activity->check_every);
}

bool
wf_timer_extend(struct wf_unit *unit, struct wf_task *task, int64_t within)
{
    bool waiting = task->state == WF_TASK_WAITING;
    int64_t limit = waiting ? task->activity->take_limit.within : task->activity->end_limit.within;

    if (waiting && !wf_start_is_offered(task))
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the job failed and is not announced");
    if (!within && !limit)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "\"%s\" has no time limit, and \"within\" names none",
                              task->activity->act_id);
    wf_unit_event_of(unit, task);
    run_limit(unit, task, waiting ? WF_TIMER_TAKE : WF_TIMER_END, within ? within : limit);
    return true;
}

/* The task whose timer a command fires, or NULL: it was set anew, or is no more. */
static struct wf_task *
due_task(const struct wf_command *command, const struct wf_instance *instance)
{
    struct wf_task *task = wf_instance_task(instance, command->task_n);

    return task && task->timer == command->timer && task->timer_at == command->timer_at ? task : NULL;
}

/* Likewise of the instance itself. */
static bool
instance_due(const struct wf_command *command, const struct wf_instance *instance)
{
    return !command->task_n && instance->timed && instance->due_at == command->timer_at;
}

void
wf_timer_forget(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    struct wf_task *task = due_task(command, instance);

    if (task)
        wf_timer_set(unit, task, WF_TIMER_NONE, 0);
    if (instance_due(command, instance)) {
        wf_unit_touch_instance(unit, instance);
        instance->timed = false;
    }
}

/* A check has no effect of its own: pending tasks are checked when a command has taken effect. */
static bool
fire(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer)
{
    switch (timer) {
    case WF_TIMER_TAKE: return wf_deadline_pass(unit, task, timer, &task->activity->take_limit);
    case WF_TIMER_END: return wf_deadline_pass(unit, task, timer, &task->activity->end_limit);
    case WF_TIMER_RETRY: wf_start_again(unit, task); return true;
    default: return true;
    }
}

bool
wf_timer_fire(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);

    if (!instance || wf_instance_state_over(instance->state) || instance->state == WF_INSTANCE_SUSPENDED)
        return true;
    unit->outcome.instance = instance;

    struct wf_task *task = due_task(command, instance);
    bool due = instance_due(command, instance);
    wf_timer_forget(unit, command, instance);
    if (task)
        return fire(unit, task, command->timer);
    return !due || wf_deadline_pass_instance(unit, instance);
}
