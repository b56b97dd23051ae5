/*
 * kafka.h - handles of librdkafka, and what their errors mean to a person.
 */
#ifndef WF_LIB_KAFKA_H
#define WF_LIB_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "settings.h"

struct wf_kafka {
    rd_kafka_t *handle;
    const pawl_settings *settings;
    char last_error[256]; /* of the connection; empty: none */
    void (*delivered)(void *owner, const rd_kafka_message_t *message); /* NULL: a consumer */
    void (*rebalanced)(void *owner, rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t *list);
    void *owner;
};

/*
 * Opens a handle with properties of our own (name, value, …, NULL), over which those of the
 * settings win.  The struct must stay where it is; `delivered`, `rebalanced` (of a member of a
 * group) and `owner` are set before.
 */
enum pawl_status wf_kafka_open(struct wf_kafka *kafka, const pawl_settings *settings, const char *const *own);

/* Closes the handle; a struct that was never opened is fine. */
void wf_kafka_close(struct wf_kafka *kafka);

/* Makes a topic known to the handle; the caller destroys it. */
enum pawl_status wf_kafka_topic(struct wf_kafka *kafka, const char *name, rd_kafka_topic_t **ret_topic,
                                int32_t *ret_partitions);

/* The status, and the message, of a call that failed. */
enum pawl_status wf_kafka_status(struct wf_kafka *kafka, rd_kafka_resp_err_t error, const char *what);

#endif
