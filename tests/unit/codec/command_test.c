/* Commands: every operation, every example of the schemas, and what must be refused. */
#include <criterion/criterion.h>

#include "codec/operation.h"
#include "support.h"

#define INSTANCE "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07"
#define OTHER "0193f2c4-9d42-7e11-8f03-5a7c9e1d3b28"

TestSuite(command, .init = support_open, .fini = support_close);

static enum wf_operation example_operation;

/* A text member of the data must be in the command. */
static void
expect_member(const char *path, const cJSON *data, const char *name, const char *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, name);

    if (item)
        cr_expect(value && strcmp(item->valuestring, value) == 0, "%s: %s is %s", path, name, value);
}

static void
valid_example(const char *path, const char *text)
{
    cJSON *data = cJSON_Parse(text);
    const cJSON *task;
    char uuid[WF_UUID_TEXT + 1];

    cr_assert(decode(example_operation, text), "%s: %s", path, refusal.detail);
    const struct wf_command *command = &decoded.command;
    cr_expect_eq(command->operation, example_operation);
    expect_member(path, data, "staff_id", command->staff_id);
    expect_member(path, data, "executor_id", command->executor_id);
    expect_member(path, data, "grantor_id", command->grantor_id);
    expect_member(path, data, "actor", command->actor);
    expect_member(path, data, "reason", command->reason);
    expect_member(path, data, "process_id", command->process_id);
    expect_member(path, data, "act_id", command->act_id);
    expect_member(path, data, "entity_id", command->entity_id);
    expect_member(path, data, "completion_flag", command->completion_flag);
    expect_member(path, data, "notifyto", command->notifyto);
    expect_member(path, data, "to_staff_id", command->to_staff_id);
    expect_member(path, data, "start", command->start_act_id);
    expect_member(path, data, "incident_id", command->incident_id);
    wf_uuid_format(&command->instance_id, uuid);
    expect_member(path, data, "instance_id", uuid);
    task = cJSON_GetObjectItemCaseSensitive(data, "task_id");
    expect_member(path, data, "task_id",
                  task ? wf_arena_printf(&arena, "%s:%d", uuid, command->task_n) : NULL);
    wf_decoded_drop(&decoded);
    cJSON_Delete(data);
}

static void
invalid_example(const char *path, const char *text)
{
    if (decode(example_operation, text)) { /* or it is a command, but another one */
        cr_expect_neq(decoded.command.operation, example_operation, "%s was taken", path);
        return;
    }
    cr_expect(refusal.code == WF_CODE_INVALID_COMMAND || refusal.code == WF_CODE_UNKNOWN_OPERATION);
    cr_expect_str_eq(refusal.command.id,
                     wf_arena_printf(&arena, "workflow.%s/3/1042",
                                     wf_topic_suffix(wf_operation_topic(example_operation))));
}

/* The examples of the schemas and the decoder must agree (BUS-5). */
Test(command, examples)
{
    for (int i = 0; !wf_operation_own((enum wf_operation)i); i++) {
        example_operation = (enum wf_operation)i;
        const char *folder = wf_arena_printf(&arena, "schemas/examples/%s", wf_operation_name(example_operation));
        cr_expect_gt(each_example(folder, valid_example), 0, "%s is empty", folder);
        each_example(wf_arena_printf(&arena, "%s/invalid", folder), invalid_example);
    }
}

Test(command, init_instance)
{
    cr_assert(decode(WF_OP_INIT_INSTANCE,
                     "{\"process_id\":\"p\",\"version\":2,\"entity_id\":\"NE-7/1042\",\"hops\":1,"
                     "\"variables\":{\"big\": 12345678901234567890.50},\"later\":[1,2]}"));
    const struct wf_command *command = &decoded.command;
    cr_expect_eq(command->version, 2);
    cr_expect_eq(command->hops, 1);
    cr_expect_not(command->has_instance_id);
    cr_expect_not(command->id_given);
    cr_expect_str_eq(command->id, "workflow.command.init-instance/3/1042");
    cr_expect_str_eq(command->variables, "{\"big\": 12345678901234567890.50}", "every digit is kept");
    char text[WF_UUID_TEXT + 1];
    cr_expect_null(wf_command_key(command, text));
}

