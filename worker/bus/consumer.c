/*
 * consumer.c - membership: opening, rebalances, which partitions are consumed from where, waiting.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/consumer_state.h"

enum {
    /* How long a fetch waits when there is nothing; also how soon a partition whose queue was
     * full, or that was just begun, gets into the next one: small, for that; 10 would cost an idle
     * broker 5 to 10 % of a core. */
    FETCH_WAIT_MS = 25,
    MAX_POLL_INTERVAL_MS = 30000,
    WAIT_SLICE_MS = 250 /* librdkafka may forget a wake-up after a purge */
};

static const uint64_t one = 1;

/* ---- what is consumed, from where ---- */

/* The queue of a partition of its own, apart from the consumer's (EOS-18). */
static void
source_open(struct wf_consumer *consumer, int topic, int32_t number, struct source *source)
{
    if (source->queue)
        return;
    source->queue = rd_kafka_queue_get_partition(consumer->kafka, consumer->names[topic], number);
    rd_kafka_queue_forward(source->queue, NULL);
    rd_kafka_queue_io_event_enable(source->queue, consumer->records_fd, &one, sizeof one);
}

/* What it holds is from before: records would be outdated by themselves, the news of an end would not. */
static void
source_empty(const struct source *source)
{
    rd_kafka_message_t *message;

    while ((message = rd_kafka_consume_queue(source->queue, 0)))
        rd_kafka_message_destroy(message);
}

/*
 * Tells librdkafka what is begun and where to go on.  The eager protocol knows only whole
 * assignments, so those that were begun before are assigned anew at their next record: what
 * their queues hold is outdated by that and comes again.
 */
static void
assign(struct wf_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->partition_count);
    rd_kafka_resp_err_t error;

    for (int32_t number = 0; number < consumer->partition_count; number++) {
        const struct partition *partition = &consumer->partitions[number];
        for (int topic = 0; partition->begun && topic < consumer->topics; topic++)
            rd_kafka_topic_partition_list_add(list, consumer->names[topic], number)->offset =
                partition->sources[topic].next;
    }
    error = rd_kafka_assign(consumer->kafka, list);
    if (error)
        wf_log(WF_LOG_ERROR, "could not assign partitions", "count=%d error=%s", list->cnt, rd_kafka_err2name(error));
    rd_kafka_topic_partition_list_destroy(list);
    consumer->stale = false;
}

/* Not while a rebalance waits to be served: assigning would clear the mark that all is lost. */
static void
assign_if_stale(struct wf_consumer *consumer)
{
    if (consumer->stale && consumer->owns && !rd_kafka_assignment_lost(consumer->kafka) &&
        !rd_kafka_queue_length(consumer->events))
        assign(consumer);
}

void
wf_consumer_begin(struct wf_consumer *consumer, int32_t partition, const int64_t positions[WF_COMMAND_TOPICS])
{
    struct partition *mine = consumer_partition(consumer, partition);

    if (!mine || !mine->assigned)
        return;
    for (int topic = 0; topic < consumer->topics; topic++) {
        source_open(consumer, topic, partition, &mine->sources[topic]);
        source_empty(&mine->sources[topic]);
        mine->sources[topic].next = positions[topic] > 0 ? positions[topic] : 0;
        mine->sources[topic].caught_up = false;
    }
    mine->begun = true;
    consumer->stale = true;
}

void
wf_consumer_seek(struct wf_consumer *consumer, int32_t partition, const int64_t positions[WF_COMMAND_TOPICS])
{
    wf_consumer_begin(consumer, partition, positions);
}

void
wf_consumer_pass_marks(struct wf_consumer *consumer, int32_t partition, enum wf_topic topic, int64_t offset)
{
    struct partition *mine = consumer_partition(consumer, partition);
    int index = consumer_topic(consumer, topic);

    if (mine && mine->begun && mine->sources[index].next < offset)
        mine->sources[index].next = offset;
}

void
wf_consumer_halt(struct wf_consumer *consumer, int32_t partition)
{
    struct partition *mine = consumer_partition(consumer, partition);

    if (!mine || !mine->begun)
        return;
    mine->begun = false;
    consumer->stale = true;
}

