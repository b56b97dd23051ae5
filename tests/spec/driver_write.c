/* What the driver writes: messages as they would be on the bus, and rows as they would be in the tables. */
#include "driver.h"

#include "base/json.h"
#include "base/clock.h"

static void
write_topic(struct driver *driver, const struct wf_message *message)
{
    struct wf_buf *out = &driver->out;
    size_t prefix = strlen(driver->codec.prefix);

    wf_json_key(out, "topic");
    if (message->topic != WF_TOPIC_NAMED)
        wf_json_string(out, wf_topic_suffix(message->topic));
    else if (message->name.length > prefix && memcmp(message->name.data, driver->codec.prefix, prefix) == 0 &&
             message->name.data[prefix] == '.')
        wf_json_string_n(out, message->name.data + prefix + 1, message->name.length - prefix - 1);
    else
        wf_json_string_n(out, message->name.data, message->name.length);
}

static void
write_headers(struct driver *driver, const struct wf_message *message)
{
    struct wf_buf *out = &driver->out;

    if (driver->bare || message->topic == WF_TOPIC_DEAD_LETTER) /* some of those are binary */
        return;
    wf_json_key(out, "headers");
    wf_json_open(out, '{');
    for (uint16_t i = 0; i < message->header_count; i++) {
        const struct wf_header *header = &message->headers[i];
        wf_buf_puts(out, i ? ",\"" : "\"");
        wf_buf_append(out, header->name.data, header->name.length);
        wf_buf_puts(out, "\":");
        wf_json_string_n(out, header->value.data, header->value.length); /* the requester of a subscription is JSON */
    }
    wf_json_close(out, '}');
}

void
driver_write_messages(struct driver *driver, const struct wf_buf *messages)
{
    static struct wf_message message;
    const char *at = messages->data, *end = messages->length ? at + messages->length : at;
    struct wf_buf *out = &driver->out;

    while (at < end && wf_message_decode(&at, end, &message)) {
        wf_json_open(out, '{');
        write_topic(driver, &message);
        if (message.key.data && message.topic != WF_TOPIC_DEAD_LETTER) {
            wf_json_key(out, "key");
            wf_json_string_n(out, message.key.data, message.key.length);
        }
        write_headers(driver, &message);
        if (message.value.data && message.topic != WF_TOPIC_DEAD_LETTER) {
            wf_json_key(out, "data");
            wf_buf_append(out, message.value.data, message.value.length);
        }
        wf_json_close(out, '}');
    }
}

static void
write_arrivals(struct wf_buf *out, const struct wf_task *task)
{
    if (!task->arrival_count)
        return;
    wf_json_key(out, "arrivals");
    wf_json_open(out, '[');
    for (size_t i = 0; i < task->arrival_count; i++) {
        const struct wf_arrival *arrival = &task->arrivals[i];
        wf_json_open(out, '{');
        wf_json_put_opt(out, "pre_act_id", arrival->pre_act_id);
        wf_json_put_int(out, "serial_no", arrival->serial_no);
        wf_json_put_int(out, "branch_no", arrival->branch_no);
        wf_json_put_opt(out, "completion_flag", arrival->flag);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
}

static void
write_task(struct wf_buf *out, const struct wf_task *task)
{
    wf_json_open(out, '{');
    wf_json_put_int(out, "n", task->n);
    wf_json_put_string(out, "act_id", task->activity->act_id);
    wf_json_put_string(out, "state", wf_task_state_name(task->state));
    wf_json_put_opt(out, "pre_act_id", task->pre_act_id);
    wf_json_put_int(out, "serial_no", task->serial_no);
    wf_json_put_int(out, "branch_no", task->branch_no);
    wf_json_put_opt(out, "staff_id", task->staff_id);
    wf_json_put_opt(out, "grantor_id", task->grantor_id);
    wf_json_put_opt(out, "executor_id", task->executor_id);
    if (task->group_based_on != WF_BASED_ON_NONE)
        wf_json_put_string(out, "group_based_on", wf_based_on_name(task->group_based_on));
    wf_json_put_opt(out, "group_id", task->group_id);
    wf_json_put_opt(out, "completion_flag", task->completion_flag);
    wf_json_put_int(out, "attempt", task->attempt);
    write_arrivals(out, task);
    if (task->timer != WF_TIMER_NONE)
        wf_json_put_string(out, "timer", wf_timer_name(task->timer));
    wf_json_put_time_opt(out, "timer_at", task->timer_at);
    wf_json_put_opt(out, "incident_id", task->incident ? task->incident->id : NULL);
    wf_json_put_time_opt(out, "date_created", task->date_created);
    wf_json_put_time_opt(out, "date_waiting", task->date_waiting);
    wf_json_put_time_opt(out, "date_processing", task->date_processing);
    wf_json_put_time_opt(out, "date_ended", task->date_ended);
    wf_json_put_int(out, "waiting_time", task->waiting_time);
    wf_json_put_int(out, "paused_time", task->paused_time);
    wf_json_close(out, '}');
}

static void
write_tasks(struct wf_buf *out, const char *name, struct wf_task *const *tasks, size_t count)
{
    wf_json_key(out, name);
    wf_json_open(out, '[');
    for (size_t i = 0; i < count; i++)
        write_task(out, tasks[i]);
    wf_json_close(out, ']');
}

static void
write_batches(struct wf_buf *out, const struct wf_instance *instance)
{
    wf_json_key(out, "batches");
    wf_json_open(out, '[');
    for (size_t i = 0; i < instance->batch_count; i++) {
        const struct wf_batch *batch = instance->batches[i];
        wf_json_open(out, '{');
        wf_json_put_int(out, "serial_no", batch->serial_no);
        wf_json_put_int(out, "parent_serial_no", batch->parent_serial_no);
        wf_json_put_int(out, "parent_branch_no", batch->parent_branch_no);
        wf_json_put_int(out, "branches", batch->branches);
        wf_json_put_string(out, "opener", batch->opener->act_id);
        wf_json_put_bool(out, "by_all", batch->by_all);
        wf_json_put_int(out, "opened_by", batch->opened_by);
        wf_json_put_int(out, "closed_by", batch->closed_by);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
}

void
driver_dump(struct driver *driver, const struct wf_instance *instance)
{
    struct wf_buf *out = &driver->out;
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(&instance->instance_id, text);
    wf_json_open(out, '{');
    wf_json_put_string(out, "instance_id", text);
    wf_json_put_string(out, "process_id", instance->process->process_id);
    wf_json_put_int(out, "version", instance->process->version);
    wf_json_put_string(out, "state", wf_instance_state_name(instance->state));
    wf_json_put_opt(out, "entity_id", instance->entity_id);
    wf_json_put_raw_opt(out, "variables", instance->variables);
    wf_json_put_opt(out, "completion_flag", instance->completion_flag);
    wf_json_put_raw_opt(out, "requester", instance->requester);
    wf_json_put_int(out, "position", instance->position);
    wf_json_put_opt(out, "incident_id", instance->incident ? instance->incident->id : NULL);
    wf_json_put_time_opt(out, "date_created", instance->date_created);
    wf_json_put_time_opt(out, "date_completed", instance->date_completed);
    write_tasks(out, "to_do_task_list", instance->tasks, instance->task_count);
    write_tasks(out, "have_done_tasks", instance->done, instance->done_count);
    write_batches(out, instance);
    wf_json_close(out, '}');
}
