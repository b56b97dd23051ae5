#include "core/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
wf_rule_is_pre(const struct wf_activity *activity)
{
    return activity->rule_applied == WF_RULE_PRE || activity->rule_applied == WF_RULE_BOTH;
}

bool
wf_rule_is_post(const struct wf_activity *activity)
{
    return activity->rule_applied == WF_RULE_POST || activity->rule_applied == WF_RULE_BOTH;
}

/* A question about a task as it is now. */
static struct wf_question
question_about(enum wf_question_kind kind, const char *function, const struct wf_task *task)
{
    const struct wf_instance *instance = task->instance;

    return (struct wf_question){
        .kind = kind,
        .subject = function,
        .instance_id = instance->instance_id,
        .process_id = instance->process->process_id,
        .version = instance->process->version,
        .task_n = task->n,
        .act_id = task->activity->act_id,
        .pre_act_id = task->pre_act_id,
        .completion_flag = task->completion_flag,
        .arrivals = (int32_t)task->arrival_count,
        .entity_id = instance->entity_id,
        .variables = instance->variables,
    };
}

static bool
failed(struct wf_unit *unit, const struct wf_question *question, const char *what)
{
    return wf_unit_reject(unit, WF_CODE_RULE_FAILED, "the %s \"%s\" of \"%s\" %s",
                          wf_question_kind_name(question->kind), question->subject, question->act_id, what);
}

/* The answer of a function, or NULL: it failed, or it asks. */
static const struct wf_answer *
ask(struct wf_unit *unit, const struct wf_question *question)
{
    const struct wf_answer *answer = wf_unit_ask(unit, question);

    if (!answer || !answer->error)
        return answer;
    (void)failed(unit, question, wf_arena_printf(unit->arena, "failed: %s", answer->error));
    return NULL;
}

static bool
has_ended_a_task(const struct wf_unit *unit)
{
    for (size_t i = 0; i < unit->event_count; i++)
        if (unit->events[i].kind == WF_EVENT_TASK && unit->events[i].of->state == WF_TASK_ENDED)
            return true;
    return false;
}

/* Whether the function could answer something else than before (FWD-7): it is another task, or what it is told of changed. */
static bool
worth_asking(const struct wf_unit *unit, const struct wf_task *task)
{
    if (task->touched == unit->command_no)
        return true;
    switch (unit->command->operation) {
    case WF_OP_GET_TASK:
    case WF_OP_HANG_TASK:
    case WF_OP_RESET_TASK:
    case WF_OP_RELEASE_TASK:
    case WF_OP_REASSIGN_TASK:
    case WF_OP_EXTEND_TASK:
    case WF_OP_FAIL_TASK:
    case WF_OP_ASSIGN_TASK:
        return false;
    case WF_OP_FIRE_TIMER:
        return unit->command->timer == WF_TIMER_CHECK || has_ended_a_task(unit);
    case WF_OP_NOTIFY:
        return has_ended_a_task(unit);
    default:
        return true;
    }
}

bool
wf_rule_may_start(struct wf_unit *unit, const struct wf_task *task, const struct wf_arrival *arrival)
{
    if (!worth_asking(unit, task))
        return false;
    struct wf_question question = question_about(WF_QUESTION_MAY_START, task->activity->ex_pre_rule_func, task);
    question.pre_act_id = arrival->pre_act_id;
    question.completion_flag = arrival->flag;
    const struct wf_answer *answer = ask(unit, &question);
    return answer && answer->holds;
}

/* The activity of an id among those that the routing rules name, or NULL. */
static struct wf_activity *
named(const struct wf_activity *activity, const char *act_id)
{
    for (size_t r = 0; r < activity->route_count; r++)
        for (size_t i = 0; i < activity->routes[r].next_count; i++)
            if (strcmp(activity->routes[r].next_ids[i], act_id) == 0)
                return activity->routes[r].next[i];
    return NULL;
}

bool
wf_rule_next(struct wf_unit *unit, const struct wf_task *task, struct wf_activity ***ret_next, size_t *ret_count)
{
    struct wf_question question = question_about(WF_QUESTION_NEXT, task->activity->ex_post_rule_func, task);
    const struct wf_answer *answer = ask(unit, &question);

    if (!answer)
        return false;
    if (!answer->id_count)
        return failed(unit, &question, "names no next activity");
    struct wf_activity **next = WF_ARENA_ARRAY(unit->arena, struct wf_activity *, answer->id_count);
    for (size_t i = 0; i < answer->id_count; i++) {
        next[i] = named(task->activity, answer->ids[i]);
        if (!next[i])
            return failed(unit, &question, wf_arena_printf(unit->arena, "names \"%.*s\", which no routing rule of it names",
                                                           (int)wf_text_cut(answer->ids[i], WF_ID_MAX), answer->ids[i]));
    }
    *ret_next = next;
    *ret_count = answer->id_count;
    return true;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
wf_rule_staff(struct wf_unit *unit, const struct wf_task *task, const char ***ret_staff_ids, size_t *ret_count)
{
    struct wf_question question = question_about(WF_QUESTION_STAFF, task->activity->assignment.group, task);
    const struct wf_answer *answer = ask(unit, &question);
    size_t count = 0;

    if (!answer)
        return false;
    const char **ids = WF_ARENA_ARRAY(unit->arena, const char *, answer->id_count + 1);
    for (size_t i = 0; i < answer->id_count; i++) {
        if (!wf_institution_staff(unit->institution, answer->ids[i]))
            return failed(unit, &question, wf_arena_printf(unit->arena, "names \"%.*s\", who is no staff member",
                                                           (int)wf_text_cut(answer->ids[i], WF_ID_MAX), answer->ids[i]));
        ids[i] = answer->ids[i];
    }
    qsort(ids, answer->id_count, sizeof *ids, by_text);
    for (size_t i = 0; i < answer->id_count; i++)
        if (!i || strcmp(ids[i], ids[i - 1]) != 0)
            ids[count++] = ids[i];
    *ret_staff_ids = ids;
    *ret_count = count;
    return true;
}

static void
check_function(struct wf_unit *unit, struct wf_faults *faults, const struct wf_activity *activity,
               enum wf_question_kind rule, const char *function)
{
    struct wf_question question = {.kind = WF_QUESTION_FUNCTION, .subject = function, .rule = rule};
    const struct wf_answer *answer = wf_unit_ask(unit, &question);
    char path[64];

    if (!answer || !answer->error)
        return;
    snprintf(path, sizeof path, "activities[%u]", activity->index);
    wf_fault_add(faults, "unknown_function", path, "the %s of \"%s\" cannot be called: %s", wf_question_kind_name(rule),
                 activity->act_id, answer->error);
}

bool
wf_rule_check(struct wf_unit *unit, const struct wf_process *process, struct wf_faults *faults)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        const struct wf_activity *activity = process->activities[i];
        if (wf_rule_is_pre(activity))
            check_function(unit, faults, activity, WF_QUESTION_MAY_START, activity->ex_pre_rule_func);
        if (wf_rule_is_post(activity))
            check_function(unit, faults, activity, WF_QUESTION_NEXT, activity->ex_post_rule_func);
        if (activity->assignment.based_on == WF_BASED_ON_USER_DEFINED)
            check_function(unit, faults, activity, WF_QUESTION_STAFF, activity->assignment.group);
    }
    return !faults->count && !unit->outcome.asks;
}
