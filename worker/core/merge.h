/*
 * merge.h - batches and merges: which batch a merge works in, who could still come, who has won
 * (BAT-3 to BAT-6, DEP-3 to DEP-6).
 */
#ifndef WF_MERGE_H
#define WF_MERGE_H

#include "core/unit.h"

/* The merge that closes a batch, or NULL (BAT-3).  Nothing closes batch 1, which no step opened. */
const struct wf_activity *wf_batch_closer(const struct wf_batch *batch);

/*
 * The batch that a merge works in for an arrival (BAT-4), or NULL when it takes the arrival
 * alone, as a batch of one branch.
 */
struct wf_batch *wf_merge_batch(const struct wf_instance *instance, const struct wf_activity *merge,
                                int32_t serial_no);

/* Whether a merge has closed this batch, so that what arrives now is absorbed (BAT-5). */
bool wf_merge_closed(const struct wf_activity *merge, const struct wf_batch *batch);

/* An open task, not `except`, that could still come to a merge that works in a batch (BAT-6), or NULL. */
struct wf_task *wf_merge_could_come(const struct wf_instance *instance, const struct wf_activity *merge,
                                    const struct wf_batch *batch, const struct wf_task *except);

/* Whether an arrival at an or_merge comes too late: another branch has won (DEP-5). */
bool wf_or_merge_lost(const struct wf_instance *instance, const struct wf_activity *merge, int32_t serial_no,
                      int32_t branch_no);

/* Notes that the branch of a task has won, from its own batch out to the one the merge works in (DEP-5). */
void wf_or_merge_win(struct wf_unit *unit, const struct wf_task *task);

enum wf_vote { WF_VOTE_OPEN, WF_VOTE_PASSED, WF_VOTE_FAILED };

/* How the vote that a gathering task counts stands (DEP-6). */
enum wf_vote wf_vote_merge_count(const struct wf_task *task);

/* How many votes it has, and how many it needs. */
int32_t wf_vote_merge_votes(const struct wf_task *task, int32_t *ret_needed);

/* The arrival that let a vote flow on (DEP-10): whose vote was the last one needed, else the last. */
const struct wf_arrival *wf_vote_merge_deciding(const struct wf_task *task);

/* Withdraws what could still come to a vote that is over (DEP-6). */
void wf_vote_merge_withdraw_rest(struct wf_unit *unit, const struct wf_task *task);

#endif
