/*
 * model.h - the vocabulary of the control model: kinds, states and codes, each in one table.
 *
 * Every table makes an enum, the names that stand in files, messages and tables, and
 * functions `wf_<noun>_name` and `wf_<noun>_from_name`.
 */
#ifndef WF_MODEL_H
#define WF_MODEL_H

#include <stdbool.h>

/* Activity types (control-model section 2): NAME, text, whether it synchronises, whether somebody works. */
#define WF_ACT_TYPE_MAP(X)                         \
    X(INITIAL, "initial", false, false)            \
    X(INTERACTION, "interaction", false, true)     \
    X(AUTOMATION, "automation", false, true)       \
    X(AND_BRANCH, "and_branch", false, false)      \
    X(AND_MERGE, "and_merge", true, false)         \
    X(OR_MERGE, "or_merge", true, false)           \
    X(VOTE_MERGE, "vote_merge", true, false)       \
    X(DUMMY, "dummy", false, false)                \
    X(COMPLETION, "completion", false, false)

/* Task states (section 3).  The last three are those of have_done_tasks.how. */
#define WF_TASK_STATE_MAP(X)       \
    X(PENDING, "pending")          \
    X(WAITING, "waiting")          \
    X(PROCESSING, "processing")    \
    X(PAUSING, "pausing")          \
    X(ENDED, "ended")              \
    X(WITHDRAWN, "withdrawn")      \
    X(ABSORBED, "absorbed")

/* Instance states (TSK-5). */
#define WF_INSTANCE_STATE_MAP(X)   \
    X(RUNNING, "running")          \
    X(STALLED, "stalled")          \
    X(SUSPENDED, "suspended")      \
    X(CANCELLED, "cancelled")      \
    X(COMPLETED, "completed")

/* rule_applied (FWD-4). */
#define WF_RULE_APPLIED_MAP(X)                                        \
    X(DEFAULT, "default")                                             \
    X(PRE, "user_defined_pre_rule")                                   \
    X(POST, "user_defined_post_routing_rule")                         \
    X(BOTH, "user_defined_both_rule")

/* based_on (ASG-1); NONE: an activity without an assignment rule. */
#define WF_BASED_ON_MAP(X)             \
    X(NONE, "none")                    \
    X(DEPARTMENT, "dept_based")        \
    X(TEAM, "team_based")              \
    X(ROLE, "role_based")              \
    X(USER_DEFINED, "user_defined")

/* Assignment methods (ASG-3 to ASG-6). */
#define WF_METHOD_MAP(X)                          \
    X(FCFA, "fcfa")                               \
    X(PRIORITY, "priority")                       \
    X(ROUND_ROBIN, "round_robin")                 \
    X(LEAST_WORKING_LIST, "least_working_list")   \
    X(ALL, "all")

/* presence (ASG-2). */
#define WF_PRESENCE_MAP(X) \
    X(PREFER, "prefer")    \
    X(IGNORE, "ignore")    \
    X(REQUIRE, "require")

/* What a passed time limit does (STA-3). */
#define WF_LIMIT_ACTION_MAP(X)  \
    X(REMIND, "remind")         \
    X(RELEASE, "release")       \
    X(REASSIGN, "reassign")     \
    X(ESCALATE, "escalate")     \
    X(END, "end")               \
    X(CANCEL, "cancel")

