#include "core/dispatch.h"

#include <string.h>

#include "base/hash.h"
#include "core/forward.h"
#include "core/incident.h"
#include "core/interaction.h"
#include "core/operation.h"
#include "core/task.h"
#include "core/timer.h"

enum {
    STARTED_MAX = 100, /* task ids that an outcome lists */
    HELD_MAX = 100,    /* pending tasks of an instance that a resume leaves behind; with more it is rejected */
};

static struct wf_uuid
hash_scope(const char *kind, const char *key)
{
    struct wf_hash128 hash;

    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, kind, strlen(kind));
    wf_hash128_add(&hash, key, strlen(key));
    return wf_hash128_uuid(&hash);
}

struct wf_uuid
wf_command_scope(const struct wf_command *command)
{
    if (command->has_instance_id)
        return command->instance_id;
    switch (command->operation) {
    case WF_OP_GET_TASK:
        return hash_scope("staff", command->staff_id);
    case WF_OP_DEPLOY_PROCESS:
        return hash_scope("process", command->definition ? command->definition->process_id : "");
    case WF_OP_INIT_INSTANCE:
        return hash_scope("init", "");
    default:
        return hash_scope("institution", "");
    }
}

/* A rejected init-instance leaves no instance behind. */
static void
forget_instance(struct wf_unit *unit, const struct wf_instance *instance)
{
    wf_map_put(&unit->instances, unit->arena, instance->instance_id.bytes, sizeof instance->instance_id.bytes, NULL);
    unit->instance_count--;
}

/* Says what an earlier command of this id did, or that the id stands for something else. */
static void
answer_seen(struct wf_unit *unit, const struct wf_command *command, const struct wf_seen *seen)
{
    if (seen->data_hash != command->data_hash) {
        (void)wf_unit_reject(unit, WF_CODE_ID_REUSED, "id \"%s\" was used before for other data", command->id);
        return;
    }
    if (seen->task_n == WF_TASK_ELSEWHERE) {
        unit->outcome.forward = true;
        return;
    }
    unit->outcome.result = WF_RESULT_DUPLICATE;
    unit->outcome.seen = seen;
    unit->outcome.instance = wf_unit_instance(unit, &seen->instance_id);
}

static void
list_started(struct wf_unit *unit, const struct wf_instance *instance)
{
    struct wf_outcome *outcome = &unit->outcome;
    bool all = unit->command->operation == WF_OP_SHOW_INSTANCE;

    outcome->started = WF_ARENA_ARRAY(unit->arena, int32_t, STARTED_MAX);
    for (size_t i = 0; i < instance->task_count; i++) {
        const struct wf_task *task = instance->tasks[i];
        bool made = task->touched == unit->command_no && task->previous_state < 0;
        if (!wf_task_state_open(task->state) || (!all && !made))
            continue;
        if (outcome->started_count < STARTED_MAX)
            outcome->started[outcome->started_count++] = task->n;
        outcome->started_total++;
    }
}

/* A command that took effect is remembered under its scope and id (messages.md). */
static void
remember(struct wf_unit *unit, const struct wf_command *command)
{
    const struct wf_outcome *outcome = &unit->outcome;

    if (!command->id_given || command->operation == WF_OP_SHOW_INSTANCE)
        return;
    struct wf_seen *seen = WF_ARENA_NEW(unit->arena, struct wf_seen);
    seen->scope = wf_command_scope(command);
    seen->id_hash = command->id_hash;
    seen->data_hash = command->data_hash;
    if (outcome->instance) {
        seen->instance_id = outcome->instance->instance_id;
        seen->position = outcome->instance->position;
    }
    seen->task_n = outcome->task ? outcome->task->n : outcome->forward ? WF_TASK_ELSEWHERE : 0;
    wf_unit_add_seen(unit, seen);
}

/* After the operation: tasks move, the instance is judged, events are numbered. */
static void
finish(struct wf_unit *unit, struct wf_instance *instance)
{
    if (!unit->event_count)
        return;
    wf_forward_judge(unit, instance);
    for (size_t i = 0; i < unit->event_count; i++) {
        unit->events[i].actor = wf_command_actor(unit->command);
        if (!unit->events[i].reason)
            unit->events[i].reason = unit->command->reason;
    }
    instance->date_changed = wf_instance_now(unit, instance);
    wf_unit_finish_events(unit, instance);
    wf_interaction_report(unit, instance);
}

static void
roll_back(struct wf_unit *unit)
{
    struct wf_instance *instance = unit->outcome.instance;
    bool made = instance && instance->touched == unit->command_no && instance->previous_state < 0;

    wf_unit_undo(unit);
    if (made) {
        forget_instance(unit, instance);
        unit->outcome.instance = NULL;
    }
}

