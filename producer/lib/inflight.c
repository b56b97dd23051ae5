#include "inflight.h"

#include "base/hash.h"
#include "memory.h"

static void
chain_add(struct wf_inflight *inflight, struct wf_flight *flight)
{
    struct wf_flight **bucket = &inflight->buckets[flight->hash & (inflight->capacity - 1)];

    flight->chain = *bucket;
    *bucket = flight;
}

static void
grow(struct wf_inflight *inflight)
{
    struct wf_flight **old = inflight->buckets;
    size_t size = inflight->capacity;

    inflight->capacity = size ? size * 2 : 64;
    inflight->buckets = wf_new(inflight->capacity * sizeof(struct wf_flight *));
    for (size_t i = 0; i < size; i++) {
        for (struct wf_flight *flight = old[i], *next; flight; flight = next) {
            next = flight->chain;
            chain_add(inflight, flight);
        }
    }
    free(old);
}

struct wf_flight *
wf_inflight_find(const struct wf_inflight *inflight, const char *id, size_t length)
{
    uint64_t hash = wf_hash64(id, length);

    if (!inflight->capacity)
        return NULL;
    for (struct wf_flight *flight = inflight->buckets[hash & (inflight->capacity - 1)]; flight; flight = flight->chain)
        if (flight->hash == hash && !flight->answered && strlen(flight->id) == length &&
            memcmp(flight->id, id, length) == 0)
            return flight;
    return NULL;
}

struct wf_flight *
wf_inflight_add(struct wf_inflight *inflight, const char *id, int64_t limit)
{
    size_t length = strlen(id);

    if (wf_inflight_find(inflight, id, length))
        return NULL;
    if (inflight->count >= inflight->capacity)
        grow(inflight);

    struct wf_flight *flight = WF_NEW(struct wf_flight);
    flight->id = wf_copy_n(id, length);
    flight->hash = wf_hash64(id, length);
    flight->limit = limit;
    chain_add(inflight, flight);
    inflight->count++;

    flight->earlier = inflight->last;
    if (inflight->last)
        inflight->last->later = flight;
    else
        inflight->first = flight;
    inflight->last = flight;
    return flight;
}

static void
list_remove(struct wf_inflight *inflight, struct wf_flight *flight)
{
    if (flight->earlier)
        flight->earlier->later = flight->later;
    else
        inflight->first = flight->later;
    if (flight->later)
        flight->later->earlier = flight->earlier;
    else
        inflight->last = flight->earlier;
}

static void
entry_remove(struct wf_inflight *inflight, struct wf_flight *flight)
{
    struct wf_flight **at = &inflight->buckets[flight->hash & (inflight->capacity - 1)];

    while (*at != flight)
        at = &(*at)->chain;
    *at = flight->chain;
    inflight->count--;
    free(flight->id);
    free(flight);
}

void
wf_inflight_delivered(struct wf_inflight *inflight, struct wf_flight *flight)
{
    flight->delivered = true;
    if (flight->answered)
        entry_remove(inflight, flight);
}

void
wf_inflight_answered(struct wf_inflight *inflight, struct wf_flight *flight)
{
    list_remove(inflight, flight);
    flight->answered = true;
    if (flight->delivered)
        entry_remove(inflight, flight);
}

void
wf_inflight_drop(struct wf_inflight *inflight)
{
    for (size_t i = 0; i < inflight->capacity; i++) {
        for (struct wf_flight *flight = inflight->buckets[i], *next; flight; flight = next) {
            next = flight->chain;
            free(flight->id);
            free(flight);
        }
    }
    free(inflight->buckets);
    *inflight = (struct wf_inflight){0};
}
