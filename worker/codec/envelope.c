#include "codec/envelope.h"

#include <strings.h>

#include "base/hash.h"

#define ATTRIBUTE(name, member) WF_FIELD(TEXT, name, struct wf_envelope, member)

/* The headers that count, and where they go. */
static const struct wf_field header_fields[] = {
    ATTRIBUTE("ce_id", id),
    ATTRIBUTE("ce_source", source),
    ATTRIBUTE("ce_type", type),
    ATTRIBUTE("ce_correlationid", correlation_id),
    ATTRIBUTE("ce_traceparent", traceparent),
    ATTRIBUTE("ce_replyto", replyto),
    ATTRIBUTE("ce_outcome", outcome),
    ATTRIBUTE("ce_incarnation", incarnation),
    ATTRIBUTE("ce_specversion", specversion),
    ATTRIBUTE("content-type", content_type),
    ATTRIBUTE(WF_HEADER_FORWARDED, forwarded),
    ATTRIBUTE(WF_HEADER_TASK, task),
    ATTRIBUTE(WF_HEADER_ID, first_id),
    ATTRIBUTE(WF_HEADER_DATABASES, databases),
};

/* The members of an event in structured mode. */
static const struct wf_field event_fields[] = {
    ATTRIBUTE("id", id),
    ATTRIBUTE("source", source),
    ATTRIBUTE("type", type),
    ATTRIBUTE("correlationid", correlation_id),
    ATTRIBUTE("traceparent", traceparent),
    ATTRIBUTE("replyto", replyto),
    ATTRIBUTE("outcome", outcome),
    ATTRIBUTE("incarnation", incarnation),
    WF_FIELD_REQUIRED(TEXT, "specversion", struct wf_envelope, specversion),
    ATTRIBUTE("datacontenttype", data_content_type),
    WF_FIELD_REQUIRED(OBJECT, "data", struct wf_envelope, data),
};
static const struct wf_fields event_table = WF_FIELDS(event_fields);

void
wf_envelope_headers(const struct wf_reading *reading, const struct wf_incoming *in, struct wf_envelope *envelope)
{
    for (size_t i = 0; i < in->header_count; i++) {
        const struct wf_header *header = &in->headers[i];
        for (size_t f = 0; f < sizeof header_fields / sizeof *header_fields; f++) {
            const char *name = header_fields[f].name;
            if (strlen(name) != header->name.length || memcmp(name, header->name.data, header->name.length) != 0)
                continue;
            if (!header->value.data || memchr(header->value.data, '\0', header->value.length)) {
                wf_reading_fault(reading, NULL, "invalid_value", "header \"%s\" is not a text", name);
                break;
            }
            /* Of several headers of one name the last counts, as for Kafka's own clients. */
            const char *text = wf_arena_strndup(reading->arena, header->value.data, header->value.length);
            memcpy((char *)envelope + header_fields[f].offset, &text, sizeof text);
            break;
        }
    }
}

static bool
content_type_is(const char *content_type, const char *name)
{
    size_t length = strlen(name);

    return strncasecmp(content_type, name, length) == 0 &&
           (!content_type[length] || content_type[length] == ';' || content_type[length] == ' ');
}

/* JSON by its name: application/json, or anything that ends in +json. */
static bool
content_type_is_json(const char *content_type)
{
    size_t length = strcspn(content_type, "; ");

    return content_type_is(content_type, "application/json") ||
           (length > 5 && strncasecmp(content_type + length - 5, "+json", 5) == 0);
}

static void
invalid(const struct wf_reading *reading, const char *what, const char *value, const char *why)
{
    char excerpt[WF_EXCERPT];

    wf_reading_fault(reading, NULL, "invalid_value", "\"%s\" must be %s, not \"%s\"", what, why,
                     wf_excerpt(value, strlen(value), excerpt));
}

static void
read_structured(const struct wf_reading *reading, struct wf_slice value, struct wf_envelope *envelope)
{
    if (!wf_fields_is_object(reading, value, NULL))
        return;
    envelope->specversion = NULL;
    wf_fields_read(reading, &event_table, value, NULL, envelope);
    if (envelope->data_content_type && !content_type_is_json(envelope->data_content_type))
        invalid(reading, "datacontenttype", envelope->data_content_type, "application/json");
}

