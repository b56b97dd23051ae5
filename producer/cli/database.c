#include "database.h"

static void
ignore_notice(void *arg, const PGresult *result)
{
    (void)arg, (void)result; /* "… already exists, skipping" */
}

/* libpq's messages, without their last newline. */
static const char *
message_of(PGconn *database, char text[600])
{
    snprintf(text, 600, "%s", PQerrorMessage(database));
    size_t length = strlen(text);
    while (length && text[length - 1] == '\n')
        text[--length] = '\0';
    return text;
}

enum cli_exit
cli_database_open(const struct cli *cli, PGconn **ret_database)
{
    char timeout[16], text[600];
    const char *const names[] = {"dbname", "connect_timeout", "fallback_application_name", "options", NULL};
    const char *const values[] = {cli->settings.database, timeout, "pawl", "-c TimeZone=UTC -c client_encoding=UTF8",
                                  NULL};

    snprintf(timeout, sizeof timeout, "%d", (int)(cli->settings.timeout_ms / 1000) + 2);
    PGconn *database = PQconnectdbParams(names, values, 1);
    if (PQstatus(database) == CONNECTION_OK) {
        PQsetNoticeReceiver(database, ignore_notice, NULL);
        *ret_database = database;
        return CLI_OK;
    }
    cli_fail(CLI_DATABASE, "could not reach the database: %s", message_of(database, text));
    cli_hint("--database or PAWL_DATABASE says where it is."); /* and may hold a password */
    PQfinish(database);
    return CLI_DATABASE;
}

static const char *
field(const PGresult *result, int code)
{
    const char *text = result ? PQresultErrorField(result, code) : NULL;

    return text ? text : "";
}

enum cli_exit
cli_database_fail(PGconn *database, const PGresult *result, const char *where)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    char text[600];

    if (!*state) { /* libpq is speaking: the connection is gone */
        cli_fail(CLI_DATABASE, "lost the connection to the database: %s", message_of(database, text));
        return CLI_DATABASE;
    }
    cli_fail(CLI_INTERNAL, "%s%sthe database refused: %s (%s)", where ? where : "", where ? ": " : "",
             field(result, PG_DIAG_MESSAGE_PRIMARY), state);
    if (*field(result, PG_DIAG_MESSAGE_DETAIL))
        cli_hint("%s", field(result, PG_DIAG_MESSAGE_DETAIL));
    if (*field(result, PG_DIAG_MESSAGE_HINT))
        cli_hint("%s", field(result, PG_DIAG_MESSAGE_HINT));
    if (strcmp(state, "3F000") == 0 || strcmp(state, "42P01") == 0 || strcmp(state, "42883") == 0 ||
        strcmp(state, "42703") == 0) {
        cli_hint("The schema is missing or older than this program: \"pawl db migrate\" brings it up to date.");
        return CLI_DATABASE;
    }
    return CLI_INTERNAL;
}

enum cli_exit
cli_query(PGconn *database, const char *sql, const char *const *values, int count, PGresult **ret_result)
{
    PGresult *result = PQexecParams(database, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        *ret_result = result;
        return CLI_OK;
    }
    enum cli_exit code = cli_database_fail(database, result, NULL);
    PQclear(result);
    return code;
}

enum cli_exit
cli_rows_json(PGconn *database, const char *source, const char *const *values, int count, char **ret_json)
{
    struct wf_buf sql = {0};
    PGresult *result;

    wf_buf_printf(&sql, "select coalesce(json_strip_nulls(json_agg(q)), '[]') from (select %s) as q", source);
    enum cli_exit code = cli_query(database, wf_buf_text(&sql), values, count, &result);
    wf_buf_drop(&sql);
    if (code)
        return code;
    *ret_json = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return CLI_OK;
}

static enum cli_exit
print_table(const struct cli *cli, PGconn *database, const char *columns, const char *source,
            const char *const *values, int count)
{
    struct wf_buf sql = {0};
    PGresult *result;

    wf_buf_printf(&sql, "select %s from (select %s) as q", cli->csv ? "*" : columns, source);
    enum cli_exit code = cli_query(database, wf_buf_text(&sql), values, count, &result);
    wf_buf_drop(&sql);
    if (code)
        return code;

    struct cli_table table;
    const char *cells[CLI_COLUMNS];
    int width = PQnfields(result) < CLI_COLUMNS ? PQnfields(result) : CLI_COLUMNS;
    for (int i = 0; i < width; i++)
        cells[i] = PQfname(result, i);
    cli_table_begin(&table, false, width, cells);
    table.csv = cli->csv;
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < width; i++)
            cells[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        cli_table_row(&table, cells);
    }
    cli_table_end(&table);
    PQclear(result);
    return CLI_OK;
}

enum cli_exit
cli_print_rows(const struct cli *cli, PGconn *database, const char *columns, const char *source,
               const char *const *values, int count)
{
    char *json = NULL;

    if (!cli->json)
        return print_table(cli, database, columns, source, values, count);
    enum cli_exit code = cli_rows_json(database, source, values, count, &json);
    if (!code)
        cli_print_json(json);
    free(json);
    return code;
}

enum cli_exit
cli_list(const struct cli *cli, const char *columns, const char *source, const char *const *values, int count)
{
    PGconn *database;
    enum cli_exit code = cli_database_open(cli, &database);

    if (code)
        return code;
    code = cli_print_rows(cli, database, columns, source, values, count);
    PQfinish(database);
    return code;
}
