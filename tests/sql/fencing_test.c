/*
 * fencing_test.c - who owns a partition, and what a worker that lost it can do: nothing
 * (EOS-3, EOS-4, EOS-5, EOS-13, EOS-15, EOS-22).
 */
#include <criterion/criterion.h>
#include <unistd.h>

#include "base/clock.h"
#include "scratch.h"

static struct wf_store *a, *b;
static struct wf_error error;

static void
up(void)
{
    if (!scratch_possible())
        cr_skip_test("PAWL_TEST_DATABASE is not set");
    scratch_up(4);
    a = scratch_store();
    b = scratch_store();
}

static void
down(void)
{
    if (!scratch_possible())
        return;
    wf_store_close(a);
    wf_store_close(b);
    scratch_down();
}

TestSuite(fencing, .init = up, .fini = down, .timeout = 60);

#define OK(call) cr_assert_eq((call), WF_VERDICT_OK, "%s", error.message)

Test(fencing, a_claim_tells_what_was_left)
{
    struct scratch_unit unit;
    int32_t slot, other;
    struct wf_claim claims[4];

    OK(wf_store_take_slot(a, &slot, &error));
    OK(wf_store_take_slot(b, &other, &error));
    cr_assert(slot == 0 && other == 1);
    OK(wf_store_claim(a, (int32_t[]){3, 0, 2}, 3, claims, &error));
    cr_assert(claims[0].partition == 0 && claims[1].partition == 2 && claims[2].partition == 3);
    cr_assert(claims[1].epoch == 1 && claims[1].tries == 1 && claims[1].last_slot == -1);
    cr_assert(claims[1].positions[0] == -1 && claims[1].outbox_number == 0);

    claims[1].positions[4] = 77;
    claims[1].position_times[4] = 1234567890123456;
    scratch_begin(&unit, &claims[1]);
    OK(wf_store_load(a, &unit.work, &error));
    cr_assert_eq(unit.partition.outbox_number, 1);
    cr_assert(unit.work.now > wf_clock_now() - 60 * WF_SECOND && unit.work.now < wf_clock_now() + 60 * WF_SECOND);
    OK(wf_store_save(a, &unit.work, &error));
    wf_arena_drop(&unit.arena);

    OK(wf_store_claim(b, (int32_t[]){2, 0}, 2, claims, &error));
    cr_assert(claims[1].epoch == 2 && claims[1].tries == 1 && claims[1].last_slot == 0 && claims[1].outbox_number == 1);
    cr_assert(claims[1].positions[4] == 77 && claims[1].position_times[4] == 1234567890123456);
    cr_assert(claims[1].positions[3] == -1);
    cr_assert(claims[0].epoch == 2 && claims[0].tries == 2, "no batch was committed in between");
    cr_assert_eq(wf_store_claim(b, (int32_t[]){4}, 1, claims, &error), WF_VERDICT_FATAL);
}

static void
commit_batch(struct wf_store *store, struct wf_claim *claim, int64_t position)
{
    struct scratch_unit unit;
    bool moved = claim->positions[3] != position;

    claim->positions[3] = position;
    scratch_begin(&unit, claim);
    unit.partition.tries = moved ? 0 : claim->tries;
    OK(wf_store_load(store, &unit.work, &error));
    OK(wf_store_save(store, &unit.work, &error));
    wf_arena_drop(&unit.arena);
}

/* EOS-23: what was begun stays known until it is applied. */
Test(fencing, a_claim_tells_what_never_came_to_an_end)
{
    struct wf_claim claim = scratch_claim(a, 1);
    int32_t times;

    cr_assert(claim.begun == 0 && claim.suspect_topic == -1);
    commit_batch(a, &claim, 10);
    OK(wf_store_begun(a, 1, claim.epoch, 7, &error));
    OK(wf_store_suspect(a, &(struct wf_suspect){1, claim.epoch, 3, 12}, 1, &times, &error));
    claim = scratch_claim(b, 1);
    cr_assert(claim.tries == 1 && claim.begun == 7 && claim.suspect_topic == 3 && claim.suspect_offset == 12);
    commit_batch(b, &claim, 10);
    claim = scratch_claim(a, 1);
    cr_assert(claim.tries == 2 && claim.begun == 0 && claim.suspect_topic == 3);
    OK(wf_store_suspect(a, &(struct wf_suspect){1, claim.epoch, 3, 12}, 1, &times, &error));
    cr_assert_eq(times, 2);
    commit_batch(a, &claim, 13);
    OK(wf_store_suspect(a, &(struct wf_suspect){1, claim.epoch, -1, 99}, 1, &times, &error));
    claim = scratch_claim(b, 1);
    cr_assert(claim.tries == 1 && claim.begun == 0 && claim.suspect_topic == -1 && times == 1);
    cr_assert_eq(wf_store_begun(a, 1, claim.epoch - 1, 7, &error), WF_VERDICT_NOT_OWNER);
}

