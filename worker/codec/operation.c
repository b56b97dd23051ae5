#include "codec/operation.h"

#define COMMAND(kind, name, member) WF_FIELD(kind, name, struct wf_data, decoded.command.member)
#define COMMAND_REQUIRED(kind, name, member) WF_FIELD_REQUIRED(kind, name, struct wf_data, decoded.command.member)
#define DATA(kind, name, member) WF_FIELD(kind, name, struct wf_data, member)
#define DATA_REQUIRED(kind, name, member) WF_FIELD_REQUIRED(kind, name, struct wf_data, member)

/* Entries that many tables share. */
#define REASON COMMAND(TEXT, "reason", reason)
#define ASKED_BY COMMAND(ID, "staff_id", staff_id), COMMAND(ID, "actor", actor), REASON
#define INSTANCE                                                                                   \
    {                                                                                              \
        .name = "instance_id", .kind = WF_FIELD_UUID,                                              \
        .offset = offsetof(struct wf_data, decoded.command.instance_id),                           \
        .given = offsetof(struct wf_data, decoded.command.has_instance_id)                         \
    }
#define INSTANCE_REQUIRED                                                                          \
    {                                                                                              \
        .name = "instance_id", .kind = WF_FIELD_UUID, .required = true,                            \
        .offset = offsetof(struct wf_data, decoded.command.instance_id),                           \
        .given = offsetof(struct wf_data, decoded.command.has_instance_id)                         \
    }
#define COUNT(name_, member_, low_)                                                                \
    {                                                                                              \
        .name = (name_), .kind = WF_FIELD_INTEGER, .offset = offsetof(struct wf_data, member_), .low = (low_) \
    }
#define ATTEMPT COUNT("attempt", decoded.command.attempt, 1)
#define TASK_REQUIRED DATA_REQUIRED(TASK, "task_id", task)
#define OF(name_, member_, table_)                                                                 \
    {                                                                                              \
        .name = (name_), .kind = WF_FIELD_JSON, .offset = offsetof(struct wf_data, member_), .of = &(table_) \
    }

static const struct wf_rule asked_by[] = {{WF_RULE_ANY_OF, {"staff_id", "actor"}}, {0}};

/* Objects within the data; read no further than to see that they are right. */
static const struct wf_field requester_fields[] = {
    {.name = "engine", .kind = WF_FIELD_ID, .required = true},
    {.name = "instance_id", .kind = WF_FIELD_ID},
    {.name = "task_id", .kind = WF_FIELD_ID},
};
static const struct wf_fields requester = WF_FIELDS(requester_fields);

static bool
instance_state_value(const char *name, int *ret_value)
{
    enum wf_instance_state state;

    if (!wf_instance_state_from_name(name, &state))
        return false;
    *ret_value = (int)state;
    return true;
}

static bool
any_state_value(const char *name, int *ret_value)
{
    enum wf_task_state state;

    if (!wf_task_state_from_name(name, &state))
        return instance_state_value(name, ret_value);
    *ret_value = (int)state;
    return true;
}

static bool
event_kind_value(const char *name, int *ret_value)
{
    *ret_value = strcmp(name, "task") == 0;
    return *ret_value || strcmp(name, "instance") == 0;
}

/* Objects of notify: the members stand beside those of the command. */
static const struct wf_field remote_fields[] = {
    COMMAND_REQUIRED(ID, "engine", remote_engine),
    COMMAND_REQUIRED(ID, "instance_id", remote_instance_id),
    {.name = "state", .kind = WF_FIELD_NAME, .required = true, .from_name = instance_state_value,
     .offset = offsetof(struct wf_data, remote_state)},
};
const struct wf_fields wf_operation_remote = WF_FIELDS(remote_fields);

static const struct wf_field incident_fields[] = {
    COMMAND_REQUIRED(ID, "id", incident_id),
    COMMAND_REQUIRED(ID, "code", remote_code),
    COMMAND(TEXT, "detail", remote_detail),
};
const struct wf_fields wf_operation_incident = WF_FIELDS(incident_fields);

static const struct wf_field filter_fields[] = {
    {.name = "events", .kind = WF_FIELD_NAMES, .low = 1, .from_name = event_kind_value},
    {.name = "acts", .kind = WF_FIELD_IDS, .low = 1},
    {.name = "states", .kind = WF_FIELD_NAMES, .low = 1, .from_name = any_state_value},
};
static const struct wf_fields filter = WF_FIELDS(filter_fields);