Test(command, task_names_the_instance)
{
    char text[WF_UUID_TEXT + 1];

    cr_assert(decode(WF_OP_END_TASK, "{\"task_id\":\"" INSTANCE ":17\",\"staff_id\":\"a\"}"));
    cr_expect(decoded.command.has_instance_id);
    cr_expect_eq(decoded.command.task_n, 17);
    cr_expect_str_eq(wf_command_key(&decoded.command, text), INSTANCE);

    cr_expect_not(decode(WF_OP_RELEASE_TASK,
                         "{\"operation\":\"release-task\",\"task_id\":\"" INSTANCE ":1\",\"instance_id\":\"" OTHER
                         "\",\"actor\":\"a\"}"));
    cr_expect(strstr(refusal.detail, OTHER), "%s", refusal.detail);
}

Test(command, keys)
{
    char text[WF_UUID_TEXT + 1];

    cr_assert(decode(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}"));
    cr_expect_str_eq(wf_command_key(&decoded.command, text), "anna");
    cr_assert(decode(WF_OP_SET_PRESENCE, "{\"operation\":\"set-presence\",\"staff_id\":\"anna\",\"on_leave\":true}"));
    cr_expect_str_eq(wf_command_key(&decoded.command, text), "institution");
    const struct wf_staff *staff = decoded.command.institution->staff[0];
    cr_expect(staff->has_on_leave && staff->on_leave && !staff->has_logging_on);
    wf_decoded_drop(&decoded);
    cr_assert(decode(WF_OP_DEPLOY_PROCESS,
                     wf_arena_printf(&arena, "{\"operation\":\"deploy-process\",\"definition\":%s}",
                                     read_source("deploy/processes/fault-repair.process.json"))));
    cr_expect_str_eq(wf_command_key(&decoded.command, text), "fault-repair");
}

Test(command, reassign_to_group)
{
    cr_assert(decode(WF_OP_REASSIGN_TASK, "{\"operation\":\"reassign-task\",\"task_id\":\"" INSTANCE
                                          ":1\",\"to\":{\"team\":\"t\"},\"actor\":\"a\"}"));
    cr_expect_eq(decoded.command.to_based_on, WF_BASED_ON_TEAM);
    cr_expect_str_eq(decoded.command.to_group, "t");
}

Test(command, faults_of_a_definition_are_no_refusal)
{
    cr_assert(decode(WF_OP_DEPLOY_PROCESS, "{\"operation\":\"deploy-process\",\"definition\":{\"process_id\":\"p\"}}"));
    cr_expect_null(decoded.command.definition);
    cr_expect_str_eq(decoded.command.process_id, "p");
    cr_assert(decoded.command.faults);
    cr_expect_eq(decoded.command.faults->count, 2, "activities and routing are missing");
}

Test(command, binary_mode)
{
    struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");

    add_header(&in, "ce_specversion", "1.0");
    add_header(&in, "ce_id", "c-1");
    add_header(&in, "ce_source", "/crm");
    add_header(&in, "ce_type", "workflow.command.get-task");
    add_header(&in, "ce_correlationid", "ticket-88");
    add_header(&in, "ce_replyto", "workflow.reply.crm");
    add_header(&in, "ce_outcome", "rejected");
    add_header(&in, "ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    add_header(&in, "content-type", "application/json; charset=utf-8");
    add_header(&in, "other", NULL);
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);

    const struct wf_command *command = &decoded.command;
    cr_expect(command->id_given && command->outcome_rejected_only);
    cr_expect_str_eq(command->id, "c-1");
    cr_expect_str_eq(command->source, "/crm");
    cr_expect_str_eq(command->correlation_id, "ticket-88");
    cr_expect_str_eq(command->replyto, "workflow.reply.crm");
    cr_expect_str_eq(command->traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
}

/* The three ways to say the same give the same id, data and hashes. */
Test(command, structured_mode)
{
    struct wf_decoded binary;
    struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");
    add_header(&in, "ce_id", "c-1");
    cr_assert(wf_command_decode(&codec, &in, &arena, &binary, &refusal));

    in = incoming(WF_OP_GET_TASK,
                  " {\"specversion\":\"1.0\",\"id\":\"c-1\",\"data\":{\"staff_id\":\"anna\"},"
                  "\"type\":\"x.get-task\"}\n");
    add_header(&in, "content-type", "application/cloudevents+json");
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);
    cr_expect_str_eq(decoded.command.staff_id, "anna");
    cr_expect(wf_uuid_equal(&decoded.command.id_hash, &binary.command.id_hash));
    cr_expect_eq(decoded.command.data_hash, binary.command.data_hash);
}

static void
structured_invalid(const char *path, const char *text)
{
    struct wf_incoming in = incoming(WF_OP_END_TASK, text);

    add_header(&in, "content-type", "application/cloudevents+json");
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s was taken", path);
}

Test(command, structured_examples)
{
    struct wf_incoming in =
        incoming(WF_OP_END_TASK, read_source("schemas/examples/structured-command/end-task.json"));

    add_header(&in, "content-type", "application/cloudevents+json; charset=utf-8");
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);
    cr_expect_str_eq(decoded.command.completion_flag, "accepted");
    each_example("schemas/examples/structured-command/invalid", structured_invalid);
}

