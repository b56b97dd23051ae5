#include "core/control.h"

#include <string.h>

#include "core/assignment.h"
#include "core/incident.h"
#include "core/interaction.h"
#include "core/load.h"
#include "core/start.h"
#include "core/task.h"
#include "core/timer.h"

/* Who: the person or executor who holds the task, an operator (a command that names an actor), the engine (a deadline),
   or another instance. */
enum { PARTNER = 0, HOLDER = 1, OPERATOR = 2, ENGINE = 4, JOB = 8 /* of an automation alone */ };

#define ROW(operation, from, to, who, rule)                                                                      \
    {WF_OP_##operation, WF_TASK_##from, WF_TASK_##to, ((who) & HOLDER) != 0, ((who) & OPERATOR) != 0,            \
     ((who) & ENGINE) != 0, ((who) & JOB) != 0, rule}

const struct wf_transition wf_transitions[] = {
    ROW(GET_TASK, WAITING, PROCESSING, HOLDER, "TSK-2"),
    ROW(END_TASK, PROCESSING, ENDED, HOLDER, "TSK-2"),
    ROW(END_TASK, WAITING, ENDED, HOLDER | JOB, "STA-1"), /* takes and ends it */
    ROW(HANG_TASK, PROCESSING, PAUSING, HOLDER, "TSK-2"),
    ROW(RESET_TASK, PAUSING, PROCESSING, HOLDER, "TSK-2"),
    ROW(RELEASE_TASK, PROCESSING, WAITING, HOLDER | OPERATOR, "TSK-2"),
    ROW(RELEASE_TASK, PAUSING, WAITING, HOLDER | OPERATOR, "TSK-2"),
    ROW(REASSIGN_TASK, WAITING, WAITING, OPERATOR, "TSK-7"),
    ROW(REASSIGN_TASK, PROCESSING, WAITING, OPERATOR, "TSK-7"),
    ROW(REASSIGN_TASK, PAUSING, WAITING, OPERATOR, "TSK-7"),
    ROW(EXTEND_TASK, WAITING, WAITING, OPERATOR, "STA-1"),
    ROW(EXTEND_TASK, PROCESSING, PROCESSING, HOLDER | OPERATOR, "STA-1"),
    ROW(EXTEND_TASK, PAUSING, PAUSING, HOLDER | OPERATOR, "STA-1"),
    ROW(FAIL_TASK, PROCESSING, WAITING, HOLDER | JOB, "STA-2"),
    ROW(NOTIFY, PROCESSING, PROCESSING, PARTNER | JOB, "ENG-2"), /* by the instance that works for it */
    ROW(NOTIFY, PROCESSING, ENDED, PARTNER | JOB, "ENG-2"),
    ROW(RETRY_INCIDENT, WAITING, WAITING, OPERATOR, "STA-2"),
    ROW(RETRY_INCIDENT, WAITING, PROCESSING, OPERATOR, "ENG-2"), /* the start of a sub-process */
    ROW(RETRY_INCIDENT, PROCESSING, PROCESSING, OPERATOR, "ENG-2"),
    ROW(RETRY_INCIDENT, PROCESSING, ENDED, OPERATOR, "STA-2"), /* what a deadline or a sub-process came to */
    ROW(RESUME_INSTANCE, WAITING, WAITING, OPERATOR | JOB, "TSK-6"), /* announced again */
    ROW(MODIFY_INSTANCE, PENDING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(MODIFY_INSTANCE, WAITING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(MODIFY_INSTANCE, PROCESSING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(MODIFY_INSTANCE, PAUSING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(CANCEL_INSTANCE, PENDING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(CANCEL_INSTANCE, WAITING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(CANCEL_INSTANCE, PROCESSING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(CANCEL_INSTANCE, PAUSING, WITHDRAWN, OPERATOR, "TSK-5"),
    ROW(FIRE_TIMER, PENDING, PENDING, ENGINE, "FWD-7"), /* checked again */
    ROW(FIRE_TIMER, WAITING, WAITING, ENGINE, "STA-3"), /* remind, reassign, escalate; a job announced again */
    ROW(FIRE_TIMER, PROCESSING, PROCESSING, ENGINE, "STA-3"),
    ROW(FIRE_TIMER, PAUSING, PAUSING, ENGINE, "STA-3"),
    ROW(FIRE_TIMER, PROCESSING, WAITING, ENGINE, "STA-3"), /* release, reassign, escalate; a job that failed */
    ROW(FIRE_TIMER, PAUSING, WAITING, ENGINE, "STA-3"),
    ROW(FIRE_TIMER, WAITING, ENDED, ENGINE, "TSK-7"),
    ROW(FIRE_TIMER, PROCESSING, ENDED, ENGINE, "TSK-7"),
    ROW(FIRE_TIMER, PAUSING, ENDED, ENGINE, "TSK-7"),
    ROW(ASSIGN_TASK, WAITING, WAITING, ENGINE, "ASG-8"),
    ROW(ASSIGN_TASK, PROCESSING, WAITING, ENGINE, "ASG-8"), /* whose person was removed */
    ROW(ASSIGN_TASK, PAUSING, WAITING, ENGINE, "ASG-8"),
    {0},
};

const struct wf_move wf_moves[] = {
    {"synchronize", WF_TASK_PENDING, WF_TASK_WAITING, "TSK-1"},
    {"assign anew", WF_TASK_WAITING, WF_TASK_WAITING, "ASG-10"}, /* whose person was barred */
    {"hand on", WF_TASK_WAITING, WF_TASK_PROCESSING, "ENG-2"}, /* to an instance here or elsewhere */
    {"aggregate", WF_TASK_PENDING, WF_TASK_PENDING, "DEP-2"},
    {"pass", WF_TASK_PENDING, WF_TASK_ENDED, "TSK-3"},
    {"absorb", WF_TASK_PENDING, WF_TASK_ABSORBED, "DEP-4"},
    {"withdraw", WF_TASK_PENDING, WF_TASK_WITHDRAWN, "DEP-6"},
    {"withdraw", WF_TASK_WAITING, WF_TASK_WITHDRAWN, "DEP-6"},
    {"withdraw", WF_TASK_PROCESSING, WF_TASK_WITHDRAWN, "DEP-6"},
    {"withdraw", WF_TASK_PAUSING, WF_TASK_WITHDRAWN, "DEP-6"},
    {0},
};

#define INSTANCE(operation, from, to, rule) {WF_OP_##operation, WF_INSTANCE_##from, WF_INSTANCE_##to, rule}

const struct wf_instance_transition wf_instance_transitions[] = {
    INSTANCE(SUSPEND_INSTANCE, RUNNING, SUSPENDED, "TSK-5"),
    INSTANCE(SUSPEND_INSTANCE, STALLED, SUSPENDED, "TSK-5"),
    INSTANCE(RESUME_INSTANCE, SUSPENDED, RUNNING, "TSK-5"),
    INSTANCE(CANCEL_INSTANCE, RUNNING, CANCELLED, "TSK-5"),
    INSTANCE(CANCEL_INSTANCE, STALLED, CANCELLED, "TSK-5"),
    INSTANCE(CANCEL_INSTANCE, SUSPENDED, CANCELLED, "TSK-5"),
    INSTANCE(MODIFY_INSTANCE, RUNNING, RUNNING, "TSK-5"),
    INSTANCE(MODIFY_INSTANCE, STALLED, STALLED, "TSK-5"),
    INSTANCE(RETRY_INCIDENT, RUNNING, RUNNING, "STA-2"),
    INSTANCE(RETRY_INCIDENT, STALLED, STALLED, "STA-2"),
    INSTANCE(FIRE_TIMER, RUNNING, CANCELLED, "STA-3"),
    INSTANCE(FIRE_TIMER, STALLED, CANCELLED, "STA-3"),
    {0},
};

const struct wf_instance_move wf_instance_moves[] = {
    {"stall", WF_INSTANCE_RUNNING, WF_INSTANCE_STALLED, "FWD-7"},
    {"go on", WF_INSTANCE_STALLED, WF_INSTANCE_RUNNING, "TSK-5"},
    {"complete", WF_INSTANCE_RUNNING, WF_INSTANCE_COMPLETED, "FWD-5"},
    {"complete", WF_INSTANCE_STALLED, WF_INSTANCE_COMPLETED, "FWD-5"},
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

void
wf_control_release(struct wf_unit *unit, struct wf_task *task)
{
    wf_task_set_state(unit, task, WF_TASK_WAITING);
    give_back(unit, task);
    if (task->activity->type == WF_ACT_AUTOMATION)
        wf_start_given_back(unit, task);
}

bool
wf_control_give(struct wf_unit *unit, struct wf_task *task, const char *staff_id, enum wf_based_on based_on,
                const char *group)
{
    if (task->activity->type != WF_ACT_INTERACTION)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "\"%s\" is not work for people", task->activity->act_id);
    if (staff_id && !wf_assignment_to_person(unit, task, staff_id))
        return false;
    if (group && !wf_assignment_to_group(unit, task, based_on, group))
        return false;
    wf_unit_event_of(unit, task);
    task->grantor_id = NULL;
    if (task->state != WF_TASK_WAITING)
        wf_task_set_state(unit, task, WF_TASK_WAITING);
    else
        wf_task_wait_anew(unit, task);
    return staff_id || group || wf_assignment_again(unit, task);
}

bool
wf_control_task(struct wf_unit *unit, const struct wf_command *command, struct wf_task *task)
{
    const struct wf_transition *row = wf_transition_of(command->operation, task);

    if (!row)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "%s is not possible: the task is %s",
                              wf_operation_name(command->operation), wf_task_state_name(task->state));
    if (task->activity->sub_process && command->operation != WF_OP_EXTEND_TASK)
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "%s is not possible: an instance of \"%s\" works for the task",
                              wf_operation_name(command->operation), task->activity->sub_process->process_id);
    if (!may_ask(unit, row, task, command) ||
        (command->executor_id && !wf_start_entitled(unit, task, command)))
        return false;
    switch (command->operation) {
    case WF_OP_RELEASE_TASK: wf_control_release(unit, task); return true;
    case WF_OP_REASSIGN_TASK:
        return wf_control_give(unit, task, command->to_staff_id, command->to_based_on, command->to_group);
    case WF_OP_EXTEND_TASK: return wf_timer_extend(unit, task, command->within);
    case WF_OP_FAIL_TASK:
        wf_start_failed(unit, task, command->failure_code ? command->failure_code : "failed", command->failure_detail,
                        true);
        return true;
    default: wf_task_set_state(unit, task, row->to); return true;
    }
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
static void
resume(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    set_instance_state(unit, instance, WF_INSTANCE_RUNNING);
    if (command->include_sub_processes)
        wf_interaction_include(unit, instance, command->operation);
    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        if (task->activity->type == WF_ACT_AUTOMATION && !task->activity->sub_process &&
            task->state == WF_TASK_WAITING && wf_start_is_offered(task))
            wf_start_again(unit, task);
    }
}

void
wf_control_cancel(struct wf_unit *unit, struct wf_instance *instance, const char *reason)
{
    for (size_t i = 0; i < instance->task_count; i++)
        if (wf_task_state_open(instance->tasks[i]->state))
            wf_task_withdraw(unit, instance->tasks[i], reason);
    wf_incident_resolve(unit, instance, NULL);
    set_instance_state(unit, instance, WF_INSTANCE_CANCELLED);
    instance->date_completed = wf_instance_now(unit, instance);
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
    if (command->withdraw_n && !modify_withdraw(unit, command, instance))
        return false;
    if (command->check)
        wf_interaction_ask(unit, instance);
    return !command->start_act_id || modify_start(unit, command, instance);
}

static const struct wf_instance_transition *
instance_transition_of(enum wf_operation operation, enum wf_instance_state state)
{
    for (const struct wf_instance_transition *row = wf_instance_transitions; row->rule; row++)
        if (row->operation == operation && row->from == state)
            return row;
    return NULL;
}

/* What a suspended instance does not take, it takes once it is resumed; all else is wrong for good. */
static bool
reject_state(struct wf_unit *unit, enum wf_operation operation, const struct wf_instance *instance)
{
    bool later = instance_transition_of(operation, WF_INSTANCE_RUNNING) && operation != WF_OP_SUSPEND_INSTANCE;

    return wf_unit_reject(unit, later ? WF_CODE_INSTANCE_SUSPENDED : WF_CODE_WRONG_STATE,
                          "%s is not possible: the instance is %s", wf_operation_name(operation),
                          wf_instance_state_name(instance->state));
}

static void
suspend(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    set_instance_state(unit, instance, WF_INSTANCE_SUSPENDED);
    if (command->include_sub_processes)
        wf_interaction_include(unit, instance, command->operation);
}

bool
wf_control_instance(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    if (!instance_transition_of(command->operation, instance->state))
        return reject_state(unit, command->operation, instance);
    switch (command->operation) {
    case WF_OP_SUSPEND_INSTANCE: suspend(unit, command, instance); return true;
    case WF_OP_RESUME_INSTANCE: resume(unit, command, instance); return true;
    case WF_OP_CANCEL_INSTANCE: wf_control_cancel(unit, instance, "the instance was cancelled"); return true;
    case WF_OP_RETRY_INCIDENT: return wf_incident_retry(unit, command, instance);
    default: return modify(unit, command, instance);
    }
}
