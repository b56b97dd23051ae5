#include "support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>

#include "codec/operation.h"

struct wf_codec codec;
struct wf_arena arena;
struct wf_decoded decoded;
struct wf_refusal refusal;

static struct wf_header headers[80];

void
support_open(void)
{
    struct wf_error error;

    cr_assert(wf_codec_open(&codec, "workflow", "host-1/4711", "workflow\\.(reply\\..*|outcome)|(north|crm)\\..*",
                            900000, &error), "%s", error.message);
}

void
support_close(void)
{
    wf_decoded_drop(&decoded);
    wf_codec_drop(&codec);
    wf_arena_drop(&arena);
}

struct wf_incoming
incoming(enum wf_operation operation, const char *value)
{
    enum wf_topic topic = wf_operation_topic(operation);

    return (struct wf_incoming){
        .topic = topic,
        .topic_name = wf_arena_printf(&arena, "workflow.%s", wf_topic_suffix(topic)),
        .partition = 3,
        .offset = 1042,
        .timestamp = 1764000000123,
        .value = {value, strlen(value)},
        .headers = headers,
    };
}

void
add_header(struct wf_incoming *in, const char *name, const char *value)
{
    headers[in->header_count].name = (struct wf_slice){name, strlen(name)};
    headers[in->header_count++].value = (struct wf_slice){value, value ? strlen(value) : 0};
}

bool
decode(enum wf_operation operation, const char *value)
{
    struct wf_incoming in = incoming(operation, value);

    return wf_command_decode(&codec, &in, &arena, &decoded, &refusal);
}

const char *
read_source(const char *path)
{
    const char *whole = wf_arena_printf(&arena, "%s/%s", PAWL_SOURCE_DIR, path);
    FILE *file = fopen(whole, "r");
    struct wf_buf buf = {0};
    size_t length;

    cr_assert(file, "%s", whole);
    while ((length = fread(wf_buf_reserve(&buf, 4096), 1, 4096, file)) > 0)
        buf.length += length;
    fclose(file);
    const char *text = wf_arena_strndup(&arena, buf.data, buf.length);
    wf_buf_drop(&buf);
    return text;
}

int
each_example(const char *folder, void (*call)(const char *path, const char *text))
{
    DIR *directory = opendir(wf_arena_printf(&arena, "%s/%s", PAWL_SOURCE_DIR, folder));
    struct dirent *entry;
    int count = 0;

    if (!directory)
        return 0;
    while ((entry = readdir(directory))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".json") != 0)
            continue;
        const char *path = wf_arena_printf(&arena, "%s/%s", folder, entry->d_name);
        call(path, read_source(path));
        count++;
    }
    closedir(directory);
    return count;
}

struct wf_message
message_of(const struct wf_buf *buf)
{
    struct wf_message message;
    const char *at = buf->data;

    cr_assert(wf_message_decode(&at, buf->data + buf->length, &message));
    return message;
}

cJSON *
data_of(const struct wf_buf *buf)
{
    struct wf_message message = message_of(buf);
    cJSON *data = cJSON_ParseWithLength(message.value.data, message.value.length);

    cr_assert(data, "%.*s", (int)message.value.length, message.value.data);
    return data;
}

const char *
header_of(const struct wf_message *message, const char *name)
{
    for (int i = 0; i < message->header_count; i++)
        if (message->headers[i].name.length == strlen(name) &&
            memcmp(message->headers[i].name.data, name, strlen(name)) == 0)
            return wf_arena_strndup(&arena, message->headers[i].value.data, message->headers[i].value.length);
    return NULL;
}
