#include "core/dependency.h"

#include <string.h>

#include "core/constraint.h"
#include "core/graph.h"
#include "core/merge.h"
#include "core/rule.h"

bool
wf_dependency_gathers(const struct wf_activity *activity)
{
    return wf_act_type_merges(activity->type) || activity->pre_rule_count || wf_rule_is_pre(activity);
}

static const struct wf_pre_rule *
pre_rule_after(const struct wf_activity *activity, const char *pre_act_id)
{
    for (size_t r = 0; pre_act_id && r < activity->pre_rule_count; r++)
        if (strcmp(activity->pre_rules[r].after, pre_act_id) == 0)
            return &activity->pre_rules[r];
    return NULL;
}

/* Whether a pending task waits by a rule for one of its arrivals; else it would have started for each (DEP-1, DEP-8). */
static bool
waits_by_rule(const struct wf_task *task)
{
    if (wf_rule_is_pre(task->activity))
        return true;
    for (size_t i = 0; i < task->arrival_count; i++)
        if (pre_rule_after(task->activity, task->arrivals[i].pre_act_id))
            return true;
    return false;
}

/* The batch in which arrivals of a batch gather at an activity: where a merge works, else that batch. */
static const struct wf_batch *
gathering_batch(const struct wf_instance *instance, const struct wf_activity *activity, int32_t serial_no)
{
    return wf_act_type_merges(activity->type) ? wf_merge_batch(instance, activity, serial_no)
                                              : wf_instance_batch(instance, serial_no);
}

struct wf_task *
wf_dependency_gatherer(const struct wf_instance *instance, const struct wf_activity *activity, int32_t serial_no)
{
    if (activity->type == WF_ACT_OR_MERGE || !wf_dependency_gathers(activity))
        return NULL; /* an or_merge gathers nothing: each arrival waits for itself (DEP-4) */

    const struct wf_batch *batch = gathering_batch(instance, activity, serial_no);
    for (size_t i = 0; batch && i < instance->task_count; i++) {
        struct wf_task *task = instance->tasks[i];
        if (task->activity != activity || task->state != WF_TASK_PENDING)
            continue;
        if (!wf_act_type_merges(activity->type) && !waits_by_rule(task))
            continue;
        if (gathering_batch(instance, activity, task->serial_no) == batch)
            return task;
    }
    return NULL;
}

static bool
open_of(const struct wf_instance *instance, const struct wf_activity *activity)
{
    for (size_t i = 0; i < instance->task_count; i++)
        if (instance->tasks[i]->activity == activity && wf_task_state_open(instance->tasks[i]->state))
            return true;
    return false;
}

/* The last end of an activity within a batch (0: anywhere) after a number of ends, or NULL. */
static const struct wf_summary *
last_end(const struct wf_instance *instance, const struct wf_activity *activity, int32_t within, int32_t after)
{
    const struct wf_summary *last = NULL;

    for (size_t i = 0; i < instance->summary_count; i++) {
        const struct wf_summary *summary = &instance->summaries[i];
        if (summary->activity != activity || summary->last <= after)
            continue;
        if (within && !wf_batch_within(instance, summary->serial_no, within))
            continue;
        if (!last || summary->last > last->last)
            last = summary;
    }
    return last;
}

/* How many tasks had ended when a merge last flowed on in a batch itself, not in one nested in it; 0: never. */
static int32_t
last_flow(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no)
{
    for (size_t i = 0; i < instance->summary_count; i++)
        if (instance->summaries[i].activity == merge && instance->summaries[i].serial_no == serial_no)
            return instance->summaries[i].last;
    return 0;
}

static bool
need_holds(const struct wf_instance *instance, const struct wf_need *need, int32_t within, int32_t after)
{
    const struct wf_summary *last = last_end(instance, need->activity, within, after);

    if (!last || open_of(instance, need->activity))
        return false;
    return !need->status || (last->flag && strcmp(last->flag, need->status) == 0);
}

/* The first element of a set that does not hold, or NULL; of no rule there is none (DEP-2). */
static const struct wf_need *
unmet_by_rule(const struct wf_instance *instance, const struct wf_pre_rule *rule)
{
    for (size_t i = 0; rule && i < rule->need_count; i++)
        if (!need_holds(instance, &rule->needs[i], 0, 0))
            return &rule->needs[i];
    return NULL;
}

