/*
 * bare_bus.c - messages as many and as large as those of the engine and its clients, beside the statements.
 *
 * Two threads for each connection: one publishes events, a Kafka transaction for each unit; the other is the
 * clients and the worker's consumer: it produces commands, and reads commands and events.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"
#include "base/clock.h"

enum { BEHIND_MAX = 2, LIMIT_MS = 30000, TAKEN = 1000, NAME_SIZE = 300, HEADERS = 330 };

struct bare_bus {
    rd_kafka_t *commands, *events, *reader; /* producers; a consumer of both topics */
    rd_kafka_topic_t *command_topic, *event_topic;
    rd_kafka_queue_t *queue;
    int32_t partition; /* the connection's number: its messages stay apart from those of the others */
    struct wf_buf event;
    pthread_t publisher, client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t units[BEHIND_MAX]; /* handed over and not published: commands of each */
    uint32_t behind;
    uint64_t to_produce; /* commands */
    bool stop, failed;
    struct wf_error error;
};

static void
fail(struct bare_bus *bus, const char *what, const char *why)
{
    pthread_mutex_lock(&bus->lock);
    if (!bus->failed)
        wf_fail(&bus->error, WF_FATE_FATAL, "%s: %s", what, why);
    bus->failed = true;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
}

static rd_kafka_t *
client_open(rd_kafka_type_t type, const char *brokers, const char *const pairs[][2], struct wf_error *reterr)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[512] = "";
    bool known = rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) == RD_KAFKA_CONF_OK;

    for (; known && (*pairs)[0]; pairs++)
        known = rd_kafka_conf_set(conf, (*pairs)[0], (*pairs)[1], why, sizeof why) == RD_KAFKA_CONF_OK;
    rd_kafka_t *client = known ? rd_kafka_new(type, conf, why, sizeof why) : NULL;
    if (client)
        return client;
    rd_kafka_conf_destroy(conf);
    wf_fail(reterr, WF_FATE_FATAL, "%s", why);
    return NULL;
}

/* As the driver's producer, and as the worker's. */
static bool
producers_open(struct bare_bus *bus, const struct wf_settings *settings, struct wf_error *reterr)
{
    char id[64], name[NAME_SIZE];
    const char *const client[][2] = {{"enable.idempotence", "true"}, {"compression.type", "lz4"}, {"linger.ms", "2"},
                                     {"delivery.report.only.error", "true"},
                                     {"queue.buffering.max.messages", "1000000"}, {NULL, NULL}};
    const char *const worker[][2] = {{"transactional.id", id}, {"compression.codec", "lz4"}, {"linger.ms", "1"},
                                     {"batch.num.messages", "10000"}, {"delivery.report.only.error", "true"},
                                     {"queue.buffering.max.messages", "500000"}, {NULL, NULL}};

    snprintf(id, sizeof id, "bench-bare-%ld-%d", (long)getpid(), (int)bus->partition);
    bus->commands = client_open(RD_KAFKA_PRODUCER, settings->brokers, client, reterr);
    bus->events = client_open(RD_KAFKA_PRODUCER, settings->brokers, worker, reterr);
    if (!bus->commands || !bus->events)
        return false;
    snprintf(name, sizeof name, "%s.command.get-task", settings->prefix);
    bus->command_topic = rd_kafka_topic_new(bus->commands, name, NULL);
    snprintf(name, sizeof name, "%s.state.task", settings->prefix);
    bus->event_topic = rd_kafka_topic_new(bus->events, name, NULL);
    rd_kafka_error_t *error = rd_kafka_init_transactions(bus->events, LIMIT_MS);
    if (!error)
        return true;
    wf_fail(reterr, WF_FATE_FATAL, "could not begin transactions: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
}

static bool
reader_open(struct bare_bus *bus, const struct wf_settings *settings, struct wf_error *reterr)
{
    const char *const pairs[][2] = {{"group.id", "bench-bare"},        {"isolation.level", "read_committed"},
                                    {"enable.auto.commit", "false"},   {"auto.offset.reset", "latest"},
                                    {"queued.min.messages", "100000"}, {"enable.auto.offset.store", "false"}, {NULL, NULL}};
    const char *const names[] = {rd_kafka_topic_name(bus->command_topic), rd_kafka_topic_name(bus->event_topic)};

    bus->reader = client_open(RD_KAFKA_CONSUMER, settings->brokers, pairs, reterr);
    if (!bus->reader)
        return false;
    rd_kafka_poll_set_consumer(bus->reader);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    for (int i = 0; i < 2; i++)
        rd_kafka_topic_partition_list_add(list, names[i], bus->partition)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t error = rd_kafka_assign(bus->reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return wf_fail(reterr, WF_FATE_FATAL, "could not assign: %s", rd_kafka_err2str(error));
    bus->queue = rd_kafka_queue_get_consumer(bus->reader);
    return true;
}

static bool
produce(struct bare_bus *bus, bool event)
{
    const char *text = bus->event.data;
    size_t length = event ? bus->event.length : HEADERS + 80;
    size_t headers = event ? HEADERS : HEADERS / 2;
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = event ? bus->event_topic : bus->command_topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = bus->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = bus->event.data, .size = 36}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = bus->event.data + HEADERS, .size = length - HEADERS}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {.name = "ce_id", .val = text, .size = (ssize_t)headers / 4}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {.name = "ce_source", .val = text, .size = (ssize_t)headers / 4}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {.name = "ce_type", .val = text, .size = (ssize_t)headers / 4}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {.name = "ce_time", .val = text, .size = (ssize_t)headers / 4}},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(event ? bus->events : bus->commands, parts, sizeof parts / sizeof *parts);

    if (!error)
        return true;
    fail(bus, "could not produce", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
}

