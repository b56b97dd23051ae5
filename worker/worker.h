/*
 * worker.h - one engine worker: one consumer, one connection, two producers (architecture
 * decision 5), and the loop that ties them: take, load, apply, save, publish.
 *
 * It keeps nothing that it could not read again: partitions are claimed in PostgreSQL (EOS-3),
 * definitions and the institution are caches by version.  It may be killed at any time.
 */
#ifndef WF_WORKER_H
#define WF_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/settings.h"
#include "bus/consumer.h"
#include "bus/publisher.h"
#include "codec/codec.h"
#include "core/unit.h"
#include "store/store.h"

/* The life of a partition in this worker (EOS-3, EOS-12, EOS-16). */
enum wf_partition_state {
    WF_PARTITION_FREE,     /* not assigned to us */
    WF_PARTITION_ASSIGNED, /* to be claimed */
    WF_PARTITION_CLAIMED,  /* its positions are to be compared with the topics (EOS-19) */
    WF_PARTITION_CHECKED,  /* the published number is to be read, what is above it published */
    WF_PARTITION_SERVED,   /* its commands are taken */
    WF_PARTITION_STOPPED   /* a person must decide (EOS-19) */
};

struct wf_partition {
    enum wf_partition_state state;
    int64_t epoch;
    int64_t positions[WF_COMMAND_TOPICS]; /* next record to take, as committed in PostgreSQL */
    int64_t position_times[WF_COMMAND_TOPICS];
    int64_t outbox_number, published_number;
    int32_t last_slot;
    int32_t tries;          /* claims since a record of it was applied, this one included (EOS-23) */
    int32_t begun;          /* commands that are begun alone, for those that were begun together never came to an end */
    int32_t suspect_topic;  /* of the record that was begun alone and never came to an end, */
    int64_t suspect_offset; /* while it is waiting to be begun again; -1: none */
    int64_t unstable_since; /* monotonic; 0: its number could be read so far */
    int64_t timer_at;       /* when its first timer is due, by the database's clock; 0: to be read (own.h) */
};

/* Records of one partition of one command topic that wait for earlier ones of another topic (taking.c). */
struct wf_held {
    int64_t epoch;    /* under which they were taken; void under another */
    int64_t heard_at; /* monotonic: when the topic last had something; at first, when it was first asked */
    struct wf_record *records;
    size_t count;
};

/* Processes by version, and the newest version of each. */
struct wf_cache {
    struct wf_arena arena;           /* of the maps' keys */
    struct wf_map processes;         /* "<process_id>\n<version>" -> struct wf_process */
    struct wf_process **list;
    size_t count, capacity;
    struct wf_arena latest_arena;
    struct wf_map latest;            /* process_id -> int32_t */
    int64_t definition_version;      /* that `latest` is of; -1: not read */
    bool constraints, functions;     /* whether any definition has such (wf_store_rules_in_use) */
    struct wf_institution *institution;
    int64_t institution_version;     /* -1: not read */
    size_t people_changes;           /* authorizations put into it since it was read as a whole */
};

/* How far assignment was tried again (reassign.h). */
struct wf_reassign {
    int64_t version;       /* of the institution; -1: since partitions were taken over, for none */
    bool under_way;
    struct wf_uuid after;  /* instance and task that were looked at last */
    int32_t after_n;
    int64_t again_at;      /* when to look through them again without a new version */
    int64_t looked_at;     /* monotonic: when the institution's version was read */
};

struct wf_worker {
    const struct wf_settings *settings;
    struct wf_store *store;         /* NULL while PostgreSQL is away */
    struct wf_consumer *consumer;
    struct wf_consumer *awakened;   /* the same, for the publisher's thread: NULL once it is being closed */
    struct wf_publisher *publisher; /* NULL until a slot is held */
    struct wf_codec codec;
    struct wf_conditions *conditions; /* compiled, of all definitions (FWD-6) */
    struct wf_catalog catalog;
    char incarnation[WF_UUID_TEXT + 1];
    int32_t slot;
    struct wf_generation *generation; /* of the current assignment; NULL: none */
    struct wf_partition *partitions;  /* by number */
    int32_t partition_count;
    struct wf_held *held;             /* by partition and topic; NULL: none yet */
    bool held_back;                   /* the last batch left something there */
    int32_t advance_at;               /* the partition that was last on its way to being served */
    struct wf_cache cache;
    struct wf_reassign reassign;
    bool starts_paused;
    int64_t submitted_at;             /* monotonic: when to look for commands submitted by SQL */
    size_t submitted_limit;           /* of them at once; smaller where that took too long */
    size_t batch_limit;               /* commands; smaller where the database is slow (pace.c) */
    int64_t clock_ahead;              /* of the database's clock before the monotonic one, as last read */
    int64_t clock_read_at;            /* when; monotonic */
    int64_t retry_at, retry_wait;     /* monotonic; microseconds */
    int64_t look_at;                  /* monotonic: when to look after partitions that stand still */
    int64_t upkeep_at;                /* monotonic: when the database's upkeep is due */
    int64_t settle_at;                /* monotonic: when to settle, if nothing comes before, */
    int64_t settle_by;                /* and when at the latest */
    bool unsettled;                   /* batches were applied since the rows were last settled */
    bool recover;                     /* forget what is in memory and claim again (EOS-11) */
    struct wf_error fatal;            /* why the worker stops; exit_code 0: it does not */
};

