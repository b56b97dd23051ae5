/*
 * task.c - `pawl task`: take, end and list tasks.
 */
#include "base/uuid.h"
#include "cli.h"
#include "database.h"

const struct cli_option cli_task_get_options[] = {
    {"staff", "ID", "who takes it"},
    {"executor", "ID", "the program that takes it (automation)"},
    {"grantor", "ID", "on whose authorization"},
    {"process", "ID", "the next one of this process only"},
    {"act", "ID", "the next one of this activity only"},
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_end_options[] = {
    {"staff", "ID", "who ends it"},
    {"executor", "ID", "the program that ends it (automation)"},
    {"flag", "FLAG", "the result, by which the process goes on"},
    {"entity", "ID", "the entity from now on"},
    {"variables", "JSON", "an object; its members replace the instance's"},
    {NULL, NULL, NULL},
};

const struct cli_option cli_task_list_options[] = {
    {"staff", "ID", "what this person holds or may take"},
    {"mine", NULL, "with --staff: only what the person holds or was assigned, nothing of groups or of others"},
    {"department", "ID", "only what belongs to this department"},
    {"team", "ID", "only what belongs to this team"},
    {"role", "ID", "only what belongs to this role"},
    {"process", "ID", "only of this process"},
    {"act", "ID", "only of this activity"},
    {"state", "STATE", "pending, waiting, processing or pausing"},
    {"entity", "ID", "only of instances about this entity"},
    {"overdue", NULL, "only those whose time limit has passed"},
    {"limit", "N", "at most so many, the oldest first (1000)"},
    {NULL, NULL, NULL},
};

static enum cli_exit
who_check(const struct cli *cli)
{
    if (!cli_option(cli, "staff") == !cli_option(cli, "executor"))
        return cli_fail(CLI_USAGE, "either --staff or --executor has to say who does the task");
    return CLI_OK;
}

enum cli_exit
cli_task_id_check(const char *task_id)
{
    size_t length = strcspn(task_id, ":");
    struct wf_uuid uuid;

    if (wf_uuid_parse(task_id, length, &uuid) && task_id[length] && strspn(task_id + length + 1, "0123456789") &&
        !task_id[length + 1 + strspn(task_id + length + 1, "0123456789")])
        return CLI_OK;
    cli_fail(CLI_USAGE, "\"%s\" is not a task id", task_id);
    cli_hint("A task id is the instance id, a colon and a number: \"pawl task list\" shows them.");
    return CLI_USAGE;
}

void
cli_task_print(const pawl_outcome *outcome)
{
    static const char *const members[] = {"task_id",    "process_id", "act_id",       "name",   "state",
                                          "entity_id",  "staff_id",   "grantor_id",   "executor_id",
                                          "date_created", "due_at"};
    char path[64], flag[32];
    const char *text;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(path, sizeof path, "task.%s", members[i]);
        text = pawl_outcome_text(outcome, path);
        if (text)
            printf("%-16s %s\n", members[i], text);
    }
    for (int i = 0; snprintf(flag, sizeof flag, "task.flags.%d", i), (text = pawl_outcome_text(outcome, flag)); i++)
        printf("%-16s %s\n", i ? "" : "flags", text);
}

enum cli_exit
cli_task_get(struct cli *cli)
{
    const char *task_id = cli->count ? cli->arguments[0] : NULL;
    pawl_outcome *outcome;
    enum cli_exit code = who_check(cli);

    if (!code && task_id)
        code = cli_task_id_check(task_id);
    if (!code && !task_id && !cli_option(cli, "staff"))
        code = cli_fail(CLI_USAGE, "--executor takes the task that is named; there is no next one for a program");
    if (code)
        return code;

    pawl_command *command = pawl_command_new(PAWL_GET_TASK);
    pawl_command_put(command, "task_id", task_id);
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "executor_id", cli_option(cli, "executor"));
    pawl_command_put(command, "grantor_id", cli_option(cli, "grantor"));
    pawl_command_put(command, "process_id", cli_option(cli, "process"));
    pawl_command_put(command, "act_id", cli_option(cli, "act"));
    code = cli_call(cli, command, &outcome);
    if (code)
        return code;
    if (!cli->json)
        cli_task_print(outcome);
    pawl_outcome_free(outcome);
    return CLI_OK;
}

