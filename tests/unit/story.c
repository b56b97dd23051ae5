/* Commands told as text, and the events that answer them. */
#include "story.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "core/load.h"
#include "story_check.h"

struct story story;

static const char institution_text[] = "role r; role s; team t; dept d;"
                                       "staff ann role:r=1 dept:d; staff bob role:r=2 team:t; staff cid role:r=3;"
                                       "staff dan; staff eve role:r=4 leave";

static struct wf_process *
find_process(void *context, const char *process_id, int32_t version)
{
    const struct wf_unit *unit = &story.unit;

    (void)context;
    for (size_t i = story.process_count + unit->deployed_count; i-- > 0;) {
        struct wf_process *process =
            i < story.process_count ? story.processes[i] : unit->deployed[i - story.process_count];
        if (strcmp(process->process_id, process_id) == 0 && (!version || process->version == version))
            return process;
    }
    return NULL;
}

/* The codec's work, as far as the core can tell. */
static const char *
merge_variables(void *context, struct wf_arena *arena, const char *old, const char *change)
{
    (void)context;
    return change[0] == '{' ? wf_arena_printf(arena, "%s%s", old ? old : "", change) : NULL;
}

/* A condition names a member of the variables: "x" of "{x}{y}"; "!x" cannot be evaluated, "*" always holds. */
static bool
evaluate_condition(void *context, struct wf_arena *arena, const char *condition, const char *variables, bool *ret_holds,
                   const char **ret_reason)
{
    (void)context;
    *ret_reason = "it is wrong";
    *ret_holds = strcmp(condition, "*") == 0 ||
                 (variables && strstr(variables, wf_arena_printf(arena, "{%s}", condition)));
    return condition[0] != '!';
}

/* Nobody else is there while the story is deaf. */
static bool
anybody_known(void *context, const char *name)
{
    (void)context;
    (void)name;
    return !story.deaf;
}

static void
unit_begin(void)
{
    const struct wf_institution *institution = story.unit.institution;

    wf_unit_begin(&story.unit, &story.arena);
    story.unit.now = WF_SECOND;
    story.unit.institution = institution;
    story.unit.process_find = find_process;
    story.unit.engine_known = story.unit.topic_known = anybody_known;
    story.unit.variables_merge = merge_variables;
    story.unit.condition_holds = evaluate_condition;
}

void
story_begin_empty(void)
{
    struct wf_faults faults = {.arena = &story.arena};

    for (size_t i = 0; i < story.process_count; i++)
        wf_process_drop(story.processes[i]);
    if (story.unit.institution != story.institution)
        wf_institution_drop((struct wf_institution *)(uintptr_t)story.unit.institution);
    wf_institution_drop(story.institution);
    wf_arena_drop(&story.arena);
    story = (struct story){.commands = 0};
    check_begin();
    unit_begin();

    struct wf_institution *change = story_institution(institution_text);
    story.unit.institution = story.institution = wf_institution_merge(NULL, change, &faults);
    wf_institution_drop(change);
    cr_assert_not_null(story.unit.institution);
}

void
story_begin(const char *definition)
{
    story_begin_empty();

    struct wf_faults faults = {.arena = &story.arena};
    struct wf_process *process = story_process("p", definition);
    bool ok = wf_process_compile(process, &faults);
    cr_assert(ok, "%s", ok ? "" : faults.items[0].message);
    process->version = 1;
    story.processes[story.process_count++] = process;
}

struct wf_instance *
story_instance(int number)
{
    struct wf_uuid uuid = {{0}};

    uuid.bytes[15] = (uint8_t)(number ? number : check_instances());
    return wf_unit_instance(&story.unit, &uuid);
}

/* The value of a word "name:value", or NULL. */
static const char *
member(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == ':' ? word + length + 1 : NULL;
}

static void
read_id(struct wf_command *command, const char *id)
{
    struct wf_hash128 hash;

    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, id, strlen(id));
    command->id = id;
    command->id_given = true;
    command->id_hash = wf_hash128_uuid(&hash);
}

