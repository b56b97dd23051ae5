/*
 * consumer.h - commands from Kafka: one member of the consumer group, hidden behind a handle.
 *
 * The consumer knows where to read only from its caller: PostgreSQL holds the positions
 * (EOS-19), the group's offsets are written by the publisher alone (EOS-2).  A partition
 * number stands for that partition of all command topics at once; they are assigned
 * together (range), and a number that is not assigned in all of them is not handed out
 * (EOS-7).
 *
 * The life of a partition:
 *
 *     assigned() ──▶ [claim, committed number, republish] ──▶ wf_consumer_begin() ──▶ wf_consumer_take() …
 *         ▲                                                        ▲      │
 *         └── next rebalance ◀── revoked() or lost() ◀─────────────┴──────┘ wf_consumer_seek(), _halt()
 *
 * All functions are for the one thread that opened the consumer, but wf_consumer_wake().
 * While Kafka is away nothing fails here but the functions that ask it something: they
 * return a RETRY error after their limit, and librdkafka reconnects by itself.
 *
 * With settings.command_topic set there is one command topic instead of five: its records
 * bear WF_TOPIC_COMMAND_END (0) as their topic whatever they ask for, and only positions[0]
 * is used anywhere (wf_consumer_topics() is then 1).
 */
#ifndef WF_BUS_CONSUMER_H
#define WF_BUS_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/message.h"
#include "base/settings.h"

struct wf_consumer;
struct wf_generation;

/*
 * What the owner of the consumer does in a rebalance.  All are called from within
 * wf_consumer_poll() and wf_consumer_close(), never from another thread.
 */
struct wf_consumer_listener {
    void *context;

    /*
     * These partition numbers are ours from now on, in all command topics; they are all we
     * have (eager protocol: every rebalance first revokes everything).  Called also with
     * none.  The array is valid during the call.  May call wf_consumer_generation() and
     * wf_consumer_begin(); what is begun later is just as good.  Must return within 5 s.
     */
    void (*assigned)(void *context, const int32_t *partitions, size_t count);

    /*
     * All partitions are taken away, in peace: finish or roll back, publish with the
     * generation captured before, within 5 s (EOS-16).  Records may still be held and released
     * later; nothing more can be taken.
     */
    void (*revoked)(void *context);

    /* All partitions are somebody else's already: abort, roll back, publish nothing (EOS-16). */
    void (*lost)(void *context);
};

/*
 * Connects and subscribes; waits at most `limit_ms` for Kafka.  `database` is which of the engine's it is for (kafka.h),
 * `partitions` the number that it knows, or 0 to take that of the topics.
 *
 * Fails with RETRY while Kafka is away, and then keeps nothing: call it again.  FATAL with
 * WF_EXIT_BUS where a command topic is missing or has another number of partitions (the
 * message names it), and with WF_EXIT_USAGE for a wrong kafka_config.  `settings` must
 * outlive the consumer; `listener` is copied.
 */
bool wf_consumer_open(const struct wf_settings *settings, int32_t database, int32_t partitions,
                      const struct wf_consumer_listener *listener, int limit_ms, struct wf_consumer **ret_consumer,
                      struct wf_error *reterr) WF_CHECKED;

/*
 * Leaves the group and gives everything back.  Calls listener.revoked first when partitions
 * are assigned, so close it before the publisher; release all records before.  After
 * `limit_ms` (librdkafka may hang when a partition was lost) the handle is abandoned as it is:
 * for a process that is about to end.  NULL is fine.
 */
void wf_consumer_close(struct wf_consumer *consumer, int limit_ms);

/* The number of partitions of each command topic. */
int32_t wf_consumer_partitions(const struct wf_consumer *consumer);

/* How many command topics there are: WF_COMMAND_TOPICS, or 1 with settings.command_topic. */
int wf_consumer_topics(const struct wf_consumer *consumer);

/* Serves rebalances (the listener is called) and logs what librdkafka has to say.  Never waits. */
void wf_consumer_poll(struct wf_consumer *consumer);

/*
 * Whether wf_consumer_wait() ends for records of a topic: not while nobody takes them.  What was fetched of it stays
 * queued, up to queue_kbytes a partition.
 */
void wf_consumer_pass_over(struct wf_consumer *consumer, enum wf_topic topic, bool passed_over);

/*
 * Waits until something may have happened: records on a begun partition, a rebalance to be
 * served by wf_consumer_poll(), a wf_consumer_wake().  May return early for nothing.
 *
 * Records are only looked at when `records` is true.  Pass false while no more can be taken,
 * and before waiting take from every topic of every begun partition: a queue that holds
 * something makes this return at once.
 */
void wf_consumer_wait(struct wf_consumer *consumer, bool records, int timeout_ms);

/* Ends the current or the next wf_consumer_wait().  From any thread and from signal handlers. */
void wf_consumer_wake(struct wf_consumer *consumer);

/*
 * Consumption of a partition begins, or goes on, at these positions (the offset of the next
 * record to take of each command topic, >= 0; a partition that was never consumed begins at
 * its low watermarks).  Records that wait in the queues are dropped; records already
 * taken stay the caller's.  So a rollback is either: keep the records and apply them again,
 * or release them and wf_consumer_seek() to the stored positions.
 *
 * Other partitions are not disturbed: nothing of theirs is lost or repeated.  (librdkafka's
 * eager protocol knows only whole assignments; the next poll or wait assigns the longer list,
 * the others at where they are, and until then nothing can be taken.  Begin together what
 * can begin together.)  A partition not assigned is ignored.
 */