/* EOS-23: what failed for a reason that lies elsewhere was not begun. */
Test(fencing, that_it_was_begun_is_taken_back)
{
    struct wf_claim claim = scratch_claim(a, 1);
    struct wf_suspect suspect = {1, claim.epoch, 3, 12};
    int32_t times;

    OK(wf_store_suspect(a, &suspect, 1, &times, &error));
    OK(wf_store_suspect(a, &suspect, 1, &times, &error));
    OK(wf_store_suspect(a, &suspect, -1, &times, &error));
    cr_assert_eq(times, 1);
    claim = scratch_claim(b, 1);
    cr_assert_eq(wf_store_suspect(a, &suspect, -1, &times, &error), WF_VERDICT_NOT_OWNER);
    suspect.epoch = claim.epoch;
    OK(wf_store_suspect(b, &suspect, 1, &times, &error));
    cr_assert_eq(times, 2);
}

Test(fencing, a_lost_partition_cannot_be_written)
{
    struct scratch_unit unit;
    struct wf_claim old = scratch_claim(a, 1);
    struct wf_claim mine = scratch_claim(b, 1);

    scratch_begin(&unit, &old);
    cr_assert_eq(wf_store_load(a, &unit.work, &error), WF_VERDICT_NOT_OWNER);
    wf_arena_drop(&unit.arena);
    scratch_begin(&unit, &mine);
    OK(wf_store_load(b, &unit.work, &error));
    OK(wf_store_save(b, &unit.work, &error));
    wf_arena_drop(&unit.arena);
    cr_assert_eq(scratch_sql("select outbox_number from workflow.partition where partition = 1"), 1);
}

/* A process that hangs in the middle of a batch holds the row's lock; its backend is ended. */
Test(fencing, a_hanging_owner_is_ended)
{
    struct scratch_unit unit;
    struct wf_claim old = scratch_claim(a, 1);
    struct wf_uuid id = scratch_id(1);

    scratch_begin(&unit, &old);
    OK(wf_store_load(a, &unit.work, &error));
    struct wf_claim mine = scratch_claim(b, 1);
    cr_assert_eq(mine.epoch, 2);
    scratch_instance(&unit, &id, 1);
    cr_assert_eq(wf_store_save(a, &unit.work, &error), WF_VERDICT_RECONNECT, "%s", error.message);
    cr_assert_eq(scratch_sql("select count(*) from workflow.instance"), 0);
    wf_arena_drop(&unit.arena);
}

/* EOS-25: the unit that takes them is fenced as any other, and says nothing of what waits on the topics (EOS-23). */
Test(fencing, submitted_commands_are_taken_once)
{
    struct wf_claim claim = scratch_claim(a, 0);
    struct wf_submitted *commands;
    struct scratch_unit unit;
    size_t count;
    bool any;

    OK(wf_store_submitted(a, &any, &error));
    cr_assert_not(any);
    cr_assert_eq(scratch_sql("select count(workflow.submit_command('control', '{\"a\": 1}', 'c' || n, 'k',"
                             "                                     '{\"source\": \"/crm\"}'))"
                             "  from generate_series(1, 3) n"), 3);
    for (int committed = 0; committed <= 1; committed++) {
        OK(wf_store_submitted(a, &any, &error));
        cr_assert(any);
        scratch_begin(&unit, &claim);
        unit.partition.tries = claim.tries;
        OK(wf_store_load(a, &unit.work, &error));
        OK(wf_store_submitted_take(a, 2, 1000, &unit.arena, &commands, &count, &error));
        cr_assert_eq(count, 2);
        cr_assert_str_eq(commands[0].id, "c1");
        cr_assert_str_eq(commands[1].id, "c2");
        cr_assert_str_eq(commands[1].command, "control");
        cr_assert_str_eq(commands[1].key, "k");
        cr_assert_str_eq(commands[1].data, "{\"a\": 1}");
        cr_assert_eq(commands[1].header_count, 2);
        cr_assert_str_eq(commands[1].headers[0], "ce_source");
        cr_assert_str_eq(commands[1].headers[1], "/crm");
        OK(committed ? wf_store_save(a, &unit.work, &error) : wf_store_rollback(a, &error));
        wf_arena_drop(&unit.arena);
    }
    struct wf_claim mine = scratch_claim(b, 0);
    cr_assert_eq(mine.tries, 2, "no batch was committed in between");
    scratch_begin(&unit, &claim);
    cr_assert_eq(wf_store_load(a, &unit.work, &error), WF_VERDICT_NOT_OWNER);
    wf_arena_drop(&unit.arena);
    cr_assert_eq(scratch_sql("select count(*) from workflow.submitted_command"), 1);
}

