/*
 * cutting.c - applies a batch: again after a lost race, in halves where the database refuses it, until the command that
 * it will not take is alone (EOS-23).
 */
#include "base/fault.h"
#include "base/log.h"
#include "work.h"
#include "work_state.h"

enum { RETRIES = 5 }; /* of a whole batch after a deadlock or a lost race */

/* Waits until the publisher takes another publication; false when it failed or we must stop waiting. */
static bool
wait_for_room(struct wf_worker *worker)
{
    struct wf_publisher_status status;

    while (wf_publisher_wait_room(worker->publisher, 100) == 0) {
        wf_worker_progress(worker); /* the publisher has longer limits, of its own */
        wf_worker_watch_publisher(worker);
        wf_publisher_status(worker->publisher, &status);
        if (status.state == WF_PUBLISHER_FAILED)
            return false;
    }
    return true;
}

/* Whether only an incident tells people that it failed: nobody waits for the engine's own, nor for word of a sub-process. */
static bool
tells_engine(const struct wf_batch_item *item)
{
    const struct wf_command *command = &item->decoded.command;

    return item->own ||
           (item->disposal == WF_DISPOSE_APPLY && command->operation == WF_OP_NOTIFY && command->task_n);
}

/* The command that the database could not take, alone at last (EOS-23). */
static void
refuse_alone(struct wf_batch_item *item, struct wf_arena *arena, const struct wf_error *error)
{
    if (tells_engine(item) && !item->decoded.command.refused) { /* an incident instead, if the database takes that */
        item->decoded.command.refused = wf_arena_printf(arena, "the database refused its effect: %s", error->message);
        return;
    }
    item->disposal = WF_DISPOSE_REFUSE;
    item->refusal = (struct wf_refusal){
        .code = WF_CODE_INVALID_COMMAND,
        .detail = wf_arena_printf(arena, "the database refused the command: %s", error->message),
        .operation = wf_operation_name(item->decoded.command.operation),
        .command = item->decoded.command,
    };
}

bool
wf_work_give_up(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error)
{
    wf_log(WF_LOG_WARNING, "a batch was not applied", "verdict=\"%s\" error=\"%s\"", wf_verdict_name(verdict),
           error->message);
    if (verdict != WF_VERDICT_NOT_OWNER)
        wf_worker_store_ok(worker, verdict, error);
    worker->recover = true;
    return false;
}

/* One more attempt at a part of a batch, after making what the last one lacked. */
static enum wf_verdict
attempt(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count, struct wf_roster *roster,
        struct wf_error *error)
{
    struct work work = {.worker = worker, .items = batch->items + from, .count = count, .store = {.roster = roster}};

    if (roster->lacking) {
        roster->lacking = false;
        enum wf_verdict verdict = wf_store_roster_make(worker->store, roster, error);
        if (verdict != WF_VERDICT_OK)
            return verdict;
    }
    return wf_work_run(&work, error);
}

/* Until it is applied or the database says why not.  OK too when the publisher stands in the way: recover is set. */
static enum wf_verdict
attempts(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count, struct wf_error *error)
{
    struct wf_roster roster = {.lacking = false};
    enum wf_verdict verdict = WF_VERDICT_RETRY;

    for (int tries = 0; tries <= RETRIES && (verdict == WF_VERDICT_RETRY || verdict == WF_VERDICT_UNKNOWN);
         tries += !roster.lacking) {
        wf_worker_progress(worker);
        if (worker->recover || !wait_for_room(worker)) {
            worker->recover = true;
            verdict = WF_VERDICT_OK;
            break;
        }
        verdict = attempt(worker, batch, from, count, &roster, error);
    }
    wf_roster_drop(&roster);
    return verdict;
}

bool
wf_work_may_be_cut(enum wf_verdict verdict)
{
    return verdict == WF_VERDICT_CUT || verdict == WF_VERDICT_RETRY || verdict == WF_VERDICT_SLOW ||
           verdict == WF_VERDICT_UNKNOWN;
}

/* A single command was not applied: is that its own fault? */
static bool
settle_alone(struct wf_worker *worker, struct wf_batch_taken *batch, size_t i, enum wf_verdict verdict,
             struct wf_error *error)
{
    struct wf_batch_item *item = &batch->items[i];

    switch (verdict) {
    case WF_VERDICT_CUT:
        if (item->disposal == WF_DISPOSE_REFUSE)
            return wf_work_give_up(worker, WF_VERDICT_FATAL, error);
        refuse_alone(item, &batch->arena, error);
        return wf_work_apply(worker, batch, i, 1);
    case WF_VERDICT_SLOW:
    case WF_VERDICT_UNKNOWN: /* what happens each time it is begun is seen by the suspects */
        return wf_work_give_up(worker, WF_VERDICT_RECONNECT, error);
    default: /* that the database is busy says nothing against a command */
        return wf_work_give_up(worker, verdict, error);
    }
}

bool
wf_work_apply(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count)
{
    struct wf_error error = {0};

    enum wf_verdict verdict = attempts(worker, batch, from, count, &error);
    if (verdict == WF_VERDICT_OK)
        return !worker->recover;
    if (count == 1)
        return settle_alone(worker, batch, from, verdict, &error);
    if (!wf_work_may_be_cut(verdict))
        return wf_work_give_up(worker, verdict, &error);
    if (verdict == WF_VERDICT_SLOW)
        wf_pace_cancelled(worker, count);
    WF_FAULT(CUTTING);
    wf_log(WF_LOG_WARNING, "cutting a batch", "commands=%zu error=\"%s\"", count, error.message);
    return wf_work_apply(worker, batch, from, count / 2) &&
           wf_work_apply(worker, batch, from + count / 2, count - count / 2);
}
