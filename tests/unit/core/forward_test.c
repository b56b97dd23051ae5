/* Forward control: what follows when a task ends (FWD-1 to FWD-8), and in which batch (BAT-1, BAT-2). */
#include "base/buf.h"
#include "core/forward.h"
#include "core/task.h"
#include "story.h"

Test(forward, one_after_the_other)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A; A -> B; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 B waiting");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("end 3 bob fine", "3 B ended fine; 4 C ended; completed fine");
}

/* FWD-1: both given; then flag given; then pre given; then neither; among equals, their order. */
Test(forward, precedence)
{
    struct wf_process *process = story_process("p",
        "A:task; X:task; N:dummy; P:dummy; F:dummy; B:dummy; L:dummy;"
        "A -> N; A after X -> P; A -ok-> F; A -ok-> L; A after X -ok-> B");
    struct wf_activity *a = wf_process_activity(process, "A");
    static const struct {
        const char *pre_act_id, *flag, *next;
    } rows[] = {{"X", "ok", "B"}, {"Y", "ok", "F"}, {NULL, "ok", "F"}, {"X", "no", "P"},
                {"X", NULL, "P"}, {"Y", "no", "N"}, {NULL, NULL, "N"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wf_task task = {.activity = a, .pre_act_id = rows[i].pre_act_id, .completion_flag = rows[i].flag};
        SAME(wf_forward_match(&story.unit, &task, false)->next_ids[0], rows[i].next);
        cr_assert_null(wf_forward_match(&story.unit, &task, true));
    }
    wf_process_drop(process);
}

/* FWD-1 in the flow: where a task came from chooses what follows. */
Test(forward, pre_act_id_chooses)
{
    story_begin("I:initial; A:task; B:task; D:task; E:task; C:completion;"
                "I -x-> A; I -y-> B; A -> D; B -> D; D after A -> C; D after B -> E; E -> C");
    TELL("init x", "running; 1 I ended x; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 D waiting");
    TELL("get 3 ann", "3 D processing @ann");
    TELL("end 3 ann", "3 D ended; 4 C ended; completed x");
    TELL("init y", "running; 1 I ended y; 2 B waiting");
    TELL("get 2 ann", "2 B processing @ann");
    TELL("end 2 ann", "2 B ended; 3 D waiting");
    TELL("get 3 ann", "3 D processing @ann");
    TELL("end 3 ann", "3 D ended; 4 E waiting");
}

/* FWD-2, FWD-3: an or-branch; a flag that no rule takes is rejected with the flags that are. */
Test(forward, or_branch)
{
    story_begin("I:initial; A:task; B:task; D:task; C:completion;"
                "I -> A; A -yes-> B; A -no-> D; A after I -maybe-> D; A after B -never-> D;"
                "B -> C; D -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann perhaps", "rejected no_route flags:yes,no,maybe");
    TELL("end 2 ann", "rejected no_route flags:yes,no,maybe");
    TELL("end 2 ann maybe", "2 A ended maybe; 3 D waiting");
}

/* FWD-3: the task that could not go on may be one reached on the way; nothing stays of the steps before it. */
Test(forward, no_route_on_the_way)
{
    story_begin("I:initial; A:task; D:dummy; B:task; E:task; C:completion;"
                "I -> A; A -> B,D; D -ok-> E; B -> C; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann bad entity:e vars:{}", "rejected no_route flags:ok");
    cr_assert_not_null(strstr(story.unit.outcome.detail, "\"D\" takes flag \"bad\""));
    TELL("end 2 ann", "rejected no_route flags:ok");
    cr_assert_not_null(strstr(story.unit.outcome.detail, "\"D\" takes an end without a flag"));
    TELL("end 2 ann ok", "2 A ended ok; 3 B waiting; 4 D ended ok; 5 E waiting");
}

/* FWD-3: an init-instance that goes nowhere leaves no instance behind. */
Test(forward, no_route_at_the_start)
{
    story_begin("I:initial; A:task; C:completion; I -x-> A; A -> C");
    TELL("init", "rejected no_route flags:x");
    cr_assert_null(story_instance(1));
    cr_assert_eq(story.unit.instance_count, 0);
    TELL("init x", "running; 1 I ended x; 2 A waiting");
}

Test(forward, flags_accepted)
{
    struct wf_process *process = story_process("p", "A:task; B:dummy; A -x-> B; A after Q -y-> B; A -x-> B; A after R -> B");
    const struct wf_activity *a = wf_process_activity(process, "A");
    const char *flags[4];

    cr_assert_eq(wf_forward_flags(a, NULL, flags, 4), 1);
    cr_assert_eq(wf_forward_flags(a, "Q", flags, 4), 2);
    SAME(flags[1], "y");
    cr_assert_eq(wf_forward_flags(a, "Q", flags, 1), 1);
    cr_assert_eq(wf_forward_flags(a, "R", flags, 4), 0);
    wf_process_drop(process);
}

/* BAT-1, BAT-2: one activity hands the numbers on; several open a batch, and_branch for one too. */
Test(forward, batches_open)
{
    story_begin("I:initial; A:task; S:and_branch; B:task; D:task; E:task; F:task; T:and_branch; C:completion;"
                "I -> A; A -> S; S -> B,D; B -> T; T -> E; D -> F; E -> C; F -> C");
    story.batches = true;
    TELL("init", "running; 1 I ended (1.1); 2 A waiting (1.1)");
    TELL("get 2 ann", "2 A processing @ann (1.1)");
    TELL("end 2 ann", "2 A ended (1.1); 3 S ended (1.1) opens 2; 4 B waiting (2.1); 5 D waiting (2.2)");
    TELL("get 4 ann", "4 B processing @ann (2.1)");
    TELL("end 4 ann", "4 B ended (2.1); 6 T ended (2.1) opens 3; 7 E waiting (3.1)");
    TELL("get 5 ann", "5 D processing @ann (2.2)");
    TELL("end 5 ann", "5 D ended (2.2); 8 F waiting (2.2)");
    const struct wf_batch *nested = wf_instance_batch(story_instance(0), 3);
    cr_assert_eq(nested->parent_serial_no, 2);
    cr_assert_eq(nested->parent_branch_no, 1);
    cr_assert_eq(nested->branches, 1);
    cr_assert_eq(nested->opened_by, 6);
    cr_assert(wf_batch_within(story_instance(0), 3, 1));
    cr_assert_not(wf_batch_within(story_instance(0), 2, 3));
    cr_assert_null(wf_instance_batch(story_instance(0), 4));
}

/* A loop: the same activity again, a new task each time. */
Test(forward, loop)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A; A -> B; B -again-> A; B -done-> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    for (int n = 2; n < 10; n += 2) {
        TELL(wf_arena_printf(&story.arena, "get %d ann", n), wf_arena_printf(&story.arena, "%d A processing @ann", n));
        TELL(wf_arena_printf(&story.arena, "end %d ann x", n),
             wf_arena_printf(&story.arena, "%d A ended x; %d B waiting", n, n + 1));
        TELL(wf_arena_printf(&story.arena, "get %d ann", n + 1),
             wf_arena_printf(&story.arena, "%d B processing @ann", n + 1));
        TELL(wf_arena_printf(&story.arena, "end %d ann again", n + 1),
             wf_arena_printf(&story.arena, "%d B ended again; %d A waiting", n + 1, n + 2));
    }
}

