/*
 * state.c - `pawl state watch`: the events of tasks and instances, one line each.
 */
#include <signal.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli.h"

const struct cli_option cli_state_watch_options[] = {
    {"from", "beginning|end", "where to begin (end: what happens from now on)"},
    {"instance", "ID", "only the events of this instance"},
    {"task", NULL, "only the events of tasks"},
    {"instance-events", NULL, "only the events of instances"},
    {"count", "N", "end after so many events; --timeout before that is exit code 4"},
    {"announce", NULL, "print a line once every event from then on will be seen"},
    {NULL, NULL, NULL},
};

enum { LOOK_MS = 250 }; /* between two looks at whether a signal came */

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: waiting ends */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void
print_json(const pawl_event *event, struct wf_buf *line)
{
    static const char *const attributes[] = {"id",            "source",      "type",       "time", "sequence",
                                             "correlationid", "causationid", "traceparent"};

    wf_json_open(line, '{');
    wf_json_put_string(line, "topic", pawl_event_topic(event));
    wf_json_put_int(line, "partition", pawl_event_partition(event));
    wf_json_put_int(line, "offset", pawl_event_offset(event));
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        wf_json_put_opt(line, attributes[i], pawl_event_attribute(event, attributes[i]));
    wf_json_put_raw_opt(line, "data", pawl_event_json(event));
    wf_json_close(line, '}');
}

static void
put_member(const pawl_event *event, struct wf_buf *line, const char *member)
{
    const char *text = pawl_event_text(event, member);

    if (text)
        wf_buf_printf(line, " %s=%s", member, text);
}

/* Time, whose it is, which activity, and what became of it; then what else matters. */
static void
print_text(const pawl_event *event, struct wf_buf *line)
{
    static const char *const members[] = {"completion_flag", "staff_id",       "grantor_id", "executor_id",
                                          "entity_id",       "incident.code", "reason"};
    const char *task = pawl_event_text(event, "task_id"), *before = pawl_event_text(event, "previous_state");
    const char *whose = task ? task : pawl_event_text(event, "instance_id");
    const char *what = task ? pawl_event_text(event, "act_id") : pawl_event_text(event, "process_id");
    const char *state = pawl_event_text(event, "state"), *when = pawl_event_text(event, "occurred_at");

    wf_buf_printf(line, "%s  %-40s  %-8s  %-20s  %s%s%s", when ? when : "-", whose ? whose : "-",
                  task ? "task" : "instance", what ? what : "-", before ? before : "", before ? " -> " : "",
                  state ? state : "-");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        put_member(event, line, members[i]);
}

static enum cli_exit
event_print(const struct cli *cli, const pawl_event *event)
{
    struct wf_buf line = {0};

    if (cli->json)
        print_json(event, &line);
    else
        print_text(event, &line);
    wf_buf_byte(&line, '\n');
    bool ok = fwrite(line.data, 1, line.length, stdout) == line.length;
    wf_buf_drop(&line);
    return ok ? CLI_OK : CLI_INTERNAL;
}

/* Prints until there is nothing left to print now; flushes then, so that many events cost one write. */
static enum cli_exit
print_ready(const struct cli *cli, pawl_subscription *subscription, int wait_ms, long *left)
{
    pawl_event *event;
    enum pawl_status status = PAWL_OK;
    enum cli_exit code = CLI_OK;

    while (!code && *left && !stop && !(status = pawl_subscription_next(subscription, wait_ms, &event))) {
        code = event_print(cli, event);
        pawl_event_free(event);
        if (*left > 0)
            --*left;
        wait_ms = 0;
    }
    if (status && status != PAWL_TIMEOUT)
        return cli_status(cli, status);
    if (fflush(stdout) != 0 || code)
        return cli_fail(CLI_INTERNAL, "could not write to standard output");
    return CLI_OK;
}

static enum cli_exit
watch(const struct cli *cli, pawl_subscription *subscription, long count)
{
    int64_t limit = wf_clock_monotonic() + cli->settings.timeout_ms * WF_MILLISECOND;
    long left = count ? count : -1;
    enum cli_exit code = CLI_OK;

    while (!code && left && !stop) {
        int64_t rest = cli->timeout_given ? (limit - wf_clock_monotonic()) / WF_MILLISECOND : LOOK_MS;
        if (rest < 0)
            return count ? cli_fail(CLI_TIMEOUT, "%ld of %ld events within %lld ms", count - left, count,
                                    (long long)cli->settings.timeout_ms) : CLI_OK;
        code = print_ready(cli, subscription, rest < LOOK_MS ? (int)rest : LOOK_MS, &left);
    }
    return code;
}

static enum cli_exit
choices_read(const struct cli *cli, enum pawl_events *ret_events, enum pawl_from *ret_from)
{
    const char *from = cli_option(cli, "from");
    bool task = cli_option(cli, "task"), instance = cli_option(cli, "instance-events");

    if (from && strcmp(from, "beginning") != 0 && strcmp(from, "end") != 0)
        return cli_fail(CLI_USAGE, "--from: \"%s\" is neither \"beginning\" nor \"end\"", from);
    *ret_from = from && strcmp(from, "beginning") == 0 ? PAWL_FROM_BEGINNING : PAWL_FROM_END;
    *ret_events = task == instance ? PAWL_ALL_EVENTS : task ? PAWL_TASK_EVENTS : PAWL_INSTANCE_EVENTS;
    return CLI_OK;
}

enum cli_exit
cli_state_watch(struct cli *cli)
{
    pawl_subscription *subscription;
    enum pawl_events events = PAWL_ALL_EVENTS;
    enum pawl_from from = PAWL_FROM_END;
    long count;
    enum cli_exit code = choices_read(cli, &events, &from);

    if (!code)
        code = cli_number(cli, "count", 1, 1000000000, 0, &count);
    pawl_settings *settings = code ? NULL : cli_bus_settings(cli, &code);
    if (code)
        return code;
    code = cli_status(cli, pawl_subscribe(settings, events, from, cli_option(cli, "instance"), &subscription));
    pawl_settings_free(settings);
    if (code)
        return code;
    catch_signals();
    if (cli_option(cli, "announce")) {
        puts(cli->json ? "{\"watching\":true}" : "watching");
        fflush(stdout);
    }
    code = watch(cli, subscription, count);
    pawl_subscription_close(subscription);
    return code;
}
