#include "core/control.h"

#include <string.h>

#include "core/assignment.h"
#include "core/interaction.h"
#include "core/load.h"
#include "core/start.h"
#include "core/task.h"

/* Who: the person who holds the task, or an operator (a command that names an actor). */
#define ROW(operation, from, to, holder, operator_, rule) \
    {WF_OP_##operation, WF_TASK_##from, WF_TASK_##to, holder, operator_, false, rule}

const struct wf_transition wf_transitions[] = {
    ROW(GET_TASK, WAITING, PROCESSING, true, false, "TSK-2"),
    ROW(END_TASK, PROCESSING, ENDED, true, false, "TSK-2"),
    {WF_OP_END_TASK, WF_TASK_WAITING, WF_TASK_ENDED, true, false, true, "STA-1"}, /* takes and ends it */
    ROW(HANG_TASK, PROCESSING, PAUSING, true, false, "TSK-2"),
    ROW(RESET_TASK, PAUSING, PROCESSING, true, false, "TSK-2"),
    ROW(RELEASE_TASK, PROCESSING, WAITING, true, true, "TSK-2"),
    ROW(RELEASE_TASK, PAUSING, WAITING, true, true, "TSK-2"),
    ROW(REASSIGN_TASK, WAITING, WAITING, false, true, "TSK-7"),
    ROW(REASSIGN_TASK, PROCESSING, WAITING, false, true, "TSK-7"),
    ROW(REASSIGN_TASK, PAUSING, WAITING, false, true, "TSK-7"),
    {WF_OP_NOTIFY, WF_TASK_PROCESSING, WF_TASK_ENDED, false, false, true, "ENG-2"}, /* by the instance that works for it */
    {0},
};

const struct wf_transition *
wf_transition_of(enum wf_operation operation, const struct wf_task *task)
{
    bool automation = task->activity->type == WF_ACT_AUTOMATION;

    for (const struct wf_transition *row = wf_transitions; row->rule; row++)
        if (row->operation == operation && row->from == task->state && (automation || !row->automation))
            return row;
    return NULL;
}

/* An operator asks by `actor`, a person by `staff_id`, an executor by `executor_id`. */
static bool
may_ask(struct wf_unit *unit, const struct wf_transition *row, const struct wf_task *task,
        const struct wf_command *command)
{
    if (command->actor && row->by_operator)
        return true;
    if (row->by_holder) {
        const char *asker = command->executor_id ? command->executor_id : command->staff_id;
        const char *holder = command->executor_id ? task->executor_id : task->staff_id;
        if (asker && holder && strcmp(asker, holder) == 0)
            return true;
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is held by \"%s\", not by \"%s\"",
                              holder ? holder : "", asker ? asker : "");
    }
    if (command->staff_id && row->by_operator)
        return true; /* who may operate is decided by access control on the bus */
    return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is for operators",
                          wf_operation_name(command->operation));
}

/* Back to the assignment it had before it was taken (TSK-2). */
static void
give_back(struct wf_unit *unit, struct wf_task *task)
{
    wf_unit_touch_task(unit, task);
    if (task->group_id)
        wf_load_give_back(unit, task, NULL);
    else if (task->grantor_id)
        wf_load_give_back(unit, task, task->grantor_id);
    task->grantor_id = NULL;
    task->executor_id = NULL;
}

static bool
reassign(struct wf_unit *unit, struct wf_task *task, const struct wf_command *command)
{
    if (task->activity->type != WF_ACT_INTERACTION)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "\"%s\" is not work for people", task->activity->act_id);
    if (command->to_staff_id && !wf_assignment_to_person(unit, task, command->to_staff_id))
        return false;
    if (command->to_group && !wf_assignment_to_group(unit, task, command->to_based_on, command->to_group))
        return false;
    wf_unit_event_of(unit, task);
    task->grantor_id = NULL;
    if (task->state != WF_TASK_WAITING)
        wf_task_set_state(unit, task, WF_TASK_WAITING);
    return command->to_staff_id || command->to_group || wf_assignment_again(unit, task);
}

