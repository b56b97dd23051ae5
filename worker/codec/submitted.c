#include "codec/submitted.h"

#include "base/hash.h"
#include "codec/compose.h"

/* The topic; the table has no commands but these. */
static enum wf_topic
topic_of(const char *command)
{
    enum wf_topic topic = 0;

    while (topic < WF_COMMAND_TOPICS - 1 && strcmp(wf_topic_suffix(topic) + strlen("command."), command) != 0)
        topic++;
    return topic;
}

void
wf_submitted_encode(struct wf_codec *codec, const struct wf_submitted *submitted, const char *command_topic,
                    int32_t partition_count, int64_t now, struct wf_buf *outbox)
{
    const char *place = submitted->key ? submitted->key : submitted->id;
    bool single = command_topic && *command_topic;
    struct wf_compose compose;

    wf_compose_begin(&compose, codec, single ? WF_TOPIC_NAMED : topic_of(submitted->command),
                     wf_partition_of(place, strlen(place), partition_count), now);
    if (single)
        wf_line_add(&compose.name, command_topic);
    if (submitted->key)
        wf_line_add(&compose.key, submitted->key);
    wf_line_add(&compose.type, codec->prefix);
    wf_line_add(&compose.type, ".command.");
    wf_line_add(&compose.type, submitted->command);
    wf_compose_header(&compose, "content-type", "application/json");
    wf_compose_header(&compose, "ce_specversion", "1.0");
    wf_compose_header(&compose, "ce_id", submitted->id);
    wf_compose_header(&compose, "ce_type", compose.type.text);
    for (size_t i = 0; i + 1 < submitted->header_count; i += 2)
        wf_compose_header(&compose, submitted->headers[i], submitted->headers[i + 1]);
    wf_buf_puts(compose.value, submitted->data);
    wf_compose_end(&compose, outbox);
}
