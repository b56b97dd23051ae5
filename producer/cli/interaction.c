/*
 * interaction.c - `pawl instance subscribe`, `unsubscribe` and `notify`: what instances tell others, and are told (ENG-1, ENG-2).
 */
#include "cli.h"

#define ASKED_BY \
    CLI_ASKER, {"requester", "JSON", "the engine, instance and task that ask; notifications repeat it"}, CLI_REASON

const struct cli_option cli_instance_subscribe_options[] = {
    {"filter", "JSON", "only some changes: {\"events\": [...], \"acts\": [...], \"states\": [...]}"},
    ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_unsubscribe_options[] = {
    ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_notify_options[] = {
    {"engine", "ID", "the engine of the other instance, by its topic prefix"},
    {"of", "ID", "the other instance, in its engine's terms"},
    {"state", "STATE", "its state now: running, stalled, suspended, completed or cancelled"},
    {"flag", "FLAG", "the flag it ended with; the task ends with it"},
    {"position", "N", "the number of its event; an older one than was seen changes nothing"},
    {"incident", "JSON", "the incident there: {\"id\": ..., \"code\": ..., \"detail\": ...}"},
    {"actor", "NAME", "who or what caused the change there"},
    CLI_REASON,
    {NULL, NULL, NULL},
};

static enum cli_exit
subscription_check(const struct cli *cli)
{
    enum cli_exit code = cli_json_check("--filter", cli_option(cli, "filter"));

    if (!code)
        code = cli_json_check("--requester", cli_option(cli, "requester"));
    if (!code && !cli_option(cli, "staff") && !cli_option(cli, "actor") && !cli_option(cli, "requester"))
        code = cli_fail(CLI_USAGE, "--staff, --actor or --requester has to say who asks");
    return code ? code : cli_instance_id_check(cli->arguments[0]);
}

enum cli_exit
cli_instance_subscription(struct cli *cli)
{
    enum cli_exit code = subscription_check(cli);

    if (code)
        return code;
    pawl_command *command = cli_operation_new(cli, cli->verb->verb, "instance_id");
    pawl_command_put(command, "notifyto", cli->arguments[1]);
    pawl_command_put_json(command, "filter", cli_option(cli, "filter"));
    pawl_command_put_json(command, "requester", cli_option(cli, "requester"));
    return cli_operation_call(cli, command, cli_instance_print);
}

static enum cli_exit
notify_check(const struct cli *cli, bool of_task)
{
    if (!cli_option(cli, "engine") || !cli_option(cli, "of") || !cli_option(cli, "state"))
        return cli_fail(CLI_USAGE, "--engine, --of and --state have to say which instance is how");
    enum cli_exit code = cli_json_check("--incident", cli_option(cli, "incident"));
    if (code)
        return code;
    return of_task ? cli_task_id_check(cli->arguments[0]) : cli_instance_id_check(cli->arguments[0]);
}

static void
remote_put(const struct cli *cli, pawl_command *command)
{
    cJSON *remote = cJSON_CreateObject();

    cJSON_AddStringToObject(remote, "engine", cli_option(cli, "engine"));
    cJSON_AddStringToObject(remote, "instance_id", cli_option(cli, "of"));
    cJSON_AddStringToObject(remote, "state", cli_option(cli, "state"));
    char *text = cJSON_PrintUnformatted(remote);
    pawl_command_put_json(command, "remote", text);
    cJSON_free(text);
    cJSON_Delete(remote);
}

/* The id of a task has a colon, that of an instance has none. */
enum cli_exit
cli_instance_notify(struct cli *cli)
{
    bool of_task = strchr(cli->arguments[0], ':');
    long position;
    enum cli_exit code = cli_number(cli, "position", 1, 2147483647, 0, &position);

    if (!code)
        code = notify_check(cli, of_task);
    if (code)
        return code;
    pawl_command *command = cli_operation_new(cli, cli->verb->verb, of_task ? "task_id" : "instance_id");
    remote_put(cli, command);
    pawl_command_put(command, "completion_flag", cli_option(cli, "flag"));
    if (position)
        pawl_command_put_int(command, "position", position);
    pawl_command_put_json(command, "incident", cli_option(cli, "incident"));
    return cli_operation_call(cli, command, cli_instance_print);
}
