/*
 * buf.h - bytes that grow at the end.
 *
 * A zeroed struct is an empty buffer.  `data` is not NUL-terminated unless wf_buf_text()
 * was asked for it.  Out of memory ends the process, as in arena.h.
 */
#ifndef WF_BUF_H
#define WF_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wf_buf {
    char *data;
    size_t length;
    size_t capacity;
};

/* Gives the buffer room for `size` more bytes than it holds: wf_buf_reserve() does when there is none. */
void wf_buf_grow(struct wf_buf *buf, size_t size);

/* Room for `size` more bytes; returns where they begin.  The length stays. */
static inline char *
wf_buf_reserve(struct wf_buf *buf, size_t size)
{
    if (buf->capacity - buf->length < size)
        wf_buf_grow(buf, size);
    return buf->data + buf->length;
}


void wf_buf_printf(struct wf_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content as a C string, owned by the buffer. */
const char *wf_buf_text(struct wf_buf *buf);

/* Empties the buffer and keeps its memory. */
static inline void
wf_buf_clear(struct wf_buf *buf)
{
    buf->length = 0;
}

void wf_buf_drop(struct wf_buf *buf);

static inline void
wf_buf_append(struct wf_buf *buf, const void *data, size_t size)
{
    if (!size)
        return;
    memcpy(wf_buf_reserve(buf, size), data, size);
    buf->length += size;
}

static inline void
wf_buf_byte(struct wf_buf *buf, unsigned char byte)
{
    *wf_buf_reserve(buf, 1) = (char)byte;
    buf->length++;
}

static inline void
wf_buf_puts(struct wf_buf *buf, const char *text)
{
    wf_buf_append(buf, text, strlen(text));
}

/* Integers in network byte order. */
void wf_buf_u16(struct wf_buf *buf, uint16_t value);
void wf_buf_u32(struct wf_buf *buf, uint32_t value);
void wf_buf_u64(struct wf_buf *buf, uint64_t value);

/* Writes a decimal number. */
void wf_buf_int(struct wf_buf *buf, int64_t value);

#endif
