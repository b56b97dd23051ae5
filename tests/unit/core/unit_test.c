/* The unit of work: what is kept for undo, and what is put back (FWD-3, TSK-4). */
#include "core/unit.h"
#include "core/forward.h"
#include "core/task.h"
#include "story.h"

/* A definition in which the second task's end touches everything and then fails. */
static const char failing[] =
    "I:initial; P:task; S:and_branch; A:task; B:task; M:and_merge; E:and_branch; F:task; G:dummy; H:task; C:completion;"
    "I -> P; P -> S; S -> A,B; A -> M; B -> M; M -> E; E -> F,F,F,F,F,F,G; G -x-> H; F -> C; H -> C;"
    "M after A needs A,P; M after B needs B;  H after G needs F";

Test(unit, rejected_at_the_last_step)
{
    story_begin(failing);
    TELL("init", "running; 1 I ended; 2 P waiting");
    TELL("get 2 ann", "2 P processing @ann");
    TELL("end 2 ann", "2 P ended; 3 S ended; 4 A waiting; 5 B waiting");
    TELL("get 4 ann", "4 A processing @ann");
    TELL("get 5 bob", "5 B processing @bob");
    TELL("end 4 ann", "4 A ended; 6 M pending");
    story_reload();
    for (int i = 0; i < 3; i++) {
        TELL("end 5 bob vars:{x} entity:y", "rejected no_route flags:x"); /* the whole state is compared each time */
        const struct wf_instance *instance = story_instance(0);
        cr_assert_eq(instance->task_count, 2);
        cr_assert_eq(instance->batch_count, 2);
        cr_assert_eq(instance->batches[1]->closed_by, 0);
        cr_assert_not(instance->dirty);
    }
    cr_assert_eq(story_instance(0)->next_n, 7);
}

/* The same without a reload: what earlier commands of the unit did stays done. */
Test(unit, rejected_after_applied)
{
    story_begin(failing);
    TELL("init", "running; 1 I ended; 2 P waiting");
    TELL("get 2 ann", "2 P processing @ann");
    TELL("end 2 ann", "2 P ended; 3 S ended; 4 A waiting; 5 B waiting");
    TELL("get 5 bob", "5 B processing @bob");
    TELL("end 5 bob", "5 B ended; 6 M pending");
    TELL("get 4 ann", "4 A processing @ann");
    TELL("end 4 ann", "rejected no_route flags:x");
    cr_assert(story_instance(0)->dirty);
    cr_assert_eq(wf_instance_task(story_instance(0), 4)->previous_state, WF_TASK_WAITING);
    cr_assert_eq(story_instance(0)->done_count, 4);
}

/* BUS-4: one bad command harms no other of the unit. */
Test(unit, many_instances)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -ok-> C");
    for (int i = 1; i <= 20; i++) {
        TELL("init", "running; 1 I ended; 2 A waiting");
        TELL("get 2 ann", "2 A processing @ann");
        TELL("end 2 ann bad", "rejected no_route flags:ok");
        TELL("init @1", "rejected instance_exists");
    }
    for (int i = 1; i <= 20; i++)
        TELL(wf_arena_printf(&story.arena, "end 2 ann ok @%d", i), "2 A ended ok; 3 C ended; completed ok");
    cr_assert_eq(story.unit.instance_count, 20);
}

/* A summary is put back too, also when the list of them grew meanwhile. */
Test(unit, summaries)
{
    story_begin("I:initial; A:task; C:completion; I -> A; A -> C");
    TELL("init", "running; 1 I ended; 2 A waiting");
    struct wf_unit *unit = &story.unit;
    struct wf_instance *instance = story_instance(0);
    struct wf_activity *a = instance->tasks[0]->activity;

    unit->changes = NULL;
    unit->command_no++;
    wf_unit_touch_summary(unit, instance, a, 1)->ended = 1;
    unit->changes = NULL;
    unit->command_no++;
    for (int32_t serial_no = 1; serial_no < 20; serial_no++)
        wf_unit_touch_summary(unit, instance, a, serial_no)->ended += 5;
    wf_unit_touch_summary(unit, instance, a, 1)->ended += 5;
    cr_assert_eq(instance->summary_count, 19);
    wf_unit_undo(unit);
    cr_assert_eq(instance->summary_count, 1);
    cr_assert_eq(instance->summaries[0].ended, 1);
}

Test(unit, batches)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    struct wf_unit *unit = &story.unit;
    struct wf_instance *instance = story_instance(0);

    unit->changes = NULL;
    unit->command_no++;
    for (int32_t i = 1; i < 3; i++) {
        wf_unit_touch_batch(unit, instance, instance->batches[1]);
        instance->batches[1]->closed_by = i;
    }
    wf_unit_undo(unit);
    cr_assert_eq(instance->batches[1]->closed_by, 0);
}

/* The instance's event comes last, unless the instance goes on running (LOG-1). */
Test(unit, order_of_events)
{
    story_begin("I:initial; C:completion; I -> C");
    TELL("init x vars:{} entity:e", "1 I ended x; 2 C ended; completed x entity:e vars:{}");
    cr_assert_eq(story.unit.events[2].position, 3);
    cr_assert_eq(story.unit.events[2].sequence, 1);
    cr_assert_eq(story.unit.events[1].sequence, 2);
    cr_assert_eq(story.unit.events[0].entity_id, story.unit.events[2].entity_id);
    cr_assert_eq(story.unit.events[0].instance_state, WF_INSTANCE_COMPLETED);
}

