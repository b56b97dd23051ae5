#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/event.h"
#include "codec/relay.h"
#include "codec/scan.h"

void
fuzz_demand(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: does not hold: %s\n", what);
    abort();
}

bool
fuzz_line(struct wf_slice *rest, struct wf_slice *ret_line)
{
    if (!rest->length)
        return false;
    const char *newline = memchr(rest->data, '\n', rest->length);
    size_t length = newline ? (size_t)(newline - rest->data) : rest->length, taken = length + (newline != NULL);

    *ret_line = (struct wf_slice){rest->data, length};
    *rest = (struct wf_slice){rest->data + taken, rest->length - taken};
    return true;
}

bool
fuzz_word(struct wf_slice line, const char *word, struct wf_slice *ret_rest)
{
    size_t length = strlen(word);

    if (line.length < length || memcmp(line.data, word, length) != 0 ||
        (line.length > length && line.data[length] != ' '))
        return false;
    size_t taken = line.length > length ? length + 1 : length;
    *ret_rest = (struct wf_slice){line.data + taken, line.length - taken};
    return true;
}

/* A text is UTF-8 if it is a string of JSON once what has to be escaped there is put aside. */
void
fuzz_demand_text(const char *text, const char *what)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf buf = {0};
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    struct wf_slice value;
    struct wf_error error;

    fuzz_demand(text != NULL, what);
    wf_buf_byte(&buf, '"');
    for (const char *at = text; *at; at++)
        wf_buf_byte(&buf, (unsigned char)*at < 0x20 || *at == '"' || *at == '\\' ? '?' : (unsigned char)*at);
    wf_buf_byte(&buf, '"');
    fuzz_demand(wf_scan_check(buf.data, buf.length, &arena, &value, &error), what);
}

void
fuzz_demand_messages(const struct wf_buf *outbox)
{
    static struct wf_message message; /* a large one */
    const char *at = outbox->data, *end = outbox->length ? at + outbox->length : at;
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    struct wf_slice value;
    struct wf_error error;

    while (at < end) {
        fuzz_demand(wf_message_decode(&at, end, &message), "what goes into the outbox comes out of it");
        if (message.topic < WF_COMMAND_TOPICS || message.topic == WF_TOPIC_DEAD_LETTER)
            continue; /* as it came */
        fuzz_demand(wf_scan_check(message.value.data, message.value.length, &arena, &value, &error),
                    "what the engine says is JSON");
        wf_arena_reset(&arena);
    }
}

void
fuzz_demand_refusal(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_refusal *refusal)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf outbox = {0};

    fuzz_demand(refusal->command.id && *refusal->command.id, "a refusal has an id");
    fuzz_demand_text(refusal->detail, "a refusal's detail is a text");
    fuzz_demand(refusal->code == WF_CODE_INVALID_COMMAND || refusal->code == WF_CODE_TOO_LARGE ||
                    refusal->code == WF_CODE_UNKNOWN_OPERATION,
                "a refusal has one of three codes");
    wf_dead_letter_encode(codec, in, refusal->code, refusal->detail, &outbox);
    wf_refusal_encode(codec, in, refusal, 0, &outbox);
    fuzz_demand(outbox.length > 0, "a refusal makes a dead letter");
    fuzz_demand_messages(&outbox);
}

const char *
fuzz_file(const char *data, size_t size)
{
    static char path[40];
    static int file = -1;

    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        fuzz_demand(file >= 0, "a file in memory");
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    fuzz_demand(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size, "a file can be written");
    return path;
}
