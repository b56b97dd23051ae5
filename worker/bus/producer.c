/*
 * producer.c - one transactional producer: made, initialized, acquainted with its topics, killed.
 */
#include "base/clock.h"
#include "base/log.h"
#include "bus/publisher_state.h"

/*
 * Events are limited where they are made (EOS-14); a dead letter is as large as what came, and whether
 * Kafka takes it says the topic.  What is larger than a batch goes in one of its own, so a refusal
 * names the right message.
 */
enum { MESSAGE_MAX = 32 << 20 };

static void
on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct producer *producer = opaque;

    (void)kafka;
    producer->delivery.reported++;
    if (message->err && !producer->delivery.error) {
        producer->delivery.error = message->err;
        producer->delivery.failed = (size_t)(uintptr_t)message->_private;
    }
}

static bool
make_kafka(const struct wf_settings *settings, struct producer *producer, struct wf_error *reterr)
{
    char timeout_ms[24], max_bytes[24];
    bool transactional = producer_is_transactional(producer);
    const struct wf_kafka_property properties[] = {
        {transactional ? "transactional.id" : "enable.idempotence", transactional ? producer->id : "true"},
        {transactional ? "transaction.timeout.ms" : "message.timeout.ms", timeout_ms},
        {"partitioner", "murmur2_random"},
        {"compression.codec", "lz4"},
        {"linger.ms", "1"}, /* flush does not wait for it; full batches while a publication is being produced */
        {"batch.num.messages", "10000"},
        {"batch.size", "1000000"},
        {"message.max.bytes", max_bytes},
        {"queue.buffering.max.messages", "500000"},
        {"retry.backoff.ms", "50"},
        {NULL, NULL}, /* no per-topic acks: that crashes 2.0.2, and idempotence means all */
    };
    rd_kafka_conf_t *conf;
    rd_kafka_t *kafka;

    snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)settings->transaction_timeout_ms);
    snprintf(max_bytes, sizeof max_bytes, "%d", MESSAGE_MAX);
    if (!wf_kafka_conf(settings, properties, &conf, reterr))
        return false;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, producer);
    if (!wf_kafka_new(RD_KAFKA_PRODUCER, conf, &kafka, reterr))
        return false;
    pthread_mutex_lock(&producer->lock);
    producer->kafka = kafka;
    pthread_mutex_unlock(&producer->lock);
    return true;
}

bool
producer_is_transactional(const struct producer *producer)
{
    return producer->id[0] != '\0';
}

bool
producer_open(const struct wf_settings *settings, const char *id, struct producer *producer, struct wf_error *reterr)
{
    if (!producer->settings) {
        producer->settings = settings;
        snprintf(producer->id, sizeof producer->id, "%s", id);
        pthread_mutex_init(&producer->lock, NULL);
    }
    return make_kafka(settings, producer, reterr);
}

bool
producer_init(struct producer *producer, int64_t deadline, struct wf_error *reterr)
{
    rd_kafka_error_t *error;

    if (!producer_is_transactional(producer))
        return true;
    while ((error = rd_kafka_init_transactions(producer->kafka, wf_kafka_remaining_ms(deadline, 5000) + 1))) {
        if (!rd_kafka_error_is_retriable(error) || wf_clock_monotonic() >= deadline)
            return wf_kafka_fail_object(reterr, error, "could not begin to use a transactional id");
        rd_kafka_error_destroy(error);
        wf_kafka_sleep_ms(20);
    }
    return true;
}

/* The topics of which the engine writes the partition by number. */
static bool
has_instance_partitions(enum wf_topic topic)
{
    return topic < WF_COMMAND_TOPICS || topic == WF_TOPIC_STATE_TASK || topic == WF_TOPIC_STATE_INSTANCE ||
           topic == WF_TOPIC_OUTCOME;
}

/* Names that are remembered from before the producer died. */
static bool
meet_again(struct producer *producer, int64_t deadline, struct wf_error *reterr)
{
    for (size_t i = 0; i < producer->named.capacity; i++) {
        const char *name = producer->named.slots[i].key;
        rd_kafka_topic_t *topic;
        if (name && !producer_meet(producer, name, wf_kafka_remaining_ms(deadline, 2000), &topic, reterr))
            return false;
    }
    return true;
}

bool
producer_meet_all(struct producer *producer, int32_t partitions, int64_t deadline, struct wf_error *reterr)
{
    for (int topic = 0; topic < WF_TOPIC_COUNT; topic++) {
        int32_t count, expected = has_instance_partitions((enum wf_topic)topic) ? partitions : 0;
        char name[WF_KAFKA_NAME_SIZE];

        wf_kafka_topic_name(producer->settings, (enum wf_topic)topic, name);
        if (!producer->topics[topic])
            producer->topics[topic] = rd_kafka_topic_new(producer->kafka, name, NULL);
        if (!wf_kafka_topic_require(producer->kafka, name, expected, deadline, &count, reterr))
            return false;
    }
    return meet_again(producer, deadline, reterr);
}

/* Keeps a topic that exists; the lock is held. */
static void
remember(struct producer *producer, const char *name, rd_kafka_topic_t *topic)
{
    struct named_topic *named = wf_map_get_text(&producer->named, name);

    if (!named) {
        named = WF_ARENA_NEW(&producer->arena, struct named_topic);
        wf_map_put_text(&producer->named, &producer->arena, wf_arena_strdup(&producer->arena, name), named);
    }
    named->doubtful = false;
    if (named->topic)
        rd_kafka_topic_destroy(topic); /* the same object, met before */
    else
        named->topic = topic;
}

bool
producer_meet(struct producer *producer, const char *name, int timeout_ms, rd_kafka_topic_t **ret_topic,
              struct wf_error *reterr)
{
    rd_kafka_topic_t *topic;
    int32_t count = 0;
    bool ok;

    pthread_mutex_lock(&producer->lock);
    if (!producer->kafka) {
        pthread_mutex_unlock(&producer->lock);
        return wf_fail(reterr, WF_FATE_RETRY, "the producer has to be remade");
    }
    topic = rd_kafka_topic_new(producer->kafka, name, NULL);
    ok = wf_kafka_topic_partitions(producer->kafka, topic, timeout_ms, &count, reterr);
    if (ok && count) {
        remember(producer, name, topic);
    } else {
        rd_kafka_topic_destroy(topic);
        topic = NULL;
    }
    pthread_mutex_unlock(&producer->lock);
    if (ok)
        *ret_topic = topic;
    return ok;
}

void
producer_kill(struct producer *producer)
{
    if (!producer->kafka)
        return;
    pthread_mutex_lock(&producer->lock);
    for (int topic = 0; topic < WF_TOPIC_COUNT; topic++) {
        if (producer->topics[topic])
            rd_kafka_topic_destroy(producer->topics[topic]);
        producer->topics[topic] = NULL;
    }
    for (size_t i = 0; i < producer->named.capacity; i++) {
        struct named_topic *named = producer->named.slots[i].key ? producer->named.slots[i].value : NULL;
        if (named && named->topic)
            rd_kafka_topic_destroy(named->topic);
        if (named)
            named->topic = NULL;
    }
    rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(producer->kafka);
    producer->kafka = NULL;
    pthread_mutex_unlock(&producer->lock);
}

void
producer_drop(struct producer *producer)
{
    if (!producer->settings)
        return;
    producer_kill(producer);
    wf_arena_drop(&producer->arena);
    pthread_mutex_destroy(&producer->lock);
    *producer = (struct producer){0};
}
