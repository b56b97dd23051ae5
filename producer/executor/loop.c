/*
 * loop.c - takes jobs while there is room, and waits for all that may happen at once.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "executor.h"

enum { WAIT_MS = 250, WATCHDOG_S = 60 };

volatile sig_atomic_t wf_executor_stops;

/* ---- opening ---- */

static void
name_it(struct wf_executor *executor)
{
    char host[81] = "";
    uint32_t random = 0;

    if (gethostname(host, sizeof host - 1) != 0 || getrandom(&random, sizeof random, 0) != sizeof random)
        snprintf(host, sizeof host, "executor");
    const char *name = *executor->settings->executor_name ? executor->settings->executor_name : host;
    snprintf(executor->id, sizeof executor->id, "%.70s/%ld-%06x", name, (long)getpid(), random & 0xFFFFFF);
}

static pawl_settings *
bus_settings(const struct wf_settings *settings)
{
    pawl_settings *bus = pawl_settings_new();
    char timeout[16];

    snprintf(timeout, sizeof timeout, "%d", (int)settings->timeout_ms);
    if (!pawl_settings_set(bus, "brokers", settings->brokers) && !pawl_settings_set(bus, "prefix", settings->prefix) &&
        !pawl_settings_set(bus, "command_topic", settings->command_topic) &&
        !pawl_settings_set(bus, "timeout_ms", timeout) && !pawl_settings_set(bus, "source", "/pawl-executor") &&
        !pawl_settings_set(bus, "log", strcmp(settings->log_level, "debug") == 0 ? "all" : "none") &&
        !pawl_settings_set(bus, "kafka_config", settings->kafka_config))
        return bus;
    pawl_settings_free(bus);
    return NULL;
}

static enum wf_exit
failed(enum pawl_status status)
{
    wf_log(WF_LOG_ERROR, "Kafka is unusable", "error=\"%s\" hint=\"%s\"", pawl_message(),
           status == PAWL_TOPICS ? "pawl topics apply --job NAME creates the topic of an executive" : "");
    return status == PAWL_INVALID ? WF_EXIT_USAGE : WF_EXIT_BUS;
}

static enum wf_exit
connect(struct wf_executor *executor)
{
    const char **names = calloc(executor->executives.count + 1, sizeof *names);
    pawl_settings *bus = bus_settings(executor->settings);
    enum pawl_status status = bus && names ? PAWL_OK : PAWL_INVALID;

    for (size_t i = 0; names && i < executor->executives.count; i++)
        names[i] = executor->executives.list[i].name;
    if (!status)
        status = pawl_client_open(bus, &executor->client);
    if (!status)
        status = pawl_jobs_open(bus, names, executor->settings->executor_group, &executor->jobs);
    pawl_settings_free(bus);
    free(names);
    return status ? failed(status) : WF_EXIT_OK;
}

/* ---- the parts of the loop ---- */

/* Takes what there is room for; membership of the group is kept up in any case. */
static enum pawl_status
take(struct wf_executor *executor)
{
    enum pawl_status status = PAWL_OK;

    if (!executor->jobs)
        return PAWL_OK;
    while (!status && !executor->stop_at && executor->count < (size_t)executor->settings->programs) {
        pawl_event *event;
        status = pawl_jobs_next(executor->jobs, 0, &event);
        if (!status)
            wf_work_begin(executor, event);
    }
    if (!status || status == PAWL_TIMEOUT)
        status = pawl_jobs_keep(executor->jobs);
    int partitions = pawl_jobs_partitions(executor->jobs); /* 0 for a moment whenever somebody joins */
    if (partitions && partitions != executor->partitions) {
        executor->partitions = partitions;
        wf_log(WF_LOG_INFO, "sharing the jobs", "partitions=%d", partitions);
    }
    return status == PAWL_TIMEOUT ? PAWL_OK : status;
}

static enum pawl_status
answer(struct wf_executor *executor)
{
    pawl_outcome *outcome;
    enum pawl_status status;

    while (!(status = pawl_next(executor->client, 0, &outcome))) {
        struct wf_work *work = executor->works;
        while (work && !wf_work_answer(work, outcome))
            work = work->next;
        pawl_outcome_free(outcome);
    }
    return status == PAWL_TIMEOUT ? PAWL_OK : status;
}

static void
step(struct wf_executor *executor)
{
    int64_t now = wf_clock_monotonic();

    for (struct wf_work **at = &executor->works; *at;) {
        struct wf_work *work = *at;
        if (work->state != WF_WORK_DONE)
            wf_work_step(work, now);
        if (work->state != WF_WORK_DONE) {
            at = &work->next;
            continue;
        }
        *at = work->next;
        wf_work_free(work);
        executor->count--;
    }
}

