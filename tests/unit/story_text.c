/* What the texts of story.h say: definitions and institutions. */
#include <stdlib.h>

#include "base/clock.h"
#include "story.h"

enum { WORDS = 16 };

/* The words of one line, and what is still to be read of the text. */
struct line {
    char *words[WORDS];
    int count;
    char *rest;
};

static bool
next_line(struct line *line)
{
    while (line->rest && *line->rest) {
        char *end = line->rest + strcspn(line->rest, "\n;"), *at = line->rest;
        line->rest = *end ? end + 1 : end;
        *end = '\0';
        line->count = 0;
        for (char *word = strsep(&at, " "); word; word = strsep(&at, " "))
            if (*word) {
                cr_assert_lt(line->count, WORDS, "too many words");
                line->words[line->count++] = word;
            }
        if (line->count)
            return true;
    }
    return false;
}

/* What follows "name:" in a word, or NULL. */
static char *
after_colon(char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == ':' ? word + length + 1 : NULL;
}

static const char **
split_list(struct wf_arena *arena, char *text, size_t *ret_count)
{
    const char **items = WF_ARENA_ARRAY(arena, const char *, strlen(text ? text : "") + 1);

    *ret_count = 0;
    for (char *item = strsep(&text, ","); item; item = strsep(&text, ","))
        if (*item)
            items[(*ret_count)++] = item;
    return items;
}

static bool
read_group(struct wf_assgn_rule *rule, char *word)
{
    static const struct {
        const char *name;
        enum wf_based_on based_on;
    } kinds[] = {{"role", WF_BASED_ON_ROLE}, {"team", WF_BASED_ON_TEAM}, {"dept", WF_BASED_ON_DEPARTMENT},
                 {"func", WF_BASED_ON_USER_DEFINED}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *id = after_colon(word, kinds[i].name);
        if (id) {
            rule->based_on = kinds[i].based_on;
            rule->group = id;
            return true;
        }
    }
    return wf_method_from_name(word, &rule->method);
}

/* "sub:q" or "sub:q@engine" */
static void
read_sub_process(struct wf_process *process, struct wf_activity *activity, char *value)
{
    struct wf_sub_process *sub = WF_ARENA_NEW(&process->arena, struct wf_sub_process);

    sub->process_id = strsep(&value, "@");
    sub->engine = value;
    activity->auto_executive = NULL;
    activity->sub_process = sub;
}

/* SECONDS[,ACTION[,FLAG or role]] */
static void
read_limit(struct wf_time_limit *limit, char *text)
{
    char *seconds = strsep(&text, ","), *action = strsep(&text, ",");

    limit->within = strtol(seconds, NULL, 10) * WF_SECOND;
    cr_assert(!action || wf_limit_action_from_name(action, &limit->action), "no action \"%s\"", action);
    if (limit->action == WF_LIMIT_ESCALATE) {
        limit->to_based_on = WF_BASED_ON_ROLE;
        limit->to = text;
    } else {
        limit->flag = text;
    }
}

static void
read_member(struct wf_process *process, struct wf_activity *activity, char *word)
{
    char *value;

    if (read_group(&activity->assignment, word))
        return;
    if ((value = after_colon(word, "presence")))
        cr_assert(wf_presence_from_name(value, &activity->assignment.presence));
    else if ((value = after_colon(word, "rule")))
        cr_assert(wf_rule_applied_from_name(value, &activity->rule_applied));
    else if ((value = after_colon(word, "not_by")))
        activity->assignment.not_by = split_list(&process->arena, value, &activity->assignment.not_by_count);
    else if ((value = after_colon(word, "same_as")))
        activity->assignment.same_as = value;
    else if ((value = after_colon(word, "flag")))
        activity->completion_flag = value;
    else if ((value = after_colon(word, "closes")))
        activity->closes = value;
    else if ((value = after_colon(word, "asks")))
        activity->or_merge_flag = value;
    else if ((value = after_colon(word, "votes")))
        *(strchr(value, '%') ? &activity->votes_percent : &activity->votes_needed) = (int32_t)strtol(value, NULL, 10);
    else if ((value = after_colon(word, "exec")))
        activity->auto_executive = value;
    else if ((value = after_colon(word, "pre")))
        activity->ex_pre_rule_func = value;
    else if ((value = after_colon(word, "post")))
        activity->ex_post_rule_func = value;
    else if (strcmp(word, "terminate") == 0)
        activity->terminate = true;
    else if (strcmp(word, "inclusive") == 0)
        activity->inclusive = true;
    else if ((value = after_colon(word, "sub")))
        read_sub_process(process, activity, value);
    else if ((value = after_colon(word, "take")))
        read_limit(&activity->take_limit, value);
    else if ((value = after_colon(word, "end")))
        read_limit(&activity->end_limit, value);
    else if ((value = after_colon(word, "retries")))
        activity->retries = (int32_t)strtol(value, NULL, 10);
    else if ((value = after_colon(word, "check")))
        activity->check_every = strtol(value, NULL, 10) * WF_SECOND;
    else
        cr_assert_fail("what is \"%s\"?", word);
}

