#include "codec/request.h"

#include "codec/compose.h"
#include "codec/event.h"
#include "codec/fields.h"

void
wf_engine_topic(const char *engine, char text[WF_CODEC_TEXT])
{
    snprintf(text, WF_CODEC_TEXT, "%s.command.init-instance", engine);
}

/* ---- where to ---- */

/* Who asked for an instance, as it said. */
struct requester {
    const char *engine, *instance_id, *task_id;
};

static const struct wf_field requester_fields[] = {
    WF_FIELD(ID, "engine", struct requester, engine),
    WF_FIELD(ID, "instance_id", struct requester, instance_id),
    WF_FIELD(ID, "task_id", struct requester, task_id),
};
static const struct wf_fields requester_table = WF_FIELDS(requester_fields);

static struct requester
requester_read(struct wf_arena *arena, const char *text)
{
    struct wf_faults faults = {.arena = arena};
    struct wf_reading reading = {.arena = arena, .faults = &faults};
    struct requester requester = {NULL, NULL, NULL};
    struct wf_slice object;
    struct wf_error error;

    if (text && wf_scan_check(text, strlen(text), arena, &object, &error) && wf_scan_kind(object) == '{')
        wf_fields_read(&reading, &requester_table, object, NULL, &requester);
    return requester;
}

/* The instance that its key names: that of the task, where one waits.  False: neither is an id of an engine's. */
static bool
set_requester(const struct requester *requester, struct wf_request_target *target)
{
    const char *name = requester->task_id ? requester->task_id : requester->instance_id;
    struct wf_uuid uuid;
    size_t length = name ? strlen(name) : 0;

    if (length < WF_UUID_TEXT || !wf_uuid_parse(name, WF_UUID_TEXT, &uuid) ||
        (requester->task_id ? name[WF_UUID_TEXT] != ':' : length > WF_UUID_TEXT))
        return false;
    wf_uuid_format(&uuid, target->key);
    snprintf(target->id, sizeof target->id, "%s", name);
    target->member = requester->task_id ? "task_id" : "instance_id";
    return true;
}

static void
set_topic(const struct wf_codec *codec, const char *engine, enum wf_topic topic, struct wf_request_target *target)
{
    if (strcmp(engine, codec->prefix) != 0)
        snprintf(target->topic, sizeof target->topic, "%s.%s", engine, wf_topic_suffix(topic));
}

bool
wf_request_target(const struct wf_codec *codec, const struct wf_request *request, struct wf_request_target *ret_target)
{
    struct wf_arena arena = {0};
    bool ok = true;

    *ret_target = (struct wf_request_target){.member = NULL};
    if (request->kind != WF_REQUEST_NOTIFY) {
        set_topic(codec, request->remote.engine,
                  request->kind == WF_REQUEST_START ? WF_TOPIC_COMMAND_INIT : WF_TOPIC_COMMAND_CONTROL, ret_target);
        wf_uuid_format(&request->remote.instance_id, ret_target->key);
        return true;
    }
    struct requester requester = requester_read(&arena, request->requester);
    ok = requester.engine && set_requester(&requester, ret_target);
    if (ok)
        set_topic(codec, requester.engine, WF_TOPIC_COMMAND_CONTROL, ret_target);
    wf_arena_drop(&arena);
    return ok;
}

/* ---- the commands ---- */

/* Begins a command; the type says which, for an engine that has one topic for all. */
static void
command_begin(struct wf_compose *compose, struct wf_codec *codec, enum wf_topic topic,
              const struct wf_request_target *target, int64_t now)
{
    wf_compose_begin(compose, codec, *target->topic ? WF_TOPIC_NAMED : topic, -1, now);
    wf_line_add(&compose->name, target->topic);
    wf_line_add(&compose->key, target->key);
}

static void
command_attributes(struct wf_compose *compose, enum wf_operation operation, const struct wf_command *cause,
                   const char *correlation_id)
{
    wf_line_add(&compose->type, compose->codec->prefix);
    wf_line_add(&compose->type, ".command.");
    wf_line_add(&compose->type, wf_operation_name(operation));
    wf_compose_attributes(compose, compose->type.text, cause, correlation_id);
    wf_compose_header(compose, "ce_outcome", "rejected");
}

