#include "client.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory.h"
#include "peek.h"

enum { WAIT_MAX_MS = 250 }; /* between two looks, should a sign be missed */

/* Delivery of a command: `_private` is its flight, or NULL for one that was posted. */
static void
on_delivered(void *owner, const rd_kafka_message_t *message)
{
    pawl_client *client = owner;
    struct wf_flight *flight = message->_private;

    if (!flight && message->err) {
        client->undelivered++;
        snprintf(client->why, sizeof client->why, "%s", rd_kafka_err2str(message->err));
    }
    if (!flight)
        return;
    if (message->err && !flight->answered) {
        wf_client_ready(client, wf_outcome_failed(flight->id, PAWL_UNDELIVERED, rd_kafka_err2str(message->err)));
        wf_inflight_answered(&client->inflight, flight);
    }
    wf_inflight_delivered(&client->inflight, flight);
}

static enum pawl_status
open_outcomes(pawl_client *client)
{
    char name[300];
    enum pawl_status status = wf_reader_open(&client->outcomes, client->settings, client->fd);

    if (status)
        return status;
    snprintf(name, sizeof name, "%s.outcome", client->settings->prefix);
    return wf_reader_topic(&client->outcomes, name);
}

static enum pawl_status
open_producer(pawl_client *client)
{
    static const uint64_t one = 1;
    char timeout[16]; /* so that no command takes effect long after its limit */
    const char *const properties[] = {
        "enable.idempotence", "true",
        "linger.ms", "0",
        "queue.buffering.max.messages", "200000",
        "message.timeout.ms", timeout,
        NULL,
    };

    snprintf(timeout, sizeof timeout, "%d", client->settings->timeout_ms);
    client->producer.delivered = on_delivered;
    client->producer.owner = client;
    enum pawl_status status = wf_kafka_open(&client->producer, client->settings, properties);
    if (status)
        return status;

    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client->producer.handle);
    rd_kafka_queue_io_event_enable(queue, client->fd, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
    return PAWL_OK;
}

enum pawl_status
pawl_client_open(const pawl_settings *settings, pawl_client **ret_client)
{
    pawl_client *client = WF_NEW(pawl_client);

    client->settings = wf_settings_copy(settings);
    client->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    client->next_partition = (int32_t)(wf_clock_now() & INT32_MAX);

    enum pawl_status status = client->fd < 0 ? wf_status(PAWL_FAILED, "could not make an event descriptor") : PAWL_OK;
    if (!status)
        status = open_producer(client);
    if (!status)
        status = open_outcomes(client);
    if (status)
        pawl_client_close(client);
    else
        *ret_client = client;
    return status;
}

void
pawl_client_close(pawl_client *client)
{
    if (!client)
        return;
    if (client->producer.handle)
        rd_kafka_flush(client->producer.handle, client->settings->timeout_ms);
    for (int kind = 0; kind < WF_KINDS; kind++)
        if (client->topics[kind].topic)
            rd_kafka_topic_destroy(client->topics[kind].topic);
    wf_kafka_close(&client->producer);
    wf_reader_close(&client->outcomes);
    wf_inflight_drop(&client->inflight);
    for (pawl_outcome *outcome = client->ready.first, *next; outcome; outcome = next) {
        next = outcome->next;
        pawl_outcome_free(outcome);
    }
    if (client->fd >= 0)
        close(client->fd);
    pawl_settings_free(client->settings);
    free(client);
}

void
wf_client_ready(pawl_client *client, pawl_outcome *outcome)
{
    if (client->ready.last)
        client->ready.last->next = outcome;
    else
        client->ready.first = outcome;
    client->ready.last = outcome;
}

/* The flight that an outcome belongs to: by the header "<id>/outcome", else by its command_id. */
static struct wf_flight *
flight_of(const pawl_client *client, const rd_kafka_message_t *message)
{
    static const char suffix[] = "/outcome";
    const size_t suffix_length = sizeof suffix - 1;
    size_t length;
    const char *id = wf_message_header_text(message, "ce_id", &length);

    if (id && length > suffix_length && memcmp(id + length - suffix_length, suffix, suffix_length) == 0)
        return wf_inflight_find(&client->inflight, id, length - suffix_length);

    char *command_id = wf_peek_text(wf_peek_member(message->payload, message->len, "command_id"));
    struct wf_flight *flight =
        command_id ? wf_inflight_find(&client->inflight, command_id, strlen(command_id)) : NULL;
    free(command_id);
    return flight;
}

