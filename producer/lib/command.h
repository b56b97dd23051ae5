/*
 * command.h - a command before it is sent.
 */
#ifndef WF_LIB_COMMAND_H
#define WF_LIB_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "pawl.h"

enum { WF_KINDS = PAWL_ADMIN + 1 };

/* The attributes of pawl_command_set(): NAME, text, header on the bus (NULL: not a header of its own). */
#define WF_ATTRIBUTE_MAP(X)                                \
    X(ID, "id", NULL)                                      \
    X(KEY, "key", NULL)                                    \
    X(CORRELATIONID, "correlationid", "ce_correlationid")  \
    X(TRACEPARENT, "traceparent", "ce_traceparent")        \
    X(REPLYTO, "replyto", "ce_replyto")                    \
    X(OUTCOME, "outcome", "ce_outcome")

enum wf_attribute {
#define X(name, text, header) WF_ATTRIBUTE_##name,
    WF_ATTRIBUTE_MAP(X)
#undef X
    WF_ATTRIBUTE_COUNT
};

struct pawl_command {
    enum pawl_kind kind;
    bool whole;         /* the data were given whole; else its last brace is missing */
    struct wf_buf data;
    char *attributes[WF_ATTRIBUTE_COUNT];
};

const char *wf_kind_name(enum pawl_kind kind);
const char *wf_attribute_header(enum wf_attribute attribute);

/* The data as it goes on the bus, in *ret_text, which the caller drops. */
void wf_command_text(const pawl_command *command, struct wf_buf *ret_text);

/* The key as messages.md has it for the kind, which the caller frees; NULL: none. */
char *wf_command_key(const pawl_command *command);

#endif
