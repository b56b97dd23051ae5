/*
 * load.c - the first half of a unit of work: fencing, what is remembered, and the state of
 * the instances concerned, in one round trip (EOS-4, EOS-15); what only some have, in one more (load_rest.c).
 */
#include "core/dispatch.h"
#include "store/automation.h"
#include "store/load.h"

/* The statements that load instances, in the order of their calls. */
static const enum wf_statement loads[] = {WF_STATEMENT_INSTANCE_LOAD, WF_STATEMENT_TASK_LOAD};

/* Which of the instances are to be asked for. */
static void
ids_collect(struct wf_loading *loading, const struct wf_uuid *ids, size_t count)
{
    struct wf_arena *arena = loading->unit->arena;
    struct wf_map asked = {0};

    loading->ids = WF_ARENA_ARRAY(arena, const struct wf_uuid *, count + 1);
    loading->asked = WF_ARENA_ARRAY(arena, struct wf_instance *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct wf_uuid *id = &ids[i];
        if (wf_unit_instance(loading->unit, id) || wf_map_get(&asked, id->bytes, sizeof id->bytes))
            continue;
        wf_map_put(&asked, arena, id->bytes, sizeof id->bytes, loading);
        loading->ids[loading->count++] = id;
    }
}

static void
loads_send(struct wf_loading *loading, struct wf_pipeline *pipeline)
{
    loading->first = pipeline->count;
    for (size_t l = 0; loading->count && l < sizeof loads / sizeof *loads; l++) {
        struct wf_table *table = wf_store_table(loading->store, loads[l]);
        for (size_t i = 0; i < loading->count; i++) {
            wf_table_row(table);
            wf_table_uuid(table, loading->ids[i]);
        }
        wf_pipeline_send(pipeline, table);
    }
}

struct wf_instance *
wf_loading_instance(const struct wf_loading *loading, const struct wf_rows *rows, int row)
{
    return loading->asked[wf_rows_long(rows, row, 0) - 1];
}

bool
wf_loading_activity(const struct wf_loading *loading, const struct wf_instance *instance, const char *act_id,
                    struct wf_activity **ret_activity)
{
    *ret_activity = act_id ? wf_process_activity(instance->process, act_id) : NULL;
    if (*ret_activity || !act_id)
        return true;
    wf_verdict_fail(WF_VERDICT_FATAL, loading->reterr, "process \"%s\" version %d has no activity \"%s\"",
                    instance->process->process_id, instance->process->version, act_id);
    return false;
}

static bool
instance_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_unit *unit = loading->unit;
    struct wf_arena *arena = unit->arena;
    const char *process_id = wf_rows_peek(rows, r, 2);
    int32_t version = wf_rows_int(rows, r, 3);
    struct wf_process *process = unit->process_find(unit->context, process_id, version);
    size_t at = (size_t)wf_rows_long(rows, r, 0) - 1;
    enum wf_instance_state state;

    if (!process || !wf_instance_state_from_name(wf_rows_peek(rows, r, 4), &state)) {
        wf_verdict_fail(WF_VERDICT_FATAL, loading->reterr, "process \"%s\" version %d cannot be loaded", process_id,
                        version);
        return false;
    }
    struct wf_instance *instance = loading->asked[at] = wf_unit_add_instance(unit, loading->ids[at]);
    instance->process = process;
    instance->state = state;
    instance->partition = wf_rows_int(rows, r, 1);
    instance->entity_id = wf_rows_text(rows, r, 5, arena);
    instance->variables = wf_rows_text(rows, r, 6, arena);
    instance->completion_flag = wf_rows_text(rows, r, 7, arena);
    instance->requester = wf_rows_text(rows, r, 8, arena);
    instance->notifyto = wf_rows_text(rows, r, 9, arena);
    instance->correlation_id = wf_rows_text(rows, r, 10, arena);
    instance->actor = wf_rows_text(rows, r, 11, arena);
    instance->hops = wf_rows_int(rows, r, 12);
    instance->next_n = wf_rows_int(rows, r, 13);
    instance->next_serial = wf_rows_int(rows, r, 14);
    instance->ends = wf_rows_int(rows, r, 15);
    instance->position = wf_rows_int(rows, r, 16);
    instance->task_sequence = wf_rows_int(rows, r, 17);
    instance->reached_completion = wf_rows_bool(rows, r, 18);
    instance->reached_flag = wf_rows_text(rows, r, 19, arena);
    instance->last_flag = wf_rows_text(rows, r, 20, arena);
    instance->date_created = wf_rows_time(rows, r, 21);
    instance->date_completed = wf_rows_time(rows, r, 22);
    instance->date_changed = wf_rows_time(rows, r, 23);
    instance->due_at = wf_rows_time(rows, r, 24);
    instance->timed = wf_rows_bool(rows, r, 25);
    instance->incident = wf_incident_read(rows, r, 26, 0, arena);
    instance->subscribed = wf_rows_bool(rows, r, 32);
    wf_unit_add_first_batch(unit, instance);
    instance->stored_timed = instance->timed && wf_timers_run(instance);
    instance->stored = true;
    return true;
}