/* The commands on topics of their own. */
static const struct wf_field init_instance[] = {
    COMMAND_REQUIRED(ID, "process_id", process_id), COUNT("version", decoded.command.version, 1), INSTANCE,
    COMMAND(ID, "entity_id", entity_id), COMMAND(ID, "staff_id", staff_id),
    COMMAND(ID, "completion_flag", completion_flag), COMMAND(JSON, "variables", variables),
    OF("requester", decoded.command.requester, requester), COUNT("hops", decoded.command.hops, 0),
    COMMAND(TOPIC, "notifyto", notifyto),
};

static const struct wf_field get_task[] = {
    DATA(TASK, "task_id", task), COMMAND(ID, "staff_id", staff_id), COMMAND(ID, "executor_id", executor_id),
    COMMAND(ID, "grantor_id", grantor_id), COMMAND(ID, "process_id", process_id), COMMAND(ID, "act_id", act_id), ATTEMPT,
};
static const struct wf_rule get_task_rules[] = {{WF_RULE_ONE_OF, {"staff_id", "executor_id"}},
                                                {WF_RULE_WITH, {"executor_id", "task_id"}},
                                                {WF_RULE_WITH, {"attempt", "executor_id"}},
                                                {0}};

static const struct wf_field end_task[] = {
    TASK_REQUIRED, COMMAND(ID, "staff_id", staff_id), COMMAND(ID, "executor_id", executor_id),
    COMMAND(ID, "completion_flag", completion_flag), COMMAND(ID, "entity_id", entity_id),
    COMMAND(JSON, "variables", variables), ATTEMPT,
};
static const struct wf_rule end_task_rules[] = {
    {WF_RULE_ONE_OF, {"staff_id", "executor_id"}}, {WF_RULE_WITH, {"attempt", "executor_id"}}, {0}};

/* control: tasks */
static const struct wf_field hold_task[] = {
    TASK_REQUIRED, INSTANCE, COMMAND_REQUIRED(ID, "staff_id", staff_id), REASON};
static const struct wf_field release_task[] = {
    TASK_REQUIRED, INSTANCE, COMMAND(ID, "executor_id", executor_id), ASKED_BY};
static const struct wf_field reassign_task[] = {
    TASK_REQUIRED, INSTANCE, COMMAND(ID, "to_staff_id", to_staff_id), DATA(OBJECT, "to", to), ASKED_BY,
};
static const struct wf_rule reassign_rules[] = {
    {WF_RULE_ANY_OF, {"staff_id", "actor"}}, {WF_RULE_NOT_BOTH, {"to_staff_id", "to"}}, {0}};
static const struct wf_field extend_task[] = {
    TASK_REQUIRED, INSTANCE, COMMAND(ID, "executor_id", executor_id), COMMAND(DURATION, "within", within),
    ATTEMPT, ASKED_BY,
};
static const struct wf_rule held_by[] = {{WF_RULE_ANY_OF, {"executor_id", "staff_id", "actor"}}, {0}};
static const struct wf_rule extend_rules[] = {
    {WF_RULE_ANY_OF, {"executor_id", "staff_id", "actor"}}, {WF_RULE_WITH, {"attempt", "executor_id"}}, {0}};
static const struct wf_field fail_task[] = {
    TASK_REQUIRED, INSTANCE, COMMAND_REQUIRED(ID, "executor_id", executor_id), COMMAND(ID, "code", failure_code),
    COMMAND(TEXT, "detail", failure_detail), ATTEMPT, REASON,
};

/* control: instances */
static const struct wf_field set_entity[] = {
    INSTANCE_REQUIRED, COMMAND_REQUIRED(ID, "entity_id", entity_id), ASKED_BY};
static const struct wf_field set_variables[] = {
    INSTANCE_REQUIRED, COMMAND_REQUIRED(JSON, "variables", variables), ASKED_BY};
static const struct wf_field change_instance[] = {
    INSTANCE_REQUIRED, COMMAND(BOOL, "include_sub_processes", include_sub_processes), ASKED_BY};
