/* The dependency check (DEP-1 to DEP-3, DEP-7 to DEP-10) and in which batch a merge works (BAT-3 to BAT-6). */
#include "core/dependency.h"
#include "story.h"

/* DEP-2: the tasks that the set names must have ended, as it says. */
Test(dependency, pre_rule_waits)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion;"
                "I -> A,B; A -> N; B -> C; N -> C; N after A needs B=ok,I");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    ENDS(2, "", "2 A ended; 4 N pending");
    TELL("get 4 ann", "rejected wrong_state");
    story_reload();
    ENDS(3, "ok", "3 B ended ok; 5 C ended; 4 N waiting");
    SAME(wf_instance_task(story_instance(0), 4)->pre_act_id, "A");
    ENDS(4, "", "4 N ended; 6 C ended; completed ok");
}

/* DEP-1: only tasks reached from A wait; one reached from B starts at once, and takes the waiting one along. */
Test(dependency, pre_rule_of_one_predecessor)
{
    story_begin("I:initial; A:task; B:task; G:task; N:task; C:completion;"
                "I -> A,B,G; A -> N; B -> N; G -> C; N -> C; N after A needs G");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 G waiting");
    ENDS(2, "", "2 A ended; 5 N pending");
    ENDS(3, "ok", "3 B ended ok; 5 N waiting +B");
    SAME(wf_instance_task(story_instance(0), 5)->pre_act_id, "B");
}

/* DEP-2: in the same batch a further arrival joins the pending task, and the set of either is enough. */
Test(dependency, aggregation)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion;"
                "I -> A; A -> N,N,B; N -> C; B -> N; N after A needs C; N after B needs A");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 N pending +A; 4 B waiting");
    ENDS(4, "", "4 B ended; 3 N waiting +B");
    const struct wf_task *task = wf_instance_task(story_instance(0), 3);
    SAME(task->pre_act_id, "B");
    cr_assert_eq(task->branch_no, 3);
    ENDS(3, "", "3 N ended; 5 C ended; completed");
}

/* DEP-2: of another batch it does not join. */
Test(dependency, aggregation_is_of_one_batch)
{
    story_begin("I:initial; A:task; B:task; S:and_branch; T:and_branch; N:task; C:completion;"
                "I -> A,B; A -> S; B -> T; S -> N; T -> N; N -> C; N after S needs C; N after T needs C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    ENDS(2, "", "2 A ended; 4 S ended; 5 N pending");
    ENDS(3, "", "3 B ended; 6 T ended; 7 N pending; stalled");
}

/* DEP-2: no task of it may be open, and the last to end counts. */
Test(dependency, last_end_counts)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion; G:task;"
                "I -> B,B,G; G -> N; B -> C; N -> C; N after G needs B=ok; A -> C; G -x-> A");
    TELL("init", "running; 1 I ended; 2 B waiting; 3 B waiting; 4 G waiting");
    ENDS(2, "ok", "2 B ended ok; 5 C ended");
    ENDS(4, "", "4 G ended; 6 N pending");
    ENDS(3, "bad", "3 B ended bad; 7 C ended; stalled");
}

/* DEP-3, DEP-7: a merge without pre rules waits for the branches that were started, and no others. */
Test(dependency, and_merge)
{
    story_begin("I:initial; A:task; S:and_branch; B:task; D:task; M:and_merge; E:task; C:completion;"
                "I -> A; A -both-> S; A -one-> B; S -> B,D; B -> M; D -> M; M -> E; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting (1.1)");
    ENDS(2, "both", "2 A ended both (1.1); 3 S ended (1.1) opens 2; 4 B waiting (2.1); 5 D waiting (2.2)");
    ENDS(5, "", "5 D ended (2.2); 6 M pending (2.2)");
    ENDS(4, "", "4 B ended (2.1); 6 M ended +B (2.1) closes 2; 7 E waiting (1.1)");
    cr_assert_eq(wf_instance_batch(story_instance(0), 2)->closed_by, 6);
    ENDS(7, "x", "7 E ended x (1.1); 8 C ended (1.1); completed x");
    TELL("init", "running; 1 I ended (1.1); 2 A waiting (1.1)");
    ENDS(2, "one", "2 A ended one (1.1); 3 B waiting (1.1)");
    ENDS(3, "", "3 B ended (1.1); 4 M ended (1.1); 5 E waiting (1.1)"); /* BAT-4: the arrival alone */
}

