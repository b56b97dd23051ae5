#include "core/dispatch.h"

#include <string.h>

#include "base/hash.h"
#include "core/assignment.h"
#include "core/control.h"
#include "core/forward.h"
#include "core/incident.h"
#include "core/interaction.h"
#include "core/load.h"
#include "core/people.h"
#include "core/rule.h"
#include "core/start.h"
#include "core/subscription.h"
#include "core/task.h"
#include "core/timer.h"

enum { STARTED_MAX = 100 }; /* task ids that an outcome lists */

/* Who did it, where the engine itself did. */
static const char engine_actor[] = "~engine";

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

/* The instance that a command concerns, if it takes commands; else rejects (TSK-5). */
static struct wf_instance *
open_instance(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(&command->instance_id, text);
    if (!instance) {
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_INSTANCE, "there is no instance \"%s\"", text);
        return NULL;
    }
    unit->outcome.instance = instance;
    if (wf_instance_state_over(instance->state)) {
        (void)wf_unit_reject(unit, WF_CODE_INSTANCE_ENDED, "instance \"%s\" is %s", text,
                             wf_instance_state_name(instance->state));
        return NULL;
    }
    return instance;
}

/* The open task that a command names, or NULL with a rejection. */
static struct wf_task *
open_task(struct wf_unit *unit, const struct wf_instance *instance, int32_t n)
{
    struct wf_task *task = wf_instance_task(instance, n);
    char text[WF_UUID_TEXT + 1];

    if (task) {
        unit->outcome.task = task;
        return task;
    }
    wf_uuid_format(&instance->instance_id, text);
    if (n >= 1 && n < instance->next_n)
        (void)wf_unit_reject(unit, WF_CODE_WRONG_STATE, "task \"%s:%d\" is over", text, n);
    else
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_TASK, "there is no task \"%s:%d\"", text, n);
    return NULL;
}

/* The person who asks, or NULL with a rejection. */
static const struct wf_staff *
known_staff(struct wf_unit *unit, const char *staff_id)
{
    const struct wf_staff *staff = wf_institution_staff(unit->institution, staff_id);

    if (!staff)
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_STAFF, "there is no staff member \"%s\"", staff_id);
    return staff;
}

static const char *
actor_of(const struct wf_command *command)
{
    if (command->actor)
        return command->actor;
    if (wf_operation_own(command->operation))
        return engine_actor;
    return command->staff_id ? command->staff_id : command->executor_id;
}

static struct wf_process *
find_process(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_process *process = unit->process_find(unit->context, command->process_id, command->version);

    if (process)
        return process;
    if (command->version)
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_PROCESS, "there is no process \"%s\" of version %d",
                             command->process_id, command->version);
    else
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_PROCESS, "there is no process \"%s\"", command->process_id);
    return NULL;
}

/* A new instance with batch 1 and nothing else. */
static struct wf_instance *
make_instance(struct wf_unit *unit, const struct wf_command *command, struct wf_process *process)
{
    struct wf_instance *instance = wf_unit_add_instance(unit, &command->instance_id);

    wf_unit_touch_instance(unit, instance);
    instance->process = process;
    instance->entity_id = command->entity_id;
    instance->variables = command->variables;
    instance->requester = command->requester;
    instance->notifyto = command->notifyto;
    instance->correlation_id = command->correlation_id;
    instance->hops = command->hops;
    instance->actor = actor_of(command);
    instance->next_n = 1;
    instance->next_serial = 2;
    instance->date_created = unit->now;
    instance->date_changed = unit->now;

    struct wf_batch *batch = wf_unit_add_batch(unit, instance);
    batch->serial_no = 1;
    batch->branches = 1;
    batch->opener = process->initial;
    batch->opened_by = 1;
    batch->dirty = true;
    wf_timer_begin(unit, instance);
    return instance;
}

static bool
apply_init(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *existing = wf_unit_instance(unit, &command->instance_id);
    if (existing) {
        char text[WF_UUID_TEXT + 1];
        wf_uuid_format(&command->instance_id, text);
        unit->outcome.instance = existing;
        return wf_unit_reject(unit, WF_CODE_INSTANCE_EXISTS, "instance \"%s\" exists", text);
    }
    if (command->staff_id && !known_staff(unit, command->staff_id))
        return false;
    if (command->hops > WF_HOPS_MAX)
        return wf_unit_reject(unit, WF_CODE_LIMIT_EXCEEDED, "%d instances have handed this work on", command->hops);
    struct wf_process *process = find_process(unit, command);
    if (!process)
        return false;

    struct wf_instance *instance = make_instance(unit, command, process);
    struct wf_arrival arrival = {.serial_no = 1, .branch_no = 1, .flag = command->completion_flag};
    struct wf_event *event = wf_unit_instance_event(unit, instance);

    unit->outcome.instance = instance;
    event->variables = command->variables;
    return wf_subscribe_first(unit, instance, command->notifyto) &&
           wf_task_create(unit, instance, process->initial, &arrival);
}

