#include "base/fault.h"

#include <ctype.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

enum { FAULTS_MAX = 8, PORTS_MAX = 8, WORDS_MAX = 40, DESCRIPTORS_MAX = 4096, SLOW_SECONDS = 3 };

/*
 * NAME    text     what happens
 */
#define KIND_MAP(X)                                                                   \
    X(CRASH, "crash") /* kill -9                                                   */ \
    X(HANG,  "hang")  /* the whole process stands still, until SIGCONT             */ \
    X(STALL, "stall") /* this thread stands still for ever                         */ \
    X(SLOW,  "slow")  /* this thread does, for three seconds                       */ \
    X(HOLD,  "hold")  /* this thread does, until SIGUSR1                           */ \
    X(CUT,   "cut")   /* the connections to the ports end; whoever has them is told */

enum kind {
#define X(name, text) KIND_##name,
    KIND_MAP(X)
#undef X
    KIND_COUNT
};

static const char *const kind_names[] = {
#define X(name, text) text,
    KIND_MAP(X)
#undef X
};

static const char *const point_names[] = {
#define X(name, text, program) text,
    WF_FAULT_MAP(X)
#undef X
};

static const enum wf_fault_program programs[] = {
#define X(name, text, program) WF_FAULT_OF_##program,
    WF_FAULT_MAP(X)
#undef X
};

struct fault {
    enum wf_fault_point point;
    enum kind kind;
    int ports[PORTS_MAX];
    int port_count;
    char words[WORDS_MAX]; /* of the commands with which it happens, each time; "": with any */
    atomic_long left; /* times that the point is to be reached */
};

static struct fault faults[FAULTS_MAX];
static int fault_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static volatile sig_atomic_t released; /* whoever is held goes on */

static void
refuse(const char *text)
{
    fprintf(stderr, "PAWL_FAULT: cannot read \"%s\"\n", text);
    _exit(WF_EXIT_USAGE);
}

/* The number of a name that ends where a mark or the text does; moves behind it. */
static int
name_read(const char *const *names, int count, const char **at)
{
    size_t length = strcspn(*at, "=/*@,");

    for (int i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncmp(names[i], *at, length) == 0) {
            *at += length;
            return i;
        }
    refuse(*at);
    return -1;
}

static long
number_read(const char **at)
{
    char *end;

    if (!isdigit((unsigned char)*++*at))
        refuse(*at);
    long number = strtol(*at, &end, 10);
    *at = end;
    return number;
}

static void
fault_read(const char **at)
{
    struct fault *fault = &faults[fault_count++];

    fault->point = (enum wf_fault_point)name_read(point_names, WF_FAULT_COUNT, at);
    if (*(*at)++ != '=')
        refuse(*at - 1);
    fault->kind = (enum kind)name_read(kind_names, KIND_COUNT, at);
    while (**at == '/' && fault->port_count < PORTS_MAX)
        fault->ports[fault->port_count++] = (int)number_read(at);
    atomic_init(&fault->left, **at == '*' ? number_read(at) : 1);
    if (**at == '@') {
        size_t length = strcspn(++*at, ",");
        snprintf(fault->words, sizeof fault->words, "%.*s", (int)length, *at);
        *at += length;
    }
    if (**at && *(*at)++ != ',')
        refuse(*at - 1);
}

static void
faults_read(void)
{
    const char *at = getenv("PAWL_FAULT");

    while (at && *at && fault_count < FAULTS_MAX)
        fault_read(&at);
}

/* The port of whom a socket talks to; PostgreSQL's local sockets bear it in their name.  0: no such socket. */
static int
peer_port(int descriptor)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_un local;
        char room[sizeof(struct sockaddr_un) + 1];
    } peer = {.room = {0}};
    socklen_t length = sizeof peer.local;

    if (getpeername(descriptor, &peer.any, &length) != 0)
        return 0;
    if (peer.any.sa_family == AF_INET)
        return ntohs(peer.four.sin_port);
    if (peer.any.sa_family == AF_INET6)
        return ntohs(peer.six.sin6_port);
    if (peer.any.sa_family != AF_UNIX || length <= offsetof(struct sockaddr_un, sun_path))
        return 0;
    const char *dot = strrchr(peer.local.sun_path, '.');
    return dot ? (int)strtol(dot + 1, NULL, 10) : 0;
}

static void
cut(const struct fault *fault)
{
    for (int descriptor = 3; descriptor < DESCRIPTORS_MAX; descriptor++) {
        int port = peer_port(descriptor);
        for (int i = 0; port && i < fault->port_count; i++)
            if (fault->ports[i] == port)
                shutdown(descriptor, SHUT_RDWR);
    }
}

static void
release(int signal_number)
{
    (void)signal_number;
    released = 1;
}

static void
happen(const struct fault *fault)
{
    if (fault->kind == KIND_HOLD)
        signal(SIGUSR1, release); /* before the log says that it may come */
    wf_log(WF_LOG_WARNING, "fault", "point=%s kind=%s", point_names[fault->point], kind_names[fault->kind]);
    switch (fault->kind) {
    case KIND_CRASH: kill(getpid(), SIGKILL); break;
    case KIND_HANG: raise(SIGSTOP); break;
    case KIND_STALL:
        for (;;)
            pause();
    case KIND_SLOW: nanosleep(&(struct timespec){.tv_sec = SLOW_SECONDS}, NULL); break;
    case KIND_HOLD:
        while (!released)
            usleep(1000);
        break;
    default: cut(fault); break;
    }
}

void
wf_fault_reach(enum wf_fault_point point, const char *command, size_t length)
{
    pthread_once(&once, faults_read);
    for (int i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        if (fault->point != point)
            continue;
        if (fault->words[0] ? command && memmem(command, length, fault->words, strlen(fault->words)) != NULL
                            : atomic_fetch_sub(&fault->left, 1) == 1)
            happen(fault);
    }
}

void
wf_faults_print(enum wf_fault_program program, FILE *out)
{
    for (int point = 0; point < WF_FAULT_COUNT; point++)
        if (programs[point] == program)
            fprintf(out, "%s\n", point_names[point]);
}
