/*
 * command.c - `pawl command send`: a script's client, one line a command, one line an outcome.
 *
 * One loop: standard input and the client's descriptor are waited for together, so a slow
 * reader of the outcomes or a slow writer of commands holds up nobody else.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/json.h"
#include "cli.h"
#include "peek.h"

const struct cli_option cli_command_send_options[] = {
    {"wait", NULL, "print the outcome of each: {\"id\":…,\"outcome\":{…}}"},
    {NULL, NULL, NULL},
};

enum {
    IN_FLIGHT_MAX = 20000, /* then the lines wait */
    READ_SIZE = 1 << 18,
    LOOK_MS = 250,
};

struct sender {
    const struct cli *cli;
    pawl_client *client;
    bool wait;
    struct wf_buf input;  /* what was read and has no end of line yet */
    bool ended;           /* standard input has */
    size_t line;          /* of the input, for messages */
    struct wf_buf output; /* lines not yet written */
    enum cli_exit code;   /* what the program ends with: the first failure */
};

static void
remember(struct sender *sender, enum cli_exit code)
{
    if (!sender->code)
        sender->code = code;
}

/* Says that a line was not sent: on standard output too when the script reads outcomes there. */
static void
line_fail(struct sender *sender, const char *id, const char *why)
{
    remember(sender, CLI_FILE);
    cli_fail(CLI_FILE, "line %zu: %s", sender->line, why);
    if (!sender->wait)
        return;
    wf_buf_byte(&sender->output, '{'); /* not wf_json_open(): lines have no commas between them */
    wf_json_put_int(&sender->output, "line", (int64_t)sender->line);
    wf_json_put_opt(&sender->output, "id", id);
    wf_json_put_raw_opt(&sender->output, "outcome", "null");
    wf_json_put_string(&sender->output, "error", why);
    wf_json_close(&sender->output, '}');
    wf_buf_byte(&sender->output, '\n');
}

struct line {
    char *kind, *id;
    struct wf_slice data;
    pawl_command *command; /* made when the kind is known; attributes may come before it */
};

static bool
is(struct wf_slice name, const char *text)
{
    return name.length == strlen(text) && memcmp(name.data, text, name.length) == 0;
}

/* Any other member is an attribute of the command; null is as good as absent. */
static bool
attribute_set(struct line *line, struct wf_slice name, struct wf_slice value)
{
    char attribute[32], *text = wf_peek_text(value);
    bool ok = name.length < sizeof attribute && (text || is(value, "null"));

    if (ok) {
        memcpy(attribute, name.data, name.length);
        attribute[name.length] = '\0';
        ok = pawl_command_set(line->command, attribute, text) == PAWL_OK;
    }
    if (ok && text && is(name, "id"))
        line->id = strdup(text);
    free(text);
    return ok;
}

/* Reads the members of a line; an error is a text of its own. */
static const char *
line_read(struct line *line, const char *text, size_t length, char why[200])
{
    struct wf_slice name, value;
    struct wf_peek peek;
    char excerpt[WF_EXCERPT];
    enum pawl_kind kind = PAWL_CONTROL;

    line->kind = wf_peek_text(wf_peek_member(text, length, "command"));
    if (line->kind && pawl_kind_from_name(line->kind, &kind))
        return pawl_message();
    line->command = pawl_command_new(kind);
    wf_peek_begin(&peek, text, length);
    while (wf_peek_next(&peek, &name, &value)) {
        if (is(name, "data"))
            line->data = value;
        else if (!is(name, "command") && !attribute_set(line, name, value)) {
            snprintf(why, 200, "unrecognized member \"%.*s\", or its value is no string", (int)name.length, name.data);
            return why;
        }
    }
    if (peek.broken) {
        snprintf(why, 200, "not a JSON object: \"%s\"", wf_excerpt(text, length, excerpt));
        return why;
    }
    if (!line->kind)
        return "no member \"command\", which is the kind";
    if (!line->data.length || line->data.data[0] != '{')
        return "no member \"data\", which is an object";
    pawl_command_data(line->command, line->data.data, line->data.length);
    return NULL;
}

static void
line_send(struct sender *sender, const char *text, size_t length)
{
    struct line line = {0};
    char why[200];

    sender->line++;
    if (!length || strspn(text, " \t\r") >= length)
        return;
    const char *fault = line_read(&line, text, length, why);
    if (!fault && (sender->wait ? pawl_send(sender->client, line.command, NULL)
                                : pawl_post(sender->client, line.command)))
        fault = pawl_message();
    if (fault)
        line_fail(sender, line.id, fault);
    pawl_command_free(line.command);
    free(line.kind);
    free(line.id);
}

