/*
 * prune.c - `pawl db prune`: removes what is no longer wanted: the history of whole months, by dropping its
 * partitions, and the instances that had finished by then, a range of blocks at a time.
 */
#include "cli.h"
#include "database.h"

const struct cli_option cli_db_prune_options[] = {
    {"before", "YYYY-MM", "the first month that is kept; the months before it go"},
    {"dry-run", NULL, "only say what would go"},
    {NULL, NULL, NULL},
};

enum { BLOCKS = 2000 };

struct prune {
    const struct cli *cli;
    PGconn *database;
    char before[32]; /* the month's first moment */
    struct wf_buf partitions;
    int64_t instances;
};

/* A month as text becomes its first moment; one that is not over yet is refused. */
static enum cli_exit
read_month(struct prune *prune, const char *text)
{
    int year, month, end = 0;
    PGresult *result;

    if (!text)
        return cli_fail(CLI_USAGE, "which months? --before YYYY-MM");
    if (sscanf(text, "%4d-%2d%n", &year, &month, &end) != 2 || text[end] || end != 7 || year < 1 || month < 1 || month > 12)
        return cli_fail(CLI_USAGE, "--before: \"%s\" is no month (YYYY-MM)", text);
    snprintf(prune->before, sizeof prune->before, "%04d-%02d-01T00:00:00Z", year, month);
    const char *const values[] = {prune->before};
    enum cli_exit code = cli_query(prune->database, "select $1::timestamptz <= now()", values, 1, &result);
    if (code)
        return code;
    bool past = *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return past ? CLI_OK : cli_fail(CLI_USAGE, "--before: %s has not begun yet", text);
}

static enum cli_exit
prune_history(struct prune *prune, bool dry)
{
    const char *const values[] = {prune->before};
    PGresult *result;
    enum cli_exit code = cli_query(prune->database,
                                   dry ? "select workflow.history_before($1::timestamptz)"
                                       : "select workflow.history_prune($1::timestamptz)",
                                   values, 1, &result);

    if (code)
        return code;
    for (int row = 0; row < PQntuples(result); row++)
        wf_buf_printf(&prune->partitions, "%s\"%s\"", row ? ", " : "", PQgetvalue(result, row, 0));
    PQclear(result);
    return CLI_OK;
}

/* One number from one statement, added to *ret_sum. */
static enum cli_exit
add_number(const struct prune *prune, const char *sql, const char *const *values, int count, int64_t *ret_sum)
{
    PGresult *result;
    enum cli_exit code = cli_query(prune->database, sql, values, count, &result);

    if (code)
        return code;
    *ret_sum += strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return CLI_OK;
}

static enum cli_exit
prune_instances(struct prune *prune, bool dry)
{
    char first[24], last[24];
    const char *const values[] = {prune->before, first, last};
    int64_t blocks = 0;

    if (dry)
        return add_number(prune, "select count(*) from workflow.instance where date_completed < $1::timestamptz", values, 1,
                          &prune->instances);
    enum cli_exit code = add_number(prune,
                                    "select pg_relation_size('workflow.instance')"
                                    "     / current_setting('block_size')::int",
                                    NULL, 0, &blocks);
    for (int64_t at = 0; !code && at < blocks; at += BLOCKS) {
        snprintf(first, sizeof first, "%lld", (long long)at);
        snprintf(last, sizeof last, "%lld", (long long)at + BLOCKS - 1);
        code = add_number(prune, "select workflow.instances_prune($1::timestamptz, $2::int8, $3::int8)", values, 3,
                          &prune->instances);
    }
    return code;
}

static void
print(struct prune *prune, bool dry)
{
    struct wf_buf line = {0};

    if (!prune->cli->json) {
        printf("%s: partitions %s; %lld finished instances\n", dry ? "would go" : "gone",
               prune->partitions.length ? wf_buf_text(&prune->partitions) : "none", (long long)prune->instances);
        return;
    }
    wf_buf_printf(&line, "{\"before\": \"%s\", \"dry_run\": %s, \"partitions\": [%s], \"instances\": %lld}", prune->before,
                  dry ? "true" : "false", wf_buf_text(&prune->partitions), (long long)prune->instances);
    cli_print_json(wf_buf_text(&line));
    wf_buf_drop(&line);
}

enum cli_exit
cli_db_prune(struct cli *cli)
{
    struct prune prune = {.cli = cli};
    bool dry = cli_option(cli, "dry-run") != NULL;
    enum cli_exit code = cli_database_open(cli, &prune.database);

    if (!code)
        code = read_month(&prune, cli_option(cli, "before"));
    if (!code)
        code = prune_history(&prune, dry);
    if (!code)
        code = prune_instances(&prune, dry);
    if (!code)
        print(&prune, dry);
    wf_buf_drop(&prune.partitions);
    PQfinish(prune.database);
    return code;
}
