/*
 * command.h - reads commands from the bus: CloudEvents 1.0 in binary and in structured mode,
 * and bare JSON without headers (messages.md, "Envelope" and "Commands").
 *
 * What a command may say is a table (operation.h); unknown members are ignored (BUS-5).  What
 * cannot be understood is refused: it belongs to the dead-letter topic, and the client gets a
 * rejected outcome (BUS-3).  The same bytes are always read the same way.
 */
#ifndef WF_COMMAND_H
#define WF_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/message.h"
#include "base/uuid.h"
#include "codec/codec.h"
#include "core/unit.h"

/* A message as it came from the bus; nothing of it is copied or owned. */
struct wf_incoming {
    enum wf_topic topic;    /* one of the command topics */
    bool single_topic;      /* all commands come on one: `type` or `operation` says which, `topic` does not count */
    const char *topic_name; /* the whole name */
    int32_t partition;
    int64_t offset;
    int64_t timestamp;      /* milliseconds since 1970; -1: none */
    bool log_append_time;   /* the broker's timestamp, not the client's */
    struct wf_slice key, value;
    const struct wf_header *headers;
    size_t header_count;
};

/* A command and what only the shell needs of it. */
struct wf_decoded {
    struct wf_command command;

    /* Put there by the engine itself when it passed the command on (EOS-6). */
    int32_t hops_forwarded;           /* how often it was passed on; 0: it came from a client */
    int32_t origin_partition;         /* where the client sent it, if it was passed on */
    int32_t databases_behind;         /* how many databases of the engine have had it, on its round (batch.h) */
    int32_t chosen_n;                 /* get-task for the next one: the task that was chosen; 0: none */
    struct wf_uuid chosen_instance_id;

    /* Members of operations that the core's struct has no place for; absent is NULL or 0. */
    const char *load_id;              /* load-institution in parts */
    int32_t part, parts;
};

/* Why a message is no command. */
struct wf_refusal {
    enum wf_code code;       /* invalid_command, too_large or unknown_operation */
    const char *detail;      /* names the value */
    const char *operation;   /* as the client named it; NULL: could not be read */
    struct wf_command command; /* as far as it could be read; `id` is never NULL, see below for the rest */
};

/*
 * Reads one command.  Its texts live in the arena; only `definition` and `institution` have
 * arenas of their own and belong to the caller (wf_decoded_drop).
 *
 * - Without an `id`, `<topic>/<partition>/<offset>` stands for it, that of the first arrival if
 *   it was passed on; then id_given is false.
 * - instance_id follows from task_id.  init-instance may have none: the shell makes one.
 * - deploy-process: the definition is decoded and compiled; load-institution: decoded.  What is
 *   wrong with either is in command.faults, the command is not refused for it, and the member is
 *   NULL then.  process_id is that of the definition, where it could be read.
 * - set-presence, authorize and revoke: `institution` holds the one object that they name: a
 *   person with logging_on or on_leave (has_…), an authorization (valid_from 0: now).
 *   staff_id is who asks; of set-presence also the person, and actor wins as the one who asks.
 *
 * False: *ret_refusal says why.  Its command holds what of the envelope could be read (id,
 * source, correlation_id, traceparent, replyto, outcome_rejected_only; an outcome can always be
 * written), operation where it was known, and instance_id if the data named one.
 */
bool wf_command_decode(const struct wf_codec *codec, const struct wf_incoming *in, struct wf_arena *arena,
                       struct wf_decoded *ret_decoded, struct wf_refusal *ret_refusal) WF_CHECKED;

/* Drops the definition and the institution, if they are still there. */
void wf_decoded_drop(struct wf_decoded *decoded);

/*
 * The key that a command should have had (messages.md, "Topics"): the instance id; the staff id
 * of a get-task for the next one; the process id of a definition; "institution".  NULL: any will
 * do (init-instance without instance_id).  It belongs to `text` or to the command.
 */
const char *wf_command_key(const struct wf_command *command, char text[WF_UUID_TEXT + 1]);

#endif
