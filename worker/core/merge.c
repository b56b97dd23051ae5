#include "core/merge.h"

#include <string.h>

#include "core/forward.h"
#include "core/graph.h"
#include "core/task.h"

const struct wf_activity *
wf_batch_closer(const struct wf_batch *batch)
{
    if (!batch->parent_serial_no)
        return NULL;
    return batch->by_all ? batch->opener->all_closed_by : batch->opener->closed_by;
}

/* The outermost batch that the merge closes, with only batches closed by it or by none on the way. */
static struct wf_batch *
batch_closed(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no)
{
    struct wf_batch *outermost = NULL;

    for (struct wf_batch *batch = wf_instance_batch(instance, serial_no); batch;
         batch = wf_instance_batch(instance, batch->parent_serial_no)) {
        const struct wf_activity *closer = wf_batch_closer(batch);
        if (closer && closer != merge)
            break;
        if (closer == merge)
            outermost = batch;
    }
    return outermost;
}

static bool
closes_one_of(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no)
{
    for (const struct wf_batch *batch = wf_instance_batch(instance, serial_no); batch;
         batch = wf_instance_batch(instance, batch->parent_serial_no))
        if (wf_batch_closer(batch) == merge)
            return true;
    return false;
}

struct wf_batch *
wf_merge_batch(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no)
{
    struct wf_batch *batch = batch_closed(instance, merge, serial_no);

    if (batch)
        return batch;
    if (merge->closes_any && !closes_one_of(instance, merge, serial_no))
        return NULL;
    batch = wf_instance_batch(instance, serial_no);
    while (batch && batch->parent_serial_no && !wf_process_dominates(instance->process, batch->opener, merge))
        batch = wf_instance_batch(instance, batch->parent_serial_no);
    return batch;
}

bool
wf_merge_closed(const struct wf_activity *merge, const struct wf_batch *batch)
{
    return batch && batch->closed_by && wf_batch_closer(batch) == merge;
}

static int32_t
winner_of(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no)
{
    for (size_t i = 0; i < instance->winner_count; i++)
        if (instance->winners[i].merge == merge && instance->winners[i].serial_no == serial_no)
            return instance->winners[i].branch_no;
    return 0;
}

/*
 * From the batch of an arrival out to the one that the merge works in: the branch in each.
 * Ends when it returns false; *serial_no and *branch_no are moved outwards.
 */
static bool
outwards(const struct wf_instance *instance, const struct wf_batch *last, int32_t *serial_no, int32_t *branch_no)
{
    const struct wf_batch *batch = wf_instance_batch(instance, *serial_no);

    if (!batch || batch == last)
        return false;
    *serial_no = batch->parent_serial_no;
    *branch_no = batch->parent_branch_no;
    return true;
}

bool
wf_or_merge_lost(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no,
                 int32_t branch_no)
{
    const struct wf_batch *batch = wf_merge_batch(instance, merge, serial_no);

    if (!batch)
        return false; /* alone: nobody to lose against */
    do {
        int32_t winner = winner_of(instance, merge, serial_no);
        if (winner && winner != branch_no)
            return true;
    } while (outwards(instance, batch, &serial_no, &branch_no));
    return false;
}

void
wf_or_merge_win(struct wf_unit *unit, const struct wf_task *task)
{
    struct wf_instance *instance = task->instance;
    const struct wf_batch *batch = wf_merge_batch(instance, task->activity, task->serial_no);
    int32_t serial_no = task->serial_no, branch_no = task->branch_no;

    if (!batch)
        return;
    wf_unit_touch_instance(unit, instance);
    do {
        struct wf_winner winner = {.merge = task->activity, .serial_no = serial_no, .branch_no = branch_no};
        if (!winner_of(instance, task->activity, serial_no))
            WF_ARENA_PUSH(unit->arena, instance->winners, instance->winner_count, instance->winner_capacity, winner);
    } while (outwards(instance, batch, &serial_no, &branch_no));
}

/* A walk of an open task towards a merge, and what it must not pass (BAT-6). */
struct walk {
    const struct wf_task *task;
    const struct wf_activity *closer; /* of the batch; NULL: the merge itself, or none */
};

static bool
stops(void *context, const struct wf_activity *activity)
{
    const struct walk *walk = context;
    const struct wf_task *task = walk->task;

    if (activity == walk->closer)
        return true;
    return activity->type == WF_ACT_OR_MERGE &&
           (wf_merge_closed(activity, wf_merge_batch(task->instance, activity, task->serial_no)) ||
            wf_or_merge_lost(task->instance, activity, task->serial_no, task->branch_no));
}

static bool
could_come(const struct wf_task *task, const struct wf_activity *merge, const struct wf_batch *batch)
{
    const struct wf_activity *closer = wf_batch_closer(batch);
    struct walk walk = {.task = task, .closer = closer == merge ? NULL : closer};

    if (!wf_task_state_open(task->state) || !wf_batch_within(task->instance, task->serial_no, batch->serial_no))
        return false;
    if (walk.closer == task->activity)
        return false; /* it is about to leave the batch, or one around it */
    return wf_graph_path(task->instance->process, task->activity, merge, stops, &walk);
}

