#include <stdlib.h>

#include "base/hash.h"
#include "codec/definition_file.h"
#include "codec/scan.h"

struct content {
    struct wf_hash128 hash;
    struct wf_arena arena;
};

struct member {
    const char *name;
    struct wf_slice value;
};

static void add_value(struct content *content, struct wf_slice value);

static int
member_compare(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static void
add_object(struct content *content, struct wf_slice object)
{
    struct wf_slice rest = wf_scan_inside(object), key, value;
    struct member *members = NULL;
    size_t count = 0, capacity = 0;

    while (wf_scan_member(&rest, &key, &value)) {
        struct member member = {wf_scan_text(&content->arena, key), value};
        WF_ARENA_PUSH(&content->arena, members, count, capacity, member);
    }
    if (count)
        qsort(members, count, sizeof *members, member_compare);
    for (size_t i = 0; i < count; i++) {
        wf_hash128_add(&content->hash, members[i].name, strlen(members[i].name));
        add_value(content, members[i].value);
    }
}

/* Each value begins with its kind, and containers end with a mark, so that no two trees look alike. */
static void
add_value(struct content *content, struct wf_slice value)
{
    char kind = wf_scan_kind(value);
    struct wf_slice rest, element;

    wf_hash128_add(&content->hash, &kind, 1);
    if (kind == '{') {
        add_object(content, value);
    } else if (kind == '[') {
        for (rest = wf_scan_inside(value); wf_scan_element(&rest, &element);)
            add_value(content, element);
    } else if (kind == '"') {
        const char *text = wf_scan_text(&content->arena, value);
        wf_hash128_add(&content->hash, text, strlen(text));
        return;
    } else {
        wf_hash128_add(&content->hash, value.data, value.length);
        return;
    }
    wf_hash128_add(&content->hash, "\xfe", 1);
}

struct wf_uuid
wf_definition_content_hash(const char *text, size_t length)
{
    struct content content = {0};
    struct wf_error error;
    struct wf_slice value;
    struct wf_uuid uuid = {0};

    if (wf_scan_check(text, length, &content.arena, &value, &error)) {
        wf_hash128_begin(&content.hash);
        add_value(&content, value);
        uuid = wf_hash128_uuid(&content.hash);
    }
    wf_arena_drop(&content.arena);
    return uuid;
}
