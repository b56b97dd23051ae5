/*
 * consumer_test.c - membership, late begins, seeks, waiting, questions.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "mock.h"

#define LONG (30 * WF_SECOND) /* for what is to happen at once, on a busy machine */

static struct wf_error error;
static bool caught_up; /* as the last call of wf_consumer_take() said */

struct member {
    struct mock mock;
    struct wf_consumer *consumer;
    int32_t numbers[MOCK_PARTITIONS + 1];
    size_t count;
    int assigned, revoked, lost;
    int next; /* the number that the next record of partition 0 must bear */
};

static void
on_assigned(void *context, const int32_t *partitions, size_t count)
{
    struct member *member = context;

    memcpy(member->numbers, partitions, count * sizeof *partitions);
    member->count = count;
    member->assigned++;
}

static void
on_revoked(void *context)
{
    ((struct member *)context)->revoked++;
}

static void
on_lost(void *context)
{
    ((struct member *)context)->lost++;
}

static bool
member_open(struct member *member, int32_t partitions, int limit_ms)
{
    struct wf_consumer_listener listener = {member, on_assigned, on_revoked, on_lost};

    return wf_consumer_open(&member->mock.settings, 0, partitions, &listener, limit_ms, &member->consumer, &error);
}

static void
member_wait_assigned(struct member *member)
{
    int64_t limit = wf_clock_monotonic() + LONG;

    while (!member->assigned && wf_clock_monotonic() < limit) {
        wf_consumer_poll(member->consumer);
        wf_consumer_wait(member->consumer, false, 100);
    }
    cr_assert(member->assigned, "no partition was assigned");
}

static void
member_join(struct member *member)
{
    mock_open(&member->mock, WF_TOPIC_COUNT);
    cr_assert(member_open(member, MOCK_PARTITIONS, 30000), "%s", error.message);
    member_wait_assigned(member);
    cr_assert_eq(member->count, MOCK_PARTITIONS);
}

static void
member_close(struct member *member)
{
    wf_consumer_close(member->consumer, 5000);
    mock_close(&member->mock);
}

static void
begin_at(struct member *member, int32_t partition, int64_t offset)
{
    int64_t positions[WF_COMMAND_TOPICS] = {offset};

    wf_consumer_begin(member->consumer, partition, positions);
}

/* Takes until the next record of partition 0 is `until`; each must bear the number that follows the last. */
static void
take_until(struct member *member, int until, size_t limit)
{
    struct wf_record records[64];
    int64_t give_up = wf_clock_monotonic() + LONG;
    size_t count;

    while (member->next < until && wf_clock_monotonic() < give_up) {
        wf_consumer_poll(member->consumer);
        size_t most = (size_t)(until - member->next) < limit ? (size_t)(until - member->next) : limit;
        cr_assert(wf_consumer_take(member->consumer, 0, WF_TOPIC_COMMAND_END, most, records, &count, &caught_up, &error));
        for (size_t i = 0; i < count; i++) {
            cr_assert_eq(atoll(records[i].value.data), member->next, "lost or repeated at %d", member->next);
            cr_assert_eq(records[i].header_count, 1);
            cr_assert(records[i].timestamp > 0);
            member->next++;
        }
        wf_records_release(records, count);
        if (!count)
            wf_consumer_wait(member->consumer, true, 100);
    }
    cr_assert_eq(member->next, until);
}

Test(consumer, waits_no_longer_than_asked_while_kafka_is_away)
{
    struct member member = {0};
    int64_t begin;

    mock_open(&member.mock, WF_TOPIC_COUNT);
    member.mock.settings.brokers = "127.0.0.1:1";
    begin = wf_clock_monotonic();
    cr_assert(!member_open(&member, MOCK_PARTITIONS, 500));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    cr_assert(wf_clock_monotonic() - begin < LONG);
    mock_close(&member.mock);
}

/* EOS-7 */
Test(consumer, unequal_partition_counts_are_fatal)
{
    struct member member = {0};

    mock_open(&member.mock, WF_TOPIC_COMMAND_INIT);
    cr_assert(!member_open(&member, MOCK_PARTITIONS, 30000));
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    cr_assert_eq(error.exit_code, WF_EXIT_BUS);
    cr_assert(strstr(error.message, "\"workflow.command.init-instance\" has 5 partitions instead of 4"), "%s",
              error.message);
    mock_close(&member.mock);
}

