/*
 * publisher_test.c - one publication after the other, and every way in which one can fail (EOS-10, EOS-11, EOS-14).
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "mock.h"

static struct wf_error error;
static struct wf_publisher_status status;

static struct wf_publisher *
publisher_open(struct mock *mock)
{
    struct wf_publisher *publisher = NULL;

    mock_open(mock, WF_TOPIC_COUNT);
    cr_assert(
        wf_publisher_open(&mock->settings, MOCK_PARTITIONS, "workflow-db-0", 10000, NULL, NULL, &publisher, &error),
        "%s", error.message);
    return publisher;
}

static void
publisher_close(struct mock *mock, struct wf_publisher *publisher)
{
    wf_publisher_close(publisher, 5000);
    mock_close(mock);
}

/* Submits and waits for the end; whether it was published. */
static bool
publish(struct wf_publisher *publisher, struct wf_publication *publication)
{
    bool done;

    cr_assert(wf_publisher_submit(publisher, publication, &error), "%s", error.message);
    done = wf_publisher_drain(publisher, 20000);
    wf_publisher_status(publisher, &status);
    return done;
}

static void
recover(struct wf_publisher *publisher)
{
    cr_assert_eq(status.state, WF_PUBLISHER_FAILED);
    cr_assert_eq(wf_publisher_room(publisher), 0);
    cr_assert(wf_publisher_reset(publisher, 30000, &error), "%s", error.message);
    cr_assert_eq(wf_publisher_published_number(publisher, 0), -1);
    cr_assert(publish(publisher, mock_publication(2, 5, 99)), "%s", status.error.message);
    cr_assert_eq(wf_publisher_published_number(publisher, 0), 99);
}

Test(publisher, publishes_in_turn_and_counts)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    cr_assert_eq(wf_publisher_room(publisher), WF_UNPUBLISHED_MAX);
    cr_assert_eq(wf_publisher_published_number(publisher, 1), -1);
    for (int64_t number = 1; number <= 10; number++) {
        while (!wf_publisher_room(publisher))
            wf_kafka_sleep_ms(1);
        cr_assert(wf_publisher_submit(publisher, mock_publication(2, 50, number), &error), "%s", error.message);
    }
    cr_assert(wf_publisher_drain(publisher, 20000));
    wf_publisher_status(publisher, &status);
    cr_assert_eq(status.state, WF_PUBLISHER_IDLE);
    cr_assert_eq(status.published, 10);
    cr_assert_eq(status.messages, 1000);
    cr_assert_eq(wf_publisher_published_number(publisher, 1), 10);
    cr_assert_eq(wf_publisher_published_number(publisher, 2), -1);
    cr_assert(publish(publisher, mock_publication(1, 0, 11)), "offsets alone");
    publisher_close(&mock, publisher);
}

Test(publisher, what_cannot_be_fenced_or_committed_is_not_taken)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);
    struct wf_publication *publication = mock_publication(1, 1, 1);

    publication->parts[0].positions[WF_TOPIC_COMMAND_GET] = -1; /* EOS-9 */
    cr_assert(!wf_publisher_submit(publisher, publication, &error));
    publication = mock_publication(1, 1, 1);
    wf_generation_release(publication->generation);
    publication->generation = NULL;
    cr_assert(!wf_publisher_submit(publisher, publication, &error));
    publication = mock_publication(1, 1, 1);
    publication->parts[0].partition = MOCK_PARTITIONS;
    cr_assert(!wf_publisher_submit(publisher, publication, &error));
    publisher_close(&mock, publisher);
}

Test(publisher, retriable_errors_are_repeated)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    rd_kafka_mock_push_request_errors(mock.cluster, API_ADD_PARTITIONS, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    rd_kafka_mock_push_request_errors(mock.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    rd_kafka_mock_push_request_errors(mock.cluster, API_TXN_OFFSET_COMMIT, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    rd_kafka_mock_push_request_errors(mock.cluster, API_END_TXN, 1, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    cr_assert(publish(publisher, mock_publication(2, 5, 1)), "%s", status.error.message);
    publisher_close(&mock, publisher);
}

/* A worker that was replaced: EOS-8. */
Test(publisher, stale_membership_aborts_and_drops_what_waits)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    rd_kafka_mock_push_request_errors(mock.cluster, API_TXN_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    cr_assert(wf_publisher_submit(publisher, mock_publication(2, 5, 1), &error));
    (void)!wf_publisher_submit(publisher, mock_publication(2, 5, 2), &error);
    cr_assert(!wf_publisher_drain(publisher, 20000));
    wf_publisher_status(publisher, &status);
    cr_assert_eq(status.published, 0);
    cr_assert_eq(status.error.fate, WF_FATE_RETRY);
    cr_assert(!status.refused);
    cr_assert(!wf_publisher_submit(publisher, mock_publication(1, 1, 3), &error), "failed until it is reset");
    recover(publisher);
    publisher_close(&mock, publisher);
}

Test(publisher, a_fenced_producer_is_remade)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    rd_kafka_mock_push_request_errors(mock.cluster, API_ADD_PARTITIONS, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    cr_assert(!publish(publisher, mock_publication(2, 5, 1)));
    recover(publisher);
    rd_kafka_mock_push_request_errors(mock.cluster, API_END_TXN, 1, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    cr_assert(!publish(publisher, mock_publication(2, 5, 2)));
    recover(publisher);
    publisher_close(&mock, publisher);
}

/* EOS-14 */
Test(publisher, says_which_message_kafka_refuses)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);
    struct wf_publication *publication = mock_publication(3, 4, 1);
    struct wf_message message = {.topic = WF_TOPIC_STATE_TASK, .partition = 1, .value = {"{}", 2}};
    struct wf_buf buf = {0};

    wf_message_encode(&message, &buf);
    message.value = (struct wf_slice){calloc(1, 40000000), 40000000};
    wf_message_encode(&message, &buf);
    free((void *)message.value.data);
    free(publication->parts[1].bytes);
    publication->parts[1].bytes = buf.data;
    publication->parts[1].length = buf.length;

    cr_assert(!publish(publisher, publication));
    cr_assert(status.refused);
    cr_assert_eq(status.error.fate, WF_FATE_FATAL);
    cr_assert_eq(status.refused_partition, 1);
    cr_assert_eq(status.refused_number, 1);
    cr_assert_eq(status.refused_index, 1);
    recover(publisher);
    publisher_close(&mock, publisher);
}

Test(publisher, a_broken_outbox_row_is_fatal)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);
    struct wf_publication *publication = mock_publication(1, 3, 1);

    publication->parts[0].length -= 1;
    cr_assert(!publish(publisher, publication));
    cr_assert_eq(status.error.fate, WF_FATE_FATAL);
    cr_assert(!status.refused);
    recover(publisher);
    publisher_close(&mock, publisher);
}

