/*
 * restored.c - a database that is older than what was published from it: restored to an earlier time, or a
 * standby promoted with losses (EOS-21).  One that never was what published is another one, and nobody is let
 * take it for the engine's unasked.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "worker.h"

enum { COMMITTED_LIMIT_MS = 1000 };

static void
stop_restored(struct wf_worker *worker, int32_t p, int64_t number, const char *incarnation)
{
    wf_fail(&worker->fatal, WF_FATE_FATAL,
            "partition %d: outbox row %" PRId64 " of database incarnation %s was published, but this database (%s) is "
            "at %" PRId64 ": it was restored to an earlier time; \"pawl db restored\" lets the engine go on",
            p, number, incarnation, worker->incarnation, worker->partitions[p].outbox_number);
    worker->fatal.exit_code = WF_EXIT_RESTORED;
}

static void
stop_foreign(struct wf_worker *worker, int32_t p, const char *incarnation)
{
    wf_fail(&worker->fatal, WF_FATE_FATAL,
            "partition %d was published by another database (incarnation %s; this one is %s): are \"database\" and "
            "\"prefix\" right? if this one was restored to a time before an earlier restore, \"pawl db restored "
            "--from %s\" lets the engine go on",
            p, incarnation, worker->incarnation, incarnation);
    worker->fatal.exit_code = WF_EXIT_RESTORED;
}

/* Whether the database is, or was, the incarnation; false, with an error: not to be known now. */
static bool
is_known(struct wf_worker *worker, const char *incarnation, bool *ret_known, struct wf_error *reterr)
{
    *ret_known = strcmp(incarnation, worker->incarnation) == 0;
    if (*ret_known)
        return true;
    enum wf_verdict verdict = wf_store_incarnation_known(worker->store, incarnation, ret_known, reterr);
    return wf_worker_store_ok(worker, verdict, reterr);
}

/* Reads what the group says of every partition; false: not to be known now. */
static bool
read_published(struct wf_worker *worker, struct wf_published *published, char (*incarnations)[WF_INCARNATION_SIZE],
               size_t *ret_count, struct wf_error *reterr)
{
    for (int32_t p = 0; p < worker->partition_count; p++) {
        struct wf_published *one = &published[*ret_count];
        enum wf_committed state;
        wf_worker_progress(worker);
        if (!wf_consumer_committed_number(worker->consumer, p, COMMITTED_LIMIT_MS, &state, incarnations[p],
                                          &one->number, reterr))
            return false;
        if (state == WF_COMMITTED_UNSTABLE)
            return wf_fail(reterr, WF_FATE_RETRY, "partition %d: its published number is not stable yet", p);
        if (state == WF_COMMITTED_NONE)
            continue;
        one->partition = p;
        one->incarnation = incarnations[p];
        ++*ret_count;
    }
    return true;
}

/*
 * Whether the partition is still ours, as far as the database knows.  If not, the number is that of whoever
 * claimed it since, and greater than what we know for no other reason.
 */
static bool
still_ours(struct wf_worker *worker, int32_t p)
{
    struct wf_settlement row = {.partition = p};
    struct wf_error error;

    if (!wf_worker_store_ok(worker, wf_store_epochs(worker->store, &row, 1, &error), &error))
        return false;
    if (row.epoch != worker->partitions[p].epoch)
        wf_log(WF_LOG_INFO, "somebody else has claimed a partition", "partition=%d epoch=%" PRId64, p, row.epoch);
    return row.epoch == worker->partitions[p].epoch;
}

/* Whether all of it was published by this database; if not, the worker is to stop, unless another one was faster. */
static bool
check_all_known(struct wf_worker *worker, int32_t p, const struct wf_published *published, size_t count)
{
    struct wf_error error;
    bool known;

    for (size_t i = 0; i < count; i++) {
        if (!is_known(worker, published[i].incarnation, &known, &error))
            return false;
        if (!known) {
            if (still_ours(worker, p))
                stop_foreign(worker, published[i].partition, published[i].incarnation);
            return false;
        }
    }
    return true;
}

/* on_restore=replay: what a person would say with `pawl db restored`, without --from. */
static void
accept_unasked(struct wf_worker *worker, int32_t p)
{
    struct wf_published *published = calloc((size_t)worker->partition_count, sizeof *published);
    char(*incarnations)[WF_INCARNATION_SIZE] = calloc((size_t)worker->partition_count, sizeof *incarnations);
    struct wf_error error;
    size_t count = 0;

    if (!published || !incarnations)
        exit(WF_EXIT_MEMORY);
    if (!read_published(worker, published, incarnations, &count, &error)) {
        error.fate = WF_FATE_RETRY;
        wf_worker_failed(worker, &error);
    } else if (check_all_known(worker, p, published, count) &&
               wf_worker_store_ok(
                   worker, wf_store_restored(worker->store, &worker->catalog.incarnation, published, count, &error),
                   &error)) {
        wf_log(WF_LOG_WARNING, "the database was restored to an earlier time: applying again what came after it",
               "incarnation=%s", worker->incarnation);
    }
    wf_store_close(worker->store); /* with the next connection the catalog is read anew */
    worker->store = NULL;
    worker->recover = true;
    free(published);
    free(incarnations);
}

bool
wf_restored_check(struct wf_worker *worker, int32_t p, int64_t number, const char *incarnation)
{
    struct wf_error error;
    bool known;

    if (!is_known(worker, incarnation, &known, &error)) {
        worker->recover = true;
        return false;
    }
    if (known && number <= worker->partitions[p].outbox_number)
        return true;
    if (!still_ours(worker, p)) {
        worker->recover = true;
        return false;
    }
    if (!known)
        stop_foreign(worker, p, incarnation);
    else if (strcmp(worker->settings->on_restore, "replay") == 0)
        accept_unasked(worker, p);
    else
        stop_restored(worker, p, number, incarnation);
    return false;
}
