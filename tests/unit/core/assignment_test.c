/* Who gets a task, and who may take it (ASG-2, ASG-3, ASG-5 to ASG-9, ASG-11). */
#include "core/assignment.h"
#include "base/buf.h"
#include "core/people.h"
#include "story.h"

static const char priority[] = "I:initial; A:interaction role:r priority; C:completion; I -> A; A -> C";

/* ASG-5, ASG-7: the group's until somebody of it asks. */
Test(assignment, fcfa)
{
    story_begin("I:initial; A:interaction role:r fcfa; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 dan", "rejected not_entitled");
    TELL("get 2 eve", "rejected on_leave");
    TELL("get 2 cid", "2 A processing @cid");
    TELL("get 2 ann", "rejected task_taken");
}

/* INS-2, ASG-1: teams and departments stand for all below them. */
Test(assignment, groups)
{
    story_begin("I:initial; A:interaction dept:d; B:interaction team:t; C:completion; I -> A,B; A -> C; B -> C");
    story_load("dept sub <d; team low <t; staff fay dept:sub; staff gus team:low");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    cr_assert_eq(story.unit.events[2].assignment.considered, 2);
    cr_assert_eq(story.unit.events[2].assignment.based_on, WF_BASED_ON_DEPARTMENT);
    SAME(story.unit.events[2].assignment.group, "d");
    TELL("get 2 bob", "rejected not_entitled");
    TELL("get 2 gus", "rejected not_entitled");
    TELL("get 2 fay", "2 A processing @fay");
    TELL("get 3 fay", "rejected not_entitled");
    TELL("get 3 gus", "3 B processing @gus");
}

/* ASG-6: the best priority_num; the task is theirs alone (ASG-7). */
Test(assignment, by_priority)
{
    story_begin(priority);
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    cr_assert_eq(story.unit.events[2].assignment.considered, 3); /* ASG-2, ASG-11: eve is on leave */
    cr_assert_eq(story.unit.events[2].assignment.method, WF_METHOD_PRIORITY);
    cr_assert_null(story.unit.events[2].reason);
    TELL("get 2 bob", "rejected not_entitled");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 C ended; completed");
}

/* ASG-2: people who are logged on come first, unless the rule says otherwise. */
Test(assignment, presence)
{
    story_begin("I:initial; A:interaction role:r priority; B:interaction role:r priority presence:ignore;"
                "D:interaction role:r priority presence:require; C:completion;"
                "I -a-> A; I -b-> B; I -d-> D; A -> C; B -> C; D -> C");
    story_load("staff ann off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting @bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 2);
    story_load("staff bob off; staff cid off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting");
}

/* On leave one is given nothing and takes nothing, but keeps what one has in hand (ASG-7). */
Test(assignment, on_leave)
{
    story_begin(priority);
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("get 2 ann", "2 A processing @ann");
    story_load("staff ann leave");
    TELL("init", "running; 1 I ended; 2 A waiting @bob");
    TELL("get 2 ann @1", "rejected on_leave");
    TELL("get next ann", "rejected on_leave");
    TELL("end 2 ann @2", "2 A ended; 3 C ended; completed");
}

/* ASG-8: nobody can be assigned, and an event says so; the first who becomes eligible and asks gets it. */
Test(assignment, empty_group)
{
    story_begin("I:initial; A:interaction role:s priority; B:interaction role:s; C:completion;"
                "I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    SAME(story.unit.events[2].reason, "nobody of \"s\" can be assigned");
    SAME(story.unit.events[3].reason, "nobody of \"s\" can be assigned");
    TELL("get 2 dan", "rejected not_entitled");
    TELL("get next dan", "rejected no_task_available");
    story_load("staff dan role:s");
    TELL("get next dan", "2 A processing @dan");
    TELL("get next dan", "3 B processing @dan");
}

/* A group whose members are all on leave is empty (ASG-2, ASG-8). */
Test(assignment, group_on_leave)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    story_load("staff ann leave; staff bob leave; staff cid leave");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story.unit.events[2].reason, "nobody of \"r\" can be assigned");
    cr_assert_eq(story.unit.events[2].assignment.considered, 0);
}

