/*
 * incident.c - `pawl incident list`: what waits for an operator.
 */
#include "base/uuid.h"
#include "cli.h"
#include "database.h"

const struct cli_option cli_incident_list_options[] = {
    {"process", "ID", "only of this process"},
    {"instance", "ID", "only of this instance"},
    {"all", NULL, "resolved ones, too"},
    {"limit", "N", "at most so many, the oldest first (1000)"},
    {NULL, NULL, NULL},
};

enum cli_exit
cli_incident_list(struct cli *cli)
{
    const char *limit = cli_option(cli, "limit");
    const char *const values[] = {cli_option(cli, "process"), cli_option(cli, "instance"),
                                  cli_option(cli, "all") ? "true" : "false", limit ? limit : "1000"};
    struct wf_uuid uuid;
    long number;
    enum cli_exit code = cli_number(cli, "limit", 1, 100000000, 0, &number);

    if (!code && values[1] && !wf_uuid_parse(values[1], strlen(values[1]), &uuid))
        code = cli_fail(CLI_USAGE, "--instance: \"%s\" is not a UUID", values[1]);
    if (code)
        return code;
    return cli_list(cli,
                    "incident_id, process_id, act_id, code, detail, attempt, entity_id, " CLI_TIME("date_created") ", "
                    CLI_TIME("date_resolved"),
                    "* from workflow.incident_list"
                    " where ($1::text is null or process_id = $1) and ($2::text is null or instance_id = $2::uuid)"
                    " and ($3::bool or date_resolved is null)"
                    " order by date_created, incident_id limit $4::bigint",
                    values, 4);
}
