/*
 * threads.c - consumer and publisher as a worker uses them, on mock brokers, for ThreadSanitizer: our callbacks on
 * librdkafka's threads and on the publisher's, and all that their owner asks meanwhile.
 *
 * Not by Criterion, whose way of starting tests the sanitizer does not bear.  Says what it did on standard output.
 * With the argument "race" a callback and its owner share a number without a lock, which the sanitizer must see.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mock.h"

enum { PUBLICATIONS = 60, RECORDS = 200, LIMIT_MS = 30000 };

/* As in the worker: the publisher's thread wakes the consumer, as long as there is one. */
static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wf_consumer *awakened;

static bool race;
static int shared; /* by nothing */

static struct wf_consumer *consumer;
static size_t assigned_count;

static void
demand(bool holds, const char *what)
{
    if (holds)
        return;
    printf("failed: %s\n", what);
    exit(EXIT_FAILURE);
}

static void
wake(void *context)
{
    (void)context;
    if (race)
        shared++;
    pthread_mutex_lock(&wake_lock);
    if (awakened)
        wf_consumer_wake(awakened);
    pthread_mutex_unlock(&wake_lock);
}

static void
set_awakened(struct wf_consumer *one)
{
    pthread_mutex_lock(&wake_lock);
    awakened = one;
    pthread_mutex_unlock(&wake_lock);
}

static void
assigned(void *context, const int32_t *partitions, size_t count)
{
    const int64_t beginning[WF_COMMAND_TOPICS] = {0};

    (void)context;
    assigned_count = count;
    for (size_t i = 0; i < count; i++)
        wf_consumer_begin(consumer, partitions[i], beginning);
}

static void
gone(void *context)
{
    (void)context;
    assigned_count = 0;
}

static size_t
take(void)
{
    struct wf_record records[64];
    struct wf_error error;
    size_t count = 0, all = 0;
    bool caught_up;

    for (int32_t p = 0; p < MOCK_PARTITIONS; p++)
        for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++) {
            demand(wf_consumer_take(consumer, p, (enum wf_topic)topic, 64, records, &count, &caught_up, &error),
                   "records can be taken");
            for (size_t i = 0; i < count; i++)
                wf_record_release(&records[i]);
            all += count;
        }
    return all;
}

static size_t
consume(size_t wanted)
{
    int64_t deadline = wf_clock_monotonic() + LIMIT_MS * WF_MILLISECOND;
    size_t taken = 0;

    while (taken < wanted && wf_clock_monotonic() < deadline) {
        wf_consumer_poll(consumer);
        wf_consumer_wait(consumer, true, 100);
        taken += take();
    }
    return taken;
}

/* Publishes, with errors in between; while the thread does, its owner asks, as a worker would. */
static size_t
publish(struct mock *mock, struct wf_publisher *publisher)
{
    struct wf_publisher_status status;
    struct wf_error error;
    size_t resets = 0;
    bool known;

    for (int i = 1; i <= PUBLICATIONS; i++) {
        if (i % 15 == 0)
            rd_kafka_mock_push_request_errors(mock->cluster, API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
        while (wf_publisher_wait_room(publisher, 50) == 0) {
            wf_publisher_status(publisher, &status);
            if (status.state == WF_PUBLISHER_FAILED) {
                demand(wf_publisher_reset(publisher, LIMIT_MS, &error), "the publisher recovers");
                resets++;
            }
        }
        if (!wf_publisher_submit(publisher, mock_publication(2, 5, i), &error))
            continue;
        wf_publisher_published_number(publisher, 1);
        demand(wf_publisher_topic_known(publisher, "workflow.outcome", 16, 5000, &known, &error) || *error.message, "asked");
        wf_consumer_poll(consumer);
        wf_consumer_wait(consumer, false, 1);
        if (race)
            shared++;
    }
    if (!wf_publisher_drain(publisher, LIMIT_MS))
        demand(wf_publisher_reset(publisher, LIMIT_MS, &error), "the publisher recovers at last");
    return resets;
}

int
main(int argc, char **argv)
{
    struct wf_consumer_listener listener = {.assigned = assigned, .revoked = gone, .lost = gone};
    struct wf_publisher *publisher = NULL;
    struct wf_error error = {0};
    struct mock mock;

    race = argc > 1 && strcmp(argv[1], "race") == 0;
    mock_open(&mock, WF_TOPIC_COUNT);
    wf_log_open(WF_LOG_DEBUG, true, "threads", "1"); /* librdkafka's lines too come by its own threads */
    mock.settings.kafka_config = getenv("THREADS_KAFKA_CONFIG");
    demand(wf_publisher_open(&mock.settings, MOCK_PARTITIONS, "workflow-db-0", LIMIT_MS, wake, NULL, &publisher, &error),
           error.message);
    demand(wf_consumer_open(&mock.settings, 0, MOCK_PARTITIONS, &listener, LIMIT_MS, &consumer, &error), error.message);
    set_awakened(consumer);
    mock_fill(&mock, WF_TOPIC_COMMAND_INIT, 1, 0, RECORDS);
    size_t taken = consume(RECORDS), resets = publish(&mock, publisher);
    rd_kafka_mock_broker_set_down(mock.cluster, 1); /* errors on all threads */
    wf_consumer_wait(consumer, true, 500);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    set_awakened(NULL);
    wf_consumer_close(consumer, LIMIT_MS);
    wf_publisher_close(publisher, LIMIT_MS);
    printf("%zu records, %d publications, %zu resets\n", taken, PUBLICATIONS, resets);
    demand(taken == RECORDS && resets > 0, "all records came, and there was something to recover from");
    mock_close(&mock);
    return EXIT_SUCCESS;
}
