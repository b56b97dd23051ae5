#include "core/load.h"

#include <string.h>

struct wf_load *
wf_load_of(struct wf_unit *unit, const char *staff_id)
{
    struct wf_load *load = wf_map_get_text(&unit->loads, staff_id);

    if (load)
        return load;
    load = WF_ARENA_NEW(unit->arena, struct wf_load);
    load->staff_id = wf_arena_strdup(unit->arena, staff_id);
    wf_map_put_text(&unit->loads, unit->arena, load->staff_id, load);
    WF_ARENA_PUSH(unit->arena, unit->load_list, unit->load_count, unit->load_capacity, load);
    return load;
}

static struct wf_token *
token_of(struct wf_unit *unit, const char *role_id)
{
    struct wf_token *token = wf_map_get_text(&unit->tokens, role_id);

    if (token)
        return token;
    token = WF_ARENA_NEW(unit->arena, struct wf_token);
    token->role_id = wf_arena_strdup(unit->arena, role_id);
    wf_map_put_text(&unit->tokens, unit->arena, token->role_id, token);
    WF_ARENA_PUSH(unit->arena, unit->token_list, unit->token_count, unit->token_capacity, token);
    return token;
}

/* Assignments of this unit come after all that it knows of, whatever the clocks of other workers say. */
static void
note_latest(struct wf_unit *unit, int64_t assigned)
{
    if (unit->latest_assigned < assigned)
        unit->latest_assigned = assigned;
}

void
wf_load_known(struct wf_unit *unit, const char *staff_id, int32_t open_tasks, int64_t last_assigned)
{
    struct wf_load *load = wf_load_of(unit, staff_id);

    load->known = true;
    load->open_tasks = open_tasks;
    note_latest(unit, last_assigned);
    if (load->last_assigned < last_assigned)
        load->last_assigned = last_assigned;
}

void
wf_token_known(struct wf_unit *unit, const char *role_id, const char *staff_id)
{
    struct wf_token *token = token_of(unit, role_id);

    token->known = true;
    token->staff_id = wf_arena_strdup(unit->arena, staff_id);
}

bool
wf_load_ask(struct wf_unit *unit, const struct wf_staff *const *people, size_t count)
{
    bool known = true;

    for (size_t i = 0; i < count; i++) {
        const struct wf_load *load = wf_load_of(unit, people[i]->staff_id);
        struct wf_question question = {.kind = WF_QUESTION_LOADS, .subject = load->staff_id};
        if (!load->known) {
            known = false;
            (void)wf_unit_ask(unit, &question);
        }
    }
    return known;
}

struct wf_token *
wf_token_ask(struct wf_unit *unit, const char *role_id)
{
    struct wf_token *token = token_of(unit, role_id);
    struct wf_question question = {.kind = WF_QUESTION_TOKEN, .subject = token->role_id};

    if (token->known)
        return token;
    (void)wf_unit_ask(unit, &question);
    return NULL;
}

bool
wf_load_before(struct wf_unit *unit, const char *staff_id, const char *other_id)
{
    const struct wf_load *one = wf_load_of(unit, staff_id), *other = wf_load_of(unit, other_id);
    int32_t ones = one->open_tasks + one->change, others = other->open_tasks + other->change;

    if (ones != others)
        return ones < others;
    if (one->last_assigned != other->last_assigned)
        return one->last_assigned < other->last_assigned; /* 0: never */
    return strcmp(staff_id, other_id) < 0;
}

static void
change_load(struct wf_unit *unit, const char *staff_id, int32_t by, bool assigned)
{
    struct wf_load *load = wf_load_of(unit, staff_id);

    wf_unit_keep(unit, load, sizeof *load);
    load->change += by;
    if (!assigned)
        return;
    note_latest(unit, unit->now - 1);
    load->last_assigned = ++unit->latest_assigned;
    load->assigned = true;
}

static void
move_task(struct wf_unit *unit, struct wf_task *task, const char *staff_id, bool assigned)
{
    wf_unit_touch_task(unit, task);
    if (task->staff_id)
        change_load(unit, task->staff_id, -1, false);
    task->staff_id = staff_id;
    if (staff_id)
        change_load(unit, staff_id, 1, assigned);
}

void
wf_load_assign(struct wf_unit *unit, struct wf_task *task, const char *staff_id)
{
    move_task(unit, task, staff_id, true);
}

void
wf_load_give_back(struct wf_unit *unit, struct wf_task *task, const char *staff_id)
{
    move_task(unit, task, staff_id, false);
}

void
wf_load_end(struct wf_unit *unit, const struct wf_task *task)
{
    if (task->staff_id)
        change_load(unit, task->staff_id, -1, false);
}

void
wf_token_pass(struct wf_unit *unit, struct wf_token *token, const char *staff_id)
{
    wf_unit_keep(unit, token, sizeof *token);
    token->staff_id = wf_arena_strdup(unit->arena, staff_id);
    token->changed = true;
}