/* Who asks: the engine, the instance, the task. */
static void
put_requester(struct wf_compose *compose, const struct wf_task *task)
{
    wf_json_key(compose->value, "requester");
    wf_json_open(compose->value, '{');
    wf_json_put_string(compose->value, "engine", compose->codec->prefix);
    wf_compose_instance(compose, "instance_id", &task->instance->instance_id);
    wf_compose_task_id(compose, "task_id", &task->instance->instance_id, task->n);
    wf_json_close(compose->value, '}');
}

/* What belongs together goes by the id of the instance that it began with, unless it has another: in `first`, to the end. */
static void
start_encode(struct wf_compose *compose, const struct wf_request *request, const struct wf_command *cause,
             struct wf_line *first)
{
    const struct wf_instance *instance = request->instance;
    struct wf_buf *value = compose->value;

    wf_line_uuid(first, &instance->instance_id);
    wf_line_task(&compose->id, &instance->instance_id, request->remote.n);
    wf_line_add(&compose->id, "/");
    wf_line_int(&compose->id, request->remote.attempt);
    command_attributes(compose, WF_OP_INIT_INSTANCE, cause,
                       instance->correlation_id ? instance->correlation_id : first->text);
    wf_json_open(value, '{');
    wf_json_put_string(value, "process_id", request->remote.process_id);
    if (request->remote.version)
        wf_json_put_int(value, "version", request->remote.version);
    wf_compose_instance(compose, "instance_id", &request->remote.instance_id);
    wf_json_put_opt(value, "entity_id", instance->entity_id);
    wf_json_put_raw_opt(value, "variables", instance->variables);
    put_requester(compose, request->task);
    wf_json_put_int(value, "hops", instance->hops + 1);
    wf_json_close(value, '}');
}

/* A cancel is said once; suspend and resume once for each time. */
static void
change_encode(struct wf_compose *compose, const struct wf_request *request, const struct wf_command *cause)
{
    struct wf_buf *value = compose->value;
    const char *operation = wf_operation_name(request->operation);

    wf_line_uuid(&compose->id, &request->remote.instance_id);
    wf_line_add(&compose->id, "/");
    wf_line_add(&compose->id, operation);
    if (request->operation != WF_OP_CANCEL_INSTANCE) {
        wf_line_add(&compose->id, "/");
        wf_line_int(&compose->id, request->instance->position);
    }
    command_attributes(compose, request->operation, cause, request->instance->correlation_id);
    wf_json_open(value, '{');
    wf_json_put_string(value, "operation", operation);
    wf_compose_instance(compose, "instance_id", &request->remote.instance_id);
    wf_json_put_bool(value, "include_sub_processes", true);
    wf_json_put_string(value, "actor", compose->codec->source);
    wf_json_close(value, '}');
}

static void
put_incident(struct wf_compose *compose, const struct wf_request *request)
{
    if (!request->code)
        return;
    wf_json_key(compose->value, "incident");
    wf_json_open(compose->value, '{');
    wf_json_put_string(compose->value, "id", compose->id.text);
    wf_json_put_string(compose->value, "code", request->code);
    wf_json_put_opt(compose->value, "detail", request->detail);
    wf_json_close(compose->value, '}');
}

static void
notify_encode(struct wf_compose *compose, const struct wf_request *request, const struct wf_request_target *target,
              const struct wf_command *cause)
{
    const char *correlation_id = request->instance ? request->instance->correlation_id : NULL;
    struct wf_buf *value = compose->value;

    wf_line_uuid(&compose->id, &request->about);
    if (request->position) {
        wf_line_add(&compose->id, "/");
        wf_line_int(&compose->id, request->position);
    }
    wf_line_add(&compose->id, request->code ? "/rejected" : request->again ? "/again" : "/notify");
    command_attributes(compose, WF_OP_NOTIFY, cause, correlation_id);
    wf_json_open(value, '{');
    wf_json_put_string(value, "operation", wf_operation_name(WF_OP_NOTIFY));
    wf_json_put_string(value, target->member, target->id);
    wf_json_key(value, "remote");
    wf_json_open(value, '{');
    wf_json_put_string(value, "engine", compose->codec->prefix);
    wf_compose_instance(compose, "instance_id", &request->about);
    wf_json_put_string(value, "state", wf_instance_state_name(request->state));
    wf_json_close(value, '}');
    wf_json_put_opt(value, "completion_flag", request->completion_flag);
    if (request->position)
        wf_json_put_int(value, "position", request->position);
    put_incident(compose, request);
    wf_json_put_string(value, "actor", compose->codec->source);
    wf_json_close(value, '}');
}

