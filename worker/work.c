#include "work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "codec/condition.h"
#include "codec/institution_file.h"
#include "codec/variables.h"
#include "own.h"
#include "work_state.h"

static struct wf_process *
process_find(void *context, const char *process_id, int32_t version)
{
    struct work *work = context;
    struct wf_process *found = NULL;

    for (size_t i = 0; i < work->unit.deployed_count; i++) {
        struct wf_process *process = work->unit.deployed[i];
        if (strcmp(process->process_id, process_id) == 0 && (!version || process->version == version))
            found = process; /* the last one is the newest */
    }
    return found ? found : wf_cache_process(work->worker, process_id, version);
}

static const char *
variables_merge(void *context, struct wf_arena *arena, const char *old, const char *change)
{
    const struct work *work = context;
    const char *merged = wf_variables_merge(NULL, arena, old, change);

    /* An event carries them whole, and must be publishable (EOS-14). */
    return merged && (int64_t)wf_variables_size(merged) <= work->worker->settings->event_max_bytes ? merged : NULL;
}

static bool
condition_holds(void *context, struct wf_arena *arena, const char *condition, const char *variables, bool *ret_holds,
                const char **ret_reason)
{
    const struct work *work = context;

    return wf_condition_holds(work->worker->conditions, arena, condition, variables, ret_holds, ret_reason);
}

static void
progress(void *context)
{
    wf_worker_progress(((const struct work *)context)->worker);
}

static void
begin(struct work *work)
{
    struct wf_worker *worker = work->worker;

    wf_unit_begin(&work->unit, &work->arena);
    work->unit.process_find = process_find;
    work->unit.variables_merge = variables_merge;
    work->unit.condition_holds = condition_holds;
    work->unit.engine_known = wf_work_engine_known;
    work->unit.topic_known = wf_work_notifyto_known;
    work->unit.context = work;
    work->unit.engine = worker->settings->prefix;
    work->unit.database_id = worker->catalog.database_id;
    work->store = (struct wf_work){.unit = &work->unit,
                                   .rule_schema = worker->settings->rule_schema,
                                   .rule_timeout_ms = worker->settings->rule_timeout_ms,
                                   .progress = progress,
                                   .roster = work->store.roster};
    work->buffers = calloc((size_t)worker->partition_count, sizeof *work->buffers);
    work->queries = WF_ARENA_ARRAY(&work->arena, struct wf_query, work->count);
    work->reserved = WF_ARENA_ARRAY(&work->arena, struct wf_reservation, work->count);
    work->done = WF_ARENA_ARRAY(&work->arena, bool, work->count);
    work->released = WF_ARENA_ARRAY(&work->arena, struct wf_reservation, work->count);
}

static void
end(struct work *work)
{
    for (int32_t p = 0; p < work->worker->partition_count; p++)
        wf_buf_drop(&work->buffers[p]);
    free(work->buffers);
    wf_buf_drop(&work->institution);
    wf_arena_drop(&work->arena);
}

/* The partitions of the records; all served ones if tasks of any may be taken; the first, if submitted commands are. */
static void
list_partitions(struct work *work)
{
    struct wf_worker *worker = work->worker;
    bool *touched = WF_ARENA_ARRAY(&work->arena, bool, (size_t)worker->partition_count);
    bool any_next = false;

    for (size_t i = 0; i < work->count; i++) {
        touched[work->items[i].record.partition] = true;
        any_next |= wf_work_asks_for_next(&work->items[i]);
    }
    touched[wf_worker_first_partition(worker)] |= work->submitted_limit > 0;
    work->parts = WF_ARENA_ARRAY(&work->arena, struct wf_work_partition, (size_t)worker->partition_count);
    for (int32_t p = 0; p < worker->partition_count; p++) {
        const struct wf_partition *partition = &worker->partitions[p];
        if (!touched[p] && !(any_next && partition->state == WF_PARTITION_SERVED))
            continue;
        struct wf_work_partition *part = &work->parts[work->store.partition_count++];
        part->partition = p;
        part->epoch = partition->epoch;
        part->tries = partition->tries;
        memcpy(part->positions, partition->positions, sizeof part->positions);
        memcpy(part->position_times, partition->position_times, sizeof part->position_times);
        part->published_number = wf_publisher_published_number(worker->publisher, p);
        if (part->published_number < partition->published_number)
            part->published_number = partition->published_number;
    }
    work->store.partitions = work->parts;
}

