/*
 * restored.c - a database that is older than what was published from it (EOS-21).
 */
#include "store/pipeline.h"

enum wf_verdict
wf_store_incarnation_known(struct wf_store *store, const char *incarnation, bool *ret_known, struct wf_error *reterr)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_INCARNATION_FIND);

    wf_table_row(table);
    wf_table_text(table, incarnation);
    return wf_store_bool(store, table, ret_known, reterr);
}

enum wf_verdict
wf_store_restored(struct wf_store *store, const struct wf_uuid *incarnation, const struct wf_published *published,
                  size_t count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_RESTORED_ACCEPT);

    wf_table_row(table);
    wf_table_uuid(table, incarnation);
    for (size_t i = 0; i < count; i++) {
        if (i)
            wf_table_row(table);
        table->at = 1;
        wf_table_int(table, published[i].partition);
        wf_table_int(table, published[i].number);
        wf_table_text(table, published[i].incarnation);
    }
    return wf_pipeline_run(&pipeline, table, reterr);
}
