#include "codec/command.h"

#include "base/hash.h"
#include "codec/definition_file.h"
#include "codec/envelope.h"
#include "codec/fields.h"
#include "codec/institution_file.h"
#include "codec/operation.h"

/* One command being decoded. */
struct decoder {
    const struct wf_incoming *in;
    struct wf_reading reading;
    struct wf_faults faults; /* the first one is the refusal */
    struct wf_envelope envelope;
    struct wf_data data;
    enum wf_code code;       /* of the refusal, if it is not invalid_command */
    const char *operation;   /* as the client named it */
};

static bool
refuse(struct decoder *decoder, enum wf_code code, const char *format, ...) WF_PRINTF(3, 4);

static bool
refuse(struct decoder *decoder, enum wf_code code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (!decoder->faults.count)
        decoder->code = code;
    wf_reading_fault(&decoder->reading, NULL, "invalid_value", "%s", message);
    return false;
}

/* The kind that a command topic is for: "end-task", "control", … */
static const char *
topic_kind(enum wf_topic topic)
{
    return wf_topic_suffix(topic) + strlen("command.");
}

static const char *
type_kind(const char *type)
{
    const char *dot = type ? strrchr(type, '.') : NULL;

    return dot ? dot + 1 : type;
}

/* The topic that a kind or the name of an operation belongs to. */
static bool
topic_of(const char *kind, enum wf_topic *ret_topic)
{
    enum wf_operation operation;

    for (enum wf_topic topic = 0; topic < WF_COMMAND_TOPICS; topic++)
        if (strcmp(topic_kind(topic), kind) == 0) {
            *ret_topic = topic;
            return true;
        }
    if (!wf_operation_from_name(kind, &operation) || wf_operation_own(operation))
        return false;
    *ret_topic = wf_operation_topic(operation);
    return true;
}

struct operation_member {
    const char *name;
};
static const struct wf_field operation_fields[] = {WF_FIELD(TEXT, "operation", struct operation_member, name)};
static const struct wf_fields operation_fields_table = WF_FIELDS(operation_fields);

/* Which topic's commands this is one of: the one it came on, unless all come on one. */
static bool
find_topic(struct decoder *decoder, const char *named, enum wf_topic *ret_topic)
{
    const char *type = decoder->envelope.type, *kind = type_kind(type);
    enum wf_topic of_type;
    char excerpt[WF_EXCERPT];

    if (type && !topic_of(kind, &of_type))
        return refuse(decoder, WF_CODE_UNKNOWN_OPERATION, "there is no command of type \"%s\"",
                      wf_excerpt(type, strlen(type), excerpt));
    if (!decoder->in->single_topic) {
        *ret_topic = decoder->in->topic;
        return !type || of_type == *ret_topic ||
               refuse(decoder, WF_CODE_INVALID_COMMAND, "the type \"%s\" does not agree with the topic \"%s\"",
                      wf_excerpt(type, strlen(type), excerpt), decoder->in->topic_name);
    }
    if (type) {
        *ret_topic = of_type;
        return true;
    }
    if (!named)
        return refuse(decoder, WF_CODE_UNKNOWN_OPERATION,
                      "neither a type nor \"operation\" says which command this is");
    return topic_of(named, ret_topic) ||
           refuse(decoder, WF_CODE_UNKNOWN_OPERATION, "there is no operation \"%s\"",
                  wf_excerpt(named, strlen(named), excerpt));
}

/* Which operation; on topics of one operation only, the topic says it. */
static bool
find_operation(struct decoder *decoder, enum wf_operation *ret_operation)
{
    struct operation_member member = {0};
    enum wf_operation of_type;
    enum wf_topic topic = decoder->in->topic;
    char excerpt[WF_EXCERPT];

    wf_fields_read(&decoder->reading, &operation_fields_table, decoder->envelope.data, NULL, &member);
    if (decoder->faults.count || !find_topic(decoder, member.name, &topic))
        return false;
    if (topic != WF_TOPIC_COMMAND_CONTROL && topic != WF_TOPIC_COMMAND_ADMIN) {
        decoder->operation = topic_kind(topic);
        return wf_operation_from_name(decoder->operation, ret_operation);
    }
    decoder->operation = member.name;
    if (!member.name)
        return refuse(decoder, WF_CODE_INVALID_COMMAND, "\"operation\" is missing");
    wf_excerpt(member.name, strlen(member.name), excerpt);
    if (!wf_operation_from_name(member.name, ret_operation) || wf_operation_own(*ret_operation))
        return refuse(decoder, WF_CODE_UNKNOWN_OPERATION, "there is no operation \"%s\"", excerpt);
    if (wf_operation_topic(*ret_operation) != topic)
        return refuse(decoder, WF_CODE_UNKNOWN_OPERATION, "the operation \"%s\" does not belong to \"%s\" commands",
                      excerpt, topic_kind(topic));
    const char *type = decoder->envelope.type;
    if (type && wf_operation_from_name(type_kind(type), &of_type) && of_type != *ret_operation)
        return refuse(decoder, WF_CODE_INVALID_COMMAND, "the type \"%s\" does not agree with the operation \"%s\"",
                      type, excerpt);
    return true;
}

