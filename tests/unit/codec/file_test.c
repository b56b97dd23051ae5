/* Definition and institution files: what they say, every fault, and writing them again. */
#include <criterion/criterion.h>

#include "codec/definition_file.h"
#include "codec/institution_file.h"
#include "codec/variables.h"
#include "support.h"

static struct wf_faults faults;

static void
setup(void)
{
    support_open();
    faults = (struct wf_faults){.arena = &arena};
}

TestSuite(file, .init = setup, .fini = support_close);

static void
expect_fault(const char *path, const char *code, const char *message)
{
    for (size_t i = 0; i < faults.count; i++)
        if (strcmp(faults.items[i].path, path) == 0 && strcmp(faults.items[i].code, code) == 0 &&
            strstr(faults.items[i].message, message))
            return;
    cr_expect_fail("no fault %s at \"%s\" with %s", code, path, message);
    for (size_t i = 0; i < faults.count; i++)
        cr_log_info("%s %s %s", faults.items[i].path, faults.items[i].code, faults.items[i].message);
}

static void
valid_definition(const char *path, const char *text)
{
    struct wf_process *process = wf_definition_file_decode(text, strlen(text), &faults);

    cr_expect(process, "%s: %s %s", path, faults.count ? faults.items[0].path : "",
              faults.count ? faults.items[0].message : "");
    wf_process_drop(process);
}

static void
invalid_definition(const char *path, const char *text)
{
    struct wf_process *process = wf_definition_file_decode(text, strlen(text), &faults);

    if (process)
        cr_expect_not(wf_process_compile(process, &faults), "%s was taken", path);
    wf_process_drop(process);
}

Test(file, definition_examples)
{
    cr_expect_gt(each_example("schemas/examples/definition", valid_definition), 0);
    cr_expect_gt(each_example("schemas/examples/definition/invalid", invalid_definition), 0);
}

Test(file, delivered_definitions_compile)
{
    const char *names[] = {"fault-repair", "trademark"};

    for (size_t i = 0; i < 2; i++) {
        const char *text = read_source(wf_arena_printf(&arena, "deploy/processes/%s.process.json", names[i]));
        struct wf_process *process = wf_definition_file_decode(text, strlen(text), &faults);
        cr_assert(process, "%s", faults.count ? faults.items[0].message : "");
        cr_expect(wf_process_compile(process, &faults), "%s", faults.count ? faults.items[0].message : "");
        cr_expect_str_eq(process->process_id, names[i]);
        wf_process_drop(process);
    }
}

Test(file, every_member)
{
    const char *text = read_source("schemas/examples/definition/every-member.json");
    struct wf_process *process = wf_definition_file_decode(text, strlen(text), &faults);

    cr_assert(process);
    const struct wf_activity *draft = wf_process_activity(process, "draft");
    cr_expect_eq(draft->rule_applied, WF_RULE_BOTH);
    cr_expect_eq(draft->check_every, 300 * WF_SECOND);
    cr_expect_eq(draft->take_limit.within, 3600 * WF_SECOND);
    cr_expect_eq(draft->take_limit.action, WF_LIMIT_ESCALATE);
    cr_expect_eq(draft->take_limit.to_based_on, WF_BASED_ON_TEAM);
    cr_expect_str_eq(draft->take_limit.to, "night-shift");
    cr_expect_eq(draft->end_limit.action, WF_LIMIT_END);
    cr_expect_str_eq(draft->end_limit.flag, "late");
    cr_expect_eq(draft->assignment.based_on, WF_BASED_ON_USER_DEFINED);
    cr_expect_str_eq(draft->assignment.group, "drafters");
    cr_expect_eq(draft->assignment.presence, WF_PRESENCE_REQUIRE);
    cr_expect_eq(draft->route_count, 2);
    cr_expect_str_eq(draft->routes[0].after, "start");
    cr_expect_str_eq(draft->routes[0].next_ids[0], "fork");
    cr_expect_eq(wf_process_activity(process, "render")->retries, 3);
    cr_expect_eq(wf_process_activity(process, "print")->sub_process->version, 4);
    cr_expect_eq(wf_process_activity(process, "votes")->votes_percent, 60);
    cr_expect_str_eq(wf_process_activity(process, "join")->closes, "fork");
    cr_expect_eq(wf_process_activity(process, "join")->pre_rules[0].need_count, 2);
    cr_expect(wf_process_activity(process, "stopped")->terminate);
    cr_expect(wf_process_activity(process, "ask")->routes[1].is_default);
    cr_expect_eq(wf_process_activity(process, "ask")->assignment.not_by_count, 1);
    cr_expect_eq(process->time_limit.action, WF_LIMIT_CANCEL);
    cr_expect_str_eq(process->document, text[strlen(text) - 1] == '\n' ?
                     wf_arena_strndup(&arena, text, strlen(text) - 1) : text);
    wf_process_drop(process);
}

