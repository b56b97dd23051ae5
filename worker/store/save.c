/*
 * save.c - the second half of a unit of work: what it changed, its outbox rows and the COMMIT,
 * in one round trip.
 *
 * One walk over the instances sorts what is dirty into the tables of the statements.  What began
 * and ended within the unit leaves its history and nothing else.
 */
#include "base/fault.h"
#include "core/load.h"
#include "store/automation.h"
#include "store/save.h"

/* The statements that a walk fills, in the order in which they are sent (EOS-24: command ids first, loads last). */
static const enum wf_statement order[] = {
    WF_STATEMENT_COMMAND_ID_INSERT, WF_STATEMENT_RESERVATION_INSERT, WF_STATEMENT_RESERVATION_DELETE,
    WF_STATEMENT_INSTANCE_INSERT,   WF_STATEMENT_INSTANCE_UPDATE,    WF_STATEMENT_TASK_INSERT,
    WF_STATEMENT_TASK_UPDATE,       WF_STATEMENT_TASK_DELETE,        WF_STATEMENT_HISTORY_INSERT,
    WF_STATEMENT_HANDED_ON_INSERT,  WF_STATEMENT_TASK_CANDIDATE_DELETE, WF_STATEMENT_TASK_CANDIDATE_INSERT,
    WF_STATEMENT_BATCH_PUT,         WF_STATEMENT_WINNER_INSERT,      WF_STATEMENT_WINNER_DELETE,
    WF_STATEMENT_SUMMARY_PUT,       WF_STATEMENT_SUMMARY_DELETE,     WF_STATEMENT_REMOTE_PUT,
    WF_STATEMENT_SUBSCRIPTION_PUT,  WF_STATEMENT_SUBSCRIPTION_DELETE, WF_STATEMENT_TIMER_DELETE,
    WF_STATEMENT_TIMER_PUT,         WF_STATEMENT_INCIDENT_INSERT,    WF_STATEMENT_INCIDENT_RESOLVE,
    WF_STATEMENT_OUTBOX_INSERT,     WF_STATEMENT_TOKEN_PUT,          WF_STATEMENT_LOAD_CHANGE,
};

struct wf_table *
wf_save_row(struct wf_store *store, enum wf_statement statement)
{
    struct wf_table *table = store->tables[statement];

    wf_table_row(table);
    return table;
}

void
wf_save_ids(struct wf_table *table, const char *const *ids, size_t count)
{
    struct wf_buf text = {0};

    if (!count) {
        wf_table_null(table);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i)
            wf_buf_puts(&text, WF_IDS_JOIN);
        wf_buf_puts(&text, ids[i]);
    }
    wf_table_bytes(table, text.data, text.length);
    wf_buf_drop(&text);
}

static void
seen_put(struct wf_store *store, const struct wf_seen *seen)
{
    struct wf_table *table = wf_save_row(store, WF_STATEMENT_COMMAND_ID_INSERT);

    wf_table_uuid(table, &seen->scope);
    wf_table_uuid(table, &seen->id_hash);
    wf_table_int(table, seen->data_hash);
    wf_table_int(table, seen->position);
    wf_table_int_opt(table, seen->task_n);
    if (wf_uuid_equal(&seen->instance_id, &seen->scope))
        wf_table_null(table);
    else
        wf_table_uuid(table, &seen->instance_id);
}

static void
reservations_put(struct wf_store *store, enum wf_statement statement, const struct wf_reservation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wf_table *table = wf_save_row(store, statement);
        wf_table_uuid(table, &list[i].instance_id);
        wf_table_int(table, list[i].n);
        wf_table_uuid(table, &list[i].command_id);
    }
}

/* What becomes of loads, for those who count them, and of tokens, which are locked. */
static void
roster_put(struct wf_store *store, const struct wf_unit *unit)
{
    for (size_t i = 0; i < unit->load_count; i++) {
        const struct wf_load *load = unit->load_list[i];
        if (!load->change && !load->assigned)
            continue;
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_LOAD_CHANGE);
        wf_table_text(table, load->staff_id);
        wf_table_int(table, load->change);
        wf_table_time(table, load->assigned ? load->last_assigned : 0);
    }
    for (size_t i = 0; i < unit->token_count; i++) {
        const struct wf_token *token = unit->token_list[i];
        if (!token->changed)
            continue;
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_TOKEN_PUT);
        wf_table_text(table, token->role_id);
        wf_table_text(table, token->staff_id);
    }
}

