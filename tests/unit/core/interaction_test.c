/* Interaction between engines: sub-processes, notifications, subscriptions (section 9, TSK-5, TSK-6). */
#include "core/interaction.h"
#include "core/subscription.h"
#include "story.h"

static const char home[] = "I:initial; S:automation sub:q@north; A:task; B:task; C:completion;"
                           "I -> S; S -good-> A; S -bad-> B; A -> C; B -> C";

#define BEGUN "running; 1 I ended; 2 S processing; to north: start q"

static void
begin(const char *definition)
{
    story_begin(definition);
    TELL("init", BEGUN);
}

/* The id of the instance that works for task 2, as text. */
static const char *
remote_of(int32_t n)
{
    char text[WF_UUID_TEXT + 1];
    const struct wf_remote *remote = wf_interaction_remote(wf_instance_task(story_instance(0), n));

    wf_uuid_format(&remote->instance_id, text);
    return wf_arena_strdup(&story.arena, text);
}

/* ENG-2: the task ends with the flag that the other instance ended with. */
Test(interaction, there_and_back)
{
    begin(home);
    cr_assert_eq(story.unit.requests[0].remote.attempt, 1);
    TELL("notify 2 running pos:3", "2 S processing");
    story_reload();
    TELL("notify 2 stalled pos:5", "2 S processing");
    cr_assert_eq(wf_interaction_remote(wf_instance_task(story_instance(0), 2))->state, WF_INSTANCE_STALLED);
    TELL("notify 2 completed bad pos:9", "2 S ended bad; 3 B waiting");
    TELL("notify 2 completed bad pos:9", "rejected wrong_state"); /* again, under another id */
    ENDS(3, "", "3 B ended; 4 C ended; completed bad");
    TELL("notify 2 running pos:4", "rejected instance_ended");
}

/* ENG-2: messages that are late or come again change nothing. */
Test(interaction, only_forward)
{
    begin(home);
    TELL("notify 2 stalled pos:7", "2 S processing");
    TELL("notify 2 running pos:3", "");
    TELL("notify 2 stalled pos:7", "");
    TELL("notify 2 cancelled code:unknown_process", ""); /* what was heard of was started */
    TELL("notify 2 running pos:8 id:x", "2 S processing");
    TELL("notify 2 running pos:8 id:x", "duplicate");
    TELL("notify 2 completed good", "2 S ended good; 3 A waiting"); /* one that counts nothing */
}

/* EOS-21: a restored database counts anew from an earlier position; what it says is later all the same. */
Test(interaction, restored_there)
{
    begin(home);
    TELL("notify 2 stalled pos:7", "2 S processing");
    TELL("notify 2 running pos:3 life:two", "2 S processing");
    story_reload();
    TELL("notify 2 running pos:2 life:two", "");
    TELL("notify 2 cancelled pos:5 life:two", "2 S processing !sub_process_cancelled");
    TELL("notify 2 running pos:4 life:three", "2 S processing"); /* it was not cancelled in this life */
    TELL("notify 2 completed good pos:6 life:three", "2 S ended good; 3 A waiting");
    TELL("notify 2 running pos:4 life:four", "rejected wrong_state");
}

/* ENG-2: asked for by sending the start once more, as long as it is not over. */
Test(interaction, asked)
{
    begin(home);
    char id[WF_UUID_TEXT + 1];
    snprintf(id, sizeof id, "%s", remote_of(2));
    TELL("modify check", "to north: start q");
    SAME(remote_of(2), id);
    TELL("notify 2 running pos:3", "2 S processing");
    story_reload();
    TELL("modify check", "to north: start q");
    story.deaf = true;
    TELL("modify check", "2 S processing !unknown_engine");
    story.deaf = false;
    TELL("notify 2 cancelled pos:4", "2 S processing !sub_process_cancelled");
    TELL("modify check", "");
}

