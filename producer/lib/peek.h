/*
 * peek.h - finds the members of a JSON object without making a tree of it.
 *
 * It looks only at strings and brackets: what it finds in valid JSON is right, and what is not
 * valid JSON may pass.  Whoever uses a value in earnest parses it.
 */
#ifndef WF_LIB_PEEK_H
#define WF_LIB_PEEK_H

#include <stdbool.h>

#include "base/message.h"

struct wf_peek {
    const char *at, *end;
    bool broken; /* the text is no JSON object */
    bool first;
};

/* Begins at a text; `broken` unless it begins with a brace. */
void wf_peek_begin(struct wf_peek *peek, const char *json, size_t length);

/* The next member: the name without its quotes, not unescaped, and the text of the value. */
bool wf_peek_next(struct wf_peek *peek, struct wf_slice *ret_name, struct wf_slice *ret_value);

/* The value of a member, or an empty slice. */
struct wf_slice wf_peek_member(const char *json, size_t length, const char *name);

/* An element of an array, from 0, or an empty slice. */
struct wf_slice wf_peek_element(const char *json, size_t length, size_t index);

/* A JSON string as text, which the caller frees; NULL if the value is no string or absent. */
char *wf_peek_text(struct wf_slice value);

#endif
