/*
 * positions.c - where the command topics are read: compared with what they have (EOS-19), and kept
 * while there is nothing to do.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "worker.h"

enum { ASK_LIMIT_MS = 5000 };

#define LOOK_EVERY (2 * WF_SECOND)    /* after a decision about a partition that stands still */
#define SETTLE_IDLE (30 * WF_SECOND)    /* after the last batch, if nothing comes */
#define SETTLE_EVERY (600 * WF_SECOND)  /* whatever comes: marks stay behind in topics where nothing comes */

static void
stop_partition(struct wf_worker *worker, int32_t p, const char *why)
{
    worker->partitions[p].state = WF_PARTITION_STOPPED;
    wf_log(WF_LOG_ERROR, "partition stopped: a person must decide (pawl offsets)", "partition=%d why=\"%s\"", p, why);
}

/* A place in a topic that was never read begins at its low end; one that is not there stops (EOS-19). */
static bool
check_position(struct wf_worker *worker, int32_t p, int topic, struct wf_error *reterr)
{
    struct wf_partition *partition = &worker->partitions[p];
    int64_t low, high, *position = &partition->positions[topic];
    char why[256];

    if (!wf_consumer_watermarks(worker->consumer, (enum wf_topic)topic, p, ASK_LIMIT_MS, &low, &high, reterr))
        return false;
    if (*position < 0) {
        *position = low;
        return true;
    }
    if (*position >= low && *position <= high)
        return true;
    snprintf(why, sizeof why, "position %" PRId64 " of %s is outside what the topic has, %" PRId64 " to %" PRId64,
             *position, wf_topic_suffix((enum wf_topic)topic), low, high);
    stop_partition(worker, p, why);
    return true;
}

/* The record before a position must be the one that was read there: topics can be made anew (EOS-19). */
static bool
check_record_times(struct wf_worker *worker, struct wf_error *reterr)
{
    size_t most = (size_t)worker->partition_count * WF_COMMAND_TOPICS, count = 0;
    struct wf_record_time *questions = calloc(most, sizeof *questions);

    for (int32_t p = 0; p < worker->partition_count; p++)
        for (int topic = 0; topic < wf_consumer_topics(worker->consumer); topic++) {
            const struct wf_partition *partition = &worker->partitions[p];
            if (partition->state == WF_PARTITION_CLAIMED && partition->positions[topic] > 0 &&
                partition->position_times[topic])
                questions[count++] = (struct wf_record_time){
                    .topic = (enum wf_topic)topic, .partition = p, .offset = partition->positions[topic] - 1};
        }
    bool ok = !count || wf_consumer_record_times(worker->consumer, questions, count, ASK_LIMIT_MS, reterr);
    for (size_t i = 0; ok && i < count; i++) {
        const struct wf_record_time *answer = &questions[i];
        const struct wf_partition *partition = &worker->partitions[answer->partition];
        if (partition->state == WF_PARTITION_CLAIMED && answer->found &&
            answer->timestamp != partition->position_times[answer->topic])
            stop_partition(worker, answer->partition,
                           "the record before the position is another one: was the topic made anew?");
    }
    free(questions);
    return ok;
}

/* Compares where all claimed partitions are to be read with what the topics have. */
void
wf_positions_check(struct wf_worker *worker)
{
    struct wf_error error;
    bool ok = true;

    for (int32_t p = 0; ok && p < worker->partition_count; p++)
        for (int topic = 0; ok && topic < wf_consumer_topics(worker->consumer); topic++)
            if (worker->partitions[p].state == WF_PARTITION_CLAIMED)
                ok = check_position(worker, p, topic, &error);
    if (!ok || !check_record_times(worker, &error)) {
        wf_worker_failed(worker, &error);
        return;
    }
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state == WF_PARTITION_CLAIMED)
            worker->partitions[p].state = WF_PARTITION_CHECKED;
    WF_FAULT(CHECKED);
}

