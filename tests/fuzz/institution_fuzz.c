/*
 * The institution: two files, the second behind a line of three hyphens, loaded one after the other.
 *
 * What was loaded is written and read again, and must be the same; what changed is announced.
 */
#include "codec/event.h"
#include "codec/institution_file.h"
#include "codec/scan.h"
#include "target.h"

static const char separator[] = "\n---\n";
static struct wf_codec codec;

static void
demand_faults(const struct wf_faults *faults)
{
    fuzz_demand(faults->count > 0, "what is refused has a fault");
    for (size_t i = 0; i < faults->count && i < 50; i++) {
        fuzz_demand_text(faults->items[i].path, "a fault's path is a text");
        fuzz_demand_text(faults->items[i].message, "a fault's message is a text");
    }
}

/* The institution after a load, or NULL. */
static struct wf_institution *
load(const struct wf_institution *before, struct wf_slice file, struct wf_arena *arena)
{
    struct wf_faults faults = {.arena = arena};
    struct wf_institution *change = wf_institution_file_decode(file.data, file.length, &faults), *after = NULL;

    if (change)
        after = wf_institution_merge(before, change, &faults);
    wf_institution_drop(change);
    if (!after)
        demand_faults(&faults);
    return after;
}

static void
demand_same_again(const struct wf_institution *institution, struct wf_arena *arena)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf first = {0};
    WF_SCOPED(wf_buf_drop) struct wf_buf second = {0};

    wf_institution_encode(institution, &first);
    struct wf_institution *again = load(NULL, (struct wf_slice){first.data, first.length}, arena);
    fuzz_demand(again != NULL, "what the engine writes of an institution can be loaded");
    wf_institution_encode(again, &second);
    fuzz_demand(first.length == second.length && memcmp(first.data, second.data, first.length) == 0,
                "an institution that was written and read is the same");
    wf_institution_drop(again);
}

static void
announce(const struct wf_institution *before, const struct wf_institution *after)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf outbox = {0};
    struct wf_command cause = {.id = "c-1"};

    wf_institution_events_encode(&codec, before, after, &cause, 0, &outbox);
    fuzz_demand_messages(&outbox);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    struct wf_slice first = {(const char *)data, size}, second = {NULL, 0};
    const char *cut = memmem(data, size, separator, sizeof separator - 1);
    struct wf_error error;

    if (!codec.prefix)
        fuzz_demand(wf_codec_open(&codec, "workflow", "fuzz", "", FUZZ_VALUE_MAX, &error), "a codec");
    if (cut) {
        first.length = (size_t)(cut - first.data);
        second.data = cut + sizeof separator - 1;
        second.length = size - first.length - (sizeof separator - 1);
    }
    struct wf_institution *before = load(NULL, first, &arena);
    struct wf_institution *after = second.data ? load(before, second, &arena) : NULL;
    if (before) {
        demand_same_again(before, &arena);
        announce(NULL, before);
    }
    if (after) {
        demand_same_again(after, &arena);
        announce(before, after);
    }
    wf_institution_drop(before);
    wf_institution_drop(after);
    return 0;
}