/* Sends the whole lines that were read, and a last one without an end when there is no more. */
static void
lines_send(struct sender *sender)
{
    char *at = sender->input.data, *end = at + sender->input.length, *stop;

    while (at < end && pawl_in_flight(sender->client) < IN_FLIGHT_MAX) {
        stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop && !sender->ended)
            break;
        if (!stop)
            stop = end;
        *stop = '\0'; /* in reserve: there is always room for one more */
        line_send(sender, at, (size_t)(stop - at));
        at = stop < end ? stop + 1 : end;
    }
    sender->input.length = (size_t)(end - at);
    memmove(sender->input.data, at, sender->input.length);
}

static void
input_read(struct sender *sender)
{
    ssize_t got = read(STDIN_FILENO, wf_buf_reserve(&sender->input, READ_SIZE + 1), READ_SIZE);

    if (got > 0)
        sender->input.length += (size_t)got;
    if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)))
        return;
    sender->ended = true;
    if (got < 0)
        remember(sender, cli_fail(CLI_FILE, "could not read standard input: %s", strerror(errno)));
}

static void
outcome_print(struct sender *sender, const pawl_outcome *outcome)
{
    static const enum cli_exit codes[] = {CLI_OK, CLI_OK, CLI_REJECTED, CLI_TIMEOUT, CLI_KAFKA};
    const char *json = pawl_outcome_json(outcome);

    remember(sender, codes[pawl_outcome_result(outcome)]);
    wf_buf_byte(&sender->output, '{'); /* not wf_json_open(): lines have no commas between them */
    wf_json_put_string(&sender->output, "id", pawl_outcome_id(outcome));
    wf_json_put_raw_opt(&sender->output, "outcome", json ? json : "null");
    if (!json)
        wf_json_put_opt(&sender->output, "error", pawl_outcome_text(outcome, "detail"));
    wf_json_close(&sender->output, '}');
    wf_buf_byte(&sender->output, '\n');
}

static enum cli_exit
outcomes_take(struct sender *sender)
{
    pawl_outcome *outcome;
    enum pawl_status status;

    while ((status = pawl_next(sender->client, 0, &outcome)) == PAWL_OK) {
        outcome_print(sender, outcome);
        pawl_outcome_free(outcome);
    }
    return status == PAWL_TIMEOUT ? CLI_OK : cli_status(sender->cli, status);
}

static enum cli_exit
output_write(struct sender *sender)
{
    bool ok = fwrite(sender->output.data, 1, sender->output.length, stdout) == sender->output.length &&
              fflush(stdout) == 0;

    wf_buf_clear(&sender->output);
    return ok ? CLI_OK : cli_fail(CLI_INTERNAL, "could not write to standard output: %s", strerror(errno));
}

static void
wait_for_any(struct sender *sender)
{
    bool full = pawl_in_flight(sender->client) >= IN_FLIGHT_MAX;
    struct pollfd wanted[] = {
        {.fd = pawl_client_fd(sender->client), .events = POLLIN},
        {.fd = sender->ended || full ? -1 : STDIN_FILENO, .events = POLLIN},
    };
    uint64_t count;

    poll(wanted, 2, LOOK_MS);
    if (wanted[0].revents && read(wanted[0].fd, &count, sizeof count) < 0)
        return;
    if (wanted[1].revents)
        input_read(sender);
}

static enum cli_exit
send_all(struct sender *sender)
{
    enum cli_exit code = CLI_OK;

    while (!code && (!sender->ended || sender->input.length || pawl_in_flight(sender->client))) {
        wait_for_any(sender);
        if (sender->input.length)
            lines_send(sender);
        code = outcomes_take(sender);
        if (!code && sender->output.length)
            code = output_write(sender);
    }
    if (!code)
        code = cli_status(sender->cli, pawl_flush(sender->client, (int)sender->cli->settings.timeout_ms));
    return code;
}

enum cli_exit
cli_command_send(struct cli *cli)
{
    struct sender sender = {.cli = cli, .wait = cli_option(cli, "wait")};
    enum cli_exit code = cli_client_open(cli, &sender.client);

    if (code)
        return code;
    code = send_all(&sender);
    pawl_client_close(sender.client);
    wf_buf_drop(&sender.input);
    wf_buf_drop(&sender.output);
    return code ? code : sender.code;
}
