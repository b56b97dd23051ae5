#include "codec/fields.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/clock.h"

/* One member being read. */
struct member {
    const struct wf_reading *reading;
    const struct wf_field *field;
    struct wf_slice value;
    const struct wf_place *place;
    void *to; /* NULL: check only */
};

static void
put_place(struct wf_buf *buf, const struct wf_place *place)
{
    if (!place)
        return;
    put_place(buf, place->up);
    if (place->member)
        wf_buf_printf(buf, "%s%s", buf->length ? "." : "", place->member);
    else
        wf_buf_printf(buf, "[%zu]", place->index);
}

void
wf_reading_fault(const struct wf_reading *reading, const struct wf_place *place, const char *code, const char *format,
                 ...)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf path = {0};
    char message[512];
    va_list args;

    put_place(&path, place);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    wf_fault_add(reading->faults, code, wf_buf_text(&path), "%s", message);
}

bool
wf_fields_is_object(const struct wf_reading *reading, struct wf_slice value, const struct wf_place *place)
{
    char text[WF_EXCERPT];

    if (wf_scan_kind(value) == '{')
        return true;
    wf_reading_fault(reading, place, "invalid_value", "an object is expected, not %s",
                     wf_excerpt(value.data, value.length, text));
    return false;
}

static void
store(const struct member *member, const void *value, size_t size)
{
    if (member->to)
        memcpy(member->to, value, size);
}

static bool
token_valid(const char *text, size_t max)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(text, letters);

    return length > 0 && length <= max && !text[length];
}

static bool
read_text(const struct member *member)
{
    const char *text;

    if (wf_scan_kind(member->value) != '"')
        return false;
    text = wf_scan_text(member->reading->arena, member->value);
    switch (member->field->kind) {
    case WF_FIELD_ID:
        if (!wf_id_valid(text))
            return false;
        break;
    case WF_FIELD_TOKEN:
        if (!token_valid(text, WF_ID_MAX))
            return false;
        break;
    case WF_FIELD_TOPIC:
        if (!wf_codec_may_write(member->reading->codec, text))
            return false;
        break;
    default: break;
    }
    store(member, &text, sizeof text);
    return true;
}

bool
wf_task_ref_parse(const char *text, size_t length, struct wf_task_ref *ret_ref)
{
    struct wf_task_ref ref;
    int64_t n;

    if (length < WF_UUID_TEXT + 2 || length > WF_UUID_TEXT + 11 || text[WF_UUID_TEXT] != ':' ||
        text[WF_UUID_TEXT + 1] < '1' || text[WF_UUID_TEXT + 1] > '9' ||
        !wf_uuid_parse(text, WF_UUID_TEXT, &ref.instance_id) ||
        memchr(text + WF_UUID_TEXT, '.', length - WF_UUID_TEXT) ||
        !wf_scan_integer((struct wf_slice){text + WF_UUID_TEXT + 1, length - WF_UUID_TEXT - 1}, &n) || n > INT32_MAX)
        return false;
    ref.n = (int32_t)n;
    *ret_ref = ref;
    return true;
}

static bool
read_identity(const struct member *member)
{
    struct wf_slice inside = wf_scan_inside(member->value);
    struct wf_uuid uuid;
    struct wf_task_ref ref;

    if (wf_scan_kind(member->value) != '"')
        return false;
    if (member->field->kind == WF_FIELD_UUID) {
        if (!wf_uuid_parse(inside.data, inside.length, &uuid))
            return false;
        store(member, &uuid, sizeof uuid);
        return true;
    }
    if (!wf_task_ref_parse(inside.data, inside.length, &ref))
        return false;
    store(member, &ref, sizeof ref);
    return true;
}

static bool
read_time(const struct member *member)
{
    const char *text;
    int64_t time;

    if (wf_scan_kind(member->value) != '"')
        return false;
    text = wf_scan_text(member->reading->arena, member->value);
    if (member->field->kind == WF_FIELD_TIME ? !wf_time_parse(text, &time) : !wf_duration_parse(text, &time))
        return false;
    if (member->field->kind == WF_FIELD_DURATION && time < WF_MILLISECOND && !member->reading->stored)
        return false; /* a limit of no time would be none */
    store(member, &time, sizeof time);
    return true;
}