/* ---- rebalances ---- */

static int
topic_index(const struct wf_consumer *consumer, const char *name)
{
    for (int topic = 0; topic < consumer->topics; topic++)
        if (strcmp(consumer->names[topic], name) == 0)
            return topic;
    return -1;
}

/*
 * Marks the numbers that are assigned in all command topics and reports the others (EOS-7);
 * returns how many are in numbers[].
 */
static size_t
mark_assigned(struct wf_consumer *consumer, const rd_kafka_topic_partition_list_t *list, int32_t *numbers)
{
    int *times = calloc((size_t)consumer->partition_count, sizeof *times);
    size_t count = 0;

    if (!times)
        exit(WF_EXIT_MEMORY);
    for (int i = 0; i < list->cnt; i++) {
        int32_t number = list->elems[i].partition;
        if (!consumer_partition(consumer, number))
            wf_log(WF_LOG_ERROR,
                   "a command topic has more partitions than the database knows; this one is not consumed",
                   "topic=%s partition=%d partitions=%d", list->elems[i].topic, number, consumer->partition_count);
        else if (topic_index(consumer, list->elems[i].topic) >= 0)
            times[number]++;
    }
    for (int32_t number = 0; number < consumer->partition_count; number++) {
        consumer->partitions[number].assigned = times[number] == consumer->topics;
        if (consumer->partitions[number].assigned)
            numbers[count++] = number;
        else if (times[number])
            wf_log(WF_LOG_ERROR, "a partition is not assigned in all command topics; it is not consumed",
                   "partition=%d topics=%d of=%d", number, times[number], consumer->topics);
    }
    free(times);
    return count;
}

static void
forget_partitions(struct wf_consumer *consumer)
{
    for (int32_t number = 0; number < consumer->partition_count; number++)
        consumer->partitions[number].assigned = consumer->partitions[number].begun = false;
    consumer->stale = false;
    consumer->owns = false;
}

static void
on_assign(struct wf_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    int32_t *numbers = calloc((size_t)consumer->partition_count, sizeof *numbers);
    struct wf_error error = {0};
    size_t count;

    if (!numbers)
        exit(WF_EXIT_MEMORY);
    forget_partitions(consumer);
    wf_generation_release(consumer->generation);
    consumer->generation = NULL;
    if (!wf_generation_new(rd_kafka_consumer_group_metadata(consumer->kafka), &consumer->generation, &error))
        wf_log(WF_LOG_WARNING, "could not capture the group membership", "error=\"%s\"", error.message);

    count = mark_assigned(consumer, list, numbers);
    consumer->owns = true;
    consumer->listener.assigned(consumer->listener.context, numbers, count);
    free(numbers);
    assign(consumer); /* also nothing: librdkafka waits for the call */
}

static void
on_revoke(struct wf_consumer *consumer)
{
    bool lost = rd_kafka_assignment_lost(consumer->kafka) != 0;

    forget_partitions(consumer);
    if (lost)
        consumer->listener.lost(consumer->listener.context);
    else
        consumer->listener.revoked(consumer->listener.context);
    wf_generation_release(consumer->generation);
    consumer->generation = NULL;
    rd_kafka_assign(consumer->kafka, NULL);
}

static void
on_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct wf_consumer *consumer = opaque;

    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, list);
    } else if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        on_revoke(consumer);
    } else {
        wf_log(WF_LOG_ERROR, "rebalance failed", "error=%s", rd_kafka_err2name(what));
        rd_kafka_assign(kafka, NULL);
    }
}

bool
wf_consumer_generation(struct wf_consumer *consumer, struct wf_generation **ret_generation, struct wf_error *reterr)
{
    if (!consumer->generation)
        return wf_fail(reterr, WF_FATE_RETRY, "there is no group membership");
    *ret_generation = wf_generation_ref(consumer->generation);
    return true;
}

/* ---- open and close ---- */

