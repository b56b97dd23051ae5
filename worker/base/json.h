/*
 * json.h - writes JSON into a buffer, fast; reading is cJSON's work (codec/).
 *
 * The caller opens and closes objects and arrays in pairs; commas are put by the writer,
 * which looks at the byte before.  Absent means absent: the _opt forms leave out what has
 * no value.
 */
#ifndef WF_JSON_H
#define WF_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

void wf_json_open(struct wf_buf *buf, char bracket);  /* '{' or '[', as an element    */
void wf_json_close(struct wf_buf *buf, char bracket); /* '}' or ']'                   */
void wf_json_key(struct wf_buf *buf, const char *key); /* key: plain ASCII, not escaped */

/* Elements of an array, or values after wf_json_key(). */
void wf_json_string(struct wf_buf *buf, const char *text); /* UTF-8, escaped */
void wf_json_string_n(struct wf_buf *buf, const char *text, size_t length);
void wf_json_int(struct wf_buf *buf, int64_t value);
void wf_json_bool(struct wf_buf *buf, bool value);
void wf_json_raw(struct wf_buf *buf, const char *json); /* JSON text, written as it is */

/* Members of an object. */
void wf_json_put_string(struct wf_buf *buf, const char *key, const char *text);
void wf_json_put_opt(struct wf_buf *buf, const char *key, const char *text); /* NULL: left out */
void wf_json_put_int(struct wf_buf *buf, const char *key, int64_t value);
void wf_json_put_bool(struct wf_buf *buf, const char *key, bool value);
void wf_json_put_raw_opt(struct wf_buf *buf, const char *key, const char *json);
void wf_json_put_time_opt(struct wf_buf *buf, const char *key, int64_t time); /* 0: left out */

/* The length of the UTF-8 sequence at `at`, or 0 if there is none (RFC 3629): overlong ones and surrogates are none. */
size_t wf_utf8_length(const char *at, const char *end);

#endif
