/*
 * client.h - a client: a producer for commands and a reader of their outcomes.
 *
 *     pawl_send ── producer ──▶ command topic                    send.c
 *     pawl_next ◀── ready ◀── outcomes (reader of <prefix>.outcome)   client.c
 *
 * An outcome goes to the partition that its command was sent to, so the client chooses the
 * partition itself and reads that one of the outcome topic from its end before it sends.
 */
#ifndef WF_LIB_CLIENT_H
#define WF_LIB_CLIENT_H

#include "command.h"
#include "inflight.h"
#include "outcome.h"
#include "reader.h"

struct pawl_client {
    pawl_settings *settings;
    struct wf_kafka producer;
    struct wf_reader outcomes;
    int fd; /* written to by the queues of both */
    struct {
        rd_kafka_topic_t *topic; /* NULL: no command of this kind yet */
        int32_t partitions;
    } topics[WF_KINDS];
    int32_t next_partition;      /* for a command without a key */
    struct wf_inflight inflight; /* unanswered, and answered but not reported as delivered */
    struct {
        pawl_outcome *first, *last;
    } ready;                     /* for pawl_next() */
    size_t in_flight;            /* unanswered and ready */
    size_t undelivered;          /* posted commands that Kafka did not take */
    char why[256];               /* the last of them */
};

/* Puts an outcome at the end of the queue. */
void wf_client_ready(pawl_client *client, pawl_outcome *outcome);

/* Takes in whatever has arrived, without waiting. */
enum pawl_status wf_client_pump(pawl_client *client);

/* Waits until the descriptor says that something arrived, or a limit is near; at most timeout_ms. */
void wf_wait_for(int fd, int timeout_ms);

/* Takes the sign away, before the last look at what it stands for; says whether there was one. */
bool wf_sign_clear(int fd);

#endif
