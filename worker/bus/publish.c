/*
 * publish.c - one publication as one Kafka transaction: produce, flush, check, offsets, commit.
 *
 * Offsets before the flush would cost 100 ms, and a commit before all delivery reports are seen
 * could commit half a batch (EOS-10).
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "bus/publisher_state.h"

enum {
    ABORT_LIMIT_MS = 5000,
    RETRY_PAUSE_MS = 20,
    SLICE_MS = 100,
    MEET_LIMIT_MS = 2000,
    MISSING_GRACE_MS = 3000 /* a restarted broker serves metadata before it has read all topics */
};

struct publish {
    struct producer *producer;
    const struct wf_publication *publication;
    const atomic_bool *cancelled;
    int64_t deadline;
    size_t *starts;  /* by part: number of the publication's first message of that part; one more at the end */
    size_t produced; /* messages handed to librdkafka */
    struct refusal *refusal;
};

static bool
go_on(const struct publish *publish, struct wf_error *reterr)
{
    if (atomic_load(publish->cancelled))
        return wf_fail(reterr, WF_FATE_RETRY, "the publication was given up");
    if (wf_clock_monotonic() >= publish->deadline)
        return wf_fail(reterr, WF_FATE_RETRY, "could not publish in time");
    return true;
}

/* The engine cannot do without its own topics: what goes there waits until they are there again. */
static bool
is_own(const struct publish *publish, const struct wf_message *message)
{
    const char *command_topic = publish->producer->settings->command_topic;

    if (message->topic != WF_TOPIC_NAMED)
        return true;
    return command_topic && strlen(command_topic) == message->name.length &&
           memcmp(command_topic, message->name.data, message->name.length) == 0;
}

/* Errors that this very message will meet every time (EOS-14). */
static bool
is_refusal(const struct publish *publish, const struct wf_message *message, rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION: return true;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: /* a dead letter's may be missing, and it can go to another */
        return !is_own(publish, message) || message->topic == WF_TOPIC_DEAD_LETTER;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: return !is_own(publish, message);
    default: return false;
    }
}

/* Fails because of one message, and says which if it will never pass. */
static bool
fail_message(const struct publish *publish, rd_kafka_resp_err_t error, const struct wf_message *message, size_t index,
             struct wf_error *reterr)
{
    wf_kafka_fail(reterr, error, "could not publish a message");
    if (!is_refusal(publish, message, error))
        return false;
    for (size_t part = 0; part < publish->publication->count; part++) {
        if (index >= publish->starts[part + 1])
            continue;
        *publish->refusal = (struct refusal){
            .refused = true,
            .partition = publish->publication->parts[part].partition,
            .number = publish->publication->parts[part].outbox_number,
            .index = index - publish->starts[part],
        };
        if (reterr)
            reterr->fate = WF_FATE_FATAL;
        break;
    }
    return false;
}

/* ---- produce ---- */

/* Asks for a topic until it is there, or surely is not. */
static bool
meet_topic(const struct publish *publish, const char *name, rd_kafka_topic_t **ret_topic, struct wf_error *reterr)
{
    int64_t grace = wf_clock_monotonic() + MISSING_GRACE_MS * WF_MILLISECOND;

    for (;;) {
        if (!producer_meet(publish->producer, name, MEET_LIMIT_MS, ret_topic, reterr))
            return false;
        if (*ret_topic || wf_clock_monotonic() >= grace)
            return true;
        if (!go_on(publish, reterr))
            return false;
        wf_kafka_sleep_ms(RETRY_PAUSE_MS);
    }
}

static bool
find_topic(const struct publish *publish, const struct wf_message *message, rd_kafka_topic_t **ret_topic,
           struct wf_error *reterr)
{
    struct producer *producer = publish->producer;
    char name[WF_KAFKA_NAME_SIZE];
    const struct named_topic *named;

    if (message->topic < WF_TOPIC_COUNT) {
        *ret_topic = producer->topics[message->topic];
        return true;
    }
    *ret_topic = NULL;
    if (!wf_kafka_name_valid(message->name.data, message->name.length))
        return true;
    pthread_mutex_lock(&producer->lock);
    named = wf_map_get(&producer->named, message->name.data, message->name.length);
    *ret_topic = named && !named->doubtful ? named->topic : NULL;
    pthread_mutex_unlock(&producer->lock);
    if (*ret_topic)
        return true;

    memcpy(name, message->name.data, message->name.length);
    name[message->name.length] = 0;
    return meet_topic(publish, name, ret_topic, reterr);
}

static rd_kafka_headers_t *
make_headers(const struct wf_message *message)
{
    rd_kafka_headers_t *headers = message->header_count ? rd_kafka_headers_new(message->header_count) : NULL;

    for (int i = 0; i < message->header_count; i++)
        rd_kafka_header_add(headers, message->headers[i].name.data, (ssize_t)message->headers[i].name.length,
                            message->headers[i].value.data, (ssize_t)message->headers[i].value.length);
    return headers;
}

