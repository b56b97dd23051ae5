/*
 * pause.c - `pawl instance pause-starts` and `resume-starts`: whether workers begin instances.
 *
 * The database says so, and every worker looks once a second; the commands wait in their topic meanwhile.
 */
#include "cli.h"
#include "database.h"

enum cli_exit
cli_instance_starts(struct cli *cli)
{
    bool pause = strcmp(cli->verb->verb, "pause-starts") == 0;
    const char *values[] = {pause ? "true" : "false"};
    PGresult *result;
    PGconn *database;

    if (pause && *cli->settings.command_topic)
        return cli_fail(CLI_USAGE, "all commands come on one topic, \"%s\", in which nothing can be passed over",
                        cli->settings.command_topic);
    enum cli_exit code = cli_database_open(cli, &database);
    if (code)
        return code;
    code = cli_query(database, "update workflow.catalog set starts_paused = $1::bool where starts_paused <> $1::bool", values,
                     1, &result);
    if (!code) {
        bool changed = strcmp(PQcmdTuples(result), "1") == 0;
        PQclear(result);
        if (cli->json)
            cli_print_json(pause ? "{\"starts_paused\":true}" : "{\"starts_paused\":false}");
        else
            printf("starts are %s%s\n", changed ? "" : "already ", pause ? "paused" : "going on");
    }
    PQfinish(database);
    return code;
}