/* DEP-10: the merge's task has the pre_act_id of the arrival that let it flow on; a joining one is pending -> pending. */
Test(dependency, joining)
{
    story_begin("I:initial; A:task; B:task; D:task; M:and_merge; E:task; F:task; C:completion;"
                "I -> A,B,D; A -> M; B -> M; D -> M; M after B -> E; M -> F; E -> C; F -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 D waiting");
    ENDS(2, "", "2 A ended; 5 M pending");
    ENDS(4, "", "4 D ended; 5 M pending +D");
    cr_assert_eq(story.unit.events[1].previous_state, WF_TASK_PENDING);
    cr_assert_eq(story.unit.events[1].joined_count, 1);
    cr_assert_eq(story.unit.events[1].joined[0].branch_no, 3);
    story_reload();
    ENDS(3, "", "3 B ended; 5 M ended +B; 6 E waiting");
}

/* BAT-3: the initial's own step is closed by the merge, batch 1 by none: numbers are handed on as they were. */
Test(dependency, initial_opens)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; E:task; C:completion; I -> A,B; A -> M; B -> M; M -> E;"
                "E -again-> A; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1) opens 2; 2 A waiting (2.1); 3 B waiting (2.2)");
    ENDS(2, "", "2 A ended (2.1); 4 M pending (2.1)");
    ENDS(3, "", "3 B ended (2.2); 4 M ended +B (2.2) closes 2; 5 E waiting (1.1)");
    ENDS(5, "again", "5 E ended again (1.1); 6 A waiting (1.1)");
    ENDS(6, "", "6 A ended (1.1); 7 M ended (1.1); 8 E waiting (1.1)");
    ENDS(8, "", "8 E ended (1.1); 9 C ended (1.1); completed again");
}

/* BAT-3 to BAT-5: brackets within brackets. */
Test(dependency, nested)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; N:and_merge; M:and_merge; C:completion;"
                "I -> S; S -> T,D; T -> A,B; A -> N; B -> N; N -> M; D -> M; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 A waiting (3.1); 6 B waiting (3.2)");
    ENDS(6, "", "6 B ended (3.2); 7 N pending (3.2)");
    ENDS(4, "", "4 D ended (2.2); 8 M pending (2.2)");
    ENDS(5, "", "5 A ended (3.1); 7 N ended +A (3.1) closes 3; 8 M ended +N (2.1) closes 2; 9 C ended (1.1); completed");
}

/* BAT-4: one merge closes several batches, one in the other: it works in the outermost. */
Test(dependency, one_merge_for_two_branches)
{
    story_begin("I:initial; S:and_branch; X:task; A:task; D:task; B:task; M:and_merge; C:completion;"
                "I -> S; S -> X,B; X -> A,D; A -> M; D -> M; B -> M; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 X waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 X ended (2.1) opens 3; 5 A waiting (3.1); 6 D waiting (3.2)");
    ENDS(5, "", "5 A ended (3.1); 7 M pending (3.1)");
    ENDS(6, "", "6 D ended (3.2); 7 M pending +D (3.1)");
    ENDS(4, "", "4 B ended (2.2); 7 M ended +B (2.2) closes 2; 8 C ended (1.1); completed");
}

/* BAT-3: a merge that names its opener closes its batches, wherever it stands. */
Test(dependency, closes_by_name)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge closes:S; E:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -m-> M; B -e-> E; M -> E; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M pending (2.1)");
    ENDS(4, "e", "4 B ended e (2.2); 6 E waiting (2.2); 5 M ended (2.1) closes 2; 7 E waiting (1.1)");
}

/* BAT-4: a batch in between that another merge closes: then the innermost whose opener lies on every path. */
Test(dependency, batch_of_another_merge_in_between)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; N:and_merge closes:T; M:and_merge;"
                "C:completion; I -> S; S -> T,D; T -> A,B; A -> N; N -> M; B -> M; D -> M; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 A waiting (3.1); 6 B waiting (3.2)");
    ENDS(6, "", "6 B ended (3.2); 7 M pending (3.2)");
    ENDS(5, "", "5 A ended (3.1); 8 N ended (3.1) closes 3; 7 M pending +N (3.2)");
    ENDS(4, "", "4 D ended (2.2); 7 M ended +D (2.2) closes 2; 9 C ended (1.1); completed");
}

