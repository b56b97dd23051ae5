#include "codec/scan.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"

enum { FEW_KEYS = 16 }; /* compared pairwise; more are sorted */

struct key {
    uint64_t hash;
    struct wf_slice string;
};

/* A check under way. */
struct scan {
    const char *begin, *at, *end;
    size_t wrong; /* where, once a check has failed */
    int depth;
    struct wf_arena *arena;
    struct key *keys; /* of the objects that are open, the innermost last */
    size_t key_count, key_capacity;
    struct wf_error *reterr;
};

static bool scan_value(struct scan *scan);

static bool
fail_at(struct scan *scan, const char *at, const char *why)
{
    char text[WF_EXCERPT];
    size_t left = (size_t)(scan->end - at);

    scan->wrong = (size_t)(at - scan->begin);
    if (!left)
        return wf_fail(scan->reterr, WF_FATE_DEAD_LETTER, "not valid JSON: it ends at byte %zu, %s", scan->wrong, why);
    return wf_fail(scan->reterr, WF_FATE_DEAD_LETTER, "not valid JSON at byte %zu, \"%s\": %s",
                   scan->wrong, wf_excerpt(at, left < 20 ? left : 20, text), why);
}

static void
skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static bool
next_is(const struct scan *scan, char byte)
{
    return scan->at < scan->end && *scan->at == byte;
}

static bool
scan_escape(struct scan *scan)
{
    unsigned code;

    if (scan->end - scan->at >= 2 && scan->at[1] != '\0' && strchr("\"\\/bfnrt", scan->at[1])) {
        scan->at += 2;
        return true;
    }
    size_t length = wf_scan_unicode(scan->at, scan->end, &code);
    if (!length)
        return fail_at(scan, scan->at, "no such escape");
    if (!code)
        return fail_at(scan, scan->at, "texts cannot hold the character U+0000");
    scan->at += length;
    return true;
}

static bool
scan_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->end) {
        unsigned char byte = (unsigned char)*scan->at;
        if (byte == '"') {
            scan->at++;
            return true;
        }
        if (byte == '\\') {
            if (!scan_escape(scan))
                return false;
        } else if (byte < 0x20) {
            return fail_at(scan, scan->at, "a control character in a string");
        } else {
            size_t length = byte < 0x80 ? 1 : wf_utf8_length(scan->at, scan->end);
            if (!length)
                return fail_at(scan, scan->at, "not valid UTF-8");
            scan->at += length;
        }
    }
    return fail_at(scan, scan->end, "within a string");
}

static size_t
scan_digits(struct scan *scan)
{
    const char *start = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - start);
}

static bool
scan_exponent(struct scan *scan, const char *start)
{
    scan->at++;
    if (next_is(scan, '+') || next_is(scan, '-'))
        scan->at++;
    const char *digits = scan->at;
    size_t count = scan_digits(scan);
    if (!count)
        return fail_at(scan, start, "not a number");

    int exponent = 0;
    for (size_t i = 0; i < count && exponent <= WF_SCAN_EXPONENT; i++)
        exponent = exponent * 10 + (digits[i] - '0');
    return exponent <= WF_SCAN_EXPONENT || fail_at(scan, start, "the number is out of range");
}

static bool
scan_number(struct scan *scan)
{
    const char *start = scan->at;

    if (next_is(scan, '-'))
        scan->at++;
    const char *digits = scan->at;
    size_t count = scan_digits(scan);
    if (!count || (count > 1 && *digits == '0'))
        return fail_at(scan, start, "not a value");
    if (next_is(scan, '.')) {
        scan->at++;
        if (!scan_digits(scan))
            return fail_at(scan, start, "not a number");
    }
    if ((next_is(scan, 'e') || next_is(scan, 'E')) && !scan_exponent(scan, start))
        return false;
    return scan->at - start <= WF_SCAN_NUMBER || fail_at(scan, start, "the number is too long");
}

static bool
scan_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return fail_at(scan, scan->at, "not a value");
    scan->at += length;
    return true;
}

static int
key_compare(const void *a, const void *b)
{
    uint64_t left = ((const struct key *)a)->hash, right = ((const struct key *)b)->hash;

    return (left > right) - (left < right);
}

static bool
fail_duplicate(struct scan *scan, const struct key *key)
{
    char text[WF_EXCERPT];

    scan->wrong = (size_t)(key->string.data - scan->begin);
    return wf_fail(scan->reterr, WF_FATE_DEAD_LETTER, "not valid JSON at byte %zu: an object names \"%s\" twice", scan->wrong,
                   wf_excerpt(key->string.data + 1, key->string.length - 2, text));
}