Test(consumer, nothing_is_lost_or_repeated_by_late_begins_and_seeks)
{
    struct member member = {0};

    member_join(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 0, 0, 1000);
    begin_at(&member, 0, 0);
    take_until(&member, 200, 50);
    begin_at(&member, 1, 0); /* assigns 0 anew, at 200 */
    take_until(&member, 500, 7);
    wf_consumer_halt(member.consumer, 1);
    take_until(&member, 700, 64);
    member.next = 100;
    begin_at(&member, 0, 100); /* a rollback */
    take_until(&member, 1000, 64);
    member_close(&member);
    cr_assert_eq(member.revoked, 1);
    cr_assert_eq(member.lost, 0);
}

Test(consumer, it_is_known_when_the_end_was_reached)
{
    struct member member = {0};
    struct wf_record record;
    int64_t give_up = wf_clock_monotonic() + LONG;
    size_t count;

    member_join(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 0, 0, 10);
    begin_at(&member, 0, 0);
    take_until(&member, 9, 1);
    cr_assert(!caught_up, "one record is left");
    take_until(&member, 10, 1);
    while (!caught_up && wf_clock_monotonic() < give_up) {
        wf_consumer_wait(member.consumer, true, 100);
        cr_assert(wf_consumer_take(member.consumer, 0, WF_TOPIC_COMMAND_END, 1, &record, &count, &caught_up, &error));
    }
    cr_assert(caught_up);
    begin_at(&member, 0, 5);
    member.next = 5;
    take_until(&member, 6, 1);
    cr_assert(!caught_up, "that was another beginning");
    member_close(&member);
}

Test(consumer, nothing_is_taken_before_the_partition_is_begun)
{
    struct member member = {0};
    struct wf_record records[4];
    size_t count = 9;

    member_join(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 0, 0, 10);
    for (int i = 0; i < 10; i++) {
        wf_consumer_poll(member.consumer);
        cr_assert(wf_consumer_take(member.consumer, 0, WF_TOPIC_COMMAND_END, 4, records, &count, &caught_up, &error));
        cr_assert_eq(count, 0);
        wf_consumer_wait(member.consumer, true, 20);
    }
    cr_assert(wf_consumer_take(member.consumer, 77, WF_TOPIC_COMMAND_END, 4, records, &count, &caught_up, &error));
    cr_assert_eq(count, 0);
    member_close(&member);
}

Test(consumer, one_topic_for_all_commands)
{
    struct member member = {0};

    mock_open(&member.mock, WF_TOPIC_COUNT);
    member.mock.settings.command_topic = "workflow.command.control";
    cr_assert(member_open(&member, 0, 30000), "%s", error.message);
    cr_assert_eq(wf_consumer_topics(member.consumer), 1);
    cr_assert_eq(wf_consumer_partitions(member.consumer), MOCK_PARTITIONS);
    member_wait_assigned(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_GET, 0, 0, 10);
    begin_at(&member, 0, 0);
    take_until(&member, 10, 64);
    member_close(&member);
}

Test(consumer, wait_ends_by_wake_and_by_a_record_if_asked)
{
    struct member member = {0};
    int64_t begin;

    member_join(&member);
    begin_at(&member, 0, 0);
    wf_consumer_poll(member.consumer);
    wf_consumer_wake(member.consumer);
    begin = wf_clock_monotonic();
    wf_consumer_wait(member.consumer, true, 60000);
    cr_assert(wf_clock_monotonic() - begin < LONG);

    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 0, 0, 10);
    for (int i = 0; i < 5; i++) /* old wake-ups may be left */
        wf_consumer_wait(member.consumer, true, 1000);
    begin = wf_clock_monotonic();
    wf_consumer_wait(member.consumer, true, 60000);
    cr_assert(wf_clock_monotonic() - begin < LONG, "records wait, and it waited");
    wf_consumer_wait(member.consumer, false, 0);
    begin = wf_clock_monotonic();
    wf_consumer_wait(member.consumer, false, 300);
    cr_assert(wf_clock_monotonic() - begin >= 250 * WF_MILLISECOND, "was not to look at records");
    member_close(&member);
}

