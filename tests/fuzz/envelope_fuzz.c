/*
 * Envelope and headers: one message.
 *
 *     end-task                the topic, or "single" for all commands on one
 *     key some key            once, or never
 *     header ce_id: c-1       any number of times; "header name" is one without a value
 *
 *     {"task_id": …}          everything behind an empty line is the value; without one there is none
 *
 * A command that was read is passed on (EOS-6), and must be the same command there.
 */
#include <string.h>

#include "codec/relay.h"
#include "target.h"

enum { HEADERS_MAX = 200 };

struct input {
    struct wf_incoming in;
    struct wf_header headers[HEADERS_MAX];
};

static struct wf_codec codec;

static void
read_topic(struct wf_slice line, struct wf_incoming *in)
{
    static const char *const names[] = {"workflow.command.end-task", "workflow.command.control",
                                        "workflow.command.get-task", "workflow.command.init-instance",
                                        "workflow.command.admin"};

    in->single_topic = line.length == 6 && memcmp(line.data, "single", 6) == 0;
    for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++) {
        const char *kind = wf_topic_suffix((enum wf_topic)topic) + strlen("command.");
        if (line.length == strlen(kind) && memcmp(line.data, kind, line.length) == 0)
            in->topic = (enum wf_topic)topic;
    }
    in->topic_name = names[in->topic];
}

static void
read_header(struct wf_slice line, struct input *input)
{
    const char *colon = memmem(line.data, line.length, ": ", 2);
    size_t length = colon ? (size_t)(colon - line.data) : line.length;

    if (input->in.header_count == HEADERS_MAX)
        return;
    struct wf_header *header = &input->headers[input->in.header_count++];
    header->name = (struct wf_slice){line.data, length};
    if (colon)
        header->value = (struct wf_slice){colon + 2, line.length - length - 2};
}

static void
read_input(struct wf_slice rest, struct input *input)
{
    struct wf_slice line, value;

    input->in = (struct wf_incoming){.partition = 2, .offset = 17, .timestamp = 1764000000123, .headers = input->headers};
    memset(input->headers, 0, sizeof input->headers);
    read_topic(fuzz_line(&rest, &line) ? line : (struct wf_slice){"", 0}, &input->in);
    while (fuzz_line(&rest, &line)) {
        if (!line.length) {
            input->in.value = rest;
            return;
        }
        if (fuzz_word(line, "key", &value))
            input->in.key = value;
        else if (fuzz_word(line, "header", &value))
            read_header(value, input);
    }
}

/* The same command, whichever way it went. */
static void
demand_same(const struct wf_command *before, const struct wf_command *after)
{
    fuzz_demand(before->operation == after->operation, "a forwarded command is of the same operation");
    fuzz_demand(strcmp(before->id, after->id) == 0, "a forwarded command has the same id");
    fuzz_demand(wf_uuid_equal(&before->id_hash, &after->id_hash), "a forwarded command is the same one to the engine");
    fuzz_demand(before->data_hash == after->data_hash, "a forwarded command has the same data");
    fuzz_demand(!before->source == !after->source && (!before->source || strcmp(before->source, after->source) == 0),
                "a forwarded command has the same source");
}

static void
pass_on(const struct wf_incoming *in, const struct wf_decoded *decoded, struct wf_arena *arena)
{
    static struct wf_message message; /* a large one */
    WF_SCOPED(wf_buf_drop) struct wf_buf outbox = {0};
    struct wf_decoded again = {.hops_forwarded = 0};
    struct wf_refusal refusal = {.detail = NULL};
    const char *at;

    wf_forward_encode(&codec, in, decoded, 3, NULL, &outbox);
    at = outbox.data;
    fuzz_demand(wf_message_decode(&at, at + outbox.length, &message), "a forwarded command comes out of the outbox");
    fuzz_demand(at == outbox.data + outbox.length && message.partition == 3, "it is one message for its partition");
    struct wf_incoming forwarded = *in;
    forwarded.partition = 3;
    forwarded.offset = 99;
    forwarded.key = message.key;
    forwarded.value = message.value;
    forwarded.headers = message.headers;
    forwarded.header_count = message.header_count;
    fuzz_demand(wf_command_decode(&codec, &forwarded, arena, &again, &refusal), "a forwarded command is understood");
    fuzz_demand(again.hops_forwarded == decoded->hops_forwarded + 1, "hops are counted");
    demand_same(&decoded->command, &again.command);
    wf_decoded_drop(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input input; /* a large one */
    WF_SCOPED(wf_arena_drop) struct wf_arena arena = {0};
    struct wf_decoded decoded = {.hops_forwarded = 0};
    struct wf_refusal refusal = {.detail = NULL};
    struct wf_error error;

    if (!codec.prefix)
        fuzz_demand(wf_codec_open(&codec, "workflow", "fuzz", "", FUZZ_VALUE_MAX, &error), "a codec");
    read_input((struct wf_slice){(const char *)data, size}, &input);
    if (!wf_command_decode(&codec, &input.in, &arena, &decoded, &refusal)) {
        fuzz_demand_refusal(&codec, &input.in, &refusal);
        return 0;
    }
    fuzz_demand(decoded.command.id && *decoded.command.id, "a command has an id");
    fuzz_demand(!decoded.command.replyto || wf_codec_may_write(&codec, decoded.command.replyto),
                "an answer goes where the pattern lets it");
    if (decoded.hops_forwarded < 1000000 - 1)
        pass_on(&input.in, &decoded, &arena);
    wf_decoded_drop(&decoded);
    return 0;
}
