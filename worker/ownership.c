/*
 * Who owns a partition, and the way to being served: assigned, claimed, what was left
 * unpublished published, served (EOS-3, and no other order).  A step never waits long: a
 * partition that cannot go on stays where it is until the next step.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "worker.h"

enum {
    DRAIN_LIMIT_MS = 5000,
    ASK_LIMIT_MS = 5000,
    COMMITTED_LIMIT_MS = 250,
    RESET_LIMIT_MS = 10000,
    STEP_LIMIT_MS = 1000,
    ROWS = 16 /* outbox rows republished at a time */
};

/* A number not stable for so long is looked into (EOS-13). */
#define UNSTABLE_LIMIT WF_SECOND

static void
forget_all(struct wf_worker *worker, enum wf_partition_state from, enum wf_partition_state to)
{
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state >= from)
            worker->partitions[p] = (struct wf_partition){.state = to};
}

/* The group shares all partitions among its members; those of the engine's other databases are left aside. */
static bool
is_kept_here(const struct wf_worker *worker, int32_t partition)
{
    return partition % worker->catalog.databases == worker->catalog.database_number;
}

static void
assigned(void *context, const int32_t *partitions, size_t count)
{
    struct wf_worker *worker = context;
    struct wf_error error;

    WF_FAULT(ASSIGNING);
    forget_all(worker, WF_PARTITION_ASSIGNED, WF_PARTITION_FREE);
    wf_generation_release(worker->generation);
    worker->generation = NULL;
    if (!wf_consumer_generation(worker->consumer, &worker->generation, &error)) {
        wf_log(WF_LOG_WARNING, "no group membership yet", "error=\"%s\"", error.message);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (is_kept_here(worker, partitions[i]))
            worker->partitions[partitions[i]] = (struct wf_partition){.state = WF_PARTITION_ASSIGNED};
    WF_FAULT(ASSIGNED);
    wf_log(WF_LOG_INFO, "partitions assigned", "count=%zu generation=%d", count,
           wf_generation_number(worker->generation));
}

/* In peace: what was applied is published with the generation it was taken under (EOS-16). */
static void
revoked(void *context)
{
    struct wf_worker *worker = context;
    struct wf_error error;

    wf_worker_progress(worker);
    WF_FAULT(REVOKING);
    if (worker->publisher && !wf_publisher_drain(worker->publisher, DRAIN_LIMIT_MS)) {
        if (!wf_publisher_reset(worker->publisher, RESET_LIMIT_MS, &error))
            wf_log(WF_LOG_WARNING, "could not abort what was being published", "error=\"%s\"", error.message);
    } else if (worker->publisher && worker->store) {
        WF_FAULT(DRAINED);
        wf_positions_settle(worker);
    }
    forget_all(worker, WF_PARTITION_ASSIGNED, WF_PARTITION_FREE);
    wf_generation_release(worker->generation);
    worker->generation = NULL;
    WF_FAULT(REVOKED);
    wf_log(WF_LOG_INFO, "partitions revoked", "%s", "");
}

/* Somebody else has them: publish nothing more. */
static void
lost(void *context)
{
    struct wf_worker *worker = context;
    struct wf_error error;

    wf_log(WF_LOG_WARNING, "partitions lost", "%s", "");
    WF_FAULT(LOST);
    wf_worker_progress(worker);
    if (worker->publisher && !wf_publisher_reset(worker->publisher, RESET_LIMIT_MS, &error))
        wf_log(WF_LOG_WARNING, "could not abort what was being published", "error=\"%s\"", error.message);
    forget_all(worker, WF_PARTITION_ASSIGNED, WF_PARTITION_FREE);
    wf_generation_release(worker->generation);
    worker->generation = NULL;
}

const struct wf_consumer_listener wf_ownership_listener = {.assigned = assigned, .revoked = revoked, .lost = lost};

void
wf_ownership_recover(struct wf_worker *worker)
{
    struct wf_error error;

    WF_FAULT(RECOVERING);
    if (!wf_publisher_reset(worker->publisher, RESET_LIMIT_MS, &error)) {
        wf_worker_failed(worker, &error);
        return;
    }
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state > WF_PARTITION_ASSIGNED)
            wf_consumer_halt(worker->consumer, p);
    forget_all(worker, WF_PARTITION_ASSIGNED, WF_PARTITION_ASSIGNED);
    worker->recover = false;
    WF_FAULT(RECOVERED);
}

