/* Commands of the engine to itself (sub-processes, ENG-2): the driver is its own Kafka. */
#include "driver.h"

static struct wf_slice
copy(struct driver *driver, struct wf_slice slice)
{
    return (struct wf_slice){wf_arena_strndup(&driver->arena, slice.data, slice.length), slice.length};
}

/* Whether a message is a command to this engine, by its topic's number or by its name. */
static bool
to_itself(const struct driver *driver, const struct wf_message *message, enum wf_topic *ret_topic)
{
    size_t prefix = strlen(driver->codec.prefix);

    if (message->topic < WF_COMMAND_TOPICS) {
        *ret_topic = message->topic;
        return true;
    }
    if (message->topic != WF_TOPIC_NAMED || message->name.length <= prefix || message->name.data[prefix] != '.' ||
        memcmp(message->name.data, driver->codec.prefix, prefix) != 0)
        return false;
    for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++) {
        const char *suffix = wf_topic_suffix((enum wf_topic)topic);
        if (message->name.length == prefix + 1 + strlen(suffix) &&
            memcmp(message->name.data + prefix + 1, suffix, strlen(suffix)) == 0) {
            *ret_topic = (enum wf_topic)topic;
            return true;
        }
    }
    return false;
}

static void
keep(struct driver *driver, const struct wf_message *message, enum wf_topic topic)
{
    struct wf_header *headers = WF_ARENA_ARRAY(&driver->arena, struct wf_header, message->header_count + 1u);
    struct wf_incoming in = {
        .topic = topic,
        .topic_name = wf_arena_printf(&driver->arena, "%s.%s", driver->codec.prefix, wf_topic_suffix(topic)),
        .timestamp = -1,
        .key = copy(driver, message->key),
        .value = copy(driver, message->value),
        .headers = headers,
        .header_count = message->header_count,
    };

    for (uint16_t i = 0; i < message->header_count; i++)
        headers[i] = (struct wf_header){copy(driver, message->headers[i].name), copy(driver, message->headers[i].value)};
    WF_ARENA_PUSH(&driver->arena, driver->looped, driver->looped_count, driver->looped_capacity, in);
}

void
driver_loop(struct driver *driver)
{
    static struct wf_message message; /* a large one */
    const char *at = driver->outbox.data, *end = driver->outbox.length ? at + driver->outbox.length : at;
    enum wf_topic topic;

    while (at < end && wf_message_decode(&at, end, &message))
        if (to_itself(driver, &message, &topic))
            keep(driver, &message, topic);
}
