#include "reader.h"

#include <poll.h>

#include "base/clock.h"
#include "memory.h"

enum { MOVING_WAIT_MS = 20 }; /* before a moving partition is asked again */

/*
 * A fetch waits in the broker for something to arrive, so the longest wait costs no latency;
 * but a partition that is added has to wait until the fetch under way is over.
 */
static const char *const properties[] = {
    "isolation.level", "read_committed",
    "enable.auto.commit", "false",
    "enable.auto.offset.store", "false",
    "auto.commit.enable", "false",
    "auto.offset.reset", "earliest",
    "fetch.wait.max.ms", "20",
    "fetch.error.backoff.ms", "20",
    NULL,
};

enum pawl_status
wf_reader_open(struct wf_reader *reader, const pawl_settings *settings, int fd)
{
    static const uint64_t one = 1;
    enum pawl_status status = wf_kafka_open(&reader->kafka, settings, properties);

    if (status)
        return status;
    reader->queue = rd_kafka_queue_new(reader->kafka.handle);
    rd_kafka_queue_io_event_enable(reader->queue, fd, &one, sizeof one);
    return PAWL_OK;
}

enum pawl_status
wf_reader_topic(struct wf_reader *reader, const char *name)
{
    int32_t partitions;
    enum pawl_status status =
        wf_kafka_topic(&reader->kafka, name, &reader->topics[reader->count].topic, &partitions);

    if (status)
        return status;
    reader->topics[reader->count].partitions = partitions;
    reader->topics[reader->count].started = wf_new((size_t)partitions * sizeof(bool));
    reader->count++;
    return PAWL_OK;
}

/* What a topic answers while it is new or its leader moves. */
static bool
is_moving(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH || error == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static rd_kafka_resp_err_t
ask_ends(struct wf_reader *reader, rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(reader->kafka.handle, list, timeout_ms);

    for (int i = 0; !error && i < list->cnt; i++)
        error = list->elems[i].err;
    return error;
}

/* Sets each offset of the list to where the partition ends: for read_committed, what is committed. */
static enum pawl_status
find_ends(struct wf_reader *reader, rd_kafka_topic_partition_list_t *list, const char *name)
{
    int64_t limit = wf_clock_monotonic() + reader->kafka.settings->timeout_ms * WF_MILLISECOND;
    rd_kafka_resp_err_t error;

    for (;;) {
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = RD_KAFKA_OFFSET_END;
        error = ask_ends(reader, list, wf_milliseconds_until(limit));
        if (!is_moving(error) || wf_clock_monotonic() + MOVING_WAIT_MS * WF_MILLISECOND > limit)
            break;
        poll(NULL, 0, MOVING_WAIT_MS);
    }
    return error ? wf_kafka_status(&reader->kafka, error, name) : PAWL_OK;
}

static enum pawl_status
start_at(struct wf_reader *reader, int topic, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        if (rd_kafka_consume_start_queue(reader->topics[topic].topic, place->partition, place->offset,
                                         reader->queue) < 0)
            return wf_kafka_status(&reader->kafka, rd_kafka_last_error(), place->topic);
        reader->topics[topic].started[place->partition] = true;
    }
    return PAWL_OK;
}

enum pawl_status
wf_reader_start(struct wf_reader *reader, int topic, int32_t partition, enum pawl_from from)
{
    const char *name = rd_kafka_topic_name(reader->topics[topic].topic);
    int32_t first = partition < 0 ? 0 : partition;
    int32_t last = partition < 0 ? reader->topics[topic].partitions - 1 : partition;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(last - first + 1);

    for (int32_t p = first; p <= last; p++)
        if (!reader->topics[topic].started[p])
            rd_kafka_topic_partition_list_add(list, name, p)->offset = RD_KAFKA_OFFSET_BEGINNING;

    enum pawl_status status = PAWL_OK;
    if (list->cnt && from == PAWL_FROM_END)
        status = find_ends(reader, list, name);
    if (!status)
        status = start_at(reader, topic, list);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

static bool
passes(rd_kafka_resp_err_t error)
{
    return error != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && error != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC &&
           error != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && error != RD_KAFKA_RESP_ERR__FATAL;
}

enum pawl_status
wf_reader_next(struct wf_reader *reader, rd_kafka_message_t **ret_message)
{
    rd_kafka_poll(reader->kafka.handle, 0);
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(reader->queue, 0);
        rd_kafka_resp_err_t error = message ? message->err : RD_KAFKA_RESP_ERR_NO_ERROR;

        if (!error) {
            *ret_message = message;
            return PAWL_OK;
        }
        rd_kafka_message_destroy(message);
        if (!passes(error))
            return wf_kafka_status(&reader->kafka, error, "reading");
    }
}

void
wf_reader_close(struct wf_reader *reader)
{
    for (int i = 0; i < reader->count; i++) {
        for (int32_t p = 0; p < reader->topics[i].partitions; p++)
            if (reader->topics[i].started[p])
                rd_kafka_consume_stop(reader->topics[i].topic, p);
        rd_kafka_topic_destroy(reader->topics[i].topic);
        free(reader->topics[i].started);
    }
    if (reader->queue)
        rd_kafka_queue_destroy(reader->queue);
    wf_kafka_close(&reader->kafka);
    *reader = (struct wf_reader){0};
}

const char *
wf_message_header_text(const rd_kafka_message_t *message, const char *name, size_t *ret_length)
{
    rd_kafka_headers_t *headers;
    const void *value = NULL;

    *ret_length = 0;
    if (rd_kafka_message_headers(message, &headers) ||
        rd_kafka_header_get_last(headers, name, &value, ret_length))
        return NULL;
    return value;
}
