#include "codec/relay.h"

#include <endian.h>

#include "codec/envelope.h"

enum { OWN_HEADERS = 12 }; /* room kept for those that are added */

/* A message as it came, with what is to be added to it. */
struct relay {
    const struct wf_incoming *in;
    struct wf_message message;
};

static void
add(struct relay *relay, const char *name, const void *value, size_t length)
{
    wf_message_header(&relay->message, name, value, length);
}

static void
add_text(struct relay *relay, const char *name, const char *text)
{
    add(relay, name, text, strlen(text));
}

static bool
is_own(const struct wf_header *header, const char *const *own)
{
    for (; *own; own++)
        if (strlen(*own) == header->name.length && memcmp(*own, header->name.data, header->name.length) == 0)
            return true;
    return false;
}

/* Takes over the headers, but for `own` ones, which are written anew; more than fit are left behind. */
static void
copy_headers(struct relay *relay, const char *const *own)
{
    struct wf_message *message = &relay->message;

    for (size_t i = 0; i < relay->in->header_count && message->header_count < WF_MESSAGE_HEADERS_MAX - OWN_HEADERS;
         i++) {
        const struct wf_header *header = &relay->in->headers[i];
        if (is_own(header, own) || header->name.length > UINT16_MAX)
            continue;
        message->headers[message->header_count].name = header->name;
        message->headers[message->header_count++].value = header->value;
    }
}

static void
relay_begin(struct relay *relay, const struct wf_incoming *in, enum wf_topic topic, int32_t partition,
            const char *const *own)
{
    relay->in = in;
    relay->message.topic = topic;
    relay->message.name = (struct wf_slice){in->topic_name, strlen(in->topic_name)};
    relay->message.partition = partition;
    relay->message.key = in->key;
    relay->message.value = in->value;
    relay->message.header_count = 0;
    copy_headers(relay, own);
    if (in->key.data && in->key.length >= UINT16_MAX) {
        add(relay, WF_HEADER_KEY, in->key.data, in->key.length);
        relay->message.key = (struct wf_slice){0};
    }
}

void
wf_dead_letter_encode(struct wf_codec *codec, const struct wf_incoming *in, enum wf_code code, const char *detail,
                      struct wf_buf *outbox)
{
    static const char *const own[] = {"kafka_dlt-original-topic", "kafka_dlt-original-partition",
                                      "kafka_dlt-original-offset", "kafka_dlt-original-timestamp",
                                      "kafka_dlt-original-timestamp-type", "kafka_dlt-exception-fqcn",
                                      "kafka_dlt-exception-message", "pawl_code", "pawl_detail", "pawl_worker",
                                      WF_HEADER_KEY, NULL};
    uint32_t partition = htobe32((uint32_t)in->partition);
    uint64_t offset = htobe64((uint64_t)in->offset), timestamp = htobe64((uint64_t)in->timestamp);
    char class[80];
    struct relay relay;

    snprintf(class, sizeof class, "pawl.%s", wf_code_name(code));
    relay_begin(&relay, in, WF_TOPIC_DEAD_LETTER, in->partition, own);
    add_text(&relay, "kafka_dlt-original-topic", in->topic_name);
    add(&relay, "kafka_dlt-original-partition", &partition, sizeof partition);
    add(&relay, "kafka_dlt-original-offset", &offset, sizeof offset);
    if (in->timestamp >= 0) {
        add(&relay, "kafka_dlt-original-timestamp", &timestamp, sizeof timestamp);
        add_text(&relay, "kafka_dlt-original-timestamp-type", in->log_append_time ? "LogAppendTime" : "CreateTime");
    }
    add_text(&relay, "kafka_dlt-exception-fqcn", class);
    add_text(&relay, "kafka_dlt-exception-message", detail);
    add_text(&relay, "pawl_code", wf_code_name(code));
    add_text(&relay, "pawl_detail", detail);
    add_text(&relay, "pawl_worker", codec->worker);
    wf_message_encode(&relay.message, outbox);
}

void
wf_forward_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_decoded *decoded,
                  int32_t partition, const struct wf_candidate *chosen, struct wf_buf *outbox)
{
    static const char *const own[] = {WF_HEADER_FORWARDED, WF_HEADER_TASK, WF_HEADER_ID, WF_HEADER_KEY,
                                      WF_HEADER_DATABASES, NULL};
    int32_t origin = decoded->hops_forwarded ? decoded->origin_partition : in->partition;
    char forwarded[32], databases[32], task[WF_UUID_TEXT + 13];
    struct relay relay;

    (void)codec;
    relay_begin(&relay, in, in->single_topic ? WF_TOPIC_NAMED : in->topic, partition, own);
    snprintf(forwarded, sizeof forwarded, "%d/%d", origin, decoded->hops_forwarded + 1);
    add_text(&relay, WF_HEADER_FORWARDED, forwarded);
    if (chosen) {
        wf_uuid_format(&chosen->instance_id, task);
        snprintf(task + WF_UUID_TEXT, sizeof task - WF_UUID_TEXT, ":%d", chosen->n);
        add_text(&relay, WF_HEADER_TASK, task);
    }
    if (!decoded->command.id_given)
        add_text(&relay, WF_HEADER_ID, decoded->command.id);
    if (decoded->databases_behind) {
        snprintf(databases, sizeof databases, "%d/%d", decoded->databases_behind, decoded->command.version);
        add_text(&relay, WF_HEADER_DATABASES, databases);
    }
    wf_message_encode(&relay.message, outbox);
}
