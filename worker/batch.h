/*
 * batch.h - the commands taken together: from Kafka's records to decoded commands in order.
 */
#ifndef WF_BATCH_H
#define WF_BATCH_H

#include "codec/command.h"
#include "worker.h"

/* What the shell does with one command. */
enum wf_disposal {
    WF_DISPOSE_APPLY,   /* the core decides */
    WF_DISPOSE_FORWARD, /* another partition's (EOS-6) */
    WF_DISPOSE_REFUSE   /* could not be understood (BUS-3) */
};

struct wf_batch_item {
    struct wf_record record;
    struct wf_incoming incoming;
    struct wf_decoded decoded;
    struct wf_refusal refusal;
    bool own;          /* the engine's own command (EOS-4): there is no record but its partition, and no outcome */
    enum wf_disposal disposal;
    int32_t partition; /* that the command belongs to */
    const char *note;  /* why the database could not take it; refused for that */
};

struct wf_batch_taken {
    struct wf_arena arena; /* of everything decoded */
    struct wf_batch_item *items; /* in the order in which they are applied */
    size_t count;
    const char *topic_names[WF_COMMAND_TOPICS];
};

/*
 * Takes what has come for the served partitions, up to the limits, from the sources in turn
 * (EOS-18), and orders it: by timestamp, then in the order of the topics, but each source in
 * its own order, so that every prefix of the batch is a position.  The engine's own commands
 * come first.  The batch stays empty when the database does not answer; then worker->recover is set.
 * Where a partition is being read from an earlier place (taking.c), worker->held_back may be set.
 */
void wf_batch_take(struct wf_worker *worker, struct wf_batch_taken *batch);

/* Releases what wf_batch_take() holds back for later batches; before the consumer is closed. */
void wf_batch_drop_held(struct wf_worker *worker);

/* Decodes some, from `from` on, and says what is to be done with each. */
void wf_batch_decode(struct wf_worker *worker, struct wf_batch_taken *batch, size_t from, size_t count);

/*
 * What the shell does with a command that never comes to an end (EOS-23): it is refused; one of the engine's own
 * becomes an incident.  `unread`: without decoding it, for that may be what ends the worker.
 */
void wf_batch_convict(struct wf_worker *worker, struct wf_batch_taken *batch, size_t i, bool unread);

void wf_batch_release(struct wf_batch_taken *batch);

#endif
