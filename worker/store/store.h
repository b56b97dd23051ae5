/*
 * store.h - what the worker keeps in PostgreSQL, behind one handle.
 *
 * A store is one connection, used by one thread.  Its life:
 *
 *     wf_store_open ─▶ wf_store_take_slot ─▶ wf_store_claim ─▶ wf_store_outbox …
 *         ▲                                        │
 *         │                  ┌─────────────────────┘
 *         │                  ▼
 *         │     ┌─▶ wf_store_load ─▶ [wf_store_candidates, _load_instances, _ask …] ─▶ wf_store_save ─┐
 *         │     └──────────────── OK, or RETRY, CUT: again from what is still there ◀─────────────────┘
 *         └──── RECONNECT: wf_store_close, wait, open, take a slot and claim again
 *
 * A unit of work is one transaction: wf_store_load begins it, wf_store_save commits it.
 * Whenever a function of the unit returns anything but OK the transaction is rolled back
 * already, or gone with its connection; wf_store_rollback() is for the caller's own reasons.
 * Each function of the unit is one round trip (libpq's pipeline mode).
 *
 * Times are microseconds since 1970, 0 is none.  Rules: exactly-once.md (EOS-n).
 */
#ifndef WF_STORE_H
#define WF_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "core/unit.h"

struct wf_store;

/*
 * What the caller does next (EOS-22, EOS-23).
 *
 * NAME         text          what happened, and what to do
 */
#define WF_VERDICT_MAP(X)                                                                         \
    X(OK,        "ok")        /* go on                                                         */ \
    X(NOT_OWNER, "not owner") /* somebody else claimed a partition of the unit: claim again    */ \
    X(RETRY,     "retry")     /* deadlock, lock timeout, lost race: the whole again, from load */ \
    X(SLOW,      "slow")      /* a statement took too long: a shorter prefix, or all of it later */ \
    X(CUT,       "cut")       /* the data of some command: apply a shorter prefix              */ \
    X(UNKNOWN,   "unknown")   /* as RETRY, but one command alone may be why                    */ \
    X(FULL,      "full")      /* the server has no room, or no disk: all of it again, later    */ \
    X(RECONNECT, "reconnect") /* the session is gone; a COMMIT may or may not have been        */ \
    X(FATAL,     "fatal")     /* wrong schema, missing rights: no command can work             */

enum wf_verdict {
#define X(name, text) WF_VERDICT_##name,
    WF_VERDICT_MAP(X)
#undef X
    WF_VERDICT_COUNT
};

const char *wf_verdict_name(enum wf_verdict verdict);

/*
 * Connects and prepares every statement; may take 5 s.  RETRY while the server is away; FATAL with
 * WF_EXIT_DATABASE for a missing, older or breaking newer schema and for missing rights.
 * `settings` (`database`) is only read during the call.
 */
bool wf_store_open(const struct wf_settings *settings, struct wf_store **ret_store, struct wf_error *reterr) WF_CHECKED;

/* Called after each result, so that only a statement that does not end keeps the watchdog from being wound up. */
void wf_store_watch(struct wf_store *store, void (*progress)(const void *context), const void *context);

/* Ends the connection, and with it an open unit and the slots.  NULL is fine. */
void wf_store_close(struct wf_store *store);

/* The connection's descriptor, to be polled for its loss while idle. */
int wf_store_socket(const struct wf_store *store);

struct wf_catalog {
    struct wf_uuid database_id; /* made at install, for ever: EOS-13 */
    struct wf_uuid incarnation; /* another one after a restore: EOS-21 */
    int32_t partitions;         /* 0: not set yet */
    int64_t institution_version;
    int64_t definition_version; /* grows with each deployment of any process */
    bool restored;              /* it had other incarnations before (EOS-21) */
    bool starts_paused;         /* no instances are to be begun */
    int32_t databases;          /* that share the engine's partitions: this one has every databases-th */
    int32_t database_number;    /* which of them it is, from 0 */
};

/* Reads the catalog; within a unit it sees the unit. */
enum wf_verdict wf_store_catalog(struct wf_store *store, struct wf_catalog *ret_catalog,
                                 struct wf_error *reterr) WF_CHECKED;