bool
wf_control_task(struct wf_unit *unit, const struct wf_command *command, struct wf_task *task)
{
    const struct wf_transition *row = wf_transition_of(command->operation, task);

    if (!row)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "%s is not possible: the task is %s",
                              wf_operation_name(command->operation), wf_task_state_name(task->state));
    if (task->activity->sub_process)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "%s is not possible: an instance of \"%s\" works for the task",
                              wf_operation_name(command->operation), task->activity->sub_process->process_id);
    if (!may_ask(unit, row, task, command))
        return false;
    if (command->operation == WF_OP_REASSIGN_TASK)
        return reassign(unit, task, command);
    wf_task_set_state(unit, task, row->to);
    if (command->operation == WF_OP_RELEASE_TASK) {
        give_back(unit, task);
        if (task->activity->type == WF_ACT_AUTOMATION)
            wf_start_announce(unit, task);
    }
    return true;
}

bool
wf_control_set(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    if (command->entity_id && (!instance->entity_id || strcmp(instance->entity_id, command->entity_id) != 0)) {
        wf_unit_instance_event(unit, instance);
        instance->entity_id = command->entity_id;
    }
    if (command->variables) {
        const char *merged =
            unit->variables_merge(unit->context, unit->arena, instance->variables, command->variables);
        if (!merged)
            return wf_unit_reject(unit, WF_CODE_TOO_LARGE,
                                  "with these \"variables\" the instance has more than an event holds");
        wf_unit_touch_instance(unit, instance);
        instance->variables = merged;
        wf_unit_instance_event(unit, instance)->variables = merged;
    }
    return true;
}

static void
set_instance_state(struct wf_unit *unit, struct wf_instance *instance, enum wf_instance_state state)
{
    wf_unit_instance_event(unit, instance);
    instance->state = state;
}

/* TSK-6: what waited while the instance was suspended goes on from exactly there. */
static bool
resume(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    if (instance->state != WF_INSTANCE_SUSPENDED)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the instance is %s, not suspended",
                              wf_instance_state_name(instance->state));
    set_instance_state(unit, instance, WF_INSTANCE_RUNNING);
    if (command->include_sub_processes)
        wf_interaction_include(unit, instance, command->operation);
    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        if (task->activity->type == WF_ACT_AUTOMATION && !task->activity->sub_process &&
            task->state == WF_TASK_WAITING)
            wf_unit_event_of(unit, task)->job = true;
    }
    return true;
}

/* TSK-5: cancelling withdraws every open task. */
static bool
cancel(struct wf_unit *unit, struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->task_count; i++)
        if (wf_task_state_open(instance->tasks[i]->state))
            wf_task_withdraw(unit, instance->tasks[i], "the instance was cancelled");
    set_instance_state(unit, instance, WF_INSTANCE_CANCELLED);
    instance->date_completed = wf_instance_now(unit, instance);
    return true;
}

static bool
modify_start(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    struct wf_activity *activity = wf_process_activity(instance->process, command->start_act_id);
    struct wf_arrival arrival = {.serial_no = 1, .branch_no = 1, .flag = command->completion_flag};

    if (!activity || activity->type == WF_ACT_INITIAL)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_ACTIVITY, "there is no activity \"%s\" that could be started",
                              command->start_act_id);
    return wf_task_create(unit, instance, activity, &arrival);
}

static bool
modify_withdraw(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    struct wf_task *task = wf_instance_task(instance, command->withdraw_n);

    if (!task && command->withdraw_n < instance->next_n)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "task %d is over", command->withdraw_n);
    if (!task)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_TASK, "there is no task %d", command->withdraw_n);
    wf_task_withdraw(unit, task, command->reason);
    return true;
}

/* TSK-5: start an activity, withdraw a task, check again; the last two cause no more than what follows anyway. */
static bool
modify(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    if (instance->state == WF_INSTANCE_SUSPENDED)
        return wf_unit_reject(unit, WF_CODE_INSTANCE_SUSPENDED, "the instance is suspended");
    if (command->withdraw_n && !modify_withdraw(unit, command, instance))
        return false;
    return !command->start_act_id || modify_start(unit, command, instance);
}

static bool
suspend(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    if (instance->state == WF_INSTANCE_SUSPENDED)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the instance is suspended already");
    set_instance_state(unit, instance, WF_INSTANCE_SUSPENDED);
    if (command->include_sub_processes)
        wf_interaction_include(unit, instance, command->operation);
    return true;
}

bool
wf_control_instance(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    switch (command->operation) {
    case WF_OP_SUSPEND_INSTANCE: return suspend(unit, command, instance);
    case WF_OP_RESUME_INSTANCE: return resume(unit, command, instance);
    case WF_OP_CANCEL_INSTANCE: return cancel(unit, instance);
    default: return modify(unit, command, instance);
    }
}
