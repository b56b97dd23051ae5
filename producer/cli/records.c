#include "records.h"

#include "base/clock.h"

enum { POLL_MS = 100 };

enum cli_exit
cli_records_open(const struct cli *cli, const pawl_settings *settings, bool committed, struct cli_records *records)
{
    const char *const properties[] = {
        "isolation.level", committed ? "read_committed" : "read_uncommitted",
        "enable.auto.commit", "false",
        "auto.commit.enable", "false",
        "enable.auto.offset.store", "false",
        "auto.offset.reset", "error",
        "enable.partition.eof", "true",
        "fetch.wait.max.ms", "20",
        "fetch.error.backoff.ms", "20",
        NULL,
    };
    enum pawl_status status = wf_kafka_open(&records->kafka, settings, properties);

    records->cli = cli;
    if (status)
        return cli_status(cli, status);
    records->queue = rd_kafka_queue_new(records->kafka.handle);
    return CLI_OK;
}

void
cli_records_close(struct cli_records *records)
{
    if (records->queue)
        rd_kafka_queue_destroy(records->queue);
    wf_kafka_close(&records->kafka);
}

enum cli_exit
cli_records_topic(struct cli_records *records, const char *suffix, rd_kafka_topic_t **ret_topic,
                  int32_t *ret_partitions)
{
    char name[300];

    snprintf(name, sizeof name, "%s.%s", records->cli->settings.prefix, suffix);
    return cli_status(records->cli, wf_kafka_topic(&records->kafka, name, ret_topic, ret_partitions));
}

static enum cli_exit
fail(struct cli_records *records, rd_kafka_resp_err_t error, const char *what)
{
    return cli_status(records->cli, wf_kafka_status(&records->kafka, error, what));
}

enum cli_exit
cli_records_ends(struct cli_records *records, rd_kafka_topic_t *topic, int32_t partition, int64_t *ret_low,
                 int64_t *ret_high)
{
    const char *name = rd_kafka_topic_name(topic);
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        records->kafka.handle, name, partition, ret_low, ret_high, (int)records->cli->settings.timeout_ms);

    return error ? fail(records, error, name) : CLI_OK;
}

static bool
passes(rd_kafka_resp_err_t error)
{
    return error != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && error != RD_KAFKA_RESP_ERR__FATAL &&
           error != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC && error != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION &&
           error != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
}

enum cli_exit
cli_records_next(struct cli_records *records, rd_kafka_message_t **ret_message)
{
    rd_kafka_message_t *message = rd_kafka_consume_queue(records->queue, POLL_MS);

    if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        rd_kafka_resp_err_t error = message->err;
        rd_kafka_message_destroy(message);
        message = NULL;
        if (!passes(error))
            return fail(records, error, "reading");
    }
    *ret_message = message;
    return CLI_OK;
}

/* Until the end, or `each` has enough; a partition that brings nothing for so long is given up. */
static enum cli_exit
read_on(struct cli_records *records, bool (*each)(void *context, const rd_kafka_message_t *message), void *context)
{
    int64_t patience = records->cli->settings.timeout_ms * WF_MILLISECOND;
    int64_t limit = wf_clock_monotonic() + patience;
    bool more = true;

    while (more && wf_clock_monotonic() < limit) {
        rd_kafka_message_t *message;
        enum cli_exit code = cli_records_next(records, &message);
        if (code)
            return code;
        if (!message)
            continue;
        more = !message->err && each(context, message);
        limit = wf_clock_monotonic() + patience;
        rd_kafka_message_destroy(message);
    }
    return more ? cli_fail(CLI_TIMEOUT, "a topic could not be read to its end in time") : CLI_OK;
}

enum cli_exit
cli_records_read(struct cli_records *records, rd_kafka_topic_t *topic, int32_t partition, int64_t offset,
                 bool (*each)(void *context, const rd_kafka_message_t *message), void *context)
{
    if (rd_kafka_consume_start_queue(topic, partition, offset, records->queue) < 0)
        return fail(records, rd_kafka_last_error(), rd_kafka_topic_name(topic));
    enum cli_exit code = read_on(records, each, context);
    rd_kafka_consume_stop(topic, partition);
    rd_kafka_message_t *left;
    while ((left = rd_kafka_consume_queue(records->queue, 0)))
        rd_kafka_message_destroy(left);
    return code;
}
