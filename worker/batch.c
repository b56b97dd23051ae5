#include "batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/log.h"
#include "codec/relay.h"
#include "codec/variables.h"
#include "own.h"

/* One partition of one command topic, while a batch is taken. */
struct source {
    int32_t partition;
    enum wf_topic topic;
    struct wf_record *records;
    size_t count, capacity, at;
    bool dry;
};

struct taking {
    struct wf_worker *worker;
    struct source *sources;
    size_t source_count;
    size_t count, bytes; /* taken so far */
};

/* The order in which topics are asked, and in which equal timestamps are applied (messages.md). */
static void
list_sources(struct taking *taking)
{
    struct wf_worker *worker = taking->worker;
    int topics = wf_consumer_topics(worker->consumer);

    taking->sources = calloc((size_t)worker->partition_count * WF_COMMAND_TOPICS, sizeof *taking->sources);
    for (int topic = 0; topic < topics; topic++)
        for (int32_t p = 0; p < worker->partition_count; p++) {
            if (worker->partitions[p].state != WF_PARTITION_SERVED)
                continue;
            struct source *source = &taking->sources[taking->source_count++];
            source->partition = p;
            source->topic = (enum wf_topic)topic;
        }
}

/* Makes room for as many more records. */
static void
reserve(struct source *source, size_t more)
{
    if (source->count + more <= source->capacity)
        return;
    source->capacity = (source->count + more) * 2;
    source->records = realloc(source->records, source->capacity * sizeof *source->records);
    if (!source->records)
        exit(WF_EXIT_MEMORY);
}

static void
take_some(struct taking *taking, struct source *source, size_t chunk)
{
    struct wf_worker *worker = taking->worker;
    size_t room = worker->batch_limit - taking->count, taken = 0;
    struct wf_error error;

    reserve(source, chunk < room ? chunk : room);
    if (!wf_consumer_take(worker->consumer, source->partition, source->topic, chunk < room ? chunk : room,
                          source->records + source->count, &taken, &error)) {
        wf_log(WF_LOG_ERROR, "partition stopped", "partition=%d error=\"%s\"", source->partition, error.message);
        worker->partitions[source->partition].state = WF_PARTITION_STOPPED;
    }
    for (size_t i = 0; i < taken; i++)
        taking->bytes += wf_record_size(&source->records[source->count + i]);
    source->count += taken;
    taking->count += taken;
    source->dry = taken == 0;
}

/* From each source in turn, a small share at a time, so that none waits behind another (EOS-18). */
static void
take_in_turn(struct taking *taking)
{
    const struct wf_worker *worker = taking->worker;
    size_t chunk = worker->batch_limit / 4 / (taking->source_count ? taking->source_count : 1) + 1;
    bool any = true;

    while (any) {
        any = false;
        for (size_t i = 0; i < taking->source_count; i++) {
            if (taking->count >= worker->batch_limit || taking->bytes >= (size_t)worker->settings->batch_bytes)
                return;
            if (!taking->sources[i].dry) {
                take_some(taking, &taking->sources[i], chunk);
                any |= !taking->sources[i].dry;
            }
        }
    }
}

static struct source *
earliest(const struct taking *taking)
{
    struct source *first = NULL;

    for (size_t i = 0; i < taking->source_count; i++) {
        struct source *source = &taking->sources[i];
        if (source->at == source->count)
            continue;
        if (!first || source->records[source->at].timestamp < first->records[first->at].timestamp)
            first = source;
    }
    return first;
}

/* The engine's own commands, decoded as they are. */
static void
add_own(struct wf_batch_taken *batch, const struct wf_own_commands *own)
{
    for (size_t i = 0; i < own->count; i++)
        batch->items[batch->count++] = (struct wf_batch_item){
            .own = true,
            .disposal = WF_DISPOSE_APPLY,
            .record = {.partition = own->items[i].partition},
            .partition = own->items[i].partition,
            .decoded = {.command = own->items[i].command},
        };
}

static void
merge(struct taking *taking, const struct wf_own_commands *own, struct wf_batch_taken *batch)
{
    batch->items = WF_ARENA_ARRAY(&batch->arena, struct wf_batch_item, taking->count + own->count);
    add_own(batch, own);
    for (struct source *source = earliest(taking); source; source = earliest(taking))
        batch->items[batch->count++].record = source->records[source->at++];
}

void
wf_batch_take(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    struct taking taking = {.worker = worker};
    struct wf_own_commands own = {.arena = &batch->arena};

    if (!wf_own_take(worker, &own))
        return;
    taking.count = own.count;
    list_sources(&taking);
    take_in_turn(&taking);
    if (taking.count)
        merge(&taking, &own, batch);
    for (size_t i = 0; i < taking.source_count; i++)
        free(taking.sources[i].records);
    free(taking.sources);
}

