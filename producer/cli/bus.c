/*
 * bus.c - one command and its outcome, and what failures mean to a person.
 */
#include "cli.h"

pawl_settings *
cli_bus_settings(const struct cli *cli, enum cli_exit *ret_exit)
{
    pawl_settings *settings = pawl_settings_new();
    char timeout[16];

    snprintf(timeout, sizeof timeout, "%d", (int)cli->settings.timeout_ms);
    *ret_exit = CLI_OK;
    if (pawl_settings_set(settings, "brokers", cli->settings.brokers) ||
        pawl_settings_set(settings, "prefix", cli->settings.prefix) ||
        pawl_settings_set(settings, "command_topic", cli->settings.command_topic) ||
        pawl_settings_set(settings, "timeout_ms", timeout) ||
        pawl_settings_set(settings, "log", strcmp(cli->settings.log_level, "debug") == 0 ? "all" : "none") ||
        pawl_settings_set(settings, "kafka_config", cli->settings.kafka_config))
        *ret_exit = cli_fail(CLI_USAGE, "%s", pawl_message());
    if (!*ret_exit)
        return settings;
    pawl_settings_free(settings);
    return NULL;
}

enum cli_exit
cli_status(const struct cli *cli, enum pawl_status status)
{
    switch (status) {
    case PAWL_OK:
        return CLI_OK;
    case PAWL_TIMEOUT:
        return cli_fail(CLI_TIMEOUT, "%s", pawl_message());
    case PAWL_INVALID:
        return cli_fail(CLI_USAGE, "%s", pawl_message());
    case PAWL_UNREACHABLE:
        cli_fail(CLI_KAFKA, "%s", pawl_message());
        cli_hint("Is Kafka running there?  --brokers or PAWL_BROKERS says where it is.");
        return CLI_KAFKA;
    case PAWL_TOPICS:
        cli_fail(CLI_KAFKA, "%s", pawl_message());
        cli_hint("\"pawl topics apply\" creates the topics; --prefix (now \"%s\") says what their names begin with.",
                 cli->settings.prefix);
        return CLI_KAFKA;
    case PAWL_FAILED:
        break;
    }
    return cli_fail(CLI_INTERNAL, "%s", pawl_message());
}

enum cli_exit
cli_client_open(const struct cli *cli, pawl_client **ret_client)
{
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    code = cli_status(cli, pawl_client_open(settings, ret_client));
    pawl_settings_free(settings);
    return code;
}

void
cli_print_json(const char *json)
{
    fputs(json, stdout);
    putchar('\n');
}

static void
print_members(const pawl_outcome *outcome, const char *what, const char *list)
{
    char path[64];
    const char *text;

    for (int i = 0; snprintf(path, sizeof path, "%s.%d", list, i), (text = pawl_outcome_text(outcome, path)); i++)
        fprintf(stderr, "%s%s", i ? ", " : what, text);
}

static void
print_faults(const pawl_outcome *outcome)
{
    char path[3][64];
    static const char *const members[3] = {"path", "code", "message"};

    for (int i = 0;; i++) {
        for (int member = 0; member < 3; member++)
            snprintf(path[member], sizeof path[member], "faults.%d.%s", i, members[member]);
        const char *where = pawl_outcome_text(outcome, path[0]);
        const char *code = pawl_outcome_text(outcome, path[1]);
        const char *message = pawl_outcome_text(outcome, path[2]);
        if (!code && !message)
            break;
        fprintf(stderr, "  %s: %s: %s\n", where && *where ? where : "(whole)", code ? code : "", message ? message : "");
    }
}

/* What a person can do about a rejection. */
static const struct {
    const char *code, *hint;
} hints[] = {
    {"unknown_process", "\"pawl process list\" shows what is deployed."},
    {"unknown_instance", "\"pawl instance list\" shows the instances."},
    {"unknown_task", "\"pawl task list\" shows the open tasks; this one may have ended."},
    {"unknown_staff", "\"pawl institution load\" loads people."},
    {"not_entitled", "\"pawl task list --staff\" shows the tasks that a person holds or is offered."},
    {"task_taken", "\"pawl task get --staff\" without a task takes the next one."},
    {"wrong_state", "\"pawl instance show\" shows the state of the tasks."},
    {"instance_suspended", "\"pawl instance resume\" lets the instance go on."},
};

static enum cli_exit
rejected(const pawl_outcome *outcome)
{
    const char *code = pawl_outcome_text(outcome, "code"), *detail = pawl_outcome_text(outcome, "detail");

    cli_fail(CLI_REJECTED, "rejected: %s: %s", code ? code : "?", detail ? detail : "");
    if (pawl_outcome_text(outcome, "flags.0")) {
        print_members(outcome, "flags it accepts: ", "flags");
        fputc('\n', stderr);
    }
    print_faults(outcome);
    for (size_t i = 0; code && i < sizeof hints / sizeof hints[0]; i++)
        if (strcmp(hints[i].code, code) == 0)
            cli_hint("%s", hints[i].hint);
    return CLI_REJECTED;
}

enum cli_exit
cli_outcome_exit(const pawl_outcome *outcome)
{
    switch (pawl_outcome_result(outcome)) {
    case PAWL_APPLIED:
    case PAWL_DUPLICATE:
        return CLI_OK;
    case PAWL_REJECTED:
        return rejected(outcome);
    case PAWL_UNANSWERED:
        cli_fail(CLI_TIMEOUT, "command \"%s\": %s", pawl_outcome_id(outcome), pawl_outcome_text(outcome, "detail"));
        cli_hint("Is a pawl-worker running?  The command waits for one, and may yet take effect.");
        return CLI_TIMEOUT;
    case PAWL_UNDELIVERED:
        break;
    }
    return cli_fail(CLI_KAFKA, "could not deliver command \"%s\" to Kafka: %s", pawl_outcome_id(outcome),
                    pawl_outcome_text(outcome, "detail"));
}

enum cli_exit
cli_call(const struct cli *cli, pawl_command *command, pawl_outcome **ret_outcome)
{
    pawl_client *client;
    pawl_outcome *outcome = NULL;
    enum cli_exit code = cli_client_open(cli, &client);

    if (!code) {
        code = cli_status(cli, pawl_call(client, command, &outcome));
        pawl_client_close(client);
    }
    pawl_command_free(command);
    if (code)
        return code;

    if (cli->json && pawl_outcome_json(outcome))
        cli_print_json(pawl_outcome_json(outcome));
    code = cli_outcome_exit(outcome);
    if (code)
        pawl_outcome_free(outcome);
    else
        *ret_outcome = outcome;
    return code;
}
