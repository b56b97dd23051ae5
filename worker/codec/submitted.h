/*
 * submitted.h - commands submitted by SQL, as messages (EOS-25).
 */
#ifndef WF_SUBMITTED_H
#define WF_SUBMITTED_H

#include "base/message.h"
#include "codec/codec.h"

/*
 * To its command topic or, if all commands share one, to that (NULL or empty: they do not), as a client would send it: on
 * the partition of its key, or of its id where there is no key, so that the same command always goes to the same one.
 */
void wf_submitted_encode(struct wf_codec *codec, const struct wf_submitted *submitted, const char *command_topic,
                         int32_t partition_count, int64_t now, struct wf_buf *outbox);

#endif