/* Whom a reassign-task gives a task: "to_role:r" and the like. */
static bool
read_group(struct wf_command *command, const char *word)
{
    static const struct {
        const char *name;
        enum wf_based_on based_on;
    } kinds[] = {{"to_role", WF_BASED_ON_ROLE}, {"to_team", WF_BASED_ON_TEAM}, {"to_dept", WF_BASED_ON_DEPARTMENT},
                 {"to_func", WF_BASED_ON_USER_DEFINED}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((command->to_group = member(word, kinds[i].name))) {
            command->to_based_on = kinds[i].based_on;
            return true;
        }
    return false;
}

static bool
read_member(struct wf_command *command, char *word)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        {"process", offsetof(struct wf_command, process_id)}, {"act", offsetof(struct wf_command, act_id)},
        {"entity", offsetof(struct wf_command, entity_id)},   {"staff", offsetof(struct wf_command, staff_id)},
        {"vars", offsetof(struct wf_command, variables)},     {"actor", offsetof(struct wf_command, actor)},
        {"for", offsetof(struct wf_command, grantor_id)},     {"to", offsetof(struct wf_command, to_staff_id)},
        {"start", offsetof(struct wf_command, start_act_id)}, {"requester", offsetof(struct wf_command, requester)},
        {"notifyto", offsetof(struct wf_command, notifyto)},  {"filter", offsetof(struct wf_command, filter)},
        {"code", offsetof(struct wf_command, remote_code)},   {"life", offsetof(struct wf_command, incarnation)},
    };
    const char *value;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if ((value = member(word, texts[i].name))) {
            memcpy((char *)command + texts[i].offset, &value, sizeof value);
            return true;
        }
    if ((value = member(word, "id")))
        read_id(command, value);
    else if ((value = member(word, "data")))
        command->data_hash = strtol(value, NULL, 10);
    else if ((value = member(word, "withdraw")))
        command->withdraw_n = (int32_t)strtol(value, NULL, 10);
    else if ((value = member(word, "within")))
        command->within = strtol(value, NULL, 10) * WF_SECOND;
    else if ((value = member(word, "attempt")))
        command->attempt = (int32_t)strtol(value, NULL, 10);
    else if ((value = member(word, "version")))
        command->version = (int32_t)strtol(value, NULL, 10);
    else if ((value = member(word, "hops")))
        command->hops = (int32_t)strtol(value, NULL, 10);
    else if ((value = member(word, "pos")))
        command->remote_position = (int32_t)strtol(value, NULL, 10);
    else if (strcmp(word, "included") == 0)
        command->include_sub_processes = true;
    else if (strcmp(word, "check") == 0)
        command->check = true;
    else if (word[0] == '@')
        command->instance_id.bytes[15] = (uint8_t)strtol(word + 1, NULL, 10);
    else
        return read_group(command, word);
    return true;
}

/* The words without a name: of init [flag], of get N|next WHO, of end N WHO [flag]. */
static void
read_word(struct wf_command *command, int at, char *word)
{
    size_t length = strlen(word);

    if (command->operation == WF_OP_INIT_INSTANCE) {
        command->completion_flag = word;
    } else if (at == 0) {
        command->task_n = (int32_t)strtol(word, NULL, 10);
        command->has_instance_id = command->task_n != 0;
    } else if (at == 1 && command->operation == WF_OP_NOTIFY) {
        cr_assert(wf_instance_state_from_name(word, &command->remote_state), "%s?", word);
    } else if (at == 1 && word[length - 1] == '!') {
        word[length - 1] = '\0';
        command->executor_id = word;
    } else if (at == 1) {
        command->staff_id = word;
    } else if (command->operation == WF_OP_FAIL_TASK) {
        command->failure_code = word;
    } else {
        command->completion_flag = word;
    }
}