static void
arrival_read(struct wf_loading *loading, struct wf_task *task, const struct wf_rows *rows, int r)
{
    struct wf_arena *arena = loading->unit->arena;
    struct wf_arrival arrival = {
        .pre_act_id = wf_rows_text(rows, r, 23, arena),
        .serial_no = wf_rows_int(rows, r, 24),
        .branch_no = wf_rows_int(rows, r, 25),
        .flag = wf_rows_text(rows, r, 26, arena),
    };

    if (!wf_rows_null(rows, r, 22))
        WF_ARENA_PUSH(arena, task->arrivals, task->arrival_count, task->arrival_capacity, arrival);
}

size_t
wf_loading_ids(const struct wf_rows *rows, int row, int column, struct wf_arena *arena, const char ***ret_ids)
{
    char *text = wf_arena_strdup(arena, wf_rows_peek(rows, row, column));
    const char **ids = NULL;
    size_t count = 0, capacity = 0;

    for (char *id = strsep(&text, WF_IDS_JOIN); id; id = strsep(&text, WF_IDS_JOIN))
        WF_ARENA_PUSH(arena, ids, count, capacity, id);
    *ret_ids = !count ? NULL : wf_arena_memdup(arena, ids, count * sizeof *ids); /* no more room than there are */
    return count;
}

static void
task_fill(struct wf_task *task, const struct wf_rows *rows, int r, struct wf_arena *arena)
{
    task->n = wf_rows_int(rows, r, 1);
    task->pre_act_id = wf_rows_text(rows, r, 4, arena);
    task->serial_no = wf_rows_int(rows, r, 5);
    task->branch_no = wf_rows_int(rows, r, 6);
    task->staff_id = wf_rows_text(rows, r, 7, arena);
    task->grantor_id = wf_rows_text(rows, r, 8, arena);
    task->executor_id = wf_rows_text(rows, r, 9, arena);
    task->group_id = wf_rows_text(rows, r, 11, arena);
    task->completion_flag = wf_rows_text(rows, r, 12, arena);
    task->attempt = wf_rows_int(rows, r, 13);
    task->date_created = wf_rows_time(rows, r, 14);
    task->date_waiting = wf_rows_time(rows, r, 15);
    task->date_processing = wf_rows_time(rows, r, 16);
    task->date_changed = wf_rows_time(rows, r, 17);
    task->waiting_time = wf_rows_long(rows, r, 18);
    task->paused_time = wf_rows_long(rows, r, 19);
    task->due_at = wf_rows_time(rows, r, 20);
    task->unassigned = wf_rows_bool(rows, r, 21);
    task->candidate_count = wf_loading_ids(rows, r, 27, arena, &task->candidates);
    task->stored_candidates = task->candidates;
    if (!wf_rows_null(rows, r, 28) && wf_timer_from_name(wf_rows_peek(rows, r, 28), &task->timer))
        task->timer_at = wf_rows_time(rows, r, 29);
    task->incident = wf_incident_read(rows, r, 30, task->n, arena);
    task->given_back = wf_rows_int(rows, r, 36);
    if (wf_timers_run(task->instance)) {
        task->stored_timer = task->timer;
        task->stored_timer_at = task->timer_at;
    }
    task->stored = true;
}