static const struct wf_field modify_instance[] = {
    INSTANCE_REQUIRED, COMMAND(ID, "start", start_act_id), DATA(TASK, "withdraw", withdraw),
    COMMAND(TRUE, "check", check), ASKED_BY,
};
static const struct wf_rule modify_rules[] = {
    {WF_RULE_ANY_OF, {"start", "withdraw", "check"}}, {WF_RULE_ANY_OF, {"staff_id", "actor"}}, {0}};
static const struct wf_field show_instance[] = {INSTANCE_REQUIRED, ASKED_BY};
static const struct wf_field retry_incident[] = {
    INSTANCE_REQUIRED, COMMAND_REQUIRED(ID, "incident_id", incident_id), ASKED_BY};

/* control: interaction */
static const struct wf_field subscription[] = {
    INSTANCE_REQUIRED, COMMAND_REQUIRED(TOPIC, "notifyto", notifyto), OF("filter", decoded.command.filter, filter),
    OF("requester", decoded.command.requester, requester), ASKED_BY,
};
static const struct wf_rule subscription_rules[] = {{WF_RULE_ANY_OF, {"requester", "staff_id", "actor"}}, {0}};
static const struct wf_field notify[] = {
    INSTANCE, DATA(TASK, "task_id", task), DATA_REQUIRED(OBJECT, "remote", remote),
    COMMAND(ID, "completion_flag", completion_flag), COUNT("position", decoded.command.remote_position, 1),
    DATA(OBJECT, "incident", incident), COMMAND(ID, "actor", actor), REASON,
};
static const struct wf_rule notify_rules[] = {{WF_RULE_ANY_OF, {"instance_id", "task_id"}}, {0}};

/* admin */
static const struct wf_field deploy_process[] = {DATA_REQUIRED(OBJECT, "definition", definition), ASKED_BY};
static const struct wf_field load_institution[] = {
    DATA_REQUIRED(OBJECT, "institution", institution), DATA(ID, "load_id", decoded.load_id),
    COUNT("part", decoded.part, 1), COUNT("parts", decoded.parts, 1), ASKED_BY,
};
static const struct wf_rule load_rules[] = {
    {WF_RULE_WITH, {"load_id", "part", "parts"}},
    {WF_RULE_WITH, {"part", "load_id", "parts"}},
    {WF_RULE_WITH, {"parts", "load_id", "part"}},
    {0}};
static const struct wf_field set_presence[] = {
    COMMAND_REQUIRED(ID, "staff_id", staff_id),
    {.name = "logging_on", .kind = WF_FIELD_BOOL, .offset = offsetof(struct wf_data, logging_on),
     .given = offsetof(struct wf_data, has_logging_on)},
    {.name = "on_leave", .kind = WF_FIELD_BOOL, .offset = offsetof(struct wf_data, on_leave),
     .given = offsetof(struct wf_data, has_on_leave)},
    COMMAND(ID, "actor", actor), REASON,
};
static const struct wf_rule presence_rules[] = {{WF_RULE_ANY_OF, {"logging_on", "on_leave"}}, {0}};
static const struct wf_field authorize[] = {
    COMMAND_REQUIRED(ID, "grantor_id", grantor_id), DATA_REQUIRED(ID, "grantee_id", grantee_id),
    COMMAND(ID, "process_id", process_id), COMMAND(ID, "act_id", act_id), DATA(TIME, "valid_from", valid_from),
    DATA(TIME, "valid_to", valid_to), ASKED_BY,
};
static const struct wf_field revoke[] = {
    COMMAND_REQUIRED(ID, "grantor_id", grantor_id), DATA_REQUIRED(ID, "grantee_id", grantee_id),
    COMMAND(ID, "process_id", process_id), COMMAND(ID, "act_id", act_id), ASKED_BY,
};

