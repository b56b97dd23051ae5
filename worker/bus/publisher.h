/*
 * publisher.h - outbox rows to Kafka: two transactional producers used in turn, hidden
 * behind a handle with a thread of its own.
 *
 * One publication is one Kafka transaction: the messages of one batch, and for each partition
 * concerned the group's offsets, the first of which carries the outbox number as metadata
 * `v1;<incarnation>;<number>` (EOS-2).  They are published strictly one after the other, in
 * the order of wf_publisher_submit(): the next begins when the commit of the one before has
 * succeeded (EOS-10).  The thread publishes while its owner applies the next batch.
 *
 * Failure: whatever goes wrong but for what is retriable puts the publisher into the state
 * `failed`; everything submitted and not published is dropped.  Whether a failed publication
 * reached Kafka is not known here (EOS-11): forget what is in memory, claim again, call
 * wf_publisher_reset(), read the committed number, submit the rows above it.
 *
 * All functions are for the thread that opened it.
 */
#ifndef WF_BUS_PUBLISHER_H
#define WF_BUS_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/message.h"
#include "base/settings.h"

struct wf_publisher;
struct wf_generation; /* consumer.h */

enum { WF_UNPUBLISHED_MAX = 2 }; /* publications under way and waiting: EOS-10 */

/* What one partition has to publish: one outbox row. */
struct wf_publication_part {
    int32_t partition;
    int64_t outbox_number;
    int64_t positions[WF_COMMAND_TOPICS]; /* real offsets, >= 0 (EOS-9): next record to take; never consumed: low
                                             watermark */
    char *bytes;                          /* framed messages (base/message.h), from malloc; NULL: none */
    size_t length;
};

/* One batch.  All of it comes from malloc, by wf_publication_new(). */
struct wf_publication {
    struct wf_generation *generation; /* one reference */
    char *incarnation;                /* of the database, from strdup; without ';' */
    size_t count;
    struct wf_publication_part *parts; /* each partition at most once */
};

/* A zeroed publication with room for `count` parts; takes a reference of its own to the generation. */
struct wf_publication *wf_publication_new(struct wf_generation *generation, const char *incarnation, size_t count);
void wf_publication_free(struct wf_publication *publication); /* with all it owns; NULL is fine */

/*
 * Ends what a dead worker left open: init_transactions on both transactional ids of a base
 * name, so that its open transaction is aborted at once (EOS-13).  The caller holds that
 * name's slot.  RETRY when there is no answer in time.
 */
bool wf_publisher_fence(const struct wf_settings *settings, const char *base_name, int limit_ms,
                        struct wf_error *reterr) WF_CHECKED;

/*
 * Connects both producers, `<base_name>-a` and `<base_name>-b` (base_name is
 * `<prefix>-<database id>-<slot>`), which ends what a predecessor of the same name left open,
 * and learns all topics of the engine.  `wake` (may be NULL) is called from the publisher's
 * thread after each change of wf_publisher_status(): it must only wake the owner.
 *
 * Fails with RETRY while Kafka is away, and then keeps nothing; FATAL with WF_EXIT_BUS when a
 * topic is missing, or state or outcome topics have another number of partitions (EOS-14).
 */
bool wf_publisher_open(const struct wf_settings *settings, int32_t partitions, const char *base_name, int limit_ms,
                       void (*wake)(void *context), void *context, struct wf_publisher **ret_publisher,
                       struct wf_error *reterr) WF_CHECKED;

/*
 * Drops what is not published, ends the thread; waits at most about `limit_ms`.  NULL is fine.  False: it does not end,
 * and may still commit what it is at.
 */
bool wf_publisher_close(struct wf_publisher *publisher, int limit_ms);

/* How many publications may be submitted now: 0 to WF_UNPUBLISHED_MAX; 0 also when failed. */
int wf_publisher_room(struct wf_publisher *publisher);

/* The same, but waits up to `limit_ms` while there is none and it has not failed. */
int wf_publisher_wait_room(struct wf_publisher *publisher, int limit_ms);

/*
 * Hands a publication over; it is the publisher's from here on, in any case.  Call it only
 * after the PostgreSQL commit was acknowledged.  False, and the publication is freed, when
 * there is no room, the publisher has failed, or a position or the generation is missing.
 */
bool wf_publisher_submit(struct wf_publisher *publisher, struct wf_publication *publication,
                         struct wf_error *reterr) WF_CHECKED;

enum wf_publisher_state {
    WF_PUBLISHER_IDLE, /* all that was submitted is published */
    WF_PUBLISHER_BUSY,
    WF_PUBLISHER_FAILED /* until wf_publisher_reset() */
};

struct wf_publisher_status {
    enum wf_publisher_state state;
    uint64_t submitted;    /* publications, since open or reset */
    uint64_t published;    /* of these */
    uint64_t messages;     /* published since open */
    int64_t busy_since;    /* monotonic: when the publication under way was begun; 0: none is */
    int64_t last_duration; /* of the last published one, microseconds from begin to committed */
    struct wf_error error; /* why it failed: RETRY, or FATAL when no repeating helps */

    /*
     * The one message that Kafka will never take (too large, no such topic or partition, no
     * right to write: EOS-14), when that is why it failed; `refused` is false otherwise.
     */
    bool refused;
    int32_t refused_partition;
    int64_t refused_number; /* outbox number */
    size_t refused_index;   /* of the message within the bytes of that part, from 0 */
};
void wf_publisher_status(struct wf_publisher *publisher, struct wf_publisher_status *ret_status);

/*
 * The highest outbox number of a partition that this publisher has published since it was opened or
 * reset; -1 for none.  For `published_number` in the next batch (EOS-15).
 */
int64_t wf_publisher_published_number(struct wf_publisher *publisher, int32_t partition);

/* Waits until nothing is under way.  True when all is published, false when it failed or time ran out. */
bool wf_publisher_drain(struct wf_publisher *publisher, int limit_ms) WF_CHECKED;

/*
 * Aborts what is under way, drops what waits, remakes producers that are dead, so that the
 * publisher is idle; when partitions are lost, and before each recovery.  RETRY when Kafka does not answer in
 * time: the publisher stays failed; call it again.  FATAL with WF_EXIT_WATCHDOG when librdkafka has not returned
 * from a transaction for settings.watchdog_ms.
 */
bool wf_publisher_reset(struct wf_publisher *publisher, int limit_ms, struct wf_error *reterr) WF_CHECKED;

/*
 * Whether a topic exists, for replyto and job topics before they enter the outbox (EOS-14).
 * Answers are remembered for a minute (unknown: five seconds), that it exists also for as long as Kafka
 * does not answer.  RETRY when there is no answer in time.
 */
bool wf_publisher_topic_known(struct wf_publisher *publisher, const char *name, size_t length, int limit_ms,
                              bool *ret_known, struct wf_error *reterr) WF_CHECKED;

#endif
