#include "driver_bus.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { OPEN_MS = 30000, NAME_SIZE = 300, COMPLAINTS = 10, TAKEN = 512 };

static const char *const command_topics[] = {
    [BUS_INIT] = "command.init-instance", [BUS_GET] = "command.get-task", [BUS_END] = "command.end-task"};
static const char *const event_topics[BUS_TOPICS] = {
    [BUS_TASK] = "state.task", [BUS_INSTANCE] = "state.instance", [BUS_OUTCOME] = "outcome"};

struct bus {
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *commands[BUS_COMMANDS];
    char events[BUS_TOPICS][NAME_SIZE]; /* empty: not read */
    struct bus_options options;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t *taken[TAKEN]; /* at once: a lock and a wake-up for many */
    size_t taken_count, taken_at;     /* `taken_at`: the one that the caller looks at */
    int complaints;
    struct wf_error failure;
    bool failed;
};

static void
conf_drop(rd_kafka_conf_t **conf)
{
    if (*conf)
        rd_kafka_conf_destroy(*conf);
}

static void
list_drop(rd_kafka_topic_partition_list_t **list)
{
    if (*list)
        rd_kafka_topic_partition_list_destroy(*list);
}

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct bus *bus = opaque;

    (void)rk;
    if (!message->err || bus->failed)
        return;
    bus->failed = true;
    wf_fail(&bus->failure, WF_FATE_FATAL, "could not deliver a command: %s", rd_kafka_err2str(message->err));
}

static void
on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct bus *bus = opaque;
    char why[512];

    if (bus->complaints++ < COMPLAINTS)
        fprintf(stderr, "kafka: %s\n", reason);
    if (err == RD_KAFKA_RESP_ERR__FATAL && !bus->failed) {
        rd_kafka_fatal_error(rk, why, sizeof why);
        bus->failed = true;
        wf_fail(&bus->failure, WF_FATE_FATAL, "%s", why);
    }
}

static rd_kafka_t *
client_open(struct bus *bus, rd_kafka_type_t type, const char *const pairs[][2], struct wf_error *reterr)
{
    WF_SCOPED(conf_drop) rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[512];

    rd_kafka_conf_set_opaque(conf, bus);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", bus->options.brokers, why, sizeof why) != RD_KAFKA_CONF_OK) {
        wf_fail(reterr, WF_FATE_FATAL, "%s", why);
        return NULL;
    }
    for (; (*pairs)[0]; pairs++) {
        if (rd_kafka_conf_set(conf, (*pairs)[0], (*pairs)[1], why, sizeof why) != RD_KAFKA_CONF_OK) {
            wf_fail(reterr, WF_FATE_FATAL, "%s", why);
            return NULL;
        }
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (client)
        conf = NULL; /* the client's now */
    else
        wf_fail(reterr, WF_FATE_FATAL, "%s", why);
    return client;
}

/* The number of partitions of a topic that exists and has leaders, or 0. */
static int
partitions_of(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
    const struct rd_kafka_metadata *metadata;
    int count = 0;

    if (rd_kafka_metadata(client, 0, topic, &metadata, 5000) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
        count = metadata->topics[0].partition_cnt;
    for (int i = 0; i < count; i++)
        if (metadata->topics[0].partitions[i].err)
            count = 0;
    rd_kafka_metadata_destroy(metadata);
    return count;
}

/* Also for the producer's sake: its first message to a topic it has not met waits a second. */
static bool
topic_await(rd_kafka_t *client, rd_kafka_topic_t *topic, int *ret_count, struct wf_error *reterr)
{
    int64_t limit = wf_clock_monotonic() + OPEN_MS * WF_MILLISECOND;

    while (!(*ret_count = partitions_of(client, topic))) {
        if (wf_clock_monotonic() > limit)
            return wf_fail(reterr, WF_FATE_FATAL, "topic \"%s\" is not there", rd_kafka_topic_name(topic));
        rd_kafka_poll(client, 100);
    }
    return true;
}

static bool
producer_open(struct bus *bus, struct wf_error *reterr)
{
    const char *const pairs[][2] = {{"client.id", "bench-driver"},
                                           {"log_level", "3"}, /* errors come to on_error() */
                                           {"enable.idempotence", "true"},
                                           {"partitioner", "murmur2_random"},
                                           {"compression.type", "lz4"},
                                           {"linger.ms", bus->options.linger},
                                           {"socket.nagle.disable", "true"},
                                           {"queue.buffering.max.messages", "1000000"},
                                           {"delivery.report.only.error", "true"},
                                           {NULL, NULL}};
    int count;

    bus->producer = client_open(bus, RD_KAFKA_PRODUCER, pairs, reterr);
    if (!bus->producer)
        return false;
    for (int i = 0; i < BUS_COMMANDS; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "%s.%s", bus->options.prefix, command_topics[i]);
        bus->commands[i] = rd_kafka_topic_new(bus->producer, name, NULL);
        if (!bus->commands[i])
            return wf_fail(reterr, WF_FATE_FATAL, "not a topic: \"%s\"", name);
        if (!topic_await(bus->producer, bus->commands[i], &count, reterr))
            return false;
    }
    return true;
}