static struct wf_work_partition *
part_of(const struct work *work, int32_t partition)
{
    for (size_t i = 0; i < work->store.partition_count; i++)
        if (work->parts[i].partition == partition)
            return &work->parts[i];
    return NULL;
}

static void
advance_positions(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct wf_record *record = &work->items[i].record;
        if (work->items[i].own)
            continue;
        struct wf_work_partition *part = part_of(work, record->partition);
        part->positions[record->topic] = record->offset + 1;
        part->position_times[record->topic] = record->timestamp;
        part->tries = 0; /* timers are no progress: they fire whatever ends the worker after them (EOS-23) */
    }
}

/* What is to be looked up: remembered ids, and instances that commands name. */
static void
list_look_ups(struct work *work)
{
    struct wf_command **commands = WF_ARENA_ARRAY(&work->arena, struct wf_command *, work->count);
    struct wf_uuid *ids = WF_ARENA_ARRAY(&work->arena, struct wf_uuid, work->count);
    struct wf_due *fired = WF_ARENA_ARRAY(&work->arena, struct wf_due, work->count);

    for (size_t i = 0; i < work->count; i++) {
        struct wf_batch_item *item = &work->items[i];
        struct wf_command *command = &item->decoded.command;
        if (command->operation == WF_OP_FIRE_TIMER)
            fired[work->store.fired_count++] = (struct wf_due){.instance_id = command->instance_id, .n = command->task_n,
                                                               .timer = command->timer, .due_at = command->timer_at};
        if (item->disposal != WF_DISPOSE_APPLY)
            continue;
        if (command->id_given)
            commands[work->store.command_count++] = command;
        if (command->has_instance_id || item->decoded.chosen_n)
            ids[work->store.instance_count++] = command->instance_id;
    }
    work->store.commands = commands;
    work->store.instance_ids = ids;
    work->store.fired = fired;
}

static enum wf_verdict
load(struct work *work, struct wf_error *error)
{
    struct wf_worker *worker = work->worker;

    list_partitions(work);
    advance_positions(work);
    list_look_ups(work);
    WF_FAULT(LOADING);
    enum wf_verdict verdict = wf_store_load(worker->store, &work->store, error);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    WF_FAULT(LOADED);
    if (!wf_cache_refresh(worker, work->store.institution_version, work->store.definition_version, error))
        return error->fate == WF_FATE_FATAL ? WF_VERDICT_FATAL : WF_VERDICT_RECONNECT;
    wf_own_clock_set(worker, work->store.now);
    work->unit.now = work->store.now;
    work->unit.institution = worker->cache.institution;
    return wf_work_find_candidates(work, error);
}

static enum wf_verdict
save(struct work *work, struct wf_error *error)
{
    struct wf_work *store = &work->store;

    for (size_t i = 0; i < store->partition_count; i++) {
        const struct wf_buf *buffer = &work->buffers[work->parts[i].partition];
        work->parts[i].events = (struct wf_slice){buffer->data, buffer->length};
    }
    store->reserved = work->reserved;
    store->released = work->released;
    if (work->unit.next_institution) {
        wf_institution_encode(work->unit.next_institution, &work->institution);
        store->institution_document = wf_buf_text(&work->institution);
    } else if (work->unit.people_count) {
        wf_people_encode(work->unit.institution, work->unit.people, work->unit.people_count, &work->institution);
        store->people_document = wf_buf_text(&work->institution);
    }
    if (work->unit.institution)
        store->next_institution_version = work->unit.institution->version;
    return wf_store_save(work->worker->store, store, error);
}

