/*
 * outbox.c - events that are committed, read again for their publication (EOS-3, EOS-14).
 */
#include "store/pipeline.h"

enum wf_verdict
wf_store_outbox(struct wf_store *store, int32_t partition, int64_t above, size_t limit, struct wf_arena *arena,
                struct wf_outbox_row **ret_rows, size_t *ret_count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_OUTBOX_READ);

    wf_table_row(table);
    wf_table_int(table, partition);
    wf_table_int(table, above);
    wf_table_int(table, (int64_t)limit);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);

    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    struct wf_outbox_row *list = WF_ARENA_ARRAY(arena, struct wf_outbox_row, (size_t)rows.count + 1);
    for (int r = 0; r < rows.count; r++) {
        list[r].number = wf_rows_long(&rows, r, 0);
        list[r].events = wf_rows_bytes(&rows, r, 1, arena);
    }
    *ret_rows = list;
    *ret_count = (size_t)rows.count;
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_outbox_replace(struct wf_store *store, int32_t partition, int64_t epoch, int64_t number,
                        struct wf_slice events, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_OUTBOX_REPLACE);

    wf_table_row(table);
    wf_table_int(table, partition);
    wf_table_int(table, epoch);
    wf_table_int(table, number);
    wf_table_bytes(table, events.data, events.length);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict == WF_VERDICT_OK && wf_pipeline_rows(&pipeline, 0).count != 1)
        return wf_verdict_fail(WF_VERDICT_NOT_OWNER, reterr, "partition %d is somebody else's", partition);
    return verdict;
}
