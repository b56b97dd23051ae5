#include "codec/requester.h"

#include <string.h>

#include "codec/fields.h"

static const struct wf_field requester_fields[] = {
    WF_FIELD(ID, "engine", struct wf_requester, engine),
    WF_FIELD(ID, "instance_id", struct wf_requester, instance_id),
    WF_FIELD(ID, "task_id", struct wf_requester, task_id),
};
static const struct wf_fields requester_table = WF_FIELDS(requester_fields);

struct wf_requester
wf_requester_read(struct wf_arena *arena, const char *text)
{
    struct wf_faults faults = {.arena = arena};
    struct wf_reading reading = {.arena = arena, .faults = &faults};
    struct wf_requester requester = {NULL, NULL, NULL};
    struct wf_slice object;
    struct wf_error error;

    if (text && wf_scan_check(text, strlen(text), arena, &object, &error) && wf_scan_kind(object) == '{')
        wf_fields_read(&reading, &requester_table, object, NULL, &requester);
    return requester;
}

bool
wf_requester_equal(const char *a, const char *b)
{
    struct wf_arena arena = {0};
    struct wf_requester one = wf_requester_read(&arena, a), other = wf_requester_read(&arena, b);
    bool equal = one.engine && other.engine && strcmp(one.engine, other.engine) == 0 && one.task_id && other.task_id &&
                 strcmp(one.task_id, other.task_id) == 0;

    wf_arena_drop(&arena);
    return equal;
}
