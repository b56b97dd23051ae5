/* Events, jobs, outcomes, dead letters and forwarded commands: what is on the bus, read back. */
#include <criterion/criterion.h>
#include <endian.h>

#include "base/hash.h"
#include "codec/definition_file.h"
#include "codec/event.h"
#include "codec/institution_file.h"
#include "codec/relay.h"
#include "codec/submitted.h"
#include "support.h"

#define INSTANCE "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07"

static struct wf_process *process;
static struct wf_instance instance;
static struct wf_event event;
static struct wf_command cause;
static struct wf_buf outbox;
static int64_t created, now; /* 10:09:31.123456, 10:24:07.000012 */

static void
setup(void)
{
    struct wf_faults faults = {.arena = &arena};

    support_open();
    const char *text = read_source("deploy/processes/fault-repair.process.json");
    process = wf_definition_file_decode(text, strlen(text), &faults);
    cr_assert(process && wf_process_compile(process, &faults));
    process->version = 2;
    cr_assert(wf_time_parse("2026-11-21T10:09:31.123456Z", &created));
    cr_assert(wf_time_parse("2026-11-21T10:24:07.000012Z", &now));
    instance = (struct wf_instance){.process = process, .partition = 5, .state = WF_INSTANCE_RUNNING,
                                    .entity_id = "NE-7/1042"};
    cr_assert(wf_uuid_parse(INSTANCE, WF_UUID_TEXT, &instance.instance_id));
    cause = (struct wf_command){.id = "c-3", .correlation_id = "ticket-88",
                                .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    event = (struct wf_event){.kind = WF_EVENT_TASK, .instance = &instance, .entity_id = "NE-7/1042",
                              .previous_state = -1};
    event.task = (struct wf_task){.instance = &instance, .activity = wf_process_activity(process, "ticket"), .n = 2,
                                  .pre_act_id = "start", .serial_no = 1, .branch_no = 1, .date_created = created};
}

static void
teardown(void)
{
    wf_buf_drop(&outbox);
    wf_process_drop(process);
    support_close();
}

TestSuite(event, .init = setup, .fini = teardown);

/* The data of the message must be an example of the schemas, member for member. */
static void
expect_example(const char *path)
{
    cJSON *expected = cJSON_Parse(read_source(path)), *actual = data_of(&outbox);

    cr_expect(cJSON_Compare(expected, actual, true), "%s\nis not\n%s", cJSON_Print(actual), cJSON_Print(expected));
    cJSON_Delete(expected);
    cJSON_Delete(actual);
}

static void
expect_header(const struct wf_message *message, const char *name, const char *value)
{
    const char *actual = header_of(message, name);

    cr_expect(actual && strcmp(actual, value) == 0, "%s is \"%s\"", name, actual);
}

Test(event, waiting)
{
    event.task.state = WF_TASK_WAITING;
    event.task.group_based_on = WF_BASED_ON_DEPARTMENT;
    event.task.group_id = "fr-service-desk";
    event.assignment = (struct wf_assignment){WF_BASED_ON_DEPARTMENT, "fr-service-desk", WF_METHOD_FCFA, 3};
    event.position = 2;
    wf_event_encode(&codec, &event, &cause, created, &outbox);
    expect_example("schemas/examples/task-event/waiting.json");
}

Test(event, ended_with_headers)
{
    cJSON *headers = cJSON_Parse(read_source("schemas/examples/event-headers/task.json"));

    event.task.state = WF_TASK_ENDED;
    event.task.staff_id = "fr-adams";
    event.task.completion_flag = "accepted";
    event.previous_state = WF_TASK_PROCESSING;
    event.position = 4;
    event.sequence = 3;
    wf_event_encode(&codec, &event, &cause, now, &outbox);
    expect_example("schemas/examples/task-event/ended.json");

    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_STATE_TASK);
    cr_expect_eq(message.partition, 5);
    cr_expect_eq(message.key.length, WF_UUID_TEXT);
    cr_expect(memcmp(message.key.data, INSTANCE, WF_UUID_TEXT) == 0);
    cr_expect_eq(message.header_count, cJSON_GetArraySize(headers));
    for (const cJSON *header = headers->child; header; header = header->next)
        expect_header(&message, header->string, header->valuestring);
    cJSON_Delete(headers);
}

