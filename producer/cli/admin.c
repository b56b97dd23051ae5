/*
 * admin.c - looks at topics and creates them.
 */
#include <ctype.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "kafka.h"

#define LARGE_BYTES "16777216"

enum { LOOK_US = 20000 };

struct cli_admin {
    const struct cli *cli;
    pawl_settings *settings;
    struct wf_kafka kafka;
};

static void
on_delivered(void *owner, const rd_kafka_message_t *message)
{
    (void)owner, (void)message; /* nothing is produced: a producer is the cheapest handle */
}

enum cli_exit
cli_admin_open(const struct cli *cli, struct cli_admin **ret_admin)
{
    static const char *const none[] = {NULL};
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    struct cli_admin *admin = calloc(1, sizeof *admin);
    admin->cli = cli;
    admin->settings = settings;
    admin->kafka.delivered = on_delivered;
    code = cli_status(cli, wf_kafka_open(&admin->kafka, settings, none));
    if (code)
        cli_admin_close(admin);
    else
        *ret_admin = admin;
    return code;
}

void
cli_admin_close(struct cli_admin *admin)
{
    if (!admin)
        return;
    wf_kafka_close(&admin->kafka);
    pawl_settings_free(admin->settings);
    free(admin);
}

static enum cli_exit
failed(struct cli_admin *admin, rd_kafka_resp_err_t error, const char *what)
{
    return cli_status(admin->cli, wf_kafka_status(&admin->kafka, error, what));
}

/* Whether it can be written to: each of its partitions has a leader. */
static bool
is_ready(const struct rd_kafka_metadata_topic *topic)
{
    bool ready = !topic->err;

    for (int p = 0; ready && p < topic->partition_cnt; p++)
        ready = !topic->partitions[p].err && topic->partitions[p].leader >= 0;
    return ready;
}

enum cli_exit
cli_admin_look(struct cli_admin *admin, struct cli_topic *topics, size_t count)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(admin->kafka.handle, 1, NULL, &metadata, (int)admin->cli->settings.timeout_ms);

    if (error)
        return failed(admin, error, "list of topics");
    for (size_t i = 0; i < count; i++) {
        for (int t = 0; t < metadata->topic_cnt; t++) {
            if (strcmp(metadata->topics[t].topic, topics[i].name) != 0)
                continue;
            topics[i].exists = true;
            topics[i].ready = is_ready(&metadata->topics[t]);
            topics[i].partitions = metadata->topics[t].partition_cnt;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return CLI_OK;
}

static enum cli_exit
results_check(struct cli_admin *admin, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);

    if (rd_kafka_event_error(event))
        return failed(admin, rd_kafka_event_error(event), "creating topics");
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) /* somebody else was faster */
            return cli_fail(CLI_INTERNAL, "could not create the topic \"%s\": %s", rd_kafka_topic_result_name(results[i]),
                            rd_kafka_topic_result_error_string(results[i]));
    }
    return CLI_OK;
}

static enum cli_exit
create(struct cli_admin *admin, rd_kafka_NewTopic_t **wanted, size_t count)
{
    rd_kafka_t *handle = admin->kafka.handle;
    int timeout = (int)admin->cli->settings.timeout_ms;
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);

    rd_kafka_AdminOptions_set_request_timeout(options, timeout, NULL, 0);
    rd_kafka_AdminOptions_set_operation_timeout(options, timeout, NULL, 0);
    rd_kafka_CreateTopics(handle, wanted, count, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout + 1000);
    enum cli_exit code =
        event ? results_check(admin, event) : failed(admin, RD_KAFKA_RESP_ERR__TIMED_OUT, "creating topics");
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return code;
}

/* Brokers know of a topic a moment after it was created; whoever comes next should find it. */
static enum cli_exit
wait_created(struct cli_admin *admin, const struct cli_topic *topics, size_t count)
{
    int64_t limit = wf_clock_monotonic() + admin->cli->settings.timeout_ms * WF_MILLISECOND;
    struct cli_topic *seen = calloc(count, sizeof *seen);
    enum cli_exit code = CLI_OK;
    bool all = false;

    while (!code && !all && wf_clock_monotonic() < limit) {
        memcpy(seen, topics, count * sizeof *seen);
        for (size_t i = 0; i < count; i++)
            seen[i].exists = false;
        code = cli_admin_look(admin, seen, count);
        all = true;
        for (size_t i = 0; i < count; i++)
            all &= seen[i].exists && seen[i].ready;
        if (!all)
            usleep(LOOK_US);
    }
    free(seen);
    return code;
}

enum cli_exit
cli_admin_create(struct cli_admin *admin, const struct cli_topic *topics, size_t count, int partitions, int replication)
{
    rd_kafka_NewTopic_t **wanted = calloc(count ? count : 1, sizeof(rd_kafka_NewTopic_t *));
    size_t missing = 0;
    char why[256];
    enum cli_exit code = CLI_OK;

    for (size_t i = 0; !code && i < count; i++) {
        if (topics[i].exists)
            continue;
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(topics[i].name, partitions, replication, why, sizeof why);
        if (!topic)
            code = cli_fail(CLI_USAGE, "topic \"%s\": %s", topics[i].name, why);
        else
            wanted[missing++] = topic;
        if (topic && topics[i].compact)
            rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
        if (topic && topics[i].large)
            rd_kafka_NewTopic_set_config(topic, "max.message.bytes", LARGE_BYTES);
    }
    if (!code && missing)
        code = create(admin, wanted, missing);
    if (!code && missing)
        code = wait_created(admin, topics, count);
    rd_kafka_NewTopic_destroy_array(wanted, missing);
    free(wanted);
    return code;
}

bool
cli_job_topic(const struct cli *cli, const char *executive, struct cli_topic *ret_topic)
{
    int length = snprintf(ret_topic->name, sizeof ret_topic->name, "%s.job.%s", cli->settings.prefix, executive);

    for (const char *c = executive; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return *executive && length <= 249;
}