/* Without an institution nobody is known and nobody can be assigned. */
Test(assignment, no_institution)
{
    story_begin("I:initial; A:interaction role:r priority; B:task; D:interaction team:t; C:completion;"
                "I -> A,B,D; A -> C; B -> C; D -> C");
    story.unit.institution = NULL;
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 D waiting");
    TELL("get 2 ann", "rejected unknown_staff");
    TELL("get next ann", "rejected unknown_staff");
    TELL("init staff:ann", "rejected unknown_staff");
}

/* ASG-9: the next one, of what this unit made: oldest first, by date_created, then task_id. */
Test(assignment, next_of_this_unit)
{
    story_begin("I:initial; A:task; B:task; S:interaction team:t; C:completion; I -> A,B,S; A -> C; B -> C; S -> C");
    TELL("get next ann", "rejected no_task_available");
    TELL("get next zoe", "rejected unknown_staff");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 S waiting");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 S waiting");
    TELL("get next cid", "2 A processing @cid");
    cr_assert_eq(story.unit.outcome.instance, story_instance(1));
    TELL("get next cid act:B", "3 B processing @cid");
    TELL("get next cid act:B", "3 B processing @cid");
    cr_assert_eq(story.unit.outcome.instance, story_instance(2));
    TELL("get next cid act:B", "rejected no_task_available");
    TELL("get next cid process:q", "rejected no_task_available");
    TELL("get next cid process:p", "2 A processing @cid");
    TELL("get next cid", "rejected no_task_available");
    TELL("get next bob", "4 S processing @bob");
    TELL("get next eve", "rejected on_leave");
}

/* ASG-5: of two created at once, the lower task_id. */
Test(assignment, next_among_equals)
{
    story_begin("I:initial; A:task; C:completion; I -> A,A; A -> C");
    TELL("init @2", "running; 1 I ended; 2 A waiting; 3 A waiting");
    story.unit.now -= 1000000;
    TELL("init @1", "running; 1 I ended; 2 A waiting; 3 A waiting");
    TELL("get next ann", "2 A processing @ann");
    cr_assert_eq(story.unit.outcome.instance, story_instance(1));
    TELL("get next ann", "3 A processing @ann");
    cr_assert_eq(story.unit.outcome.instance, story_instance(1));
    TELL("get next ann", "2 A processing @ann");
    cr_assert_eq(story.unit.outcome.instance, story_instance(2));
}

/* ASG-9: one's own tasks are among the next. */
Test(assignment, next_is_ones_own)
{
    story_begin(priority);
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("get next bob", "rejected no_task_available");
    TELL("get next ann", "2 A processing @ann");
}

static struct wf_candidate *
candidate(int instance, int32_t n, bool owned)
{
    struct wf_candidate *made = WF_ARENA_NEW(&story.arena, struct wf_candidate);

    made->instance_id.bytes[15] = (uint8_t)instance;
    made->n = n;
    made->partition = instance;
    made->owned = owned;
    return made;
}

static const char *
next_of(const char *staff_id, struct wf_candidate **candidates, size_t count)
{
    struct wf_command command = {.operation = WF_OP_GET_TASK, .id = "t/0/1", .staff_id = staff_id,
                                 .candidates = candidates, .candidate_count = count};
    return story_applies(&command);
}

