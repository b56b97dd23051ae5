/*
 * definition.h - one version of a process: activities, routing, dependencies, assignment.
 *
 * A definition is made by the decoder (codec/definition_file.h) or loaded by the store, then
 * compiled by wf_process_compile(), which checks it and finds what the rules of sections 4
 * to 6 need to know of its graph.  After that it never changes and may be shared.
 * All of it lives in its own arena and goes with wf_process_drop().
 */
#ifndef WF_DEFINITION_H
#define WF_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/uuid.h"
#include "core/model.h"

enum { WF_ID_MAX = 200 }; /* bytes of any id but an instance's */

/* Whether a text may be an id: UTF-8, 1 to 200 bytes, no control characters. */
bool wf_id_valid(const char *text);

/* How many bytes of a UTF-8 text make at most `max`, not ending within a character. */
size_t wf_text_cut(const char *text, size_t max);

struct wf_time_limit {
    int64_t within; /* microseconds; 0: no limit */
    enum wf_limit_action action;
    enum wf_based_on to_based_on; /* escalate to this group */
    const char *to;
    const char *flag; /* end with this flag */
};

struct wf_sub_process {
    const char *process_id;
    const char *engine;  /* topic prefix; NULL: this engine */
    int32_t version;     /* 0: the latest */
};

/* Who may do an interaction (ASG-1 to ASG-10). */
struct wf_assgn_rule {
    enum wf_based_on based_on; /* NONE: no rule */
    const char *group;         /* department, team or role id, or the function's name */
    enum wf_method method;
    enum wf_presence presence;
    const char **not_by; /* act_ids */
    size_t not_by_count;
    const char *same_as; /* act_id or NULL */

    /* Found by wf_process_compile(). */
    struct wf_activity **barring; /* of not_by */
    struct wf_activity *same;     /* of same_as */
};

/* One row of the routing rules of an activity (FWD-1), in the order of the definition. */
struct wf_route {
    const char *after; /* pre_act_id; NULL: any */
    const char *flag;  /* completion_flag; NULL: any */
    const char *condition;
    bool is_default;
    struct wf_activity **next;
    const char **next_ids; /* as the definition names them; next[i] is NULL until compiled */
    size_t next_count;
};

struct wf_need {
    const char *act_id; /* depnt_act_id */
    const char *status; /* depnt_act_status; NULL: any */
    struct wf_activity *activity;
};

/* The pre rule for one pre_act_id (DEP-2). */
struct wf_pre_rule {
    const char *after;
    struct wf_need *needs;
    size_t need_count;
};

struct wf_activity {
    const char *act_id;
    const char *name;
    enum wf_act_type type;
    enum wf_rule_applied rule_applied;
    const char *auto_executive;
    const char *or_merge_flag;      /* NULL or "any": no flag asked for */
    int32_t votes_needed;           /* a number, or */
    int32_t votes_percent;          /* 1 to 100; 0: votes_needed counts */
    const char *ex_pre_rule_func;
    const char *ex_post_rule_func;
    bool inclusive;
    bool terminate;
    const char *completion_flag;    /* of a completion (FWD-5) */
    const char *closes;             /* opener named by a merge (BAT-3) */
    int64_t check_every;            /* microseconds; 0: never */
    struct wf_time_limit take_limit, end_limit;
    int32_t retries;
    struct wf_sub_process *sub_process;

    struct wf_assgn_rule assignment;
    struct wf_route *routes;
    size_t route_count, route_capacity;
    struct wf_pre_rule *pre_rules;
    size_t pre_rule_count, pre_rule_capacity;

    /* Found by wf_process_compile(). */
    uint32_t index;                   /* in process->activities */
    struct wf_activity *closed_by;    /* the merge that closes the batches of its forward steps; NULL: none */
    struct wf_activity *all_closed_by;/* likewise for the batches of method `all` */
    bool closes_any;                  /* a merge that closes some opener's batches */
    bool depends;                     /* some pre rule or constraint asks how tasks of it ended */
    bool bars;                        /* some not_by asks who had a part in them (ASG-10) */
};

/* What is wrong with a file, one entry a fault, in the order found. */
struct wf_fault {
    const char *path;    /* JSON path of the place: "routing[3].to[0]" */
    const char *code;    /* "unknown_activity", "unreachable", … */
    const char *message; /* for a person, names the value */
};

struct wf_faults {
    struct wf_arena *arena; /* where the texts live */
    struct wf_fault *items;
    size_t count, capacity;
};

void wf_fault_add(struct wf_faults *faults, const char *code, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct wf_process {
    struct wf_arena arena;
    const char *process_id;
    int32_t version; /* 0 until deployed */
    const char *name, *description;
    struct wf_time_limit time_limit; /* of an instance */
    struct wf_activity **activities;
    size_t activity_count, activity_capacity;

    /* Found by wf_process_compile(). */
    struct wf_map by_id;          /* act_id -> struct wf_activity */
    struct wf_activity *initial;
    bool uses_summary;            /* some activity has `depends` */
    bool uses_winners;            /* it has an or_merge */
    bool uses_remotes;            /* some activity is a sub-process */
    uint64_t *reach;              /* bit (i, j): a path of one or more edges leads from i to j */
    uint64_t *dominates;          /* bit (i, j): i lies on every path from the initial to j */
    size_t row_words;             /* of 64 bits, of one row of the two */
    struct wf_uuid content_hash;  /* set by the decoder: the same for the same content */
    const char *document;         /* the definition file, as deployed; NULL if not kept */
};

/* An empty process in an arena of its own; never NULL. */
struct wf_process *wf_process_new(const char *process_id);
void wf_process_drop(struct wf_process *process);

/* Adds an activity; the caller fills the rest.  Ids must have been copied to process->arena. */
struct wf_activity *wf_process_add_activity(struct wf_process *process, const char *act_id, enum wf_act_type type);

struct wf_route *wf_activity_add_route(struct wf_process *process, struct wf_activity *activity);
struct wf_pre_rule *wf_activity_add_pre_rule(struct wf_process *process, struct wf_activity *activity);

/* The activity of an id, or NULL. Before compile() too. */
struct wf_activity *wf_process_activity(const struct wf_process *process, const char *act_id);

/*
 * Checks the whole definition and finds what its graph says; every fault is listed.
 * Returns whether there was none.  `path`s of rules are given as the decoder's order implies.
 */
bool wf_process_compile(struct wf_process *process, struct wf_faults *faults);

/* Whether a path of one or more edges leads from one activity to the other. */
bool wf_process_reaches(const struct wf_process *process, const struct wf_activity *from,
                        const struct wf_activity *to);

/* Whether an activity lies on every path from the initial one to the other (BAT-4). */
bool wf_process_dominates(const struct wf_process *process, const struct wf_activity *opener,
                          const struct wf_activity *merge);

#endif