Test(file, every_fault_is_listed)
{
    static const char text[] =
        "{\"process_id\":\"p\",\"extra\":1,\"activities\":["
        "{\"act_id\":\"a\",\"act_type\":\"initial\",\"colour\":\"red\"},"
        "{\"act_id\":\"a\",\"act_type\":\"robot\"},"
        "{\"act_type\":\"dummy\"},"
        "{\"act_id\":\"v\",\"act_type\":\"vote_merge\",\"num_votes_needed\":\"160%\",\"closes\":\"nowhere\"},"
        "{\"act_id\":\"t\",\"act_type\":\"interaction\",\"time_limits\":{\"take\":{\"within\":\"P1M\","
        "\"then\":\"cancel\"}}},"
        "7],"
        "\"routing\":[{\"from\":\"a\",\"to\":[\"v\",\"x\",3]},{\"from\":\"y\",\"to\":[]},{\"to\":\"v\"}],"
        "\"pre_rules\":[{\"act\":\"v\",\"after\":\"a\",\"needs\":[{\"act\":\"z\"}]},"
        "{\"act\":\"v\",\"after\":\"a\",\"needs\":[]}],"
        "\"assignment\":[{\"act\":\"t\",\"based_on\":\"role_based\",\"role\":\"r\",\"method\":\"fcfa\"},"
        "{\"act\":\"t\",\"based_on\":\"none\",\"method\":\"fcfa\"},"
        "{\"act\":\"t\",\"based_on\":\"team_based\",\"role\":\"r\",\"method\":\"lottery\"}]}";

    cr_expect_null(wf_definition_file_decode(text, sizeof text - 1, &faults));
    expect_fault("", "unknown_member", "\"extra\"");
    expect_fault("activities[0]", "unknown_member", "\"colour\"");
    expect_fault("activities[1].act_type", "invalid_value", "one of initial, interaction, automation, ");
    expect_fault("activities[1].act_type", "invalid_value", "dummy, completion, not \"robot\"");
    expect_fault("activities[1].act_id", "duplicate_activity", "\"a\"");
    expect_fault("activities[2]", "missing_member", "\"act_id\"");
    expect_fault("activities[3].num_votes_needed", "invalid_value", "\"160%\"");
    expect_fault("activities[3].closes", "unknown_activity", "\"nowhere\"");
    expect_fault("activities[4].time_limits.take.within", "invalid_value", "\"P1M\"");
    expect_fault("activities[4].time_limits.take.then", "invalid_value",
                 "one of remind, release, reassign, escalate, end, not \"cancel\"");
    expect_fault("activities[5]", "invalid_value", "not 7");
    expect_fault("routing[0].to[1]", "unknown_activity", "\"x\"");
    expect_fault("routing[0].to[2]", "invalid_value", "3");
    expect_fault("routing[1].from", "unknown_activity", "\"y\"");
    expect_fault("routing[1].to", "invalid_value", "at least 1");
    expect_fault("routing[2]", "missing_member", "\"from\"");
    expect_fault("routing[2].to", "invalid_value", "\"v\"");
    expect_fault("pre_rules[0].needs[0].act", "unknown_activity", "\"z\"");
    expect_fault("pre_rules[1].needs", "invalid_value", "at least one");
    expect_fault("assignment[1].based_on", "invalid_value", "one of dept_based, team_based, role_based, user_defined, not \"none\"");
    expect_fault("assignment[2].method", "invalid_value", "\"lottery\"");
    expect_fault("assignment[2]", "missing_member", "\"team\"");
    expect_fault("assignment[2].role", "invalid_value", "\"r\"");
    expect_fault("assignment[2].act", "duplicate_rule", "\"t\"");
}

