#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { FIRST_FREE = 3, EXIT_CANNOT_START = 127, DIRECTORY_BYTES = 8192 };

static void
say(int status, struct wf_status_record record)
{
    ssize_t written = write(status, &record, sizeof record); /* a pipe takes so few bytes whole */

    (void)written; /* nobody is left to tell */
}

/* ---- the program ---- */

static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
become(const struct wf_account *account)
{
    /* The system calls themselves: the library's functions would have all threads follow. */
    return !account || (syscall(SYS_setgroups, account->group_count, account->groups) == 0 &&
                        syscall(SYS_setresgid, account->gid, account->gid, account->gid) == 0 &&
                        syscall(SYS_setresuid, account->uid, account->uid, account->uid) == 0);
}

/* Nothing that it starts gets more rights than it has, so that it can always be ended. */
static void
bind_to(pid_t supervisor)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the account was changed, which clears it */
    if (getppid() != supervisor)
        raise(SIGKILL);
}

static _Noreturn void
run_program(const struct wf_launch *launch, pid_t supervisor)
{
    enum wf_start_step step = WF_START_PROCESS;

    setpgid(0, 0);
    reset_signals();
    if (dup2(launch->in, 0) == 0 && dup2(launch->out, 1) == 1 && dup2(launch->err, 2) == 2 &&
        close_range(FIRST_FREE, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
        step = WF_START_ACCOUNT;
        if (become(launch->account)) {
            bind_to(supervisor);
            step = WF_START_DIRECTORY;
            if (!launch->directory || chdir(launch->directory) == 0) {
                step = WF_START_EXEC;
                execve(launch->program, launch->argv, launch->envp);
            }
        }
    }
    say(launch->status, (struct wf_status_record){.kind = WF_STATUS_UNSTARTED, .step = step, .value = errno});
    _exit(EXIT_CANNOT_START);
}

/* ---- descendants ---- */

/* The parent in a line of /proc/<pid>/stat: behind the name, which may hold anything, and the state. */
static pid_t
parent_in(const char *line, size_t length)
{
    const char *close = memrchr(line, ')', length);
    pid_t parent = 0;

    if (!close || close + 4 >= line + length)
        return 0;
    for (const char *at = close + 4; at < line + length && *at >= '0' && *at <= '9'; at++)
        parent = parent * 10 + (*at - '0');
    return parent;
}

static pid_t
parent_of(int proc, const char *pid)
{
    char path[32], line[512];
    size_t length = strlen(pid);

    if (length > sizeof path - 6)
        return 0;
    memcpy(path, pid, length);
    memcpy(path + length, "/stat", 6);
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : read(file, line, sizeof line);
    if (file >= 0)
        close(file);
    return got > 0 ? parent_in(line, (size_t)got) : 0;
}

static pid_t
number_of(const char *name)
{
    pid_t number = 0;

    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name ? 0 : number;
}

/* As getdents64(2) writes them; opendir(3) allocates. */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    unsigned char type;
    char name[];
};

static void
kill_children(void)
{
    _Alignas(struct entry) char entries[DIRECTORY_BYTES];
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t self = getpid();
    long got;

    while (proc >= 0 && (got = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (char *at = entries; at < entries + got;) {
            const struct entry *entry = (const void *)at;
            pid_t pid = number_of(entry->name);
            if (pid > 0 && parent_of(proc, entry->name) == self)
                kill(pid, SIGKILL);
            at += entry->length;
        }
    }
    if (proc >= 0)
        close(proc);
}

/* Ends the program and what is left of it, children of children too as they come to be ours; the program's status. */
static int
end_all(pid_t program)
{
    int status, found = 0;
    pid_t pid;

    kill(-program, SIGKILL); /* not reaped yet, so the number is still its own */
    while ((pid = waitpid(-1, &status, WNOHANG)) >= 0 || errno == EINTR) {
        if (pid == 0) {
            kill_children();
            pid = waitpid(-1, &status, 0);
        }
        if (pid == program)
            found = status;
    }
    return found;
}

/* ---- the supervisor ---- */

static void
on_child(int number)
{
    (void)number; /* interrupts the wait */
}

/* Whether the program has ended, which leaves it unreaped; reaps what it left behind. */
static bool
has_ended(pid_t program)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
        if (info.si_pid == program)
            return true;
        waitpid(info.si_pid, NULL, 0);
        info.si_pid = 0;
    }
    return false;
}

/* The time left until then; NULL: there is no such time. */
static const struct timespec *
left_until(int64_t until, struct timespec *left)
{
    int64_t microseconds = until - wf_clock_monotonic();

    if (!until)
        return NULL;
    if (microseconds < 0)
        microseconds = 0;
    *left = (struct timespec){.tv_sec = microseconds / WF_SECOND, .tv_nsec = microseconds % WF_SECOND * 1000};
    return left;
}

/* Until the program has ended or is to be killed; says whether that is because its time is over. */
static bool
wait_for_end(int control, pid_t program, const sigset_t *waiting)
{
    struct pollfd wanted = {.fd = control, .events = POLLIN};
    struct wf_order_record record;
    struct timespec left;
    int64_t until = 0;

    while (!has_ended(program)) {
        int ready = ppoll(&wanted, 1, left_until(until, &left), waiting);
        if (ready == 0)
            return true;
        if (ready < 0)
            continue; /* a child has ended */
        if (read(control, &record, sizeof record) != sizeof record || record.order == WF_ORDER_KILL)
            return false;
        if (record.order == WF_ORDER_UNTIL)
            until = record.until;
        else
            kill(-program, SIGTERM);
    }
    return false;
}

static void
close_all_but(int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;

    if (low > 0)
        close_range(0, (unsigned)low - 1, 0);
    if (high > low + 1)
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
}

/* Only the pipe gives orders; SIGCHLD comes while the supervisor waits, and at no other time. */
static void
set_signals(sigset_t *ret_waiting)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigaction(SIGCHLD, &action, NULL);
    *ret_waiting = all;
    sigdelset(ret_waiting, SIGCHLD);
}

static _Noreturn void
supervise(const struct wf_launch *launch)
{
    sigset_t waiting;
    pid_t self = getpid();

    setpgid(0, 0);
    prctl(PR_SET_NAME, "pawl-supervisor");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    set_signals(&waiting);
    pid_t program = _Fork();
    if (program == 0)
        run_program(launch, self);
    if (program < 0) {
        say(launch->status, (struct wf_status_record){.kind = WF_STATUS_UNSTARTED, .step = WF_START_PROCESS, .value = errno});
        _exit(0);
    }
    setpgid(program, program); /* whoever is first */
    close_all_but(launch->control, launch->status);
    bool expired = wait_for_end(launch->control, program, &waiting);
    int status = end_all(program);
    say(launch->status, (struct wf_status_record){.kind = expired ? WF_STATUS_EXPIRED : WF_STATUS_ENDED, .value = status});
    _exit(0);
}

pid_t
wf_supervisor_start(const struct wf_launch *launch)
{
    pid_t pid = _Fork();

    if (pid == 0)
        supervise(launch);
    return pid;
}