static void
outbox_put(struct wf_store *store, const struct wf_work_partition *partition)
{
    if (!partition->events.length)
        return;
    struct wf_table *table = wf_save_row(store, WF_STATEMENT_OUTBOX_INSERT);
    wf_table_int(table, partition->partition);
    wf_table_int(table, partition->outbox_number);
    wf_table_bytes(table, partition->events.data, partition->events.length);
}

/* Definitions and the institution lock the catalog's row, so they come last. */
static void
documents_send(struct wf_store *store, struct wf_pipeline *pipeline, const struct wf_work *work)
{
    struct wf_table *table;

    for (size_t i = 0; i < work->unit->deployed_count; i++) {
        const struct wf_process *process = work->unit->deployed[i];
        table = wf_store_table(store, WF_STATEMENT_DEFINITION_WRITE);
        wf_table_row(table);
        wf_table_text(table, process->process_id);
        wf_table_int(table, process->version);
        wf_table_text(table, process->document);
        wf_pipeline_send(pipeline, table);
    }
    if (work->institution_document) {
        table = wf_store_table(store, WF_STATEMENT_INSTITUTION_WRITE);
        wf_table_row(table);
        wf_table_text(table, work->institution_document);
        wf_table_int(table, work->next_institution_version);
        wf_table_int(table, work->institution_version);
        wf_pipeline_send(pipeline, table);
    } else if (work->people_document) {
        table = wf_store_table(store, WF_STATEMENT_PEOPLE_WRITE);
        wf_table_row(table);
        wf_table_text(table, work->people_document);
        wf_table_int(table, work->next_institution_version);
        wf_table_int(table, work->institution_version);
        wf_pipeline_send(pipeline, table);
    }
}

static void
unit_put(struct wf_store *store, const struct wf_work *work)
{
    const struct wf_unit *unit = work->unit;

    for (size_t s = 0; s < sizeof order / sizeof *order; s++)
        wf_store_table(store, order[s]);
    for (size_t i = 0; i < unit->seen_count; i++)
        seen_put(store, unit->seen_list[i]);
    reservations_put(store, WF_STATEMENT_RESERVATION_INSERT, work->reserved, work->reserved_count);
    reservations_put(store, WF_STATEMENT_RESERVATION_DELETE, work->released, work->released_count);
    for (size_t i = 0; i < unit->instance_count; i++)
        wf_save_instance(store, unit->arena, unit->instance_list[i]);
    wf_timers_put(store, work);
    for (size_t i = 0; i < work->partition_count; i++)
        outbox_put(store, &work->partitions[i]);
    roster_put(store, unit);
}

/* A unit with more definitions than fit into the pipeline is cut like any other that fails. */
static enum wf_verdict
save_check(struct wf_store *store, const struct wf_work *work, struct wf_error *reterr)
{
    enum { OTHERS = sizeof order / sizeof *order + 2 };

    if (!store->unit_open) /* a question of process_find failed meanwhile, and ended it */
        return wf_verdict_fail(store->unit_verdict, reterr, "a definition could not be read");
    if (work->unit->deployed_count + OTHERS > WF_CALLS_MAX)
        return wf_verdict_fail(WF_VERDICT_CUT, reterr, "%zu definitions in one unit", work->unit->deployed_count);
    for (size_t i = 0; i < work->unit->deployed_count; i++)
        if (!work->unit->deployed[i]->document)
            return wf_verdict_fail(WF_VERDICT_FATAL, reterr, "process \"%s\" has no document",
                                   work->unit->deployed[i]->process_id);
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_save(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = save_check(store, work, reterr);

    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    unit_put(store, work);
    WF_FAULT(SAVING);
    for (size_t s = 0; s < sizeof order / sizeof *order; s++)
        wf_pipeline_send_rows(&pipeline, store->tables[order[s]]);
    documents_send(store, &pipeline, work);
    WF_FAULT(SAVE_FILLED);
    wf_pipeline_send_plain(&pipeline, WF_STATEMENT_COMMIT);

    verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict == WF_VERDICT_OK)
        store->unit_open = false;
    return wf_store_abandon(store, verdict);
}
