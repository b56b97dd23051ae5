/* Operations on tasks and instances: hang, release, reassign, suspend, cancel, modify (TSK-2, TSK-5 to TSK-7). */
#include "core/control.h"
#include "story.h"

static const char one_task[] = "I:initial; A:task; C:completion; I -> A; A -> C";

/* TSK-2: what each state allows, and to whom. */
Test(control, hang_and_reset)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("hang 2 ann", "rejected wrong_state");
    TELL("reset 2 ann", "rejected wrong_state");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("reset 2 ann", "rejected wrong_state");
    TELL("hang 2 bob", "rejected not_entitled");
    TELL("hang 2 actor:op", "rejected not_entitled");
    TELL("hang 2 ann", "2 A pausing @ann");
    cr_assert_eq(story.unit.events[0].previous_state, WF_TASK_PROCESSING);
    TELL("hang 2 ann", "rejected wrong_state");
    TELL("end 2 ann", "rejected wrong_state");
    TELL("get 2 ann", "rejected wrong_state");
    TELL("get 2 bob", "rejected task_taken");
    TELL("reset 2 bob", "rejected not_entitled");
    story_reload();
    TELL("reset 2 ann", "2 A processing @ann");
    TELL("hang 9 ann", "rejected unknown_task");
    TELL("hang 1 ann", "rejected wrong_state");
    TELL("hang 2 ann @7", "rejected unknown_instance");
    const struct wf_task *task = wf_instance_task(story_instance(0), 2);
    cr_assert_gt(task->paused_time, 0);
    TELL("end 2 ann", "2 A ended; 3 C ended; completed");
    TELL("hang 2 ann", "rejected instance_ended");
}

/* TSK-2: released, it has the assignment that it had before it was taken. */
Test(control, release)
{
    story_begin("I:initial; A:task; B:interaction role:r priority; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting @ann");
    TELL("release 2 ann", "rejected wrong_state");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("release 2 ann", "rejected not_entitled");
    TELL("release 2 bob", "2 A waiting");
    TELL("get 2 cid", "2 A processing @cid");
    TELL("hang 2 cid", "2 A pausing @cid");
    TELL("release 2 actor:op", "2 A waiting"); /* from pausing, by an operator */
    TELL("get 2 bob", "2 A processing @bob");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("release 3 ann", "3 B waiting @ann");
    TELL("get 3 bob", "rejected not_entitled");
}

/* Who handed task n on as the i-th of the unit, to whom, and in which state it was. */
static bool
handed_on(size_t i, int32_t n, const char *state, const char *staff_id, const char *to_staff_id)
{
    const struct wf_instance *instance = story_instance(0);
    const struct wf_handed_on *found = &instance->handed_on[i];

    return i < instance->handed_on_count && found->task->n == n && found->date == instance->date_changed &&
           strcmp(wf_task_state_name(found->state), state) == 0 && strcmp(found->staff_id, staff_id) == 0 &&
           strcmp(found->to_staff_id ? found->to_staff_id : "", to_staff_id) == 0;
}

/* LOG-2: a task that leaves a person's hands and stays open is recorded, however it came about. */
Test(control, handed_on)
{
    story_begin("I:initial; A:task; B:interaction role:r priority; C:completion; I -> A,B; A -> C; B -> C");
    story_load("grant ann dan");
    story_does("init");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("release 2 ann", "rejected not_entitled");
    TELL("release 3 ann", "rejected wrong_state");
    cr_assert_eq(story_instance(0)->handed_on_count, 0);
    TELL("release 2 bob", "2 A waiting");
    cr_assert(handed_on(0, 2, "processing", "bob", ""));
    TELL("reassign 3 to:cid actor:op", "3 B waiting @cid");
    cr_assert(handed_on(1, 3, "waiting", "ann", "cid"));
    TELL("reassign 3 to:cid actor:op", "3 B waiting @cid");
    TELL("reassign 3 to:ann actor:op", "3 B waiting @ann");
    cr_assert(handed_on(2, 3, "waiting", "cid", "ann"));
    TELL("get 3 dan", "3 B processing @dan for ann"); /* ann did not hand it on: dan acts for her */
    TELL("hang 3 dan", "3 B pausing @dan for ann");
    cr_assert_eq(story_instance(0)->handed_on_count, 3);
    TELL("release 3 dan", "3 B waiting @ann");
    cr_assert(handed_on(3, 3, "pausing", "dan", "ann"));
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann", "3 B ended; 4 C ended");
    cr_assert_eq(story_instance(0)->handed_on_count, 4); /* what is over was not handed on */
}