Test(unit, seen)
{
    story_begin_empty();
    struct wf_seen one = {.scope = {{1}}, .id_hash = {{2}}, .stored = true}, two = {.scope = {{1}}, .id_hash = {{3}}};

    wf_unit_add_seen(&story.unit, &one);
    wf_unit_add_seen(&story.unit, &two);
    cr_assert_eq(wf_unit_seen(&story.unit, &one.scope, &one.id_hash), &one);
    cr_assert_eq(wf_unit_seen(&story.unit, &one.scope, &two.id_hash), &two);
    cr_assert_null(wf_unit_seen(&story.unit, &one.id_hash, &two.id_hash));
    cr_assert_eq(story.unit.seen_count, 1); /* the stored one is not written again */
}

/* Withdrawing is for operators of a later version, and for terminate: an event with its reason. */
Test(unit, withdraw)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    struct wf_unit *unit = &story.unit;
    struct wf_instance *instance = story_instance(0);

    unit->changes = NULL;
    unit->command_no++;
    unit->event_count = 0;
    wf_task_withdraw(unit, wf_instance_task(instance, 3), "not needed");
    cr_assert_null(wf_instance_task(instance, 3));
    wf_forward_judge(unit, instance);
    wf_unit_finish_events(unit, instance);
    wf_task_sweep(unit, instance);
    cr_assert_eq(unit->event_count, 1);
    SAME(unit->events[0].reason, "not needed");
    cr_assert_eq(unit->events[0].task.state, WF_TASK_WITHDRAWN);
    cr_assert_eq(instance->task_count, 1);
    cr_assert_eq(instance->done_count, 2);
}

/* Merges variables once it has been told twice that it may: "ask" and what the answer names. */
static const char *
merge_by_answers(void *context, struct wf_arena *arena, const char *old, const char *change)
{
    struct wf_unit *unit = &story.unit;
    struct wf_question question = {.kind = WF_QUESTION_NEXT, .subject = "ask"};
    const struct wf_answer *first = wf_unit_ask(unit, &question);

    (void)context;
    (void)arena;
    (void)old;
    if (!first)
        return NULL;
    question.subject = first->ids[0];
    const struct wf_answer *second = wf_unit_ask(unit, &question);
    return second ? change : NULL;
}

/* A command that asks is undone, and goes on when it has been answered; what is known is not asked again. */
Test(unit, questions)
{
    story_begin(failing);
    story_answers("ask=then; then=yes");
    TELL("init", "running; 1 I ended; 2 P waiting");
    TELL("get 2 ann", "2 P processing @ann");
    story.unit.variables_merge = merge_by_answers;
    TELL("set vars:{x} actor:a", "running vars:{x}");
    SAME(story.asked, "ask then");
    TELL("set vars:{y} actor:a", "running vars:{y}");
    SAME(story.asked, "");
}

/* Answers that commands change are put back with everything else. */
Test(unit, changed_answers_are_undone)
{
    story_begin(failing);
    story_answers("ask=then; then=yes");
    TELL("init", "running; 1 I ended; 2 P waiting");
    TELL("get 2 ann", "2 P processing @ann");
    TELL("end 2 ann", "2 P ended; 3 S ended; 4 A waiting; 5 B waiting");
    story_does("get 4 ann");
    story_does("end 4 ann");
    story_does("get 5 bob");
    story.unit.variables_merge = merge_by_answers;
    TELL("end 5 bob vars:{x}", "rejected no_route flags:x");
    struct wf_question question = {.kind = WF_QUESTION_NEXT, .subject = "then"};
    cr_assert(wf_unit_ask(&story.unit, &question)->holds);
}

/* What never comes to an end of questions is rejected. */
Test(unit, questions_without_end)
{
    story_begin(failing);
    TELL("init", "running; 1 I ended; 2 P waiting");
    struct wf_command command = {.operation = WF_OP_SET_VARIABLES, .id = "t/0/1", .has_instance_id = true,
                                 .instance_id = story_instance(1)->instance_id, .actor = "a", .variables = "{}",
                                 .asked = WF_ASKS_MAX};
    story.unit.variables_merge = merge_by_answers;
    SAME(story_applies(&command), "rejected limit_exceeded");
}

Test(unit, question_keys)
{
    struct wf_question question = {.kind = WF_QUESTION_MAY_START, .subject = "f"};
    struct wf_uuid key = wf_question_key(&question);

    question.entity_id = "";
    struct wf_uuid other = wf_question_key(&question);
    cr_assert_not(wf_uuid_equal(&key, &other), "empty is not absent");
    question.entity_id = NULL;
    other = wf_question_key(&question);
    cr_assert(wf_uuid_equal(&key, &other));
    cr_assert(wf_question_kind_is_rule(WF_QUESTION_STAFF));
    cr_assert_not(wf_question_kind_is_rule(WF_QUESTION_TOKEN));
    SAME(wf_question_kind_name(WF_QUESTION_TOKEN), "token");
}
