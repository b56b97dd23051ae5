/*
 * kafka.c - configurations, names and errors of librdkafka.
 */
#include "bus/kafka.h"

#include <ctype.h>
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/lines.h"
#include "base/log.h"

/* A restarted broker serves metadata before it has read all topics; so long a missing one is asked for again. */
enum { MISSING_GRACE_MS = 3000 };

const char *
wf_kafka_topic_name(const struct wf_settings *settings, enum wf_topic topic, char name[WF_KAFKA_NAME_SIZE])
{
    if (topic < WF_COMMAND_TOPICS && settings->command_topic && *settings->command_topic)
        snprintf(name, WF_KAFKA_NAME_SIZE, "%s", settings->command_topic);
    else
        snprintf(name, WF_KAFKA_NAME_SIZE, "%s.%s", settings->prefix, wf_topic_suffix(topic));
    return name;
}

int
wf_kafka_command_topics(const struct wf_settings *settings)
{
    return settings->command_topic && *settings->command_topic ? 1 : (int)WF_COMMAND_TOPICS;
}

bool
wf_kafka_name_valid(const char *name, size_t length)
{
    if (!length || length >= WF_KAFKA_NAME_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (!(c < 0x80 && isalnum(c)) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return !(length == 1 && name[0] == '.') && !(length == 2 && name[0] == '.' && name[1] == '.');
}

/*
 * librdkafka's log lines.  What it says of lost connections and transactions comes once more, as an error; while a
 * coordinator moves it asks for a producer's id a thousand times a second, and says so each time.
 */
static void
on_log(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    enum wf_log_level ours = level <= 2 ? WF_LOG_ERROR : level <= 4 ? WF_LOG_WARNING : WF_LOG_DEBUG;

    (void)kafka;
    if (ours == WF_LOG_WARNING &&
        (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 || strcmp(facility, "TXNERR") == 0 ||
         strcmp(facility, "GETPID") == 0))
        ours = WF_LOG_DEBUG;
    if (wf_log_enabled(ours))
        wf_log(ours, "librdkafka", "facility=%s text=\"%s\"", facility, text);
}

static void
on_error(rd_kafka_t *kafka, int error, const char *reason, void *opaque)
{
    enum wf_log_level level = WF_LOG_WARNING;

    (void)opaque;
    if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT)
        level = WF_LOG_DEBUG; /* one broker; if it is the last, another error says so */
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        level = WF_LOG_ERROR;
    wf_log(level, "Kafka reports an error", "client=%s error=%s reason=\"%s\"", rd_kafka_name(kafka),
           rd_kafka_err2name((rd_kafka_resp_err_t)error), reason);
}

static bool
conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct wf_error *reterr)
{
    char reason[512];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK)
        return true;
    wf_fail(reterr, WF_FATE_FATAL, "cannot set librdkafka's \"%s\": %s", name, reason);
    if (reterr)
        reterr->exit_code = WF_EXIT_USAGE;
    return false;
}

