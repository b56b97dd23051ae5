#include "core/definition.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/rule.h"

/* The length of the UTF-8 sequence at `s`, or 0 if it is not one (RFC 3629). */
static size_t
utf8_sequence(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
            return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
            return 0;
        return 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
            return 0;
        if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

bool
wf_id_valid(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length = 0;

    while (s[length]) {
        size_t step = utf8_sequence(s + length);
        bool control = s[length] < 0x20 || s[length] == 0x7f ||
                       (s[length] == 0xc2 && s[length + 1] < 0xa0); /* C1 controls */
        if (!step || control)
            return false;
        length += step;
        if (length > WF_ID_MAX)
            return false;
    }
    return length > 0;
}

size_t
wf_text_cut(const char *text, size_t max)
{
    size_t length = strnlen(text, max + 1);

    if (length <= max)
        return length;
    for (length = max; length && (text[length] & 0xc0) == 0x80;)
        length--;
    return length;
}

void
wf_fault_add(struct wf_faults *faults, const char *code, const char *path, const char *format, ...)
{
    char message[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    struct wf_fault fault = {
        .path = wf_arena_strdup(faults->arena, path),
        .code = code,
        .message = wf_arena_strdup(faults->arena, message),
    };
    WF_ARENA_PUSH(faults->arena, faults->items, faults->count, faults->capacity, fault);
}

struct wf_process *
wf_process_new(const char *process_id)
{
    struct wf_arena arena = {0};
    struct wf_process *process = WF_ARENA_NEW(&arena, struct wf_process);

    process->process_id = wf_arena_strdup(&arena, process_id);
    process->arena = arena;
    return process;
}

void
wf_process_drop(struct wf_process *process)
{
    if (!process)
        return;
    struct wf_arena arena = process->arena; /* the process lives in it */
    wf_arena_drop(&arena);
}

struct wf_activity *
wf_process_add_activity(struct wf_process *process, const char *act_id, enum wf_act_type type)
{
    struct wf_activity *activity = WF_ARENA_NEW(&process->arena, struct wf_activity);

    activity->act_id = act_id;
    activity->type = type;
    activity->index = (uint32_t)process->activity_count;
    WF_ARENA_PUSH(&process->arena, process->activities, process->activity_count, process->activity_capacity,
                  activity);
    if (!wf_map_get_text(&process->by_id, act_id))
        wf_map_put_text(&process->by_id, &process->arena, act_id, activity);
    return activity;
}

struct wf_route *
wf_activity_add_route(struct wf_process *process, struct wf_activity *activity)
{
    WF_ARENA_PUSH(&process->arena, activity->routes, activity->route_count, activity->route_capacity,
                  (struct wf_route){0});
    return &activity->routes[activity->route_count - 1];
}

struct wf_pre_rule *
wf_activity_add_pre_rule(struct wf_process *process, struct wf_activity *activity)
{
    WF_ARENA_PUSH(&process->arena, activity->pre_rules, activity->pre_rule_count, activity->pre_rule_capacity,
                  (struct wf_pre_rule){0});
    return &activity->pre_rules[activity->pre_rule_count - 1];
}

struct wf_activity *
wf_process_activity(const struct wf_process *process, const char *act_id)
{
    return wf_map_get_text(&process->by_id, act_id);
}

/* What a check is about: the process, the activity at hand and where to say what is wrong. */
struct check {
    struct wf_process *process;
    struct wf_activity *activity;
    struct wf_faults *faults;
    char path[64];
};

static struct wf_activity *
linked(struct check *check, const char *act_id, const char *what)
{
    struct wf_activity *activity = wf_process_activity(check->process, act_id);

    if (!activity)
        wf_fault_add(check->faults, "unknown_activity", check->path, "%s of \"%s\" names \"%s\", which is no activity",
                     what, check->activity->act_id, act_id);
    return activity;
}

static void
link_routes(struct check *check)
{
    struct wf_activity *activity = check->activity;

    for (size_t r = 0; r < activity->route_count; r++) {
        struct wf_route *route = &activity->routes[r];
        route->next = WF_ARENA_ARRAY(&check->process->arena, struct wf_activity *, route->next_count);
        if (route->after)
            linked(check, route->after, "a routing rule");
        for (size_t i = 0; i < route->next_count; i++) {
            route->next[i] = linked(check, route->next_ids[i], "a routing rule");
            if (route->next[i] && route->next[i]->type == WF_ACT_INITIAL)
                wf_fault_add(check->faults, "route_to_initial", check->path,
                             "a routing rule of \"%s\" leads to the initial activity \"%s\"", activity->act_id,
                             route->next_ids[i]);
        }
        if (!route->next_count)
            wf_fault_add(check->faults, "empty_route", check->path, "a routing rule of \"%s\" names no next activity",
                         activity->act_id);
    }
}

static void
link_pre_rules(struct check *check)
{
    struct wf_activity *activity = check->activity;

    for (size_t r = 0; r < activity->pre_rule_count; r++) {
        struct wf_pre_rule *rule = &activity->pre_rules[r];
        linked(check, rule->after, "a pre rule");
        for (size_t i = 0; i < rule->need_count; i++) {
            rule->needs[i].activity = linked(check, rule->needs[i].act_id, "a pre rule");
            if (rule->needs[i].activity) {
                rule->needs[i].activity->depends = true;
                activity->depends = true; /* a merge asks when it last flowed on (DEP-3) */
                check->process->uses_summary = true;
            }
        }
        for (size_t other = 0; other < r; other++)
            if (strcmp(activity->pre_rules[other].after, rule->after) == 0)
                wf_fault_add(check->faults, "duplicate_rule", check->path, "\"%s\" has two pre rules after \"%s\"",
                             activity->act_id, rule->after);
    }
}

/* An activity that a constraint names, which must be one that people work on. */
static struct wf_activity *
linked_constraint(struct check *check, const char *act_id, const char *what)
{
    struct wf_activity *activity = linked(check, act_id, what);

    if (activity && activity->type != WF_ACT_INTERACTION)
        wf_fault_add(check->faults, "constraint_without_work", check->path,
                     "%s of \"%s\" names \"%s\", which is of type \"%s\"", what, check->activity->act_id, act_id,
                     wf_act_type_name(activity->type));
    if (activity) {
        activity->depends = true;
        check->process->uses_summary = true;
    }
    return activity;
}

/* ASG-10 */
static void
link_constraints(struct check *check)
{
    struct wf_assgn_rule *rule = &check->activity->assignment;

    rule->barring = WF_ARENA_ARRAY(&check->process->arena, struct wf_activity *, rule->not_by_count);
    for (size_t i = 0; i < rule->not_by_count; i++) {
        rule->barring[i] = linked_constraint(check, rule->not_by[i], "\"not_by\"");
        if (rule->barring[i])
            rule->barring[i]->bars = true;
    }
    rule->same = rule->same_as ? linked_constraint(check, rule->same_as, "\"same_as\"") : NULL;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void
check_duplicate_routes(struct check *check)
{
    const struct wf_activity *activity = check->activity;

    for (size_t r = 0; r < activity->route_count; r++)
        for (size_t other = 0; other < r; other++) {
            const struct wf_route *a = &activity->routes[r], *b = &activity->routes[other];
            if (same_text(a->after, b->after) && same_text(a->flag, b->flag) &&
                same_text(a->condition, b->condition) && a->is_default == b->is_default)
                wf_fault_add(check->faults, "duplicate_rule", check->path,
                             "\"%s\" has two routing rules after \"%s\" with flag \"%s\"", activity->act_id,
                             a->after ? a->after : "", a->flag ? a->flag : "");
        }
}

static void
check_assignment(struct check *check)
{
    const struct wf_activity *activity = check->activity;
    const struct wf_assgn_rule *rule = &activity->assignment;
    bool has_rule = rule->based_on != WF_BASED_ON_NONE;

    if (activity->type == WF_ACT_INTERACTION && !has_rule)
        wf_fault_add(check->faults, "no_assignment", check->path, "the interaction \"%s\" has no assignment rule",
                     activity->act_id);
    if (activity->type != WF_ACT_INTERACTION && has_rule)
        wf_fault_add(check->faults, "assignment_without_work", check->path,
                     "\"%s\" has an assignment rule, but is of type \"%s\"", activity->act_id,
                     wf_act_type_name(activity->type));
    if (has_rule && rule->based_on != WF_BASED_ON_ROLE &&
        (rule->method == WF_METHOD_PRIORITY || rule->method == WF_METHOD_ROUND_ROBIN))
        wf_fault_add(check->faults, "method_needs_role", check->path,
                     "\"%s\" is assigned by \"%s\", which is possible by role only", activity->act_id,
                     wf_method_name(rule->method));
}

/* FWD-4, FWD-6: what cannot be meant. */
static void
check_routing_rules(struct check *check)
{
    const struct wf_activity *activity = check->activity;

    for (size_t r = 0; r < activity->route_count; r++)
        if (activity->routes[r].is_default && activity->routes[r].condition)
            wf_fault_add(check->faults, "default_with_condition", check->path,
                         "a routing rule of \"%s\" is the default and has a condition", activity->act_id);
    if (activity->rule_applied == WF_RULE_DEFAULT)
        return;
    if ((wf_rule_is_pre(activity) && !activity->ex_pre_rule_func) ||
        (wf_rule_is_post(activity) && !activity->ex_post_rule_func))
        wf_fault_add(check->faults, "no_function", check->path, "\"%s\" does not name the function of its %s",
                     activity->act_id, wf_rule_applied_name(activity->rule_applied));
    if (wf_rule_is_post(activity) && !activity->route_count)
        wf_fault_add(check->faults, "post_rule_without_routing", check->path,
                     "\"%s\" has a post rule, but no routing rules that name what may follow", activity->act_id);
}

/* Limits are of tasks that wait for somebody, and a job can be given to nobody else (STA-3); what is checked is a rule (FWD-7). */
static void
check_limits(struct check *check)
{
    const struct wf_activity *activity = check->activity;
    const struct wf_time_limit *limits[] = {&activity->take_limit, &activity->end_limit};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        bool gives = limits[i]->action == WF_LIMIT_REASSIGN || limits[i]->action == WF_LIMIT_ESCALATE;
        if (!limits[i]->within)
            continue;
        if (!wf_act_type_works(activity->type))
            wf_fault_add(check->faults, "limit_without_work", check->path,
                         "\"%s\" has a time limit, but is of type \"%s\"", activity->act_id,
                         wf_act_type_name(activity->type));
        else if (gives && activity->type == WF_ACT_AUTOMATION)
            wf_fault_add(check->faults, "limit_action", check->path,
                         "the time limit of \"%s\" cannot %s a job", activity->act_id,
                         wf_limit_action_name(limits[i]->action));
    }
    if (activity->check_every && !wf_rule_is_pre(activity))
        wf_fault_add(check->faults, "check_without_rule", check->path,
                     "\"%s\" has a \"check_every\", but no pre rule that could be asked", activity->act_id);
}

static void
check_members(struct check *check)
{
    const struct wf_activity *activity = check->activity;

    if (wf_process_activity(check->process, activity->act_id) != activity)
        wf_fault_add(check->faults, "duplicate_activity", check->path, "there are two activities \"%s\"",
                     activity->act_id);
    if (activity->type == WF_ACT_COMPLETION && activity->route_count)
        wf_fault_add(check->faults, "route_after_completion", check->path,
                     "the completion \"%s\" has a routing rule", activity->act_id);
    if (activity->type != WF_ACT_COMPLETION && activity->type != WF_ACT_DUMMY && !activity->route_count)
        wf_fault_add(check->faults, "no_routing", check->path, "nothing follows \"%s\": it has no routing rule",
                     activity->act_id);
    if (activity->type == WF_ACT_AUTOMATION && !activity->auto_executive && !activity->sub_process)
        wf_fault_add(check->faults, "no_executive", check->path, "the automation \"%s\" names no auto_executive",
                     activity->act_id);
    if (activity->sub_process && activity->type != WF_ACT_AUTOMATION)
        wf_fault_add(check->faults, "sub_process_type", check->path,
                     "\"%s\" has a sub-process, which is for automations, but is of type \"%s\"", activity->act_id,
                     wf_act_type_name(activity->type));
    if (activity->sub_process && activity->auto_executive)
        wf_fault_add(check->faults, "two_executives", check->path,
                     "the automation \"%s\" has a sub-process and an auto_executive", activity->act_id);
    if (activity->type == WF_ACT_VOTE_MERGE && activity->votes_needed < 1 && activity->votes_percent < 1)
        wf_fault_add(check->faults, "no_votes", check->path, "the vote_merge \"%s\" says not how many votes it needs",
                     activity->act_id);
    if (activity->closes)
        linked(check, activity->closes, "closes");
    if (activity->closes && !wf_act_type_merges(activity->type))
        wf_fault_add(check->faults, "no_merge", check->path, "\"%s\" closes batches, but is of type \"%s\"",
                     activity->act_id, wf_act_type_name(activity->type));
}

static void
check_activity(struct check *check)
{
    link_routes(check);
    link_pre_rules(check);
    check_members(check);
    check_duplicate_routes(check);
    check_assignment(check);
    check_routing_rules(check);
    link_constraints(check);
    check_limits(check);
}

/* Exactly one initial (which is found here), at least one completion. */
static void
check_ends(struct wf_process *process, struct wf_faults *faults)
{
    size_t initials = 0, completions = 0;

    for (size_t i = 0; i < process->activity_count; i++) {
        struct wf_activity *activity = process->activities[i];
        completions += activity->type == WF_ACT_COMPLETION;
        process->uses_winners |= activity->type == WF_ACT_OR_MERGE;
        process->uses_remotes |= activity->sub_process != NULL;
        if (activity->type == WF_ACT_INITIAL && initials++ == 0)
            process->initial = activity;
    }
    if (initials != 1)
        wf_fault_add(faults, "initial", "activities", "a process has exactly one initial activity, this one has %zu",
                     initials);
    if (!completions)
        wf_fault_add(faults, "completion", "activities", "the process has no completion activity");
}

bool
wf_process_compile(struct wf_process *process, struct wf_faults *faults)
{
    size_t before = faults->count;

    check_ends(process, faults);
    for (size_t i = 0; i < process->activity_count; i++) {
        struct check check = {.process = process, .activity = process->activities[i], .faults = faults};
        snprintf(check.path, sizeof check.path, "activities[%zu]", i);
        check_activity(&check);
    }

    if (process->initial) {
        wf_graph_analyse(process);
        wf_graph_check(process, faults);
        wf_graph_pair_brackets(process);
    }
    return faults->count == before;
}
