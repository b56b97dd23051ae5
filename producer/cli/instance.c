/*
 * instance.c - `pawl instance`: begin one, and look at them.
 */
#include "base/uuid.h"
#include "cli.h"
#include "database.h"

const struct cli_option cli_instance_start_options[] = {
    {"instance-id", "UUID", "the id it shall have (the engine draws one)"},
    {"entity", "ID", "the entity it is about"},
    {"staff", "ID", "who begins it"},
    {"flag", "FLAG", "where the process begins"},
    {"variables", "JSON", "an object, for the conditions of routing rules"},
    {"version", "N", "of the process (the latest)"},
    {NULL, NULL, NULL},
};

const struct cli_option cli_instance_list_options[] = {
    {"process", "ID", "only of this process"},
    {"state", "STATE", "running, stalled, suspended, completed or cancelled"},
    {"entity", "ID", "only about this entity"},
    {"limit", "N", "at most so many, the newest first (1000)"},
    {NULL, NULL, NULL},
};

enum cli_exit
cli_instance_start(struct cli *cli)
{
    pawl_outcome *outcome;
    long version;
    enum cli_exit code = cli_number(cli, "version", 1, 2147483647, 0, &version);

    if (!code)
        code = cli_json_check("--variables", cli_option(cli, "variables"));
    if (code)
        return code;

    pawl_command *command = pawl_command_new(PAWL_INIT_INSTANCE);
    pawl_command_put(command, "process_id", cli->arguments[0]);
    if (version)
        pawl_command_put_int(command, "version", version);
    pawl_command_put(command, "instance_id", cli_option(cli, "instance-id"));
    pawl_command_put(command, "entity_id", cli_option(cli, "entity"));
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "completion_flag", cli_option(cli, "flag"));
    pawl_command_put_json(command, "variables", cli_option(cli, "variables"));
    code = cli_call(cli, command, &outcome);
    if (code == CLI_TIMEOUT && !cli_option(cli, "instance-id"))
        cli_hint("With --instance-id a start can be repeated: there is one instance of an id, however often it is asked for.");
    if (code)
        return code;
    const char *instance_id = pawl_outcome_text(outcome, "instance_id");
    if (!cli->json)
        puts(instance_id ? instance_id : "-");
    pawl_outcome_free(outcome);
    return CLI_OK;
}

enum cli_exit
cli_instance_list(struct cli *cli)
{
    const char *limit = cli_option(cli, "limit");
    const char *const values[] = {cli_option(cli, "process"), cli_option(cli, "state"), cli_option(cli, "entity"),
                                  limit ? limit : "1000"};
    long number;
    enum cli_exit code = cli_number(cli, "limit", 1, 100000000, 0, &number);

    if (!code)
        code = cli_choice(cli, "state", "running|stalled|suspended|completed|cancelled");
    if (code)
        return code;
    return cli_list(cli,
                    "instance_id, process_id, version, entity_id, state, completion_flag, open_tasks, "
                    CLI_TIME("date_created") ", " CLI_TIME("date_completed"),
                    "* from workflow.instance_list"
                    " where ($1::text is null or process_id = $1) and ($2::text is null or state::text = $2)"
                    " and ($3::text is null or entity_id = $3)"
                    " order by date_created desc, instance_id limit $4::bigint",
                    values, 4);
}

static const char instance_source[] = "* from workflow.instance_list where instance_id = $1::uuid";
static const char tasks_source[] = "* from workflow.task_list where instance_id = $1::uuid order by date_created, task_id";
static const char path_source[] = "* from workflow.history_list where instance_id = $1::uuid order by date_ended, "
                                  "split_part(task_id::text, ':', 2)::int";

static const char needs_source[] = "* from workflow.instance_needs($1::uuid)";
static const char incidents_source[] = "* from workflow.incident_list where instance_id = $1::uuid and date_resolved is null"
                                       " order by date_created, incident_id";

static const char sub_processes_source[] = "* from workflow.sub_process_list where instance_id = $1::uuid"
                                           " order by date_created, task_id, attempt";