/* What was deployed when it was not refused yet goes on. */
Test(file, stored_definition)
{
    static const char text[] =
        "{\"process_id\":\"p\",\"activities\":[{\"act_id\":\"s\",\"act_type\":\"initial\"},"
        "{\"act_id\":\"t\",\"act_type\":\"interaction\",\"time_limits\":{\"take\":{\"within\":\"PT0S\"},"
        "\"end\":{\"within\":\"PT0.0009S\"},\"retries\":1}},{\"act_id\":\"e\",\"act_type\":\"completion\"}],"
        "\"routing\":[{\"from\":\"s\",\"to\":[\"t\"]},{\"from\":\"t\",\"to\":[\"e\"]}]}";

    cr_expect_null(wf_definition_file_decode(text, sizeof text - 1, &faults));
    expect_fault("activities[1].time_limits.take.within", "invalid_value", "1 ms at least, not \"PT0S\"");
    expect_fault("activities[1].time_limits.end.within", "invalid_value", "not \"PT0.0009S\"");
    expect_fault("activities[1].time_limits.retries", "limit_without_work", "only of an automation");
    struct wf_process *process = wf_definition_stored_decode(text, sizeof text - 1, &faults);
    cr_assert_not_null(process);
    cr_expect_eq(wf_process_activity(process, "t")->take_limit.within, 0);
    wf_process_drop(process);
}

Test(file, no_json)
{
    cr_expect_null(wf_definition_file_decode("{", 1, &faults));
    expect_fault("", "invalid_value", "not valid JSON");
    cr_expect_null(wf_institution_file_decode("[]", 2, &faults));
    expect_fault("", "invalid_value", "an object is expected");
}

static struct wf_uuid
content(const char *text)
{
    return wf_definition_content_hash(text, strlen(text));
}

Test(file, content_hash)
{
    struct wf_uuid hash = content("{\"a\":[1,2,{}],\"b\":\"x\"}"), none = {0};

    struct wf_uuid same[] = {content(" {\"b\" : \"\\u0078\", \"a\":[1, 2,{ } ]}\n")};
    struct wf_uuid other[] = {content("{\"a\":[2,1,{}],\"b\":\"x\"}"), content("{\"a\":[1,2],\"b\":\"x\"}"),
                              content("{\"a\":[1,2,[]],\"b\":\"x\"}"), content("{\"a\":[\"1\",2,{}],\"b\":\"x\"}"),
                              content("{\"a\":[[1],2,{}],\"b\":\"x\"}"), none};
    cr_expect(wf_uuid_equal(&hash, &same[0]));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_expect_not(wf_uuid_equal(&hash, &other[i]), "%zu", i);
    struct wf_uuid broken = content("{");
    cr_expect(wf_uuid_equal(&broken, &none));
}

static struct wf_institution *
institution(const char *text)
{
    struct wf_institution *change = wf_institution_file_decode(text, strlen(text), &faults);
    cr_assert(change, "%s", faults.count ? faults.items[0].message : "");

    struct wf_institution *merged = wf_institution_merge(NULL, change, &faults);
    cr_assert(merged, "%s", faults.count ? faults.items[0].message : "");
    wf_institution_drop(change);
    return merged;
}

static void
invalid_institution(const char *path, const char *text)
{
    cr_expect_null(wf_institution_file_decode(text, strlen(text), &faults), "%s was taken", path);
}

static void
valid_institution(const char *path, const char *text)
{
    struct wf_institution *change = wf_institution_file_decode(text, strlen(text), &faults);

    cr_expect(change, "%s: %s", path, faults.count ? faults.items[0].message : "");
    wf_institution_drop(change);
}

Test(file, institution_examples)
{
    cr_expect_gt(each_example("schemas/examples/institution", valid_institution), 0);
    cr_expect_gt(each_example("schemas/examples/institution/invalid", invalid_institution), 0);
}

