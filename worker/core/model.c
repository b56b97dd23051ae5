#include "core/model.h"

#include <string.h>

static bool
find(const char *const *names, int count, const char *name, int *ret_value)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_value = i;
            return true;
        }
    return false;
}

/* Defines wf_<noun>_name() and wf_<noun>_from_name() over a table of names. */
#define NAMES(noun, COUNT)                                                    \
    const char *wf_##noun##_name(enum wf_##noun value)                        \
    {                                                                         \
        return value < (COUNT) ? noun##_names[value] : "unknown";             \
    }                                                                         \
    bool wf_##noun##_from_name(const char *name, enum wf_##noun *ret_value)   \
    {                                                                         \
        int value;                                                            \
        if (!find(noun##_names, (COUNT), name, &value))                       \
            return false;                                                     \
        *ret_value = (enum wf_##noun)value;                                   \
        return true;                                                          \
    }

#define X(name, text, ...) text,
static const char *const act_type_names[] = {WF_ACT_TYPE_MAP(X)};
static const char *const task_state_names[] = {WF_TASK_STATE_MAP(X)};
static const char *const instance_state_names[] = {WF_INSTANCE_STATE_MAP(X)};
static const char *const rule_applied_names[] = {WF_RULE_APPLIED_MAP(X)};
static const char *const based_on_names[] = {WF_BASED_ON_MAP(X)};
static const char *const method_names[] = {WF_METHOD_MAP(X)};
static const char *const presence_names[] = {WF_PRESENCE_MAP(X)};
static const char *const limit_action_names[] = {WF_LIMIT_ACTION_MAP(X)};
static const char *const operation_names[] = {WF_OPERATION_MAP(X) WF_ENGINE_OPERATION_MAP(X)};
static const char *const timer_names[] = {WF_TIMER_MAP(X)};
static const char *const code_names[] = {WF_CODE_MAP(X)};
static const char *const result_names[] = {WF_RESULT_MAP(X)};
#undef X

NAMES(act_type, WF_ACT_TYPE_COUNT)
NAMES(task_state, WF_TASK_STATE_COUNT)
NAMES(instance_state, WF_INSTANCE_STATE_COUNT)
NAMES(rule_applied, WF_RULE_APPLIED_COUNT)
NAMES(based_on, WF_BASED_ON_COUNT)
NAMES(method, WF_METHOD_COUNT)
NAMES(presence, WF_PRESENCE_COUNT)
NAMES(limit_action, WF_LIMIT_ACTION_COUNT)
NAMES(operation, WF_OPERATION_COUNT)
NAMES(timer, WF_TIMER_COUNT)
NAMES(code, WF_CODE_COUNT)
NAMES(result, WF_RESULT_COUNT)

static const struct {
    bool merges, works;
} act_types[] = {
#define X(name, text, merges, works) {merges, works},
    WF_ACT_TYPE_MAP(X)
#undef X
};

bool
wf_act_type_merges(enum wf_act_type type)
{
    return act_types[type].merges;
}

bool
wf_act_type_works(enum wf_act_type type)
{
    return act_types[type].works;
}
