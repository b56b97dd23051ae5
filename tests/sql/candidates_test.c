/*
 * candidates_test.c - who asks for the next task is shown the oldest that he may take (ASG-5, ASG-9).
 */
#include <criterion/criterion.h>

#include "scratch.h"

static struct wf_store *store;
static struct wf_claim claim;
static struct wf_error error;

static void
up(void)
{
    if (!scratch_possible())
        cr_skip_test("PAWL_TEST_DATABASE is not set");
    scratch_up(4);
    store = scratch_store();
    claim = scratch_claim(store, 2);
}

static void
down(void)
{
    if (!scratch_possible())
        return;
    wf_store_close(store);
    scratch_down();
}

TestSuite(candidates, .init = up, .fini = down, .timeout = 60);

#define OK(call) cr_assert_eq((call), WF_VERDICT_OK, "%s", error.message)

static struct wf_task *
offered(struct scratch_unit *unit, struct wf_instance *instance, enum wf_based_on based_on, const char *group, int age)
{
    struct wf_task *task = scratch_task(unit, instance, "check", WF_TASK_WAITING);

    task->group_based_on = based_on;
    task->group_id = group;
    task->date_created -= age;
    return task;
}

/* Six waiting tasks, numbered 1 to 6 by age, and some that nobody is shown. */
static void
make_tasks(void)
{
    struct scratch_unit unit;
    struct wf_uuid ids[] = {scratch_id(1), scratch_id(2), scratch_id(3), scratch_id(4)};
    static struct wf_reservation reservation;

    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    struct wf_instance *one = scratch_instance(&unit, &ids[0], 2);
    struct wf_instance *two = scratch_instance(&unit, &ids[1], 1);
    struct wf_instance *suspended = scratch_instance(&unit, &ids[2], 2);
    suspended->state = WF_INSTANCE_SUSPENDED;
    offered(&unit, one, WF_BASED_ON_ROLE, "writer", 10);     /* 1:1, fourth */
    offered(&unit, one, WF_BASED_ON_ROLE, "writer", 30);     /* 1:2, second */
    offered(&unit, two, WF_BASED_ON_ROLE, "writer", 40);     /* 2:1, first */
    offered(&unit, two, WF_BASED_ON_TEAM, "board", 20);      /* 2:2, third */
    offered(&unit, two, WF_BASED_ON_DEPARTMENT, "writer", 50); /* 2:3, another kind of group */
    offered(&unit, suspended, WF_BASED_ON_ROLE, "writer", 60);
    offered(&unit, one, WF_BASED_ON_ROLE, "writer", 70)->state = WF_TASK_PENDING;
    offered(&unit, one, WF_BASED_ON_ROLE, "writer", 5)->staff_id = "anna"; /* 1:4 */
    offered(&unit, one, WF_BASED_ON_ROLE, "writer", 80);     /* 1:5, reserved */
    reservation = (struct wf_reservation){.instance_id = ids[0], .n = 5, .command_id = scratch_id(99)};
    unit.work.reserved = &reservation;
    unit.work.reserved_count = 1;
    OK(wf_store_save(store, &unit.work, &error));
    wf_arena_drop(&unit.arena);
}

static void
shows(const struct wf_query *query, const char *wanted)
{
    char text[200] = "";
    size_t at = 0;

    for (size_t i = 0; i < query->candidate_count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%d:%d", i ? " " : "",
                               query->candidates[i]->instance_id.bytes[15], query->candidates[i]->n);
    cr_assert_str_eq(text, wanted);
}

Test(candidates, oldest_first_for_each)
{
    struct wf_offer anna[] = {{WF_BASED_ON_NONE, "anna", NULL, NULL, NULL, NULL},
                              {WF_BASED_ON_ROLE, "writer", NULL, NULL, NULL, NULL},
                              {WF_BASED_ON_TEAM, "board", NULL, NULL, NULL, NULL}};
    struct wf_offer ben[] = {{WF_BASED_ON_NONE, "ben", NULL, NULL, NULL, NULL}, {WF_BASED_ON_ROLE, "writer", "p", "check", NULL, NULL}};
    struct wf_offer carl[] = {{WF_BASED_ON_ROLE, "writer", "other", NULL, NULL, NULL}, {WF_BASED_ON_ROLE, "writer", NULL, "join", NULL, NULL}};
    struct wf_offer dora[] = {{WF_BASED_ON_NONE, "dora", NULL, NULL, NULL, NULL}, {WF_BASED_ON_ROLE, "writer", "p", "check", NULL, NULL}};
    struct wf_query queries[] = {{anna, 3, NULL, 0}, {ben, 2, NULL, 0}, {carl, 2, NULL, 0}, {dora, 2, NULL, 0}, {0}};
    struct scratch_unit unit;

    make_tasks();
    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    OK(wf_store_candidates(store, &unit.work, queries, 5, 10, &error));
    shows(&queries[0], "2:1 1:2 2:2 1:1 1:4");
    shows(&queries[1], "2:1 1:2 1:1");
    shows(&queries[2], "");
    shows(&queries[3], "2:1 1:2 1:1");
    shows(&queries[4], "");
    cr_assert_eq(queries[1].candidates, queries[3].candidates, "the same offers have one answer");
    cr_assert_eq(queries[0].candidates[0], queries[1].candidates[0], "a task is one struct");
    cr_assert(queries[0].candidates[0]->partition == 1 && !queries[0].candidates[0]->owned);

    struct wf_uuid ids[] = {queries[0].candidates[1]->instance_id, queries[0].candidates[3]->instance_id};
    OK(wf_store_load_instances(store, &unit.work, ids, 2, &error));
    cr_assert_eq(unit.unit.instance_count, 1);
    cr_assert_eq(unit.unit.instance_list[0]->task_count, 5);
    OK(wf_store_rollback(store, &error));
    wf_arena_drop(&unit.arena);
}

Test(candidates, as_many_as_asked_for)
{
    struct wf_offer offer = {WF_BASED_ON_ROLE, "writer", NULL, NULL, NULL, NULL};
    struct wf_query queries[] = {{&offer, 1, NULL, 0}, {&offer, 1, NULL, 0}};
    struct scratch_unit unit;

    make_tasks();
    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    OK(wf_store_candidates(store, &unit.work, queries, 2, 0, &error));
    shows(&queries[0], "2:1 1:2");
    OK(wf_store_rollback(store, &error));
    wf_arena_drop(&unit.arena);
}

Test(candidates, a_reservation_is_made_once_and_released)
{
    struct scratch_unit unit;
    struct wf_reservation again = {.instance_id = scratch_id(1), .n = 5, .command_id = scratch_id(98)};
    struct wf_reservation first = {.instance_id = scratch_id(1), .n = 5, .command_id = scratch_id(99)};

    make_tasks();
    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    unit.work.reserved = &again;
    unit.work.reserved_count = 1;
    cr_assert_eq(wf_store_save(store, &unit.work, &error), WF_VERDICT_RETRY);
    wf_arena_drop(&unit.arena);

    scratch_begin(&unit, &claim);
    OK(wf_store_load(store, &unit.work, &error));
    unit.work.released = &first;
    unit.work.released_count = 1;
    OK(wf_store_save(store, &unit.work, &error));
    cr_assert_eq(scratch_sql("select count(*) from workflow.reservation"), 0);
    wf_arena_drop(&unit.arena);
}
