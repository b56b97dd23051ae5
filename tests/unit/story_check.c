/* The invariants: LOG-1 numbering, every task accounted for, nothing left of a rejected command. */
#include "story_check.h"

#include "base/buf.h"
#include "core/merge.h"
#include "core/rule.h"
#include "story.h"

enum { INSTANCES = 64, BATCHES = 512 };

/* What the events so far have told of an instance, as a subscriber would know it. */
struct told {
    signed char *tasks; /* state by number; -1: unknown */
    int32_t capacity;
    int32_t position, task_sequence, instance_sequence;
    int state; /* -1: not begun */
    bool closed[BATCHES]; /* by serial_no, as far as they are looked at */
};

static struct {
    struct told told[INSTANCES + 1];
    int instances;
    const char *snapshot;
} seen;

void
check_begin(void)
{
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i <= INSTANCES; i++)
        seen.told[i].state = -1;
}

int
check_instances(void)
{
    return seen.instances;
}

static void
put_task(struct wf_buf *text, const struct wf_task *task)
{
    wf_buf_printf(text, " task %d %s %d pre=%s (%d.%d) %s %s %s %d %s flag=%s attempt=%d", task->n,
                  task->activity->act_id, task->state, task->pre_act_id, task->serial_no, task->branch_no,
                  task->staff_id, task->grantor_id, task->executor_id, task->group_based_on, task->group_id,
                  task->completion_flag, task->attempt);
    wf_buf_printf(text, " due %lld timer %d %lld incident %s", (long long)task->due_at, task->timer,
                  (long long)task->timer_at, task->incident ? task->incident->id : "");
    wf_buf_printf(text, " %lld %lld %lld %lld %lld %lld %lld %d %d\n", (long long)task->date_created,
                  (long long)task->date_waiting, (long long)task->date_processing, (long long)task->date_ended,
                  (long long)task->date_changed, (long long)task->paused_time, (long long)task->waiting_time,
                  task->stored, task->dirty);
    for (size_t i = 0; i < task->arrival_count; i++)
        wf_buf_printf(text, "  arrival %s (%d.%d) %s\n", task->arrivals[i].pre_act_id, task->arrivals[i].serial_no,
                      task->arrivals[i].branch_no, task->arrivals[i].flag);
}

static void
put_instance(struct wf_buf *text, const struct wf_instance *in)
{
    wf_buf_printf(text, "due %lld %d incident %s raised %zu resolved %zu ", (long long)in->due_at, in->timed,
                  in->incident ? in->incident->id : "", in->raised_count, in->resolved_count);
    wf_buf_printf(text, "instance %d: %d %s %s %s n=%d s=%d ends=%d at=%d/%d %d %s %s %lld %lld %d done=%zu handed_on=%zu\n",
                  in->instance_id.bytes[15], in->state, in->entity_id, in->variables, in->completion_flag, in->next_n,
                  in->next_serial, in->ends, in->position, in->task_sequence, in->reached_completion,
                  in->reached_flag, in->last_flag, (long long)in->date_completed, (long long)in->date_changed,
                  in->dirty, in->done_count, in->handed_on_count);
    for (size_t i = 0; i < in->task_count; i++)
        put_task(text, in->tasks[i]);
    for (size_t i = 0; i < in->batch_count; i++) {
        const struct wf_batch *batch = in->batches[i];
        wf_buf_printf(text, " batch %d in (%d.%d) of %d by %s %d closed=%d %d\n", batch->serial_no,
                      batch->parent_serial_no, batch->parent_branch_no, batch->branches, batch->opener->act_id,
                      batch->opened_by, batch->closed_by, batch->dirty);
    }
    for (size_t i = 0; i < in->remote_count; i++)
        wf_buf_printf(text, " remote %d/%d at %d: %d %s %s %d %d\n", in->remotes[i]->n, in->remotes[i]->attempt,
                      in->remotes[i]->position, in->remotes[i]->state, in->remotes[i]->completion_flag,
                      in->remotes[i]->code, in->remotes[i]->held, in->remotes[i]->dirty);
    for (size_t i = 0; i < in->subscription_count; i++)
        wf_buf_printf(text, " subscription %s %s %d\n", in->subscriptions[i].notifyto, in->subscriptions[i].filter,
                      in->subscriptions[i].gone);
    for (size_t i = 0; i < in->winner_count; i++)
        wf_buf_printf(text, " winner %s %d.%d\n", in->winners[i].merge->act_id, in->winners[i].serial_no,
                      in->winners[i].branch_no);
    for (size_t i = 0; i < in->summary_count; i++)
        wf_buf_printf(text, " summary %s %d: %d %s %s %d %d\n", in->summaries[i].activity->act_id,
                      in->summaries[i].serial_no, in->summaries[i].ended, in->summaries[i].flag,
                      in->summaries[i].staff_id, in->summaries[i].last, in->summaries[i].dirty);
}

