#include "core/deadline.h"

#include "core/assignment.h"
#include "core/control.h"
#include "core/load.h"
#include "core/start.h"
#include "core/task.h"
#include "core/timer.h"

static bool
escalate(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, const struct wf_time_limit *limit)
{
    int64_t due_at = task->due_at;

    if (!wf_control_give(unit, task, NULL, limit->to_based_on, limit->to))
        return false;
    if (timer == WF_TIMER_TAKE) { /* it has acted: the task stays overdue */
        wf_timer_set(unit, task, WF_TIMER_NONE, 0);
        task->due_at = due_at;
    }
    return true;
}

/* Nobody did what was only waiting for somebody. */
static bool
end(struct wf_unit *unit, struct wf_task *task, const char *flag)
{
    if (task->state == WF_TASK_WAITING)
        wf_load_give_back(unit, task, NULL);
    return wf_task_end(unit, task, flag);
}

static bool
act(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, const struct wf_time_limit *limit)
{
    switch (limit->action) {
    case WF_LIMIT_RELEASE:
        if (task->state != WF_TASK_WAITING && !task->activity->sub_process)
            wf_control_release(unit, task);
        return true;
    case WF_LIMIT_REASSIGN: return wf_control_give(unit, task, NULL, WF_BASED_ON_NONE, NULL);
    case WF_LIMIT_ESCALATE: return escalate(unit, task, timer, limit);
    case WF_LIMIT_END: return end(unit, task, limit->flag);
    default: return true; /* a reminder: the event is all there is to it */
    }
}

bool
wf_deadline_pass(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer, const struct wf_time_limit *limit)
{
    const char *what = timer == WF_TIMER_TAKE ? "not taken within its time limit" : "not ended within its time limit";

    wf_unit_event_of(unit, task)->reason = what;
    if (task->activity->type != WF_ACT_AUTOMATION || task->activity->sub_process)
        return act(unit, task, timer, limit);
    if (limit->action == WF_LIMIT_END && !wf_start_may_retry(task))
        return wf_task_end(unit, task, limit->flag);
    wf_start_failed(unit, task, "timeout", what, false);
    return true;
}

bool
wf_deadline_pass_instance(struct wf_unit *unit, struct wf_instance *instance)
{
    static const char what[] = "not completed within its time limit";

    wf_unit_instance_event(unit, instance)->reason = what;
    if (instance->process->time_limit.action == WF_LIMIT_CANCEL)
        wf_control_cancel(unit, instance, what);
    return true;
}