/* EOS-6: what the store found, oldest first: taken at once where the instance is here, else passed on, once. */
Test(assignment, next_of_the_store)
{
    story_begin("I:initial; A:task; B:interaction team:t; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    story_reload();
    struct wf_candidate *found[] = {candidate(2, 3, true), candidate(9, 2, true), candidate(2, 2, true),
                                    candidate(7, 2, false), candidate(1, 2, true)};
    SAME(next_of("ann", found, 5), "2 A processing @ann"); /* 2:3 is the team's, 9:2 is gone */
    cr_assert_eq(story.unit.outcome.instance, story_instance(2));
    SAME(next_of("cid", found, 5), "forward to 7");
    cr_assert_eq(story.unit.outcome.candidate, found[3]);
    cr_assert(found[3]->reserved);
    SAME(next_of("cid", found, 5), "2 A processing @cid");
    cr_assert_eq(story.unit.outcome.instance, story_instance(1));
    SAME(next_of("cid", found, 5), "rejected no_task_available");
    SAME(next_of("bob", found, 5), "3 B processing @bob");
}

/* A command that is passed on is not remembered: the task's owner does that. */
Test(assignment, passed_on_is_not_remembered)
{
    story_begin(priority);
    struct wf_candidate *found[] = {candidate(7, 2, false)};
    struct wf_command command = {.operation = WF_OP_GET_TASK, .id = "x", .id_given = true, .staff_id = "ann",
                                 .candidates = found, .candidate_count = 1};
    SAME(story_applies(&command), "forward to 7");
    SAME(story_applies(&command), "rejected no_task_available");
}

/* One that is passed on to another database is, so that its repetition is not given a task here as well. */
Test(assignment, passed_on_to_the_next_database)
{
    story_begin(priority);
    struct wf_command command = {.operation = WF_OP_GET_TASK, .id = "x", .id_given = true, .staff_id = "ann",
                                 .passes_on = true};
    SAME(story_applies(&command), "forward to the next database");
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    SAME(story_applies(&command), "forward to the next database");
    command.data_hash = 1;
    SAME(story_applies(&command), "rejected id_reused");
    command.id_given = false;
    SAME(story_applies(&command), "2 A processing @ann");
}

static const char copies[] = "I:initial; A:task all; M:and_merge; E:task; C:completion; I -> A; A -> M; M -> E; E -> C";

/* ASG-3: branch 1 and a copy for everybody else, in the order of staff_id; a merge gathers them. */
Test(assignment, all)
{
    story_begin(copies);
    story_load("staff abe role:r=9");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting @abe (2.1) opens 2; 3 A waiting @ann (2.2); "
                 "4 A waiting @bob (2.3); 5 A waiting @cid (2.4)");
    for (int i = 2; i < 6; i++) {
        cr_assert_eq(story.unit.events[i].assignment.method, WF_METHOD_ALL);
        cr_assert_eq(story.unit.events[i].assignment.considered, 4);
        cr_assert_null(story.unit.events[i].task.group_id);
    }
    story_load("staff zed role:r=1"); /* who joins the group later gets none */
    TELL("get next zed", "rejected no_task_available");
    TELL("get 2 ann", "rejected not_entitled");
    TELL("get next bob", "4 A processing @bob (2.3)");
    story_reload();
    TELL("end 4 bob", "4 A ended (2.3); 6 M pending (2.3)");
    ENDS(3, "", "3 A ended (2.2); 6 M pending +A (2.3)");
    TELL("get 2 abe", "2 A processing @abe (2.1)");
    TELL("end 2 abe", "2 A ended (2.1); 6 M pending +A (2.3)");
    TELL("modify withdraw:5 actor:op", "5 A withdrawn (2.4); 6 M ended (2.1) closes 2; 7 E waiting (1.1)");
}

/* BAT-2: also for one; and of an empty group there is none to copy for (ASG-8). */
Test(assignment, all_of_one_or_none)
{
    story_begin("I:initial; A:interaction team:t all; B:interaction role:s all; M:and_merge; N:and_merge; C:completion;"
                "I -a-> A; I -b-> B; A -> M; M -> C; B -> N; N -> C");
    story.batches = true;
    TELL("init a", "running; 1 I ended a (1.1); 2 A waiting @bob (2.1) opens 2");
    TELL("get 2 bob", "2 A processing @bob (2.1)");
    TELL("end 2 bob", "2 A ended (2.1); 3 M ended (2.1) closes 2; 4 C ended (1.1); completed a");
    TELL("init b", "running; 1 I ended b (1.1); 2 B waiting (1.1)");
    SAME(story.unit.events[2].reason, "nobody of \"s\" can be assigned");
    story_load("staff ann role:s");
    TELL("get 2 ann", "2 B processing @ann (1.1)");
    TELL("end 2 ann", "2 B ended (1.1); 3 N ended (1.1); 4 C ended (1.1); completed b");
}