/* Whether a task may start by an arrival: by its user-defined rule (FWD-4), else by the set for it (DEP-2, DEP-4). */
static bool
rule_holds(struct wf_unit *unit, const struct wf_task *task, const struct wf_arrival *arrival)
{
    if (wf_rule_is_pre(task->activity))
        return wf_rule_may_start(unit, task, arrival);
    return !unmet_by_rule(task->instance, pre_rule_after(task->activity, arrival->pre_act_id));
}

/* DEP-1, DEP-2: the set for any of the activities it was reached from is enough. */
static enum wf_readiness
check_sequence(struct wf_unit *unit, struct wf_task *task)
{
    if (!wf_dependency_gathers(task->activity))
        return WF_READY;
    for (size_t i = 0; i < task->arrival_count; i++) {
        const struct wf_arrival *arrival = &task->arrivals[i];
        if (rule_holds(unit, task, arrival)) {
            wf_unit_touch_task(unit, task);
            task->pre_act_id = arrival->pre_act_id;
            task->branch_no = arrival->branch_no;
            if (task->activity->type == WF_ACT_DUMMY)
                task->completion_flag = arrival->flag; /* it ends with it (FWD-8) */
            return WF_READY;
        }
    }
    return WF_NOT_READY;
}

/* For wf_graph_path(): a path ends at this activity. */
static bool
is_same(void *context, const struct wf_activity *activity)
{
    return activity == context;
}

static bool
path_without(const struct wf_process *process, const struct wf_activity *from, const struct wf_activity *to,
             const struct wf_activity *avoid)
{
    return wf_graph_path(process, from, to, is_same, (void *)(uintptr_t)avoid);
}

/*
 * Whether an activity lies between the opener of a batch and the merge (DEP-3).  What a loop
 * passes after the merge and before the opener does not.
 */
static bool
between(const struct wf_instance *instance, const struct wf_batch *batch, const struct wf_activity *activity,
        const struct wf_activity *merge)
{
    return path_without(instance->process, batch->opener, activity, merge) &&
           path_without(instance->process, activity, merge, batch->opener);
}

/*
 * DEP-3 with pre rules: the first element of any set that does not hold, or NULL, counting what
 * ended since the merge last flowed on in the batch it works in: what had come to one that was
 * withdrawn is not lost.  An arrival taken alone counts in the batch it is of.
 */
static const struct wf_need *
unmet_by_merge(const struct wf_task *task)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_activity *merge = task->activity;
    const struct wf_batch *batch = wf_merge_batch(instance, merge, task->serial_no);
    int32_t serial_no = batch ? batch->serial_no : task->serial_no;
    int32_t since = last_flow(instance, merge, serial_no);

    for (size_t r = 0; r < merge->pre_rule_count; r++)
        for (size_t i = 0; i < merge->pre_rules[r].need_count; i++) {
            const struct wf_need *need = &merge->pre_rules[r].needs[i];
            bool inside = between(instance, wf_instance_batch(instance, serial_no), need->activity, merge);
            if (!need_holds(instance, need, inside ? serial_no : 0, inside ? since : 0))
                return need;
        }
    return NULL;
}

/* FWD-4: a merge that gathers is asked for its last arrival. */
static enum wf_readiness
check_gathered(struct wf_unit *unit, const struct wf_task *task)
{
    return wf_rule_may_start(unit, task, &task->arrivals[task->arrival_count - 1]) ? WF_READY : WF_NOT_READY;
}

static enum wf_readiness
check_and_merge(struct wf_unit *unit, const struct wf_task *task)
{
    const struct wf_batch *batch = wf_merge_batch(task->instance, task->activity, task->serial_no);

    if (wf_merge_closed(task->activity, batch))
        return WF_ABSORB; /* BAT-5 */
    if (wf_rule_is_pre(task->activity))
        return check_gathered(unit, task);
    if (task->activity->pre_rule_count)
        return unmet_by_merge(task) ? WF_NOT_READY : WF_READY;
    return batch && wf_merge_could_come(task->instance, task->activity, batch, task) ? WF_NOT_READY : WF_READY;
}

/* DEP-4, DEP-5: what the merge does not admit is absorbed; what must wait for its set may still lose. */
static enum wf_readiness
check_or_merge(struct wf_unit *unit, const struct wf_task *task)
{
    const struct wf_activity *merge = task->activity;
    const struct wf_arrival *arrival = &task->arrivals[0];
    const char *asked = merge->or_merge_flag;

    if (asked && strcmp(asked, "any") != 0 && (!arrival->flag || strcmp(arrival->flag, asked) != 0))
        return WF_ABSORB;
    if (wf_merge_closed(merge, wf_merge_batch(task->instance, merge, task->serial_no)) ||
        wf_or_merge_lost(task->instance, merge, task->serial_no, task->branch_no))
        return WF_ABSORB;
    return rule_holds(unit, task, arrival) ? WF_READY : WF_NOT_READY;
}