/* BAT-5: what arrives after the closing merge flowed on is absorbed. */
Test(dependency, absorbed)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> C; M after A needs A");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M ended (2.1) closes 2; 6 C ended (1.1)");
    ENDS(4, "", "4 B ended (2.2); 7 M absorbed (2.2); completed");
}

/* BAT-5: only the closing merge absorbs; another one that works in the closed batch flows on. */
Test(dependency, other_merge_in_a_closed_batch)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; N:and_merge; E:task; M:and_merge; C:completion;"
                "I -> S; S -> A,B,D; A -> M; B -> N; D -> N; N -> E; E -> M; M -> C; M after A needs A");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(3, "", "3 A ended (2.1); 6 M ended (2.1) closes 2; 7 C ended (1.1)");
    ENDS(4, "", "4 B ended (2.2); 8 N pending (2.2)");
    ENDS(5, "", "5 D ended (2.3); 8 N ended +D (2.3); 9 E waiting (2.3)");
    ENDS(9, "", "9 E ended (2.3); 10 M absorbed (2.3); completed");
}

/* BAT-6: a branch that loops back before the branch opens a batch in its own; the merge takes all of it. */
Test(dependency, loop_back_before_the_branch)
{
    story_begin("I:initial; P:task; S:and_branch; A:task; B:task; M:and_merge; C:completion;"
                "I -> P; P -> S; S -> A,B; A -> M; B -ok-> M; B -redo-> P; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 P waiting (1.1)");
    ENDS(2, "", "2 P ended (1.1); 3 S ended (1.1) opens 2; 4 A waiting (2.1); 5 B waiting (2.2)");
    ENDS(4, "", "4 A ended (2.1); 6 M pending (2.1)");
    ENDS(5, "redo", "5 B ended redo (2.2); 7 P waiting (2.2)");
    ENDS(7, "", "7 P ended (2.2); 8 S ended (2.2) opens 3; 9 A waiting (3.1); 10 B waiting (3.2)");
    ENDS(10, "ok", "10 B ended ok (3.2); 6 M pending +B (2.1)");
    ENDS(9, "", "9 A ended (3.1); 6 M ended +A (3.1) closes 2; 11 C ended (1.1); completed ok");
}

/* DEP-7: a branch that ends in a dummy without a rule is waited for no longer. */
Test(dependency, branch_that_ends)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:dummy; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -go-> M; B -stop-> D; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M pending (2.1)");
    ENDS(4, "stop", "4 B ended stop (2.2); 6 D ended stop (2.2); 5 M ended (2.1) closes 2; 7 C ended (1.1); completed stop");
}

/* BAT-3: a branch to a terminating completion is left out of the pairing. */
Test(dependency, branch_that_terminates)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; T:completion terminate; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -go-> M; B -stop-> T; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M pending (2.1)");
    ENDS(4, "stop", "4 B ended stop (2.2); 6 T ended (2.2); 5 M withdrawn (2.1); completed stop");
}

/* BAT-4 to BAT-6: two merges after one branch; the one that not all branches pass closes nothing. */
Test(dependency, two_merges)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; N:and_merge; M:and_merge; C:completion;"
                "I -> S; S -> A,B,D; A -> N; B -> N; N -> M; D -> M; M -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2); "
                 "5 D waiting (2.3)");
    ENDS(3, "", "3 A ended (2.1); 6 N pending (2.1)");
    ENDS(5, "", "5 D ended (2.3); 7 M pending (2.3)");
    ENDS(4, "", "4 B ended (2.2); 6 N ended +B (2.2); 7 M ended +N (2.2) closes 2; 8 C ended (1.1); completed");
}

/* BAT-6: a path that passes the batch's closing merge does not count. */
Test(dependency, not_through_the_closing_merge)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; N:and_merge; M:and_merge; E:task; C:completion;"
                "I -> S; S -> A,B; A -> N; N -> D; D -> M; B -> M; M -> E; E -again-> N; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 N ended (2.1); 6 D waiting (2.1)"); /* B comes to N only through M */
    ENDS(4, "", "4 B ended (2.2); 7 M pending (2.2)");
    ENDS(6, "", "6 D ended (2.1); 7 M ended +D (2.1) closes 2; 8 E waiting (1.1)");
    ENDS(8, "again", "8 E ended again (1.1); 9 N ended (1.1); 10 D waiting (1.1)");
}

