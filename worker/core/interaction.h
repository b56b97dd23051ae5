/*
 * interaction.h - interaction between engines (section 9): work handed to an instance elsewhere, and what
 * crosses to it and back.
 *
 * Nothing here touches two instances: what another one is to do becomes a request of the unit
 * (unit->requests), which the shell puts into the outbox of this one's partition, as a command to
 * the engine concerned (architecture decision 6).  An instance of the same engine goes the same way.
 *
 * Each start has an id of its own, made of the database, the task and the attempt, so however often it
 * arrives it is one instance (ENG-2).  What is known of it is a struct wf_remote of the home instance; its state
 * follows the notifications in the order of their positions, and only forward.
 *
 * Between the topics of an engine no order is promised: a cancel could overtake the start.  So nothing
 * but the start is sent to an instance that has not been heard of; what it is to be told is said once
 * its first notification has come, also to one that nobody waits for any more.
 */
#ifndef WF_INTERACTION_H
#define WF_INTERACTION_H

#include "core/unit.h"

enum {
    WF_HOPS_MAX = 16 /* instances that asked one another for work: more go in a circle */
};

/* Whether no more is to come from an instance elsewhere: it completed or was cancelled, or was not started. */
bool wf_remote_over(const struct wf_remote *remote);

/* Whether it is over and nobody waits for it any more: it is forgotten, and word of it is rejected. */
bool wf_remote_closed(const struct wf_instance *instance, const struct wf_remote *remote);

/* The instance to which a task has handed its work last, or NULL. */
struct wf_remote *wf_interaction_remote(const struct wf_task *task);

/*
 * Hands the work of a task to an instance of its activity's sub_process, by a new attempt.  What
 * stands against it (too many hops, no such engine) becomes an incident of the task.
 */
void wf_interaction_start(struct wf_unit *unit, struct wf_task *task);

/*
 * retry-incident of a task that hands on its work: what the other instance completed with is tried again, else
 * another one is started.  False: rejected, as for wf_task_end().
 */
bool wf_interaction_retry(struct wf_unit *unit, struct wf_task *task) WF_CHECKED;

/*
 * modify-instance with `check`: asks how the instances stand that work for open tasks, by their starts once more: one that
 * never arrived is made up for, and an instance that exists is answered for (ENG-2).
 */
void wf_interaction_ask(struct wf_unit *unit, struct wf_instance *instance);

/* Cancels what works for a task that is withdrawn (TSK-5). */
void wf_interaction_withdraw(struct wf_unit *unit, struct wf_task *task);

/* Suspends or resumes what works for the open tasks of an instance (TSK-6). */
void wf_interaction_include(struct wf_unit *unit, struct wf_instance *instance, enum wf_operation operation);

/*
 * notify: for a task, what became of its work (ENG-2): with the flag of the other instance it ends.  For an instance
 * alone it is recorded.  What is older than what is known changes nothing.  False: rejected.
 */
bool wf_interaction_notify(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

/* After a notify that could not be applied (FWD-3): what was heard is kept, and the rejection is an incident of the task. */
bool wf_interaction_notify_failed(struct wf_unit *unit, const struct wf_command *command, const char *code,
                                  const char *detail) WF_CHECKED;

/* Tells the requester of an instance that its state has changed; after its events were numbered. */
void wf_interaction_report(struct wf_unit *unit, struct wf_instance *instance);

/*
 * After an init-instance for a requester: tells it of a rejection, or, when the start is repeated, how it stands.  A start that
 * was rejected since the instance exists is a repeated one if requester and process are the same (the codec compares them).
 */
void wf_interaction_answer(struct wf_unit *unit, const struct wf_command *command);

#endif
