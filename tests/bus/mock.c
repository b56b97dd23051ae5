/*
 * mock.c - the mock cluster of the bus tests.
 */
#include "mock.h"

#include <criterion/criterion.h>

#include "base/log.h"

static struct wf_settings
settings_read(void)
{
    static char program[] = "test";
    char *argv[] = {program, NULL};
    int argc = 1;
    struct wf_settings settings = {0};
    struct wf_error error = {0};

    cr_assert(wf_settings_read(WF_PROGRAM_WORKER, &argc, argv, &settings, &error), "%s", error.message);
    settings.session_timeout_ms = 6000;
    settings.transaction_timeout_ms = 3000;
    return settings;
}

void
mock_open(struct mock *mock, enum wf_topic odd)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256], name[WF_KAFKA_NAME_SIZE];

    wf_log_open(WF_LOG_ERROR, false, "test", NULL);
    mock->settings = settings_read();
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    mock->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    cr_assert(mock->kafka, "%s", reason);
    mock->cluster = rd_kafka_mock_cluster_new(mock->kafka, 1);
    cr_assert(mock->cluster);
    mock->settings.brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
    for (int topic = 0; topic < WF_TOPIC_COUNT; topic++) {
        wf_kafka_topic_name(&mock->settings, (enum wf_topic)topic, name);
        rd_kafka_mock_topic_create(mock->cluster, name, MOCK_PARTITIONS + ((int)odd == topic), 1);
    }
}

void
mock_close(struct mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->kafka);
}

void
mock_fill(struct mock *mock, enum wf_topic topic, int32_t partition, int first, int count)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256], name[WF_KAFKA_NAME_SIZE], value[16];
    rd_kafka_t *kafka;

    rd_kafka_conf_set(conf, "bootstrap.servers", mock->settings.brokers, NULL, 0);
    kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    cr_assert(kafka, "%s", reason);
    wf_kafka_topic_name(&mock->settings, topic, name);
    for (int i = 0; i < count; i++) {
        size_t length = (size_t)snprintf(value, sizeof value, "%d", first + i);
        cr_assert_eq(rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC(name), RD_KAFKA_V_PARTITION(partition),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(value, length),
                                       RD_KAFKA_V_VALUE(value, length),
                                       RD_KAFKA_V_HEADER("ce_id", value, (ssize_t)length), RD_KAFKA_V_END),
                     0);
    }
    cr_assert_eq(rd_kafka_flush(kafka, 10000), 0);
    rd_kafka_destroy(kafka);
}

struct wf_generation *
mock_generation(void)
{
    struct wf_generation *generation = NULL;
    struct wf_error error = {0};

    cr_assert(wf_generation_new(rd_kafka_consumer_group_metadata_new_with_genid("workflow-worker", 1, "member", NULL),
                                &generation, &error),
              "%s", error.message);
    return generation;
}

struct wf_publication *
mock_publication(int parts, int messages, int64_t number)
{
    struct wf_generation *generation = mock_generation();
    struct wf_publication *publication = wf_publication_new(generation, "incarnation", (size_t)parts);

    wf_generation_release(generation);
    for (int i = 0; i < parts; i++) {
        struct wf_message message = {
            .topic = WF_TOPIC_STATE_TASK, .partition = i, .key = {"key", 3}, .value = {"{}", 2}};
        struct wf_buf buf = {0};

        cr_assert(wf_message_header(&message, "ce_id", "id", 2));
        for (int n = 0; n < messages; n++)
            wf_message_encode(&message, &buf);
        publication->parts[i].partition = i;
        publication->parts[i].outbox_number = number;
        publication->parts[i].bytes = buf.data;
        publication->parts[i].length = buf.length;
    }
    return publication;
}
