/*
 * report.c - `pawl report work` and `pawl process status`: how much was done, and how things stand.
 */
#include "base/clock.h"
#include "cli.h"
#include "database.h"

const struct cli_option cli_report_work_options[] = {
    {"by", "WHAT[,WHAT...]", "a row for each person, department, team, role, process, activity (person); \"\": one row"},
    {"from", "TIME", "tasks that ended at this time or later (30 days before --to)"},
    {"to", "TIME", "... and before this one (now)"},
    {"period", "PERIOD", "rows for each day, week or month too"},
    {"process", "ID", "only of this process"},
    {NULL, NULL, NULL},
};

/* What there may be a row for, and the columns that say for which. */
static const struct {
    const char *name, *columns;
} kinds[] = {{"person", "person"},     {"department", "department"}, {"team", "team"},
             {"role", "role"},         {"process", "process_id"},    {"activity", "process_id, act_id"}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool
is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && memcmp(at, name, length) == 0)
            return true;
    return false;
}

static enum cli_exit
by_check(const char *by)
{
    size_t known = 0;
    size_t words = *by ? 1 : 0;

    for (const char *at = by; *at; at++)
        words += *at == ',';
    for (size_t i = 0; i < KINDS; i++)
        known += is_listed(by, kinds[i].name);
    if (known == words)
        return CLI_OK;
    return cli_fail(CLI_USAGE, "--by: \"%s\" is not a list of person, department, team, role, process, activity, each once",
                    by);
}

/* A day, or RFC 3339; *ret_time stays as it is if there is none. */
static enum cli_exit
time_read(const struct cli *cli, const char *option, int64_t *ret_time)
{
    const char *text = cli_option(cli, option);
    char whole[64];

    if (!text)
        return CLI_OK;
    snprintf(whole, sizeof whole, "%s%s", text, strlen(text) == strlen("2026-01-31") ? "T00:00:00Z" : "");
    if (wf_time_parse(whole, ret_time))
        return CLI_OK;
    return cli_fail(CLI_USAGE, "--%s: \"%s\" is neither a day (2026-01-31) nor a time (2026-01-31T08:00:00Z)", option, text);
}

static enum cli_exit
times_check(const struct cli *cli)
{
    int64_t from = INT64_MIN, to = INT64_MAX;
    enum cli_exit code = time_read(cli, "from", &from);

    if (!code)
        code = time_read(cli, "to", &to);
    if (!code && from >= to)
        code = cli_fail(CLI_USAGE, "--from: \"%s\" is not before --to \"%s\"", cli_option(cli, "from"), cli_option(cli, "to"));
    return code;
}

/* The columns of the text: those that the report is by, and what there is of each. */
static void
columns_put(struct wf_buf *columns, const char *by, bool by_period)
{
    if (by_period)
        wf_buf_printf(columns, "to_char(period, 'YYYY-MM-DD') as period, ");
    for (size_t i = 0; i < KINDS; i++)
        if (is_listed(by, kinds[i].name) && !(strcmp(kinds[i].name, "process") == 0 && is_listed(by, "activity")))
            wf_buf_printf(columns, "%s, ", kinds[i].columns);
    wf_buf_printf(columns, "done, " CLI_SPAN("waiting_median") " as waited, " CLI_SPAN("waiting_p90") " as waited_p90, "
                  CLI_SPAN("working_median") " as worked, " CLI_SPAN("working_p90") " as worked_p90, "
                  CLI_SPAN("working_time") " as worked_in_all, " CLI_SPAN("paused_median") " as paused, "
                  CLI_SPAN("paused_p90") " as paused_p90, on_time, late, handed_on%s",
                  by_period ? "" : ", open_load as open");
}

