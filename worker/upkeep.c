/*
 * upkeep.c - what the database needs now and then: partitions of the history made ahead, ids of commands forgotten
 * that are older than dedupe_days.  Whoever serves the database's first partition does it,
 * between two batches.
 */
#include <inttypes.h>

#include "base/log.h"
#include "worker.h"

#define UPKEEP_EVERY (3600 * WF_SECOND)
#define UPKEEP_AGAIN (60 * WF_SECOND) /* after a failure */
#define UPKEEP_MORE WF_SECOND         /* when there is more to forget */

enum { FORGET_AT_ONCE = 10000 };

void
wf_upkeep(struct wf_worker *worker)
{
    struct wf_error error;
    int32_t forgotten;

    if (!wf_worker_serves_first(worker) || wf_clock_monotonic() < worker->upkeep_at)
        return;
    enum wf_verdict verdict = wf_store_upkeep(worker->store, (int32_t)worker->settings->dedupe_days, FORGET_AT_ONCE,
                                              &forgotten, &error);
    if (verdict == WF_VERDICT_OK) {
        worker->upkeep_at = wf_clock_monotonic() + (forgotten == FORGET_AT_ONCE ? UPKEEP_MORE : UPKEEP_EVERY);
        return;
    }
    worker->upkeep_at = wf_clock_monotonic() + UPKEEP_AGAIN;
    if (verdict != WF_VERDICT_RECONNECT) /* a lock, or a right that is missing: nothing that commands need */
        wf_log(WF_LOG_WARNING, "upkeep of the database failed", "error=\"%s\"", error.message);
    else if (!wf_worker_store_ok(worker, verdict, &error))
        worker->recover = true;
}
