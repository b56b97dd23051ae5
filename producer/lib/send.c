/*
 * send.c - from a command to a message.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/uuid.h"
#include "client.h"
#include "memory.h"

enum { ID_SIZE = 201 };

/* The topic of a kind, known to the producer and as wide as the outcome topic. */
static enum pawl_status
topic_find(pawl_client *client, enum pawl_kind kind)
{
    const pawl_settings *settings = client->settings;
    char name[300];

    if (client->topics[kind].topic)
        return PAWL_OK;
    if (*settings->command_topic)
        snprintf(name, sizeof name, "%s", settings->command_topic);
    else
        snprintf(name, sizeof name, "%s.command.%s", settings->prefix, wf_kind_name(kind));

    rd_kafka_topic_t *topic;
    int32_t partitions, outcomes = client->outcomes.topics[0].partitions;
    enum pawl_status status = wf_kafka_topic(&client->producer, name, &topic, &partitions);
    if (status)
        return status;
    if (partitions != outcomes) {
        rd_kafka_topic_destroy(topic);
        return wf_status(PAWL_TOPICS, "topic \"%s\" has %d partitions, but \"%s.outcome\" has %d", name, (int)partitions,
                         settings->prefix, (int)outcomes);
    }
    client->topics[kind].topic = topic;
    client->topics[kind].partitions = partitions;
    return PAWL_OK;
}

static void
id_draw(char id[ID_SIZE])
{
    uint8_t random[10];

    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort(); /* cannot happen: ten bytes are never cut short */
    struct wf_uuid uuid = wf_uuid_v7(wf_clock_now(), random);
    wf_uuid_format(&uuid, id);
}

static enum pawl_status
id_choose(const pawl_command *command, char id[ID_SIZE])
{
    const char *given = command->attributes[WF_ATTRIBUTE_ID];

    if (!given) {
        id_draw(id);
        return PAWL_OK;
    }
    size_t length = strlen(given);
    if (!length || length >= ID_SIZE)
        return wf_status(PAWL_INVALID, "id \"%.40s\" is not 1 to 200 bytes long", given);
    memcpy(id, given, length + 1);
    return PAWL_OK;
}

static void
header_add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    if (value)
        rd_kafka_header_add(headers, name, -1, value, -1);
}

static rd_kafka_headers_t *
headers_make(const pawl_client *client, const pawl_command *command, const char *id)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(12);
    char type[300], time[WF_TIME_TEXT + 1];

    snprintf(type, sizeof type, "%s.command.%s", client->settings->prefix, wf_kind_name(command->kind));
    wf_time_format(wf_clock_now(), time);
    header_add(headers, "ce_specversion", "1.0");
    header_add(headers, "ce_id", id);
    header_add(headers, "ce_source", client->settings->source);
    header_add(headers, "ce_type", type);
    header_add(headers, "ce_time", time);
    header_add(headers, "content-type", "application/json");
    for (int i = 0; i < WF_ATTRIBUTE_COUNT; i++) {
        const char *name = wf_attribute_header((enum wf_attribute)i);
        if (name)
            header_add(headers, name, command->attributes[i]);
    }
    return headers;
}

/* Hands the message to the producer; waits while its queue is full. */
static rd_kafka_resp_err_t
produce(pawl_client *client, const pawl_command *command, const char *id, const char *key, int32_t partition,
        struct wf_flight *flight)
{
    int64_t limit = wf_clock_monotonic() + client->settings->timeout_ms * WF_MILLISECOND;
    rd_kafka_headers_t *headers = headers_make(client, command, id);
    struct wf_buf text = {0};
    rd_kafka_resp_err_t error;

    wf_command_text(command, &text);
    for (;;) {
        error = rd_kafka_producev(client->producer.handle, RD_KAFKA_V_RKT(client->topics[command->kind].topic),
                                  RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
                                  RD_KAFKA_V_VALUE(text.data, text.length), RD_KAFKA_V_HEADERS(headers),
                                  RD_KAFKA_V_OPAQUE(flight), RD_KAFKA_V_END);
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || wf_clock_monotonic() > limit)
            break;
        rd_kafka_poll(client->producer.handle, 10);
    }
    if (error)
        rd_kafka_headers_destroy(headers);
    wf_buf_drop(&text);
    return error;
}

