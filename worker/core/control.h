/*
 * control.h - the operations of the control topic on tasks and instances (TSK-2, TSK-5 to TSK-7).
 *
 * Which state a task operation starts from, where it leads and who may ask is one table, from
 * which the diagram in the manual is made.
 */
#ifndef WF_CONTROL_H
#define WF_CONTROL_H

#include "core/unit.h"

/* A row of the table of task operations. */
struct wf_transition {
    enum wf_operation operation;
    enum wf_task_state from, to;
    bool by_holder, by_operator;
    bool automation; /* of automation tasks alone */
    const char *rule; /* of the control model */
};

/* The table; ends with a row whose rule is NULL. */
extern const struct wf_transition wf_transitions[];

/* The row for an operation on a task in its state, or NULL: not possible. */
const struct wf_transition *wf_transition_of(enum wf_operation operation, const struct wf_task *task);

/*
 * Applies hang-task, reset-task, release-task or reassign-task to the task that the command
 * names.  False: rejected, as for all that follow.
 */
bool wf_control_task(struct wf_unit *unit, const struct wf_command *command, struct wf_task *task) WF_CHECKED;

/* set-entity and set-variables (INF-1, FWD-6). */
bool wf_control_set(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance) WF_CHECKED;

/* suspend-instance, resume-instance, cancel-instance and modify-instance. */
bool wf_control_instance(struct wf_unit *unit, const struct wf_command *command,
                         struct wf_instance *instance) WF_CHECKED;

#endif
