/* Tasks and their states (TSK-1 to TSK-4), automation (STA-1), what an end-task says of its instance. */
#include "core/task.h"
#include "base/buf.h"
#include "base/clock.h"
#include "core/start.h"
#include "story.h"

static const char one_task[] = "I:initial; A:task; C:completion; I -> A; A -ok-> C";

/* TSK-2, TSK-4: an operation that the state does not allow is rejected. */
Test(task, states)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("end 2 ann ok", "rejected wrong_state");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("get 2 ann", "rejected wrong_state");
    TELL("get 2 bob", "rejected task_taken");
    TELL("end 2 bob ok", "rejected not_entitled");
    TELL("end 2 ann ok", "2 A ended ok; 3 C ended; completed ok");
    TELL("get 2 ann", "rejected instance_ended");
}

Test(task, what_is_unknown)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A; A -> B; B -> C");
    TELL("get 1 ann @7", "rejected unknown_instance");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 3 ann", "rejected unknown_task");
    TELL("get -1 ann", "rejected unknown_task");
    TELL("get 1 ann", "rejected wrong_state"); /* is over */
    TELL("end 1 ann", "rejected wrong_state");
    TELL("end 9 ann", "rejected unknown_task");
    TELL("get 2 zoe", "rejected unknown_staff");
    TELL("end 2 zoe", "rejected unknown_staff");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann", "2 A ended; 3 B waiting");
    TELL("end 2 ann", "rejected wrong_state");
}

/* Section 2: waiting and working times are facts of the record. */
Test(task, times)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    int64_t start = story.unit.now;
    TELL("get 2 ann", "2 A processing @ann");
    const struct wf_task *task = wf_instance_task(story_instance(0), 2);
    cr_assert_eq(task->date_created, start);
    cr_assert_eq(task->date_waiting, start);
    cr_assert_eq(task->date_processing, start + WF_SECOND);
    cr_assert_eq(task->waiting_time, WF_SECOND);
    TELL("end 2 ann", "2 A ended; 4 C ended");
    cr_assert_eq(story.unit.events[0].task.date_ended, start + 2 * WF_SECOND);
    cr_assert_eq(story.unit.events[0].task.date_changed, start + 2 * WF_SECOND);

    struct wf_task *other = wf_instance_task(story_instance(0), 3); /* hang and reset are a later version's */
    other->state = WF_TASK_PAUSING;
    story.unit.now += WF_SECOND;
    wf_task_set_state(&story.unit, other, WF_TASK_PROCESSING);
    cr_assert_eq(other->paused_time, 3 * WF_SECOND);
}

/* Of a task that was given back, the first times: the rest of its life is waiting, pausing or work. */
Test(task, times_of_a_task_given_back)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    story_does("init");
    int64_t start = story.unit.now;
    story_does("get 2 ann");
    story_does("release 2 ann");
    story_does("get 2 bob");
    TELL("end 2 bob", "2 A ended; 3 C ended; completed");
    const struct wf_task *task = &story.unit.events[0].task;
    cr_assert_eq(task->date_waiting, start);
    cr_assert_eq(task->date_processing, start + WF_SECOND);
    cr_assert_eq(task->waiting_time, 2 * WF_SECOND);
    cr_assert_eq(task->date_ended - task->date_waiting - task->waiting_time - task->paused_time, 2 * WF_SECOND);
}

/* The time of an instance never goes back, whatever the database's clock does. */
Test(task, time_never_goes_back)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    int64_t start = story.unit.now;
    story.unit.now -= 100 * WF_SECOND;
    TELL("get 2 ann", "2 A processing @ann");
    cr_assert_eq(wf_instance_task(story_instance(0), 2)->date_processing, start);
    cr_assert_eq(story_instance(0)->date_changed, start);
}

