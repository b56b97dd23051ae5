/*
 * claim.c - the catalog, slots, and who owns a partition (EOS-3, EOS-5, EOS-13).
 */
#include "base/clock.h"
#include "store/pipeline.h"

static const int64_t claim_limit = 6 * WF_SECOND;

enum wf_verdict
wf_store_catalog(struct wf_store *store, struct wf_catalog *ret_catalog, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, wf_store_table(store, WF_STATEMENT_CATALOG_READ), reterr);

    if (verdict != WF_VERDICT_OK)
        return wf_store_abandon(store, verdict);
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    if (rows.count != 1)
        return wf_store_abandon(store, wf_verdict_fail(WF_VERDICT_FATAL, reterr, "the database's catalog is empty"));
    *ret_catalog = (struct wf_catalog){
        .database_id = wf_rows_uuid(&rows, 0, 0),
        .incarnation = wf_rows_uuid(&rows, 0, 1),
        .partitions = wf_rows_int(&rows, 0, 2),
        .institution_version = wf_rows_long(&rows, 0, 3),
        .definition_version = wf_rows_long(&rows, 0, 4),
        .restored = wf_rows_bool(&rows, 0, 5),
        .starts_paused = wf_rows_bool(&rows, 0, 6),
        .databases = wf_rows_int(&rows, 0, 7),
        .database_number = wf_rows_int(&rows, 0, 8),
    };
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_take_slot(struct wf_store *store, int32_t *ret_slot, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, wf_store_table(store, WF_STATEMENT_SLOT_TAKE), reterr);

    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    if (rows.count != 1)
        return wf_verdict_fail(WF_VERDICT_RETRY, reterr, "all slots for workers are taken");
    *ret_slot = store->slot = wf_rows_int(&rows, 0, 0);
    return WF_VERDICT_OK;
}

static enum wf_verdict
slot_call(struct wf_store *store, enum wf_statement statement, int32_t slot, bool *ret_done, struct wf_error *reterr)
{
    struct wf_table *table = wf_store_table(store, statement);

    wf_table_row(table);
    wf_table_int(table, slot);
    return wf_store_bool(store, table, ret_done, reterr);
}

enum wf_verdict
wf_store_try_slot(struct wf_store *store, int32_t slot, bool *ret_taken, struct wf_error *reterr)
{
    if (slot == store->slot) { /* the lock would count twice */
        *ret_taken = false;
        return WF_VERDICT_OK;
    }
    return slot_call(store, WF_STATEMENT_SLOT_TRY, slot, ret_taken, reterr);
}

enum wf_verdict
wf_store_release_slot(struct wf_store *store, int32_t slot, struct wf_error *reterr)
{
    bool released;

    if (slot == store->slot)
        store->slot = -1;
    return slot_call(store, WF_STATEMENT_SLOT_RELEASE, slot, &released, reterr);
}

static struct wf_table *
partition_table(struct wf_store *store, enum wf_statement statement, const int32_t *partitions, size_t count)
{
    struct wf_table *table = wf_store_table(store, statement);
    int64_t values[1];

    for (size_t i = 0; i < count; i++) {
        wf_table_row(table);
        values[0] = partitions[i];
        wf_table_longs(table, values, 1);
    }
    return table;
}

static int
claim_compare(const void *a, const void *b)
{
    const struct wf_claim *left = a, *right = b;

    return (left->partition > right->partition) - (left->partition < right->partition);
}

static enum wf_verdict
claims_read(const struct wf_rows *rows, size_t count, struct wf_claim *claims, struct wf_error *reterr)
{
    if ((size_t)rows->count != count)
        return wf_verdict_fail(WF_VERDICT_FATAL, reterr,
                               "the database knows %d of %zu partitions: it was set up for fewer", rows->count, count);
    for (int r = 0; r < rows->count; r++) {
        struct wf_claim *claim = &claims[r];
        *claim = (struct wf_claim){
            .partition = wf_rows_int(rows, r, 0),
            .epoch = wf_rows_long(rows, r, 1),
            .outbox_number = wf_rows_long(rows, r, 4),
            .published_number = wf_rows_long(rows, r, 5),
            .last_slot = wf_rows_null(rows, r, 6) ? -1 : wf_rows_int(rows, r, 6),
            .tries = wf_rows_int(rows, r, 7),
            .begun = wf_rows_int(rows, r, 8),
            .suspect_topic = wf_rows_null(rows, r, 9) ? -1 : wf_rows_int(rows, r, 9),
            .suspect_offset = wf_rows_null(rows, r, 10) ? -1 : wf_rows_long(rows, r, 10),
        };
        if (!wf_rows_longs(rows, r, 2, claim->positions, WF_COMMAND_TOPICS) ||
            !wf_rows_longs(rows, r, 3, claim->position_times, WF_COMMAND_TOPICS))
            return wf_verdict_fail(WF_VERDICT_FATAL, reterr, "the positions of partition %d cannot be read",
                                   claim->partition);
    }
    qsort(claims, count, sizeof *claims, claim_compare);
    return WF_VERDICT_OK;
}

