/*
 * load_rest.c - what only some instances have: batches, winners, summaries, sub-processes, subscriptions.
 *
 * Most have none of it, and to look for each by itself would cost more than to load the tasks.  Whether an instance can
 * have any is known from its row and its definition.
 */
#include "store/load.h"

static bool
batch_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_activity *opener;

    if (!instance)
        return true;
    if (!wf_loading_activity(loading, instance, wf_rows_peek(rows, r, 8), &opener))
        return false;
    struct wf_batch *batch = wf_unit_add_batch(loading->unit, instance);
    batch->serial_no = wf_rows_int(rows, r, 1);
    batch->parent_serial_no = wf_rows_int(rows, r, 2);
    batch->parent_branch_no = wf_rows_int(rows, r, 3);
    batch->branches = wf_rows_int(rows, r, 4);
    batch->opened_by = wf_rows_int(rows, r, 5);
    batch->closed_by = wf_rows_int(rows, r, 6);
    batch->by_all = wf_rows_bool(rows, r, 7);
    batch->opener = opener;
    batch->stored = true;
    return true;
}

static bool
winner_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_winner winner = {.serial_no = wf_rows_int(rows, r, 1), .branch_no = wf_rows_int(rows, r, 2), .stored = true};

    if (!instance)
        return true;
    if (!wf_loading_activity(loading, instance, wf_rows_peek(rows, r, 3), &winner.merge))
        return false;
    WF_ARENA_PUSH(loading->unit->arena, instance->winners, instance->winner_count, instance->winner_capacity, winner);
    return true;
}

static bool
summary_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_arena *arena = loading->unit->arena;
    struct wf_summary summary = {
        .serial_no = wf_rows_int(rows, r, 1),
        .ended = wf_rows_int(rows, r, 2),
        .last = wf_rows_int(rows, r, 3),
        .flag = wf_rows_text(rows, r, 5, arena),
        .staff_id = wf_rows_text(rows, r, 6, arena),
        .stored = true,
    };

    if (!instance)
        return true;
    if (!wf_loading_activity(loading, instance, wf_rows_peek(rows, r, 4), &summary.activity))
        return false;
    summary.people_count = summary.people_capacity = wf_loading_ids(rows, r, 7, arena, &summary.people);
    WF_ARENA_PUSH(arena, instance->summaries, instance->summary_count, instance->summary_capacity, summary);
    return true;
}

static bool
remote_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_arena *arena = loading->unit->arena;
    enum wf_instance_state state = WF_INSTANCE_RUNNING;

    if (!instance)
        return true;
    if (!wf_rows_null(rows, r, 9) && !wf_instance_state_from_name(wf_rows_peek(rows, r, 9), &state)) {
        wf_verdict_fail(WF_VERDICT_FATAL, loading->reterr, "instance state \"%s\" is not known",
                        wf_rows_peek(rows, r, 9));
        return false;
    }
    struct wf_remote *remote = wf_unit_add_remote(loading->unit, instance);
    remote->n = wf_rows_int(rows, r, 1);
    remote->attempt = wf_rows_int(rows, r, 2);
    remote->engine = wf_rows_text(rows, r, 3, arena);
    remote->process_id = wf_rows_text(rows, r, 4, arena);
    remote->version = wf_rows_int(rows, r, 5);
    remote->instance_id = wf_rows_uuid(rows, r, 6);
    remote->position = wf_rows_int(rows, r, 7);
    remote->incarnation = wf_rows_text(rows, r, 8, arena);
    remote->state = state;
    remote->completion_flag = wf_rows_text(rows, r, 10, arena);
    remote->code = wf_rows_text(rows, r, 11, arena);
    remote->detail = wf_rows_text(rows, r, 12, arena);
    remote->held = wf_rows_bool(rows, r, 13);
    remote->date_created = wf_rows_time(rows, r, 14);
    remote->date_changed = wf_rows_time(rows, r, 15);
    remote->stored = true;
    return true;
}

static bool
subscription_read(struct wf_loading *loading, const struct wf_rows *rows, int r)
{
    struct wf_instance *instance = wf_loading_instance(loading, rows, r);
    struct wf_arena *arena = loading->unit->arena;
    struct wf_subscription subscription = {
        .notifyto = wf_rows_text(rows, r, 1, arena),
        .filter = wf_rows_text(rows, r, 2, arena),
        .requester = wf_rows_text(rows, r, 3, arena),
        .stored = true,
    };

    if (instance)
        WF_ARENA_PUSH(arena, instance->subscriptions, instance->subscription_count, instance->subscription_capacity,
                      subscription);
    return true;
}

/* Batch 1 has no row. */
static bool
has_batches(const struct wf_instance *instance)
{
    return instance->next_serial > 2;
}

static bool
has_winners(const struct wf_instance *instance)
{
    return instance->process->uses_winners;
}

static bool
has_summaries(const struct wf_instance *instance)
{
    return instance->process->uses_summary;
}

static bool
has_remotes(const struct wf_instance *instance)
{
    return instance->process->uses_remotes;
}

static bool
has_subscriptions(const struct wf_instance *instance)
{
    return instance->subscribed;
}

static const struct rest {
    enum wf_statement statement;
    bool (*possible)(const struct wf_instance *instance);
    wf_loading_reader *read;
} rests[] = {
    {WF_STATEMENT_BATCH_LOAD, has_batches, batch_read},
    {WF_STATEMENT_WINNER_LOAD, has_winners, winner_read},
    {WF_STATEMENT_SUMMARY_LOAD, has_summaries, summary_read},
    {WF_STATEMENT_REMOTE_LOAD, has_remotes, remote_read},
    {WF_STATEMENT_SUBSCRIPTION_LOAD, has_subscriptions, subscription_read},
};

enum { RESTS = sizeof rests / sizeof *rests };

/* Asks for those that can have it; whether there are any. */
static bool
rest_send(const struct wf_loading *loading, struct wf_pipeline *pipeline, const struct rest *rest,
          struct wf_instance ***ret_asked)
{
    struct wf_instance **asked = *ret_asked = WF_ARENA_ARRAY(loading->unit->arena, struct wf_instance *, loading->count);
    struct wf_table *table = wf_store_table(loading->store, rest->statement);
    size_t count = 0;

    for (size_t i = 0; i < loading->count; i++) {
        struct wf_instance *instance = loading->asked[i];
        if (!instance || !rest->possible(instance))
            continue;
        wf_table_row(table);
        wf_table_uuid(table, &instance->instance_id);
        asked[count++] = instance;
    }
    return wf_pipeline_send_rows(pipeline, table);
}

enum wf_verdict
wf_load_rest(struct wf_loading *loading)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = loading->store};
    struct wf_instance **asked[RESTS];
    const struct rest *sent[RESTS];
    size_t count = 0;

    for (size_t l = 0; l < RESTS; l++) {
        sent[count] = &rests[l];
        if (rest_send(loading, &pipeline, &rests[l], &asked[count]))
            count++;
    }
    enum wf_verdict verdict = count ? wf_pipeline_finish(&pipeline, loading->reterr) : WF_VERDICT_OK;
    for (size_t l = 0; verdict == WF_VERDICT_OK && l < count; l++) {
        struct wf_rows rows = wf_pipeline_rows(&pipeline, l);
        loading->asked = asked[l];
        for (int r = 0; r < rows.count && verdict == WF_VERDICT_OK; r++)
            if (!sent[l]->read(loading, &rows, r))
                verdict = WF_VERDICT_FATAL;
    }
    return verdict;
}
