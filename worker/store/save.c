/*
 * save.c - the second half of a unit of work: what it changed, its outbox rows and the COMMIT,
 * in one round trip.
 *
 * One walk over the instances sorts what is dirty into the tables of the statements.  What began
 * and ended within the unit leaves its history and nothing else.
 */
#include "base/fault.h"
#include "base/json.h"
#include "core/constraint.h"
#include "core/interaction.h"
#include "core/load.h"
#include "store/automation.h"
#include "store/pipeline.h"

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

static struct wf_table *
row(struct wf_store *store, enum wf_statement statement)
{
    struct wf_table *table = store->tables[statement];

    wf_table_row(table);
    return table;
}

static const char *
group_name(const struct wf_task *task)
{
    return task->group_based_on == WF_BASED_ON_NONE ? NULL : wf_based_on_name(task->group_based_on);
}

/* The arrivals as a JSON array, or a null. */
static void
put_arrivals(struct wf_table *table, const struct wf_task *task)
{
    struct wf_buf json = {0};

    if (!task->arrival_count) {
        wf_table_null(table);
        return;
    }
    wf_json_open(&json, '[');
    for (size_t i = 0; i < task->arrival_count; i++) {
        const struct wf_arrival *arrival = &task->arrivals[i];
        wf_json_open(&json, '{');
        wf_json_put_opt(&json, "pre_act_id", arrival->pre_act_id);
        wf_json_put_int(&json, "serial_no", arrival->serial_no);
        wf_json_put_int(&json, "branch_no", arrival->branch_no);
        wf_json_put_opt(&json, "flag", arrival->flag);
        wf_json_close(&json, '}');
    }
    wf_json_close(&json, ']');
    wf_table_bytes(table, json.data, json.length);
    wf_buf_drop(&json);
}

/* Null is the rule. */
static void
timed_put(struct wf_table *table, const struct wf_instance *instance)
{
    if (instance->timed)
        wf_table_bool(table, true);
    else
        wf_table_null(table);
}

/* Null where nobody is told, as most are; else its subscriptions are loaded with it. */
static void
subscribed_put(struct wf_table *table, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->subscription_count; i++) {
        if (instance->subscriptions[i].gone)
            continue;
        wf_table_bool(table, true);
        return;
    }
    wf_table_null(table);
}

static void
instance_insert(struct wf_store *store, const struct wf_instance *instance)
{
    struct wf_table *table = row(store, WF_STATEMENT_INSTANCE_INSERT);

    wf_table_uuid(table, &instance->instance_id);
    wf_table_time(table, instance->date_created);
    wf_table_time(table, instance->date_changed);
    wf_table_time(table, instance->date_completed);
    wf_table_int(table, instance->process->version);
    wf_table_int(table, instance->partition);
    wf_table_int(table, instance->next_n);
    wf_table_int(table, instance->next_serial);
    wf_table_int(table, instance->ends);
    wf_table_int(table, instance->position);
    wf_table_int(table, instance->task_sequence);
    wf_table_int_opt(table, instance->hops);
    wf_table_text(table, wf_instance_state_name(instance->state));
    wf_table_bool(table, instance->reached_completion);
    wf_table_text(table, instance->process->process_id);
    wf_table_text(table, instance->entity_id);
    wf_table_text(table, instance->completion_flag);
    wf_table_text(table, instance->reached_flag);
    wf_table_text(table, instance->last_flag);
    wf_table_text(table, instance->actor);
    wf_table_text(table, instance->notifyto);
    wf_table_text(table, instance->correlation_id);
    wf_table_text(table, instance->requester);
    wf_table_text(table, instance->variables);
    wf_table_time(table, instance->due_at);
    timed_put(table, instance);
    wf_incident_put(table, instance->incident);
    subscribed_put(table, instance);
}