/* The partition that Kafka's clients choose for a key; without one, the next in turn. */
static int32_t
partition_choose(pawl_client *client, const char *key, int32_t partitions)
{
    if (key)
        return wf_partition_of(key, strlen(key), partitions);
    client->next_partition = (client->next_partition + 1) & INT32_MAX;
    return client->next_partition % partitions;
}

static enum pawl_status
produce_status(pawl_client *client, rd_kafka_resp_err_t error, const char *id)
{
    const char *topic = client->settings->prefix;

    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return wf_status(PAWL_INVALID, "command \"%s\" is larger than Kafka's message.max.bytes", id);
    return error ? wf_kafka_status(&client->producer, error, topic) : PAWL_OK;
}

static enum pawl_status
flight_begin(pawl_client *client, const char *id, int32_t partition, struct wf_flight **ret_flight)
{
    enum pawl_status status = wf_reader_start(&client->outcomes, 0, partition, PAWL_FROM_END);
    int64_t limit = wf_clock_monotonic() + client->settings->timeout_ms * WF_MILLISECOND;

    if (status)
        return status;
    *ret_flight = wf_inflight_add(&client->inflight, id, limit);
    if (!*ret_flight)
        return wf_status(PAWL_INVALID, "a command with the id \"%s\" is still in flight", id);
    client->in_flight++;
    return PAWL_OK;
}

/* Takes back what flight_begin() did, for a command that the producer did not take. */
static void
flight_undo(pawl_client *client, struct wf_flight *flight)
{
    client->in_flight--;
    wf_inflight_delivered(&client->inflight, flight);
    wf_inflight_answered(&client->inflight, flight);
}

static enum pawl_status
send_to(pawl_client *client, const pawl_command *command, const char *key, bool wait, const char **ret_id)
{
    int32_t partition = partition_choose(client, key, client->topics[command->kind].partitions);
    struct wf_flight *flight = NULL;
    char id[ID_SIZE];
    enum pawl_status status = id_choose(command, id);

    if (!status && wait)
        status = flight_begin(client, id, partition, &flight);
    if (status)
        return status;

    status = produce_status(client, produce(client, command, id, key, partition, flight), id);
    if (status && flight)
        flight_undo(client, flight);
    if (!status && ret_id)
        *ret_id = flight->id;
    return status;
}

static enum pawl_status
send_any(pawl_client *client, const pawl_command *command, bool wait, const char **ret_id)
{
    const char *given = command->attributes[WF_ATTRIBUTE_KEY];
    enum pawl_status status = topic_find(client, command->kind);

    if (status)
        return status;
    char *key = given ? wf_copy(given) : wf_command_key(command);
    status = send_to(client, command, key, wait, ret_id);
    free(key);
    return status;
}

enum pawl_status
pawl_send(pawl_client *client, const pawl_command *command, const char **ret_id)
{
    const char *outcome = command->attributes[WF_ATTRIBUTE_OUTCOME];

    if (command->attributes[WF_ATTRIBUTE_REPLYTO])
        return wf_status(PAWL_INVALID, "the outcome of a command with \"replyto\" goes elsewhere: use pawl_post()");
    if (outcome && strcmp(outcome, "always") != 0)
        return wf_status(PAWL_INVALID, "a command with outcome \"%s\" may never be answered: use pawl_post()", outcome);
    return send_any(client, command, true, ret_id);
}

enum pawl_status
pawl_post(pawl_client *client, const pawl_command *command)
{
    return send_any(client, command, false, NULL);
}

enum pawl_status
pawl_flush(pawl_client *client, int timeout_ms)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(client->producer.handle, timeout_ms);

    if (error)
        return wf_kafka_status(&client->producer, error, client->settings->prefix);
    if (client->undelivered) {
        size_t count = client->undelivered;
        client->undelivered = 0;
        return wf_status(PAWL_FAILED, "Kafka did not take %zu commands, the last because of: %s", count, client->why);
    }
    return PAWL_OK;
}
