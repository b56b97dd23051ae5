/*
 * rules.c - user-defined functions are asked (FWD-4, ASG-1): all questions by one statement, which has a time limit.
 *
 * What was not answered when the limit passed is asked again, carefully: one by one, in as many
 * statements as it takes.  Each of them answers at least one question, for a function that alone takes
 * all the time has failed.  One that does so too often is not asked any more in this batch.
 */
#include "store/pipeline.h"

enum { SLOW_MAX = 10 }; /* questions of a function that took too long, until the rest is refused */

/* The questions that are still open. */
struct asking {
    struct wf_work *work;
    struct wf_question **open;
    size_t count;
    bool careful;
    const struct wf_question *late; /* that took all the time of the last statement; NULL: none did */
};

static void
collect(struct asking *asking, bool functions)
{
    const struct wf_unit *unit = asking->work->unit;

    asking->open = WF_ARENA_ARRAY(unit->arena, struct wf_question *, unit->question_count + 1);
    for (size_t i = 0; i < unit->question_count; i++)
        if (functions ? unit->questions[i]->kind == WF_QUESTION_FUNCTION
                      : wf_question_kind_is_rule(unit->questions[i]->kind))
            asking->open[asking->count++] = unit->questions[i];
}

static void
put_question(struct wf_table *table, const struct wf_question *question)
{
    wf_table_row(table);
    table->at = 3; /* behind the single values */
    wf_table_text(table, wf_question_kind_name(question->kind));
    wf_table_text(table, question->subject);
    wf_table_text(table, question->process_id);
    wf_table_int(table, question->version);
    wf_table_uuid(table, &question->instance_id);
    wf_table_int(table, question->task_n);
    wf_table_text(table, question->act_id);
    wf_table_text(table, question->pre_act_id);
    wf_table_text(table, question->completion_flag);
    wf_table_int(table, question->arrivals);
    wf_table_text(table, question->entity_id);
    wf_table_text(table, question->variables);
}

static struct wf_table *
ask_table(struct wf_store *store, const struct asking *asking)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_RULES_ASK);

    wf_table_text(table, asking->work->rule_schema);
    wf_table_bool(table, asking->careful);
    wf_table_int(table, asking->work->rule_timeout_ms);
    for (size_t i = 0; i < asking->count; i++)
        put_question(table, asking->open[i]);
    return table;
}

static struct wf_table *
limit_table(struct wf_store *store, struct wf_arena *arena, int64_t limit_ms)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_RULES_LIMIT);

    wf_table_text(table, wf_arena_printf(arena, "%lld", (long long)limit_ms));
    return table;
}

/* The answer that begins at a row; *row is the last one of it afterwards. */
static void
read_answer(struct asking *asking, const struct wf_rows *rows, int *row)
{
    struct wf_arena *arena = asking->work->unit->arena;
    struct wf_question *question = asking->open[wf_rows_int(rows, *row, 0) - 1];
    struct wf_answer answer = {.error = wf_rows_text(rows, *row, 3, arena), .holds = wf_rows_bool(rows, *row, 1)};
    size_t capacity = 0;

    if (wf_rows_bool(rows, *row, 4))
        asking->late = question;
    for (int first = *row;; (*row)++) {
        if (!wf_rows_null(rows, *row, 2))
            WF_ARENA_PUSH(arena, answer.ids, answer.id_count, capacity, wf_rows_text(rows, *row, 2, arena));
        if (*row + 1 == rows->count || wf_rows_int(rows, *row + 1, 0) != wf_rows_int(rows, first, 0))
            break;
    }
    wf_question_answered(question, &answer);
}

static enum wf_verdict
ask_once(struct wf_store *store, struct asking *asking, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_arena *arena = asking->work->unit->arena;
    size_t open = 0;

    asking->late = NULL;
    wf_pipeline_send(&pipeline, limit_table(store, arena, asking->work->rule_timeout_ms));
    wf_pipeline_send(&pipeline, ask_table(store, asking));
    wf_pipeline_send(&pipeline, limit_table(store, arena, 0));
    enum wf_verdict verdict = wf_pipeline_finish(&pipeline, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);

    struct wf_rows rows = wf_pipeline_rows(&pipeline, 1);
    for (int row = 0; row < rows.count; row++)
        read_answer(asking, &rows, &row);
    for (size_t i = 0; i < asking->count; i++)
        if (!asking->open[i]->answered)
            asking->open[open++] = asking->open[i];
    asking->count = open;
    return WF_VERDICT_OK;
}

/* A function that has taken all the time too often is given up. */
static void
give_up_slow(struct asking *asking, struct wf_map *slow)
{
    static const struct wf_answer given_up = {.error = "it took too long for others of this batch: not asked again"};
    const char *function = asking->late->subject;
    size_t *times = wf_map_get_text(slow, function), open = 0;

    if (!times) {
        times = WF_ARENA_NEW(asking->work->unit->arena, size_t);
        wf_map_put_text(slow, asking->work->unit->arena, function, times);
    }
    if (++*times < SLOW_MAX)
        return;
    for (size_t i = 0; i < asking->count; i++)
        if (strcmp(asking->open[i]->subject, function) == 0)
            wf_question_answered(asking->open[i], &given_up);
        else
            asking->open[open++] = asking->open[i];
    asking->count = open;
}

/* Of definitions being deployed. */
static enum wf_verdict
find_faults(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_RULE_FAULTS);
    struct asking asking = {.work = work};

    collect(&asking, true);
    if (!asking.count)
        return WF_VERDICT_OK;
    wf_table_text(table, work->rule_schema);
    for (size_t i = 0; i < asking.count; i++) {
        wf_table_row(table);
        table->at = 1;
        wf_table_text(table, wf_question_kind_name(asking.open[i]->rule));
        wf_table_text(table, asking.open[i]->subject);
    }
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    for (int row = 0; row < rows.count; row++) {
        struct wf_answer answer = {.error = wf_rows_text(&rows, row, 1, work->unit->arena)};
        wf_question_answered(asking.open[wf_rows_long(&rows, row, 0) - 1], &answer);
    }
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_rules_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    struct asking asking = {.work = work};
    struct wf_map slow = {0};

    collect(&asking, false);
    while (asking.count) {
        if (work->progress)
            work->progress(work->unit->context);
        enum wf_verdict verdict = ask_once(store, &asking, reterr);
        if (verdict != WF_VERDICT_OK)
            return verdict;
        if (asking.late)
            give_up_slow(&asking, &slow);
        asking.careful = true;
    }
    return find_faults(store, work, reterr);
}