/* Slots (EOS-13): held until released or until the connection ends. */

/* Takes the lowest free slot; claims made afterwards bear it. */
enum wf_verdict wf_store_take_slot(struct wf_store *store, int32_t *ret_slot, struct wf_error *reterr) WF_CHECKED;

/* Takes this slot if nobody has it: then its last owner is dead, and its transactions may be ended. */
enum wf_verdict wf_store_try_slot(struct wf_store *store, int32_t slot, bool *ret_taken,
                                  struct wf_error *reterr) WF_CHECKED;
enum wf_verdict wf_store_release_slot(struct wf_store *store, int32_t slot, struct wf_error *reterr) WF_CHECKED;

/* A partition row as the claim found and left it. */
struct wf_claim {
    int32_t partition;
    int64_t epoch;                                /* ours now */
    int64_t positions[WF_COMMAND_TOPICS];         /* -1: never consumed */
    int64_t position_times[WF_COMMAND_TOPICS];    /* of the record before the position; 0: none (EOS-19) */
    int64_t outbox_number, published_number;
    int32_t last_slot; /* of the owner before, -1: none, or ours */
    int32_t tries;     /* claims since a record of it was applied, this one included (EOS-23) */
    int32_t begun;     /* commands that were begun together and never came to an end, as far as noted */
    int32_t suspect_topic; /* of the record that was begun alone and has not come to an end; -1: none */
    int64_t suspect_offset;
};

/*
 * Claims partitions (EOS-3), each once, in any order; `claims` has room for `count` and comes back sorted
 * by partition.  Commits.  Waits 2 s for a locked row, then ends the recorded owner's
 * backend and tries again, 6 s in all (EOS-5).  FATAL for a partition without a row.
 */
enum wf_verdict wf_store_claim(struct wf_store *store, const int32_t *partitions, size_t count,
                               struct wf_claim *claims, struct wf_error *reterr) WF_CHECKED;

/* What was published of a partition. */
struct wf_settlement {
    int32_t partition;
    int64_t epoch, published_number;
    int64_t positions[WF_COMMAND_TOPICS]; /* where to read on */
};

/* Keeps this of partitions that are given back or idle, as far as they are still ours (EOS-20).  Commits. */
enum wf_verdict wf_store_settle(struct wf_store *store, const struct wf_settlement *settlements, size_t count,
                                struct wf_error *reterr) WF_CHECKED;

/* Writes into `partitions` the epochs that the rows have now: another one than ours says that somebody decided. */
enum wf_verdict wf_store_epochs(struct wf_store *store, struct wf_settlement *partitions, size_t count,
                                struct wf_error *reterr) WF_CHECKED;

/* A command that is begun alone, by its place. */
struct wf_suspect {
    int32_t partition;
    int64_t epoch;  /* that the partition was claimed with; 0: there is no suspect */
    int32_t topic;  /* of its record; -1: one of the engine's own, */
    int64_t offset; /* which stands for itself by a hash of its id */
};

/*
 * Notes that a command is begun alone, or takes that back (`by` 1 or -1), and says how often it was, this time
 * included (EOS-23).  NOT_OWNER when the partition is somebody else's.  Commits.
 */
enum wf_verdict wf_store_suspect(struct wf_store *store, const struct wf_suspect *suspect, int32_t by,
                                 int32_t *ret_times, struct wf_error *reterr) WF_CHECKED;

/* Notes how many commands of a partition are begun together; the batch's commit takes it back.  Otherwise the same. */
enum wf_verdict wf_store_begun(struct wf_store *store, int32_t partition, int64_t epoch, int32_t count,
                               struct wf_error *reterr) WF_CHECKED;

/*
 * What the database needs now and then: partitions of the history made ahead, ids of commands older than `keep_days`
 * forgotten, at most `limit`; *ret_forgotten says how many.
 */
enum wf_verdict wf_store_upkeep(struct wf_store *store, int32_t keep_days, int32_t limit, int32_t *ret_forgotten,
                                struct wf_error *reterr) WF_CHECKED;