/* ... to the group or to the grantor, in whose name it was taken. */
Test(control, release_of_a_grantee)
{
    story_begin("I:initial; A:task; B:interaction role:r priority; C:completion; I -> A,B; A -> C; B -> C");
    story_load("grant ann dan");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting @ann");
    TELL("get 2 dan", "2 A processing @dan for ann");
    TELL("release 2 ann", "rejected not_entitled"); /* it is dan who holds it */
    TELL("release 2 dan", "2 A waiting");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("get 3 dan", "3 B processing @dan for ann");
    TELL("release 3 dan", "3 B waiting @ann");
    TELL("get 3 ann", "3 B processing @ann");
}

/* STA-1: released by an operator, a job is announced again. */
Test(control, release_of_a_job)
{
    story_begin("I:initial; A:automation; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("get 2 x!", "2 A processing x!");
    TELL("release 2 y!", "rejected not_entitled");
    TELL("hang 2 ann", "rejected not_entitled");
    TELL("release 2 actor:op", "2 A waiting #2 job");
    TELL("reassign 2 to:ann actor:op", "rejected wrong_state");
    TELL("get 2 y!", "2 A processing y! #2");
    TELL("release 2 y!", "2 A waiting #3 job");
}

/* TSK-7: to a person, in the group or not, but not on leave; from every state of work. */
Test(control, reassign_to_a_person)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; C:completion; I -> A,B; A -> M; B -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("reassign 2 to:zoe actor:op", "rejected unknown_staff");
    TELL("reassign 2 to:eve actor:op", "rejected on_leave");
    TELL("reassign 2 to:dan actor:op", "2 A waiting @dan");
    TELL("get 2 ann", "rejected not_entitled"); /* dan's, not the group's */
    TELL("get 2 dan", "2 A processing @dan");
    TELL("reassign 2 to:ann actor:op", "2 A waiting @ann");
    TELL("end 2 dan", "rejected wrong_state");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("hang 2 ann", "2 A pausing @ann");
    TELL("reassign 2 to:bob staff:boss", "2 A waiting @bob");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("release 2 bob", "2 A waiting @bob"); /* as it was before it was taken */
    ENDS(3, "", "3 B ended; 4 M pending");
    TELL("reassign 4 to:ann actor:op", "rejected wrong_state");
    TELL("reassign 2 to:ann", "rejected not_entitled"); /* who asks? */
}

/* TSK-7: to another group, and by the rule again. */
Test(control, reassign_to_a_group)
{
    story_begin("I:initial; A:task; B:interaction role:r priority; C:completion; I -> A,B; A -> C; B -> C");
    story_load("grant ann dan");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting @ann");
    TELL("reassign 2 to_team:x actor:op", "rejected unknown_group");
    TELL("reassign 2 to_func:t actor:op", "rejected unknown_group");
    TELL("reassign 2 to_role:s actor:op", "2 A waiting"); /* nobody is in it */
    SAME(story.unit.events[0].reason, "nobody of \"s\" can be assigned");
    TELL("get 2 ann", "rejected not_entitled");
    TELL("reassign 2 to_dept:d actor:op", "2 A waiting");
    cr_assert_eq(story.unit.events[0].assignment.considered, 1);
    SAME(story.unit.events[0].assignment.group, "d");
    TELL("get 2 bob", "rejected not_entitled");
    TELL("get 2 dan", "2 A processing @dan for ann");
    TELL("reassign 2 to_team:t actor:op", "2 A waiting");
    cr_assert_null(wf_instance_task(story_instance(0), 2)->grantor_id);
    TELL("get 2 bob", "2 A processing @bob");
    TELL("reassign 2 actor:op", "2 A waiting"); /* by the rule: the group's again */
    TELL("get 2 cid", "2 A processing @cid");
    TELL("reassign 3 to:bob actor:op", "3 B waiting @bob");
    TELL("reassign 3 actor:op", "3 B waiting @ann");
    cr_assert_eq(story.unit.events[0].assignment.method, WF_METHOD_PRIORITY);
    story.unit.institution = NULL;
    TELL("reassign 3 to_dept:d actor:op", "rejected unknown_group");
}