struct wf_task *
wf_merge_could_come(const struct wf_instance *instance, const struct wf_activity *merge, const struct wf_batch *batch,
                    const struct wf_task *except)
{
    for (size_t i = 0; i < instance->task_count; i++)
        if (instance->tasks[i] != except && could_come(instance->tasks[i], merge, batch))
            return instance->tasks[i];
    return NULL;
}

/* The branch of a batch that a place in it, or in a batch nested in it, belongs to. */
static int32_t
branch_in(const struct wf_instance *instance, const struct wf_batch *batch, int32_t serial_no, int32_t branch_no)
{
    while (outwards(instance, batch, &serial_no, &branch_no))
        continue;
    return branch_no;
}

static bool
is_vote(const struct wf_activity *merge, const struct wf_arrival *arrival)
{
    const char *asked = merge->or_merge_flag;

    return !asked || strcmp(asked, "any") == 0 || (arrival->flag && strcmp(arrival->flag, asked) == 0);
}

static int32_t
votes_needed(const struct wf_activity *merge, const struct wf_batch *batch)
{
    int32_t branches = batch ? batch->branches : 1;
    int32_t share = (branches * merge->votes_percent + 99) / 100; /* rounded up, at least 1 */

    if (!merge->votes_percent)
        return merge->votes_needed;
    return share > 0 ? share : 1;
}

/* A set of branch numbers, 1 to `branches`. */
struct branches {
    bool voted[WF_TASKS_MAX + 1];
};

/* Whether an arrival is a vote, and the first of its branch, which is noted. */
static bool
takes_vote(const struct wf_task *task, const struct wf_batch *batch, const struct wf_arrival *arrival,
           struct branches *branches)
{
    int32_t branch = batch ? branch_in(task->instance, batch, arrival->serial_no, arrival->branch_no) : 1;

    if (!is_vote(task->activity, arrival) || branch < 1 || branch > WF_TASKS_MAX || branches->voted[branch])
        return false;
    return branches->voted[branch] = true;
}

static int32_t
count_votes(const struct wf_task *task, const struct wf_batch *batch, struct branches *branches)
{
    int32_t votes = 0;

    for (size_t i = 0; i < task->arrival_count; i++)
        votes += takes_vote(task, batch, &task->arrivals[i], branches);
    return votes;
}

const struct wf_arrival *
wf_vote_merge_deciding(const struct wf_task *task)
{
    const struct wf_batch *batch = wf_merge_batch(task->instance, task->activity, task->serial_no);
    struct branches branches = {{false}};
    int32_t missing = votes_needed(task->activity, batch);

    for (size_t i = 0; i < task->arrival_count; i++)
        if (takes_vote(task, batch, &task->arrivals[i], &branches) && --missing == 0)
            return &task->arrivals[i];
    return &task->arrivals[task->arrival_count - 1];
}

/* Branches that have not voted and could still come. */
static int32_t
count_expected(const struct wf_task *task, const struct wf_batch *batch, struct branches *branches)
{
    const struct wf_instance *instance = task->instance;
    int32_t expected = 0;

    for (size_t i = 0; batch && i < instance->task_count; i++) {
        const struct wf_task *other = instance->tasks[i];
        if (other == task || !could_come(other, task->activity, batch))
            continue;
        int32_t branch = branch_in(instance, batch, other->serial_no, other->branch_no);
        if (branch < 1 || branch > WF_TASKS_MAX || branches->voted[branch])
            continue;
        branches->voted[branch] = true;
        expected++;
    }
    return expected;
}

enum wf_vote
wf_vote_merge_count(const struct wf_task *task)
{
    const struct wf_batch *batch = wf_merge_batch(task->instance, task->activity, task->serial_no);
    struct branches branches = {{false}};
    int32_t needed = votes_needed(task->activity, batch), votes = count_votes(task, batch, &branches);

    if (votes >= needed)
        return WF_VOTE_PASSED;
    if (votes + count_expected(task, batch, &branches) >= needed)
        return WF_VOTE_OPEN;
    return wf_forward_names(task->activity, "failed") ? WF_VOTE_FAILED : WF_VOTE_OPEN;
}

int32_t
wf_vote_merge_votes(const struct wf_task *task, int32_t *ret_needed)
{
    const struct wf_batch *batch = wf_merge_batch(task->instance, task->activity, task->serial_no);
    struct branches branches = {{false}};

    *ret_needed = votes_needed(task->activity, batch);
    return count_votes(task, batch, &branches);
}

void
wf_vote_merge_withdraw_rest(struct wf_unit *unit, const struct wf_task *task)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_batch *batch = wf_merge_batch(instance, task->activity, task->serial_no);
    struct wf_task *other;

    while (batch && (other = wf_merge_could_come(instance, task->activity, batch, task)))
        wf_task_withdraw(unit, other, "the vote is over");
}
