#include "reassign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
    LOOK_MS = 1000,     /* how often the version is read, which an idle worker does not see otherwise */
    FUNCTIONS_MS = 60000 /* how often groups of functions are asked again, which may answer anything at any time */
};

static bool
look(struct wf_worker *worker)
{
    struct wf_reassign *reassign = &worker->reassign;
    struct wf_catalog catalog;
    struct wf_error error = {0};

    if (wf_clock_monotonic() - reassign->looked_at < LOOK_MS * WF_MILLISECOND)
        return true;
    reassign->looked_at = wf_clock_monotonic();
    if (!wf_own_store_ok(worker, wf_store_catalog(worker->store, &catalog, &error), &error))
        return false;
    wf_worker_pause_starts(worker, catalog.starts_paused);
    return wf_cache_refresh(worker, catalog.institution_version, catalog.definition_version, &error) ||
           wf_own_store_ok(worker, error.fate == WF_FATE_FATAL ? WF_VERDICT_FATAL : WF_VERDICT_RECONNECT, &error);
}

/* When to look again though nothing was changed: an authorization begins to be valid (ASG-2), or a function is asked. */
static int64_t
next_look(const struct wf_cache *cache, int64_t now)
{
    const struct wf_institution *institution = cache->institution;
    int64_t next = cache->functions ? now + FUNCTIONS_MS * WF_MILLISECOND : INT64_MAX;

    for (size_t i = 0; institution && i < institution->authorization_count; i++) {
        int64_t from = institution->authorizations[i].valid_from;
        if (from > now && from < next)
            next = from;
    }
    return next;
}

/* Whether trying again could do anything: a group of which everybody is away is not worth a command. */
static bool
is_worth(const struct wf_worker *worker, const struct wf_stranded *task)
{
    const struct wf_institution *institution = worker->cache.institution;

    if (task->based_on == WF_BASED_ON_NONE || task->based_on == WF_BASED_ON_USER_DEFINED)
        return true;
    return wf_institution_group_size(institution, task->based_on, task->group) > 0 ||
           (institution && institution->authorization_count);
}

static bool
begin(struct wf_worker *worker)
{
    struct wf_reassign *reassign = &worker->reassign;
    int64_t now = wf_own_now(worker);

    if (reassign->under_way)
        return true;
    if (reassign->version == worker->cache.institution_version && now < reassign->again_at)
        return false;
    reassign->under_way = true;
    reassign->version = worker->cache.institution_version;
    reassign->again_at = next_look(&worker->cache, now);
    memset(&reassign->after, 0, sizeof reassign->after);
    reassign->after_n = 0;
    return true;
}

bool
wf_reassign_take(struct wf_worker *worker, struct wf_own_commands *commands)
{
    struct wf_reassign *reassign = &worker->reassign;
    int32_t *served = WF_ARENA_ARRAY(commands->arena, int32_t, (size_t)worker->partition_count);
    size_t limit = worker->batch_limit / 4 + 1, served_count = 0, count;
    struct wf_stranded *tasks;
    struct wf_error error = {0};
    char version[24];

    for (int32_t p = 0; p < worker->partition_count; p++)
        if (worker->partitions[p].state == WF_PARTITION_SERVED)
            served[served_count++] = p;
    if (!served_count) {
        *reassign = (struct wf_reassign){.version = -1};
        return true;
    }
    if (!look(worker))
        return false;
    if (!begin(worker))
        return true;
    enum wf_verdict verdict = wf_store_stranded(worker->store, served, served_count, &reassign->after, reassign->after_n,
                                                limit, commands->arena, &tasks, &count, &error);
    if (!wf_own_store_ok(worker, verdict, &error))
        return false;
    snprintf(version, sizeof version, "%" PRId64, reassign->version);
    for (size_t i = 0; i < count; i++)
        if (is_worth(worker, &tasks[i]))
            wf_own_add(commands, tasks[i].partition, WF_OP_ASSIGN_TASK, &tasks[i].instance_id, tasks[i].n, "assign", version);
    reassign->under_way = count == limit;
    if (count) {
        reassign->after = tasks[count - 1].instance_id;
        reassign->after_n = tasks[count - 1].n;
    }
    return true;
}