/* A retry-incident names the task; the engine wants the incident. */
static void
name_incident(struct wf_command *command)
{
    const struct wf_instance *instance = wf_unit_instance(&story.unit, &command->instance_id);
    const struct wf_task *task = instance ? wf_instance_task(instance, command->task_n) : NULL;
    const struct wf_incident *incident = task ? task->incident : instance ? instance->incident : NULL;

    command->incident_id = incident ? incident->id : "none";
    command->has_instance_id = true;
    command->task_n = 0;
}

static enum wf_operation
read_operation(const char *name, const char *rest)
{
    enum wf_operation operation;

    if (strcmp(name, "notify") == 0 || strcmp(name, "subscribe") == 0 || strcmp(name, "unsubscribe") == 0) {
        cr_assert(wf_operation_from_name(name, &operation));
        return operation;
    }
    static const char *const of_instances[] = {"init", "show", "suspend", "resume", "cancel", "modify"};
    const char *of = strcmp(name, "set") != 0 ? "task" : strstr(rest, "entity:") ? "entity" : "variables";

    for (size_t i = 0; i < sizeof of_instances / sizeof *of_instances; i++)
        if (strcmp(name, of_instances[i]) == 0)
            of = "instance";
    if (strcmp(name, "retry") == 0)
        of = "incident";
    cr_assert(wf_operation_from_name(wf_arena_printf(&story.arena, "%s-%s", name, of), &operation), "%s?", name);
    return operation;
}

/* Who is told of: what works for the task, the last attempt unless one is named. */
static void
name_remote(struct wf_command *command)
{
    const struct wf_instance *instance = wf_unit_instance(&story.unit, &command->instance_id);
    char text[WF_UUID_TEXT + 1];

    command->remote_engine = "elsewhere";
    command->remote_instance_id = "somebody";
    for (size_t i = 0; instance && i < instance->remote_count; i++) {
        const struct wf_remote *remote = instance->remotes[i];
        if (remote->n != command->task_n || (command->attempt && remote->attempt != command->attempt))
            continue;
        wf_uuid_format(&remote->instance_id, text);
        command->remote_engine = remote->engine;
        command->remote_instance_id = wf_arena_strdup(&story.arena, text);
    }
    command->has_instance_id = true;
    command->attempt = 0;
}

static struct wf_command
read_command(const char *text)
{
    struct wf_command command = {.has_instance_id = true, .id = "topic/0/1"};
    char *rest = wf_arena_strdup(&story.arena, text), *name = strsep(&rest, " ");
    int at = 0;

    command.operation = read_operation(name, text);
    if (command.operation == WF_OP_INIT_INSTANCE)
        command.process_id = "p";
    for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
        if (*word && !read_member(&command, word))
            read_word(&command, at++, word);
    if (!command.instance_id.bytes[15])
        command.instance_id.bytes[15] =
            (uint8_t)(check_instances() + (command.operation == WF_OP_INIT_INSTANCE ? 1 : 0));
    if (command.operation == WF_OP_NOTIFY)
        name_remote(&command);
    if (command.operation == WF_OP_RETRY_INCIDENT)
        name_incident(&command);
    if (!command.has_instance_id)
        command.instance_id = (struct wf_uuid){{0}};
    return command;
}

static void
tell_task(struct wf_buf *text, const struct wf_event *event)
{
    const struct wf_task *task = &event->task;

    wf_buf_printf(text, "%d %s %s", task->n, task->activity->act_id, wf_task_state_name(task->state));
    if (task->completion_flag && !wf_task_state_open(task->state))
        wf_buf_printf(text, " %s", task->completion_flag);
    if (task->staff_id && wf_task_state_open(task->state))
        wf_buf_printf(text, " @%s", task->staff_id);
    if (task->grantor_id && wf_task_state_open(task->state))
        wf_buf_printf(text, " for %s", task->grantor_id);
    if (task->executor_id && wf_task_state_open(task->state))
        wf_buf_printf(text, " %s!", task->executor_id);
    for (size_t i = 0; i < event->joined_count; i++)
        wf_buf_printf(text, "%s%s", i ? "," : " +", event->joined[i].pre_act_id ? event->joined[i].pre_act_id : "");
    if (task->attempt > 1)
        wf_buf_printf(text, " #%d", task->attempt);
    if (event->job)
        wf_buf_puts(text, " job");
    if (task->incident)
        wf_buf_printf(text, " !%s", task->incident->code);
    if (!story.batches)
        return;
    wf_buf_printf(text, " (%d.%d)", task->serial_no, task->branch_no);
    if (event->opened[0])
        wf_buf_printf(text, " opens %d", event->opened[0]);
    if (event->closed[0])
        wf_buf_printf(text, " closes %d", event->closed[0]);
}

