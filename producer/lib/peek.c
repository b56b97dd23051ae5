#include "peek.h"

#include <cjson/cJSON.h>

#include "memory.h"

static void
skip_blanks(struct wf_peek *peek)
{
    while (peek->at < peek->end && (*peek->at == ' ' || *peek->at == '\t' || *peek->at == '\n' || *peek->at == '\r'))
        peek->at++;
}

static bool
take(struct wf_peek *peek, char wanted)
{
    skip_blanks(peek);
    if (peek->at == peek->end || *peek->at != wanted)
        return false;
    peek->at++;
    return true;
}

/* Moves behind a string whose opening quote was taken. */
static bool
skip_string(struct wf_peek *peek)
{
    for (; peek->at < peek->end; peek->at++) {
        if (*peek->at == '\\' && peek->at + 1 < peek->end)
            peek->at++;
        else if (*peek->at == '"')
            return peek->at++, true;
    }
    return false;
}

/* Moves behind an object or array, up to and with its last bracket. */
static bool
skip_brackets(struct wf_peek *peek)
{
    int depth = 0;

    while (peek->at < peek->end) {
        char c = *peek->at++;
        if (c == '"' && !skip_string(peek))
            return false;
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool
skip_value(struct wf_peek *peek)
{
    const char *start = peek->at;

    if (peek->at < peek->end && (*peek->at == '{' || *peek->at == '['))
        return skip_brackets(peek);
    if (take(peek, '"'))
        return skip_string(peek);
    while (peek->at < peek->end && !strchr(",}] \t\r\n", *peek->at))
        peek->at++;
    return peek->at > start;
}

void
wf_peek_begin(struct wf_peek *peek, const char *json, size_t length)
{
    *peek = (struct wf_peek){.at = json, .end = json + length, .first = true};
    peek->broken = !take(peek, '{');
}

bool
wf_peek_next(struct wf_peek *peek, struct wf_slice *ret_name, struct wf_slice *ret_value)
{
    if (peek->broken)
        return false;
    if (take(peek, '}')) {
        skip_blanks(peek);
        peek->broken = peek->at != peek->end;
        return false;
    }
    peek->broken = true; /* until the member was read */
    if ((!peek->first && !take(peek, ',')) || !take(peek, '"'))
        return false;
    ret_name->data = peek->at;
    if (!skip_string(peek))
        return false;
    ret_name->length = (size_t)(peek->at - ret_name->data) - 1;
    if (!take(peek, ':'))
        return false;
    skip_blanks(peek);
    ret_value->data = peek->at;
    if (!skip_value(peek))
        return false;
    ret_value->length = (size_t)(peek->at - ret_value->data);
    peek->broken = peek->first = false;
    return true;
}

struct wf_slice
wf_peek_member(const char *json, size_t length, const char *name)
{
    struct wf_slice found = {0}, member, value;
    struct wf_peek peek;

    wf_peek_begin(&peek, json, length);
    while (!found.data && wf_peek_next(&peek, &member, &value))
        if (member.length == strlen(name) && memcmp(member.data, name, member.length) == 0)
            found = value;
    return found;
}

struct wf_slice
wf_peek_element(const char *json, size_t length, size_t index)
{
    struct wf_peek peek = {.at = json, .end = json + length};

    for (bool open = take(&peek, '['); open; open = take(&peek, ',')) {
        skip_blanks(&peek);
        struct wf_slice value = {.data = peek.at};
        if (!skip_value(&peek))
            break;
        value.length = (size_t)(peek.at - value.data);
        if (!index--)
            return value;
    }
    return (struct wf_slice){0};
}

char *
wf_peek_text(struct wf_slice value)
{
    if (value.length < 2 || value.data[0] != '"')
        return NULL;
    if (!memchr(value.data, '\\', value.length))
        return wf_copy_n(value.data + 1, value.length - 2);

    cJSON *parsed = cJSON_ParseWithLength(value.data, value.length);
    char *text = cJSON_IsString(parsed) ? wf_copy(parsed->valuestring) : NULL;
    cJSON_Delete(parsed);
    return text;
}
