#include "base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

void
wf_buf_grow(struct wf_buf *buf, size_t size)
{
    size_t capacity = buf->capacity ? buf->capacity : 256;

    while (capacity - buf->length < size)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        fputs("pawl: out of memory\n", stderr);
        exit(WF_EXIT_MEMORY);
    }
    buf->data = data;
    buf->capacity = capacity;
}

void
wf_buf_printf(struct wf_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);

    char *end = wf_buf_reserve(buf, (size_t)length + 1);
    va_start(args, format);
    vsnprintf(end, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

const char *
wf_buf_text(struct wf_buf *buf)
{
    *wf_buf_reserve(buf, 1) = '\0';
    return buf->data;
}

void
wf_buf_drop(struct wf_buf *buf)
{
    free(buf->data);
    *buf = (struct wf_buf){0};
}

void
wf_buf_u16(struct wf_buf *buf, uint16_t value)
{
    value = htobe16(value);
    wf_buf_append(buf, &value, sizeof value);
}

void
wf_buf_u32(struct wf_buf *buf, uint32_t value)
{
    value = htobe32(value);
    wf_buf_append(buf, &value, sizeof value);
}

void
wf_buf_u64(struct wf_buf *buf, uint64_t value)
{
    value = htobe64(value);
    wf_buf_append(buf, &value, sizeof value);
}

void
wf_buf_int(struct wf_buf *buf, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);

    if (value < 0)
        wf_buf_byte(buf, '-');
    wf_buf_append(buf, digits + at, sizeof digits - at);
}
