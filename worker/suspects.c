/*
 * suspects.c - commands that end the worker or its session whenever they are begun (EOS-23).
 *
 * The partition's row tells whoever claims it what was begun there and never came to an end.  While all goes well
 * nothing is noted; otherwise, claim by claim:
 *
 *     1     begins a batch                                  ends with it
 *     2     notes how many commands it begins, and begins   ends with them
 *     3     notes each of so many, and begins it alone      those before it are applied, then it ends with the one
 *     4, 5  notes the one that is noted, and begins it      ends with it
 *     6     refuses it; is it the decoding that ends        or the next one does, without decoding it
 *
 * Those that merely stood beside it, or met a server that somebody restarts, are applied when their turn comes.  The
 * note is taken back when what was begun fails for a reason that lies elsewhere: no room on the disk, a lock, a missing
 * right, Kafka that takes nothing.  Those can last for hours.
 */
#include <string.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "work.h"

enum {
    FAILED = 2,         /* claims without progress, the last one included: what is begun now is noted, by itself
                         * where another partition makes it stand alone */
    CONVICTED = 3,      /* times begun in vain; once more, and it is not even decoded */
    ALONE_AT_ONCE = 250 /* commands in a batch of which each is begun alone: a transaction each takes its time */
};

void
wf_suspects_claimed(struct wf_worker *worker, const struct wf_claim *claim)
{
    struct wf_partition *partition = &worker->partitions[claim->partition];

    partition->tries = claim->tries;
    partition->begun = claim->begun;
    partition->suspect_topic = claim->suspect_topic;
    partition->suspect_offset = claim->suspect_offset;
    if (claim->begun && worker->batch_limit > ALONE_AT_ONCE)
        worker->batch_limit = ALONE_AT_ONCE;
}

static struct wf_partition *
partition_of(const struct wf_worker *worker, const struct wf_batch_item *item)
{
    return &worker->partitions[item->record.partition];
}

static bool
is_suspect(const struct wf_worker *worker, const struct wf_batch_item *item)
{
    const struct wf_partition *partition = partition_of(worker, item);

    return !item->own && partition->suspect_topic == (int32_t)item->record.topic &&
           partition->suspect_offset == item->record.offset;
}

/* Whether nothing of its topic comes before it: what had come was applied, but a person may have moved the position. */
static bool
first_of_topic(const struct wf_batch_taken *batch, size_t i)
{
    const struct wf_record *record = &batch->items[i].record;

    for (size_t before = 0; before < i; before++)
        if (!batch->items[before].own && batch->items[before].record.partition == record->partition &&
            batch->items[before].record.topic == record->topic)
            return false;
    return true;
}

/* Timers that fall due meanwhile must not come before it: noting them would forget how often it was begun. */
static void
suspects_first(const struct wf_worker *worker, struct wf_batch_taken *batch)
{
    size_t front = 0;

    for (size_t i = 0; i < batch->count; i++) {
        if (!is_suspect(worker, &batch->items[i]) || !first_of_topic(batch, i))
            continue;
        struct wf_batch_item item = batch->items[i]; /* a large one */
        memmove(&batch->items[front + 1], &batch->items[front], (i - front) * sizeof item);
        batch->items[front++] = item;
    }
}

static bool
any_alone(const struct wf_worker *worker, const struct wf_batch_taken *batch, size_t from)
{
    for (size_t i = from; i < batch->count; i++)
        if (is_suspect(worker, &batch->items[i]) || partition_of(worker, &batch->items[i])->begun)
            return true;
    return false;
}

static struct wf_suspect
suspect_of(const struct wf_worker *worker, const struct wf_batch_item *item)
{
    const struct wf_record *record = &item->record;
    struct wf_suspect suspect = {.partition = record->partition, .epoch = partition_of(worker, item)->epoch,
                                 .topic = (int32_t)record->topic, .offset = record->offset};

    if (item->own) {
        suspect.topic = -1;
        suspect.offset = (int64_t)wf_hash64(item->decoded.command.id, strlen(item->decoded.command.id));
    }
    return suspect;
}