/* Where a partition ends; a topic that was just made may not have told all of its leader. */
static bool
ask_end(rd_kafka_t *client, const char *name, int32_t partition, int64_t *ret_end, struct wf_error *reterr)
{
    int64_t limit = wf_clock_monotonic() + OPEN_MS * WF_MILLISECOND, low;
    rd_kafka_resp_err_t err;

    while ((err = rd_kafka_query_watermark_offsets(client, name, partition, &low, ret_end, 5000))) {
        if (wf_clock_monotonic() > limit)
            return wf_fail(reterr, WF_FATE_FATAL, "could not ask where %s/%d ends: %s", name, (int)partition,
                           rd_kafka_err2str(err));
        rd_kafka_poll(client, 100);
    }
    return true;
}

/* Adds all partitions of a topic, each from where it ends now. */
static bool
assign_topic(struct bus *bus, const char *name, rd_kafka_topic_partition_list_t *list,
             struct wf_error *reterr)
{
    int count;
    int64_t end;

    rd_kafka_topic_t *topic = rd_kafka_topic_new(bus->consumer, name, NULL);
    if (!topic)
        return wf_fail(reterr, WF_FATE_FATAL, "not a topic: \"%s\"", name);
    bool ok = topic_await(bus->consumer, topic, &count, reterr);
    for (int32_t p = 0; ok && p < count; p++) {
        ok = ask_end(bus->consumer, name, p, &end, reterr);
        if (ok)
            rd_kafka_topic_partition_list_add(list, name, p)->offset = end;
    }
    rd_kafka_topic_destroy(topic);
    return ok;
}

static bool
consumer_open(struct bus *bus, struct wf_error *reterr)
{
    char group[64]; /* librdkafka wants a name; nothing is joined or committed */
    snprintf(group, sizeof group, "bench-driver-%ld", (long)getpid());
    const char *const pairs[][2] = {{"client.id", "bench-driver"},
                                    {"log_level", "3"},
                                    {"group.id", group},
                                    {"isolation.level", "read_committed"},
                                    {"enable.auto.commit", "false"},
                                    {"enable.auto.offset.store", "false"},
                                    {"auto.offset.reset", "error"},
                                    {"socket.nagle.disable", "true"},
                                    {"fetch.wait.max.ms", "100"},
                                    {"queued.min.messages", "100000"},
                                    {NULL, NULL}};
    WF_SCOPED(list_drop) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);

    bus->consumer = client_open(bus, RD_KAFKA_CONSUMER, pairs, reterr);
    if (!bus->consumer)
        return false;
    rd_kafka_poll_set_consumer(bus->consumer);
    for (int i = 0; i < BUS_TOPICS; i++) {
        const char *suffix = i == BUS_JOB ? bus->options.jobs : event_topics[i];
        if (!suffix)
            continue;
        snprintf(bus->events[i], sizeof bus->events[i], "%s.%s", bus->options.prefix, suffix);
        if (!assign_topic(bus, bus->events[i], list, reterr))
            return false;
    }
    rd_kafka_resp_err_t err = rd_kafka_assign(bus->consumer, list);
    if (err)
        return wf_fail(reterr, WF_FATE_FATAL, "could not assign partitions: %s", rd_kafka_err2str(err));
    bus->queue = rd_kafka_queue_get_consumer(bus->consumer);
    return true;
}

bool
bus_open(const struct bus_options *options, struct bus **ret_bus, struct wf_error *reterr)
{
    struct bus *bus = calloc(1, sizeof *bus);

    if (!bus)
        return wf_fail(reterr, WF_FATE_FATAL, "out of memory");
    *ret_bus = bus;
    bus->options = *options;
    return producer_open(bus, reterr) && consumer_open(bus, reterr);
}

