/*
 * constraint.h - separation of duties: who may not do a task for what was done in its instance (ASG-10).
 *
 * not_by bars whoever did a task of some activity, or for whom it was done; same_as keeps a task
 * for the executor of the last ended one.  Both count what ended, by the summaries of the
 * activities concerned (`depends`), and hold whenever somebody is to get a task: by
 * assignment, by get-task in one's own name or another's, and by reassignment.  Who is barred
 * later loses what waits for them, and cannot end what they have in hand.
 */
#ifndef WF_CONSTRAINT_H
#define WF_CONSTRAINT_H

#include "core/unit.h"

/* Adds the executor and the grantor of a task that ended to those remembered in its summary. */
void wf_constraint_note_end(struct wf_unit *unit, struct wf_summary *summary, const struct wf_task *task);

/* Whether not_by bars a person from doing or authorising a task. */
bool wf_constraint_bars(const struct wf_task *task, const char *staff_id);

/* Those whom not_by bars, each once, in order of staff_id; *ret_count is 0 without such a rule. */
const char **wf_constraint_barred(struct wf_arena *arena, const struct wf_task *task, size_t *ret_count);

/*
 * The person whom same_as gives a task: NULL without such a rule, while no task of that activity
 * has ended, and when the person is on leave, gone or barred; then the rule decides.
 */
const struct wf_staff *wf_constraint_same(const struct wf_unit *unit, const struct wf_task *task);

/* Whether both let a person do a task. */
bool wf_constraint_allows(const struct wf_unit *unit, const struct wf_task *task, const char *staff_id);

/* Rejects the command for the constraint that keeps a person from a task; returns false. */
bool wf_constraint_reject(struct wf_unit *unit, const struct wf_task *task, const char *staff_id);

#endif
