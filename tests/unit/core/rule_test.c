/* User-defined rules (FWD-4, FWD-7) and conditions (FWD-6). */
#include "core/rule.h"
#include "story.h"

/* FWD-4: the pre rule says whether the task may start, and is told of what it is asked. */
Test(rule, pre_rule_holds)
{
    story_begin("I:initial; A:task; B:task pre:f; C:completion; I -> A; A -> B; B -> C");
    story_answers("f=yes");
    TELL("init entity:e", "running entity:e; 1 I ended; 2 A waiting");
    SAME(story.asked, "");
    story_does("get 2 ann");
    TELL("end 2 ann ok vars:{x}", "running vars:{x}; 2 A ended ok; 3 B waiting");
    SAME(story.asked, "f");
    const struct wf_question *question = story.last_question;
    cr_assert_eq(question->kind, WF_QUESTION_MAY_START);
    SAME(question->process_id, "p");
    cr_assert_eq(question->version, 1);
    cr_assert_eq(question->task_n, 3);
    SAME(question->act_id, "B");
    SAME(question->pre_act_id, "A");
    SAME(question->completion_flag, "ok");
    SAME(question->entity_id, "e");
    SAME(question->variables, "{x}");
    cr_assert_eq(question->arrivals, 1);
}

/* FWD-7: who waits for a rule is not stalled; it is asked when something happened that it could know. */
Test(rule, asked_again)
{
    story_begin("I:initial; S:and_branch; A:task; B:task pre:f; M:and_merge; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> C");
    story_answers("f=no");
    TELL("init", "running; 1 I ended; 2 S ended; 3 A waiting; 4 B pending");
    TELL("get 3 ann", "3 A processing @ann");
    SAME(story.asked, "");
    TELL("set vars:{x} actor:o", "running vars:{x}");
    SAME(story.asked, "f");
    TELL("end 3 ann", "3 A ended; 5 M pending");
    SAME(story.asked, ""); /* the same question within one unit */
    story_reload();
    TELL("modify actor:o", "");
    SAME(story.asked, "f");
    story_reload();
    story_answers("f=yes");
    TELL("set entity:e actor:o", "running entity:e; 4 B waiting");
}

/* While it is pending a further arrival joins, and each is asked for. */
Test(rule, arrivals_join)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; J:task pre:f; C:completion;"
                "I -> S; S -> A,B; A -> J; B -> J; J -> C");
    story_answers("f=no");
    story_does("init");
    story_does("get 3 ann");
    TELL("end 3 ann one", "3 A ended one; 5 J pending");
    story_does("get 4 ann");
    story_answers("f=yes");
    TELL("end 4 ann two", "4 B ended two; 5 J waiting +B");
    SAME(story.asked, "f,f");
    cr_assert_eq(story.last_question->arrivals, 2);
}

/* What a function raises fails its command alone. */
Test(rule, raised)
{
    story_begin("I:initial; A:task; B:task pre:f; C:completion; I -> A; A -> B; B -> C");
    story_answers("f!division by zero");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann", "rejected rule_failed");
    SAME(story.unit.outcome.detail, "the pre rule \"f\" of \"B\" failed: division by zero");
    cr_assert_eq(wf_instance_task(story_instance(1), 2)->state, WF_TASK_PROCESSING);
}

/* FWD-4 replaces the default check of merges too. */
Test(rule, and_merge_by_rule)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge pre:f; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> C");
    story_answers("f=no");
    story_does("init");
    story_does("get 3 ann");
    TELL("end 3 ann", "3 A ended; 5 M pending");
    story_does("get 4 ann");
    TELL("end 4 ann", "4 B ended; 5 M pending +B"); /* every branch has come, but the rule has the word */
    story_reload();
    story_answers("f=yes");
    TELL("modify actor:o", "5 M ended; 6 C ended; completed");
}

Test(rule, and_merge_before_all_came)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:and_merge pre:f; D:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> D; D -> C");
    story_answers("f=yes");
    story_does("init");
    story_does("get 3 ann");
    TELL("end 3 ann", "3 A ended; 5 M ended; 6 D waiting");
    story_does("get 4 ann");
    TELL("end 4 ann", "4 B ended; 7 M absorbed"); /* BAT-5 */
}

Test(rule, or_merge_by_rule)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:or_merge asks:ok pre:f; D:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -> D; D -> C");
    story_answers("f=no");
    story_does("init");
    story_does("get 3 ann");
    TELL("end 3 ann bad", "3 A ended bad; 5 M absorbed"); /* its flag is not asked for: DEP-4 */
    story_does("get 4 ann");
    TELL("end 4 ann ok", "4 B ended ok; 6 M pending");
    story_reload();
    story_answers("f=yes");
    TELL("modify actor:o", "6 M ended; 7 D waiting");
}

