/*
 * publisher.c - the publisher's thread and what its owner calls.
 */
#include "bus/publisher.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/consumer.h"
#include "bus/publisher_state.h"

enum {
    IDLE_POLL_MS = 1000, /* librdkafka's errors are looked at that often when nothing is published */
    KNOWN_SECONDS = 60,
    UNKNOWN_SECONDS = 5,
    KNOWN_MAX = 4096 /* answers remembered; then all are forgotten */
};

/* ---- publications ---- */

struct wf_publication *
wf_publication_new(struct wf_generation *generation, const char *incarnation, size_t count)
{
    struct wf_publication *publication = calloc(1, sizeof *publication);

    if (publication) {
        publication->incarnation = strdup(incarnation);
        publication->parts = calloc(count ? count : 1, sizeof *publication->parts);
    }
    if (!publication || !publication->incarnation || !publication->parts)
        exit(WF_EXIT_MEMORY);
    publication->count = count;
    publication->generation = wf_generation_ref(generation);
    return publication;
}

void
wf_publication_free(struct wf_publication *publication)
{
    if (!publication)
        return;
    wf_generation_release(publication->generation);
    for (size_t i = 0; i < publication->count; i++)
        free(publication->parts[i].bytes);
    free(publication->parts);
    free(publication->incarnation);
    free(publication);
}

/* ---- the thread ---- */

/* Waits for `changed` until a deadline on the monotonic clock; the lock is held. */
static void
wait_changed(struct wf_publisher *publisher, int64_t deadline)
{
    struct timespec time = {.tv_sec = deadline / WF_SECOND, .tv_nsec = (deadline % WF_SECOND) * 1000};

    pthread_cond_timedwait(&publisher->changed, &publisher->lock, &time);
}

static void
drop_waiting(struct wf_publisher *publisher)
{
    while (publisher->waiting_count)
        wf_publication_free(publisher->waiting[--publisher->waiting_count]);
}

/* Serves errors that wait; nobody else does between publications. */
static void
poll_producers(struct wf_publisher *publisher)
{
    for (int i = 0; i < WF_PRODUCERS; i++)
        if (publisher->producers[i].kafka)
            rd_kafka_poll(publisher->producers[i].kafka, 0);
}

/* The next publication, or NULL to stop.  The lock is held. */
static struct wf_publication *
next_publication(struct wf_publisher *publisher)
{
    while (!publisher->stop && !publisher->waiting_count) {
        wait_changed(publisher, wf_clock_monotonic() + IDLE_POLL_MS * WF_MILLISECOND);
        /* A producer that is being remade has no business here: reset clears the state at its end. */
        if (!publisher->waiting_count && publisher->status.state != WF_PUBLISHER_FAILED)
            poll_producers(publisher);
    }
    if (publisher->stop)
        return NULL;
    publisher->current = publisher->waiting[0];
    publisher->status.busy_since = wf_clock_monotonic();
    publisher->waiting_count--;
    memmove(publisher->waiting, publisher->waiting + 1, publisher->waiting_count * sizeof *publisher->waiting);
    return publisher->current;
}

/* Notes what became of the current publication.  The lock is held. */
static void
note_published(struct wf_publisher *publisher, int64_t duration, size_t messages)
{
    const struct wf_publication *publication = publisher->current;

    for (size_t i = 0; i < publication->count; i++) {
        const struct wf_publication_part *part = &publication->parts[i];
        if (publisher->published_numbers[part->partition] < part->outbox_number)
            publisher->published_numbers[part->partition] = part->outbox_number;
    }
    publisher->status.published++;
    publisher->status.messages += messages;
    publisher->status.last_duration = duration;
    publisher->turn = (publisher->turn + 1) % WF_PRODUCERS;
    if (!publisher->waiting_count && publisher->status.state == WF_PUBLISHER_BUSY)
        publisher->status.state = WF_PUBLISHER_IDLE;
}

static void
note_failed(struct wf_publisher *publisher, const struct refusal *refusal, const struct wf_error *error)
{
    drop_waiting(publisher);
    publisher->status.state = WF_PUBLISHER_FAILED;
    publisher->status.error = *error;
    publisher->status.refused = refusal->refused;
    publisher->status.refused_partition = refusal->partition;
    publisher->status.refused_number = refusal->number;
    publisher->status.refused_index = refusal->index;
}

