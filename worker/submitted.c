/*
 * submitted.c - commands that applications submit by SQL, in transactions of their own (EOS-25).
 *
 * They are taken out of their table and put into the outbox in one unit, and then published on the command topics like
 * all else: so each is on its topic once, and comes back to be applied by whoever owns its instance.
 *
 * Only the owner of the database's first partition does it, through that partition's outbox.  Did several share them out,
 * commands of one transaction would be in several outboxes, and could come to their topic in another order than they were
 * submitted in.
 *
 * It looks now and then instead of being told: NOTIFY would make the applications' transactions commit one after the
 * other.
 */
#include "base/fault.h"
#include "base/log.h"
#include "codec/submitted.h"
#include "work.h"
#include "work_state.h"

#define AGAIN WF_SECOND           /* after a failure */
#define PAUSE_MAX (5 * WF_SECOND) /* between two looks */

enum { LOOK_SHARE = 50 }; /* looking takes a fiftieth of the time at most: rows that are dead, but not gone, slow it */

/* How long until the next look, by how long the last one took. */
static int64_t
pause_after(const struct wf_worker *worker, int64_t took)
{
    int64_t least = worker->settings->submitted_poll_ms * WF_MILLISECOND, pause = took * LOOK_SHARE;

    if (pause > PAUSE_MAX)
        pause = PAUSE_MAX;
    return pause > least ? pause : least;
}

enum wf_verdict
wf_work_take_submitted(struct work *work, struct wf_error *reterr)
{
    struct wf_worker *worker = work->worker;
    struct wf_submitted *commands;

    enum wf_verdict verdict =
        wf_store_submitted_take(worker->store, work->submitted_limit, worker->settings->batch_bytes, &work->arena,
                                &commands, &work->submitted, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    WF_FAULT(SQL_TAKEN);
    for (size_t i = 0; i < work->submitted; i++)
        wf_submitted_encode(&worker->codec, &commands[i], worker->settings->command_topic, worker->partition_count,
                            work->unit.now, &work->buffers[wf_worker_first_partition(worker)]);
    return WF_VERDICT_OK;
}

/* One unit of nothing else. */
static enum wf_verdict
take(struct wf_worker *worker, struct wf_error *reterr)
{
    struct work work = {.worker = worker, .submitted_limit = worker->submitted_limit};

    WF_FAULT(SQL_SEEN);
    enum wf_verdict verdict = wf_work_run(&work, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    wf_positions_worked(worker);
    if (work.submitted < worker->submitted_limit)
        return verdict;
    worker->submitted_at = 0; /* there may be more, but commands have their turn first */
    worker->submitted_limit += worker->submitted_limit / 4 + 1;
    if (worker->submitted_limit > (size_t)worker->settings->batch_commands)
        worker->submitted_limit = (size_t)worker->settings->batch_commands;
    return verdict;
}

/* What a shorter transaction or another attempt may mend is tried again; all else is a matter of the whole worker. */
static void
failed(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error)
{
    if (!wf_work_may_be_cut(verdict)) {
        (void)wf_work_give_up(worker, verdict, error);
        return;
    }
    worker->submitted_at = wf_clock_monotonic() + AGAIN;
    worker->submitted_limit = worker->submitted_limit / 4 + 1;
    wf_log(WF_LOG_WARNING, "commands submitted by SQL were not taken", "most=%zu error=\"%s\"", worker->submitted_limit,
           error->message);
}

void
wf_submitted_step(struct wf_worker *worker)
{
    int64_t began = wf_clock_monotonic();
    struct wf_error error = {0};
    bool any = false;

    if (!wf_worker_serves_first(worker) || began < worker->submitted_at)
        return;
    wf_worker_progress(worker);
    enum wf_verdict verdict = wf_store_submitted(worker->store, &any, &error);
    worker->submitted_at = began + pause_after(worker, wf_clock_monotonic() - began);
    if (verdict == WF_VERDICT_OK && any)
        verdict = take(worker, &error);
    if (verdict != WF_VERDICT_OK)
        failed(worker, verdict, &error);
}

int64_t
wf_submitted_wait(const struct wf_worker *worker, int64_t limit)
{
    int64_t until = worker->submitted_at - wf_clock_monotonic();

    if (!wf_worker_serves_first(worker) || until >= limit)
        return limit;
    return until > 0 ? until : 0;
}