static enum cli_exit
show_json(PGconn *database, const char *id)
{
    const struct {
        const char *name, *source;
    } members[] = {{"instance", instance_source}, {"tasks", tasks_source}, {"needs", needs_source},
                 {"incidents", incidents_source}, {"path", path_source},
                 {"sub_processes", sub_processes_source}};
    struct wf_buf document = {0};
    enum cli_exit code = CLI_OK;

    for (size_t i = 0; !code && i < sizeof members / sizeof members[0]; i++) {
        char *rows = NULL;
        code = cli_rows_json(database, members[i].source, &id, 1, &rows);
        if (!code && i == 0) /* the one instance is not a list */
            rows[strlen(rows) - 1] = '\0';
        if (!code)
            wf_buf_printf(&document, "%s\"%s\":%s", i ? "," : "{", members[i].name, rows + (i == 0));
        free(rows);
    }
    wf_buf_byte(&document, '}');
    if (!code)
        cli_print_json(wf_buf_text(&document));
    wf_buf_drop(&document);
    return code;
}

static void
print_members(const PGresult *result)
{
    for (int i = 0; i < PQnfields(result); i++)
        if (!PQgetisnull(result, 0, i))
            printf("%-16s %s\n", PQfname(result, i), PQgetvalue(result, 0, i));
}

static bool
has_rows(PGconn *database, const char *source, const char *id)
{
    struct wf_buf sql = {0};
    PGresult *result = NULL;

    wf_buf_printf(&sql, "select %s", source);
    enum cli_exit code = cli_query(database, wf_buf_text(&sql), &id, 1, &result);
    bool any = !code && PQntuples(result);
    wf_buf_drop(&sql);
    PQclear(result);
    return any;
}

/* Who waits for what, what an operator has to look at, what works elsewhere: only where there is any. */
static enum cli_exit
show_trouble(const struct cli *cli, PGconn *database, const char *id)
{
    enum cli_exit code = CLI_OK;

    if (has_rows(database, needs_source, id)) {
        puts("\nwho waits for what:");
        code = cli_print_rows(cli, database,
                              "task_id, act_id, need, need_act_id as of_act, need_flag as with, need_task_id as of_task, "
                              "need_state as state, need_staff_id as of_whom",
                              needs_source, &id, 1);
    }
    if (!code && has_rows(database, incidents_source, id)) {
        puts("\nincidents:");
        code = cli_print_rows(cli, database, "incident_id, task_id, code, detail, " CLI_TIME("date_created"),
                              incidents_source, &id, 1);
    }
    if (!code && has_rows(database, sub_processes_source, id)) {
        puts("\nsub-processes:");
        code = cli_print_rows(cli, database,
                              "task_id, engine, remote_process_id as process_id, remote_instance_id as instance_id, "
                              "state, completion_flag, code, " CLI_TIME("date_changed"),
                              sub_processes_source, &id, 1);
    }
    return code;
}

static enum cli_exit
show_text(const struct cli *cli, PGconn *database, const char *id, const PGresult *instance)
{
    print_members(instance);
    puts("\nopen tasks:");
    enum cli_exit code = cli_print_rows(cli, database,
                                        "task_id, act_id, act_type, state, staff_id, grantor_id, executor_id, candidates, "
                                        CLI_TIME("date_created"),
                                        tasks_source, &id, 1);
    if (code || (code = show_trouble(cli, database, id)))
        return code;
    puts("\npath so far:");
    return cli_print_rows(cli, database,
                          "task_id, act_id, act_type, how, completion_flag, staff_id, " CLI_TIME("date_created") ", "
                          CLI_TIME("date_ended"),
                          path_source, &id, 1);
}

static enum cli_exit
show(const struct cli *cli, PGconn *database, const char *id)
{
    PGresult *instance;
    struct wf_buf sql = {0};

    wf_buf_printf(&sql, "select %s", instance_source);
    enum cli_exit code = cli_query(database, wf_buf_text(&sql), &id, 1, &instance);
    wf_buf_drop(&sql);
    if (code)
        return code;
    if (!PQntuples(instance)) {
        code = cli_fail(CLI_NOT_FOUND, "there is no instance \"%s\"", id);
        cli_hint("\"pawl instance list\" shows the instances.");
    } else {
        code = cli->json ? show_json(database, id) : show_text(cli, database, id, instance);
    }
    PQclear(instance);
    return code;
}

enum cli_exit
cli_instance_show(struct cli *cli)
{
    const char *id = cli->arguments[0];
    struct wf_uuid uuid;
    PGconn *database;

    if (!wf_uuid_parse(id, strlen(id), &uuid))
        return cli_fail(CLI_USAGE, "instance id \"%s\" is not a UUID", id);
    enum cli_exit code = cli_database_open(cli, &database);
    if (code)
        return code;
    code = show(cli, database, id);
    PQfinish(database);
    return code;
}