/* ASG-3, DEP-8: without a merge what follows starts once for each copy. */
Test(assignment, all_without_a_merge)
{
    story_begin("I:initial; A:task all; E:automation; C:completion; I -> A; A -> E; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 A waiting @bob; 4 A waiting @cid");
    ENDS(2, "", "2 A ended; 5 E waiting job");
    TELL("get 3 bob", "3 A processing @bob");
    TELL("end 3 bob", "3 A ended; 6 E waiting job");
}

/* DEP-6: the copies vote; what can no more pass is asked again. */
Test(assignment, all_vote)
{
    story_begin("I:initial; A:task all; M:vote_merge votes:60% asks:yes; C:completion;"
                "I -> A; A -> M; M -passed-> C; M -failed-> A");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting @ann (2.1) opens 2; 3 A waiting @bob (2.2); "
                 "4 A waiting @cid (2.3)");
    ENDS(2, "no", "2 A ended no (2.1); 5 M pending (2.1)");
    TELL("get 4 cid", "4 A processing @cid (2.3)");
    TELL("end 4 cid no", "4 A ended no (2.3); 5 M ended failed +A (2.3) closes 2; 3 A withdrawn (2.2); "
                         "6 A waiting @ann (3.1) opens 3; 7 A waiting @bob (3.2); 8 A waiting @cid (3.3)");
    ENDS(6, "yes", "6 A ended yes (3.1); 9 M pending (3.1)");
    TELL("get 7 bob", "7 A processing @bob (3.2)");
    TELL("end 7 bob yes", "7 A ended yes (3.2); 9 M ended passed +A (3.2) closes 3; 8 A withdrawn (3.3); "
                          "10 C ended (1.1); completed passed");
}

/* BAT-3: copies that each start several: the batch of `all` is the outer bracket. */
Test(assignment, all_that_branch)
{
    story_begin("I:initial; A:interaction dept:d all; B:task; D:task; M:and_merge; N:and_merge; C:completion;"
                "I -> A; A -> B,D; B -> M; D -> M; M -> N; N -> C");
    story_load("staff bob dept:d");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting @ann (2.1) opens 2; 3 A waiting @bob (2.2)");
    ENDS(2, "", "2 A ended (2.1) opens 3; 4 B waiting (3.1); 5 D waiting (3.2)");
    TELL("get 3 bob", "3 A processing @bob (2.2)");
    TELL("end 3 bob", "3 A ended (2.2) opens 4; 6 B waiting (4.1); 7 D waiting (4.2)");
    ENDS(4, "", "4 B ended (3.1); 8 M pending (3.1)");
    ENDS(7, "", "7 D ended (4.2); 9 M pending (4.2)"); /* M works in each batch by itself */
    ENDS(5, "", "5 D ended (3.2); 8 M ended +D (3.2) closes 3; 10 N pending (2.1)");
    ENDS(6, "", "6 B ended (4.1); 9 M ended +B (4.1) closes 4; 10 N ended +M (2.2) closes 2; 11 C ended (1.1); completed");
}

/* ASG-3 with a pre rule: what was pending is copied when it may start. */
Test(assignment, all_after_a_pre_rule)
{
    story_begin("I:initial; G:task; A:interaction dept:d all; C:completion; D:dummy; I -> G,D; D -> A; G -> C; A -> C;"
                "A after D needs G");
    story_load("staff bob dept:d");
    TELL("init", "running; 1 I ended; 2 G waiting; 3 D ended; 4 A pending");
    ENDS(2, "", "2 G ended; 5 C ended; 4 A waiting @ann; 6 A waiting @bob");
}

