/*
 * requester.h - who asked for an instance, as it said (messages.md, `requester`).
 */
#ifndef WF_REQUESTER_H
#define WF_REQUESTER_H

#include <stdbool.h>

#include "base/arena.h"

struct wf_requester {
    const char *engine, *instance_id, *task_id; /* NULL: not said */
};

/* Reads the JSON object; the texts live in the arena.  What is no such object says nothing. */
struct wf_requester wf_requester_read(struct wf_arena *arena, const char *text);

/* Whether two name the same task of the same engine, in whatever form they were written. */
bool wf_requester_equal(const char *a, const char *b);

#endif