/* Notes that it is begun, if it has to be, and decodes or convicts it. */
static enum wf_verdict
begin(struct wf_worker *worker, struct wf_batch_taken *batch, size_t i, struct wf_suspect *ret_noted,
      struct wf_error *error)
{
    const struct wf_batch_item *item = &batch->items[i];
    const struct wf_partition *partition = partition_of(worker, item);
    struct wf_suspect suspect = suspect_of(worker, item);
    int32_t times = 0;

    *ret_noted = (struct wf_suspect){0};
    if (!is_suspect(worker, item) && !partition->begun && partition->tries < FAILED) {
        wf_batch_decode(worker, batch, i, 1);
        return WF_VERDICT_OK;
    }
    enum wf_verdict verdict = wf_store_suspect(worker->store, &suspect, 1, &times, error);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    *ret_noted = suspect;
    if (times <= CONVICTED) {
        wf_batch_decode(worker, batch, i, 1);
        return WF_VERDICT_OK;
    }
    wf_log(WF_LOG_ERROR, "a command is refused that never came to an end", "partition=%d topic=%s offset=%lld begun=%d",
           suspect.partition, item->own ? "-" : wf_topic_suffix(item->record.topic),
           item->own ? 0 : (long long)suspect.offset, times - 1);
    wf_batch_convict(worker, batch, i, times > CONVICTED + 1);
    return WF_VERDICT_OK;
}

static enum wf_verdict
begin_together(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, struct wf_error *error)
{
    int32_t *counts = WF_ARENA_ARRAY(&batch->arena, int32_t, (size_t)worker->partition_count);
    enum wf_verdict verdict = WF_VERDICT_OK;

    for (size_t i = from; i < batch->count; i++)
        counts[batch->items[i].record.partition]++;
    for (int32_t p = 0; p < worker->partition_count && verdict == WF_VERDICT_OK; p++)
        if (counts[p] && worker->partitions[p].tries >= FAILED)
            verdict = wf_store_begun(worker->store, p, worker->partitions[p].epoch, counts[p], error);
    if (verdict == WF_VERDICT_OK)
        wf_batch_decode(worker, batch, from, batch->count - from);
    return verdict;
}

/* Takes back that it was begun: it failed, but the session lives. */
static void
excuse(struct wf_worker *worker, const struct wf_suspect *noted)
{
    struct wf_error error;
    int32_t times;

    if (!noted->epoch || !worker->store)
        return;
    enum wf_verdict verdict = wf_store_suspect(worker->store, noted, -1, &times, &error);
    if (verdict != WF_VERDICT_NOT_OWNER)
        wf_worker_store_ok(worker, verdict, &error);
}

bool
wf_suspects_apply(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    enum wf_verdict verdict;
    struct wf_suspect noted;
    struct wf_error error;
    size_t i = 0;

    suspects_first(worker, batch);
    for (; any_alone(worker, batch, i); i++) {
        struct wf_partition *partition = partition_of(worker, &batch->items[i]);
        wf_worker_progress(worker);
        verdict = begin(worker, batch, i, &noted, &error);
        if (verdict != WF_VERDICT_OK)
            return wf_work_give_up(worker, verdict, &error);
        WF_FAULT(BATCH_DECODED);
        if (!wf_work_apply(worker, batch, i, 1)) {
            excuse(worker, &noted);
            return false;
        }
        partition->begun -= partition->begun > 0;
    }
    if (i == batch->count)
        return true;
    verdict = begin_together(worker, batch, i, &error);
    if (verdict != WF_VERDICT_OK)
        return wf_work_give_up(worker, verdict, &error);
    WF_FAULT(BATCH_DECODED);
    return wf_work_apply(worker, batch, i, batch->count - i);
}
