/*
 * ledger.h - what the tables say of the instances of one partition, held against what the events make
 * of them (BUS-1, LOG-1).
 *
 * First the tables are entered, as one snapshot; then the events, in the order of their topics.
 * An event behind the position that the tables had then is left alone, so that both can be
 * compared while the engine works.
 */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/uuid.h"

/* What is compared, by the names of the events' members; a missing one is the text of none. */
#define LEDGER_TASK_MAP(X)                                                                                \
    X(state) X(act_id) X(pre_act_id) X(serial_no) X(branch_no) X(staff_id) X(grantor_id) X(executor_id)    \
    X(completion_flag) X(attempt) X(date_created) X(due_at)
#define LEDGER_INSTANCE_MAP(X) X(state) X(process_id) X(version) X(entity_id) X(completion_flag)

enum ledger_topic { LEDGER_TASK, LEDGER_INSTANCE, LEDGER_TOPICS };

enum { LEDGER_FIELDS = 12 };

/* The kinds of difference, as they are printed. */
#define LEDGER_KIND_MAP(X)                                                        \
    X(DIFFERENT, "different") /* the tables say one thing, the last event another */ \
    X(MISSING, "missing")     /* events that the tables count are not there       */ \
    X(REPEATED, "repeated")   /* an event came twice                              */ \
    X(ORDER, "order")         /* a sequence number does not follow the one before */ \
    X(UNKNOWN, "unknown")     /* events of what the tables do not have            */

enum ledger_kind {
#define X(name, text) LEDGER_##name,
    LEDGER_KIND_MAP(X)
#undef X
    LEDGER_KINDS
};

struct ledger {
    struct wf_arena arena;
    struct wf_map by_id;
    struct ledger_instance **instances;
    size_t count, capacity;
    int64_t awaited; /* events that the tables count and that have not come yet */
    int64_t events, tasks;
    int64_t behind;  /* of `awaited`: older than what the topics still have */
    int64_t pruned;  /* instances and tasks that only events know, and that were removed from the tables */
    const char *pruned_before; /* what was over before this time was removed; as events write times; NULL: nothing */
    void (*report)(void *context, enum ledger_kind kind, const char *whose, const char *detail);
    void *context;
};

/* An instance of the tables; `fields` in the order of LEDGER_INSTANCE_MAP, NULL: none. */
void ledger_enter_instance(struct ledger *ledger, const char *instance_id, int32_t position,
                           const char *const *fields);

/* A task of the tables; its instance must have been entered.  False if it was not. */
bool ledger_enter_task(struct ledger *ledger, const char *instance_id, int32_t n, const char *const *fields);

/*
 * An event as it was read, with its number and time (ce_sequence, ce_time); what is wrong with its number is reported at
 * once.
 */
void ledger_enter_event(struct ledger *ledger, enum ledger_topic topic, const char *json, size_t length,
                        const char *sequence, const char *time);

/*
 * After the last event: reports what differs.  `whole` says that the topics still have their first
 * record; otherwise instances whose first events are gone are left out and counted in `behind`.
 * Ids of instances that only the events know are given to `unknown`.
 */
void ledger_close(struct ledger *ledger, bool whole, void (*unknown)(void *context, const char *instance_id));

void ledger_drop(struct ledger *ledger);

#endif
