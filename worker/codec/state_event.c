#include "codec/compose.h"
#include "codec/event.h"
#include "codec/institution_file.h"

static const char *
actor_of(const struct wf_command *cause)
{
    return !cause ? NULL : cause->actor ? cause->actor : cause->staff_id;
}

void
wf_definition_event_encode(struct wf_codec *codec, const struct wf_process *process, const struct wf_command *cause,
                           int64_t now, struct wf_buf *outbox)
{
    struct wf_compose compose;
    struct wf_buf *value = &codec->scratch;

    wf_compose_begin(&compose, codec, WF_TOPIC_STATE_DEFINITION, -1, now);
    wf_line_add(&compose.key, process->process_id);
    wf_line_add(&compose.key, "/");
    wf_line_int(&compose.key, process->version);
    wf_line_add(&compose.id, compose.key.text);
    wf_line_add(&compose.source, codec->source);
    wf_line_add(&compose.type, codec->prefix);
    wf_line_add(&compose.type, ".definition.deployed");
    wf_compose_attributes(&compose, compose.type.text, cause, NULL);

    wf_json_open(value, '{');
    wf_json_put_string(value, "process_id", process->process_id);
    wf_json_put_int(value, "version", process->version);
    wf_json_put_raw_opt(value, "definition", process->document);
    wf_json_put_opt(value, "actor", actor_of(cause));
    wf_json_put_opt(value, "reason", cause ? cause->reason : NULL);
    wf_compose_time(&compose, "occurred_at", now);
    wf_json_close(value, '}');
    wf_compose_end(&compose, outbox);
}

/* The events of one change of the institution. */
struct changes {
    struct wf_codec *codec;
    const struct wf_command *cause;
    int64_t version, now, count;
    struct wf_buf *outbox;
};

static void
encode_change(void *context, const struct wf_institution_change *change)
{
    struct changes *changes = context;
    struct wf_codec *codec = changes->codec;
    struct wf_compose compose;
    struct wf_buf *value = &codec->scratch;
    const char *object = wf_institution_object_name(change->object);

    wf_compose_begin(&compose, codec, WF_TOPIC_STATE_INSTITUTION, -1, changes->now);
    wf_line_add(&compose.id, "institution/");
    wf_line_int(&compose.id, changes->version);
    wf_line_add(&compose.id, "/");
    wf_line_int(&compose.id, ++changes->count); /* always compared in the same order */
    wf_line_add(&compose.source, codec->source);
    wf_line_add(&compose.type, codec->prefix);
    wf_line_add(&compose.type, change->json ? ".institution.changed" : ".institution.removed");
    wf_compose_attributes(&compose, compose.type.text, changes->cause, NULL);

    wf_json_open(value, '{');
    wf_json_put_string(value, "object", object);
    wf_json_put_string(value, "id", change->id);
    wf_json_put_int(value, "institution_version", changes->version);
    if (change->json) {
        wf_buf_byte(value, ',');
        wf_buf_append(value, change->json + 1, strlen(change->json) - 2);
    } else {
        wf_json_put_bool(value, "removed", true);
    }
    wf_compose_time(&compose, "occurred_at", changes->now);
    wf_json_close(value, '}');

    wf_buf_clear(&codec->key); /* "<object>/<id>": a role and a person may have the same id, and the topic is compacted */
    wf_buf_printf(&codec->key, "%s/%s", object, change->id);
    compose.message.key = (struct wf_slice){codec->key.data, codec->key.length};
    compose.message.name = (struct wf_slice){0};
    compose.message.value = (struct wf_slice){value->data, value->length};
    wf_message_encode(&compose.message, changes->outbox);
}

void
wf_institution_events_encode(struct wf_codec *codec, const struct wf_institution *before,
                             const struct wf_institution *after, const struct wf_command *cause, int64_t now,
                             struct wf_buf *outbox)
{
    struct changes changes = {.codec = codec, .cause = cause, .version = after->version, .now = now,
                              .outbox = outbox};

    wf_institution_compare(before, after, encode_change, &changes);
}

void
wf_people_event_encode(struct wf_codec *codec, int64_t version, const struct wf_people_change *change,
                       const struct wf_command *cause, int64_t now, struct wf_buf *outbox)
{
    struct changes changes = {.codec = codec, .cause = cause, .version = version, .now = now, .outbox = outbox};

    wf_people_describe(change, encode_change, &changes);
}
