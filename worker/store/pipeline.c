#include "store/pipeline.h"

#include "base/fault.h"
#include "store/wire.h"

const struct wf_statement_row wf_statement_rows[WF_STATEMENT_COUNT] = {
#define X(name, file, parameters, columns) {file, parameters, columns},
    WF_STATEMENT_MAP(X)
#undef X
};

static const char *
statement_name(enum wf_statement statement)
{
    switch (statement) {
    case WF_STATEMENT_BEGIN: return "begin";
    case WF_STATEMENT_COMMIT: return "commit";
    case WF_STATEMENT_ROLLBACK: return "rollback";
    default: return wf_statement_rows[statement].file;
    }
}

struct wf_table *
wf_store_table(struct wf_store *store, enum wf_statement statement)
{
    if (!store->tables[statement]) {
        store->tables[statement] = calloc(1, sizeof **store->tables);
        if (!store->tables[statement])
            _Exit(WF_EXIT_MEMORY);
    }
    wf_table_begin(store->tables[statement], statement);
    return store->tables[statement];
}

static struct wf_call *
call_add(struct wf_pipeline *pipeline, enum wf_statement statement)
{
    struct wf_call *call = &pipeline->calls[pipeline->count++];

    call->statement = statement;
    call->result = NULL;
    return call;
}

void
wf_pipeline_send(struct wf_pipeline *pipeline, struct wf_table *table)
{
    static const int binary[WF_COLUMNS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 1, 1, 1, 1, 1, 1, 1};
    const char *values[WF_COLUMNS_MAX];
    int lengths[WF_COLUMNS_MAX];

    for (size_t c = 0; c < table->column_count; c++) {
        size_t length;
        values[c] = wf_table_column(table, c, &length);
        lengths[c] = (int)length;
    }
    call_add(pipeline, table->statement);
    if (!PQsendQueryPrepared(pipeline->store->connection, statement_name(table->statement), (int)table->column_count,
                             values, lengths, binary, 1))
        pipeline->unsent = true;
}

bool
wf_pipeline_send_rows(struct wf_pipeline *pipeline, struct wf_table *table)
{
    if (!table->rows)
        return false;
    wf_pipeline_send(pipeline, table);
    return true;
}

void
wf_pipeline_send_plain(struct wf_pipeline *pipeline, enum wf_statement statement)
{
    call_add(pipeline, statement);
    if (!PQsendQueryParams(pipeline->store->connection, statement_name(statement), 0, NULL, NULL, NULL, NULL, 1))
        pipeline->unsent = true;
}

/* Whether a result has the columns that statement.h says. */
static bool
shape_fits(const struct wf_call *call)
{
    const char *columns = call->statement < WF_STATEMENT_COUNT ? wf_statement_rows[call->statement].columns : "";
    int count = PQnfields(call->result);

    if (PQresultStatus(call->result) != (*columns ? PGRES_TUPLES_OK : PGRES_COMMAND_OK) || (size_t)count != strlen(columns))
        return false;
    for (int c = 0; c < count; c++)
        if (PQftype(call->result, c) != wf_wire_type(columns[c]) || PQfformat(call->result, c) != 1)
            return false;
    return true;
}

static enum wf_verdict
check(const struct wf_pipeline *pipeline, const struct wf_call *call, struct wf_error *reterr)
{
    ExecStatusType status = PQresultStatus(call->result);

    if (!call->result || (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK))
        return wf_verdict_of_result(call->result, statement_name(call->statement), pipeline->store->connection, reterr);
    if (!shape_fits(call))
        return wf_verdict_fail(WF_VERDICT_FATAL, reterr,
                               "database statement \"%s\" returned something else than expected",
                               statement_name(call->statement));
    /* In a failed transaction COMMIT says that it has rolled back, and succeeds. */
    if (call->statement == WF_STATEMENT_COMMIT && strcmp(PQcmdStatus(call->result), "COMMIT") != 0)
        return wf_verdict_fail(WF_VERDICT_RETRY, reterr, "the transaction was rolled back");
    return WF_VERDICT_OK;
}

/* Reads one call's result and the NULL that ends it. */
static PGresult *
result_next(PGconn *connection)
{
    PGresult *result = PQgetResult(connection);
    PGresult *more;

    while (result && (more = PQgetResult(connection)) != NULL)
        PQclear(more);
    return result;
}

enum wf_verdict
wf_pipeline_finish(struct wf_pipeline *pipeline, struct wf_error *reterr)
{
    PGconn *connection = pipeline->store->connection;
    enum wf_verdict verdict = WF_VERDICT_OK;

    if (pipeline->unsent || !PQpipelineSync(connection))
        return wf_verdict_of_result(NULL, "", connection, reterr);
    WF_FAULT(STATEMENTS_SENT);
    if (pipeline->count && pipeline->calls[pipeline->count - 1].statement == WF_STATEMENT_COMMIT)
        WF_FAULT(COMMIT_SENT);

    for (size_t c = 0; c < pipeline->count; c++) {
        pipeline->calls[c].result = result_next(connection);
        if (verdict == WF_VERDICT_OK)
            verdict = check(pipeline, &pipeline->calls[c], reterr);
        if (pipeline->store->progress)
            pipeline->store->progress(pipeline->store->progress_context);
    }
    PGresult *sync = PQgetResult(connection);
    if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC && verdict == WF_VERDICT_OK)
        verdict = wf_verdict_of_result(NULL, "", connection, reterr);
    PQclear(sync);
    return PQstatus(connection) == CONNECTION_OK ? verdict : WF_VERDICT_RECONNECT;
}

struct wf_rows
wf_pipeline_rows(const struct wf_pipeline *pipeline, size_t call)
{
    return (struct wf_rows){pipeline->calls[call].result, PQntuples(pipeline->calls[call].result)};
}

void
wf_pipeline_drop(struct wf_pipeline *pipeline)
{
    for (size_t c = 0; c < pipeline->count; c++)
        PQclear(pipeline->calls[c].result);
    pipeline->count = 0;
}

enum wf_verdict
wf_pipeline_run(struct wf_pipeline *pipeline, struct wf_table *table, struct wf_error *reterr)
{
    wf_pipeline_send(pipeline, table);
    return wf_pipeline_finish(pipeline, reterr);
}

enum wf_verdict
wf_store_bool(struct wf_store *store, struct wf_table *table, bool *ret_value, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);

    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_value = rows.count == 1 && wf_rows_bool(&rows, 0, 0);
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_abandon(struct wf_store *store, enum wf_verdict verdict)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};

    if (!store->unit_open || verdict == WF_VERDICT_OK)
        return verdict;
    store->unit_open = false;
    if (verdict != WF_VERDICT_RECONNECT) { /* else the server rolls back when it notices */
        wf_pipeline_send_plain(&pipeline, WF_STATEMENT_ROLLBACK);
        if (wf_pipeline_finish(&pipeline, NULL) != WF_VERDICT_OK)
            verdict = WF_VERDICT_RECONNECT;
    }
    return store->unit_verdict = verdict;
}