/* BAT-6: what has arrived at the batch's closing merge is about to leave the batch. */
Test(dependency, waiting_at_the_closing_merge)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; N:and_merge; M:and_merge; E:task; C:completion;"
                "I -> S; S -> A,B; A -> N; N -> M; B -> M; M -> E; E -again-> N; E -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(4, "", "4 B ended (2.2); 5 M pending (2.2)");
    ENDS(3, "", "3 A ended (2.1); 6 N ended (2.1); 5 M ended +N (2.1) closes 2; 7 E waiting (1.1)");
}

/* BAT-4: a merge that no batch closes works in batch 1, and gathers what could still come. */
Test(dependency, merge_that_closes_nothing)
{
    story_begin("I:initial; A:task; S:and_branch; B:task; D:task; F:task; M:and_merge; C:completion;"
                "I -> A; A -s-> S; A -m-> M; S -> B,D; B -> M; D -m-> M; D -c-> C; M -> F; F -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting (1.1)");
    ENDS(2, "s", "2 A ended s (1.1); 3 S ended (1.1) opens 2; 4 B waiting (2.1); 5 D waiting (2.2)");
    ENDS(4, "", "4 B ended (2.1); 6 M pending (2.1)");
    ENDS(5, "c", "5 D ended c (2.2); 7 C ended (2.2); 6 M ended (2.1); 8 F waiting (2.1)"); /* BAT-5: of the arrival */
    cr_assert_eq(wf_instance_batch(story_instance(0), 2)->closed_by, 0);
}

/* BAT-4: the innermost batch whose opener lies on every path to the merge. */
Test(dependency, innermost_that_all_pass)
{
    story_begin("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; G:task; N:and_merge; C:completion;"
                "I -> S; S -> T,D; T -> A,B; A -> N; B -n-> N; B -c-> C; N -> G; G -> C; D -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 T ended (2.1) opens 3; 4 D waiting (2.2); "
                 "5 A waiting (3.1); 6 B waiting (3.2)");
    ENDS(5, "", "5 A ended (3.1); 7 N pending (3.1)");
    ENDS(6, "n", "6 B ended n (3.2); 7 N ended +B (3.2); 8 G waiting (3.2)");
}

/* An unstructured graph: two branches that cross over; every merge flows on once. */
Test(dependency, crossing_branches)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge; N:and_merge; O:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M,N; B -> M,N; M -> O; N -> O; O -> C");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting");
    ENDS(3, "", "3 A ended; 5 M pending; 6 N pending");
    ENDS(4, "", "4 B ended; 5 M ended +B; 6 N ended +B; 7 O ended +N; 8 C ended; completed");
}

/* Two merges on a circle wait for each other: the instance says so (FWD-7). */
Test(dependency, circle_of_merges)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; D:task; E:task; M:and_merge; N:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> N; M -> D; D -n-> N; D -c-> C; N -> E; E -m-> M; E -c-> C");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting");
    ENDS(3, "", "3 A ended; 5 M pending");
    ENDS(4, "", "4 B ended; 6 N pending; stalled");
    SAME(story.unit.events[2].waits, "task 5 of \"M\" waits for other branches\ntask 6 of \"N\" waits for other branches");
}

/* DEP-3 with pre rules: all sets must hold, of what lies outside the batch whenever it ended. */
Test(dependency, merge_with_pre_rules)
{
    story_begin("I:initial; P:task; S:and_branch; A:task; B:task; M:and_merge; C:completion;"
                "I -> P; P -> S; S -> A,B; A -> M; B -> M; M -> C; M after A needs A=ok,P=fine; M after B needs B");
    TELL("init", "running; 1 I ended; 2 P waiting");
    ENDS(2, "fine", "2 P ended fine; 3 S ended; 4 A waiting; 5 B waiting");
    ENDS(5, "", "5 B ended; 6 M pending");
    ENDS(4, "ok", "4 A ended ok; 6 M ended +A; 7 C ended; completed ok");
}

