/*
 * start.h - start control: work done by programs (section 8).
 *
 * Each announcement of a job is an attempt, counted from 1; the id of the job is task and attempt.  An
 * attempt ends when the task ends, or fails: by fail-task, or because a time limit passed.
 * Then the task waits again and the next attempt is announced: at once after a time limit, after
 * 1, 2, 4, … at most 60 seconds when the executor says that it failed.  After 1 + `retries` attempts
 * there is an incident instead, and nobody can take the task until an operator retries it: one more
 * attempt each time.  A job given back (release-task) is announced as a new attempt, too, but has not failed:
 * an executor that stops in good order uses up none of the retries.
 *
 * An executor that names the attempt it works on is held to it, so that one that was given up cannot take
 * or end what was announced again.
 */
#ifndef WF_START_H
#define WF_START_H

#include "core/unit.h"

/* Announces the job of a waiting automation task as the next attempt (STA-1); a sub-process is started (ENG-2). */
void wf_start_announce(struct wf_unit *unit, struct wf_task *task);

/* A job was given back: announces the next attempt, which is no retry. */
void wf_start_given_back(struct wf_unit *unit, struct wf_task *task);

/* Announces the attempt at hand: after the delay of a failed one, or on resume (TSK-6). */
void wf_start_again(struct wf_unit *unit, struct wf_task *task);

/* Whether the job of a waiting task is announced: not one that failed and is retried later, or is an incident. */
bool wf_start_is_offered(const struct wf_task *task);

/* Whether a failed attempt is followed by another one (STA-2). */
bool wf_start_may_retry(const struct wf_task *task);

/* The attempt at hand has failed: the next one, at once or after a delay, or an incident (STA-2). */
void wf_start_failed(struct wf_unit *unit, struct wf_task *task, const char *code, const char *detail, bool delay);

/* Whether an executor may take or end a task (STA-1); otherwise the command is rejected. */
bool wf_start_entitled(struct wf_unit *unit, const struct wf_task *task, const struct wf_command *command) WF_CHECKED;

#endif
