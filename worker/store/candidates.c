/*
 * candidates.c - what people who ask for the next task could take (ASG-9), for all who ask in
 * a batch at once.
 *
 * Many people ask with the same groups, so each distinct offer is looked up once, for as many tasks as
 * there are people who name it, and each distinct set of offers that found something is
 * merged once.
 */
#include <stddef.h>

#include "store/pipeline.h"

struct found {
    struct wf_candidate *candidate;
    int64_t date_created;
};

struct offer {
    const struct wf_offer *offer;
    size_t index;
    size_t users;
    struct found *found; /* in order */
    size_t count, capacity;
};

struct search {
    struct wf_arena *arena;
    struct wf_map by_key;  /* -> struct offer */
    struct wf_map by_task; /* -> struct wf_candidate */
    struct offer **offers;
    size_t count, capacity;
    struct wf_map merged; /* set of offers -> struct wf_query with the answer */
};

static struct offer *
offer_add(struct search *search, const struct wf_offer *wanted)
{
    const char *key = wf_arena_printf(search->arena, "%d\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s", (int)wanted->based_on, wanted->id,
                                      wanted->process_id ? wanted->process_id : "", wanted->act_id ? wanted->act_id : "",
                                      wanted->asker ? wanted->asker : "", wanted->grantor ? wanted->grantor : "");
    struct offer *offer = wf_map_get_text(&search->by_key, key);

    if (!offer) {
        offer = WF_ARENA_NEW(search->arena, struct offer);
        offer->offer = wanted;
        offer->index = search->count;
        wf_map_put_text(&search->by_key, search->arena, key, offer);
        WF_ARENA_PUSH(search->arena, search->offers, search->count, search->capacity, offer);
    }
    offer->users++;
    return offer;
}

static struct offer **
offers_collect(struct search *search, const struct wf_query *query)
{
    struct offer **offers = WF_ARENA_ARRAY(search->arena, struct offer *, query->offer_count + 1);

    for (size_t o = 0; o < query->offer_count; o++)
        offers[o] = offer_add(search, &query->offers[o]);
    return offers;
}

static struct wf_table *
search_table(struct wf_store *store, const struct search *search, size_t spare)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_CANDIDATE_FIND);

    for (size_t i = 0; i < search->count; i++) {
        const struct offer *offer = search->offers[i];
        wf_table_row(table);
        wf_table_text(table, offer->offer->based_on == WF_BASED_ON_NONE ? NULL : wf_based_on_name(offer->offer->based_on));
        wf_table_text(table, offer->offer->id);
        wf_table_text(table, offer->offer->process_id);
        wf_table_text(table, offer->offer->act_id);
        wf_table_int(table, (int64_t)(offer->users + spare));
        wf_table_text(table, offer->offer->asker);
        wf_table_text(table, offer->offer->grantor);
    }
    return table;
}

enum { TASK_KEY = sizeof(struct wf_uuid) + sizeof(int32_t) };
_Static_assert(offsetof(struct wf_candidate, n) == sizeof(struct wf_uuid), "instance_id and n are one key");

/* One struct for each task, by however many offers it was found. */
static struct wf_candidate *
candidate_of(struct search *search, const struct wf_candidate *candidate)
{
    struct wf_candidate *known = wf_map_get(&search->by_task, candidate, TASK_KEY);

    if (!known) {
        known = wf_arena_memdup(search->arena, candidate, sizeof *candidate);
        wf_map_put(&search->by_task, search->arena, known, TASK_KEY, known);
    }
    return known;
}

static void
found_read(struct search *search, const struct wf_rows *rows)
{
    for (int r = 0; r < rows->count; r++) {
        struct offer *offer = search->offers[wf_rows_long(rows, r, 0) - 1];
        struct wf_candidate candidate = {
            .instance_id = wf_rows_uuid(rows, r, 1),
            .n = wf_rows_int(rows, r, 2),
            .partition = wf_rows_int(rows, r, 3),
        };
        struct found found = {.candidate = candidate_of(search, &candidate), .date_created = wf_rows_time(rows, r, 4)};
        WF_ARENA_PUSH(search->arena, offer->found, offer->count, offer->capacity, found);
    }
}

static int
found_compare(const void *a, const void *b)
{
    const struct found *left = a, *right = b;

    if (left->date_created != right->date_created)
        return left->date_created < right->date_created ? -1 : 1;
    int order = memcmp(left->candidate->instance_id.bytes, right->candidate->instance_id.bytes,
                       sizeof left->candidate->instance_id.bytes);
    return order ? order : (left->candidate->n > right->candidate->n) - (left->candidate->n < right->candidate->n);
}

