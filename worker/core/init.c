#include "core/init.h"

#include "core/interaction.h"
#include "core/operation.h"
#include "core/subscription.h"
#include "core/task.h"
#include "core/timer.h"

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
    instance->actor = wf_command_actor(command);
    instance->next_n = 1;
    instance->next_serial = 2;
    instance->date_created = unit->now;
    instance->date_changed = unit->now;

    wf_unit_add_first_batch(unit, instance);
    wf_timer_begin(unit, instance);
    return instance;
}

bool
wf_init_instance(struct wf_unit *unit, const struct wf_command *command)
{
    struct wf_instance *existing = wf_unit_instance(unit, &command->instance_id);
    if (existing) {
        char text[WF_UUID_TEXT + 1];
        wf_uuid_format(&command->instance_id, text);
        unit->outcome.instance = existing;
        return wf_unit_reject(unit, WF_CODE_INSTANCE_EXISTS, "instance \"%s\" exists", text);
    }
    if (command->staff_id && !wf_operation_staff(unit, command->staff_id))
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
