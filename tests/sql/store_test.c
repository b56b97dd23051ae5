/*
 * store_test.c - what a unit of work writes, it reads again.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "scratch.h"

static struct wf_store *store;
static struct wf_claim claim;
static struct wf_error error;

static void
up(void)
{
    if (!scratch_possible())
        cr_skip_test("PAWL_TEST_DATABASE is not set");
    scratch_up(4);
    store = scratch_store();
    claim = scratch_claim(store, 2);
}

static void
down(void)
{
    if (!scratch_possible())
        return;
    wf_store_close(store);
    scratch_down();
}

TestSuite(store, .init = up, .fini = down, .timeout = 60);

#define OK(call) cr_assert_eq((call), WF_VERDICT_OK, "%s", error.message)

static void
text_eq(const char *got, const char *wanted)
{
    cr_assert((!got && !wanted) || (got && wanted && strcmp(got, wanted) == 0), "got %s, wanted %s", got ? got : "null",
              wanted ? wanted : "null");
}

/* Loads one instance in a new unit. */
static struct wf_instance *
load(struct scratch_unit *unit, const struct wf_uuid *id)
{
    scratch_begin(unit, &claim);
    unit->work.instance_ids = id;
    unit->work.instance_count = 1;
    OK(wf_store_load(store, &unit->work, &error));
    return wf_unit_instance(&unit->unit, id);
}

static void
save(struct scratch_unit *unit)
{
    OK(wf_store_save(store, &unit->work, &error));
    wf_arena_drop(&unit->arena);
}

static const struct wf_incident instance_incident = {.id = "i:0/9", .code = "broken", .date_created = 5};
static const struct wf_incident task_incident = {.id = "i:1/8", .code = "timeout", .detail = "\"late\"", .n = 1,
                                                 .attempt = 3, .timer = WF_TIMER_END, .date_created = 7};

static void
incident_eq(const struct wf_incident *got, const struct wf_incident *wanted)
{
    cr_assert_eq(!got, !wanted);
    if (!got)
        return;
    text_eq(got->id, wanted->id);
    text_eq(got->code, wanted->code);
    text_eq(got->detail, wanted->detail);
    cr_assert_eq(got->attempt, wanted->attempt);
    cr_assert_eq(got->timer, wanted->timer);
    cr_assert_eq(got->date_created, wanted->date_created);
}

static void
fill_instance(struct wf_instance *instance)
{
    instance->state = WF_INSTANCE_STALLED;
    instance->entity_id = "entity \"1\" \xc3\xa9";
    instance->variables = "{\"a\": 1.50}";
    instance->requester = "{\"engine\": \"south\"}";
    instance->notifyto = "topic";
    instance->correlation_id = "c";
    instance->actor = "anna";
    instance->hops = 3;
    instance->ends = 4;
    instance->position = 17;
    instance->task_sequence = 15;
    instance->reached_completion = true;
    instance->reached_flag = "done";
    instance->last_flag = "yes";
    instance->due_at = instance->date_created + WF_SECOND;
    instance->timed = true;
    instance->incident = &instance_incident;
}

static void
fill_task(struct wf_task *task, int64_t now)
{
    task->pre_act_id = "start";
    task->serial_no = 2;
    task->branch_no = 3;
    task->staff_id = "anna";
    task->grantor_id = "ben";
    task->executor_id = "robot";
    task->group_based_on = WF_BASED_ON_TEAM;
    task->group_id = "board";
    task->completion_flag = "flag";
    task->attempt = 2;
    task->given_back = 1;
    task->date_waiting = now + 1;
    task->date_processing = now + 2;
    task->date_changed = now + 3;
    task->waiting_time = 11;
    task->paused_time = 12;
    task->due_at = now + WF_SECOND;
    task->timer = WF_TIMER_TAKE;
    task->timer_at = now + task->n * WF_SECOND;
    task->incident = &task_incident;
}

