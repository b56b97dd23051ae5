/* Timers and deadlines (STA-3, TSK-6, TSK-7). */
#include "core/timer.h"
#include "core/control.h"
#include "story.h"

static const struct wf_task *
task(int32_t n)
{
    return wf_instance_task(story_instance(0), n);
}

/* STA-3: a reminder is an event, once; due_at stays, for the task is overdue. */
Test(timer, remind)
{
    story_begin("I:initial; A:task take:60; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    int64_t due = task(2)->due_at;
    cr_assert_eq(due, task(2)->date_waiting + 60 * INT64_C(1000000));
    SAME(story_waits(59), "");
    SAME(story_waits(1), "2 A waiting");
    cr_assert_str_eq(story.unit.events[0].reason, "not taken within its time limit");
    cr_assert_str_eq(story.unit.events[0].actor, "~engine");
    cr_assert_eq(task(2)->due_at, due);
    story_reload();
    SAME(story_waits(1000), "");
    TELL("get 2 ann", "2 A processing @ann");
    cr_assert_eq(task(2)->due_at, 0, "there is no limit for the end");
}

/* The limit for the end runs from being taken, over hang and reset. */
Test(timer, end_limit_runs_over_a_pause)
{
    story_begin("I:initial; A:task take:60 end:100,release; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    int64_t due = task(2)->due_at;
    TELL("hang 2 ann", "2 A pausing @ann");
    SAME(story_waits(90), "");
    TELL("reset 2 ann", "2 A processing @ann");
    cr_assert_eq(task(2)->due_at, due);
    SAME(story_waits(10), "2 A waiting");
    cr_assert_eq(task(2)->timer, WF_TIMER_TAKE, "waiting again, it is to be taken again");
    SAME(story_waits(61), "2 A waiting");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("hang 2 bob", "2 A pausing @bob");
    SAME(story_waits(101), "2 A waiting"); /* from pausing as well */
    TELL("get 2 bob", "2 A processing @bob");
    TELL("end 2 bob", "2 A ended; 3 C ended; completed");
    SAME(story_waits(1000), "");
}

/* A task that only waits has nothing to release: that is a reminder. */
Test(timer, release_of_a_waiting_task)
{
    story_begin("I:initial; A:interaction role:r priority take:10,release; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    SAME(story_waits(11), "2 A waiting @ann");
}

/* STA-3, TSK-7: by the rule again; each new assignment has the whole time. */
Test(timer, reassign)
{
    story_begin("I:initial; A:interaction role:r priority take:10,reassign end:20,reassign; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    story_load("staff ann leave");
    SAME(story_waits(10), "2 A waiting @bob");
    cr_assert_eq(story.unit.events[0].assignment.method, WF_METHOD_PRIORITY);
    SAME(story_waits(5), "");
    SAME(story_waits(5), "2 A waiting @bob");
    TELL("get 2 bob", "2 A processing @bob");
    story_load("staff ann back");
    SAME(story_waits(21), "2 A waiting @ann");
}

/* To another group; a limit for being taken that has escalated does not run again. */
Test(timer, escalate)
{
    story_begin("I:initial; A:task take:10,escalate,s end:20,escalate,s; C:completion; I -> A; A -> C");
    story_load("staff dan role:s");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story_waits(11), "2 A waiting");
    cr_assert_str_eq(task(2)->group_id, "s");
    cr_assert_eq(story.unit.events[0].assignment.considered, 1);
    cr_assert_gt(task(2)->due_at, 0);
    SAME(story_waits(1000), "");
    TELL("get 2 ann", "rejected not_entitled");
    TELL("get 2 dan", "2 A processing @dan");
    SAME(story_waits(21), "2 A waiting");
    SAME(story_waits(11), "2 A waiting");
    SAME(story_waits(1000), "");
}

/* TSK-7: a deadline ends a task in any of these states; nobody did what nobody took. */
Test(timer, end)
{
    static const char definition[] = "I:initial; A:interaction role:r priority take:10,end,late end:10,end,late; B:task;"
                                     "C:completion; I -> A; A -late-> B; A -ok-> C; B -> C";
    story_begin(definition);
    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    SAME(story_waits(10), "2 A ended late; 3 B waiting");
    cr_assert_null(story.unit.events[0].task.staff_id);

    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("get 2 ann", "2 A processing @ann");
    SAME(story_waits(10), "2 A ended late; 3 B waiting");
    cr_assert_str_eq(story.unit.events[0].task.staff_id, "ann");

    TELL("init", "running; 1 I ended; 2 A waiting @ann");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("hang 2 ann", "2 A pausing @ann");
    SAME(story_waits(10), "2 A ended late; 3 B waiting");
}

/* FWD-3: what the engine's own command cannot do is an incident; the timer has fired all the same. */
Test(timer, rejection_is_an_incident)
{
    story_begin("I:initial; A:task take:10,end,bad; C:completion; I -> A; A -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story_waits(10), "2 A waiting !no_route");
    cr_assert_eq(story.unit.outcome.result, WF_RESULT_APPLIED);
    const struct wf_incident *incident = task(2)->incident;
    cr_assert_eq(incident->timer, WF_TIMER_TAKE);
    cr_assert_eq(story_instance(0)->raised_count, 1);
    cr_assert_eq(story_instance(0)->raised[0], incident);
    SAME(story_waits(1000), "");
    story_reload();

    TELL("retry 2 actor:op", "rejected no_route flags:ok"); /* the operator hears why */
    TELL("retry 2 actor:op id:x", "rejected no_route flags:ok");
    TELL("suspend", "suspended");
    TELL("retry 2 actor:op", "rejected instance_suspended");
    TELL("resume", "running");
    TELL("get 2 ann", "2 A processing @ann"); /* taken after all */
    cr_assert_eq(story_instance(0)->resolved_count, 1);
    cr_assert_str_eq(story_instance(0)->resolved[0].id, incident->id);
    TELL("retry 2 actor:op", "rejected unknown_incident");
}

/* Effects that the database refused (EOS-23), of the task's timer and of the instance's. */
Test(timer, refused_effects)
{
    story_begin("I:initial; A:task take:10; C:completion; I -> A; A -> C; limit 100,cancel");
    TELL("init", "running; 1 I ended; 2 A waiting");
    struct wf_command command = {.operation = WF_OP_FIRE_TIMER, .id = "timer", .has_instance_id = true,
                                 .instance_id = story_instance(0)->instance_id, .task_n = 2, .timer = WF_TIMER_TAKE,
                                 .timer_at = task(2)->timer_at, .refused = "the database refused its effect"};
    SAME(story_applies(&command), "2 A waiting !invalid_command");
    command.task_n = 0;
    command.timer = WF_TIMER_INSTANCE;
    command.timer_at = story_instance(0)->due_at;
    SAME(story_applies(&command), "running !invalid_command");
    SAME(story_waits(1000), "");
    TELL("retry 0 actor:op", "running");
    TELL("retry 0 actor:op", "rejected unknown_incident");
    command.instance_id.bytes[0] = 7;
    SAME(story_applies(&command), "rejected invalid_command");
}

/* A timer that was set anew, or whose task is over, is none. */
Test(timer, stale)
{
    story_begin("I:initial; A:task take:10,end end:10,end; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    struct wf_command command = {.operation = WF_OP_FIRE_TIMER, .id = "timer", .has_instance_id = true,
                                 .instance_id = story_instance(0)->instance_id, .task_n = 2, .timer = WF_TIMER_TAKE,
                                 .timer_at = task(2)->timer_at};
    TELL("get 2 ann", "2 A processing @ann");
    SAME(story_applies(&command), "");
    TELL("release 2 ann", "2 A waiting");
    SAME(story_applies(&command), "");
    TELL("suspend", "suspended");
    command.timer_at = task(2)->timer_at;
    SAME(story_applies(&command), "");
    cr_assert_eq(task(2)->timer, WF_TIMER_TAKE, "kept");
    TELL("resume", "running");
    SAME(story_applies(&command), "2 A ended; 3 C ended; completed");
    SAME(story_applies(&command), "");
    command.instance_id.bytes[0] = 7;
    SAME(story_applies(&command), "");
}

/* TSK-6: timers that fall due while the instance is suspended are kept. */
Test(timer, suspended)
{
    story_begin("I:initial; A:task take:10; C:completion; I -> A; A -> C; limit 20,remind");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("suspend", "suspended");
    SAME(story_waits(50), "");
    story_reload();
    TELL("resume", "running");
    SAME(story_waits(0), "2 A waiting | running");
    TELL("suspend", "suspended");
    TELL("cancel", "2 A withdrawn; cancelled");
    cr_assert_eq(story_instance(0)->done[0]->timer, WF_TIMER_NONE);
}

/* STA-3: the time limit of an instance. */
Test(timer, instance)
{
    story_begin("I:initial; A:task take:5; C:completion; I -> A; A -> C; limit 20,cancel");
    TELL("init", "running; 1 I ended; 2 A waiting");
    cr_assert_eq(story_instance(0)->due_at, story_instance(0)->date_created + 20 * INT64_C(1000000));
    SAME(story_waits(21), "2 A waiting | 2 A withdrawn; cancelled");
    cr_assert_str_eq(story.unit.events[1].reason, "not completed within its time limit");
    SAME(story_waits(21), "");
    TELL("init", "running; 1 I ended; 2 A waiting");
    ENDS(2, "", "2 A ended; 3 C ended; completed");
    SAME(story_waits(100), "");
}

/* A task given to somebody else is to be taken in the whole time; extend-task gives more. */
Test(timer, reassigned_and_extended)
{
    story_begin("I:initial; A:task take:60 end:30; B:task; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    int64_t due = task(2)->due_at;
    TELL("reassign 2 to:bob actor:op", "2 A waiting @bob");
    cr_assert_gt(task(2)->due_at, due);
    TELL("extend 2 actor:op within:100", "2 A waiting @bob");
    SAME(story_waits(99), "");
    SAME(story_waits(2), "2 A waiting @bob");
    TELL("extend 2 actor:op", "2 A waiting @bob"); /* as the activity says */
    SAME(story_waits(61), "2 A waiting @bob");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("extend 2 ann within:9", "rejected not_entitled");
    TELL("extend 2 bob within:90", "2 A processing @bob");
    TELL("hang 2 bob", "2 A pausing @bob");
    TELL("extend 2 bob within:90", "2 A pausing @bob");
    SAME(story_waits(80), "");
    SAME(story_waits(20), "2 A pausing @bob");
    cr_assert_str_eq(story.unit.events[0].reason, "not ended within its time limit");
    TELL("extend 3 actor:op", "rejected wrong_state");
    TELL("extend 3 ann within:9", "3 B waiting");
    SAME(story_waits(10), "3 B waiting");
    TELL("extend 1 actor:op within:9", "rejected wrong_state");
}

/* TSK-7: ... and has nothing to do with what could not be done before it was theirs. */
Test(timer, reassigned_without_the_incident)
{
    story_begin("I:initial; A:task take:10,end,bad; C:completion; I -> A; A -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story_waits(10), "2 A waiting !no_route");
    TELL("reassign 2 to:bob actor:op", "2 A waiting @bob");
    cr_assert_null(task(2)->incident);
    cr_assert_eq(task(2)->timer, WF_TIMER_TAKE);
    SAME(story_waits(10), "2 A waiting @bob !no_route");
}

/* Every copy of method all has its own limit. */
Test(timer, copies)
{
    story_begin("I:initial; A:interaction role:r all take:10; M:and_merge; C:completion; I -> A; A -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 A waiting @bob; 4 A waiting @cid");
    SAME(story_waits(10), "2 A waiting @ann | 3 A waiting @bob | 4 A waiting @cid");
}

/* FWD-7: a pending task is asked for again and again, silently, until its rule says yes. */
Test(timer, check_every)
{
    story_begin("I:initial; A:task pre:f check:60 take:5; C:completion; I -> A; A -> C");
    story_answers("f=no");
    TELL("init", "running; 1 I ended; 2 A pending");
    cr_assert_eq(task(2)->timer, WF_TIMER_CHECK);
    cr_assert_eq(task(2)->due_at, 0, "it is late for nobody");
    SAME(story_waits(60), "");
    cr_assert_eq(task(2)->timer, WF_TIMER_CHECK);
    cr_assert_gt(task(2)->timer_at, task(2)->date_created + 60 * INT64_C(1000000), "the next one");
    story_reload();
    story_answers("f=yes");
    SAME(story_waits(60), "2 A waiting");
    cr_assert_str_eq(story.unit.events[0].actor, "~engine");
    cr_assert_eq(task(2)->timer, WF_TIMER_TAKE);
}

/* A rule that fails when it is asked by the clock is an incident; who retries it has it asked again. */
Test(timer, check_fails)
{
    story_begin("I:initial; A:task pre:f check:60; C:completion; I -> A; A -> C");
    story_answers("f=no");
    TELL("init", "running; 1 I ended; 2 A pending");
    story_reload();
    story_answers("f!oops");
    SAME(story_waits(60), "2 A pending !rule_failed");
    cr_assert_eq(task(2)->timer, WF_TIMER_NONE);
    story_reload();
    story_answers("f=no");
    TELL("retry 2 actor:op", "2 A pending");
    cr_assert_eq(task(2)->timer, WF_TIMER_CHECK);
    TELL("suspend actor:op", "suspended");
    story_reload();
    story_answers("f=yes");
    SAME(story_waits(100), "");
    TELL("resume actor:op", "running; 2 A waiting");
}

/* FWD-7: a reminder is no reason to ask, nor is what others do while the rule waits for an operator. */
Test(timer, reminder_asks_nothing)
{
    story_begin("I:initial; A:task pre:f check:60; B:task take:10; C:completion; I -> A,B; A -> C; B -> C");
    story_answers("f=no");
    TELL("init", "running; 1 I ended; 2 A pending; 3 B waiting");
    story_reload();
    story_answers("f!oops");
    SAME(story_waits(10), "3 B waiting");
    SAME(story_waits(60), "2 A pending !rule_failed");
    TELL("get 3 ann", "3 B processing @ann");
    cr_assert_eq(task(2)->timer, WF_TIMER_NONE);
    story_reload();
    story_answers("f=yes");
    SAME(story_waits(1000), "");
    TELL("end 3 ann", "3 B ended; 4 C ended; 2 A waiting");
}

/* The tables of transitions: every row can be found by its operation and state. */
Test(timer, tables)
{
    for (const struct wf_transition *row = wf_transitions; row->rule; row++) {
        cr_assert_not_null(wf_operation_name(row->operation));
        cr_assert_eq(row->by_engine, row->operation == WF_OP_FIRE_TIMER || row->operation == WF_OP_ASSIGN_TASK);
    }
    for (const struct wf_move *move = wf_moves; move->rule; move++)
        cr_assert_str_not_empty(move->name);
    for (const struct wf_instance_move *move = wf_instance_moves; move->rule; move++)
        cr_assert_str_not_empty(move->name);
}
