#include "core/start.h"

#include <string.h>

#include "base/clock.h"
#include "core/incident.h"
#include "core/interaction.h"
#include "core/task.h"
#include "core/timer.h"

enum {
    DELAY_MAX = 60,   /* seconds before a failed job is announced again */
    DETAIL_MAX = 2000 /* bytes of what an executor says of its failure; events carry it twice */
};

void
wf_start_again(struct wf_unit *unit, struct wf_task *task)
{
    struct wf_event *event = wf_unit_event_of(unit, task);

    event->job = task->instance->state != WF_INSTANCE_SUSPENDED; /* else when resumed (TSK-6) */
    if (task->timer == WF_TIMER_NONE)
        wf_timer_restart(unit, task);
}

void
wf_start_announce(struct wf_unit *unit, struct wf_task *task)
{
    if (task->activity->sub_process) {
        wf_interaction_start(unit, task);
        return;
    }
    wf_unit_touch_task(unit, task);
    task->attempt++;
    wf_start_again(unit, task);
}

bool
wf_start_is_offered(const struct wf_task *task)
{
    return task->activity->type != WF_ACT_AUTOMATION || (task->timer != WF_TIMER_RETRY && !task->incident);
}

void
wf_start_given_back(struct wf_unit *unit, struct wf_task *task)
{
    task->given_back++;
    wf_start_announce(unit, task);
}

bool
wf_start_may_retry(const struct wf_task *task)
{
    return task->attempt - task->given_back <= task->activity->retries;
}

static int64_t
delay_after(int32_t failures)
{
    int64_t seconds = failures > 6 ? DELAY_MAX : 1 << (failures - 1);

    return (seconds < DELAY_MAX ? seconds : DELAY_MAX) * WF_SECOND;
}

/* The beginning of a text, cut between two characters. */
static const char *
beginning(struct wf_arena *arena, const char *text)
{
    size_t length = strlen(text);

    if (length <= DETAIL_MAX)
        return text;
    for (length = DETAIL_MAX; ((unsigned char)text[length] & 0xc0) == 0x80; length--)
        ;
    return wf_arena_strndup(arena, text, length);
}

void
wf_start_failed(struct wf_unit *unit, struct wf_task *task, const char *code, const char *detail, bool delay)
{
    int32_t attempt = task->attempt, failures = attempt - task->given_back;

    if (detail)
        detail = beginning(unit->arena, detail);
    wf_task_set_state(unit, task, WF_TASK_WAITING);
    task->executor_id = NULL;
    if (!wf_start_may_retry(task)) {
        wf_timer_set(unit, task, WF_TIMER_NONE, 0);
        task->due_at = 0;
        wf_incident_raise(unit, task->instance, task, code, detail);
        return;
    }
    wf_unit_event_of(unit, task)->reason =
        wf_arena_printf(unit->arena, "attempt %d failed: %s%s%s", attempt, code, detail ? ": " : "", detail ? detail : "");
    if (!delay) {
        wf_start_announce(unit, task);
        return;
    }
    task->attempt++;
    task->due_at = 0;
    wf_timer_set(unit, task, WF_TIMER_RETRY, wf_instance_now(unit, task->instance) + delay_after(failures));
}

bool
wf_start_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_command *command)
{
    if (task->activity->type != WF_ACT_AUTOMATION)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for executors, but an %s",
                              task->activity->act_id, wf_act_type_name(task->activity->type));
    if (task->activity->sub_process)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for executors, but of process \"%s\"",
                              task->activity->act_id, task->activity->sub_process->process_id);
    if (command->attempt && command->attempt != task->attempt)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "attempt %d is over: the job is at attempt %d",
                              command->attempt, task->attempt);
    if (task->executor_id && strcmp(task->executor_id, command->executor_id) != 0)
        return wf_unit_reject(unit, WF_CODE_TASK_TAKEN, "the task was taken by executor \"%s\"", task->executor_id);
    if (task->state == WF_TASK_WAITING && task->incident)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the job has failed and waits for an operator: incident \"%s\"",
                              task->incident->id);
    return true;
}
