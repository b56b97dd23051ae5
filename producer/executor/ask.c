/*
 * ask.c - the commands of an executor.  Their ids follow from executor, task, attempt, run and verb,
 * so that sending one again is harmless, and no two executors share one.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "executor.h"

enum { RETRY_MS = 1000 };

static const char *const names[] = {"get", "extend", "end", "fail", "release"};

void
wf_ask_begin(struct wf_work *work, struct wf_ask *ask, enum wf_verb verb, int64_t now)
{
    *ask = (struct wf_ask){.verb = verb, .send_at = now};
    int length = snprintf(ask->id, sizeof ask->id, "%s/%s/%lld/%llu/%s", work->executor->id, work->task_id,
                          (long long)work->job.attempt, (unsigned long long)work->number, names[verb]);
    if (verb == WF_VERB_EXTEND)
        snprintf(ask->id + length, sizeof ask->id - (size_t)length, "-%u", ++work->extensions);
}

static void
put_end(pawl_command *command, const struct wf_work *work)
{
    pawl_command_put(command, "completion_flag", work->flag);
    pawl_command_put(command, "entity_id", work->entity_id);
    pawl_command_put_json(command, "variables", work->variables);
}

static void
put_operation(pawl_command *command, const struct wf_work *work, enum wf_verb verb)
{
    static const char *const operations[] = {
        [WF_VERB_EXTEND] = "extend-task", [WF_VERB_FAIL] = "fail-task", [WF_VERB_RELEASE] = "release-task"};
    char within[32];

    pawl_command_put(command, "operation", operations[verb]);
    if (verb == WF_VERB_RELEASE)
        pawl_command_put(command, "reason", "the executor stops");
    if (verb == WF_VERB_EXTEND && work->own_lease) {
        snprintf(within, sizeof within, "PT%lldS", (long long)work->executor->settings->lease_s);
        pawl_command_put(command, "within", within);
    }
    if (verb == WF_VERB_FAIL) {
        pawl_command_put(command, "code", work->code);
        pawl_command_put(command, "detail", work->detail);
    }
}

static pawl_command *
command_make(const struct wf_work *work, const struct wf_ask *ask)
{
    enum pawl_kind kind = ask->verb == WF_VERB_GET ? PAWL_GET_TASK : ask->verb == WF_VERB_END ? PAWL_END_TASK
                                                                                              : PAWL_CONTROL;
    pawl_command *command = pawl_command_new(kind);

    pawl_command_put(command, "task_id", work->task_id);
    pawl_command_put(command, "executor_id", work->executor->id);
    pawl_command_put_int(command, "attempt", work->job.attempt); /* an older one is refused */
    if (ask->verb == WF_VERB_END)
        put_end(command, work);
    if (kind == PAWL_CONTROL)
        put_operation(command, work, ask->verb);
    pawl_command_set(command, "id", ask->id);
    return command;
}

/* What is too large, say, will be no smaller the next time. */
static void
refused(struct wf_work *work, struct wf_ask *ask, int64_t now)
{
    ask->send_at = 0;
    wf_log(WF_LOG_ERROR, "cannot send a command", "id=\"%s\" error=\"%s\"", ask->id, pawl_message());
    if (ask->verb == WF_VERB_END)
        wf_report_fail(work, now, "too_large", pawl_message());
    else if (ask == &work->main)
        work->state = WF_WORK_DONE;
}

void
wf_ask_send(struct wf_work *work, struct wf_ask *ask, int64_t now)
{
    if (!ask->send_at || ask->in_flight || now < ask->send_at)
        return;

    pawl_command *command = command_make(work, ask);
    enum pawl_status status = pawl_send(work->executor->client, command, NULL);
    pawl_command_free(command);
    if (status == PAWL_INVALID) {
        refused(work, ask, now);
        return;
    }
    if (status) {
        wf_log(WF_LOG_WARNING, "could not send a command", "id=\"%s\" error=\"%s\"", ask->id, pawl_message());
        ask->send_at = now + RETRY_MS * WF_MILLISECOND;
        return;
    }
    ask->in_flight = true;
    if (ask->verb == WF_VERB_GET)
        WF_FAULT(JOB_ASKED);
    if (!ask->sent_at)
        ask->sent_at = now;
}
