#include "core/operation.h"

#include "core/assignment.h"
#include "core/control.h"
#include "core/graph.h"
#include "core/init.h"
#include "core/interaction.h"
#include "core/people.h"
#include "core/rule.h"
#include "core/subscription.h"
#include "core/take.h"
#include "core/timer.h"

/* Who did it, where the engine itself did. */
static const char engine_actor[] = "~engine";

/* The instance that a command concerns, if it takes commands; else rejects (TSK-5). */
struct wf_instance *
wf_operation_instance(struct wf_unit *unit, const struct wf_command *command)
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
struct wf_task *
wf_operation_task(struct wf_unit *unit, const struct wf_instance *instance, int32_t n)
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
const struct wf_staff *
wf_operation_staff(struct wf_unit *unit, const char *staff_id)
{
    const struct wf_staff *staff = wf_institution_staff(unit->institution, staff_id);

    if (!staff)
        (void)wf_unit_reject(unit, WF_CODE_UNKNOWN_STAFF, "there is no staff member \"%s\"", staff_id);
    return staff;
}

const char *
wf_command_actor(const struct wf_command *command)
{
    if (command->actor)
        return command->actor;
    if (wf_operation_own(command->operation))
        return engine_actor;
    return command->staff_id ? command->staff_id : command->executor_id;
}

static bool
apply_control_task(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);
    if (!instance)
        return false;
    struct wf_task *task = wf_operation_task(unit, instance, command->task_n);
    return task && wf_control_task(unit, command, task);
}

static bool
apply_control_set(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);

    return instance && wf_control_set(unit, command, instance);
}

static bool
apply_control_instance(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);

    return instance && wf_control_instance(unit, command, instance);
}

static bool
apply_subscription(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *instance = wf_operation_instance(unit, command);

    return instance && wf_subscribe(unit, command, instance);
}

/* Of a task: what became of its work; else something that somebody wanted the instance to know. */
static bool
apply_notify(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->task_n)
        return wf_interaction_notify(unit, command);
    struct wf_instance *instance = wf_operation_instance(unit, command);
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

static void
keep_deployed(struct wf_unit *unit, struct wf_process *process, int32_t version)
{
    process->version = version;
    WF_ARENA_PUSH(unit->arena, unit->deployed, unit->deployed_count, unit->deployed_capacity, process);
}

/* What another database of the engine has deployed has the same version here, and no other content. */
static bool
apply_deployed(struct wf_unit *unit, const struct wf_command *command, const struct wf_process *latest)
{
    struct wf_process *process = command->definition;
    const struct wf_process *same = unit->process_find(unit->context, process->process_id, command->version);

    unit->outcome.version = command->version;
    if (!same && command->version > (latest ? latest->version : 0)) {
        keep_deployed(unit, process, command->version);
        return true;
    }
    return (same && wf_uuid_equal(&same->content_hash, &process->content_hash)) ||
           wf_unit_reject(unit, WF_CODE_DEFINITION_INVALID,
                          "version %d of \"%s\" is another one in a further database of the engine", command->version,
                          process->process_id);
}

static bool
apply_deploy(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_process *process = command->definition;

    if (command->faults && command->faults->count)
        return reject_faults(unit, WF_CODE_DEFINITION_INVALID, command->faults, "definition");

    const struct wf_process *latest = unit->process_find(unit->context, process->process_id, 0);
    unit->outcome.process_id = process->process_id;
    if (command->copied)
        return apply_deployed(unit, command, latest);
    if (latest && wf_uuid_equal(&latest->content_hash, &process->content_hash)) {
        unit->outcome.version = latest->version; /* identical content is the existing version */
        return true;
    }
    struct wf_faults *faults = WF_ARENA_NEW(unit->arena, struct wf_faults);
    faults->arena = unit->arena;
    wf_graph_check_closes(process, faults);
    if (!wf_rule_check(unit, process, faults))
        return faults->count && reject_faults(unit, WF_CODE_DEFINITION_INVALID, faults, "definition");
    keep_deployed(unit, process, latest ? latest->version + 1 : 1);
    unit->outcome.version = process->version;
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
bool
wf_operation_apply(struct wf_unit *unit, const struct wf_command *command)
{
    if (command->refused)
        return wf_unit_reject(unit, WF_CODE_INVALID_COMMAND, "%s", command->refused);
    switch (command->operation) {
    case WF_OP_INIT_INSTANCE: return wf_init_instance(unit, command);
    case WF_OP_GET_TASK: return wf_take_get(unit, command);
    case WF_OP_END_TASK: return wf_take_end(unit, command);
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
