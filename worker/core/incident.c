#include "core/incident.h"

#include <string.h>

#include "core/deadline.h"
#include "core/interaction.h"
#include "core/start.h"
#include "core/task.h"
#include "core/timer.h"

/* The open incident of a task or, without one, of the instance; to be changed. */
static const struct wf_incident **
open_of(struct wf_unit *unit, struct wf_instance *instance, struct wf_task *task)
{
    wf_unit_touch_instance(unit, instance);
    if (!task)
        return &instance->incident;
    wf_unit_touch_task(unit, task);
    return &task->incident;
}

/* The next event is this incident's own, so its position makes the id unique. */
static const char *
new_id(const struct wf_unit *unit, const struct wf_instance *instance, int32_t n)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(&instance->instance_id, text);
    return wf_arena_printf(unit->arena, "%s:%d/%d", text, n, instance->position + 1);
}

void
wf_incident_raise(struct wf_unit *unit, struct wf_instance *instance, struct wf_task *task, const char *code,
                  const char *detail)
{
    wf_incident_resolve(unit, instance, task);

    struct wf_incident *incident = WF_ARENA_NEW(unit->arena, struct wf_incident);
    incident->n = task ? task->n : 0;
    incident->id = new_id(unit, instance, incident->n);
    incident->code = code;
    incident->detail = detail;
    incident->attempt = task ? task->attempt : 0;
    if (unit->command->operation == WF_OP_FIRE_TIMER)
        incident->timer = unit->command->timer;
    incident->date_created = wf_instance_now(unit, instance);
    *open_of(unit, instance, task) = incident;
    WF_ARENA_PUSH(unit->arena, instance->raised, instance->raised_count, instance->raised_capacity, incident);
    if (task)
        wf_unit_event_of(unit, task);
    else
        wf_unit_instance_event(unit, instance)->incident = incident;
}

void
wf_incident_resolve(struct wf_unit *unit, struct wf_instance *instance, struct wf_task *task)
{
    const struct wf_incident *incident = task ? task->incident : instance->incident;

    if (!incident)
        return;
    struct wf_resolved resolved = {.id = incident->id, .date_resolved = wf_instance_now(unit, instance)};
    *open_of(unit, instance, task) = NULL;
    WF_ARENA_PUSH(unit->arena, instance->resolved, instance->resolved_count, instance->resolved_capacity, resolved);
}

/* The task whose open incident has this id; *ret_found: there is one, perhaps of the instance itself (NULL). */
static struct wf_task *
find(const struct wf_instance *instance, const char *id, bool *ret_found)
{
    *ret_found = true;
    for (size_t i = 0; i < instance->task_count; i++)
        if (instance->tasks[i]->incident && strcmp(instance->tasks[i]->incident->id, id) == 0)
            return instance->tasks[i];
    *ret_found = instance->incident && strcmp(instance->incident->id, id) == 0;
    return NULL;
}

/* What failed is done again: a deadline's action, a job, a sub-process; of anything else the pending tasks are checked again. */
static bool
again(struct wf_unit *unit, struct wf_task *task, enum wf_timer timer)
{
    const struct wf_activity *activity = task->activity;

    if (activity->sub_process && timer != WF_TIMER_END)
        return wf_interaction_retry(unit, task);
    if (activity->type == WF_ACT_AUTOMATION && task->state == WF_TASK_WAITING)
        wf_start_announce(unit, task);
    else if (timer == WF_TIMER_TAKE || timer == WF_TIMER_END)
        return wf_deadline_pass(unit, task, timer, timer == WF_TIMER_TAKE ? &activity->take_limit : &activity->end_limit);
    return true;
}

bool
wf_incident_retry(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    bool found;
    struct wf_task *task = find(instance, command->incident_id, &found);

    if (!found)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_INCIDENT, "there is no open incident \"%s\"", command->incident_id);
    enum wf_timer timer = task ? task->incident->timer : WF_TIMER_NONE;
    wf_incident_resolve(unit, instance, task);
    if (!task) {
        wf_unit_instance_event(unit, instance);
        return true;
    }
    wf_unit_event_of(unit, task);
    unit->outcome.task = task;
    return again(unit, task, timer);
}
