/* Separation of duties: not_by and same_as (ASG-10). */
#include "core/constraint.h"
#include "story.h"

static const char four_eyes[] = "I:initial; A:task; B:task not_by:A; C:completion; I -> A; A -> B; B -> C; B -again-> A";

/* Nobody who did it may do the other, nor take it as the next one. */
Test(constraint, not_by)
{
    story_begin(four_eyes);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 B waiting");
    cr_assert_eq(story.unit.events[1].assignment.considered, 2);
    TELL("get 3 ann", "rejected constraint");
    TELL("get next ann", "rejected no_task_available");
    TELL("get 3 dan", "rejected not_entitled");
    TELL("get next bob", "3 B processing @bob");
    TELL("end 3 bob again", "3 B ended again; 4 A waiting");
    TELL("get 4 bob", "4 A processing @bob");
    TELL("end 4 bob", "4 A ended; 5 B waiting");
    TELL("get 5 ann", "rejected constraint");
    TELL("get 5 bob", "rejected constraint");
    TELL("get 5 cid", "5 B processing @cid");
}

/* Nor for whom it was done, nor as a grantee of theirs, nor may they authorise it. */
Test(constraint, not_by_and_delegation)
{
    story_begin(four_eyes);
    story_load("grant ann dan; grant bob dan; grant bob eve; grant cid ann; staff eve back");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 dan for:bob", "2 A processing @dan for bob");
    TELL("end 2 dan", "2 A ended; 3 B waiting");
    TELL("get 3 bob", "rejected constraint");
    TELL("get 3 dan for:ann", "rejected constraint");
    TELL("get 3 ann for:bob", "3 B processing @ann"); /* one's own right comes first */
    TELL("release 3 ann", "3 B waiting");
    TELL("get 3 eve", "3 B processing @eve"); /* of the role, not for bob */
}

Test(constraint, nobody_may_authorise)
{
    story_begin(four_eyes);
    story_load("grant ann dan; grant cid dan");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 B waiting");
    TELL("get 3 dan for:ann", "rejected constraint");
    TELL("get 3 dan", "3 B processing @dan for cid");
}

/* Assignment leaves them out, whatever the method; reassignment to them is refused. */
Test(constraint, not_by_and_assignment)
{
    story_begin("I:initial; A:task; P:task priority not_by:A; Q:task round_robin not_by:A,P; L:task least_working_list not_by:A;"
                "X:task all not_by:A; C:completion; I -> A; A -p-> P; A -l-> L; A -x-> X; P -> Q; Q -> C; L -> C; X -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann p", "2 A ended p; 3 P waiting @bob");
    cr_assert_eq(story.unit.events[1].assignment.considered, 2);
    TELL("reassign 3 to:ann actor:op", "rejected constraint");
    TELL("reassign 3 to:dan actor:op", "3 P waiting @dan");
    TELL("get 3 dan", "3 P processing @dan");
    TELL("end 3 dan", "3 P ended; 4 Q waiting @bob");
    TELL("reassign 4 to_role:r actor:op", "4 Q waiting");
    cr_assert_eq(story.unit.events[0].assignment.considered, 2);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann x", "2 A ended x; 3 X waiting @bob; 4 X waiting @cid");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann l", "2 A ended l; 3 L waiting @bob");
}

/* ASG-8: when it bars everybody the task is nobody's. */
Test(constraint, bars_everybody)
{
    story_begin("I:initial; A:task all; B:task priority not_by:A; M:and_merge; C:completion; I -> A; A -> M; M -> B; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 A waiting @bob; 4 A waiting @cid");
    ENDS(2, "", "2 A ended; 5 M pending");
    TELL("get 3 bob", "3 A processing @bob");
    TELL("end 3 bob", "3 A ended; 5 M pending +A");
    TELL("get 4 cid", "4 A processing @cid");
    TELL("end 4 cid", "4 A ended; 5 M ended +A; 6 B waiting");
    SAME(story.unit.events[2].reason, "nobody of \"r\" can be assigned");
    TELL("get 6 ann", "rejected constraint");
}

static const char familiar[] = "I:initial; A:task; B:task priority same_as:A; C:completion; I -> A; A -> B; B -> C; B -again-> A";

