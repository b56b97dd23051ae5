#include "codec/event.h"

#include "codec/compose.h"
#include "core/interaction.h"

/* The key, source and sequence of what is about an instance. */
static void
about_instance(struct wf_compose *compose, const struct wf_instance *instance, bool of_task)
{
    wf_line_uuid(&compose->key, &instance->instance_id);
    wf_line_add(&compose->source, compose->codec->source);
    wf_line_add(&compose->source, "/instances/");
    wf_line_add(&compose->source, compose->key.text);
    if (of_task)
        wf_line_add(&compose->source, "/tasks");
}

/* Zero-padded, to sort as text. */
static void
set_sequence(struct wf_compose *compose, int32_t sequence)
{
    for (int i = 9; i >= 0; i--, sequence /= 10)
        compose->sequence[i] = (char)('0' + sequence % 10);
    compose->sequence[10] = '\0';
}

static void
put_numbers(struct wf_buf *value, const char *name, const int32_t numbers[2])
{
    if (!numbers[0] && !numbers[1])
        return;
    wf_json_key(value, name);
    wf_json_open(value, '[');
    for (int i = 0; i < 2; i++)
        if (numbers[i])
            wf_json_int(value, numbers[i]);
    wf_json_close(value, ']');
}

static void
put_joined(struct wf_buf *value, const struct wf_arrival *joined, size_t count)
{
    if (!count)
        return;
    wf_json_key(value, "joined");
    wf_json_open(value, '[');
    for (size_t i = 0; i < count; i++) {
        wf_json_open(value, '{');
        wf_json_put_opt(value, "pre_act_id", joined[i].pre_act_id); /* none: an operator started it */
        wf_json_put_int(value, "branch_no", joined[i].branch_no);
        wf_json_close(value, '}');
    }
    wf_json_close(value, ']');
}

static void
put_assignment(struct wf_buf *value, const struct wf_assignment *assignment)
{
    if (assignment->based_on == WF_BASED_ON_NONE)
        return;
    wf_json_key(value, "assignment");
    wf_json_open(value, '{');
    wf_json_put_string(value, "rule", wf_based_on_name(assignment->based_on));
    wf_json_put_opt(value, "group", assignment->group);
    wf_json_put_string(value, "method", wf_method_name(assignment->method));
    wf_json_put_int(value, "considered", assignment->considered);
    wf_json_close(value, '}');
}

static void
put_incident(struct wf_buf *value, const struct wf_incident *incident)
{
    if (!incident)
        return;
    wf_json_key(value, "incident");
    wf_json_open(value, '{');
    wf_json_put_string(value, "id", incident->id);
    wf_json_put_string(value, "code", incident->code);
    wf_json_put_opt(value, "detail", incident->detail);
    wf_json_close(value, '}');
}

/* What every event ends with. */
static void
put_change(struct wf_compose *compose, const struct wf_event *event, int64_t now)
{
    wf_json_put_opt(compose->value, "actor", event->actor);
    wf_json_put_opt(compose->value, "reason", event->reason);
    wf_compose_time(compose, "occurred_at", now);
    wf_json_put_int(compose->value, "position", event->position);
}

/* The instance that works for a task (ENG-2). */
static void
put_remote(struct wf_compose *compose, const struct wf_task *task)
{
    const struct wf_remote *remote = task->activity->sub_process ? wf_interaction_remote(task) : NULL;

    if (!remote)
        return;
    wf_json_key(compose->value, "remote");
    wf_json_open(compose->value, '{');
    wf_json_put_string(compose->value, "engine", remote->engine);
    wf_compose_instance(compose, "instance_id", &remote->instance_id);
    if (remote->position || remote->code)
        wf_json_put_string(compose->value, "state", wf_instance_state_name(remote->state));
    wf_json_close(compose->value, '}');
}

static void
put_task_event(struct wf_compose *compose, const struct wf_event *event, int64_t now)
{
    struct wf_buf *value = compose->value;

    wf_json_open(value, '{');
    wf_compose_task(compose, &event->task, event->entity_id);
    if (event->previous_state >= 0)
        wf_json_put_string(value, "previous_state", wf_task_state_name((enum wf_task_state)event->previous_state));
    put_numbers(value, "opened", event->opened);
    put_numbers(value, "closed", event->closed);
    put_joined(value, event->joined, event->joined_count);
    put_assignment(value, &event->assignment);
    put_incident(value, event->task.incident);
    put_remote(compose, &event->task);
    put_change(compose, event, now);
    wf_json_close(value, '}');
}

/* An instance is told of another one by a notify that names no task. */
static void
put_heard(struct wf_buf *value, const struct wf_command *cause)
{
    if (!cause || cause->operation != WF_OP_NOTIFY || cause->task_n)
        return;
    wf_json_key(value, "remote");
    wf_json_open(value, '{');
    wf_json_put_string(value, "engine", cause->remote_engine);
    wf_json_put_string(value, "instance_id", cause->remote_instance_id);
    wf_json_put_string(value, "state", wf_instance_state_name(cause->remote_state));
    wf_json_close(value, '}');
}

