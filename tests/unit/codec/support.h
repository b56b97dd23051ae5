/*
 * support.h - what the tests of the codec share: a codec, messages as if from the bus, files.
 */
#ifndef CODEC_SUPPORT_H
#define CODEC_SUPPORT_H

#include <cjson/cJSON.h>

#include "codec/command.h"

/* Set up and taken down for each test. */
extern struct wf_codec codec;
extern struct wf_arena arena;
extern struct wf_decoded decoded;
extern struct wf_refusal refusal;

void support_open(void);
void support_close(void);

/* A message on the topic of an operation, with a value and no headers. */
struct wf_incoming incoming(enum wf_operation operation, const char *value);

/* Gives a message one more header. */
void add_header(struct wf_incoming *in, const char *name, const char *value);

/* Decodes a value as a command of an operation. */
bool decode(enum wf_operation operation, const char *value);

/* The text of a file below the source directory, in the arena. */
const char *read_source(const char *path);

/* Calls back for each .json file in a folder below the source directory. */
int each_example(const char *folder, void (*call)(const char *path, const char *text));

/* The first message in a buffer, its data parsed (to be deleted). */
struct wf_message message_of(const struct wf_buf *buf);
cJSON *data_of(const struct wf_buf *buf);

/* A header's text in the arena, or NULL. */
const char *header_of(const struct wf_message *message, const char *name);

#endif