/* A version 7 UUID that belongs to the partition on which its command came (messages.md). */
static struct wf_uuid
draw_instance_id(const struct wf_worker *worker, int32_t partition)
{
    struct wf_uuid uuid;
    uint8_t random[10];

    do {
        if (getrandom(random, sizeof random, 0) != sizeof random)
            abort();
        uuid = wf_uuid_v7(wf_clock_now(), random);
    } while (wf_partition_of_instance(&uuid, worker->partition_count) != partition);
    return uuid;
}

/* The partition that a command belongs to (EOS-6). */
static int32_t
home_of(const struct wf_worker *worker, const struct wf_batch_item *item)
{
    const struct wf_decoded *decoded = &item->decoded;
    char text[WF_UUID_TEXT + 1];

    if (decoded->chosen_n)
        return wf_partition_of_instance(&decoded->chosen_instance_id, worker->partition_count);
    const char *key = wf_command_key(&decoded->command, text);
    return key ? wf_partition_of(key, strlen(key), worker->partition_count) : item->record.partition;
}

static void
refuse(struct wf_batch_item *item, enum wf_code code, const char *detail)
{
    item->disposal = WF_DISPOSE_REFUSE;
    item->refusal = (struct wf_refusal){.code = code, .detail = detail, .command = item->decoded.command,
                                        .operation = wf_operation_name(item->decoded.command.operation)};
}

/* An event carries the variables whole, as PostgreSQL writes them (EOS-14). */
static bool
variables_fit(const struct wf_worker *worker, const char *variables)
{
    return !variables || (int64_t)wf_variables_size(variables) <= worker->settings->event_max_bytes;
}

/* Whether it is one for which the engine chooses the task, and says so in a header when it passes it on. */
static bool
asks_for_next(const struct wf_decoded *decoded)
{
    const struct wf_command *command = &decoded->command;

    return command->operation == WF_OP_GET_TASK && !command->task_n && command->staff_id;
}

static void
direct(struct wf_worker *worker, struct wf_batch_item *item)
{
    struct wf_decoded *decoded = &item->decoded;

    if (decoded->chosen_n && !asks_for_next(decoded)) { /* a header of ours that is not from us */
        refuse(item, WF_CODE_INVALID_COMMAND, "a task can be chosen only for a \"get-task\" for the next one");
        return;
    }
    item->partition = home_of(worker, item);
    if (item->partition != item->record.partition && decoded->hops_forwarded) { /* a second hop (EOS-6) */
        refuse(item, WF_CODE_INVALID_COMMAND, "the command was passed on to the wrong partition");
        return;
    }
    if (!variables_fit(worker, decoded->command.variables)) {
        refuse(item, WF_CODE_TOO_LARGE, "the \"variables\" are more than an event holds");
        return;
    }
    item->disposal = item->partition == item->record.partition ? WF_DISPOSE_APPLY : WF_DISPOSE_FORWARD;
    if (decoded->chosen_n) { /* remembered under the person, but it concerns this task */
        decoded->command.instance_id = decoded->chosen_instance_id;
        decoded->command.task_n = decoded->chosen_n;
    }
    if (decoded->command.operation == WF_OP_INIT_INSTANCE && !decoded->command.has_instance_id)
        decoded->command.instance_id = draw_instance_id(worker, item->record.partition);
}

static void
decode(struct wf_worker *worker, struct wf_batch_taken *batch, struct wf_batch_item *item,
       const char *const *names)
{
    const struct wf_record *record = &item->record;

    item->incoming = (struct wf_incoming){
        .topic = record->topic,
        .single_topic = *worker->settings->command_topic != '\0',
        .topic_name = names[record->topic],
        .partition = record->partition,
        .offset = record->offset,
        .timestamp = record->timestamp / WF_MILLISECOND,
        .key = record->key,
        .value = record->value,
        .headers = record->headers,
        .header_count = record->header_count,
    };
    if (wf_command_decode(&worker->codec, &item->incoming, &batch->arena, &item->decoded, &item->refusal))
        direct(worker, item);
    else
        item->disposal = WF_DISPOSE_REFUSE;
}

void
wf_batch_decode(struct wf_worker *worker, struct wf_batch_taken *batch)
{
    const char *names[WF_COMMAND_TOPICS];

    for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++)
        names[topic] = *worker->settings->command_topic
                           ? worker->settings->command_topic
                           : wf_arena_printf(&batch->arena, "%s.%s", worker->settings->prefix,
                                             wf_topic_suffix((enum wf_topic)topic));
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].own)
            decode(worker, batch, &batch->items[i], names);
}

void
wf_batch_release(struct wf_batch_taken *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        wf_decoded_drop(&batch->items[i].decoded);
        wf_record_release(&batch->items[i].record);
    }
    wf_arena_drop(&batch->arena);
    *batch = (struct wf_batch_taken){0};
}
