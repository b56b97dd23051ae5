/*
 * instance.h - the state of a process instance: its tasks, its batches, what ended.
 *
 * Loaded by the store at the start of a unit of work, changed by the core, and written back
 * as the net difference.  Everything lives in the unit's arena.
 */
#ifndef WF_INSTANCE_H
#define WF_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "core/definition.h"

/* One arrival that a pending task has gathered (DEP-2, DEP-3, DEP-6). */
struct wf_arrival {
    const char *pre_act_id;
    int32_t serial_no, branch_no;
    const char *flag; /* that the arriving task ended with, or NULL */
};

/* Why a person was chosen, or a group offered it: part of the event (ASG-11). */
struct wf_assignment {
    enum wf_based_on based_on; /* NONE: nothing was assigned */
    const char *group;
    enum wf_method method;
    int32_t considered; /* how many people were considered */
};

/* A failure that waits for an operator (STA-2, FWD-3).  Immutable; an open one hangs at its task or instance. */
struct wf_incident {
    const char *id;     /* "<instance_id>:<n>/<position>"; n 0: of the instance as a whole */
    const char *code, *detail;
    int32_t n;          /* the task; 0: the instance */
    int32_t attempt;    /* of a job; 0: none */
    enum wf_timer timer; /* whose action failed; NONE: a job */
    int64_t date_created;
};

/* An incident that is no more, and since when. */
struct wf_resolved {
    const char *id;
    int64_t date_resolved;
};

struct wf_task {
    struct wf_instance *instance;
    struct wf_activity *activity;
    int32_t n; /* task_id is <instance_id>:<n> */
    enum wf_task_state state;
    const char *pre_act_id; /* NULL: the first task */
    int32_t serial_no, branch_no;
    const char *staff_id;    /* who it is assigned to or held by; NULL: the group's */
    const char *grantor_id;  /* in whose name it is held (ASG-7) */
    const char *executor_id; /* automation */
    enum wf_based_on group_based_on; /* whose it is while staff_id is NULL: ASG-5 */
    const char *group_id;
    const char **candidates; /* whose it is while group_based_on is USER_DEFINED, in order of staff_id (ASG-1) */
    size_t candidate_count;
    bool unassigned;         /* nobody's because the rule found nobody, not because it is the group's (ASG-8) */
    const char *completion_flag; /* it ended with; of a dummy: of its arrival */
    int32_t attempt;
    int32_t given_back; /* of these attempts, by release-task: they have not failed (STA-2) */
    struct wf_arrival *arrivals; /* of a gathering task, the first included; else none */
    size_t arrival_count, arrival_capacity;
    int64_t date_created, date_waiting, date_processing, date_ended; /* for the first time; 0: not yet */
    int64_t date_changed;   /* when the state last changed */
    int64_t paused_time;    /* microseconds spent pausing */
    int64_t waiting_time;   /* microseconds spent waiting, over all its stays */
    int64_t due_at;         /* when its time limit passes or passed; 0: it has none */
    enum wf_timer timer;    /* what falls due; NONE: nothing, or it has fired */
    int64_t timer_at;       /* when */
    const struct wf_incident *incident; /* NULL: none is open */

    /* Bookkeeping of the unit of work. */
    bool stored;            /* a row of to_do_task_list exists */
    const char **stored_candidates; /* those that the table has; NULL: none */
    enum wf_timer stored_timer; /* that stands in the table of timers; NONE: none */
    int64_t stored_timer_at;
    bool dirty;             /* differs from that row */
    uint32_t touched;       /* number of the command that last touched it */
    int32_t event;          /* of that command, counted from 1; 0: none */
    int previous_state;     /* before that command; -1: it was not there */
    const char *previous_staff_id;
};

/* A task that left a person's hands and stays open: released or reassigned (LOG-2). */
struct wf_handed_on {
    const struct wf_task *task;
    enum wf_task_state state; /* that it was in */
    const char *staff_id;     /* whose it was */
    const char *to_staff_id;  /* whose it is then; NULL: a group's */
    int64_t date;
};

/* BAT-1 to BAT-6. */
struct wf_batch {
    int32_t serial_no;
    int32_t parent_serial_no, parent_branch_no; /* 0: batch 1 has no parent */
    int32_t branches;
    struct wf_activity *opener; /* the activity whose task opened it */
    bool by_all;                /* opened by method `all`, not by a forward step */
    int32_t opened_by;          /* task n */
    int32_t closed_by;          /* task n; 0: open */
    bool stored, dirty;
    uint32_t touched;
};

/* The branch that won at an or_merge in a batch (DEP-5). */
struct wf_winner {
    struct wf_activity *merge;
    int32_t serial_no, branch_no;
    bool stored;
};