static enum wf_verdict
claim_once(struct wf_store *store, const int32_t *partitions, size_t count, struct wf_claim *claims,
           struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = partition_table(store, WF_STATEMENT_PARTITION_CLAIM, partitions, count);

    table->at = 1;
    if (store->slot < 0)
        wf_table_null(table);
    else
        wf_table_int(table, store->slot);
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    return claims_read(&rows, count, claims, reterr);
}

static enum wf_verdict
terminate(struct wf_store *store, const int32_t *partitions, size_t count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};

    return wf_pipeline_run(&pipeline, partition_table(store, WF_STATEMENT_BACKEND_TERMINATE, partitions, count), reterr);
}

enum wf_verdict
wf_store_claim(struct wf_store *store, const int32_t *partitions, size_t count, struct wf_claim *claims,
               struct wf_error *reterr)
{
    int64_t begin = wf_clock_monotonic();
    enum wf_verdict verdict = WF_VERDICT_OK;

    if (!count)
        return WF_VERDICT_OK;
    do {
        if (verdict == WF_VERDICT_RETRY) /* locked, by a worker that hangs in the middle of a batch */
            verdict = terminate(store, partitions, count, reterr);
        if (verdict == WF_VERDICT_OK)
            verdict = claim_once(store, partitions, count, claims, reterr);
    } while (verdict == WF_VERDICT_RETRY && wf_clock_monotonic() - begin < claim_limit);
    return verdict;
}

enum wf_verdict
wf_store_settle(struct wf_store *store, const struct wf_settlement *settlements, size_t count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_PARTITION_SETTLE);

    for (size_t i = 0; i < count; i++) {
        wf_table_row(table);
        wf_table_int(table, settlements[i].partition);
        wf_table_int(table, settlements[i].epoch);
        wf_table_int(table, settlements[i].published_number);
        wf_table_longs(table, settlements[i].positions, WF_COMMAND_TOPICS);
    }
    return count ? wf_pipeline_run(&pipeline, table, reterr) : WF_VERDICT_OK;
}

enum wf_verdict
wf_store_epochs(struct wf_store *store, struct wf_settlement *partitions, size_t count, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_PARTITION_EPOCHS);

    for (size_t i = 0; i < count; i++) {
        wf_table_row(table);
        wf_table_int(table, partitions[i].partition);
    }
    enum wf_verdict verdict = count ? wf_pipeline_run(&pipeline, table, reterr) : WF_VERDICT_OK;
    struct wf_rows rows = count && verdict == WF_VERDICT_OK ? wf_pipeline_rows(&pipeline, 0) : (struct wf_rows){0};
    for (int r = 0; r < rows.count; r++)
        for (size_t i = 0; i < count; i++)
            if (partitions[i].partition == wf_rows_int(&rows, r, 0))
                partitions[i].epoch = wf_rows_long(&rows, r, 1);
    return verdict;
}

/* The one number that a statement about a row of ours returns. */
static enum wf_verdict
noted(struct wf_store *store, struct wf_table *table, int32_t partition, int32_t *ret_number, struct wf_error *reterr)
{
    WF_SCOPED(wf_pipeline_drop) struct wf_pipeline pipeline = {.store = store};
    enum wf_verdict verdict = wf_pipeline_run(&pipeline, table, reterr);

    if (verdict != WF_VERDICT_OK)
        return verdict;
    struct wf_rows rows = wf_pipeline_rows(&pipeline, 0);
    if (rows.count != 1)
        return wf_verdict_fail(WF_VERDICT_NOT_OWNER, reterr, "partition %d is another worker's", partition);
    *ret_number = wf_rows_int(&rows, 0, 0);
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_store_suspect(struct wf_store *store, const struct wf_suspect *suspect, int32_t by, int32_t *ret_times,
                 struct wf_error *reterr)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_PARTITION_SUSPECT);

    wf_table_row(table);
    wf_table_int(table, suspect->partition);
    wf_table_int(table, suspect->epoch);
    wf_table_int(table, suspect->topic);
    wf_table_int(table, suspect->offset);
    wf_table_int(table, by);
    return noted(store, table, suspect->partition, ret_times, reterr);
}

enum wf_verdict
wf_store_begun(struct wf_store *store, int32_t partition, int64_t epoch, int32_t count, struct wf_error *reterr)
{
    struct wf_table *table = wf_store_table(store, WF_STATEMENT_PARTITION_BEGUN);
    int32_t begun;

    wf_table_row(table);
    wf_table_int(table, partition);
    wf_table_int(table, epoch);
    wf_table_int(table, count);
    return noted(store, table, partition, &begun, reterr);
}
