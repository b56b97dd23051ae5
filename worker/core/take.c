#include "core/take.h"

#include <string.h>

#include "core/assignment.h"
#include "core/constraint.h"
#include "core/control.h"
#include "core/load.h"
#include "core/operation.h"
#include "core/start.h"
#include "core/task.h"

static bool
take(struct wf_unit *unit, struct wf_task *task, const struct wf_command *command)
{
    if (command->executor_id) {
        if (!wf_start_entitled(unit, task, command))
            return false;
        wf_task_set_state(unit, task, WF_TASK_PROCESSING);
        task->executor_id = command->executor_id;
        return true;
    }
    const struct wf_staff *staff = wf_operation_staff(unit, command->staff_id);
    const char *grantor_id;
    if (!staff || !wf_assignment_entitled(unit, task, staff, command->grantor_id, &grantor_id))
        return false;
    wf_task_set_state(unit, task, WF_TASK_PROCESSING);
    if (!task->staff_id || strcmp(task->staff_id, command->staff_id) != 0)
        wf_load_assign(unit, task, command->staff_id);
    task->grantor_id = grantor_id;
    return true;
}

/* Says why a task that is not waiting cannot be taken. */
static bool
reject_taken(struct wf_unit *unit, const struct wf_task *task, const struct wf_command *command)
{
    const char *holder = task->executor_id ? task->executor_id : task->staff_id;
    const char *asker = command->executor_id ? command->executor_id : command->staff_id;

    if (task->state != WF_TASK_PENDING && holder && strcmp(holder, asker) != 0)
        return wf_unit_reject(unit, WF_CODE_TASK_TAKEN, "the task was taken by \"%s\"", holder);
    return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the task is %s, not waiting", wf_task_state_name(task->state));
}

/* TSK-6 */
static bool
reject_suspended(struct wf_unit *unit)
{
    return wf_unit_reject(unit, WF_CODE_INSTANCE_SUSPENDED, "the instance is suspended");
}

static bool
get_named(struct wf_unit *unit, const struct wf_command *command, int32_t n)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = wf_operation_task(unit, instance, n);
    if (!task)
        return false;
    if (instance->state == WF_INSTANCE_SUSPENDED)
        return reject_suspended(unit);
    if (!wf_transition_of(WF_OP_GET_TASK, task))
        return reject_taken(unit, task, command);
    return take(unit, task, command);
}

static bool
offered(const struct wf_unit *unit, const struct wf_task *task, const struct wf_staff *staff,
        const struct wf_command *command)
{
    if (task->state != WF_TASK_WAITING || task->activity->type != WF_ACT_INTERACTION ||
        task->instance->state == WF_INSTANCE_SUSPENDED)
        return false;
    if (command->process_id && strcmp(command->process_id, task->instance->process->process_id) != 0)
        return false;
    if (command->act_id && strcmp(command->act_id, task->activity->act_id) != 0)
        return false;
    return wf_assignment_may(unit, task, staff, command->grantor_id);
}

/* Whether a task is older: by date_created, then by task_id (ASG-5). */
static bool
older(const struct wf_task *a, const struct wf_task *b)
{
    if (a->date_created != b->date_created)
        return a->date_created < b->date_created;
    int order = memcmp(&a->instance->instance_id, &b->instance->instance_id, sizeof a->instance->instance_id);
    return order ? order < 0 : a->n < b->n;
}

/* Among tasks that became waiting in this unit, which no query has seen, the oldest offered one. */
static struct wf_task *
newest_offer(const struct wf_unit *unit, const struct wf_staff *staff, const struct wf_command *command)
{
    struct wf_task *oldest = NULL;

    for (size_t i = 0; i < unit->instance_count; i++) {
        const struct wf_instance *instance = unit->instance_list[i];
        for (size_t t = 0; t < instance->task_count; t++) {
            struct wf_task *task = instance->tasks[t];
            if (offered(unit, task, staff, command) && (!oldest || older(task, oldest)))
                oldest = task;
        }
    }
    return oldest;
}

/* ASG-9: the oldest task that the person may do, here or in another partition (EOS-6). */
static bool
get_next(struct wf_unit *unit, const struct wf_command *command)
{
    const struct wf_staff *staff = wf_operation_staff(unit, command->staff_id);
    if (!staff)
        return false;
    if (staff->on_leave)
        return wf_unit_reject(unit, WF_CODE_ON_LEAVE, "\"%s\" is on leave", staff->staff_id);

    struct wf_task *task = NULL;
    for (size_t i = 0; i < command->candidate_count && !task; i++) {
        struct wf_candidate *candidate = command->candidates[i];
        if (candidate->reserved)
            continue;
        if (!candidate->owned) {
            candidate->reserved = true;
            unit->outcome.forward = true;
            unit->outcome.candidate = candidate;
            return true;
        }
        const struct wf_instance *instance = wf_unit_instance(unit, &candidate->instance_id);
        task = instance ? wf_instance_task(instance, candidate->n) : NULL;
        if (task && !offered(unit, task, staff, command))
            task = NULL;
    }
    if (!task)
        task = newest_offer(unit, staff, command);
    if (!task && command->passes_on) {
        unit->outcome.forward = true;
        return true;
    }
    if (!task)
        return wf_unit_reject(unit, WF_CODE_NO_TASK_AVAILABLE, "no task is waiting for \"%s\"", staff->staff_id);
    unit->outcome.instance = task->instance;
    unit->outcome.task = task;
    return take(unit, task, command);
}

bool
wf_take_get(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->task_n)
        return get_named(unit, command, command->task_n);
    return get_next(unit, command);
}

/* ASG-10: who had a part elsewhere while the task was in hand cannot have done this one as well. */
static bool
still_allowed(struct wf_unit *unit, const struct wf_task *task)
{
    if (wf_constraint_bars(task, task->staff_id))
        return wf_constraint_reject(unit, task, task->staff_id);
    if (task->grantor_id && wf_constraint_bars(task, task->grantor_id))
        return wf_constraint_reject(unit, task, task->grantor_id);
    return true;
}

/* Whether the command's author holds the task and may end it. */
static bool
may_end(struct wf_unit *unit, struct wf_task *task, const struct wf_command *command)
{
    if (command->executor_id) {
        if (!wf_start_entitled(unit, task, command))
            return false;
        if (task->state == WF_TASK_WAITING) { /* takes and ends it (STA-1) */
            if (task->instance->state == WF_INSTANCE_SUSPENDED)
                return reject_suspended(unit);
            wf_unit_touch_task(unit, task);
            task->executor_id = command->executor_id;
            return true;
        }
    } else {
        if (!wf_operation_staff(unit, command->staff_id))
            return false;
        if (task->activity->type != WF_ACT_INTERACTION)
            return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for people",
                                  task->activity->act_id);
    }
    if (!wf_transition_of(WF_OP_END_TASK, task))
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the task is %s, not processing",
                              wf_task_state_name(task->state));
    if (command->executor_id)
        return true;
    if (strcmp(task->staff_id, command->staff_id) != 0)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is held by \"%s\", not by \"%s\"",
                              task->staff_id, command->staff_id);
    return still_allowed(unit, task);
}

bool
wf_take_end(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = wf_operation_task(unit, instance, command->task_n);
    if (!task || !may_end(unit, task, command) || !wf_control_set(unit, command, instance))
        return false;
    return wf_task_end(unit, task, command->completion_flag);
}