/* After the commit: memory follows, and the events go to the publisher, which gets their bytes. */
static bool
publish(struct work *work, struct wf_error *error)
{
    struct wf_worker *worker = work->worker;
    struct wf_publication *publication =
        wf_publication_new(worker->generation, worker->incarnation, work->store.partition_count);

    for (size_t i = 0; i < work->store.partition_count; i++) {
        const struct wf_work_partition *part = &work->parts[i];
        struct wf_partition *partition = &worker->partitions[part->partition];
        struct wf_publication_part *out = &publication->parts[i];

        memcpy(partition->positions, part->positions, sizeof partition->positions);
        memcpy(partition->position_times, part->position_times, sizeof partition->position_times);
        partition->outbox_number = part->outbox_number;
        partition->tries = part->tries;
        wf_own_timer_set(worker, part->partition, part->timer_at);
        out->partition = part->partition;
        out->outbox_number = part->outbox_number;
        memcpy(out->positions, part->positions, sizeof out->positions);
        out->bytes = work->buffers[part->partition].data;
        out->length = work->buffers[part->partition].length;
        work->buffers[part->partition] = (struct wf_buf){0};
    }
    return wf_publisher_submit(worker->publisher, publication, error);
}

/* The institution that the unit made, or changed, becomes the cached one. */
static void
keep_institution(struct work *work)
{
    struct wf_cache *cache = &work->worker->cache;

    if (work->unit.next_institution) {
        wf_institution_drop(cache->institution);
        cache->institution = work->unit.next_institution;
    }
    if (cache->institution)
        cache->institution_version = cache->institution->version;
}

/* One line a batch, however many there are: what floods the topic shall not flood the log. */
static void
log_dead_letters(const struct work *work)
{
    const struct wf_batch_item *item = work->dead_letter;

    if (item)
        wf_log(WF_LOG_WARNING, "dead letters", "count=%zu first=%s/%d/%" PRId64 " code=%s detail=\"%s\"", work->refused,
               item->incoming.topic_name, item->incoming.partition, item->incoming.offset,
               wf_code_name(item->refusal.code), item->refusal.detail);
}

enum wf_verdict
wf_work_run(struct work *work, struct wf_error *error)
{
    int64_t began = wf_clock_monotonic();

    begin(work);
    enum wf_verdict verdict = load(work, error);
    if (verdict == WF_VERDICT_OK && work->submitted_limit)
        verdict = wf_work_take_submitted(work, error);
    if (verdict == WF_VERDICT_OK) {
        verdict = wf_work_apply_all(work, error);
        if (verdict == WF_VERDICT_OK)
            WF_FAULT(APPLIED);
        if (verdict == WF_VERDICT_OK)
            verdict = save(work, error);
        else if (wf_store_rollback(work->worker->store, NULL) != WF_VERDICT_OK)
            verdict = WF_VERDICT_RECONNECT;
    }
    if (verdict == WF_VERDICT_OK) {
        WF_FAULT(COMMITTED);
        keep_institution(work);
        work->worker->recover |= !publish(work, error);
        WF_FAULT(SUBMITTED);
        log_dead_letters(work);
        if (work->count)
            wf_pace_done(work->worker, work->count, wf_clock_monotonic() - began);
        wf_log(WF_LOG_DEBUG, "batch",
               "commands=%zu rejected=%zu refused=%zu forwarded=%zu submitted=%zu microseconds=%" PRId64, work->count,
               work->rejected, work->refused, work->forwarded, work->submitted, wf_clock_monotonic() - began);
    } else {
        wf_institution_drop(work->unit.next_institution);
        if (work->unit.people_count)
            wf_cache_forget_people(work->worker);
    }
    end(work);
    return verdict;
}
