#include "core/start.h"

#include <string.h>

#include "core/interaction.h"

void
wf_start_announce(struct wf_unit *unit, struct wf_task *task)
{
    if (task->activity->sub_process) {
        wf_interaction_start(unit, task);
        return;
    }
    wf_unit_touch_task(unit, task);
    task->attempt = 1;
    wf_unit_event_of(unit, task)->job = task->instance->state != WF_INSTANCE_SUSPENDED; /* else when resumed (TSK-6) */
}

bool
wf_start_entitled(struct wf_unit *unit, const struct wf_task *task, const char *executor_id)
{
    if (task->activity->type != WF_ACT_AUTOMATION)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for executors, but an %s",
                              task->activity->act_id, wf_act_type_name(task->activity->type));
    if (task->activity->sub_process)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for executors, but of process \"%s\"",
                              task->activity->act_id, task->activity->sub_process->process_id);
    if (task->executor_id && strcmp(task->executor_id, executor_id) != 0)
        return wf_unit_reject(unit, WF_CODE_TASK_TAKEN, "the task was taken by executor \"%s\"", task->executor_id);
    return true;
}
