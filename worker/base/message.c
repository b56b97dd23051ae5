#include "base/message.h"

#include <endian.h>

enum { NO_KEY = 0xffff };
#define NO_VALUE UINT32_C(0xffffffff)

const char *
wf_topic_suffix(enum wf_topic topic)
{
    static const char *const suffixes[] = {
#define X(name, suffix) suffix,
        WF_TOPIC_MAP(X)
#undef X
    };
    return topic < WF_TOPIC_COUNT ? suffixes[topic] : NULL;
}

bool
wf_message_header(struct wf_message *message, const char *name, const char *value, size_t length)
{
    if (message->header_count == WF_MESSAGE_HEADERS_MAX)
        return false;
    message->headers[message->header_count].name = (struct wf_slice){name, strlen(name)};
    message->headers[message->header_count].value = (struct wf_slice){value, length};
    message->header_count++;
    return true;
}

static void
put_short(struct wf_buf *buf, struct wf_slice slice)
{
    wf_buf_u16(buf, (uint16_t)slice.length);
    wf_buf_append(buf, slice.data, slice.length);
}

static void
put_long(struct wf_buf *buf, struct wf_slice slice)
{
    wf_buf_u32(buf, slice.data ? (uint32_t)slice.length : NO_VALUE);
    wf_buf_append(buf, slice.data, slice.data ? slice.length : 0);
}

void
wf_message_encode(const struct wf_message *message, struct wf_buf *buf)
{
    wf_buf_byte(buf, (unsigned char)message->topic);
    if (message->topic == WF_TOPIC_NAMED)
        put_short(buf, message->name);
    wf_buf_u32(buf, (uint32_t)message->partition);
    if (message->key.data)
        put_short(buf, message->key);
    else
        wf_buf_u16(buf, NO_KEY);
    wf_buf_u16(buf, message->header_count);
    for (uint16_t i = 0; i < message->header_count; i++) {
        put_short(buf, message->headers[i].name);
        put_long(buf, message->headers[i].value);
    }
    put_long(buf, message->value);
}

static bool
take(const char **at, const char *end, void *ret_bytes, size_t size)
{
    if ((size_t)(end - *at) < size)
        return false;
    memcpy(ret_bytes, *at, size);
    *at += size;
    return true;
}

static bool
take_slice(const char **at, const char *end, size_t length, struct wf_slice *ret_slice)
{
    if ((size_t)(end - *at) < length)
        return false;
    *ret_slice = (struct wf_slice){*at, length};
    *at += length;
    return true;
}

static bool
take_short(const char **at, const char *end, struct wf_slice *ret_slice)
{
    uint16_t length;

    if (!take(at, end, &length, sizeof length))
        return false;
    length = be16toh(length);
    if (length == NO_KEY) {
        *ret_slice = (struct wf_slice){0};
        return true;
    }
    return take_slice(at, end, length, ret_slice);
}

static bool
take_long(const char **at, const char *end, struct wf_slice *ret_slice)
{
    uint32_t length;

    if (!take(at, end, &length, sizeof length))
        return false;
    length = be32toh(length);
    if (length == NO_VALUE) {
        *ret_slice = (struct wf_slice){0};
        return true;
    }
    return take_slice(at, end, length, ret_slice);
}

bool
wf_message_decode(const char **at, const char *end, struct wf_message *ret_message)
{
    unsigned char topic;
    uint32_t partition;
    uint16_t headers;

    if (!take(at, end, &topic, 1) || topic > WF_TOPIC_NAMED)
        return false;
    ret_message->topic = topic;
    ret_message->name = (struct wf_slice){0};
    if (topic == WF_TOPIC_NAMED && !take_short(at, end, &ret_message->name))
        return false;
    if (!take(at, end, &partition, sizeof partition) || !take_short(at, end, &ret_message->key) ||
        !take(at, end, &headers, sizeof headers))
        return false;
    ret_message->partition = (int32_t)be32toh(partition);
    ret_message->header_count = be16toh(headers);
    if (ret_message->header_count > WF_MESSAGE_HEADERS_MAX)
        return false;
    for (uint16_t i = 0; i < ret_message->header_count; i++)
        if (!take_short(at, end, &ret_message->headers[i].name) ||
            !take_long(at, end, &ret_message->headers[i].value))
            return false;
    return take_long(at, end, &ret_message->value);
}