static void
tell_instance(struct wf_buf *text, const struct wf_event *event)
{
    wf_buf_puts(text, wf_instance_state_name(event->instance_state));
    if (event->instance_flag)
        wf_buf_printf(text, " %s", event->instance_flag);
    if (story.command.entity_id)
        wf_buf_printf(text, " entity:%s", event->entity_id);
    if (event->variables)
        wf_buf_printf(text, " vars:%s", event->variables);
    if (event->incident)
        wf_buf_printf(text, " !%s", event->incident->code);
}

static void
tell_request(struct wf_buf *text, const struct wf_request *request)
{
    if (text->length)
        wf_buf_puts(text, "; ");
    switch (request->kind) {
    case WF_REQUEST_START:
        wf_buf_printf(text, "to %s: start %s", request->remote.engine, request->remote.process_id);
        return;
    case WF_REQUEST_CHANGE:
        wf_buf_printf(text, "to %s: %s", request->remote.engine, wf_operation_name(request->operation));
        return;
    case WF_REQUEST_NOTIFY:
        wf_buf_printf(text, "tell %s %s", request->requester, wf_instance_state_name(request->state));
        if (request->completion_flag)
            wf_buf_printf(text, " %s", request->completion_flag);
        if (request->code)
            wf_buf_printf(text, " %s", request->code);
        wf_buf_puts(text, request->again ? " again" : "");
    }
}

static void
tell_outcome(struct wf_buf *text, const struct wf_outcome *outcome)
{
    if (outcome->result != WF_RESULT_APPLIED)
        wf_buf_puts(text, wf_result_name(outcome->result));
    if (outcome->result == WF_RESULT_REJECTED)
        wf_buf_printf(text, " %s", wf_code_name(outcome->code));
    for (size_t i = 0; i < outcome->flag_count; i++)
        wf_buf_printf(text, "%s%s", i ? "," : " flags:", outcome->flags[i]);
    for (size_t i = 0; outcome->faults && i < outcome->faults->count; i++)
        wf_buf_printf(text, "%s%s", i ? "," : " faults:", outcome->faults->items[i].code);
    if (outcome->forward && outcome->candidate)
        wf_buf_printf(text, "forward to %d", outcome->candidate->partition);
    else if (outcome->forward)
        wf_buf_puts(text, "forward to the next database");
    if (outcome->version)
        wf_buf_printf(text, "%s %d", outcome->process_id, outcome->version);
    if (story.command.operation == WF_OP_SHOW_INSTANCE)
        for (size_t i = 0; i < outcome->started_count; i++)
            wf_buf_printf(text, "%s%d", i ? "," : "tasks ", outcome->started[i]);
}

static const char *
tell(void)
{
    const struct wf_unit *unit = &story.unit;
    WF_SCOPED(wf_buf_drop) struct wf_buf text = {0};

    for (size_t i = 0; i < unit->event_count; i++) {
        wf_buf_puts(&text, i ? "; " : "");
        if (unit->events[i].kind == WF_EVENT_TASK)
            tell_task(&text, &unit->events[i]);
        else
            tell_instance(&text, &unit->events[i]);
    }
    for (size_t i = 0; i < unit->request_count; i++)
        tell_request(&text, &unit->requests[i]);
    if (text.length && unit->outcome.result != WF_RESULT_APPLIED)
        wf_buf_puts(&text, "; ");
    tell_outcome(&text, &unit->outcome);
    return wf_arena_strndup(&story.arena, wf_buf_text(&text), text.length);
}

