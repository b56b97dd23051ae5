#include "driver_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static const uint32_t none = UINT32_MAX;

/* The file, line by line, and the lists that its rows point into. */
struct reading {
    FILE *file;
    char *line;
    size_t size;
    const char **acts, **staff, **flags;
    uint32_t act_count, staff_count, flag_count, row_count;
    struct plan_row *rows;
    uint32_t used;
};

static void
reading_close(struct reading *reading)
{
    if (reading->file)
        fclose(reading->file);
    free(reading->line);
}

static bool
next_line(struct reading *reading, struct wf_error *reterr)
{
    ssize_t length = getline(&reading->line, &reading->size, reading->file);

    if (length < 0)
        return wf_fail(reterr, WF_FATE_FATAL, "the plan ends too early");
    if (length && reading->line[length - 1] == '\n')
        reading->line[length - 1] = '\0';
    return true;
}

static const char *
quoted(struct wf_arena *arena, const char *text)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf json = {0};

    wf_json_string_n(&json, text, strlen(text));
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

/* A number, or `-` for none. */
static bool
take_choice(const char **at, char after, uint32_t below, uint32_t *ret_number)
{
    if (**at != '-')
        return take_number(at, after, below, ret_number);
    if ((*at)[1] != after)
        return false;
    *ret_number = none;
    *at += after ? 2 : 1;
    return true;
}

static bool
read_head(struct reading *reading, struct plan *plan, struct wf_error *reterr)
{
    static const char magic[] = "bench-plan 1 ", sequence[] = "sequence ", any[] = "any ";

    if (!next_line(reading, reterr))
        return false;
    const char *at = reading->line;
    bool known = strncmp(at, magic, sizeof magic - 1) == 0;
    at += known ? sizeof magic - 1 : 0;
    plan->sequence = strncmp(at, sequence, sizeof sequence - 1) == 0;
    known = known && (plan->sequence || strncmp(at, any, sizeof any - 1) == 0);
    at += plan->sequence ? sizeof sequence - 1 : known ? sizeof any - 1 : 0;
    if (!known || !take_number(&at, ' ', none, &reading->act_count) ||
        !take_number(&at, ' ', none, &reading->staff_count) || !take_number(&at, ' ', none, &reading->flag_count) ||
        !take_number(&at, ' ', none, &plan->case_count) || !take_number(&at, '\0', none, &reading->row_count))
        return wf_fail(reterr, WF_FATE_FATAL, "not a plan of version 1: \"%s\"", reading->line);
    return true;
}

static bool
read_list(struct reading *reading, struct wf_arena *arena, uint32_t count, const char ***ret_list,
          struct wf_error *reterr)
{
    *ret_list = WF_ARENA_ARRAY(arena, const char *, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!next_line(reading, reterr))
            return false;
        (*ret_list)[i] = quoted(arena, reading->line);
    }
    return true;
}

static bool
read_names(struct reading *reading, struct plan *plan, struct wf_error *reterr)
{
    struct wf_arena *arena = &plan->arena;

    if (!next_line(reading, reterr))
        return false;
    plan->process_id = quoted(arena, reading->line);
    if (!next_line(reading, reterr))
        return false;
    if (reading->line[0])
        plan->jobs = wf_arena_strdup(arena, reading->line);
    return read_list(reading, arena, reading->act_count, &reading->acts, reterr) &&
           read_list(reading, arena, reading->staff_count, &reading->staff, reterr) &&
           read_list(reading, arena, reading->flag_count, &reading->flags, reterr);
}

static bool
read_row(const struct reading *reading, const char **at, char after, struct plan_row *ret_row)
{
    uint32_t act, staff, flag;

    if (!take_number(at, ':', reading->act_count, &act) || !take_choice(at, ':', reading->staff_count, &staff) ||
        !take_choice(at, after, reading->flag_count, &flag))
        return false;
    ret_row->act = reading->acts[act];
    ret_row->staff = staff == none ? NULL : reading->staff[staff];
    ret_row->flag = flag == none ? NULL : reading->flags[flag];
    return true;
}

static bool
read_case(struct reading *reading, struct plan *plan, struct plan_case *c)
{
    char *tab = strchr(reading->line, '\t');
    uint32_t flag;

    if (!tab)
        return false;
    *tab = '\0';
    c->entity_id = quoted(&plan->arena, reading->line);
    const char *at = tab + 1;
    if (!take_choice(&at, '\t', reading->flag_count, &flag))
        return false;
    c->flag = flag == none ? NULL : reading->flags[flag];
    c->rows = reading->rows + reading->used;
    for (bool more = true; more; c->row_count++, reading->used++) {
        const char *space = strchr(at, ' ');
        more = space != NULL;
        if (reading->used == reading->row_count ||
            !read_row(reading, &at, more ? ' ' : '\0', &reading->rows[reading->used]))
            return false;
    }
    return true;
}

static bool
read_cases(struct reading *reading, struct plan *plan, struct wf_error *reterr)
{
    reading->rows = WF_ARENA_ARRAY(&plan->arena, struct plan_row, reading->row_count);
    plan->cases = WF_ARENA_ARRAY(&plan->arena, struct plan_case, plan->case_count);
    for (uint32_t i = 0; i < plan->case_count; i++) {
        if (!next_line(reading, reterr))
            return false;
        if (!read_case(reading, plan, &plan->cases[i]))
            return wf_fail(reterr, WF_FATE_FATAL, "case %u of the plan is not readable", i + 1);
    }
    if (!plan->case_count || reading->used != reading->row_count)
        return wf_fail(reterr, WF_FATE_FATAL, "the plan has %u rows instead of %u", reading->used, reading->row_count);
    return true;
}

bool
plan_read(const char *path, struct plan *ret_plan, struct wf_error *reterr)
{
    WF_SCOPED(reading_close) struct reading reading = {.file = fopen(path, "r")};

    if (!reading.file)
        return wf_fail(reterr, WF_FATE_FATAL, "could not read \"%s\": %s", path, strerror(errno));
    return read_head(&reading, ret_plan, reterr) && read_names(&reading, ret_plan, reterr) &&
           read_cases(&reading, ret_plan, reterr);
}

void
plan_drop(struct plan *plan)
{
    wf_arena_drop(&plan->arena);
}
