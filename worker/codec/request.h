/*
 * request.h - writes what crosses to other instances, engines and systems (control-model section 9).
 *
 * A request (core/unit.h) becomes a command to the engine concerned, in its own command topics and
 * keyed by the instance concerned.  Its id follows from what it is about, so a repeated one is a duplicate there;
 * nobody is told of its outcome unless it is rejected.  To this engine it goes to its own command topics.
 *
 * A notification is the event itself once more, to the topic of a subscription, or, where an instance
 * subscribed, the command `notify` to it.
 */
#ifndef WF_REQUEST_H
#define WF_REQUEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/message.h"
#include "codec/codec.h"
#include "core/unit.h"

/* The topic of another engine's that its start commands come on. */
void wf_engine_topic(const char *engine, char text[WF_CODEC_TEXT]);

/* A request, made ready. */
struct wf_request_target {
    char topic[WF_CODEC_TEXT]; /* another engine's, which must be known to exist; empty: ours */
    char key[WF_CODEC_TEXT];   /* the instance it is for, as text */
    const char *member;        /* notify: how it is named, "task_id" or "instance_id" */
    char id[WF_CODEC_TEXT];    /* ... and its id */
};

/* Where a request goes; false: nowhere, for the requester named no instance that could be told. */
bool wf_request_target(const struct wf_codec *codec, const struct wf_request *request,
                       struct wf_request_target *ret_target);

/* Appends the command. */
void wf_request_encode(struct wf_codec *codec, const struct wf_request *request, const struct wf_request_target *target,
                       const struct wf_command *cause, int64_t now, struct wf_buf *outbox);

/*
 * After Kafka refused for good to take a start for another engine (EOS-14): appends a notify to this engine that says so, as
 * the other one would have.  Nothing for any other message.
 */
void wf_request_refused_encode(struct wf_codec *codec, const struct wf_message *refused, const char *why, int64_t now,
                               struct wf_buf *outbox);

/* Whether a subscription wants an event. */
bool wf_subscription_wants(const struct wf_subscription *subscription, const struct wf_event *event);

/* Appends the notification of an event to a subscription that wants it; its topic is known to exist. */
void wf_notification_encode(struct wf_codec *codec, const struct wf_subscription *subscription,
                            const struct wf_event *event, const struct wf_command *cause, int64_t now,
                            struct wf_buf *outbox);

#endif
