/*
 * job.h - what a job says, as text for a template.
 */
#ifndef EXECUTOR_JOB_H
#define EXECUTOR_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct wf_job {
    const char *json;        /* the job (messages: job), which the engine wrote */
    size_t length;
    const char *executor_id; /* who runs it */
    int64_t attempt;         /* of the task when it was taken; 0: as the job says */
};

enum wf_job_value {
    WF_JOB_VALUE,  /* there is one */
    WF_JOB_ABSENT, /* there is none, or null */
    WF_JOB_NUL     /* a text with a NUL in it, which no argument can hold */
};

/* Whether a name may stand in a template: a member of a job, "variables.…", "job", "executor_id". */
bool wf_job_knows(const char *name);

/*
 * Appends a value: a text without its quotes and escapes; numbers, booleans, objects and arrays
 * exactly as they stand in the job.  "variables.order.lines.0.sku" goes down into objects, by
 * name, and arrays, from 0; a name with a dot in it cannot be reached.
 */
enum wf_job_value wf_job_value(const struct wf_job *job, const char *name, struct wf_buf *ret_text);

/* Appends text, with U+FFFD for whatever is not UTF-8 and blanks for control characters but newline and tab. */
void wf_text_clean(const char *text, size_t length, struct wf_buf *ret_text);

/* Whether bytes are UTF-8: shortest forms, no surrogates. */
bool wf_text_valid(const char *text, size_t length);

#endif
