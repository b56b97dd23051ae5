#include "work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "codec/event.h"
#include "codec/institution_file.h"
#include "codec/relay.h"
#include "codec/variables.h"
#include "core/dispatch.h"

enum {
    RETRIES = 5,          /* of a whole batch after a deadlock or a lost race (EOS-23) */
    HOPS_MAX = 3,         /* of a get-task that chooses again (EOS-6) */
    TOPIC_LIMIT_MS = 2000, /* to learn whether a topic exists */
    CREATED_MAX = 10000,  /* tasks created in one transaction of several commands (EOS-18) */
    EVENTS_MAX = 32 << 20 /* bytes of events likewise: they must go out within one Kafka transaction */
};

/* A part of a batch on its way through one transaction. */
struct work {
    struct wf_worker *worker;
    struct wf_batch_item *items;
    size_t count;
    struct wf_arena arena;
    struct wf_unit unit;
    struct wf_work store;
    struct wf_work_partition *parts;           /* one for each served partition that is touched */
    struct wf_buf *buffers;                    /* events, by partition number */
    struct wf_query *queries;                  /* of get-task for the next one, by item; offers NULL: none */
    struct wf_reservation *reserved, *released;
    struct wf_buf institution;                 /* the document of a loaded institution */
    size_t rejected, forwarded, refused;
    int64_t created;           /* tasks */
    bool unanswered;           /* Kafka did not say whether a topic exists */
};

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

