/* or_merge and vote_merge: who wins, who loses, what still counts (DEP-4 to DEP-6, BAT-5, BAT-6). */
#include "core/merge.h"
#include "story.h"

/* DEP-5: the first arrival flows on and closes the batch; what follows is absorbed, not withdrawn. */
Test(merge, first_wins)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:or_merge; E:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> E; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(4, "", "4 B ended (2.2); 5 M ended (2.2) closes 2; 6 E waiting (1.1)");
    SAME(story.unit.events[1].task.pre_act_id, "B"); /* DEP-10 */
    ENDS(6, "", "6 E ended (1.1); 7 C ended (1.1)"); /* A is still open */
    story_reload();
    ENDS(3, "", "3 A ended (2.1); 8 M absorbed (2.1); completed");
}

/* DEP-5: without a parallel branch upstream every arrival flows on. */
Test(merge, simple_merge)
{
    story_begin("I:initial; A:task; B:task; D:task; M:or_merge; E:task; C:completion;"
                "I -> A; A -b-> B; A -d-> D; B -> M; D -> M; M -> E; E -again-> A; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "b", "2 A ended b; 3 B waiting");
    ENDS(3, "", "3 B ended; 4 M ended; 5 E waiting");
    ENDS(5, "again", "5 E ended again; 6 A waiting");
    story_reload();
    ENDS(6, "d", "6 A ended d; 7 D waiting");
    ENDS(7, "", "7 D ended; 8 M ended; 9 E waiting");
}

/* DEP-4: only the flag asked for is admitted; "any" is no flag asked for. */
Test(merge, flag)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; M:or_merge asks:ok; N:or_merge asks:any; C:completion;"
                "I -> S; S -> A,B,D; A -> M; B -> M; D -> M; M -> N; N -> C");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "no", "3 A ended no; 6 M absorbed");
    ENDS(4, "", "4 B ended; 7 M absorbed");
    ENDS(5, "ok", "5 D ended ok; 8 M ended; 9 N ended; 10 C ended; completed ok");
}

/* FWD-7: nothing was admitted. */
Test(merge, none_admitted)
{
    story_begin("I:initial; A:task; M:or_merge asks:ok; C:completion; I -> A; A -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "no", "2 A ended no; 3 M absorbed; stalled");
    SAME(story.unit.events[2].waits, "no task is open and no completion was reached");
}

/* DEP-4: the set for the activity it came from must hold; until then each arrival waits for itself. */
Test(merge, pre_rules)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; G:task; M:or_merge; E:task; C:completion;"
                "I -> S; S -> A,A,B,G; A -> M; B -> M; G -> M; M -> E; E -> C;"
                "M after A needs G=ok; M after B needs G=bad");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 A waiting; 5 B waiting; 6 G waiting");
    ENDS(3, "", "3 A ended; 7 M pending");
    ENDS(5, "", "5 B ended; 8 M pending");
    ENDS(4, "", "4 A ended; 9 M pending"); /* gathered by nobody */
    story_reload();
    ENDS(6, "bad", "6 G ended bad; 10 M ended; 11 E waiting; 7 M absorbed; 8 M absorbed; 9 M absorbed");
}

/* One rule is enough: the oldest arrival whose set holds wins. */
Test(merge, one_pre_rule_is_enough)
{
    story_begin("I:initial; A:task; B:task; G:task; M:or_merge; C:completion;"
                "I -> A,B,G; A -> M; B -> M; G -> C; M -> C; M after A needs G=ok; M after B needs G=bad");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 G waiting");
    ENDS(2, "", "2 A ended; 5 M pending");
    ENDS(3, "", "3 B ended; 6 M pending");
    ENDS(4, "bad", "4 G ended bad; 7 C ended; 6 M ended; 8 C ended; 5 M absorbed; completed bad");
}

/* Stalled, it says what each arrival waits for. */
Test(merge, pre_rules_stall)
{
    story_begin("I:initial; A:task; G:task; M:or_merge; C:completion; I -> A,G; A -> M; G -> M; M -> C;"
                "M after A needs G=ok; M after G needs G=ok");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 G waiting");
    ENDS(2, "", "2 A ended; 4 M pending");
    ENDS(3, "bad", "3 G ended bad; 5 M pending; stalled");
    SAME(story.unit.events[2].waits, "task 4 of \"M\" waits for \"G\" to end with flag \"ok\"\n"
                                     "task 5 of \"M\" waits for \"G\" to end with flag \"ok\"");
}

