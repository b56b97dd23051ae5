/*
 * save_rest.c - what only some instances have: batches, winners, summaries, sub-processes, subscriptions.
 */
#include "core/interaction.h"
#include "store/save.h"

static void
batches_put(struct wf_store *store, const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->batch_count; i++) {
        const struct wf_batch *batch = instance->batches[i];
        if (!batch->dirty || batch->serial_no == 1)
            continue; /* batch 1 is the same for all: the core makes it again */
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_BATCH_PUT);
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
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_WINNER_INSERT);
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
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_SUMMARY_PUT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, summary->serial_no);
        wf_table_int(table, summary->ended);
        wf_table_int(table, summary->last);
        wf_table_text(table, summary->activity->act_id);
        wf_table_text(table, summary->flag);
        wf_table_text(table, summary->staff_id);
        wf_save_ids(table, summary->people, summary->people_count);
    }
}

static void
remote_put(struct wf_store *store, const struct wf_instance *instance, const struct wf_remote *remote)
{
    struct wf_table *table = wf_save_row(store, WF_STATEMENT_REMOTE_PUT);
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
    table = wf_save_row(store, subscription->gone ? WF_STATEMENT_SUBSCRIPTION_DELETE : WF_STATEMENT_SUBSCRIPTION_PUT);
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
        wf_table_uuid(wf_save_row(store, WF_STATEMENT_WINNER_DELETE), &instance->instance_id);
    if (summaries)
        wf_table_uuid(wf_save_row(store, WF_STATEMENT_SUMMARY_DELETE), &instance->instance_id);
}

void
wf_save_rest(struct wf_store *store, const struct wf_instance *instance)
{
    batches_put(store, instance);
    interaction_put(store, instance);
    if (wf_instance_state_over(instance->state)) {
        working_state_delete(store, instance);
    } else {
        winners_put(store, instance);
        summaries_put(store, instance);
    }
}