/* A task that has gathered arrivals has a row for each of them. */
static bool
task_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_activity *activity;
    enum wf_task_state state;
    enum wf_based_on based_on = WF_BASED_ON_NONE;

    if (!instance)
        return true; /* its row came between two statements */
    if (instance->task_count && instance->tasks[instance->task_count - 1]->n == wf_rows_int(rows, r, 1)) {
        arrival_read(loading, instance->tasks[instance->task_count - 1], rows, r);
        return true;
    }
    if (!wf_loading_activity(loading, instance, wf_rows_peek(rows, r, 3), &activity))
        return false;
    if (!wf_task_state_from_name(wf_rows_peek(rows, r, 2), &state) ||
        (!wf_rows_null(rows, r, 10) && !wf_based_on_from_name(wf_rows_peek(rows, r, 10), &based_on))) {
        wf_verdict_fail(WF_VERDICT_FATAL, loading->reterr, "task state \"%s\" is not known", wf_rows_peek(rows, r, 2));
        return false;
    }
    struct wf_task *task = wf_unit_add_task(loading->unit, instance);
    task->activity = activity;
    task->state = state;
    task->group_based_on = based_on;
    task_fill(task, rows, r, loading->unit->arena);
    arrival_read(loading, task, rows, r);
    return true;
}

/* What cannot be read is fatal, unless process_find met with a failure and ended the unit. */
static enum wf_verdict
failure_of(const struct wf_store *store)
{
    if (PQstatus(store->connection) != CONNECTION_OK)
        return WF_VERDICT_RECONNECT;
    return store->unit_open ? WF_VERDICT_FATAL : store->unit_verdict;
}

/* process_find may send statements of its own: by now all results are here. */
static enum wf_verdict
instances_read(struct wf_loading *loading, const struct wf_pipeline *pipeline)
{
    static wf_loading_reader *const readers[] = {instance_read, task_read};

    for (size_t l = 0; loading->count && l < sizeof readers / sizeof *readers; l++) {
        struct wf_rows rows = wf_pipeline_rows(pipeline, loading->first + l);
        for (int r = 0; r < rows.count; r++)
            if (!readers[l](loading, &rows, r))
                return failure_of(loading->store);
    }
    return wf_load_rest(loading);
}

static void
advance_send(struct wf_store *store, struct wf_pipeline *pipeline, const struct wf_work *work)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_PARTITION_ADVANCE);
    struct wf_table *published = wf_store_table(store, WF_STATEMENT_OUTBOX_DELETE);

    for (size_t i = 0; i < work->partition_count; i++) {
        const struct wf_work_partition *partition = &work->partitions[i];
        wf_table_row(table);
        wf_table_int(table, partition->partition);
        wf_table_int(table, partition->epoch);
        wf_table_longs(table, partition->positions, WF_COMMAND_TOPICS);
        wf_table_longs(table, partition->position_times, WF_COMMAND_TOPICS);
        wf_table_int(table, partition->published_number);
        wf_table_int(table, partition->tries);
        wf_table_row(published);
        wf_table_int(published, partition->partition);
        wf_table_int(published, partition->published_number);
    }
    wf_pipeline_send(pipeline, table);
    wf_pipeline_send(pipeline, published);
}

