/*
 * suspects.c - commands that end the worker or its session whenever they are begun (EOS-23).
 *
 * A partition that was claimed several times without a batch committed in between may hold one.  Its commands are then
 * applied one at a time, each noted in the partition's row before it is begun, decoding included: whoever claims the
 * partition next knows which one it was.  One that was begun three times and never came to an end is refused; those
 * that merely stood beside it, or met a server that somebody restarts, are applied when their turn comes.
 */
#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "work.h"

enum {
    SUSPICIOUS = 3, /* claims without a batch */
    CONVICTED = 3   /* times begun in vain; once more, and it is not even decoded */
};

static bool
suspicious(const struct wf_worker *worker)
{
    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state == WF_PARTITION_SERVED && worker->partitions[p].tries >= SUSPICIOUS)
            return true;
    return false;
}

/* Notes that it is begun, and decodes or convicts it. */
static enum wf_verdict
begin(struct wf_worker *worker, struct wf_batch_taken *batch, size_t i, struct wf_error *error)
{
    const struct wf_batch_item *item = &batch->items[i];
    const struct wf_partition *partition = &worker->partitions[item->record.partition];
    const char *id = item->decoded.command.id; /* of one of the engine's own */
    int32_t times = 0;

    if (partition->tries < SUSPICIOUS) {
        wf_batch_decode(worker, batch, i, 1);
        return WF_VERDICT_OK;
    }
    enum wf_verdict verdict =
        item->own ? wf_store_suspect(worker->store, item->record.partition, partition->epoch, -1,
                                     (int64_t)wf_hash64(id, strlen(id)), &times, error)
                  : wf_store_suspect(worker->store, item->record.partition, partition->epoch,
                                     (int32_t)item->record.topic, item->record.offset, &times, error);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    if (times <= CONVICTED) {
        wf_batch_decode(worker, batch, i, 1);
        return WF_VERDICT_OK;
    }
    wf_log(WF_LOG_ERROR, "a command is refused that never came to an end", "partition=%d topic=%s offset=%lld begun=%d",
           item->record.partition, item->own ? "-" : wf_topic_suffix(item->record.topic),
           item->own ? 0 : (long long)item->record.offset, times - 1);
    wf_batch_convict(worker, batch, i, times > CONVICTED + 1);
    return WF_VERDICT_OK;
}

bool
wf_suspects_apply(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    struct wf_error error;
    size_t i = 0;

    while (i < batch->count && suspicious(worker)) {
        wf_worker_progress(worker);
        enum wf_verdict verdict = begin(worker, batch, i, &error);
        if (verdict != WF_VERDICT_OK)
            return wf_work_give_up(worker, verdict, &error);
        WF_FAULT(BATCH_DECODED);
        if (!wf_work_apply(worker, batch, i, 1))
            return false;
        i++;
    }
    if (i == batch->count)
        return true;
    wf_batch_decode(worker, batch, i, batch->count - i);
    WF_FAULT(BATCH_DECODED);
    return wf_work_apply(worker, batch, i, batch->count - i);
}