static void *
publisher_run(void *argument)
{
    struct wf_publisher *publisher = argument;
    struct wf_publication *publication;

    pthread_mutex_lock(&publisher->lock);
    while ((publication = next_publication(publisher))) {
        struct producer *producer = &publisher->producers[publisher->turn];
        struct refusal refusal = {0};
        struct wf_error error = {0};
        int64_t begin = wf_clock_monotonic();
        size_t messages = 0;
        bool ok;

        pthread_mutex_unlock(&publisher->lock);
        ok = publication_publish(producer, publication, &publisher->cancelled, &messages, &refusal, &error);
        pthread_mutex_lock(&publisher->lock);
        if (ok)
            note_published(publisher, wf_clock_monotonic() - begin, messages);
        else
            note_failed(publisher, &refusal, &error);
        publisher->current = NULL;
        publisher->status.busy_since = 0;
        pthread_cond_broadcast(&publisher->changed);
        pthread_mutex_unlock(&publisher->lock);
        wf_publication_free(publication);
        if (publisher->wake)
            publisher->wake(publisher->context);
        pthread_mutex_lock(&publisher->lock);
    }
    pthread_mutex_unlock(&publisher->lock);
    return NULL;
}

/* ---- open, reset, close ---- */

/* Opens and initializes the producers that are dead; all of them at first. */
static bool
revive(struct wf_publisher *publisher, const char *base_name, int64_t deadline, struct wf_error *reterr)
{
    for (int i = 0; i < WF_PRODUCERS; i++) {
        struct producer *producer = &publisher->producers[i];
        char id[sizeof producer->id];

        if (producer->kafka)
            continue;
        *id = '\0';
        if (publisher->transactional)
            snprintf(id, sizeof id, "%s-%c", base_name ? base_name : "", 'a' + i);
        if (!producer_open(publisher->settings, id, producer, reterr))
            return false;
        if (!producer_meet_all(producer, publisher->partitions, deadline, reterr) ||
            !producer_init(producer, deadline, reterr)) {
            producer_kill(producer);
            return false;
        }
    }
    return true;
}

bool
wf_publisher_fence(const struct wf_settings *settings, const char *base_name, int limit_ms, struct wf_error *reterr)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;

    for (int i = 0; i < WF_PRODUCERS; i++) {
        struct producer producer = {0};
        char id[sizeof producer.id];
        bool ok;

        snprintf(id, sizeof id, "%s-%c", base_name, 'a' + i);
        ok = producer_open(settings, id, &producer, reterr) && producer_init(&producer, deadline, reterr);
        producer_drop(&producer);
        if (!ok)
            return false;
    }
    return true;
}