/* The instance follows from the task, and must agree with it. */
static void
link_instance(struct decoder *decoder)
{
    struct wf_command *command = &decoder->data.decoded.command;
    const struct wf_task_ref *task = &decoder->data.task, *withdraw = &decoder->data.withdraw;
    char given[WF_UUID_TEXT + 1];

    wf_uuid_format(&command->instance_id, given);
    if (task->n) {
        if (command->has_instance_id && !wf_uuid_equal(&command->instance_id, &task->instance_id))
            refuse(decoder, WF_CODE_INVALID_COMMAND, "\"task_id\" is of another instance than \"instance_id\", \"%s\"",
                   given);
        command->has_instance_id = true;
        command->instance_id = task->instance_id;
        command->task_n = task->n;
    }
    if (withdraw->n) {
        if (!wf_uuid_equal(&command->instance_id, &withdraw->instance_id))
            refuse(decoder, WF_CODE_INVALID_COMMAND, "\"withdraw\" is of another instance than \"instance_id\", \"%s\"",
                   given);
        command->withdraw_n = withdraw->n;
    }
}

static struct wf_faults *
new_faults(struct decoder *decoder)
{
    struct wf_faults *faults = WF_ARENA_NEW(decoder->reading.arena, struct wf_faults);

    faults->arena = decoder->reading.arena;
    return faults;
}

static const struct wf_field process_id_fields[] = {WF_FIELD(ID, "process_id", struct wf_command, process_id)};
static const struct wf_fields process_id_table = WF_FIELDS(process_id_fields);

static void
decode_definition(struct decoder *decoder)
{
    struct wf_command *command = &decoder->data.decoded.command;
    struct wf_slice text = decoder->data.definition;
    struct wf_faults *faults = new_faults(decoder), ignored = {.arena = decoder->reading.arena};
    struct wf_reading reading = {.arena = decoder->reading.arena, .faults = &ignored};

    wf_fields_read(&reading, &process_id_table, text, NULL, command);
    command->definition = wf_definition_file_decode(text.data, text.length, faults);
    if (command->definition && !wf_process_compile(command->definition, faults)) {
        wf_process_drop(command->definition);
        command->definition = NULL;
    }
    if (faults->count)
        command->faults = faults;
}

static void
decode_institution(struct decoder *decoder)
{
    struct wf_command *command = &decoder->data.decoded.command;
    struct wf_slice text = decoder->data.institution;
    struct wf_faults *faults = new_faults(decoder);

    command->institution = wf_institution_file_decode(text.data, text.length, faults);
    if (faults->count)
        command->faults = faults;
}

/* set-presence as a change of one person. */
static void
make_presence(struct wf_data *data)
{
    struct wf_institution *change = wf_institution_new();
    struct wf_staff *staff = WF_ARENA_NEW(&change->arena, struct wf_staff);

    staff->staff_id = wf_arena_strdup(&change->arena, data->decoded.command.staff_id);
    staff->has_logging_on = data->has_logging_on;
    staff->logging_on = data->has_logging_on ? data->logging_on : true;
    staff->has_on_leave = data->has_on_leave;
    staff->on_leave = data->on_leave;
    WF_ARENA_PUSH(&change->arena, change->staff, change->staff_count, change->staff_capacity, staff);
    data->decoded.command.institution = change;
}

/* authorize and revoke as a change of one authorization. */
static void
make_authorization(struct wf_data *data)
{
    struct wf_institution *change = wf_institution_new();
    struct wf_arena *arena = &change->arena;
    const struct wf_command *command = &data->decoded.command;
    struct wf_authorization authorization = {
        .grantor_id = wf_arena_strdup(arena, command->grantor_id),
        .grantee_id = wf_arena_strdup(arena, data->grantee_id),
        .process_id = wf_arena_strdup(arena, command->process_id),
        .act_id = wf_arena_strdup(arena, command->act_id),
        .valid_from = data->valid_from,
        .valid_to = data->valid_to,
    };

    WF_ARENA_PUSH(arena, change->authorizations, change->authorization_count, change->authorization_capacity,
                  authorization);
    data->decoded.command.institution = change;
}

/* What takes more than a table. */
static void
finish(struct decoder *decoder)
{
    switch (decoder->data.decoded.command.operation) {
    case WF_OP_DEPLOY_PROCESS: decode_definition(decoder); break;
    case WF_OP_LOAD_INSTITUTION: decode_institution(decoder); break;
    case WF_OP_SET_PRESENCE: make_presence(&decoder->data); break;
    case WF_OP_AUTHORIZE:
    case WF_OP_REVOKE: make_authorization(&decoder->data); break;
    default: break;
    }
}

