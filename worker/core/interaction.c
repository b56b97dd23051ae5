#include "core/interaction.h"

#include <string.h>

#include "base/hash.h"
#include "core/incident.h"
#include "core/task.h"

bool
wf_remote_over(const struct wf_remote *remote)
{
    return remote->position ? wf_instance_state_over(remote->state) : remote->code != NULL;
}

bool
wf_remote_closed(const struct wf_instance *instance, const struct wf_remote *remote)
{
    return remote->position && wf_remote_over(remote) && !wf_instance_task(instance, remote->n);
}

struct wf_remote *
wf_interaction_remote(const struct wf_task *task)
{
    const struct wf_instance *instance = task->instance;

    for (size_t i = instance->remote_count; i-- > 0;)
        if (instance->remotes[i]->n == task->n)
            return instance->remotes[i];
    return NULL;
}

static struct wf_request *
request_add(struct wf_unit *unit, const struct wf_instance *instance)
{
    struct wf_request request = {.instance = instance};

    WF_ARENA_PUSH(unit->arena, unit->requests, unit->request_count, unit->request_capacity, request);
    return &unit->requests[unit->request_count - 1];
}

/* ---- start ---- */

/* The same for the same attempt, however often it is asked for, and for no other one. */
static struct wf_uuid
remote_id(const struct wf_unit *unit, const struct wf_task *task)
{
    int32_t numbers[] = {task->n, task->attempt};
    struct wf_hash128 hash;

    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, unit->engine, strlen(unit->engine));
    wf_hash128_add(&hash, unit->database_id.bytes, sizeof unit->database_id.bytes);
    wf_hash128_add(&hash, task->instance->instance_id.bytes, sizeof task->instance->instance_id.bytes);
    wf_hash128_add(&hash, numbers, sizeof numbers);
    return wf_hash128_uuid(&hash);
}

static void
request_start(struct wf_unit *unit, const struct wf_task *task, const struct wf_remote *remote)
{
    struct wf_request *request = request_add(unit, task->instance);

    request->kind = WF_REQUEST_START;
    request->task = task;
    request->remote = *remote;
}

static void
send_start(struct wf_unit *unit, struct wf_task *task, const char *engine)
{
    const struct wf_sub_process *sub = task->activity->sub_process;
    struct wf_instance *instance = task->instance;
    struct wf_remote *remote = wf_unit_add_remote(unit, instance);

    wf_unit_touch_remote(unit, instance, remote);
    remote->n = task->n;
    remote->attempt = task->attempt;
    remote->engine = engine;
    remote->process_id = sub->process_id;
    remote->version = sub->version;
    remote->instance_id = remote_id(unit, task);
    remote->date_created = remote->date_changed = wf_instance_now(unit, instance);
    request_start(unit, task, remote);
}

/* Whether there is such an engine; otherwise that is an incident of the task. */
static bool
engine_known(struct wf_unit *unit, struct wf_task *task, const char *engine)
{
    if (strcmp(engine, unit->engine) == 0 || !unit->engine_known || unit->engine_known(unit->context, engine))
        return true;
    wf_incident_raise(unit, task->instance, task, "unknown_engine",
                      wf_arena_printf(unit->arena, "engine \"%s\" has no command topics", engine));
    return false;
}

void
wf_interaction_start(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_sub_process *sub = task->activity->sub_process;
    const char *engine = sub->engine ? sub->engine : unit->engine;

    wf_unit_event_of(unit, task);
    task->attempt++;
    if (task->instance->hops >= WF_HOPS_MAX) {
        wf_incident_raise(unit, task->instance, task, wf_code_name(WF_CODE_LIMIT_EXCEEDED),
                          wf_arena_printf(unit->arena, "%d instances have handed this work on, perhaps in a circle",
                                          WF_HOPS_MAX));
        return;
    }
    if (!engine_known(unit, task, engine))
        return;
    if (task->state == WF_TASK_WAITING)
        wf_task_set_state(unit, task, WF_TASK_PROCESSING);
    send_start(unit, task, engine);
}

bool
wf_interaction_retry(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_remote *remote = wf_interaction_remote(task);

    if (remote && remote->position && remote->state == WF_INSTANCE_COMPLETED)
        return wf_task_end(unit, task, remote->completion_flag);
    if (remote && !wf_remote_over(remote))
        return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the instance that works for the task is not over");
    wf_interaction_start(unit, task);
    return true;
}

void
wf_interaction_ask(struct wf_unit *unit, struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        const struct wf_remote *remote = wf_task_state_open(task->state) ? wf_interaction_remote(task) : NULL;
        if (remote && !wf_remote_over(remote) && engine_known(unit, task, remote->engine))
            request_start(unit, task, remote);
    }
}

