/*
 * question.h - what the core must know from outside while it applies a command.
 *
 * The core asks with wf_unit_ask().  While the answer is not known, the command is undone
 * without a trace and the question stands in unit->questions; the shell has the questions
 * of many commands answered at once, by wf_question_answered(), and dispatches the commands
 * again.  The same question asked twice in a unit is one question, with one answer.
 */
#ifndef WF_QUESTION_H
#define WF_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

enum { WF_ASKS_MAX = 1000 }; /* how often one command may be put off for want of an answer */

/* NAME, text, whether it is a user-defined function that answers. */
#define WF_QUESTION_KIND_MAP(X)                                                     \
    X(LOADS, "loads", false)         /* the open tasks of a person (ASG-4)       */ \
    X(TOKEN, "token", false)         /* who was the last one of a role (ASG-6)   */ \
    X(MAY_START, "pre rule", true)   /* whether a task may start (FWD-4)         */ \
    X(NEXT, "post rule", true)       /* which activities follow (FWD-4)          */ \
    X(STAFF, "group", true)          /* who may do a task (ASG-1)                */ \
    X(FUNCTION, "function", false)   /* whether there is one for a kind of rule  */

enum wf_question_kind {
#define X(name, text, rule) WF_QUESTION_##name,
    WF_QUESTION_KIND_MAP(X)
#undef X
    WF_QUESTION_KIND_COUNT
};

/* Which members count depends on the kind; the texts live as long as the unit. */
struct wf_answer {
    const char *error; /* why the function failed, or (FUNCTION) why it is none; NULL: it did not */
    bool holds;        /* MAY_START */
    const char **ids;  /* NEXT: activities; STAFF: people */
    size_t id_count;
};

struct wf_question {
    enum wf_question_kind kind;
    const char *subject; /* the function, the role or the person */
    enum wf_question_kind rule; /* FUNCTION: what the function is to answer */

    /* What a function is called with; NULL, 0: absent.  They live as long as the unit. */
    struct wf_uuid instance_id;
    const char *process_id;
    int32_t version;
    int32_t task_n;
    int32_t arrivals; /* that the task has gathered */
    const char *act_id, *pre_act_id, *completion_flag, *entity_id, *variables;

    bool answered;
    struct wf_answer answer;
};

const char *wf_question_kind_name(enum wf_question_kind kind);

/* Whether a user-defined function answers this kind. */
bool wf_question_kind_is_rule(enum wf_question_kind kind);

/* A hash of all that is asked: the same for the same question. */
struct wf_uuid wf_question_key(const struct wf_question *question);

/* Sets what the answer is; its texts must live as long as the unit. */
void wf_question_answered(struct wf_question *question, const struct wf_answer *answer);

#endif
