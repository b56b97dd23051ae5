/* Start control: jobs, attempts, incidents (STA-1, STA-2). */
#include "core/start.h"
#include "story.h"

static const char job[] = "I:initial; A:automation take:10 end:20 retries:2; C:completion; I -> A; A -ok-> C";

static const struct wf_task *
task(int32_t n)
{
    return wf_instance_task(story_instance(0), n);
}

/* STA-1: it is its own until the time limit, which extend renews. */
Test(start, extend)
{
    story_begin(job);
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("get 2 p1!", "2 A processing p1!");
    SAME(story_waits(15), "");
    TELL("extend 2 p2!", "rejected not_entitled");
    TELL("extend 2 p1!", "2 A processing p1!");
    cr_assert_eq(task(2)->due_at, task(2)->timer_at);
    SAME(story_waits(15), "");
    TELL("extend 2 p1! within:100", "2 A processing p1!");
    SAME(story_waits(99), "");
    TELL("end 2 p1! ok", "2 A ended ok; 3 C ended; completed ok");
}

/* STA-2: not taken, or not ended, in time: announced again, up to the limit, then an incident. */
Test(start, overdue)
{
    story_begin(job);
    TELL("init", "running; 1 I ended; 2 A waiting job");
    SAME(story_waits(10), "2 A waiting #2 job");
    cr_assert_str_eq(story.unit.events[0].reason, "attempt 1 failed: timeout: not taken within its time limit");
    TELL("get 2 p1!", "2 A processing p1! #2");
    SAME(story_waits(20), "2 A waiting #3 job");
    cr_assert_null(task(2)->executor_id);
    TELL("end 2 p1! ok attempt:2", "rejected wrong_state"); /* of an older attempt */
    TELL("get 2 p1! attempt:2", "rejected wrong_state");
    TELL("get 2 p2! attempt:3", "2 A processing p2! #3");
    TELL("end 2 p1! ok", "rejected task_taken");
    TELL("extend 2 p2! attempt:2", "rejected wrong_state");
    SAME(story_waits(20), "2 A waiting #3 !timeout");
    cr_assert_eq(story_instance(0)->state, WF_INSTANCE_RUNNING, "the instance keeps running");
    cr_assert_eq(task(2)->incident->attempt, 3);
    SAME(story_waits(1000), "");

    story_reload();
    TELL("get 2 p1!", "rejected wrong_state"); /* it waits for an operator */
    TELL("end 2 p1! ok", "rejected wrong_state");
    TELL("extend 2 actor:op", "rejected wrong_state");
    TELL("retry 2 actor:op", "2 A waiting #4 job");
    SAME(story_waits(10), "2 A waiting #4 !timeout"); /* one more attempt */
    TELL("retry 2 actor:op", "2 A waiting #5 job");
    TELL("end 2 p1! ok", "2 A ended ok #5; 3 C ended; completed ok");
}

/* STA-1, STA-2: reported failures are retried after a delay. */
Test(start, failed)
{
    story_begin(job);
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("fail 2 p1!", "rejected wrong_state"); /* it has not taken it */
    TELL("get 2 p1!", "2 A processing p1!");
    TELL("fail 2 p2!", "rejected not_entitled");
    TELL("fail 2 ann", "rejected not_entitled");
    TELL("fail 2 p1! attempt:7", "rejected wrong_state");
    TELL("fail 2 p1! no_disk", "2 A waiting #2");
    cr_assert_str_eq(story.unit.events[0].reason, "attempt 1 failed: no_disk");
    cr_assert_eq(task(2)->timer, WF_TIMER_RETRY);
    cr_assert_eq(task(2)->due_at, 0);
    TELL("extend 2 actor:op", "rejected wrong_state"); /* it is not announced now */
    SAME(story_waits(1), "2 A waiting #2 job");
    cr_assert_gt(task(2)->due_at, 0);
    TELL("get 2 p1!", "2 A processing p1! #2");
    TELL("fail 2 p1!", "2 A waiting #3");
    cr_assert_str_eq(story.unit.events[0].reason, "attempt 2 failed: failed");
    TELL("suspend", "suspended");
    SAME(story_waits(100), "");
    TELL("resume", "running"); /* not announced yet: its timer is due */
    SAME(story_waits(0), "2 A waiting #3 job");
    TELL("get 2 p1!", "2 A processing p1! #3");
    TELL("fail 2 p1! no_disk", "2 A waiting #3 !no_disk");
    TELL("suspend", "suspended");
    TELL("resume", "running"); /* nor a job that is an incident */
    TELL("cancel", "2 A withdrawn #3; cancelled");
    cr_assert_eq(story_instance(0)->resolved_count, 1, "cancelling withdraws incidents");
    cr_assert_null(story.unit.events[0].task.incident);
    TELL("retry 2 actor:op", "rejected instance_ended");
}

