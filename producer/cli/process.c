/*
 * process.c - `pawl process`: definitions.
 */
#include "cli.h"
#include "database.h"

const struct cli_option cli_process_deploy_options[] = {
    {"staff", "ID", "who deploys it, for the record"},
    {"reason", "TEXT", "why, for the record"},
    {NULL, NULL, NULL},
};

const struct cli_option cli_process_show_options[] = {
    {"version", "N", "which version (the latest)"},
    {NULL, NULL, NULL},
};

static bool
is_listed(const struct cli_topic *topics, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(topics[i].name, name) == 0)
            return true;
    return false;
}

/* Topic 0 is the outcome topic, whose width the others get; the rest are the definition's job topics. */
static enum cli_exit
job_topics_list(const struct cli *cli, const cJSON *definition, struct cli_topic *topics, size_t *ret_count)
{
    const cJSON *activity;
    size_t count = 0;

    snprintf(topics[count++].name, sizeof topics->name, "%s.outcome", cli->settings.prefix);
    cJSON_ArrayForEach(activity, cJSON_GetObjectItemCaseSensitive(definition, "activities"))
    {
        const char *executive = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(activity, "auto_executive"));
        struct cli_topic topic = {0};
        if (!executive)
            continue;
        if (!cli_job_topic(cli, executive, &topic))
            return cli_fail(CLI_FILE, "auto_executive \"%s\" cannot be part of a topic's name: letters, digits, "
                                      "\".\", \"_\" and \"-\" can", executive);
        if (!is_listed(topics, count, topic.name))
            topics[count++] = topic;
    }
    *ret_count = count;
    return CLI_OK;
}

/* A job has to have a topic before the first one is written. */
static enum cli_exit
job_topics_create(const struct cli *cli, const cJSON *definition)
{
    size_t most = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(definition, "activities")) + 1;
    size_t count = 0;
    struct cli_topic *topics = calloc(most, sizeof *topics);
    struct cli_admin *admin = NULL;
    enum cli_exit code = job_topics_list(cli, definition, topics, &count);

    if (!code && count > 1) {
        code = cli_admin_open(cli, &admin);
        if (!code)
            code = cli_admin_look(admin, topics, count);
        if (!code && topics[0].exists)
            code = cli_admin_create(admin, topics + 1, count - 1, topics[0].partitions, -1);
    }
    cli_admin_close(admin);
    free(topics);
    return code;
}

static enum cli_exit
deploy(const struct cli *cli, char *text)
{
    pawl_command *command = pawl_command_new(PAWL_ADMIN);
    pawl_outcome *outcome;

    cJSON_Minify(text);
    pawl_command_put(command, "operation", "deploy-process");
    pawl_command_put_json(command, "definition", text);
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "reason", cli_option(cli, "reason"));
    enum cli_exit code = cli_call(cli, command, &outcome);
    if (code)
        return code;
    const char *process_id = pawl_outcome_text(outcome, "process_id");
    if (!cli->json)
        printf("%s: version %lld %s\n", process_id ? process_id : "-",
               (long long)pawl_outcome_number(outcome, "version", 0),
               pawl_outcome_result(outcome) == PAWL_DUPLICATE ? "is deployed already" : "deployed");
    pawl_outcome_free(outcome);
    return CLI_OK;
}

enum cli_exit
cli_process_deploy(struct cli *cli)
{
    struct wf_buf text = {0};
    cJSON *definition = NULL;
    enum cli_exit code = cli_file_read(cli->arguments[0], &text, &definition);

    const cJSON *process_id = cJSON_GetObjectItemCaseSensitive(definition, "process_id");
    if (!code && !cJSON_IsString(process_id))
        code = cli_fail(CLI_FILE, "%s: %s", cli->arguments[0], process_id ? "\"process_id\" is not a text" : "no \"process_id\"");
    if (!code)
        code = job_topics_create(cli, definition);
    if (!code)
        code = deploy(cli, text.data);
    cJSON_Delete(definition);
    wf_buf_drop(&text);
    return code;
}

enum cli_exit
cli_process_list(struct cli *cli)
{
    return cli_list(cli,
                    "process_id, version, name, activities, " CLI_TIME("deployed_at") ","
                    " case when is_latest then 'yes' end as latest",
                    "* from workflow.process_list order by process_id, version", NULL, 0);
}

enum cli_exit
cli_process_show(struct cli *cli)
{
    const char *const values[] = {cli->arguments[0], cli_option(cli, "version")};
    PGconn *database;
    PGresult *result;
    long version;
    enum cli_exit code = cli_number(cli, "version", 1, 2147483647, 0, &version);

    if (!code)
        code = cli_database_open(cli, &database);
    if (code)
        return code;
    code = cli_query(database,
                     "select d, jsonb_pretty(d) from (select workflow.definition_document($1, coalesce($2::int,"
                     " (select max(version) from workflow.process_list where process_id = $1))) as d) as q"
                     " where d is not null",
                     values, 2, &result);
    if (!code && !PQntuples(result)) {
        code = cli_fail(CLI_NOT_FOUND, "there is no process \"%s\"%s%s", values[0], values[1] ? " of version " : "",
                        values[1] ? values[1] : "");
        cli_hint("\"pawl process list\" shows what is deployed.");
        PQclear(result);
    } else if (!code) {
        cli_print_json(PQgetvalue(result, 0, cli->json ? 0 : 1));
        PQclear(result);
    }
    PQfinish(database);
    return code;
}