static void
task_eq(const struct wf_task *got, const struct wf_task *wanted)
{
    cr_assert_eq(got->n, wanted->n);
    cr_assert_eq(got->state, wanted->state);
    text_eq(got->activity->act_id, wanted->activity->act_id);
    text_eq(got->pre_act_id, wanted->pre_act_id);
    cr_assert_eq(got->serial_no, wanted->serial_no);
    cr_assert_eq(got->branch_no, wanted->branch_no);
    text_eq(got->staff_id, wanted->staff_id);
    text_eq(got->grantor_id, wanted->grantor_id);
    text_eq(got->executor_id, wanted->executor_id);
    cr_assert_eq(got->group_based_on, wanted->group_based_on);
    text_eq(got->group_id, wanted->group_id);
    text_eq(got->completion_flag, wanted->completion_flag);
    cr_assert_eq(got->attempt, wanted->attempt);
    cr_assert_eq(got->given_back, wanted->given_back);
    cr_assert_eq(got->date_created, wanted->date_created);
    cr_assert_eq(got->date_waiting, wanted->date_waiting);
    cr_assert_eq(got->date_processing, wanted->date_processing);
    cr_assert_eq(got->date_changed, wanted->date_changed);
    cr_assert_eq(got->waiting_time, wanted->waiting_time);
    cr_assert_eq(got->paused_time, wanted->paused_time);
    cr_assert_eq(got->due_at, wanted->due_at);
    cr_assert_eq(got->timer, wanted->timer);
    cr_assert_eq(got->timer_at, wanted->timer_at);
    cr_assert_eq(got->stored_timer, wanted->timer);
    cr_assert_eq(got->stored_timer_at, wanted->timer_at);
    incident_eq(got->incident, wanted->incident);
    cr_assert(got->stored && !got->dirty);
    cr_assert_eq(got->arrival_count, wanted->arrival_count);
    for (size_t i = 0; i < got->arrival_count; i++) {
        text_eq(got->arrivals[i].pre_act_id, wanted->arrivals[i].pre_act_id);
        cr_assert_eq(got->arrivals[i].serial_no, wanted->arrivals[i].serial_no);
        cr_assert_eq(got->arrivals[i].branch_no, wanted->arrivals[i].branch_no);
        text_eq(got->arrivals[i].flag, wanted->arrivals[i].flag);
    }
}

static void
instance_eq(const struct wf_instance *got, const struct wf_instance *wanted)
{
    text_eq(got->process->process_id, wanted->process->process_id);
    cr_assert_eq(got->partition, wanted->partition);
    cr_assert_eq(got->state, wanted->state);
    text_eq(got->entity_id, wanted->entity_id);
    text_eq(got->variables, wanted->variables);
    text_eq(got->completion_flag, wanted->completion_flag);
    text_eq(got->requester, wanted->requester);
    text_eq(got->notifyto, wanted->notifyto);
    text_eq(got->correlation_id, wanted->correlation_id);
    text_eq(got->actor, wanted->actor);
    cr_assert_eq(got->hops, wanted->hops);
    cr_assert_eq(got->next_n, wanted->next_n);
    cr_assert_eq(got->next_serial, wanted->next_serial);
    cr_assert_eq(got->ends, wanted->ends);
    cr_assert_eq(got->position, wanted->position);
    cr_assert_eq(got->task_sequence, wanted->task_sequence);
    cr_assert_eq(got->reached_completion, wanted->reached_completion);
    text_eq(got->reached_flag, wanted->reached_flag);
    text_eq(got->last_flag, wanted->last_flag);
    cr_assert_eq(got->date_created, wanted->date_created);
    cr_assert_eq(got->date_completed, wanted->date_completed);
    cr_assert_eq(got->date_changed, wanted->date_changed);
    cr_assert_eq(got->due_at, wanted->due_at);
    cr_assert_eq(got->timed, wanted->timed);
    cr_assert(got->stored_timed);
    incident_eq(got->incident, wanted->incident);
    cr_assert(got->stored && !got->dirty);
    cr_assert_eq(got->task_count, wanted->task_count);
    for (size_t i = 0; i < got->task_count; i++)
        task_eq(got->tasks[i], wanted->tasks[i]);
}