static void
put_instance_event(struct wf_compose *compose, const struct wf_event *event, const struct wf_command *cause,
                   int64_t now)
{
    const struct wf_instance *instance = event->instance;
    struct wf_buf *value = compose->value;

    wf_json_open(value, '{');
    wf_compose_instance(compose, "instance_id", &instance->instance_id);
    wf_json_put_string(value, "process_id", instance->process->process_id);
    wf_json_put_int(value, "version", instance->process->version);
    wf_json_put_opt(value, "entity_id", event->entity_id);
    wf_json_put_string(value, "state", wf_instance_state_name(event->instance_state));
    if (event->previous_state >= 0)
        wf_json_put_string(value, "previous_state",
                           wf_instance_state_name((enum wf_instance_state)event->previous_state));
    wf_json_put_opt(value, "completion_flag", event->instance_flag);
    wf_json_put_raw_opt(value, "variables", event->variables);
    wf_json_put_raw_opt(value, "requester", instance->requester);
    wf_json_put_opt(value, "waits", event->waits);
    put_incident(value, event->incident);
    put_heard(value, cause);
    put_change(compose, event, now);
    wf_json_close(value, '}');
}

/* Time never goes back within an instance. */
static int64_t
event_time(const struct wf_event *event, int64_t now)
{
    return event->instance->date_changed > now ? event->instance->date_changed : now;
}

static void
event_write(struct wf_compose *compose, const struct wf_event *event, const char *requester,
            const struct wf_command *cause, int64_t now, struct wf_buf *outbox)
{
    const struct wf_instance *instance = event->instance;
    const struct wf_codec *codec = compose->codec;
    bool of_task = event->kind == WF_EVENT_TASK;

    about_instance(compose, instance, of_task);
    wf_line_add(&compose->id, compose->key.text);
    wf_line_add(&compose->id, "/");
    wf_line_int(&compose->id, event->position);
    set_sequence(compose, event->sequence);
    wf_compose_attributes(compose, of_task ? codec->task_types[event->task.state]
                                           : codec->instance_types[event->instance_state],
                          cause, instance->correlation_id);
    wf_compose_header(compose, "ce_requester", requester);
    if (of_task)
        put_task_event(compose, event, now);
    else
        put_instance_event(compose, event, cause, now);
    wf_compose_end(compose, outbox);
}

void
wf_event_encode(struct wf_codec *codec, const struct wf_event *event, const struct wf_command *cause, int64_t now,
                struct wf_buf *outbox)
{
    enum wf_topic topic = event->kind == WF_EVENT_TASK ? WF_TOPIC_STATE_TASK : WF_TOPIC_STATE_INSTANCE;
    struct wf_compose compose;

    now = event_time(event, now);
    wf_compose_begin(&compose, codec, topic, event->instance->partition, now);
    event_write(&compose, event, NULL, cause, now, outbox);
}

void
wf_event_encode_to(struct wf_codec *codec, const struct wf_event *event, const char *topic, const char *requester,
                   const struct wf_command *cause, int64_t now, struct wf_buf *outbox)
{
    struct wf_compose compose;

    now = event_time(event, now);
    wf_compose_begin(&compose, codec, WF_TOPIC_NAMED, -1, now);
    wf_line_add(&compose.name, topic);
    event_write(&compose, event, requester, cause, now, outbox);
}

void
wf_job_encode(struct wf_codec *codec, const struct wf_event *event, const struct wf_command *cause, int64_t now,
              struct wf_buf *outbox)
{
    const struct wf_instance *instance = event->instance;
    const struct wf_task *task = &event->task;
    struct wf_compose compose;

    wf_compose_begin(&compose, codec, WF_TOPIC_NAMED, -1, event_time(event, now));
    about_instance(&compose, instance, true);
    wf_line_task(&compose.id, &instance->instance_id, task->n);
    wf_line_add(&compose.id, "/");
    wf_line_int(&compose.id, task->attempt);
    wf_line_add(&compose.name, codec->prefix);
    wf_line_add(&compose.name, ".job.");
    wf_line_add(&compose.name, task->activity->auto_executive);
    wf_compose_attributes(&compose, compose.name.text, cause, instance->correlation_id);

    struct wf_buf *value = compose.value;
    wf_json_open(value, '{');
    wf_compose_task_id(&compose, "task_id", &instance->instance_id, task->n);
    wf_compose_instance(&compose, "instance_id", &instance->instance_id);
    wf_json_put_string(value, "process_id", instance->process->process_id);
    wf_json_put_int(value, "version", instance->process->version);
    wf_json_put_string(value, "act_id", task->activity->act_id);
    wf_json_put_opt(value, "entity_id", event->entity_id);
    wf_json_put_raw_opt(value, "variables", instance->variables);
    wf_json_put_string(value, "auto_executive", task->activity->auto_executive);
    wf_json_put_int(value, "attempt", task->attempt);
    wf_compose_flags(&compose, task);
    wf_compose_time(&compose, "due_at", task->due_at);
    wf_json_close(value, '}');
    wf_compose_end(&compose, outbox);
}
