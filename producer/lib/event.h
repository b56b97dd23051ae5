/*
 * event.h - an event or a job as it was read.
 */
#ifndef WF_LIB_EVENT_H
#define WF_LIB_EVENT_H

#include <librdkafka/rdkafka.h>

#include "document.h"
#include "pawl.h"

struct pawl_event {
    rd_kafka_message_t *message;
    struct wf_document document;
};

/* Takes the message over. */
pawl_event *wf_event_of(rd_kafka_message_t *message);

#endif