static void
expire(pawl_client *client)
{
    int64_t now = wf_clock_monotonic();
    char detail[128];

    while (client->inflight.first && client->inflight.first->limit <= now) {
        struct wf_flight *flight = client->inflight.first;
        snprintf(detail, sizeof detail, "%s within %d ms",
                 flight->delivered ? "no outcome" : "Kafka did not confirm the command", client->settings->timeout_ms);
        wf_client_ready(client, wf_outcome_failed(flight->id, PAWL_UNANSWERED, detail));
        wf_inflight_answered(&client->inflight, flight);
    }
}

enum pawl_status
wf_client_pump(pawl_client *client)
{
    for (;;) {
        rd_kafka_message_t *message;
        enum pawl_status status = wf_reader_next(&client->outcomes, &message);
        if (status)
            return status;
        if (!message)
            break;
        struct wf_flight *flight = flight_of(client, message);
        if (flight) {
            size_t length;
            const char *time = wf_message_header_text(message, "ce_time", &length);
            wf_client_ready(client, wf_outcome_answered(flight->id, time, message->payload, message->len));
            wf_inflight_answered(&client->inflight, flight);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_poll(client->producer.handle, 0);
    expire(client);
    return PAWL_OK;
}

bool
wf_sign_clear(int fd)
{
    uint64_t count;

    return read(fd, &count, sizeof count) > 0;
}

void
wf_wait_for(int fd, int timeout_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    if (timeout_ms < 0 || timeout_ms > WAIT_MAX_MS)
        timeout_ms = WAIT_MAX_MS;
    if (poll(&wanted, 1, timeout_ms) > 0)
        wf_sign_clear(fd);
}

/* How long to wait at most before a limit passes: the nearer of the caller's and the first command's. */
static int
nearest(const pawl_client *client, int left)
{
    int first = client->inflight.first ? wf_milliseconds_until(client->inflight.first->limit) : -1;

    return first >= 0 && (left < 0 || first < left) ? first : left;
}

/* Takes the outcome of an id, or any, out of the queue. */
static pawl_outcome *
ready_take(pawl_client *client, const char *id)
{
    pawl_outcome *before = NULL, *outcome = client->ready.first;

    while (outcome && id && strcmp(outcome->id, id) != 0) {
        before = outcome;
        outcome = outcome->next;
    }
    if (!outcome)
        return NULL;
    if (before)
        before->next = outcome->next;
    else
        client->ready.first = outcome->next;
    if (client->ready.last == outcome)
        client->ready.last = before;
    outcome->next = NULL;
    client->in_flight--;
    return outcome;
}

static enum pawl_status
wait_for_outcome(pawl_client *client, const char *id, int timeout_ms, pawl_outcome **ret_outcome)
{
    int64_t limit = timeout_ms < 0 ? 0 : wf_clock_monotonic() + timeout_ms * WF_MILLISECOND;

    for (;;) {
        enum pawl_status status = wf_client_pump(client);
        if (status)
            return status;
        pawl_outcome *outcome = ready_take(client, id);
        if (outcome) {
            *ret_outcome = outcome;
            return PAWL_OK;
        }
        int left = limit ? wf_milliseconds_until(limit) : -1;
        if (!left && wf_sign_clear(client->fd))
            continue; /* something may have come meanwhile, and nobody would be told again */
        if (!left)
            return wf_status(PAWL_TIMEOUT, "no outcome within %d ms", timeout_ms);
        wf_wait_for(client->fd, nearest(client, left));
    }
}

enum pawl_status
pawl_next(pawl_client *client, int timeout_ms, pawl_outcome **ret_outcome)
{
    if (client->ready.first) {
        *ret_outcome = ready_take(client, NULL);
        return PAWL_OK;
    }
    return wait_for_outcome(client, NULL, timeout_ms, ret_outcome);
}

enum pawl_status
pawl_call(pawl_client *client, const pawl_command *command, pawl_outcome **ret_outcome)
{
    const char *sent;
    enum pawl_status status = pawl_send(client, command, &sent);

    if (status)
        return status;
    char *id = wf_copy(sent); /* which goes when its outcome arrives */
    status = wait_for_outcome(client, id, -1, ret_outcome);
    free(id);
    return status;
}

size_t
pawl_in_flight(const pawl_client *client)
{
    return client->in_flight;
}

int
pawl_client_fd(const pawl_client *client)
{
    return client->fd;
}