static enum wf_readiness
check_vote_merge(struct wf_unit *unit, const struct wf_task *task)
{
    if (wf_merge_closed(task->activity, wf_merge_batch(task->instance, task->activity, task->serial_no)))
        return WF_ABSORB;
    if (wf_rule_is_pre(task->activity))
        return check_gathered(unit, task);
    return wf_vote_merge_count(task) == WF_VOTE_OPEN ? WF_NOT_READY : WF_READY;
}

enum wf_readiness
wf_dependency_check(struct wf_unit *unit, struct wf_task *task)
{
    switch (task->activity->type) {
    case WF_ACT_AND_MERGE: return check_and_merge(unit, task);
    case WF_ACT_OR_MERGE: return check_or_merge(unit, task);
    case WF_ACT_VOTE_MERGE: return check_vote_merge(unit, task);
    default: return check_sequence(unit, task);
    }
}

void
wf_dependency_flow_on(struct wf_unit *unit, struct wf_task *task, int32_t *ret_serial_no, int32_t *ret_branch_no)
{
    struct wf_batch *batch = wf_merge_batch(task->instance, task->activity, task->serial_no);
    const struct wf_arrival *arrival = &task->arrivals[task->arrival_count - 1];

    if (task->activity->type == WF_ACT_VOTE_MERGE && !wf_rule_is_pre(task->activity))
        arrival = wf_vote_merge_deciding(task);
    task->pre_act_id = arrival->pre_act_id;
    task->serial_no = arrival->serial_no;
    task->branch_no = arrival->branch_no;
    if (task->activity->type == WF_ACT_OR_MERGE)
        wf_or_merge_win(unit, task);
    if (batch && wf_batch_closer(batch) == task->activity) {
        wf_unit_touch_batch(unit, task->instance, batch);
        batch->closed_by = task->n;
        wf_unit_event_of(unit, task)->closed[0] = batch->serial_no;
        *ret_serial_no = batch->parent_serial_no;
        *ret_branch_no = batch->parent_branch_no;
        return;
    }
    *ret_serial_no = task->serial_no;
    *ret_branch_no = task->branch_no;
}

void
wf_dependency_note_end(struct wf_unit *unit, struct wf_task *task)
{
    struct wf_instance *instance = task->instance;
    int32_t serial_no = task->serial_no;

    if (!task->activity->depends)
        return;
    if (wf_act_type_merges(task->activity->type)) { /* a merge ends in the batch it works in */
        const struct wf_batch *batch = wf_merge_batch(instance, task->activity, serial_no);
        serial_no = batch ? batch->serial_no : serial_no;
    }
    struct wf_summary *summary = wf_unit_touch_summary(unit, instance, task->activity, serial_no);
    summary->ended++;
    summary->flag = task->completion_flag;
    summary->staff_id = task->staff_id;
    summary->last = instance->ends;
    wf_constraint_note_end(unit, summary, task);
}

const char *
wf_dependency_reason(struct wf_unit *unit, const struct wf_task *task)
{
    const struct wf_activity *activity = task->activity;
    const struct wf_need *need = activity->type == WF_ACT_AND_MERGE
                                     ? unmet_by_merge(task)
                                     : unmet_by_rule(task->instance, pre_rule_after(activity, task->pre_act_id));
    int32_t votes, needed;

    if (task->incident)
        return wf_arena_printf(unit->arena, "task %d of \"%s\" waits for its incident \"%s\" to be retried", task->n,
                               activity->act_id, task->incident->code);
    if (wf_rule_is_pre(activity))
        return wf_arena_printf(unit->arena, "task %d of \"%s\" waits for the pre rule \"%s\"", task->n,
                               activity->act_id, activity->ex_pre_rule_func);
    if (activity->type == WF_ACT_VOTE_MERGE) {
        votes = wf_vote_merge_votes(task, &needed);
        return wf_arena_printf(unit->arena, "task %d of \"%s\" waits for votes: it has %d of %d", task->n,
                               activity->act_id, votes, needed);
    }
    if (!need)
        return wf_arena_printf(unit->arena, "task %d of \"%s\" waits for other branches", task->n, activity->act_id);
    return wf_arena_printf(unit->arena, "task %d of \"%s\" waits for \"%s\"%s%s%s", task->n, activity->act_id,
                           need->act_id, need->status ? " to end with flag \"" : "", need->status ? need->status : "",
                           need->status ? "\"" : "");
}