/* FWD-5: not before the last open task is over; the flag is that of the completion reached last ... */
Test(forward, completes_when_nothing_is_open)
{
    story_begin("I:initial; A:task; B:task; C:completion flag:first; D:completion flag:second;"
                "I -> A,B; A -> C; B -> D");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann b", "3 B ended b; 4 D ended");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann a", "2 A ended a; 5 C ended; completed first");
    cr_assert_eq(story_instance(0)->date_completed, story.unit.now);
    TELL("end 2 ann a", "rejected instance_ended");
}

/* ... else that of the last task with a flag before it. */
Test(forward, completion_flag_of_the_last_task)
{
    story_begin("I:initial; A:task; B:task; E:task; C:completion; D:dummy; I -> A,B; A -> E; E -> C; B -> D");
    TELL("init start", "running; 1 I ended start; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann a", "2 A ended a; 4 E waiting");
    TELL("get 4 ann", "4 E processing @ann");
    TELL("end 4 ann", "4 E ended; 5 C ended");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann b", "3 B ended b; 6 D ended b; completed a");
}

/* STA-1, FWD-5: what the same command withdraws again is no job for anybody. */
Test(forward, terminate_announces_no_job)
{
    story_begin("I:initial; A:automation; C:completion; T:completion terminate; I -> A,T; A -> C");
    TELL("init", "1 I ended; 2 A withdrawn; 3 T ended; completed");
}

/* FWD-5: terminate ends at once and withdraws what is open, what this command made included. */
Test(forward, terminate)
{
    story_begin("I:initial; A:task; B:task; S:task; E:task; C:completion; T:completion terminate flag:stop;"
                "I -> A,B,S; A -> T,E; B -> C; S -> C; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting; 4 S waiting");
    TELL("get 3 bob", "3 B processing @bob");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 5 T ended; 6 E withdrawn; 3 B withdrawn; 4 S withdrawn; completed stop");
    SAME(story.unit.events[2].reason, "the instance was terminated");
}

/* FWD-7: nothing is open and no completion was reached. */
Test(forward, stalled_with_nothing_open)
{
    story_begin("I:initial; A:task; D:dummy; C:completion; I -> A; A -ok-> C; A -lost-> D");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann lost", "2 A ended lost; 3 D ended lost; stalled");
    SAME(story.unit.events[2].waits, "no task is open and no completion was reached");
    TELL("show", "");
}

