/*
 * scan.h - reads JSON: first checks a whole text, strictly, then walks it where it lies.
 *
 * The check is stricter than RFC 8259 where a text could otherwise mean two things or break
 * what stores it: objects name each member once, strings are UTF-8 without U+0000, at most 64
 * containers lie in each other, numbers have at most 64 characters and exponents at most 308.
 * (cJSON takes texts that are no JSON, cuts strings at U+0000 and rounds large numbers.)
 *
 * A value is the slice of the text that it is made of, so a value can be passed on with every
 * digit as it came.  All functions but wf_scan_check() take only what that has accepted.
 */
#ifndef WF_SCAN_H
#define WF_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/message.h"

enum {
    WF_SCAN_DEPTH = 64,
    WF_SCAN_NUMBER = 64,
    WF_SCAN_EXPONENT = 308
};

/* As wf_scan_check(); *ret_wrong is where in the text it is wrong. */
bool wf_scan_find(const char *text, size_t length, struct wf_arena *arena, struct wf_slice *ret_value, size_t *ret_wrong,
                  struct wf_error *reterr) WF_CHECKED;

/* Whether a text is one JSON value; ret_value is that value without the blanks around it. */
bool wf_scan_check(const char *text, size_t length, struct wf_arena *arena, struct wf_slice *ret_value,
                   struct wf_error *reterr) WF_CHECKED;

/* The kind of a value by its first byte: '{', '[', '"', 't' and 'f', 'n', or '0' for a number. */
char wf_scan_kind(struct wf_slice value);

/* What is inside of an object or array, to be walked with the next two. */
struct wf_slice wf_scan_inside(struct wf_slice container);

/* Takes the next member or element off the rest; false at the end. */
bool wf_scan_member(struct wf_slice *rest, struct wf_slice *ret_key, struct wf_slice *ret_value);
bool wf_scan_element(struct wf_slice *rest, struct wf_slice *ret_value);

/*
 * The length of the \u escape at `at` (6, or 12 for a surrogate pair) and its code point; 0 if it
 * is none.  Any bytes will do.
 */
size_t wf_scan_unicode(const char *at, const char *end, unsigned *ret_code);

/* The text of a string, a key included, without escapes. */
char *wf_scan_text(struct wf_arena *arena, struct wf_slice string);

/* Whether a number is whole (1, 1.0) and fits. */
bool wf_scan_integer(struct wf_slice value, int64_t *ret_integer);

#endif