void
story_answers(const char *answers)
{
    story.answers = answers;
}

/* "yes", "no", or names between commas. */
static void
read_answer(struct wf_answer *answer, char *text)
{
    size_t capacity = 0;

    answer->holds = strcmp(text, "yes") == 0;
    for (char *id = strsep(&text, ","); id; id = strsep(&text, ","))
        if (*id)
            WF_ARENA_PUSH(&story.arena, answer->ids, answer->id_count, capacity, id);
}

/* What a person had before this unit: what they have now without what the unit changed. */
static void
answer_loads(struct wf_question *question)
{
    struct wf_unit *unit = &story.unit;
    int32_t open = -wf_load_of(unit, question->subject)->change;
    struct wf_answer answer = {.error = NULL};

    for (size_t i = 0; i < unit->instance_count; i++)
        for (size_t t = 0; t < unit->instance_list[i]->task_count; t++) {
            const struct wf_task *task = unit->instance_list[i]->tasks[t];
            open += task->staff_id && strcmp(task->staff_id, question->subject) == 0;
        }
    wf_load_known(unit, question->subject, open, 0);
    wf_question_answered(question, &answer);
}

static void
answer_token(struct wf_question *question)
{
    struct wf_answer answer = {.error = NULL};

    wf_token_known(&story.unit, question->subject, NULL);
    wf_question_answered(question, &answer);
}

static void
answer_function(struct wf_question *question)
{
    char *rest = wf_arena_strdup(&story.arena, story.answers ? story.answers : "");
    size_t length = strlen(question->subject);
    struct wf_answer answer = {.error = NULL};

    for (char *line = strsep(&rest, ";"); line; line = strsep(&rest, ";")) {
        line += strspn(line, " ");
        if (strncmp(line, question->subject, length) != 0 || (line[length] != '=' && line[length] != '!'))
            continue;
        if (line[length] == '!')
            answer.error = line + length + 1;
        else
            read_answer(&answer, line + length + 1);
        wf_question_answered(question, &answer);
        return;
    }
    cr_assert_fail("nobody answers %s \"%s\"", wf_question_kind_name(question->kind), question->subject);
}

static void
answer_question(struct wf_question *question)
{
    switch (question->kind) {
    case WF_QUESTION_LOADS: answer_loads(question); break;
    case WF_QUESTION_TOKEN: answer_token(question); break;
    default: answer_function(question); break;
    }
}

/* The shell's part of a question: answers them all, having seen that the command left no trace. */
static void
answer_all(void)
{
    struct wf_unit *unit = &story.unit;
    size_t length = strlen(story.asked);

    check_undone();
    cr_assert_gt(unit->question_count, 0);
    for (size_t i = 0; i < unit->question_count; i++) {
        length += (size_t)snprintf(story.asked + length, sizeof story.asked - length, "%s%s",
                                   i ? "," : length ? " " : "", unit->questions[i]->subject);
        answer_question(unit->questions[i]);
        story.last_question = unit->questions[i];
    }
    unit->question_count = 0;
}

const char *
story_applies(const struct wf_command *command)
{
    story.command = *command;
    story.commands++;
    story.asked[0] = '\0';
    story.unit.now += WF_SECOND;
    check_before();
    wf_dispatch(&story.unit, &story.command);
    for (; story.unit.outcome.asks; wf_dispatch(&story.unit, &story.command)) {
        answer_all();
        story.command.asked++;
    }
    check_after();
    return tell();
}

const char *
story_does(const char *text)
{
    struct wf_command command = read_command(text);

    return story_applies(&command);
}