static void
instance_update(struct wf_store *store, const struct wf_instance *instance)
{
    struct wf_table *table = row(store, WF_STATEMENT_INSTANCE_UPDATE);

    wf_table_uuid(table, &instance->instance_id);
    wf_table_time(table, instance->date_changed);
    wf_table_time(table, instance->date_completed);
    wf_table_int(table, instance->next_n);
    wf_table_int(table, instance->next_serial);
    wf_table_int(table, instance->ends);
    wf_table_int(table, instance->position);
    wf_table_int(table, instance->task_sequence);
    wf_table_text(table, wf_instance_state_name(instance->state));
    wf_table_bool(table, instance->reached_completion);
    wf_table_text(table, instance->entity_id);
    wf_table_text(table, instance->completion_flag);
    wf_table_text(table, instance->reached_flag);
    wf_table_text(table, instance->last_flag);
    wf_table_text(table, instance->variables);
    timed_put(table, instance);
    wf_incident_put(table, instance->incident);
    subscribed_put(table, instance);
}

static void
put_ids(struct wf_table *table, const char *const *ids, size_t count)
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
task_put(struct wf_store *store, struct wf_arena *arena, const struct wf_task *task)
{
    bool insert = !task->stored;
    size_t barred_count;
    const char **barred = wf_constraint_barred(arena, task, &barred_count);
    struct wf_table *table = row(store, insert ? WF_STATEMENT_TASK_INSERT : WF_STATEMENT_TASK_UPDATE);

    wf_table_uuid(table, &task->instance->instance_id);
    wf_table_int(table, task->n);
    wf_table_text(table, wf_task_state_name(task->state));
    if (insert)
        wf_table_text(table, task->activity->act_id);
    wf_table_text(table, task->pre_act_id);
    wf_table_int(table, task->serial_no);
    wf_table_int(table, task->branch_no);
    wf_table_text(table, task->staff_id);
    wf_table_text(table, task->grantor_id);
    wf_table_text(table, task->executor_id);
    wf_table_text(table, group_name(task));
    wf_table_text(table, task->group_id);
    wf_table_text(table, task->completion_flag);
    wf_table_int_opt(table, task->attempt);
    if (insert)
        wf_table_time(table, task->date_created);
    wf_table_time(table, task->date_waiting);
    wf_table_time(table, task->date_processing);
    wf_table_time(table, task->date_changed);
    wf_table_int_opt(table, task->waiting_time);
    wf_table_int_opt(table, task->paused_time);
    wf_table_time(table, task->due_at);
    put_arrivals(table, task);
    put_ids(table, barred, barred_count);
    if (task->unassigned)
        wf_table_bool(table, true);
    else
        wf_table_null(table);
    wf_table_text(table, task->timer == WF_TIMER_NONE ? NULL : wf_timer_name(task->timer));
    wf_table_time(table, task->timer_at);
    wf_incident_put(table, task->incident);
    wf_table_int_opt(table, task->given_back);
}

/* Who may take a task stands in rows of their own, as long as it is a user-defined group's. */
static void
candidates_put(struct wf_store *store, const struct wf_task *task)
{
    bool wanted = wf_task_state_open(task->state) && task->group_based_on == WF_BASED_ON_USER_DEFINED &&
                  task->candidate_count;
    struct wf_table *table;

    if (task->stored_candidates && (!wanted || task->stored_candidates != task->candidates)) {
        table = row(store, WF_STATEMENT_TASK_CANDIDATE_DELETE);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
    }
    if (wanted && task->stored_candidates != task->candidates) {
        table = row(store, WF_STATEMENT_TASK_CANDIDATE_INSERT);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
        wf_table_time(table, task->date_created);
        put_ids(table, task->candidates, task->candidate_count);
    }
}

