/* bare_unit.c - the statements of a unit of `claim`, with rows such as the engine writes. */
#include <inttypes.h>
#include <stdio.h>

#include "bare.h"
#include "base/clock.h"
#include "store/pipeline.h"

/* What an instance is after each step. */
static const struct {
    int32_t next_n, ends, position, task_sequence;
} after[BARE_STEPS] = {{3, 1, 3, 2}, {3, 1, 4, 3}, {4, 2, 6, 5}, {4, 2, 7, 6}, {5, 4, 10, 8}};

struct unit {
    struct bare *bare;
    uint32_t number, step;
    struct wf_uuid id;
    int64_t now;
    int32_t partition;
};

static struct wf_uuid
id_of(const struct bare *bare, uint32_t unit, uint32_t i)
{
    uint8_t random[10] = {(uint8_t)bare->connection};

    for (int b = 0; b < 4; b++) {
        random[b + 2] = (uint8_t)(i * 2654435761u >> 8 * b);
        random[b + 6] = (uint8_t)(i >> 8 * b);
    }
    return wf_uuid_v7(bare->origin + (int64_t)unit * 20 * WF_MILLISECOND, random);
}

/* The command's id is as random as a hash of it. */
static struct wf_uuid
hash_of(const struct wf_uuid *id, uint32_t step)
{
    uint64_t parts[2];
    struct wf_uuid hash;

    memcpy(parts, id->bytes, sizeof parts);
    parts[0] = (parts[0] ^ parts[1] ^ step) * UINT64_C(0x9e3779b97f4a7c15);
    parts[1] = (parts[1] ^ parts[0] >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    parts[0] ^= parts[1] >> 32;
    memcpy(hash.bytes, parts, sizeof parts);
    return hash;
}

static struct wf_table *
row(const struct unit *unit, enum wf_statement statement)
{
    struct wf_table *table = unit->bare->store->tables[statement];

    wf_table_row(table);
    wf_table_uuid(table, &unit->id);
    return table;
}

static void
nulls(struct wf_table *table, int count)
{
    while (count-- > 0)
        wf_table_null(table);
}

/* The columns that are left; new ones of other works too. */
static void
rest_null(struct wf_table *table)
{
    while (table->at < table->column_count)
        wf_table_null(table);
}

static void
instance_state(struct wf_table *table, const struct unit *unit)
{
    wf_table_int(table, after[unit->step].next_n);
    wf_table_int(table, 2);
    wf_table_int(table, after[unit->step].ends);
    wf_table_int(table, after[unit->step].position);
    wf_table_int(table, after[unit->step].task_sequence);
}

static void
instance_insert(const struct unit *unit, const char *entity)
{
    struct wf_table *table = row(unit, WF_STATEMENT_INSTANCE_INSERT);

    wf_table_time(table, unit->now);
    wf_table_time(table, unit->now);
    wf_table_null(table);
    wf_table_int(table, 1);
    wf_table_int(table, unit->partition);
    instance_state(table, unit);
    wf_table_null(table);
    wf_table_text(table, "running");
    wf_table_bool(table, false);
    wf_table_text(table, "bench.claim");
    wf_table_text(table, entity);
    rest_null(table);
}

static void
instance_update(const struct unit *unit, const char *entity)
{
    struct wf_table *table = row(unit, WF_STATEMENT_INSTANCE_UPDATE);
    bool over = unit->step == BARE_STEPS - 1;

    wf_table_time(table, unit->now);
    wf_table_time(table, over ? unit->now : 0);
    instance_state(table, unit);
    wf_table_text(table, over ? "completed" : "running");
    wf_table_bool(table, over);
    wf_table_text(table, entity);
    rest_null(table);
}

static void
task_put(const struct unit *unit, int n, bool insert)
{
    struct wf_table *table = row(unit, insert ? WF_STATEMENT_TASK_INSERT : WF_STATEMENT_TASK_UPDATE);

    wf_table_int(table, n);
    wf_table_text(table, insert ? "waiting" : "processing");
    if (insert)
        wf_table_text(table, n == 2 ? "A" : "B");
    wf_table_text(table, n == 2 ? "begin" : "A");
    wf_table_int(table, 1);
    wf_table_int(table, 1);
    wf_table_text(table, insert ? NULL : "clerks-07");
    nulls(table, 2);
    wf_table_text(table, "role_based");
    wf_table_text(table, n == 2 ? "clerks" : "officers");
    nulls(table, 2);
    if (insert)
        wf_table_time(table, unit->now);
    wf_table_time(table, unit->now);
    wf_table_time(table, insert ? 0 : unit->now);
    wf_table_time(table, unit->now);
    wf_table_int_opt(table, insert ? 0 : 20000);
    rest_null(table);
}

static void
history_insert(const struct unit *unit, int n, const char *act, const char *pre_act, bool person)
{
    struct wf_table *table = row(unit, WF_STATEMENT_HISTORY_INSERT);

    wf_table_int(table, n);
    wf_table_text(table, "ended");
    wf_table_text(table, act);
    wf_table_text(table, pre_act);
    wf_table_int(table, 1);
    wf_table_int(table, 1);
    wf_table_text(table, person ? "clerks-07" : NULL);
    nulls(table, 4);
    wf_table_time(table, unit->now);
    wf_table_time(table, person ? unit->now : 0);
    wf_table_time(table, person ? unit->now : 0);
    wf_table_time(table, unit->now);
    wf_table_int_opt(table, person ? 20000 : 0);
    rest_null(table);
}

static void
task_end(const struct unit *unit, int n)
{
    wf_table_int(row(unit, WF_STATEMENT_TASK_DELETE), n);
    history_insert(unit, n, n == 2 ? "A" : "B", n == 2 ? "begin" : "A", true);
}

static void
begin(const struct unit *unit, const char *entity)
{
    instance_insert(unit, entity);
    history_insert(unit, 1, "begin", NULL, false);
    task_put(unit, 2, true);
}

/* What a command writes. */
static void
step_put(struct unit *unit, const char *entity)
{
    struct wf_uuid hash = hash_of(&unit->id, unit->step);
    struct wf_table *table = row(unit, WF_STATEMENT_COMMAND_ID_INSERT);

    wf_table_uuid(table, &hash);
    wf_table_int(table, (int64_t)unit->bare->commands);
    wf_table_int(table, after[unit->step].position);
    rest_null(table);
    if (unit->step == 0)
        begin(unit, entity);
    else
        instance_update(unit, entity);
    if (unit->step == 1 || unit->step == 3)
        task_put(unit, unit->step == 1 ? 2 : 3, false);
    if (unit->step == 2 || unit->step == 4)
        task_end(unit, unit->step == 2 ? 2 : 3);
    if (unit->step == 2)
        task_put(unit, 3, true);
    if (unit->step == 4)
        history_insert(unit, 4, "end", "B", false);
    unit->bare->commands++;
}

static void
advance_send(struct bare *bare, struct wf_pipeline *pipeline)
{
    struct wf_table *table = wf_store_table(bare->store, WF_STATEMENT_PARTITION_ADVANCE);
    struct wf_table *published = wf_store_table(bare->store, WF_STATEMENT_OUTBOX_DELETE);

    for (int32_t p = 0; p < bare->partition_count; p++) {
        struct wf_work_partition *partition = &bare->partitions[p];
        partition->published_number = partition->outbox_number ? partition->outbox_number - 1 : 0;
        for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++) {
            partition->positions[topic] += bare->cohort / 2;
            partition->position_times[topic] = wf_clock_now() / WF_MILLISECOND;
        }
        wf_table_row(table);
        wf_table_int(table, partition->partition);
        wf_table_int(table, partition->epoch);
        wf_table_longs(table, partition->positions, WF_COMMAND_TOPICS);
        wf_table_longs(table, partition->position_times, WF_COMMAND_TOPICS);
        wf_table_int(table, partition->published_number);
        wf_table_int(table, 0);
        wf_table_row(published);
        wf_table_int(published, partition->partition);
        wf_table_int(published, partition->published_number);
    }
    wf_pipeline_send(pipeline, table);
    wf_pipeline_send(pipeline, published);
}

