/*
 * pace.c - how many commands are taken at once: as many as the database does within batch_ms, so that a slow one gets
 * smaller bites, an event does not wait long for the rest of its batch, and no statement runs into the watchdog.
 */
#include "base/log.h"
#include "work.h"

static void
set_limit(struct wf_worker *worker, size_t limit)
{
    size_t most = (size_t)worker->settings->batch_commands;

    limit = limit < 1 ? 1 : limit > most ? most : limit;
    if (limit < worker->batch_limit)
        wf_log(WF_LOG_INFO, "the database is slow: smaller batches", "commands=%zu", limit);
    worker->batch_limit = limit;
}

void
wf_pace_done(struct wf_worker *worker, size_t count, int64_t duration)
{
    int64_t most = worker->settings->batch_ms * WF_MILLISECOND;
    size_t limit = worker->batch_limit;

    if (duration > most) { /* to what it would have done in time; one that merely had to wait says little of that */
        size_t fits = (size_t)((int64_t)count * most / duration);
        set_limit(worker, fits > limit / 8 ? fits : limit / 8);
    } else if (duration < most / 2 && count >= limit / 2) {
        set_limit(worker, limit + limit / 4 + 1);
    }
}

void
wf_pace_cancelled(struct wf_worker *worker, size_t count)
{
    if (count / 4 < worker->batch_limit)
        set_limit(worker, count / 4);
}
