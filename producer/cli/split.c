/*
 * split.c - `pawl db split`: of a copy of the engine's database keeps what is to be this one's share.
 */
#include "cli.h"
#include "database.h"

const struct cli_option cli_db_split_options[] = {
    {"databases", "N", "how many databases share the engine's partitions from now on"},
    {"database-number", "K", "which of them this one is, from 0"},
    {"beside", "CONNINFO", "of a new number: the copy that keeps its number, and has been split before"},
    {NULL, NULL, NULL},
};

/* Were the copy that keeps its number left whole, its workers would do the work of this one too. */
static enum cli_exit
check_beside(const struct cli *cli, const struct cli_share *old, long databases)
{
    struct cli other = *cli;
    struct cli_share share;
    PGconn *database = NULL;

    other.settings.database = cli_option(cli, "beside");
    if (!other.settings.database)
        return cli_fail(CLI_USAGE, "a new number needs --beside: the copy that keeps number %ld, split before", old->number);
    enum cli_exit code = cli_database_open(&other, &database);
    if (!code)
        code = cli_share_read(database, &share);
    PQfinish(database);
    if (code || (share.databases == databases && share.number == old->number && share.partitions == old->partitions))
        return code;
    return cli_fail(CLI_REJECTED, "--beside: that is database %ld of %ld, not %ld of %ld: split it first", share.number,
                    share.databases, old->number, databases);
}

static enum cli_exit
split(const struct cli *cli, PGconn *database)
{
    const char *const values[] = {cli_option(cli, "databases"), cli_option(cli, "database-number")};
    struct cli_share old;
    long databases, number;
    PGresult *result;
    enum cli_exit code = values[0] && values[1] ? CLI_OK
                                                : cli_fail(CLI_USAGE, "--databases and --database-number say into what");

    if (!code)
        code = cli_share_read(database, &old);
    if (!code)
        code = cli_number(cli, "databases", 2, 10000, 0, &databases);
    if (!code)
        code = cli_number(cli, "database-number", 0, databases - 1, 0, &number);
    if (!code && number != old.number)
        code = check_beside(cli, &old, databases);
    if (!code)
        code = cli_query(database, "select workflow.database_split($1::int, $2::int)", values, 2, &result);
    if (code)
        return code;
    printf(cli->json ? "{\"database_number\":%ld,\"databases\":%ld,\"instances\":%s}\n"
                     : "this is database %ld of %ld, and keeps %s instances\n",
           number, databases, PQgetvalue(result, 0, 0));
    PQclear(result);
    return CLI_OK;
}

enum cli_exit
cli_db_split(struct cli *cli)
{
    PGconn *database;
    enum cli_exit code = cli_database_open(cli, &database);

    if (!code)
        code = split(cli, database);
    PQfinish(database);
    return code;
}
