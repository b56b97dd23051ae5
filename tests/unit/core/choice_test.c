/* Methods that choose one person: round_robin and least_working_list (ASG-2, ASG-4, ASG-6, ASG-11). */
#include "core/load.h"
#include "story.h"

static const char in_turn[] = "I:initial; A:task round_robin; B:interaction role:r round_robin presence:ignore;"
                              "D:interaction role:r round_robin presence:require; C:completion;"
                              "I -a-> A; I -b-> B; I -d-> D; A -> C; B -> C; D -> C";

/* ASG-6: one after the other by staff_id, from the token on; who is on leave is passed over. */
Test(choice, round_robin)
{
    story_begin(in_turn);
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    SAME(story.asked, "r");
    cr_assert_eq(story.unit.events[2].assignment.method, WF_METHOD_ROUND_ROBIN);
    cr_assert_eq(story.unit.events[2].assignment.considered, 3);
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    SAME(story.asked, "");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    story_load("staff eve back; staff bob leave");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("init a", "running; 1 I ended a; 2 A waiting @eve");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
}

/* ASG-2: among those who are logged on, if anybody is; what each method considers is the whole group. */
Test(choice, round_robin_presence)
{
    story_begin(in_turn);
    story_load("staff ann off; staff cid off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 3);
    TELL("init b", "running; 1 I ended b; 2 B waiting @cid");
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting @bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 1);
    story_load("staff bob off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("init d", "running; 1 I ended d; 2 D waiting"); /* ASG-8 */
    SAME(story.unit.events[2].reason, "nobody of \"r\" can be assigned");
}

/* ASG-6: turns differ by one at most among those who were eligible all the time, whoever came and went. */
Test(choice, round_robin_is_fair)
{
    int turns[2] = {1, 0};
    char told[128];

    story_begin(in_turn);
    story_does("init a");
    for (int i = 0; i < 200; i++) {
        if (i % 7 == 0)
            story_load(i % 2 ? "staff bob leave; staff eve leave" : "staff bob back; staff eve back");
        snprintf(told, sizeof told, "%s", story_does("modify start:A actor:op"));
        const char *chosen = strrchr(told, '@') + 1;
        turns[0] += strcmp(chosen, "ann") == 0;
        turns[1] += strcmp(chosen, "cid") == 0;
        cr_assert_leq(abs(turns[0] - turns[1]), 1);
    }
}

/* What was rejected passes no token on. */
Test(choice, round_robin_undone)
{
    story_begin("I:initial; A:task round_robin; B:dummy; C:completion; I -> A,B; A -> C; B -f-> C");
    TELL("init f", "running; 1 I ended f; 2 A waiting @ann; 3 B ended f; 4 C ended");
    TELL("init x", "rejected no_route flags:f");
    TELL("init f", "running; 1 I ended f; 2 A waiting @bob; 3 B ended f; 4 C ended");
}

static const char least[] = "I:initial; A:task least_working_list; B:task; D:task priority; C:completion;"
                            "I -a-> A; I -b-> B; I -d-> D; A -again-> A; A -done-> C; B -> C; D -> C";

/* ASG-4: the fewest open tasks; ties go to who never had one, then to the longest ago, then by staff_id. */
Test(choice, least_working_list)
{
    story_begin(least);
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    SAME(story.asked, "ann,bob,cid,eve");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    SAME(story.asked, "");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("get 2 cid", "2 A processing @cid"); /* ASG-11: assigned, not started */
    TELL("end 2 cid done", "2 A ended done; 3 C ended; completed done");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
}

/* A task counts from whatever assigned it, and until it is over or becomes somebody else's. */
Test(choice, every_assignment_counts)
{
    story_begin(least);
    TELL("init b", "running; 1 I ended b; 2 B waiting");
    TELL("get 2 ann", "2 B processing @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting @ann");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("reassign 2 to:ann actor:op", "2 A waiting @ann");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("release 2 ann @1", "2 B waiting");
    TELL("reassign 2 to_team:t actor:op @2", "2 D waiting");
    TELL("cancel actor:op @4", "2 A withdrawn; cancelled");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
}

/* An end and the assignment that follows are one command: who ended has one fewer already. */
Test(choice, least_after_end)
{
    story_begin(least);
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    TELL("end 2 ann again @1", "2 A ended again; 3 A waiting @ann");
}

/* What was rejected changes no load. */
Test(choice, loads_undone)
{
    story_begin(least);
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann nonsense", "rejected no_route flags:again,done");
    cr_assert_eq(wf_load_of(&story.unit, "ann")->change, 1);
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
}

/* Loads that the database knows of count, and assignments of this unit come after those it tells of. */
Test(choice, loads_known)
{
    story_begin(least);
    TELL("init b", "running; 1 I ended b; 2 B waiting");
    TELL("get 2 ann", "2 B processing @ann");
    wf_load_known(&story.unit, "ann", 0, 5000 * (int64_t)1000000);
    wf_load_known(&story.unit, "bob", 1, 6000 * (int64_t)1000000);
    wf_load_known(&story.unit, "cid", 1, 4000 * (int64_t)1000000);
    wf_load_known(&story.unit, "eve", 0, 0);
    TELL("init a", "running; 1 I ended a; 2 A waiting @cid");
    cr_assert_gt(wf_load_of(&story.unit, "cid")->last_assigned, 6000 * (int64_t)1000000);
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
}

/* Least working list goes by any group; copies of `all` and delegated tasks count for who has them. */
Test(choice, least_of_a_team)
{
    story_begin("I:initial; A:interaction team:t least_working_list; B:interaction team:t all; C:completion;"
                "I -a-> A; I -b-> B; A -> C; B -> C");
    story_load("staff fay team:t; grant bob dan");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("get 2 dan", "2 A processing @dan for bob");
    TELL("init a", "running; 1 I ended a; 2 A waiting @fay");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init b", "running; 1 I ended b; 2 B waiting @bob; 3 B waiting @fay");
    TELL("release 2 dan @1", "2 A waiting @bob");
    TELL("init a", "running; 1 I ended a; 2 A waiting @fay");
}