/* Set by the signal handler: finish the batch and leave. */
extern volatile sig_atomic_t wf_worker_stop;

/* Runs until it is told to stop or cannot go on; returns the exit code. */
enum wf_exit wf_worker_run(const struct wf_settings *settings);

/* The first partition that the database has: its owner does what one worker has to do for all. */
int32_t wf_worker_first_partition(const struct wf_worker *worker);
bool wf_worker_serves_first(const struct wf_worker *worker);

/* Winds up the watchdog (EOS-17): before each wait that has a limit of its own, so that their sum has none. */
void wf_worker_progress(const struct wf_worker *worker);

/* Ends the process when the publisher has outlived all its limits: it would keep its partitions for ever (EOS-17). */
void wf_worker_watch_publisher(const struct wf_worker *worker);

/* connect.c: opens what is closed; false while something is away (the caller waits) or fatal. */
bool wf_worker_connect(struct wf_worker *worker);
void wf_worker_disconnect(struct wf_worker *worker);

/* Reads the catalog's row again; false after wf_worker_failed(). */
bool wf_worker_read_catalog(struct wf_worker *worker, struct wf_error *error);

/*
 * Leaves init-instance commands where they are, or takes them again; as the catalog says, which is looked at once a
 * second.  Not where all commands come on one topic.
 */
void wf_worker_pause_starts(struct wf_worker *worker, bool paused);

/* After a failure: RETRY waits longer and longer, FATAL stops the worker. */
void wf_worker_failed(struct wf_worker *worker, const struct wf_error *error);

/*
 * What became of something asked of the store: true for OK.  Otherwise after wf_worker_failed(), and with the
 * connection closed if that is the reason (EOS-22): `worker->store` is NULL then, and the next turn opens another.
 */
bool wf_worker_store_ok(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error);

/* upkeep.c: what the database needs every hour, if it is due and ours to do. */
void wf_upkeep(struct wf_worker *worker);

/*
 * submitted.c: commands that applications submit by SQL go into the outbox, if it is time to look and ours to do (EOS-25);
 * and microseconds until it will be, at most `limit`.
 */
void wf_submitted_step(struct wf_worker *worker);
int64_t wf_submitted_wait(const struct wf_worker *worker, int64_t limit);

/* ownership.c: what rebalances bring, and partitions on their way to being served. */
extern const struct wf_consumer_listener wf_ownership_listener;
void wf_ownership_step(struct wf_worker *worker);
/* Claims everything again: after an error of the publisher, the database or the ownership. */
void wf_ownership_recover(struct wf_worker *worker);

/* suspects.c: what was begun in a partition, and never came to an end (EOS-23). */
void wf_suspects_claimed(struct wf_worker *worker, const struct wf_claim *claim);

/* positions.c: where the command topics are read (EOS-19). */
void wf_positions_check(struct wf_worker *worker);  /* claimed partitions: against what the topics have */
void wf_positions_look(struct wf_worker *worker);   /* stopped partitions: whether somebody has decided */
void wf_positions_settle(struct wf_worker *worker); /* served partitions: the rows learn where we are */
void wf_positions_worked(struct wf_worker *worker); /* a batch was applied, or a partition begun */
void wf_positions_keep(struct wf_worker *worker, bool idle); /* settles after a while of idleness, or when it is time */

/* restored.c: whether what was published from a partition can have come from this database (EOS-21). */
bool wf_restored_check(struct wf_worker *worker, int32_t p, int64_t number, const char *incarnation);

/* refused.c: puts a dead letter in the place of an event that Kafka will never take (EOS-14); false: not yet. */
bool wf_refused_replace(struct wf_worker *worker, const struct wf_publisher_status *status);

/* cache.c: definitions and the institution, by version. */
struct wf_process *wf_cache_process(struct wf_worker *worker, const char *process_id, int32_t version);
bool wf_cache_refresh(struct wf_worker *worker, int64_t institution_version, int64_t definition_version,
                      struct wf_error *reterr) WF_CHECKED;
/* After a unit that changed people in place and failed: what is cached is not so. */
void wf_cache_forget_people(struct wf_worker *worker);
/* Between units: drops processes when there are too many. */
void wf_cache_trim(struct wf_worker *worker);
void wf_cache_drop(struct wf_cache *cache);

/* Waits for news or for the retry; serves rebalances meanwhile. */
void wf_worker_wait(struct wf_worker *worker, bool records, int64_t limit);

#endif
