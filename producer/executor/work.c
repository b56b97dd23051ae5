/*
 * work.c - one job, from its arrival until its end is reported.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "executor.h"

/* ---- beginning ---- */

static const struct wf_executive *
executive_of(const struct wf_executor *executor, const pawl_event *event)
{
    const char *topic = pawl_event_topic(event);
    size_t prefix = strlen(executor->settings->prefix) + strlen(".job.");

    return wf_executives_find(&executor->executives, strlen(topic) > prefix ? topic + prefix : "");
}

static void
forget_event(struct wf_work *work)
{
    if (work->event && work->executor->jobs)
        pawl_jobs_done(work->executor->jobs, work->event);
    pawl_event_free(work->event);
    work->event = NULL;
}

void
wf_work_begin(struct wf_executor *executor, pawl_event *event)
{
    struct wf_work *work = calloc(1, sizeof *work), **end = &executor->works;
    const char *json = pawl_event_json(event), *task_id = pawl_event_text(event, "task_id");
    int64_t now = wf_clock_monotonic();

    if (!work)
        _Exit(WF_EXIT_MEMORY);
    work->executor = executor;
    work->executive = executive_of(executor, event);
    work->event = event;
    if (!work->executive || !task_id || strlen(task_id) > 60) {
        wf_log(WF_LOG_ERROR, "not a job", "topic=\"%s\" partition=%d offset=%lld", pawl_event_topic(event),
               (int)pawl_event_partition(event), (long long)pawl_event_offset(event));
        forget_event(work);
        free(work);
        return;
    }
    work->number = ++executor->runs;
    work->task_id = wf_arena_strdup(&work->arena, task_id);
    work->job = (struct wf_job){.json = wf_arena_strdup(&work->arena, json), .length = strlen(json),
                                .executor_id = executor->id, .attempt = pawl_event_number(event, "attempt", 1)};
    wf_ask_begin(work, &work->main, WF_VERB_GET, now);
    while (*end)
        end = &(*end)->next;
    *end = work;
    executor->count++;
    WF_FAULT(JOB_TAKEN);
}

void
wf_work_free(struct wf_work *work)
{
    wf_run_drop(&work->run);
    pawl_event_free(work->event);
    wf_arena_drop(&work->arena);
    free(work);
}

/* ---- running ---- */

/* What the program reads, or NULL. */
static const char *
input_of(struct wf_work *work, size_t *ret_length, bool *ret_ok, struct wf_error *reterr)
{
    struct wf_buf text = {0};

    *ret_length = 0;
    *ret_ok = true;
    if (!work->executive->input.count)
        return NULL;
    *ret_ok = wf_template_fill(&work->executive->input, &work->job, &text, reterr);
    const char *input = wf_arena_strndup(&work->arena, text.data ? text.data : "", text.length);
    *ret_length = text.length;
    wf_buf_drop(&text);
    return input;
}

static void
start(struct wf_work *work, int64_t now)
{
    const struct wf_section *set = &work->executive->set;
    struct wf_error error = {0};
    char **argv, **envp;
    size_t input_length;
    bool filled;
    const char *input = input_of(work, &input_length, &filled, &error);

    if (!filled || !wf_executive_fill(work->executive, &work->job, &work->arena, &argv, &envp, &error)) {
        wf_report_fail(work, now, "missing_value", error.message);
        return;
    }
    struct wf_launch launch = {.program = set->program, .argv = argv, .envp = envp,
                               .directory = *set->directory ? set->directory : NULL, .account = work->executive->account};
    if (!wf_run_start(&launch, input, input_length, (size_t)set->output_bytes, (size_t)set->error_bytes,
                          &work->run, &error)) {
        wf_report_fail(work, now, "cannot_start", error.message);
        return;
    }
    work->state = WF_WORK_RUNNING;
    work->began = now;
    if (work->lease)
        wf_run_until(&work->run, work->leased_until);
    work->limit_at = set->time_limit_s ? now + set->time_limit_s * WF_SECOND : 0;
    WF_FAULT(PROGRAM_STARTED);
    wf_log(WF_LOG_DEBUG, "program started", "task=%s executive=%s attempt=%lld", work->task_id, work->executive->name,
           (long long)work->job.attempt);
}

void
wf_work_halt(struct wf_work *work, enum wf_halt halt, int64_t now)
{
    if (halt <= work->halt)
        return;
    work->halt = halt;
    if (work->state != WF_WORK_RUNNING)
        return;
    if (halt == WF_HALT_LOST) { /* at once: somebody else may run it already */
        wf_run_order(&work->run, WF_ORDER_KILL);
    } else if (!work->kill_at) {
        wf_run_order(&work->run, WF_ORDER_TERMINATE);
        work->kill_at = now + work->executive->set.grace_ms * WF_MILLISECOND;
    }
}

