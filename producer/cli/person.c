/*
 * person.c - what changes often about people: `pawl person set-presence`, `authorize` and `revoke`.
 */
#include "cli.h"

#define COVERED                                                    \
    {"process", "ID", "the process whose tasks it covers"},        \
    {"act", "ID", "the activity whose tasks it covers"}

const struct cli_option cli_person_set_presence_options[] = {
    {"logged-on", NULL, "is logged on"},
    {"logged-off", NULL, "is not logged on"},
    {"on-leave", NULL, "is on leave"},
    {"back", NULL, "is not on leave any more"},
    {"actor", "NAME", "who or what asks, if it is not the person"},
    CLI_REASON,
    {NULL, NULL, NULL},
};

const struct cli_option cli_person_authorize_options[] = {
    COVERED,
    {"from", "TIME", "when it begins, ISO 8601 (default: now)"},
    {"to", "TIME", "when it ends (default: it does not)"},
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_person_revoke_options[] = {
    COVERED,
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

/* A member that one option makes true and another one false. */
static enum cli_exit
put_either(const struct cli *cli, pawl_command *command, const char *member, const char *yes, const char *no)
{
    if (cli_option(cli, yes) && cli_option(cli, no))
        return cli_fail(CLI_USAGE, "--%s and --%s contradict each other", yes, no);
    if (cli_option(cli, yes) || cli_option(cli, no))
        pawl_command_put_json(command, member, cli_option(cli, yes) ? "true" : "false");
    return CLI_OK;
}

static pawl_command *
operation_new(const struct cli *cli)
{
    pawl_command *command = pawl_command_new(PAWL_ADMIN);

    pawl_command_put(command, "operation", cli->verb->verb);
    pawl_command_put(command, "actor", cli_option(cli, "actor"));
    pawl_command_put(command, "reason", cli_option(cli, "reason"));
    return command;
}

/* Prints what the arguments were, as nothing else comes back. */
static enum cli_exit
call(const struct cli *cli, pawl_command *command)
{
    pawl_outcome *outcome;
    enum cli_exit code = cli_call(cli, command, &outcome);

    if (code)
        return code;
    if (pawl_outcome_number(outcome, "revoked", 1) == 0)
        code = cli_fail(CLI_NOT_FOUND, "nothing was revoked: \"%s\" has no authorization from \"%s\" with exactly this process and "
                        "activity", cli->arguments[1], cli->arguments[0]);
    else if (!cli->json)
        printf("%s: %s\n", cli->arguments[0], cli->verb->verb);
    pawl_outcome_free(outcome);
    return code;
}

enum cli_exit
cli_person_set_presence(struct cli *cli)
{
    bool any = cli_option(cli, "logged-on") || cli_option(cli, "logged-off") || cli_option(cli, "on-leave") ||
               cli_option(cli, "back");

    if (!any)
        return cli_fail(CLI_USAGE, "one of --logged-on, --logged-off, --on-leave and --back has to be given");
    pawl_command *command = operation_new(cli);
    pawl_command_put(command, "staff_id", cli->arguments[0]);
    enum cli_exit code = put_either(cli, command, "logging_on", "logged-on", "logged-off");
    if (!code)
        code = put_either(cli, command, "on_leave", "on-leave", "back");
    if (!code)
        return call(cli, command);
    pawl_command_free(command);
    return code;
}

enum cli_exit
cli_person_authorization(struct cli *cli)
{
    pawl_command *command = operation_new(cli);

    pawl_command_put(command, "grantor_id", cli->arguments[0]);
    pawl_command_put(command, "grantee_id", cli->arguments[1]);
    pawl_command_put(command, "process_id", cli_option(cli, "process"));
    pawl_command_put(command, "act_id", cli_option(cli, "act"));
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    if (strcmp(cli->verb->verb, "authorize") == 0) {
        pawl_command_put(command, "valid_from", cli_option(cli, "from"));
        pawl_command_put(command, "valid_to", cli_option(cli, "to"));
    }
    return call(cli, command);
}
