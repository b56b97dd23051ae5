/* The loop: take, load, apply, save, publish. */
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "batch.h"
#include "codec/condition.h"
#include "own.h"
#include "work.h"

enum { IDLE_MS = 1000, MAX_NAME = 64 };

volatile sig_atomic_t wf_worker_stop;

void
wf_worker_wait(struct wf_worker *worker, bool records, int64_t limit)
{
    int64_t until_retry = worker->retry_at - wf_clock_monotonic();

    if (until_retry > 0 && until_retry < limit)
        limit = until_retry;
    if (worker->consumer)
        wf_consumer_wait(worker->consumer, records && until_retry <= 0, (int)(limit / WF_MILLISECOND) + 1);
    else
        usleep((useconds_t)limit);
}

int32_t
wf_worker_first_partition(const struct wf_worker *worker)
{
    return worker->catalog.database_number;
}

bool
wf_worker_serves_first(const struct wf_worker *worker)
{
    return worker->partitions[wf_worker_first_partition(worker)].state == WF_PARTITION_SERVED;
}

static bool
any_unserved(const struct wf_worker *worker)
{
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state >= WF_PARTITION_ASSIGNED && worker->partitions[p].state < WF_PARTITION_SERVED)
            return true;
    return false;
}

/* Takes what has come and applies it; says whether there was anything. */
static bool
serve(struct wf_worker *worker)
{
    struct wf_batch_taken batch = {0};
    int64_t institution = worker->cache.institution_version;

    wf_batch_take(worker, &batch);
    bool any = batch.count > 0;
    if (any) {
        WF_FAULT(BATCH_TAKEN);
        if (!wf_suspects_apply(worker, &batch) && !worker->fatal.exit_code)
            worker->recover = true;
        wf_positions_worked(worker);
    }
    wf_batch_release(&batch);
    wf_cache_trim(worker);
    if (worker->cache.institution_version != institution)
        malloc_trim(0); /* making it took several times what it is: give that back */
    return any;
}

/*
 * A publication has limits of its own; what outlives them all stands still within librdkafka, and would keep
 * its partitions for ever (EOS-17).
 */
void
wf_worker_watch_publisher(const struct wf_worker *worker)
{
    const struct wf_settings *settings = worker->settings;
    struct wf_publisher_status status = {0};

    if (worker->publisher)
        wf_publisher_status(worker->publisher, &status);
    if (!status.busy_since || wf_clock_monotonic() - status.busy_since <
                                  (settings->transaction_timeout_ms + settings->watchdog_ms) * WF_MILLISECOND)
        return;
    wf_log(WF_LOG_ERROR, "the publisher makes no progress, ending", "%s", "");
    _exit(WF_EXIT_WATCHDOG);
}

static void
turn(struct wf_worker *worker)
{
    wf_worker_watch_publisher(worker);
    if (worker->consumer)
        wf_consumer_poll(worker->consumer);
    if (!wf_worker_connect(worker)) {
        if (!worker->fatal.exit_code)
            wf_worker_wait(worker, false, 100 * WF_MILLISECOND);
        return;
    }
    wf_ownership_step(worker);
    if (worker->fatal.exit_code)
        return;

    bool room = !worker->recover && worker->store && wf_publisher_room(worker->publisher) > 0;
    if (room)
        wf_upkeep(worker);
    if (room && !worker->recover)
        wf_submitted_step(worker);
    if (room && !worker->recover && !any_unserved(worker))
        wf_positions_keep(worker, false);
    room = room && !worker->recover;
    if (room && serve(worker))
        return;
    if (room && !any_unserved(worker))
        wf_positions_keep(worker, true);
    int64_t limit = (any_unserved(worker) || worker->held_back ? 20 : IDLE_MS) * WF_MILLISECOND;
    wf_worker_wait(worker, room && !worker->held_back, room ? wf_submitted_wait(worker, wf_own_wait(worker, limit)) : limit);
}

/* The process ends itself when a turn takes too long (EOS-17): whoever restarts it goes on. */
static void
watchdog(int signal_number)
{
    static const char message[] = "pawl-worker: no progress within watchdog_ms, ending\n";

    (void)signal_number;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(WF_EXIT_WATCHDOG);
    _exit(WF_EXIT_WATCHDOG);
}

void
wf_worker_progress(const struct wf_worker *worker)
{
    alarm((unsigned)(worker->settings->watchdog_ms / 1000));
}

static bool
open_worker(struct wf_worker *worker, const struct wf_settings *settings, struct wf_error *reterr)
{
    char name[MAX_NAME];

    *worker = (struct wf_worker){.settings = settings, .slot = -1, .batch_limit = (size_t)settings->batch_commands,
                                 .submitted_limit = (size_t)settings->batch_commands,
                                 .cache = {.definition_version = -1, .institution_version = -1}};
    snprintf(name, sizeof name, "worker-%ld", (long)getpid());
    return wf_codec_open(&worker->codec, settings->prefix, name, settings->replyto_pattern,
                         (size_t)settings->command_max_bytes, reterr);
}

enum wf_exit
wf_worker_run(const struct wf_settings *settings)
{
    struct wf_worker worker;
    struct wf_error error;

    if (!open_worker(&worker, settings, &error)) {
        wf_log(WF_LOG_ERROR, "cannot start", "error=\"%s\"", error.message);
        return WF_EXIT_USAGE;
    }
    worker.conditions = wf_conditions_open();
    signal(SIGALRM, watchdog);
    wf_log(WF_LOG_INFO, "starting", "version=%s", PAWL_VERSION);
    while (!wf_worker_stop && !worker.fatal.exit_code) {
        wf_worker_progress(&worker);
        turn(&worker);
    }
    if (worker.fatal.exit_code)
        wf_log(WF_LOG_ERROR, "cannot go on", "error=\"%s\"", worker.fatal.message);
    else
        wf_log(WF_LOG_INFO, "stopping", "%s", "");
    wf_worker_progress(&worker);
    WF_FAULT(STOPPING);
    wf_worker_disconnect(&worker);
    wf_conditions_close(worker.conditions);
    wf_codec_drop(&worker.codec);
    wf_cache_drop(&worker.cache);
    free(worker.partitions);
    return (enum wf_exit)worker.fatal.exit_code;
}