static bool
make_kafka(struct wf_consumer *consumer, struct wf_error *reterr)
{
    const struct wf_settings *settings = consumer->settings;
    int64_t session = settings->session_timeout_ms;
    char group[WF_GROUP_SIZE], session_ms[24], heartbeat_ms[24], poll_ms[24], wait_ms[24], queue_kbytes[24];
    const struct wf_kafka_property properties[] = {
        {"group.id", wf_settings_group(settings->group, settings->prefix, consumer->database, group)},
        {"partition.assignment.strategy", "range"}, /* keeps equal numbers together; cooperative has bugs in 2.0.2 */
        {"session.timeout.ms", session_ms},
        {"heartbeat.interval.ms", heartbeat_ms},
        {"max.poll.interval.ms", poll_ms},
        {"auto.offset.reset", "error"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"}, /* also: committed offsets are read stable (EOS-12) */
        {"fetch.wait.max.ms", wait_ms},
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", "1000000"}, /* the limit is in bytes */
        {"queued.max.messages.kbytes", queue_kbytes},
        {"socket.timeout.ms", "10000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    snprintf(session_ms, sizeof session_ms, "%lld", (long long)session);
    snprintf(heartbeat_ms, sizeof heartbeat_ms, "%lld", (long long)(session / 5));
    snprintf(poll_ms, sizeof poll_ms, "%lld",
             (long long)(session > MAX_POLL_INTERVAL_MS ? session : (int64_t)MAX_POLL_INTERVAL_MS));
    snprintf(wait_ms, sizeof wait_ms, "%d", FETCH_WAIT_MS);
    snprintf(queue_kbytes, sizeof queue_kbytes, "%lld", (long long)settings->queue_kbytes);
    if (!wf_kafka_conf(settings, properties, &conf, reterr))
        return false;
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_opaque(conf, consumer);
    if (!wf_kafka_new(RD_KAFKA_CONSUMER, conf, &consumer->kafka, reterr))
        return false;
    rd_kafka_poll_set_consumer(consumer->kafka);
    return true;
}

/* All command topics exist and have the same number of partitions (EOS-7). */
static bool
check_topics(struct wf_consumer *consumer, int32_t partitions, int limit_ms, struct wf_error *reterr)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;

    for (int topic = 0; topic < consumer->topics; topic++)
        if (!wf_kafka_topic_require(consumer->kafka, consumer->names[topic], partitions, deadline, &partitions, reterr))
            return false;
    consumer->partition_count = partitions;
    consumer->partitions = calloc((size_t)partitions, sizeof *consumer->partitions);
    if (!consumer->partitions)
        exit(WF_EXIT_MEMORY);
    return true;
}

static bool
subscribe(struct wf_consumer *consumer, struct wf_error *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->topics);
    rd_kafka_resp_err_t error;

    for (int topic = 0; topic < consumer->topics; topic++)
        rd_kafka_topic_partition_list_add(list, consumer->names[topic], RD_KAFKA_PARTITION_UA);
    error = rd_kafka_subscribe(consumer->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !error || wf_kafka_fail(reterr, error, "could not subscribe to the command topics");
}

/* Gives back what there is, after the group was left or before it was joined. */
static void
consumer_free(struct wf_consumer *consumer)
{
    for (int32_t number = 0; consumer->partitions && number < consumer->partition_count; number++)
        for (int topic = 0; topic < consumer->topics; topic++)
            if (consumer->partitions[number].sources[topic].queue)
                rd_kafka_queue_destroy(consumer->partitions[number].sources[topic].queue);
    if (consumer->events)
        rd_kafka_queue_destroy(consumer->events);
    if (consumer->kafka)
        rd_kafka_destroy_flags(consumer->kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    wf_generation_release(consumer->generation);
    free(consumer->partitions);
    close(consumer->wake_fd);
    close(consumer->records_fd);
    free(consumer);
}

bool
wf_consumer_open(const struct wf_settings *settings, int32_t database, int32_t partitions,
                 const struct wf_consumer_listener *listener, int limit_ms, struct wf_consumer **ret_consumer,
                 struct wf_error *reterr)
{
    struct wf_consumer *consumer = calloc(1, sizeof *consumer);

    if (!consumer)
        exit(WF_EXIT_MEMORY);
    consumer->settings = settings;
    consumer->database = database;
    consumer->listener = *listener;
    consumer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    consumer->records_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    consumer->topics = wf_kafka_command_topics(settings);
    for (int topic = 0; topic < consumer->topics; topic++)
        wf_kafka_topic_name(settings, (enum wf_topic)topic, consumer->names[topic]);

    if (!make_kafka(consumer, reterr) || !check_topics(consumer, partitions, limit_ms, reterr) ||
        !subscribe(consumer, reterr)) {
        consumer_free(consumer);
        return false;
    }
    consumer->events = rd_kafka_queue_get_consumer(consumer->kafka);
    rd_kafka_queue_io_event_enable(consumer->events, consumer->wake_fd, &one, sizeof one);
    *ret_consumer = consumer;
    return true;
}

/* Leaves the group; false if librdkafka did not finish in time. */
static bool
leave(struct wf_consumer *consumer, int limit_ms)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->kafka);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->kafka, queue);
    bool closed = error != NULL; /* closed already, or dead */

    rd_kafka_error_destroy(error);
    while (!closed && wf_clock_monotonic() < deadline) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(queue, 20); /* also serves the rebalance */
        if (message)
            rd_kafka_message_destroy(message);
        closed = rd_kafka_consumer_closed(consumer->kafka) != 0;
    }
    if (closed)
        rd_kafka_queue_destroy(queue);
    return closed;
}