static struct wf_publisher *
publisher_new(const struct wf_settings *settings, int32_t partitions)
{
    struct wf_publisher *publisher = calloc(1, sizeof *publisher);
    pthread_condattr_t attributes;

    if (!publisher || !(publisher->published_numbers = calloc((size_t)partitions, sizeof(int64_t))))
        exit(WF_EXIT_MEMORY);
    publisher->settings = settings;
    publisher->partitions = partitions;
    publisher->transactional = strcmp(settings->delivery, "exactly-once") == 0;
    for (int32_t i = 0; i < partitions; i++)
        publisher->published_numbers[i] = -1;
    atomic_init(&publisher->cancelled, false);
    pthread_mutex_init(&publisher->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&publisher->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return publisher;
}

static void
publisher_free(struct wf_publisher *publisher)
{
    drop_waiting(publisher);
    for (int i = 0; i < WF_PRODUCERS; i++)
        producer_drop(&publisher->producers[i]);
    pthread_cond_destroy(&publisher->changed);
    pthread_mutex_destroy(&publisher->lock);
    wf_arena_drop(&publisher->known_arena);
    free(publisher->published_numbers);
    free(publisher);
}

bool
wf_publisher_open(const struct wf_settings *settings, int32_t partitions, const char *base_name, int limit_ms,
                  void (*wake)(void *context), void *context, struct wf_publisher **ret_publisher,
                  struct wf_error *reterr)
{
    struct wf_publisher *publisher = publisher_new(settings, partitions);
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;
    int failed;

    publisher->wake = wake;
    publisher->context = context;
    if (!revive(publisher, base_name, deadline, reterr)) {
        publisher_free(publisher);
        return false;
    }
    failed = pthread_create(&publisher->thread, NULL, publisher_run, publisher);
    if (failed) {
        publisher_free(publisher);
        return wf_fail(reterr, WF_FATE_FATAL, "could not start a thread: %s", strerror(failed));
    }
    *ret_publisher = publisher;
    return true;
}

/*
 * Calls of librdkafka that have a limit may not return for all that: rd_kafka_send_offsets_to_transaction() of 2.0.2
 * waits for ever when the coordinator is lost at the wrong moment.  Only another process gets on then.
 */
static bool
fail_stuck(struct wf_publisher *publisher, struct wf_error *reterr)
{
    int64_t now = wf_clock_monotonic();

    if (!publisher->stuck_since)
        publisher->stuck_since = now;
    if (now - publisher->stuck_since < publisher->settings->watchdog_ms * WF_MILLISECOND)
        return wf_fail(reterr, WF_FATE_RETRY, "could not end the Kafka transaction in time");
    wf_fail(reterr, WF_FATE_FATAL, "Kafka's client library does not return from a transaction");
    if (reterr)
        reterr->exit_code = WF_EXIT_WATCHDOG;
    return false;
}

bool
wf_publisher_reset(struct wf_publisher *publisher, int limit_ms, struct wf_error *reterr)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;
    bool quiet;

    atomic_store(&publisher->cancelled, true);
    pthread_mutex_lock(&publisher->lock);
    drop_waiting(publisher);
    publisher->status.state = WF_PUBLISHER_FAILED; /* takes nothing until the end of this */
    publisher->status.refused = false;             /* the owner has seen it, or it comes again */
    while (publisher->current && wf_clock_monotonic() < deadline)
        wait_changed(publisher, deadline);
    quiet = !publisher->current;
    pthread_mutex_unlock(&publisher->lock);
    if (!quiet)
        return fail_stuck(publisher, reterr);
    publisher->stuck_since = 0;
    atomic_store(&publisher->cancelled, false);
    if (!revive(publisher, NULL, deadline, reterr))
        return false;

    pthread_mutex_lock(&publisher->lock);
    publisher->status = (struct wf_publisher_status){.messages = publisher->status.messages};
    for (int32_t i = 0; i < publisher->partitions; i++)
        publisher->published_numbers[i] = -1;
    pthread_mutex_unlock(&publisher->lock);
    return true;
}

bool
wf_publisher_close(struct wf_publisher *publisher, int limit_ms)
{
    struct timespec until;

    if (!publisher)
        return true;
    atomic_store(&publisher->cancelled, true);
    pthread_mutex_lock(&publisher->lock);
    publisher->stop = true;
    pthread_cond_broadcast(&publisher->changed);
    pthread_mutex_unlock(&publisher->lock);

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += limit_ms / 1000 + 1;
    if (pthread_timedjoin_np(publisher->thread, NULL, &until) != 0) {
        wf_log(WF_LOG_WARNING, "the publisher did not end in time", "limit_ms=%d", limit_ms);
        return false;
    }
    publisher_free(publisher);
    return true;
}

/* ---- the owner's side ---- */

/* The lock is held. */
static int
room(const struct wf_publisher *publisher)
{
    if (publisher->status.state == WF_PUBLISHER_FAILED)
        return 0;
    return WF_UNPUBLISHED_MAX - (int)publisher->waiting_count - (publisher->current ? 1 : 0);
}

int
wf_publisher_wait_room(struct wf_publisher *publisher, int limit_ms)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;
    int count;

    pthread_mutex_lock(&publisher->lock);
    while ((count = room(publisher)) == 0 && publisher->status.state == WF_PUBLISHER_BUSY &&
           wf_clock_monotonic() < deadline)
        wait_changed(publisher, deadline);
    pthread_mutex_unlock(&publisher->lock);
    return count;
}

int
wf_publisher_room(struct wf_publisher *publisher)
{
    return wf_publisher_wait_room(publisher, 0);
}

/* What would be published without fencing or without effect on the group is not published at all (EOS-8, EOS-9). */
static bool
publication_check(const struct wf_publisher *publisher, const struct wf_publication *publication,
                  struct wf_error *reterr)
{
    int topics = wf_kafka_command_topics(publisher->settings);

