/*
 * control.h - the operations of the control topic on tasks and instances (TSK-2, TSK-5 to TSK-7).
 *
 * Which state an operation starts from, where it leads and who may ask is a table for tasks and one for
 * instances, from which the diagrams in the manual are made.  What happens without an operation that
 * names the task or instance stands in two more.
 */
#ifndef WF_CONTROL_H
#define WF_CONTROL_H

#include "core/unit.h"

/* A row of the table of task operations. */
struct wf_transition {
    enum wf_operation operation;
    enum wf_task_state from, to;
    bool by_holder, by_operator, by_engine;
    bool automation; /* of automation tasks alone */
    const char *rule; /* of the control model */
};

/* What a task does of itself: by what it is called in the control model. */
struct wf_move {
    const char *name;
    enum wf_task_state from, to;
    const char *rule;
};

/* A row of the table of instance operations. */
struct wf_instance_transition {
    enum wf_operation operation;
    enum wf_instance_state from, to;
    const char *rule;
};

/* What an instance comes to when its tasks have moved. */
struct wf_instance_move {
    const char *name;
    enum wf_instance_state from, to;
    const char *rule;
};

/* The tables; each ends with a row whose rule is NULL. */
extern const struct wf_transition wf_transitions[];
extern const struct wf_move wf_moves[];
extern const struct wf_instance_transition wf_instance_transitions[];
extern const struct wf_instance_move wf_instance_moves[];

/* The row for an operation on a task in its state, or NULL: not possible. */
const struct wf_transition *wf_transition_of(enum wf_operation operation, const struct wf_task *task);

/*
 * Applies hang-task, reset-task, release-task, reassign-task, extend-task or fail-task to the task that the
 * command names.  False: rejected, as for all that follow.
 */
bool wf_control_task(struct wf_unit *unit, const struct wf_command *command, struct wf_task *task) WF_CHECKED;

/* set-entity and set-variables (INF-1, FWD-6). */
bool wf_control_set(struct wf_unit *unit, const struct wf_command *command, struct wf_instance *instance) WF_CHECKED;

/* suspend-instance, resume-instance, cancel-instance, modify-instance and retry-incident. */
bool wf_control_instance(struct wf_unit *unit, const struct wf_command *command,
                         struct wf_instance *instance) WF_CHECKED;

/* What the operations do, for deadlines (STA-3) to do as well. */

/* A task in hand goes back to waiting, with the assignment it had before it was taken (TSK-2). */
void wf_control_release(struct wf_unit *unit, struct wf_task *task);

/* A task goes to a person, to a group, or, if neither is named, by the rule again (TSK-7). */
bool wf_control_give(struct wf_unit *unit, struct wf_task *task, const char *staff_id, enum wf_based_on based_on,
                     const char *group) WF_CHECKED;

/* Cancels an instance: withdraws all that is open, for this reason (TSK-5). */
void wf_control_cancel(struct wf_unit *unit, struct wf_instance *instance, const char *reason);

#endif