static const enum wf_statement loads[] = {WF_STATEMENT_COMMAND_ID_FIND, WF_STATEMENT_INSTANCE_LOAD, WF_STATEMENT_TASK_LOAD};

enum { ADVANCED = 1, LOADED = 3, LOADS = sizeof loads / sizeof *loads };

static void
ids_put(const struct bare *bare, struct wf_table *table, uint32_t number)
{
    for (uint32_t step = 0; step < BARE_STEPS && step <= number; step++) {
        for (uint32_t i = 0; i < bare->cohort; i++) {
            struct wf_uuid id = id_of(bare, number - step, i), hash = hash_of(&id, step);
            wf_table_row(table);
            wf_table_uuid(table, &id);
            if (table->statement == WF_STATEMENT_COMMAND_ID_FIND)
                wf_table_uuid(table, &hash);
        }
    }
}

/* Begins, advances, looks up and loads; the time is the database's. */
static bool
load(struct bare *bare, uint32_t number, int64_t *ret_now, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = bare->store};

    wf_pipeline_send_plain(&pipeline, WF_STATEMENT_BEGIN);
    advance_send(bare, &pipeline);
    for (int l = 0; l < LOADS; l++) {
        struct wf_table *table = wf_store_table(bare->store, loads[l]);
        ids_put(bare, table, number);
        wf_pipeline_send(&pipeline, table);
    }
    if (wf_pipeline_finish(&pipeline, reterr) != WF_VERDICT_OK)
        return false;
    struct wf_rows advanced = wf_pipeline_rows(&pipeline, ADVANCED), found = wf_pipeline_rows(&pipeline, LOADED + 1);
    uint32_t steps = number < BARE_STEPS - 1 ? number : BARE_STEPS - 1;
    if (advanced.count != bare->partition_count || (uint32_t)found.count != steps * bare->cohort)
        return wf_fail(reterr, WF_FATE_FATAL, "loaded %d instances and %d partitions", found.count, advanced.count);
    for (int r = 0; r < advanced.count; r++)
        for (int32_t p = 0; p < bare->partition_count; p++)
            if (bare->partitions[p].partition == wf_rows_int(&advanced, r, 0))
                bare->partitions[p].outbox_number = wf_rows_long(&advanced, r, 1);
    *ret_now = wf_rows_time(&advanced, 0, 2);
    return true;
}