/* A rejected init-instance leaves no instance behind. */
static void
forget_instance(struct wf_unit *unit, const struct wf_instance *instance)
{
    wf_map_put(&unit->instances, unit->arena, instance->instance_id.bytes, sizeof instance->instance_id.bytes, NULL);
    unit->instance_count--;
}

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
    const struct wf_staff *staff = known_staff(unit, command->staff_id);
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
apply_get_named(struct wf_unit *unit, const struct wf_command *command, int32_t n)
{
    struct wf_instance *instance = open_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = open_task(unit, instance, n);
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
apply_get_next(struct wf_unit *unit, const struct wf_command *command)
{
    const struct wf_staff *staff = known_staff(unit, command->staff_id);
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
    if (!task)
        return wf_unit_reject(unit, WF_CODE_NO_TASK_AVAILABLE, "no task is waiting for \"%s\"", staff->staff_id);
    unit->outcome.instance = task->instance;
    unit->outcome.task = task;
    return take(unit, task, command);
}

static bool
apply_get(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->task_n)
        return apply_get_named(unit, command, command->task_n);
    return apply_get_next(unit, command);
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
        if (!known_staff(unit, command->staff_id))
            return false;
        if (task->activity->type != WF_ACT_INTERACTION)
            return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "\"%s\" is not work for people",
                                  task->activity->act_id);
    }
    if (!wf_transition_of(WF_OP_END_TASK, task))
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the task is %s, not processing",
                              wf_task_state_name(task->state));
    if (!command->executor_id && strcmp(task->staff_id, command->staff_id) != 0)
        return wf_unit_reject(unit, WF_CODE_NOT_ENTITLED, "the task is held by \"%s\", not by \"%s\"",
                              task->staff_id, command->staff_id);
    return true;
}

static bool
apply_end(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = open_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = open_task(unit, instance, command->task_n);
    if (!task || !may_end(unit, task, command) || !wf_control_set(unit, command, instance))
        return false;
    return wf_task_end(unit, task, command->completion_flag);
}

static bool
apply_control_task(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = open_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = open_task(unit, instance, command->task_n);
    return task && wf_control_task(unit, command, task);
}

static bool
apply_control_set(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = open_instance(unit, command);

    return instance && wf_control_set(unit, command, instance);
}

static bool
apply_control_instance(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = open_instance(unit, command);

    return instance && wf_control_instance(unit, command, instance);
}

static bool
apply_subscription(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = open_instance(unit, command);

    return instance && wf_subscribe(unit, command, instance);
}

/* Of a task: what became of its work; else something that somebody wanted the instance to know. */
static bool
apply_notify(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->task_n)
        return wf_interaction_notify(unit, command);
    struct wf_instance *instance = open_instance(unit, command);
    if (instance)
        wf_unit_instance_event(unit, instance);
    return instance != NULL;
}

static bool
apply_show(struct wf_unit *unit, const struct wf_command *command)
{
    char text[WF_UUID_TEXT + 1];

    unit->outcome.instance = wf_unit_instance(unit, &command->instance_id);
    if (unit->outcome.instance)
        return true;
    wf_uuid_format(&command->instance_id, text);
    return wf_unit_reject(unit, WF_CODE_UNKNOWN_INSTANCE, "there is no instance \"%s\"", text);
}

static bool
reject_faults(struct wf_unit *unit, enum wf_code code, const struct wf_faults *faults, const char *what)
{
    unit->outcome.faults = faults;
    return wf_unit_reject(unit, code, "the %s has %zu fault%s: %s", what, faults->count,
                          faults->count == 1 ? "" : "s", faults->items[0].message);
}

static bool
apply_deploy(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_process *process = command->definition;

    if (command->faults && command->faults->count)
        return reject_faults(unit, WF_CODE_DEFINITION_INVALID, command->faults, "definition");

    const struct wf_process *latest = unit->process_find(unit->context, process->process_id, 0);
    unit->outcome.process_id = process->process_id;
    if (latest && wf_uuid_equal(&latest->content_hash, &process->content_hash)) {
        unit->outcome.version = latest->version; /* identical content is the existing version */
        return true;
    }
    struct wf_faults *faults = WF_ARENA_NEW(unit->arena, struct wf_faults);
    faults->arena = unit->arena;
    if (!wf_rule_check(unit, process, faults))
        return faults->count && reject_faults(unit, WF_CODE_DEFINITION_INVALID, faults, "definition");
    process->version = latest ? latest->version + 1 : 1;
    unit->outcome.version = process->version;
    WF_ARENA_PUSH(unit->arena, unit->deployed, unit->deployed_count, unit->deployed_capacity, process);
    return true;
}

