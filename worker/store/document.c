/*
 * document.c - definitions and the institution, as the files they came from.
 */
#include "store/pipeline.h"

enum wf_verdict
wf_store_process_load(struct wf_store *store, struct wf_arena *arena, const char *process_id, int32_t version,
                      const char **ret_document, int32_t *ret_version, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_DEFINITION_LOAD);

    wf_table_row(table);
    wf_table_text(table, process_id);
    wf_table_int(table, version);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);

    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_version = rows.count ? wf_rows_int(&rows, 0, 0) : 0;
    *ret_document = rows.count ? wf_rows_text(&rows, 0, 1, arena) : NULL;
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_process_match(struct wf_store *store, const char *process_id, const char *document, int32_t *ret_same,
                       int32_t *ret_latest, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_DEFINITION_MATCH);

    wf_table_row(table);
    wf_table_text(table, process_id);
    wf_table_text(table, document);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);

    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_same = rows.count ? wf_rows_int(&rows, 0, 0) : 0;
    *ret_latest = rows.count ? wf_rows_int(&rows, 0, 1) : 0;
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_latest_versions(struct wf_store *store, void (*each)(void *context, const char *process_id, int32_t version),
                         void *context, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, wf_store_table(store, WF_STATEMENT_LATEST_VERSIONS), reterr);

    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    for (int r = 0; r < rows.count; r++)
        each(context, wf_rows_peek(&rows, r, 0), wf_rows_int(&rows, r, 1));
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_institution_load(struct wf_store *store, struct wf_arena *arena, const char **ret_document,
                          int64_t *ret_version, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, wf_store_table(store, WF_STATEMENT_INSTITUTION_LOAD), reterr);

    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    if (rows.count != 1)
        return wf_store_abandon(store, wf_verdict_fail(WF_VERDICT_FATAL, reterr, "the database's catalog is empty"));
    *ret_document = wf_rows_text(&rows, 0, 0, arena);
    *ret_version = wf_rows_long(&rows, 0, 1);
    return WF_VERDICT_OK;
}