static const enum wf_statement saves[] = {
    WF_STATEMENT_COMMAND_ID_INSERT, WF_STATEMENT_INSTANCE_INSERT, WF_STATEMENT_INSTANCE_UPDATE,
    WF_STATEMENT_TASK_INSERT,       WF_STATEMENT_TASK_UPDATE,     WF_STATEMENT_TASK_DELETE,
    WF_STATEMENT_HISTORY_INSERT,    WF_STATEMENT_OUTBOX_INSERT};

enum { SAVES = sizeof saves / sizeof *saves };

static void
outbox_put(const struct bare *bare, uint32_t steps)
{
    for (int32_t p = 0; p < bare->partition_count; p++) {
        struct wf_table *table = bare->store->tables[WF_STATEMENT_OUTBOX_INSERT];
        wf_table_row(table);
        wf_table_int(table, bare->partitions[p].partition);
        wf_table_int(table, bare->partitions[p].outbox_number);
        wf_table_bytes(table, bare->events.data, bare->events.length / BARE_STEPS * steps);
    }
}

bool
bare_unit(struct bare *bare, uint32_t number, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = bare->store};
    uint32_t steps = number < BARE_STEPS ? number + 1 : BARE_STEPS;
    struct unit unit = {.bare = bare, .number = number};
    char entity[32];

    if (!load(bare, number, &unit.now, reterr))
        return false;
    for (int s = 0; s < SAVES; s++)
        wf_store_table(bare->store, saves[s]);
    for (unit.step = 0; unit.step < steps; unit.step++) {
        for (uint32_t i = 0; i < bare->cohort; i++) {
            unit.id = id_of(bare, number - unit.step, i);
            unit.partition = bare->partitions[i % (uint32_t)bare->partition_count].partition;
            snprintf(entity, sizeof entity, "bench/%" PRIu32, (number - unit.step) * bare->cohort + i);
            step_put(&unit, entity);
        }
    }
    outbox_put(bare, steps);
    for (int s = 0; s < SAVES; s++)
        wf_pipeline_send_rows(&pipeline, bare->store->tables[saves[s]]);
    wf_pipeline_send_plain(&pipeline, WF_STATEMENT_COMMIT);
    bare->units++;
    return wf_pipeline_finish(&pipeline, reterr) == WF_VERDICT_OK;
}

void
bare_event(struct wf_buf *events, uint64_t number)
{
    unsigned id = (unsigned)(number * 2654435761u);

    wf_buf_printf(events, "content-type application/json ce_specversion 1.0 ce_id 01a1ff00-4650-76ec-bae0-%012x/%u ce_source "
                  "/workflow/instances/01a1ff00-4650-76ec-bae0-%012x/tasks ce_type workflow.task.ended ce_time "
                  "2026-11-21T16:46:10.873114Z ce_sequence %010u ce_causationid 01a1ff00-4650-76ec-bae0-%012x:4 ",
                  id, id % 10, id, id % 8, id);
    wf_buf_printf(events, "{\"instance_id\":\"01a1ff00-4650-76ec-bae0-%012x\",\"process_id\":\"bench.claim\",\"version\":1,"
                  "\"entity_id\":\"bench/%u\",\"task_id\":\"01a1ff00-4650-76ec-bae0-%012x:3\",\"act_id\":\"B\",\"act_type\":"
                  "\"interaction\",\"pre_act_id\":\"A\",\"serial_no\":1,\"branch_no\":1,\"state\":\"ended\",\"staff_id\":"
                  "\"clerks-%02u\",\"date_created\":\"2026-11-21T16:46:10.%06uZ\",\"previous_state\":\"processing\",\"actor\":"
                  "\"clerks-%02u\",\"occurred_at\":\"2026-11-21T16:46:10.%06uZ\",\"position\":%u}",
                  id, id % 100000, id, id % 20, id % 1000000, id % 20, id % 999983, id % 10);
}
