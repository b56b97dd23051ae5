/*
 * work_state.h - a part of a batch on its way through one transaction, for the files that carry it.
 */
#ifndef WF_WORK_STATE_H
#define WF_WORK_STATE_H

#include "batch.h"

/* A part of a batch on its way through one transaction. */
struct work {
    struct wf_worker *worker;
    struct wf_batch_item *items;
    size_t count;
    struct wf_arena arena;
    struct wf_unit unit;
    struct wf_work store;
    struct wf_work_partition *parts;           /* one for each served partition that is touched */
    struct wf_buf *buffers;                    /* events, by partition number */
    struct wf_query *queries;                  /* of get-task for the next one, by item; offers NULL: none */
    struct wf_reservation *reserved, *released;
    struct wf_buf institution;                 /* the document of a loaded institution */
    size_t rejected, forwarded, refused;
    const struct wf_batch_item *dead_letter; /* the first of those refused */
    int64_t created;           /* tasks */
    bool *done;                /* by item: applied, passed on or refused; else it waits for an answer */
    size_t submitted_limit;    /* commands submitted by SQL to be taken with it; 0: none are */
    size_t submitted;          /* so many were there */
    int rounds;                /* of questions (core/question.h) */
    bool unanswered;           /* Kafka did not say whether a topic exists */
};

/* work.c: load, apply, save, publish; once. */
enum wf_verdict wf_work_run(struct work *work, struct wf_error *reterr) WF_CHECKED;

/* submitted.c: takes commands submitted by SQL into the events of the first partition, which is among the unit's (EOS-25). */
enum wf_verdict wf_work_take_submitted(struct work *work, struct wf_error *reterr) WF_CHECKED;

/* work_candidates.c: what could be given to those who ask for the next task (ASG-9, EOS-6). */

/* Whether an item asks for the next task. */
bool wf_work_asks_for_next(const struct wf_batch_item *item);

/* Finds the candidates, and loads the instances of those that are ours. */
enum wf_verdict wf_work_find_candidates(struct work *work, struct wf_error *reterr) WF_CHECKED;

/*
 * work_apply.c: each command through the core, in order, and what it brings about into the buffers; those that ask
 * are put off, with what follows them on their instances, until the store has answered.
 */
enum wf_verdict wf_work_apply_all(struct work *work, struct wf_error *reterr) WF_CHECKED;

/* work_requests.c: what crosses to other instances, engines and subscribers. */

/* Whether a topic exists.  Without an answer the unit is undone: nothing may be lost because Kafka is away. */
bool wf_work_topic_known(struct work *work, const char *name);

/* The unit's questions about engines and topics; the context is the work. */
bool wf_work_engine_known(void *context, const char *engine);
bool wf_work_notifyto_known(void *context, const char *topic);

/* Writes the requests of the command just applied, which came on this partition. */
void wf_work_write_requests(struct work *work, const struct wf_command *command, int32_t partition);

/* Writes an event to those who subscribed to its instance. */
void wf_work_write_notifications(struct work *work, const struct wf_event *event, const struct wf_command *command);

/* Tells who asked for an instance that the command could not be understood. */
void wf_work_refuse_request(struct work *work, const struct wf_refusal *refusal, int32_t partition);

#endif
