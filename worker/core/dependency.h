/*
 * dependency.h - the dependency check: may this task start? (sections 5 and 6)
 */
#ifndef WF_DEPENDENCY_H
#define WF_DEPENDENCY_H

#include "core/unit.h"

enum wf_readiness { WF_READY, WF_NOT_READY, WF_ABSORB };

/* Whether tasks of this activity gather what arrives while they are pending (DEP-2, DEP-3, DEP-4, DEP-6). */
bool wf_dependency_gathers(const struct wf_activity *activity);

/* Whether a pending task may start, stays pending, or is absorbed (DEP-1 to DEP-6, BAT-5); not ready: or rejected. */
enum wf_readiness wf_dependency_check(struct wf_unit *unit, struct wf_task *task);

/* The pending task that an arrival at an activity joins, or NULL (DEP-2, DEP-3, DEP-6). */
struct wf_task *wf_dependency_gatherer(const struct wf_instance *instance, const struct wf_activity *activity,
                                       int32_t serial_no);

/*
 * Lets a merge that is ready flow on: takes over pre_act_id and numbers of the arrival that let
 * it (DEP-10), closes the batch if it is its closing merge (BAT-5), and says which numbers it
 * hands on.
 */
void wf_dependency_flow_on(struct wf_unit *unit, struct wf_task *task, int32_t *ret_serial_no,
                           int32_t *ret_branch_no);

/* Notes how a task ended, where some rule asks for it (DEP-2, DEP-3). */
void wf_dependency_note_end(struct wf_unit *unit, struct wf_task *task);

/* What a pending task waits for, for a person (FWD-7). */
const char *wf_dependency_reason(struct wf_unit *unit, const struct wf_task *task);

#endif
