/*
 * supervisor.h - the process between the executor and a program: nothing that the program
 * started outlives the program, and the program does not outlive the executor.
 *
 *     executor ── control (a pipe) ──▶ supervisor ── fork ──▶ program ──▶ whatever it starts
 *              ◀── status (a pipe) ──┘                    └── cannot start: why
 *
 * The supervisor adopts every descendant of the program whose parent ends (it is a subreaper), so
 * that none escapes by leaving the process group.  It ends all of them when the program ends,
 * when it is told to, when its time is over though the executor sleeps, and when the control pipe
 * closes, which the kernel does however the executor dies.  If the supervisor itself is killed, the program is too (PR_SET_PDEATHSIG).
 */
#ifndef EXECUTOR_SUPERVISOR_H
#define EXECUTOR_SUPERVISOR_H

#include <stdint.h>
#include <sys/types.h>

/* Who a program runs as. */
struct wf_account {
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
};

/* All that is needed between fork and execve, where nothing may allocate. */
struct wf_launch {
    const char *program;   /* absolute */
    char *const *argv;     /* argv[0] too */
    char *const *envp;
    const char *directory; /* NULL: the executor's */
    const struct wf_account *account; /* NULL: the executor's */
    int in, out, err;      /* what becomes the program's descriptors 0, 1 and 2 */
    int control, status;   /* the supervisor's ends */
};

/* What the executor writes. */
enum wf_order {
    WF_ORDER_TERMINATE, /* SIGTERM to the process group */
    WF_ORDER_KILL,
    WF_ORDER_UNTIL      /* SIGKILL to all of it at a time, unless another such order comes before */
};

struct wf_order_record {
    enum wf_order order;
    int64_t until; /* wf_clock_monotonic() */
};

enum wf_start_step { WF_START_EXEC, WF_START_DIRECTORY, WF_START_ACCOUNT, WF_START_PROCESS };

/* What the executor reads, once. */
struct wf_status_record {
    enum { WF_STATUS_ENDED, WF_STATUS_EXPIRED /* by WF_ORDER_UNTIL */, WF_STATUS_UNSTARTED } kind;
    enum wf_start_step step; /* at which it failed */
    int value;               /* the status of waitpid(2), or errno */
};

/*
 * Forks the supervisor, which forks the program; the descriptors of the launch stay the caller's to
 * close.  Returns its pid, or -1 with errno.  Safe with threads: behind the fork only functions
 * that are safe in signal handlers are called.
 */
pid_t wf_supervisor_start(const struct wf_launch *launch);

#endif
