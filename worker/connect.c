/* Opens what the worker stands on, in order: database, slot, publisher, consumer; and closes it. */
#include <pthread.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "batch.h"

enum { OPEN_LIMIT_MS = 5000, CLOSE_LIMIT_MS = 5000 };

static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER; /* of wf_worker.awakened */

void
wf_worker_failed(struct wf_worker *worker, const struct wf_error *error)
{
    if (error->fate == WF_FATE_FATAL) {
        worker->fatal = *error;
        if (!worker->fatal.exit_code)
            worker->fatal.exit_code = WF_EXIT_INTERNAL;
        return;
    }
    int64_t longest = worker->settings->retry_max_ms * WF_MILLISECOND;

    if (wf_clock_monotonic() > worker->retry_at + longest)
        worker->retry_wait = 0; /* that was another matter */
    worker->retry_wait = worker->retry_wait ? worker->retry_wait * 2 : 50 * WF_MILLISECOND;
    if (worker->retry_wait > longest)
        worker->retry_wait = longest;
    worker->retry_at = wf_clock_monotonic() + worker->retry_wait;
    wf_log(WF_LOG_WARNING, "waiting to try again", "wait_ms=%lld error=\"%s\"",
           (long long)(worker->retry_wait / WF_MILLISECOND), error->message);
}

bool
wf_worker_store_ok(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error)
{
    if (verdict == WF_VERDICT_OK)
        return true;
    if (verdict == WF_VERDICT_RECONNECT) {
        wf_store_close(worker->store);
        worker->store = NULL;
        worker->recover = true; /* the slot may be another one then, and what is being published is dropped with it */
    }
    error->fate = verdict == WF_VERDICT_FATAL ? WF_FATE_FATAL : WF_FATE_RETRY;
    wf_worker_failed(worker, error);
    return false;
}

void
wf_worker_pause_starts(struct wf_worker *worker, bool paused)
{
    bool pausable = worker->consumer && wf_consumer_topics(worker->consumer) > WF_TOPIC_COMMAND_INIT;

    if (!pausable || worker->starts_paused == paused)
        return;
    wf_log(WF_LOG_INFO, paused ? "starts are paused" : "starts go on", "%s", "");
    worker->starts_paused = paused;
    wf_consumer_pass_over(worker->consumer, WF_TOPIC_COMMAND_INIT, paused);
}

/* The catalog must say how many partitions there are, and may not change under a running worker. */
bool
wf_worker_read_catalog(struct wf_worker *worker, struct wf_error *error)
{
    if (!wf_worker_store_ok(worker, wf_store_catalog(worker->store, &worker->catalog, error), error))
        return false;
    if (!worker->catalog.partitions) {
        wf_fail(error, WF_FATE_FATAL, "the database knows no partitions yet: run \"pawl topics apply\" first");
        error->exit_code = WF_EXIT_DATABASE;
    } else if (worker->partition_count && worker->partition_count != worker->catalog.partitions) {
        wf_fail(error, WF_FATE_FATAL, "the number of partitions changed from %d to %d", worker->partition_count,
                worker->catalog.partitions);
        error->exit_code = WF_EXIT_DATABASE;
    } else {
        wf_uuid_format(&worker->catalog.incarnation, worker->incarnation);
        worker->codec.incarnation = worker->catalog.restored ? worker->incarnation : NULL;
        return true;
    }
    wf_worker_failed(worker, error);
    return false;
}

static void
progress(const void *worker)
{
    wf_worker_progress(worker);
}

/* The transactional ids belong to the slot (EOS-13): nothing may be published any more under the old ones. */
static bool
leave_slot(struct wf_worker *worker, struct wf_error *reterr)
{
    bool ended = wf_publisher_close(worker->publisher, CLOSE_LIMIT_MS);

    worker->publisher = NULL;
    if (ended)
        return true;
    wf_fail(reterr, WF_FATE_FATAL, "the publisher of slot %d does not end", worker->slot);
    reterr->exit_code = WF_EXIT_WATCHDOG;
    return false;
}