/* How tasks of an activity ended in a batch (DEP-2, DEP-3, ASG-10): kept where `depends`. */
struct wf_summary {
    struct wf_activity *activity;
    int32_t serial_no;
    int32_t ended;        /* how many */
    const char *flag;     /* of the last one, or NULL */
    const char *staff_id; /* executor of the last one */
    int32_t last;         /* n-th end of the instance: orders ends */
    const char **people;  /* executors and grantors of all of them, each once, where `bars` (ASG-10) */
    size_t people_count, people_capacity;
    bool stored, dirty;
};

/* An instance that works for a task, elsewhere or in this engine (ENG-2). */
struct wf_remote {
    int32_t n, attempt;           /* the task, and which of its attempts this is */
    const char *engine;           /* by its topic prefix */
    const char *process_id;
    int32_t version;              /* 0: the latest there */
    struct wf_uuid instance_id;
    int32_t position;             /* of the last event heard of; 0: none so far */
    const char *incarnation;      /* of the database that this was heard from; NULL: its first (EOS-21) */
    enum wf_instance_state state; /* as last heard, if anything was */
    const char *completion_flag;  /* it completed with */
    const char *code, *detail;    /* why it was not started; NULL: it was, or nothing was heard */
    bool held;                    /* to be suspended, with its home instance */
    int64_t date_created, date_changed;
    bool stored, dirty;
    uint32_t touched;
};

/* Where an instance's events are sent besides the state topics (ENG-1). */
struct wf_subscription {
    const char *notifyto;  /* topic */
    const char *filter;    /* JSON object; NULL: all events */
    const char *requester; /* JSON object, repeated in each notification; or NULL */
    bool gone;             /* unsubscribed */
    bool stored, dirty;
};

struct wf_instance {
    struct wf_uuid instance_id;
    struct wf_process *process; /* borrowed from the catalog of definitions */
    int32_t partition;
    enum wf_instance_state state;
    const char *entity_id;
    const char *variables; /* JSON object, or NULL */
    const char *completion_flag;
    const char *requester; /* JSON object of init-instance, or NULL */
    const char *notifyto;
    const char *correlation_id;
    const char *actor;     /* who started it */
    int32_t hops;
    int32_t next_n;        /* number of the next task */
    int32_t next_serial;   /* number of the next batch */
    int32_t ends;          /* tasks ended so far */
    int32_t position;      /* number of its last event (LOG-1) */
    int32_t task_sequence; /* number of its last task event; the rest are instance events */
    bool reached_completion;
    const char *reached_flag; /* that the completion reached last names */
    const char *last_flag;    /* of the last task that ended with one (FWD-5) */
    int64_t date_created, date_completed, date_changed;
    int64_t due_at;        /* when its time limit passes or passed; 0: it has none */
    bool timed;            /* the limit has not passed yet */
    const struct wf_incident *incident; /* of the instance as a whole; NULL: none is open */

    /* Incidents raised and resolved in this unit, to be written. */
    const struct wf_incident **raised;
    size_t raised_count, raised_capacity;
    struct wf_resolved *resolved;
    size_t resolved_count, resolved_capacity;

    /* Open tasks in order of creation; those of this unit that are over stand behind them no more. */
    struct wf_task **tasks;
    size_t task_count, task_capacity;
    struct wf_task **done; /* left the to-do list in this unit */
    size_t done_count, done_capacity;
    struct wf_batch **batches;
    size_t batch_count, batch_capacity;
    struct wf_winner *winners;
    size_t winner_count, winner_capacity;
    struct wf_summary *summaries;
    size_t summary_count, summary_capacity;
    struct wf_handed_on *handed_on; /* in this unit, to be recorded */
    size_t handed_on_count, handed_on_capacity;
    struct wf_remote **remotes; /* in order of their start; those long over were not loaded */
    size_t remote_count, remote_capacity;
    struct wf_subscription *subscriptions;
    size_t subscription_count, subscription_capacity;

    /* Bookkeeping of the unit of work. */
    bool stored, dirty;
    bool stored_timed;     /* its limit stands in the table of timers */
    bool subscribed;       /* stored with subscriptions */
    uint32_t touched;
    int32_t event;
    int previous_state;
};

/* The open task of a number, or NULL. */
struct wf_task *wf_instance_task(const struct wf_instance *instance, int32_t n);

/* The batch of a number, or NULL. */
struct wf_batch *wf_instance_batch(const struct wf_instance *instance, int32_t serial_no);

/* Whether `serial_no` is `outer`, or nested in it ("of a batch", section 5). */
bool wf_batch_within(const struct wf_instance *instance, int32_t serial_no, int32_t outer);

#endif