/* An instance with a task in each open state, one that gathers, a batch, a winner and a summary. */
static struct wf_instance *
make(struct scratch_unit *unit, const struct wf_uuid *id)
{
    struct wf_instance *instance = scratch_instance(unit, id, 2);

    fill_instance(instance);
    for (enum wf_task_state state = WF_TASK_PENDING; state <= WF_TASK_PAUSING; state++)
        fill_task(scratch_task(unit, instance, "check", state), unit->unit.now);
    struct wf_task *join = scratch_task(unit, instance, "join", WF_TASK_PENDING);
    struct wf_arrival first = {"check", 2, 1, "yes"}, second = {"start", 2, 2, NULL};
    WF_ARENA_PUSH(&unit->arena, join->arrivals, join->arrival_count, join->arrival_capacity, first);
    WF_ARENA_PUSH(&unit->arena, join->arrivals, join->arrival_count, join->arrival_capacity, second);
    scratch_task(unit, instance, "check", WF_TASK_WAITING); /* all else null */

    struct wf_batch *batch = wf_unit_add_batch(&unit->unit, instance);
    *batch = (struct wf_batch){.serial_no = instance->next_serial++, .parent_serial_no = 1, .parent_branch_no = 1,
                               .branches = 3, .opener = join->activity, .by_all = true, .opened_by = 1, .dirty = true};
    struct wf_winner winner = {.merge = wf_process_activity(instance->process, "pick"), .serial_no = 2, .branch_no = 3};
    WF_ARENA_PUSH(&unit->arena, instance->winners, instance->winner_count, instance->winner_capacity, winner);
    struct wf_summary summary = {.activity = join->activity, .serial_no = 2, .ended = 5, .flag = "f", .staff_id = "s",
                                 .last = 9, .dirty = true};
    WF_ARENA_PUSH(&unit->arena, instance->summaries, instance->summary_count, instance->summary_capacity, summary);
    return instance;
}

Test(store, everything_of_an_instance_comes_back)
{
    struct scratch_unit first, second;
    struct wf_uuid id = scratch_id(1);

    cr_assert_null(load(&first, &id));
    struct wf_instance *made = make(&first, &id);
    OK(wf_store_save(store, &first.work, &error));

    struct wf_instance *found = load(&second, &id);
    cr_assert_not_null(found);
    instance_eq(found, made);
    cr_assert_eq(found->batch_count, 2, "the first one is not stored, and always there");
    cr_assert_eq(found->batches[1]->serial_no, 2);
    cr_assert_eq(found->batches[1]->parent_serial_no, 1);
    cr_assert_eq(found->batches[1]->parent_branch_no, 1);
    cr_assert_eq(found->batches[1]->branches, 3);
    text_eq(found->batches[1]->opener->act_id, "join");
    cr_assert(found->batches[1]->by_all && found->batches[1]->opened_by == 1 && !found->batches[1]->closed_by);
    cr_assert_eq(found->winner_count, 1);
    text_eq(found->winners[0].merge->act_id, "pick");
    cr_assert(found->winners[0].serial_no == 2 && found->winners[0].branch_no == 3 && found->winners[0].stored);
    cr_assert_eq(found->summary_count, 1);
    cr_assert(found->summaries[0].ended == 5 && found->summaries[0].last == 9 && found->summaries[0].stored);
    text_eq(found->summaries[0].flag, "f");
    text_eq(found->summaries[0].staff_id, "s");
    OK(wf_store_rollback(store, &error));
    wf_arena_drop(&first.arena);
    wf_arena_drop(&second.arena);
}

/* Moves an open task to those that left the list in this unit. */
static void
finish(struct scratch_unit *unit, struct wf_instance *instance, size_t at, enum wf_task_state how)
{
    struct wf_task *task = instance->tasks[at];

    task->state = how;
    task->date_ended = unit->unit.now;
    memmove(&instance->tasks[at], &instance->tasks[at + 1], (instance->task_count - at - 1) * sizeof *instance->tasks);
    instance->task_count--;
    WF_ARENA_PUSH(&unit->arena, instance->done, instance->done_count, instance->done_capacity, task);
}

