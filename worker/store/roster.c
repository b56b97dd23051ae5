/* roster.c - loads and tokens: locked together and in order, read, and answered to the core (ASG-4, ASG-6, EOS-24). */
#include <stdlib.h>
#include <string.h>

#include "core/load.h"
#include "store/pipeline.h"

/* People and roles that one question is about. */
struct asked {
    const char **staff_ids, **role_ids;
    size_t staff_count, staff_capacity, role_count, role_capacity;
};

void
wf_roster_drop(struct wf_roster *roster)
{
    wf_arena_drop(&roster->arena);
    *roster = (struct wf_roster){.lacking = false};
}

static void
roster_add(struct wf_roster *roster, const struct wf_question *question)
{
    bool person = question->kind == WF_QUESTION_LOADS;
    const char *key = wf_arena_printf(&roster->arena, "%d/%s", (int)question->kind, question->subject);
    const char *id = strchr(key, '/') + 1;

    if (wf_map_get_text(&roster->known, key))
        return;
    wf_map_put_text(&roster->known, &roster->arena, key, roster);
    if (person)
        WF_ARENA_PUSH(&roster->arena, roster->staff_ids, roster->staff_count, roster->staff_capacity, id);
    else
        WF_ARENA_PUSH(&roster->arena, roster->role_ids, roster->role_count, roster->role_capacity, id);
}

/* What the core asks for now, which the roster then has as well. */
static struct asked
collect(const struct wf_work *work)
{
    const struct wf_unit *unit = work->unit;
    struct asked asked = {0};

    for (size_t i = 0; i < unit->question_count; i++) {
        const struct wf_question *question = unit->questions[i];
        if (question->kind == WF_QUESTION_LOADS)
            WF_ARENA_PUSH(unit->arena, asked.staff_ids, asked.staff_count, asked.staff_capacity, question->subject);
        else if (question->kind == WF_QUESTION_TOKEN)
            WF_ARENA_PUSH(unit->arena, asked.role_ids, asked.role_count, asked.role_capacity, question->subject);
        else
            continue;
        roster_add(work->roster, question);
    }
    return asked;
}

static struct wf_table *
id_table(struct wf_store *store, enum wf_statement statement, const char *const *ids, size_t count)
{
    struct wf_table *table = wf_store_table(store, statement);

    for (size_t i = 0; i < count; i++) {
        wf_table_row(table);
        wf_table_text(table, ids[i]);
    }
    return table;
}

/* Roles before people; what cannot be had now is waited for only by who holds nothing yet. */
static enum wf_verdict
lock(struct wf_store *store, struct wf_work *work, const struct asked *asked, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    bool wait = !work->roster_held;

    wf_pipeline_send(&pipeline, id_table(store, wait ? WF_STATEMENT_TOKEN_LOCK : WF_STATEMENT_TOKEN_TRY, asked->role_ids,
                                         asked->role_count));
    wf_pipeline_send(&pipeline, id_table(store, wait ? WF_STATEMENT_LOAD_LOCK : WF_STATEMENT_LOAD_TRY, asked->staff_ids,
                                         asked->staff_count));
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    work->roster_held = true;
    struct wf_rows tokens = wf_pipeline_rows(&pipeline, 0), loads = wf_pipeline_rows(&pipeline, 1);
    if ((size_t)tokens.count != asked->role_count || (size_t)loads.count != asked->staff_count) {
        work->roster->lacking = true;
        return wf_verdict_fail(WF_VERDICT_RETRY, reterr, "%zu loads and %zu tokens are to be made or waited for",
                               asked->staff_count - (size_t)loads.count, asked->role_count - (size_t)tokens.count);
    }
    for (int r = 0; r < tokens.count; r++)
        wf_token_known(work->unit, wf_rows_peek(&tokens, r, 0), wf_rows_peek(&tokens, r, 1));
    return WF_VERDICT_OK;
}

/* Under the lock, in statements of their own: these see what those who held it before have committed. */
static enum wf_verdict
read_loads(struct wf_store *store, struct wf_work *work, const struct asked *asked, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};

    if (!asked->staff_count)
        return WF_VERDICT_OK;
    wf_pipeline_send(&pipeline, id_table(store, WF_STATEMENT_LOAD_ADD, asked->staff_ids, asked->staff_count));
    wf_pipeline_send(&pipeline, id_table(store, WF_STATEMENT_LOAD_READ, asked->staff_ids, asked->staff_count));
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows loads = wf_pipeline_rows(&pipeline, 1);
    for (int r = 0; r < loads.count; r++)
        wf_load_known(work->unit, wf_rows_peek(&loads, r, 0), wf_rows_int(&loads, r, 1), wf_rows_time(&loads, r, 2));
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_roster_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    struct asked asked = collect(work);
    struct wf_answer answer = {.error = NULL};

    if (!asked.staff_count && !asked.role_count)
        return WF_VERDICT_OK;
    if (!work->roster_held)
        asked = (struct asked){.staff_ids = work->roster->staff_ids, .staff_count = work->roster->staff_count,
                               .role_ids = work->roster->role_ids, .role_count = work->roster->role_count};
    enum wf_verdict verdict = lock(store, work, &asked, reterr);
    if (verdict == WF_VERDICT_OK)
        verdict = read_loads(store, work, &asked, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    for (size_t i = 0; i < work->unit->question_count; i++) {
        struct wf_question *question = work->unit->questions[i];
        if (question->kind == WF_QUESTION_LOADS || question->kind == WF_QUESTION_TOKEN)
            wf_question_answered(question, &answer);
    }
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_roster_make(struct wf_store *store, struct wf_roster *roster, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_ROSTER_MAKE);
    size_t count = roster->staff_count > roster->role_count ? roster->staff_count : roster->role_count;

    for (size_t i = 0; i < count; i++) {
        wf_table_row(table);
        wf_table_text(table, i < roster->staff_count ? roster->staff_ids[i] : NULL);
        wf_table_text(table, i < roster->role_count ? roster->role_ids[i] : NULL);
    }
    return wf_pipeline_run(&pipeline, table, reterr);
}
