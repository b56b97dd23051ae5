#include "codec/compose.h"

#include "base/clock.h"
#include "core/forward.h"

static void
line_append(struct wf_line *line, const char *text, size_t length)
{
    size_t room = sizeof line->text - 1 - line->length;

    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
    line->text[line->length] = '\0';
}

void
wf_line_add(struct wf_line *line, const char *text)
{
    line_append(line, text, strlen(text));
}

void
wf_line_int(struct wf_line *line, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    line_append(line, digits + at, sizeof digits - at);
}

void
wf_line_uuid(struct wf_line *line, const struct wf_uuid *uuid)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(uuid, text);
    line_append(line, text, WF_UUID_TEXT);
}

void
wf_line_task(struct wf_line *line, const struct wf_uuid *instance_id, int32_t n)
{
    wf_line_uuid(line, instance_id);
    line_append(line, ":", 1);
    wf_line_int(line, n);
}

static void
line_clear(struct wf_line *line)
{
    line->length = 0;
    line->text[0] = '\0';
}

void
wf_compose_begin(struct wf_compose *compose, struct wf_codec *codec, enum wf_topic topic, int32_t partition,
                 int64_t now)
{
    compose->codec = codec;
    compose->value = &codec->scratch;
    wf_buf_clear(compose->value);
    line_clear(&compose->key);
    line_clear(&compose->id);
    line_clear(&compose->source);
    line_clear(&compose->type);
    line_clear(&compose->name);
    compose->sequence[0] = '\0';
    compose->message.topic = topic;
    compose->message.partition = partition;
    compose->message.header_count = 0;
    if (codec->time != now || !codec->time_text[0]) {
        codec->time = now;
        wf_time_format(now, codec->time_text);
    }
}

void
wf_compose_header(struct wf_compose *compose, const char *name, const char *value)
{
    if (value)
        wf_message_header(&compose->message, name, value, strlen(value));
}

void
wf_compose_attributes(struct wf_compose *compose, const char *type, const struct wf_command *cause,
                      const char *correlation_id)
{
    wf_compose_header(compose, "content-type", "application/json");
    wf_compose_header(compose, "ce_specversion", "1.0");
    wf_compose_header(compose, "ce_id", compose->id.text);
    wf_compose_header(compose, "ce_source", compose->source.text);
    wf_compose_header(compose, "ce_type", type);
    wf_compose_header(compose, "ce_time", compose->codec->time_text);
    wf_compose_header(compose, "ce_sequence", compose->sequence[0] ? compose->sequence : NULL);
    wf_compose_header(compose, "ce_correlationid",
                      cause && cause->correlation_id ? cause->correlation_id : correlation_id);
    wf_compose_header(compose, "ce_causationid", cause ? cause->id : NULL);
    wf_compose_header(compose, "ce_traceparent", cause ? cause->traceparent : NULL);
    wf_compose_header(compose, "ce_incarnation", compose->codec->incarnation);
}

void
wf_compose_end(struct wf_compose *compose, struct wf_buf *outbox)
{
    struct wf_message *message = &compose->message;

    message->key = (struct wf_slice){compose->key.length ? compose->key.text : NULL, compose->key.length};
    message->name = (struct wf_slice){compose->name.text, compose->name.length};
    message->value = (struct wf_slice){compose->value->data, compose->value->length};
    wf_message_encode(message, outbox);
}

void
wf_compose_time(struct wf_compose *compose, const char *name, int64_t time)
{
    if (time && time == compose->codec->time)
        wf_json_put_string(compose->value, name, compose->codec->time_text);
    else
        wf_json_put_time_opt(compose->value, name, time);
}

void
wf_compose_instance(struct wf_compose *compose, const char *name, const struct wf_uuid *instance_id)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(instance_id, text);
    wf_json_put_string(compose->value, name, text);
}

void
wf_compose_task_id(struct wf_compose *compose, const char *name, const struct wf_uuid *instance_id, int32_t n)
{
    struct wf_line line;

    line_clear(&line);
    wf_line_task(&line, instance_id, n);
    if (name)
        wf_json_put_string(compose->value, name, line.text);
    else
        wf_json_string(compose->value, line.text);
}

