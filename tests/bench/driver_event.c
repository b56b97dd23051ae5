/* driver_event.c - what the engine's events allow, and whether each came once and in order (messages.md, BUS-1). */
#include <inttypes.h>
#include <stdio.h>

#include "driver.h"

static uint64_t
digits(const char *at, const char *end)
{
    uint64_t number = 0;

    for (; at < end && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

/*
 * What follows a key of a JSON object, to the end of the object; empty if it is not there.  A string cannot hold the
 * key with its bare quotes, so the first place that looks like it is it.
 */
static struct wf_slice
value_of(struct wf_slice json, const char *key)
{
    size_t length = strlen(key);
    const char *at = json.data ? memmem(json.data, json.length, key, length) : NULL;

    if (!at)
        return (struct wf_slice){NULL, 0};
    at += length;
    return (struct wf_slice){at, (size_t)(json.data + json.length - at)};
}

/* The number in "task_id":"<instance id>:<number>", or 0. */
static uint32_t
task_of(struct wf_slice json)
{
    struct wf_slice value = value_of(json, "\"task_id\":\"");

    if (value.length < WF_UUID_TEXT + 2)
        return 0;
    return (uint32_t)digits(value.data + WF_UUID_TEXT + 1, value.data + value.length);
}

static bool
begins_with(struct wf_slice value, const char *json)
{
    size_t length = strlen(json);

    return value.length > length && memcmp(value.data, json, length) == 0;
}

/* The staff id that the event tells, as in JSON; ids have no quotes that are escaped in the works that need it. */
static struct wf_slice
staff_of(struct wf_slice json)
{
    struct wf_slice value = value_of(json, "\"staff_id\":");
    const char *end = value.length > 1 ? memchr(value.data + 1, '"', value.length - 1) : NULL;

    return (struct wf_slice){value.data, end ? (size_t)(end + 1 - value.data) : 0};
}

/* By whom a row is done: as planned, or as the engine says in its event. */
static struct wf_slice
staff_for(const struct plan_row *row, struct wf_slice json)
{
    return row->staff ? (struct wf_slice){row->staff, strlen(row->staff)} : staff_of(json);
}

static bool
type_ends(struct wf_slice type, const char *state)
{
    size_t length = strlen(state);

    return type.length > length && memcmp(type.data + type.length - length, state, length) == 0;
}

static void
fail_case(struct run *run, struct bench_case *c, const char *why, struct wf_slice what)
{
    char id[WF_UUID_TEXT + 1];

    wf_uuid_format(&c->instance_id, id);
    if (run->shown++ < SHOWN)
        fprintf(stderr, "case %s (instance %s, %u rows begun): %s: %.*s\n", c->plan->entity_id, id, c->begun, why,
                (int)(what.length < 2000 ? what.length : 2000), what.data);
    case_over(run, c, CASE_FAILED);
}

/* The event that tells that a command took effect has come. */
static void
command_seen(struct run *run, int64_t sent)
{
    run->now.commands++;
    if (run->stage == STAGE_MEASURE && sent >= run->measured_from)
        times_add(&run->event_times, wf_clock_monotonic() - sent);
}

/* The row whose task has come: the next one of a sequence, else one of the activity (and person) that has none yet. */
static bool
row_to_begin(const struct run *run, const struct bench_case *c, struct wf_slice json, uint32_t *ret_row)
{
    const struct plan_case *plan = c->plan;
    struct wf_slice act = value_of(json, "\"act_id\":"), staff = staff_of(json);

    for (uint32_t row = run->plan->sequence ? c->begun : 0; row < plan->row_count; row++) {
        const struct plan_row *planned = &plan->rows[row];
        bool theirs = !planned->staff || !staff.length || begins_with(staff, planned->staff) ||
                      (staff.length == strlen(planned->staff) && memcmp(staff.data, planned->staff, staff.length) == 0);
        if (c->rows[row].phase == ROW_ABSENT && theirs && begins_with(act, planned->act)) {
            *ret_row = row;
            return true;
        }
        if (run->plan->sequence)
            break;
    }
    return false;
}

static bool
row_of_task(const struct bench_case *c, uint32_t task_n, uint32_t *ret_row)
{
    for (uint32_t row = 0; row < c->plan->row_count; row++) {
        if (task_n && c->rows[row].task_n == task_n) {
            *ret_row = row;
            return true;
        }
    }
    return false;
}

static bool
on_unexpected(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    run->unexpected++;
    fail_case(run, c, "unexpected event", event->value);
    return true;
}

/* A task that may be taken: it waits, or its job was announced. */
static bool
on_offered(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    uint32_t row, task_n = task_of(event->value);

    if (!task_n || !row_to_begin(run, c, event->value, &row))
        return on_unexpected(run, c, event);
    c->begun++;
    c->rows[row].task_n = task_n;
    return case_get(run, c, row, event->topic == BUS_JOB ? (struct wf_slice){NULL, 0}
                                                         : staff_for(&c->plan->rows[row], event->value));
}

static bool
on_task(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    bool waiting = type_ends(event->type, ".waiting"), processing = type_ends(event->type, ".processing");
    bool ended = type_ends(event->type, ".ended");
    uint32_t row;

    if (!waiting && !processing && !ended)
        return true;
    if (waiting)
        return run->plan->jobs ? true : on_offered(run, c, event);
    if (!row_of_task(c, task_of(event->value), &row))
        return processing ? on_unexpected(run, c, event) : true; /* a branch or a merge has ended */
    if (processing && c->rows[row].phase == ROW_GETTING) {
        command_seen(run, c->rows[row].get_sent);
        return case_end(run, c, row, run->plan->jobs ? (struct wf_slice){NULL, 0}
                                                     : staff_for(&c->plan->rows[row], event->value));
    }
    if (!ended || c->rows[row].phase != ROW_ENDING)
        return on_unexpected(run, c, event);
    command_seen(run, c->rows[row].end_sent);
    c->rows[row].phase = ROW_ENDED;
    c->ended++;
    return true;
}

static bool
all_ending(const struct bench_case *c)
{
    for (uint32_t row = 0; row < c->plan->row_count; row++)
        if (c->rows[row].phase < ROW_ENDING)
            return false;
    return true;
}

/* The completion and the end of the last task come on two topics: either may be seen first. */
static bool
on_instance(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    if (type_ends(event->type, ".completed") && all_ending(c))
        case_over(run, c, CASE_DONE);
    else if (type_ends(event->type, ".running") && !c->answered)
        command_seen(run, c->init_sent);
    else if (!type_ends(event->type, ".running"))
        return on_unexpected(run, c, event);
    c->answered = true;
    return true;
}

/* Its id begins with the command's, "<instance id>:<number>". */
static void
on_outcome(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    const char *end = event->id.data + event->id.length;
    int64_t sent = case_sent(c, digits(event->id.data + WF_UUID_TEXT + (event->id.length > WF_UUID_TEXT), end));

    run->outcomes++;
    if (run->stage == STAGE_MEASURE && sent && sent >= run->measured_from)
        times_add(&run->outcome_times, wf_clock_monotonic() - sent);
    if (type_ends(event->type, ".duplicate"))
        run->duplicates++;
    if (!type_ends(event->type, ".rejected"))
        return;
    run->rejected++;
    fail_case(run, c, "rejected", event->value);
}

/* Whether the event is the next one of its instance; a repeated one is not acted on. */
static bool
check_order(struct run *run, struct bench_case *c, const struct bus_event *event)
{
    struct seen *seen = &c->seen[event->topic];
    const char *end = event->id.data + event->id.length;
    const char *number = event->sequence.data;
    uint32_t sequence = number ? (uint32_t)digits(number, number + event->sequence.length) : 0;
    uint32_t position = (uint32_t)digits(event->id.data + WF_UUID_TEXT + (event->id.length > WF_UUID_TEXT), end);

    if (sequence <= seen->sequence) {
        run->repeats++;
        if (run->shown++ < SHOWN)
            fprintf(stderr, "repeated: %.*s, sequence %u after %u\n", (int)event->id.length, event->id.data, sequence,
                    seen->sequence);
        return false;
    }
    c->missing += sequence - seen->sequence - 1;
    if (sequence != seen->sequence + 1 && run->shown++ < SHOWN)
        fprintf(stderr, "gap: %.*s, sequence %u after %u\n", (int)event->id.length, event->id.data, sequence,
                seen->sequence);
    if (position <= seen->position)
        run->disordered++;
    seen->sequence = sequence;
    seen->position = position;
    c->events++;
    run->now.events++;
    return true;
}

bool
event_handle(struct run *run, const struct bus_event *event)
{
    struct bench_case *c = case_find(run, event->id);

    if (!c)
        return true;
    if (event->topic == BUS_OUTCOME) {
        on_outcome(run, c, event);
        return true;
    }
    if (event->topic == BUS_JOB)
        return on_offered(run, c, event);
    if (!check_order(run, c, event) || c->state == CASE_FAILED)
        return true;
    return event->topic == BUS_TASK ? on_task(run, c, event) : on_instance(run, c, event);
}

/* Positions count the events of both topics together, so they also show what is missing at the end of one. */
void
events_count_missing(struct run *run)
{
    for (uint32_t i = 0; i < run->begun; i++) {
        const struct bench_case *c = case_at(run, i);
        uint32_t task = c->seen[BUS_TASK].position, instance = c->seen[BUS_INSTANCE].position;
        uint32_t last = task > instance ? task : instance;
        uint32_t absent = c->state == CASE_DONE && last > c->events ? last - c->events : 0;

        run->gaps += absent > c->missing ? absent : c->missing;
        if (c->state == CASE_DONE && last < c->events)
            run->repeats += c->events - last;
    }
}