static void
begin(struct wf_unit *unit, const struct wf_command *command)
{
    unit->command = command;
    unit->command_no++;
    unit->event_count = unit->request_count = 0;
    unit->changes = NULL;
    unit->moving_at = unit->moving_count = 0;
    unit->created = 0;
    unit->checked = NULL;
    unit->rejected = false;
    unit->outcome = (struct wf_outcome){.result = WF_RESULT_APPLIED};
}

/* FWD-3: nobody waits for the outcome of the engine's own command, so its rejection becomes an incident. */
static void
raise_rejection(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);
    struct wf_task *task = instance ? wf_instance_task(instance, command->task_n) : NULL;
    const char *code = wf_code_name(unit->outcome.code), *detail = unit->outcome.detail;

    if (!instance)
        return;
    if (command->operation == WF_OP_ASSIGN_TASK && task && task->incident && strcmp(task->incident->code, code) == 0)
        return; /* it is tried again and again: once is enough */
    begin(unit, command);
    unit->outcome.instance = instance;
    wf_incident_raise(unit, instance, task, code, detail);
    if (command->operation == WF_OP_FIRE_TIMER)
        wf_timer_forget(unit, command, instance);
    finish(unit, instance);
}

/* Whether pending tasks are checked even if the command changed nothing (FWD-7). */
static bool
checks_again(const struct wf_command *command)
{
    return command->operation == WF_OP_MODIFY_INSTANCE || command->operation == WF_OP_FIRE_TIMER;
}

/* The operation, and what it moves. */
static bool
apply_and_move(struct wf_unit *unit, const struct wf_command *command)
{
    if (!wf_operation_apply(unit, command))
        return false;
    struct wf_instance *instance = unit->outcome.instance;
    for (size_t i = 0; i < unit->held_count; i++)
        wf_incident_raise(unit, instance, wf_instance_task(instance, unit->held[i].n), unit->held[i].code,
                          unit->held[i].detail);
    return !instance || !(unit->event_count || checks_again(command)) ||
           wf_task_run(unit, instance);
}

/* What an instance elsewhere has come to is a fact, also where the next step cannot be taken (FWD-3). */
static bool
notify_anyway(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_outcome rejection = unit->outcome;

    if (command->operation != WF_OP_NOTIFY || !command->task_n || !unit->rejected ||
        (!rejection.task && !command->refused) || rejection.code == WF_CODE_WRONG_STATE)
        return false;
    begin(unit, command);
    if (wf_interaction_notify_failed(unit, command, wf_code_name(rejection.code), rejection.detail))
        return true;
    wf_unit_undo(unit);
    unit->rejected = true;
    unit->outcome = rejection;
    return false;
}

/*
 * FWD-3: what a resumed instance does is the engine's own step, so where a pending task cannot go on, that is an incident
 * of this task, and the others do.  True: the task is put on the list, and the command is to be applied once more.
 */
static bool
hold_back(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_outcome rejection = unit->outcome;
    struct wf_held_task held = {.code = wf_code_name(rejection.code), .detail = rejection.detail};

    if (command->operation != WF_OP_RESUME_INSTANCE || !unit->rejected || rejection.asks || !unit->checked ||
        unit->held_count >= HELD_MAX)
        return false;
    held.n = unit->checked->n;
    roll_back(unit);
    const struct wf_task *task = wf_instance_task(rejection.instance, held.n);
    if (task && task->state == WF_TASK_PENDING && !task->incident && !wf_act_type_works(task->activity->type)) {
        WF_ARENA_PUSH(unit->arena, unit->held, unit->held_count, unit->held_capacity, held);
        begin(unit, command);
        return true;
    }
    unit->outcome = rejection;
    return false;
}

/* Who asked for an instance learns of a start that was rejected or repeated. */
static void
answer_requester(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->operation == WF_OP_INIT_INSTANCE)
        wf_interaction_answer(unit, command);
}

void
wf_dispatch(struct wf_unit *unit, const struct wf_command *command)
{
    begin(unit, command);
    unit->held = NULL;
    unit->held_count = unit->held_capacity = 0;

    struct wf_uuid scope = wf_command_scope(command);
    const struct wf_seen *seen = command->id_given ? wf_unit_seen(unit, &scope, &command->id_hash) : NULL;
    if (seen) {
        answer_seen(unit, command, seen);
        answer_requester(unit, command);
        return;
    }
    bool applied = apply_and_move(unit, command);
    while (!applied && hold_back(unit, command))
        applied = apply_and_move(unit, command);
    if (!applied || unit->outcome.asks) {
        roll_back(unit);
        if (!unit->rejected || unit->outcome.asks)
            return;
        if (wf_operation_own(command->operation))
            raise_rejection(unit, command);
        if (!notify_anyway(unit, command)) {
            answer_requester(unit, command);
            return;
        }
    }
    struct wf_instance *instance = unit->outcome.instance;
    if (unit->outcome.forward && unit->outcome.candidate)
        return;
    if (instance) {
        finish(unit, instance);
        list_started(unit, instance);
        wf_task_sweep(unit, instance);
    }
    remember(unit, command);
}