Test(command, single_topic)
{
    struct wf_incoming in = incoming(WF_OP_INIT_INSTANCE, "{\"operation\":\"get-task\",\"staff_id\":\"anna\"}");
    in.single_topic = true;
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);
    cr_expect_eq(decoded.command.operation, WF_OP_GET_TASK);

    in = incoming(WF_OP_INIT_INSTANCE, "{\"staff_id\":\"anna\"}");
    in.single_topic = true;
    add_header(&in, "ce_type", "workflow.command.get-task");
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);

    in.header_count = 0;
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_eq(refusal.code, WF_CODE_UNKNOWN_OPERATION);
}

/* What was sent, and a part of what must be said of it. */
static const struct {
    enum wf_operation operation;
    const char *value, *detail;
} refused[] = {
    {WF_OP_INIT_INSTANCE, "", "it ends at byte 0"},
    {WF_OP_INIT_INSTANCE, "hello", "\"hello\""},
    {WF_OP_INIT_INSTANCE, "[1]", "not [1]"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\"} x", "byte 19"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",}", "name of a member"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\" \"a\":1}", "comma"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"process_id\":\"q\"}", "\"process_id\" twice"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"variables\":{\"a\":1,\"\\u0061\":2}}", "\"\\u0061\" twice"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\\u0000\"}", "U+0000"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\\ud800\"}", "no such escape"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\\x\"}", "no such escape"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\nq\"}", "control character"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\\nq\"}", "\"p\\nq\""},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"\xc3(\"}", "not valid UTF-8"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"\xed\xa0\x80\"}", "not valid UTF-8"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"version\":1e999}", "out of range"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"version\":99999999999}", "not 99999999999"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"version\":1.5}", "not 1.5"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"version\":01}", "byte 28"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"hops\":-1}", "\"hops\" must be a whole number from 0"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":null}", "not null"},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"notifyto\":\"secret\"}", "\"secret\""},
    {WF_OP_INIT_INSTANCE, "{\"process_id\":\"p\",\"requester\":{}}", "\"requester\": \"engine\" is missing"},
    {WF_OP_END_TASK, "{\"task_id\":\"" INSTANCE ":99999999999\",\"staff_id\":\"a\"}", ":99999999999"},
    {WF_OP_END_TASK, "{\"task_id\":\"" INSTANCE ":1.0\",\"staff_id\":\"a\"}", ":1.0"},
    {WF_OP_SHOW_INSTANCE, "{\"operation\":\"explode\"}", "\"explode\""},
    {WF_OP_SHOW_INSTANCE, "{\"operation\":\"deploy-process\"}", "\"deploy-process\" does not belong"},
    {WF_OP_SHOW_INSTANCE, "{\"operation\":7}", "not 7"},
    {WF_OP_MODIFY_INSTANCE,
     "{\"operation\":\"modify-instance\",\"instance_id\":\"" INSTANCE "\",\"actor\":\"a\","
     "\"withdraw\":\"" OTHER ":1\"}",
     "\"withdraw\" is of another instance"},
};

Test(command, refusals_name_the_value)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_expect_not(decode(refused[i].operation, refused[i].value), "%s was taken", refused[i].value);
        cr_expect(strstr(refusal.detail, refused[i].detail), "%s: %s", refused[i].value, refusal.detail);
    }
}

Test(command, refusal_keeps_the_envelope)
{
    struct wf_incoming in = incoming(WF_OP_SHOW_INSTANCE,
                                     "{\"operation\":\"set-entity\",\"instance_id\":\"" INSTANCE "\",\"actor\":7}");
    add_header(&in, "ce_id", "c-1");
    add_header(&in, "ce_replyto", "workflow.reply.crm");
    cr_assert_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_str_eq(refusal.operation, "set-entity");
    cr_expect_str_eq(refusal.command.id, "c-1");
    cr_expect_str_eq(refusal.command.replyto, "workflow.reply.crm");
    cr_expect(refusal.command.has_instance_id);
    cr_expect_eq(refusal.code, WF_CODE_INVALID_COMMAND);
}