/* DEP-9: copies count as created; a rejection leaves none of them, nor their batch. */
Test(assignment, all_rejected)
{
    story_begin("I:initial; A:task; B:task all; D:dummy; C:completion; I -> A; A -> B,D; B -> C; D -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "rejected no_route flags:ok");
    TELL("end 2 ann ok", "2 A ended ok; 3 B waiting @ann; 4 D ended ok; 5 B waiting @bob; 6 B waiting @cid; 7 C ended");

    struct wf_buf text = {0};
    for (int i = 0; i < 6000; i++)
        wf_buf_printf(&text, "staff s%d role:r;", i);
    story_load(wf_buf_text(&text));
    wf_buf_drop(&text);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    story.processes[0]->activities[1]->routes[0].next[1] = story.processes[0]->activities[2]; /* twice B */
    TELL("end 2 ann ok", "rejected limit_exceeded");
}

/* ASG-7: a grantee gets a person's or a group's task in the grantor's name. */
Test(assignment, delegation)
{
    story_begin("I:initial; A:task; B:interaction role:r priority; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting @ann");
    TELL("get 3 dan", "rejected not_entitled");
    story_load("grant ann dan; grant bob dan; grant dan fay; staff fay");
    TELL("get 3 fay", "rejected not_entitled"); /* not passed on */
    TELL("get 3 dan for:bob", "rejected not_entitled"); /* bob has no right to it */
    TELL("get 3 dan", "3 B processing @dan for ann");
    TELL("get 2 dan for:bob", "2 A processing @dan for bob");
    story_reload();
    TELL("end 2 bob", "rejected not_entitled"); /* who executes it ends it */
    TELL("end 2 dan", "2 A ended; 4 C ended");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting @ann");
    TELL("get next dan act:A", "2 A processing @dan for ann"); /* the lowest id */
    TELL("get next dan for:bob", "rejected no_task_available");
    TELL("get next dan", "3 B processing @dan for ann");
}

/* One's own right comes first, whomever the command names. */
Test(assignment, own_right_first)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    story_load("grant ann bob");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 bob for:ann", "2 A processing @bob");
}

/* An authorization covers a process, an activity and a time; its end does not take away what is in hand. */
Test(assignment, authorization_covers)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    story_load("grant ann dan process:q; grant bob dan act:B; grant cid fay from:1 to:8000000; staff fay");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 dan", "rejected not_entitled");
    TELL("get 3 dan", "3 B processing @dan for bob");
    TELL("get 2 fay", "2 A processing @fay for cid");
    story.unit.now = 8000000;
    TELL("release 2 fay", "2 A waiting");
    TELL("get 2 fay", "rejected not_entitled"); /* it ended before valid_to */
    TELL("hang 3 dan", "3 B pausing @dan for bob");
    story_load("replace; role r; staff dan; staff ann role:r");
    TELL("reset 3 dan", "3 B processing @dan for bob");
    TELL("end 3 dan", "3 B ended; 4 C ended");
}

/* A grantee on leave takes nothing; a grantor may be. */
Test(assignment, delegation_and_leave)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    story_load("grant eve dan");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    cr_assert_eq(story.unit.events[2].assignment.considered, 4); /* ASG-2: eve is represented */
    TELL("get 2 dan", "2 A processing @dan for eve");
    story_load("staff dan leave");
    TELL("get 3 dan", "rejected on_leave");
    TELL("end 2 dan", "2 A ended; 4 C ended");
}

