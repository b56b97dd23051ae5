#include "codec/variables.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "codec/scan.h"

enum { NUMERIC_DIGITS = 131072 };

static bool
open_object(struct wf_arena *arena, const char *text, struct wf_slice *ret_inside)
{
    struct wf_error error;
    struct wf_slice value;

    if (!wf_scan_check(text, strlen(text), arena, &value, &error) || wf_scan_kind(value) != '{')
        return false;
    *ret_inside = wf_scan_inside(value);
    return true;
}

static void
put_member(struct wf_buf *buf, struct wf_slice key, struct wf_slice value)
{
    if (buf->length > 1)
        wf_buf_byte(buf, ',');
    wf_buf_append(buf, key.data, key.length);
    wf_buf_byte(buf, ':');
    wf_buf_append(buf, value.data, value.length);
}

/* The members of `rest` that `other` does not name (or, for the second, all). */
static void
put_members(struct wf_buf *buf, struct wf_arena *arena, struct wf_slice rest, const struct wf_map *other)
{
    struct wf_slice key, value;

    while (wf_scan_member(&rest, &key, &value))
        if (!other || !wf_map_get_text(other, wf_scan_text(arena, key)))
            put_member(buf, key, value);
}

const char *
wf_variables_merge(void *context, struct wf_arena *arena, const char *old, const char *change)
{
    struct wf_slice old_inside = {0}, change_inside, rest, key, value;
    struct wf_map changed = {0};
    struct wf_buf buf = {0};

    (void)context;
    if (!open_object(arena, change, &change_inside) || (old && !open_object(arena, old, &old_inside)))
        return NULL;
    for (rest = change_inside; wf_scan_member(&rest, &key, &value);)
        wf_map_put_text(&changed, arena, wf_scan_text(arena, key), &changed);

    wf_buf_byte(&buf, '{');
    put_members(&buf, arena, old_inside, &changed);
    put_members(&buf, arena, change_inside, NULL);
    wf_buf_byte(&buf, '}');
    const char *merged = wf_arena_strndup(arena, buf.data, buf.length);
    wf_buf_drop(&buf);
    return merged;
}

/* The digits that an exponent behind a digit stands for. */
static size_t
exponent_size(const char *at)
{
    long exponent = labs(strtol(at + 1, NULL, 10));

    return (size_t)(exponent < NUMERIC_DIGITS ? exponent : NUMERIC_DIGITS); /* PostgreSQL refuses a longer one */
}

size_t
wf_variables_size(const char *text)
{
    bool in_string = false;
    size_t size = 0;

    for (const char *at = text; *at; at++, size++) {
        if (in_string && *at == '\\' && at[1]) {
            at++;
            size++;
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string && (*at == ',' || *at == ':') && at[1] != ' ') {
            size++;
        } else if (!in_string && (*at == 'e' || *at == 'E') && at > text && at[-1] >= '0' && at[-1] <= '9') {
            size += exponent_size(at);
        }
    }
    return size;
}
