/*
 * condition.h - conditions of routing rules: Lua expressions over an instance's variables (FWD-6).
 *
 * The members of the variables are the names of the expression: `amount > 1000 and customer.vip`.
 * Objects and arrays (counted from 1; # is the length of an array) can be read, not changed;
 * null is nil, and so is what is absent; a number is an integer if it is whole and fits into
 * 64 bits, and a float otherwise.  There is no library: no function can be called but those
 * that the expression itself defines.  The value must be true or false.
 *
 * An evaluation may take WF_CONDITION_STEPS instructions, WF_CONDITION_MEMORY bytes and WF_CONDITION_TIME.
 */
#ifndef WF_CONDITION_H
#define WF_CONDITION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

enum {
    WF_CONDITION_STEPS = 100000,
    WF_CONDITION_MEMORY = 1 << 20,
    WF_CONDITION_TIME = 200000 /* microseconds; steps over long strings are few and slow */
};

/* Compiled conditions, each once however many definitions have it. One thread's. */
struct wf_conditions;

/* Never NULL; ends the program without memory. */
struct wf_conditions *wf_conditions_open(void);
/* NULL is fine. */
void wf_conditions_close(struct wf_conditions *conditions);

/* Whether a text is an expression; if not, *ret_reason says why and lies in the arena. */
bool wf_condition_check(struct wf_arena *arena, const char *condition, const char **ret_reason) WF_CHECKED;

/*
 * Evaluates a condition; `variables` is a JSON object that was checked (codec/scan.h) or comes from the database,
 * NULL: one without members.  False: an error, a value that is no boolean, or a limit;
 * *ret_reason says which and lies in the arena.
 */
bool wf_condition_holds(struct wf_conditions *conditions, struct wf_arena *arena, const char *condition,
                        const char *variables, bool *ret_holds, const char **ret_reason) WF_CHECKED;

#endif
