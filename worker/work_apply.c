/* Applies the commands of a batch in order, and writes what they bring about (architecture decision 2). */
#include "work_state.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/log.h"
#include "codec/event.h"
#include "codec/institution_file.h"
#include "codec/operation.h"
#include "codec/relay.h"
#include "core/dispatch.h"

enum {
    HOPS_MAX = 3,          /* of a get-task that chooses again (EOS-6) */
    CREATED_MAX = 10000,   /* tasks created in one transaction of several commands (EOS-18) */
    ROUNDS_MAX = 1000,     /* of questions in such a transaction */
    EVENTS_MAX = 32 << 20  /* bytes of events likewise: they must go out within one Kafka transaction */
};

/* A topic that the engine cannot write to is not used: the outcome goes to the default topic (EOS-14). */
static void
check_replyto(struct work *work, struct wf_command *command)
{
    if (command->replyto && !wf_work_topic_known(work, command->replyto) && !work->unanswered) {
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
    if (wf_work_topic_known(work, topic))
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
        wf_work_write_notifications(work, event, command);
    }
}

/* What a deployment or a load changed, for those who subscribe to it. */
static void
write_changes(struct work *work, const struct wf_batch_item *item, const struct wf_institution *before)
{
    const struct wf_command *command = &item->decoded.command;
    const struct wf_unit *unit = &work->unit;
    struct wf_buf *outbox = &work->buffers[item->record.partition];

    if (unit->outcome.result != WF_RESULT_APPLIED || item->decoded.databases_behind)
        return;
    if (command->operation == WF_OP_DEPLOY_PROCESS && unit->deployed_count &&
        unit->deployed[unit->deployed_count - 1] == command->definition)
        wf_definition_event_encode(&work->worker->codec, command->definition, command, unit->now, outbox);
    if (unit->outcome.people)
        wf_people_event_encode(&work->worker->codec, unit->institution->version, unit->outcome.people, command, unit->now,
                               outbox);
    if (unit->institution != before)
        wf_institution_events_encode(&work->worker->codec, before, unit->institution, command, unit->now, outbox);
}