Test(store, only_the_difference_is_written)
{
    struct scratch_unit first, second, third;
    struct wf_uuid id = scratch_id(1);

    load(&first, &id);
    make(&first, &id);
    save(&first);

    struct wf_instance *found = load(&second, &id);
    found->dirty = true;
    found->variables = NULL;
    found->state = WF_INSTANCE_RUNNING;
    found->tasks[1]->staff_id = NULL;
    found->tasks[1]->dirty = true;
    found->tasks[4]->arrival_count = 1;
    found->tasks[4]->dirty = true;
    finish(&second, found, 0, WF_TASK_WITHDRAWN);
    struct wf_task *brief = scratch_task(&second, found, "start", WF_TASK_PENDING);
    cr_assert_eq(brief->n, 7);
    finish(&second, found, found->task_count - 1, WF_TASK_ENDED);
    found->batches[1]->closed_by = 7;
    found->batches[1]->dirty = true;
    found->summaries[0].ended = 6;
    found->summaries[0].dirty = true;
    OK(wf_store_save(store, &second.work, &error));
    cr_assert_eq(scratch_sql("select count(*) from workflow.to_do_task_list t join workflow.instance i "
                             "on t.xmin = i.xmin"), 2, "rows that did not change were not written");

    struct wf_instance *last = load(&third, &id);
    instance_eq(last, found);
    cr_assert_eq(last->batches[1]->closed_by, 7);
    cr_assert_eq(last->summaries[0].ended, 6);
    OK(wf_store_rollback(store, &error));
    cr_assert_eq(scratch_sql("select count(*) from workflow.have_done_tasks"), 2);
    cr_assert_eq(scratch_sql("select count(*) from workflow.have_done_tasks where n = 1 and how = 'withdrawn' and "
                             "waiting_time = 11 and staff_id = 'anna' and grantor_id = 'ben' and attempt = 2 and "
                             "date_ended = (select date_created from workflow.have_done_tasks where n = 7)"), 1);
    cr_assert_eq(scratch_sql("select count(*) from workflow.to_do_task_list"), 5);
    wf_arena_drop(&second.arena);
    wf_arena_drop(&third.arena);
}

Test(store, what_serves_a_running_instance_goes_with_its_end)
{
    struct scratch_unit first, second;
    struct wf_uuid id = scratch_id(1);

    load(&first, &id);
    make(&first, &id);
    save(&first);
    struct wf_instance *found = load(&second, &id);
    found->dirty = true;
    found->state = WF_INSTANCE_CANCELLED;
    found->date_completed = second.unit.now;
    while (found->task_count)
        finish(&second, found, 0, WF_TASK_WITHDRAWN);
    save(&second);
    cr_assert_eq(scratch_sql("select (select count(*) from workflow.batch_winner) + (select count(*) from "
                             "workflow.task_summary) + (select count(*) from workflow.to_do_task_list)"), 0);
    cr_assert_eq(scratch_sql("select count(*) from workflow.history_list where how = 'withdrawn'"), 6);
    cr_assert_eq(scratch_sql("select count(*) from workflow.instance_list where state = 'cancelled' and open_tasks = 0 "
                             "and date_completed is not null"), 1);
}

/* A rejected init-instance leaves an instance in the unit that nothing has touched (TSK-4). */
Test(store, what_was_undone_is_not_written)
{
    struct scratch_unit unit;
    struct wf_uuid id = scratch_id(1);

    load(&unit, &id);
    scratch_instance(&unit, &id, 2)->dirty = false;
    save(&unit);
    cr_assert_eq(scratch_sql("select count(*) from workflow.instance"), 0);
}

static void
command_begin(struct scratch_unit *unit, struct wf_command *command, struct wf_command **list)
{
    *list = command;
    scratch_begin(unit, &claim);
    unit->work.commands = list;
    unit->work.command_count = 1;
    OK(wf_store_load(store, &unit->work, &error));
}