/* Whether events published under another incarnation were accepted as those of an earlier life (EOS-21). */
enum wf_verdict wf_store_incarnation_known(struct wf_store *store, const char *incarnation, bool *ret_known,
                                           struct wf_error *reterr) WF_CHECKED;

/* What the group's offset says of a partition. */
struct wf_published {
    int32_t partition;
    int64_t number;
    const char *incarnation;
};

/*
 * Accepts that the database was restored: a new incarnation, and numbers not below those published; at
 * least one of `published` is given.  Nothing happens if `incarnation` is not the database's any more: somebody was
 * faster.  Everybody must claim again.  Commits.
 */
enum wf_verdict wf_store_restored(struct wf_store *store, const struct wf_uuid *incarnation,
                                  const struct wf_published *published, size_t count,
                                  struct wf_error *reterr) WF_CHECKED;

struct wf_outbox_row {
    int64_t number;
    struct wf_slice events; /* message.h */
};

/* Reads at most `limit` outbox rows of a partition above a number, in order, into the arena. */
enum wf_verdict wf_store_outbox(struct wf_store *store, int32_t partition, int64_t above, size_t limit,
                                struct wf_arena *arena, struct wf_outbox_row **ret_rows, size_t *ret_count,
                                struct wf_error *reterr) WF_CHECKED;

/* Replaces the events of a row that cannot be published (EOS-14), if the partition is still ours. */
enum wf_verdict wf_store_outbox_replace(struct wf_store *store, int32_t partition, int64_t epoch, int64_t number,
                                        struct wf_slice events, struct wf_error *reterr) WF_CHECKED;

struct wf_work_partition {
    int32_t partition;
    int64_t epoch;                             /* of our claim */
    int64_t positions[WF_COMMAND_TOPICS];      /* after this batch */
    int64_t position_times[WF_COMMAND_TOPICS]; /* of the last record taken, by topic */
    int64_t published_number;                  /* rows up to it are deleted (EOS-15) */
    int32_t tries;                             /* 0; as they were, if no command of the topics is in the unit (EOS-23) */
    int64_t outbox_number;                     /* out of load: of this batch's row */
    int64_t timer_at;                          /* out of save: the earliest timer that it set; 0: none */
    struct wf_slice events;                    /* into save: no row when empty */
};

struct wf_reservation {
    struct wf_uuid instance_id;
    int32_t n;
    struct wf_uuid command_id; /* id_hash of the get-task that is on its way (EOS-6) */
};

/*
 * What a batch assigns by: people whose loads and roles whose tokens it locks (ASG-4, ASG-6).  The
 * caller keeps it from attempt to attempt of the same batch; a zeroed one is empty.
 *
 * All of it is locked by the first question of a unit, in order (EOS-24): roles, then people.  What later
 * questions add can only be tried, for waiting out of order is how deadlocks are made; where somebody holds it, and
 * where a row is yet to be made, the unit fails with RETRY and `lacking`.  Then wf_store_roster_make() and the next
 * attempt, which locks the whole from the start.
 */
struct wf_roster {
    struct wf_arena arena;
    struct wf_map known;                /* "<kind>/<id>": what is listed */
    const char **staff_ids, **role_ids;
    size_t staff_count, staff_capacity, role_count, role_capacity;
    bool lacking;
};

/* Something that falls due (core/timer.h). */
struct wf_due {
    int32_t partition;
    struct wf_uuid instance_id;
    int32_t n; /* 0: the instance */
    enum wf_timer timer;
    int64_t due_at;
};

/*
 * The timers of these partitions that fall due first, due or not yet, at most `limit` of each, in the order of
 * their times, into the arena; and the database's clock.  Outside of a unit.  Nobody but the owner of a partition
 * writes its timers, and a timer that has fired meanwhile is none to the core.
 */
enum wf_verdict wf_store_timers(struct wf_store *store, const int32_t *partitions, size_t count, int32_t limit,
                                struct wf_arena *arena, struct wf_due **ret_due, size_t *ret_count, int64_t *ret_now,
                                struct wf_error *reterr) WF_CHECKED;

/* One unit of work.  Zeroed, then filled by the lane; everything is borrowed. */
struct wf_work {
    struct wf_unit *unit;

