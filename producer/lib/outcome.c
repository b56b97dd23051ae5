#include "outcome.h"

#include "memory.h"
#include "peek.h"

static const char *const results[] = {"applied", "duplicate", "rejected", "unanswered", "undelivered"};

const char *
pawl_result_name(enum pawl_result result)
{
    return results[result];
}

/* What is none of the three is not of this engine: the client then looks at the text itself. */
static enum pawl_result
result_of(const char *json, size_t length)
{
    char *name = wf_peek_text(wf_peek_member(json, length, "result"));
    enum pawl_result result = PAWL_REJECTED;

    for (int i = PAWL_APPLIED; name && i < PAWL_REJECTED; i++)
        if (strcmp(results[i], name) == 0)
            result = (enum pawl_result)i;
    free(name);
    return result;
}

pawl_outcome *
wf_outcome_answered(const char *id, const char *time, const void *json, size_t length)
{
    pawl_outcome *outcome = WF_NEW(pawl_outcome);

    outcome->id = wf_copy(id);
    outcome->time = wf_copy(time);
    outcome->result = result_of(json, length);
    wf_document_set(&outcome->document, json, length);
    return outcome;
}

pawl_outcome *
wf_outcome_failed(const char *id, enum pawl_result result, const char *detail)
{
    pawl_outcome *outcome = WF_NEW(pawl_outcome);

    outcome->id = wf_copy(id);
    outcome->result = result;
    outcome->detail = wf_copy(detail);
    return outcome;
}

void
pawl_outcome_free(pawl_outcome *outcome)
{
    if (!outcome)
        return;
    free(outcome->id);
    free(outcome->time);
    free(outcome->detail);
    wf_document_drop(&outcome->document);
    free(outcome);
}

enum pawl_result
pawl_outcome_result(const pawl_outcome *outcome)
{
    return outcome->result;
}

const char *
pawl_outcome_id(const pawl_outcome *outcome)
{
    return outcome->id;
}

const char *
pawl_outcome_time(const pawl_outcome *outcome)
{
    return outcome->time;
}

/* The document parses itself when it is first asked, which the caller cannot see. */
static struct wf_document *
document_of(const pawl_outcome *outcome)
{
    return (struct wf_document *)(uintptr_t)&outcome->document;
}

const char *
pawl_outcome_text(const pawl_outcome *outcome, const char *path)
{
    if (outcome->detail)
        return strcmp(path, "detail") == 0 ? outcome->detail : NULL;
    return wf_document_text(document_of(outcome), path);
}

int64_t
pawl_outcome_number(const pawl_outcome *outcome, const char *path, int64_t otherwise)
{
    return wf_document_number(document_of(outcome), path, otherwise);
}

const char *
pawl_outcome_json(const pawl_outcome *outcome)
{
    return outcome->document.text;
}
