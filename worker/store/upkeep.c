/* upkeep.c - what the database needs now and then. */
#include "store/pipeline.h"

enum wf_verdict
wf_store_upkeep(struct wf_store *store, int32_t keep_days, int32_t limit, int32_t *ret_forgotten,
                struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_UPKEEP);

    wf_table_row(table);
    wf_table_int(table, keep_days);
    wf_table_int(table, limit);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_forgotten = wf_rows_int(&rows, 0, 0);
    return WF_VERDICT_OK;
}