static void
read_activity(struct wf_process *process, const struct line *line)
{
    char *type_name = strchr(line->words[0], ':');
    enum wf_act_type type = WF_ACT_INTERACTION;

    *type_name++ = '\0';
    bool task = strcmp(type_name, "task") == 0;
    cr_assert(task || wf_act_type_from_name(type_name, &type), "no type \"%s\"", type_name);
    struct wf_activity *activity = wf_process_add_activity(process, line->words[0], type);
    if (task)
        activity->assignment = (struct wf_assgn_rule){.based_on = WF_BASED_ON_ROLE, .group = "r"};
    if (type == WF_ACT_AUTOMATION)
        activity->auto_executive = "program";
    for (int i = 1; i < line->count; i++)
        read_member(process, activity, line->words[i]);
    if (activity->ex_pre_rule_func || activity->ex_post_rule_func)
        activity->rule_applied = !activity->ex_post_rule_func  ? WF_RULE_PRE
                                 : activity->ex_pre_rule_func ? WF_RULE_BOTH
                                                              : WF_RULE_POST;
}

static void
read_needs(struct wf_process *process, struct wf_activity *activity, char *after, char *list)
{
    struct wf_pre_rule *rule = wf_activity_add_pre_rule(process, activity);
    size_t count;
    const char **items = split_list(&process->arena, list, &count);

    rule->after = after;
    rule->needs = WF_ARENA_ARRAY(&process->arena, struct wf_need, count);
    rule->need_count = count;
    for (size_t i = 0; i < count; i++) {
        char *status = (char *)(uintptr_t)items[i];
        rule->needs[i].act_id = strsep(&status, "=");
        rule->needs[i].status = status;
    }
}

static void
read_route(struct wf_process *process, struct wf_activity *activity, char *after, char *arrow,
           const struct line *line, int at)
{
    struct wf_route *route = wf_activity_add_route(process, activity);

    cr_assert(arrow[0] == '-', "what is \"%s\"?", arrow);
    if (arrow[1] != '>') {
        route->flag = arrow + 1;
        *strrchr(arrow, '-') = '\0';
    }
    route->after = after;
    route->next_ids = split_list(&process->arena, at < line->count ? line->words[at] : NULL, &route->next_count);
    for (int i = at + 1; i < line->count; i++) {
        route->is_default |= strcmp(line->words[i], "default") == 0;
        if (after_colon(line->words[i], "if"))
            route->condition = after_colon(line->words[i], "if");
    }
}

static void
read_rule(struct wf_process *process, struct line *line)
{
    struct wf_activity *activity = wf_process_activity(process, line->words[0]);
    char *after = NULL;
    int at = 1;

    cr_assert(activity && line->count > 1, "no activity \"%s\"", line->words[0]);
    if (strcmp(line->words[at], "after") == 0) {
        after = line->words[at + 1];
        at += 2;
    }
    if (strcmp(line->words[at], "needs") == 0)
        read_needs(process, activity, after, at + 1 < line->count ? line->words[at + 1] : NULL);
    else
        read_route(process, activity, after, line->words[at], line, at + 1);
}

struct wf_process *
story_process(const char *process_id, const char *definition)
{
    struct wf_process *process = wf_process_new(process_id);

    for (int pass = 0; pass < 2; pass++) {
        struct line line = {.rest = wf_arena_strdup(&process->arena, definition)};
        while (next_line(&line)) {
            bool is_rule = line.count > 1 && (line.words[1][0] == '-' || strcmp(line.words[1], "after") == 0 ||
                                              strcmp(line.words[1], "needs") == 0);
            if (strcmp(line.words[0], "limit") == 0)
                read_limit(&process->time_limit, line.words[1]);
            else if (is_rule && pass == 1)
                read_rule(process, &line);
            else if (!is_rule && pass == 0)
                read_activity(process, &line);
        }
    }
    return process;
}

const char *
story_faults(const char *definition)
{
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_process *process = story_process("p", definition);
    const char *text = "";

    bool ok = wf_process_compile(process, &faults);
    for (size_t i = 0; i < faults.count; i++)
        text = wf_arena_printf(&story.arena, "%s%s%s", text, i ? " " : "", faults.items[i].code);
    cr_assert_eq(ok, faults.count == 0);
    wf_process_drop(process);
    return text;
}