    /* Into load. */
    struct wf_work_partition *partitions; /* each once, sorted */
    size_t partition_count;
    struct wf_command **commands; /* whose ids are to be looked up; what is remembered goes to wf_unit_add_seen() */
    size_t command_count;
    const struct wf_uuid *instance_ids; /* to be loaded; unknown and repeated ones are no error */
    size_t instance_count;

    struct wf_roster *roster;
    bool roster_held; /* set by wf_store_ask() */

    /* Out of load. */
    int64_t now; /* the database's clock; also set in the unit */
    int64_t institution_version, definition_version;

    /* Into ask. */
    const char *rule_schema;                /* of user-defined functions */
    int64_t rule_timeout_ms;                /* for one of them, and for a statement that calls them */
    void (*progress)(void *unit_context);   /* before each wait of up to rule_timeout_ms; or NULL */

    /* Into save, besides what the unit holds. */
    const struct wf_reservation *reserved, *released;
    size_t reserved_count, released_count;
    const struct wf_due *fired; /* timers that commands of the unit fired: they are gone, whatever came of it */
    size_t fired_count;
    const char *institution_document; /* the whole of unit->next_institution as an institution file; or NULL */
    const char *people_document;      /* else: what changed of people alone, as people_store() takes it; or NULL */
    int64_t next_institution_version; /* greater than institution_version */
};

/*
 * Begins the unit: locks the partitions' rows, in order, and advances them `where epoch = mine`, deletes what
 * was published, finds remembered command ids and loads the instances with their open
 * tasks, batches, winners and summaries into the unit.  NOT_OWNER where a row was claimed by
 * somebody else.
 *
 * Processes are asked of unit->process_find, which may call wf_store_process_load().
 */
enum wf_verdict wf_store_load(struct wf_store *store, struct wf_work *work, struct wf_error *reterr) WF_CHECKED;

/* Loads further instances into the unit; those that it has are left alone. */
enum wf_verdict wf_store_load_instances(struct wf_store *store, struct wf_work *work, const struct wf_uuid *ids,
                                        size_t count, struct wf_error *reterr) WF_CHECKED;

/* Where a person may look for waiting tasks. */
struct wf_offer {
    enum wf_based_on based_on; /* a group's; NONE: assigned to the person `id` by name; USER_DEFINED: offered to them */
    const char *id;
    const char *process_id, *act_id; /* only tasks of these; NULL: any */
    const char *asker, *grantor; /* who asks, and in whose name, for tasks that bar some (ASG-10); NULL: for those that bar nobody */
};

/* One get-task for the next task. */
struct wf_query {
    const struct wf_offer *offers;
    size_t offer_count;
    struct wf_candidate **candidates; /* out: oldest first; one struct for each task, shared by the queries that list it */
    size_t candidate_count;
};

/*
 * Finds what the queries could take: waiting tasks, not reserved, of instances that are not suspended,
 * oldest first (date_created, instance_id, n).  For each offer at least `spare` more
 * tasks are found than queries name it, as far as there are any, so that the queries can be
 * served one after the other.  `owned` is left false.  Candidates live in the unit's arena.
 */
enum wf_verdict wf_store_candidates(struct wf_store *store, struct wf_work *work, struct wf_query *queries,
                                    size_t count, size_t spare, struct wf_error *reterr) WF_CHECKED;

/* Makes what a roster lacks, in a transaction of its own; not within a unit. */
enum wf_verdict wf_store_roster_make(struct wf_store *store, struct wf_roster *roster, struct wf_error *reterr) WF_CHECKED;
void wf_roster_drop(struct wf_roster *roster);

/*
 * Answers unit->questions, all of a kind by one statement.  What functions are asked they answer
 * from the database as it was before the unit; what one raises, or that it takes too long, is its
 * questions' answer, and no failure of the unit (architecture decision 4).  Loads and tokens stay
 * locked until the unit's end.
 */
enum wf_verdict wf_store_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr) WF_CHECKED;

/*
 * Writes the net difference of the unit and the outbox rows, and commits.  RETRY when a
 * command id or reservation was written by somebody else meanwhile.  After RECONNECT the
 * commit is in doubt: the next claim's outbox_number tells.
 */