static void
claim_all(struct wf_worker *worker)
{
    int32_t *wanted = calloc((size_t)worker->partition_count, sizeof *wanted);
    struct wf_claim *claims = calloc((size_t)worker->partition_count, sizeof *claims);
    struct wf_error error;
    size_t count = 0;

    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state == WF_PARTITION_ASSIGNED)
            wanted[count++] = p;
    if (!wf_worker_read_catalog(worker, &error)) { /* a restored database has another incarnation by now */
        worker->recover = true;
        free(wanted);
        free(claims);
        return;
    }
    WF_FAULT(CLAIMING);
    enum wf_verdict verdict = wf_store_claim(worker->store, wanted, count, claims, &error);
    if (wf_worker_store_ok(worker, verdict, &error)) {
        WF_FAULT(CLAIMED);
        for (size_t i = 0; i < count; i++) {
            struct wf_partition *partition = &worker->partitions[claims[i].partition];
            partition->state = WF_PARTITION_CLAIMED;
            partition->epoch = claims[i].epoch;
            memcpy(partition->positions, claims[i].positions, sizeof partition->positions);
            memcpy(partition->position_times, claims[i].position_times, sizeof partition->position_times);
            partition->outbox_number = claims[i].outbox_number;
            partition->published_number = claims[i].published_number;
            partition->last_slot = claims[i].last_slot;
            wf_suspects_claimed(worker, &claims[i]);
        }
    }
    free(wanted);
    free(claims);
}

/* A transaction of a dead owner is ended at once when its slot is free (EOS-13). */
static void
end_dead_transaction(struct wf_worker *worker, struct wf_partition *partition)
{
    char base_name[300], database_id[WF_UUID_TEXT + 1];
    struct wf_error error;
    bool taken = false;

    if (partition->last_slot < 0 || partition->last_slot == worker->slot ||
        !wf_worker_store_ok(worker, wf_store_try_slot(worker->store, partition->last_slot, &taken, &error), &error) ||
        !taken)
        return;
    wf_uuid_format(&worker->catalog.database_id, database_id);
    snprintf(base_name, sizeof base_name, "%s-%s-%d", worker->settings->prefix, database_id, partition->last_slot);
    WF_FAULT(FENCING);
    bool ended = wf_publisher_fence(worker->settings, base_name, ASK_LIMIT_MS, &error);
    if (ended) {
        WF_FAULT(FENCED);
        wf_log(WF_LOG_INFO, "ended the transactions of a dead worker", "slot=%d", partition->last_slot);
    } else {
        error.fate = WF_FATE_RETRY;
        wf_worker_failed(worker, &error); /* the other partitions would wait for the same */
    }
    if (wf_worker_store_ok(worker, wf_store_release_slot(worker->store, partition->last_slot, &error), &error) && ended)
        partition->last_slot = -1;
}

/* Reads which outbox row was published last; false: not known yet. */
static bool
find_published(struct wf_worker *worker, int32_t p)
{
    struct wf_partition *partition = &worker->partitions[p];
    char incarnation[WF_INCARNATION_SIZE];
    enum wf_committed state;
    struct wf_error error;
    int64_t number;

    if (!wf_consumer_committed_number(worker->consumer, p, COMMITTED_LIMIT_MS, &state, incarnation, &number, &error)) {
        wf_worker_failed(worker, &error);
        return false;
    }
    switch (state) {
    case WF_COMMITTED_UNSTABLE:
        if (!partition->unstable_since)
            partition->unstable_since = wf_clock_monotonic();
        if (wf_clock_monotonic() - partition->unstable_since > UNSTABLE_LIMIT)
            end_dead_transaction(worker, partition);
        return false;
    case WF_COMMITTED_NONE: /* the row knows, within two batches (EOS-20) */
        if (partition->outbox_number > partition->published_number &&
            strcmp(worker->settings->delivery, "exactly-once") == 0)
            wf_log(WF_LOG_WARNING, "no published number in the group: publishing again what may have been published",
                   "partition=%d above=%" PRId64 " to=%" PRId64, p, partition->published_number,
                   partition->outbox_number);
        return true;
    default:
        if (!wf_restored_check(worker, p, number, incarnation))
            return false;
        if (number > partition->published_number) /* the group falls behind while delivery is at-least-once */
            partition->published_number = number;
        return true;
    }
}

static struct wf_publication *
row_publication(struct wf_worker *worker, int32_t p, const struct wf_outbox_row *row)
{
    struct wf_publication *publication = wf_publication_new(worker->generation, worker->incarnation, 1);
    struct wf_publication_part *part = publication->parts;

    part->partition = p;
    part->outbox_number = row->number;
    memcpy(part->positions, worker->partitions[p].positions, sizeof part->positions);
    part->bytes = malloc(row->events.length ? row->events.length : 1);
    part->length = row->events.length;
    if (row->events.length)
        memcpy(part->bytes, row->events.data, row->events.length);
    return publication;
}

/* A batch without events has no row: the group learns its number and its positions all the same. */
static bool
catch_up(struct wf_worker *worker, int32_t p)
{
    struct wf_partition *partition = &worker->partitions[p];
    struct wf_outbox_row last = {.number = partition->outbox_number};
    struct wf_error error;

    if (partition->published_number >= partition->outbox_number)
        return true;
    if (!wf_publisher_submit(worker->publisher, row_publication(worker, p, &last), &error) ||
        !wf_publisher_drain(worker->publisher, DRAIN_LIMIT_MS)) {
        worker->recover = true;
        return false;
    }
    partition->published_number = last.number;
    return true;
}

