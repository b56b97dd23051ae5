/*
 * kafka_test.c - configurations, names, group metadata.
 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "mock.h"

static bool
conf_with_file(const char *content, struct wf_error *reterr)
{
    static const struct wf_kafka_property none[] = {{NULL, NULL}};
    char path[] = "/tmp/pawl-kafka-conf-XXXXXX";
    struct wf_settings settings = {.brokers = "localhost:1", .kafka_config = path, .prefix = "w", .command_topic = ""};
    rd_kafka_conf_t *conf = NULL;
    int fd = mkstemp(path);
    bool ok;

    cr_assert(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    ok = wf_kafka_conf(&settings, none, &conf, reterr);
    unlink(path);
    if (ok) {
        char value[64];
        size_t size = sizeof value;
        cr_assert_eq(rd_kafka_conf_get(conf, "socket.nagle.disable", value, &size), RD_KAFKA_CONF_OK);
        cr_assert_str_eq(value, "true");
        rd_kafka_conf_destroy(conf);
    }
    return ok;
}

Test(kafka, config_file_is_read)
{
    struct wf_error error = {0};

    cr_assert(conf_with_file("# TLS\n\n security.protocol = ssl \nssl.ca.location=/etc/ca.pem\n", &error), "%s",
              error.message);
}

Test(kafka, config_file_cannot_touch_the_protocol)
{
    struct wf_error error = {0};

    cr_assert(!conf_with_file("client.id=x\nisolation.level=read_uncommitted\n", &error));
    cr_assert_eq(error.fate, WF_FATE_FATAL);
    cr_assert_eq(error.exit_code, WF_EXIT_USAGE);
    cr_assert(strstr(error.message, ":2: \"isolation.level\""), "%s", error.message);
}

Test(kafka, config_file_with_an_unknown_line_fails)
{
    struct wf_error error = {0};

    cr_assert(!conf_with_file("no.such.property=1\n", &error));
    cr_assert_eq(error.exit_code, WF_EXIT_USAGE);
    cr_assert(!conf_with_file("gibberish\n", &error));
    cr_assert(strstr(error.message, "not key=value"), "%s", error.message);
}

Test(kafka, names)
{
    struct wf_settings settings = {.prefix = "w", .command_topic = "", .group = ""};
    char name[WF_KAFKA_NAME_SIZE], group[WF_GROUP_SIZE];

    cr_assert_str_eq(wf_kafka_topic_name(&settings, WF_TOPIC_COMMAND_GET, name), "w.command.get-task");
    cr_assert_str_eq(wf_kafka_topic_name(&settings, WF_TOPIC_OUTCOME, name), "w.outcome");
    cr_assert_str_eq(wf_settings_group(settings.group, settings.prefix, 0, group), "w-worker");
    cr_assert_str_eq(wf_settings_group(settings.group, settings.prefix, 1, group), "w-worker-1");
    cr_assert_eq(wf_kafka_command_topics(&settings), WF_COMMAND_TOPICS);
    settings.command_topic = "w.commands";
    settings.group = "mine";
    cr_assert_str_eq(wf_kafka_topic_name(&settings, WF_TOPIC_COMMAND_GET, name), "w.commands");
    cr_assert_str_eq(wf_settings_group(settings.group, settings.prefix, 0, group), "mine");
    cr_assert_str_eq(wf_settings_group(settings.group, settings.prefix, 2, group), "mine-2");
    cr_assert_eq(wf_kafka_command_topics(&settings), 1);

    cr_assert(wf_kafka_name_valid("w.job.send-mail_1", 17));
    cr_assert(!wf_kafka_name_valid("", 0));
    cr_assert(!wf_kafka_name_valid("..", 2));
    cr_assert(!wf_kafka_name_valid("a/b", 3));
    cr_assert(!wf_kafka_name_valid("a\0b", 3));
}

/* EOS-8: the broker takes generation -1 for "do not check". */
Test(kafka, generation_is_checked)
{
    struct wf_generation *generation = mock_generation();
    struct wf_error error = {0};

    cr_assert_eq(wf_generation_number(generation), 1);
    wf_generation_release(wf_generation_ref(generation));
    wf_generation_release(generation);

    cr_assert(!wf_generation_new(rd_kafka_consumer_group_metadata_new("g"), &generation, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    cr_assert(
        !wf_generation_new(rd_kafka_consumer_group_metadata_new_with_genid("g", 3, "", NULL), &generation, &error));
    cr_assert(
        !wf_generation_new(rd_kafka_consumer_group_metadata_new_with_genid("g", -1, "m", NULL), &generation, &error));
}
