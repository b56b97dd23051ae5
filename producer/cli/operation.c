/*
 * operation.c - the operations of the control topic: `pawl task hang` and the like on tasks,
 * `pawl instance suspend` and the like on instances.
 */
#include "base/uuid.h"
#include "cli.h"

const struct cli_option cli_task_hold_options[] = {
    {"staff", "ID", "who holds the task"},
    CLI_REASON,
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_release_options[] = {
    {"staff", "ID", "who holds the task and gives it back"},
    {"actor", "NAME", "the operator who takes it back"},
    CLI_REASON,
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_reassign_options[] = {
    {"to-staff", "ID", "the person who gets it"},
    {"to-department", "ID", "the department that gets it"},
    {"to-team", "ID", "the team that gets it"},
    {"to-role", "ID", "the role that gets it"},
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_extend_options[] = {
    {"within", "DURATION", "the new limit from now, in ISO 8601 (\"PT30M\"); otherwise the activity's"},
    {"executor", "ID", "the program that holds it (automation)"},
    {"attempt", "N", "the attempt that the program works on"},
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_fail_options[] = {
    {"executor", "ID", "the program that holds it"},
    {"attempt", "N", "the attempt that the program works on"},
    {"code", "CODE", "the failure in one word"},
    {"detail", "TEXT", "the failure in words"},
    CLI_REASON,
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_operation_options[] = {
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_suspend_options[] = {
    {"sub-processes", NULL, "also the instances that work for its tasks, here and in other engines"},
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_modify_options[] = {
    {"start", "ACT", "an activity to start"},
    {"withdraw", "TASK", "an open task to withdraw"},
    {"check", NULL, "check every pending task again, and ask how sub-processes stand"},
    CLI_ASKED_BY,
    {NULL, NULL, NULL},
};

/* The members of `to`, which name a group. */
static const struct {
    const char *option, *member;
} groups[] = {{"to-department", "department"}, {"to-team", "team"}, {"to-role", "role"}};

static enum cli_exit
asker_check(const struct cli *cli)
{
    if (!cli_option(cli, "staff") && !cli_option(cli, "actor"))
        return cli_fail(CLI_USAGE, "--staff or --actor has to say who asks");
    return CLI_OK;
}

enum cli_exit
cli_instance_id_check(const char *id)
{
    struct wf_uuid uuid;

    if (wf_uuid_parse(id, strlen(id), &uuid))
        return CLI_OK;
    return cli_fail(CLI_USAGE, "instance id \"%s\" is not a UUID", id);
}

pawl_command *
cli_operation_new(const struct cli *cli, const char *operation, const char *of)
{
    pawl_command *command = pawl_command_new(PAWL_CONTROL);

    pawl_command_put(command, "operation", operation);
    pawl_command_put(command, of, cli->arguments[0]);
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "actor", cli_option(cli, "actor"));
    pawl_command_put(command, "reason", cli_option(cli, "reason"));
    return command;
}

/* "hang" of "task" is "hang-task"; "set-entity" is the name already. */
static pawl_command *
verb_new(const struct cli *cli, const char *of)
{
    char operation[64];

    if (strchr(cli->verb->verb, '-'))
        return cli_operation_new(cli, cli->verb->verb, of);
    snprintf(operation, sizeof operation, "%s-%s", cli->verb->verb, cli->verb->noun);
    return cli_operation_new(cli, operation, of);
}

enum cli_exit
cli_operation_call(const struct cli *cli, pawl_command *command, void (*print)(const pawl_outcome *))
{
    pawl_outcome *outcome;
    enum cli_exit code = cli_call(cli, command, &outcome);

    if (code)
        return code;
    if (!cli->json)
        print(outcome);
    pawl_outcome_free(outcome);
    return CLI_OK;
}

/* ---- tasks ---- */

static enum cli_exit
group_put(const struct cli *cli, pawl_command *command)
{
    cJSON *to = cJSON_CreateObject();
    int given = cli_option(cli, "to-staff") != NULL;

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const char *group = cli_option(cli, groups[i].option);
        given += group != NULL;
        if (group)
            cJSON_AddStringToObject(to, groups[i].member, group);
    }
    if (to->child) {
        char *text = cJSON_PrintUnformatted(to);
        pawl_command_put_json(command, "to", text);
        cJSON_free(text);
    }
    cJSON_Delete(to);
    if (given > 1)
        return cli_fail(CLI_USAGE, "only one of --to-staff, --to-department, --to-team and --to-role can be given");
    return CLI_OK;
}

enum cli_exit
cli_task_hold(struct cli *cli)
{
    if (!cli_option(cli, "staff"))
        return cli_fail(CLI_USAGE, "--staff has to say who holds the task");
    enum cli_exit code = cli_task_id_check(cli->arguments[0]);
    return code ? code : cli_operation_call(cli, verb_new(cli, "task_id"), cli_task_print);
}

enum cli_exit
cli_task_release(struct cli *cli)
{
    enum cli_exit code = asker_check(cli);

    if (!code)
        code = cli_task_id_check(cli->arguments[0]);
    return code ? code : cli_operation_call(cli, verb_new(cli, "task_id"), cli_task_print);
}

enum cli_exit
cli_task_reassign(struct cli *cli)
{
    enum cli_exit code = asker_check(cli);

    if (!code)
        code = cli_task_id_check(cli->arguments[0]);
    if (code)
        return code;

    pawl_command *command = verb_new(cli, "task_id");
    pawl_command_put(command, "to_staff_id", cli_option(cli, "to-staff"));
    code = group_put(cli, command);
    if (!code)
        return cli_operation_call(cli, command, cli_task_print);
    pawl_command_free(command);
    return code;
}

/* An executor says who it is and which attempt it works on. */
static enum cli_exit
call_of_executor(const struct cli *cli, const char *const *members, size_t count)
{
    long attempt;
    enum cli_exit code = cli_number(cli, "attempt", 1, 2147483647, 0, &attempt);

    if (!code)
        code = cli_task_id_check(cli->arguments[0]);
    if (code)
        return code;
    pawl_command *command = verb_new(cli, "task_id");
    pawl_command_put(command, "executor_id", cli_option(cli, "executor"));
    if (attempt)
        pawl_command_put_int(command, "attempt", attempt);
    for (size_t i = 0; i < count; i++)
        pawl_command_put(command, members[i], cli_option(cli, members[i]));
    return cli_operation_call(cli, command, cli_task_print);
}

enum cli_exit
cli_task_extend(struct cli *cli)
{
    static const char *const members[] = {"within"};

    if (!cli_option(cli, "executor") && asker_check(cli))
        return CLI_USAGE;
    return call_of_executor(cli, members, sizeof members / sizeof members[0]);
}

enum cli_exit
cli_task_fail(struct cli *cli)
{
    static const char *const members[] = {"code", "detail"};

    if (!cli_option(cli, "executor"))
        return cli_fail(CLI_USAGE, "--executor has to say which program failed");
    return call_of_executor(cli, members, sizeof members / sizeof members[0]);
}

/* ---- incidents ---- */

/* The id of an incident begins with that of its instance. */
enum cli_exit
cli_incident_retry(struct cli *cli)
{
    const char *id = cli->arguments[0];
    char instance_id[WF_UUID_TEXT + 1];
    struct wf_uuid uuid;
    enum cli_exit code = asker_check(cli);

    if (code)
        return code;
    snprintf(instance_id, sizeof instance_id, "%s", id);
    if (strlen(id) <= WF_UUID_TEXT || !wf_uuid_parse(instance_id, WF_UUID_TEXT, &uuid)) {
        cli_fail(CLI_USAGE, "\"%s\" is not the id of an incident", id);
        cli_hint("\"pawl incident list\" shows them.");
        return CLI_USAGE;
    }
    pawl_command *command = cli_operation_new(cli, "retry-incident", "incident_id");
    pawl_command_put(command, "instance_id", instance_id);
    return cli_operation_call(cli, command, cli_task_print);
}

/* ---- instances ---- */

void
cli_instance_print(const pawl_outcome *outcome)
{
    const char *id = pawl_outcome_text(outcome, "instance_id"), *state = pawl_outcome_text(outcome, "instance_state");

    printf("%-16s %s\n%-16s %s\n", "instance_id", id ? id : "-", "state", state ? state : "-");
    cli_started_print(outcome);
}

static enum cli_exit
instance_check(const struct cli *cli)
{
    enum cli_exit code = asker_check(cli);

    return code ? code : cli_instance_id_check(cli->arguments[0]);
}

enum cli_exit
cli_instance_operation(struct cli *cli)
{
    enum cli_exit code = instance_check(cli);

    if (code)
        return code;
    pawl_command *command = verb_new(cli, "instance_id");
    pawl_command_put_json(command, "include_sub_processes", cli_option(cli, "sub-processes") ? "true" : NULL);
    return cli_operation_call(cli, command, cli_instance_print);
}

enum cli_exit
cli_instance_set_entity(struct cli *cli)
{
    enum cli_exit code = instance_check(cli);

    if (code)
        return code;
    pawl_command *command = verb_new(cli, "instance_id");
    pawl_command_put(command, "entity_id", cli->arguments[1]);
    return cli_operation_call(cli, command, cli_instance_print);
}

enum cli_exit
cli_instance_set_variables(struct cli *cli)
{
    enum cli_exit code = instance_check(cli);

    if (!code)
        code = cli_json_check("VARIABLES", cli->arguments[1]);
    if (code)
        return code;
    pawl_command *command = verb_new(cli, "instance_id");
    pawl_command_put_json(command, "variables", cli->arguments[1]);
    return cli_operation_call(cli, command, cli_instance_print);
}

enum cli_exit
cli_instance_modify(struct cli *cli)
{
    const char *start = cli_option(cli, "start"), *withdraw = cli_option(cli, "withdraw");
    const char *check = cli_option(cli, "check");
    enum cli_exit code = instance_check(cli);

    if (!code && !start && !withdraw && !check)
        code = cli_fail(CLI_USAGE, "--start, --withdraw or --check has to say what to do");
    if (!code && withdraw)
        code = cli_task_id_check(withdraw);
    if (code)
        return code;
    pawl_command *command = verb_new(cli, "instance_id");
    pawl_command_put(command, "start", start);
    pawl_command_put(command, "withdraw", withdraw);
    pawl_command_put_json(command, "check", check ? "true" : NULL);
    return cli_operation_call(cli, command, cli_instance_print);
}