static void
task_done(struct wf_store *store, const struct wf_task *task)
{
    struct wf_table *table;

    if (task->stored) {
        table = row(store, WF_STATEMENT_TASK_DELETE);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
    }
    table = row(store, WF_STATEMENT_HISTORY_INSERT);
    wf_table_uuid(table, &task->instance->instance_id);
    wf_table_int(table, task->n);
    wf_table_text(table, wf_task_state_name(task->state));
    wf_table_text(table, task->activity->act_id);
    wf_table_text(table, task->pre_act_id);
    wf_table_int(table, task->serial_no);
    wf_table_int(table, task->branch_no);
    wf_table_text(table, task->staff_id);
    wf_table_text(table, task->grantor_id);
    wf_table_text(table, task->executor_id);
    wf_table_text(table, task->completion_flag);
    wf_table_int_opt(table, task->attempt);
    wf_table_time(table, task->date_created);
    wf_table_time(table, task->date_waiting);
    wf_table_time(table, task->date_processing);
    wf_table_time(table, task->date_ended);
    wf_table_int_opt(table, task->waiting_time);
    wf_table_int_opt(table, task->paused_time);
    wf_table_time(table, task->due_at);
}

static void
handed_on_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->handed_on_count; i++) {
        const struct wf_handed_on *handed_on = &instance->handed_on[i];
        struct wf_table *table = row(store, WF_STATEMENT_HANDED_ON_INSERT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, handed_on->task->n);
        wf_table_text(table, wf_task_state_name(handed_on->state));
        wf_table_text(table, handed_on->task->activity->act_id);
        wf_table_text(table, handed_on->staff_id);
        wf_table_text(table, handed_on->to_staff_id);
        wf_table_time(table, handed_on->date);
    }
}

static void
batches_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->batch_count; i++) {
        const struct wf_batch *batch = instance->batches[i];
        if (!batch->dirty || batch->serial_no == 1)
            continue; /* batch 1 is the same for all: the core makes it again */
        struct wf_table *table = row(store, WF_STATEMENT_BATCH_PUT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, batch->serial_no);
        wf_table_int(table, batch->parent_serial_no);
        wf_table_int(table, batch->parent_branch_no);
        wf_table_int(table, batch->branches);
        wf_table_int(table, batch->opened_by);
        wf_table_int_opt(table, batch->closed_by);
        wf_table_bool(table, batch->by_all);
        wf_table_text(table, batch->opener ? batch->opener->act_id : NULL);
    }
}

static void
winners_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->winner_count; i++) {
        const struct wf_winner *winner = &instance->winners[i];
        if (winner->stored)
            continue;
        struct wf_table *table = row(store, WF_STATEMENT_WINNER_INSERT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, winner->serial_no);
        wf_table_int(table, winner->branch_no);
        wf_table_text(table, winner->merge->act_id);
    }
}

static void
summaries_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->summary_count; i++) {
        const struct wf_summary *summary = &instance->summaries[i];
        if (!summary->dirty)
            continue;
        struct wf_table *table = row(store, WF_STATEMENT_SUMMARY_PUT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, summary->serial_no);
        wf_table_int(table, summary->ended);
        wf_table_int(table, summary->last);
        wf_table_text(table, summary->activity->act_id);
        wf_table_text(table, summary->flag);
        wf_table_text(table, summary->staff_id);
        put_ids(table, summary->people, summary->people_count);
    }
}

static void
remote_put(struct wf_store *store, const struct wf_instance *instance, const struct wf_remote *remote)
{
    struct wf_table *table = row(store, WF_STATEMENT_REMOTE_PUT);
    bool heard = remote->position || remote->code;

    wf_table_uuid(table, &instance->instance_id);
    wf_table_int(table, remote->n);
    wf_table_int(table, remote->attempt);
    wf_table_text(table, remote->engine);
    wf_table_text(table, remote->process_id);
    wf_table_int_opt(table, remote->version);
    wf_table_uuid(table, &remote->instance_id);
    wf_table_int(table, remote->position);
    wf_table_text(table, remote->incarnation);
    wf_table_text(table, heard ? wf_instance_state_name(remote->state) : NULL);
    wf_table_text(table, remote->completion_flag);
    wf_table_text(table, remote->code);
    wf_table_text(table, remote->detail);
    wf_table_bool(table, remote->held);
    wf_table_bool(table, wf_remote_closed(instance, remote));
    wf_table_time(table, remote->date_created);
    wf_table_time(table, remote->date_changed);
}

