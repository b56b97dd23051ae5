/*
 * executor.h - an executor: takes jobs, runs programs, reports what came of them.
 *
 *     job ──▶ TAKING ──▶ LEASING ──▶ READY ──▶ RUNNING ──▶ REPORTING ──▶ gone
 *            get-task   extend-task            extend-task…  end-task, fail-task or release-task
 *
 * One loop, one thread.  Nothing is kept on disk: whoever kills an executor kills its programs with
 * it (supervisor.h), and the engine announces their tasks again when their time limit passes (STA-2).
 */
#ifndef EXECUTOR_EXECUTOR_H
#define EXECUTOR_EXECUTOR_H

#include <signal.h>

#include "base/settings.h"
#include "executive.h"
#include "pawl.h"
#include "run.h"

enum wf_verb { WF_VERB_GET, WF_VERB_EXTEND, WF_VERB_END, WF_VERB_FAIL, WF_VERB_RELEASE };

enum { WF_COMMAND_ID = 200 };

/* A command that is to be sent or was sent; it is sent again, under the same id, until it is answered. */
struct wf_ask {
    enum wf_verb verb;
    char id[WF_COMMAND_ID + 1];
    bool in_flight;
    int64_t send_at; /* monotonic; 0: not to be sent */
    int64_t sent_at; /* the first time */
};

enum wf_work_state { WF_WORK_TAKING, WF_WORK_LEASING, WF_WORK_READY, WF_WORK_RUNNING, WF_WORK_REPORTING, WF_WORK_DONE };

/* Why a program is being ended before its time. */
enum wf_halt { WF_HALT_NONE, WF_HALT_TIME_LIMIT, WF_HALT_STOP, WF_HALT_LOST };

/* One job, from its arrival until its end is reported. */
struct wf_work {
    struct wf_work *next;
    struct wf_executor *executor;
    const struct wf_executive *executive;
    struct wf_arena arena;
    enum wf_work_state state;
    uint64_t number;       /* number among all of this process: makes command ids unique */
    pawl_event *event;   /* until the group need not see it again */
    struct wf_job job;
    const char *task_id;
    struct wf_ask main;   /* get-task, then the report */
    struct wf_ask extend; /* beside it */
    unsigned extensions;

    struct wf_run run;
    enum wf_halt halt;
    int64_t began;        /* monotonic, like all times here; 0: the program was not started */
    int64_t limit_at;     /* its time limit; 0: none */
    int64_t kill_at;      /* after SIGTERM; 0: it was not sent */
    bool own_lease;       /* the activity has no time limit of its own: the executor sets one */
    int64_t lease;        /* how long the engine leaves the task to us from each extension; 0: for ever */
    int64_t leased_until;
    int64_t renew_at;

    /* the report */
    const char *flag, *entity_id, *variables, *code, *detail;
};

struct wf_executor {
    const struct wf_settings *settings;
    struct wf_executives executives;
    char id[100];
    pawl_client *client;
    pawl_jobs *jobs;       /* NULL once it takes no more */
    struct wf_work *works; /* the oldest first */
    size_t count;
    uint64_t runs;
    int64_t stop_at;       /* when it was told to stop; 0: it was not */
    int partitions;        /* of the jobs' topics, at the last look */
    bool halted;           /* programs were told to stop */
    bool lease_refused;    /* it was said that tasks cannot be leased */
};

/* How often it was told to stop: at the second time running programs are not waited for. */
extern volatile sig_atomic_t wf_executor_stops;

/* Runs until it is told to stop, or cannot go on. */
enum wf_exit wf_executor_run(const struct wf_settings *settings, struct wf_executives *executives);

/* ---- work.c: one job ---- */

/* Begins with a job, whose event it takes over. */
void wf_work_begin(struct wf_executor *executor, pawl_event *event);

/* What its program or the time has brought. */
void wf_work_step(struct wf_work *work, int64_t now);

/* The outcome of one of its commands; false: it is not of this job. */
bool wf_work_answer(struct wf_work *work, const pawl_outcome *outcome);

/* The next moment at which wf_work_step() has something to do; INT64_MAX: none. */
int64_t wf_work_next(const struct wf_work *work);

/* Ends its program, for a reason; a stronger one replaces a weaker one. */
void wf_work_halt(struct wf_work *work, enum wf_halt halt, int64_t now);

/* Ends it where it is. */
void wf_work_free(struct wf_work *work);

/* ---- ask.c: commands ---- */

/* Puts a command on its way; wf_ask_send() sends it. */
void wf_ask_begin(struct wf_work *work, struct wf_ask *ask, enum wf_verb verb, int64_t now);

/* Sends what is due; a command that can never be sent fails the task, or ends the work. */
void wf_ask_send(struct wf_work *work, struct wf_ask *ask, int64_t now);

/* ---- report.c: what came of a program ---- */

/* Decides by the program's end what is to be reported, and puts the report on its way. */
void wf_report_end(struct wf_work *work, int64_t now);

/* Reports a failure; `detail` is completed by the end of what the program wrote on standard error. */
void wf_report_fail(struct wf_work *work, int64_t now, const char *code, const char *detail);

/* One line of the log: what came of the job. */
void wf_report_log(const struct wf_work *work, const char *what, const char *code, const char *detail);

#endif
