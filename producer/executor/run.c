#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 65536, READS_AT_END = 32 /* a pipe may be made as large as 1 MiB */ };

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ---- */

/* Standard input is a file in memory: nothing has to be written while the program runs. */
static int
open_input(const char *input, size_t length)
{
    if (!input)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);

    int fd = memfd_create("input", MFD_CLOEXEC);
    while (fd >= 0 && length) {
        ssize_t written = write(fd, input, length);
        if (written < 0 && errno != EINTR) {
            close_fd(&fd);
        } else if (written > 0) {
            input += written;
            length -= (size_t)written;
        }
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

enum { CONTROL, STATUS, OUTPUT, ERRORS, PIPES };

static bool
open_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            return false;
    fcntl(pipes[STATUS][0], F_SETFL, O_NONBLOCK);
    fcntl(pipes[OUTPUT][0], F_SETFL, O_NONBLOCK);
    fcntl(pipes[ERRORS][0], F_SETFL, O_NONBLOCK);
    return true;
}

static void
close_ends(struct wf_run *run)
{
    close_fd(&run->control); /* which ends whatever runs */
    close_fd(&run->status);
    close_fd(&run->output.fd);
    close_fd(&run->errors.fd);
}

/* Ours of each pipe; -1 where it is not open. */
static void
keep_ends(int pipes[PIPES][2], struct wf_run *run)
{
    run->control = pipes[CONTROL][1];
    run->status = pipes[STATUS][0];
    run->output.fd = pipes[OUTPUT][0];
    run->errors.fd = pipes[ERRORS][0];
    close_fd(&pipes[CONTROL][0]);
    for (int i = STATUS; i < PIPES; i++)
        close_fd(&pipes[i][1]);
}

bool
wf_run_start(const struct wf_launch *launch, const char *input, size_t input_length, size_t output_limit,
                 size_t errors_limit, struct wf_run *ret_run, struct wf_error *reterr)
{
    int pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    int in = open_input(input, input_length);
    struct wf_launch whole = *launch;
    struct wf_run run = {
        .output = {.limit = output_limit}, .errors = {.limit = errors_limit, .tail = true}};

    if (in >= 0 && open_pipes(pipes)) {
        whole.in = in;
        whole.control = pipes[CONTROL][0];
        whole.status = pipes[STATUS][1];
        whole.out = pipes[OUTPUT][1];
        whole.err = pipes[ERRORS][1];
        run.supervisor = wf_supervisor_start(&whole);
    } else {
        run.supervisor = -1;
    }
    int error = errno;
    close_fd(&in);
    keep_ends(pipes, &run);
    if (run.supervisor < 0) {
        close_ends(&run);
        return wf_fail(reterr, WF_FATE_RETRY, "could not start \"%s\": %s", launch->program, strerror(error));
    }
    snprintf(run.why, sizeof run.why, "%s", launch->program);
    *ret_run = run;
    return true;
}

/* ---- watching ---- */

static void
keep_limit(struct wf_capture *capture)
{
    size_t more = capture->bytes.length > capture->limit ? capture->bytes.length - capture->limit : 0;

    if (!more)
        return;
    capture->cut = true;
    if (capture->tail)
        memmove(capture->bytes.data, capture->bytes.data + more, capture->limit);
    capture->bytes.length = capture->limit;
}

/* Reads once: others wait too. */
static void
capture_read(struct wf_capture *capture)
{
    ssize_t got = read(capture->fd, wf_buf_reserve(&capture->bytes, CHUNK), CHUNK);

    if (got > 0) {
        capture->bytes.length += (size_t)got;
        keep_limit(capture);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&capture->fd);
}

/* What is still in the pipe; nobody writes any more. */
static void
capture_end(struct wf_capture *capture)
{
    for (int reads = 0; capture->fd >= 0 && reads < READS_AT_END; reads++)
        capture_read(capture);
    close_fd(&capture->fd);
}

static void
say_why(struct wf_run *run, const struct wf_status_record *record)
{
    static const char *const steps[] = {
        [WF_START_EXEC] = "run it",
        [WF_START_DIRECTORY] = "enter its directory",
        [WF_START_ACCOUNT] = "become its user",
        [WF_START_PROCESS] = "make a process for it",
    };
    char name[400];

    snprintf(name, sizeof name, "%.399s", run->why);
    snprintf(run->why, sizeof run->why, "cannot start \"%s\": could not %s: %s", name, steps[record->step],
             strerror(record->value));
}

/* The record, or the end of the pipe. */
static void
status_read(struct wf_run *run)
{
    struct wf_status_record record;
    ssize_t got = read(run->status, &record, sizeof record);

    if (got < 0)
        return;
    if (got == sizeof record && record.kind == WF_STATUS_UNSTARTED) {
        run->state = WF_RUN_UNSTARTED;
        say_why(run, &record);
    } else if (run->state != WF_RUN_RUNNING) {
        return;
    } else if (got == sizeof record) {
        run->state = record.kind == WF_STATUS_EXPIRED ? WF_RUN_EXPIRED : WF_RUN_ENDED;
        run->wait_status = record.value;
    } else {
        run->state = WF_RUN_GONE;
    }
}

void
wf_run_look(struct wf_run *run)
{
    if (run->status >= 0)
        status_read(run);
    if (run->state == WF_RUN_RUNNING) {
        if (run->output.fd >= 0)
            capture_read(&run->output);
        if (run->errors.fd >= 0)
            capture_read(&run->errors);
        return;
    }
    close_fd(&run->status);
    capture_end(&run->output);
    capture_end(&run->errors);
}

int
wf_run_fds(const struct wf_run *run, int fds[WF_RUN_FDS])
{
    const int all[WF_RUN_FDS] = {run->status, run->output.fd, run->errors.fd};
    int count = 0;

    for (int i = 0; i < WF_RUN_FDS; i++)
        if (all[i] >= 0)
            fds[count++] = all[i];
    return count;
}

static void
tell(struct wf_run *run, struct wf_order_record record)
{
    if (run->control >= 0 && write(run->control, &record, sizeof record) < 0)
        return; /* the supervisor has ended, and so has the program */
}

void
wf_run_order(struct wf_run *run, enum wf_order order)
{
    tell(run, (struct wf_order_record){.order = order});
}

void
wf_run_until(struct wf_run *run, int64_t time)
{
    tell(run, (struct wf_order_record){.order = WF_ORDER_UNTIL, .until = time});
}

void
wf_run_drop(struct wf_run *run)
{
    if (!run->supervisor)
        return;
    close_ends(run);
    while (waitpid(run->supervisor, NULL, 0) < 0 && errno == EINTR)
        ;
    wf_buf_drop(&run->output.bytes);
    wf_buf_drop(&run->errors.bytes);
    run->supervisor = 0;
}
