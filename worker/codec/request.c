#include "codec/request.h"

#include "codec/compose.h"
#include "codec/event.h"
#include "codec/fields.h"
#include "codec/requester.h"

void
wf_engine_topic(const char *engine, char text[WF_CODEC_TEXT])
{
    snprintf(text, WF_CODEC_TEXT, "%s.command.init-instance", engine);
}

/* ---- where to ---- */

/* The instance that its key names: that of the task, where one waits.  False: neither is an id of an engine's. */
static bool
set_requester(const struct wf_requester *requester, struct wf_request_target *target)
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
    struct wf_requester requester = wf_requester_read(&arena, request->requester);
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

/* In the life of a restored database the same id may stand for something else (EOS-21). */
static void
end_id(struct wf_compose *compose)
{
    if (!compose->codec->incarnation)
        return;
    wf_line_add(&compose->id, "/");
    wf_line_add(&compose->id, compose->codec->incarnation);
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
    end_id(compose);
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
    end_id(compose);
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
    end_id(compose);
    command_attributes(compose, WF_OP_NOTIFY, cause, correlation_id);
    wf_json_open(value, '{');
    wf_json_put_string(value, "operation", wf_operation_name(WF_OP_NOTIFY));
    wf_json_put_string(value, target->member, target->id);
    wf_json_key(value, "remote");
    wf_json_open(value, '{');
    wf_json_put_string(value, "engine", request->engine ? request->engine : compose->codec->prefix);
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

/* A start that was refused because its instance exists already, for the same requester: how that stands is the answer. */
static void
recognize(struct wf_request *request)
{
    const struct wf_instance *exists = request->exists;

    if (!exists || !wf_requester_equal(exists->requester, request->requester))
        return;
    request->instance = exists;
    request->state = exists->state;
    request->completion_flag = exists->completion_flag;
    request->position = exists->position;
    request->code = request->detail = NULL;
    request->again = true;
}

void
wf_request_encode(struct wf_codec *codec, const struct wf_request *wanted, const struct wf_request_target *target,
                  const struct wf_command *cause, int64_t now, struct wf_buf *outbox)
{
    struct wf_request request = *wanted;
    bool starts = wanted->kind == WF_REQUEST_START;
    struct wf_line first = {0};
    struct wf_compose compose;

    recognize(&request);
    command_begin(&compose, codec, starts ? WF_TOPIC_COMMAND_INIT : WF_TOPIC_COMMAND_CONTROL, target, now);
    wf_line_add(&compose.source, codec->source);
    if (starts)
        start_encode(&compose, &request, cause, &first);
    else if (request.kind == WF_REQUEST_CHANGE)
        change_encode(&compose, &request, cause);
    else
        notify_encode(&compose, &request, target, cause);
    wf_compose_end(&compose, outbox);
}

/* The members of a start that a refusal of it repeats. */
struct start {
    const char *instance_id;
    struct wf_slice requester;
};

static const struct wf_field start_fields[] = {
    WF_FIELD_REQUIRED(ID, "instance_id", struct start, instance_id),
    WF_FIELD_REQUIRED(OBJECT, "requester", struct start, requester),
};
static const struct wf_fields start_table = WF_FIELDS(start_fields);

/* The engine that a topic's starts are for, or NULL. */
static const char *
started_engine(struct wf_slice topic, struct wf_arena *arena)
{
    const char *suffix = wf_topic_suffix(WF_TOPIC_COMMAND_INIT);
    size_t length = strlen(suffix);

    if (topic.length <= length + 1 || memcmp(topic.data + topic.length - length, suffix, length) != 0)
        return NULL;
    return wf_arena_strndup(arena, topic.data, topic.length - length - 1);
}

/* The refusal of a start of this engine's; false: it is none. */
static bool
read_start(const struct wf_codec *codec, struct wf_slice value, struct wf_arena *arena, struct wf_request *ret_refusal)
{
    struct wf_faults faults = {.arena = arena};
    struct wf_reading reading = {.arena = arena, .faults = &faults};
    struct start start = {.instance_id = NULL};
    struct wf_slice object;
    struct wf_error error;

    if (!wf_scan_check(value.data, value.length, arena, &object, &error) || wf_scan_kind(object) != '{')
        return false;
    wf_fields_read(&reading, &start_table, object, NULL, &start);
    if (faults.count || !wf_uuid_parse(start.instance_id, strlen(start.instance_id), &ret_refusal->about))
        return false;
    ret_refusal->requester = wf_arena_strndup(arena, start.requester.data, start.requester.length);
    const char *engine = wf_requester_read(arena, ret_refusal->requester).engine;
    return engine && strcmp(engine, codec->prefix) == 0;
}

void
wf_request_refused_encode(struct wf_codec *codec, const struct wf_message *refused, const char *why, int64_t now,
                          struct wf_buf *outbox)
{
    struct wf_request request = {.kind = WF_REQUEST_NOTIFY, .state = WF_INSTANCE_CANCELLED, .code = "not_sent",
                                 .detail = why};
    struct wf_arena arena = {0};
    struct wf_request_target target;

    if (refused->topic == WF_TOPIC_NAMED)
        request.engine = started_engine(refused->name, &arena);
    if (request.engine && read_start(codec, refused->value, &arena, &request) && wf_request_target(codec, &request, &target))
        wf_request_encode(codec, &request, &target, NULL, now, outbox);
    wf_arena_drop(&arena);
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
    struct wf_requester requester = wf_requester_read(&arena, subscription->requester);

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
