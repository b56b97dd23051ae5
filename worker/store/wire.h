/*
 * wire.h - PostgreSQL's binary format: types by letter (statement.h), integers, times.
 */
#ifndef WF_STORE_WIRE_H
#define WF_STORE_WIRE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* 2000-01-01, from which PostgreSQL counts, in microseconds since 1970. */
#define WF_WIRE_EPOCH INT64_C(946684800000000)

/* The type's oid, fixed in PostgreSQL's catalog; 0 for an unknown letter. */
static inline uint32_t
wf_wire_type(char letter)
{
    switch (letter) {
    case 'u': return 2950; /* uuid */
    case 'i': return 23;   /* int4 */
    case 'l': return 20;   /* int8 */
    case 't': return 25;   /* text */
    case 'b': return 16;   /* bool */
    case 'z': return 1184; /* timestamptz */
    case 'y': return 17;   /* bytea */
    case 'a': return 1016; /* int8[] */
    case 'v': return 2278; /* void */
    default: return 0;
    }
}

static inline void
wf_wire_put32(char *at, uint32_t value)
{
    value = htonl(value);
    memcpy(at, &value, sizeof value);
}

static inline uint32_t
wf_wire_get32(const char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return ntohl(value);
}

static inline uint64_t
wf_wire_get64(const char *at)
{
    return (uint64_t)wf_wire_get32(at) << 32 | wf_wire_get32(at + 4);
}

#endif
