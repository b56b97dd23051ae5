/* Commands to other instances and engines: what is on the bus, read back (section 9). */
#include <criterion/criterion.h>

#include "codec/request.h"
#include "support.h"

#define HOME "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07"
#define THERE "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b08"
#define REQUESTER "{\"engine\":\"workflow\",\"instance_id\":\"" HOME "\",\"task_id\":\"" HOME ":2\"}"

static struct wf_instance instance;
static struct wf_command cause;
static struct wf_request request;
static struct wf_buf outbox;

static void
setup(void)
{
    support_open();
    cause = (struct wf_command){.id = "c-3"};
    instance = (struct wf_instance){.position = 7, .state = WF_INSTANCE_RUNNING};
    cr_assert(wf_uuid_parse(THERE, WF_UUID_TEXT, &instance.instance_id));
    request = (struct wf_request){.kind = WF_REQUEST_NOTIFY, .about = instance.instance_id,
                                  .state = WF_INSTANCE_CANCELLED, .code = "instance_exists", .detail = "there is one",
                                  .requester = REQUESTER};
}

static void
teardown(void)
{
    wf_buf_drop(&outbox);
    support_close();
}

TestSuite(request, .init = setup, .fini = teardown);

/* The message that the request becomes. */
static struct wf_message
encode(void)
{
    struct wf_request_target target;

    cr_assert(wf_request_target(&codec, &request, &target));
    wf_buf_clear(&outbox);
    wf_request_encode(&codec, &request, &target, &cause, 0, &outbox);
    return message_of(&outbox);
}

/* A member of the data's `remote`, or of the data itself. */
static const char *
data_text(const char *object, const char *member)
{
    cJSON *data = data_of(&outbox);
    const cJSON *at = object ? cJSON_GetObjectItem(data, object) : data;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(at, member));

    text = text ? wf_arena_strdup(&arena, text) : NULL;
    cJSON_Delete(data);
    return text;
}

/* ENG-2: a start that is refused since its instance exists is answered for, in whatever form the requester was kept. */
Test(request, a_start_that_came_before)
{
    instance.requester = "{\"engine\": \"workflow\", \"task_id\": \"" HOME ":2\", \"instance_id\": \"" HOME "\"}";
    request.exists = &instance;
    struct wf_message message = encode();
    cr_expect_str_eq(header_of(&message, "ce_id"), THERE "/7/again");
    cr_expect_str_eq(data_text("remote", "state"), "running");
    cr_expect_null(data_text("incident", "code"));

    instance.requester = "{\"engine\":\"workflow\",\"task_id\":\"" HOME ":3\"}"; /* another one's */
    message = encode();
    cr_expect_str_eq(header_of(&message, "ce_id"), THERE "/rejected");
    cr_expect_str_eq(data_text("incident", "code"), "instance_exists");
}

/* EOS-21: what a restored database says under an id may differ from what it said before. */
Test(request, restored)
{
    request.code = NULL;
    request.position = 7;
    struct wf_message message = encode();
    cr_expect_str_eq(header_of(&message, "ce_id"), THERE "/7/notify");
    codec.incarnation = "second-life";
    message = encode();
    cr_expect_str_eq(header_of(&message, "ce_id"), THERE "/7/notify/second-life");
    cr_expect_str_eq(header_of(&message, "ce_incarnation"), "second-life");
}

static struct wf_message
start_to(const char *topic, const char *value)
{
    return (struct wf_message){.topic = WF_TOPIC_NAMED, .name = {topic, strlen(topic)}, .value = {value, strlen(value)}};
}

/* EOS-14: Kafka does not take a start: the task is told as if the other engine had refused it. */
Test(request, not_sent)
{
    static const char start[] = "{\"process_id\":\"q\",\"instance_id\":\"" THERE "\",\"requester\":" REQUESTER "}";
    struct wf_message refused = start_to("north.command.init-instance", start);

    wf_request_refused_encode(&codec, &refused, "no right to write", 0, &outbox);
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_COMMAND_CONTROL);
    cr_expect_str_eq(data_text(NULL, "task_id"), HOME ":2");
    cr_expect_str_eq(data_text("remote", "engine"), "north");
    cr_expect_str_eq(data_text("remote", "instance_id"), THERE);
    cr_expect_str_eq(data_text("incident", "code"), "not_sent");
    cr_expect_str_eq(data_text("incident", "detail"), "no right to write");
}

/* ... and nobody is told of anything else. */
Test(request, not_sent_but_no_start)
{
    static const char other[] = "{\"instance_id\":\"" THERE "\",\"requester\":{\"engine\":\"east\",\"task_id\":\"" HOME ":2\"}}";
    struct wf_message refused[] = {
        start_to("north.command.control", "{\"operation\":\"notify\"}"), start_to("north.command.init-instance", other),
        start_to("north.command.init-instance", "{\"instance_id\":\"x\",\"requester\":" REQUESTER "}"),
        start_to("north.command.init-instance", "not JSON"), start_to("command.init-instance", "{}"),
        {.topic = WF_TOPIC_STATE_TASK, .value = {"{}", 2}}};

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        wf_request_refused_encode(&codec, &refused[i], "too large", 0, &outbox);
        cr_expect_eq(outbox.length, 0, "%zu", i);
    }
}
