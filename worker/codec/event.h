/*
 * event.h - writes what the engine says on the bus: events, jobs, outcomes.
 *
 * Each function appends messages to an outbox buffer (base/message.h): CloudEvents 1.0 in binary
 * mode, data as messages.md says.  Absent means absent.  Nothing is allocated but the buffers'
 * growth; nothing fails.
 *
 * `now` is the time of the batch.  `cause` is the command that caused the message.
 */
#ifndef WF_EVENT_H
#define WF_EVENT_H

#include <stdint.h>

#include "base/buf.h"
#include "codec/codec.h"
#include "codec/command.h"
#include "core/institution.h"
#include "core/people.h"
#include "core/unit.h"

/* A task or instance event, to the partition of its instance. */
void wf_event_encode(struct wf_codec *codec, const struct wf_event *event, const struct wf_command *cause, int64_t now,
                     struct wf_buf *outbox);

/* The same to another topic, placed by its key, with the requester (a JSON object, or NULL) of who subscribed. */
void wf_event_encode_to(struct wf_codec *codec, const struct wf_event *event, const char *topic, const char *requester,
                        const struct wf_command *cause, int64_t now, struct wf_buf *outbox);

/* The job of a waiting automation (event->job), to `<prefix>.job.<auto_executive>`, placed by its key. */
void wf_job_encode(struct wf_codec *codec, const struct wf_event *event, const struct wf_command *cause, int64_t now,
                   struct wf_buf *outbox);

/*
 * The answer to a command, to the topic it names or to `<prefix>.outcome`, there on the
 * partition on which the command arrived.  Writes nothing if only a rejection was wanted and
 * this is none.  The key is that of the command, else the instance id, else there is none.
 */
void wf_outcome_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_command *command,
                       const struct wf_outcome *outcome, int64_t now, struct wf_buf *outbox);

/* The answer to what was refused: a rejected outcome with its code and detail. */
void wf_refusal_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_refusal *refusal,
                       int64_t now, struct wf_buf *outbox);

/* A deployed version, whole (state.definition); process->document must be there. */
void wf_definition_event_encode(struct wf_codec *codec, const struct wf_process *process,
                                const struct wf_command *cause, int64_t now, struct wf_buf *outbox);

/* One event for each object that differs between two institutions (state.institution); `before` may be NULL. */
void wf_institution_events_encode(struct wf_codec *codec, const struct wf_institution *before,
                                  const struct wf_institution *after, const struct wf_command *cause, int64_t now,
                                  struct wf_buf *outbox);

/* The event of one change of somebody's presence or authorizations (state.institution). */
void wf_people_event_encode(struct wf_codec *codec, int64_t version, const struct wf_people_change *change,
                            const struct wf_command *cause, int64_t now, struct wf_buf *outbox);

#endif