static bool
read_integer(const struct member *member)
{
    const struct wf_field *field = member->field;
    int64_t wide;

    if (wf_scan_kind(member->value) != '0' || !wf_scan_integer(member->value, &wide) || wide < field->low ||
        wide > (field->high ? field->high : INT32_MAX))
        return false;
    int32_t value = (int32_t)wide;
    store(member, &value, sizeof value);
    return true;
}

static bool
read_bool(const struct member *member)
{
    char kind = wf_scan_kind(member->value);
    bool value = kind == 't';

    if (!value && (kind != 'f' || member->field->kind == WF_FIELD_TRUE))
        return false;
    store(member, &value, sizeof value);
    return true;
}

static bool
read_name(const struct member *member)
{
    int value;

    if (wf_scan_kind(member->value) != '"' ||
        !member->field->from_name(wf_scan_text(member->reading->arena, member->value), &value))
        return false;
    store(member, &value, sizeof value);
    return true;
}

static bool
read_json(const struct member *member)
{
    if (wf_scan_kind(member->value) != '{')
        return false;
    if (member->field->of)
        wf_fields_read(member->reading, member->field->of, member->value, member->place, NULL);

    const char *text = wf_arena_strndup(member->reading->arena, member->value.data, member->value.length);
    store(member, &text, sizeof text);
    return true;
}

static bool
read_value(const struct member *member)
{
    char kind = wf_scan_kind(member->value);

    if ((member->field->kind == WF_FIELD_OBJECT && kind != '{') ||
        (member->field->kind == WF_FIELD_ARRAY && kind != '['))
        return false;
    store(member, &member->value, sizeof member->value);
    return true;
}

/* Each element is read as if it were a member of its own, so that each fault has its place. */
static bool
read_list(const struct member *member)
{
    struct wf_arena *arena = member->reading->arena;
    struct wf_texts texts = {0};
    size_t capacity = 0;
    struct wf_slice rest, element;

    if (wf_scan_kind(member->value) != '[')
        return false;
    rest = wf_scan_inside(member->value);
    for (size_t i = 0; wf_scan_element(&rest, &element); i++) {
        struct wf_place place = {.up = member->place, .index = i};
        const char *text = wf_scan_kind(element) == '"' ? wf_scan_text(arena, element) : NULL;
        bool ok = text && wf_id_valid(text);
        int value;
        if (ok && member->field->from_name)
            ok = member->field->from_name(text, &value);
        if (!ok) {
            char excerpt[WF_EXCERPT];
            wf_reading_fault(member->reading, &place, "invalid_value", "\"%s\" may not hold %s", member->field->name,
                             wf_excerpt(element.data, element.length, excerpt));
        }
        WF_ARENA_PUSH(arena, texts.items, texts.count, capacity, text);
    }
    if (texts.count < (size_t)member->field->low)
        return false;
    store(member, &texts, sizeof texts);
    return true;
}

static bool (*const readers[])(const struct member *member) = {
    [WF_FIELD_ID] = read_text,       [WF_FIELD_TEXT] = read_text,     [WF_FIELD_TOPIC] = read_text,
    [WF_FIELD_TOKEN] = read_text,    [WF_FIELD_UUID] = read_identity, [WF_FIELD_TASK] = read_identity,
    [WF_FIELD_INTEGER] = read_integer, [WF_FIELD_BOOL] = read_bool,   [WF_FIELD_TRUE] = read_bool,
    [WF_FIELD_TIME] = read_time,     [WF_FIELD_DURATION] = read_time, [WF_FIELD_NAME] = read_name,
    [WF_FIELD_JSON] = read_json,     [WF_FIELD_OBJECT] = read_value,  [WF_FIELD_ARRAY] = read_value,
    [WF_FIELD_IDS] = read_list,      [WF_FIELD_NAMES] = read_list,    [WF_FIELD_ANY] = read_value,
};

static const char *const kind_words[] = {
#define X(name, type, words) words,
    WF_FIELD_MAP(X)
#undef X
};

/* The names that a member may have. */
static void
fault_of_name(const struct member *member, const char *excerpt)
{
    const struct wf_field *field = member->field;
    char names[300] = "";
    size_t used = 0;
    const char *name;

    for (int i = 0, value; used < sizeof names && strcmp(name = field->name_of(i), "unknown") != 0; i++)
        if (field->from_name(name, &value))
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
    wf_reading_fault(member->reading, member->place, "invalid_value", "\"%s\" must be one of %s, not %s", field->name, names,
                     excerpt);
}

