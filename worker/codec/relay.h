/*
 * relay.h - passes messages on as they came: dead letters, and commands that arrived on a
 * partition of another owner.
 *
 * Key, value and headers stay as they are; headers are only added.  (A key of 65,535 bytes or
 * more does not fit an outbox row: it moves into the header `pawl_key`.)
 */
#ifndef WF_RELAY_H
#define WF_RELAY_H

#include <stdint.h>

#include "base/buf.h"
#include "codec/codec.h"
#include "codec/command.h"

/*
 * To the dead-letter topic, on the partition on which it came, with Spring's headers in Spring's
 * binary forms (kafka_dlt-original-topic, -partition, -offset, -timestamp, -timestamp-type,
 * kafka_dlt-exception-fqcn, -exception-message) and readable ones of ours (pawl_code, pawl_detail,
 * pawl_worker).
 */
void wf_dead_letter_encode(struct wf_codec *codec, const struct wf_incoming *in, enum wf_code code, const char *detail,
                           struct wf_buf *outbox);

/*
 * To the topic on which it came, on another partition, with
 *
 *     pawl_forwarded  <origin partition>/<hops, this one included>
 *     pawl_task       the task that was chosen for a get-task for the next one, if `chosen` is given
 *     pawl_id         what stands for its id, if the client gave none
 *     pawl_databases  <databases that have had it>/<version that the process became, or 0>, if it goes round the engine's
 *                     databases
 *
 * which wf_command_decode() reads back.
 */
void wf_forward_encode(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_decoded *decoded,
                       int32_t partition, const struct wf_candidate *chosen, struct wf_buf *outbox);

#endif
