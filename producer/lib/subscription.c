/*
 * subscription.c - the events of tasks and instances, as they are written.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/uuid.h"
#include "client.h"
#include "event.h"
#include "memory.h"

struct pawl_subscription {
    pawl_settings *settings;
    struct wf_reader reader;
    int fd;
    char *instance_id; /* as it stands in keys; NULL: all */
};

static enum pawl_status
topics_add(pawl_subscription *subscription, enum pawl_events events)
{
    static const struct {
        enum pawl_events events;
        const char *suffix;
    } topics[] = {{PAWL_TASK_EVENTS, "task"}, {PAWL_INSTANCE_EVENTS, "instance"}};
    enum pawl_status status = PAWL_OK;

    for (size_t i = 0; !status && i < sizeof topics / sizeof topics[0]; i++) {
        char name[300];
        if (!(events & topics[i].events))
            continue;
        snprintf(name, sizeof name, "%s.state.%s", subscription->settings->prefix, topics[i].suffix);
        status = wf_reader_topic(&subscription->reader, name);
    }
    return status;
}

static enum pawl_status
topics_start(pawl_subscription *subscription, enum pawl_from from)
{
    const char *id = subscription->instance_id;
    struct wf_reader *reader = &subscription->reader;
    enum pawl_status status = PAWL_OK;

    for (int i = 0; !status && i < reader->count; i++) {
        int32_t partition = id ? wf_partition_of(id, strlen(id), reader->topics[i].partitions) : -1;
        status = wf_reader_start(reader, i, partition, from);
    }
    return status;
}

static enum pawl_status
instance_set(pawl_subscription *subscription, const char *instance_id)
{
    struct wf_uuid uuid;

    if (!instance_id)
        return PAWL_OK;
    if (!wf_uuid_parse(instance_id, strlen(instance_id), &uuid))
        return wf_status(PAWL_INVALID, "instance id \"%s\" is not a UUID", instance_id);
    subscription->instance_id = wf_new(WF_UUID_TEXT + 1);
    wf_uuid_format(&uuid, subscription->instance_id);
    return PAWL_OK;
}

enum pawl_status
pawl_subscribe(const pawl_settings *settings, enum pawl_events events, enum pawl_from from, const char *instance_id,
               pawl_subscription **ret_subscription)
{
    pawl_subscription *subscription = WF_NEW(pawl_subscription);

    subscription->settings = wf_settings_copy(settings);
    subscription->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum pawl_status status =
        subscription->fd < 0 ? wf_status(PAWL_FAILED, "could not make an event descriptor") : PAWL_OK;
    if (!status)
        status = instance_set(subscription, instance_id);
    if (!status)
        status = wf_reader_open(&subscription->reader, subscription->settings, subscription->fd);
    if (!status)
        status = topics_add(subscription, events);
    if (!status)
        status = topics_start(subscription, from);
    if (status)
        pawl_subscription_close(subscription);
    else
        *ret_subscription = subscription;
    return status;
}

void
pawl_subscription_close(pawl_subscription *subscription)
{
    if (!subscription)
        return;
    wf_reader_close(&subscription->reader);
    if (subscription->fd >= 0)
        close(subscription->fd);
    free(subscription->instance_id);
    pawl_settings_free(subscription->settings);
    free(subscription);
}

int
pawl_subscription_fd(const pawl_subscription *subscription)
{
    return subscription->fd;
}

static bool
wanted(const pawl_subscription *subscription, const rd_kafka_message_t *message)
{
    const char *id = subscription->instance_id;

    return !id || (message->key_len == strlen(id) && memcmp(message->key, id, message->key_len) == 0);
}

enum pawl_status
pawl_subscription_next(pawl_subscription *subscription, int timeout_ms, pawl_event **ret_event)
{
    int64_t limit = timeout_ms < 0 ? 0 : wf_clock_monotonic() + timeout_ms * WF_MILLISECOND;

    for (;;) {
        rd_kafka_message_t *message;
        enum pawl_status status = wf_reader_next(&subscription->reader, &message);
        if (status)
            return status;
        if (message && wanted(subscription, message)) {
            *ret_event = wf_event_of(message);
            return PAWL_OK;
        }
        if (message) {
            rd_kafka_message_destroy(message);
            continue;
        }
        int left = limit ? wf_milliseconds_until(limit) : -1;
        if (!left && wf_sign_clear(subscription->fd))
            continue; /* something may have come meanwhile, and nobody would be told again */
        if (!left)
            return wf_status(PAWL_TIMEOUT, "no event within %d ms", timeout_ms);
        wf_wait_for(subscription->fd, left);
    }
}