static enum wf_verdict
advance_read(struct wf_work *work, const struct wf_rows *rows, struct wf_error *reterr)
{
    if ((size_t)rows->count != work->partition_count)
        return wf_verdict_fail(WF_VERDICT_NOT_OWNER, reterr, "%zu of %zu partitions are somebody else's",
                               work->partition_count - (size_t)rows->count, work->partition_count);
    for (int r = 0; r < rows->count; r++)
        for (size_t p = 0; p < work->partition_count; p++)
            if (work->partitions[p].partition == wf_rows_int(rows, r, 0))
                work->partitions[p].outbox_number = wf_rows_long(rows, r, 1);
    work->now = work->unit->now = wf_rows_time(rows, 0, 2);
    work->institution_version = wf_rows_long(rows, 0, 3);
    work->definition_version = wf_rows_long(rows, 0, 4);
    return WF_VERDICT_OK;
}

static void
seen_send(struct wf_store *store, struct wf_pipeline *pipeline, const struct wf_work *work)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_COMMAND_ID_FIND);

    for (size_t i = 0; i < work->command_count; i++) {
        struct wf_uuid scope = wf_command_scope(work->commands[i]);
        wf_table_row(table);
        wf_table_uuid(table, &scope);
        wf_table_uuid(table, &work->commands[i]->id_hash);
    }
    wf_pipeline_send(pipeline, table);
}

static void
seen_read(struct wf_work *work, const struct wf_rows *rows)
{
    for (int r = 0; r < rows->count; r++) {
        const struct wf_command *command = work->commands[wf_rows_long(rows, r, 0) - 1];
        struct wf_uuid scope = wf_command_scope(command);
        if (wf_unit_seen(work->unit, &scope, &command->id_hash))
            continue; /* the id came twice */
        struct wf_seen *seen = WF_ARENA_NEW(work->unit->arena, struct wf_seen);
        seen->scope = scope;
        seen->id_hash = command->id_hash;
        seen->data_hash = wf_rows_long(rows, r, 1);
        seen->position = wf_rows_int(rows, r, 2);
        seen->task_n = wf_rows_int(rows, r, 3);
        seen->instance_id = wf_rows_null(rows, r, 4) ? scope : wf_rows_uuid(rows, r, 4);
        seen->stored = true;
        wf_unit_add_seen(work->unit, seen);
    }
}

enum wf_verdict
wf_store_load(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_loading loading = {.store = store, .unit = work->unit, .reterr = reterr};

    if (store->unit_open || !work->partition_count)
        return wf_store_abandon(store, wf_verdict_fail(WF_VERDICT_FATAL, reterr, "a unit is open, or it has no partition"));

    enum { ADVANCED = 1, SEEN = 3 }; /* calls */
    wf_pipeline_send_plain(&pipeline, WF_STATEMENT_BEGIN);
    advance_send(store, &pipeline, work);
    seen_send(store, &pipeline, work);
    ids_collect(&loading, work->instance_ids, work->instance_count);
    loads_send(&loading, &pipeline);

    store->unit_open = true;
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict == WF_VERDICT_OK) {
        struct wf_rows advanced = wf_pipeline_rows(&pipeline, ADVANCED);
        verdict = advance_read(work, &advanced, reterr);
    }
    if (verdict == WF_VERDICT_OK) {
        struct wf_rows seen = wf_pipeline_rows(&pipeline, SEEN);
        seen_read(work, &seen);
        verdict = instances_read(&loading, &pipeline);
    }
    return wf_store_abandon(store, verdict);
}

enum wf_verdict
wf_store_load_instances(struct wf_store *store, struct wf_work *work, const struct wf_uuid *ids, size_t count,
                        struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_loading loading = {.store = store, .unit = work->unit, .reterr = reterr};

    ids_collect(&loading, ids, count);
    if (!loading.count)
        return WF_VERDICT_OK;
    loads_send(&loading, &pipeline);
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = instances_read(&loading, &pipeline);
    return wf_store_abandon(store, verdict);
}

enum wf_verdict
wf_store_rollback(struct wf_store *store, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};

    if (!store->unit_open)
        return WF_VERDICT_OK;
    store->unit_open = false;
    wf_pipeline_send_plain(&pipeline, WF_STATEMENT_ROLLBACK);
    return wf_pipeline_finish(&pipeline, reterr);
}