/* TSK-7, ASG-3: a copy that is given back is the group's; nothing is copied again. */
Test(control, reassign_of_a_copy)
{
    story_begin("I:initial; A:task all; M:and_merge; C:completion; I -> A; A -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 A waiting @bob; 4 A waiting @cid");
    TELL("reassign 2 actor:op", "2 A waiting");
    cr_assert_eq(story.unit.events[0].assignment.considered, 3);
    TELL("reassign 3 to_dept:d actor:op", "3 A waiting");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("get 3 bob", "rejected not_entitled");
    TELL("get 3 ann", "3 A processing @ann");
    TELL("release 3 ann", "3 A waiting");
    TELL("end 2 bob", "2 A ended; 5 M pending");
}

/* ... also where a loop has led back into the batch that `all` opened. */
Test(control, reassign_in_a_loop_of_copies)
{
    story_begin("I:initial; A:task all; B:task; C:completion; I -> A; A -b-> B; A -> C; B -> A");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting @ann (2.1) opens 2; 3 A waiting @bob (2.2); 4 A waiting @cid (2.3)");
    ENDS(2, "b", "2 A ended b (2.1); 5 B waiting (2.1)");
    TELL("get 5 bob", "5 B processing @bob (2.1)");
    story_load("staff ann leave; staff bob leave; staff cid leave");
    TELL("end 5 bob", "5 B ended (2.1); 6 A waiting (2.1)");
    story_load("staff ann back; staff bob back");
    TELL("reassign 6 actor:op", "6 A waiting @ann (3.1) opens 3; 7 A waiting @bob (3.2)");
}

/* What `all` found nobody for is copied once there is somebody (ASG-8). */
Test(control, reassign_of_all_that_was_nobodys)
{
    story_begin("I:initial; A:interaction role:s all; M:and_merge; C:completion; I -> A; A -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story.unit.events[2].reason, "nobody of \"s\" can be assigned");
    story_load("staff ann role:s; staff bob role:s");
    story.batches = true;
    TELL("reassign 2 actor:op", "2 A waiting @ann (2.1) opens 2; 3 A waiting @bob (2.2)");
}

/* INF-1: the entity, and the variables (FWD-6). */
Test(control, set)
{
    story_begin(one_task);
    TELL("init entity:e", "running entity:e; 1 I ended; 2 A waiting");
    TELL("set entity:e actor:a", ""); /* is it already */
    TELL("set entity:f actor:a", "running entity:f");
    cr_assert_eq(story.unit.events[0].previous_state, WF_INSTANCE_RUNNING);
    TELL("set vars:{1} actor:a", "running vars:{1}");
    TELL("set vars:{2} staff:ann", "running vars:{1}{2}");
    TELL("set vars:no actor:a", "rejected too_large");
    TELL("suspend actor:a", "suspended");
    TELL("set entity:g actor:a", "suspended entity:g");
    TELL("cancel actor:a", "2 A withdrawn; cancelled");
    TELL("set entity:h actor:a", "rejected instance_ended");
    TELL("set vars:{3} actor:a", "rejected instance_ended");
    TELL("set entity:h actor:a @9", "rejected unknown_instance");
}