Test(rule, vote_merge_by_rule)
{
    story_begin("I:initial; S:and_branch; A:task; B:task; M:vote_merge votes:2 pre:f; D:task; C:completion;"
                "I -> S; S -> A,B; A -> M; B -> M; M -passed-> D; D -> C");
    story_answers("f=yes");
    story_does("init");
    story_does("get 3 ann");
    TELL("end 3 ann", "3 A ended; 5 M ended passed; 4 B withdrawn; 6 D waiting");
}

/* FWD-4: the post rule returns what follows, in order; several, or one several times, are a batch. */
Test(rule, post_rule)
{
    story_begin("I:initial; A:task post:g; B:task; D:task; C:completion; I -> A; A -> B; A -x-> D; B -> C; D -> C");
    story.batches = true;
    story_answers("g=D,B,B");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann whatever", "2 A ended whatever (1.1) opens 2; 3 D waiting (2.1); 4 B waiting (2.2); 5 B waiting (2.3)");
    cr_assert_eq(story.last_question->kind, WF_QUESTION_NEXT);
    SAME(story.last_question->completion_flag, "whatever");
    story_answers("g=B");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann", "2 A ended (1.1); 3 B waiting (1.1)");
}

Test(rule, post_rule_answers_nonsense)
{
    story_begin("I:initial; A:task post:g; B:task; C:completion; I -> A; A -> B; B -> C");
    story_answers("g=C");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann", "rejected rule_failed");
    SAME(story.unit.outcome.detail, "the post rule \"g\" of \"A\" names \"C\", which no routing rule of it names");
    story_reload();
    story_answers("g=");
    TELL("end 2 ann", "rejected rule_failed");
    story_reload();
    story_answers("g!null");
    TELL("end 2 ann", "rejected rule_failed");
}

/* Both, and on a type without work: one command may ask many times. */
Test(rule, one_after_the_other)
{
    story_begin("I:initial post:g; D:dummy pre:f post:h; C:completion; I -> D; D -> C");
    story_answers("g=D; f=yes; h=C");
    TELL("init", "1 I ended; 2 D ended; 3 C ended; completed");
    SAME(story.asked, "g f h");
}

/* FWD-6: a rule matches only if its condition holds; the default is taken when none does. */
Test(rule, conditions)
{
    story_begin("I:initial; A:task; X:dummy; Y:dummy; Z:dummy; C:completion; I -> A;"
                "A -> X if:x; A -ok-> Y if:y; A -> Z default; X -> C; Y -> C; Z -> C");
    static const struct {
        const char *end, *next;
    } rows[] = {
        {"end 2 ann ok vars:{x}", "3 X ended"}, {"end 2 ann ok vars:{x}{y}", "3 Y ended"},
        {"end 2 ann no vars:{x}{y}", "3 X ended"}, {"end 2 ann no vars:{y}", "3 Z ended"}, {"end 2 ann", "3 Z ended"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        TELL("init", "running; 1 I ended; 2 A waiting");
        story_does("get 2 ann");
        const char *told = story_does(rows[i].end);
        cr_assert(strstr(told, rows[i].next), "%s: %s", rows[i].end, told);
    }
}

/* What cannot be evaluated rejects the command; what is less specific is not evaluated. */
Test(rule, condition_fails)
{
    story_begin("I:initial; A:task; X:dummy; Y:dummy; C:completion; I -> A;"
                "A -> X if:!; A -ok-> Y if:*; A -bad-> C if:no; X -> C; Y -> C");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann bad vars:{z}", "rejected condition_failed");
    SAME(story.unit.outcome.detail, "the condition \"!\" of \"A\" cannot be evaluated: it is wrong");
    cr_assert_null(story_instance(1)->variables);
    TELL("end 2 ann ok", "2 A ended ok; 3 Y ended ok; 4 C ended; completed ok");
}

Test(rule, no_condition_holds)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -ok-> C if:x; A -no-> C");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann ok", "rejected no_route flags:ok,no");
    TELL("end 2 ann ok vars:{x}", "2 A ended ok; 3 C ended; completed ok vars:{x}");
}

/* FWD-6, BAT-2: an inclusive activity takes every rule that holds, each activity once, always in a new batch. */
Test(rule, inclusive)
{
    story_begin("I:initial; A:task inclusive; X:task; Y:task; Z:task; M:and_merge; C:completion; I -> A;"
                "A -> X if:x; A -ok-> Y; A -> X,Z if:z; A -no-> Z default;"
                "X -> M; Y -> M; Z -> M; M -> C");
    story.batches = true;
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann ok", "2 A ended ok (1.1) opens 2; 3 Y waiting (2.1)");
    ENDS(3, "", "3 Y ended (2.1); 4 M ended (2.1) closes 2; 5 C ended (1.1); completed ok");
    story_does("init vars:{x}{z}");
    story_does("get 2 ann");
    TELL("end 2 ann ok", "2 A ended ok (1.1) opens 2; 3 X waiting (2.1); 4 Y waiting (2.2); 5 Z waiting (2.3)");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann no", "2 A ended no (1.1) opens 2; 3 Z waiting (2.1)"); /* the default */
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann other", "rejected no_route");
}