static void
begin(struct work *work)
{
    struct wf_worker *worker = work->worker;

    wf_unit_begin(&work->unit, &work->arena);
    work->unit.process_find = process_find;
    work->unit.variables_merge = variables_merge;
    work->unit.context = work;
    work->store = (struct wf_work){.unit = &work->unit};
    work->buffers = calloc((size_t)worker->partition_count, sizeof *work->buffers);
    work->queries = WF_ARENA_ARRAY(&work->arena, struct wf_query, work->count);
    work->reserved = WF_ARENA_ARRAY(&work->arena, struct wf_reservation, work->count);
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

static bool
asks_for_next(const struct wf_batch_item *item)
{
    const struct wf_decoded *decoded = &item->decoded;

    return item->disposal == WF_DISPOSE_APPLY && decoded->command.operation == WF_OP_GET_TASK &&
           (!decoded->command.task_n || decoded->chosen_n);
}

/* The partitions of the batch's records; all served ones if tasks of any may be taken. */
static void
list_partitions(struct work *work)
{
    struct wf_worker *worker = work->worker;
    bool *touched = WF_ARENA_ARRAY(&work->arena, bool, (size_t)worker->partition_count);
    bool any_next = false;

    for (size_t i = 0; i < work->count; i++) {
        touched[work->items[i].record.partition] = true;
        any_next |= asks_for_next(&work->items[i]);
    }
    work->parts = WF_ARENA_ARRAY(&work->arena, struct wf_work_partition, (size_t)worker->partition_count);
    for (int32_t p = 0; p < worker->partition_count; p++) {
        const struct wf_partition *partition = &worker->partitions[p];
        if (!touched[p] && !(any_next && partition->state == WF_PARTITION_SERVED))
            continue;
        struct wf_work_partition *part = &work->parts[work->store.partition_count++];
        part->partition = p;
        part->epoch = partition->epoch;
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
        struct wf_work_partition *part = part_of(work, record->partition);
        part->positions[record->topic] = record->offset + 1;
        part->position_times[record->topic] = record->timestamp;
    }
}

/* What is to be looked up: remembered ids, and instances that commands name. */
static void
list_look_ups(struct work *work)
{
    struct wf_command **commands = WF_ARENA_ARRAY(&work->arena, struct wf_command *, work->count);
    struct wf_uuid *ids = WF_ARENA_ARRAY(&work->arena, struct wf_uuid, work->count);

    for (size_t i = 0; i < work->count; i++) {
        struct wf_batch_item *item = &work->items[i];
        struct wf_command *command = &item->decoded.command;
        if (item->disposal != WF_DISPOSE_APPLY)
            continue;
        if (command->id_given)
            commands[work->store.command_count++] = command;
        if (command->has_instance_id || item->decoded.chosen_n)
            ids[work->store.instance_count++] = command->instance_id;
    }
    work->store.commands = commands;
    work->store.instance_ids = ids;
}

/* What somebody is looked for with: a process and an activity, NULL: any. */
struct scope {
    const char *process_id, *act_id;
};

static void
add_offer(struct work *work, struct wf_query *query, size_t *capacity, const struct scope *scope,
          enum wf_based_on based_on, const char *id)
{
    struct wf_offer *offers = (struct wf_offer *)(uintptr_t)query->offers;
    struct wf_offer offer = {.based_on = based_on, .id = id, .process_id = scope->process_id, .act_id = scope->act_id};

    WF_ARENA_PUSH(&work->arena, offers, query->offer_count, *capacity, offer);
    query->offers = offers;
}

/* What a person may be offered of their own right: by name, and as a member of each group (INS-2). */
static void
list_own_offers(struct work *work, struct wf_query *query, size_t *capacity, const struct scope *scope,
                const struct wf_staff *staff)
{
    add_offer(work, query, capacity, scope, WF_BASED_ON_NONE, staff->staff_id);
    for (const struct wf_org_unit *unit = staff->department; unit; unit = unit->super)
        add_offer(work, query, capacity, scope, WF_BASED_ON_DEPARTMENT, unit->id);
    for (size_t i = 0; i < staff->team_count; i++)
        for (const struct wf_org_unit *unit = staff->teams[i]; unit; unit = unit->super)
            add_offer(work, query, capacity, scope, WF_BASED_ON_TEAM, unit->id);
    for (size_t i = 0; i < staff->role_count; i++)
        add_offer(work, query, capacity, scope, WF_BASED_ON_ROLE, staff->role_ids[i]);
}

/* Narrows a filter by another one; false: nothing passes both. */
static bool
narrow(const char **filter, const char *by)
{
    if (*filter && by)
        return strcmp(*filter, by) == 0;
    if (by)
        *filter = by;
    return true;
}

/* The part of what a command asks for that an authorization covers; false: none. */
static bool
scope_granted(const struct work *work, const struct wf_command *command, const struct wf_authorization *grant,
              struct scope *ret_scope)
{
    *ret_scope = (struct scope){command->process_id, command->act_id};
    return strcmp(grant->grantee_id, command->staff_id) == 0 &&
           (!command->grantor_id || strcmp(grant->grantor_id, command->grantor_id) == 0) &&
           wf_authorization_covers(grant, grant->process_id, grant->act_id, work->unit.now) &&
           narrow(&ret_scope->process_id, grant->process_id) && narrow(&ret_scope->act_id, grant->act_id);
}

/*
 * And what they may be offered in the name of others (ASG-7).  What an authorization does not cover
 * is not looked for: it would stand before what it does.
 */
static void
list_offers(struct work *work, struct wf_query *query, const struct wf_command *command, const struct wf_staff *staff)
{
    const struct wf_institution *institution = work->unit.institution;
    struct scope scope = {command->process_id, command->act_id};
    size_t capacity = 0;

    list_own_offers(work, query, &capacity, &scope, staff);
    for (size_t i = 0; i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        const struct wf_staff *grantor = wf_institution_staff(institution, grant->grantor_id);
        if (grantor && scope_granted(work, command, grant, &scope))
            list_own_offers(work, query, &capacity, &scope, grantor);
    }
}

/* Whether this worker may act on an instance in the unit at hand. */
static bool
owns(const struct work *work, int32_t partition)
{
    return part_of(work, partition) && work->worker->partitions[partition].state == WF_PARTITION_SERVED;
}

/* Finds what could be given to those who ask for the next task, and loads it where it is ours. */
static enum wf_verdict
find_candidates(struct work *work, struct wf_error *error)
{
    size_t count = 0, found = 0, capacity = 0;
    struct wf_uuid *ids = NULL;

    for (size_t i = 0; i < work->count; i++) {
        const struct wf_command *command = &work->items[i].decoded.command;
        const struct wf_staff *staff =
            asks_for_next(&work->items[i]) ? wf_institution_staff(work->unit.institution, command->staff_id) : NULL;
        if (staff) {
            list_offers(work, &work->queries[i], command, staff);
            count++;
        }
    }
    if (!count)
        return WF_VERDICT_OK;
    enum wf_verdict verdict =
        wf_store_candidates(work->worker->store, &work->store, work->queries, work->count, count, error);
    for (size_t i = 0; verdict == WF_VERDICT_OK && i < work->count; i++)
        for (size_t c = 0; c < work->queries[i].candidate_count; c++) {
            struct wf_candidate *candidate = work->queries[i].candidates[c];
            if (!candidate->owned && owns(work, candidate->partition)) {
                candidate->owned = true;
                WF_ARENA_PUSH(&work->arena, ids, found, capacity, candidate->instance_id);
            }
        }
    return found && verdict == WF_VERDICT_OK
               ? wf_store_load_instances(work->worker->store, &work->store, ids, found, error)
               : verdict;
}

static enum wf_verdict
load(struct work *work, struct wf_error *error)
{
    struct wf_worker *worker = work->worker;

    list_partitions(work);
    advance_positions(work);
    list_look_ups(work);
    enum wf_verdict verdict = wf_store_load(worker->store, &work->store, error);
    if (verdict != WF_VERDICT_OK)
        return verdict;
    if (!wf_cache_refresh(worker, work->store.institution_version, work->store.definition_version, error))
        return error->fate == WF_FATE_FATAL ? WF_VERDICT_FATAL : WF_VERDICT_RECONNECT;
    work->unit.now = work->store.now;
    work->unit.institution = worker->cache.institution;
    return find_candidates(work, error);
}

/* Whether a topic exists.  Without an answer the unit is undone: nothing may be lost because Kafka is away. */
static bool
topic_known(struct work *work, const char *name)
{
    struct wf_error error;
    bool known = false;

    if (work->unanswered ||
        wf_publisher_topic_known(work->worker->publisher, name, strlen(name), TOPIC_LIMIT_MS, &known, &error))
        return known;
    work->unanswered = work->worker->recover = true;
    error.fate = WF_FATE_RETRY;
    wf_worker_failed(work->worker, &error);
    return false;
}

/* A topic that the engine cannot write to is not used: the outcome goes to the default topic (EOS-14). */
static void
check_replyto(struct work *work, struct wf_command *command)
{
    if (command->replyto && !topic_known(work, command->replyto) && !work->unanswered) {
        wf_log(WF_LOG_WARNING, "unknown topic named by replyto", "topic=\"%s\" command=\"%s\"", command->replyto,
               command->id);
        command->replyto = NULL;
    }
}

static void
write_job(struct work *work, const struct wf_event *event, const struct wf_command *command, struct wf_buf *outbox)
{
    char topic[WF_CODEC_TEXT];

    snprintf(topic, sizeof topic, "%s.job.%s", work->worker->settings->prefix, event->task.activity->auto_executive);
    if (topic_known(work, topic))
        wf_job_encode(&work->worker->codec, event, command, work->unit.now, outbox);
    else if (!work->unanswered)
        wf_log(WF_LOG_WARNING, "no job topic: the job is announced by its task event only", "topic=\"%s\"", topic);
}

static void
write_events(struct work *work, const struct wf_command *command)
{
    for (size_t i = 0; i < work->unit.event_count; i++) {
        const struct wf_event *event = &work->unit.events[i];
        struct wf_buf *outbox = &work->buffers[event->instance->partition];
        wf_event_encode(&work->worker->codec, event, command, work->unit.now, outbox);
        if (event->job)
            write_job(work, event, command, outbox);
    }
}

/* What a deployment or a load changed, for those who subscribe to it. */
static void
write_changes(struct work *work, const struct wf_batch_item *item, const struct wf_institution *before)
{
    const struct wf_command *command = &item->decoded.command;
    const struct wf_unit *unit = &work->unit;
    struct wf_buf *outbox = &work->buffers[item->record.partition];

    if (unit->outcome.result != WF_RESULT_APPLIED)
        return;
    if (command->operation == WF_OP_DEPLOY_PROCESS && unit->deployed_count &&
        unit->deployed[unit->deployed_count - 1] == command->definition)
        wf_definition_event_encode(&work->worker->codec, command->definition, command, unit->now, outbox);
    if (unit->institution != before)
        wf_institution_events_encode(&work->worker->codec, before, unit->institution, command, unit->now, outbox);
}

/* The lost race for a chosen task: another one is chosen here, unless it has gone round too often (EOS-6). */
static bool
lost_the_task(const struct wf_batch_item *item, const struct wf_outcome *outcome)
{
    return item->decoded.chosen_n && outcome->result == WF_RESULT_REJECTED &&
           item->decoded.hops_forwarded < HOPS_MAX && outcome->code != WF_CODE_UNKNOWN_STAFF &&
           outcome->code != WF_CODE_ON_LEAVE && outcome->code != WF_CODE_ID_REUSED;
}

static void
pass_on(struct work *work, struct wf_batch_item *item, int32_t partition, const struct wf_candidate *chosen)
{
    wf_forward_encode(&work->worker->codec, &item->incoming, &item->decoded, partition, chosen,
                      &work->buffers[item->record.partition]);
    work->forwarded++;
}

static void
forward_chosen(struct work *work, struct wf_batch_item *item)
{
    const struct wf_candidate *chosen = work->unit.outcome.candidate;

    work->reserved[work->store.reserved_count++] = (struct wf_reservation){
        .instance_id = chosen->instance_id, .n = chosen->n, .command_id = item->decoded.command.id_hash};
    pass_on(work, item, chosen->partition, chosen);
}

/* New instances belong to this partition for ever (EOS-6). */
static void
place_instance(const struct work *work, const struct wf_batch_item *item)
{
    struct wf_instance *instance = work->unit.outcome.instance;

    if (instance && !instance->stored && item->decoded.command.operation == WF_OP_INIT_INSTANCE &&
        work->unit.outcome.result == WF_RESULT_APPLIED)
        instance->partition = item->record.partition;
}

/* Where the client sent the command it waits for the outcome, also if the command was passed on. */
static struct wf_incoming
asked(const struct work *work, const struct wf_batch_item *item)
{
    struct wf_incoming in = item->incoming;

    if (item->decoded.hops_forwarded && item->decoded.origin_partition < work->worker->partition_count)
        in.partition = item->decoded.origin_partition;
    return in;
}

/* The command with the chosen task has arrived: whatever becomes of it, others may be given the task. */
static void
release(struct work *work, const struct wf_batch_item *item)
{
    const struct wf_decoded *decoded = &item->decoded;

    work->released[work->store.released_count++] = (struct wf_reservation){
        .instance_id = decoded->chosen_instance_id, .n = decoded->chosen_n, .command_id = decoded->command.id_hash};
}

static void
apply_item(struct work *work, size_t i)
{
    struct wf_batch_item *item = &work->items[i];
    struct wf_command *command = &item->decoded.command;
    const struct wf_institution *before = work->unit.institution;

    command->candidates = work->queries[i].candidates;
    command->candidate_count = work->queries[i].candidate_count;
    if (item->decoded.chosen_n) {
        command->instance_id = item->decoded.chosen_instance_id;
        command->task_n = item->decoded.chosen_n;
        release(work, item);
    }
    wf_dispatch(&work->unit, command);
    work->created += work->unit.created;
    if (lost_the_task(item, &work->unit.outcome)) {
        command->task_n = 0;
        wf_dispatch(&work->unit, command);
    }
    if (work->unit.outcome.forward) {
        forward_chosen(work, item);
        return;
    }
    place_instance(work, item);
    write_events(work, command);
    write_changes(work, item, before);
    check_replyto(work, command);
    struct wf_incoming in = asked(work, item);
    wf_outcome_encode(&work->worker->codec, &in, command, &work->unit.outcome, work->unit.now,
                      &work->buffers[item->record.partition]);
    if (work->unit.outcome.result == WF_RESULT_REJECTED) {
        work->rejected++;
        wf_log(WF_LOG_DEBUG, "rejected", "command=\"%s\" code=%s detail=\"%s\"", command->id,
               wf_code_name(work->unit.outcome.code), work->unit.outcome.detail);
    }
}

/* BUS-3: to the dead-letter topic, and a rejected outcome for the client. */
static void
refuse_item(struct work *work, struct wf_batch_item *item)
{
    struct wf_buf *outbox = &work->buffers[item->record.partition];
    struct wf_incoming in = asked(work, item);

    work->refused++;
    if (item->decoded.chosen_n)
        release(work, item);
    check_replyto(work, &item->refusal.command);
    wf_dead_letter_encode(&work->worker->codec, &item->incoming, item->refusal.code, item->refusal.detail, outbox);
    wf_refusal_encode(&work->worker->codec, &in, &item->refusal, work->unit.now, outbox);
    wf_log(WF_LOG_WARNING, "dead letter", "topic=%s partition=%d offset=%" PRId64 " code=%s detail=\"%s\"",
           item->incoming.topic_name, item->incoming.partition, item->incoming.offset,
           wf_code_name(item->refusal.code), item->refusal.detail);
}

/* Whether several commands have come to more than one transaction should hold (EOS-18). */
static bool
too_much(const struct work *work)
{
    size_t bytes = 0;

    if (work->count == 1)
        return false;
    for (size_t i = 0; i < work->store.partition_count; i++)
        bytes += work->buffers[work->parts[i].partition].length;
    return work->created > CREATED_MAX || bytes > EVENTS_MAX;
}

static enum wf_verdict
apply_all(struct work *work, struct wf_error *error)
{
    for (size_t i = 0; i < work->count; i++) {
        struct wf_batch_item *item = &work->items[i];
        if (item->disposal == WF_DISPOSE_APPLY)
            apply_item(work, i);
        else if (item->disposal == WF_DISPOSE_FORWARD)
            pass_on(work, item, item->partition, NULL);
        else
            refuse_item(work, item);
        if (work->unanswered) {
            wf_fail(error, WF_FATE_RETRY, "Kafka did not say whether a topic exists");
            return WF_VERDICT_RETRY;
        }
        if (too_much(work)) {
            wf_fail(error, WF_FATE_RETRY, "the first %zu commands are enough for a transaction", i + 1);
            return WF_VERDICT_CUT;
        }
    }
    return WF_VERDICT_OK;
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
        store->next_institution_version = store->institution_version + 1;
    }
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
        out->partition = part->partition;
        out->outbox_number = part->outbox_number;
        memcpy(out->positions, part->positions, sizeof out->positions);
        out->bytes = work->buffers[part->partition].data;
        out->length = work->buffers[part->partition].length;
        work->buffers[part->partition] = (struct wf_buf){0};
    }
    return wf_publisher_submit(worker->publisher, publication, error);
}