/* What could not be saved, in the words of the database, is an incident too. */
Test(interaction, notify_that_cannot_be_saved)
{
    begin(home);
    struct wf_command command = {.operation = WF_OP_NOTIFY, .id = "x", .has_instance_id = true, .task_n = 2,
                                 .remote_engine = "north", .remote_state = WF_INSTANCE_COMPLETED, .remote_position = 4,
                                 .completion_flag = "good", .refused = "too long"};
    command.remote_instance_id = remote_of(2);
    command.instance_id = story_instance(0)->instance_id;
    SAME(story_applies(&command), "2 S processing !invalid_command");
    cr_assert_eq(wf_interaction_remote(wf_instance_task(story_instance(0), 2))->position, 4);
}

/* The id is the task's and the attempt's own, so however often a start is sent it is one instance. */
Test(interaction, ids)
{
    begin(home);
    char first[WF_UUID_TEXT + 1];
    snprintf(first, sizeof first, "%s", remote_of(2));
    begin(home);
    SAME(remote_of(2), first);
    TELL("init", BEGUN);
    cr_assert_str_neq(remote_of(2), first);
}

Test(interaction, what_it_does_not_wait_for)
{
    begin(home);
    TELL("notify 1 running pos:1", "rejected wrong_state");
    TELL("notify 9 running pos:1", "rejected unknown_task");
    TELL("notify 2 running pos:1 @7", "rejected unknown_instance");
    struct wf_command command = {.operation = WF_OP_NOTIFY, .id = "x", .has_instance_id = true, .task_n = 2,
                                 .remote_engine = "south", .remote_state = WF_INSTANCE_COMPLETED};
    command.remote_instance_id = remote_of(2);
    command.instance_id = story_instance(0)->instance_id;
    SAME(story_applies(&command), "rejected wrong_state"); /* another engine's instance of that id */
    command.remote_engine = "north";
    command.remote_instance_id = "0193f2c4-8a1e-7b60-9c35-2f4e6d8a1b07";
    SAME(story_applies(&command), "rejected wrong_state");
}

/* Nobody but the other instance has a hand in it. */
Test(interaction, whose_work_it_is)
{
    begin(home);
    TELL("get 2 x!", "rejected wrong_state");
    TELL("end 2 x! good", "rejected not_entitled");
    TELL("end 2 ann good", "rejected not_entitled");
    TELL("release 2 actor:op", "rejected wrong_state");
    TELL("hang 2 ann", "rejected wrong_state");
}

/* FWD-3: a flag without a rule is an incident, and what was heard is kept. */
Test(interaction, flag_without_rule)
{
    begin(home);
    TELL("notify 2 completed odd pos:4 id:n", "2 S processing !no_route");
    cr_assert_eq(wf_interaction_remote(wf_instance_task(story_instance(0), 2))->position, 4);
    TELL("notify 2 completed odd pos:4 id:n", "duplicate");
    story_reload();
    TELL("notify 2 completed good pos:5", ""); /* it is over */
    TELL("modify withdraw:2 start:A", "2 S withdrawn; 3 A waiting");
}

/* What was not started, or was cancelled there, is an incident; started after all, it is none any more. */
Test(interaction, not_started)
{
    begin(home);
    TELL("notify 2 cancelled code:unknown_process", "2 S processing !unknown_process");
    TELL("notify 2 cancelled code:unknown_process", "");
    story_reload();
    TELL("notify 2 running pos:3", "2 S processing");
    TELL("notify 2 cancelled pos:9", "2 S processing !sub_process_cancelled");
    TELL("cancel", "2 S withdrawn; cancelled");
}

Test(interaction, no_such_engine)
{
    story_begin(home);
    story.deaf = true;
    TELL("init", "running; 1 I ended; 2 S waiting !unknown_engine");
    TELL("suspend", "suspended");
    TELL("resume included", "running");
}

/* A circle is stopped where it is noticed, on either side. */
Test(interaction, circle)
{
    story_begin(home);
    TELL("init hops:15", BEGUN);
    TELL("init hops:16", "running; 1 I ended; 2 S waiting !limit_exceeded");
    TELL("init hops:17 requester:{}", "tell {} cancelled limit_exceeded; rejected limit_exceeded");
}

