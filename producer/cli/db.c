/*
 * db.c - `pawl db migrate`: the schema, which lies in this program, into the database.
 *
 * One transaction under one lock (which schema.sql takes), so that two may run at once and one that
 * fails leaves nothing.  Steps change tables, each once; all other files run every time.
 */
#include "base/embedded.h"
#include "database.h"

extern const struct wf_embedded cli_schema[]; /* what is run, in its order */

struct migration {
    PGconn *database;
    struct cli_table table;
    int *applied; /* numbers of the steps in the database; NULL: not read yet */
    int count;
    int done;     /* steps applied now */
};

static enum cli_exit
run(PGconn *database, const char *sql)
{
    PGresult *result;
    enum cli_exit code = cli_query(database, sql, NULL, 0, &result);

    if (!code)
        PQclear(result);
    return code;
}

/* The line of a file that an error is at, counted in characters by PostgreSQL. */
static int
line_of(const char *sql, const PGresult *result)
{
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    long left = position ? strtol(position, NULL, 10) : 0;
    int line = 1;

    for (; left > 1 && *sql; sql++) {
        if (((unsigned char)*sql & 0xc0) == 0x80)
            continue;
        line += *sql == '\n';
        left--;
    }
    return line;
}

static enum cli_exit
file_run(PGconn *database, const struct wf_embedded *file)
{
    PGresult *result = PQexec(database, file->text);
    ExecStatusType status = PQresultStatus(result);
    enum cli_exit code = CLI_OK;
    char where[300];

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        snprintf(where, sizeof where, "%s:%d", file->name, line_of(file->text, result));
        code = cli_database_fail(database, result, where);
    }
    PQclear(result);
    return code;
}

static bool
is_applied(const struct migration *migration, int step)
{
    for (int i = 0; i < migration->count; i++)
        if (migration->applied[i] == step)
            return true;
    return false;
}

/* 1 of "steps/001-institution.sql"; 0: a file that runs each time. */
static int
step_of(const struct wf_embedded *file)
{
    int step;

    return sscanf(file->name, "steps/%d-", &step) == 1 ? step : 0;
}

static bool
is_known(int step)
{
    for (size_t i = 0; cli_schema[i].name; i++)
        if (step_of(&cli_schema[i]) == step)
            return true;
    return false;
}

static enum cli_exit
applied_read(struct migration *migration)
{
    PGresult *result;
    enum cli_exit code = cli_query(migration->database, "select step, name from workflow.schema_step order by step",
                                   NULL, 0, &result);

    if (code)
        return code;
    migration->count = PQntuples(result);
    migration->applied = calloc((size_t)migration->count + 1, sizeof *migration->applied);
    for (int i = 0; i < migration->count; i++) {
        migration->applied[i] = (int)strtol(PQgetvalue(result, i, 0), NULL, 10);
        if (!code && !is_known(migration->applied[i])) {
            code = cli_fail(CLI_DATABASE, "the database has the schema step \"%s\", which this program does not know",
                            PQgetvalue(result, i, 1));
            cli_hint("The database was brought up to date by a newer pawl: use that one.");
        }
    }
    PQclear(result);
    return code;
}

static enum cli_exit
step_record(PGconn *database, const struct wf_embedded *file)
{
    char number[16], name[200];
    PGresult *result;

    snprintf(number, sizeof number, "%d", step_of(file));
    snprintf(name, sizeof name, "%s", strrchr(file->name, '/') + 1); /* "steps/001-x.sql": without its ending */
    name[strcspn(name, ".")] = '\0';
    enum cli_exit code = cli_query(database, "insert into workflow.schema_step (step, name) values ($1, $2)",
                                   (const char *const[]){number, name}, 2, &result);
    if (!code)
        PQclear(result);
    return code;
}

static enum cli_exit
step_apply(struct migration *migration, const struct wf_embedded *file)
{
    enum cli_exit code = migration->applied ? CLI_OK : applied_read(migration);

    if (code)
        return code;
    if (is_applied(migration, step_of(file))) {
        cli_table_row(&migration->table, (const char *const[]){file->name, "applied before"});
        return CLI_OK;
    }
    code = file_run(migration->database, file);
    if (!code)
        code = step_record(migration->database, file);
    migration->done++;
    cli_table_row(&migration->table, (const char *const[]){file->name, "applied"});
    return code;
}

static enum cli_exit
migrate(struct migration *migration)
{
    enum cli_exit code = run(migration->database, "begin");

    for (size_t i = 0; !code && cli_schema[i].name; i++) {
        if (step_of(&cli_schema[i])) {
            code = step_apply(migration, &cli_schema[i]);
            continue;
        }
        code = file_run(migration->database, &cli_schema[i]);
        cli_table_row(&migration->table, (const char *const[]){cli_schema[i].name, "run"});
    }
    return code ? code : run(migration->database, "commit");
}

/* Says what an administrator has to know, and not that things exist already. */
static void
on_notice(void *arg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    (void)arg;
    if (text && (!state || (strncmp(state, "42P0", 4) != 0 && strcmp(state, "42710") != 0)))
        cli_hint("the database says: %s", text);
}

enum cli_exit
cli_db_migrate(struct cli *cli)
{
    struct migration migration = {0};
    enum cli_exit code = cli_database_open(cli, &migration.database);

    if (code)
        return code;
    PQsetNoticeReceiver(migration.database, on_notice, NULL);
    cli_table_begin(&migration.table, cli->json, 2, (const char *const[]){"file", "done"});
    code = migrate(&migration);
    if (code)
        wf_buf_drop(&migration.table.cells);
    else
        cli_table_end(&migration.table);
    if (!code && !cli->json)
        printf("\n%d steps applied, %d applied before\n", migration.done, migration.count);
    free(migration.applied);
    PQfinish(migration.database); /* rolls back what was not committed */
    return code;
}
