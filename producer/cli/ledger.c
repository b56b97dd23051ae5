#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "peek.h"

static const char *const task_fields[] = {
#define X(name) #name,
    LEDGER_TASK_MAP(X)
#undef X
};
static const char *const instance_fields[] = {
#define X(name) #name,
    LEDGER_INSTANCE_MAP(X)
#undef X
};

enum {
    TASK_FIELDS = sizeof task_fields / sizeof task_fields[0],
    INSTANCE_FIELDS = sizeof instance_fields / sizeof instance_fields[0]
};

/* What both say of one thing. */
struct side {
    const char *tables; /* NULL: the tables do not have it */
    char *events;       /* of the last event, if it differs; NULL: it agrees, or there was none */
    bool seen;
    bool old; /* the last event is older than what was removed from the tables */
};

struct ledger_task {
    int32_t n;
    struct side side;
};

struct ledger_instance {
    struct wf_uuid id;
    struct side side;
    int32_t position;               /* of the tables; -1: they do not have it */
    int32_t came;                   /* events up to that position */
    int32_t sequence[LEDGER_TOPICS]; /* of the last event of each topic */
    bool headless;                  /* the first event that came was not the first */
    uint8_t *positions;             /* which positions came, a bit each */
    struct ledger_task **tasks;     /* sorted by n */
    size_t task_count, task_capacity;
};

/* An event's members that count, as slices of its text. */
struct event {
    const char *values[LEDGER_FIELDS];
    char *owned[LEDGER_FIELDS];
    char id[WF_UUID_TEXT + 1];
    int32_t n, position, sequence;
};

static const char *
describe(struct wf_buf *buf, const char *const *names, const char *const *values, size_t count)
{
    wf_buf_clear(buf);
    for (size_t i = 0; i < count; i++)
        if (values[i])
            wf_buf_printf(buf, "%s%s=%s", buf->length ? " " : "", names[i], values[i]);
    return wf_buf_text(buf);
}

static struct ledger_instance *
find(const struct ledger *ledger, const char *instance_id)
{
    struct wf_uuid id;

    if (!wf_uuid_parse(instance_id, strlen(instance_id), &id))
        return NULL;
    return wf_map_get(&ledger->by_id, id.bytes, sizeof id.bytes);
}

static struct ledger_instance *
add(struct ledger *ledger, const char *instance_id, int32_t position)
{
    struct ledger_instance *instance = WF_ARENA_NEW(&ledger->arena, struct ledger_instance);

    if (!wf_uuid_parse(instance_id, strlen(instance_id), &instance->id))
        return NULL;
    instance->position = position;
    instance->positions = wf_arena_alloc(&ledger->arena, position > 0 ? (size_t)position / 8 + 1 : 1);
    wf_map_put(&ledger->by_id, &ledger->arena, instance->id.bytes, sizeof instance->id.bytes, instance);
    WF_ARENA_PUSH(&ledger->arena, ledger->instances, ledger->count, ledger->capacity, instance);
    return instance;
}

void
ledger_enter_instance(struct ledger *ledger, const char *instance_id, int32_t position, const char *const *fields)
{
    struct ledger_instance *instance = add(ledger, instance_id, position);
    struct wf_buf text = {0};

    if (!instance)
        return;
    ledger->awaited += position;
    instance->side.tables =
        wf_arena_strdup(&ledger->arena, describe(&text, instance_fields, fields, INSTANCE_FIELDS));
    wf_buf_drop(&text);
}