Test(rule, inclusive_condition_fails)
{
    story_begin("I:initial; A:task inclusive; C:completion; I -> A; A -> C if:*; A -ok-> C if:!");
    story_does("init");
    story_does("get 2 ann");
    TELL("end 2 ann ok", "rejected condition_failed");
    TELL("end 2 ann no", "2 A ended no; 3 C ended; completed no");
}

/* What a definition must say. */
Test(rule, faults)
{
    story_begin_empty();
    SAME(story_faults("I:initial; A:task rule:user_defined_pre_rule; C:completion; I -> A; A -> C"), "no_function");
    SAME(story_faults("I:initial; A:task rule:user_defined_both_rule; C:completion; I -> A; A -> C"), "no_function");
    SAME(story_faults("I:initial; A:task; C:completion post:f; I -> A; A -> C"), "post_rule_without_routing");
    SAME(story_faults("I:initial; A:task; C:completion; I -> A; A -> C if:x default"), "default_with_condition");
    SAME(story_faults("I:initial; A:task pre:f post:g; C:completion; I -> A; A -> C if:x; A -> C default"), "");
}

/* A definition that names a function which cannot be called is refused when it is deployed. */
Test(rule, functions_of_a_definition)
{
    struct wf_faults faults = {.arena = &story.arena};

    story_begin_empty();
    struct wf_command command = {.operation = WF_OP_DEPLOY_PROCESS, .id = "t/0/1", .actor = "op",
                                 .definition = story_process("q", "I:initial post:g; A:interaction pre:f func:h; C:completion;"
                                                                  "I -> A; A -> C")};
    cr_assert(wf_process_compile(command.definition, &faults));
    command.definition->content_hash.bytes[0] = 1;
    story_answers("f!there is none; g=; h!nor here");
    SAME(story_applies(&command), "rejected definition_invalid faults:unknown_function,unknown_function");
    SAME(story.unit.outcome.faults->items[1].path, "activities[1]");
    SAME(story.unit.outcome.faults->items[1].message, "the group of \"A\" cannot be called: nor here");
    SAME(story.asked, "g,f,h");
    story_reload();
    story_answers("f=; g=; h=");
    SAME(story_applies(&command), "q 1");
}

/* ASG-1: a function gives the group; whoever of it asks first gets the task. */
Test(rule, group_first_come)
{
    story_begin("I:initial; A:interaction func:h; C:completion; I -> A; A -> C");
    story_answers("h=dan,bob,dan,eve");
    TELL("init", "running; 1 I ended; 2 A waiting");
    const struct wf_task *task = wf_instance_task(story_instance(1), 2);
    cr_assert_eq(task->candidate_count, 3); /* each once, in order */
    SAME(task->candidates[0], "bob");
    cr_assert_eq(story.unit.events[2].assignment.considered, 2); /* eve is on leave */
    TELL("get 2 ann", "rejected not_entitled");
    TELL("get next ann", "rejected no_task_available");
    TELL("get 2 eve", "rejected on_leave");
    TELL("get next dan", "2 A processing @dan");
    TELL("release 2 dan", "2 A waiting");
    TELL("get 2 bob", "2 A processing @bob");
    TELL("reassign 2 actor:op to_role:r", "2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    story_reload();
    story_answers("h=dan");
    TELL("reassign 2 actor:op", "2 A waiting"); /* by the rule again, which is asked again */
    TELL("get 2 bob", "rejected not_entitled");
    TELL("get 2 dan", "2 A processing @dan");
}

Test(rule, group_of_delegates)
{
    story_begin("I:initial; A:interaction func:h; C:completion; I -> A; A -> C");
    story_load("grant eve bob");
    story_answers("h=eve");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 bob", "2 A processing @bob for eve");
}

Test(rule, group_by_other_methods)
{
    story_begin("I:initial; A:interaction func:h all; B:interaction func:k least_working_list; C:completion;"
                "I -> A; A -> B; B -> C");
    story_answers("h=cid,ann; k=bob; bob=; ann=; cid=");
    TELL("init", "running; 1 I ended; 2 A waiting @ann; 3 A waiting @cid");
    story_does("get 2 ann");
    TELL("end 2 ann", "2 A ended; 4 B waiting @bob");
}

/* ASG-8: nobody is an empty group; who is no staff member is nonsense. */
Test(rule, group_of_nobody)
{
    story_begin("I:initial; A:interaction func:h; C:completion; I -> A; A -> C");
    story_answers("h=");
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(story.unit.events[2].reason, "nobody of \"h\" can be assigned");
    story_reload();
    story_answers("h=bob,nobody");
    TELL("init", "rejected rule_failed");
    SAME(story.unit.outcome.detail, "the group \"h\" of \"A\" names \"nobody\", who is no staff member");
}
