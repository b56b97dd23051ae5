/*
 * automation.h - timers and incidents in their tables; internal to the store.
 */
#ifndef WF_STORE_AUTOMATION_H
#define WF_STORE_AUTOMATION_H

#include "store/pipeline.h"

/* Whether an instance's timers stand in the table of timers: not while it is suspended (TSK-6), nor when it is over. */
bool wf_timers_run(const struct wf_instance *instance);

/*
 * Fills the statements that bring the table of timers to what the unit has come to, and notes the earliest timer of each
 * partition that is set.  What has fired is gone in any case.
 */
void wf_timers_put(struct wf_store *store, const struct wf_work *work);

/* Fills the statements for incidents that were raised or resolved. */
void wf_incidents_put(struct wf_store *store, const struct wf_instance *instance);

/* An open incident as a column of its task or instance: JSON, or a null; and read from six columns. */
void wf_incident_put(struct wf_table *table, const struct wf_incident *incident);
const struct wf_incident *wf_incident_read(const struct wf_rows *rows, int row, int first, int32_t n,
                                           struct wf_arena *arena);

#endif
