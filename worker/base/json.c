#include "base/json.h"

#include "base/clock.h"

/* A value needs a comma before it unless it comes first or after a key. */
static void
comma(struct wf_buf *buf)
{
    if (!buf->length)
        return;
    char before = buf->data[buf->length - 1];
    if (before != '{' && before != '[' && before != ':')
        wf_buf_byte(buf, ',');
}

void
wf_json_open(struct wf_buf *buf, char bracket)
{
    comma(buf);
    wf_buf_byte(buf, (unsigned char)bracket);
}

void
wf_json_close(struct wf_buf *buf, char bracket)
{
    wf_buf_byte(buf, (unsigned char)bracket);
}

void
wf_json_key(struct wf_buf *buf, const char *key)
{
    size_t length = strlen(key);

    comma(buf);
    char *at = wf_buf_reserve(buf, length + 3);
    at[0] = '"';
    memcpy(at + 1, key, length);
    at[length + 1] = '"';
    at[length + 2] = ':';
    buf->length += length + 3;
}

static void
escape(struct wf_buf *buf, unsigned char byte)
{
    switch (byte) {
    case '"': wf_buf_append(buf, "\\\"", 2); break;
    case '\\': wf_buf_append(buf, "\\\\", 2); break;
    case '\n': wf_buf_append(buf, "\\n", 2); break;
    case '\r': wf_buf_append(buf, "\\r", 2); break;
    case '\t': wf_buf_append(buf, "\\t", 2); break;
    default: wf_buf_printf(buf, "\\u%04x", byte);
    }
}

/*
 * How many bytes from `at` on need no escape.  Eight at a time: a byte below 0x20 borrows from its highest bit, and
 * one that is a quote or a backslash is 0 after exclusive or, and so does too.
 */
static size_t
plain_length(const char *at, size_t length)
{
    static const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    size_t i = 0;

    for (; i + 8 <= length; i += 8) {
        uint64_t word, quote, backslash;
        memcpy(&word, at + i, 8);
        quote = word ^ ones * '"';
        backslash = word ^ ones * '\\';
        if (((word - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~word & high)
            break; /* one of these: perhaps not the first that borrowed, but the bytes before are looked at again */
    }
    for (; i < length; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            break;
    }
    return i;
}

void
wf_json_string_n(struct wf_buf *buf, const char *text, size_t length)
{
    comma(buf);
    wf_buf_byte(buf, '"');
    for (size_t at = 0; at < length; at++) {
        size_t plain = plain_length(text + at, length - at);
        wf_buf_append(buf, text + at, plain);
        at += plain;
        if (at < length)
            escape(buf, (unsigned char)text[at]);
    }
    wf_buf_byte(buf, '"');
}

void
wf_json_string(struct wf_buf *buf, const char *text)
{
    wf_json_string_n(buf, text, strlen(text));
}

void
wf_json_int(struct wf_buf *buf, int64_t value)
{
    comma(buf);
    wf_buf_int(buf, value);
}

void
wf_json_bool(struct wf_buf *buf, bool value)
{
    wf_json_raw(buf, value ? "true" : "false");
}

void
wf_json_raw(struct wf_buf *buf, const char *json)
{
    comma(buf);
    wf_buf_puts(buf, json);
}

void
wf_json_put_string(struct wf_buf *buf, const char *key, const char *text)
{
    wf_json_key(buf, key);
    wf_json_string(buf, text);
}

void
wf_json_put_opt(struct wf_buf *buf, const char *key, const char *text)
{
    if (text)
        wf_json_put_string(buf, key, text);
}

void
wf_json_put_int(struct wf_buf *buf, const char *key, int64_t value)
{
    wf_json_key(buf, key);
    wf_json_int(buf, value);
}

void
wf_json_put_bool(struct wf_buf *buf, const char *key, bool value)
{
    wf_json_key(buf, key);
    wf_json_bool(buf, value);
}

void
wf_json_put_raw_opt(struct wf_buf *buf, const char *key, const char *json)
{
    if (!json)
        return;
    wf_json_key(buf, key);
    wf_json_raw(buf, json);
}

void
wf_json_put_time_opt(struct wf_buf *buf, const char *key, int64_t time)
{
    char text[WF_TIME_TEXT + 1];

    if (!time)
        return;
    wf_time_format(time, text);
    wf_json_put_string(buf, key, text);
}

size_t
wf_utf8_length(const char *at, const char *end)
{
    const unsigned char *s = (const unsigned char *)at;
    size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

    if ((size_t)(end - at) < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}
