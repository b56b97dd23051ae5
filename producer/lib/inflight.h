/*
 * inflight.h - the commands that wait for their outcome: found by id, in order of their limits.
 *
 * An entry is removed when both Kafka has said whether it took the command and the outcome is
 * there (or the limit has passed), in either order.
 */
#ifndef WF_LIB_INFLIGHT_H
#define WF_LIB_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_flight {
    char *id;
    uint64_t hash;
    int64_t limit; /* wf_clock_monotonic() */
    bool delivered, answered;
    struct wf_flight *chain;             /* of the same bucket */
    struct wf_flight *earlier, *later;   /* among the unanswered */
};

struct wf_inflight {
    struct wf_flight **buckets; /* a power of two of them; NULL: none yet */
    size_t capacity, count;     /* count: entries, answered or not */
    struct wf_flight *first, *last; /* unanswered: the one with the next limit first */
};

/* Adds an id with a limit not before any other's; NULL if it is in flight already. */
struct wf_flight *wf_inflight_add(struct wf_inflight *inflight, const char *id, int64_t limit);

/* The unanswered entry of an id, or NULL. */
struct wf_flight *wf_inflight_find(const struct wf_inflight *inflight, const char *id, size_t length);

/* Each removes the entry when the other was called before. */
void wf_inflight_delivered(struct wf_inflight *inflight, struct wf_flight *flight);
void wf_inflight_answered(struct wf_inflight *inflight, struct wf_flight *flight);

void wf_inflight_drop(struct wf_inflight *inflight);

#endif