/* ASG-2: who is on leave and has a grantee comes last, and not at all without a valid authorization. */
Test(assignment, on_leave_and_represented)
{
    story_begin("I:initial; A:interaction role:r priority; B:interaction role:r priority presence:ignore;"
                "D:interaction role:r priority presence:require; E:task; F:task all; C:completion;"
                "I -a-> A; I -b-> B; I -d-> D; I -e-> E; I -f-> F; A -> C; B -> C; D -> C; E -> C; F -> C");
    story_load("staff ann leave; grant ann dan; staff bob off; staff cid off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 3);
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting @ann");
    cr_assert_eq(story.unit.events[2].assignment.considered, 1);
    TELL("get 2 dan", "2 D processing @dan for ann");
    TELL("init f", "running; 1 I ended f; 2 F waiting @ann; 3 F waiting @bob; 4 F waiting @cid");
    story_load("staff bob leave; staff cid leave");
    TELL("init a", "running; 1 I ended a; 2 A waiting @ann");
    TELL("init e", "running; 1 I ended e; 2 E waiting");
    cr_assert_eq(story.unit.events[2].assignment.considered, 1);
    cr_assert_null(story.unit.events[2].reason);
    story_load("replace; role r; staff ann role:r leave; staff dan");
    TELL("init a", "running; 1 I ended a; 2 A waiting");
    SAME(story.unit.events[2].reason, "nobody of \"r\" can be assigned");
}

/* What changes of people alone: set-presence, authorize, revoke (ASG-2, ASG-7), as the decoder makes them. */
static const char *
tell_people(enum wf_operation operation, const char *change)
{
    struct wf_command command = {.operation = operation, .id = "t/0/2", .institution = story_institution(change)};
    const char *told = story_applies(&command);

    wf_institution_drop(command.institution);
    return told;
}

Test(assignment, set_presence)
{
    story_begin(priority);
    int64_t version = story.unit.institution->version;
    SAME(tell_people(WF_OP_SET_PRESENCE, "staff ann leave"), "");
    cr_assert_eq(story.unit.institution->version, version + 1);
    cr_assert_eq(story.unit.people_count, 1);
    SAME(story.unit.outcome.people->staff->staff_id, "ann");
    TELL("init", "running; 1 I ended; 2 A waiting @bob");
    SAME(tell_people(WF_OP_SET_PRESENCE, "staff bob off"), "");
    TELL("init", "running; 1 I ended; 2 A waiting @cid");
    SAME(tell_people(WF_OP_SET_PRESENCE, "staff bob off"), ""); /* so it was already */
    cr_assert_null(story.unit.outcome.people);
    SAME(tell_people(WF_OP_SET_PRESENCE, "staff bob on"), "");
    cr_assert_eq(story.unit.institution->version, version + 3);
    SAME(tell_people(WF_OP_SET_PRESENCE, "staff zoe on"), "rejected unknown_staff");
    TELL("init", "running; 1 I ended; 2 A waiting @bob");
}

Test(assignment, authorize_and_revoke)
{
    story_begin(priority);
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("get 2 dan", "rejected not_entitled");
    SAME(tell_people(WF_OP_AUTHORIZE, "grant ann dan"), "");
    SAME(story.unit.outcome.people->authorization.grantee_id, "dan");
    SAME(tell_people(WF_OP_AUTHORIZE, "grant ann dan"), "");
    cr_assert_null(story.unit.outcome.people);
    TELL("get 2 dan", "2 A processing @dan for ann");
    TELL("release 2 dan", "2 A waiting @ann");
    SAME(tell_people(WF_OP_AUTHORIZE, "grant ann dan to:1"), ""); /* one for each, the later counts */
    TELL("get 2 dan", "rejected not_entitled");
    SAME(tell_people(WF_OP_REVOKE, "grant ann dan process:p"), ""); /* that is another one */
    cr_assert_null(story.unit.outcome.people);
    SAME(tell_people(WF_OP_REVOKE, "grant ann dan"), "");
    cr_assert(story.unit.outcome.people->revoked);
    cr_assert_eq(story.unit.institution->authorization_count, 0);
    SAME(tell_people(WF_OP_AUTHORIZE, "grant ann zoe"), "rejected unknown_staff");
    SAME(tell_people(WF_OP_REVOKE, "grant zoe ann"), "rejected unknown_staff");
    SAME(tell_people(WF_OP_AUTHORIZE, "grant ann dan from:9 to:9"), "rejected institution_invalid");
}

static const char *
try_again(int32_t n)
{
    struct wf_command command = {.operation = WF_OP_ASSIGN_TASK, .id = "assign", .has_instance_id = true,
                                 .instance_id = story_instance(0)->instance_id, .task_n = n};

    return story_applies(&command);
}

/* ASG-8: what nobody could be assigned is, when somebody becomes eligible. */
Test(assignment, tried_again)
{
    story_begin("I:initial; A:interaction role:s priority; B:interaction role:s; D:interaction role:s all; C:completion;"
                "I -> A,B,D; A -> C; B -> C; D -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 D waiting");
    SAME(try_again(2), "");
    story_load("staff dan role:s; staff zoe role:s");
    SAME(try_again(2), "2 A waiting @dan");
    SAME(try_again(3), ""); /* the group's: whoever asks first */
    SAME(try_again(4), "4 D waiting @dan; 5 D waiting @zoe");
    SAME(try_again(2), "");
    SAME(try_again(9), "");
    TELL("cancel actor:op", "2 A withdrawn; 3 B withdrawn; 4 D withdrawn; 5 D withdrawn; cancelled");
    SAME(try_again(2), "");
}

/* What a person who is removed had, in whatever state, goes back to the rule. */
Test(assignment, person_removed)
{
    story_begin("I:initial; A:task priority; B:task; D:task; C:completion; I -> A,B,D; A -> C; B -> C; D -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 B waiting; 4 D waiting");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("get 4 ann", "4 D processing @ann");
    TELL("hang 4 ann", "4 D pausing @ann");
    story_load("replace; role r; staff bob role:r");
    SAME(try_again(2), "2 A waiting @bob");
    SAME(story.unit.events[0].reason, "\"ann\" is no staff member any more");
    SAME(try_again(3), "3 B waiting");
    SAME(try_again(4), "4 D waiting");
    SAME(try_again(4), "");
    TELL("get 4 bob", "4 D processing @bob");
}

/* ASG-1: a function names the people; who it named when the task was offered may take it (ASG-7). */
Test(assignment, user_defined_group)
{
    story_begin("I:initial; A:interaction func:f; B:interaction func:f all; L:interaction func:f least_working_list;"
                "C:completion; I -a-> A; I -b-> B; I -l-> L; A -> C; B -> C; L -> C");
    story_load("grant cid bob");
    story_answers("f=cid,ann,eve");
    TELL("init a", "running; 1 I ended a; 2 A waiting");
    cr_assert_eq(story.unit.events[2].assignment.considered, 2);
    TELL("get 2 dan", "rejected not_entitled");
    TELL("get 2 eve", "rejected on_leave");
    TELL("get next bob", "2 A processing @bob for cid");
    TELL("release 2 bob", "2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann; 3 B waiting @cid");
    TELL("init l", "running; 1 I ended l; 2 L waiting @cid");
    story_answers("f=");
    TELL("init l", "running; 1 I ended l; 2 L waiting");
    SAME(try_again(2), "");
    story_answers("f=dan");
    story_reload();
    SAME(try_again(2), "2 L waiting @dan");
    story_answers("f=");
    TELL("init a", "running; 1 I ended a; 2 A waiting"); /* also first come, first assigned: the list would stay empty */
    SAME(try_again(2), "");
    story_answers("f=dan");
    story_reload();
    SAME(try_again(2), "2 A waiting");
    TELL("get 2 dan", "2 A processing @dan");
}

/* A function that fails is an incident, once, until there is somebody (FWD-3, ASG-8). */
Test(assignment, tried_again_and_failed)
{
    story_begin("I:initial; L:interaction func:f least_working_list; C:completion; I -> L; L -> C");
    story_answers("f=");
    TELL("init", "running; 1 I ended; 2 L waiting");
    story_answers("f!broken");
    story_reload();
    SAME(try_again(2), "2 L waiting !rule_failed");
    cr_assert_not_null(story_instance(0)->tasks[0]->incident);
    story_reload();
    SAME(try_again(2), "rejected rule_failed"); /* no second one */
    story_answers("f=dan");
    story_reload();
    SAME(try_again(2), "2 L waiting @dan");
    cr_assert_null(story_instance(0)->tasks[0]->incident);
}

/* Whom a function names in vain may not take the task: no event has said so (LOG-1). */
Test(assignment, named_in_vain)
{
    story_begin("I:initial; L:interaction func:f least_working_list presence:require; C:completion; I -> L; L -> C");
    story_load("staff dan off");
    story_answers("f=");
    TELL("init", "running; 1 I ended; 2 L waiting");
    story_answers("f=dan");
    story_reload();
    SAME(try_again(2), "");
    TELL("get 2 dan", "rejected not_entitled");
}
