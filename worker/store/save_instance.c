/*
 * save_instance.c - what every instance has: its row, its tasks, their history.
 */
#include "base/json.h"
#include "core/constraint.h"
#include "store/automation.h"
#include "store/save.h"

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
    struct wf_table *table = wf_save_row(store, WF_STATEMENT_INSTANCE_INSERT);

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
    struct wf_table *table = wf_save_row(store, WF_STATEMENT_INSTANCE_UPDATE);

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
task_put(struct wf_store *store, struct wf_arena *arena, const struct wf_task *task)
{
    bool insert = !task->stored;
    size_t barred_count;
    const char **barred = wf_constraint_barred(arena, task, &barred_count);
    struct wf_table *table = wf_save_row(store, insert ? WF_STATEMENT_TASK_INSERT : WF_STATEMENT_TASK_UPDATE);

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
    wf_save_ids(table, barred, barred_count);
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
        table = wf_save_row(store, WF_STATEMENT_TASK_CANDIDATE_DELETE);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
    }
    if (wanted && task->stored_candidates != task->candidates) {
        table = wf_save_row(store, WF_STATEMENT_TASK_CANDIDATE_INSERT);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
        wf_table_time(table, task->date_created);
        wf_save_ids(table, task->candidates, task->candidate_count);
    }
}

static void
task_done(struct wf_store *store, const struct wf_task *task)
{
    struct wf_table *table;

    if (task->stored) {
        table = wf_save_row(store, WF_STATEMENT_TASK_DELETE);
        wf_table_uuid(table, &task->instance->instance_id);
        wf_table_int(table, task->n);
    }
    table = wf_save_row(store, WF_STATEMENT_HISTORY_INSERT);
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
        struct wf_table *table = wf_save_row(store, WF_STATEMENT_HANDED_ON_INSERT);
        wf_table_uuid(table, &instance->instance_id);
        wf_table_int(table, handed_on->task->n);
        wf_table_text(table, wf_task_state_name(handed_on->state));
        wf_table_text(table, handed_on->task->activity->act_id);
        wf_table_text(table, handed_on->staff_id);
        wf_table_text(table, handed_on->to_staff_id);
        wf_table_time(table, handed_on->date);
    }
}

/* Every change of anything in an instance touches the instance; one not dirty was only read, or undone. */
void
wf_save_instance(struct wf_store *store, struct wf_arena *arena, const struct wf_instance *instance)
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
    wf_save_rest(store, instance);
    wf_incidents_put(store, instance);
}