static bool
produce_message(struct publish *publish, const struct wf_message *message, struct wf_error *reterr)
{
    rd_kafka_t *kafka = publish->producer->kafka;
    size_t index = publish->produced;
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t error;
    rd_kafka_topic_t *topic;

    if (!find_topic(publish, message, &topic, reterr))
        return false;
    if (!topic)
        return fail_message(publish, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, message, index, reterr);
    headers = make_headers(message);
    /* No copy: the bytes live until the transaction has ended. */
    while ((error = rd_kafka_producev(
                kafka, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(message->partition), RD_KAFKA_V_MSGFLAGS(0),
                RD_KAFKA_V_KEY((void *)message->key.data, message->key.length),
                RD_KAFKA_V_VALUE((void *)message->value.data, message->value.length),
                RD_KAFKA_V_OPAQUE((void *)(uintptr_t)index), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END))) {
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && go_on(publish, reterr)) {
            rd_kafka_poll(kafka, 5);
            continue;
        }
        if (headers)
            rd_kafka_headers_destroy(headers);
        return error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? false : fail_message(publish, error, message, index, reterr);
    }
    publish->produced++;
    return true;
}

static bool
produce_part(struct publish *publish, const struct wf_publication_part *part, struct wf_error *reterr)
{
    const char *at = part->bytes, *end = part->bytes + part->length;
    struct wf_message message;

    while (part->length && at < end) {
        if (!wf_message_decode(&at, end, &message)) {
            wf_fail(reterr, WF_FATE_FATAL, "cannot read outbox row %lld of partition %d",
                    (long long)part->outbox_number, part->partition);
            return false;
        }
        if (!produce_message(publish, &message, reterr))
            return false;
        if (publish->produced % 1024 == 0 && !go_on(publish, reterr))
            return false;
    }
    return true;
}

static bool
produce(struct publish *publish, struct wf_error *reterr)
{
    for (size_t part = 0; part < publish->publication->count; part++) {
        publish->starts[part] = publish->produced;
        publish->starts[part + 1] = SIZE_MAX; /* not known yet */
        if (!produce_part(publish, &publish->publication->parts[part], reterr))
            return false;
    }
    return true;
}

/* The message of a number within the publication; false: there is none. */
static bool
message_at(const struct publish *publish, size_t index, struct wf_message *ret_message)
{
    for (size_t part = 0, i = 0; part < publish->publication->count; part++) {
        const char *at = publish->publication->parts[part].bytes, *end = at + publish->publication->parts[part].length;
        for (; at < end && wf_message_decode(&at, end, ret_message); i++)
            if (i == index)
                return true;
    }
    return false;
}

/*
 * Fails because of a message that was not delivered.  That a topic is missing is believed only when it
 * is asked for anew, at the next attempt.
 */
static bool
fail_delivery(const struct publish *publish, struct wf_error *reterr)
{
    const struct delivery *delivery = &publish->producer->delivery;
    bool missing = delivery->error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                   delivery->error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    struct wf_message message;

    if (missing || !message_at(publish, delivery->failed, &message))
        return wf_kafka_fail(reterr, delivery->error, "could not publish a message");
    return fail_message(publish, delivery->error, &message, delivery->failed, reterr);
}

/* Waits for the delivery reports, and looks at every one. */
static bool
flush(struct publish *publish, struct wf_error *reterr)
{
    const struct delivery *delivery = &publish->producer->delivery;

    WF_FAULT(PUBLISH_PRODUCED);
    while (delivery->reported < publish->produced && !delivery->error) {
        if (!go_on(publish, reterr))
            return false;
        rd_kafka_flush(publish->producer->kafka, SLICE_MS);
    }
    return !delivery->error || fail_delivery(publish, reterr);
}

/* ---- offsets and commit ---- */

/*
 * What to do about an error of a transactional call: true: make the same call again.
 * The error is destroyed.
 */
static bool
again(struct publish *publish, rd_kafka_error_t *error, const char *what, struct wf_error *reterr)
{
    bool fatal = rd_kafka_error_is_fatal(error) != 0;

    if (rd_kafka_error_is_retriable(error) && !fatal && go_on(publish, NULL)) {
        rd_kafka_error_destroy(error);
        wf_kafka_sleep_ms(RETRY_PAUSE_MS);
        return true;
    }
    wf_kafka_fail_object(reterr, error, what);
    if (fatal)
        producer_kill(publish->producer);
    return false;
}

/* One real offset for each partition and command topic; the first topic's carry the number (EOS-2, EOS-9). */
static rd_kafka_topic_partition_list_t *
make_offsets(const struct publish *publish)
{
    const struct wf_settings *settings = publish->producer->settings;
    int topics = wf_kafka_command_topics(settings);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)publish->publication->count * topics);
    char name[WF_KAFKA_NAME_SIZE];

    for (size_t i = 0; i < publish->publication->count; i++) {
        const struct wf_publication_part *part = &publish->publication->parts[i];
        for (int topic = 0; topic < topics; topic++) {
            rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(
                list, wf_kafka_topic_name(settings, (enum wf_topic)topic, name), part->partition);
            entry->offset = part->positions[topic];
            if (topic != 0)
                continue;
            size_t size = strlen(publish->publication->incarnation) + 32;
            char *text = malloc(size); /* the list frees it */
            if (!text)
                exit(WF_EXIT_MEMORY);
            entry->metadata_size = (size_t)snprintf(text, size, "v1;%s;%lld", publish->publication->incarnation,
                                                    (long long)part->outbox_number);
            entry->metadata = text;
        }
    }
    return list;
}