/* The delay doubles up to a minute; without retries the first failure is an incident. */
Test(start, delays)
{
    static const int seconds[] = {1, 2, 4, 8, 16, 32, 60, 60};

    story_begin("I:initial; A:automation retries:8; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        story_does("get 2 p1!");
        story_does("fail 2 p1!");
        cr_assert_eq(task(2)->timer_at - story.unit.now, seconds[i] * INT64_C(1000000), "attempt %zu", i + 1);
        story_waits(seconds[i]);
    }
    TELL("get 2 p1!", "2 A processing p1! #9");
    TELL("fail 2 p1!", "2 A waiting #9 !failed");

    story_begin("I:initial; A:automation; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("get 2 p1!", "2 A processing p1!");
    TELL("fail 2 p1!", "2 A waiting !failed");
}

/* STA-3: once the retries are used up a limit may end the task; a rejection of that is an incident. */
Test(start, ended_by_a_limit)
{
    story_begin("I:initial; A:automation take:10,end,late retries:1; C:completion; I -> A; A -late-> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    SAME(story_waits(10), "2 A waiting #2 job");
    SAME(story_waits(10), "2 A ended late #2; 3 C ended; completed late");

    story_begin("I:initial; A:automation end:10,end,bad; C:completion; I -> A; A -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("get 2 p1!", "2 A processing p1!");
    SAME(story_waits(10), "2 A processing p1! !no_route");
    TELL("retry 2 actor:op", "rejected no_route flags:ok");
    TELL("end 2 p1! ok", "2 A ended ok; 3 C ended; completed ok"); /* it still holds it */
}

/* Given back, a job is announced as a new attempt: the id of a job is task and attempt. */
Test(start, released)
{
    story_begin(job);
    TELL("init", "running; 1 I ended; 2 A waiting job");
    TELL("get 2 p1!", "2 A processing p1!");
    TELL("release 2 p1!", "2 A waiting #2 job");
    TELL("get 2 p2!", "2 A processing p2! #2");
    TELL("hang 2 p2!", "2 A pausing p2! #2");
    SAME(story_waits(20), "2 A waiting #3 job");
    TELL("suspend", "suspended");
    TELL("resume", "running; 2 A waiting #3 job");
}

/* STA-2: an executor that stops in good order has not failed: the retries are for those that have. */
Test(start, given_back_is_no_failure)
{
    story_begin("I:initial; A:automation retries:1; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting job");
    for (int i = 2; i <= 4; i++) {
        char told[64];
        TELL("get 2 p!", i == 2 ? "2 A processing p!" : i == 3 ? "2 A processing p! #2" : "2 A processing p! #3");
        snprintf(told, sizeof told, "2 A waiting #%d job", i);
        TELL("release 2 p!", told);
        story_reload();
    }
    story_does("get 2 p!");
    TELL("fail 2 p!", "2 A waiting #5");
    SAME(story_waits(1), "2 A waiting #5 job"); /* after the delay of a first failure */
    story_does("get 2 p!");
    TELL("fail 2 p!", "2 A waiting #5 !failed");
}
