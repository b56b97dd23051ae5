/*
 * operation.h - what each operation needs to know first, and which function does it.
 */
#ifndef WF_OPERATION_H
#define WF_OPERATION_H

#include "core/unit.h"

/* Applies the operation; tasks it makes stand in line and have not moved yet.  False: rejected, or a question is open. */
bool wf_operation_apply(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

/* The instance that a command concerns, if it takes commands; else rejects (TSK-5). */
struct wf_instance *wf_operation_instance(struct wf_unit *unit, const struct wf_command *command);

/* The open task of this number, or NULL with a rejection. */
struct wf_task *wf_operation_task(struct wf_unit *unit, const struct wf_instance *instance, int32_t n);

/* The person who asks, or NULL with a rejection. */
const struct wf_staff *wf_operation_staff(struct wf_unit *unit, const char *staff_id);

/* Who did it, as events say (LOG-1): the actor, the person or the executor; the engine, of its own commands. */
const char *wf_command_actor(const struct wf_command *command);

#endif
