/*
 * work.h - a unit of work: load, apply, save and hand over to the publisher.
 */
#ifndef WF_WORK_H
#define WF_WORK_H

#include "batch.h"

/*
 * cutting.c: applies some of a batch, decoded, in one transaction.  If the database refuses the data of a command the batch
 * is cut in halves, in order, until that command is alone; it is refused and the rest goes on
 * (EOS-23).  False: the rest of the batch was not applied, and worker->recover or worker->fatal
 * is set.
 */
bool wf_work_apply(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count) WF_CHECKED;

/* Whether a verdict may be another for fewer commands at once. */
bool wf_work_may_be_cut(enum wf_verdict verdict);

/* After a verdict of the store that no smaller batch would change: sets recover or fatal, and returns false. */
bool wf_work_give_up(struct wf_worker *worker, enum wf_verdict verdict, struct wf_error *error);

/* suspects.c: decodes and applies a batch; one command at a time where one may be what ends workers or sessions. */
bool wf_suspects_apply(struct wf_worker *worker, struct wf_batch_taken *batch) WF_CHECKED;

/* pace.c: a batch of so many took so long (microseconds); or a statement of it was cancelled for taking too long. */
void wf_pace_done(struct wf_worker *worker, size_t count, int64_t duration);
void wf_pace_cancelled(struct wf_worker *worker, size_t count);

#endif