/* TSK-5: cancelling withdraws the sub-process, also one that was not heard of yet. */
Test(interaction, cancel)
{
    begin(home);
    TELL("notify 2 running pos:1", "2 S processing");
    TELL("cancel", "2 S withdrawn; cancelled; to north: cancel-instance");
    TELL("notify 2 cancelled pos:2", "");
    TELL("notify 2 cancelled pos:2", "rejected instance_ended");
    TELL("init", BEGUN);
    TELL("cancel", "2 S withdrawn; cancelled");
    story_reload();
    TELL("notify 2 running pos:1", "to north: cancel-instance");
    TELL("notify 2 stalled pos:2", "to north: cancel-instance"); /* it seems not to have heard */
    TELL("init", BEGUN);
    TELL("cancel", "2 S withdrawn; cancelled");
    TELL("notify 2 cancelled code:unknown_process", ""); /* there is nothing to cancel */
    TELL("notify 1 running pos:1", "rejected instance_ended");
}

/* ... and so does whatever else withdraws its task. */
Test(interaction, withdrawn)
{
    begin(home);
    TELL("notify 2 running pos:1", "2 S processing");
    TELL("modify withdraw:2 start:A", "2 S withdrawn; 3 A waiting; to north: cancel-instance");
}

/* TSK-6: sub-processes may be included; what has not been heard of is told when it is. */
Test(interaction, suspend)
{
    begin(home);
    TELL("notify 2 running pos:1", "2 S processing");
    TELL("suspend", "suspended");
    TELL("resume included", "running");
    TELL("suspend included", "suspended; to north: suspend-instance");
    TELL("notify 2 suspended pos:2", "2 S processing");
    TELL("resume included", "running; to north: resume-instance");
    TELL("init", BEGUN);
    TELL("suspend included", "suspended");
    story_reload();
    TELL("notify 2 running pos:1", "2 S processing; to north: suspend-instance");
    TELL("resume", "running");
    TELL("notify 2 suspended pos:2", "2 S processing");
    TELL("suspend", "suspended");
    TELL("resume included", "running; to north: resume-instance");
    TELL("init", BEGUN);
    TELL("suspend included", "suspended");
    TELL("resume included", "running");
    TELL("notify 2 running pos:1", "2 S processing");
}

/* TSK-6: what ends while its home is suspended ends there; what follows waits. */
Test(interaction, ends_while_suspended)
{
    begin(home);
    TELL("suspend", "suspended");
    TELL("notify 2 completed good pos:1", "2 S ended good; 3 A pending");
    TELL("resume", "running; 3 A waiting");
}