/* DEP-5: a merge that closes nothing: the branch that won may pass again, the others never. */
Test(merge, winner_passes_again)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; M:or_merge; E:task; J:and_merge; C:completion;"
                "I -> S; S -> A,B,D; A -> M; B -> M; M -> E; E -again-> A; E -on-> J; D -> J; J -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(3, "", "3 A ended (2.1); 6 M ended (2.1); 7 E waiting (2.1)");
    ENDS(7, "again", "7 E ended again (2.1); 8 A waiting (2.1)");
    story_reload();
    ENDS(4, "", "4 B ended (2.2); 9 M absorbed (2.2)");
    ENDS(8, "", "8 A ended (2.1); 10 M ended (2.1); 11 E waiting (2.1)");
    ENDS(11, "on", "11 E ended on (2.1); 12 J pending (2.1)");
    ENDS(5, "", "5 D ended (2.3); 12 J ended +D (2.3) closes 2; 13 C ended (1.1); completed on");
}

/* BAT-6: who has lost at an or_merge could not come through it any more. */
Test(merge, losers_could_not_come)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; M:or_merge; J:and_merge; C:completion;"
                "I -> S; S -> A,B,D; A -> M; B -> M; M -> J; D -> J; J -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(5, "", "5 D ended (2.3); 6 J pending (2.3)");
    ENDS(3, "", "3 A ended (2.1); 7 M ended (2.1); 6 J ended +M (2.1) closes 2; 8 C ended (1.1)");
    ENDS(4, "", "4 B ended (2.2); 9 M absorbed (2.2); completed");
}

/* BAT-6: nor could who waits in a batch that an or_merge has closed. */
Test(merge, closed_batch_could_not_come)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; M:or_merge; J:and_merge; C:completion;"
                "I -> S; S -> T,D; T -> A,B; A -> M; B -> M; M -> J; D -> J; J -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 A waiting (3.1); 6 B waiting (3.2)");
    ENDS(5, "", "5 A ended (3.1); 7 M ended (3.1) closes 3; 8 J pending (2.1)");
    ENDS(4, "", "4 D ended (2.2); 8 J ended +D (2.2) closes 2; 9 C ended (1.1)");
    ENDS(6, "", "6 B ended (3.2); 10 M absorbed (3.2); completed");
}

/* DEP-5: a winner of a nested batch has won in every batch out to the one the merge works in. */
Test(merge, wins_outwards)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; G:task; M:or_merge; E:task; J:and_merge;"
                "C:completion; I -> S; S -> T,D,G; T -> A,B; A -> M; B -m-> M; B -j-> J; D -> M; M -> E; E -again-> T;"
                "E -> J; G -> J; J -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 G waiting (2.3); 6 A waiting (3.1); 7 B waiting (3.2)");
    cr_assert_null(wf_process_activity(story.processes[0], "M")->closed_by);
    ENDS(6, "", "6 A ended (3.1); 8 M ended (3.1); 9 E waiting (3.1)");
    ENDS(4, "", "4 D ended (2.2); 10 M absorbed (2.2)");   /* lost in 2 */
    ENDS(7, "m", "7 B ended m (3.2); 11 M absorbed (3.2)"); /* lost in 3 */
    ENDS(9, "again", "9 E ended again (3.1); 12 T ended (3.1) opens 4; 13 A waiting (4.1); 14 B waiting (4.2)");
    ENDS(14, "m", "14 B ended m (4.2); 15 M ended (4.2); 16 E waiting (4.2)"); /* of a new batch they compete anew */
    ENDS(13, "", "13 A ended (4.1); 17 M absorbed (4.1)");
    ENDS(16, "", "16 E ended (4.2); 18 J pending (4.2)");
    ENDS(5, "", "5 G ended (2.3); 18 J ended +G (2.3) closes 2; 19 C ended (1.1); completed m");
}

/* BAT-4: an arrival of no batch that the closing merge closes passes alone, whoever has won. */
Test(merge, alone)
{
    story_begin("I:initial; A:task; B:task; D:task; M:or_merge; E:task; C:completion;"
                "I -> A; A -two-> B,D; A -one-> M; B -> M; D -> M; M -> E; E -again-> A; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting (1.1)");
    ENDS(2, "two", "2 A ended two (1.1) opens 2; 3 B waiting (2.1); 4 D waiting (2.2)");
    ENDS(4, "", "4 D ended (2.2); 5 M ended (2.2) closes 2; 6 E waiting (1.1)");
    ENDS(6, "again", "6 E ended again (1.1); 7 A waiting (1.1)");
    ENDS(7, "one", "7 A ended one (1.1); 8 M ended (1.1); 9 E waiting (1.1)");
    ENDS(3, "", "3 B ended (2.1); 10 M absorbed (2.1)");
}