static bool
apply_load(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->faults && command->faults->count)
        return reject_faults(unit, WF_CODE_INSTITUTION_INVALID, command->faults, "institution");

    struct wf_faults *faults = WF_ARENA_NEW(unit->arena, struct wf_faults);
    faults->arena = unit->arena;
    struct wf_institution *next = wf_institution_merge(unit->institution, command->institution, faults);
    if (!next)
        return reject_faults(unit, WF_CODE_INSTITUTION_INVALID, faults, "institution");
    if (unit->next_institution) { /* the shell still compares with it: it lives as long as the unit */
        struct wf_arena replaced = unit->next_institution->arena;
        wf_arena_adopt(unit->arena, &replaced);
    }
    unit->next_institution = next;
    unit->institution = next;
    return true;
}

/* ASG-8: what has become of the task meanwhile is no fault of the engine's own command. */
static bool
apply_assign(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);
    struct wf_task *task = instance ? wf_instance_task(instance, command->task_n) : NULL;

    if (!task || wf_instance_state_over(instance->state))
        return true;
    unit->outcome.instance = instance;
    return wf_assignment_retry(unit, task);
}

/* What this version's core can do, by operation. */
static bool
apply(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->refused)
        return wf_unit_reject(unit, WF_CODE_INVALID_COMMAND, "%s", command->refused);
    switch (command->operation) {
    case WF_OP_INIT_INSTANCE: return apply_init(unit, command);
    case WF_OP_GET_TASK: return apply_get(unit, command);
    case WF_OP_END_TASK: return apply_end(unit, command);
    case WF_OP_HANG_TASK:
    case WF_OP_RESET_TASK:
    case WF_OP_RELEASE_TASK:
    case WF_OP_REASSIGN_TASK:
    case WF_OP_EXTEND_TASK:
    case WF_OP_FAIL_TASK: return apply_control_task(unit, command);
    case WF_OP_SET_ENTITY:
    case WF_OP_SET_VARIABLES: return apply_control_set(unit, command);
    case WF_OP_SUSPEND_INSTANCE:
    case WF_OP_RESUME_INSTANCE:
    case WF_OP_CANCEL_INSTANCE:
    case WF_OP_MODIFY_INSTANCE:
    case WF_OP_RETRY_INCIDENT: return apply_control_instance(unit, command);
    case WF_OP_SHOW_INSTANCE: return apply_show(unit, command);
    case WF_OP_SUBSCRIBE:
    case WF_OP_UNSUBSCRIBE: return apply_subscription(unit, command);
    case WF_OP_NOTIFY: return apply_notify(unit, command);
    case WF_OP_DEPLOY_PROCESS: return apply_deploy(unit, command);
    case WF_OP_LOAD_INSTITUTION: return apply_load(unit, command);
    case WF_OP_SET_PRESENCE:
    case WF_OP_AUTHORIZE:
    case WF_OP_REVOKE: return wf_people_apply(unit, command);
    case WF_OP_ASSIGN_TASK: return apply_assign(unit, command);
    case WF_OP_FIRE_TIMER: return wf_timer_fire(unit, command);
    default:
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_OPERATION, "this version cannot run \"%s\"",
                              wf_operation_name(command->operation));
    }
}

/* Says what an earlier command of this id did, or that the id stands for something else. */
static void
answer_seen(struct wf_unit *unit, const struct wf_command *command, const struct wf_seen *seen)
{
    if (seen->data_hash != command->data_hash) {
        (void)wf_unit_reject(unit, WF_CODE_ID_REUSED, "id \"%s\" was used before for other data", command->id);
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
    seen->task_n = outcome->task ? outcome->task->n : 0;
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
        unit->events[i].actor = actor_of(unit->command);
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
    unit->rejected = false;
    unit->outcome = (struct wf_outcome){.result = WF_RESULT_APPLIED};
}

/* FWD-3: nobody waits for the outcome of the engine's own command, so its rejection becomes an incident. */
static void
raise_rejection(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);
    const char *code = wf_code_name(unit->outcome.code), *detail = unit->outcome.detail;

    if (!instance)
        return;
    begin(unit, command);
    unit->outcome.instance = instance;
    wf_incident_raise(unit, instance, wf_instance_task(instance, command->task_n), code, detail);
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
    if (!apply(unit, command))
        return false;
    struct wf_instance *instance = unit->outcome.instance;
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

    struct wf_uuid scope = wf_command_scope(command);
    const struct wf_seen *seen = command->id_given ? wf_unit_seen(unit, &scope, &command->id_hash) : NULL;
    if (seen) {
        answer_seen(unit, command, seen);
        answer_requester(unit, command);
        return;
    }
    bool applied = apply_and_move(unit, command);
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
    if (unit->outcome.forward)
        return;
    if (instance) {
        finish(unit, instance);
        list_started(unit, instance);
        wf_task_sweep(unit, instance);
    }
    remember(unit, command);
}
