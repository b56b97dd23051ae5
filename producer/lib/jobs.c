/*
 * jobs.c - the jobs of executives, shared with the other members of a consumer group.
 *
 *     topic ──▶ place (a partition) ──▶ jobs->queue ──▶ pawl_jobs_next
 *                 └ offsets that are not done yet; before the first of them is what is committed
 *
 * Partitions have a queue apart from the group's own, so that membership is kept up
 * (pawl_jobs_keep) while nothing is taken.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"
#include "event.h"
#include "memory.h"

enum { COMMIT_EVERY_MS = 500 };

struct place {
    char *topic;
    int32_t partition;
    rd_kafka_queue_t *queue;
    bool owned;
    int64_t next;      /* behind the last job handed out; -1: none yet */
    int64_t committed; /* -1: nothing by us */
    int64_t *open;     /* handed out and not done */
    size_t count, capacity;
};

struct pawl_jobs {
    pawl_settings *settings;
    struct wf_kafka kafka;
    rd_kafka_queue_t *queue, *group; /* jobs; rebalances and errors */
    int fd;
    struct place *places; /* all that were ever owned */
    size_t count;
    int64_t commit_at;    /* monotonic: not before */
    rd_kafka_message_t **strays; /* jobs that came by the group's queue nevertheless */
    size_t stray_count, stray_at;
};

static const uint64_t one = 1;

/* ---- places ---- */

static struct place *
place_find(const pawl_jobs *jobs, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->places[i].partition == partition && strcmp(jobs->places[i].topic, topic) == 0)
            return &jobs->places[i];
    return NULL;
}

static void *
grown(void *items, size_t size)
{
    void *more = realloc(items, size);

    if (!more)
        _Exit(WF_EXIT_MEMORY);
    return more;
}

static struct place *
place_add(pawl_jobs *jobs, const char *topic, int32_t partition)
{
    jobs->places = grown(jobs->places, (jobs->count + 1) * sizeof *jobs->places);
    struct place *place = &jobs->places[jobs->count++];

    *place = (struct place){.topic = wf_copy(topic), .partition = partition};
    place->queue = rd_kafka_queue_get_partition(jobs->kafka.handle, topic, partition);
    return place;
}

/* What may be committed: all before the first job that is not done. */
static int64_t
place_position(const struct place *place)
{
    int64_t position = place->next;

    for (size_t i = 0; i < place->count; i++)
        if (place->open[i] < position)
            position = place->open[i];
    return position;
}

static void
place_hand_out(struct place *place, int64_t offset)
{
    if (place->count == place->capacity) {
        place->capacity = place->capacity ? place->capacity * 2 : 16;
        place->open = grown(place->open, place->capacity * sizeof *place->open);
    }
    place->open[place->count++] = offset;
    if (offset >= place->next)
        place->next = offset + 1;
}

static void
place_done(struct place *place, int64_t offset)
{
    size_t i = 0;

    while (i < place->count && place->open[i] != offset)
        i++;
    if (i == place->count)
        return; /* lost meanwhile: it is its new owner's */
    memmove(&place->open[i], &place->open[i + 1], (place->count - i - 1) * sizeof *place->open);
    place->count--;
}

static void
commit(pawl_jobs *jobs, bool wait)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)jobs->count + 1);

    for (size_t i = 0; i < jobs->count; i++) {
        struct place *place = &jobs->places[i];
        int64_t position = place_position(place);
        if (!place->owned || position < 0 || (!wait && position == place->committed))
            continue;
        rd_kafka_topic_partition_list_add(list, place->topic, place->partition)->offset = position;
        place->committed = position;
    }
    if (list->cnt)
        rd_kafka_commit(jobs->kafka.handle, list, !wait); /* what is not committed comes again, and is refused then */
    rd_kafka_topic_partition_list_destroy(list);
    jobs->commit_at = wf_clock_monotonic() + COMMIT_EVERY_MS * WF_MILLISECOND;
}

/* ---- membership ---- */

static void
on_assign(pawl_jobs *jobs, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *given = &list->elems[i];
        struct place *place = place_find(jobs, given->topic, given->partition);
        if (!place)
            place = place_add(jobs, given->topic, given->partition);
        rd_kafka_queue_forward(place->queue, jobs->queue); /* losing a partition undoes it */
        place->owned = true;
        place->next = place->committed = -1;
        place->count = 0;
    }
    rd_kafka_assign(jobs->kafka.handle, list);
}