/* STA-1: a waiting automation is announced; an executor takes it, and ends it. */
Test(task, automation)
{
    story_begin("I:initial; A:automation; B:task; C:completion; I -> A; A -ok-> B; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    cr_assert_eq(wf_instance_task(story_instance(0), 2)->attempt, 1);
    TELL("get 2 ann", "rejected not_entitled");
    TELL("end 2 ann ok", "rejected not_entitled");
    TELL("get 2 robot!", "2 A processing robot!");
    TELL("get 2 other!", "rejected task_taken");
    TELL("get 2 robot!", "rejected wrong_state");
    TELL("end 2 other! ok", "rejected task_taken");
    TELL("end 2 robot! bad", "rejected no_route flags:ok");
    TELL("end 2 robot! ok", "2 A ended ok; 3 B waiting");
    SAME(story.unit.events[0].actor, "robot");
    SAME(story.unit.events[0].task.executor_id, "robot");
    TELL("get 3 robot!", "rejected not_entitled");
    TELL("end 3 robot!", "rejected not_entitled");
}

/* STA-1: end-task on a waiting one takes and ends it; of two executors the first wins. */
Test(task, automation_taken_and_ended)
{
    story_begin("I:initial; A:automation; B:automation; N:automation; C:completion; I -> A,B; A -> C; B -> N; N -> C;"
                "N after B needs A");
    TELL("init", "running; 1 I ended; 2 A waiting job; 3 B waiting job");
    TELL("end 3 robot!", "3 B ended; 4 N pending");
    SAME(story.unit.events[0].task.executor_id, "robot");
    cr_assert_eq(story.unit.events[0].previous_state, WF_TASK_WAITING);
    TELL("end 3 other!", "rejected wrong_state");
    TELL("end 4 robot!", "rejected wrong_state"); /* not announced yet */
    TELL("get 4 robot!", "rejected wrong_state");
    TELL("end 2 other!", "2 A ended; 5 C ended; 4 N waiting job");
}

/* INF-1, FWD-6: entity and variables may be set by the way; they are an event of the instance. */
Test(task, entity_and_variables)
{
    story_begin("I:initial; A:task; B:task; D:task; C:completion; I -> A; A -> B; B -> D; D -> C");
    TELL("init entity:e1 vars:{a}", "running entity:e1 vars:{a}; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann entity:e1", "2 A ended; 3 B waiting"); /* as it was */
    TELL("get 3 ann", "3 B processing @ann");
    TELL("end 3 ann entity:e2 vars:[]", "rejected too_large"); /* the shell cannot merge them */
    SAME(story_instance(0)->entity_id, "e1");
    TELL("end 3 ann entity:e2 vars:{b}", "running entity:e2 vars:{a}{b}; 3 B ended; 4 D waiting");
    SAME(story.unit.events[1].entity_id, "e2");
    TELL("get 4 ann", "4 D processing @ann");
    TELL("end 4 ann vars:{c}", "4 D ended; 5 C ended; completed vars:{a}{b}{c}");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann entity:e9 vars:{}", "running entity:e9 vars:{}; 2 A ended; 3 B waiting");
}

/* DEP-9: a command that would create more than 10,000 tasks is rejected. */
static void
begin_wide(int last)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf text = {0};

    wf_buf_puts(&text, "I:initial; S:task; A:task; D:dummy; C:completion; I -> S; A -> C; S -x-> D");
    for (int i = 0; i < last; i++)
        wf_buf_puts(&text, ",A");
    wf_buf_puts(&text, "; S -y-> D");
    for (int i = 0; i < last - 1; i++)
        wf_buf_puts(&text, ",A");
    story_begin(wf_buf_text(&text));
    TELL("init", "running; 1 I ended; 2 S waiting");
    TELL("get 2 ann", "2 S processing @ann");
}

Test(task, limit)
{
    begin_wide(WF_TASKS_MAX);
    TELL("end 2 ann x", "rejected limit_exceeded");
    story_does("end 2 ann y");
    cr_assert_eq(story.unit.outcome.result, WF_RESULT_APPLIED);
    cr_assert_eq(story.unit.outcome.started_total, WF_TASKS_MAX - 1);
    cr_assert_eq(story.unit.outcome.started_count, 100);
    cr_assert_eq(story.unit.outcome.started[0], 4); /* the dummy is over */
    TELL("get 9000 bob", "9000 A processing @bob");
}

/* TSK-6: in a suspended instance no task can be taken and none moves. */
Test(task, suspended)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,A; A -> B; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    story_instance(0)->state = WF_INSTANCE_SUSPENDED; /* by an operator of a later version */
    TELL("get 3 ann", "rejected instance_suspended");
    TELL("get next ann", "rejected no_task_available");
    story.unit.command_no++;
    story.unit.event_count = 0;
    story.unit.changes = NULL;
    story.unit.rejected = false;
    cr_assert(wf_task_end(&story.unit, wf_instance_task(story_instance(0), 2), NULL));
    cr_assert(wf_task_run(&story.unit, story_instance(0)));
    cr_assert_eq(wf_instance_task(story_instance(0), 4)->state, WF_TASK_PENDING);
}
