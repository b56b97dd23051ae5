/*
 * message.h - a message for the bus, and the bytes of an outbox row.
 *
 * An outbox row holds the messages of one batch and one partition, one after the other,
 * in the order in which they are to be published.  The framing is ours alone (version 1):
 *
 *     u8 topic  [u16 length, name]   name only for WF_TOPIC_NAMED
 *     i32 partition                  -1: by the key
 *     u16 length, key                length 0xffff: no key
 *     u16 count, { u16 length, name; u32 length, value } headers
 *     u32 length, value              length 0xffffffff: no value
 *
 * all integers in network byte order.
 */
#ifndef WF_MESSAGE_H
#define WF_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The topics that the engine reads and writes: messages.md.  NAME, suffix after "<prefix>.". */
#define WF_TOPIC_MAP(X)                            \
    X(COMMAND_END, "command.end-task")             \
    X(COMMAND_CONTROL, "command.control")          \
    X(COMMAND_GET, "command.get-task")             \
    X(COMMAND_INIT, "command.init-instance")       \
    X(COMMAND_ADMIN, "command.admin")              \
    X(STATE_TASK, "state.task")                    \
    X(STATE_INSTANCE, "state.instance")            \
    X(STATE_DEFINITION, "state.definition")        \
    X(STATE_INSTITUTION, "state.institution")      \
    X(OUTCOME, "outcome")                          \
    X(DEAD_LETTER, "dead-letter")

enum wf_topic {
#define X(name, suffix) WF_TOPIC_##name,
    WF_TOPIC_MAP(X)
#undef X
    WF_TOPIC_COUNT,
    WF_TOPIC_NAMED = WF_TOPIC_COUNT, /* a job topic, a replyto: by its full name */
    WF_COMMAND_TOPICS = WF_TOPIC_STATE_TASK /* the first five are command topics */
};

/* The part of the name after "<prefix>.". */
const char *wf_topic_suffix(enum wf_topic topic);

struct wf_slice {
    const char *data; /* NULL: absent */
    size_t length;
};

struct wf_header {
    struct wf_slice name, value; /* value.data NULL: a header without a value */
};

enum { WF_MESSAGE_HEADERS_MAX = 4096 }; /* a client may send many, and a dead letter keeps them */

struct wf_message {
    enum wf_topic topic;
    struct wf_slice name; /* of the topic, for WF_TOPIC_NAMED */
    int32_t partition;    /* -1: by the key */
    struct wf_slice key;
    struct wf_slice value;
    uint16_t header_count;
    struct wf_header headers[WF_MESSAGE_HEADERS_MAX];
};

/* A command that an application submitted by SQL (EOS-25), as it said it. */
struct wf_submitted {
    const char *command;  /* the command topic, by what follows "<prefix>.command." */
    const char *key;      /* NULL: none */
    const char *id;
    const char *data;     /* JSON */
    const char **headers; /* names and values, one after the other */
    size_t header_count;  /* of both together */
};

/* Appends one message. */
void wf_message_encode(const struct wf_message *message, struct wf_buf *buf);

/*
 * Reads the message at *at and moves *at behind it.  The slices point into the bytes.
 * False if the bytes are not what wf_message_encode() wrote.
 */
bool wf_message_decode(const char **at, const char *end, struct wf_message *ret_message);

/* Adds a header; both must live as long as the message.  False if there are too many. */
bool wf_message_header(struct wf_message *message, const char *name, const char *value, size_t length);

#endif
