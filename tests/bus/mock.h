/*
 * mock.h - a cluster of librdkafka's mock brokers with the engine's topics, and what the bus tests do with it.
 */
#ifndef WF_TESTS_BUS_MOCK_H
#define WF_TESTS_BUS_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/buf.h"
#include "bus/consumer.h"
#include "bus/kafka.h"
#include "bus/publisher.h"

enum { MOCK_PARTITIONS = 4 };

/* Kafka's numbers of the requests that errors are injected into. */
enum { API_PRODUCE = 0, API_OFFSET_FETCH = 9, API_ADD_PARTITIONS = 24, API_END_TXN = 26, API_TXN_OFFSET_COMMIT = 28 };

struct mock {
    rd_kafka_t *kafka; /* owns the cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct wf_settings settings;
};

/* A cluster of one broker with all topics of the engine; `odd` has one partition more, unless it is WF_TOPIC_COUNT. */
void mock_open(struct mock *mock, enum wf_topic odd);
void mock_close(struct mock *mock);

/* Puts records "<first>", "<first + 1>", … with one header into a topic. */
void mock_fill(struct mock *mock, enum wf_topic topic, int32_t partition, int first, int count);

/* A generation that no group knows, for brokers that do not check. */
struct wf_generation *mock_generation(void);

/* One part for each of the first `parts` partitions, each with `messages` messages to state.task, under this outbox
 * number. */
struct wf_publication *mock_publication(int parts, int messages, int64_t number);

#endif