/* The task of a number, or where it would stand. */
static size_t
place_of(const struct ledger_instance *instance, int32_t n)
{
    size_t low = 0, high = instance->task_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (instance->tasks[middle]->n < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct ledger_task *
task_of(struct ledger *ledger, struct ledger_instance *instance, int32_t n)
{
    size_t at = place_of(instance, n);

    if (at < instance->task_count && instance->tasks[at]->n == n)
        return instance->tasks[at];
    struct ledger_task *task = WF_ARENA_NEW(&ledger->arena, struct ledger_task);
    task->n = n;
    WF_ARENA_PUSH(&ledger->arena, instance->tasks, instance->task_count, instance->task_capacity, task);
    memmove(instance->tasks + at + 1, instance->tasks + at, (instance->task_count - at - 1) * sizeof *instance->tasks);
    instance->tasks[at] = task;
    return task;
}

bool
ledger_enter_task(struct ledger *ledger, const char *instance_id, int32_t n, const char *const *fields)
{
    struct ledger_instance *instance = find(ledger, instance_id);
    struct wf_buf text = {0};

    if (!instance)
        return false;
    task_of(ledger, instance, n)->side.tables =
        wf_arena_strdup(&ledger->arena, describe(&text, task_fields, fields, TASK_FIELDS));
    ledger->tasks++;
    wf_buf_drop(&text);
    return true;
}

/* A string without its quotes, a number as it stands; what has escapes is copied. */
static const char *
value_text(struct event *event, size_t field, struct wf_slice value)
{
    const char *text = value.data;

    if (value.length && text[0] == '"' && memchr(text, '\\', value.length)) {
        event->owned[field] = wf_peek_text(value);
    } else {
        size_t quotes = value.length && text[0] == '"';
        event->owned[field] = strndup(text + quotes, value.length - 2 * quotes);
    }
    return event->owned[field];
}

static int32_t
number_of(struct wf_slice value)
{
    int32_t number = 0;

    for (size_t i = 0; i < value.length && value.data[i] >= '0' && value.data[i] <= '9'; i++)
        number = number * 10 + (value.data[i] - '0');
    return number;
}

static bool
is_named(struct wf_slice name, const char *text)
{
    return name.length == strlen(text) && memcmp(name.data, text, name.length) == 0;
}

static void
take_member(struct event *event, const char *const *names, size_t count, struct wf_slice name, struct wf_slice value)
{
    if (is_named(name, "instance_id") && value.length == WF_UUID_TEXT + 2)
        memcpy(event->id, (const char *)value.data + 1, WF_UUID_TEXT);
    else if (is_named(name, "position"))
        event->position = number_of(value);
    else if (is_named(name, "task_id") && value.length > WF_UUID_TEXT + 2)
        event->n = number_of((struct wf_slice){(const char *)value.data + WF_UUID_TEXT + 2,
                                               value.length - WF_UUID_TEXT - 2});
    for (size_t i = 0; i < count; i++)
        if (is_named(name, names[i]))
            event->values[i] = value_text(event, i, value);
}

/* An event's due_at and flag stand where the tables have them; both are read as they are. */
static void
read_event(struct event *event, enum ledger_topic topic, const char *json, size_t length)
{
    const char *const *names = topic == LEDGER_TASK ? task_fields : instance_fields;
    size_t count = topic == LEDGER_TASK ? TASK_FIELDS : INSTANCE_FIELDS;
    struct wf_slice name, value;
    struct wf_peek peek;

    wf_peek_begin(&peek, json, length);
    while (wf_peek_next(&peek, &name, &value))
        take_member(event, names, count, name, value);
}

static void
drop_event(struct event *event)
{
    for (size_t i = 0; i < LEDGER_FIELDS; i++)
        free(event->owned[i]);
}

static void
report(const struct ledger *ledger, enum ledger_kind kind, const struct ledger_instance *instance, int32_t n,
       const char *detail)
{
    char whose[WF_UUID_TEXT + 16], id[WF_UUID_TEXT + 1];

    wf_uuid_format(&instance->id, id);
    if (n)
        snprintf(whose, sizeof whose, "%s:%d", id, n);
    else
        snprintf(whose, sizeof whose, "%s", id);
    ledger->report(ledger->context, kind, whose, detail);
}

/* The numbers of an event: each position once, each sequence after the one before. */
static bool
count_event(struct ledger *ledger, struct ledger_instance *instance, enum ledger_topic topic,
            const struct event *event)
{
    uint8_t *byte = &instance->positions[event->position / 8], bit = (uint8_t)(1 << event->position % 8);
    int32_t before = instance->sequence[topic];
    char detail[160];

    if (*byte & bit) {
        snprintf(detail, sizeof detail, "position %d came again", event->position);
        report(ledger, LEDGER_REPEATED, instance, event->n, detail);
        return false;
    }
    *byte |= bit;
    instance->came++;
    ledger->awaited--;
    if (!before && event->sequence > 1)
        instance->headless = true;
    if (event->sequence != before + 1 && !(instance->headless && !before)) {
        snprintf(detail, sizeof detail, "sequence %d of its %s events came after %d", event->sequence,
                 topic == LEDGER_TASK ? "task" : "instance", before);
        report(ledger, LEDGER_ORDER, instance, event->n, detail);
    }
    instance->sequence[topic] = event->sequence;
    return true;
}

/* Keeps what the last event says, unless it says what the tables say. */
static void
keep(struct side *side, const char *text, bool old)
{
    free(side->events);
    side->seen = true;
    side->old = old;
    side->events = side->tables && strcmp(side->tables, text) == 0 ? NULL : strdup(text);
}

void
ledger_enter_event(struct ledger *ledger, enum ledger_topic topic, const char *json, size_t length,
                   const char *sequence, const char *time)
{
    bool old = ledger->pruned_before && time && strcmp(time, ledger->pruned_before) < 0;
    struct event event = {0};
    struct wf_buf text = {0};

    read_event(&event, topic, json, length);
    event.sequence = sequence ? (int32_t)strtol(sequence, NULL, 10) : 0;
    struct ledger_instance *instance = find(ledger, event.id);
    if (!instance)
        instance = add(ledger, event.id, -1);
    ledger->events++;
    if (instance && event.position > 0 && event.position <= instance->position &&
        count_event(ledger, instance, topic, &event)) {
        if (topic == LEDGER_TASK)
            keep(&task_of(ledger, instance, event.n)->side, describe(&text, task_fields, event.values, TASK_FIELDS), old);
        else
            keep(&instance->side, describe(&text, instance_fields, event.values, INSTANCE_FIELDS), old);
    } else if (instance && instance->position < 0) {
        instance->side.old = old;
    }
    drop_event(&event);
    wf_buf_drop(&text);
}

static void
compare(struct ledger *ledger, const struct ledger_instance *instance, int32_t n, const struct side *side)
{
    struct wf_buf detail = {0};

    if (!side->tables && side->old) {
        ledger->pruned++;
    } else if (side->events || !side->seen) {
        wf_buf_printf(&detail, "tables: %s; events: %s", side->tables ? side->tables : "nothing",
                      side->events ? side->events : "nothing");
        report(ledger, LEDGER_DIFFERENT, instance, n, wf_buf_text(&detail));
    }
    wf_buf_drop(&detail);
}

static void
close_instance(struct ledger *ledger, const struct ledger_instance *instance)
{
    char detail[100];

    if (instance->came < instance->position) {
        snprintf(detail, sizeof detail, "%d of %d events are not there", instance->position - instance->came,
                 instance->position);
        report(ledger, LEDGER_MISSING, instance, 0, detail);
        return; /* what differs then says nothing more */
    }
    compare(ledger, instance, 0, &instance->side);
    for (size_t i = 0; i < instance->task_count; i++)
        compare(ledger, instance, instance->tasks[i]->n, &instance->tasks[i]->side);
}

void
ledger_close(struct ledger *ledger, bool whole, void (*unknown)(void *context, const char *instance_id))
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct ledger_instance *instance = ledger->instances[i];
        char id[WF_UUID_TEXT + 1];
        wf_uuid_format(&instance->id, id);
        if (instance->position < 0 && instance->side.old)
            ledger->pruned++;
        else if (instance->position < 0)
            unknown(ledger->context, id);
        else if (!whole && (instance->headless || !instance->came))
            ledger->behind += instance->position - instance->came;
        else
            close_instance(ledger, instance);
    }
}

void
ledger_drop(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        free(ledger->instances[i]->side.events);
        for (size_t t = 0; t < ledger->instances[i]->task_count; t++)
            free(ledger->instances[i]->tasks[t]->side.events);
    }
    wf_arena_drop(&ledger->arena);
}