/* The executor of the last one gets this one: by assignment, and nobody else by get-task or reassignment. */
Test(constraint, same_as)
{
    story_begin(familiar);
    story_load("grant cid dan");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 cid", "2 A processing @cid");
    TELL("end 2 cid", "2 A ended; 3 B waiting @cid");
    SAME(story.unit.events[1].reason, "\"cid\" did \"A\"");
    cr_assert_eq(story.unit.events[1].assignment.considered, 1);
    TELL("get 3 dan", "rejected constraint");
    TELL("reassign 3 to:ann actor:op", "rejected constraint");
    TELL("reassign 3 actor:op", "3 B waiting @cid");
    TELL("reassign 3 to_role:r actor:op", "3 B waiting");
    cr_assert_eq(story.unit.events[0].assignment.considered, 1);
    TELL("get 3 ann", "rejected constraint");
    TELL("get 3 cid", "3 B processing @cid");
    TELL("end 3 cid again", "3 B ended again; 4 A waiting");
    TELL("get 4 bob", "4 A processing @bob");
    TELL("end 4 bob", "4 A ended; 5 B waiting @bob");
}

/* Who did it for somebody counts, not for whom; and need not be of the group. */
Test(constraint, same_as_executor)
{
    story_begin(familiar);
    story_load("grant cid dan");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 dan", "2 A processing @dan for cid");
    TELL("end 2 dan", "2 A ended; 3 B waiting @dan");
    TELL("reassign 3 to_role:s actor:op", "3 B waiting");
    TELL("get 3 dan", "3 B processing @dan");
}

/* On leave or gone, the rule decides; so it does where nobody did it yet, and where not_by bars the person. */
Test(constraint, same_as_impossible)
{
    story_begin("I:initial; A:task; B:task priority same_as:A; D:task priority same_as:A not_by:A; C:completion;"
                "I -> A; I -b-> B; A -> B; A -d-> D; B -> C; D -> C");
    TELL("init b", "running; 1 I ended b; 2 B waiting @ann");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 cid", "2 A processing @cid");
    story_load("staff cid leave");
    TELL("end 2 cid", "2 A ended; 3 B waiting @ann");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("end 2 bob d", "2 A ended d; 3 D waiting @ann");
}

/* Whom it bars is kept in order, each once, for the search of the next task. */
Test(constraint, barred)
{
    story_begin("I:initial; A:task; B:task not_by:A; W:task; M:and_merge; C:completion; I -> A,W; A -again-> A; A -> B;"
                "B -> M; W -> M; M -> C");
    size_t count;

    TELL("init", "running; 1 I ended; 2 A waiting; 3 W waiting");
    TELL("get 2 cid", "2 A processing @cid");
    TELL("end 2 cid again", "2 A ended again; 4 A waiting");
    ENDS(4, "again", "4 A ended again; 5 A waiting");
    ENDS(5, "", "5 A ended; 6 B waiting");
    const char **barred = wf_constraint_barred(&story.arena, wf_instance_task(story_instance(0), 6), &count);
    cr_assert_eq(count, 2);
    SAME(barred[0], "ann");
    SAME(barred[1], "cid");
    wf_constraint_barred(&story.arena, wf_instance_task(story_instance(0), 3), &count);
    cr_assert_eq(count, 0);
}

/* TSK-7: a copy goes back to the rule, and to whom same_as names, when there is somebody by then. */
Test(constraint, same_as_and_a_copy)
{
    story_begin("I:initial; B:task all same_as:D; D:task; C:completion; I -> B,D; B -> C; D -> C");
    TELL("init", "running; 1 I ended; 2 B waiting @ann; 3 D waiting; 4 B waiting @bob; 5 B waiting @cid");
    TELL("get 3 bob", "3 D processing @bob");
    TELL("end 3 bob", "3 D ended; 6 C ended; 2 B waiting @bob; 5 B waiting @bob");
}

static const char side_by_side[] = "I:initial; S:and_branch; A:task not_by:B; B:task priority not_by:A; C:completion; I -> S;"
                                   "S -> A,B; A -> C; B -> C";

/* In hand at once: who has ended the one cannot end the other. */
Test(constraint, both_in_hand)
{
    story_begin(side_by_side);
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting @ann");
    TELL("get 3 ann", "3 A processing @ann");
    TELL("get 4 ann", "4 B processing @ann");
    TELL("end 4 ann", "4 B ended; 5 C ended");
    TELL("end 3 ann", "rejected constraint");
    TELL("release 3 ann", "3 A waiting");
    TELL("get 3 bob", "3 A processing @bob");
    TELL("end 3 bob", "3 A ended; 6 C ended; completed");
}

/* What waits for who is kept from it goes to another one at once; what is in hand, when it is given back. */
Test(constraint, kept_from_what_waits)
{
    story_begin(side_by_side);
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting @ann");
    TELL("get 3 ann", "3 A processing @ann");
    TELL("end 3 ann", "3 A ended; 5 C ended; 4 B waiting @bob");
    story_begin(side_by_side);
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting @ann");
    TELL("get 4 ann", "4 B processing @ann");
    TELL("get 3 ann", "3 A processing @ann");
    TELL("end 3 ann", "3 A ended; 5 C ended");
    TELL("release 4 ann", "4 B waiting @bob");
}