Test(event, merge)
{
    struct wf_batch batch = {.serial_no = 2, .parent_serial_no = 1, .parent_branch_no = 1}, *batches = &batch;

    instance.batches = &batches;
    instance.batch_count = 1;
    event.task.n = 14;
    event.task.activity = wf_process_activity(process, "field_done");
    event.task.pre_act_id = "customer_contact";
    event.task.serial_no = event.task.branch_no = 2;
    event.task.state = WF_TASK_ENDED;
    event.previous_state = WF_TASK_PENDING;
    event.joined = &(struct wf_arrival){.pre_act_id = "site_visit", .branch_no = 1};
    event.joined_count = 1;
    event.closed[0] = 2;
    event.position = 31;
    wf_event_encode(&codec, &event, NULL, now, &outbox);
    cJSON *data = data_of(&outbox);
    cJSON_DeleteItemFromObject(data, "name"); /* the example has none */
    cJSON *expected = cJSON_Parse(read_source("schemas/examples/task-event/joined.json"));
    cr_expect(cJSON_Compare(expected, data, true), "%s", cJSON_Print(data));
    cJSON_Delete(data);
    cJSON_Delete(expected);
}

/* Several arrivals in one command; one that an operator started came from nowhere. */
Test(event, several_join)
{
    const struct wf_arrival joined[] = {{.pre_act_id = "a", .branch_no = 3}, {.branch_no = 1}};

    event.joined = joined;
    event.joined_count = 2;
    wf_event_encode(&codec, &event, NULL, now, &outbox);
    cJSON *data = data_of(&outbox), *expected = cJSON_Parse("[{\"pre_act_id\": \"a\", \"branch_no\": 3}, {\"branch_no\": 1}]");
    cr_expect(cJSON_Compare(expected, cJSON_GetObjectItem(data, "joined"), true), "%s", cJSON_Print(data));
    cJSON_Delete(data);
    cJSON_Delete(expected);
}

Test(event, instance_started_and_completed)
{
    event.kind = WF_EVENT_INSTANCE;
    event.instance_state = WF_INSTANCE_RUNNING;
    event.variables = "{\"severity\": 2}";
    event.actor = "fr-adams";
    event.position = 1;
    wf_event_encode(&codec, &event, &cause, created, &outbox);
    expect_example("schemas/examples/instance-event/started.json");
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_STATE_INSTANCE);
    expect_header(&message, "ce_type", "workflow.instance.running");
    expect_header(&message, "ce_source", "/workflow/instances/" INSTANCE);

    wf_buf_clear(&outbox);
    event.variables = NULL;
    event.instance_state = WF_INSTANCE_COMPLETED;
    event.previous_state = WF_INSTANCE_RUNNING;
    event.instance_flag = "closed";
    event.position = 44;
    wf_event_encode(&codec, &event, &cause, now, &outbox);
    expect_example("schemas/examples/instance-event/completed.json");
}

Test(event, stalled_says_what_waits)
{
    event.kind = WF_EVENT_INSTANCE;
    event.instance_state = WF_INSTANCE_STALLED;
    event.previous_state = WF_INSTANCE_RUNNING;
    event.waits = INSTANCE ":14 field_done waits for site_visit to end with \"repaired\"";
    event.actor = "fr-adams";
    event.position = 32;
    wf_event_encode(&codec, &event, &cause, created, &outbox);
    expect_example("schemas/examples/instance-event/stalled.json");
}

/* Time never goes back within an instance, and text that needs escapes stays what it was. */
Test(event, time_and_escapes)
{
    instance.date_changed = now;
    event.reason = "a \"quote\", a \\ and a\nline";
    wf_event_encode(&codec, &event, &cause, created, &outbox);
    cJSON *data = data_of(&outbox);
    cr_expect_str_eq(cJSON_GetObjectItem(data, "occurred_at")->valuestring, "2026-11-21T10:24:07.000012Z");
    cr_expect_str_eq(cJSON_GetObjectItem(data, "reason")->valuestring, event.reason);
    cJSON_Delete(data);
}

Test(event, job)
{
    event.task.n = 3;
    event.task.activity = wf_process_activity(process, "line_test");
    event.task.state = WF_TASK_WAITING;
    event.task.attempt = 1;
    event.task.due_at = now;
    instance.variables = "{\"severity\": 2}";
    wf_job_encode(&codec, &event, &cause, created, &outbox);
    expect_example("schemas/examples/job/line-test.json");
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_NAMED);
    cr_expect_eq(message.partition, -1);
    cr_expect_str_eq(wf_arena_strndup(&arena, message.name.data, message.name.length), "workflow.job.line-test");
    expect_header(&message, "ce_id", INSTANCE ":3/1");
}