/* Whether the keys from `first` on differ, two equal hashes being two equal keys. */
static bool
check_keys(struct scan *scan, size_t first)
{
    size_t count = scan->key_count - first;

    scan->key_count = first;
    if (count < 2)
        return true; /* nor need there be any list yet */
    struct key *keys = scan->keys + first;
    if (count > FEW_KEYS) {
        qsort(keys, count, sizeof *keys, key_compare);
        for (size_t i = 1; i < count; i++)
            if (keys[i].hash == keys[i - 1].hash)
                return fail_duplicate(scan, &keys[i]);
        return true;
    }
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (keys[i].hash == keys[j].hash)
                return fail_duplicate(scan, &keys[i]);
    return true;
}

static void
push_key(struct scan *scan, struct wf_slice string)
{
    struct key key = {.string = string};

    if (memchr(string.data, '\\', string.length)) {
        const char *text = wf_scan_text(scan->arena, string);
        key.hash = wf_hash64(text, strlen(text));
    } else {
        key.hash = wf_hash64(string.data + 1, string.length - 2);
    }
    if (!scan->key_capacity) {
        scan->key_capacity = FEW_KEYS;
        scan->keys = WF_ARENA_ARRAY(scan->arena, struct key, FEW_KEYS);
    }
    WF_ARENA_PUSH(scan->arena, scan->keys, scan->key_count, scan->key_capacity, key);
}

static bool
scan_one_member(struct scan *scan)
{
    const char *start = scan->at;

    if (!next_is(scan, '"'))
        return fail_at(scan, scan->at, "the name of a member is expected");
    if (!scan_string(scan))
        return false;
    push_key(scan, (struct wf_slice){start, (size_t)(scan->at - start)});
    skip_blanks(scan);
    if (!next_is(scan, ':'))
        return fail_at(scan, scan->at, "a colon is expected");
    scan->at++;
    skip_blanks(scan);
    return scan_value(scan);
}

static bool
scan_container(struct scan *scan, char close)
{
    size_t first = scan->key_count;

    if (++scan->depth > WF_SCAN_DEPTH)
        return fail_at(scan, scan->at, "too many containers in each other");
    scan->at++;
    skip_blanks(scan);
    for (bool any = false; !next_is(scan, close); any = true) {
        if (any) {
            if (!next_is(scan, ','))
                return fail_at(scan, scan->at, close == '}' ? "a comma or } is expected" : "a comma or ] is expected");
            scan->at++;
            skip_blanks(scan);
        }
        if (!(close == '}' ? scan_one_member(scan) : scan_value(scan)))
            return false;
        skip_blanks(scan);
    }
    scan->at++;
    scan->depth--;
    return close != '}' || check_keys(scan, first);
}

static bool
scan_value(struct scan *scan)
{
    switch (scan->at < scan->end ? *scan->at : '\0') {
    case '{': return scan_container(scan, '}');
    case '[': return scan_container(scan, ']');
    case '"': return scan_string(scan);
    case 't': return scan_word(scan, "true");
    case 'f': return scan_word(scan, "false");
    case 'n': return scan_word(scan, "null");
    default: return scan_number(scan);
    }
}

static bool
scan_whole(struct scan *scan, struct wf_slice *ret_value)
{
    skip_blanks(scan);
    const char *start = scan->at;
    if (!scan_value(scan))
        return false;
    *ret_value = (struct wf_slice){start, (size_t)(scan->at - start)};
    skip_blanks(scan);
    return scan->at == scan->end || fail_at(scan, scan->at, "more follows the value");
}

bool
wf_scan_find(const char *text, size_t length, struct wf_arena *arena, struct wf_slice *ret_value, size_t *ret_wrong,
             struct wf_error *reterr)
{
    struct scan scan = {.begin = text, .at = text, .end = text + length, .arena = arena, .reterr = reterr};
    bool ok = scan_whole(&scan, ret_value);

    *ret_wrong = scan.wrong;
    return ok;
}

bool
wf_scan_check(const char *text, size_t length, struct wf_arena *arena, struct wf_slice *ret_value,
              struct wf_error *reterr)
{
    size_t wrong;

    return wf_scan_find(text, length, arena, ret_value, &wrong, reterr);
}