Test(store, command_ids_are_remembered)
{
    struct wf_command command = {.operation = WF_OP_END_TASK, .id = "1", .id_given = true, .has_instance_id = true,
                                 .instance_id = scratch_id(1), .id_hash = scratch_id(100), .data_hash = -5};
    struct wf_command *list;
    struct scratch_unit unit;
    struct wf_uuid scope = scratch_id(1), other = scratch_id(7);

    command_begin(&unit, &command, &list);
    cr_assert_null(wf_unit_seen(&unit.unit, &scope, &command.id_hash));
    struct wf_seen seen[2] = {
        {.scope = scope, .id_hash = command.id_hash, .data_hash = -5, .instance_id = scope, .task_n = 3, .position = 9},
        {.scope = other, .id_hash = command.id_hash, .data_hash = 6},
    };
    wf_unit_add_seen(&unit.unit, &seen[0]);
    wf_unit_add_seen(&unit.unit, &seen[1]);
    save(&unit);

    command_begin(&unit, &command, &list);
    const struct wf_seen *found = wf_unit_seen(&unit.unit, &scope, &command.id_hash);
    cr_assert_not_null(found);
    cr_assert(found->data_hash == -5 && found->task_n == 3 && found->position == 9 && found->stored);
    cr_assert(wf_uuid_equal(&found->instance_id, &scope));
    cr_assert_eq(unit.unit.seen_count, 0);
    OK(wf_store_rollback(store, &error));
    wf_arena_drop(&unit.arena);
    cr_assert_eq(scratch_sql("select count(*) from workflow.command_id where date_created is null"), 1);
}

Test(store, a_lost_race_for_a_command_id_is_retried)
{
    struct scratch_unit mine, theirs;
    struct wf_store *other = scratch_store();
    struct wf_claim other_claim = scratch_claim(other, 3);
    struct wf_seen seen = {.scope = scratch_id(1), .id_hash = scratch_id(2), .instance_id = scratch_id(1)};

    scratch_begin(&mine, &claim);
    OK(wf_store_load(store, &mine.work, &error));
    scratch_begin(&theirs, &other_claim);
    OK(wf_store_load(other, &theirs.work, &error));
    wf_unit_add_seen(&mine.unit, &seen);
    wf_unit_add_seen(&theirs.unit, &seen);
    OK(wf_store_save(other, &theirs.work, &error));
    cr_assert_eq(wf_store_save(store, &mine.work, &error), WF_VERDICT_RETRY);
    wf_store_close(other);
    wf_arena_drop(&mine.arena);
    wf_arena_drop(&theirs.arena);
}

Test(store, bad_data_cuts_and_leaves_nothing)
{
    static const char *const bad[] = {"{\"a\": ", "{\"a\": \"\\u0000\"}", "{\"\xff\": 1}", "{\"a\": 1e999999}"};
    struct wf_uuid id = scratch_id(1);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct scratch_unit unit;
        cr_assert_null(load(&unit, &id));
        scratch_instance(&unit, &id, 2)->variables = bad[i];
        cr_assert_eq(wf_store_save(store, &unit.work, &error), WF_VERDICT_CUT, "%s: %s", bad[i], error.message);
        wf_arena_drop(&unit.arena);
    }
    cr_assert_eq(scratch_sql("select count(*) from workflow.instance"), 0);
    cr_assert_eq(scratch_sql("select max(outbox_number) from workflow.partition"), 0);
}

static void
note(void *context, const char *process_id, int32_t version)
{
    cr_assert_str_eq(process_id, "q");
    *(int32_t *)context = version;
}

static enum wf_verdict
deploy(int32_t version, const char *document)
{
    struct scratch_unit unit;
    struct wf_process *process = wf_process_new("q");

    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    process->version = version;
    process->document = document;
    WF_ARENA_PUSH(&unit.arena, unit.unit.deployed, unit.unit.deployed_count, unit.unit.deployed_capacity, process);
    enum wf_verdict verdict = wf_store_save(store, &unit.work, &error);
    wf_process_drop(process);
    wf_arena_drop(&unit.arena);
    return verdict;
}