/* ---- cancel, suspend and resume there ---- */

static void
send_change(struct wf_unit *unit, const struct wf_instance *instance, const struct wf_remote *remote,
            enum wf_operation operation)
{
    struct wf_request *request = request_add(unit, instance);

    request->kind = WF_REQUEST_CHANGE;
    request->remote = *remote;
    request->operation = operation;
}

void
wf_interaction_withdraw(struct wf_unit *unit, struct wf_task *task)
{
    const struct wf_remote *remote = wf_interaction_remote(task);

    if (remote && remote->position && !wf_remote_over(remote))
        send_change(unit, task->instance, remote, WF_OP_CANCEL_INSTANCE);
}

static void
include_one(struct wf_unit *unit, struct wf_instance *instance, struct wf_remote *remote, enum wf_operation operation)
{
    bool suspend = operation == WF_OP_SUSPEND_INSTANCE;

    if (wf_remote_over(remote) || (!suspend && !remote->held && remote->state != WF_INSTANCE_SUSPENDED))
        return;
    wf_unit_touch_remote(unit, instance, remote);
    remote->held = suspend;
    if (remote->position)
        send_change(unit, instance, remote, operation);
}

void
wf_interaction_include(struct wf_unit *unit, struct wf_instance *instance, enum wf_operation operation)
{
    for (size_t i = 0; i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        struct wf_remote *remote = wf_task_state_open(task->state) ? wf_interaction_remote(task) : NULL;
        if (remote)
            include_one(unit, instance, remote, operation);
    }
}

/* ---- notify ---- */

static struct wf_remote *
find_remote(const struct wf_instance *instance, const struct wf_command *command)
{
    char text[WF_UUID_TEXT + 1];

    for (size_t i = 0; i < instance->remote_count; i++) {
        struct wf_remote *remote = instance->remotes[i];
        wf_uuid_format(&remote->instance_id, text);
        if (remote->n == command->task_n && strcmp(remote->engine, command->remote_engine) == 0 &&
            strcmp(text, command->remote_instance_id) == 0)
            return wf_remote_closed(instance, remote) ? NULL : remote;
    }
    return NULL;
}

/* Whether it says that the instance was not started, and why. */
static bool
tells_refusal(const struct wf_command *command)
{
    return command->remote_code && !command->remote_position;
}

static bool
texts_equal(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/*
 * Whether it says anything new: state only moves forward, by the positions of the events there.  A database that was
 * restored there counts them anew from an earlier one, and what it has to say comes after all that it said before.
 */
static bool
is_news(const struct wf_remote *remote, const struct wf_command *command)
{
    if (remote->position && command->remote_position && !texts_equal(remote->incarnation, command->incarnation))
        return true;
    if (remote->position && wf_remote_over(remote))
        return false;
    if (tells_refusal(command)) /* counts only as the first thing that is heard */
        return !remote->position && !remote->code;
    return !command->remote_position || command->remote_position > remote->position;
}

static void
hear(struct wf_unit *unit, struct wf_instance *instance, struct wf_remote *remote, const struct wf_command *command)
{
    wf_unit_touch_remote(unit, instance, remote);
    remote->date_changed = wf_instance_now(unit, instance);
    remote->state = command->remote_state;
    remote->code = tells_refusal(command) ? command->remote_code : NULL;
    remote->detail = remote->code ? command->remote_detail : NULL;
    if (remote->code)
        return;
    remote->position = command->remote_position ? command->remote_position : remote->position + 1;
    remote->incarnation = command->incarnation;
    remote->completion_flag = command->completion_flag;
}

/* What it could not be told before it was heard of; and that nobody waits for it, however often it must be said. */
static void
tell_what_waited(struct wf_unit *unit, struct wf_instance *instance, const struct wf_remote *remote, bool first,
                 bool needed)
{
    if (!remote->position || wf_remote_over(remote))
        return;
    if (!needed)
        send_change(unit, instance, remote, WF_OP_CANCEL_INSTANCE);
    else if (first && remote->held && remote->state != WF_INSTANCE_SUSPENDED)
        send_change(unit, instance, remote, WF_OP_SUSPEND_INSTANCE);
}

/* What a task's own instance elsewhere has come to. */
static bool
follow(struct wf_unit *unit, struct wf_task *task, const struct wf_remote *remote)
{
    struct wf_instance *instance = task->instance;

    wf_unit_event_of(unit, task);
    wf_incident_resolve(unit, instance, task); /* it is about what was known before */
    if (remote->code)
        wf_incident_raise(unit, instance, task, remote->code,
                          wf_arena_printf(unit->arena, "engine \"%s\" did not start the instance: %s", remote->engine,
                                          remote->detail ? remote->detail : ""));
    else if (remote->state == WF_INSTANCE_CANCELLED)
        wf_incident_raise(unit, instance, task, "sub_process_cancelled",
                          wf_arena_printf(unit->arena, "the instance was cancelled in engine \"%s\"", remote->engine));
    else if (remote->state == WF_INSTANCE_COMPLETED)
        return wf_task_end(unit, task, remote->completion_flag);
    return true;
}

/* The instance and what works for the task there, or false with a rejection. */
static bool
find_parties(struct wf_unit *unit, const struct wf_command *command, struct wf_instance **ret_instance,
             struct wf_remote **ret_remote)
{
    struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(&command->instance_id, text);
    if (!instance)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_INSTANCE, "there is no instance \"%s\"", text);
    unit->outcome.instance = *ret_instance = instance;
    *ret_remote = find_remote(instance, command);
    if (*ret_remote)
        return true;
    if (wf_instance_state_over(instance->state))
        return wf_unit_reject(unit, WF_CODE_INSTANCE_ENDED, "instance \"%s\" is %s", text,
                              wf_instance_state_name(instance->state));
    if (command->task_n >= instance->next_n)
        return wf_unit_reject(unit, WF_CODE_UNKNOWN_TASK, "there is no task \"%s:%d\"", text, command->task_n);
    return wf_unit_reject(unit, WF_CODE_WRONG_STATE, "the task \"%s:%d\" does not wait for instance \"%s\" of engine \"%s\"",
                          text, command->task_n, command->remote_instance_id, command->remote_engine);
}

