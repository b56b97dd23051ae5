/* What the shell does around the core (worker/work_apply.c), as far as it can be done without servers. */
#include "driver.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "codec/event.h"
#include "codec/relay.h"
#include "codec/request.h"
#include "codec/variables.h"
#include "core/dispatch.h"

static const char clock_start[] = "2026-01-01T00:00:00Z";
enum { VALUE_MAX = 1 << 20 };

static struct wf_process *
process_find(void *context, const char *process_id, int32_t version)
{
    const struct wf_unit *unit = &((struct driver *)context)->unit;

    for (size_t i = unit->deployed_count; i-- > 0;) {
        struct wf_process *process = unit->deployed[i];
        if (strcmp(process->process_id, process_id) == 0 && (!version || process->version == version))
            return process;
    }
    return NULL;
}

static bool
condition_holds(void *context, struct wf_arena *arena, const char *condition, const char *variables, bool *ret_holds,
                const char **ret_reason)
{
    return wf_condition_holds(((struct driver *)context)->conditions, arena, condition, variables, ret_holds, ret_reason);
}

/* Everything but the codec and the compiled conditions, which know nothing of what was said before. */
static void
begin(struct driver *driver)
{
    wf_unit_begin(&driver->unit, &driver->arena);
    (void)wf_time_parse(clock_start, &driver->unit.now);
    driver->unit.process_find = process_find;
    driver->unit.variables_merge = wf_variables_merge;
    driver->unit.condition_holds = condition_holds;
    driver->unit.context = driver;
    driver->institution = wf_institution_new();
    driver->unit.institution = driver->institution;
}

static void
end(struct driver *driver)
{
    wf_institution_drop(driver->unit.next_institution);
    wf_institution_drop(driver->institution);
    for (size_t i = 0; i < driver->document_count; i++)
        wf_decoded_drop(driver->documents[i]);
    wf_buf_drop(&driver->outbox);
    wf_buf_drop(&driver->outcome);
    wf_arena_drop(&driver->arena);
}

void
driver_open(struct driver *driver)
{
    struct wf_error error;

    *driver = (struct driver){.out = {0}};
    if (!wf_codec_open(&driver->codec, "workflow", "core-driver", "", VALUE_MAX, &error))
        exit(EXIT_FAILURE);
    driver->conditions = wf_conditions_open();
    begin(driver);
}

void
driver_reset(struct driver *driver)
{
    struct driver fresh = {.codec = driver->codec, .conditions = driver->conditions,
                           .bare = driver->bare, .tables = driver->tables};

    end(driver);
    fresh.out = driver->out;
    wf_buf_clear(&fresh.out);
    *driver = fresh;
    begin(driver);
}

void
driver_drop(struct driver *driver)
{
    end(driver);
    wf_buf_drop(&driver->out);
    wf_conditions_close(driver->conditions);
    wf_codec_drop(&driver->codec);
}

/* Ids that a test can know: the n-th is 00000000-0000-7000-8000-<n in twelve hexadecimal digits>. */
static void
draw_instance_id(struct driver *driver, struct wf_command *command)
{
    char text[WF_UUID_TEXT + 1];

    if (command->operation != WF_OP_INIT_INSTANCE || command->has_instance_id)
        return;
    snprintf(text, sizeof text, "00000000-0000-7000-8000-%012llx", (unsigned long long)++driver->instances);
    (void)wf_uuid_parse(text, WF_UUID_TEXT, &command->instance_id);
}

static void
dispatch(struct driver *driver, struct wf_command *command, struct wf_buf *asked)
{
    wf_dispatch(&driver->unit, command);
    while (driver->unit.outcome.asks) {
        driver_answer(driver, asked);
        command->asked++;
        wf_dispatch(&driver->unit, command);
    }
    driver_forget_answers(driver);
}

/* What crosses to other instances and to subscribers (section 9). */
static void
encode_crossing(struct driver *driver, const struct wf_command *command)
{
    const struct wf_unit *unit = &driver->unit;
    struct wf_request_target target;

    for (size_t i = 0; i < unit->event_count; i++) {
        const struct wf_instance *instance = unit->events[i].instance;
        for (size_t s = 0; s < instance->subscription_count; s++)
            if (wf_subscription_wants(&instance->subscriptions[s], &unit->events[i]))
                wf_notification_encode(&driver->codec, &instance->subscriptions[s], &unit->events[i], command,
                                       unit->now, &driver->outbox);
    }
    for (size_t i = 0; i < unit->request_count; i++)
        if (wf_request_target(&driver->codec, &unit->requests[i], &target))
            wf_request_encode(&driver->codec, &unit->requests[i], &target, command, unit->now, &driver->outbox);
}

