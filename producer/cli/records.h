/*
 * records.h - records of Kafka topics as they lie there, read without a group.
 */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "cli.h"
#include "kafka.h"

struct cli_records {
    const struct cli *cli;
    struct wf_kafka kafka;
    rd_kafka_queue_t *queue;
};

/* Opens an empty struct; `settings` must live as long as it.  Only committed records, if `committed`. */
enum cli_exit cli_records_open(const struct cli *cli, const pawl_settings *settings, bool committed,
                               struct cli_records *records);
void cli_records_close(struct cli_records *records);

/* A topic by its name behind "<prefix>."; the caller destroys it. */
enum cli_exit cli_records_topic(struct cli_records *records, const char *suffix, rd_kafka_topic_t **ret_topic,
                                int32_t *ret_partitions);

/* Where a partition begins and ends. */
enum cli_exit cli_records_ends(struct cli_records *records, rd_kafka_topic_t *topic, int32_t partition,
                               int64_t *ret_low, int64_t *ret_high);

/*
 * The next message of the queue, waited for a moment, which the caller destroys: a record, or
 * RD_KAFKA_RESP_ERR__PARTITION_EOF at the end of a partition; NULL: nothing came.
 */
enum cli_exit cli_records_next(struct cli_records *records, rd_kafka_message_t **ret_message);

/* Calls `each` with the records of a partition from an offset to its end; stops early when it returns false. */
enum cli_exit cli_records_read(struct cli_records *records, rd_kafka_topic_t *topic, int32_t partition,
                               int64_t offset, bool (*each)(void *context, const rd_kafka_message_t *message),
                               void *context);

#endif
