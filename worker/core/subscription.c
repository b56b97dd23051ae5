#include "core/subscription.h"

#include <string.h>

/* A copy, so that a rejected command leaves the old ones. */
static void
subscriptions_touch(struct wf_unit *unit, struct wf_instance *instance)
{
    struct wf_subscription *copy =
        WF_ARENA_ARRAY(unit->arena, struct wf_subscription, instance->subscription_count + 1);

    wf_unit_touch_instance(unit, instance);
    if (instance->subscription_count)
        memcpy(copy, instance->subscriptions, instance->subscription_count * sizeof *copy);
    instance->subscriptions = copy;
    instance->subscription_capacity = instance->subscription_count + 1;
}

static struct wf_subscription *
subscription_find(const struct wf_instance *instance, const char *notifyto)
{
    for (size_t i = 0; i < instance->subscription_count; i++)
        if (strcmp(instance->subscriptions[i].notifyto, notifyto) == 0)
            return &instance->subscriptions[i];
    return NULL;
}

static size_t
subscriptions_count(const struct wf_instance *instance)
{
    size_t count = 0;

    for (size_t i = 0; i < instance->subscription_count; i++)
        count += !instance->subscriptions[i].gone;
    return count;
}

/* One for each topic: another one for the same takes its place. */
static bool
subscribe(struct wf_unit *unit, struct wf_instance *instance, const struct wf_subscription *wanted)
{
    const struct wf_subscription *old = subscription_find(instance, wanted->notifyto);

    if (unit->topic_known && !unit->topic_known(unit->context, wanted->notifyto))
        return wf_unit_reject(unit, WF_CODE_INVALID_COMMAND, "there is no topic \"%s\"", wanted->notifyto);
    if ((!old || old->gone) && subscriptions_count(instance) >= WF_SUBSCRIPTIONS_MAX)
        return wf_unit_reject(unit, WF_CODE_LIMIT_EXCEEDED, "the instance has %d subscriptions already",
                              WF_SUBSCRIPTIONS_MAX);
    subscriptions_touch(unit, instance);
    struct wf_subscription *entry = subscription_find(instance, wanted->notifyto);
    if (!entry)
        entry = &instance->subscriptions[instance->subscription_count++];
    bool stored = entry->stored;
    *entry = *wanted;
    entry->stored = stored;
    entry->dirty = true;
    return true;
}

bool
wf_subscribe(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance)
{
    struct wf_subscription wanted = {.notifyto = command->notifyto, .filter = command->filter,
                                     .requester = command->requester};

    if (command->operation == WF_OP_SUBSCRIBE)
        return subscribe(unit, instance, &wanted);
    if (!subscription_find(instance, command->notifyto))
        return true;
    subscriptions_touch(unit, instance);
    struct wf_subscription *entry = subscription_find(instance, command->notifyto);
    entry->gone = entry->dirty = true;
    return true;
}

bool
wf_subscribe_first(struct wf_unit *unit, struct wf_instance *instance, const char *notifyto)
{
    struct wf_subscription wanted = {.notifyto = notifyto, .requester = instance->requester};

    return !notifyto || subscribe(unit, instance, &wanted);
}