static void
read_member(const struct member *member)
{
    const struct wf_field *field = member->field;
    char excerpt[WF_EXCERPT];

    if (readers[field->kind](member))
        return;
    wf_excerpt(member->value.data, member->value.length, excerpt);
    if (field->kind == WF_FIELD_INTEGER)
        wf_reading_fault(member->reading, member->place, "invalid_value",
                         "\"%s\" must be a whole number from %d to %d, not %s", field->name, field->low,
                         field->high ? field->high : INT32_MAX, excerpt);
    else if (field->name_of)
        fault_of_name(member, excerpt);
    else if (wf_scan_kind(member->value) == '[' && field->low)
        wf_reading_fault(member->reading, member->place, "invalid_value", "\"%s\" must hold at least %d, not %s",
                         field->name, field->low, excerpt);
    else
        wf_reading_fault(member->reading, member->place, "invalid_value", "\"%s\" must be %s, not %s", field->name,
                         kind_words[field->kind], excerpt);
}

/* The table entry of a member, or the table's end. */
static size_t
field_find(const struct wf_reading *reading, const struct wf_fields *fields, struct wf_slice key)
{
    struct wf_slice name = wf_scan_inside(key);
    size_t i = 0;

    if (memchr(name.data, '\\', name.length)) {
        name.data = wf_scan_text(reading->arena, key);
        name.length = strlen(name.data);
    }
    while (i < fields->count &&
           (strncmp(fields->items[i].name, name.data, name.length) != 0 || fields->items[i].name[name.length]))
        i++;
    return i;
}

static void
check_missing(const struct wf_reading *reading, const struct wf_fields *fields, const struct wf_place *place,
              uint32_t found)
{
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].required && !(found & UINT32_C(1) << i))
            wf_reading_fault(reading, place, "missing_member", "\"%s\" is missing", fields->items[i].name);
}

uint32_t
wf_fields_read(const struct wf_reading *reading, const struct wf_fields *fields, struct wf_slice object,
               const struct wf_place *place, void *base)
{
    struct wf_slice rest = wf_scan_inside(object), key, value;
    uint32_t found = 0;

    while (wf_scan_member(&rest, &key, &value)) {
        size_t i = field_find(reading, fields, key);
        char excerpt[WF_EXCERPT];
        if (i == fields->count) {
            if (reading->closed)
                wf_reading_fault(reading, place, "unknown_member", "there is no member \"%s\" here",
                                 wf_excerpt(key.data + 1, key.length - 2, excerpt));
            continue;
        }
        const struct wf_field *field = &fields->items[i];
        struct wf_place here = {.up = place, .member = field->name};
        struct member member = {.reading = reading, .field = field, .value = value, .place = &here,
                                .to = base ? (char *)base + field->offset : NULL};
        read_member(&member);
        found |= UINT32_C(1) << i;
        if (field->given && base)
            *(bool *)((char *)base + field->given) = true;
    }
    check_missing(reading, fields, place, found);
    return found;
}

struct group {
    const char *department, *team, *role;
};

static const struct wf_field group_fields[] = {
    WF_FIELD(ID, "department", struct group, department),
    WF_FIELD(ID, "team", struct group, team),
    WF_FIELD(ID, "role", struct group, role),
};
static const struct wf_fields group_table = WF_FIELDS(group_fields);

void
wf_group_read(const struct wf_reading *reading, struct wf_slice object, const struct wf_place *place,
              enum wf_based_on *ret_based_on, const char **ret_id)
{
    struct wf_reading closed = *reading;
    struct group group = {0};

    closed.closed = true;
    uint32_t found = wf_fields_read(&closed, &group_table, object, place, &group);
    if (__builtin_popcount(found) != 1) {
        wf_reading_fault(reading, place, "invalid_value",
                         "a group is exactly one of \"department\", \"team\" and \"role\"");
        return;
    }
    *ret_based_on = group.department ? WF_BASED_ON_DEPARTMENT : group.team ? WF_BASED_ON_TEAM : WF_BASED_ON_ROLE;
    *ret_id = group.department ? group.department : group.team ? group.team : group.role;
}