/* DEP-3: a set that can hold no more leaves the merge pending, and the instance stalled. */
Test(dependency, merge_whose_rule_fails)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> C; M after A needs A=ok; M after B needs B");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B waiting");
    ENDS(4, "", "4 B ended; 5 M pending");
    ENDS(3, "bad", "3 A ended bad; 5 M pending +A; stalled");
}

/* DEP-3: in a loop only what ended since the merge last flowed on counts, in the batch it works in. */
Test(dependency, loops_synchronise_afresh)
{
    story_begin("I:initial; P:task; S:and_branch; A:task; B:task; M:and_merge; E:task; C:completion;"
                "I -> P; P -> S; S -> A,B; A -> M; B -> M; M -> E; E -again-> P; E -done-> C;"
                "M after A needs A,P; M after B needs B");
    TELL("init", "running; 1 I ended; 2 P waiting");
    for (int n = 2, again = 0; again < 3; again++, n += 6) {
        struct wf_arena *arena = &story.arena;
        story_does(wf_arena_printf(arena, "get %d ann", n));
        TELL(wf_arena_printf(arena, "end %d ann", n),
             wf_arena_printf(arena, "%d P ended; %d S ended; %d A waiting; %d B waiting", n, n + 1, n + 2, n + 3));
        story_does(wf_arena_printf(arena, "get %d ann", n + 2));
        TELL(wf_arena_printf(arena, "end %d ann", n + 2),
             wf_arena_printf(arena, "%d A ended; %d M pending", n + 2, n + 4));
        story_reload();
        story_does(wf_arena_printf(arena, "get %d ann", n + 3));
        TELL(wf_arena_printf(arena, "end %d ann", n + 3),
             wf_arena_printf(arena, "%d B ended; %d M ended +B; %d E waiting", n + 3, n + 4, n + 5));
        story_does(wf_arena_printf(arena, "get %d ann", n + 5));
        TELL(wf_arena_printf(arena, "end %d ann again", n + 5),
             wf_arena_printf(arena, "%d E ended again; %d P waiting", n + 5, n + 6));
    }
}

/* DEP-3 in batch 1, which is never closed: the same merge flows on again only by what ended since. */
Test(dependency, loops_synchronise_afresh_in_batch_1)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; E:task; C:completion;"
                "I -> A; A -b-> B; A -m-> M; B -> M; M -> E; E -a-> A; E -b-> B; E -c-> C;"
                "M after A needs A; M after B needs A");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "b", "2 A ended b; 3 B waiting");
    ENDS(3, "", "3 B ended; 4 M ended; 5 E waiting");
    ENDS(5, "b", "5 E ended b; 6 B waiting");
    ENDS(6, "", "6 B ended; 7 M pending; stalled"); /* no A since */
    SAME(story.unit.events[2].waits, "task 7 of \"M\" waits for \"A\"");
}

/* DEP-3 without pre rules, in a loop: batches of their own. */
Test(dependency, loops_without_pre_rules)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge; E:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> E; E -again-> S; E -done-> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(3, "", "3 A ended (2.1); 5 M pending (2.1)");
    ENDS(4, "", "4 B ended (2.2); 5 M ended +B (2.2) closes 2; 6 E waiting (1.1)");
    ENDS(6, "again", "6 E ended again (1.1); 7 S ended (1.1) opens 3; 8 A waiting (3.1); 9 B waiting (3.2)");
    ENDS(8, "", "8 A ended (3.1); 10 M pending (3.1)");
    ENDS(9, "", "9 B ended (3.2); 10 M ended +B (3.2) closes 3; 11 E waiting (1.1)");
}

/* DEP-3, BAT-4: pre rules bind an arrival that is taken alone, too. */
Test(dependency, pre_rules_of_an_arrival_alone)
{
    story_begin("I:initial; A:task; B:task; D:task; M:and_merge; E:task; C:completion;"
                "I -> A; A -one-> B; A -two-> B,D; B -> M; D -> M; M -> E; E -again-> A; E -> C;"
                "M after B needs B=ok; M after D needs A");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "one", "2 A ended one; 3 B waiting");
    ENDS(3, "ok", "3 B ended ok; 4 M ended; 5 E waiting");
    ENDS(5, "again", "5 E ended again; 6 A waiting");
    ENDS(6, "one", "6 A ended one; 7 B waiting");
    ENDS(7, "bad", "7 B ended bad; 8 M pending; stalled");
    SAME(story.unit.events[2].waits, "task 8 of \"M\" waits for \"B\" to end with flag \"ok\"");
}

