/*
 * taking.c - which records a batch takes, and their order.
 *
 * A client sends what follows from an event after it has seen the event, so records that have just come may be
 * applied as they come.  Not so where a partition is read again from an earlier place (EOS-19, EOS-21): an
 * `end-task` lies there beside the `get-task` that it followed, in another topic.  Until all topics of such a
 * partition have been read to their ends, a record waits for what the others may still have before it.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "batch.h"
#include "own.h"
#include "reassign.h"

/*
 * A topic that says for so long neither what comes next nor that it has ended holds nobody up: a transaction that
 * somebody left open in it may last.
 */
#define SILENCE_LIMIT (2 * WF_SECOND)

/* One partition of one command topic, while a batch is taken. */
struct source {
    int32_t partition;
    enum wf_topic topic;
    struct wf_record *records;
    size_t count, capacity, at;
    int64_t heard_at;
    bool caught_up; /* was at its end since the partition is served */
    bool dry;
};

struct taking {
    struct wf_worker *worker;
    struct source *sources;
    size_t source_count;
    int64_t *until;      /* by partition: what is later than that has to wait */
    size_t count, bytes; /* taken so far */
};

static struct wf_held *
held_of(const struct wf_worker *worker, int32_t partition, int topic)
{
    return &worker->held[(size_t)partition * WF_COMMAND_TOPICS + (size_t)topic];
}

static void
held_drop(struct wf_held *held)
{
    wf_records_release(held->records, held->count);
    free(held->records);
    *held = (struct wf_held){0};
}

void
wf_batch_drop_held(struct wf_worker *worker)
{
    for (int32_t p = 0; worker->held && p < worker->partition_count; p++)
        for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++)
            held_drop(held_of(worker, p, topic));
    free(worker->held);
    worker->held = NULL;
}

/* A source begins with what the batch before held back, unless the partition was claimed anew since. */
static void
source_open(struct taking *taking, int32_t partition, int topic)
{
    struct wf_worker *worker = taking->worker;
    struct wf_held *held = held_of(worker, partition, topic);

    if (worker->partitions[partition].state != WF_PARTITION_SERVED ||
        held->epoch != worker->partitions[partition].epoch)
        held_drop(held);
    if (worker->partitions[partition].state != WF_PARTITION_SERVED)
        return;
    struct source *source = &taking->sources[taking->source_count++];
    *source = (struct source){.partition = partition, .topic = (enum wf_topic)topic, .records = held->records,
                              .count = held->count, .capacity = held->count,
                              .heard_at = held->epoch ? held->heard_at : wf_clock_monotonic()};
    taking->count += source->count;
    for (size_t i = 0; i < source->count; i++)
        taking->bytes += wf_record_size(&source->records[i]);
    *held = (struct wf_held){.epoch = worker->partitions[partition].epoch, .heard_at = source->heard_at};
}

/* The order in which topics are asked, and in which equal timestamps are applied (messages.md). */
static void
list_sources(struct taking *taking)
{
    struct wf_worker *worker = taking->worker;
    size_t most = (size_t)worker->partition_count * WF_COMMAND_TOPICS;

    if (!worker->held)
        worker->held = calloc(most, sizeof *worker->held);
    taking->sources = calloc(most, sizeof *taking->sources);
    taking->until = calloc((size_t)worker->partition_count, sizeof *taking->until);
    if (!worker->held || !taking->sources || !taking->until)
        exit(WF_EXIT_MEMORY);
    for (int topic = 0; topic < wf_consumer_topics(worker->consumer); topic++)
        for (int32_t p = 0; p < worker->partition_count; p++)
            if (topic != WF_TOPIC_COMMAND_INIT || !worker->starts_paused)
                source_open(taking, p, topic);
}

/* Makes room for as many more records. */
static void
reserve(struct source *source, size_t more)
{
    if (source->count + more <= source->capacity)
        return;
    source->capacity = (source->count + more) * 2;
    source->records = realloc(source->records, source->capacity * sizeof *source->records);
    if (!source->records)
        exit(WF_EXIT_MEMORY);
}

static void
take_some(struct taking *taking, struct source *source, size_t limit)
{
    struct wf_worker *worker = taking->worker;
    struct wf_error error;
    size_t taken = 0;

    reserve(source, limit);
    if (!wf_consumer_take(worker->consumer, source->partition, source->topic, limit, source->records + source->count,
                          &taken, &source->caught_up, &error)) {
        wf_log(WF_LOG_ERROR, "partition stopped", "partition=%d error=\"%s\"", source->partition, error.message);
        worker->partitions[source->partition].state = WF_PARTITION_STOPPED;
    }
    for (size_t i = 0; i < taken; i++)
        taking->bytes += wf_record_size(&source->records[source->count + i]);
    if (taken)
        source->heard_at = wf_clock_monotonic();
    source->count += taken;
    taking->count += taken;
    source->dry = taken == 0;
}