void
wf_compose_flags(struct wf_compose *compose, const struct wf_task *task)
{
    enum { MAX = 256 };
    const char *flags[MAX];
    size_t count = wf_forward_flags(task->activity, task->pre_act_id, flags, MAX);

    wf_json_key(compose->value, "flags");
    wf_json_open(compose->value, '[');
    for (size_t i = 0; i < count; i++)
        wf_json_string(compose->value, flags[i]);
    wf_json_close(compose->value, ']');
}

static void
put_people(struct wf_buf *value, const struct wf_task *task)
{
    wf_json_key(value, "staff");
    wf_json_open(value, '[');
    for (size_t i = 0; i < task->candidate_count; i++)
        wf_json_string(value, task->candidates[i]);
    wf_json_close(value, ']');
}

/* Whose a task is that nobody has yet (ASG-5). */
static void
put_candidates(struct wf_buf *value, const struct wf_task *task)
{
    static const char *const names[] = {
        [WF_BASED_ON_DEPARTMENT] = "department", [WF_BASED_ON_TEAM] = "team", [WF_BASED_ON_ROLE] = "role"};

    if (task->state != WF_TASK_WAITING || task->staff_id || !task->group_id || task->group_based_on == WF_BASED_ON_NONE)
        return;
    wf_json_key(value, "candidates");
    wf_json_open(value, '{');
    if (task->group_based_on == WF_BASED_ON_USER_DEFINED)
        put_people(value, task);
    else
        wf_json_put_string(value, names[task->group_based_on], task->group_id);
    wf_json_close(value, '}');
}

static void
put_batch(struct wf_buf *value, const struct wf_task *task)
{
    const struct wf_batch *batch = task->serial_no > 1 ? wf_instance_batch(task->instance, task->serial_no) : NULL;

    wf_json_put_int(value, "serial_no", task->serial_no);
    wf_json_put_int(value, "branch_no", task->branch_no);
    if (!batch || !batch->parent_serial_no)
        return;
    wf_json_put_int(value, "parent_serial_no", batch->parent_serial_no);
    wf_json_put_int(value, "parent_branch_no", batch->parent_branch_no);
}

void
wf_compose_task(struct wf_compose *compose, const struct wf_task *task, const char *entity_id)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_activity *activity = task->activity;
    struct wf_buf *value = compose->value;
    bool in_hand = task->state == WF_TASK_WAITING || task->state == WF_TASK_PROCESSING ||
                   task->state == WF_TASK_PAUSING;

    wf_compose_instance(compose, "instance_id", &instance->instance_id);
    wf_json_put_string(value, "process_id", instance->process->process_id);
    wf_json_put_int(value, "version", instance->process->version);
    wf_json_put_opt(value, "entity_id", entity_id);
    wf_compose_task_id(compose, "task_id", &instance->instance_id, task->n);
    wf_json_put_string(value, "act_id", activity->act_id);
    wf_json_put_string(value, "act_type", wf_act_type_name(activity->type));
    wf_json_put_opt(value, "name", activity->name);
    wf_json_put_opt(value, "pre_act_id", task->pre_act_id);
    put_batch(value, task);
    wf_json_put_string(value, "state", wf_task_state_name(task->state));
    wf_json_put_opt(value, "staff_id", task->staff_id);
    wf_json_put_opt(value, "grantor_id", task->grantor_id);
    wf_json_put_opt(value, "executor_id", task->executor_id);
    put_candidates(value, task);
    if (in_hand && wf_act_type_works(activity->type))
        wf_compose_flags(compose, task);
    if (task->state == WF_TASK_ENDED)
        wf_json_put_opt(value, "completion_flag", task->completion_flag);
    if (task->attempt)
        wf_json_put_int(value, "attempt", task->attempt);
    wf_compose_time(compose, "date_created", task->date_created);
    if (wf_task_state_open(task->state))
        wf_compose_time(compose, "due_at", task->due_at);
}