static void
drop_strays(pawl_jobs *jobs)
{
    while (jobs->stray_at < jobs->stray_count)
        rd_kafka_message_destroy(jobs->strays[jobs->stray_at++]);
    jobs->stray_at = jobs->stray_count = 0;
}

static void
on_revoke(pawl_jobs *jobs)
{
    drop_strays(jobs);
    if (!rd_kafka_assignment_lost(jobs->kafka.handle))
        commit(jobs, true);
    for (size_t i = 0; i < jobs->count; i++) {
        jobs->places[i].owned = false;
        jobs->places[i].count = 0;
    }
    rd_kafka_assign(jobs->kafka.handle, NULL);
}

static void
on_rebalance(void *owner, rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t *list)
{
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assign(owner, list);
    else
        on_revoke(owner);
}

/* ---- opening and closing ---- */

static enum pawl_status
open_consumer(pawl_jobs *jobs, const char *group)
{
    char name[300];
    const char *const properties[] = {
        "group.id", name,
        "isolation.level", "read_committed",
        "enable.auto.commit", "false",
        "enable.auto.offset.store", "false",
        "auto.offset.reset", "earliest",
        "partition.assignment.strategy", "range",
        "session.timeout.ms", "10000",
        "heartbeat.interval.ms", "2000",
        "queued.min.messages", "100",
        "queued.max.messages.kbytes", "8192",
        "fetch.wait.max.ms", "50",
        "fetch.error.backoff.ms", "50",
        NULL,
    };

    snprintf(name, sizeof name, group && *group ? "%s" : "%s-executor", group && *group ? group : jobs->settings->prefix);
    jobs->kafka.rebalanced = on_rebalance;
    jobs->kafka.owner = jobs;
    enum pawl_status status = wf_kafka_open(&jobs->kafka, jobs->settings, properties);
    if (status)
        return status;
    jobs->queue = rd_kafka_queue_new(jobs->kafka.handle);
    rd_kafka_queue_io_event_enable(jobs->queue, jobs->fd, &one, sizeof one);
    rd_kafka_poll_set_consumer(jobs->kafka.handle);
    jobs->group = rd_kafka_queue_get_consumer(jobs->kafka.handle);
    rd_kafka_queue_io_event_enable(jobs->group, jobs->fd, &one, sizeof one);
    return PAWL_OK;
}

