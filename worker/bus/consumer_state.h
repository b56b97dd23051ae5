/*
 * consumer_state.h - what is inside a wf_consumer; for consumer.c, take.c and ask.c alone.
 */
#ifndef WF_BUS_CONSUMER_STATE_H
#define WF_BUS_CONSUMER_STATE_H

#include "bus/consumer.h"
#include "bus/kafka.h"

/* One partition of one command topic. */
struct source {
    rd_kafka_queue_t *queue; /* its own, from the first begin to the close; NULL before */
    int64_t next;            /* offset of the next record to take; what the next assign begins at */
    bool caught_up;          /* its end was reached since the begin */
};

struct partition {
    bool assigned; /* in all command topics */
    bool begun;    /* consumed; only if assigned */
    struct source sources[WF_COMMAND_TOPICS];
};

struct wf_consumer {
    const struct wf_settings *settings;
    int32_t database; /* whose group it is */
    struct wf_consumer_listener listener;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *events; /* rebalances and errors; wf_consumer_poll() serves it */

    int topics; /* WF_COMMAND_TOPICS, or 1 */
    char names[WF_COMMAND_TOPICS][WF_KAFKA_NAME_SIZE];
    int32_t partition_count;
    struct partition *partitions;

    bool passed_over[WF_COMMAND_TOPICS]; /* topics whose records nobody waits for */
    bool owns;                        /* between assigned and revoked or lost */
    bool stale;                       /* what is begun, or where, is not what librdkafka was told */
    struct wf_generation *generation; /* of the current assignment, or NULL */

    int wake_fd;    /* eventfd: a rebalance, an error, wf_consumer_wake() */
    int records_fd; /* eventfd: a queue was empty and got a record */
};

/* The index of a topic in names and sources. */
static inline int
consumer_topic(const struct wf_consumer *consumer, enum wf_topic topic)
{
    return (int)topic < consumer->topics ? (int)topic : 0;
}

/* The partition of a number, or NULL if it is out of range. */
static inline struct partition *
consumer_partition(const struct wf_consumer *consumer, int32_t number)
{
    return number >= 0 && number < consumer->partition_count ? &consumer->partitions[number] : NULL;
}

#endif