bool
wf_interaction_notify(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance;
    struct wf_remote *remote;

    if (!find_parties(unit, command, &instance, &remote))
        return false;
    struct wf_task *task = wf_instance_task(instance, command->task_n);
    unit->outcome.task = task;
    if (!is_news(remote, command))
        return true;
    bool first = !remote->position, needed = task && wf_interaction_remote(task) == remote;
    hear(unit, instance, remote, command);
    tell_what_waited(unit, instance, remote, first, needed);
    return !needed || follow(unit, task, remote);
}

bool
wf_interaction_notify_failed(struct wf_unit *unit, const struct wf_command *command, const char *code,
                             const char *detail)
{
    struct wf_instance *instance;
    struct wf_remote *remote;

    if (!find_parties(unit, command, &instance, &remote))
        return false;
    struct wf_task *task = wf_instance_task(instance, command->task_n);
    if (!task)
        return false;
    unit->outcome.task = task;
    hear(unit, instance, remote, command);
    wf_incident_raise(unit, instance, task, code, detail);
    return true;
}

/* ---- what the requester is told ---- */

static struct wf_request *
notification_add(struct wf_unit *unit, const struct wf_instance *instance)
{
    struct wf_request *request = request_add(unit, instance);

    request->kind = WF_REQUEST_NOTIFY;
    request->requester = instance->requester;
    request->about = instance->instance_id;
    request->state = instance->state;
    request->completion_flag = instance->completion_flag;
    request->position = instance->position;
    return request;
}

void
wf_interaction_report(struct wf_unit *unit, struct wf_instance *instance)
{
    if (instance->requester && instance->touched == unit->command_no &&
        instance->previous_state != (int)instance->state)
        notification_add(unit, instance);
}

/* The instance that a rejected start names, if there is one of that process. */
static const struct wf_instance *
existing(const struct wf_unit *unit, const struct wf_command *command)
{
    const struct wf_instance *instance = wf_unit_instance(unit, &command->instance_id);

    return instance && instance->requester && strcmp(instance->process->process_id, command->process_id) == 0
               ? instance : NULL;
}

void
wf_interaction_answer(struct wf_unit *unit, const struct wf_command *command)
{
    const struct wf_outcome *outcome = &unit->outcome;

    if (!command->requester || !command->has_instance_id)
        return;
    if (outcome->result == WF_RESULT_DUPLICATE && outcome->instance && outcome->instance->requester)
        notification_add(unit, outcome->instance)->again = true;
    if (outcome->result != WF_RESULT_REJECTED)
        return;
    struct wf_request *request = request_add(unit, NULL);
    request->kind = WF_REQUEST_NOTIFY;
    request->requester = command->requester;
    request->about = command->instance_id;
    request->state = WF_INSTANCE_CANCELLED;
    request->code = wf_code_name(outcome->code);
    request->detail = outcome->detail;
    request->exists = existing(unit, command);
}
