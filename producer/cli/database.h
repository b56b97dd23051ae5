/*
 * database.h - queries, and tables of what they return.
 */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include <libpq-fe.h>

#include "cli.h"

/* Connects; the caller calls PQfinish(), for which NULL is fine.  Times are in UTC. */
enum cli_exit cli_database_open(const struct cli *cli, PGconn **ret_database);

/* Runs one statement; the caller clears the result. */
enum cli_exit cli_query(PGconn *database, const char *sql, const char *const *values, int count, PGresult **ret_result);

/* share.c: which partitions the database has; of none, nothing was said yet. */
enum cli_exit cli_share_read(PGconn *database, struct cli_share *ret_share);

/* Says what went wrong, and what to do; `where` may be NULL. */
enum cli_exit cli_database_fail(PGconn *database, const PGresult *result, const char *where);

/*
 * Prints rows: as JSON and CSV all columns of `source`, as text those in `columns`.  `source` is what may
 * stand behind `select`: "* from workflow.task_list where …".
 */
enum cli_exit cli_print_rows(const struct cli *cli, PGconn *database, const char *columns, const char *source,
                             const char *const *values, int count);

/* A JSON array of all rows of `source`, which the caller frees. */
enum cli_exit cli_rows_json(PGconn *database, const char *source, const char *const *values, int count, char **ret_json);

/* cli_database_open() and cli_print_rows(). */
enum cli_exit cli_list(const struct cli *cli, const char *columns, const char *source, const char *const *values,
                       int count);

/* A time as text for tables: RFC 3339, whole seconds. */
#define CLI_TIME(column) "to_char(" column ", 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as " column

/* Seconds as text for tables: "12.345 s", "3 days 04:05:06". */
#define CLI_SPAN(seconds)                                                                                             \
    "case when " seconds " < 60 then round((" seconds ")::numeric, 3) || ' s'"                                        \
    " else justify_hours(make_interval(secs => round(" seconds ")))::text end"

/* ---- tables (table.c) ---- */

enum { CLI_COLUMNS = 24 };

/* Collects rows, and prints them at the end: aligned, or as a JSON array of objects. */
struct cli_table {
    bool json, csv;
    int columns;
    const char *names[CLI_COLUMNS];
    size_t widths[CLI_COLUMNS];
    struct wf_buf cells; /* each a text with its NUL; a missing one is "\x01" */
    size_t rows;
};

/* The names must live as long as the table. */
void cli_table_begin(struct cli_table *table, bool json, int columns, const char *const *names);

/* Adds a row; a cell may be NULL: absent. */
void cli_table_row(struct cli_table *table, const char *const *cells);

/* Prints the table and drops it. */
void cli_table_end(struct cli_table *table);

#endif