/* Header and a part of what must be said of it. */
static const struct {
    const char *name, *value, *detail;
} bad_headers[] = {
    {"ce_id", "", "\"id\""},
    {"ce_id", "a\tb", "\"a?b\""},
    {"ce_id", NULL, "\"ce_id\""},
    {"ce_replyto", "secret", "\"secret\""},
    {"ce_replyto", "workflow.command.admin", "\"workflow.command.admin\""},
    {"ce_outcome", "never", "\"never\""},
    {"ce_specversion", "0.3", "\"0.3\""},
    {"ce_type", "workflow.command.end-task", "\"workflow.command.end-task\""},
    {"ce_type", "nonsense", "\"nonsense\""},
    {"content-type", "application/avro", "\"application/avro\""},
    {"content-type", "application/cloudevents-batch+json", "batch"},
    {"pawl_forwarded", "x", "\"x\""},
    {"pawl_task", "x", "\"x\""},
    {"pawl_databases", "0/1", "\"0/1\""},
};

Test(command, bad_headers)
{
    for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
        struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");
        add_header(&in, bad_headers[i].name, bad_headers[i].value);
        cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", bad_headers[i].name);
        cr_expect(strstr(refusal.detail, bad_headers[i].detail), "%s: %s", bad_headers[i].name, refusal.detail);
        cr_expect_not_null(refusal.command.id);
    }
}

/* A wrong trace is no reason to refuse work: it is left out. */
Test(command, bad_traceparent_is_ignored)
{
    struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");

    add_header(&in, "ce_traceparent", "00-zz");
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_null(decoded.command.traceparent);
}

Test(command, embedded_nul)
{
    static const char value[] = "{\"process_id\":\"p\0q\"}";
    struct wf_incoming in = incoming(WF_OP_INIT_INSTANCE, "");

    in.value = (struct wf_slice){value, sizeof value - 1};
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect(strstr(refusal.detail, "control character"), "%s", refusal.detail);
    in.value = (struct wf_slice){0};
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "a tombstone is no command");
}

Test(command, deep)
{
    char *value = wf_arena_alloc(&arena, 200001);

    memset(value, '[', 200000);
    cr_expect_not(decode(WF_OP_INIT_INSTANCE, value));
    cr_expect(strstr(refusal.detail, "too many containers"), "%s", refusal.detail);
}

Test(command, ten_megabytes)
{
    size_t size = 10 << 20;
    char *value = wf_arena_alloc(&arena, size + 1);

    memset(value, ' ', size);
    struct wf_incoming in = incoming(WF_OP_INIT_INSTANCE, value);
    add_header(&in, "ce_id", "c-1");
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_eq(refusal.code, WF_CODE_TOO_LARGE);
    cr_expect(strstr(refusal.detail, "10485760"), "%s", refusal.detail);
    cr_expect_str_eq(refusal.command.id, "c-1");
}

/* ENG-2: whoever waits for an instance is told that its start is too large, so that much of it is read. */
Test(command, a_start_that_is_too_large)
{
    static const char start[] = "{\"process_id\":\"p\",\"instance_id\":\"0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07\","
                                "\"requester\":{\"engine\":\"north\"}}";
    struct wf_incoming in = incoming(WF_OP_INIT_INSTANCE, start);

    codec.command_max_bytes = 10;
    cr_expect_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_eq(refusal.code, WF_CODE_TOO_LARGE);
    cr_expect_str_eq(refusal.operation, "init-instance");
    cr_expect(refusal.command.has_instance_id);
    cr_expect_str_eq(refusal.command.requester, "{\"engine\":\"north\"}");
}

/* Many members cost no more than their sorting. */
Test(command, many_members, .timeout = 20)
{
    struct wf_buf buf = {0};

    wf_buf_puts(&buf, "{\"process_id\":\"p\",\"variables\":{\"x\":0");
    for (int i = 0; i < 80000; i++)
        wf_buf_printf(&buf, ",\"%d\":1", i);
    wf_buf_puts(&buf, "}}");
    cr_expect(decode(WF_OP_INIT_INSTANCE, wf_buf_text(&buf)), "%s", refusal.detail);
    buf.length -= 2;
    wf_buf_puts(&buf, ",\"77\":1}}");
    cr_expect_not(decode(WF_OP_INIT_INSTANCE, wf_buf_text(&buf)));
    cr_expect(strstr(refusal.detail, "\"77\" twice"), "%s", refusal.detail);
    wf_buf_drop(&buf);
}
