/*
 * pipeline.h - several statements in one round trip, and the connection they go over.
 *
 *     WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
 *     wf_pipeline_send(&pipeline, table);
 *     wf_pipeline_send_plain(&pipeline, WF_STATEMENT_COMMIT);
 *     verdict = wf_pipeline_finish(&pipeline, reterr);
 *     rows = wf_pipeline_rows(&pipeline, 0);
 *
 * The first failure ends the pipeline: the server skips what comes after it, a COMMIT too.
 */
#ifndef WF_STORE_PIPELINE_H
#define WF_STORE_PIPELINE_H

#include <libpq-fe.h>

#include "store/rows.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/table.h"

struct wf_store {
    PGconn *connection;
    int32_t slot;      /* -1: none taken */
    bool unit_open;    /* a transaction is open on the server */
    enum wf_verdict unit_verdict; /* of the statement that ended it before its time */
    void (*progress)(const void *context); /* after each result; NULL: nobody watches */
    const void *progress_context;
    /* One for each statement, kept from unit to unit for its memory; made at the first use. */
    struct wf_table *tables[WF_STATEMENT_COUNT];
};

enum { WF_CALLS_MAX = 64 };

/* Between the ids of a list that is one text in a statement: no id has it. */
#define WF_IDS_JOIN "\x1f"

struct wf_pipeline {
    struct wf_store *store;
    size_t count;
    struct wf_call {
        enum wf_statement statement;
        PGresult *result;
    } calls[WF_CALLS_MAX];
    bool unsent; /* libpq would not take a statement: the connection is gone */
};

/* The table of a statement, emptied. */
struct wf_table *wf_store_table(struct wf_store *store, enum wf_statement statement);

/* Sends a statement with its parameters; failures show in wf_pipeline_finish(). */
void wf_pipeline_send(struct wf_pipeline *pipeline, struct wf_table *table);

/* Sends a table that has rows, and says whether it had. */
bool wf_pipeline_send_rows(struct wf_pipeline *pipeline, struct wf_table *table);

/* Begin, commit, rollback. */
void wf_pipeline_send_plain(struct wf_pipeline *pipeline, enum wf_statement statement);

/* Waits for all results and checks status and shape of each. */
enum wf_verdict wf_pipeline_finish(struct wf_pipeline *pipeline, struct wf_error *reterr) WF_CHECKED;

/* The result of the n-th call. */
struct wf_rows wf_pipeline_rows(const struct wf_pipeline *pipeline, size_t call);

void wf_pipeline_drop(struct wf_pipeline *pipeline);

/* Sends one statement and waits for it. */
enum wf_verdict wf_pipeline_run(struct wf_pipeline *pipeline, struct wf_table *table, struct wf_error *reterr) WF_CHECKED;

/* Asks a statement that says yes or no; no row is a no. */
enum wf_verdict wf_store_bool(struct wf_store *store, struct wf_table *table, bool *ret_value,
                              struct wf_error *reterr) WF_CHECKED;

/* Ends the unit after a failure of it; returns the verdict, or RECONNECT if not even that works. */
enum wf_verdict wf_store_abandon(struct wf_store *store, enum wf_verdict verdict);

/* rules.c: has user-defined functions answer the questions that are theirs. */
enum wf_verdict wf_rules_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr) WF_CHECKED;

/* roster.c: answers questions for loads and tokens. */
enum wf_verdict wf_roster_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr) WF_CHECKED;

/* verdict.c: what a failure means.  Fills *reterr and returns the verdict. */
enum wf_verdict wf_verdict_of_result(const PGresult *result, const char *statement, const PGconn *connection,
                                     struct wf_error *reterr);
enum wf_verdict wf_verdict_fail(enum wf_verdict verdict, struct wf_error *reterr, const char *format, ...)
    WF_PRINTF(3, 4);

#endif