/* ---- the task's time limit ---- */

static void
set_lease(struct wf_work *work, const pawl_outcome *outcome, int64_t sent_at)
{
    const char *due = pawl_outcome_text(outcome, "task.due_at"), *at = pawl_outcome_time(outcome);
    int64_t from, until, look = work->executor->settings->lease_s * WF_SECOND;

    if (!due || !at || !wf_time_parse(due, &until) || !wf_time_parse(at, &from) || until <= from)
        return;
    work->lease = until - from;
    work->leased_until = sent_at + work->lease;
    if (work->state == WF_WORK_RUNNING)
        wf_run_until(&work->run, work->leased_until);
    work->renew_at = sent_at + (work->lease / 3 < look ? work->lease / 3 : look);
}

/* Renews what is ours; a task whose limit passed without an answer may be somebody else's. */
static void
keep_lease(struct wf_work *work, int64_t now)
{
    if (!work->lease)
        return;
    if (now >= work->leased_until)
        wf_work_halt(work, WF_HALT_LOST, now);
    else if (now >= work->renew_at && !work->extend.in_flight && !work->extend.send_at)
        wf_ask_begin(work, &work->extend, WF_VERB_EXTEND, now);
}

/* ---- steps ---- */

/* Whether an earlier run of the same task is still about: it was lost, and its program must have ended first. */
static bool
earlier_run(const struct wf_work *work)
{
    const struct wf_work *other = work->executor->works;

    while (other != work && (other->state == WF_WORK_DONE || strcmp(other->task_id, work->task_id) != 0))
        other = other->next;
    return other != work;
}

static void
step_running(struct wf_work *work, int64_t now)
{
    wf_run_look(&work->run);
    if (work->run.state != WF_RUN_RUNNING) {
        work->extend.send_at = 0;
        if (work->run.state == WF_RUN_EXPIRED)
            work->halt = WF_HALT_LOST;
        WF_FAULT(PROGRAM_ENDED);
        wf_report_end(work, now);
        return;
    }
    keep_lease(work, now);
    if (work->limit_at && now >= work->limit_at)
        wf_work_halt(work, WF_HALT_TIME_LIMIT, now);
    if (work->kill_at && now >= work->kill_at) {
        wf_run_order(&work->run, WF_ORDER_KILL);
        work->kill_at = INT64_MAX;
    }
}

static void
step_ready(struct wf_work *work, int64_t now)
{
    if (work->halt == WF_HALT_LOST)
        work->state = WF_WORK_DONE;
    else if (work->halt == WF_HALT_STOP)
        wf_report_end(work, now);
    else if (!earlier_run(work))
        start(work, now);
}

void
wf_work_step(struct wf_work *work, int64_t now)
{
    if (work->state == WF_WORK_READY)
        step_ready(work, now);
    if (work->state == WF_WORK_RUNNING)
        step_running(work, now);
    wf_ask_send(work, &work->main, now);
    wf_ask_send(work, &work->extend, now);
}

static void
nearer(int64_t *nearest, int64_t time)
{
    if (time && time < *nearest)
        *nearest = time;
}

int64_t
wf_work_next(const struct wf_work *work)
{
    int64_t nearest = INT64_MAX;

    if (!work->main.in_flight)
        nearer(&nearest, work->main.send_at);
    if (!work->extend.in_flight)
        nearer(&nearest, work->extend.send_at);
    if (work->state == WF_WORK_RUNNING) {
        if (!work->halt)
            nearer(&nearest, work->limit_at);
        nearer(&nearest, work->kill_at);
        nearer(&nearest, work->extend.in_flight ? work->leased_until : work->renew_at);
    }
    return nearest;
}

/* ---- outcomes ---- */