static enum pawl_status
subscribe(pawl_jobs *jobs, const char *const *executives)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    enum pawl_status status = *executives ? PAWL_OK : wf_status(PAWL_INVALID, "no executive is named");

    for (; !status && *executives; executives++) {
        char name[300];
        rd_kafka_topic_t *topic;
        int32_t partitions;
        snprintf(name, sizeof name, "%s.job.%s", jobs->settings->prefix, *executives);
        status = wf_kafka_topic(&jobs->kafka, name, &topic, &partitions);
        if (!status)
            rd_kafka_topic_destroy(topic);
        rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t error = status ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_subscribe(jobs->kafka.handle, list);
    if (error)
        status = wf_kafka_status(&jobs->kafka, error, "subscribing");
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum pawl_status
pawl_jobs_open(const pawl_settings *settings, const char *const *executives, const char *group, pawl_jobs **ret_jobs)
{
    pawl_jobs *jobs = WF_NEW(pawl_jobs);

    jobs->settings = wf_settings_copy(settings);
    jobs->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum pawl_status status = jobs->fd < 0 ? wf_status(PAWL_FAILED, "could not make an event descriptor") : PAWL_OK;
    if (!status)
        status = open_consumer(jobs, group);
    if (!status)
        status = subscribe(jobs, executives);
    if (status)
        pawl_jobs_close(jobs);
    else
        *ret_jobs = jobs;
    return status;
}

void
pawl_jobs_close(pawl_jobs *jobs)
{
    if (!jobs)
        return;
    if (jobs->group)
        rd_kafka_consumer_close(jobs->kafka.handle); /* which revokes, and so commits */
    for (size_t i = 0; i < jobs->count; i++) {
        rd_kafka_queue_destroy(jobs->places[i].queue);
        free(jobs->places[i].topic);
        free(jobs->places[i].open);
    }
    drop_strays(jobs);
    free(jobs->strays);
    if (jobs->queue)
        rd_kafka_queue_destroy(jobs->queue);
    if (jobs->group)
        rd_kafka_queue_destroy(jobs->group);
    wf_kafka_close(&jobs->kafka);
    if (jobs->fd >= 0)
        close(jobs->fd);
    free(jobs->places);
    pawl_settings_free(jobs->settings);
    free(jobs);
}

int
pawl_jobs_fd(const pawl_jobs *jobs)
{
    return jobs->fd;
}

int
pawl_jobs_partitions(const pawl_jobs *jobs)
{
    int owned = 0;

    for (size_t i = 0; i < jobs->count; i++)
        owned += jobs->places[i].owned;
    return owned;
}

/* ---- taking ---- */

static bool
passes(rd_kafka_resp_err_t error)
{
    return error != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && error != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED &&
           error != RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL && error != RD_KAFKA_RESP_ERR__FATAL;
}

/* What came before a partition's queue was forwarded waits for pawl_jobs_next() as all else does. */
static void
stray_keep(pawl_jobs *jobs, rd_kafka_message_t *message)
{
    jobs->strays = grown(jobs->strays, (jobs->stray_count + 1) * sizeof(rd_kafka_message_t *));
    jobs->strays[jobs->stray_count++] = message;
}

static rd_kafka_message_t *
message_next(pawl_jobs *jobs)
{
    if (jobs->stray_at < jobs->stray_count)
        return jobs->strays[jobs->stray_at++];
    jobs->stray_at = jobs->stray_count = 0;
    return rd_kafka_consume_queue(jobs->queue, 0);
}

enum pawl_status
pawl_jobs_keep(pawl_jobs *jobs)
{
    rd_kafka_message_t *message;
    enum pawl_status status = PAWL_OK;

    while (!status && (message = rd_kafka_consumer_poll(jobs->kafka.handle, 0))) {
        if (!message->err) {
            stray_keep(jobs, message);
            continue;
        }
        if (!passes(message->err))
            status = wf_kafka_status(&jobs->kafka, message->err, "reading jobs");
        rd_kafka_message_destroy(message);
    }
    if (!status && wf_clock_monotonic() >= jobs->commit_at)
        commit(jobs, false);
    return status;
}

/* The next job of a partition that is still ours; NULL: none has come. */
static enum pawl_status
take(pawl_jobs *jobs, pawl_event **ret_job)
{
    rd_kafka_message_t *message;

    *ret_job = NULL;
    while ((message = message_next(jobs))) {
        rd_kafka_resp_err_t error = message->err;
        struct place *place =
            error ? NULL : place_find(jobs, rd_kafka_topic_name(message->rkt), message->partition);
        if (place && place->owned) {
            place_hand_out(place, message->offset);
            *ret_job = wf_event_of(message);
            return PAWL_OK;
        }
        rd_kafka_message_destroy(message);
        if (error && !passes(error))
            return wf_kafka_status(&jobs->kafka, error, "reading jobs");
    }
    return PAWL_OK;
}

enum pawl_status
pawl_jobs_next(pawl_jobs *jobs, int timeout_ms, pawl_event **ret_job)
{
    int64_t limit = timeout_ms < 0 ? 0 : wf_clock_monotonic() + timeout_ms * WF_MILLISECOND;

    for (;;) {
        pawl_event *job = NULL;
        enum pawl_status status = pawl_jobs_keep(jobs);
        if (!status)
            status = take(jobs, &job);
        if (status)
            return status;
        if (job) {
            *ret_job = job;
            return PAWL_OK;
        }
        int left = limit ? wf_milliseconds_until(limit) : -1;
        if (!left && wf_sign_clear(jobs->fd))
            continue;
        if (!left)
            return wf_status(PAWL_TIMEOUT, "no job within %d ms", timeout_ms);
        wf_wait_for(jobs->fd, left);
    }
}

void
pawl_jobs_done(pawl_jobs *jobs, const pawl_event *job)
{
    struct place *place = place_find(jobs, pawl_event_topic(job), pawl_event_partition(job));

    if (place)
        place_done(place, pawl_event_offset(job));
}