static bool
send_offsets(struct publish *publish, struct wf_error *reterr)
{
    rd_kafka_topic_partition_list_t *list = make_offsets(publish);
    rd_kafka_error_t *error;
    bool ok = true;

    WF_FAULT(PUBLISH_FLUSHED);
    while (ok && (error = rd_kafka_send_offsets_to_transaction(publish->producer->kafka, list,
                                                               publish->publication->generation->metadata,
                                                               wf_kafka_remaining_ms(publish->deadline, 5000) + 1)))
        ok = again(publish, error, "could not send offsets to the transaction", reterr);
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

static bool
commit(struct publish *publish, struct wf_error *reterr)
{
    rd_kafka_error_t *error;

    WF_FAULT(PUBLISH_OFFSETS);
    while ((error = rd_kafka_commit_transaction(publish->producer->kafka,
                                                wf_kafka_remaining_ms(publish->deadline, 5000) + 1)))
        if (!again(publish, error, "could not commit the Kafka transaction", reterr))
            return false;
    WF_FAULT(PUBLISHED);
    return true;
}

/* Ends what was begun, so that nothing refers to the publication any more. */
static void
abort_or_kill(struct producer *producer)
{
    int64_t deadline = wf_clock_monotonic() + ABORT_LIMIT_MS * WF_MILLISECOND;
    rd_kafka_error_t *error = NULL;

    while (producer->kafka &&
           (error = rd_kafka_abort_transaction(producer->kafka, wf_kafka_remaining_ms(deadline, 1000) + 1))) {
        bool retriable = rd_kafka_error_is_retriable(error) && !rd_kafka_error_is_fatal(error);
        rd_kafka_error_destroy(error);
        if (!retriable || wf_clock_monotonic() >= deadline) {
            producer_kill(producer);
            return;
        }
        wf_kafka_sleep_ms(RETRY_PAUSE_MS);
    }
    if (producer->kafka && rd_kafka_outq_len(producer->kafka))
        rd_kafka_flush(producer->kafka, ABORT_LIMIT_MS);
    if (producer->kafka && rd_kafka_outq_len(producer->kafka))
        producer_kill(producer);
}

/* After a failure named topics are asked for anew: one that was deleted makes a publication last too long. */
static void
doubt_named(struct producer *producer)
{
    pthread_mutex_lock(&producer->lock);
    for (size_t i = 0; i < producer->named.capacity; i++)
        if (producer->named.slots[i].key)
            ((struct named_topic *)producer->named.slots[i].value)->doubtful = true;
    pthread_mutex_unlock(&producer->lock);
}

static bool
publish_in_transaction(struct publish *publish, struct wf_error *reterr)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(publish->producer->kafka);

    if (error) {
        wf_kafka_fail_object(reterr, error, "could not begin a Kafka transaction");
        producer_kill(publish->producer);
        return false;
    }
    WF_FAULT(PUBLISH_BEGUN);
    if (produce(publish, reterr) && flush(publish, reterr) && go_on(publish, reterr) &&
        send_offsets(publish, reterr) && commit(publish, reterr))
        return true;
    WF_FAULT(ABORTING);
    doubt_named(publish->producer);
    abort_or_kill(publish->producer);
    return false;
}

/* delivery=at-least-once: what was sent before a failure is there, and comes again with the same ids. */
static bool
publish_plainly(struct publish *publish, struct wf_error *reterr)
{
    if (produce(publish, reterr) && flush(publish, reterr))
        return true;
    doubt_named(publish->producer);
    producer_kill(publish->producer);
    return false;
}

bool
publication_publish(struct producer *producer, const struct wf_publication *publication, const atomic_bool *cancelled,
                    size_t *ret_messages, struct refusal *ret_refusal, struct wf_error *reterr)
{
    struct publish publish = {
        .producer = producer,
        .publication = publication,
        .cancelled = cancelled,
        .deadline = wf_clock_monotonic() + producer->settings->transaction_timeout_ms * WF_MILLISECOND,
        .starts = calloc(publication->count + 1, sizeof(size_t)),
        .refusal = ret_refusal,
    };
    bool ok = false;

    if (!publish.starts)
        exit(WF_EXIT_MEMORY);
    producer->delivery = (struct delivery){0};
    *ret_refusal = (struct refusal){0};
    if (!producer->kafka)
        wf_fail(reterr, WF_FATE_RETRY, "the producer has to be remade");
    else if (producer_is_transactional(producer))
        ok = publish_in_transaction(&publish, reterr);
    else
        ok = publish_plainly(&publish, reterr);
    *ret_messages = publish.produced;
    free(publish.starts);
    return ok;
}
