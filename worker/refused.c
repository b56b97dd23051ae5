/*
 * An event that Kafka will never take (EOS-14): what can be checked is checked before it enters
 * the outbox, so this is for what changed since then, such as a topic that was deleted.
 * The message is replaced in its outbox row by a dead letter, and the row goes out.  Of a start for another engine
 * its task is told as well: an incident.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "codec/request.h"
#include "worker.h"

enum { KEPT_BYTES = 1000, KEPT_HEADERS = 100 }; /* of a message that may be too large */

/* Small headers alone: what was refused may be too large by its headers. */
static void
keep_small_headers(struct wf_message *letter)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < letter->header_count && kept < KEPT_HEADERS; i++)
        if (letter->headers[i].name.length + letter->headers[i].value.length <= KEPT_BYTES)
            letter->headers[kept++] = letter->headers[i];
    letter->header_count = kept;
}

static void
encode_dead_letter(const struct wf_message *refused, const char *why, struct wf_buf *row)
{
    struct wf_message letter = *refused;

    letter.topic = WF_TOPIC_DEAD_LETTER;
    letter.name = (struct wf_slice){0};
    letter.partition = -1;
    if (letter.value.length > KEPT_BYTES)
        letter.value.length = KEPT_BYTES;
    keep_small_headers(&letter);
    (void)wf_message_header(&letter, "pawl_code", "too_large", strlen("too_large"));
    (void)wf_message_header(&letter, "pawl_detail", why, strlen(why));
    wf_message_encode(&letter, row);
}

static bool
rewrite(struct wf_worker *worker, const struct wf_outbox_row *old, size_t index, const char *why, struct wf_buf *row)
{
    const char *at = old->events.data, *end = at + old->events.length;
    struct wf_message message;

    for (size_t i = 0; at < end; i++) {
        if (!wf_message_decode(&at, end, &message))
            return false;
        if (i != index) {
            wf_message_encode(&message, row);
            continue;
        }
        encode_dead_letter(&message, why, row);
        wf_request_refused_encode(&worker->codec, &message, why, wf_clock_now(), row);
    }
    return true;
}

bool
wf_refused_replace(struct wf_worker *worker, const struct wf_publisher_status *status)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf row = {0};
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    int32_t p = status->refused_partition;
    struct wf_outbox_row *rows;
    struct wf_error error;
    size_t count;

    wf_log(WF_LOG_ERROR, "Kafka refuses an event for good: it becomes a dead letter",
           "partition=%d number=%" PRId64 " index=%zu error=\"%s\"", p, status->refused_number, status->refused_index,
           status->error.message);
    WF_FAULT(REFUSED);
    if (wf_store_outbox(worker->store, p, status->refused_number - 1, 1, &arena, &rows, &count, &error) !=
            WF_VERDICT_OK || !count || rows[0].number != status->refused_number ||
        !rewrite(worker, &rows[0], status->refused_index, status->error.message, &row))
        return false;
    bool replaced = wf_store_outbox_replace(worker->store, p, worker->partitions[p].epoch, status->refused_number,
                                (struct wf_slice){row.data, row.length}, &error) == WF_VERDICT_OK;
    if (!replaced)
        wf_log(WF_LOG_ERROR, "could not replace the event", "partition=%d error=\"%s\"", p, error.message);
    WF_FAULT(REPLACED);
    return replaced;
}