static void
encode_changes(struct driver *driver, const struct wf_command *command, const struct wf_institution *before)
{
    const struct wf_unit *unit = &driver->unit;

    for (size_t i = 0; i < unit->event_count; i++) {
        wf_event_encode(&driver->codec, &unit->events[i], command, unit->now, &driver->outbox);
        if (unit->events[i].job)
            wf_job_encode(&driver->codec, &unit->events[i], command, unit->now, &driver->outbox);
    }
    encode_crossing(driver, command);
    if (unit->outcome.result != WF_RESULT_APPLIED)
        return;
    if (command->operation == WF_OP_DEPLOY_PROCESS && unit->deployed_count &&
        unit->deployed[unit->deployed_count - 1] == command->definition)
        wf_definition_event_encode(&driver->codec, command->definition, command, unit->now, &driver->outbox);
    if (unit->outcome.people)
        wf_people_event_encode(&driver->codec, unit->institution->version, unit->outcome.people, command, unit->now,
                               &driver->outbox);
    if (unit->institution != before)
        wf_institution_events_encode(&driver->codec, before, unit->institution, command, unit->now, &driver->outbox);
}

/* The result of what stands in the two buffers, not closed: what follows from it may be added. */
static void
write_result(struct driver *driver, const struct wf_buf *asked)
{
    struct wf_buf *out = &driver->out;
    const char *at = driver->outcome.data;
    static struct wf_message message; /* a large one */

    wf_json_open(out, '{');
    if (driver->outcome.length && wf_message_decode(&at, at + driver->outcome.length, &message)) {
        wf_json_key(out, "outcome");
        wf_buf_append(out, message.value.data, message.value.length);
    }
    wf_json_key(out, "events");
    wf_json_open(out, '[');
    driver_write_messages(driver, &driver->outbox);
    wf_json_close(out, ']');
    if (asked->length) {
        wf_json_key(out, "asked");
        wf_buf_byte(out, '[');
        wf_buf_append(out, asked->data, asked->length);
        wf_buf_byte(out, ']');
    }
    if (driver->tables && driver->unit.outcome.instance) {
        wf_json_key(out, "tables");
        driver_dump(driver, driver->unit.outcome.instance);
    }
    driver_loop(driver);
}

static void
apply(struct driver *driver, struct wf_command *command, const struct wf_incoming *in)
{
    const struct wf_institution *before = driver->unit.institution;
    WF_SCOPED(wf_buf_drop) struct wf_buf asked = {0};

    dispatch(driver, command, &asked);
    encode_changes(driver, command, before);
    if (in)
        wf_outcome_encode(&driver->codec, in, command, &driver->unit.outcome, driver->unit.now, &driver->outcome);
    write_result(driver, &asked);
}

static void
take(struct driver *driver, const struct wf_incoming *in)
{
    struct wf_decoded *decoded = WF_ARENA_NEW(&driver->arena, struct wf_decoded);
    struct wf_refusal refusal = {.detail = NULL};
    struct wf_buf nothing = {0};

    wf_buf_clear(&driver->outbox);
    wf_buf_clear(&driver->outcome);
    if (!wf_command_decode(&driver->codec, in, &driver->arena, decoded, &refusal)) {
        wf_dead_letter_encode(&driver->codec, in, refusal.code, refusal.detail, &driver->outbox);
        wf_refusal_encode(&driver->codec, in, &refusal, driver->unit.now, &driver->outcome);
        driver->unit.outcome = (struct wf_outcome){.result = WF_RESULT_REJECTED};
        write_result(driver, &nothing);
        return;
    }
    if (decoded->command.definition || decoded->command.institution)
        WF_ARENA_PUSH(&driver->arena, driver->documents, driver->document_count, driver->document_capacity, decoded);
    draw_instance_id(driver, &decoded->command);
    apply(driver, &decoded->command, in);
}

/* A task that is to be assigned again once the institution is another one, if that does anything. */
static void
assign_again(struct driver *driver, const struct wf_instance *instance, int32_t n)
{
    struct wf_command *command = WF_ARENA_NEW(&driver->arena, struct wf_command);
    WF_SCOPED(wf_buf_drop) struct wf_buf asked = {0};
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(&instance->instance_id, text);
    *command = (struct wf_command){
        .operation = WF_OP_ASSIGN_TASK, .has_instance_id = true, .instance_id = instance->instance_id, .task_n = n};
    command->id = wf_arena_printf(&driver->arena, "assign:%s:%d/%lld", text, n,
                                  (long long)driver->unit.institution->version);
    wf_buf_clear(&driver->outbox);
    wf_buf_clear(&driver->outcome);
    dispatch(driver, command, &asked);
    if (!driver->unit.event_count)
        return;
    encode_changes(driver, command, driver->unit.institution);
    write_result(driver, &asked);
    wf_json_close(&driver->out, '}');
}