static const struct wf_operation_table tables[] = {
    [WF_OP_INIT_INSTANCE] = {WF_FIELDS(init_instance), NULL},
    [WF_OP_GET_TASK] = {WF_FIELDS(get_task), get_task_rules},
    [WF_OP_END_TASK] = {WF_FIELDS(end_task), end_task_rules},
    [WF_OP_HANG_TASK] = {WF_FIELDS(hold_task), NULL},
    [WF_OP_RESET_TASK] = {WF_FIELDS(hold_task), NULL},
    [WF_OP_RELEASE_TASK] = {WF_FIELDS(release_task), held_by},
    [WF_OP_REASSIGN_TASK] = {WF_FIELDS(reassign_task), reassign_rules},
    [WF_OP_EXTEND_TASK] = {WF_FIELDS(extend_task), extend_rules},
    [WF_OP_FAIL_TASK] = {WF_FIELDS(fail_task), NULL},
    [WF_OP_SET_ENTITY] = {WF_FIELDS(set_entity), asked_by},
    [WF_OP_SET_VARIABLES] = {WF_FIELDS(set_variables), asked_by},
    [WF_OP_SUSPEND_INSTANCE] = {WF_FIELDS(change_instance), asked_by},
    [WF_OP_RESUME_INSTANCE] = {WF_FIELDS(change_instance), asked_by},
    [WF_OP_CANCEL_INSTANCE] = {WF_FIELDS(change_instance), asked_by},
    [WF_OP_MODIFY_INSTANCE] = {WF_FIELDS(modify_instance), modify_rules},
    [WF_OP_SHOW_INSTANCE] = {WF_FIELDS(show_instance), NULL},
    [WF_OP_RETRY_INCIDENT] = {WF_FIELDS(retry_incident), asked_by},
    [WF_OP_SUBSCRIBE] = {WF_FIELDS(subscription), subscription_rules},
    [WF_OP_UNSUBSCRIBE] = {WF_FIELDS(subscription), subscription_rules},
    [WF_OP_NOTIFY] = {WF_FIELDS(notify), notify_rules},
    [WF_OP_DEPLOY_PROCESS] = {WF_FIELDS(deploy_process), NULL},
    [WF_OP_LOAD_INSTITUTION] = {WF_FIELDS(load_institution), load_rules},
    [WF_OP_SET_PRESENCE] = {WF_FIELDS(set_presence), presence_rules},
    [WF_OP_AUTHORIZE] = {WF_FIELDS(authorize), NULL},
    [WF_OP_REVOKE] = {WF_FIELDS(revoke), NULL},
};
_Static_assert(sizeof tables / sizeof *tables == WF_OP_FIRE_TIMER, "every operation of clients has a table");

const struct wf_operation_table *
wf_operation_table(enum wf_operation operation)
{
    return &tables[operation];
}

enum wf_topic
wf_operation_topic(enum wf_operation operation)
{
    static const enum wf_topic topics[] = {
#define X(name, text, topic) WF_TOPIC_COMMAND_##topic,
        WF_OPERATION_MAP(X)
#undef X
    };
    return topics[operation];
}

static bool
was_found(const struct wf_operation_table *table, uint32_t found, const char *name)
{
    for (size_t i = 0; i < table->fields.count; i++)
        if (strcmp(table->fields.items[i].name, name) == 0)
            return found >> i & 1;
    return false;
}

static void
check_rule(const struct wf_operation_table *table, const struct wf_rule *rule, const struct wf_reading *reading,
           uint32_t found)
{
    const char *const *names = rule->names;
    size_t count = 0, there = 0;
    bool first = was_found(table, found, names[0]);

    for (; count < 4 && names[count]; count++)
        there += was_found(table, found, names[count]);
    if ((rule->kind == WF_RULE_ANY_OF || rule->kind == WF_RULE_ONE_OF) && !there)
        wf_reading_fault(reading, NULL, "missing_member", "one of \"%s\", \"%s\"%s%s%s is missing", names[0], names[1],
                         count > 2 ? ", \"" : "", count > 2 ? names[2] : "", count > 2 ? "\"" : "");
    if ((rule->kind == WF_RULE_NOT_BOTH || rule->kind == WF_RULE_ONE_OF) && there > 1)
        wf_reading_fault(reading, NULL, "invalid_value", "\"%s\" and \"%s\" cannot stand together", names[0], names[1]);
    if (rule->kind == WF_RULE_WITH && first && there < count)
        wf_reading_fault(reading, NULL, "missing_member", "\"%s\" needs \"%s\"%s%s%s", names[0], names[1],
                         count > 2 ? " and \"" : "", count > 2 ? names[2] : "", count > 2 ? "\"" : "");
}

void
wf_operation_check(const struct wf_operation_table *table, const struct wf_reading *reading, uint32_t found)
{
    for (const struct wf_rule *rule = table->rules; rule && rule->kind != WF_RULE_END; rule++)
        check_rule(table, rule, reading, found);
}