Test(file, institution_written_reads_the_same)
{
    struct wf_institution *first = institution(read_source("deploy/processes/fault-repair.institution.json"));
    struct wf_buf once = {0}, again = {0};

    wf_institution_encode(first, &once);
    struct wf_institution *second = institution(wf_buf_text(&once));
    wf_institution_encode(second, &again);
    cr_expect_str_eq(wf_buf_text(&once), wf_buf_text(&again));
    cr_expect_eq(second->staff_count, 19);
    cr_expect_eq(wf_institution_staff(second, "fr-kovacs")->role_count, 2);
    cr_expect(wf_institution_staff(second, "fr-reyes")->on_leave);
    wf_buf_drop(&once);
    wf_buf_drop(&again);
    wf_institution_drop(first);
    wf_institution_drop(second);
}

Test(file, institution_faults)
{
    static const char text[] =
        "{\"staff\":[{\"staff_id\":\"a\",\"roles\":[\"r\",{\"role_id\":\"s\",\"priority_num\":\"1\"},4],"
        "\"on_leave\":\"no\"},{}],\"authorizations\":[{\"grantor_id\":\"a\",\"grantee_id\":\"b\","
        "\"valid_to\":\"2026-02-30T00:00:00Z\"}]}";

    cr_expect_null(wf_institution_file_decode(text, sizeof text - 1, &faults));
    expect_fault("staff[0].roles[1].priority_num", "invalid_value", "not \"1\"");
    expect_fault("staff[0].roles[2]", "invalid_value", "not 4");
    expect_fault("staff[0].on_leave", "invalid_value", "\"no\"");
    expect_fault("staff[1]", "missing_member", "\"staff_id\"");
    expect_fault("authorizations[0].valid_to", "invalid_value", "2026-02-30");
}

static struct wf_buf changes;

static void
note_change(void *context, const struct wf_institution_change *change)
{
    (void)context;
    wf_buf_printf(&changes, "%s %s %s\n", wf_institution_object_name(change->object), change->id,
                  change->json ? change->json : "removed");
}

Test(file, institution_compare)
{
    struct wf_institution *before =
        institution("{\"departments\":[{\"dept_id\":\"d\"}],\"roles\":[{\"role_id\":\"r\"}],"
                    "\"staff\":[{\"staff_id\":\"a\"},{\"staff_id\":\"b\",\"roles\":[\"r\"]}]}");
    struct wf_institution *after =
        institution("{\"departments\":[{\"dept_id\":\"d\"}],\"roles\":[{\"role_id\":\"r\"}],"
                    "\"staff\":[{\"staff_id\":\"b\",\"roles\":[{\"role_id\":\"r\",\"priority_num\":2}]}],"
                    "\"authorizations\":[{\"grantor_id\":\"b\",\"grantee_id\":\"b\",\"act_id\":\"x\"}]}");

    wf_institution_compare(before, after, note_change, NULL);
    cr_expect_str_eq(wf_buf_text(&changes),
                     "staff b {\"staff_id\":\"b\",\"roles\":[{\"role_id\":\"r\",\"priority_num\":2}],"
                     "\"logging_on\":true,\"on_leave\":false}\n"
                     "staff a removed\n"
                     "authorization b/b//x {\"grantor_id\":\"b\",\"grantee_id\":\"b\",\"act_id\":\"x\"}\n");
    wf_buf_drop(&changes);
    wf_institution_drop(before);
    wf_institution_drop(after);
}

Test(file, variables_merge)
{
    cr_expect_str_eq(wf_variables_merge(NULL, &arena, "{\"a\":1,\"b\":{\"c\":2},\"n\":12345678901234567890}",
                                        " {\"\\u0062\" : null, \"d\":[1] } "),
                     "{\"a\":1,\"n\":12345678901234567890,\"\\u0062\":null,\"d\":[1]}");
    cr_expect_str_eq(wf_variables_merge(NULL, &arena, NULL, "{\"a\":1}"), "{\"a\":1}");
    cr_expect_str_eq(wf_variables_merge(NULL, &arena, "{}", "{}"), "{}");
    cr_expect_null(wf_variables_merge(NULL, &arena, "[]", "{}"));
    cr_expect_null(wf_variables_merge(NULL, &arena, "{}", "{"));
}