/* FWD-7: all that is open is pending; the event says what waits for what. */
Test(forward, stalled_by_what_never_comes)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion;"
                "I -> A,B; A -> N; B -> C; N -> C; N after A needs B=ok");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 4 N pending");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann bad", "3 B ended bad; 5 C ended; stalled");
    SAME(story.unit.events[2].waits, "task 4 of \"N\" waits for \"B\" to end with flag \"ok\"");
    TELL("end 4 ann", "rejected wrong_state");
}

/* FWD-7: an instance may begin stalled; what waits is told to an end. */
Test(forward, stalled_at_once)
{
    story_begin("I:initial; N:task; B:task; C:completion; I -x-> N,N; I -y-> B; N -> C; B -> C; N after I needs B");
    TELL("init x", "1 I ended x; 2 N pending +I; stalled");
    SAME(story.unit.events[2].waits, "task 2 of \"N\" waits for \"B\"");
    cr_assert_eq(story.unit.events[2].previous_state, -1);
}

Test(forward, stalled_list_is_bounded)
{
    struct wf_buf text = {0};
    wf_buf_puts(&text, "I:initial; S:and_branch; N:task; B:task; C:completion; I -x-> S; I -y-> B; N -> C; B -> C;"
                       "T:and_branch; T -> N; N after T needs B; S -> T");
    for (int i = 1; i < 150; i++)
        wf_buf_puts(&text, ",T");
    story_begin(wf_buf_text(&text));
    wf_buf_drop(&text);
    const char *told = story_does("init x");
    const struct wf_event *last = &story.unit.events[story.unit.event_count - 1];
    SAME(told + strlen(told) - 7, "stalled");
    cr_assert_not_null(strstr(last->waits, "\nand 50 more"));
}

/* FWD-7: it is running again as soon as a task leaves pending (here an operator's doing, as a later version has it). */
Test(forward, running_again)
{
    story_begin("I:initial; A:task; B:task; N:task; C:completion;"
                "I -x-> A; I -y-> B; A -> N; N -> C; B -> C; N after A needs B");
    TELL("init x", "running; 1 I ended x; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 N pending; stalled");
    story.unit.command_no++;
    story.unit.event_count = 0;
    struct wf_instance *instance = story_instance(0);
    wf_task_set_state(&story.unit, wf_instance_task(instance, 3), WF_TASK_WAITING);
    wf_forward_judge(&story.unit, instance);
    cr_assert_eq(instance->state, WF_INSTANCE_RUNNING);
    cr_assert_eq(story.unit.event_count, 2);
    cr_assert_eq(story.unit.events[1].previous_state, WF_INSTANCE_STALLED);
    wf_forward_judge(&story.unit, instance);
    cr_assert_eq(story.unit.event_count, 2);
}

/* TSK-6: a suspended instance is not judged. */
Test(forward, suspended_is_not_judged)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    story_instance(0)->state = WF_INSTANCE_SUSPENDED;
    story_instance(0)->tasks[0]->state = WF_TASK_PENDING;
    wf_forward_judge(&story.unit, story_instance(0));
    cr_assert_eq(story_instance(0)->state, WF_INSTANCE_SUSPENDED);
}

/* FWD-8: branches and merges end without a flag, dummies with their arrival's. */
Test(forward, flags_of_types_without_work)
{
    story_begin("I:initial; A:task; S:and_branch; D:dummy; E:dummy; M:and_merge; C:completion;"
                "I -> A; A -x-> S; A -y-> D; S -> E; E -> M; D -> M; M -> C");
    TELL("init i", "running; 1 I ended i; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann x", "2 A ended x; 3 S ended; 4 E ended; 5 M ended; 6 C ended; completed x");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann y", "2 A ended y; 3 D ended y; 4 M ended; 5 C ended; completed y");
}

/* DEP-8: without a merge an activity starts once for each arrival; a dummy joins without synchronising. */
Test(forward, arrivals_without_a_merge)
{
    story_begin("I:initial; A:task; B:task; D:dummy; E:task; C:completion; I -> A,B; A -> D; B -> D; D -> E; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann a", "2 A ended a; 4 D ended a; 5 E waiting");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann b", "3 B ended b; 6 D ended b; 7 E waiting");
}

/* DEP-9: all tasks of a step are created before any of them moves; they move first in, first out. */
Test(forward, order_of_moves)
{
    story_begin("I:initial; D:dummy; E:dummy; F:task; G:task; C:completion; I -> D,E; D -> F; E -> G; F -> C; G -> C");
    TELL("init", "running; 1 I ended; 2 D ended; 3 E ended; 4 F waiting; 5 G waiting");
}
