#include "core/unit.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/* Something as it was before the current command touched it. */
struct wf_change {
    struct wf_change *previous;
    void *target;
    const void *old; /* a copy of `size` bytes */
    size_t size;
};

void
wf_unit_begin(struct wf_unit *unit, struct wf_arena *arena)
{
    *unit = (struct wf_unit){.arena = arena, .engine = "workflow"};
}

struct wf_instance *
wf_unit_add_instance(struct wf_unit *unit, const struct wf_uuid *instance_id)
{
    struct wf_instance *instance = WF_ARENA_NEW(unit->arena, struct wf_instance);

    instance->instance_id = *instance_id;
    wf_map_put(&unit->instances, unit->arena, instance->instance_id.bytes, sizeof instance->instance_id.bytes,
               instance);
    WF_ARENA_PUSH(unit->arena, unit->instance_list, unit->instance_count, unit->instance_capacity, instance);
    return instance;
}

struct wf_instance *
wf_unit_instance(const struct wf_unit *unit, const struct wf_uuid *instance_id)
{
    return wf_map_get(&unit->instances, instance_id->bytes, sizeof instance_id->bytes);
}

struct wf_task *
wf_unit_add_task(struct wf_unit *unit, struct wf_instance *instance)
{
    struct wf_task *task = WF_ARENA_NEW(unit->arena, struct wf_task);

    task->instance = instance;
    WF_ARENA_PUSH(unit->arena, instance->tasks, instance->task_count, instance->task_capacity, task);
    return task;
}

struct wf_batch *
wf_unit_add_batch(struct wf_unit *unit, struct wf_instance *instance)
{
    struct wf_batch *batch = WF_ARENA_NEW(unit->arena, struct wf_batch);

    WF_ARENA_PUSH(unit->arena, instance->batches, instance->batch_count, instance->batch_capacity, batch);
    return batch;
}

void
wf_unit_add_first_batch(struct wf_unit *unit, struct wf_instance *instance)
{
    struct wf_batch *batch = wf_unit_add_batch(unit, instance);

    batch->serial_no = 1;
    batch->branches = 1;
    batch->opener = instance->process->initial;
    batch->opened_by = 1;
}

struct wf_remote *
wf_unit_add_remote(struct wf_unit *unit, struct wf_instance *instance)
{
    struct wf_remote *remote = WF_ARENA_NEW(unit->arena, struct wf_remote);

    WF_ARENA_PUSH(unit->arena, instance->remotes, instance->remote_count, instance->remote_capacity, remote);
    return remote;
}

enum { SEEN_KEY = 2 * sizeof(struct wf_uuid) };
_Static_assert(offsetof(struct wf_seen, id_hash) == sizeof(struct wf_uuid), "scope and id_hash are one key");

struct wf_seen *
wf_unit_seen(const struct wf_unit *unit, const struct wf_uuid *scope, const struct wf_uuid *id_hash)
{
    struct wf_seen key = {.scope = *scope, .id_hash = *id_hash};

    return wf_map_get(&unit->seen, &key, SEEN_KEY);
}

void
wf_unit_add_seen(struct wf_unit *unit, struct wf_seen *seen)
{
    wf_map_put(&unit->seen, unit->arena, seen, SEEN_KEY, seen);
    if (!seen->stored)
        WF_ARENA_PUSH(unit->arena, unit->seen_list, unit->seen_count, unit->seen_capacity, seen);
}

void
wf_unit_keep(struct wf_unit *unit, void *target, size_t size)
{
    struct wf_change *change = WF_ARENA_NEW(unit->arena, struct wf_change);

    change->target = target;
    change->old = wf_arena_memdup(unit->arena, target, size);
    change->size = size;
    change->previous = unit->changes;
    unit->changes = change;
}