static bool
open_store(struct wf_worker *worker)
{
    struct wf_error error;
    int32_t slot;

    if (!wf_store_open(worker->settings, &worker->store, &error)) {
        wf_worker_failed(worker, &error);
        return false;
    }
    wf_store_watch(worker->store, progress, worker);
    if (!wf_worker_read_catalog(worker, &error) ||
        !wf_worker_store_ok(worker, wf_store_take_slot(worker->store, &slot, &error), &error)) {
        wf_store_close(worker->store);
        worker->store = NULL;
        return false;
    }
    if (!worker->partitions) {
        worker->partition_count = worker->catalog.partitions;
        worker->partitions = calloc((size_t)worker->partition_count, sizeof *worker->partitions);
    }
    if (slot != worker->slot && !leave_slot(worker, &error)) {
        wf_worker_failed(worker, &error);
        return false;
    }
    worker->slot = slot;
    WF_FAULT(DATABASE_OPENED);
    wf_log(WF_LOG_INFO, "connected to the database", "slot=%d partitions=%d number=%d of=%d", slot, worker->partition_count,
           worker->catalog.database_number, worker->catalog.databases);
    return true;
}

/* Called from the publisher's thread, which may outlive the consumer. */
static void
wake(void *context)
{
    struct wf_worker *worker = context;

    pthread_mutex_lock(&wake_lock);
    if (worker->awakened)
        wf_consumer_wake(worker->awakened);
    pthread_mutex_unlock(&wake_lock);
}

static void
set_awakened(struct wf_worker *worker, struct wf_consumer *consumer)
{
    pthread_mutex_lock(&wake_lock);
    worker->awakened = consumer;
    pthread_mutex_unlock(&wake_lock);
}

static bool
open_publisher(struct wf_worker *worker)
{
    char base_name[300], database_id[WF_UUID_TEXT + 1];
    struct wf_error error;

    wf_uuid_format(&worker->catalog.database_id, database_id);
    snprintf(base_name, sizeof base_name, "%s-%s-%d", worker->settings->prefix, database_id, worker->slot);
    if (wf_publisher_open(worker->settings, worker->partition_count, base_name, OPEN_LIMIT_MS, wake, worker,
                          &worker->publisher, &error)) {
        WF_FAULT(PUBLISHER_OPENED);
        return true;
    }
    wf_worker_failed(worker, &error);
    return false;
}

static bool
open_consumer(struct wf_worker *worker)
{
    struct wf_consumer_listener listener = wf_ownership_listener;
    struct wf_consumer *consumer;
    struct wf_error error;

    listener.context = worker;
    if (wf_consumer_open(worker->settings, worker->catalog.database_number, worker->partition_count, &listener,
                         OPEN_LIMIT_MS, &consumer, &error)) {
        worker->consumer = consumer;
        set_awakened(worker, consumer);
        worker->starts_paused = false; /* of the new consumer */
        wf_worker_pause_starts(worker, worker->catalog.starts_paused);
        WF_FAULT(SUBSCRIBED);
        wf_log(WF_LOG_INFO, "subscribed", "brokers=%s prefix=%s", worker->settings->brokers,
               worker->settings->prefix);
        return true;
    }
    wf_worker_failed(worker, &error);
    return false;
}

bool
wf_worker_connect(struct wf_worker *worker)
{
    if (worker->store && worker->publisher && worker->consumer)
        return true;
    if (wf_clock_monotonic() < worker->retry_at)
        return false;
    wf_worker_progress(worker);
    return (worker->store || open_store(worker)) && (worker->publisher || open_publisher(worker)) &&
           (worker->consumer || open_consumer(worker));
}

void
wf_worker_disconnect(struct wf_worker *worker)
{
    set_awakened(worker, NULL);
    wf_batch_drop_held(worker);
    wf_consumer_close(worker->consumer, CLOSE_LIMIT_MS); /* revokes, and so drains the publisher */
    WF_FAULT(LEFT);
    (void)wf_publisher_close(worker->publisher, CLOSE_LIMIT_MS); /* the process ends anyway */
    wf_generation_release(worker->generation);
    wf_store_close(worker->store);
    worker->consumer = NULL;
    worker->publisher = NULL;
    worker->generation = NULL;
    worker->store = NULL;
}
