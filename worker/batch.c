/* batch.c - what has been taken, decoded, and what is to be done with it. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "codec/operation.h"
#include "codec/relay.h"
#include "codec/variables.h"

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
    if (decoded->databases_behind)
        return item->record.partition;
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

/*
 * Some commands go round the engine's databases, from the one that they belong to.  What changes definitions or people takes
 * effect in each, and is answered when it has in the last; who asks for the next task is answered by the first that has one.
 */
static bool
goes_round(const struct wf_decoded *decoded)
{
    return asks_for_next(decoded) || wf_operation_topic(decoded->command.operation) == WF_TOPIC_COMMAND_ADMIN;
}

static void
go_round(const struct wf_worker *worker, struct wf_decoded *decoded)
{
    struct wf_command *command = &decoded->command;
    bool next = asks_for_next(decoded);

    command->passes_on = next && decoded->databases_behind + 1 < worker->catalog.databases;
    command->copied = !next && decoded->databases_behind;
    if (command->copied)
        command->id_given = false; /* it is remembered where it took effect first */
}

static void
direct(struct wf_worker *worker, struct wf_batch_item *item)
{
    struct wf_decoded *decoded = &item->decoded;

    if (decoded->databases_behind &&
        (!goes_round(decoded) || !decoded->hops_forwarded || decoded->databases_behind >= worker->catalog.databases)) {
        refuse(item, WF_CODE_INVALID_COMMAND, "the command does not go round the databases of the engine");
        return;
    }

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
    go_round(worker, decoded);
    if (decoded->chosen_n) { /* remembered under the person, but it concerns this task */
        decoded->command.instance_id = decoded->chosen_instance_id;
        decoded->command.task_n = decoded->chosen_n;
    }
    if (decoded->command.operation == WF_OP_INIT_INSTANCE && !decoded->command.has_instance_id)
        decoded->command.instance_id = draw_instance_id(worker, item->record.partition);
}

/* A record as the codec takes it. */
static void
describe(const struct wf_worker *worker, struct wf_batch_taken *batch, struct wf_batch_item *item)
{
    const struct wf_record *record = &item->record;
    bool single = *worker->settings->command_topic != '\0';

    item->incoming = (struct wf_incoming){
        .topic = record->topic,
        .single_topic = single,
        .topic_name = single ? worker->settings->command_topic : batch->topic_names[record->topic],
        .partition = record->partition,
        .offset = record->offset,
        .timestamp = record->timestamp / WF_MILLISECOND,
        .key = record->key,
        .value = record->value,
        .headers = record->headers,
        .header_count = record->header_count,
    };
}

static void
name_topics(const struct wf_worker *worker, struct wf_batch_taken *batch)
{
    for (int topic = 0; topic < WF_COMMAND_TOPICS && !batch->topic_names[topic]; topic++)
        batch->topic_names[topic] = wf_arena_printf(&batch->arena, "%s.%s", worker->settings->prefix,
                                                    wf_topic_suffix((enum wf_topic)topic));
}

void
wf_batch_decode(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count)
{
    name_topics(worker, batch);
    for (size_t i = from; i < from + count; i++) {
        struct wf_batch_item *item = &batch->items[i];
        if (item->own)
            continue;
        describe(worker, batch, item);
        WF_FAULT_WITH(DECODING, item->record.value.data, item->record.value.length);
        if (wf_command_decode(&worker->codec, &item->incoming, &batch->arena, &item->decoded, &item->refusal))
            direct(worker, item);
        else
            item->disposal = WF_DISPOSE_REFUSE;
    }
}

/* The id of a command that is not decoded: what its header says, if that is plain, else its place. */
static const char *
unread_id(struct wf_arena *arena, const struct wf_incoming *in)
{
    static const char name[] = "ce_id";
    enum { ID_MAX = 200 };

    for (size_t h = 0; h < in->header_count; h++) {
        const struct wf_header *header = &in->headers[h];
        size_t plain = 0;
        if (header->name.length != sizeof name - 1 || memcmp(header->name.data, name, sizeof name - 1) != 0)
            continue;
        while (plain < header->value.length && header->value.data[plain] > ' ' && header->value.data[plain] < 0x7f)
            plain++;
        if (plain && plain == header->value.length && plain <= ID_MAX)
            return wf_arena_strndup(arena, header->value.data, plain);
    }
    return wf_arena_printf(arena, "%s/%d/%lld", in->topic_name, in->partition, (long long)in->offset);
}

void
wf_batch_convict(struct wf_worker *worker, struct wf_batch_taken *batch, size_t i, bool unread)
{
    static const char detail[] = "each time it was begun, the worker or its database session came to an end";
    struct wf_batch_item *item = &batch->items[i];

    if (item->own) {
        if (!item->decoded.command.refused)
            item->decoded.command.refused = detail;
        return;
    }
    if (!unread) {
        wf_batch_decode(worker, batch, i, 1);
        if (item->disposal != WF_DISPOSE_REFUSE)
            refuse(item, WF_CODE_INVALID_COMMAND, detail);
        return;
    }
    name_topics(worker, batch);
    describe(worker, batch, item);
    item->disposal = WF_DISPOSE_REFUSE;
    item->refusal = (struct wf_refusal){.code = WF_CODE_INVALID_COMMAND, .detail = detail};
    item->refusal.command.id = unread_id(&batch->arena, &item->incoming);
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
