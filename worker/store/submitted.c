/* submitted.c - commands that applications submit by SQL, in transactions of their own (EOS-25). */
#include "store/load.h"

enum wf_verdict
wf_store_submitted(struct wf_store *store, bool *ret_any, struct wf_error *reterr)
{
    return wf_store_bool(store, wf_store_table(store, WF_STATEMENT_SUBMITTED_LOOK), ret_any, reterr);
}

enum wf_verdict
wf_store_submitted_take(struct wf_store *store, size_t limit, int64_t bytes, struct wf_arena *arena,
                        struct wf_submitted **ret_commands, size_t *ret_count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_SUBMITTED_TAKE);

    wf_table_row(table);
    wf_table_int(table, (int64_t)limit);
    wf_table_int(table, bytes);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);

    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    struct wf_submitted *commands = WF_ARENA_ARRAY(arena, struct wf_submitted, (size_t)rows.count + 1);
    for (int r = 0; r < rows.count; r++) {
        commands[r].command = wf_rows_text(&rows, r, 0, arena);
        commands[r].key = wf_rows_text(&rows, r, 1, arena);
        commands[r].id = wf_rows_text(&rows, r, 2, arena);
        commands[r].data = wf_rows_text(&rows, r, 3, arena);
        commands[r].header_count = wf_loading_ids(&rows, r, 4, arena, &commands[r].headers);
    }
    *ret_commands = commands;
    *ret_count = (size_t)rows.count;
    return WF_VERDICT_OK;
}