const char *
story_snapshot(void)
{
    const struct wf_unit *unit = &story.unit;
    WF_SCOPED(wf_buf_drop) struct wf_buf text = {0};

    for (size_t i = 0; i < unit->instance_count; i++)
        put_instance(&text, unit->instance_list[i]);
    wf_buf_printf(&text, "seen=%zu deployed=%zu institution=%p\n", unit->seen_count, unit->deployed_count,
                  (const void *)unit->institution);
    return wf_arena_strndup(&story.arena, wf_buf_text(&text), text.length);
}

void
check_before(void)
{
    seen.snapshot = story_snapshot();
}

static signed char *
told_task(struct told *told, int32_t n)
{
    if (n >= told->capacity) {
        int32_t capacity = n * 2 + 16;
        signed char *tasks = wf_arena_alloc(&story.arena, (size_t)capacity);
        memset(tasks, -1, (size_t)capacity);
        if (told->capacity)
            memcpy(tasks, told->tasks, (size_t)told->capacity);
        told->tasks = tasks;
        told->capacity = capacity;
    }
    return &told->tasks[n];
}

static void
check_event(const struct wf_event *event)
{
    int number = event->instance->instance_id.bytes[15];
    struct told *told = &seen.told[number];

    cr_assert_eq(event->position, ++told->position, "LOG-1: positions have a gap");
    if (event->kind == WF_EVENT_INSTANCE) {
        cr_assert_eq(event->sequence, ++told->instance_sequence, "LOG-1: instance events have a gap");
        cr_assert_eq(event->previous_state, told->state);
        if (told->state < 0)
            seen.instances = number > seen.instances ? number : seen.instances;
        told->state = (int)event->instance_state;
        return;
    }
    signed char *state = told_task(told, event->task.n);
    cr_assert_eq(event->sequence, ++told->task_sequence, "LOG-1: task events have a gap");
    cr_assert_eq(event->previous_state, *state, "LOG-1: task %d was not in its previous state", event->task.n);
    *state = (signed char)event->task.state;
}

/* ASG-3: the branches of a batch that `all` opened are its copies, one for each person, in order of staff_id. */
static void
check_copies(const struct wf_batch *batch)
{
    const char *previous = "";
    int32_t branch = 0;

    for (size_t i = 0; i < story.unit.event_count; i++) {
        const struct wf_event *event = &story.unit.events[i];
        if (event->kind != WF_EVENT_TASK || event->task.serial_no != batch->serial_no ||
            event->task.activity != batch->opener || !event->assignment.based_on)
            continue;
        cr_assert_eq(event->task.branch_no, ++branch);
        cr_assert_lt(strcmp(previous, event->task.staff_id), 0, "ASG-3: \"%s\" twice", event->task.staff_id);
        previous = event->task.staff_id;
    }
    cr_assert_eq(branch, batch->branches, "ASG-3: %d copies of %d", branch, batch->branches);
}

/*
 * DEP-6: of what was open before the vote nothing could still come.  What a merge of an outer
 * batch had gathered may go on afterwards, with numbers of this one: it is absorbed (BAT-5).
 */
static void
check_vote(const struct wf_event *event, const struct wf_batch *closed)
{
    const struct wf_task *late = wf_merge_could_come(event->instance, event->task.activity, closed, NULL);

    cr_assert(!late || (late->touched == story.unit.command_no && late->previous_state < 0),
              "DEP-6: task %d was not withdrawn", late->n);
}