/* Commands by the topic they come on, and what `operation` of control and admin may say. */
#define WF_OPERATION_MAP(X)                            \
    X(INIT_INSTANCE, "init-instance", INIT)            \
    X(GET_TASK, "get-task", GET)                       \
    X(END_TASK, "end-task", END)                       \
    X(HANG_TASK, "hang-task", CONTROL)                 \
    X(RESET_TASK, "reset-task", CONTROL)               \
    X(RELEASE_TASK, "release-task", CONTROL)           \
    X(REASSIGN_TASK, "reassign-task", CONTROL)         \
    X(EXTEND_TASK, "extend-task", CONTROL)             \
    X(FAIL_TASK, "fail-task", CONTROL)                 \
    X(SET_ENTITY, "set-entity", CONTROL)               \
    X(SET_VARIABLES, "set-variables", CONTROL)         \
    X(SUSPEND_INSTANCE, "suspend-instance", CONTROL)   \
    X(RESUME_INSTANCE, "resume-instance", CONTROL)     \
    X(CANCEL_INSTANCE, "cancel-instance", CONTROL)     \
    X(MODIFY_INSTANCE, "modify-instance", CONTROL)     \
    X(SHOW_INSTANCE, "show-instance", CONTROL)         \
    X(RETRY_INCIDENT, "retry-incident", CONTROL)       \
    X(SUBSCRIBE, "subscribe", CONTROL)                 \
    X(UNSUBSCRIBE, "unsubscribe", CONTROL)             \
    X(NOTIFY, "notify", CONTROL)                       \
    X(DEPLOY_PROCESS, "deploy-process", ADMIN)         \
    X(LOAD_INSTITUTION, "load-institution", ADMIN)     \
    X(SET_PRESENCE, "set-presence", ADMIN)             \
    X(AUTHORIZE, "authorize", ADMIN)                   \
    X(REVOKE, "revoke", ADMIN)

/* The engine's own commands: the owner of a partition adds them to its batch; no client can send them. */
#define WF_ENGINE_OPERATION_MAP(X)                     \
    X(FIRE_TIMER, "fire-timer", ENGINE)                \
    X(ASSIGN_TASK, "assign-task", ENGINE)

/* What falls due (STA-2, STA-3, FWD-7).  A task has at most one of them at a time. */
#define WF_TIMER_MAP(X)                                                               \
    X(NONE, "none")                                                                   \
    X(TAKE, "take")         /* a waiting task is to be taken                       */ \
    X(END, "end")           /* a task in hand is to be ended                       */ \
    X(CHECK, "check")       /* a pending task is to be checked again               */ \
    X(RETRY, "retry")       /* a failed job is to be announced again               */ \
    X(INSTANCE, "instance") /* an instance is to be completed                      */

/* Why a command was rejected: the closed list of messages.md. */
#define WF_CODE_MAP(X)                             \
    X(NONE, "none")                                \
    X(UNKNOWN_PROCESS, "unknown_process")          \
    X(UNKNOWN_INSTANCE, "unknown_instance")        \
    X(UNKNOWN_TASK, "unknown_task")                \
    X(UNKNOWN_STAFF, "unknown_staff")              \
    X(UNKNOWN_GROUP, "unknown_group")              \
    X(UNKNOWN_ACTIVITY, "unknown_activity")        \
    X(UNKNOWN_INCIDENT, "unknown_incident")        \
    X(UNKNOWN_OPERATION, "unknown_operation")      \
    X(WRONG_STATE, "wrong_state")                  \
    X(NOT_ENTITLED, "not_entitled")                \
    X(ON_LEAVE, "on_leave")                        \
    X(CONSTRAINT, "constraint")                    \
    X(TASK_TAKEN, "task_taken")                    \
    X(NO_TASK_AVAILABLE, "no_task_available")      \
    X(NO_ROUTE, "no_route")                        \
    X(INSTANCE_EXISTS, "instance_exists")          \
    X(INSTANCE_ENDED, "instance_ended")            \
    X(INSTANCE_SUSPENDED, "instance_suspended")    \
    X(ID_REUSED, "id_reused")                      \
    X(INVALID_COMMAND, "invalid_command")          \
    X(TOO_LARGE, "too_large")                      \
    X(LIMIT_EXCEEDED, "limit_exceeded")            \
    X(RULE_FAILED, "rule_failed")                  \
    X(CONDITION_FAILED, "condition_failed")        \
    X(DEFINITION_INVALID, "definition_invalid")    \
    X(INSTITUTION_INVALID, "institution_invalid")

/* What a command became. */
#define WF_RESULT_MAP(X)         \
    X(APPLIED, "applied")        \
    X(DUPLICATE, "duplicate")    \
    X(REJECTED, "rejected")