/* An object within the data, if there is one. */
static void
read_within(struct decoder *decoder, const char *member, struct wf_slice object, const struct wf_fields *fields)
{
    struct wf_place place = {.member = member};

    if (object.data)
        wf_fields_read(&decoder->reading, fields, object, &place, &decoder->data);
}

static bool
decode_data(struct decoder *decoder)
{
    struct wf_command *command = &decoder->data.decoded.command;
    struct wf_slice data = decoder->envelope.data;

    if (decoder->faults.count || !find_operation(decoder, &command->operation))
        return false;

    const struct wf_operation_table *table = wf_operation_table(command->operation);
    uint32_t found = wf_fields_read(&decoder->reading, &table->fields, data, NULL, &decoder->data);
    wf_operation_check(table, &decoder->reading, found);
    link_instance(decoder);
    if (decoder->data.to.data) {
        struct wf_place place = {.member = "to"};
        wf_group_read(&decoder->reading, decoder->data.to, &place, &command->to_based_on, &command->to_group);
    }
    read_within(decoder, "remote", decoder->data.remote, &wf_operation_remote);
    read_within(decoder, "incident", decoder->data.incident, &wf_operation_incident);
    command->remote_state = (enum wf_instance_state)decoder->data.remote_state;
    command->data_hash = (int64_t)wf_hash64(data.data, data.length);
    return !decoder->faults.count;
}

/* The message of a fault, with its place where the message does not begin with it. */
static const char *
fault_text(struct wf_arena *arena, const struct wf_fault *fault)
{
    size_t length = strlen(fault->path);

    if (!length || (fault->message[0] == '"' && strncmp(fault->message + 1, fault->path, length) == 0))
        return fault->message;
    return wf_arena_printf(arena, "\"%s\": %s", fault->path, fault->message);
}

static void
fill_refusal(const struct decoder *decoder, struct wf_refusal *ret_refusal)
{
    *ret_refusal = (struct wf_refusal){
        .code = decoder->code,
        .detail = fault_text(decoder->reading.arena, &decoder->faults.items[0]),
        .operation = decoder->operation,
        .command = decoder->data.decoded.command,
    };
}

/* Who waits for an instance whose start is too large, lest that wait be for ever (ENG-2); nothing if it cannot be read. */
static void
read_requester(struct decoder *decoder)
{
    struct wf_command *command = &decoder->data.decoded.command;
    struct decoder other = *decoder;

    other.faults = (struct wf_faults){.arena = decoder->reading.arena};
    other.reading.faults = &other.faults;
    if (decoder->in->topic != WF_TOPIC_COMMAND_INIT && !decoder->in->single_topic)
        return;
    wf_envelope_value(&other.reading, decoder->in, &other.envelope);
    if (!decode_data(&other) || other.data.decoded.command.operation != WF_OP_INIT_INSTANCE)
        return;
    decoder->operation = other.operation;
    command->requester = other.data.decoded.command.requester;
    command->has_instance_id = other.data.decoded.command.has_instance_id;
    command->instance_id = other.data.decoded.command.instance_id;
}

bool
wf_command_decode(const struct wf_codec *codec, const struct wf_incoming *in, struct wf_arena *arena,
                  struct wf_decoded *ret_decoded, struct wf_refusal *ret_refusal)
{
    struct decoder decoder = {
        .in = in,
        .reading = {.codec = codec, .arena = arena, .faults = &decoder.faults},
        .faults = {.arena = arena},
        .code = WF_CODE_INVALID_COMMAND,
    };

    wf_envelope_headers(&decoder.reading, in, &decoder.envelope);
    if (in->value.length > codec->command_max_bytes) {
        refuse(&decoder, WF_CODE_TOO_LARGE, "the value has %zu bytes, more than the %zu allowed", in->value.length,
               codec->command_max_bytes);
        read_requester(&decoder);
    } else {
        wf_envelope_value(&decoder.reading, in, &decoder.envelope);
    }
    wf_envelope_apply(&decoder.reading, in, &decoder.envelope, &decoder.data.decoded);
    if (!decode_data(&decoder)) {
        fill_refusal(&decoder, ret_refusal);
        return false;
    }
    finish(&decoder);
    *ret_decoded = decoder.data.decoded;
    return true;
}

void
wf_decoded_drop(struct wf_decoded *decoded)
{
    wf_process_drop(decoded->command.definition);
    wf_institution_drop(decoded->command.institution);
    decoded->command.definition = NULL;
    decoded->command.institution = NULL;
}

const char *
wf_command_key(const struct wf_command *command, char text[WF_UUID_TEXT + 1])
{
    if (command->has_instance_id) {
        wf_uuid_format(&command->instance_id, text);
        return text;
    }
    if (command->operation == WF_OP_GET_TASK)
        return command->staff_id;
    if (command->operation == WF_OP_DEPLOY_PROCESS)
        return command->process_id;
    return wf_operation_topic(command->operation) == WF_TOPIC_COMMAND_ADMIN ? "institution" : NULL;
}
