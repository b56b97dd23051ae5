#include "codec/definition_file.h"

#include "codec/condition.h"
#include "codec/fields.h"

/* A file being read. */
struct file {
    struct wf_process *process;
    struct wf_reading reading;
    size_t *at; /* where each of process->activities stands in the file */
    size_t at_count, at_capacity;
};

/* Functions that read the name of an enum's value into an int, and that give the name of one. */
#define NAME_VALUE(noun, condition)                                \
    static bool noun##_value(const char *name, int *ret_value)     \
    {                                                              \
        enum wf_##noun value;                                      \
        if (!wf_##noun##_from_name(name, &value) || !(condition))  \
            return false;                                          \
        *ret_value = (int)value;                                   \
        return true;                                               \
    }                                                              \
    static const char *noun##_name(int value)                      \
    {                                                              \
        return wf_##noun##_name((enum wf_##noun)value);            \
    }
NAME_VALUE(act_type, true)
NAME_VALUE(rule_applied, true)
NAME_VALUE(based_on, value != WF_BASED_ON_NONE)
NAME_VALUE(method, true)
NAME_VALUE(presence, true)
NAME_VALUE(limit_action, true)

static bool
task_action_value(const char *name, int *ret_value)
{
    return limit_action_value(name, ret_value) && *ret_value != WF_LIMIT_CANCEL;
}

static bool
instance_action_value(const char *name, int *ret_value)
{
    return limit_action_value(name, ret_value) && (*ret_value == WF_LIMIT_REMIND || *ret_value == WF_LIMIT_CANCEL);
}

static void
fault(const struct file *file, const struct wf_place *place, const char *member, const char *code, const char *message,
      const char *value)
{
    struct wf_place here = {.up = place, .member = member};

    wf_reading_fault(&file->reading, member ? &here : place, code, message, value);
}

/* Reads each element of a list, which are objects. */
static void
each(struct file *file, const char *name, struct wf_slice list,
     void (*read)(struct file *file, struct wf_slice object, const struct wf_place *place))
{
    struct wf_place whole = {.member = name}, place = {.up = &whole};
    struct wf_slice rest, element;

    if (!list.data)
        return;
    for (rest = wf_scan_inside(list); wf_scan_element(&rest, &element); place.index++)
        if (wf_fields_is_object(&file->reading, element, &place))
            read(file, element, &place);
}

/* A text that must be an activity's id; NULL names none. */
static void
check_activity(struct file *file, const struct wf_place *place, const char *member, const char *act_id)
{
    if (act_id && !wf_process_activity(file->process, act_id))
        fault(file, place, member, "unknown_activity", "there is no activity \"%s\"", act_id);
}

static void
check_activities(struct file *file, const struct wf_place *place, const char *member, const struct wf_texts *act_ids)
{
    struct wf_place list = {.up = place, .member = member}, element = {.up = &list};

    for (size_t i = 0; i < act_ids->count; i++) {
        element.index = i;
        check_activity(file, &element, NULL, act_ids->items[i]);
    }
}

/* A time limit as the file says it. */
struct limit {
    struct wf_time_limit limit;
    int action;
    struct wf_slice to;
};

static const struct wf_field limit_fields[] = {
    WF_FIELD_REQUIRED(DURATION, "within", struct limit, limit.within),
    {.name = "then", .kind = WF_FIELD_NAME, .offset = offsetof(struct limit, action), .from_name = task_action_value,
     .name_of = limit_action_name},
    WF_FIELD(OBJECT, "to", struct limit, to),
    WF_FIELD(ID, "flag", struct limit, limit.flag),
};
static const struct wf_fields limit_table = WF_FIELDS(limit_fields);

static void
read_limit(struct file *file, struct wf_slice object, const struct wf_place *up, const char *name,
           struct wf_time_limit *ret_limit)
{
    struct wf_place place = {.up = up, .member = name}, to = {.up = &place, .member = "to"};
    struct limit limit = {.action = WF_LIMIT_REMIND};

    if (!object.data)
        return;
    wf_fields_read(&file->reading, &limit_table, object, &place, &limit);
    limit.limit.action = (enum wf_limit_action)limit.action;
    if (limit.to.data)
        wf_group_read(&file->reading, limit.to, &to, &limit.limit.to_based_on, &limit.limit.to);
    else if (limit.action == WF_LIMIT_ESCALATE)
        fault(file, &place, NULL, "missing_member", "%s", "\"to\" is missing: the group to escalate to");
    *ret_limit = limit.limit;
}

/* An activity as the file says it. */
struct activity {
    struct wf_activity activity;
    int type, rule_applied;
    struct wf_slice votes, time_limits, sub_process;
    struct wf_slice take, end; /* within time_limits */
};

#define ACTIVITY(kind, name, member) WF_FIELD(kind, name, struct activity, activity.member)

static const struct wf_field activity_fields[] = {
    WF_FIELD_REQUIRED(ID, "act_id", struct activity, activity.act_id),
    {.name = "act_type", .kind = WF_FIELD_NAME, .required = true, .offset = offsetof(struct activity, type),
     .from_name = act_type_value, .name_of = act_type_name},
    ACTIVITY(TEXT, "name", name),
    {.name = "rule_applied", .kind = WF_FIELD_NAME, .offset = offsetof(struct activity, rule_applied),
     .from_name = rule_applied_value, .name_of = rule_applied_name},
    ACTIVITY(TOKEN, "auto_executive", auto_executive),
    ACTIVITY(ID, "or_merge_flag", or_merge_flag),
    WF_FIELD(ANY, "num_votes_needed", struct activity, votes),
    ACTIVITY(ID, "ex_pre_rule_func", ex_pre_rule_func),
    ACTIVITY(ID, "ex_post_rule_func", ex_post_rule_func),
    ACTIVITY(BOOL, "inclusive", inclusive),
    ACTIVITY(BOOL, "terminate", terminate),
    ACTIVITY(ID, "completion_flag", completion_flag),
    ACTIVITY(ID, "closes", closes),
    ACTIVITY(DURATION, "check_every", check_every),
    WF_FIELD(OBJECT, "time_limits", struct activity, time_limits),
    WF_FIELD(OBJECT, "sub_process", struct activity, sub_process),
};
static const struct wf_fields activity_table = WF_FIELDS(activity_fields);

static const struct wf_field time_limits_fields[] = {
    WF_FIELD(OBJECT, "take", struct activity, take),
    WF_FIELD(OBJECT, "end", struct activity, end),
    WF_FIELD(INTEGER, "retries", struct activity, activity.retries),
};
static const struct wf_fields time_limits_table = WF_FIELDS(time_limits_fields);

static const struct wf_field sub_process_fields[] = {
    WF_FIELD_REQUIRED(ID, "process_id", struct wf_sub_process, process_id),
    WF_FIELD(ID, "engine", struct wf_sub_process, engine),
    {.name = "version", .kind = WF_FIELD_INTEGER, .offset = offsetof(struct wf_sub_process, version), .low = 1},
};
static const struct wf_fields sub_process_table = WF_FIELDS(sub_process_fields);

/* A number of votes, or "60%" of them. */
static void
read_votes(struct file *file, struct activity *activity, const struct wf_place *place)
{
    struct wf_slice votes = activity->votes;
    int64_t value = 0;
    char excerpt[WF_EXCERPT];

    if (wf_scan_kind(votes) == '0' && wf_scan_integer(votes, &value) && value >= 1 && value <= INT32_MAX) {
        activity->activity.votes_needed = (int32_t)value;
        return;
    }
    if (wf_scan_kind(votes) == '"' && votes.length >= 4 && votes.length <= 6 && votes.data[votes.length - 2] == '%' &&
        votes.data[1] >= '1' && votes.data[1] <= '9' && !memchr(votes.data, '.', votes.length) &&
        wf_scan_integer((struct wf_slice){votes.data + 1, votes.length - 3}, &value) && value <= 100) {
        activity->activity.votes_percent = (int32_t)value;
        return;
    }
    fault(file, place, "num_votes_needed", "invalid_value",
          "\"num_votes_needed\" must be a whole number from 1 or a percentage such as \"60%%\", not %s",
          wf_excerpt(votes.data, votes.length, excerpt));
}

static void
read_parts(struct file *file, struct activity *activity, const struct wf_place *place)
{
    struct wf_place limits = {.up = place, .member = "time_limits"}, sub = {.up = place, .member = "sub_process"};

    if (activity->votes.data)
        read_votes(file, activity, place);
    if (activity->time_limits.data)
        wf_fields_read(&file->reading, &time_limits_table, activity->time_limits, &limits, activity);
    read_limit(file, activity->take, &limits, "take", &activity->activity.take_limit);
    read_limit(file, activity->end, &limits, "end", &activity->activity.end_limit);
    if (activity->activity.retries && activity->type != WF_ACT_AUTOMATION && !file->reading.stored)
        fault(file, &limits, "retries", "limit_without_work", "%s", "only of an automation, whose jobs are announced again");
    if (activity->sub_process.data) {
        activity->activity.sub_process = WF_ARENA_NEW(&file->process->arena, struct wf_sub_process);
        wf_fields_read(&file->reading, &sub_process_table, activity->sub_process, &sub,
                       activity->activity.sub_process);
    }
}

static void
check_functions(struct file *file, const struct activity *activity, const struct wf_place *place)
{
    int rule = activity->rule_applied;

    if ((rule == WF_RULE_PRE || rule == WF_RULE_BOTH) && !activity->activity.ex_pre_rule_func)
        fault(file, place, NULL, "missing_member", "%s", "\"ex_pre_rule_func\" is missing: the pre rule's function");
    if ((rule == WF_RULE_POST || rule == WF_RULE_BOTH) && !activity->activity.ex_post_rule_func)
        fault(file, place, NULL, "missing_member", "%s", "\"ex_post_rule_func\" is missing: the post rule's function");
}

static void
read_activity(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct activity row = {.type = -1};

    wf_fields_read(&file->reading, &activity_table, object, place, &row);
    read_parts(file, &row, place);
    check_functions(file, &row, place);
    if (!row.activity.act_id)
        return;
    if (wf_process_activity(file->process, row.activity.act_id))
        fault(file, place, "act_id", "duplicate_activity", "there are two activities \"%s\"", row.activity.act_id);

    /* One of no known type stands in as a dummy, so that what names it is not wrong as well. */
    row.activity.type = row.type < 0 ? WF_ACT_DUMMY : (enum wf_act_type)row.type;
    row.activity.rule_applied = (enum wf_rule_applied)row.rule_applied;
    struct wf_activity *activity = wf_process_add_activity(file->process, row.activity.act_id, row.activity.type);
    row.activity.index = activity->index;
    *activity = row.activity;
    WF_ARENA_PUSH(&file->process->arena, file->at, file->at_count, file->at_capacity, place->index);
}

/* The opener that a merge names may come later in the file. */
static void
check_closes(struct file *file)
{
    struct wf_place activities = {.member = "activities"}, place = {.up = &activities};

    for (size_t i = 0; i < file->process->activity_count; i++) {
        place.index = file->at[i];
        check_activity(file, &place, "closes", file->process->activities[i]->closes);
    }
}

/* A routing rule as the file says it. */
struct routing {
    const char *from;
    struct wf_route route;
    struct wf_texts to;
};

static const struct wf_field routing_fields[] = {
    WF_FIELD_REQUIRED(ID, "from", struct routing, from),
    WF_FIELD(ID, "after", struct routing, route.after),
    WF_FIELD(ID, "flag", struct routing, route.flag),
    {.name = "to", .kind = WF_FIELD_IDS, .required = true, .offset = offsetof(struct routing, to), .low = 1},
    WF_FIELD(TEXT, "condition", struct routing, route.condition),
    WF_FIELD(BOOL, "default", struct routing, route.is_default),
};
static const struct wf_fields routing_table = WF_FIELDS(routing_fields);

static void
read_routing(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct routing row = {0};
    const char *reason;

    wf_fields_read(&file->reading, &routing_table, object, place, &row);
    check_activity(file, place, "from", row.from);
    check_activity(file, place, "after", row.route.after);
    check_activities(file, place, "to", &row.to);
    if (row.route.condition && !*row.route.condition)
        fault(file, place, "condition", "invalid_value", "%s", "the condition is empty");
    else if (row.route.condition && !wf_condition_check(&file->process->arena, row.route.condition, &reason))
        fault(file, place, "condition", "condition_syntax", "the condition is no expression: %s", reason);

    struct wf_activity *activity = row.from ? wf_process_activity(file->process, row.from) : NULL;
    if (!activity)
        return;
    row.route.next_ids = row.to.items;
    row.route.next_count = row.to.count;
    *wf_activity_add_route(file->process, activity) = row.route;
}

/* A pre rule as the file says it. */
struct pre_rule {
    const char *act;
    struct wf_pre_rule rule;
    struct wf_slice needs;
};

static const struct wf_field pre_rule_fields[] = {
    WF_FIELD_REQUIRED(ID, "act", struct pre_rule, act),
    WF_FIELD_REQUIRED(ID, "after", struct pre_rule, rule.after),
    WF_FIELD_REQUIRED(ARRAY, "needs", struct pre_rule, needs),
};
static const struct wf_fields pre_rule_table = WF_FIELDS(pre_rule_fields);

static const struct wf_field need_fields[] = {
    WF_FIELD_REQUIRED(ID, "act", struct wf_need, act_id),
    WF_FIELD(ID, "status", struct wf_need, status),
};
static const struct wf_fields need_table = WF_FIELDS(need_fields);

static void
read_needs(struct file *file, struct pre_rule *row, const struct wf_place *up)
{
    struct wf_place needs = {.up = up, .member = "needs"}, place = {.up = &needs};
    struct wf_slice rest = wf_scan_inside(row->needs), element;
    size_t capacity = 0;

    for (; wf_scan_element(&rest, &element); place.index++) {
        struct wf_need need = {0};
        if (!wf_fields_is_object(&file->reading, element, &place))
            continue;
        wf_fields_read(&file->reading, &need_table, element, &place, &need);
        check_activity(file, &place, "act", need.act_id);
        WF_ARENA_PUSH(&file->process->arena, row->rule.needs, row->rule.need_count, capacity, need);
    }
    if (!place.index)
        fault(file, &needs, NULL, "invalid_value", "%s", "\"needs\" must hold at least one activity, not none");
}

static void
read_pre_rule(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct pre_rule row = {0};

    wf_fields_read(&file->reading, &pre_rule_table, object, place, &row);
    check_activity(file, place, "act", row.act);
    check_activity(file, place, "after", row.rule.after);
    if (row.needs.data)
        read_needs(file, &row, place);

    struct wf_activity *activity = row.act ? wf_process_activity(file->process, row.act) : NULL;
    if (activity)
        *wf_activity_add_pre_rule(file->process, activity) = row.rule;
}

/* An assignment rule as the file says it. */
struct assignment {
    const char *act;
    int based_on, method, presence;
    const char *groups[WF_BASED_ON_COUNT]; /* by what they are based on */
    struct wf_texts not_by;
    const char *same_as;
};

static const struct wf_field assignment_fields[] = {
    WF_FIELD_REQUIRED(ID, "act", struct assignment, act),
    {.name = "based_on", .kind = WF_FIELD_NAME, .required = true, .offset = offsetof(struct assignment, based_on),
     .from_name = based_on_value, .name_of = based_on_name},
    WF_FIELD(ID, "department", struct assignment, groups[WF_BASED_ON_DEPARTMENT]),
    WF_FIELD(ID, "team", struct assignment, groups[WF_BASED_ON_TEAM]),
    WF_FIELD(ID, "role", struct assignment, groups[WF_BASED_ON_ROLE]),
    WF_FIELD(ID, "function", struct assignment, groups[WF_BASED_ON_USER_DEFINED]),
    {.name = "method", .kind = WF_FIELD_NAME, .required = true, .offset = offsetof(struct assignment, method),
     .from_name = method_value, .name_of = method_name},
    {.name = "presence", .kind = WF_FIELD_NAME, .offset = offsetof(struct assignment, presence),
     .from_name = presence_value, .name_of = presence_name},
    WF_FIELD(IDS, "not_by", struct assignment, not_by),
    WF_FIELD(ID, "same_as", struct assignment, same_as),
};
static const struct wf_fields assignment_table = WF_FIELDS(assignment_fields);

/* The group must be of the kind that based_on says, and no other be named. */
static void
check_group(struct file *file, const struct assignment *row, const struct wf_place *place)
{
    static const char *const members[] = {
        [WF_BASED_ON_DEPARTMENT] = "department",
        [WF_BASED_ON_TEAM] = "team",
        [WF_BASED_ON_ROLE] = "role",
        [WF_BASED_ON_USER_DEFINED] = "function",
    };

    if (row->based_on == WF_BASED_ON_NONE)
        return;
    if (!row->groups[row->based_on])
        fault(file, place, NULL, "missing_member", "\"%s\" is missing: the group of the rule", members[row->based_on]);
    for (int i = WF_BASED_ON_DEPARTMENT; i < WF_BASED_ON_COUNT; i++)
        if (i != row->based_on && row->groups[i])
            fault(file, place, members[i], "invalid_value", "the rule is not based on this: \"%s\"", row->groups[i]);
}

static void
read_assignment(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct assignment row = {.presence = WF_PRESENCE_PREFER};

    wf_fields_read(&file->reading, &assignment_table, object, place, &row);
    check_group(file, &row, place);
    check_activity(file, place, "act", row.act);
    check_activity(file, place, "same_as", row.same_as);
    check_activities(file, place, "not_by", &row.not_by);

    struct wf_activity *activity = row.act ? wf_process_activity(file->process, row.act) : NULL;
    if (!activity)
        return;
    if (activity->assignment.based_on != WF_BASED_ON_NONE) {
        fault(file, place, "act", "duplicate_rule", "\"%s\" has two assignment rules", row.act);
        return;
    }
    activity->assignment = (struct wf_assgn_rule){
        .based_on = (enum wf_based_on)row.based_on,
        .group = row.groups[row.based_on],
        .method = (enum wf_method)row.method,
        .presence = (enum wf_presence)row.presence,
        .not_by = row.not_by.items,
        .not_by_count = row.not_by.count,
        .same_as = row.same_as,
    };
}

/* The file's own members. */
struct whole {
    const char *process_id, *name, *description;
    struct wf_slice activities, routing, pre_rules, assignment, time_limit;
};

static const struct wf_field whole_fields[] = {
    WF_FIELD_REQUIRED(ID, "process_id", struct whole, process_id),
    WF_FIELD(TEXT, "name", struct whole, name),
    WF_FIELD(TEXT, "description", struct whole, description),
    WF_FIELD_REQUIRED(ARRAY, "activities", struct whole, activities),
    WF_FIELD_REQUIRED(ARRAY, "routing", struct whole, routing),
    WF_FIELD(ARRAY, "pre_rules", struct whole, pre_rules),
    WF_FIELD(ARRAY, "assignment", struct whole, assignment),
    WF_FIELD(OBJECT, "time_limit", struct whole, time_limit),
};
static const struct wf_fields whole_table = WF_FIELDS(whole_fields);

static const struct wf_field time_limit_fields[] = {
    WF_FIELD_REQUIRED(DURATION, "within", struct limit, limit.within),
    {.name = "then", .kind = WF_FIELD_NAME, .required = true, .offset = offsetof(struct limit, action),
     .from_name = instance_action_value, .name_of = limit_action_name},
};
static const struct wf_fields time_limit_table = WF_FIELDS(time_limit_fields);

static void
read_whole(struct file *file, struct wf_slice object)
{
    struct wf_place place = {.member = "time_limit"};
    struct whole whole = {0};
    struct limit limit = {0};

    wf_fields_read(&file->reading, &whole_table, object, NULL, &whole);
    file->process->process_id = whole.process_id;
    file->process->name = whole.name;
    file->process->description = whole.description;
    if (whole.time_limit.data) {
        wf_fields_read(&file->reading, &time_limit_table, whole.time_limit, &place, &limit);
        file->process->time_limit = limit.limit;
        file->process->time_limit.action = (enum wf_limit_action)limit.action;
    }
    each(file, "activities", whole.activities, read_activity);
    check_closes(file);
    each(file, "routing", whole.routing, read_routing);
    each(file, "pre_rules", whole.pre_rules, read_pre_rule);
    each(file, "assignment", whole.assignment, read_assignment);
}

static bool
is_of_names(const struct wf_fault *fault)
{
    return strcmp(fault->code, "unknown_activity") == 0 || strcmp(fault->code, "duplicate_activity") == 0 ||
           strcmp(fault->code, "duplicate_rule") == 0;
}

/* If only names are wrong so far, the rest can be judged too, so that all faults are listed at once. */
static void
add_faults_of_whole(struct wf_process *process, struct wf_faults *faults, size_t from)
{
    struct wf_faults found = {.arena = faults->arena};

    for (size_t i = from; i < faults->count; i++)
        if (!is_of_names(&faults->items[i]))
            return;
    if (wf_process_compile(process, &found))
        return;
    for (size_t i = 0; i < found.count; i++)
        if (strcmp(found.items[i].code, "unknown_activity") != 0 && /* listed already, with their places */
            strcmp(found.items[i].code, "duplicate_activity") != 0)
            WF_ARENA_PUSH(faults->arena, faults->items, faults->count, faults->capacity, found.items[i]);
}

static struct wf_process *
decode(const char *text, size_t length, bool stored, struct wf_faults *faults)
{
    struct wf_process *process = wf_process_new("");
    struct file file = {.process = process,
                        .reading = {.arena = &process->arena, .faults = faults, .stored = stored, .closed = true}};
    struct wf_error error;
    struct wf_slice value;
    size_t before = faults->count;

    if (!wf_scan_check(text, length, &process->arena, &value, &error))
        wf_fault_add(faults, "invalid_value", "", "%s", error.message);
    else if (wf_fields_is_object(&file.reading, value, NULL))
        read_whole(&file, value);
    if (faults->count == before) {
        process->document = wf_arena_strndup(&process->arena, value.data, value.length);
        process->content_hash = wf_definition_content_hash(value.data, value.length);
        return process;
    }
    add_faults_of_whole(process, faults, before);
    wf_process_drop(process);
    return NULL;
}

struct wf_process *
wf_definition_file_decode(const char *text, size_t length, struct wf_faults *faults)
{
    return decode(text, length, false, faults);
}

struct wf_process *
wf_definition_stored_decode(const char *text, size_t length, struct wf_faults *faults)
{
    return decode(text, length, true, faults);
}