/* The lost race for a chosen task: another one is chosen here, unless it has gone round too often (EOS-6). */
static bool
lost_the_task(const struct wf_batch_item *item, const struct wf_outcome *outcome)
{
    return item->decoded.chosen_n && outcome->result == WF_RESULT_REJECTED &&
           item->decoded.hops_forwarded < HOPS_MAX + item->decoded.databases_behind &&
           outcome->code != WF_CODE_UNKNOWN_STAFF && outcome->code != WF_CODE_ON_LEAVE &&
           outcome->code != WF_CODE_ID_REUSED;
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

/* Whether a command that took effect goes on to the engine's next database, which lets the client wait for all of them. */
static bool
goes_on(const struct work *work, const struct wf_batch_item *item)
{
    return !item->own && wf_operation_topic(item->decoded.command.operation) == WF_TOPIC_COMMAND_ADMIN &&
           work->unit.outcome.result == WF_RESULT_APPLIED &&
           item->decoded.databases_behind + 1 < work->worker->catalog.databases;
}

/*
 * On to the engine's next database, whose partitions are next to those of this one.  What came on one partition goes to
 * one, so commands do not overtake one another.
 */
static void
pass_round(struct work *work, const struct wf_batch_item *item)
{
    const struct wf_catalog *catalog = &work->worker->catalog;
    int32_t next = (catalog->database_number + 1) % catalog->databases;
    int32_t partition = item->record.partition - catalog->database_number + next;
    struct wf_decoded decoded = item->decoded;

    decoded.databases_behind++;
    decoded.command.version = work->unit.outcome.version;
    wf_forward_encode(&work->worker->codec, &item->incoming, &decoded,
                      partition < work->worker->partition_count ? partition : next, NULL,
                      &work->buffers[item->record.partition]);
    work->forwarded++;
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
write_outcome(struct work *work, struct wf_batch_item *item)
{
    check_replyto(work, &item->decoded.command);
    struct wf_incoming in = asked(work, item);
    wf_outcome_encode(&work->worker->codec, &in, &item->decoded.command, &work->unit.outcome, work->unit.now,
                      &work->buffers[item->record.partition]);
}

static void
apply_item(struct work *work, size_t i)
{
    struct wf_batch_item *item = &work->items[i];
    struct wf_command *command = &item->decoded.command;
    const struct wf_institution *before = work->unit.institution;

    WF_FAULT_WITH(APPLYING, item->record.value.data, item->record.value.length);
    command->candidates = work->queries[i].candidates;
    command->candidate_count = work->queries[i].candidate_count;
    if (item->decoded.chosen_n) {
        command->instance_id = item->decoded.chosen_instance_id;
        command->task_n = item->decoded.chosen_n;
    }
    wf_dispatch(&work->unit, command);
    if (lost_the_task(item, &work->unit.outcome)) {
        command->task_n = 0;
        wf_dispatch(&work->unit, command);
    }
    if (work->unit.outcome.asks)
        return;
    work->done[i] = true;
    work->created += work->unit.created;
    if (item->decoded.chosen_n)
        release(work, item);
    if (work->unit.outcome.forward) {
        if (work->unit.outcome.candidate)
            forward_chosen(work, item);
        else
            pass_round(work, item);
        return;
    }
    place_instance(work, item);
    write_events(work, command);
    wf_work_write_requests(work, command, item->record.partition);
    write_changes(work, item, before);
    if (goes_on(work, item))
        pass_round(work, item);
    else if (!item->own)
        write_outcome(work, item);
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
    if (item->own) {
        wf_log(WF_LOG_ERROR, "dropped a command of the engine's own", "command=\"%s\" error=\"%s\"",
               item->decoded.command.id, item->refusal.detail);
        return;
    }
    if (item->decoded.chosen_n)
        release(work, item);
    check_replyto(work, &item->refusal.command);
    wf_dead_letter_encode(&work->worker->codec, &item->incoming, item->refusal.code, item->refusal.detail, outbox);
    wf_refusal_encode(&work->worker->codec, &in, &item->refusal, work->unit.now, outbox);
    wf_work_refuse_request(work, &item->refusal, item->record.partition);
    if (!work->dead_letter)
        work->dead_letter = item;
    wf_log(WF_LOG_DEBUG, "dead letter", "topic=%s partition=%d offset=%" PRId64 " code=%s detail=\"%s\"",
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
    return work->created > CREATED_MAX || bytes > EVENTS_MAX || work->rounds > ROUNDS_MAX;
}

/*
 * What a command shares with those that must not overtake it: its instance, or, where none is
 * named, its id, lest a repeated one takes effect instead.  NULL: nothing.
 */
static const struct wf_uuid *
line_of(const struct wf_batch_item *item)
{
    const struct wf_command *command = &item->decoded.command;

    if (item->disposal != WF_DISPOSE_APPLY)
        return NULL;
    if (item->decoded.chosen_n)
        return &item->decoded.chosen_instance_id;
    if (command->has_instance_id)
        return &command->instance_id;
    return command->id_given ? &command->id_hash : NULL;
}

/* One command, unless it waits behind one of its line that asks. */
static void
apply_in_line(struct work *work, size_t i, struct wf_map *asking)
{
    struct wf_batch_item *item = &work->items[i];
    const struct wf_uuid *line = line_of(item);

    if (line && wf_map_get(asking, line->bytes, sizeof line->bytes))
        return;
    if (item->disposal == WF_DISPOSE_APPLY)
        apply_item(work, i);
    else if (item->disposal == WF_DISPOSE_FORWARD)
        pass_on(work, item, item->partition, NULL);
    else
        refuse_item(work, item);
    work->done[i] |= item->disposal != WF_DISPOSE_APPLY;
    if (work->done[i])
        return;
    item->decoded.command.asked++;
    if (line)
        wf_map_put(asking, &work->arena, line->bytes, sizeof line->bytes, item);
}

/* Once over the batch: what asks, and what comes behind it in its line, is left for the next time. */
static enum wf_verdict
apply_round(struct work *work, struct wf_error *error)
{
    struct wf_map asking = {0};

    for (size_t i = 0; i < work->count; i++) {
        if (work->done[i])
            continue;
        apply_in_line(work, i, &asking);
        if (work->unanswered) {
            wf_fail(error, WF_FATE_RETRY, "Kafka did not say whether a topic exists");
            return WF_VERDICT_RETRY;
        }
        if (too_much(work)) {
            wf_fail(error, WF_FATE_RETRY, "%zu commands are too much for a transaction", work->count);
            return WF_VERDICT_CUT;
        }
    }
    return WF_VERDICT_OK;
}

enum wf_verdict
wf_work_apply_all(struct work *work, struct wf_error *reterr)
{
    enum wf_verdict verdict = WF_VERDICT_OK;

    for (size_t i = 0; i < work->count; i++)
        work->items[i].decoded.command.asked = 0;
    for (;;) {
        verdict = apply_round(work, reterr);
        if (verdict != WF_VERDICT_OK || !work->unit.question_count)
            return verdict;
        wf_worker_progress(work->worker);
        work->rounds++;
        verdict = wf_store_ask(work->worker->store, &work->store, reterr);
        if (verdict != WF_VERDICT_OK)
            return verdict;
        WF_FAULT(ASKED);
        work->unit.question_count = 0;
    }
}
