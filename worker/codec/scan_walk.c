#include "codec/scan.h"

char
wf_scan_kind(struct wf_slice value)
{
    return strchr("{[\"tfn", value.data[0]) ? value.data[0] : '0';
}

struct wf_slice
wf_scan_inside(struct wf_slice container)
{
    return (struct wf_slice){container.data + 1, container.length - 2};
}

static const char *
past_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

/* Where the value at `at` ends. */
static const char *
past_value(const char *at, const char *end)
{
    int depth = 0;

    if (*at == '"')
        return past_string(at);
    if (*at != '{' && *at != '[') {
        while (at < end && !strchr(",]} \n\r\t", *at))
            at++;
        return at;
    }
    for (;;) {
        if (*at == '"') {
            at = past_string(at);
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at++;
        if (!depth)
            return at;
    }
}

/* Steps over blanks and what separates values. */
static void
skip_between(struct wf_slice *rest)
{
    while (rest->length && (*rest->data == ' ' || *rest->data == ',' || *rest->data == ':' || *rest->data == '\n' ||
                            *rest->data == '\r' || *rest->data == '\t')) {
        rest->data++;
        rest->length--;
    }
}

bool
wf_scan_element(struct wf_slice *rest, struct wf_slice *ret_value)
{
    skip_between(rest);
    if (!rest->length)
        return false;

    const char *end = past_value(rest->data, rest->data + rest->length);
    *ret_value = (struct wf_slice){rest->data, (size_t)(end - rest->data)};
    *rest = (struct wf_slice){end, rest->length - ret_value->length};
    return true;
}

bool
wf_scan_member(struct wf_slice *rest, struct wf_slice *ret_key, struct wf_slice *ret_value)
{
    return wf_scan_element(rest, ret_key) && wf_scan_element(rest, ret_value);
}

static bool
hex_escape(const char *at, const char *end, unsigned *ret_code)
{
    unsigned code = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
                    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return false;
        code = code * 16 + (unsigned)digit;
    }
    *ret_code = code;
    return true;
}

size_t
wf_scan_unicode(const char *at, const char *end, unsigned *ret_code)
{
    unsigned high, low;

    if (!hex_escape(at, end, &high) || (high >= 0xdc00 && high <= 0xdfff))
        return 0;
    *ret_code = high;
    if (high < 0xd800 || high > 0xdbff)
        return 6;
    if (!hex_escape(at + 6, end, &low) || low < 0xdc00 || low > 0xdfff)
        return 0;
    *ret_code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

static char *
put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

char *
wf_scan_text(struct wf_arena *arena, struct wf_slice string)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *at = string.data + 1, *end = string.data + string.length - 1;
    char *text = wf_arena_alloc(arena, (size_t)(end - at) + 1), *to = text;
    unsigned code;

    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == 'u') {
            at += wf_scan_unicode(at, end, &code);
            to = put_utf8(to, code);
        } else {
            const char *letter = strchr(letters, at[1]);
            *to++ = letter ? bytes[letter - letters] : at[1];
            at += 2;
        }
    }
    *to = '\0';
    return text;
}

bool
wf_scan_integer(struct wf_slice value, int64_t *ret_integer)
{
    const char *at = value.data, *end = at + value.length;
    bool negative = at < end && *at == '-';
    int64_t integer = 0;

    at += negative;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(integer, 10, &integer) || __builtin_add_overflow(integer, *at - '0', &integer))
            return false;
    if (at < end && *at == '.')
        for (at++; at < end && *at == '0'; at++)
            ;
    *ret_integer = negative ? -integer : integer;
    return at == end;
}
