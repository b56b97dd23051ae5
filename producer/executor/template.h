/*
 * template.h - texts with places for what a job says: "--task={task_id}".
 *
 *     {name}         the value (job.h); the job fails where there is none
 *     {name:-text}   the value, or the text where there is none (it may be empty)
 *     {{ and }}      a brace
 *
 * A text stays one argument, whatever the value holds: it is never split, and no shell sees it.
 */
#ifndef EXECUTOR_TEMPLATE_H
#define EXECUTOR_TEMPLATE_H

#include "base/arena.h"
#include "base/error.h"
#include "job.h"

struct wf_template_part {
    const char *text;     /* that stands there; NULL: a value does */
    const char *name;     /* of the value */
    const char *fallback; /* NULL: none */
};

struct wf_template {
    struct wf_template_part *parts;
    size_t count, capacity;
};

/* Reads a template into an arena; fails on braces that do not match and on names no job has. */
bool wf_template_read(struct wf_arena *arena, const char *text, struct wf_template *ret_template,
                      struct wf_error *reterr) WF_CHECKED;

/* Appends the text for a job, and no NUL; fails, naming it, when a value is absent or holds a NUL. */
bool wf_template_fill(const struct wf_template *template, const struct wf_job *job, struct wf_buf *ret_text,
                      struct wf_error *reterr) WF_CHECKED;

#endif
