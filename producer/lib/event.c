#include "event.h"

#include "memory.h"
#include "reader.h"

pawl_event *
wf_event_of(rd_kafka_message_t *message)
{
    pawl_event *event = WF_NEW(pawl_event);

    event->message = message;
    wf_document_set(&event->document, message->payload, message->len);
    return event;
}

void
pawl_event_free(pawl_event *event)
{
    if (!event)
        return;
    wf_document_drop(&event->document);
    rd_kafka_message_destroy(event->message);
    free(event);
}

const char *
pawl_event_attribute(const pawl_event *event, const char *name)
{
    char header[64];
    size_t length;

    snprintf(header, sizeof header, "ce_%s", name);
    return wf_message_header_text(event->message, header, &length);
}

const char *
pawl_event_topic(const pawl_event *event)
{
    return rd_kafka_topic_name(event->message->rkt);
}

int32_t
pawl_event_partition(const pawl_event *event)
{
    return event->message->partition;
}

int64_t
pawl_event_offset(const pawl_event *event)
{
    return event->message->offset;
}

/* The document parses itself when it is first asked, which the caller cannot see. */
static struct wf_document *
document_of(const pawl_event *event)
{
    return (struct wf_document *)(uintptr_t)&event->document;
}

const char *
pawl_event_text(const pawl_event *event, const char *path)
{
    return wf_document_text(document_of(event), path);
}

int64_t
pawl_event_number(const pawl_event *event, const char *path, int64_t otherwise)
{
    return wf_document_number(document_of(event), path, otherwise);
}

const char *
pawl_event_json(const pawl_event *event)
{
    return event->document.text;
}