static bool
publish(struct bare_bus *bus, uint32_t commands)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(bus->events);

    for (uint32_t i = 0; !error && i < 2 * commands; i++)
        if (!produce(bus, true))
            return false;
    if (!error)
        error = rd_kafka_commit_transaction(bus->events, LIMIT_MS);
    if (!error)
        return true;
    fail(bus, "could not publish", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
}

static void *
run_publisher(void *context)
{
    struct bare_bus *bus = context;

    for (;;) {
        pthread_mutex_lock(&bus->lock);
        while (!bus->behind && !bus->stop)
            pthread_cond_wait(&bus->changed, &bus->lock);
        uint32_t commands = bus->units[0];
        bool over = bus->stop;
        pthread_mutex_unlock(&bus->lock);
        if (over || !publish(bus, commands))
            return NULL;
        pthread_mutex_lock(&bus->lock);
        bus->units[0] = bus->units[1];
        bus->behind--;
        pthread_cond_broadcast(&bus->changed);
        pthread_mutex_unlock(&bus->lock);
    }
}

static void *
run_client(void *context)
{
    struct bare_bus *bus = context;
    rd_kafka_message_t *taken[TAKEN];

    for (bool over = false; !over;) {
        pthread_mutex_lock(&bus->lock);
        uint64_t commands = bus->to_produce;
        bus->to_produce = 0;
        over = bus->stop;
        pthread_mutex_unlock(&bus->lock);
        for (; commands; commands--)
            if (!produce(bus, false))
                return NULL;
        rd_kafka_poll(bus->commands, 0);
        ssize_t count = rd_kafka_consume_batch_queue(bus->queue, 5, taken, TAKEN);
        for (ssize_t i = 0; i < count; i++)
            rd_kafka_message_destroy(taken[i]);
    }
    return NULL;
}

bool
bare_bus_open(const struct wf_settings *settings, uint32_t connection, struct bare_bus **ret_bus, struct wf_error *reterr)
{
    struct bare_bus *bus = *ret_bus = calloc(1, sizeof *bus);

    if (!bus)
        abort();
    pthread_mutex_init(&bus->lock, NULL);
    pthread_cond_init(&bus->changed, NULL);
    bus->partition = (int32_t)connection;
    bare_event(&bus->event, connection + 1);
    if (!producers_open(bus, settings, reterr) || !reader_open(bus, settings, reterr))
        return false;
    if (pthread_create(&bus->publisher, NULL, run_publisher, bus) != 0 ||
        pthread_create(&bus->client, NULL, run_client, bus) != 0)
        abort();
    return true;
}

bool
bare_bus_unit(struct bare_bus *bus, uint32_t commands, struct wf_error *reterr)
{
    pthread_mutex_lock(&bus->lock);
    while (bus->behind == BEHIND_MAX && !bus->failed)
        pthread_cond_wait(&bus->changed, &bus->lock);
    bool ok = !bus->failed;
    if (ok) {
        bus->units[bus->behind++] = commands;
        bus->to_produce += commands;
        pthread_cond_broadcast(&bus->changed);
    } else {
        *reterr = bus->error;
    }
    pthread_mutex_unlock(&bus->lock);
    return ok;
}

void
bare_bus_close(struct bare_bus *bus)
{
    if (!bus)
        return;
    pthread_mutex_lock(&bus->lock);
    bus->stop = true;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
    if (bus->publisher)
        pthread_join(bus->publisher, NULL);
    if (bus->client)
        pthread_join(bus->client, NULL);
    if (bus->queue)
        rd_kafka_queue_destroy(bus->queue);
    if (bus->reader) {
        rd_kafka_consumer_close(bus->reader);
        rd_kafka_destroy(bus->reader);
    }
    if (bus->command_topic)
        rd_kafka_topic_destroy(bus->command_topic);
    if (bus->event_topic)
        rd_kafka_topic_destroy(bus->event_topic);
    if (bus->commands)
        rd_kafka_destroy(bus->commands);
    if (bus->events)
        rd_kafka_destroy(bus->events);
    wf_buf_drop(&bus->event);
    free(bus);
}