enum cli_exit
cli_report_work(struct cli *cli)
{
    const char *by = cli_option(cli, "by") ? cli_option(cli, "by") : "person";
    const char *const values[] = {by, cli_option(cli, "from"), cli_option(cli, "to"), cli_option(cli, "period"),
                                  cli_option(cli, "process")};
    static const char source[] =
        "* from workflow.work_report(string_to_array($1, ','),"
        " coalesce($2::timestamptz, coalesce($3::timestamptz, now()) - interval '30 days'),"
        " coalesce($3::timestamptz, now()), $4, $5)";
    struct wf_buf columns = {0};
    enum cli_exit code = by_check(by);

    if (!code)
        code = times_check(cli);
    if (!code)
        code = cli_choice(cli, "period", "day|week|month");
    if (code)
        return code;
    columns_put(&columns, by, values[3] != NULL);
    code = cli_list(cli, wf_buf_text(&columns), source, values, 5);
    wf_buf_drop(&columns);
    return code;
}

/* ---- process status ---- */

static const char processes_source[] = "* from workflow.process_status where $1::text is null or process_id = $1"
                                       " order by process_id";
static const char activities_source[] =
    "process_id, act_id, open_tasks, pending, waiting, processing, pausing, overdue,"
    " extract(epoch from mean_waiting_time)::float8 as mean_waiting_time, oldest"
    " from workflow.activity_status where $1::text is null or process_id = $1 order by process_id, open_tasks desc, act_id";

static const char incidents_source[] = /* `pawl incident list` has them all */
    "* from workflow.incident_list where date_resolved is null and ($1::text is null or process_id = $1)"
    " order by date_created, incident_id limit 100";

static enum cli_exit
status_json(PGconn *database, const char *process_id)
{
    const struct {
        const char *name, *source;
    } members[] = {{"processes", processes_source}, {"activities", activities_source}, {"incidents", incidents_source}};
    struct wf_buf document = {0};
    enum cli_exit code = CLI_OK;

    for (size_t i = 0; !code && i < sizeof members / sizeof members[0]; i++) {
        char *rows = NULL;
        code = cli_rows_json(database, members[i].source, &process_id, 1, &rows);
        if (!code)
            wf_buf_printf(&document, "%s\"%s\":%s", i ? "," : "{", members[i].name, rows);
        free(rows);
    }
    wf_buf_byte(&document, '}');
    if (!code)
        cli_print_json(wf_buf_text(&document));
    wf_buf_drop(&document);
    return code;
}

static enum cli_exit
status_text(const struct cli *cli, PGconn *database, const char *process_id)
{
    enum cli_exit code = cli_print_rows(cli, database,
                                        "process_id, running, stalled, suspended, completed, cancelled, open_tasks, overdue, "
                                        "incidents, " CLI_TIME("oldest_open"),
                                        processes_source, &process_id, 1);
    if (code || !process_id)
        return code;
    puts("\nopen tasks:");
    code = cli_print_rows(cli, database,
                          "act_id, open_tasks as open, pending, waiting, processing, pausing, overdue, "
                          CLI_SPAN("mean_waiting_time") " as mean_waiting, " CLI_TIME("oldest"),
                          activities_source, &process_id, 1);
    if (code)
        return code;
    puts("\nincidents:");
    return cli_print_rows(cli, database, "incident_id, act_id, code, detail, " CLI_TIME("date_created"), incidents_source,
                          &process_id, 1);
}

static enum cli_exit
process_check(PGconn *database, const char *process_id)
{
    PGresult *result;
    enum cli_exit code = cli_query(database, "select from workflow.process_list where process_id = $1 limit 1", &process_id,
                                   1, &result);

    if (code)
        return code;
    if (!PQntuples(result)) {
        code = cli_fail(CLI_NOT_FOUND, "there is no process \"%s\"", process_id);
        cli_hint("\"pawl process list\" shows what is deployed.");
    }
    PQclear(result);
    return code;
}

enum cli_exit
cli_process_status(struct cli *cli)
{
    const char *process_id = cli->count ? cli->arguments[0] : NULL;
    PGconn *database;
    enum cli_exit code = cli_database_open(cli, &database);

    if (code)
        return code;
    if (process_id)
        code = process_check(database, process_id);
    if (!code)
        code = cli->json ? status_json(database, process_id) : status_text(cli, database, process_id);
    PQfinish(database);
    return code;
}
