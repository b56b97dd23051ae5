/*
 * run.h - one run of a program: started, its output gathered, ended.
 */
#ifndef EXECUTOR_RUN_H
#define EXECUTOR_RUN_H

#include "base/buf.h"
#include "base/error.h"
#include "supervisor.h"

struct wf_capture {
    int fd; /* -1: closed */
    struct wf_buf bytes;
    size_t limit;
    bool tail; /* of what is more than the limit the end is kept, else the beginning */
    bool cut;  /* there was more */
};

enum wf_run_state {
    WF_RUN_RUNNING,
    WF_RUN_ENDED,     /* wait_status says how */
    WF_RUN_EXPIRED,   /* killed at the time that wf_run_until() set */
    WF_RUN_UNSTARTED, /* `why` says why */
    WF_RUN_GONE       /* its supervisor was killed, and it with it */
};

struct wf_run {
    enum wf_run_state state;
    pid_t supervisor;    /* 0: none */
    int control, status; /* -1: closed */
    struct wf_capture output, errors;
    int wait_status;
    char why[512];
};

/*
 * Starts a program.  `launch` without its descriptors; `input` (NULL: nothing) is what it reads
 * on standard input.  Standard output is kept up to output_limit, of standard error the last
 * errors_limit bytes; what is more is read and dropped, so that the program goes on.
 * What happens in the new process is known later; the caller drops *ret_run.
 */
bool wf_run_start(const struct wf_launch *launch, const char *input, size_t input_length, size_t output_limit,
                      size_t errors_limit, struct wf_run *ret_run, struct wf_error *reterr) WF_CHECKED;

/* Takes in what has come, without waiting; `state` then says whether it is over, with all output read. */
void wf_run_look(struct wf_run *run);

/* Readable when wf_run_look() has something to do: `count` of them are filled in. */
enum { WF_RUN_FDS = 3 };
int wf_run_fds(const struct wf_run *run, int fds[WF_RUN_FDS]);

/* SIGTERM to its process group, or SIGKILL to all of it; no matter whether it has ended. */
void wf_run_order(struct wf_run *run, enum wf_order order);

/* Has it killed at a time of wf_clock_monotonic(), whatever becomes of us; a later call sets another time. */
void wf_run_until(struct wf_run *run, int64_t time);

/* Kills what runs, waits for its supervisor, gives everything back; a zeroed struct is fine. */
void wf_run_drop(struct wf_run *run);

#endif
