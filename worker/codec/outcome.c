#include "codec/compose.h"
#include "codec/event.h"

enum { FAULTS_BYTES = 500000 };

/* An outcome goes where the client wants it: replyto is placed by its key, the other by where the command came. */
static void
outcome_begin(struct wf_compose *compose, struct wf_codec *codec, const struct wf_incoming *in,
              const struct wf_command *command, int64_t now)
{
    const char *replyto = command->replyto;

    if (replyto && strcmp(replyto, codec->outcome_name) == 0)
        replyto = NULL;
    wf_compose_begin(compose, codec, replyto ? WF_TOPIC_NAMED : WF_TOPIC_OUTCOME, replyto ? -1 : in->partition, now);
    if (replyto)
        wf_line_add(&compose->name, replyto);
    wf_line_add(&compose->id, command->id);
    wf_line_add(&compose->id, "/outcome");
    wf_line_add(&compose->source, codec->source);
}

/* The key of the command, else the instance id, else none. */
static void
outcome_end(struct wf_compose *compose, const struct wf_incoming *in, const struct wf_uuid *instance_id,
            struct wf_buf *outbox)
{
    struct wf_message *message = &compose->message;

    if (!in->key.data || !in->key.length || in->key.length >= UINT16_MAX) {
        if (instance_id)
            wf_line_uuid(&compose->key, instance_id);
        wf_compose_end(compose, outbox);
        return;
    }
    message->key = in->key;
    message->name = (struct wf_slice){compose->name.text, compose->name.length};
    message->value = (struct wf_slice){compose->value->data, compose->value->length};
    wf_message_encode(message, outbox);
}

/* The instance that an outcome is about, or NULL. */
static const struct wf_uuid *
instance_of(const struct wf_command *command, const struct wf_outcome *outcome)
{
    static const struct wf_uuid none;

    if (outcome->seen)
        return wf_uuid_equal(&outcome->seen->instance_id, &none) ? NULL : &outcome->seen->instance_id;
    if (outcome->instance)
        return &outcome->instance->instance_id;
    return command->has_instance_id ? &command->instance_id : NULL;
}

static void
put_task(struct wf_compose *compose, const struct wf_outcome *outcome)
{
    const struct wf_seen *seen = outcome->seen;
    struct wf_buf *value = compose->value;

    if (!outcome->task && !(seen && seen->task_n))
        return;
    wf_json_key(value, "task");
    wf_json_open(value, '{');
    if (outcome->task)
        wf_compose_task(compose, outcome->task, outcome->task->instance->entity_id);
    else
        wf_compose_task_id(compose, "task_id", &seen->instance_id, seen->task_n);
    wf_json_close(value, '}');
}

static void
put_started(struct wf_compose *compose, const struct wf_outcome *outcome)
{
    struct wf_buf *value = compose->value;

    if (outcome->result != WF_RESULT_APPLIED || !outcome->started_total || !outcome->instance)
        return;
    wf_json_key(value, "tasks");
    wf_json_open(value, '[');
    for (size_t i = 0; i < outcome->started_count; i++)
        wf_compose_task_id(compose, NULL, &outcome->instance->instance_id, outcome->started[i]);
    wf_json_close(value, ']');
    wf_json_put_int(value, "tasks_started", (int64_t)outcome->started_total);
}

static void
put_flags(struct wf_buf *value, const struct wf_outcome *outcome)
{
    if (outcome->code != WF_CODE_NO_ROUTE)
        return;
    wf_json_key(value, "flags");
    wf_json_open(value, '[');
    for (size_t i = 0; i < outcome->flag_count; i++)
        wf_json_string(value, outcome->flags[i]);
    wf_json_close(value, ']');
}

/* All of them, unless they are so many that the outcome could not be published; the detail says how many there are. */
static void
put_faults(struct wf_buf *value, const struct wf_faults *faults)
{
    if (!faults || !faults->count)
        return;
    wf_json_key(value, "faults");
    wf_json_open(value, '[');
    for (size_t i = 0; i < faults->count && value->length < FAULTS_BYTES; i++) {
        wf_json_open(value, '{');
        wf_json_put_string(value, "path", faults->items[i].path);
        wf_json_put_string(value, "code", faults->items[i].code);
        wf_json_put_string(value, "message", faults->items[i].message);
        wf_json_close(value, '}');
    }
    wf_json_close(value, ']');
}