    if (!publication->generation)
        return wf_fail(reterr, WF_FATE_RETRY, "a publication has no group membership");
    if (!publication->count)
        return wf_fail(reterr, WF_FATE_FATAL, "a publication has no partition");
    for (size_t i = 0; i < publication->count; i++) {
        const struct wf_publication_part *part = &publication->parts[i];
        if (part->partition < 0 || part->partition >= publisher->partitions)
            return wf_fail(reterr, WF_FATE_FATAL, "a publication is for partition %d", part->partition);
        for (int topic = 0; topic < topics; topic++)
            if (part->positions[topic] < 0)
                return wf_fail(reterr, WF_FATE_FATAL, "a publication of partition %d lacks a position",
                               part->partition);
    }
    return true;
}

bool
wf_publisher_submit(struct wf_publisher *publisher, struct wf_publication *publication, struct wf_error *reterr)
{
    bool ok = publication_check(publisher, publication, reterr);

    if (ok) {
        pthread_mutex_lock(&publisher->lock);
        if (publisher->status.state == WF_PUBLISHER_FAILED) {
            ok = wf_fail(reterr, WF_FATE_RETRY, "the publisher has failed: %s", publisher->status.error.message);
        } else if (room(publisher) <= 0) {
            ok = wf_fail(reterr, WF_FATE_RETRY, "%d batches are unpublished", WF_UNPUBLISHED_MAX);
        } else {
            publisher->waiting[publisher->waiting_count++] = publication;
            publisher->status.submitted++;
            publisher->status.state = WF_PUBLISHER_BUSY;
            pthread_cond_broadcast(&publisher->changed);
        }
        pthread_mutex_unlock(&publisher->lock);
    }
    if (!ok)
        wf_publication_free(publication);
    return ok;
}

void
wf_publisher_status(struct wf_publisher *publisher, struct wf_publisher_status *ret_status)
{
    pthread_mutex_lock(&publisher->lock);
    *ret_status = publisher->status;
    pthread_mutex_unlock(&publisher->lock);
}

int64_t
wf_publisher_published_number(struct wf_publisher *publisher, int32_t partition)
{
    int64_t number = -1;

    pthread_mutex_lock(&publisher->lock);
    if (partition >= 0 && partition < publisher->partitions)
        number = publisher->published_numbers[partition];
    pthread_mutex_unlock(&publisher->lock);
    return number;
}

bool
wf_publisher_drain(struct wf_publisher *publisher, int limit_ms)
{
    int64_t deadline = wf_clock_monotonic() + limit_ms * WF_MILLISECOND;
    bool done;

    pthread_mutex_lock(&publisher->lock);
    while (publisher->status.state == WF_PUBLISHER_BUSY && wf_clock_monotonic() < deadline)
        wait_changed(publisher, deadline);
    done = publisher->status.state == WF_PUBLISHER_IDLE;
    pthread_mutex_unlock(&publisher->lock);
    return done;
}

bool
wf_publisher_topic_known(struct wf_publisher *publisher, const char *name, size_t length, int limit_ms, bool *ret_known,
                         struct wf_error *reterr)
{
    struct known_topic *topic = wf_map_get(&publisher->known, name, length);
    char text[WF_KAFKA_NAME_SIZE];
    int64_t now = wf_clock_monotonic();
    rd_kafka_topic_t *found = NULL;

    if (!wf_kafka_name_valid(name, length)) {
        *ret_known = false;
        return true;
    }
    if (topic && now < topic->until) {
        *ret_known = topic->known;
        return true;
    }
    if (publisher->known.count >= KNOWN_MAX) {
        wf_arena_drop(&publisher->known_arena);
        publisher->known = (struct wf_map){0};
        topic = NULL;
    }
    snprintf(text, sizeof text, "%.*s", (int)length, name);
    for (int i = 0; i < WF_PRODUCERS; i++) /* both, so that neither waits a second when it first writes there */
        if (!producer_meet(&publisher->producers[i], text, limit_ms, &found, reterr)) {
            *ret_known = topic && topic->known; /* the last answer counts until there is another */
            return *ret_known;
        }
    if (!topic) {
        topic = WF_ARENA_NEW(&publisher->known_arena, struct known_topic);
        wf_map_put_text(&publisher->known, &publisher->known_arena, wf_arena_strdup(&publisher->known_arena, text), topic);
    }
    *topic = (struct known_topic){.known = found != NULL,
                                  .until = now + (found ? KNOWN_SECONDS : UNKNOWN_SECONDS) * WF_SECOND};
    *ret_known = topic->known;
    return true;
}
