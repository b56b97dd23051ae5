/* Programs of the executor: what they get, what is kept of their output, and that nothing of them is left. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run.h"

enum { LIMIT_MS = 30000 };

static struct wf_error error;
static struct wf_run run;

static void
begin(char **argv, const char *input, size_t output_limit)
{
    static char *empty[] = {NULL};
    struct wf_launch launch = {.program = argv[0], .argv = argv, .envp = empty};

    signal(SIGPIPE, SIG_IGN);
    cr_assert(wf_run_start(&launch, input, input ? strlen(input) : 0, output_limit, 100, &run, &error), "%s",
              error.message);
}

static void
wait_more(int64_t limit)
{
    struct pollfd wanted[WF_RUN_FDS];
    int fds[WF_RUN_FDS], count = wf_run_fds(&run, fds);

    for (int i = 0; i < count; i++)
        wanted[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    cr_assert_lt(wf_clock_monotonic(), limit, "the program did not end");
    poll(wanted, (nfds_t)count, 100);
    wf_run_look(&run);
}

static void
finish(void)
{
    int64_t limit = wf_clock_monotonic() + LIMIT_MS * WF_MILLISECOND;

    while (run.state == WF_RUN_RUNNING)
        wait_more(limit);
}

/* Until it has written so many bytes. */
static void
wait_output(size_t bytes)
{
    int64_t limit = wf_clock_monotonic() + LIMIT_MS * WF_MILLISECOND;

    while (run.output.bytes.length < bytes)
        wait_more(limit);
}

#define BEGIN(input, limit, ...) begin((char *[]){__VA_ARGS__, NULL}, input, limit)
#define SHELL(script) BEGIN(NULL, 1000, "/bin/sh", "-c", script)

Test(run, output)
{
    BEGIN("what it reads", 1000, "/bin/cat");
    finish();
    cr_expect_eq(run.state, WF_RUN_ENDED);
    cr_expect_eq(run.wait_status, 0);
    cr_expect_str_eq(wf_buf_text(&run.output.bytes), "what it reads");
    cr_expect_not(run.output.cut);
    wf_run_drop(&run);
}

Test(run, verbatim_arguments)
{
    BEGIN(NULL, 1000, "/usr/bin/printf", "%s|", "a b", "\"q'", "$(id) `id` ; rm *", "new\nline", "", "\xC3\xBC\xFF");
    finish();
    cr_expect_str_eq(wf_buf_text(&run.output.bytes), "a b|\"q'|$(id) `id` ; rm *|new\nline||\xC3\xBC\xFF|");
    wf_run_drop(&run);
}

Test(run, limits)
{
    SHELL("head -c 1000000 /dev/zero | tr '\\0' x; (head -c 200000 /dev/zero | tr '\\0' y; echo the end) >&2; exit 7");
    finish();
    cr_expect_eq(WEXITSTATUS(run.wait_status), 7);
    cr_expect_eq(run.output.bytes.length, 1000);
    cr_expect(run.output.cut);
    cr_expect_eq(run.errors.bytes.length, 100);
    cr_expect_not_null(strstr(wf_buf_text(&run.errors.bytes), "yyythe end\n"));
    wf_run_drop(&run);
}

Test(run, not_found)
{
    BEGIN(NULL, 10, "/no/such/program");
    finish();
    cr_expect_eq(run.state, WF_RUN_UNSTARTED);
    cr_expect_str_eq(run.why, "cannot start \"/no/such/program\": could not run it: No such file or directory");
    wf_run_drop(&run);
}

Test(run, no_directory)
{
    char *argv[] = {(char[]){"/bin/true"}, NULL};
    struct wf_launch launch = {.program = argv[0], .argv = argv, .envp = argv + 1, .directory = "/no/such"};

    cr_assert(wf_run_start(&launch, NULL, 0, 10, 10, &run, &error));
    finish();
    cr_expect_str_eq(run.why, "cannot start \"/bin/true\": could not enter its directory: No such file or directory");
    wf_run_drop(&run);
}

