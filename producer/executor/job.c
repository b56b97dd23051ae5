#include "job.h"

#include <stdlib.h>

#include "peek.h"

static const char *const members[] = {
    "task_id", "instance_id", "process_id", "version", "act_id", "entity_id",
    "auto_executive", "attempt", "flags", "due_at", "variables", "job", "executor_id",
};

static const char variables[] = "variables.";

bool
wf_job_knows(const char *name)
{
    if (strncmp(name, variables, sizeof variables - 1) == 0)
        return name[sizeof variables - 1] && !strstr(name, "..") && name[strlen(name) - 1] != '.';
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i], name) == 0)
            return true;
    return false;
}

/* ---- strings ---- */

static unsigned
hex4(const char *digits)
{
    unsigned code = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        code = code << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

static void
put_code(struct wf_buf *text, unsigned code)
{
    if (code < 0x80) {
        wf_buf_byte(text, (unsigned char)code);
    } else if (code < 0x800) {
        wf_buf_byte(text, (unsigned char)(0xC0 | code >> 6));
        wf_buf_byte(text, (unsigned char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        wf_buf_byte(text, (unsigned char)(0xE0 | code >> 12));
        wf_buf_byte(text, (unsigned char)(0x80 | (code >> 6 & 0x3F)));
        wf_buf_byte(text, (unsigned char)(0x80 | (code & 0x3F)));
    } else {
        wf_buf_byte(text, (unsigned char)(0xF0 | code >> 18));
        wf_buf_byte(text, (unsigned char)(0x80 | (code >> 12 & 0x3F)));
        wf_buf_byte(text, (unsigned char)(0x80 | (code >> 6 & 0x3F)));
        wf_buf_byte(text, (unsigned char)(0x80 | (code & 0x3F)));
    }
}

/* Behind "\u": four digits, or with a second half of a pair ten characters; how many were read. */
static size_t
put_escaped_code(struct wf_buf *text, const char *at, const char *end)
{
    if (end - at < 4)
        return (size_t)(end - at);
    unsigned code = hex4(at);
    if (code >= 0xD800 && code < 0xDC00 && end - at >= 10 && at[4] == '\\' && at[5] == 'u') {
        unsigned low = hex4(at + 6);
        if (low >= 0xDC00 && low < 0xE000) {
            put_code(text, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return 10;
        }
    }
    put_code(text, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    return 4;
}

/* Appends the content of a JSON string, given without its quotes. */
static void
unescape(const char *at, size_t length, struct wf_buf *text)
{
    static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";

    for (const char *end = at + length; at < end; at++) {
        if (*at != '\\' || at + 1 == end) {
            wf_buf_byte(text, (unsigned char)*at);
            continue;
        }
        const char *named = strchr(names, *++at);
        if (*at == 'u')
            at += put_escaped_code(text, at + 1, end);
        else
            wf_buf_byte(text, (unsigned char)(named && *at ? codes[named - names] : *at));
    }
}

static bool
same_name(struct wf_slice name, const char *wanted, size_t length)
{
    if (!memchr(name.data, '\\', name.length))
        return name.length == length && memcmp(name.data, wanted, length) == 0;

    struct wf_buf plain = {0};
    unescape(name.data, name.length, &plain);
    bool same = plain.length == length && memcmp(plain.data, wanted, length) == 0;
    wf_buf_drop(&plain);
    return same;
}

/* ---- values ---- */

static struct wf_slice
step(struct wf_slice value, const char *name, size_t length)
{
    struct wf_slice found = {0}, member, of_member;
    struct wf_peek peek;

    if (value.length && *value.data == '[') {
        char *end;
        unsigned long index = strtoul(name, &end, 10);
        return end == name + length && *name >= '0' && *name <= '9' && length < 10
                   ? wf_peek_element(value.data, value.length, index) : found;
    }
    wf_peek_begin(&peek, value.data, value.length);
    while (wf_peek_next(&peek, &member, &of_member))
        if (same_name(member, name, length))
            found = of_member; /* of two the last one holds */
    return found;
}

static struct wf_slice
find(const struct wf_job *job, const char *path)
{
    struct wf_slice value = {.data = job->json, .length = job->length};

    while (value.length && *path) {
        size_t length = strcspn(path, ".");
        value = step(value, path, length);
        path += length + (path[length] == '.');
    }
    return value;
}

enum wf_job_value
wf_job_value(const struct wf_job *job, const char *name, struct wf_buf *ret_text)
{
    size_t begin = ret_text->length;

    if (strcmp(name, "executor_id") == 0) {
        wf_buf_puts(ret_text, job->executor_id);
        return WF_JOB_VALUE;
    }
    if (strcmp(name, "attempt") == 0 && job->attempt) {
        wf_buf_int(ret_text, job->attempt);
        return WF_JOB_VALUE;
    }
    struct wf_slice value = find(job, strcmp(name, "job") == 0 ? "" : name);
    if (!value.length || (value.length == 4 && memcmp(value.data, "null", 4) == 0))
        return WF_JOB_ABSENT;
    if (value.length >= 2 && *value.data == '"')
        unescape(value.data + 1, value.length - 2, ret_text);
    else
        wf_buf_append(ret_text, value.data, value.length);
    return ret_text->length > begin && memchr(ret_text->data + begin, 0, ret_text->length - begin) ? WF_JOB_NUL
                                                                                                   : WF_JOB_VALUE;
}

/* ---- UTF-8 ---- */

/* The length of the character at a place; 0: what stands there is not UTF-8. */
static size_t
character(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xC2 && at[0] < 0xE0 ? 2 : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
                  : at[0] >= 0xF0 && at[0] < 0xF5 ? 4 : 0;

    if (!length || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    bool longer = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool outside = (at[0] == 0xED && at[1] >= 0xA0) || (at[0] == 0xF4 && at[1] >= 0x90);
    return longer || outside ? 0 : length;
}

bool
wf_text_valid(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    size_t size = 1;

    for (; at < end && size; at += size)
        size = character(at, (size_t)(end - at));
    return size != 0;
}

void
wf_text_clean(const char *text, size_t length, struct wf_buf *ret_text)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;

    while (at < end) {
        size_t size = character(at, (size_t)(end - at));
        if (!size)
            wf_buf_puts(ret_text, "\xEF\xBF\xBD");
        else if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7F)
            wf_buf_byte(ret_text, ' ');
        else
            wf_buf_append(ret_text, at, size);
        at += size ? size : 1;
    }
}