Test(event, outcome_started)
{
    struct wf_incoming in = incoming(WF_OP_INIT_INSTANCE, "{}");
    int32_t started[] = {2};
    struct wf_outcome outcome = {.result = WF_RESULT_APPLIED, .instance = &instance, .started = started,
                                 .started_count = 1, .started_total = 1};

    cause.id = "c-1";
    cause.operation = WF_OP_INIT_INSTANCE;
    instance.position = 2;
    wf_outcome_encode(&codec, &in, &cause, &outcome, now, &outbox);
    expect_example("schemas/examples/outcome/started.json");
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_OUTCOME);
    cr_expect_eq(message.partition, 3, "that on which the command came");
    cr_expect(memcmp(message.key.data, INSTANCE, WF_UUID_TEXT) == 0, "the instance id: the command had no key");
    expect_header(&message, "ce_id", "c-1/outcome");
    expect_header(&message, "ce_source", "/workflow");
    expect_header(&message, "ce_type", "workflow.outcome.applied");

    wf_buf_clear(&outbox);
    cause.outcome_rejected_only = true;
    wf_outcome_encode(&codec, &in, &cause, &outcome, now, &outbox);
    cr_expect_eq(outbox.length, 0, "only a rejection was wanted");
}

Test(event, outcome_no_route)
{
    struct wf_incoming in = incoming(WF_OP_END_TASK, "{}");
    const char *flags[] = {"accepted", "duplicate", "not_ours"};
    struct wf_outcome outcome = {.result = WF_RESULT_REJECTED, .code = WF_CODE_NO_ROUTE, .instance = &instance,
                                 .detail = "activity \"ticket\" has no route for flag \"done\"", .flags = flags,
                                 .flag_count = 3};

    cause = (struct wf_command){.id = "c-4", .operation = WF_OP_END_TASK, .outcome_rejected_only = true,
                                .replyto = "workflow.reply.crm"};
    in.key = (struct wf_slice){"key", 3};
    instance.position = 7;
    wf_outcome_encode(&codec, &in, &cause, &outcome, now, &outbox);
    expect_example("schemas/examples/outcome/no-route.json");
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_NAMED);
    cr_expect_eq(message.partition, -1);
    cr_expect_eq(message.key.length, 3);
}

Test(event, outcome_duplicate_and_faults)
{
    struct wf_incoming in = incoming(WF_OP_END_TASK, "{}");
    struct wf_seen seen = {.instance_id = instance.instance_id, .task_n = 2, .position = 4};
    struct wf_outcome outcome = {.result = WF_RESULT_DUPLICATE, .instance = &instance, .seen = &seen};
    cJSON *data;

    cause = (struct wf_command){.id = "c-3", .operation = WF_OP_END_TASK};
    instance.position = 44;
    wf_outcome_encode(&codec, &in, &cause, &outcome, now, &outbox);
    data = data_of(&outbox);
    cr_expect_eq(cJSON_GetObjectItem(data, "position")->valueint, 4, "that of then");
    cr_expect_str_eq(cJSON_GetObjectItem(cJSON_GetObjectItem(data, "task"), "task_id")->valuestring, INSTANCE ":2");
    cJSON_Delete(data);

    struct wf_fault fault = {"routing[1].to[0]", "unknown_activity", "there is no activity \"chekc\""};
    struct wf_faults faults = {.items = &fault, .count = 1};
    outcome = (struct wf_outcome){.result = WF_RESULT_REJECTED, .code = WF_CODE_DEFINITION_INVALID,
                                  .detail = "1 fault", .faults = &faults};
    cause = (struct wf_command){.id = "c-5", .operation = WF_OP_DEPLOY_PROCESS, .process_id = "two-steps"};
    wf_buf_clear(&outbox);
    wf_outcome_encode(&codec, &in, &cause, &outcome, now, &outbox);
    expect_example("schemas/examples/outcome/definition-invalid.json");
}