/* What falls due next, of all instances, by its time; false: nothing up to now. */
static bool
next_due(struct wf_command *ret_command)
{
    int64_t earliest = story.unit.now + 1;

    for (size_t i = 0; i < story.unit.instance_count; i++) {
        const struct wf_instance *instance = story.unit.instance_list[i];
        struct wf_command command = {.operation = WF_OP_FIRE_TIMER, .id = "timer:x", .has_instance_id = true,
                                     .instance_id = instance->instance_id};
        if (instance->state == WF_INSTANCE_SUSPENDED || wf_instance_state_over(instance->state))
            continue; /* the store keeps their timers back */
        if (instance->timed && instance->due_at < earliest) {
            command.timer = WF_TIMER_INSTANCE;
            command.timer_at = earliest = instance->due_at;
            *ret_command = command;
        }
        for (size_t t = 0; t < instance->task_count; t++)
            if (instance->tasks[t]->timer && instance->tasks[t]->timer_at < earliest) {
                command.task_n = instance->tasks[t]->n;
                command.timer = instance->tasks[t]->timer;
                command.timer_at = earliest = instance->tasks[t]->timer_at;
                *ret_command = command;
            }
    }
    return earliest <= story.unit.now;
}

const char *
story_waits(int seconds)
{
    const char *told = "";
    struct wf_command command;

    story.unit.now += seconds * WF_SECOND;
    for (int fired = 0; next_due(&command); fired++) {
        cr_assert_lt(fired, 100, "timers without end");
        told = wf_arena_printf(&story.arena, "%s%s%s", told, fired ? " | " : "", story_applies(&command));
    }
    return told;
}

void
story_load(const char *institution)
{
    struct wf_command command = {.operation = WF_OP_LOAD_INSTITUTION, .id = "t/0/1",
                                 .institution = story_institution(institution)};

    SAME(story_applies(&command), "");
    wf_institution_drop(command.institution);
}

static void
copy_instance(const struct wf_instance *from)
{
    struct wf_unit *unit = &story.unit;
    struct wf_instance *instance = wf_unit_add_instance(unit, &from->instance_id);

    *instance = *from;
    instance->stored = true;
    instance->dirty = false;
    instance->touched = 0;
    instance->raised = NULL;
    instance->resolved = NULL;
    instance->raised_count = instance->raised_capacity = instance->resolved_count = instance->resolved_capacity = 0;
    instance->done = NULL;
    instance->done_count = instance->done_capacity = 0;
    instance->handed_on = NULL;
    instance->handed_on_count = instance->handed_on_capacity = 0;
    instance->tasks = NULL;
    instance->batches = NULL;
    instance->task_count = instance->task_capacity = instance->batch_count = instance->batch_capacity = 0;
    for (size_t i = 0; i < from->task_count; i++) {
        struct wf_task *task = wf_unit_add_task(unit, instance);
        *task = *from->tasks[i];
        task->instance = instance;
        task->stored = true;
        task->dirty = false;
        task->touched = 0;
    }
    instance->remotes = NULL;
    instance->remote_count = instance->remote_capacity = 0;
    for (size_t i = 0; i < from->remote_count; i++) {
        struct wf_remote *remote = wf_unit_add_remote(unit, instance);
        *remote = *from->remotes[i];
        remote->stored = true;
        remote->touched = 0;
    }
    for (size_t i = 0; i < from->batch_count; i++) {
        struct wf_batch *batch = wf_unit_add_batch(unit, instance);
        *batch = *from->batches[i];
        batch->stored = true;
        batch->touched = 0;
    }
}

void
story_reload(void)
{
    struct wf_unit old = story.unit;

    unit_begin();
    story.unit.now = old.now;
    for (size_t i = 0; i < old.deployed_count; i++)
        story.processes[story.process_count++] = old.deployed[i];
    for (size_t i = 0; i < old.instance_count; i++)
        copy_instance(old.instance_list[i]);
    for (size_t i = 0; i < old.seen_count; i++) {
        old.seen_list[i]->stored = true;
        wf_unit_add_seen(&story.unit, old.seen_list[i]);
    }
}
