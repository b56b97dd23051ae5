/*
 * uuid.h - RFC 9562 UUIDs: instance ids are version 7.
 */
#ifndef WF_UUID_H
#define WF_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WF_UUID_TEXT = 36 }; /* characters, without the NUL */

struct wf_uuid {
    uint8_t bytes[16];
};

/* Reads the 36 character form, either case; false if it is anything else. */
bool wf_uuid_parse(const char *text, size_t length, struct wf_uuid *ret_uuid);

/* Writes the lower-case form and a NUL. */
void wf_uuid_format(const struct wf_uuid *uuid, char text[WF_UUID_TEXT + 1]);

/* A version 7 UUID of a time (microseconds since 1970) and 10 random bytes. */
struct wf_uuid wf_uuid_v7(int64_t time, const uint8_t random[10]);

static inline bool
wf_uuid_equal(const struct wf_uuid *a, const struct wf_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

#endif
