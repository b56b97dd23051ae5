#include "own.h"

#include <stdlib.h>

#include "base/clock.h"

/* How long an idle worker trusts its idea of the database's clock. */
#define CLOCK_TRUSTED (30 * WF_SECOND)

/* There is no timer in the partition. */
#define NEVER INT64_MAX

struct wf_command *
wf_own_add(struct wf_own_commands *commands, int32_t partition, enum wf_operation operation,
           const struct wf_uuid *instance_id, int32_t n, const char *kind, const char *what)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(instance_id, text);
    struct wf_own_command own = {
        .partition = partition,
        .command = {
            .operation = operation,
            .id = n ? wf_arena_printf(commands->arena, "%s:%s:%d/%s", kind, text, n, what)
                    : wf_arena_printf(commands->arena, "%s:%s/%s", kind, text, what),
            .has_instance_id = true,
            .instance_id = *instance_id,
            .task_n = n,
        },
    };
    WF_ARENA_PUSH(commands->arena, commands->items, commands->count, commands->capacity, own);
    return &commands->items[commands->count - 1].command;
}

void
wf_own_clock_set(struct wf_worker *worker, int64_t now)
{
    worker->clock_read_at = wf_clock_monotonic();
    worker->clock_ahead = now - worker->clock_read_at;
}

int64_t
wf_own_now(const struct wf_worker *worker)
{
    return worker->clock_read_at ? wf_clock_monotonic() + worker->clock_ahead : wf_clock_now();
}

/* Microseconds until the first timer of a partition is due; negative: it is overdue, or the timers are to be read. */
static int64_t
until_due(const struct wf_worker *worker, const struct wf_partition *partition)
{
    int64_t clock = wf_clock_monotonic();

    if (partition->state != WF_PARTITION_SERVED || partition->timer_at == NEVER)
        return NEVER;
    if (!partition->timer_at)
        return -1;
    int64_t due = partition->timer_at - (clock + worker->clock_ahead);
    int64_t trusted = worker->clock_read_at + CLOCK_TRUSTED - clock;
    return due < trusted ? due : trusted;
}

int64_t
wf_own_wait(const struct wf_worker *worker, int64_t limit)
{
    if (worker->reassign.under_way)
        return 0;
    for (int32_t p = 0; p < worker->partition_count; p++) {
        int64_t until = until_due(worker, &worker->partitions[p]);
        if (until < limit)
            limit = until > 0 ? until : 0;
    }
    return limit;
}

void
wf_own_timer_set(struct wf_worker *worker, int32_t partition, int64_t timer_at)
{
    struct wf_partition *known = &worker->partitions[partition];

    if (timer_at && known->timer_at > timer_at) /* 0: they are to be read anyway */
        known->timer_at = timer_at;
}

static void
fire(struct wf_own_commands *commands, const struct wf_due *due)
{
    struct wf_command *command = wf_own_add(commands, due->partition, WF_OP_FIRE_TIMER, &due->instance_id, due->n,
                                            "timer", wf_timer_name(due->timer));

    command->timer = due->timer;
    command->timer_at = due->due_at;
}

/*
 * Of what falls due first in each partition, fires what is due; the first that is not says when to ask again.  Where `limit`
 * were read and all are fired there may be more: the next batch asks.
 */
static void
fire_due(struct wf_worker *worker, struct wf_own_commands *commands, const struct wf_due *due, size_t count,
         int32_t limit, int64_t now)
{
    int32_t *fired = WF_ARENA_ARRAY(commands->arena, int32_t, (size_t)worker->partition_count);

    for (size_t i = 0; i < count; i++) {
        struct wf_partition *partition = &worker->partitions[due[i].partition];
        if (partition->timer_at != NEVER)
            continue; /* found already */
        if (due[i].due_at > now || commands->count >= (size_t)limit) {
            partition->timer_at = due[i].due_at;
            continue;
        }
        fire(commands, &due[i]);
        if (++fired[due[i].partition] == limit)
            partition->timer_at = due[i].due_at;
    }
}

bool
wf_own_store_ok(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error)
{
    if (wf_worker_store_ok(worker, verdict, error))
        return true;
    worker->recover = true;
    return false;
}

bool
wf_own_take(struct wf_worker *worker, struct wf_own_commands *commands)
{
    int32_t *asked = WF_ARENA_ARRAY(commands->arena, int32_t, (size_t)worker->partition_count);
    int32_t limit = (int32_t)(worker->batch_limit / 4 + 1);
    size_t count = 0, found;
    struct wf_error error;
    struct wf_due *due;
    int64_t now;

    for (int32_t p = 0; p < worker->partition_count; p++)
        if (until_due(worker, &worker->partitions[p]) <= 0)
            asked[count++] = p;
    if (!count)
        return true;
    enum wf_verdict verdict =
        wf_store_timers(worker->store, asked, count, limit, commands->arena, &due, &found, &now, &error);
    if (!wf_own_store_ok(worker, verdict, &error))
        return false;
    if (found)
        wf_own_clock_set(worker, now);
    for (size_t i = 0; i < count; i++)
        worker->partitions[asked[i]].timer_at = NEVER;
    fire_due(worker, commands, due, found, limit, now);
    return true;
}
