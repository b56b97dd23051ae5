/*
 * envelope.h - the CloudEvents attributes of a command, and where its data lies.
 */
#ifndef WF_ENVELOPE_H
#define WF_ENVELOPE_H

#include "codec/command.h"
#include "codec/fields.h"

/* What the engine adds when it passes a command on (relay.h). */
#define WF_HEADER_FORWARDED "pawl_forwarded"
#define WF_HEADER_TASK "pawl_task"
#define WF_HEADER_ID "pawl_id"
#define WF_HEADER_KEY "pawl_key"
#define WF_HEADER_DATABASES "pawl_databases"

struct wf_envelope {
    const char *id, *source, *type, *correlation_id, *traceparent, *replyto, *outcome, *incarnation;
    const char *specversion, *content_type, *data_content_type; /* content_type: the header */
    const char *forwarded, *task, *first_id, *databases;        /* the engine's own headers */
    struct wf_slice data;                                       /* checked JSON; data NULL: there is none */
};

/* Reads the headers; what is wrong is listed in reading->faults. */
void wf_envelope_headers(const struct wf_reading *reading, const struct wf_incoming *in, struct wf_envelope *envelope);

/* Reads the value: the data itself, or in structured mode an object with attributes and `data`. */
void wf_envelope_value(const struct wf_reading *reading, const struct wf_incoming *in, struct wf_envelope *envelope);

/* Puts the attributes into a command, as far as they are right; `id` is set in any case. */
void wf_envelope_apply(const struct wf_reading *reading, const struct wf_incoming *in,
                       const struct wf_envelope *envelope, struct wf_decoded *decoded);

#endif
