/*
 * report.c - what came of a program, by its exit status and its output.
 */
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "executor.h"
#include "peek.h"

enum { EXCERPT = 120 };

void
wf_report_log(const struct wf_work *work, const char *what, const char *code, const char *detail)
{
    int64_t took = work->began ? (wf_clock_monotonic() - work->began) / WF_MILLISECOND : 0;

    wf_log(code ? WF_LOG_WARNING : WF_LOG_INFO, what,
           "task=%s executive=%s attempt=%lld ms=%lld code=\"%s\" detail=\"%s\"", work->task_id, work->executive->name,
           (long long)work->job.attempt, (long long)took, code, detail);
}

void
wf_report_fail(struct wf_work *work, int64_t now, const char *code, const char *detail)
{
    const struct wf_buf *errors = &work->run.errors.bytes;
    struct wf_buf text = {0};

    wf_text_clean(detail, strlen(detail), &text);
    if (errors->length) {
        wf_buf_puts(&text, work->run.errors.cut ? "; the end of its standard error: " : "; its standard error: ");
        wf_text_clean(errors->data, errors->length, &text);
    }
    while (text.length && text.data[text.length - 1] == '\n')
        text.length--;
    work->code = wf_arena_strdup(&work->arena, code);
    work->detail = wf_arena_strndup(&work->arena, text.data, text.length);
    wf_buf_drop(&text);
    work->state = WF_WORK_REPORTING;
    wf_ask_begin(work, &work->main, WF_VERB_FAIL, now);
}

/* ---- output ---- */

/* What is wrong with it, in the arena of the work. */
static const char *
wrong(struct wf_work *work, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return wf_arena_strdup(&work->arena, text);
}

/* Checks that a text is one JSON object. */
static const char *
object_check(struct wf_work *work, const char *text, size_t length)
{
    char excerpt[EXCERPT + 1];
    cJSON *root = wf_text_valid(text, length) && !memchr(text, 0, length)
                      ? cJSON_ParseWithOpts(text, NULL, true) : NULL;
    bool ok = cJSON_IsObject(root);

    cJSON_Delete(root);
    if (ok)
        return NULL;
    snprintf(excerpt, sizeof excerpt, "%s", text);
    return wrong(work, "its standard output is not a JSON object: \"%s\"", excerpt);
}

static const char *
result_member(struct wf_work *work, struct wf_slice name, struct wf_slice value)
{
    const char *const texts[] = {"completion_flag", "entity_id"};
    const char **const places[] = {&work->flag, &work->entity_id};

    for (int i = 0; i < 2; i++) {
        if (name.length != strlen(texts[i]) || memcmp(name.data, texts[i], name.length) != 0)
            continue;
        char *text = wf_peek_text(value);
        if (!text)
            return wrong(work, "\"%s\" in its standard output is not a text", texts[i]);
        *places[i] = wf_arena_strdup(&work->arena, text);
        free(text);
        return NULL;
    }
    if (name.length != 9 || memcmp(name.data, "variables", 9) != 0)
        return wrong(work, "unrecognized member \"%.*s\" in its standard output",
                     (int)(name.length < EXCERPT ? name.length : EXCERPT), name.data);
    if (!value.length || *value.data != '{')
        return wrong(work, "\"variables\" in its standard output is not an object");
    work->variables = wf_arena_strndup(&work->arena, value.data, value.length);
    return NULL;
}

/* Takes flag, entity and variables from what the program wrote; what is wrong with it, or NULL. */
static const char *
output_read(struct wf_work *work)
{
    struct wf_buf *output = &work->run.output.bytes;
    const char *text = wf_buf_text(output), *fault = NULL;
    size_t length = output->length;
    struct wf_slice name, value;
    struct wf_peek peek;

    if (text[strspn(text, " \t\r\n")] == '\0' && !memchr(text, 0, length))
        return NULL; /* nothing to say */
    fault = object_check(work, text, length);
    if (fault)
        return fault;
    if (work->executive->output == WF_OUTPUT_VARIABLES) {
        work->variables = wf_arena_strndup(&work->arena, text, length);
        return NULL;
    }
    wf_peek_begin(&peek, text, length);
    while (!fault && wf_peek_next(&peek, &name, &value))
        fault = result_member(work, name, value);
    return fault;
}

/* ---- the end ---- */

static void
report_success(struct wf_work *work, int64_t now, const char *flag)
{
    char detail[160];
    const char *fault = NULL;

    work->flag = flag;
    if (work->executive->output != WF_OUTPUT_NONE && work->run.output.cut) {
        snprintf(detail, sizeof detail, "its standard output is longer than %lld bytes",
                 (long long)work->executive->set.output_bytes);
        wf_report_fail(work, now, "output_limit", detail);
        return;
    }
    if (work->executive->output != WF_OUTPUT_NONE)
        fault = output_read(work);
    if (fault) {
        wf_report_fail(work, now, "output_invalid", fault);
        return;
    }
    work->state = WF_WORK_REPORTING;
    wf_ask_begin(work, &work->main, WF_VERB_END, now);
}

static void
report_status(struct wf_work *work, int64_t now)
{
    struct wf_exit_meaning meaning = wf_exits_meaning(&work->executive->exits, work->run.wait_status);

    if (meaning.verdict == WF_VERDICT_END)
        report_success(work, now, meaning.flag ? wf_arena_strdup(&work->arena, meaning.flag) : NULL);
    else
        wf_report_fail(work, now, meaning.code, meaning.detail);
}

void
wf_report_end(struct wf_work *work, int64_t now)
{
    char detail[120];

    switch (work->halt) {
    case WF_HALT_LOST:
        wf_report_log(work, "job lost", "lost", "the task is no longer ours; its program was ended");
        work->state = WF_WORK_DONE;
        return;
    case WF_HALT_STOP:
        work->state = WF_WORK_REPORTING;
        wf_ask_begin(work, &work->main, WF_VERB_RELEASE, now);
        return;
    case WF_HALT_TIME_LIMIT:
        snprintf(detail, sizeof detail, "the program did not end within %lld s",
                 (long long)work->executive->set.time_limit_s);
        wf_report_fail(work, now, "time_limit", detail);
        return;
    case WF_HALT_NONE:
        break;
    }
    if (work->run.state == WF_RUN_UNSTARTED)
        wf_report_fail(work, now, "cannot_start", work->run.why);
    else if (work->run.state == WF_RUN_GONE)
        wf_report_fail(work, now, "supervisor_lost", "the process that watched over the program was killed");
    else
        report_status(work, now);
}