/* A loop through the branch: a batch of its own each time. */
Test(merge, loop)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:or_merge; E:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> E; E -again-> S; E -done-> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M ended (2.1) closes 2; 6 E waiting (1.1)");
    ENDS(6, "again", "6 E ended again (1.1); 7 S ended (1.1) opens 3; 8 A waiting (3.1); 9 B waiting (3.2)");
    ENDS(4, "", "4 B ended (2.2); 10 M absorbed (2.2)");
    ENDS(9, "", "9 B ended (3.2); 11 M ended (3.2) closes 3; 12 E waiting (1.1)");
    ENDS(12, "done", "12 E ended done (1.1); 13 C ended (1.1)");
    ENDS(8, "", "8 A ended (3.1); 14 M absorbed (3.1); completed done");
}

/* FWD-3: a rejection after the merge has flowed on leaves no winner and no closed batch behind. */
Test(merge, rejected_afterwards)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:or_merge; E:dummy; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> E; E -ok-> C; M after A -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    TELL("get 4 bob", "4 B processing @bob (2.2)");
    TELL("end 4 bob", "rejected no_route flags:ok");
    ENDS(3, "", "3 A ended (2.1); 5 M ended (2.1) closes 2; 6 C ended (1.1)");
    TELL("end 4 bob", "4 B ended (2.2); 7 M absorbed (2.2); completed");
}

#define VOTE(merge) \
    "I:initial; S:and_branch; A:task; B:task; D:task; C:completion; " merge ";" \
    "I -> S; S -> A,B,D; A -> M; B -> M; D -> M; M -passed-> C"

/* DEP-6: at the number needed it flows on, once, with flag `passed`, and withdraws who could still come. */
Test(merge, vote_by_number)
{
    story_begin(VOTE("M:vote_merge votes:2"));
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(5, "x", "5 D ended x (2.3); 6 M pending (2.3)");
    story_reload();
    ENDS(3, "y", "3 A ended y (2.1); 6 M ended passed +A (2.1) closes 2; 4 B withdrawn (2.2); 7 C ended (1.1); "
                 "completed passed");
    SAME(story.unit.events[1].task.pre_act_id, "A");
    SAME(story.unit.events[2].reason, "the vote is over");
}

