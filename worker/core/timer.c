#include "core/timer.h"

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

/* The task whose timer a command fires, or NULL: it was set anew, or is no more. */
static struct wf_task *
due_task(const struct wf_command *command, const struct wf_instance *instance)
{
    struct wf_task *task = wf_instance_task(instance, command->task_n);

    return task && task->timer == command->timer && task->timer_at == command->timer_at ? task : NULL;
}

void
wf_timer_forget(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    struct wf_task *task = due_task(command, instance);

    if (task)
        wf_timer_set(unit, task, WF_TIMER_NONE, 0);
}

bool
wf_timer_fire(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);

    if (!instance || wf_instance_state_over(instance->state) || instance->state == WF_INSTANCE_SUSPENDED)
        return true;
    unit->outcome.instance = instance;
    wf_timer_forget(unit, command, instance);
    return true;
}