/* The institution that the unit made becomes the cached one; its version was counted by the database. */
static void
keep_institution(struct work *work)
{
    struct wf_cache *cache = &work->worker->cache;

    if (!work->unit.next_institution)
        return;
    wf_institution_drop(cache->institution);
    cache->institution = work->unit.next_institution;
    cache->institution_version = cache->institution->version = work->store.next_institution_version;
}

static enum wf_verdict
run_once(struct work *work, struct wf_error *error)
{
    int64_t began = wf_clock_monotonic();

    begin(work);
    enum wf_verdict verdict = load(work, error);
    if (verdict == WF_VERDICT_OK) {
        verdict = apply_all(work, error);
        if (verdict == WF_VERDICT_OK)
            verdict = save(work, error);
        else if (wf_store_rollback(work->worker->store, NULL) != WF_VERDICT_OK)
            verdict = WF_VERDICT_RECONNECT;
    }
    if (verdict == WF_VERDICT_OK) {
        keep_institution(work);
        work->worker->recover |= !publish(work, error);
        wf_log(WF_LOG_DEBUG, "batch", "commands=%zu rejected=%zu refused=%zu forwarded=%zu microseconds=%" PRId64,
               work->count, work->rejected, work->refused, work->forwarded, wf_clock_monotonic() - began);
    } else {
        wf_institution_drop(work->unit.next_institution);
    }
    end(work);
    return verdict;
}