static void
subscription_put(struct wf_store *store, const struct wf_instance *instance, const struct wf_subscription *subscription)
{
    struct wf_table *table;

    if (subscription->gone && !subscription->stored)
        return;
    table = row(store, subscription->gone ? WF_STATEMENT_SUBSCRIPTION_DELETE : WF_STATEMENT_SUBSCRIPTION_PUT);
    wf_table_uuid(table, &instance->instance_id);
    wf_table_text(table, subscription->notifyto);
    if (subscription->gone)
        return;
    wf_table_text(table, subscription->filter);
    wf_table_text(table, subscription->requester);
}

/* What works for it elsewhere, and who is told of it (section 9). */
static void
interaction_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->remote_count; i++)
        if (instance->remotes[i]->dirty)
            remote_put(store, instance, instance->remotes[i]);
    for (size_t i = 0; i < instance->subscription_count; i++)
        if (instance->subscriptions[i].dirty)
            subscription_put(store, instance, &instance->subscriptions[i]);
}

/* Winners and summaries serve the running instance alone. */
static void
working_state_delete(struct wf_store *store, const struct wf_instance *instance)
{
    bool winners = false, summaries = false;

    for (size_t i = 0; i < instance->winner_count; i++)
        winners |= instance->winners[i].stored;
    for (size_t i = 0; i < instance->summary_count; i++)
        summaries |= instance->summaries[i].stored;
    if (winners)
        wf_table_uuid(row(store, WF_STATEMENT_WINNER_DELETE), &instance->instance_id);
    if (summaries)
        wf_table_uuid(row(store, WF_STATEMENT_SUMMARY_DELETE), &instance->instance_id);
}

/* Every change of anything in an instance touches the instance; one not dirty was only read, or undone. */
static void
instance_put(struct wf_store *store, struct wf_arena *arena, const struct wf_instance *instance)
{
    if (!instance->dirty)
        return;
    if (instance->stored)
        instance_update(store, instance);
    else
        instance_insert(store, instance);
    for (size_t i = 0; i < instance->task_count; i++)
        if (!instance->tasks[i]->stored || instance->tasks[i]->dirty) {
            task_put(store, arena, instance->tasks[i]);
            candidates_put(store, instance->tasks[i]);
        }
    for (size_t i = 0; i < instance->done_count; i++) {
        task_done(store, instance->done[i]);
        candidates_put(store, instance->done[i]);
    }
    handed_on_put(store, instance);
    batches_put(store, instance);
    interaction_put(store, instance);
    wf_incidents_put(store, instance);
    if (wf_instance_state_over(instance->state)) {
        working_state_delete(store, instance);
    } else {
        winners_put(store, instance);
        summaries_put(store, instance);
    }
}

static void
seen_put(struct wf_store *store, const struct wf_seen *seen)
{
    struct wf_table *table = row(store, WF_STATEMENT_COMMAND_ID_INSERT);

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
        struct wf_table *table = row(store, statement);
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
        struct wf_table *table = row(store, WF_STATEMENT_LOAD_CHANGE);
        wf_table_text(table, load->staff_id);
        wf_table_int(table, load->change);
        wf_table_time(table, load->assigned ? load->last_assigned : 0);
    }
    for (size_t i = 0; i < unit->token_count; i++) {
        const struct wf_token *token = unit->token_list[i];
        if (!token->changed)
            continue;
        struct wf_table *table = row(store, WF_STATEMENT_TOKEN_PUT);
        wf_table_text(table, token->role_id);
        wf_table_text(table, token->staff_id);
    }
}

static void
outbox_put(struct wf_store *store, const struct wf_work_partition *partition)
{
    if (!partition->events.length)
        return;
    struct wf_table *table = row(store, WF_STATEMENT_OUTBOX_INSERT);
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
        instance_put(store, unit->arena, unit->instance_list[i]);
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
        return wf_verdict_fail(WF_VERDICT_RECONNECT, reterr, "the unit was ended by a statement that failed");
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