/* TSK-6: no task is taken; what is in hand goes on, and what follows waits, of whatever type. */
Test(control, suspend)
{
    story_begin("I:initial; A:task; B:task; D:task; E:task; M:and_merge; C:completion;"
                "I -> A,B,D; A -> E; E -> M; B -> M; D -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 D waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("resume actor:op", "rejected wrong_state");
    TELL("suspend actor:op", "suspended");
    cr_assert_eq(story.unit.events[0].previous_state, WF_INSTANCE_RUNNING);
    TELL("suspend actor:op", "rejected wrong_state");
    TELL("get 4 cid", "rejected instance_suspended");
    TELL("get next cid", "rejected no_task_available");
    TELL("modify start:A actor:op", "rejected instance_suspended");
    TELL("hang 2 ann", "2 A pausing @ann");
    TELL("reset 2 ann", "2 A processing @ann");
    TELL("release 3 bob", "3 B waiting");
    TELL("reassign 3 to:cid actor:op", "3 B waiting @cid");
    story_reload();
    TELL("end 2 ann", "2 A ended; 5 E pending");
    TELL("get 5 ann", "rejected instance_suspended");
    TELL("resume actor:op", "running; 5 E waiting");
    TELL("get 5 ann", "5 E processing @ann");
    TELL("get 3 cid", "3 B processing @cid");
    TELL("get 4 dan", "rejected not_entitled");
    TELL("get 4 ann", "4 D processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 4 ann x", "4 D ended x; 6 M pending");
    TELL("end 5 ann y", "5 E ended y; 6 M pending +E");
    story_reload();
    TELL("end 3 cid z", "3 B ended z; 6 M pending +B");
    SAME(wf_instance_task(story_instance(0), 6)->arrivals[0].pre_act_id, "D"); /* in their order */
    SAME(wf_instance_task(story_instance(0), 6)->arrivals[1].pre_act_id, "E");
    TELL("resume actor:op", "6 M ended; 7 C ended; completed z");
    cr_assert_eq(story.unit.events[2].previous_state, WF_INSTANCE_SUSPENDED);
}

/* TSK-6: each arrival at an or_merge is kept, and the first one wins. */
Test(control, suspended_or_merge)
{
    story_begin("I:initial; A:task; B:task; M:or_merge; C:completion; I -> A,B; A -> M; B -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("suspend actor:op", "suspended");
    TELL("end 3 bob", "3 B ended; 4 M pending");
    TELL("end 2 ann", "2 A ended; 5 M pending");
    TELL("resume actor:op", "4 M ended; 6 C ended; 5 M absorbed; completed");
}

/* TSK-6, STA-1: no job is given away meanwhile; waiting ones are announced again. */
Test(control, suspended_jobs)
{
    story_begin("I:initial; A:automation; B:automation; D:task; C:completion; I -> A,B,D; A -> C; B -> C; D -> B");
    TELL("init", "running; 1 I ended; 2 A waiting job; 3 B waiting job; 4 D waiting");
    TELL("get 3 x!", "3 B processing x!");
    TELL("get 4 ann", "4 D processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("get 2 x!", "rejected instance_suspended");
    TELL("end 2 x!", "rejected instance_suspended"); /* would take it */
    TELL("release 3 x!", "3 B waiting #2");          /* announced when resumed */
    TELL("end 4 ann", "4 D ended; 5 B pending");
    story_reload();
    TELL("resume actor:op", "running; 2 A waiting job; 3 B waiting #2 job; 5 B waiting job");
    TELL("end 2 x!", "2 A ended; 6 C ended");
}

/* TSK-6: a suspended instance is not judged; when resumed it is, anew. */
Test(control, suspended_is_not_judged)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion; I -> A; A -> N; A -b-> B; N -> C; B -> C;"
                "N after A needs B");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 2 ann", "2 A ended; 3 N pending");
    TELL("resume actor:op", "stalled");
    SAME(story.unit.events[0].waits, "task 3 of \"N\" waits for \"B\"");
    cr_assert_eq(story.unit.events[0].previous_state, WF_INSTANCE_SUSPENDED);
    TELL("suspend actor:op", "suspended"); /* TSK-5: from stalled, too */
    TELL("resume actor:op", "stalled");
}

/* Completion waits until it is resumed. */
Test(control, suspended_completion)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 2 ann ok", "2 A ended ok; 3 C pending");
    TELL("resume actor:op", "3 C ended; completed ok");
    TELL("resume actor:op", "rejected instance_ended");
}

/* TSK-5: each of the three states; every open task is withdrawn. */
Test(control, cancel)
{
    story_begin("I:initial; A:task; B:task; D:automation; M:and_merge; C:completion;"
                "I -> A,B,D; A -> M; B -> M; D -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 D waiting job");
    ENDS(2, "", "2 A ended; 5 M pending");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("hang 3 bob", "3 B pausing @bob");
    TELL("suspend actor:op", "suspended");
    TELL("cancel actor:op", "3 B withdrawn; 4 D withdrawn; 5 M withdrawn; cancelled");
    cr_assert_eq(story.unit.events[3].previous_state, WF_INSTANCE_SUSPENDED);
    SAME(story.unit.events[0].reason, "the instance was cancelled");
    SAME(story.unit.events[0].actor, "op");
    cr_assert_gt(story_instance(0)->date_completed, 0);
    TELL("cancel actor:op", "rejected instance_ended");
    TELL("suspend actor:op", "rejected instance_ended");
    TELL("modify start:A actor:op", "rejected instance_ended");
    TELL("end 3 bob", "rejected instance_ended");
    TELL("cancel actor:op @9", "rejected unknown_instance");
}