void
wf_unit_touch_instance(struct wf_unit *unit, struct wf_instance *instance)
{
    if (instance->touched == unit->command_no)
        return;
    wf_unit_keep(unit, instance, sizeof *instance);
    instance->previous_state = instance->stored || instance->touched ? (int)instance->state : -1;
    instance->touched = unit->command_no;
    instance->event = 0;
    instance->dirty = true;
}

void
wf_unit_touch_task(struct wf_unit *unit, struct wf_task *task)
{
    wf_unit_touch_instance(unit, task->instance);
    if (task->touched == unit->command_no)
        return;
    wf_unit_keep(unit, task, sizeof *task);
    task->previous_state = task->stored || task->touched ? (int)task->state : -1;
    task->previous_staff_id = task->staff_id;
    task->touched = unit->command_no;
    task->event = 0;
    task->dirty = true;
}

void
wf_unit_touch_batch(struct wf_unit *unit, struct wf_instance *instance, struct wf_batch *batch)
{
    wf_unit_touch_instance(unit, instance);
    if (batch->touched == unit->command_no)
        return;
    wf_unit_keep(unit, batch, sizeof *batch);
    batch->touched = unit->command_no;
    batch->dirty = true;
}

void
wf_unit_touch_remote(struct wf_unit *unit, struct wf_instance *instance, struct wf_remote *remote)
{
    wf_unit_touch_instance(unit, instance);
    if (remote->touched == unit->command_no)
        return;
    wf_unit_keep(unit, remote, sizeof *remote);
    remote->touched = unit->command_no;
    remote->dirty = true;
}

struct wf_summary *
wf_unit_touch_summary(struct wf_unit *unit, struct wf_instance *instance, struct wf_activity *activity,
                      int32_t serial_no)
{
    wf_unit_touch_instance(unit, instance);
    for (size_t i = 0; i < instance->summary_count; i++) {
        struct wf_summary *summary = &instance->summaries[i];
        if (summary->activity == activity && summary->serial_no == serial_no) {
            wf_unit_keep(unit, summary, sizeof *summary);
            summary->dirty = true;
            return summary;
        }
    }
    struct wf_summary summary = {.activity = activity, .serial_no = serial_no, .dirty = true};
    WF_ARENA_PUSH(unit->arena, instance->summaries, instance->summary_count, instance->summary_capacity, summary);
    return &instance->summaries[instance->summary_count - 1];
}

const struct wf_answer *
wf_unit_ask(struct wf_unit *unit, const struct wf_question *question)
{
    struct wf_uuid key = wf_question_key(question);
    struct wf_question *known = wf_map_get(&unit->answers, key.bytes, sizeof key.bytes);

    if (known && known->answered)
        return &known->answer;
    if (unit->command->asked >= WF_ASKS_MAX) {
        (void)wf_unit_reject(unit, WF_CODE_LIMIT_EXCEEDED, "the command would ask more than %d times, at last \"%s\"",
                             WF_ASKS_MAX, question->subject);
        return NULL;
    }
    unit->outcome.asks = true;
    if (known)
        return NULL;
    known = wf_arena_memdup(unit->arena, question, sizeof *question);
    wf_map_put(&unit->answers, unit->arena, wf_arena_memdup(unit->arena, &key, sizeof key), sizeof key.bytes, known);
    WF_ARENA_PUSH(unit->arena, unit->questions, unit->question_count, unit->question_capacity, known);
    return NULL;
}

bool
wf_unit_reject(struct wf_unit *unit, enum wf_code code, const char *format, ...)
{
    char detail[1024];
    va_list args;

    if (unit->rejected)
        return false;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);

    unit->rejected = true;
    unit->outcome.result = WF_RESULT_REJECTED;
    unit->outcome.code = code;
    unit->outcome.detail = wf_arena_strdup(unit->arena, detail);
    return false;
}