Test(run, argument_too_long)
{
    enum { SIZE = 1 << 18 };
    char *huge = malloc(SIZE + 1);

    memset(huge, 'x', SIZE);
    huge[SIZE] = '\0';
    BEGIN(NULL, 10, "/bin/true", huge);
    finish();
    cr_expect_eq(run.state, WF_RUN_UNSTARTED);
    cr_expect_not_null(strstr(run.why, "Argument list too long"));
    free(huge);
    wf_run_drop(&run);
}

Test(run, terminated)
{
    SHELL("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    wait_output(6);
    wf_run_order(&run, WF_ORDER_TERMINATE);
    finish();
    cr_expect_eq(WEXITSTATUS(run.wait_status), 3);
    cr_expect_str_eq(wf_buf_text(&run.output.bytes), "ready\nbye\n");
    wf_run_drop(&run);
}

Test(run, killed_that_ignores_sigterm)
{
    SHELL("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    wait_output(6);
    wf_run_order(&run, WF_ORDER_TERMINATE);
    wf_run_order(&run, WF_ORDER_KILL);
    finish();
    cr_expect(WIFSIGNALED(run.wait_status));
    cr_expect_eq(WTERMSIG(run.wait_status), SIGKILL);
    wf_run_drop(&run);
}

/*
 * Whoever left the process group, and even its session, is ended too: it ends with its parent's program, which
 * ends when it has said its pid.
 */
Test(run, daemons_end_with_it)
{
    long pid;

    SHELL("echo $(setsid sh -c 'echo $$; exec sleep 1000 >&2' &)");
    finish();
    cr_assert_eq(run.state, WF_RUN_ENDED);
    pid = strtol(wf_buf_text(&run.output.bytes), NULL, 10);
    cr_assert_gt(pid, 1);
    cr_expect_eq(kill((pid_t)pid, 0), -1, "process %ld lives", pid);
    wf_run_drop(&run);
}

Test(run, killed_supervisor)
{
    SHELL("echo $$; exec sleep 1000");
    wait_output(2);
    long pid = strtol(wf_buf_text(&run.output.bytes), NULL, 10);
    kill(run.supervisor, SIGKILL);
    finish();
    cr_expect_eq(run.state, WF_RUN_GONE);
    wf_run_drop(&run);
    for (int i = 0; i < LIMIT_MS && kill((pid_t)pid, 0) == 0; i++)
        poll(NULL, 0, 1);
    cr_expect_eq(kill((pid_t)pid, 0), -1);
}

Test(run, dropped_while_it_runs)
{
    SHELL("echo $$; trap '' TERM; sleep 1000 & wait");
    wait_output(2);
    long pid = strtol(wf_buf_text(&run.output.bytes), NULL, 10);
    wf_run_drop(&run);
    cr_expect_eq(kill((pid_t)pid, 0), -1);
}

/* Nothing of ours is open in it: not the pipes, not the sockets of other programs. */
Test(run, descriptors)
{
    SHELL("ls -l /proc/self/fd | wc -l; grep -E 'SigBlk|SigIgn|NoNewPrivs' /proc/self/status");
    finish();
    cr_expect_str_eq(wf_buf_text(&run.output.bytes),
                     "5\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n");
    wf_run_drop(&run);
}

/* Its time is over though nobody looks. */
Test(run, expired)
{
    SHELL("exec sleep 1000");
    wf_run_until(&run, wf_clock_monotonic() + 1000 * WF_SECOND);
    wf_run_until(&run, wf_clock_monotonic() + 10 * WF_MILLISECOND);
    finish();
    cr_expect_eq(run.state, WF_RUN_EXPIRED);
    cr_expect(WIFSIGNALED(run.wait_status));
    wf_run_drop(&run);
}