static const char stalls[] = "I:initial; A:task; B:task; D:automation; N:task; C:completion;"
                             "I -> A; A -> N; A -b-> B; A -d-> D; N -> C; B -> C; D -> C; N after A needs B=ok";

/* TSK-5, FWD-7: an operator starts what is waited for. */
Test(control, modify_starts)
{
    story_begin(stalls);
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 N pending; stalled");
    TELL("modify actor:op", ""); /* check again: nothing moves */
    TELL("modify start:Z actor:op", "rejected unknown_activity");
    TELL("modify start:I actor:op", "rejected unknown_activity");
    TELL("modify start:B actor:op", "4 B waiting; running");
    cr_assert_eq(story.unit.events[0].task.pre_act_id, NULL);
    cr_assert_eq(story.unit.events[1].previous_state, WF_INSTANCE_STALLED);
    ENDS(4, "bad", "4 B ended bad; 5 C ended; stalled");
    story_reload();
    TELL("modify start:B actor:op", "6 B waiting; running");
    ENDS(6, "ok", "6 B ended ok; 7 C ended; 3 N waiting");
    ENDS(3, "", "3 N ended; 8 C ended; completed ok");
}

/* ... or withdraws what waits, or cancels. */
Test(control, modify_withdraws)
{
    story_begin(stalls);
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 N pending; stalled");
    TELL("modify withdraw:9 actor:op", "rejected unknown_task");
    TELL("modify withdraw:1 actor:op", "rejected wrong_state");
    TELL("modify withdraw:2 actor:op", "rejected wrong_state");
    TELL("modify withdraw:3 start:C actor:op", "3 N withdrawn; 4 C ended; completed");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 N pending; stalled");
    TELL("modify withdraw:3 actor:op", "3 N withdrawn"); /* nothing is open: stalled still */
    cr_assert_eq(story_instance(0)->state, WF_INSTANCE_STALLED);
    TELL("modify withdraw:3 actor:op", "rejected wrong_state");
    TELL("cancel actor:op", "cancelled");
}

/* A withdrawal lets a merge flow on (DEP-3), and a start that is refused takes the withdrawal back. */
Test(control, modify_moves_merges)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; D:dummy; C:completion;"
                "I -> A,B; A -> M; B -> M; B -d-> D; M -> C; D -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    ENDS(2, "", "2 A ended; 4 M pending");
    TELL("modify withdraw:3 start:D actor:op", "rejected no_route flags:ok");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("modify withdraw:3 actor:op", "3 B withdrawn; 4 M ended; 5 C ended; completed");
}

/* An operator's arrival joins like any other; it came from nowhere. */
Test(control, modify_starts_a_merge)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; N:vote_merge votes:2; C:completion;"
                "I -> A; A -> M; A -b-> B; B -> N; M -> C; N -> C; M after A needs B=ok");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 M pending; stalled");
    TELL("modify start:M actor:op", "3 M pending +");
    cr_assert_null(story.unit.events[0].joined[0].pre_act_id);
}

/* A stalled instance takes the operations of a running one (TSK-5). */
Test(control, stalled_takes_commands)
{
    story_begin(stalls);
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 N pending; stalled");
    TELL("set entity:x actor:op", "stalled entity:x");
    TELL("hang 3 ann", "rejected wrong_state");
    TELL("release 3 actor:op", "rejected wrong_state");
}

/* The table: every row starts and leads where TSK-2 and TSK-7 say, and no two are for the same. */
Test(control, table)
{
    size_t rows = 0;

    for (const struct wf_transition *row = wf_transitions; row->rule; row++, rows++) {
        cr_assert(wf_task_state_open(row->from));
        cr_assert(row->by_holder || row->by_operator || row->by_engine || row->operation == WF_OP_NOTIFY);
        for (const struct wf_transition *other = wf_transitions; other < row; other++)
            cr_assert(other->operation != row->operation || other->from != row->from ||
                      other->to != row->to);
    }
    cr_assert_eq(rows, 41);
}