/* DEP-7: rules that start now one, now several, need no more than the merge. */
Test(dependency, now_one_now_several)
{
    story_begin("I:initial; A:task; B:task; D:task; M:and_merge; C:completion;"
                "I -> A; A -one-> B; A -two-> B,D; A -none-> M; B -> M; D -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "none", "2 A ended none; 3 M ended; 4 C ended; completed none");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "one", "2 A ended one; 3 B waiting");
    ENDS(3, "", "3 B ended; 4 M ended; 5 C ended; completed one");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "two", "2 A ended two; 3 B waiting; 4 D waiting");
    ENDS(3, "", "3 B ended; 5 M pending");
    ENDS(4, "", "4 D ended; 5 M ended +D; 6 C ended; completed two");
}

/* BAT-4: two arrivals alone are two tasks, not one that gathers. */
Test(dependency, arrivals_alone)
{
    story_begin("I:initial; A:task; X:task; B:task; D:task; M:and_merge; E:task; C:completion; J:and_merge;"
                "I -> X,A; X -> M; A -two-> B,D; A -one-> M; B -> M; D -> M; M -> E; E -> J; J -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1) opens 2; 2 X waiting (2.1); 3 A waiting (2.2)");
    cr_assert_not_null(story.processes[0]->initial->closed_by);
    SAME(story.processes[0]->initial->closed_by->act_id, "M");
    ENDS(2, "", "2 X ended (2.1); 4 M pending (2.1)");
    ENDS(3, "two", "3 A ended two (2.2) opens 3; 5 B waiting (3.1); 6 D waiting (3.2)");
    ENDS(5, "", "5 B ended (3.1); 4 M pending +B (2.1)");
    ENDS(6, "", "6 D ended (3.2); 4 M ended +D (3.2) closes 2; 7 E waiting (1.1)");
    ENDS(7, "", "7 E ended (1.1); 8 J ended (1.1); 9 C ended (1.1); completed two");
}

/* FWD-8: a dummy ends with the flag of the arrival that let it start. */
Test(dependency, aggregated_dummy)
{
    story_begin("I:initial; A:task; B:task; D:dummy; E:task; C:completion;"
                "I -> A,B; A -> D; B -> D; D -b-> E; E -> C; D after A needs C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    ENDS(2, "a", "2 A ended a; 4 D pending");
    ENDS(3, "b", "3 B ended b; 4 D ended b +B; 5 E waiting");
}

/* DEP-1, DEP-8: what no pre rule holds back starts once for each arrival, though another arrival would wait. */
Test(dependency, no_rule_for_the_arrival)
{
    story_begin("I:initial; A:task; N:task; C:completion; I -> N,N,A; A -> N; N -> C; N after A needs C");
    TELL("init", "running; 1 I ended; 2 N waiting; 3 N waiting; 4 A waiting");
}

/* TSK-6: ... also where they pile up while the instance is suspended. */
Test(dependency, no_rule_for_suspended_arrivals)
{
    story_begin("I:initial; A:task; S:task; B:task; E:task; N:dummy; C:completion;"
                "I -> A; A -> S,S,B; S -> N; B -> N; N -> E; E -> C; N after B needs A");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 S waiting; 4 S waiting; 5 B waiting");
    TELL("get 3 ann", "3 S processing @ann");
    TELL("get 4 ann", "4 S processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 3 ann", "3 S ended; 6 N pending");
    TELL("end 4 ann", "4 S ended; 7 N pending");
    TELL("resume actor:op", "running; 6 N ended; 8 E waiting; 7 N ended; 9 E waiting");
}

/* DEP-3: it counts since the merge flowed on in the batch itself: not since it did in one nested in it. */
Test(dependency, merge_counts_for_its_own_batch)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> C; M after B needs A");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 S ended (1.1) opens 2; 3 A waiting (2.1); 4 B waiting (2.2)");
    ENDS(4, "", "4 B ended (2.2); 5 M pending (2.2)");
    TELL("modify start:M actor:op", "6 M pending (1.1)"); /* closes not batch 1: alone */
    ENDS(3, "", "3 A ended (2.1); 5 M ended +A (2.1) closes 2; 7 C ended (1.1); 6 M ended (1.1); 8 C ended (1.1); completed");
}