void wf_consumer_begin(struct wf_consumer *consumer, int32_t partition, const int64_t positions[WF_COMMAND_TOPICS]);
void wf_consumer_seek(struct wf_consumer *consumer, int32_t partition, const int64_t positions[WF_COMMAND_TOPICS]);

/* The next record of a topic is at this offset or behind: before it there are only marks of transactions. */
void wf_consumer_pass_marks(struct wf_consumer *consumer, int32_t partition, enum wf_topic topic, int64_t offset);

/* Stops the consumption of one partition, which stays ours; wf_consumer_begin() starts it again. */
void wf_consumer_halt(struct wf_consumer *consumer, int32_t partition);

struct wf_record {
    enum wf_topic topic; /* < WF_COMMAND_TOPICS */
    int32_t partition;
    int64_t offset;      /* the position after it is offset + 1 */
    int64_t timestamp;   /* microseconds since 1970, as the topic keeps it; 0: none */
    struct wf_slice key; /* data NULL: absent */
    struct wf_slice value;
    size_t header_count;
    const struct wf_header *headers;
    void *message; /* librdkafka's; all slices point into it */
};

/*
 * Takes at most `limit` records that have come from one queue, in order, without waiting; 0 is
 * a fine answer.  The caller releases each of them; until then they stay valid, also across
 * rebalances, but not after wf_consumer_close().
 *
 * Not taking is all the backpressure there is to do: each queue holds at most settings.queue_kbytes.
 *
 * Fails when the topic no longer has the position (retention ate it, or the topic was made
 * anew: EOS-19): FATAL for this partition, which is halted; the others go on.  What was taken
 * before is in records and *ret_count all the same.
 *
 * *ret_caught_up says whether the end of the topic has been reached since the partition was begun; what
 * comes after that was sent later.
 */
bool wf_consumer_take(struct wf_consumer *consumer, int32_t partition, enum wf_topic topic, size_t limit,
                      struct wf_record *records, size_t *ret_count, bool *ret_caught_up,
                      struct wf_error *reterr) WF_CHECKED;

/* Bytes of keys, values and headers of a record, for the limit of a batch. */
size_t wf_record_size(const struct wf_record *record);

/* Gives one record back, or many; the struct is zeroed.  A zeroed record is fine. */
void wf_record_release(struct wf_record *record);
void wf_records_release(struct wf_record *records, size_t count);

/* The low and the high watermark of one partition.  Fails with RETRY when there is no answer in time. */
bool wf_consumer_watermarks(struct wf_consumer *consumer, enum wf_topic topic, int32_t partition, int timeout_ms,
                            int64_t *ret_low, int64_t *ret_high, struct wf_error *reterr) WF_CHECKED;

/* A question to wf_consumer_record_times(), and its answer. */
struct wf_record_time {
    enum wf_topic topic;
    int32_t partition;
    int64_t offset;
    bool found;        /* out: there is a record at exactly this offset */
    int64_t timestamp; /* out: its timestamp in microseconds; 0 if not found */
    int64_t next;      /* out: offset of the first record at or behind it, or the topic's end; -1: unknown */
};

/*
 * Reads the timestamps of single records, the ones before the positions (EOS-19), all at once;
 * by a connection of its own, so that consumption is not disturbed.  At most one question a
 * topic and partition.  Fails with RETRY when not all are answered in time.
 */
bool wf_consumer_record_times(struct wf_consumer *consumer, struct wf_record_time *questions, size_t count,
                              int timeout_ms, struct wf_error *reterr) WF_CHECKED;

enum { WF_INCARNATION_SIZE = 64 }; /* bytes, with the NUL */

enum wf_committed {
    WF_COMMITTED_FOUND,
    WF_COMMITTED_NONE,    /* nothing committed, or no number with it (EOS-20) */
    WF_COMMITTED_UNSTABLE /* no answer in time: a transaction is open (EOS-12), or Kafka is away; ask again */
};

/*
 * Reads the number last published for a partition, which the committed offset of the first
 * command topic carries (EOS-2, EOS-12).  Waits at most `timeout_ms`.  `incarnation` and
 * *ret_number are written only when found.  Fails with RETRY for what may work later, with
 * FATAL and WF_EXIT_BUS for missing rights.
 */
bool wf_consumer_committed_number(struct wf_consumer *consumer, int32_t partition, int timeout_ms,
                                  enum wf_committed *ret_state, char incarnation[WF_INCARNATION_SIZE],
                                  int64_t *ret_number, struct wf_error *reterr) WF_CHECKED;

/*
 * The membership under which the current partitions were assigned (EOS-8), captured when they
 * were, and checked: a generation >= 0 and a member id.  Fails with RETRY when there is none
 * (no assignment yet, or lost).  The caller releases the reference.
 */
bool wf_consumer_generation(struct wf_consumer *consumer, struct wf_generation **ret_generation,
                            struct wf_error *reterr) WF_CHECKED;

/* Reference counting, from any thread.  Outlives the consumer. */
struct wf_generation *wf_generation_ref(struct wf_generation *generation);
void wf_generation_release(struct wf_generation *generation); /* NULL is fine */

/* The number of the generation, for logs. */
int32_t wf_generation_number(const struct wf_generation *generation);

#endif