static int
index_compare(const void *a, const void *b)
{
    const size_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* The offers of a query that found something, as sorted indexes: queries with the same ones share the answer. */
static size_t
indexes_of(struct search *search, struct offer *const *offers, size_t count, size_t **ret_indexes)
{
    size_t *indexes = WF_ARENA_ARRAY(search->arena, size_t, count + 1);
    size_t used = 0;

    for (size_t o = 0; o < count; o++)
        if (offers[o]->count)
            indexes[used++] = offers[o]->index;
    qsort(indexes, used, sizeof *indexes, index_compare);
    *ret_indexes = indexes;
    return used;
}

static struct wf_query *
merge(struct search *search, const size_t *indexes, size_t count)
{
    struct wf_query *answer = WF_ARENA_NEW(search->arena, struct wf_query);
    size_t total = 0, at = 0;

    for (size_t i = 0; i < count; i++)
        total += search->offers[indexes[i]]->count;
    struct found *all = WF_ARENA_ARRAY(search->arena, struct found, total + 1);
    for (size_t i = 0; i < count; i++) {
        const struct offer *offer = search->offers[indexes[i]];
        memcpy(all + at, offer->found, offer->count * sizeof *all);
        at += offer->count;
    }
    if (count > 1)
        qsort(all, total, sizeof *all, found_compare);
    answer->candidates = WF_ARENA_ARRAY(search->arena, struct wf_candidate *, total + 1);
    for (size_t i = 0; i < total; i++)
        if (!i || all[i - 1].candidate != all[i].candidate) /* a task may come by several offers */
            answer->candidates[answer->candidate_count++] = all[i].candidate;
    return answer;
}

static void
query_answer(struct search *search, struct wf_query *query, struct offer *const *offers)
{
    size_t *indexes;
    size_t count = indexes_of(search, offers, query->offer_count, &indexes);
    struct wf_query *answer = count ? wf_map_get(&search->merged, indexes, count * sizeof *indexes) : NULL;

    if (count && !answer) {
        answer = merge(search, indexes, count);
        wf_map_put(&search->merged, search->arena, indexes, count * sizeof *indexes, answer);
    }
    query->candidates = answer ? answer->candidates : NULL;
    query->candidate_count = answer ? answer->candidate_count : 0;
}

enum wf_verdict
wf_store_candidates(struct wf_store *store, struct wf_work *work, struct wf_query *queries, size_t count, size_t spare,
                    struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct search search = {.arena = work->unit->arena};
    struct offer ***offers = WF_ARENA_ARRAY(search.arena, struct offer **, count + 1);

    for (size_t q = 0; q < count; q++)
        offers[q] = offers_collect(&search, &queries[q]);
    if (search.count) {
        enum wf_verdict verdict = wf_pipeline_run(&pipeline, search_table(store, &search, spare), reterr);
        if (verdict != WF_VERDICT_OK)
            return wf_store_abandon(store, verdict);
        struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
        found_read(&search, &rows);
    }
    for (size_t q = 0; q < count; q++)
        query_answer(&search, &queries[q], offers[q]);
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_stranded(struct wf_store *store, const int32_t *partitions, size_t count, const struct wf_uuid *after,
                  int32_t after_n, size_t limit, struct wf_arena *arena, struct wf_stranded **ret_tasks,
                  size_t *ret_count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_REASSIGN_FIND);

    for (size_t i = 0; i < count; i++) {
        int64_t partition = partitions[i];
        wf_table_row(table);
        wf_table_longs(table, &partition, 1);
    }
    table->at = 1;
    wf_table_uuid(table, after);
    wf_table_int(table, after_n);
    wf_table_int(table, (int64_t)limit);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    *ret_tasks = WF_ARENA_ARRAY(arena, struct wf_stranded, (size_t)rows.count + 1);
    *ret_count = (size_t)rows.count;
    for (int r = 0; r < rows.count; r++) {
        struct wf_stranded *task = &(*ret_tasks)[r];
        task->instance_id = wf_rows_uuid(&rows, r, 0);
        task->n = wf_rows_int(&rows, r, 1);
        task->partition = wf_rows_int(&rows, r, 2);
        task->group = wf_rows_text(&rows, r, 4, arena);
        if (!wf_rows_null(&rows, r, 3) && !wf_based_on_from_name(wf_rows_peek(&rows, r, 3), &task->based_on))
            return wf_verdict_fail(WF_VERDICT_FATAL, reterr, "group \"%s\" is not known", wf_rows_peek(&rows, r, 3));
    }
    return WF_VERDICT_OK;
}