/* Publishes the rows above the published number, in order; false: not all yet. */
static bool
republish(struct wf_worker *worker, int32_t p)
{
    struct wf_partition *partition = &worker->partitions[p];
    struct wf_arena arena = {0};
    struct wf_outbox_row *rows;
    struct wf_error error;
    size_t count;

    enum wf_verdict verdict =
        wf_store_outbox(worker->store, p, partition->published_number, ROWS, &arena, &rows, &count, &error);
    bool ok = wf_worker_store_ok(worker, verdict, &error);
    if (!ok)
        worker->recover = true;
    for (size_t i = 0; ok && i < count; i++) {
        WF_FAULT(REPUBLISHING);
        ok = wf_publisher_submit(worker->publisher, row_publication(worker, p, &rows[i]), &error) &&
             wf_publisher_drain(worker->publisher, DRAIN_LIMIT_MS);
        if (ok) {
            WF_FAULT(REPUBLISHED);
            partition->published_number = rows[i].number;
        } else {
            worker->recover = true;
        }
    }
    if (ok && count)
        wf_log(WF_LOG_INFO, "published what an earlier owner left", "partition=%d rows=%zu", p, count);
    wf_arena_drop(&arena);
    return ok && count < ROWS && catch_up(worker, p);
}

static void
advance(struct wf_worker *worker, int32_t p)
{
    struct wf_partition *partition = &worker->partitions[p];

    if (!find_published(worker, p))
        return;
    WF_FAULT(NUMBER_READ);
    if (!republish(worker, p))
        return;
    WF_FAULT(SERVING);
    partition->state = WF_PARTITION_SERVED;
    worker->reassign = (struct wf_reassign){.version = -1};
    wf_consumer_begin(worker->consumer, p, partition->positions);
    wf_positions_worked(worker); /* an earlier owner may not have come to it */
    wf_log(WF_LOG_INFO, "serving", "partition=%d epoch=%" PRId64 " published=%" PRId64, p, partition->epoch,
           partition->published_number);
}

static bool
any_in(const struct wf_worker *worker, enum wf_partition_state state)
{
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state == state)
            return true;
    return false;
}

/* Whether nothing stands in the way of the next step. */
static bool
may_go_on(const struct wf_worker *worker)
{
    return !worker->recover && !worker->fatal.exit_code && worker->store && worker->generation &&
           wf_clock_monotonic() >= worker->retry_at;
}

/*
 * Those whose number is not stable take COMMITTED_LIMIT_MS each, so many of them are not asked in one
 * step: served partitions would wait for it.  The next step begins behind the last one.
 */
static void
advance_some(struct wf_worker *worker)
{
    int64_t until = wf_clock_monotonic() + STEP_LIMIT_MS * WF_MILLISECOND;

    for (int32_t i = 0; i < worker->partition_count && may_go_on(worker) && wf_clock_monotonic() < until; i++) {
        worker->advance_at = (worker->advance_at + 1) % worker->partition_count;
        if (worker->partitions[worker->advance_at].state == WF_PARTITION_CHECKED) {
            wf_worker_progress(worker);
            advance(worker, worker->advance_at);
        }
    }
}

/* Before reset forgets it: what Kafka refuses for good must not come again. */
static void
note_failure(struct wf_worker *worker, const struct wf_publisher_status *status)
{
    struct wf_error error = status->error;

    wf_log(WF_LOG_WARNING, "publishing failed", "error=\"%s\"", error.message);
    if (status->refused && wf_refused_replace(worker, status))
        return;
    error.fate = WF_FATE_RETRY; /* a right or a topic may come back: nothing is given up for it */
    wf_worker_failed(worker, &error);
}

void
wf_ownership_step(struct wf_worker *worker)
{
    struct wf_publisher_status status;

    wf_worker_progress(worker);
    wf_publisher_status(worker->publisher, &status);
    if (status.state == WF_PUBLISHER_FAILED)
        worker->recover = true;
    if (worker->recover && wf_clock_monotonic() >= worker->retry_at) {
        if (status.state == WF_PUBLISHER_FAILED) /* whoever noticed it first, a batch or a republication */
            note_failure(worker, &status);
        wf_ownership_recover(worker);
    }
    wf_worker_progress(worker);
    if (may_go_on(worker) && any_in(worker, WF_PARTITION_STOPPED))
        wf_positions_look(worker);
    if (may_go_on(worker) && any_in(worker, WF_PARTITION_ASSIGNED))
        claim_all(worker);
    if (may_go_on(worker) && any_in(worker, WF_PARTITION_CLAIMED))
        wf_positions_check(worker);
    advance_some(worker);
}
