/*
 * automation.c - timers and incidents (STA-2, STA-3).
 *
 * A task or instance knows its timer; the table of timers has the same ordered by time, for whoever owns the partition.
 * What differs between the two is written with the unit, so that neither is ever without the other.
 */
#include "store/automation.h"

#include "base/json.h"

bool
wf_timers_run(const struct wf_instance *instance)
{
    return instance->state != WF_INSTANCE_SUSPENDED && !wf_instance_state_over(instance->state);
}

static void
timer_delete(struct wf_store *store, const struct wf_uuid *instance_id, int32_t n, enum wf_timer timer, int64_t due_at)
{
    struct wf_table *table = store->tables[WF_STATEMENT_TIMER_DELETE];

    wf_table_row(table);
    wf_table_uuid(table, instance_id);
    wf_table_int(table, n);
    wf_table_text(table, wf_timer_name(timer));
    wf_table_time(table, due_at);
}

static void
timer_put(struct wf_store *store, const struct wf_work *work, const struct wf_instance *instance, int32_t n,
          enum wf_timer timer, int64_t due_at)
{
    struct wf_table *table = store->tables[WF_STATEMENT_TIMER_PUT];

    wf_table_row(table);
    wf_table_uuid(table, &instance->instance_id);
    wf_table_int(table, n);
    wf_table_text(table, wf_timer_name(timer));
    wf_table_time(table, due_at);
    wf_table_int(table, instance->partition);
    for (size_t p = 0; p < work->partition_count; p++) {
        struct wf_work_partition *part = &work->partitions[p];
        if (part->partition == instance->partition && (!part->timer_at || due_at < part->timer_at))
            part->timer_at = due_at;
    }
}

static void
task_timer_put(struct wf_store *store, const struct wf_work *work, const struct wf_task *task)
{
    bool runs = task->timer != WF_TIMER_NONE && wf_timers_run(task->instance);
    bool same = runs && task->stored_timer == task->timer && task->stored_timer_at == task->timer_at;

    if (same)
        return;
    if (task->stored_timer != WF_TIMER_NONE)
        timer_delete(store, &task->instance->instance_id, task->n, task->stored_timer, task->stored_timer_at);
    if (runs)
        timer_put(store, work, task->instance, task->n, task->timer, task->timer_at);
}

static void
instance_timers_put(struct wf_store *store, const struct wf_work *work, const struct wf_instance *instance)
{
    bool timed = instance->timed && wf_timers_run(instance);

    if (instance->stored_timed && !timed)
        timer_delete(store, &instance->instance_id, 0, WF_TIMER_INSTANCE, instance->due_at);
    if (timed && !instance->stored_timed)
        timer_put(store, work, instance, 0, WF_TIMER_INSTANCE, instance->due_at);
    for (size_t i = 0; i < instance->task_count; i++)
        task_timer_put(store, work, instance->tasks[i]);
    for (size_t i = 0; i < instance->done_count; i++)
        task_timer_put(store, work, instance->done[i]);
}

void
wf_timers_put(struct wf_store *store, const struct wf_work *work)
{
    for (size_t i = 0; i < work->fired_count; i++) {
        const struct wf_due *fired = &work->fired[i];
        timer_delete(store, &fired->instance_id, fired->n, fired->timer, fired->due_at);
    }
    for (size_t i = 0; i < work->unit->instance_count; i++)
        if (work->unit->instance_list[i]->dirty)
            instance_timers_put(store, work, work->unit->instance_list[i]);
}

void
wf_incidents_put(struct wf_store *store, const struct wf_instance *instance)
{
    struct wf_table *raised = store->tables[WF_STATEMENT_INCIDENT_INSERT];
    struct wf_table *resolved = store->tables[WF_STATEMENT_INCIDENT_RESOLVE];

    for (size_t i = 0; i < instance->raised_count; i++) {
        const struct wf_incident *incident = instance->raised[i];
        wf_table_row(raised);
        wf_table_uuid(raised, &instance->instance_id);
        wf_table_text(raised, incident->id);
        wf_table_time(raised, incident->date_created);
        wf_table_int_opt(raised, incident->n);
        wf_table_int_opt(raised, incident->attempt);
        wf_table_text(raised, incident->code);
        wf_table_text(raised, incident->detail);
    }
    for (size_t i = 0; i < instance->resolved_count; i++) {
        wf_table_row(resolved);
        wf_table_uuid(resolved, &instance->instance_id);
        wf_table_text(resolved, instance->resolved[i].id);
        wf_table_time(resolved, instance->resolved[i].date_resolved);
    }
}

void
wf_incident_put(struct wf_table *table, const struct wf_incident *incident)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf json = {0};

    if (!incident) {
        wf_table_null(table);
        return;
    }
    wf_json_open(&json, '{');
    wf_json_put_string(&json, "id", incident->id);
    wf_json_put_string(&json, "code", incident->code);
    wf_json_put_opt(&json, "detail", incident->detail);
    if (incident->timer != WF_TIMER_NONE)
        wf_json_put_string(&json, "timer", wf_timer_name(incident->timer));
    if (incident->attempt)
        wf_json_put_int(&json, "attempt", incident->attempt);
    wf_json_put_int(&json, "date_created", incident->date_created);
    wf_json_close(&json, '}');
    wf_table_bytes(table, json.data, json.length);
}

const struct wf_incident *
wf_incident_read(const struct wf_rows *rows, int row, int first, int32_t n, struct wf_arena *arena)
{
    if (wf_rows_null(rows, row, first))
        return NULL;
    struct wf_incident *incident = WF_ARENA_NEW(arena, struct wf_incident);
    incident->n = n;
    incident->id = wf_rows_text(rows, row, first, arena);
    incident->code = wf_rows_text(rows, row, first + 1, arena);
    incident->detail = wf_rows_text(rows, row, first + 2, arena);
    if (!wf_rows_null(rows, row, first + 3))
        (void)wf_timer_from_name(wf_rows_peek(rows, row, first + 3), &incident->timer);
    incident->attempt = wf_rows_int(rows, row, first + 4);
    incident->date_created = wf_rows_long(rows, row, first + 5);
    return incident;
}

static void
due_read(const struct wf_rows *rows, struct wf_due *due)
{
    for (int r = 0; r < rows->count; r++) {
        due[r] = (struct wf_due){
            .partition = wf_rows_int(rows, r, 0),
            .instance_id = wf_rows_uuid(rows, r, 1),
            .n = wf_rows_int(rows, r, 2),
            .due_at = wf_rows_time(rows, r, 4),
        };
        (void)wf_timer_from_name(wf_rows_peek(rows, r, 3), &due[r].timer); /* the table's check knows no other */
    }
}

enum wf_verdict
wf_store_timers(struct wf_store *store, const int32_t *partitions, size_t count, int32_t limit, struct wf_arena *arena,
                struct wf_due **ret_due, size_t *ret_count, int64_t *ret_now, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_TIMER_NEXT);

    for (size_t i = 0; i < count; i++) {
        int64_t partition = partitions[i];
        wf_table_row(table);
        wf_table_longs(table, &partition, 1);
    }
    table->at = 1;
    wf_table_int(table, limit);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_due = WF_ARENA_ARRAY(arena, struct wf_due, (size_t)rows.count + 1);
    *ret_count = (size_t)rows.count;
    *ret_now = rows.count ? wf_rows_time(&rows, 0, 5) : 0;
    due_read(&rows, *ret_due);
    return WF_VERDICT_OK;
}
