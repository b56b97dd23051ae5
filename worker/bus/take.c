/*
 * take.c - records out of the queues of begun partitions.
 */
#include "base/clock.h"
#include "base/log.h"
#include "bus/consumer_state.h"

static void
read_headers(const rd_kafka_message_t *message, struct wf_record *record)
{
    rd_kafka_headers_t *headers;
    struct wf_header *list;
    size_t count;

    if (rd_kafka_message_headers(message, &headers) || !(count = rd_kafka_header_cnt(headers)))
        return;
    list = calloc(count, sizeof *list);
    if (!list)
        exit(WF_EXIT_MEMORY);
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t size = 0;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size))
            break;
        list[i].name = (struct wf_slice){name, strlen(name)};
        list[i].value = (struct wf_slice){value, size};
        record->header_count = i + 1;
    }
    record->headers = list;
}

static void
read_record(rd_kafka_message_t *message, enum wf_topic topic, struct wf_record *record)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);

    *record = (struct wf_record){
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || timestamp < 0 ? 0 : timestamp * WF_MILLISECOND,
        .key = {message->key, message->key ? message->key_len : 0},
        .value = {message->payload, message->payload ? message->len : 0},
        .message = message,
    };
    read_headers(message, record);
}

/* False when the topic no longer has the position. */
static bool
read_error(struct wf_consumer *consumer, const rd_kafka_message_t *message, int topic, struct wf_error *reterr)
{
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        wf_consumer_halt(consumer, message->partition);
        wf_fail(reterr, WF_FATE_FATAL, "topic \"%s\" partition %d no longer has the position: %s",
                consumer->names[topic], message->partition, rd_kafka_message_errstr(message));
        if (reterr)
            reterr->exit_code = WF_EXIT_BUS;
        return false;
    }
    wf_log(WF_LOG_WARNING, "could not fetch", "topic=%s partition=%d error=%s reason=\"%s\"", consumer->names[topic],
           message->partition, rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
    return true;
}

bool
wf_consumer_take(struct wf_consumer *consumer, int32_t partition, enum wf_topic topic, size_t limit,
                 struct wf_record *records, size_t *ret_count, bool *ret_caught_up, struct wf_error *reterr)
{
    struct partition *mine = consumer_partition(consumer, partition);
    int index = consumer_topic(consumer, topic);
    struct source *source = mine ? &mine->sources[index] : NULL;
    rd_kafka_message_t *message;
    bool ok = true;

    *ret_count = 0;
    *ret_caught_up = source && source->caught_up;
    /* Between a seek and its assign the queue still holds what is no longer wanted. */
    if (!mine || !mine->begun || consumer->stale)
        return true;
    while (ok && *ret_count < limit && (message = rd_kafka_consume_queue(source->queue, 0))) {
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            *ret_caught_up = source->caught_up = true; /* marks of transactions may lie before the end */
            rd_kafka_message_destroy(message);
        } else if (message->err && message->offset >= 0 && message->offset != source->next) {
            /* From before a seek, for errors are not outdated by it as records are; or from behind marks that are not
             * passed yet, and librdkafka fetches no more.  Assigned anew, a real one comes again, at `next`. */
            consumer->stale |= message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
            rd_kafka_message_destroy(message);
        } else if (message->err) {
            ok = read_error(consumer, message, index, reterr);
            rd_kafka_message_destroy(message);
        } else if (message->offset < source->next) {
            rd_kafka_message_destroy(message); /* handed out before */
        } else {
            read_record(message, (enum wf_topic)index, &records[(*ret_count)++]);
            source->next = message->offset + 1;
        }
    }
    return ok;
}

size_t
wf_record_size(const struct wf_record *record)
{
    size_t size = record->key.length + record->value.length;

    for (size_t i = 0; i < record->header_count; i++)
        size += record->headers[i].name.length + record->headers[i].value.length;
    return size;
}

void
wf_record_release(struct wf_record *record)
{
    free((void *)record->headers);
    if (record->message)
        rd_kafka_message_destroy(record->message);
    *record = (struct wf_record){0};
}

void
wf_records_release(struct wf_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wf_record_release(&records[i]);
}