Test(event, refusal_and_dead_letter)
{
    struct wf_incoming in = incoming(WF_OP_SHOW_INSTANCE, "{\"operation\":\"explode\"}");
    uint32_t partition;
    uint64_t offset, timestamp;

    add_header(&in, "x-own", "1");
    cr_assert_not(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    wf_refusal_encode(&codec, &in, &refusal, now, &outbox);
    expect_example("schemas/examples/outcome/no-id.json");

    wf_buf_clear(&outbox);
    wf_dead_letter_encode(&codec, &in, refusal.code, refusal.detail, &outbox);
    struct wf_message message = message_of(&outbox);
    cr_expect_eq(message.topic, WF_TOPIC_DEAD_LETTER);
    cr_expect_eq(message.partition, 3);
    cr_expect_eq(message.value.length, in.value.length);
    cr_expect(memcmp(message.value.data, in.value.data, in.value.length) == 0, "untouched");
    expect_header(&message, "x-own", "1");
    expect_header(&message, "kafka_dlt-original-topic", "workflow.command.control");
    expect_header(&message, "kafka_dlt-original-timestamp-type", "CreateTime");
    expect_header(&message, "pawl_code", "unknown_operation");
    expect_header(&message, "pawl_detail", "there is no operation \"explode\"");
    expect_header(&message, "pawl_worker", "host-1/4711");
    memcpy(&partition, message.headers[2].value.data, sizeof partition);
    memcpy(&offset, message.headers[3].value.data, sizeof offset);
    memcpy(&timestamp, message.headers[4].value.data, sizeof timestamp);
    cr_expect_eq(be32toh(partition), 3);
    cr_expect_eq(be64toh(offset), 1042);
    cr_expect_eq(be64toh(timestamp), 1764000000123);
}

/* A command submitted by SQL is read like one that a client sent (EOS-25). */
Test(event, submitted)
{
    const char *given[] = {"ce_source", "/crm", "ce_correlationid", "order 7"};
    struct wf_submitted submitted = {.command = "get-task", .key = "anna", .id = "c-1",
                                     .data = "{\"staff_id\": \"anna\"}", .headers = given, .header_count = 4};
    struct wf_header headers[WF_MESSAGE_HEADERS_MAX];

    for (int single = 0; single <= 1; single++) {
        wf_buf_clear(&outbox);
        wf_submitted_encode(&codec, &submitted, single ? "commands" : "", 12, now, &outbox);
        struct wf_message message = message_of(&outbox);
        cr_expect_eq(message.topic, single ? WF_TOPIC_NAMED : WF_TOPIC_COMMAND_GET);
        cr_expect(message.name.length == (single ? strlen("commands") : 0));
        cr_expect_eq(message.partition, wf_partition_of("anna", 4, 12));
        cr_expect(message.key.length == 4 && memcmp(message.key.data, "anna", 4) == 0);
        for (int i = 0; i < message.header_count; i++)
            headers[i] = (struct wf_header){message.headers[i].name, message.headers[i].value};
        struct wf_incoming in = {.topic = WF_TOPIC_COMMAND_GET, .single_topic = single, .topic_name = "commands",
                                 .value = message.value, .headers = headers, .header_count = message.header_count};
        cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal), "%s", refusal.detail);
        cr_expect_eq(decoded.command.operation, WF_OP_GET_TASK);
        cr_expect_str_eq(decoded.command.id, "c-1");
        cr_expect_str_eq(decoded.command.source, "/crm");
        cr_expect_str_eq(decoded.command.correlation_id, "order 7");
    }
    submitted.key = NULL;
    wf_buf_clear(&outbox);
    wf_submitted_encode(&codec, &submitted, NULL, 12, now, &outbox);
    struct wf_message message = message_of(&outbox);
    cr_expect_null(message.key.data);
    cr_expect_eq(message.partition, wf_partition_of("c-1", 3, 12), "the same command goes to the same one");
}

