/*
 * compose.h - one message being written: CloudEvents headers, then the data.
 *
 * Internal to the codec.  The parts live in the struct until wf_compose_end() frames them.
 */
#ifndef WF_COMPOSE_H
#define WF_COMPOSE_H

#include "base/json.h"
#include "base/message.h"
#include "codec/codec.h"
#include "core/unit.h"

/* A short text that is made of parts; what does not fit is cut off. */
struct wf_line {
    size_t length;
    char text[WF_CODEC_TEXT];
};

struct wf_compose {
    struct wf_codec *codec;
    struct wf_buf *value; /* the codec's scratch, empty at first: the data is written here */
    struct wf_line key, id, source, type, name;
    char sequence[11];
    struct wf_message message;
};

/* Begins a message to a topic of the engine; partition -1: by its key. */
void wf_compose_begin(struct wf_compose *compose, struct wf_codec *codec, enum wf_topic topic, int32_t partition,
                      int64_t now);

void wf_line_add(struct wf_line *line, const char *text);
void wf_line_int(struct wf_line *line, int64_t value);
void wf_line_uuid(struct wf_line *line, const struct wf_uuid *uuid);
void wf_line_task(struct wf_line *line, const struct wf_uuid *instance_id, int32_t n); /* a task id */

/* Adds a header unless its value is NULL; the value lives until the end. */
void wf_compose_header(struct wf_compose *compose, const char *name, const char *value);

/* Adds id, source, type and time from the struct, and correlation, causation and trace of the cause (or NULL). */
void wf_compose_attributes(struct wf_compose *compose, const char *type, const struct wf_command *cause,
                           const char *correlation_id);

/* Frames the message with the key that the struct holds (an empty one: none) and what was written as value. */
void wf_compose_end(struct wf_compose *compose, struct wf_buf *outbox);

/* A member that is a time, 0: left out; a member that is the id of an instance or a task. */
void wf_compose_time(struct wf_compose *compose, const char *name, int64_t time);
void wf_compose_instance(struct wf_compose *compose, const char *name, const struct wf_uuid *instance_id);
void wf_compose_task_id(struct wf_compose *compose, const char *name, const struct wf_uuid *instance_id, int32_t n);

/* The members of a task as in a task event that are not about one change of it. */
void wf_compose_task(struct wf_compose *compose, const struct wf_task *task, const char *entity_id);

/* The flags that a task may end with. */
void wf_compose_flags(struct wf_compose *compose, const struct wf_task *task);

#endif
