/*
 * replay_kafka.h - the replay driver's side of Kafka: commands out, events and outcomes in.
 *
 * One thread, one producer (idempotent) and one consumer (read_committed) that is assigned
 * every partition of both state topics and of the outcome topic from where they end when it
 * is opened; it is in no group.
 */
#ifndef REPLAY_KAFKA_H
#define REPLAY_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/message.h"

enum replay_command { REPLAY_INIT, REPLAY_GET, REPLAY_END, REPLAY_COMMANDS };
enum replay_topic { REPLAY_TASK, REPLAY_INSTANCE, REPLAY_OUTCOME, REPLAY_TOPICS };

struct replay_kafka; /* opaque: hides librdkafka */

/* A message of the engine; the slices live until the next replay_kafka_take(). */
struct replay_event {
    enum replay_topic topic;
    struct wf_slice id, type, sequence; /* ce_id, ce_type, ce_sequence; absent ones are empty */
    struct wf_slice value;
};

/*
 * `outcome` is when an outcome is wanted ("always" or "rejected").  Waits at most 30 seconds
 * for brokers and topics.  Closed with replay_kafka_close(), also after a failure.
 */
bool replay_kafka_open(const char *brokers, const char *prefix, const char *outcome,
                       struct replay_kafka **ret_kafka, struct wf_error *reterr) WF_CHECKED;
void replay_kafka_close(struct replay_kafka *kafka);

/* Sends a command with the instance as its key; what is passed is copied. */
bool replay_kafka_send(struct replay_kafka *kafka, enum replay_command command, struct wf_slice key,
                       struct wf_slice id, const struct wf_buf *data, struct wf_error *reterr) WF_CHECKED;

/* The next message, or false when none has come within the time. */
bool replay_kafka_take(struct replay_kafka *kafka, int timeout_ms, struct replay_event *ret_event) WF_CHECKED;

/* Serves the producer; false once a command could not be delivered or the producer is broken. */
bool replay_kafka_serve(struct replay_kafka *kafka, struct wf_error *reterr) WF_CHECKED;

#endif