/*
 * From each source in turn, a small share at a time, so that none waits behind another (EOS-18).  One that has
 * nothing is asked even if the batch is full: others may hold that much back until it has answered.
 */
static void
take_in_turn(struct taking *taking)
{
    const struct wf_worker *worker = taking->worker;
    size_t sources = taking->source_count ? taking->source_count : 1;
    size_t share = worker->batch_limit / sources + 1, chunk = worker->batch_limit / 4 / sources + 1;
    bool any = true;

    while (any) {
        any = false;
        for (size_t i = 0; i < taking->source_count; i++) {
            struct source *source = &taking->sources[i];
            size_t room = worker->batch_limit > taking->count ? worker->batch_limit - taking->count : 0;
            if (taking->bytes >= (size_t)worker->settings->batch_bytes)
                room = 0;
            if (source->dry || (source->count && !room) || (!source->caught_up && source->count > share))
                continue;
            take_some(taking, source, chunk < room ? chunk : room ? room : 1);
            any |= !source->dry;
        }
    }
}

/* Up to where each partition may be applied: the last record of a source that may have more before the others'. */
static void
find_limits(struct taking *taking)
{
    int64_t now = wf_clock_monotonic();

    for (int32_t p = 0; p < taking->worker->partition_count; p++)
        taking->until[p] = INT64_MAX;
    for (size_t i = 0; i < taking->source_count; i++) {
        const struct source *source = &taking->sources[i];
        int64_t last = source->count ? source->records[source->count - 1].timestamp : INT64_MIN;
        bool silent = !source->count && now - source->heard_at > SILENCE_LIMIT;
        if (!source->caught_up && !silent && last < taking->until[source->partition])
            taking->until[source->partition] = last;
    }
}

static struct source *
earliest(const struct taking *taking)
{
    struct source *first = NULL;

    for (size_t i = 0; i < taking->source_count; i++) {
        struct source *source = &taking->sources[i];
        if (source->at == source->count || source->records[source->at].timestamp > taking->until[source->partition])
            continue;
        if (!first || source->records[source->at].timestamp < first->records[first->at].timestamp)
            first = source;
    }
    return first;
}

/* The engine's own commands, decoded as they are. */
static void
add_own(struct wf_batch_taken *batch, const struct wf_own_commands *own)
{
    for (size_t i = 0; i < own->count; i++)
        batch->items[batch->count++] = (struct wf_batch_item){
            .own = true,
            .disposal = WF_DISPOSE_APPLY,
            .record = {.partition = own->items[i].partition},
            .partition = own->items[i].partition,
            .decoded = {.command = own->items[i].command},
        };
}

static void
merge(struct taking *taking, const struct wf_own_commands *own, struct wf_batch_taken *batch)
{
    batch->items = WF_ARENA_ARRAY(&batch->arena, struct wf_batch_item, taking->count);
    add_own(batch, own);
    for (struct source *source = earliest(taking); source; source = earliest(taking))
        batch->items[batch->count++].record = source->records[source->at++];
}

/* What has to wait stays until the next batch. */
static void
hold_back(struct taking *taking)
{
    struct wf_worker *worker = taking->worker;

    worker->held_back = false;
    for (size_t i = 0; i < taking->source_count; i++) {
        struct source *source = &taking->sources[i];
        struct wf_held *held = held_of(worker, source->partition, (int)source->topic);
        size_t rest = source->count - source->at;
        held->heard_at = source->heard_at;
        if (!rest) {
            free(source->records);
            continue;
        }
        memmove(source->records, source->records + source->at, rest * sizeof *source->records);
        held->records = source->records;
        held->count = rest;
        worker->held_back = true;
    }
}

void
wf_batch_take(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    struct taking taking = {.worker = worker};
    struct wf_own_commands own = {.arena = &batch->arena};

    if (!wf_own_take(worker, &own) || !wf_reassign_take(worker, &own))
        return;
    if (own.count)
        WF_FAULT(OWN_TAKEN);
    taking.count = own.count;
    list_sources(&taking);
    take_in_turn(&taking);
    find_limits(&taking);
    if (taking.count)
        merge(&taking, &own, batch);
    hold_back(&taking);
    free(taking.sources);
    free(taking.until);
}
