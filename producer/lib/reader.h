/*
 * reader.h - reads partitions of topics, each from a place of its own, without a group.
 *
 * Partitions are added one by one: those already read are not disturbed (which is why this is
 * librdkafka's simple consumer and not rd_kafka_assign()).
 */
#ifndef WF_LIB_READER_H
#define WF_LIB_READER_H

#include <stdbool.h>

#include "kafka.h"

enum { WF_READER_TOPICS = 2 };

struct wf_reader {
    struct wf_kafka kafka;
    rd_kafka_queue_t *queue;
    struct {
        rd_kafka_topic_t *topic;
        int32_t partitions;
        bool *started;
    } topics[WF_READER_TOPICS];
    int count;
};

/* Opens an empty struct; `fd` is an eventfd that is written to when something arrives. */
enum pawl_status wf_reader_open(struct wf_reader *reader, const pawl_settings *settings, int fd);

/* Adds a topic; its number is the order of the calls, from 0. */
enum pawl_status wf_reader_topic(struct wf_reader *reader, const char *name);

/*
 * Begins to read one partition, or all (-1), of a topic, from the beginning or from the end as
 * it is now; one that is read already goes on as it is.
 */
enum pawl_status wf_reader_start(struct wf_reader *reader, int topic, int32_t partition, enum pawl_from from);

/*
 * The next message, to be destroyed by the caller, or NULL in *ret_message if none is there.
 * Fails on errors that do not pass.
 */
enum pawl_status wf_reader_next(struct wf_reader *reader, rd_kafka_message_t **ret_message);

void wf_reader_close(struct wf_reader *reader);

/* The value of a header, NUL-terminated and owned by the message, or NULL. */
const char *wf_message_header_text(const rd_kafka_message_t *message, const char *name, size_t *ret_length);

#endif