/* Of a deployment what was deployed, of a new instance what it follows. */
static void
put_process(struct wf_buf *value, const struct wf_command *command, const struct wf_outcome *outcome)
{
    const struct wf_instance *instance = outcome->instance;
    bool of_instance = command->operation == WF_OP_INIT_INSTANCE && instance;
    const char *process_id = outcome->process_id ? outcome->process_id : of_instance ? instance->process->process_id :
                             command->operation == WF_OP_DEPLOY_PROCESS ? command->process_id : NULL;
    int32_t version = outcome->process_id ? outcome->version : of_instance ? instance->process->version : 0;

    wf_json_put_opt(value, "process_id", process_id);
    if (version)
        wf_json_put_int(value, "version", version);
}

static void
put_instance(struct wf_compose *compose, const struct wf_command *command, const struct wf_outcome *outcome)
{
    const struct wf_uuid *instance_id = instance_of(command, outcome);
    const struct wf_instance *instance = outcome->instance;
    int32_t position = outcome->seen ? outcome->seen->position : instance ? instance->position : 0;

    if (instance_id)
        wf_compose_instance(compose, "instance_id", instance_id);
    if (instance)
        wf_json_put_string(compose->value, "instance_state", wf_instance_state_name(instance->state));
    if (position && outcome->result != WF_RESULT_REJECTED)
        wf_json_put_int(compose->value, "position", position);
}

void
wf_outcome_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_command *command,
                  const struct wf_outcome *outcome, int64_t now, struct wf_buf *outbox)
{
    struct wf_compose compose;
    struct wf_buf *value = &codec->scratch;

    if (command->outcome_rejected_only && outcome->result != WF_RESULT_REJECTED)
        return;
    outcome_begin(&compose, codec, in, command, now);
    wf_compose_attributes(&compose, codec->outcome_types[outcome->result], command, NULL);

    wf_json_open(value, '{');
    wf_json_put_string(value, "result", wf_result_name(outcome->result));
    if (outcome->result == WF_RESULT_REJECTED) {
        wf_json_put_string(value, "code", wf_code_name(outcome->code));
        wf_json_put_string(value, "detail", outcome->detail ? outcome->detail : "");
    }
    wf_json_put_string(value, "operation", wf_operation_name(command->operation));
    wf_json_put_string(value, "command_id", command->id);
    put_instance(&compose, command, outcome);
    put_task(&compose, outcome);
    put_started(&compose, outcome);
    put_flags(value, outcome);
    put_faults(value, outcome->faults);
    put_process(value, command, outcome);
    if (command->operation == WF_OP_REVOKE && outcome->result == WF_RESULT_APPLIED)
        wf_json_put_int(value, "revoked", outcome->people != NULL);
    wf_json_close(value, '}');
    outcome_end(&compose, in, instance_of(command, outcome), outbox);
}

void
wf_refusal_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_refusal *refusal, int64_t now,
                  struct wf_buf *outbox)
{
    const struct wf_command *command = &refusal->command;
    const struct wf_uuid *instance_id = command->has_instance_id ? &command->instance_id : NULL;
    struct wf_compose compose;
    struct wf_buf *value = &codec->scratch;

    outcome_begin(&compose, codec, in, command, now);
    wf_compose_attributes(&compose, codec->outcome_types[WF_RESULT_REJECTED], command, NULL);

    wf_json_open(value, '{');
    wf_json_put_string(value, "result", wf_result_name(WF_RESULT_REJECTED));
    wf_json_put_string(value, "code", wf_code_name(refusal->code));
    wf_json_put_string(value, "detail", refusal->detail);
    wf_json_put_opt(value, "operation", refusal->operation);
    wf_json_put_string(value, "command_id", command->id);
    if (instance_id)
        wf_compose_instance(&compose, "instance_id", instance_id);
    wf_json_close(value, '}');
    outcome_end(&compose, in, instance_id, outbox);
}
