/*
 * own.h - the engine's own commands: what concerns one instance and no client sent (architecture decision 6).
 *
 * The owner of a partition adds them to its next batch, as items without a record: they are applied,
 * saved and published like commands that came on a topic, and a batch of them alone leaves the positions as
 * they are (EOS-4, EOS-9).  Nobody is answered; what is rejected becomes an incident (FWD-3).
 *
 * Nothing of them is kept in memory alone: whatever makes them necessary stands in PostgreSQL until the
 * transaction of their effect, so that whoever owns the partition next finds it again.
 *
 * Timers (STA-3) are read when the first of a partition falls due, and not before: only the partition's owner writes them, so
 * it knows when that is.  A partition just taken over is asked at once.
 */
#ifndef WF_OWN_H
#define WF_OWN_H

#include "worker.h"

struct wf_own_command {
    int32_t partition; /* served by this worker */
    struct wf_command command; /* texts in the batch's arena; `id` is the causationid of what it does */
};

struct wf_own_commands {
    struct wf_arena *arena; /* the batch's */
    struct wf_own_command *items;
    size_t count, capacity;
};

/* What is to be done now for the served partitions, at most a quarter of a batch.  False: worker->recover is set. */
bool wf_own_take(struct wf_worker *worker, struct wf_own_commands *commands) WF_CHECKED;

/*
 * Adds one, for a task or (n 0) an instance.  The id is `<kind>:<task_id>/<what>`: "timer" and the timer's name,
 * "retry" and a number, …
 */
struct wf_command *wf_own_add(struct wf_own_commands *commands, int32_t partition, enum wf_operation operation,
                              const struct wf_uuid *instance_id, int32_t n, const char *kind, const char *what);

/* Microseconds until there may be something to do, a timer of a served partition say, at most `limit`; 0: now. */
int64_t wf_own_wait(const struct wf_worker *worker, int64_t limit);

/* What the database's clock has just said. */
void wf_own_clock_set(struct wf_worker *worker, int64_t now);

/* The time by the database's clock, as far as is known. */
int64_t wf_own_now(const struct wf_worker *worker);

/* As wf_worker_store_ok(); when the database did not say what is to be done, the worker recovers. */
bool wf_own_store_ok(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error);

/* After a unit was saved: the earliest timer of a partition that it set; 0: none. */
void wf_own_timer_set(struct wf_worker *worker, int32_t partition, int64_t timer_at);

#endif