Test(publisher, survives_kafka_being_away)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    cr_assert(publish(publisher, mock_publication(2, 5, 1)));
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    cr_assert(!publish(publisher, mock_publication(2, 5, 2)), "nothing can be published");
    cr_assert_eq(status.error.fate, WF_FATE_RETRY);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    recover(publisher);
    publisher_close(&mock, publisher);
}

Test(publisher, cannot_open_while_kafka_is_away)
{
    struct mock mock;
    struct wf_publisher *publisher = NULL;

    mock_open(&mock, WF_TOPIC_COUNT);
    mock.settings.brokers = "127.0.0.1:1";
    cr_assert(!wf_publisher_open(&mock.settings, MOCK_PARTITIONS, "x", 500, NULL, NULL, &publisher, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    cr_assert(!wf_publisher_fence(&mock.settings, "x", 500, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    mock_close(&mock);
}

Test(publisher, state_topics_have_the_partitions_of_the_commands)
{
    struct mock mock;
    struct wf_publisher *publisher = NULL;

    mock_open(&mock, WF_TOPIC_STATE_INSTANCE);
    cr_assert(!wf_publisher_open(&mock.settings, MOCK_PARTITIONS, "x", 5000, NULL, NULL, &publisher, &error));
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    cr_assert_eq(error.exit_code, WF_EXIT_BUS);
    cr_assert(strstr(error.message, "workflow.state.instance"), "%s", error.message);
    mock_close(&mock);
}

Test(publisher, reset_gives_up_what_is_under_way)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 300);
    cr_assert(wf_publisher_submit(publisher, mock_publication(2, 5, 1), &error));
    (void)!wf_publisher_submit(publisher, mock_publication(2, 5, 2), &error);
    cr_assert(wf_publisher_reset(publisher, 30000, &error), "%s", error.message);
    wf_publisher_status(publisher, &status);
    cr_assert_eq(status.state, WF_PUBLISHER_IDLE);
    cr_assert_eq(status.submitted, 0);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0);
    cr_assert(publish(publisher, mock_publication(2, 5, 1)), "%s", status.error.message);
    publisher_close(&mock, publisher);
}

Test(publisher, knows_topics)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);
    bool known = false;

    rd_kafka_mock_topic_create(mock.cluster, "workflow.job.mail", 2, 1);
    rd_kafka_mock_topic_set_error(mock.cluster, "workflow.job.none", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    cr_assert(wf_publisher_topic_known(publisher, "workflow.job.mail", 17, 5000, &known, &error), "%s", error.message);
    cr_assert(known);
    cr_assert(wf_publisher_topic_known(publisher, "workflow.job.none", 17, 5000, &known, &error), "%s", error.message);
    cr_assert(!known);
    cr_assert(wf_publisher_topic_known(publisher, "not a topic", 11, 5000, &known, &error));
    cr_assert(!known);
    publisher_close(&mock, publisher);
}

/* librdkafka 2.0.2 can stay in a transactional call for ever; a process that it happens to ends itself. */
Test(publisher, a_call_that_does_not_return_ends_the_worker)
{
    struct mock mock;
    struct wf_publisher *publisher = publisher_open(&mock);

    mock.settings.watchdog_ms = 1;
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 8000);
    cr_assert(wf_publisher_submit(publisher, mock_publication(1, 1, 1), &error), "%s", error.message);
    cr_assert_not(wf_publisher_drain(publisher, 20), "it takes longer than that");
    cr_assert_not(wf_publisher_reset(publisher, 20, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    cr_assert_not(wf_publisher_reset(publisher, 20, &error));
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    cr_assert_eq(error.exit_code, WF_EXIT_WATCHDOG);

    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0);
    wf_publisher_status(publisher, &status);
    recover(publisher);
    publisher_close(&mock, publisher);
}