void
cli_started_print(const pawl_outcome *outcome)
{
    const char *text;
    char path[32];

    for (int i = 0; snprintf(path, sizeof path, "tasks.%d", i), (text = pawl_outcome_text(outcome, path)); i++)
        printf("%-16s %s\n", i ? "" : "started", text);
}

static void
print_ended(const char *task_id, const pawl_outcome *outcome)
{
    const char *state = pawl_outcome_text(outcome, "instance_state");

    printf("%-16s %s\n%-16s %s\n", "ended", task_id, "instance", state ? state : "-");
    cli_started_print(outcome);
}

enum cli_exit
cli_task_end(struct cli *cli)
{
    pawl_outcome *outcome;
    enum cli_exit code = who_check(cli);

    if (!code)
        code = cli_task_id_check(cli->arguments[0]);
    if (!code)
        code = cli_json_check("--variables", cli_option(cli, "variables"));
    if (code)
        return code;

    pawl_command *command = pawl_command_new(PAWL_END_TASK);
    pawl_command_put(command, "task_id", cli->arguments[0]);
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "executor_id", cli_option(cli, "executor"));
    pawl_command_put(command, "completion_flag", cli_option(cli, "flag"));
    pawl_command_put(command, "entity_id", cli_option(cli, "entity"));
    pawl_command_put_json(command, "variables", cli_option(cli, "variables"));
    code = cli_call(cli, command, &outcome);
    if (code)
        return code;
    if (!cli->json)
        print_ended(cli->arguments[0], outcome);
    pawl_outcome_free(outcome);
    return CLI_OK;
}

/* The group of --department, --team or --role, as the column `candidates` has it; "" if none was named. */
static enum cli_exit
group_read(const struct cli *cli, char *ret_group, size_t size)
{
    static const char *const kinds[] = {"department", "team", "role"};
    const char *found = NULL;

    *ret_group = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *group = cli_option(cli, kinds[i]);
        if (group && found)
            return cli_fail(CLI_USAGE, "--%s and --%s exclude each other", found, kinds[i]);
        if (!group)
            continue;
        found = kinds[i];
        snprintf(ret_group, size, "%s:%s", found, group);
    }
    return CLI_OK;
}

enum cli_exit
cli_task_list(struct cli *cli)
{
    static const char filter[] = " where ($1::text is null or process_id = $1) and ($2::text is null or act_id = $2)"
                                 " and ($3::text is null or state::text = $3) and ($4::text = '' or candidates = $4)"
                                 " and ($5::text is null or entity_id = $5) and ($6::text is null or due_at < now())";
    static const char order[] = " order by date_created, task_id limit $7::bigint";
    const char *staff = cli_option(cli, "staff"), *limit = cli_option(cli, "limit");
    bool mine = cli_option(cli, "mine");
    char group[256], source[768];
    const char *const values[] = {cli_option(cli, "process"), cli_option(cli, "act"), cli_option(cli, "state"), group,
                                  cli_option(cli, "entity"), cli_option(cli, "overdue"), limit ? limit : "1000", staff};
    long number;
    enum cli_exit code = cli_number(cli, "limit", 1, 100000000, 0, &number);

    if (!code)
        code = cli_choice(cli, "state", "pending|waiting|processing|pausing");
    if (!code)
        code = group_read(cli, group, sizeof group);
    if (!code && mine && !staff)
        code = cli_fail(CLI_USAGE, "--mine goes with --staff, which says whose");
    if (code)
        return code;
    snprintf(source, sizeof source, "* from workflow.%s%s%s%s", staff ? "task_list_of($8)" : "task_list", filter,
             mine ? " and staff_id = $8" : "", order);
    return cli_list(cli,
                    "task_id, process_id, act_id, state, staff_id, grantor_id, candidates, entity_id, "
                    CLI_TIME("date_created") ", " CLI_TIME("due_at"),
                    source, values, staff ? 8 : 7);
}