Test(fencing, outbox_rows_stay_until_they_are_published)
{
    struct wf_claim claim = scratch_claim(a, 1);
    struct wf_arena arena = {0};
    struct wf_outbox_row *rows;
    size_t count;

    for (int batch = 1; batch <= 3; batch++) {
        struct scratch_unit unit;
        char events[5000];
        memset(events, 'a' + batch, sizeof events);
        claim.published_number = batch == 3 ? 1 : 0;
        scratch_begin(&unit, &claim);
        OK(wf_store_load(a, &unit.work, &error));
        unit.partition.events = (struct wf_slice){events, batch == 2 ? 0 : sizeof events};
        OK(wf_store_save(a, &unit.work, &error));
        wf_arena_drop(&unit.arena);
    }
    OK(wf_store_outbox(a, 1, 0, 10, &arena, &rows, &count, &error));
    cr_assert(count == 1 && rows[0].number == 3 && rows[0].events.length == 5000 && rows[0].events.data[4999] == 'd');
    OK(wf_store_outbox(a, 1, 3, 10, &arena, &rows, &count, &error));
    cr_assert_eq(count, 0);

    OK(wf_store_outbox_replace(a, 1, claim.epoch, 3, (struct wf_slice){"x", 1}, &error));
    OK(wf_store_outbox(a, 1, 2, 10, &arena, &rows, &count, &error));
    cr_assert(count == 1 && rows[0].events.length == 1);
    cr_assert_eq(wf_store_outbox_replace(a, 1, claim.epoch - 1, 3, (struct wf_slice){"x", 1}, &error),
                 WF_VERDICT_NOT_OWNER);
    cr_assert_eq(scratch_claim(b, 1).published_number, 1);
    wf_arena_drop(&arena);
}

Test(fencing, slots_are_free_when_their_holder_is_gone)
{
    int32_t slot;
    bool taken;

    OK(wf_store_take_slot(a, &slot, &error));
    OK(wf_store_try_slot(b, slot, &taken, &error));
    cr_assert_not(taken);
    wf_store_close(a);
    a = NULL;
    while (scratch_sql("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from "
                       "pg_database where datname = current_database())"))
        ; /* the server notices at once, but not within this call */
    OK(wf_store_try_slot(b, slot, &taken, &error));
    cr_assert(taken);
    OK(wf_store_release_slot(b, slot, &error));
    a = scratch_store();
    OK(wf_store_try_slot(a, slot, &taken, &error));
    cr_assert(taken);
}

Test(fencing, a_lost_connection_is_said_to_be_one)
{
    struct scratch_unit unit;
    struct wf_claim claim = scratch_claim(a, 1);

    scratch_begin(&unit, &claim);
    OK(wf_store_load(a, &unit.work, &error));
    scratch_sql("select pg_terminate_backend(backend_pid) from workflow.partition where partition = 1");
    cr_assert_eq(wf_store_save(a, &unit.work, &error), WF_VERDICT_RECONNECT);
    cr_assert_eq(wf_store_rollback(a, &error), WF_VERDICT_OK);
    cr_assert_neq(wf_store_load(a, &unit.work, &error), WF_VERDICT_OK);
    wf_arena_drop(&unit.arena);
}

Test(fencing, a_wrong_database_is_fatal)
{
    struct wf_settings none = {.database = "nonsense"}, away = {.database = "host=127.0.0.1 port=1"};
    struct wf_store *store;

    cr_assert_not(wf_store_open(&none, &store, &error));
    cr_assert(error.fate == WF_FATE_FATAL && error.exit_code == WF_EXIT_USAGE);
    cr_assert_not(wf_store_open(&away, &store, &error));
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    struct wf_settings empty = {.database = getenv("PAWL_TEST_DATABASE")};
    scratch_sql("update workflow.schema_step set step = 99, breaking = true where step = 3");
    char conninfo[1000];
    snprintf(conninfo, sizeof conninfo, "%s dbname=pawl_store_test_%d", empty.database, (int)getpid());
    empty.database = conninfo;
    cr_assert_not(wf_store_open(&empty, &store, &error));
    cr_assert(error.fate == WF_FATE_FATAL && error.exit_code == WF_EXIT_DATABASE, "%s", error.message);
    scratch_sql("drop schema workflow cascade");
    cr_assert_not(wf_store_open(&empty, &store, &error));
    cr_assert(error.fate == WF_FATE_FATAL && error.exit_code == WF_EXIT_DATABASE, "%s", error.message);
}