void
wf_envelope_value(const struct wf_reading *reading, const struct wf_incoming *in, struct wf_envelope *envelope)
{
    struct wf_error error = {0};
    struct wf_slice value;
    const char *type = envelope->content_type;

    if (!in->value.data) {
        wf_reading_fault(reading, NULL, "missing_member", "the message has no value");
        return;
    }
    if (type && (!content_type_is_json(type) || content_type_is(type, "application/cloudevents-batch+json"))) {
        invalid(reading, "content-type", type, "application/json or application/cloudevents+json");
        return;
    }
    if (!wf_scan_check(in->value.data, in->value.length, reading->arena, &value, &error)) {
        wf_reading_fault(reading, NULL, "invalid_value", "%s", error.message);
        return;
    }
    if (type && content_type_is(type, "application/cloudevents+json"))
        read_structured(reading, value, envelope);
    else if (wf_fields_is_object(reading, value, NULL))
        envelope->data = value;
}

/* The text of an attribute that is an id; NULL if it is none, which is listed as a fault. */
static const char *
attribute_id(const struct wf_reading *reading, const char *name, const char *value)
{
    if (!value || wf_id_valid(value))
        return value;
    invalid(reading, name, value, "a text of 1 to 200 bytes without control characters");
    return NULL;
}

/* W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>.  One that is wrong is to be ignored. */
static bool
traceparent_valid(const char *text)
{
    static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'x' ? !text[i] || !strchr("0123456789abcdef", text[i]) : text[i] != form[i])
            return false;
    return true;
}

static void
apply_forwarding(const struct wf_reading *reading, const struct wf_envelope *envelope, struct wf_decoded *decoded)
{
    struct wf_task_ref task;
    int end = 0;

    if (envelope->forwarded &&
        (sscanf(envelope->forwarded, "%9d/%9d%n", &decoded->origin_partition, &decoded->hops_forwarded, &end) != 2 ||
         envelope->forwarded[end] || decoded->origin_partition < 0 || decoded->hops_forwarded < 1)) {
        invalid(reading, WF_HEADER_FORWARDED, envelope->forwarded, "a partition, a slash and a number from 1");
        decoded->origin_partition = decoded->hops_forwarded = 0;
    }
    if (envelope->databases &&
        (sscanf(envelope->databases, "%9d/%9d%n", &decoded->databases_behind, &decoded->command.version, &end) != 2 ||
         envelope->databases[end] || decoded->databases_behind < 1)) {
        invalid(reading, WF_HEADER_DATABASES, envelope->databases, "a number from 1, a slash and a version");
        decoded->databases_behind = 0;
    }
    if (!envelope->task)
        return;
    if (wf_task_ref_parse(envelope->task, strlen(envelope->task), &task)) {
        decoded->chosen_instance_id = task.instance_id;
        decoded->chosen_n = task.n;
    } else {
        invalid(reading, WF_HEADER_TASK, envelope->task, "a task id");
    }
}

static void
apply_id(const struct wf_reading *reading, const struct wf_incoming *in, const struct wf_envelope *envelope,
         struct wf_command *command)
{
    struct wf_hash128 hash;

    command->id = attribute_id(reading, "id", envelope->id);
    command->id_given = command->id;
    if (!command->id && envelope->forwarded && envelope->first_id && wf_id_valid(envelope->first_id))
        command->id = envelope->first_id;
    if (!command->id)
        command->id = wf_arena_printf(reading->arena, "%s/%d/%lld", in->topic_name, in->partition,
                                      (long long)in->offset);

    const char *source = command->source ? command->source : "";
    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, source, strlen(source));
    wf_hash128_add(&hash, command->id, strlen(command->id));
    command->id_hash = wf_hash128_uuid(&hash);
}

void
wf_envelope_apply(const struct wf_reading *reading, const struct wf_incoming *in, const struct wf_envelope *envelope,
                  struct wf_decoded *decoded)
{
    struct wf_command *command = &decoded->command;

    command->source = attribute_id(reading, "source", envelope->source);
    command->correlation_id = attribute_id(reading, "correlationid", envelope->correlation_id);
    command->incarnation = attribute_id(reading, "incarnation", envelope->incarnation);
    if (envelope->traceparent && traceparent_valid(envelope->traceparent))
        command->traceparent = envelope->traceparent;
    if (envelope->replyto && wf_codec_may_write(reading->codec, envelope->replyto))
        command->replyto = envelope->replyto;
    else if (envelope->replyto)
        invalid(reading, "replyto", envelope->replyto, "the name of a topic that may be written to");
    if (envelope->outcome && strcmp(envelope->outcome, "rejected") == 0)
        command->outcome_rejected_only = true;
    else if (envelope->outcome && strcmp(envelope->outcome, "always") != 0)
        invalid(reading, "outcome", envelope->outcome, "always or rejected");
    if (envelope->specversion && strcmp(envelope->specversion, "1.0") != 0)
        invalid(reading, "specversion", envelope->specversion, "1.0");
    apply_forwarding(reading, envelope, decoded);
    apply_id(reading, in, envelope, command);
}