static void
read_unit(struct wf_arena *arena, struct wf_org_unit ***units, size_t *count, size_t *capacity,
          const struct line *line)
{
    struct wf_org_unit *unit = WF_ARENA_NEW(arena, struct wf_org_unit);

    unit->id = line->words[1];
    unit->super_id = line->count > 2 ? line->words[2] + 1 : NULL;
    WF_ARENA_PUSH(arena, *units, *count, *capacity, unit);
}

static void
read_staff_roles(struct wf_arena *arena, struct wf_staff *staff, char *list)
{
    staff->has_roles = true;
    staff->role_ids = split_list(arena, list, &staff->role_count);
    staff->role_priorities = WF_ARENA_ARRAY(arena, int32_t, staff->role_count);
    for (size_t i = 0; i < staff->role_count; i++) {
        char *priority = (char *)(uintptr_t)staff->role_ids[i];
        strsep(&priority, "=");
        staff->role_priorities[i] = priority ? (int32_t)strtol(priority, NULL, 10) : 1;
    }
}

static void
read_staff_member(struct wf_arena *arena, struct wf_staff *staff, char *word)
{
    char *value;

    if ((value = after_colon(word, "dept"))) {
        staff->has_dept = true;
        staff->dept_id = *value ? value : NULL;
    } else if ((value = after_colon(word, "team"))) {
        staff->has_teams = true;
        staff->team_ids = split_list(arena, value, &staff->team_count);
    } else if ((value = after_colon(word, "role"))) {
        read_staff_roles(arena, staff, value);
    } else if ((value = after_colon(word, "name"))) {
        staff->has_name = true;
        staff->name = value;
    } else if (strcmp(word, "on") == 0 || strcmp(word, "off") == 0) {
        staff->has_logging_on = true;
        staff->logging_on = strcmp(word, "on") == 0;
    } else {
        staff->has_on_leave = true;
        staff->on_leave = strcmp(word, "leave") == 0;
        cr_assert(staff->on_leave || strcmp(word, "back") == 0, "what is \"%s\"?", word);
    }
}

static void
read_staff(struct wf_institution *in, const struct line *line)
{
    struct wf_staff *staff = WF_ARENA_NEW(&in->arena, struct wf_staff);

    staff->staff_id = line->words[1];
    staff->logging_on = true;
    for (int i = 2; i < line->count; i++)
        read_staff_member(&in->arena, staff, line->words[i]);
    WF_ARENA_PUSH(&in->arena, in->staff, in->staff_count, in->staff_capacity, staff);
}

static void
read_grant(struct wf_institution *in, const struct line *line)
{
    struct wf_authorization grant = {.grantor_id = line->words[1], .grantee_id = line->words[2]};
    char *value;

    for (int i = 3; i < line->count; i++) {
        if ((value = after_colon(line->words[i], "process")))
            grant.process_id = value;
        else if ((value = after_colon(line->words[i], "act")))
            grant.act_id = value;
        else if ((value = after_colon(line->words[i], "from")))
            grant.valid_from = strtol(value, NULL, 10);
        else if ((value = after_colon(line->words[i], "to")))
            grant.valid_to = strtol(value, NULL, 10);
    }
    WF_ARENA_PUSH(&in->arena, in->authorizations, in->authorization_count, in->authorization_capacity, grant);
}

struct wf_institution *
story_institution(const char *text)
{
    struct wf_institution *in = wf_institution_new();
    struct line line = {.rest = wf_arena_strdup(&in->arena, text)};

    while (next_line(&line)) {
        if (strcmp(line.words[0], "dept") == 0) {
            read_unit(&in->arena, &in->departments, &in->department_count, &in->department_capacity, &line);
        } else if (strcmp(line.words[0], "team") == 0) {
            read_unit(&in->arena, &in->teams, &in->team_count, &in->team_capacity, &line);
        } else if (strcmp(line.words[0], "role") == 0) {
            struct wf_role *role = WF_ARENA_NEW(&in->arena, struct wf_role);
            role->role_id = line.words[1];
            role->name = line.count > 2 ? line.words[2] : NULL;
            WF_ARENA_PUSH(&in->arena, in->roles, in->role_count, in->role_capacity, role);
        } else if (strcmp(line.words[0], "staff") == 0) {
            read_staff(in, &line);
        } else if (strcmp(line.words[0], "grant") == 0) {
            read_grant(in, &line);
        } else {
            cr_assert_str_eq(line.words[0], "replace");
            in->replace = true;
        }
    }
    return in;
}