/* What the protocol stands on: no file may set it. */
static bool
is_protected(const char *name)
{
    static const char *const names[] = {"group.id",
                                        "group.instance.id",
                                        "partition.assignment.strategy",
                                        "auto.offset.reset",
                                        "enable.auto.commit",
                                        "enable.auto.offset.store",
                                        "isolation.level",
                                        "transactional.id",
                                        "transaction.timeout.ms",
                                        "enable.idempotence",
                                        "acks",
                                        "request.required.acks",
                                        "partitioner",
                                        "message.timeout.ms",
                                        "delivery.timeout.ms",
                                        "max.poll.interval.ms",
                                        "session.timeout.ms",
                                        "enable.partition.eof",
                                        "bootstrap.servers",
                                        "metadata.broker.list"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool
conf_property(void *conf, const char *name, const char *value, struct wf_error *reterr)
{
    if (is_protected(name))
        return wf_fail(reterr, WF_FATE_FATAL, "\"%s\" cannot be set here", name);
    return conf_set(conf, name, value, reterr);
}

static bool
conf_file(rd_kafka_conf_t *conf, const char *path, struct wf_error *reterr)
{
    if (wf_properties_read(path, conf_property, conf, reterr))
        return true;
    if (reterr)
        reterr->exit_code = WF_EXIT_USAGE;
    return false;
}

static bool
conf_properties(rd_kafka_conf_t *conf, const struct wf_kafka_property *properties, struct wf_error *reterr)
{
    for (; properties->name; properties++)
        if (!conf_set(conf, properties->name, properties->value, reterr))
            return false;
    return true;
}

bool
wf_kafka_conf(const struct wf_settings *settings, const struct wf_kafka_property *properties,
              rd_kafka_conf_t **ret_conf, struct wf_error *reterr)
{
    const struct wf_kafka_property common[] = {
        {"bootstrap.servers", settings->brokers},
        {"client.id", "pawl"},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.max.ms", "1000"},
        {"log.connection.close", "false"},
        {"statistics.interval.ms", "0"},
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = conf_properties(conf, common, reterr);

    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (ok && settings->kafka_config && *settings->kafka_config)
        ok = conf_file(conf, settings->kafka_config, reterr);
    if (!ok || !conf_properties(conf, properties, reterr)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    *ret_conf = conf;
    return true;
}

bool
wf_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_kafka, struct wf_error *reterr)
{
    char reason[512];

#ifdef PAWL_FAULTS
    wf_kafka_faults(conf);
#endif
    rd_kafka_t *kafka = rd_kafka_new(type, conf, reason, sizeof reason);

    if (!kafka) {
        rd_kafka_conf_destroy(conf);
        wf_fail(reterr, WF_FATE_FATAL, "cannot make a Kafka client: %s", reason);
        if (reterr)
            reterr->exit_code = WF_EXIT_USAGE;
        return false;
    }
    *ret_kafka = kafka;
    return true;
}

enum wf_fate
wf_kafka_fate(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE: return WF_FATE_FATAL;
    default: return WF_FATE_RETRY;
    }
}

static bool
fail_text(struct wf_error *reterr, rd_kafka_resp_err_t error, const char *what, const char *text)
{
    enum wf_fate fate = wf_kafka_fate(error);

    wf_fail(reterr, fate, "%s: %s (%s)", what, text, rd_kafka_err2name(error));
    if (reterr && fate == WF_FATE_FATAL)
        reterr->exit_code = WF_EXIT_BUS;
    return false;
}

bool
wf_kafka_fail(struct wf_error *reterr, rd_kafka_resp_err_t error, const char *what)
{
    return fail_text(reterr, error, what, rd_kafka_err2str(error));
}

bool
wf_kafka_fail_object(struct wf_error *reterr, rd_kafka_error_t *error, const char *what)
{
    fail_text(reterr, rd_kafka_error_code(error), what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
}

bool
wf_kafka_topic_partitions(rd_kafka_t *kafka, rd_kafka_topic_t *topic, int timeout_ms, int32_t *ret_count,
                          struct wf_error *reterr)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(kafka, 0, topic, &metadata, timeout_ms);
    int32_t count = 0;

    if (!error && metadata->topic_cnt == 1) {
        error = metadata->topics[0].err;
        count = metadata->topics[0].partition_cnt;
    } else if (!error) {
        error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);

    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
        error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
        error = RD_KAFKA_RESP_ERR_NO_ERROR;
        count = 0;
    }
    if (error) {
        char what[WF_KAFKA_NAME_SIZE + 40];
        snprintf(what, sizeof what, "could not look up topic \"%s\"", rd_kafka_topic_name(topic));
        return wf_kafka_fail(reterr, error, what);
    }
    *ret_count = count;
    return true;
}

static bool
fail_topic(struct wf_error *reterr, const char *name, int32_t count, int32_t expected)
{
    if (!count)
        wf_fail(reterr, WF_FATE_FATAL, "topic \"%s\" does not exist", name);
    else
        wf_fail(reterr, WF_FATE_FATAL, "topic \"%s\" has %d partitions instead of %d", name, count, expected);
    if (reterr)
        reterr->exit_code = WF_EXIT_BUS;
    return false;
}

bool
wf_kafka_topic_require(rd_kafka_t *kafka, const char *name, int32_t expected, int64_t deadline, int32_t *ret_count,
                       struct wf_error *reterr)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka, name, NULL);
    int64_t grace = wf_clock_monotonic() + MISSING_GRACE_MS * WF_MILLISECOND;
    struct wf_error error = {0};
    int32_t count = 0;
    bool ok;

    if (!topic)
        return fail_topic(reterr, name, 0, expected);
    for (;;) {
        ok = wf_kafka_topic_partitions(kafka, topic, wf_kafka_remaining_ms(deadline, 2000), &count, &error);
        if ((ok && count) || (!ok && error.fate == WF_FATE_FATAL))
            break;
        if (wf_clock_monotonic() >= deadline || (ok && wf_clock_monotonic() >= grace))
            break;
        wf_kafka_sleep_ms(50);
    }
    rd_kafka_topic_destroy(topic);
    if (!ok) {
        if (reterr)
            *reterr = error;
        return false;
    }
    if (!count || (expected && count != expected))
        return fail_topic(reterr, name, count, expected);
    *ret_count = count;
    return true;
}

int
wf_kafka_remaining_ms(int64_t deadline, int most)
{
    int64_t remaining = (deadline - wf_clock_monotonic()) / WF_MILLISECOND;

    return remaining < 0 ? 0 : remaining > most ? most : (int)remaining;
}

void
wf_kafka_sleep_ms(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};

    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}
