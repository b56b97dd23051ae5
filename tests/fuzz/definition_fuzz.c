/*
 * A process definition: read, compiled, hashed and announced.  The input is the file.
 */
#include <stdlib.h>

#include "codec/definition_file.h"
#include "codec/event.h"
#include "target.h"

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

/* The same content is the same version, also under other blanks. */
static void
demand_hash(const char *text, size_t length)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf padded = {0};

    wf_buf_puts(&padded, " \n\t");
    wf_buf_append(&padded, text, length);
    wf_buf_puts(&padded, "\r ");
    struct wf_uuid hash = wf_definition_content_hash(text, length);
    struct wf_uuid same = wf_definition_content_hash(padded.data, padded.length);
    fuzz_demand(wf_uuid_equal(&hash, &same), "blanks do not change what a definition says");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    WF_SCOPED(wf_buf_drop) struct wf_buf outbox = {0};
    struct wf_faults faults = {.arena = &arena};
    struct wf_command cause = {.id = "c-1"};
    const char *text = (const char *)data;
    struct wf_error error;

    if (!codec.prefix)
        fuzz_demand(wf_codec_open(&codec, "workflow", "fuzz", "", FUZZ_VALUE_MAX, &error), "a codec");
    demand_hash(text, size);
    struct wf_process *process = wf_definition_file_decode(text, size, &faults);
    if (!process || !wf_process_compile(process, &faults)) {
        demand_faults(&faults);
    } else {
        process->version = 1;
        wf_definition_event_encode(&codec, process, &cause, 0, &outbox);
        fuzz_demand_messages(&outbox);
    }
    wf_process_drop(process);
    return 0;
}
