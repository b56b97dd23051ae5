#include "replay_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

/* The file, line by line. */
struct lines {
    FILE *file;
    char *line;
    size_t size;
};

static void
lines_close(struct lines *lines)
{
    if (lines->file)
        fclose(lines->file);
    free(lines->line);
}

static bool
lines_next(struct lines *lines, struct wf_error *reterr)
{
    ssize_t length = getline(&lines->line, &lines->size, lines->file);

    if (length < 0)
        return wf_fail(reterr, WF_FATE_FATAL, "the plan ends too early");
    if (length && lines->line[length - 1] == '\n')
        lines->line[length - 1] = '\0';
    return true;
}

static const char *
quoted(struct wf_arena *arena, const char *prefix, const char *text)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf plain = {0}, json = {0};

    wf_buf_puts(&plain, prefix);
    wf_buf_puts(&plain, text);
    wf_json_string_n(&json, plain.data, plain.length);
    return wf_arena_strndup(arena, json.data, json.length);
}

static bool
take_number(const char **at, char after, uint32_t below, uint32_t *ret_number)
{
    char *end;

    unsigned long number = strtoul(*at, &end, 10);
    if (end == *at || *end != after || number >= below)
        return false;
    *ret_number = (uint32_t)number;
    *at = after ? end + 1 : end;
    return true;
}

static bool
read_head(struct lines *lines, struct replay_plan *plan, struct wf_error *reterr)
{
    static const char magic[] = "replay-plan 1 ";

    if (!lines_next(lines, reterr))
        return false;
    const char *at = lines->line + sizeof magic - 1;
    if (strncmp(lines->line, magic, sizeof magic - 1) != 0 ||
        !take_number(&at, ' ', UINT32_MAX, &plan->act_count) ||
        !take_number(&at, ' ', UINT32_MAX, &plan->staff_count) ||
        !take_number(&at, ' ', UINT32_MAX, &plan->case_count) ||
        !take_number(&at, '\0', UINT32_MAX, &plan->row_count))
        return wf_fail(reterr, WF_FATE_FATAL, "not a plan of version 1: \"%s\"", lines->line);
    return true;
}

static bool
read_names(struct lines *lines, struct replay_plan *plan, struct wf_error *reterr)
{
    struct wf_arena *arena = &plan->arena;

    plan->acts = WF_ARENA_ARRAY(arena, const char *, plan->act_count);
    plan->flags = WF_ARENA_ARRAY(arena, const char *, (size_t)plan->act_count + 1);
    plan->staff = WF_ARENA_ARRAY(arena, const char *, plan->staff_count);

    if (!lines_next(lines, reterr))
        return false;
    plan->process_id = quoted(arena, "", lines->line);
    for (uint32_t i = 0; i < plan->act_count; i++) {
        if (!lines_next(lines, reterr))
            return false;
        plan->acts[i] = quoted(arena, "", lines->line);
        plan->flags[i] = quoted(arena, "to:", lines->line);
    }
    plan->flags[plan->act_count] = quoted(arena, "to:", "~end");
    for (uint32_t i = 0; i < plan->staff_count; i++) {
        if (!lines_next(lines, reterr))
            return false;
        plan->staff[i] = quoted(arena, "", lines->line);
    }
    return true;
}

static bool
read_case(const struct replay_plan *plan, const char *at, struct replay_row *room, size_t room_count,
          struct replay_case *ret_case)
{
    uint32_t count = 0;

    for (bool more = true; more; count++) {
        const char *space = strchr(at, ' ');
        more = space != NULL;
        if (count == room_count || !take_number(&at, ':', plan->act_count, &room[count].act) ||
            !take_number(&at, more ? ' ' : '\0', plan->staff_count, &room[count].staff))
            return false;
    }
    ret_case->rows = room;
    ret_case->row_count = count;
    return true;
}

static bool
read_cases(struct lines *lines, struct replay_plan *plan, struct wf_error *reterr)
{
    struct replay_row *rows = WF_ARENA_ARRAY(&plan->arena, struct replay_row, plan->row_count);
    size_t used = 0;

    plan->cases = WF_ARENA_ARRAY(&plan->arena, struct replay_case, plan->case_count);
    for (uint32_t i = 0; i < plan->case_count; i++) {
        if (!lines_next(lines, reterr))
            return false;
        char *tab = strchr(lines->line, '\t');
        if (!tab || !read_case(plan, tab + 1, rows + used, plan->row_count - used, &plan->cases[i]))
            return wf_fail(reterr, WF_FATE_FATAL, "case %u of the plan is not readable", i + 1);
        *tab = '\0';
        plan->cases[i].entity_id = quoted(&plan->arena, "", lines->line);
        used += plan->cases[i].row_count;
    }
    if (used != plan->row_count)
        return wf_fail(reterr, WF_FATE_FATAL, "the plan has %zu rows instead of %u", used, plan->row_count);
    return true;
}

bool
replay_plan_read(const char *path, struct replay_plan *ret_plan, struct wf_error *reterr)
{
    WF_SCOPED(lines_close) struct lines lines = {.file = fopen(path, "r")};

    if (!lines.file)
        return wf_fail(reterr, WF_FATE_FATAL, "could not read \"%s\": %s", path, strerror(errno));
    return read_head(&lines, ret_plan, reterr) && read_names(&lines, ret_plan, reterr) &&
           read_cases(&lines, ret_plan, reterr);
}

void
replay_plan_drop(struct replay_plan *plan)
{
    wf_arena_drop(&plan->arena);
}
