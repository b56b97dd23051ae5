/* What a definition must be, and the vocabulary it is written in. */
#include "core/definition.h"
#include "story.h"

#define FINE "I:initial; A:task; C:completion; I -> A; A -> C;"

Test(definition, without_fault)
{
    SAME(story_faults(FINE), "");
    SAME(story_faults(FINE "D:dummy; A -d-> D"), ""); /* DEP-8: a dummy may end its branch */
}

/* Every kind of fault, each alone. */
Test(definition, faults)
{
    SAME(story_faults("A:task; C:completion; A -> C"), "initial");
    SAME(story_faults("A:task; A -> A"), "initial completion");
    SAME(story_faults(FINE "J:initial; J -> A"), "initial unreachable");
    SAME(story_faults("I:initial; A:task; I -> A; A -> A"), "completion");
    SAME(story_faults(FINE "A -x-> Z"), "unknown_activity");
    SAME(story_faults(FINE "A after Z -> C"), "unknown_activity");
    SAME(story_faults(FINE "A after Z needs I"), "unknown_activity");
    SAME(story_faults(FINE "A after I needs Z"), "unknown_activity");
    SAME(story_faults(FINE "M:and_merge closes:Z; A -m-> M; M -> C"), "unknown_activity");
    SAME(story_faults(FINE "A -x-> I"), "route_to_initial");
    SAME(story_faults(FINE "A -x->"), "empty_route");
    SAME(story_faults(FINE "A after I needs C; A after I needs I"), "duplicate_rule");
    SAME(story_faults(FINE "A -> A"), "duplicate_rule");
    SAME(story_faults(FINE "A -x-> C; A -x-> A"), "duplicate_rule");
    SAME(story_faults(FINE "A after I -x-> C; A -x-> A; A after I -y-> C"), "");
    SAME(story_faults(FINE "B:interaction; A -b-> B; B -> C"), "no_assignment");
    SAME(story_faults(FINE "D:dummy role:r; A -d-> D"), "assignment_without_work");
    SAME(story_faults(FINE "B:interaction team:t priority; A -b-> B; B -> C"), "method_needs_role");
    SAME(story_faults(FINE "A:task"), "duplicate_activity no_routing unreachable");
    SAME(story_faults(FINE "C -> A"), "route_after_completion");
    SAME(story_faults(FINE "B:task; A -b-> B"), "no_routing");
    SAME(story_faults(FINE "B:task closes:A; A -b-> B; B -> C"), "no_merge");
    SAME(story_faults(FINE "B:task; B -> C"), "unreachable");
    SAME(story_faults(FINE "D:dummy; E:dummy; A -d-> D; D -> E; E -> D"), "cycle_without_task cycle_without_task");
    SAME(story_faults(FINE "D:dummy; A -d-> D; D -> A"), "");
}

Test(definition, supported)
{
    SAME(story_faults(FINE "M:or_merge; A -m-> M; M -> C"), "");
    SAME(story_faults(FINE "M:vote_merge; A -m-> M; M -> C"), "no_votes");
    SAME(story_faults(FINE "M:vote_merge votes:1; A -m-> M; M -> C"), "");
    SAME(story_faults(FINE "M:vote_merge votes:50%; A -m-> M; M -> C"), "");
    SAME(story_faults(FINE "B:task all; A -b-> B; B -> C"), "");
    SAME(story_faults(FINE "A -x-> C if:y"), "");
    SAME(story_faults(FINE "A -x-> C default"), "");
    SAME(story_faults(FINE "B:task inclusive; A -b-> B; B -> C"), "");
    SAME(story_faults(FINE "B:task pre:f post:g; A -b-> B; B -> C"), "");
    SAME(story_faults(FINE "B:interaction func:f; A -b-> B; B -> C"), "");
}

/* ASG-10: a constraint names activities that people work on. */
Test(definition, constraints)
{
    SAME(story_faults(FINE "B:task not_by:A same_as:A; A -b-> B; B -> C"), "");
    SAME(story_faults(FINE "B:task not_by:A,X; A -b-> B; B -> C"), "unknown_activity");
    SAME(story_faults(FINE "B:task same_as:X; A -b-> B; B -> C"), "unknown_activity");
    SAME(story_faults(FINE "B:task not_by:I same_as:C; A -b-> B; B -> C"),
         "constraint_without_work constraint_without_work");
}

/* STA-3: what waits for nobody has no time limit, and a job is nobody else's. */
Test(definition, time_limits)
{
    SAME(story_faults(FINE "D:dummy take:1; A -b-> D; D -> C"), "limit_without_work");
    SAME(story_faults(FINE "B:automation end:1,reassign; A -b-> B; B -> C"), "limit_action");
    SAME(story_faults(FINE "B:automation take:1 end:1,end,x; A -b-> B; B -> C; limit 5,cancel"), "");
}