Test(store, definitions)
{
    static const char text[] = "{\"process_id\": \"q\", \"routing\": [{\"to\": [\"b\"], \"from\": \"a\"}], \"activities\": "
                               "[{\"act_id\": \"a\", \"act_type\": \"initial\"}, {\"act_id\": \"b\", \"act_type\": \"completion\"}]}";
    struct wf_arena arena = {0};
    const char *document;
    int32_t same, latest, version;

    OK(wf_store_process_load(store, &arena, "q", 0, &document, &version, &error));
    cr_assert(!document && !version);
    OK(wf_store_process_match(store, "q", text, &same, &latest, &error));
    cr_assert(same == 0 && latest == 0);
    OK(deploy(1, text));
    cr_assert_eq(deploy(1, text), WF_VERDICT_RETRY); /* somebody was faster */
    cr_assert_eq(deploy(2, "{\"activities\": [{\"act_id\": \"a\"}]}"), WF_VERDICT_CUT);
    OK(wf_store_process_match(store, "q", text, &same, &latest, &error));
    cr_assert(same == 1 && latest == 1);
    OK(wf_store_process_load(store, &arena, "q", 0, &document, &version, &error));
    cr_assert(document && version == 1);
    cr_assert_not_null(strstr(document, "\"completion\""));
    OK(wf_store_latest_versions(store, note, &latest, &error));
    cr_assert_eq(latest, 1);
    cr_assert_eq(scratch_sql("select definition_version from workflow.catalog"), 1);
    wf_arena_drop(&arena);
}

static enum wf_verdict
institute(int64_t version, const char *document)
{
    struct scratch_unit unit;

    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    unit.work.institution_document = document;
    unit.work.institution_version = version - 1;
    unit.work.next_institution_version = version;
    enum wf_verdict verdict = wf_store_save(store, &unit.work, &error);
    wf_arena_drop(&unit.arena);
    return verdict;
}

Test(store, institution)
{
    struct wf_arena arena = {0};
    const char *document;
    int64_t version;
    struct wf_catalog catalog;

    OK(wf_store_institution_load(store, &arena, &document, &version, &error));
    cr_assert_eq(version, 0);
    text_eq(document, "{}");
    OK(institute(1, "{\"staff\": [{\"staff_id\": \"anna\"}]}"));
    cr_assert_eq(institute(1, "{}"), WF_VERDICT_RETRY);
    cr_assert_eq(institute(2, "{\"staff\": [{\"staff_id\": \"anna\", \"dept_id\": \"none\"}]}"), WF_VERDICT_CUT);
    OK(wf_store_institution_load(store, &arena, &document, &version, &error));
    cr_assert_eq(version, 1);
    text_eq(document, "{\"staff\": [{\"staff_id\": \"anna\"}]}");
    OK(wf_store_catalog(store, &catalog, &error));
    cr_assert(catalog.institution_version == 1 && catalog.partitions == 4);
    wf_arena_drop(&arena);
}

static long
timers(const char *where)
{
    return scratch_sql("select count(*) from workflow.timer where %s", where);
}