/* One that was to start while its home is suspended starts when that is resumed. */
Test(interaction, starts_when_resumed)
{
    story_begin("I:initial; A:task; S:automation sub:q; C:completion; I -> A; A -> S; S -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("suspend", "suspended");
    TELL("end 2 ann", "2 A ended; 3 S pending");
    TELL("resume", "running; 3 S processing; to workflow: start q");
    TELL("notify 3 completed odd pos:1", "3 S ended odd; 4 C ended; completed odd");
}

static struct wf_task *
task(int32_t n)
{
    return wf_instance_task(story_instance(0), n);
}

/* retry: the same again where the flag is known, another instance where there is none. */
Test(interaction, retry)
{
    begin(home);
    cr_assert_not(wf_interaction_retry(&story.unit, task(2))); /* it works */
    story.unit.rejected = false;
    TELL("notify 2 completed odd pos:4", "2 S processing !no_route");
    cr_assert_not(wf_interaction_retry(&story.unit, task(2)));
    cr_assert_eq(story.unit.outcome.code, WF_CODE_NO_ROUTE);
}

Test(interaction, retry_of_a_start)
{
    begin(home);
    const char *first = remote_of(2);
    TELL("notify 2 cancelled code:unknown_process", "2 S processing !unknown_process");
    story.unit.request_count = 0;
    cr_assert(wf_interaction_retry(&story.unit, task(2)));
    cr_assert_eq(story.unit.request_count, 1);
    cr_assert_eq(story.unit.requests[0].remote.attempt, 2);
    cr_assert_str_neq(remote_of(2), first);
}

/* ---- the other side ---- */

static const char away[] = "I:initial; A:task; B:task; C:completion; I -> A; A -> B; B -> C";

/* ENG-2: who asked is told of each change of state, and of nothing else. */
Test(interaction, requester)
{
    story_begin(away);
    TELL("init requester:{}", "running; 1 I ended; 2 A waiting; tell {} running");
    ENDS(2, "x", "2 A ended x; 3 B waiting");
    TELL("suspend", "suspended; tell {} suspended");
    TELL("set entity:e", "suspended entity:e");
    TELL("resume", "running; tell {} running");
    ENDS(3, "y", "3 B ended y; 4 C ended; completed y; tell {} completed y");
    cr_assert_eq(story.unit.requests[0].position, story_instance(0)->position);
}

/* A start that is rejected, or sent again, is answered. */
Test(interaction, answers)
{
    story_begin(away);
    TELL("init requester:{} process:nowhere", "tell {} cancelled unknown_process; rejected unknown_process");
    TELL("init requester:{} id:i", "running; 1 I ended; 2 A waiting; tell {} running");
    TELL("init requester:{} id:i @1", "tell {} running again; duplicate");
    TELL("cancel", "2 A withdrawn; cancelled; tell {} cancelled");
    TELL("init requester:{} id:i @1", "tell {} cancelled again; duplicate");
    TELL("init id:j", "running; 1 I ended; 2 A waiting");
    TELL("init id:j @2", "duplicate");
}

/* ENG-1: an instance is told of another one. */
Test(interaction, notify_of_an_instance)
{
    story_begin(away);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("notify 0 stalled pos:3", "running");
    TELL("notify 0 stalled @7", "rejected unknown_instance");
    TELL("cancel", "2 A withdrawn; cancelled");
    TELL("notify 0 stalled pos:3", "rejected instance_ended");
}

Test(interaction, subscriptions)
{
    story_begin(away);
    TELL("init notifyto:t", "running; 1 I ended; 2 A waiting");
    cr_assert_eq(story_instance(0)->subscription_count, 1);
    TELL("subscribe notifyto:u filter:{} requester:{}", "");
    TELL("subscribe notifyto:u", "");
    cr_assert_eq(story_instance(0)->subscription_count, 2);
    cr_assert_null(story_instance(0)->subscriptions[1].filter);
    TELL("unsubscribe notifyto:t", "");
    TELL("unsubscribe notifyto:v", "");
    cr_assert(story_instance(0)->subscriptions[0].gone);
    TELL("subscribe notifyto:t", "");
    cr_assert_not(story_instance(0)->subscriptions[0].gone);
    story.deaf = true;
    TELL("subscribe notifyto:v", "rejected invalid_command");
    TELL("init notifyto:v", "rejected invalid_command");
    TELL("subscribe notifyto:v @7", "rejected unknown_instance");
}

Test(interaction, too_many_subscriptions)
{
    story_begin(away);
    TELL("init", "running; 1 I ended; 2 A waiting");
    for (int i = 0; i < WF_SUBSCRIPTIONS_MAX; i++)
        SAME(story_does(wf_arena_printf(&story.arena, "subscribe notifyto:t%d", i)), "");
    TELL("subscribe notifyto:u", "rejected limit_exceeded");
    TELL("unsubscribe notifyto:t3", "");
    TELL("subscribe notifyto:u", "");
    TELL("cancel", "2 A withdrawn; cancelled");
    TELL("unsubscribe notifyto:u", "rejected instance_ended");
}

/* Only an automation without a program hands its work on. */
Test(interaction, definitions)
{
    SAME(story_faults("I:initial; A:task sub:q; C:completion; I -> A; A -> C"), "sub_process_type");
    SAME(story_faults("I:initial; A:automation sub:q exec:x; C:completion; I -> A; A -> C"), "two_executives");
    SAME(story_faults("I:initial; A:automation sub:q; C:completion; I -> A; A -> C"), "");
}