enum wf_verdict wf_store_save(struct wf_store *store, struct wf_work *work, struct wf_error *reterr) WF_CHECKED;

/* Ends the unit without a trace.  Nothing to do when there is none. */
enum wf_verdict wf_store_rollback(struct wf_store *store, struct wf_error *reterr) WF_CHECKED;

/*
 * The definition file of a process version, rebuilt from its rows; version 0 is the latest.
 * *ret_document is NULL when there is none.  Within a unit or outside; also from process_find.
 */
enum wf_verdict wf_store_process_load(struct wf_store *store, struct wf_arena *arena, const char *process_id,
                                      int32_t version, const char **ret_document, int32_t *ret_version,
                                      struct wf_error *reterr) WF_CHECKED;

/* The version of a process that has just this content, 0 if none, and its latest version, 0 if it is new. */
enum wf_verdict wf_store_process_match(struct wf_store *store, const char *process_id, const char *document,
                                       int32_t *ret_same, int32_t *ret_latest, struct wf_error *reterr) WF_CHECKED;

/* Calls `each` with every process and its latest version. */
enum wf_verdict wf_store_latest_versions(struct wf_store *store,
                                         void (*each)(void *context, const char *process_id, int32_t version),
                                         void *context, struct wf_error *reterr) WF_CHECKED;

/* Whether any version of any process has constraints between tasks (ASG-10), or groups of functions (ASG-1). */
enum wf_verdict wf_store_rules_in_use(struct wf_store *store, bool *ret_constraints, bool *ret_functions,
                                      struct wf_error *reterr) WF_CHECKED;

/* The whole institution as an institution file, and its version (0: none was loaded yet). */
enum wf_verdict wf_store_institution_load(struct wf_store *store, struct wf_arena *arena, const char **ret_document,
                                          int64_t *ret_version, struct wf_error *reterr) WF_CHECKED;

/* What changed of the institution since a version. */
struct wf_people {
    bool whole; /* more than presence and authorizations: read the institution again */
    struct wf_staff *staff; /* staff_id, logging_on and on_leave, and that they are given */
    const char **grantors; /* whose authorizations changed */
    struct wf_authorization *authorizations; /* all of theirs */
    size_t staff_count, staff_capacity, grantor_count, grantor_capacity, authorization_count, authorization_capacity;
};

enum { WF_PEOPLE_VERSIONS = 1000 }; /* whose changes are kept (people_store.sql) */

/* Reads it into the arena.  Within a unit or outside. */
enum wf_verdict wf_store_people(struct wf_store *store, struct wf_arena *arena, int64_t since,
                                struct wf_people *ret_people, struct wf_error *reterr) WF_CHECKED;

/* A task for the rule to be asked again (ASG-8): nobody's, of a group, or (based_on NONE) of somebody who was removed. */
struct wf_stranded {
    struct wf_uuid instance_id;
    int32_t n;
    int32_t partition;
    enum wf_based_on based_on;
    const char *group;
};

/* Finds at most `limit` such tasks of these partitions above (after, after_n), in order.  Outside a unit. */
enum wf_verdict wf_store_stranded(struct wf_store *store, const int32_t *partitions, size_t count,
                                  const struct wf_uuid *after, int32_t after_n, size_t limit, struct wf_arena *arena,
                                  struct wf_stranded **ret_tasks, size_t *ret_count, struct wf_error *reterr) WF_CHECKED;

/* Whether commands submitted by SQL wait (EOS-25).  Outside a unit. */
enum wf_verdict wf_store_submitted(struct wf_store *store, bool *ret_any, struct wf_error *reterr) WF_CHECKED;

/*
 * Takes them into the arena, in the order of their submission: at most `limit`, and no further one after `bytes`.  Within a
 * unit, whose commit deletes them.
 */
enum wf_verdict wf_store_submitted_take(struct wf_store *store, size_t limit, int64_t bytes, struct wf_arena *arena,
                                        struct wf_submitted **ret_commands, size_t *ret_count,
                                        struct wf_error *reterr) WF_CHECKED;

#endif
