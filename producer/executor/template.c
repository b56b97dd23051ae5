#include "template.h"

static bool
fail(struct wf_error *reterr, const char *what, const char *text)
{
    return wf_fail(reterr, WF_FATE_FATAL, "%s in \"%s\"", what, text);
}

static void
push(struct wf_arena *arena, struct wf_template *template, struct wf_template_part part)
{
    WF_ARENA_PUSH(arena, template->parts, template->count, template->capacity, part);
}

static void
push_text(struct wf_arena *arena, struct wf_template *template, struct wf_buf *text)
{
    if (text->length)
        push(arena, template, (struct wf_template_part){.text = wf_arena_strndup(arena, text->data, text->length)});
    wf_buf_clear(text);
}

/* What stands between two braces. */
static bool
push_value(struct wf_arena *arena, struct wf_template *template, const char *inside, size_t length, const char *text,
           struct wf_error *reterr)
{
    char *name = wf_arena_strndup(arena, inside, length);
    char *fallback = strstr(name, ":-");

    if (fallback) {
        *fallback = '\0';
        fallback += 2;
    }
    if (!wf_job_knows(name))
        return wf_fail(reterr, WF_FATE_FATAL, "no job has a value \"%s\", named in \"%s\"", name, text);
    push(arena, template, (struct wf_template_part){.name = name, .fallback = fallback});
    return true;
}

/* Reads on from a place; *plain gathers text that no value interrupts. */
static bool
read_parts(struct wf_arena *arena, const char *text, struct wf_buf *plain, struct wf_template *template,
           struct wf_error *reterr)
{
    for (const char *at = text; *at; at++) {
        if ((*at == '{' || *at == '}') && at[1] == *at) {
            wf_buf_byte(plain, (unsigned char)*at++);
        } else if (*at == '}') {
            return fail(reterr, "a \"}\" without a \"{\" (write \"}}\" for the brace itself)", text);
        } else if (*at == '{') {
            size_t length = strcspn(at + 1, "{}");
            if (at[1 + length] != '}')
                return fail(reterr, "a \"{\" without its \"}\" (write \"{{\" for the brace itself)", text);
            push_text(arena, template, plain);
            if (!push_value(arena, template, at + 1, length, text, reterr))
                return false;
            at += 1 + length;
        } else {
            wf_buf_byte(plain, (unsigned char)*at);
        }
    }
    push_text(arena, template, plain);
    return true;
}

bool
wf_template_read(struct wf_arena *arena, const char *text, struct wf_template *ret_template, struct wf_error *reterr)
{
    struct wf_template template = {0};
    struct wf_buf plain = {0};
    bool ok = read_parts(arena, text, &plain, &template, reterr);

    wf_buf_drop(&plain);
    if (ok)
        *ret_template = template;
    return ok;
}

bool
wf_template_fill(const struct wf_template *template, const struct wf_job *job, struct wf_buf *ret_text,
                 struct wf_error *reterr)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct wf_template_part *part = &template->parts[i];
        enum wf_job_value found = WF_JOB_ABSENT;

        if (part->text)
            wf_buf_puts(ret_text, part->text);
        else
            found = wf_job_value(job, part->name, ret_text);
        if (found == WF_JOB_NUL)
            return wf_fail(reterr, WF_FATE_REJECTED, "the value of \"%s\" holds a NUL", part->name);
        if (part->text || found == WF_JOB_VALUE)
            continue;
        if (!part->fallback)
            return wf_fail(reterr, WF_FATE_REJECTED, "the job has no value \"%s\"", part->name);
        wf_buf_puts(ret_text, part->fallback);
    }
    return true;
}
