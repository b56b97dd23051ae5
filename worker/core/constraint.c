#include "core/constraint.h"

#include <stdlib.h>
#include <string.h>

static bool
remembers(const struct wf_summary *summary, const char *staff_id)
{
    for (size_t i = 0; i < summary->people_count; i++)
        if (strcmp(summary->people[i], staff_id) == 0)
            return true;
    return false;
}

static void
remember(struct wf_unit *unit, struct wf_summary *summary, const char *staff_id)
{
    if (staff_id && !remembers(summary, staff_id))
        WF_ARENA_PUSH(unit->arena, summary->people, summary->people_count, summary->people_capacity, staff_id);
}

void
wf_constraint_note_end(struct wf_unit *unit, struct wf_summary *summary, const struct wf_task *task)
{
    struct wf_instance *instance = task->instance;

    if (!task->activity->bars)
        return;
    remember(unit, summary, task->staff_id);
    remember(unit, summary, task->grantor_id);
    for (size_t i = 0; i < instance->task_count; i++) { /* whom it bars now stands in their rows */
        const struct wf_assgn_rule *rule = &instance->tasks[i]->activity->assignment;
        for (size_t b = 0; b < rule->not_by_count; b++)
            if (rule->barring[b] == task->activity)
                wf_unit_touch_task(unit, instance->tasks[i]);
    }
}

/* Whether what a summary tells counts for a rule. */
static bool
concerns(const struct wf_assgn_rule *rule, const struct wf_summary *summary)
{
    for (size_t i = 0; i < rule->not_by_count; i++)
        if (rule->barring[i] == summary->activity)
            return true;
    return false;
}

bool
wf_constraint_bars(const struct wf_task *task, const char *staff_id)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_assgn_rule *rule = &task->activity->assignment;

    for (size_t i = 0; rule->not_by_count && i < instance->summary_count; i++)
        if (concerns(rule, &instance->summaries[i]) && remembers(&instance->summaries[i], staff_id))
            return true;
    return false;
}

static int
by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

const char **
wf_constraint_barred(struct wf_arena *arena, const struct wf_task *task, size_t *ret_count)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_assgn_rule *rule = &task->activity->assignment;
    const char **barred = NULL;
    size_t capacity = 0, count = 0, once = 0;

    for (size_t i = 0; rule->not_by_count && i < instance->summary_count; i++) {
        const struct wf_summary *summary = &instance->summaries[i];
        for (size_t p = 0; concerns(rule, summary) && p < summary->people_count; p++)
            WF_ARENA_PUSH(arena, barred, count, capacity, summary->people[p]);
    }
    if (count)
        qsort(barred, count, sizeof *barred, by_text);
    for (size_t i = 0; i < count; i++)
        if (!once || strcmp(barred[once - 1], barred[i]) != 0)
            barred[once++] = barred[i];
    *ret_count = once;
    return barred;
}

const struct wf_staff *
wf_constraint_same(const struct wf_unit *unit, const struct wf_task *task)
{
    const struct wf_instance *instance = task->instance;
    const struct wf_activity *same = task->activity->assignment.same;
    const struct wf_summary *last = NULL;

    for (size_t i = 0; same && i < instance->summary_count; i++) {
        const struct wf_summary *summary = &instance->summaries[i];
        if (summary->activity == same && (!last || summary->last > last->last))
            last = summary;
    }
    if (!last || !last->staff_id || wf_constraint_bars(task, last->staff_id))
        return NULL;
    const struct wf_staff *staff = wf_institution_staff(unit->institution, last->staff_id);
    return staff && !staff->on_leave ? staff : NULL;
}

bool
wf_constraint_allows(const struct wf_unit *unit, const struct wf_task *task, const char *staff_id)
{
    const struct wf_staff *same = wf_constraint_same(unit, task);

    return (!same || strcmp(same->staff_id, staff_id) == 0) && !wf_constraint_bars(task, staff_id);
}

bool
wf_constraint_reject(struct wf_unit *unit, const struct wf_task *task, const char *staff_id)
{
    const struct wf_staff *same = wf_constraint_same(unit, task);

    if (wf_constraint_bars(task, staff_id))
        return wf_unit_reject(unit, WF_CODE_CONSTRAINT,
                              "\"%s\" had a part in a task of this instance that bars from \"%s\"", staff_id,
                              task->activity->act_id);
    return wf_unit_reject(unit, WF_CODE_CONSTRAINT, "\"%s\" did \"%s\" and is to do \"%s\" as well, not \"%s\"",
                          same ? same->staff_id : "", task->activity->assignment.same_as, task->activity->act_id,
                          staff_id);
}
