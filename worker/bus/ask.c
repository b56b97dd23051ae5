/*
 * ask.c - questions to Kafka: watermarks, committed numbers, timestamps of single records.
 */
#include "base/clock.h"
#include "base/log.h"
#include "bus/consumer_state.h"

bool
wf_consumer_watermarks(struct wf_consumer *consumer, enum wf_topic topic, int32_t partition, int timeout_ms,
                       int64_t *ret_low, int64_t *ret_high, struct wf_error *reterr)
{
    const char *name = consumer->names[consumer_topic(consumer, topic)];
    int64_t low, high;
    rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(consumer->kafka, name, partition, &low, &high, timeout_ms);

    if (error) {
        char what[WF_KAFKA_NAME_SIZE + 64];
        snprintf(what, sizeof what, "could not ask for the watermarks of \"%s\" partition %d", name, partition);
        return wf_kafka_fail(reterr, error, what);
    }
    *ret_low = low;
    *ret_high = high;
    return true;
}

/* ---- the committed number ---- */

/* Reads `v1;<incarnation>;<number>`; not NUL-terminated. */
static bool
number_parse(const char *text, size_t size, char incarnation[WF_INCARNATION_SIZE], int64_t *ret_number)
{
    const char *at = text + 3, *end = text + size, *mark;
    int64_t number = 0;

    if (size < 3 || memcmp(text, "v1;", 3) != 0)
        return false;
    mark = memchr(at, ';', (size_t)(end - at));
    if (!mark || mark - at >= WF_INCARNATION_SIZE || mark + 1 == end || end - mark > 19)
        return false;
    for (const char *digit = mark + 1; digit < end; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        number = number * 10 + (*digit - '0');
    }
    memcpy(incarnation, at, (size_t)(mark - at));
    incarnation[mark - at] = 0;
    *ret_number = number;
    return true;
}

static enum wf_committed
read_committed(const rd_kafka_topic_partition_t *found, char incarnation[WF_INCARNATION_SIZE], int64_t *ret_number)
{
    if (found->offset < 0)
        return WF_COMMITTED_NONE;
    if (number_parse(found->metadata ? found->metadata : "", found->metadata_size, incarnation, ret_number))
        return WF_COMMITTED_FOUND;
    wf_log(WF_LOG_WARNING, "the group's offset carries no number of ours: somebody else has committed",
           "topic=%s partition=%d offset=%lld", found->topic, found->partition, (long long)found->offset);
    return WF_COMMITTED_NONE;
}