enum wf_act_type {
#define X(name, text, merges, works) WF_ACT_##name,
    WF_ACT_TYPE_MAP(X)
#undef X
    WF_ACT_TYPE_COUNT
};

enum wf_task_state {
#define X(name, text) WF_TASK_##name,
    WF_TASK_STATE_MAP(X)
#undef X
    WF_TASK_STATE_COUNT
};

enum wf_instance_state {
#define X(name, text) WF_INSTANCE_##name,
    WF_INSTANCE_STATE_MAP(X)
#undef X
    WF_INSTANCE_STATE_COUNT
};

enum wf_rule_applied {
#define X(name, text) WF_RULE_##name,
    WF_RULE_APPLIED_MAP(X)
#undef X
    WF_RULE_APPLIED_COUNT
};

enum wf_based_on {
#define X(name, text) WF_BASED_ON_##name,
    WF_BASED_ON_MAP(X)
#undef X
    WF_BASED_ON_COUNT
};

enum wf_method {
#define X(name, text) WF_METHOD_##name,
    WF_METHOD_MAP(X)
#undef X
    WF_METHOD_COUNT
};

enum wf_presence {
#define X(name, text) WF_PRESENCE_##name,
    WF_PRESENCE_MAP(X)
#undef X
    WF_PRESENCE_COUNT
};

enum wf_limit_action {
#define X(name, text) WF_LIMIT_##name,
    WF_LIMIT_ACTION_MAP(X)
#undef X
    WF_LIMIT_ACTION_COUNT
};

enum wf_operation {
#define X(name, text, topic) WF_OP_##name,
    WF_OPERATION_MAP(X)
    WF_ENGINE_OPERATION_MAP(X)
#undef X
    WF_OPERATION_COUNT
};

enum wf_timer {
#define X(name, text) WF_TIMER_##name,
    WF_TIMER_MAP(X)
#undef X
    WF_TIMER_COUNT
};

enum wf_code {
#define X(name, text) WF_CODE_##name,
    WF_CODE_MAP(X)
#undef X
    WF_CODE_COUNT
};

enum wf_result {
#define X(name, text) WF_RESULT_##name,
    WF_RESULT_MAP(X)
#undef X
    WF_RESULT_COUNT
};

/* The name of a value, and the value of a name (false if no value has it). */
#define WF_MODEL_NAMES(noun)                             \
    const char *wf_##noun##_name(enum wf_##noun value);  \
    bool wf_##noun##_from_name(const char *name, enum wf_##noun *ret_value)
WF_MODEL_NAMES(act_type);
WF_MODEL_NAMES(task_state);
WF_MODEL_NAMES(instance_state);
WF_MODEL_NAMES(rule_applied);
WF_MODEL_NAMES(based_on);
WF_MODEL_NAMES(method);
WF_MODEL_NAMES(presence);
WF_MODEL_NAMES(limit_action);
WF_MODEL_NAMES(operation);
WF_MODEL_NAMES(timer);
WF_MODEL_NAMES(code);
WF_MODEL_NAMES(result);
#undef WF_MODEL_NAMES

/* Whether a type synchronises (and_merge, or_merge, vote_merge), and whether somebody works on it. */
bool wf_act_type_merges(enum wf_act_type type);
bool wf_act_type_works(enum wf_act_type type);

/* Whether an operation is one of the engine's own. */
static inline bool
wf_operation_own(enum wf_operation operation)
{
    return operation >= WF_OP_FIRE_TIMER;
}

/* Whether a task in this state is in to_do_task_list. */
static inline bool
wf_task_state_open(enum wf_task_state state)
{
    return state <= WF_TASK_PAUSING;
}

/* Whether an instance in this state takes no more commands (TSK-5). */
static inline bool
wf_instance_state_over(enum wf_instance_state state)
{
    return state == WF_INSTANCE_COMPLETED || state == WF_INSTANCE_CANCELLED;
}

#endif
