/* Who gets a task, and who may take it (ASG-5 to ASG-9, ASG-11). */
#include "core/assignment.h"
#include "story.h"

static const char priority[] = "I:initial; A:interaction role:r priority; C:completion; I -> A; A -> C";

static void
load(const char *institution)
{
    struct wf_command command = {.operation = WF_OP_LOAD_INSTITUTION, .id = "t/0/1",
                                 .institution = story_institution(institution)};
    SAME(story_applies(&command), "");
    wf_institution_drop(command.institution);
}

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
    load("dept sub <d; team low <t; staff fay dept:sub; staff gus team:low");
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
    load("staff ann off");
    TELL("init a", "running; 1 I ended a; 2 A waiting @bob");
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann");
    TELL("init d", "running; 1 I ended d; 2 D waiting @bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 2);
    load("staff bob off; staff cid off");
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
    load("staff ann leave");
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
    load("staff dan role:s");
    TELL("get next dan", "2 A processing @dan");
    TELL("get next dan", "3 B processing @dan");
}

/* A group whose members are all on leave is empty (ASG-2, ASG-8). */
Test(assignment, group_on_leave)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    load("staff ann leave; staff bob leave; staff cid leave");
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