/* A percentage of the batch's branches, rounded up. */
Test(merge, vote_by_percent)
{
    story_begin(VOTE("M:vote_merge votes:34%"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "", "3 A ended; 6 M pending");
    ENDS(4, "", "4 B ended; 6 M ended passed +B; 5 D withdrawn; 7 C ended; completed passed");
    story_begin(VOTE("M:vote_merge votes:33%"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "", "3 A ended; 6 M ended passed; 4 B withdrawn; 5 D withdrawn; 7 C ended; completed passed");
    story_begin(VOTE("M:vote_merge votes:100%"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "", "3 A ended; 6 M pending");
    ENDS(4, "", "4 B ended; 6 M pending +B");
    ENDS(5, "", "5 D ended; 6 M ended passed +D; 7 C ended; completed passed");
}

/* Only tasks ended with the flag asked for are votes; too few can still come: failed, if a rule names that flag. */
Test(merge, vote_fails)
{
    story_begin(VOTE("M:vote_merge votes:2 asks:yes; F:task; M -failed-> F; F -> C"));
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(3, "no", "3 A ended no (2.1); 6 M pending (2.1)");
    ENDS(4, "no", "4 B ended no (2.2); 6 M ended failed +B (2.2) closes 2; 5 D withdrawn (2.3); 7 F waiting (1.1)");
    ENDS(7, "", "7 F ended (1.1); 8 C ended (1.1); completed failed");
}

/* Without a rule that names `failed` it stays pending: a rule for any flag is not enough. */
Test(merge, vote_without_a_rule_for_failed)
{
    story_begin(VOTE("M:vote_merge votes:2 asks:yes; M -> C"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "no", "3 A ended no; 6 M pending");
    ENDS(4, "", "4 B ended; 6 M pending +B");
    ENDS(5, "yes", "5 D ended yes; 6 M pending +D; stalled");
    SAME(story.unit.events[2].waits, "task 6 of \"M\" waits for votes: it has 1 of 2");
    TELL("modify withdraw:6 actor:op", "6 M withdrawn");
}

/* It fails as soon as it cannot pass, not before it has an arrival. */
Test(merge, vote_needs_an_arrival)
{
    story_begin(VOTE("X:dummy; M:vote_merge votes:2; M -failed-> C; A -x-> X; B -x-> X"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "x", "3 A ended x; 6 X ended x");
    ENDS(4, "x", "4 B ended x; 7 X ended x");
    ENDS(5, "", "5 D ended; 8 M ended failed; 9 C ended; completed failed");
}

/* A branch that goes elsewhere makes a waiting vote fail. */
Test(merge, vote_fails_without_an_arrival)
{
    story_begin(VOTE("X:dummy; M:vote_merge votes:3; M -failed-> C; A -x-> X"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(4, "", "4 B ended; 6 M pending");
    ENDS(3, "x", "3 A ended x; 7 X ended x; 5 D withdrawn; 6 M ended failed; 8 C ended; completed failed");
}

/* One vote for each branch, whatever nests in it. */
Test(merge, vote_counts_branches)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; E:task; M:vote_merge votes:2; C:completion;"
                "I -> S; S -> T,D,E; T -> A,B; A -> M; B -> M; D -> M; E -> M; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 E waiting (2.3); 6 A waiting (3.1); 7 B waiting (3.2)");
    ENDS(6, "", "6 A ended (3.1); 8 M pending (3.1)");
    ENDS(7, "", "7 B ended (3.2); 8 M pending +B (3.1)"); /* the same branch of 2 */
    ENDS(4, "", "4 D ended (2.2); 8 M ended passed +D (2.2) closes 2; 5 E withdrawn (2.3); 9 C ended (1.1); "
                "completed passed");
}

/* BAT-4: an arrival alone is a batch of one branch. */
Test(merge, vote_alone)
{
    story_begin("I:initial; A:task; B:task; D:task; M:vote_merge votes:50%; N:vote_merge votes:2; C:completion; F:task;"
                "I -> A; A -two-> B,D; A -one-> M; A -n-> N; B -> M; D -> M; M -> C; N -failed-> F; F -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "one", "2 A ended one; 3 M ended passed; 4 C ended; completed passed");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "n", "2 A ended n; 3 N ended failed; 4 F waiting");
}

/* BAT-5: what comes afterwards is absorbed; what could no more come is not withdrawn. */
Test(merge, vote_absorbs)
{
    story_begin(VOTE("E:task; M:vote_merge votes:1; A -e-> E; E -> C"));
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    ENDS(3, "e", "3 A ended e; 6 E waiting");
    ENDS(4, "", "4 B ended; 7 M ended passed; 5 D withdrawn; 8 C ended");
    TELL("modify start:M actor:op", "9 M ended passed; 10 C ended"); /* of batch 1: alone */
    ENDS(6, "", "6 E ended; 11 C ended; completed passed");
}

/* Two arrivals in one command: both join (DEP-10). */
Test(merge, several_join)
{
    story_begin("I:initial; A:task; B:task; S:and_branch; X:dummy; Y:dummy; M:vote_merge votes:4; C:completion;"
                "I -> A,B; A -> M; B -> S; S -> X,Y,M; X -> M; Y -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    ENDS(2, "", "2 A ended; 4 M pending");
    ENDS(3, "", "3 B ended; 5 S ended; 6 X ended; 7 Y ended; 4 M pending +S,X,Y; stalled");
    cr_assert_eq(story.unit.events[4].joined_count, 3);
    SAME(story.unit.events[4].joined[2].pre_act_id, "Y");
}

/* DEP-10: the vote that was the last one needed let it flow on, whatever arrived with it or after it. */
Test(merge, the_deciding_vote)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; V:vote_merge votes:2 asks:ok; C:completion;"
                "I -> S; S -> A,B,D; A -> V; B -> V; D -> V; V -> C");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting; 5 D waiting");
    TELL("get 3 ann", "3 A processing @ann");
    TELL("get 4 ann", "4 B processing @ann");
    TELL("get 5 ann", "5 D processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 3 ann ok", "3 A ended ok; 6 V pending");
    TELL("end 4 ann ok", "4 B ended ok; 6 V pending +B");
    TELL("end 5 ann no", "5 D ended no; 6 V pending +D");
    TELL("resume actor:op", "6 V ended passed; 7 C ended; completed passed");
    SAME(story.unit.events[0].task.pre_act_id, "B");
}

/* BAT-6: what waits at the closing merge of a batch leaves it, though the merge works in one around it. */
Test(merge, at_the_closing_merge)
{
    story_begin("I:initial; S:and_branch; T:task; A:task; B:task; D:task; E:task; J:and_merge; M:and_merge; C:completion;"
                "I -> S; S -> T,D; T -> A,B; A -> M; B -> J; J -> M; D -> M; M -> E; E -again-> T; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T waiting (2.1); 4 D waiting (2.2)");
    ENDS(3, "", "3 T ended (2.1) opens 3; 5 A waiting (3.1); 6 B waiting (3.2)");
    ENDS(5, "", "5 A ended (3.1); 7 M pending (3.1)"); /* works in 2; from there a loop leads back to J */
    ENDS(6, "", "6 B ended (3.2); 8 J ended (3.2); 7 M pending +J (3.1)");
    ENDS(4, "", "4 D ended (2.2); 7 M ended +D (2.2) closes 2; 9 E waiting (1.1)");
}