static void
wait(const struct wf_executor *executor)
{
    struct pollfd *wanted = calloc(2 + executor->count * WF_RUN_FDS, sizeof *wanted);
    int64_t now = wf_clock_monotonic(), next = now + WAIT_MS * WF_MILLISECOND;
    nfds_t count = 0;

    if (!wanted)
        _Exit(WF_EXIT_MEMORY);
    wanted[count++] = (struct pollfd){.fd = pawl_client_fd(executor->client), .events = POLLIN};
    if (executor->jobs)
        wanted[count++] = (struct pollfd){.fd = pawl_jobs_fd(executor->jobs), .events = POLLIN};
    for (const struct wf_work *work = executor->works; work; work = work->next) {
        int fds[WF_RUN_FDS], open = work->state == WF_WORK_RUNNING ? wf_run_fds(&work->run, fds) : 0;
        for (int i = 0; i < open; i++)
            wanted[count++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        if (wf_work_next(work) < next)
            next = wf_work_next(work);
    }
    poll(wanted, count, next <= now ? 0 : (int)((next - now + WF_MILLISECOND - 1) / WF_MILLISECOND));
    free(wanted);
}

/* ---- stopping ---- */

/* Leaves the group as soon as nothing that it took is in doubt, so that others have the partitions. */
static void
leave(struct wf_executor *executor, bool at_once)
{
    for (struct wf_work *work = executor->works; work && !at_once; work = work->next)
        if (work->event)
            return;
    for (struct wf_work *work = executor->works; work; work = work->next) {
        pawl_event_free(work->event);
        work->event = NULL;
    }
    pawl_jobs_close(executor->jobs);
    executor->jobs = NULL;
}

/* Whether it may end: everything was reported, or cannot be within reason. */
static bool
stopped(struct wf_executor *executor)
{
    int64_t now = wf_clock_monotonic();

    if (!executor->stop_at && wf_executor_stops) {
        executor->stop_at = now;
        wf_log(WF_LOG_INFO, "stopping", "running=%zu", executor->count);
    }
    if (!executor->stop_at)
        return false;

    int64_t until = wf_executor_stops > 1 ? now : executor->stop_at + executor->settings->stop_s * WF_SECOND;
    if (now >= until && !executor->halted) {
        executor->halted = true;
        executor->stop_at = now;
        for (struct wf_work *work = executor->works; work; work = work->next)
            wf_work_halt(work, WF_HALT_STOP, now);
    }
    if (executor->jobs)
        leave(executor, executor->halted);
    if (!executor->works)
        return true;

    int64_t patience = executor->settings->timeout_ms * WF_MILLISECOND;
    for (const struct wf_work *work = executor->works; work; work = work->next)
        if (work->executive->set.grace_ms * WF_MILLISECOND + executor->settings->timeout_ms * WF_MILLISECOND > patience)
            patience = (work->executive->set.grace_ms + executor->settings->timeout_ms) * WF_MILLISECOND;
    return executor->halted && now >= executor->stop_at + patience;
}

static enum wf_exit
loop(struct wf_executor *executor)
{
    while (!stopped(executor)) {
        alarm((unsigned)(WATCHDOG_S + executor->settings->timeout_ms / 1000)); /* see main.c */
        enum pawl_status status = take(executor);
        if (!status)
            status = answer(executor);
        if (status)
            return failed(status);
        step(executor);
        wait(executor);
    }
    if (!executor->works)
        return WF_EXIT_OK;
    wf_log(WF_LOG_WARNING, "stopped without an answer from the engine; time limits will announce the tasks again",
           "tasks=%zu", executor->count);
    return WF_EXIT_BUS;
}

enum wf_exit
wf_executor_run(const struct wf_settings *settings, struct wf_executives *executives)
{
    struct wf_executor executor = {.settings = settings, .executives = *executives};

    name_it(&executor);
    enum wf_exit code = connect(&executor);
    if (!code) {
        wf_log(WF_LOG_INFO, "serving", "id=\"%s\" executives=%zu programs=%lld", executor.id, executives->count,
               (long long)settings->programs);
        code = loop(&executor);
    }
    for (struct wf_work *work = executor.works, *next; work; work = next) {
        next = work->next;
        wf_work_free(work); /* which ends its program */
    }
    pawl_jobs_close(executor.jobs);
    pawl_client_close(executor.client);
    wf_log(WF_LOG_INFO, "stopped", "code=%d", code);
    return code;
}
