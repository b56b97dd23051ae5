/*
 * connection.c - opens and closes a store: the session's settings, the schema's step, and
 * every statement prepared.
 */
#include "base/embedded.h"
#include "store/pipeline.h"

/* What the caller's connection string may override. */
static const char *const keywords[] = {"fallback_application_name", "connect_timeout", "tcp_user_timeout",
                                       "keepalives_idle", "keepalives_interval", "keepalives_count",
                                       "target_session_attrs", "dbname", "client_encoding", NULL};

/*
 * Every statement reaches its rows by an index from an array of keys, so the plans are
 * pinned to that: whatever the statistics say at the time, no plan ever flips to a scan.
 * The settings alone leave one way to walk a whole index: in order, as for a merge join, once
 * for all keys.  That looks free where the statistics say that a table is empty, and takes seconds
 * in a burst.  So hot tables are met with `= any (array[key])`, which no merge join can use.
 */
static const char session[] =
    "set synchronous_commit = on;" /* EOS-22 */
    "set search_path = workflow, pg_temp;"
    "set timezone = 'UTC';"
    "set client_min_messages = warning;"
    "set default_transaction_isolation = 'read committed';"
    "set lock_timeout = '2s';" /* EOS-5 */
    "set idle_in_transaction_session_timeout = 0;"
    "set plan_cache_mode = force_generic_plan;"
    "set enable_seqscan = off; set enable_bitmapscan = off;"
    "set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off;"
    "set jit = off";

static void
notice_ignore(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static enum wf_verdict
connect_to(struct wf_store *store, const char *database, struct wf_error *reterr)
{
    const char *const values[] = {"pawl-worker", "5", "10000", "5", "2", "3", "read-write", database, "UTF8", NULL};
    char *wrong = NULL;

    PQconninfoOption *options = PQconninfoParse(database, &wrong);
    PQconninfoFree(options);
    if (!options) {
        wf_verdict_fail(WF_VERDICT_FATAL, reterr, "cannot read the connection string: %.*s",
                        wrong ? (int)strcspn(wrong, "\n") : 0, wrong ? wrong : "");
        if (reterr)
            reterr->exit_code = WF_EXIT_USAGE;
        PQfreemem(wrong);
        return WF_VERDICT_FATAL;
    }
    store->connection = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(store->connection) != CONNECTION_OK) {
        const char *text = PQerrorMessage(store->connection);
        return wf_verdict_fail(WF_VERDICT_RECONNECT, reterr, "could not connect to the database: %.*s",
                               (int)strcspn(text, "\n"), text);
    }
    PQsetNoticeProcessor(store->connection, notice_ignore, NULL);
    return WF_VERDICT_OK;
}

extern const struct wf_embedded wf_statements[]; /* sql/statements/ */

static const char *
statement_text(const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "statements/%s.sql", name);
    for (size_t i = 0; wf_statements[i].name; i++)
        if (strcmp(wf_statements[i].name, path) == 0)
            return wf_statements[i].text;
    return "";
}

static void
result_drop(PGresult **result)
{
    PQclear(*result);
}

static enum wf_verdict
session_set(struct wf_store *store, struct wf_error *reterr)
{
    WF_SCOPED(result_drop) PGresult *result = PQexec(store->connection, session);

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return wf_verdict_of_result(result, "set", store->connection, reterr);
    return WF_VERDICT_OK;
}

/* What would outlast the watchdog is cancelled before, so that a batch that is too large can be cut. */
static enum wf_verdict
timeout_set(struct wf_store *store, int64_t watchdog_ms, struct wf_error *reterr)
{
    char command[60];

    snprintf(command, sizeof command, "set statement_timeout = %lld", (long long)(watchdog_ms * 3 / 4));
    WF_SCOPED(result_drop) PGresult *result = PQexec(store->connection, command);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return wf_verdict_of_result(result, "set", store->connection, reterr);
    return WF_VERDICT_OK;
}

/* The schema must have come as far as this program, and no breaking step farther. */
static enum wf_verdict
schema_check(struct wf_store *store, struct wf_error *reterr)
{
    WF_SCOPED(result_drop) PGresult *result = PQexec(store->connection, statement_text("schema_steps"));

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        enum wf_verdict verdict = wf_verdict_of_result(result, "schema_steps", store->connection, reterr);
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (sqlstate && (strcmp(sqlstate, "42P01") == 0 || strcmp(sqlstate, "3F000") == 0))
            verdict = wf_verdict_fail(WF_VERDICT_FATAL, reterr,
                                      "the database \"%s\" has no schema of the engine: run pawl db migrate",
                                      PQdb(store->connection));
        return verdict;
    }
    long last = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    long breaking = strtol(PQgetvalue(result, 0, 1), NULL, 10);
    if (last < WF_SCHEMA_STEP)
        return wf_verdict_fail(WF_VERDICT_FATAL, reterr,
                               "the database's schema is at step %ld, this program needs %d: run pawl db migrate", last,
                               WF_SCHEMA_STEP);
    if (breaking > WF_SCHEMA_STEP)
        return wf_verdict_fail(WF_VERDICT_FATAL, reterr,
                               "the database's schema is at step %ld, this program knows %d: use a newer program",
                               breaking, WF_SCHEMA_STEP);
    return WF_VERDICT_OK;
}

static enum wf_verdict
prepare_results(PGconn *connection, struct wf_error *reterr)
{
    enum wf_verdict verdict = WF_VERDICT_OK;

    for (int s = 0; s < WF_STATEMENT_COUNT; s++) {
        WF_SCOPED(result_drop) PGresult *result = PQgetResult(connection);
        if (verdict == WF_VERDICT_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
            verdict = wf_verdict_of_result(result, wf_statement_rows[s].file, connection, reterr);
        PQclear(result ? PQgetResult(connection) : NULL);
    }
    PQclear(PQgetResult(connection)); /* of the sync */
    return verdict;
}

static enum wf_verdict
prepare(struct wf_store *store, struct wf_error *reterr)
{
    PGconn *connection = store->connection;
    int sent = PQenterPipelineMode(connection);

    for (int s = 0; s < WF_STATEMENT_COUNT && sent; s++)
        sent = PQsendPrepare(connection, wf_statement_rows[s].file, statement_text(wf_statement_rows[s].file), 0, NULL);
    if (!sent || !PQpipelineSync(connection))
        return wf_verdict_of_result(NULL, "prepare", connection, reterr);
    return prepare_results(connection, reterr);
}

bool
wf_store_open(const struct wf_settings *settings, struct wf_store **ret_store, struct wf_error *reterr)
{
    struct wf_store *store = calloc(1, sizeof *store);

    if (!store)
        _Exit(WF_EXIT_MEMORY);
    store->slot = -1;
    enum wf_verdict verdict = connect_to(store, settings->database, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = session_set(store, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = timeout_set(store, settings->watchdog_ms, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = schema_check(store, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = prepare(store, reterr);
    if (verdict != WF_VERDICT_OK) {
        wf_store_close(store);
        return false;
    }
    *ret_store = store;
    return true;
}

void
wf_store_close(struct wf_store *store)
{
    if (!store)
        return;
    PQfinish(store->connection);
    for (int s = 0; s < WF_STATEMENT_COUNT; s++) {
        if (store->tables[s])
            wf_table_drop(store->tables[s]);
        free(store->tables[s]);
    }
    free(store);
}

int
wf_store_socket(const struct wf_store *store)
{
    return PQsocket(store->connection);
}

void
wf_store_watch(struct wf_store *store, void (*progress)(const void *context), const void *context)
{
    store->progress = progress;
    store->progress_context = context;
}