/* FWD-7: what is asked again and again is a user-defined pre rule. */
Test(definition, check_every)
{
    SAME(story_faults(FINE "B:task pre:f check:5; A -b-> B; B -> C"), "");
    SAME(story_faults(FINE "B:task check:5; A -b-> B; B -> C"), "check_without_rule");
    SAME(story_faults(FINE "B:task post:f check:5; A -b-> B; B -> C"), "check_without_rule");
}

Test(definition, automation_without_program)
{
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_process *process = story_process("p", "I:initial; B:automation; C:completion; I -> B; B -> C");

    wf_process_activity(process, "B")->auto_executive = NULL;
    cr_assert_not(wf_process_compile(process, &faults));
    SAME(faults.items[0].code, "no_executive");
    SAME(faults.items[0].path, "activities[1]");
    wf_process_drop(process);
    wf_process_drop(NULL);
}

/* All that is wrong is listed at once. */
Test(definition, all_at_once)
{
    SAME(story_faults("I:initial; A:interaction; B:task round_robin; M:vote_merge; Z:task; D:dummy; I -> A,Q; A -> I; A -> B;"
                      "B -> D,M; D -> D; M ->"),
         "completion unknown_activity route_to_initial duplicate_rule no_assignment empty_route no_votes "
         "no_routing unreachable cycle_without_task");
}

Test(definition, ids)
{
    char text[WF_ID_MAX + 2] = {0};

    cr_assert(wf_id_valid("a"));
    cr_assert(wf_id_valid("Größe/€ 𝄞"));
    cr_assert_not(wf_id_valid(""));
    cr_assert_not(wf_id_valid("a\tb"));
    cr_assert_not(wf_id_valid("\x7f"));
    cr_assert_not(wf_id_valid("\xc2\x80"));     /* a C1 control */
    cr_assert(wf_id_valid("\xc2\xa0"));
    cr_assert_not(wf_id_valid("\xc1\x81"));     /* overlong */
    cr_assert_not(wf_id_valid("\xc3("));
    cr_assert_not(wf_id_valid("\xe0\x80\x80")); /* overlong */
    cr_assert_not(wf_id_valid("\xed\xa0\x80")); /* a surrogate */
    cr_assert_not(wf_id_valid("\xe2\x82"));
    cr_assert_not(wf_id_valid("\xf0\x80\x80\x80"));
    cr_assert_not(wf_id_valid("\xf4\x90\x80\x80"));
    cr_assert_not(wf_id_valid("\xf0\x9d\x84"));
    cr_assert_not(wf_id_valid("\xff"));
    cr_assert_not(wf_id_valid("\x80"));
    memset(text, 'x', WF_ID_MAX);
    cr_assert(wf_id_valid(text));
    text[WF_ID_MAX] = 'x';
    cr_assert_not(wf_id_valid(text));
}

/* Names and values are two sides of one table. */
Test(definition, names)
{
#define BOTH_WAYS(noun, COUNT)                                              \
    for (int i = 0; i < (int)(COUNT); i++) {                                \
        enum wf_##noun value;                                               \
        cr_assert(wf_##noun##_from_name(wf_##noun##_name((enum wf_##noun)i), &value)); \
        cr_assert_eq((int)value, i);                                        \
        cr_assert_not(wf_##noun##_from_name("nonsense", &value));           \
        SAME(wf_##noun##_name((enum wf_##noun)(COUNT)), "unknown");         \
    }
    BOTH_WAYS(act_type, WF_ACT_TYPE_COUNT)
    BOTH_WAYS(task_state, WF_TASK_STATE_COUNT)
    BOTH_WAYS(instance_state, WF_INSTANCE_STATE_COUNT)
    BOTH_WAYS(rule_applied, WF_RULE_APPLIED_COUNT)
    BOTH_WAYS(based_on, WF_BASED_ON_COUNT)
    BOTH_WAYS(method, WF_METHOD_COUNT)
    BOTH_WAYS(presence, WF_PRESENCE_COUNT)
    BOTH_WAYS(limit_action, WF_LIMIT_ACTION_COUNT)
    BOTH_WAYS(operation, WF_OPERATION_COUNT)
    BOTH_WAYS(timer, WF_TIMER_COUNT)
    BOTH_WAYS(code, WF_CODE_COUNT)
    BOTH_WAYS(result, WF_RESULT_COUNT)
    cr_assert(wf_act_type_merges(WF_ACT_VOTE_MERGE));
    cr_assert_not(wf_act_type_merges(WF_ACT_DUMMY));
    cr_assert(wf_act_type_works(WF_ACT_AUTOMATION));
}