void
wf_request_encode(struct wf_codec *codec, const struct wf_request *request, const struct wf_request_target *target,
                  const struct wf_command *cause, int64_t now, struct wf_buf *outbox)
{
    bool starts = request->kind == WF_REQUEST_START;
    struct wf_line first = {0};
    struct wf_compose compose;

    command_begin(&compose, codec, starts ? WF_TOPIC_COMMAND_INIT : WF_TOPIC_COMMAND_CONTROL, target, now);
    wf_line_add(&compose.source, codec->source);
    if (starts)
        start_encode(&compose, request, cause, &first);
    else if (request->kind == WF_REQUEST_CHANGE)
        change_encode(&compose, request, cause);
    else
        notify_encode(&compose, request, target, cause);
    wf_compose_end(&compose, outbox);
}

/* ---- subscriptions ---- */

struct filter {
    struct wf_texts events, acts, states;
};

static const struct wf_field filter_fields[] = {
    WF_FIELD(IDS, "events", struct filter, events),
    WF_FIELD(IDS, "acts", struct filter, acts),
    WF_FIELD(IDS, "states", struct filter, states),
};
static const struct wf_fields filter_table = WF_FIELDS(filter_fields);

/* An empty list admits everything. */
static bool
admits(const struct wf_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return !texts->count;
}

static bool
filter_admits(const struct filter *filter, const struct wf_event *event)
{
    if (event->kind == WF_EVENT_TASK)
        return admits(&filter->events, "task") && admits(&filter->acts, event->task.activity->act_id) &&
               admits(&filter->states, wf_task_state_name(event->task.state));
    return admits(&filter->events, "instance") &&
           admits(&filter->states, wf_instance_state_name(event->instance_state));
}

/* An instance that subscribed is told of states alone: that is what `notify` can say. */
static bool
notifies_instance(const struct wf_subscription *subscription, struct wf_request_target *ret_target)
{
    struct wf_arena arena = {0};
    struct requester requester = requester_read(&arena, subscription->requester);

    *ret_target = (struct wf_request_target){.member = NULL};
    bool notifies = subscription->requester && set_requester(&requester, ret_target);
    wf_arena_drop(&arena);
    return notifies;
}

bool
wf_subscription_wants(const struct wf_subscription *subscription, const struct wf_event *event)
{
    struct wf_arena arena = {0};
    struct wf_faults faults = {.arena = &arena};
    struct wf_reading reading = {.arena = &arena, .faults = &faults};
    struct wf_request_target target;
    struct filter filter = {0};
    struct wf_slice object;
    struct wf_error error;

    if (subscription->gone)
        return false;
    if (notifies_instance(subscription, &target) &&
        (event->kind == WF_EVENT_TASK || event->previous_state == (int)event->instance_state))
        return false;
    if (!subscription->filter)
        return true;
    if (wf_scan_check(subscription->filter, strlen(subscription->filter), &arena, &object, &error))
        wf_fields_read(&reading, &filter_table, object, NULL, &filter);
    bool wants = filter_admits(&filter, event);
    wf_arena_drop(&arena);
    return wants;
}

void
wf_notification_encode(struct wf_codec *codec, const struct wf_subscription *subscription,
                       const struct wf_event *event, const struct wf_command *cause, int64_t now,
                       struct wf_buf *outbox)
{
    const struct wf_instance *instance = event->instance;
    struct wf_request_target target;

    if (!notifies_instance(subscription, &target)) {
        wf_event_encode_to(codec, event, subscription->notifyto, subscription->requester, cause, now, outbox);
        return;
    }
    struct wf_request request = {.kind = WF_REQUEST_NOTIFY, .instance = instance, .about = instance->instance_id,
                                 .state = event->instance_state, .completion_flag = event->instance_flag,
                                 .position = event->position};
    snprintf(target.topic, sizeof target.topic, "%s", subscription->notifyto);
    wf_request_encode(codec, &request, &target, cause, now, outbox);
}