/* Restoring in reverse order ends with the oldest state of everything that was kept. */
void
wf_unit_undo(struct wf_unit *unit)
{
    for (const struct wf_change *change = unit->changes; change; change = change->previous)
        memcpy(change->target, change->old, change->size);
    unit->changes = NULL;
    unit->event_count = unit->request_count = 0;
    unit->moving_at = unit->moving_count = 0;
}

static struct wf_event *
event_add(struct wf_unit *unit, const struct wf_instance *instance)
{
    struct wf_event event = {.instance = instance, .previous_state = -1};

    WF_ARENA_PUSH(unit->arena, unit->events, unit->event_count, unit->event_capacity, event);
    return &unit->events[unit->event_count - 1];
}

struct wf_event *
wf_unit_event_of(struct wf_unit *unit, struct wf_task *task)
{
    wf_unit_touch_task(unit, task);
    if (!task->event) {
        struct wf_event *event = event_add(unit, task->instance);
        event->kind = WF_EVENT_TASK;
        event->of = task;
        event->previous_state = task->previous_state;
        task->event = (int32_t)unit->event_count;
    }
    return &unit->events[task->event - 1];
}

struct wf_event *
wf_unit_instance_event(struct wf_unit *unit, struct wf_instance *instance)
{
    wf_unit_touch_instance(unit, instance);
    if (!instance->event) {
        struct wf_event *event = event_add(unit, instance);
        event->kind = WF_EVENT_INSTANCE;
        event->previous_state = instance->previous_state;
        instance->event = (int32_t)unit->event_count;
    }
    return &unit->events[instance->event - 1];
}

static bool
same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

/* LOG-2: whoever had a task that is open still, and has it no more, has handed it on; a grantor has not. */
static void
note_handed_on(struct wf_unit *unit, struct wf_instance *instance, const struct wf_task *task)
{
    struct wf_handed_on handed_on = {.task = task, .state = (enum wf_task_state)task->previous_state,
                                     .staff_id = task->previous_staff_id, .to_staff_id = task->staff_id,
                                     .date = instance->date_changed};

    if (task->previous_state < 0 || !task->previous_staff_id || !wf_task_state_open(task->state))
        return;
    if (same(task->previous_staff_id, task->staff_id) || same(task->previous_staff_id, task->grantor_id))
        return;
    WF_ARENA_PUSH(unit->arena, instance->handed_on, instance->handed_on_count, instance->handed_on_capacity, handed_on);
}

static void
event_complete(struct wf_event *event, struct wf_instance *instance)
{
    event->position = ++instance->position;
    event->instance_state = instance->state;
    event->entity_id = instance->entity_id;
    if (event->kind == WF_EVENT_INSTANCE) {
        event->sequence = instance->position - instance->task_sequence;
        event->instance_flag = instance->completion_flag;
        return;
    }
    event->sequence = ++instance->task_sequence;
    event->task = *event->of;
    event->job = event->job && event->task.state == WF_TASK_WAITING; /* not if withdrawn since */
    if (event->joined_count) /* they are the last of its arrivals */
        event->joined = event->task.arrivals + event->task.arrival_count - event->joined_count;
}

/* What an instance has come to is told last, after what brought it there. */
static void
move_instance_event_last(struct wf_unit *unit, struct wf_instance *instance)
{
    if (!instance->event || instance->state == WF_INSTANCE_RUNNING)
        return;
    struct wf_event event = unit->events[instance->event - 1];
    size_t at = (size_t)instance->event - 1;
    memmove(&unit->events[at], &unit->events[at + 1], (unit->event_count - at - 1) * sizeof event);
    unit->events[unit->event_count - 1] = event;
}

void
wf_unit_finish_events(struct wf_unit *unit, struct wf_instance *instance)
{
    move_instance_event_last(unit, instance);
    for (size_t i = 0; i < unit->event_count; i++) {
        event_complete(&unit->events[i], instance);
        if (unit->events[i].kind == WF_EVENT_TASK)
            note_handed_on(unit, instance, unit->events[i].of);
    }
}
