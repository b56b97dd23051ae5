#include "kafka.h"

#include <unistd.h>

#include "base/clock.h"

enum { MISSING_GRACE_MS = 3000, AGAIN_US = 50000 }; /* how long and how often a missing topic is asked for */

/* What every handle has: short waits, for a person or a program waits for the answer. */
static const char *const common[] = {
    "client.id", "pawl",
    "socket.nagle.disable", "true",
    "socket.keepalive.enable", "true",
    "reconnect.backoff.ms", "20",
    "reconnect.backoff.max.ms", "1000",
    "log.connection.close", "false",
    NULL,
};

static void
log_nothing(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

static void
on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    struct wf_kafka *kafka = opaque;

    (void)handle;
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* which says less than what came before it */
        snprintf(kafka->last_error, sizeof kafka->last_error, "%s", reason);
}

static void
on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct wf_kafka *kafka = opaque;

    (void)handle;
    kafka->delivered(kafka->owner, message);
}

static void
on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct wf_kafka *kafka = opaque;

    (void)handle;
    kafka->rebalanced(kafka->owner, what, list);
}

static enum pawl_status
set_one(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        return wf_status(PAWL_INVALID, "kafka.%s: %s", name, why);
    return PAWL_OK;
}

static enum pawl_status
set_all(rd_kafka_conf_t *conf, const char *const *pairs)
{
    enum pawl_status status = PAWL_OK;

    for (; !status && *pairs; pairs += 2)
        status = set_one(conf, pairs[0], pairs[1]);
    return status;
}

/* The oldest first, so that of a property that was set twice the last one holds. */
static enum pawl_status
set_properties(rd_kafka_conf_t *conf, const struct wf_property *property)
{
    if (!property)
        return PAWL_OK;

    enum pawl_status status = set_properties(conf, property->next);
    return status ? status : set_one(conf, property->name, property->value);
}

enum pawl_status
wf_kafka_open(struct wf_kafka *kafka, const pawl_settings *settings, const char *const *own)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum pawl_status status = set_one(conf, "bootstrap.servers", settings->brokers);

    if (!status)
        status = set_all(conf, common);
    if (!status)
        status = set_all(conf, own);
    if (!status)
        status = set_properties(conf, settings->properties);

    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (kafka->delivered)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (kafka->rebalanced)
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    if (strcmp(settings->log, "none") == 0)
        rd_kafka_conf_set_log_cb(conf, log_nothing);

    char why[512];
    kafka->settings = settings;
    if (!status)
        kafka->handle = rd_kafka_new(kafka->delivered ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (kafka->handle)
        return PAWL_OK;
    rd_kafka_conf_destroy(conf);
    return status ? status : wf_status(PAWL_INVALID, "cannot use these Kafka settings: %s", why);
}

void
wf_kafka_close(struct wf_kafka *kafka)
{
    if (kafka->handle)
        rd_kafka_destroy(kafka->handle);
    kafka->handle = NULL;
}

static enum pawl_status
kind_of(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        return PAWL_UNREACHABLE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return PAWL_TOPICS;
    default:
        return PAWL_FAILED;
    }
}

enum pawl_status
wf_kafka_status(struct wf_kafka *kafka, rd_kafka_resp_err_t error, const char *what)
{
    rd_kafka_poll(kafka->handle, 0); /* what on_error() is to hear */
    switch (kind_of(error)) {
    case PAWL_UNREACHABLE:
        return wf_status(PAWL_UNREACHABLE, "could not reach Kafka at \"%s\": %s", kafka->settings->brokers,
                         *kafka->last_error ? kafka->last_error : rd_kafka_err2str(error));
    case PAWL_TOPICS:
        return wf_status(PAWL_TOPICS, "topic \"%s\" does not exist", what);
    default:
        return wf_status(PAWL_FAILED, "Kafka refused \"%s\": %s", what, rd_kafka_err2str(error));
    }
}

static rd_kafka_resp_err_t
ask_partitions(struct wf_kafka *kafka, rd_kafka_topic_t *topic, int32_t *ret_partitions)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(kafka->handle, 0, topic, &metadata, kafka->settings->timeout_ms);

    if (error)
        return error;
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *ret_partitions = error ? 0 : metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return error || *ret_partitions ? error : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/*
 * Asking for the topic first spares its first message a wait of 1000 ms in librdkafka 2.0.2.  A missing one is asked for
 * again for a while: a broker that has just begun, and one that hears late of a new topic, do not know it yet.
 */
static enum pawl_status
count_partitions(struct wf_kafka *kafka, rd_kafka_topic_t *topic, int32_t *ret_partitions)
{
    int64_t grace = kafka->settings->timeout_ms < MISSING_GRACE_MS ? kafka->settings->timeout_ms : MISSING_GRACE_MS;
    int64_t until = wf_clock_monotonic() + grace * WF_MILLISECOND;
    rd_kafka_resp_err_t error;

    while ((error = ask_partitions(kafka, topic, ret_partitions)) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
           wf_clock_monotonic() < until)
        usleep(AGAIN_US);
    return error ? wf_kafka_status(kafka, error, rd_kafka_topic_name(topic)) : PAWL_OK;
}

enum pawl_status
wf_kafka_topic(struct wf_kafka *kafka, const char *name, rd_kafka_topic_t **ret_topic, int32_t *ret_partitions)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka->handle, name, NULL);

    if (!topic)
        return wf_kafka_status(kafka, rd_kafka_last_error(), name);

    enum pawl_status status = count_partitions(kafka, topic, ret_partitions);
    if (status)
        rd_kafka_topic_destroy(topic);
    else
        *ret_topic = topic;
    return status;
}
