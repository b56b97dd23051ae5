/*
 * The payload of each operation: commands one after the other, a line each, and what the core makes of them.
 *
 *     init-instance {"process_id": "everything"}
 *     get-task {"task_id": "00000000-0000-7000-8000-000000000001:2", "staff_id": "ann"}
 *     advance PT1H
 *
 * They meet an institution of four people and a process with an activity of each type.  Instances have
 * the ids of the core's driver (tests/spec): …-000000000001 is the first.
 */
#include "base/clock.h"
#include "codec/definition_file.h"
#include "codec/institution_file.h"
#include "codec/operation.h"
#include "driver.h"
#include "target.h"

enum { COMMANDS_MAX = 24, TIMERS_MAX = 20, RUNS_OF_CONDITIONS = 2000 };

static const char institution_file[] =
    "{\"departments\":[{\"dept_id\":\"office\"}],"
    "\"teams\":[{\"team_id\":\"crew\"}],\"roles\":[{\"role_id\":\"clerk\"}],\"staff\":["
    "{\"staff_id\":\"ann\",\"dept_id\":\"office\",\"roles\":[\"clerk\"]},{\"staff_id\":\"bob\",\"teams\":[\"crew\"]},"
    "{\"staff_id\":\"dan\",\"dept_id\":\"office\",\"on_leave\":true},{\"staff_id\":\"zoe\"}],"
    "\"authorizations\":[{\"grantor_id\":\"ann\",\"grantee_id\":\"zoe\"}]}";

static const char definition_file[] =
    "{\"process_id\":\"everything\",\"activities\":["
    "{\"act_id\":\"start\",\"act_type\":\"initial\"},{\"act_id\":\"check\",\"act_type\":\"interaction\"},"
    "{\"act_id\":\"pay\",\"act_type\":\"automation\",\"auto_executive\":\"pay\"},"
    "{\"act_id\":\"split\",\"act_type\":\"and_branch\"},{\"act_id\":\"vote\",\"act_type\":\"interaction\"},"
    "{\"act_id\":\"skip\",\"act_type\":\"dummy\"},"
    "{\"act_id\":\"count\",\"act_type\":\"vote_merge\",\"num_votes_needed\":\"60%\",\"or_merge_flag\":\"yes\"},"
    "{\"act_id\":\"call\",\"act_type\":\"automation\",\"sub_process\":{\"process_id\":\"everything\"}},"
    "{\"act_id\":\"done\",\"act_type\":\"completion\"},{\"act_id\":\"stopped\",\"act_type\":\"completion\",\"terminate\":true}],"
    "\"routing\":[{\"from\":\"start\",\"to\":[\"check\"]},{\"from\":\"start\",\"flag\":\"express\",\"to\":[\"pay\"]},"
    "{\"from\":\"check\",\"condition\":\"amount > 1000 and customer.vip\",\"to\":[\"split\"]},"
    "{\"from\":\"check\",\"default\":true,\"to\":[\"pay\"]},{\"from\":\"check\",\"flag\":\"bad\",\"to\":[\"stopped\"]},"
    "{\"from\":\"check\",\"flag\":\"call\",\"to\":[\"call\"]},"
    "{\"from\":\"split\",\"to\":[\"vote\",\"skip\"]},{\"from\":\"vote\",\"to\":[\"count\"]},"
    "{\"from\":\"vote\",\"flag\":\"yes\",\"to\":[\"count\"]},{\"from\":\"skip\",\"to\":[\"count\"]},"
    "{\"from\":\"count\",\"flag\":\"passed\",\"to\":[\"done\"]},{\"from\":\"count\",\"flag\":\"failed\",\"to\":[\"check\"]},"
    "{\"from\":\"pay\",\"to\":[\"done\"]},{\"from\":\"call\",\"to\":[\"done\"]}],\"assignment\":["
    "{\"act\":\"check\",\"based_on\":\"dept_based\",\"department\":\"office\",\"method\":\"fcfa\"},"
    "{\"act\":\"vote\",\"based_on\":\"team_based\",\"team\":\"crew\",\"method\":\"all\"}]}";

static struct driver driver;
static struct wf_institution *institution; /* made once; a unit changes neither */
static struct wf_process *process;

static void
command(enum wf_topic topic, struct wf_slice value)
{
    struct wf_incoming in = {
        .topic = topic,
        .topic_name = wf_arena_printf(&driver.arena, "workflow.%s", wf_topic_suffix(topic)),
        .offset = driver.commands++,
        .timestamp = -1,
        .value = {wf_arena_strndup(&driver.arena, value.data, value.length), value.length},
    };

    driver.unit.now += WF_MILLISECOND;
    wf_buf_clear(&driver.out);
    driver_command(&driver, &in);
    fuzz_demand_messages(&driver.outbox);
    fuzz_demand_messages(&driver.outcome);
}

static void
advance(struct wf_slice duration)
{
    char text[40];
    int64_t by = 0;
    int fired = 0;

    snprintf(text, sizeof text, "%.*s", (int)(duration.length < 39 ? duration.length : 39), duration.data);
    if (!wf_duration_parse(text, &by) || by > 400 * 24 * 3600 * WF_SECOND)
        return;
    while (fired++ < TIMERS_MAX && driver_fire_next(&driver, driver.unit.now + by)) {
        fuzz_demand_messages(&driver.outbox);
        wf_buf_clear(&driver.out);
    }
    driver.unit.now += by;
}

static void
take_line(struct wf_slice line)
{
    struct wf_slice rest;

    if (fuzz_word(line, "advance", &rest)) {
        advance(rest);
        return;
    }
    for (int operation = 0; operation < WF_OPERATION_COUNT; operation++)
        if (!wf_operation_own((enum wf_operation)operation) &&
            fuzz_word(line, wf_operation_name((enum wf_operation)operation), &rest)) {
            command(wf_operation_topic((enum wf_operation)operation), rest);
            return;
        }
}

static void
open_once(void)
{
    static struct wf_arena arena;
    struct wf_faults faults = {.arena = &arena};

    driver_open(&driver);
    struct wf_institution *change =
        wf_institution_file_decode(institution_file, sizeof institution_file - 1, &faults);
    fuzz_demand(change != NULL, "the institution can be read");
    institution = wf_institution_merge(NULL, change, &faults);
    wf_institution_drop(change);
    process = wf_definition_file_decode(definition_file, sizeof definition_file - 1, &faults);
    fuzz_demand(institution && process && wf_process_compile(process, &faults), "institution and process are right");
    process->version = 1;
}

/* The compiled conditions are kept between runs, as a worker does, but not for ever. */
static void
begin(void)
{
    static int runs;

    if (!process)
        open_once();
    if (++runs % RUNS_OF_CONDITIONS == 0) {
        wf_conditions_close(driver.conditions);
        driver.conditions = wf_conditions_open();
    }
    driver_reset(&driver);
    struct wf_unit *unit = &driver.unit;
    unit->institution = institution;
    WF_ARENA_PUSH(unit->arena, unit->deployed, unit->deployed_count, unit->deployed_capacity, process);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wf_slice rest = {(const char *)data, size}, line;

    begin();
    for (int i = 0; i < COMMANDS_MAX && fuzz_line(&rest, &line); i++)
        take_line(line);
    return 0;
}
