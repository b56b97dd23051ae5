/*
 * story.h - a process and what happens to it, told in a few lines of text.
 *
 * A definition is a line for each thing; lines end with "\n" or ";":
 *
 *     A:task                    an interaction offered to role r, first come first assigned
 *     A:interaction team:t priority presence:require
 *     A:task all                ... by another method
 *     M:and_merge closes:S      any type by its name, with the members it needs
 *     M:or_merge asks:ok        admits this flag alone
 *     M:vote_merge votes:2 asks:ok | votes:50%
 *     A:task pre:f post:g       user-defined rules; func:h as the group
 *     A:task take:60 end:90,end,late    limits in seconds, what they do (remind), and the flag or role
 *     A:automation end:60 retries:2
 *     limit 3600,cancel         of the instance
 *     A -> B,C                  a routing rule for any flag
 *     A -ok-> B                 ... for one flag
 *     S:automation sub:q@north  handed on to process q of engine north (without "@": of this one)
 *     A after P -ok-> B         ... and for tasks reached from P
 *     A -> B if:yes             ... under a condition: the variables have {yes}; "*" holds, "!" cannot be evaluated
 *     A -> B default            ... when no other holds
 *     M after A needs A=ok,B    a pre rule
 *
 * A command is a line, and so is what it does: its events in order, or why it was rejected.
 *
 *     story_does("init x")         "running; 1 I ended x; 2 A waiting"
 *     story_does("get 2 ann")      "2 A processing @ann"
 *     story_does("end 2 ann no")   "rejected no_route flags:ok,bad"
 *
 * What crosses to another instance follows: "to north: start q", "to north: cancel", "tell {} running".
 *
 * There is one story a test; Criterion runs each in a process of its own.  After every command
 * the helper checks what must always hold: numbers without gaps, no task lost or doubled, and
 * not a trace of what was rejected.
 */
#ifndef STORY_H
#define STORY_H

#include <criterion/criterion.h>

#include "core/dispatch.h"
#include "core/unit.h"

struct story {
    struct wf_arena arena; /* of everything */
    struct wf_unit unit;
    struct wf_institution *institution; /* that it began with */
    struct wf_command command;    /* the last one */
    bool batches;                 /* events tell batches: "2 A waiting (2.1)", "opens 2", "closes 2" */
    const char *answers;          /* of story_answers() */
    char asked[1000];             /* the subjects of the last command's questions, a round between spaces */
    const struct wf_question *last_question;
    bool deaf;                    /* there is no engine and no topic */
    int commands;                 /* so far; a day passes by one second each */
    struct wf_process *processes[16]; /* the shell's catalog, in order of deployment */
    size_t process_count;
};

extern struct story story;

/*
 * Begins the story: an institution (ann, bob and cid hold role r; dan holds none; eve, who
 * holds r, is on leave) and a process "p" of this definition.
 */
void story_begin(const char *definition);

/* Begins it without a process. */
void story_begin_empty(void);

/* What a text says, not compiled. */
struct wf_process *story_process(const char *process_id, const char *definition);
struct wf_institution *story_institution(const char *text);

/* Compiles it; what is wrong, as "code code ...", or "". */
const char *story_faults(const char *definition);

/*
 * Applies a command and returns its events.  The instance is the one last begun, unless a
 * word "@2" names the second one.  Words that follow are the command's members.
 *
 *     init [flag] [process:p] [version:1] [staff:ann] [entity:e] [vars:{}]
 *     get N STAFF | get next STAFF [process:p] [act:A] | get N EXECUTOR!
 *     end N STAFF [flag] [entity:e] [vars:{}] | end N EXECUTOR! [flag]
 *     hang N STAFF | reset N STAFF | release N STAFF|actor:op
 *     reassign N [to:STAFF | to_role:r | to_team:t | to_dept:d] actor:op
 *     set entity:e | set vars:{}
 *     suspend | resume | cancel | modify [start:A] [withdraw:N]
 *     show | subscribe notifyto:t [filter:{}] [requester:{}] | unsubscribe notifyto:t
 *     notify N STATE [flag] [pos:3] [life:x] [attempt:1] [code:c]    of what works for a task; an instance's own: notify 0 STATE
 *     init ... [requester:{}] [hops:1] [notifyto:t]
 * and for each: [id:x] [data:7] [actor:a] [for:GRANTOR]
 *     extend N STAFF|EXECUTOR!|actor:op [within:SECONDS]
 *     fail N EXECUTOR! [CODE] | retry N actor:op   the task's incident, 0: the instance's
 *     show
 * and for each: [id:x] [data:7] [actor:a] [for:GRANTOR] [attempt:K]
 *
 * Events tell the attempt of a job from the second one on ("#2"), and an open incident ("!timeout").
 */
const char *story_does(const char *command);

/* So many seconds pass; what falls due in them fires, in order.  Their events, " | " between timers. */
const char *story_waits(int seconds);

/*
 * From now on questions (core/question.h) are answered so, by the name of their subject:
 *
 *     story_answers("free=yes; ready=no; next=A,B; none=; broken!division by zero")
 *
 * A command that asks is dispatched again with the answers, and must have left no trace.
 * A question without an answer fails the test.
 */
void story_answers(const char *answers);

/* Applies a command that was made by hand, with the same checks. */
const char *story_applies(const struct wf_command *command);

/* Fails the test unless a command does what is told. */
#define TELL(command, expected)                                                            \
    do {                                                                                   \
        const char *told_ = story_does(command);                                           \
        cr_assert(strcmp(told_, (expected)) == 0, "%s\n  told:     %s\n  expected: %s",    \
                  (command), told_, (expected));                                           \
    } while (0)

#define SAME(actual, expected)                                                             \
    do {                                                                                   \
        const char *actual_ = (actual), *expected_ = (expected);                           \
        cr_assert(strcmp(actual_, expected_) == 0, "actual:   %s\n  expected: %s", actual_, expected_); \
    } while (0)

/* Loads a change of the institution. */
void story_load(const char *institution);

/* Takes and ends a task in one line: what the end does. */
#define ENDS(n, flag, expected)                                                                  \
    do {                                                                                         \
        story_does("get " #n " ann");                                                            \
        TELL("end " #n " ann " flag, expected);                                                  \
    } while (0)

/* The instance last begun, or the k-th (from 1). */
struct wf_instance *story_instance(int number);

/* The state of all instances, every field that the store keeps. */
const char *story_snapshot(void);

/* The unit is saved and another one begins with what a store would load. */
void story_reload(void);

#endif