/* ASG-8: what nobody could be assigned, and what was theirs who are gone, after each change of the institution. */
static void
assign_all_again(struct driver *driver)
{
    const struct wf_unit *unit = &driver->unit;
    int64_t version = unit->institution ? unit->institution->version : 0;
    struct { const struct wf_instance *instance; int32_t n; } *found = NULL;
    size_t count = 0, capacity = 0;

    if (version == driver->institution_version)
        return;
    driver->institution_version = version;
    for (size_t i = 0; i < unit->instance_count; i++)
        for (size_t t = 0; t < unit->instance_list[i]->task_count; t++) {
            const struct wf_task *task = unit->instance_list[i]->tasks[t];
            bool gone = task->staff_id && !wf_institution_staff(unit->institution, task->staff_id);
            if (!gone && !task->unassigned)
                continue;
            if (count == capacity) {
                capacity = capacity ? 2 * capacity : 16;
                found = wf_arena_grow(&driver->arena, found, count, capacity, sizeof *found);
            }
            found[count].instance = unit->instance_list[i];
            found[count++].n = task->n;
        }
    for (size_t i = 0; i < count; i++)
        assign_again(driver, found[i].instance, found[i].n);
}

/* What the engine has sent itself, in the order in which it did; and what it does of its own accord. */
static void
take_looped(struct driver *driver)
{
    struct wf_buf *out = &driver->out;
    int64_t version = driver->unit.institution ? driver->unit.institution->version : 0;
    bool more = driver->looped_at < driver->looped_count || version != driver->institution_version;

    if (more) {
        wf_json_key(out, "then");
        wf_json_open(out, '[');
        while (driver->looped_at < driver->looped_count) {
            struct wf_incoming in = driver->looped[driver->looped_at++];
            in.offset = driver->commands++;
            driver->unit.now += WF_MILLISECOND;
            take(driver, &in);
            wf_json_close(out, '}');
        }
        assign_all_again(driver);
        wf_json_close(out, ']');
    }
    driver->looped_at = driver->looped_count = 0;
    wf_json_close(out, '}');
}

void
driver_command(struct driver *driver, const struct wf_incoming *in)
{
    take(driver, in);
    take_looped(driver);
}

/* A timer that is due: of a task, or (task NULL) of the instance. */
struct due {
    struct wf_instance *instance;
    struct wf_task *task;
    int64_t at;
};

static void
consider(struct due *first, struct wf_instance *instance, struct wf_task *task, int64_t at)
{
    if (at && (!first->instance || at < first->at))
        *first = (struct due){instance, task, at};
}

static struct due
first_due(const struct wf_unit *unit)
{
    struct due first = {.instance = NULL};

    for (size_t i = 0; i < unit->instance_count; i++) {
        struct wf_instance *instance = unit->instance_list[i];
        if (instance->state == WF_INSTANCE_SUSPENDED || instance->state == WF_INSTANCE_CANCELLED ||
            instance->state == WF_INSTANCE_COMPLETED)
            continue;
        consider(&first, instance, NULL, instance->timed ? instance->due_at : 0);
        for (size_t t = 0; t < instance->task_count; t++) {
            struct wf_task *task = instance->tasks[t];
            consider(&first, instance, task, task->timer != WF_TIMER_NONE ? task->timer_at : 0);
        }
    }
    return first;
}

bool
driver_fire_next(struct driver *driver, int64_t until)
{
    struct due due = first_due(&driver->unit);
    struct wf_command *command = WF_ARENA_NEW(&driver->arena, struct wf_command);
    char text[WF_UUID_TEXT + 1];

    if (!due.instance || due.at > until)
        return false;
    wf_uuid_format(&due.instance->instance_id, text);
    *command = (struct wf_command){
        .operation = WF_OP_FIRE_TIMER,
        .has_instance_id = true,
        .instance_id = due.instance->instance_id,
        .task_n = due.task ? due.task->n : 0,
        .timer = due.task ? due.task->timer : WF_TIMER_INSTANCE,
        .timer_at = due.at,
    };
    command->id = wf_arena_printf(&driver->arena, "timer:%s:%d/%s", text, command->task_n,
                                  wf_timer_name(command->timer));
    if (due.at > driver->unit.now)
        driver->unit.now = due.at;
    wf_buf_clear(&driver->outbox);
    wf_buf_clear(&driver->outcome);
    apply(driver, command, NULL);
    take_looped(driver);
    return true;
}
