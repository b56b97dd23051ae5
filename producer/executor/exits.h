/*
 * exits.h - what the exit status of a program means for its task.
 *
 *     exit = 0 end               the task ends without a flag
 *     exit = 1 flag fault        it ends with a flag
 *     exit = 64-78 fail usage    it failed, with a code (without one: exit_<status>)
 *     exit = signal fail         a signal ended the program
 *     exit = other fail          whatever no line above it names
 *
 * The first line that names a status holds.  What none names: 0 ends the task, all else fails it.
 */
#ifndef EXECUTOR_EXITS_H
#define EXECUTOR_EXITS_H

#include "base/arena.h"
#include "base/error.h"

enum wf_verdict { WF_VERDICT_END, WF_VERDICT_FAIL };

struct wf_exit_rule {
    int low, high; /* statuses; -1: ended by a signal */
    enum wf_verdict verdict;
    const char *text; /* the flag or the code; NULL: none */
};

struct wf_exit_rules {
    struct wf_exit_rule *rules;
    size_t count, capacity;
};

/* Adds a line, such as "1 flag fault". */
bool wf_exits_read(struct wf_arena *arena, const char *line, struct wf_exit_rules *rules, struct wf_error *reterr)
    WF_CHECKED;

struct wf_exit_meaning {
    enum wf_verdict verdict;
    const char *flag; /* NULL: none */
    char code[201];   /* of a failure */
    char detail[120]; /* how the program ended, in words */
};

/* What a status of waitpid(2) means. */
struct wf_exit_meaning wf_exits_meaning(const struct wf_exit_rules *rules, int wait_status);

#endif