void
wf_positions_look(struct wf_worker *worker)
{
    struct wf_settlement *stopped = calloc((size_t)worker->partition_count, sizeof *stopped);
    struct wf_error error;
    size_t count = 0;

    if (!stopped)
        exit(WF_EXIT_MEMORY);
    for (int32_t p = 0; p < worker->partition_count && wf_clock_monotonic() >= worker->look_at; p++)
        if (worker->partitions[p].state == WF_PARTITION_STOPPED)
            stopped[count++].partition = p;
    if (count)
        worker->look_at = wf_clock_monotonic() + LOOK_EVERY;
    if (!wf_worker_store_ok(worker, wf_store_epochs(worker->store, stopped, count, &error), &error)) {
        worker->recover = true;
        count = 0;
    }
    for (size_t i = 0; i < count; i++)
        if (stopped[i].epoch && stopped[i].epoch != worker->partitions[stopped[i].partition].epoch)
            worker->partitions[stopped[i].partition] = (struct wf_partition){.state = WF_PARTITION_ASSIGNED};
    free(stopped);
}

/*
 * Behind the last command there may be marks of Kafka's transactions, which are no records.  Were the
 * position left before them, it would lie below the topic's low end once retention has emptied it, as if
 * commands had been lost.  So whoever serves it asks now and then what comes next, and moves up to it.
 */
static void
pass_marks(struct wf_worker *worker)
{
    size_t most = (size_t)worker->partition_count * WF_COMMAND_TOPICS, count = 0;
    struct wf_record_time *questions = calloc(most, sizeof *questions);
    struct wf_error error;

    if (!questions)
        exit(WF_EXIT_MEMORY);
    for (int32_t p = 0; p < worker->partition_count; p++)
        for (int topic = 0; topic < wf_consumer_topics(worker->consumer); topic++)
            if (worker->partitions[p].state == WF_PARTITION_SERVED)
                questions[count++] = (struct wf_record_time){
                    .topic = (enum wf_topic)topic, .partition = p, .offset = worker->partitions[p].positions[topic]};
    if (count && !wf_consumer_record_times(worker->consumer, questions, count, ASK_LIMIT_MS, &error))
        count = 0; /* the next time */
    for (size_t i = 0; i < count; i++) {
        int64_t *position = &worker->partitions[questions[i].partition].positions[questions[i].topic];
        if (questions[i].next > *position) {
            *position = questions[i].next;
            wf_consumer_pass_marks(worker->consumer, questions[i].partition, questions[i].topic, *position);
        }
    }
    free(questions);
}

/* The rows learn what was published, so that nothing repeats even if the group's offsets are lost (EOS-20). */
void
wf_positions_settle(struct wf_worker *worker)
{
    struct wf_settlement *settlements = calloc((size_t)worker->partition_count, sizeof *settlements);
    struct wf_error error;
    size_t count = 0;

    if (!settlements)
        exit(WF_EXIT_MEMORY);
    for (int32_t p = 0; p < worker->partition_count; p++) {
        const struct wf_partition *partition = &worker->partitions[p];
        int64_t published = wf_publisher_published_number(worker->publisher, p);
        if (partition->state != WF_PARTITION_SERVED)
            continue;
        settlements[count] = (struct wf_settlement){p, partition->epoch, published, {0}};
        memcpy(settlements[count++].positions, partition->positions, sizeof partition->positions);
    }
    WF_FAULT(SETTLING);
    if (!wf_worker_store_ok(worker, wf_store_settle(worker->store, settlements, count, &error), &error))
        worker->recover = true;
    free(settlements);
}

void
wf_positions_keep(struct wf_worker *worker, bool idle)
{
    int64_t now = wf_clock_monotonic();
    bool calm = idle && worker->unsettled && now >= worker->settle_at;

    if (!calm && (!worker->settle_by || now < worker->settle_by))
        return;
    worker->unsettled = false;
    worker->settle_by = now + SETTLE_EVERY;
    pass_marks(worker);
    wf_worker_progress(worker);
    wf_positions_settle(worker);
}

void
wf_positions_worked(struct wf_worker *worker)
{
    int64_t now = wf_clock_monotonic();

    worker->unsettled = true;
    worker->settle_at = now + SETTLE_IDLE;
    if (!worker->settle_by)
        worker->settle_by = now + SETTLE_EVERY;
}
