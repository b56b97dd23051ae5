/* What people who ask for the next task may be offered, and what is found of it (ASG-9). */
#include "work_state.h"

#include <string.h>

#include "base/fault.h"

bool
wf_work_asks_for_next(const struct wf_batch_item *item)
{
    const struct wf_decoded *decoded = &item->decoded;

    return item->disposal == WF_DISPOSE_APPLY && decoded->command.operation == WF_OP_GET_TASK &&
           (!decoded->command.task_n || decoded->chosen_n);
}

/* What somebody is looked for with: a process and an activity, NULL: any; and who asks, in whose name. */
struct scope {
    const char *process_id, *act_id;
    const char *asker, *grantor;
};

static void
push_offer(struct work *work, struct wf_query *query, size_t *capacity, const struct wf_offer *offer)
{
    struct wf_offer *offers = (struct wf_offer *)(uintptr_t)query->offers;

    WF_ARENA_PUSH(&work->arena, offers, query->offer_count, *capacity, *offer);
    query->offers = offers;
}

/* Tasks that bar nobody are the same for all who may be offered them; those that bar some depend on who asks (ASG-10). */
static void
add_offer(struct work *work, struct wf_query *query, size_t *capacity, const struct scope *scope,
          enum wf_based_on based_on, const char *id)
{
    struct wf_offer offer = {.based_on = based_on, .id = id, .process_id = scope->process_id, .act_id = scope->act_id};

    if (based_on != WF_BASED_ON_USER_DEFINED)
        push_offer(work, query, capacity, &offer);
    offer.asker = scope->asker;
    offer.grantor = scope->grantor;
    if (based_on == WF_BASED_ON_USER_DEFINED || work->worker->cache.constraints)
        push_offer(work, query, capacity, &offer);
}

/* What a person may be offered of their own right: by name, and as a member of each group (INS-2). */
static void
list_own_offers(struct work *work, struct wf_query *query, size_t *capacity, const struct scope *scope,
                const struct wf_staff *staff)
{
    add_offer(work, query, capacity, scope, WF_BASED_ON_NONE, staff->staff_id);
    for (const struct wf_org_unit *unit = staff->department; unit; unit = unit->super)
        add_offer(work, query, capacity, scope, WF_BASED_ON_DEPARTMENT, unit->id);
    for (size_t i = 0; i < staff->team_count; i++)
        for (const struct wf_org_unit *unit = staff->teams[i]; unit; unit = unit->super)
            add_offer(work, query, capacity, scope, WF_BASED_ON_TEAM, unit->id);
    for (size_t i = 0; i < staff->role_count; i++)
        add_offer(work, query, capacity, scope, WF_BASED_ON_ROLE, staff->role_ids[i]);
    if (work->worker->cache.functions)
        add_offer(work, query, capacity, scope, WF_BASED_ON_USER_DEFINED, staff->staff_id);
}

/* Narrows a filter by another one; false: nothing passes both. */
static bool
narrow(const char **filter, const char *by)
{
    if (*filter && by)
        return strcmp(*filter, by) == 0;
    if (by)
        *filter = by;
    return true;
}

/* The part of what a command asks for that an authorization covers; false: none. */
static bool
scope_granted(const struct work *work, const struct wf_command *command, const struct wf_authorization *grant,
              struct scope *ret_scope)
{
    *ret_scope = (struct scope){command->process_id, command->act_id, command->staff_id, grant->grantor_id};
    return strcmp(grant->grantee_id, command->staff_id) == 0 &&
           (!command->grantor_id || strcmp(grant->grantor_id, command->grantor_id) == 0) &&
           wf_authorization_covers(grant, grant->process_id, grant->act_id, work->unit.now) &&
           narrow(&ret_scope->process_id, grant->process_id) && narrow(&ret_scope->act_id, grant->act_id);
}

/*
 * And what they may be offered in the name of others (ASG-7).  What an authorization does not cover
 * is not looked for: it would stand before what it does.
 */
static void
list_offers(struct work *work, struct wf_query *query, const struct wf_command *command, const struct wf_staff *staff)
{
    const struct wf_institution *institution = work->unit.institution;
    struct scope scope = {command->process_id, command->act_id, command->staff_id, NULL};
    size_t capacity = 0;

    list_own_offers(work, query, &capacity, &scope, staff);
    for (size_t i = 0; i < institution->authorization_count; i++) {
        const struct wf_authorization *grant = &institution->authorizations[i];
        const struct wf_staff *grantor = wf_institution_staff(institution, grant->grantor_id);
        if (grantor && scope_granted(work, command, grant, &scope))
            list_own_offers(work, query, &capacity, &scope, grantor);
    }
}

/* Whether this worker may act on an instance in the unit at hand. */
static bool
owns(const struct work *work, int32_t partition)
{
    bool touched = false;

    for (size_t i = 0; i < work->store.partition_count; i++)
        touched |= work->parts[i].partition == partition;
    return touched && work->worker->partitions[partition].state == WF_PARTITION_SERVED;
}

/* Finds what could be given to those who ask for the next task, and loads it where it is ours. */
enum wf_verdict
wf_work_find_candidates(struct work *work, struct wf_error *reterr)
{
    size_t count = 0, found = 0, capacity = 0;
    struct wf_uuid *ids = NULL;

    for (size_t i = 0; i < work->count; i++) {
        const struct wf_command *command = &work->items[i].decoded.command;
        const struct wf_staff *staff =
            wf_work_asks_for_next(&work->items[i]) ? wf_institution_staff(work->unit.institution, command->staff_id) : NULL;
        if (staff) {
            list_offers(work, &work->queries[i], command, staff);
            count++;
        }
    }
    if (!count)
        return WF_VERDICT_OK;
    enum wf_verdict verdict =
        wf_store_candidates(work->worker->store, &work->store, work->queries, work->count, count, reterr);
    if (verdict == WF_VERDICT_OK)
        WF_FAULT(CANDIDATES_FOUND);
    for (size_t i = 0; verdict == WF_VERDICT_OK && i < work->count; i++)
        for (size_t c = 0; c < work->queries[i].candidate_count; c++) {
            struct wf_candidate *candidate = work->queries[i].candidates[c];
            if (!candidate->owned && owns(work, candidate->partition)) {
                candidate->owned = true;
                WF_ARENA_PUSH(&work->arena, ids, found, capacity, candidate->instance_id);
            }
        }
    return found && verdict == WF_VERDICT_OK
               ? wf_store_load_instances(work->worker->store, &work->store, ids, found, reterr)
               : verdict;
}
