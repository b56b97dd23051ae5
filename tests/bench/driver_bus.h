/*
 * driver_bus.h - the driver's side of Kafka: commands out, events, outcomes and jobs in.
 *
 * One thread, one producer (idempotent) and one consumer (read_committed) that is assigned
 * every partition of both state topics, of the outcome topic and of the topic of jobs, from where
 * they end when it is opened; it is in no group.
 */
#ifndef DRIVER_BUS_H
#define DRIVER_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/message.h"

enum bus_command { BUS_INIT, BUS_GET, BUS_END, BUS_COMMANDS };
enum bus_topic { BUS_TASK, BUS_INSTANCE, BUS_OUTCOME, BUS_JOB, BUS_TOPICS };

struct bus; /* opaque: hides librdkafka */

struct bus_options {
    const char *brokers, *prefix;
    const char *outcome; /* when one is wanted: "always" or "rejected" */
    const char *jobs;    /* suffix of the topic of jobs; NULL: none */
    const char *linger;  /* milliseconds that the producer waits for more commands */
};

/* A message of the engine; the slices live until the next bus_take(). */
struct bus_event {
    enum bus_topic topic;
    struct wf_slice id, type, sequence; /* ce_id, ce_type, ce_sequence; absent ones are empty */
    struct wf_slice value;
};

/* Waits at most 30 seconds for brokers and topics.  Closed with bus_close(), also after a failure. */
bool bus_open(const struct bus_options *options, struct bus **ret_bus, struct wf_error *reterr) WF_CHECKED;
void bus_close(struct bus *bus);

/* Sends a command with the instance as its key; what is passed is copied. */
bool bus_send(struct bus *bus, enum bus_command command, struct wf_slice key, struct wf_slice id,
              const struct wf_buf *data, struct wf_error *reterr) WF_CHECKED;

/* The next message, or false when none has come within the time. */
bool bus_take(struct bus *bus, int timeout_ms, struct bus_event *ret_event) WF_CHECKED;

/* Serves the producer; false once a command could not be delivered or the producer is broken. */
bool bus_serve(struct bus *bus, struct wf_error *reterr) WF_CHECKED;

#endif
