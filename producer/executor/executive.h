/*
 * executive.h - the executives that this executor serves: the sections of its configuration.
 *
 *     [line-test]
 *     program = /usr/local/bin/line-test
 *     argument = --entity={entity_id}
 *     exit = 1 flag fault
 *
 * A section is named as `auto_executive` of the activities.  The table makes the parsing, the
 * ranges and `--help`; what it does not have is an error that names it.
 */
#ifndef EXECUTOR_EXECUTIVE_H
#define EXECUTOR_EXECUTIVE_H

#include "exits.h"
#include "supervisor.h"
#include "template.h"

/*
 * T: text    N: whole number (default, lowest, highest)    L: may stand on several lines
 *
 *  KIND NAME        DEFAULT                        HELP
 */
#define WF_EXECUTIVE_MAP(T, N, L)                                                                           \
    T(program,      "",                             "the program to run: an absolute path; no shell is involved") \
    L(argument,                                     "one argument, a template: it stays one whatever the values hold") \
    L(environment,                                  "NAME=TEMPLATE: a variable of its environment")          \
    T(inherit,      "PATH HOME LANG LC_ALL TZ",     "variables that it gets from the executor's own environment") \
    T(input,        "",                             "what it reads on standard input, a template; {job} is the whole job") \
    T(directory,    "",                             "its working directory, an absolute path; empty: the executor's") \
    T(user,         "",                             "the user it runs as, for an executor that runs as root; empty: the executor's") \
    T(output,       "none",                         "what its standard output is: none; variables: a JSON object of variables to set; result: an object with completion_flag, entity_id, variables") \
    N(output_bytes, 65536, 1, 16777216,             "most bytes of standard output that are kept")          \
    N(error_bytes,  2000, 0, 65536,                 "most bytes of the end of standard error that a failure tells") \
    N(time_limit_s, 600, 0, 31536000,               "how long it may run; 0: as long as it takes")           \
    N(grace_ms,     5000, 0, 3600000,               "how long after SIGTERM until SIGKILL")                  \
    L(exit,                                         "STATUS end | flag NAME | fail [CODE]: what its exit status means; STATUS is N, LOW-HIGH, signal or other (0 end, all else fail)")

enum wf_output { WF_OUTPUT_NONE, WF_OUTPUT_VARIABLES, WF_OUTPUT_RESULT };

struct wf_environment {
    const char *name;
    struct wf_template value;
};

/* What the lines of a section say. */
struct wf_section {
#define T(name, initial, help) const char *name;
#define N(name, initial, low, high, help) int64_t name;
#define L(name, help)
    WF_EXECUTIVE_MAP(T, N, L)
#undef T
#undef N
#undef L
};

struct wf_executive {
    const char *name;
    struct wf_section set;
    uint32_t given;    /* bit i: row i of the table was given */
    struct wf_template *arguments;
    size_t argument_count, argument_capacity;
    struct wf_environment *environment;
    size_t environment_count, environment_capacity;
    struct wf_exit_rules exits;
    struct wf_template input;
    enum wf_output output;
    struct wf_account *account; /* NULL: the executor's */
};

struct wf_executives {
    struct wf_arena arena;
    struct wf_executive *list;
    size_t count, capacity;
};

/*
 * Reads the sections of a file; what stands before the first one is not looked at.  Fails, naming
 * file and line, on whatever cannot be used.  The caller drops them.
 */
bool wf_executives_read(const char *path, struct wf_executives *ret_executives, struct wf_error *reterr) WF_CHECKED;

void wf_executives_drop(struct wf_executives *executives);

/* The executive of a name, or NULL. */
const struct wf_executive *wf_executives_find(const struct wf_executives *executives, const char *name);

/* One line a setting of a section, for --help. */
void wf_executives_help(FILE *out);

/*
 * The arguments and the environment of a program for a job, each ended by NULL, in the arena.
 * Fails when a value is absent or cannot be an argument.
 */
bool wf_executive_fill(const struct wf_executive *executive, const struct wf_job *job, struct wf_arena *arena,
                       char ***ret_argv, char ***ret_envp, struct wf_error *reterr) WF_CHECKED;

#endif