/* A command that was passed on is read as the same command. */
Test(event, forwarded)
{
    struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");
    struct wf_candidate chosen = {.instance_id = instance.instance_id, .n = 7, .partition = 9};
    struct wf_decoded again;
    struct wf_header headers[WF_MESSAGE_HEADERS_MAX];

    add_header(&in, "x-own", "1");
    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    for (int hops = 1; hops <= 2; hops++) {
        wf_buf_clear(&outbox);
        wf_forward_encode(&codec, &in, &decoded, 9, &chosen, &outbox);
        struct wf_message message = message_of(&outbox);
        cr_expect_eq(message.topic, WF_TOPIC_COMMAND_GET);
        cr_expect_eq(message.partition, 9);
        cr_expect_eq(message.header_count, 4);
        for (int i = 0; i < message.header_count; i++)
            headers[i] = (struct wf_header){message.headers[i].name, message.headers[i].value};
        struct wf_incoming passed = {.topic = message.topic, .topic_name = in.topic_name, .partition = 9, .offset = 1,
                                     .value = message.value, .headers = headers,
                                     .header_count = message.header_count};
        cr_assert(wf_command_decode(&codec, &passed, &arena, &again, &refusal), "%s", refusal.detail);
        cr_expect_eq(again.hops_forwarded, hops);
        cr_expect_eq(again.origin_partition, 3);
        cr_expect_eq(again.chosen_n, 7);
        cr_expect(wf_uuid_equal(&again.chosen_instance_id, &instance.instance_id));
        cr_expect_str_eq(again.command.id, "workflow.command.get-task/3/1042");
        cr_expect_not(again.command.id_given);
        cr_expect(wf_uuid_equal(&again.command.id_hash, &decoded.command.id_hash));
        cr_expect_eq(again.command.data_hash, decoded.command.data_hash);
        decoded = again;
    }
}

/* One that goes round the databases says how many have had it, and what version its process became there. */
Test(event, forwarded_round)
{
    struct wf_incoming in = incoming(WF_OP_GET_TASK, "{\"staff_id\":\"anna\"}");
    struct wf_decoded again;

    cr_assert(wf_command_decode(&codec, &in, &arena, &decoded, &refusal));
    cr_expect_eq(decoded.databases_behind, 0);
    decoded.databases_behind = 2;
    decoded.command.version = 7;
    wf_forward_encode(&codec, &in, &decoded, 1, NULL, &outbox);
    struct wf_message message = message_of(&outbox);
    struct wf_incoming passed = {.topic = message.topic, .topic_name = in.topic_name, .partition = 1, .offset = 1,
                                 .value = message.value, .headers = message.headers,
                                 .header_count = message.header_count};
    cr_assert(wf_command_decode(&codec, &passed, &arena, &again, &refusal), "%s", refusal.detail);
    cr_expect_eq(again.databases_behind, 2);
    cr_expect_eq(again.command.version, 7);
    cr_expect_eq(again.origin_partition, 3);
}

Test(event, definition)
{
    struct wf_message message;

    cause = (struct wf_command){.id = "c-6", .actor = "release-pipeline"};
    wf_definition_event_encode(&codec, process, &cause, now, &outbox);
    message = message_of(&outbox);
    cr_expect_str_eq(wf_arena_strndup(&arena, message.key.data, message.key.length), "fault-repair/2");
    cJSON *data = data_of(&outbox), *file = cJSON_Parse(read_source("deploy/processes/fault-repair.process.json"));
    cr_expect(cJSON_Compare(cJSON_GetObjectItem(data, "definition"), file, true), "whole");
    cr_expect_str_eq(cJSON_GetObjectItem(data, "actor")->valuestring, "release-pipeline");
    cJSON_Delete(data);
    cJSON_Delete(file);
}

Test(event, institution)
{
    static const char text[] = "{\"roles\":[{\"role_id\":\"writer\",\"name\":\"Writer\"}]}";
    struct wf_faults faults = {.arena = &arena};
    struct wf_institution *change = wf_institution_file_decode(text, sizeof text - 1, &faults);
    struct wf_institution *after = wf_institution_merge(NULL, change, &faults);

    after->version = 7;
    wf_institution_events_encode(&codec, NULL, after, &cause, now, &outbox);
    cJSON *data = data_of(&outbox);
    cJSON_DeleteItemFromObject(data, "occurred_at");
    cJSON *expected = cJSON_Parse(read_source("schemas/examples/institution-event/role.json"));
    cr_expect(cJSON_Compare(expected, data, true), "%s", cJSON_Print(data));
    struct wf_message message = message_of(&outbox);
    cr_expect_str_eq(wf_arena_strndup(&arena, message.key.data, message.key.length), "role/writer");
    expect_header(&message, "ce_id", "institution/7/1");
    cJSON_Delete(data);
    cJSON_Delete(expected);
    wf_institution_drop(change);
    wf_institution_drop(after);
}