/* BAT-5: a batch is closed once, by its own merge. */
static void
check_batches(const struct wf_event *event)
{
    const struct wf_instance *instance = event->instance;
    struct told *told = &seen.told[instance->instance_id.bytes[15]];

    for (int i = 0; i < 2; i++) {
        const struct wf_batch *opened = wf_instance_batch(instance, event->opened[i]);
        const struct wf_batch *closed = wf_instance_batch(instance, event->closed[i]);
        if (opened && opened->by_all)
            check_copies(opened);
        if (!closed)
            continue;
        cr_assert_eq(closed->closed_by, event->task.n);
        cr_assert_eq(wf_batch_closer(closed), event->task.activity);
        if (closed->serial_no < BATCHES) {
            cr_assert_not(told->closed[closed->serial_no], "BAT-5: closed twice");
            told->closed[closed->serial_no] = true;
        }
        if (event->task.activity->type == WF_ACT_VOTE_MERGE)
            check_vote(event, closed);
    }
}

/* DEP-5: one winner at a merge in a batch. */
static void
check_winners(const struct wf_instance *instance)
{
    for (size_t i = 0; i < instance->winner_count; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert(instance->winners[i].merge != instance->winners[k].merge ||
                      instance->winners[i].serial_no != instance->winners[k].serial_no, "DEP-5: two winners");
}

/* Who knows the events knows the instance: the same open tasks, in the same states. */
static void
check_told(const struct wf_instance *instance)
{
    struct told *told = &seen.told[instance->instance_id.bytes[15]];
    size_t open = 0, active = 0;

    for (int32_t n = 0; n < told->capacity; n++)
        open += told->tasks[n] >= 0 && wf_task_state_open((enum wf_task_state)told->tasks[n]);
    cr_assert_eq(open, instance->task_count, "%zu tasks are open, of %zu the events tell", instance->task_count, open);
    for (size_t i = 0; i < instance->task_count; i++) {
        const struct wf_task *task = instance->tasks[i];
        cr_assert_eq(*told_task(told, task->n), (signed char)task->state);
        cr_assert(i == 0 || instance->tasks[i - 1]->n < task->n);
        cr_assert_not_null(wf_instance_batch(instance, task->serial_no), "task %d is of no batch", task->n);
        active += task->state != WF_TASK_PENDING || wf_rule_is_pre(task->activity); /* asked again: not stalled */
    }
    cr_assert_eq((int)instance->state, told->state);
    cr_assert_eq(instance->position, told->position);
    if (instance->state == WF_INSTANCE_RUNNING)
        cr_assert_gt(active, 0, "FWD-7: stuck in silence");
    if (instance->state == WF_INSTANCE_STALLED)
        cr_assert_eq(active, 0, "FWD-7: not stalled");
    if (instance->state == WF_INSTANCE_COMPLETED)
        cr_assert_eq(open, 0, "FWD-5: completed with open tasks");
}

static void
check_started(const struct wf_unit *unit)
{
    const struct wf_outcome *outcome = &unit->outcome;
    size_t started = 0;

    for (size_t i = 0; i < unit->event_count; i++) {
        const struct wf_event *event = &unit->events[i];
        if (event->kind != WF_EVENT_TASK || event->previous_state >= 0 || !wf_task_state_open(event->task.state))
            continue;
        started++;
        bool listed = false;
        for (size_t k = 0; k < outcome->started_count; k++)
            listed |= outcome->started[k] == event->task.n;
        cr_assert(listed || outcome->started_count == 100);
    }
    if (story.command.operation != WF_OP_SHOW_INSTANCE)
        cr_assert_eq(outcome->started_total, started);
}

void
check_undone(void)
{
    cr_assert_eq(story.unit.event_count, 0, "what was put off has events");
    SAME(story_snapshot(), seen.snapshot);
}

void
check_after(void)
{
    const struct wf_unit *unit = &story.unit;
    bool applied = unit->outcome.result == WF_RESULT_APPLIED;

    if (!applied) {
        check_undone(); /* TSK-4 */
        return;
    }
    for (size_t i = 0; i < unit->event_count; i++)
        check_event(&unit->events[i]);
    for (size_t i = 0; i < unit->event_count; i++)
        if (unit->events[i].kind == WF_EVENT_TASK)
            check_batches(&unit->events[i]);
    for (size_t i = 0; i < unit->instance_count; i++)
        check_told(unit->instance_list[i]);
    for (size_t i = 0; i < unit->instance_count; i++)
        check_winners(unit->instance_list[i]);
    check_started(unit);
}