void
bus_close(struct bus *bus)
{
    if (!bus)
        return;
    while (bus->taken_at < bus->taken_count)
        rd_kafka_message_destroy(bus->taken[bus->taken_at++]);
    if (bus->queue)
        rd_kafka_queue_destroy(bus->queue);
    if (bus->consumer) {
        rd_kafka_consumer_close(bus->consumer);
        rd_kafka_destroy(bus->consumer);
    }
    for (int i = 0; i < BUS_COMMANDS; i++)
        if (bus->commands[i])
            rd_kafka_topic_destroy(bus->commands[i]);
    if (bus->producer) {
        rd_kafka_flush(bus->producer, 5000);
        rd_kafka_destroy(bus->producer);
    }
    free(bus);
}

static rd_kafka_vu_t
header(const char *name, struct wf_slice value)
{
    return (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADER,
                           .u.header = {.name = name, .val = value.data, .size = (int64_t)value.length}};
}

static struct wf_slice
slice(const char *text)
{
    return (struct wf_slice){text, strlen(text)};
}

static void *
writable(const char *data)
{
    return (void *)(uintptr_t)data; /* librdkafka copies it, and only says so by a flag */
}

bool
bus_send(struct bus *bus, enum bus_command command, struct wf_slice key, struct wf_slice id,
         const struct wf_buf *data, struct wf_error *reterr)
{
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = bus->commands[command]},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = writable(key.data), .size = key.length}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = data->data, .size = data->length}},
        header("content-type", slice("application/json")),
        header("ce_specversion", slice("1.0")),
        header("ce_id", id),
        header("ce_source", slice("/bench")),
        header("ce_outcome", slice(bus->options.outcome)),
    };

    for (;;) {
        rd_kafka_error_t *error = rd_kafka_produceva(bus->producer, parts, sizeof parts / sizeof parts[0]);
        if (!error)
            return true;
        bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
        if (!full)
            wf_fail(reterr, WF_FATE_FATAL, "could not send a command: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        if (!full)
            return false;
        rd_kafka_poll(bus->producer, 10);
    }
}

bool
bus_serve(struct bus *bus, struct wf_error *reterr)
{
    rd_kafka_poll(bus->producer, 0);
    if (bus->failed)
        *reterr = bus->failure;
    return !bus->failed;
}

static void
read_headers(const rd_kafka_message_t *message, struct bus_event *event)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        struct wf_slice text = {value, size};
        if (strcmp(name, "ce_id") == 0)
            event->id = text;
        else if (strcmp(name, "ce_type") == 0)
            event->type = text;
        else if (strcmp(name, "ce_sequence") == 0)
            event->sequence = text;
    }
}

/* Takes what is there; waits for one message only, for a batch would wait until its time is over. */
static size_t
take_messages(struct bus *bus, int timeout_ms)
{
    ssize_t count = rd_kafka_consume_batch_queue(bus->queue, 0, bus->taken, TAKEN);

    if (count > 0 || !timeout_ms)
        return count > 0 ? (size_t)count : 0;
    bus->taken[0] = rd_kafka_consume_queue(bus->queue, timeout_ms);
    return bus->taken[0] ? 1 : 0;
}

/* The next one of those taken at once; the one before it is given back. */
static rd_kafka_message_t *
next_message(struct bus *bus, int timeout_ms)
{
    if (bus->taken_count)
        rd_kafka_message_destroy(bus->taken[bus->taken_at++]);
    if (bus->taken_at == bus->taken_count) {
        bus->taken_at = 0;
        bus->taken_count = take_messages(bus, timeout_ms);
    }
    return bus->taken_count ? bus->taken[bus->taken_at] : NULL;
}

bool
bus_take(struct bus *bus, int timeout_ms, struct bus_event *ret_event)
{
    rd_kafka_message_t *message = next_message(bus, timeout_ms);

    if (!message)
        return false;
    if (message->err) {
        if (bus->complaints++ < COMPLAINTS)
            fprintf(stderr, "kafka: %s\n", rd_kafka_message_errstr(message));
        return false;
    }
    *ret_event = (struct bus_event){.value = {message->payload, message->len}};
    const char *name = rd_kafka_topic_name(message->rkt);
    while (ret_event->topic < BUS_TOPICS - 1 && strcmp(name, bus->events[ret_event->topic]) != 0)
        ret_event->topic++;
    read_headers(message, ret_event);
    return true;
}
