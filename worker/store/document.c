/*
 * document.c - definitions and the institution, as the files they came from.
 */
#include <string.h>

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
wf_store_rules_in_use(struct wf_store *store, bool *ret_constraints, bool *ret_functions, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, wf_store_table(store, WF_STATEMENT_RULES_IN_USE), reterr);

    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_constraints = wf_rows_bool(&rows, 0, 0);
    *ret_functions = wf_rows_bool(&rows, 0, 1);
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

static void
changed_read(struct wf_people *people, const struct wf_rows *rows, int r, struct wf_arena *arena)
{
    const char *kind = wf_rows_peek(rows, r, 0), *id = wf_rows_text(rows, r, 1, arena);
    struct wf_staff staff = {.staff_id = id, .has_logging_on = true, .has_on_leave = true,
                             .logging_on = wf_rows_bool(rows, r, 3), .on_leave = wf_rows_bool(rows, r, 4)};

    if (strcmp(kind, "authorization") == 0)
        WF_ARENA_PUSH(arena, people->grantors, people->grantor_count, people->grantor_capacity, id);
    else if (strcmp(kind, "staff") == 0 && wf_rows_bool(rows, r, 2) && !wf_rows_null(rows, r, 3))
        WF_ARENA_PUSH(arena, people->staff, people->staff_count, people->staff_capacity, staff);
    else
        people->whole = true;
}

static void
granted_read(struct wf_people *people, const struct wf_rows *rows, int r, struct wf_arena *arena)
{
    struct wf_authorization grant = {
        .grantor_id = wf_rows_text(rows, r, 0, arena),
        .grantee_id = wf_rows_text(rows, r, 1, arena),
        .process_id = wf_rows_text(rows, r, 2, arena),
        .act_id = wf_rows_text(rows, r, 3, arena),
        .valid_from = wf_rows_time(rows, r, 4),
        .valid_to = wf_rows_time(rows, r, 5),
    };

    WF_ARENA_PUSH(arena, people->authorizations, people->authorization_count, people->authorization_capacity, grant);
}

enum wf_verdict
wf_store_people(struct wf_store *store, struct wf_arena *arena, int64_t since, struct wf_people *ret_people,
                struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    static const enum wf_statement statements[] = {WF_STATEMENT_PEOPLE_CHANGED, WF_STATEMENT_PEOPLE_GRANTED};

    for (size_t s = 0; s < sizeof statements / sizeof *statements; s++) {
        struct wf_table *table = wf_store_table(store, statements[s]);
        wf_table_row(table);
        wf_table_int(table, since);
        wf_pipeline_send(&pipeline, table);
    }
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows changed = wf_pipeline_rows(&pipeline, 0), granted = wf_pipeline_rows(&pipeline, 1);
    *ret_people = (struct wf_people){.whole = false};
    for (int r = 0; r < changed.count; r++)
        changed_read(ret_people, &changed, r, arena);
    for (int r = 0; r < granted.count; r++)
        granted_read(ret_people, &granted, r, arena);
    return WF_VERDICT_OK;
}