/* Waits until the publisher takes another publication; false when it failed or we must stop waiting. */
static bool
wait_for_room(struct wf_worker *worker)
{
    struct wf_publisher_status status;

    while (wf_publisher_wait_room(worker->publisher, 100) == 0) {
        wf_publisher_status(worker->publisher, &status);
        if (status.state == WF_PUBLISHER_FAILED)
            return false;
    }
    return true;
}

/* The command that the database could not take, alone at last (EOS-23). */
static void
refuse_alone(struct wf_batch_item *item, struct wf_arena *arena, const struct wf_error *error)
{
    item->disposal = WF_DISPOSE_REFUSE;
    item->refusal = (struct wf_refusal){
        .code = WF_CODE_INVALID_COMMAND,
        .detail = wf_arena_printf(arena, "the database refused the command: %s", error->message),
        .operation = wf_operation_name(item->decoded.command.operation),
        .command = item->decoded.command,
    };
}

static bool
give_up(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error)
{
    wf_log(WF_LOG_WARNING, "a batch was not applied", "verdict=\"%s\" error=\"%s\"", wf_verdict_name(verdict),
           error->message);
    if (verdict == WF_VERDICT_RECONNECT) {
        wf_store_close(worker->store);
        worker->store = NULL;
    }
    if (verdict != WF_VERDICT_NOT_OWNER) {
        error->fate = verdict == WF_VERDICT_FATAL ? WF_FATE_FATAL : WF_FATE_RETRY;
        wf_worker_failed(worker, error);
    }
    worker->recover = true;
    return false;
}

