/*
 * outcome.h - the answer to one command.
 */
#ifndef WF_LIB_OUTCOME_H
#define WF_LIB_OUTCOME_H

#include "document.h"
#include "pawl.h"

struct pawl_outcome {
    enum pawl_result result;
    char *id;
    char *time;   /* of the engine; NULL: none */
    char *detail; /* of what was unanswered or undelivered */
    struct wf_document document;
    pawl_outcome *next; /* in the client's queue */
};

/* The outcome that the engine wrote, at a time (RFC 3339; NULL: it did not say). */
pawl_outcome *wf_outcome_answered(const char *id, const char *time, const void *json, size_t length);

/* The outcome of a command that the engine did not answer. */
pawl_outcome *wf_outcome_failed(const char *id, enum pawl_result result, const char *detail);

#endif
