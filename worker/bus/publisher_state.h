/*
 * publisher_state.h - what is inside a wf_publisher; for publisher.c, publish.c and producer.c alone.
 */
#ifndef WF_BUS_PUBLISHER_STATE_H
#define WF_BUS_PUBLISHER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "bus/kafka.h"
#include "bus/publisher.h"

enum { WF_PRODUCERS = 2 }; /* they take turns: EOS-10 */

/* What the delivery reports of one transaction say. */
struct delivery {
    size_t reported;
    rd_kafka_resp_err_t error; /* of the first message that failed */
    size_t failed;             /* its index within the publication */
};

/* A topic of a replyto or a job, held so that librdkafka keeps its metadata. */
struct named_topic {
    rd_kafka_topic_t *topic; /* NULL while the producer is dead */
    bool doubtful;           /* ask again before it is used */
};

/*
 * One producer: transactional, or with an empty id idempotent only.  `kafka` is NULL when it is dead, until it is remade.  The handle
 * is made and destroyed, and the list of named topics changed, under `lock`, because the owner looks up
 * topics while the thread publishes; the other members are the publisher's thread's, or its owner's while
 * nothing is under way.
 */
struct producer {
    const struct wf_settings *settings;
    char id[300];
    pthread_mutex_t lock;
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topics[WF_TOPIC_COUNT];
    struct wf_map named;   /* topics of replyto and jobs: name to struct named_topic */
    struct wf_arena arena; /* of these */
    struct delivery delivery;
};

/* Connects, without init_transactions. */
bool producer_open(const struct wf_settings *settings, const char *id, struct producer *producer,
                   struct wf_error *reterr) WF_CHECKED;

bool producer_is_transactional(const struct producer *producer);

/* Waits for init_transactions until a deadline; not if it is not transactional. */
bool producer_init(struct producer *producer, int64_t deadline, struct wf_error *reterr) WF_CHECKED;

/* Meets all topics of the engine, and the named ones it had met when it died. */
bool producer_meet_all(struct producer *producer, int32_t partitions, int64_t deadline,
                       struct wf_error *reterr) WF_CHECKED;

/* Meets one named topic, from either thread; NULL if there is none of this name.  The producer keeps the topic. */
bool producer_meet(struct producer *producer, const char *name, int timeout_ms, rd_kafka_topic_t **ret_topic,
                   struct wf_error *reterr) WF_CHECKED;

/* Destroys the handle; the names of named topics stay.  It can be opened again. */
void producer_kill(struct producer *producer);

/* Kills it and gives the rest back. */
void producer_drop(struct producer *producer);

/* Where in a publication a message lies that Kafka refused: EOS-14. */
struct refusal {
    bool refused;
    int32_t partition;
    int64_t number;
    size_t index;
};

/*
 * Publishes one publication, as one transaction if the producer is transactional.  On failure the
 * transaction is aborted, or the producer killed where that did not work; nothing of the publication is
 * in use any more.
 */
bool publication_publish(struct producer *producer, const struct wf_publication *publication,
                         const atomic_bool *cancelled, size_t *ret_messages, struct refusal *ret_refusal,
                         struct wf_error *reterr) WF_CHECKED;

struct known_topic {
    bool known;
    int64_t until; /* wf_clock_monotonic() */
};

struct wf_publisher {
    const struct wf_settings *settings;
    bool transactional; /* settings.delivery */
    int32_t partitions;
    void (*wake)(void *context);
    void *context;
    struct producer producers[WF_PRODUCERS];
    pthread_t thread;

    pthread_mutex_t lock; /* of all that follows but `cancelled` and the owner's cache */
    pthread_cond_t changed;
    struct wf_publication *waiting[WF_UNPUBLISHED_MAX];
    size_t waiting_count;
    struct wf_publication *current; /* the thread is at it */
    struct wf_publisher_status status;
    int64_t *published_numbers; /* by partition */
    int turn;
    bool stop;

    atomic_bool cancelled;

    int64_t stuck_since;  /* the owner's, monotonic: the thread does not come back from librdkafka; 0: it does */
    struct wf_map known; /* the owner's answers to wf_publisher_topic_known(): name to struct known_topic */
    struct wf_arena known_arena;
};

#endif