/* Whether a rejection says that the task is not ours, rather than that the command was wrong. */
static bool
says_lost(const char *code)
{
    static const char *const codes[] = {"task_taken",    "wrong_state",      "unknown_task",     "not_entitled",
                                        "instance_ended", "unknown_instance", "instance_suspended"};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

/* The task is ours, and the engine knows until when: the group need not see the job again. */
static void
make_ready(struct wf_work *work)
{
    forget_event(work);
    work->state = WF_WORK_READY;
    for (struct wf_work *other = work->executor->works; other != work; other = other->next)
        if (strcmp(other->task_id, work->task_id) == 0)
            wf_work_halt(other, WF_HALT_LOST, wf_clock_monotonic());
}

/* Whether the engine has given us the task: a repeated command took effect before, and much may have happened since. */
static bool
is_ours(const struct wf_work *work, const pawl_outcome *outcome)
{
    const char *state = pawl_outcome_text(outcome, "task.state"), *holder = pawl_outcome_text(outcome, "task.executor_id");

    return pawl_outcome_result(outcome) == PAWL_APPLIED ||
           (pawl_outcome_result(outcome) == PAWL_DUPLICATE && state && holder && strcmp(state, "processing") == 0 &&
            strcmp(holder, work->executor->id) == 0);
}

static void
answer_get(struct wf_work *work, const pawl_outcome *outcome)
{
    int64_t sent_at = work->main.sent_at;

    if (!is_ours(work, outcome)) {
        const char *code = pawl_outcome_text(outcome, "code");
        wf_log(WF_LOG_DEBUG, "job not taken", "task=%s code=%s", work->task_id, code ? code : "duplicate");
        forget_event(work);
        work->state = WF_WORK_DONE;
        return;
    }
    work->job.attempt = pawl_outcome_number(outcome, "task.attempt", work->job.attempt);
    set_lease(work, outcome, sent_at);
    if (work->lease) {
        make_ready(work);
        return;
    }
    work->state = WF_WORK_LEASING;
    work->own_lease = true;
    wf_ask_begin(work, &work->extend, WF_VERB_EXTEND, sent_at);
}

static void
answer_extend(struct wf_work *work, const pawl_outcome *outcome, int64_t now)
{
    int64_t sent_at = work->extend.sent_at;
    const char *code = pawl_outcome_text(outcome, "code");

    work->extend = (struct wf_ask){0};
    if (pawl_outcome_result(outcome) != PAWL_REJECTED)
        set_lease(work, outcome, sent_at);
    else if (says_lost(code ? code : ""))
        wf_work_halt(work, WF_HALT_LOST, now);
    else
        work->lease = 0;
    if (!work->lease && !work->executor->lease_refused) {
        wf_log(WF_LOG_WARNING, "the engine sets tasks no time limit: what a killed executor held will wait for an operator",
               "code=%s", code ? code : "none");
        work->executor->lease_refused = true;
    }
    if (work->state == WF_WORK_LEASING)
        make_ready(work);
}

static void
answer_end(struct wf_work *work, const pawl_outcome *outcome, int64_t now)
{
    const char *code = pawl_outcome_text(outcome, "code"), *detail = pawl_outcome_text(outcome, "detail");

    if (pawl_outcome_result(outcome) != PAWL_REJECTED) {
        WF_FAULT(JOB_DONE);
        wf_report_log(work, "job ended", NULL, work->flag);
        work->state = WF_WORK_DONE;
    } else if (says_lost(code ? code : "")) {
        wf_report_log(work, "job lost", code, detail);
        work->state = WF_WORK_DONE;
    } else {
        wf_report_fail(work, now, code ? code : "rejected", detail ? detail : "the engine rejected the result");
    }
}

/* Of fail-task and release-task: whatever the answer, there is no more to do. */
static void
answer_last(struct wf_work *work, const pawl_outcome *outcome)
{
    bool rejected = pawl_outcome_result(outcome) == PAWL_REJECTED, released = work->main.verb == WF_VERB_RELEASE;
    const char *code = pawl_outcome_text(outcome, "code");

    if (rejected)
        wf_report_log(work, released ? "job not given back" : "job lost", code ? code : "rejected",
                      pawl_outcome_text(outcome, "detail"));
    else if (released)
        wf_report_log(work, "job given back", NULL, NULL);
    else
        wf_report_log(work, "job failed", work->code, work->detail);
    work->state = WF_WORK_DONE;
}

/* Sent again under its id; an extension under a new one, for it counts from when it is applied. */
static void
unanswered(struct wf_work *work, struct wf_ask *ask, int64_t now)
{
    ask->in_flight = false;
    if (ask == &work->extend)
        wf_ask_begin(work, ask, WF_VERB_EXTEND, now);
    else
        ask->send_at = now;
}

bool
wf_work_answer(struct wf_work *work, const pawl_outcome *outcome)
{
    const char *id = pawl_outcome_id(outcome);
    struct wf_ask *ask = strcmp(id, work->main.id) == 0 ? &work->main : &work->extend;
    int64_t now = wf_clock_monotonic();

    if (!ask->in_flight || strcmp(id, ask->id) != 0)
        return false;
    if (pawl_outcome_result(outcome) > PAWL_REJECTED) {
        wf_log(WF_LOG_WARNING, "no answer from the engine", "id=\"%s\" detail=\"%s\"", id,
               pawl_outcome_text(outcome, "detail"));
        unanswered(work, ask, now);
        return true;
    }
    ask->in_flight = false;
    ask->send_at = 0;
    switch (ask->verb) {
    case WF_VERB_GET: answer_get(work, outcome); break;
    case WF_VERB_EXTEND: answer_extend(work, outcome, now); break;
    case WF_VERB_END: answer_end(work, outcome, now); break;
    default: answer_last(work, outcome); break;
    }
    return true;
}