Test(consumer, membership_is_captured_at_the_assignment)
{
    struct member member = {0};
    struct wf_generation *generation = NULL;

    mock_open(&member.mock, WF_TOPIC_COUNT);
    cr_assert(member_open(&member, MOCK_PARTITIONS, 30000), "%s", error.message);
    cr_assert(!wf_consumer_generation(member.consumer, &generation, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    member_wait_assigned(&member);
    cr_assert(wf_consumer_generation(member.consumer, &generation, &error), "%s", error.message);
    cr_assert(wf_generation_number(generation) >= 0);
    member_close(&member);
    wf_generation_release(generation); /* outlives the consumer */
}

/* EOS-12 */
Test(consumer, committed_number_none_and_unstable)
{
    struct member member = {0};
    enum wf_committed state;
    char incarnation[WF_INCARNATION_SIZE];
    int64_t number = -7;

    member_join(&member);
    cr_assert(wf_consumer_committed_number(member.consumer, 0, 30000, &state, incarnation, &number, &error), "%s",
              error.message);
    cr_assert_eq(state, WF_COMMITTED_NONE);
    cr_assert_eq(number, -7);

    rd_kafka_resp_err_t unstable[20];
    for (int i = 0; i < 20; i++)
        unstable[i] = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    rd_kafka_mock_push_request_errors_array(member.mock.cluster, API_OFFSET_FETCH, 20, unstable);
    cr_assert(wf_consumer_committed_number(member.consumer, 0, 300, &state, incarnation, &number, &error), "%s",
              error.message);
    cr_assert_eq(state, WF_COMMITTED_UNSTABLE);
    rd_kafka_mock_clear_request_errors(member.mock.cluster, API_OFFSET_FETCH);

    rd_kafka_mock_push_request_errors(member.mock.cluster, API_OFFSET_FETCH, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    cr_assert(!wf_consumer_committed_number(member.consumer, 0, 30000, &state, incarnation, &number, &error));
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    cr_assert_eq(error.exit_code, WF_EXIT_BUS);
    member_close(&member);
}

/* EOS-19 */
Test(consumer, watermarks_and_record_times)
{
    struct member member = {0};
    int64_t low, high;
    struct wf_record_time times[] = {
        {.topic = WF_TOPIC_COMMAND_END, .partition = 2, .offset = 4},
        {.topic = WF_TOPIC_COMMAND_END, .partition = 3, .offset = 4},
        {.topic = WF_TOPIC_COMMAND_GET, .partition = 2, .offset = -1},
    };

    member_join(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 2, 0, 10);
    cr_assert(wf_consumer_watermarks(member.consumer, WF_TOPIC_COMMAND_END, 2, 30000, &low, &high, &error), "%s",
              error.message);
    cr_assert_eq(low, 0);
    cr_assert_eq(high, 10);
    cr_assert(wf_consumer_record_times(member.consumer, times, 3, 30000, &error), "%s", error.message);
    cr_assert(times[0].found);
    cr_assert(times[0].timestamp > wf_clock_now() - 60 * WF_SECOND);
    cr_assert(!times[1].found);
    cr_assert(!times[2].found);
    member_close(&member);
}

Test(consumer, a_position_that_is_gone_halts_its_partition_alone)
{
    struct member member = {0};
    struct wf_record records[4];
    int64_t give_up = wf_clock_monotonic() + LONG;
    size_t count;
    bool ok = true;

    member_join(&member);
    mock_fill(&member.mock, WF_TOPIC_COMMAND_END, 0, 0, 10);
    begin_at(&member, 1, 1000000);
    while (ok && wf_clock_monotonic() < give_up) {
        wf_consumer_poll(member.consumer);
        for (int topic = WF_COMMAND_TOPICS - 1; ok && topic >= 0; topic--)
            ok = wf_consumer_take(member.consumer, 1, (enum wf_topic)topic, 4, records, &count, &caught_up, &error);
        wf_consumer_wait(member.consumer, true, 100);
    }
    cr_assert(!ok);
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    begin_at(&member, 0, 0);
    take_until(&member, 10, 64);
    member_close(&member);
}
