/*
 * codec.h - what the coders of one worker share: names of topics, the pattern of topics that a
 * command may name, scratch buffers.
 *
 * One for each thread: the encoders write into its scratch.  Texts given to wf_codec_open()
 * are copied.
 */
#ifndef WF_CODEC_H
#define WF_CODEC_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/model.h"

enum { WF_CODEC_TEXT = 320 }; /* bytes of a topic's or type's name */

struct wf_codec {
    const char *prefix;
    const char *worker;       /* named in dead letters */
    const char *outcome_name; /* "<prefix>.outcome" */
    size_t command_max_bytes; /* a larger value is refused (too_large) */
    const char *incarnation;  /* of the database, named in events; NULL: its first (EOS-21) */
    regex_t replyto;          /* what replyto and notifyto may name */
    bool replyto_made;
    const char *source;       /* "/<prefix>" */
    const char *task_types[WF_TASK_STATE_COUNT];         /* "<prefix>.task.<state>" */
    const char *instance_types[WF_INSTANCE_STATE_COUNT]; /* "<prefix>.instance.<state>" */
    const char *outcome_types[WF_RESULT_COUNT];          /* "<prefix>.outcome.<result>" */
    struct wf_arena arena;    /* of the texts above */
    struct wf_buf scratch;    /* the value of the message being written */
    struct wf_buf key;        /* its key, where it is put together */
    int64_t time;             /* the last time written, and its text: most are the batch's own */
    char time_text[WF_TIME_TEXT + 1];
};

/*
 * `replyto_pattern` is an extended regular expression that must match the whole name; empty
 * stands for `<prefix>\.(outcome|reply\..*)`.  False if it is none.
 */
bool wf_codec_open(struct wf_codec *codec, const char *prefix, const char *worker, const char *replyto_pattern,
                   size_t command_max_bytes, struct wf_error *reterr) WF_CHECKED;
void wf_codec_drop(struct wf_codec *codec);

/* Whether a command may name this topic (replyto, notifyto). */
bool wf_codec_may_write(const struct wf_codec *codec, const char *topic);

#endif
