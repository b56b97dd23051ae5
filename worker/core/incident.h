/*
 * incident.h - failures that wait for an operator (STA-2, FWD-3).
 *
 * A task has at most one open incident, and so has an instance for what concerns it as a whole; a newer
 * one resolves the older.  It is part of the events of its task (or instance) while it is open,
 * and is resolved by what makes it pointless: the task is taken, given back, over.
 *
 * An incident does not change how FWD-7 judges the instance: its task is waiting or in hand, not
 * pending, so the instance goes on running (STA-2), and the incident itself says what is wrong.
 */
#ifndef WF_INCIDENT_H
#define WF_INCIDENT_H

#include "core/unit.h"

/* Raises an incident of a task, or of the instance (task NULL).  Both texts must live as long as the unit. */
void wf_incident_raise(struct wf_unit *unit, struct wf_instance *instance, struct wf_task *task, const char *code,
                       const char *detail);

/* Resolves the open incident of a task, or of the instance (task NULL); nothing if there is none. */
void wf_incident_resolve(struct wf_unit *unit, struct wf_instance *instance, struct wf_task *task);

/*
 * retry-incident: resolves the incident and does again what failed: a job is announced once more,
 * the action of a deadline is taken.  False: rejected; the incident stays.
 */
bool wf_incident_retry(struct wf_unit *unit, const struct wf_command *command,
                       struct wf_instance *instance) WF_CHECKED;

#endif
