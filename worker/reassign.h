/*
 * reassign.h - assignment tried again after the institution has changed (ASG-8).
 *
 * What nobody could be assigned may have somebody now, and what was theirs who were removed goes back to the rule.
 * Both stand in the tables until it is done, so a worker only remembers for which version of the institution it has
 * looked through the tasks of its partitions, and how far.
 */
#ifndef WF_REASSIGN_H
#define WF_REASSIGN_H

#include "own.h"

/* Adds an assign-task for each such task, some at a time; false: the database did not answer. */
bool wf_reassign_take(struct wf_worker *worker, struct wf_own_commands *commands);

#endif