void
wf_consumer_close(struct wf_consumer *consumer, int limit_ms)
{
    if (!consumer)
        return;
    wf_consumer_poll(consumer);
    if (leave(consumer, limit_ms))
        consumer_free(consumer);
    else
        wf_log(WF_LOG_WARNING, "the consumer did not leave its group in time", "limit_ms=%d", limit_ms);
}

int32_t
wf_consumer_partitions(const struct wf_consumer *consumer)
{
    return consumer->partition_count;
}

int
wf_consumer_topics(const struct wf_consumer *consumer)
{
    return consumer->topics;
}

/* ---- poll, wait, wake ---- */

void
wf_consumer_poll(struct wf_consumer *consumer)
{
    rd_kafka_message_t *message;

    while ((message = rd_kafka_consumer_poll(consumer->kafka, 0))) {
        if (message->err)
            wf_log(WF_LOG_WARNING, "Kafka reports an error", "topic=%s partition=%d error=%s reason=\"%s\"",
                   message->rkt ? rd_kafka_topic_name(message->rkt) : "-", message->partition,
                   rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
    assign_if_stale(consumer);
}

static bool
records_wait(const struct wf_consumer *consumer)
{
    for (int32_t number = 0; number < consumer->partition_count; number++) {
        const struct partition *partition = &consumer->partitions[number];
        for (int topic = 0; partition->begun && topic < consumer->topics; topic++)
            if (!consumer->passed_over[topic] && rd_kafka_queue_length(partition->sources[topic].queue))
                return true;
    }
    return false;
}

void
wf_consumer_pass_over(struct wf_consumer *consumer, enum wf_topic topic, bool passed_over)
{
    consumer->passed_over[consumer_topic(consumer, topic)] = passed_over;
}

static void
drain(int fd)
{
    uint64_t count;

    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

void
wf_consumer_wait(struct wf_consumer *consumer, bool records, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = consumer->wake_fd, .events = POLLIN},
                            {.fd = consumer->records_fd, .events = POLLIN}};
    int64_t deadline = wf_clock_monotonic() + timeout_ms * WF_MILLISECOND;

    assign_if_stale(consumer);
    for (;;) {
        bool ready = rd_kafka_queue_length(consumer->events) || (records && records_wait(consumer));
        int slice = ready ? 0 : wf_kafka_remaining_ms(deadline, WAIT_SLICE_MS);
        int events = poll(fds, records ? 2 : 1, slice);

        if (fds[0].revents)
            drain(consumer->wake_fd);
        if (records && fds[1].revents)
            drain(consumer->records_fd);
        if (ready || events || wf_clock_monotonic() >= deadline)
            return; /* the queues are looked at after the drain, so nothing is missed */
    }
}

void
wf_consumer_wake(struct wf_consumer *consumer)
{
    int saved = errno;
    ssize_t written = write(consumer->wake_fd, &one, sizeof one); /* full: it is awake anyway */

    (void)written;
    errno = saved;
}