static bool
apply_range(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count)
{
    struct wf_error error = {0};
    enum wf_verdict verdict = WF_VERDICT_RETRY;

    for (int attempt = 0; attempt <= RETRIES && verdict == WF_VERDICT_RETRY; attempt++) {
        struct work work = {.worker = worker, .items = batch->items + from, .count = count};
        wf_worker_progress(worker);
        if (worker->recover || !wait_for_room(worker))
            return false;
        verdict = run_once(&work, &error);
    }
    if (verdict == WF_VERDICT_OK)
        return !worker->recover;
    bool alone = count == 1;
    if ((verdict != WF_VERDICT_CUT && verdict != WF_VERDICT_RETRY) || (alone && verdict == WF_VERDICT_RETRY))
        return give_up(worker, verdict, &error); /* a lock that somebody holds says nothing against a command */
    if (alone) {
        if (batch->items[from].disposal == WF_DISPOSE_REFUSE)
            return give_up(worker, WF_VERDICT_FATAL, &error);
        refuse_alone(&batch->items[from], &batch->arena, &error);
        return apply_range(worker, batch, from, 1);
    }
    wf_log(WF_LOG_WARNING, "cutting a batch", "commands=%zu error=\"%s\"", count, error.message);
    return apply_range(worker, batch, from, count / 2) &&
           apply_range(worker, batch, from + count / 2, count - count / 2);
}

bool
wf_work_apply(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    return apply_range(worker, batch, 0, batch->count);
}