bool
wf_consumer_committed_number(struct wf_consumer *consumer, int32_t partition, int timeout_ms,
                             enum wf_committed *ret_state, char incarnation[WF_INCARNATION_SIZE], int64_t *ret_number,
                             struct wf_error *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked = rd_kafka_topic_partition_list_add(list, consumer->names[0], partition);
    rd_kafka_resp_err_t error = rd_kafka_committed(consumer->kafka, list, timeout_ms);
    bool ok = true;

    if (!error)
        error = asked->err;
    if (!error)
        *ret_state = read_committed(asked, incarnation, ret_number);
    else if (error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
        *ret_state = WF_COMMITTED_UNSTABLE;
    else
        ok = wf_kafka_fail(reterr, error, "could not read the committed offset");
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

/* ---- timestamps of single records ---- */

/*
 * A handle without a group, which reads from one queue for all questions; what is committed, as the consumer
 * does, so that what comes next is not a record that was aborted.
 */
struct reader {
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topics[WF_COMMAND_TOPICS];
    bool *answered; /* by question */
    size_t open;    /* questions without an answer */
};

static bool
reader_open(struct wf_consumer *consumer, size_t count, struct reader *reader, struct wf_error *reterr)
{
    static const struct wf_kafka_property properties[] = {
        {"enable.auto.commit", "false"}, {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},  {"isolation.level", "read_committed"},
        {"fetch.wait.max.ms", "10"},     {"fetch.message.max.bytes", "65536"},
        {NULL, NULL}, /* with a small queued.min.messages 2.0.2 looks at a partition that joins late after 1 s */
    };
    rd_kafka_conf_t *conf;

    if (!wf_kafka_conf(consumer->settings, properties, &conf, reterr) ||
        !wf_kafka_new(RD_KAFKA_CONSUMER, conf, &reader->kafka, reterr))
        return false;
    reader->queue = rd_kafka_queue_new(reader->kafka);
    reader->answered = calloc(count, sizeof *reader->answered);
    if (!reader->answered)
        exit(WF_EXIT_MEMORY);
    for (int topic = 0; topic < consumer->topics; topic++)
        reader->topics[topic] = rd_kafka_topic_new(reader->kafka, consumer->names[topic], NULL);
    return true;
}

static void
reader_close(struct wf_consumer *consumer, struct reader *reader)
{
    if (!reader->kafka)
        return;
    for (int topic = 0; topic < consumer->topics; topic++)
        rd_kafka_topic_destroy(reader->topics[topic]);
    rd_kafka_queue_destroy(reader->queue);
    rd_kafka_destroy(reader->kafka);
    free(reader->answered);
}

static void
reader_answer(struct reader *reader, struct wf_record_time *questions, size_t count, const rd_kafka_message_t *message)
{
    for (size_t i = 0; i < count; i++) {
        struct wf_record_time *question = &questions[i];
        if (reader->answered[i] || question->partition != message->partition ||
            reader->topics[question->topic] != message->rkt)
            continue;
        reader->answered[i] = true;
        reader->open--;
        if (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            question->next = message->offset;
        if (!message->err && message->offset == question->offset) {
            rd_kafka_timestamp_type_t type;
            int64_t timestamp = rd_kafka_message_timestamp(message, &type);
            question->found = true;
            question->timestamp = timestamp > 0 ? timestamp * WF_MILLISECOND : 0;
        }
        return;
    }
}

/* Errors that say that there is no such record; others may pass. */
static bool
is_answer(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
           error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

static bool
reader_ask(struct wf_consumer *consumer, struct reader *reader, struct wf_record_time *questions, size_t count,
           int64_t deadline, struct wf_error *reterr)
{
    for (int topic = 0; topic < consumer->topics; topic++) {
        int32_t partitions; /* not of interest: the handle meets its topics by this */
        if (!wf_kafka_topic_partitions(reader->kafka, reader->topics[topic], wf_kafka_remaining_ms(deadline, 5000),
                                       &partitions, reterr))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        questions[i].topic = (enum wf_topic)consumer_topic(consumer, questions[i].topic);
        questions[i].found = false;
        questions[i].next = -1;
        questions[i].timestamp = 0;
        if (questions[i].offset < 0) {
            reader->answered[i] = true;
        } else if (rd_kafka_consume_start_queue(reader->topics[questions[i].topic], questions[i].partition,
                                                questions[i].offset, reader->queue) == 0) {
            reader->open++;
        } else {
            return wf_kafka_fail(reterr, rd_kafka_last_error(), "could not read a record");
        }
    }
    return true;
}

bool
wf_consumer_record_times(struct wf_consumer *consumer, struct wf_record_time *questions, size_t count, int timeout_ms,
                         struct wf_error *reterr)
{
    int64_t deadline = wf_clock_monotonic() + timeout_ms * WF_MILLISECOND;
    struct reader reader = {0};
    bool ok;

    if (!count)
        return true;
    ok = reader_open(consumer, count, &reader, reterr) &&
         reader_ask(consumer, &reader, questions, count, deadline, reterr);
    while (ok && reader.open) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(reader.queue, wf_kafka_remaining_ms(deadline, 100));
        if (message && is_answer(message->err))
            reader_answer(&reader, questions, count, message);
        if (message)
            rd_kafka_message_destroy(message);
        else if (wf_clock_monotonic() >= deadline)
            ok = wf_fail(reterr, WF_FATE_RETRY, "could not read %zu records in time", reader.open);
    }
    reader_close(consumer, &reader);
    return ok;
}