/* A task's timer and the table of timers are one: set, set anew, of another kind, gone, and kept while suspended. */
Test(store, timers_follow_their_tasks)
{
    struct scratch_unit unit;
    struct wf_uuid id = scratch_id(1);

    cr_assert_null(load(&unit, &id));
    struct wf_instance *instance = scratch_instance(&unit, &id, 2);
    struct wf_task *task = scratch_task(&unit, instance, "check", WF_TASK_WAITING);
    task->timer = WF_TIMER_TAKE;
    task->timer_at = unit.unit.now + 5 * WF_SECOND;
    scratch_task(&unit, instance, "check", WF_TASK_WAITING);
    instance->timed = true;
    instance->due_at = unit.unit.now + 9 * WF_SECOND;
    int64_t first = task->timer_at;
    OK(wf_store_save(store, &unit.work, &error));
    cr_assert_eq(unit.partition.timer_at, first);
    wf_arena_drop(&unit.arena);
    cr_assert_eq(timers("n = 1 and kind = 'take' and partition = 2"), 1);
    cr_assert_eq(timers("n = 0 and kind = 'instance'"), 1);

    instance = load(&unit, &id);
    instance->dirty = instance->tasks[0]->dirty = true;
    instance->tasks[0]->timer_at += WF_SECOND; /* set anew: the later one stays, though the first has fired */
    struct wf_due fired = {.instance_id = id, .n = 1, .timer = WF_TIMER_TAKE, .due_at = first};
    unit.work.fired = &fired;
    unit.work.fired_count = 1;
    save(&unit);
    cr_assert_eq(timers("n = 1"), 1);

    instance = load(&unit, &id);
    instance->dirty = true;
    instance->state = WF_INSTANCE_SUSPENDED; /* TSK-6: kept, but they do not run */
    save(&unit);
    cr_assert_eq(timers("true"), 0);

    instance = load(&unit, &id);
    cr_assert_eq(instance->tasks[0]->timer, WF_TIMER_TAKE);
    instance->dirty = true;
    instance->state = WF_INSTANCE_RUNNING;
    save(&unit);
    cr_assert_eq(timers("true"), 2);

    instance = load(&unit, &id);
    instance->dirty = instance->tasks[0]->dirty = true;
    instance->tasks[0]->timer = WF_TIMER_END;
    instance->timed = false;
    save(&unit);
    cr_assert_eq(timers("kind = 'end'"), 1);
    cr_assert_eq(timers("true"), 1);

    fired = (struct wf_due){.instance_id = id, .n = 1, .timer = WF_TIMER_END, .due_at = first + WF_SECOND};
    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    unit.work.fired = &fired; /* whatever came of it */
    unit.work.fired_count = 1;
    save(&unit);
    cr_assert_eq(timers("true"), 0);
}

/* What falls due first, in order, of the partitions asked for. */
Test(store, timers_in_order)
{
    struct scratch_unit unit;
    struct wf_uuid id = scratch_id(1);
    int32_t partitions[] = {1, 2};
    struct wf_due *due;
    int64_t now = 0;
    size_t count;

    cr_assert_null(load(&unit, &id));
    struct wf_instance *instance = scratch_instance(&unit, &id, 2);
    for (int i = 3; i > 0; i--) {
        struct wf_task *task = scratch_task(&unit, instance, "check", WF_TASK_WAITING);
        task->timer = WF_TIMER_TAKE;
        task->timer_at = unit.unit.now + i * WF_SECOND;
    }
    save(&unit);

    struct wf_arena arena = {0};
    OK(wf_store_timers(store, partitions, 1, 10, &arena, &due, &count, &now, &error));
    cr_assert_eq(count, 0);
    OK(wf_store_timers(store, partitions, 2, 2, &arena, &due, &count, &now, &error));
    cr_assert_eq(count, 2);
    cr_assert(due[0].n == 3 && due[1].n == 2 && due[0].due_at < due[1].due_at);
    cr_assert(due[0].partition == 2 && due[0].timer == WF_TIMER_TAKE && wf_uuid_equal(&due[0].instance_id, &id));
    cr_assert_gt(now, 0);
    wf_arena_drop(&arena);
}

Test(store, incidents)
{
    struct scratch_unit unit;
    struct wf_uuid id = scratch_id(1);
    const struct wf_incident *raised = &task_incident;
    struct wf_resolved resolved = {.id = task_incident.id, .date_resolved = 9 * WF_SECOND};

    cr_assert_null(load(&unit, &id));
    struct wf_instance *instance = scratch_instance(&unit, &id, 2);
    scratch_task(&unit, instance, "check", WF_TASK_WAITING)->incident = raised;
    instance->raised = &raised;
    instance->raised_count = 1;
    save(&unit);
    cr_assert_eq(scratch_sql("select count(*) from workflow.incident_list where date_resolved is null and act_id = 'check'"
                             " and attempt = 3 and code = 'timeout'"), 1);
    cr_assert_eq(scratch_sql("select incidents from workflow.instance_list"), 1);
    cr_assert_eq(scratch_sql("select count(*) from workflow.task_list where incident_id = 'i:1/8'"), 1);

    instance = load(&unit, &id);
    instance->dirty = true;
    instance->resolved = &resolved;
    instance->resolved_count = 1;
    save(&unit);
    cr_assert_eq(scratch_sql("select count(*) from workflow.incident where date_resolved is null"), 0);
}
