/* Definitions and the institution, kept by version: they never change under one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "codec/definition_file.h"
#include "codec/institution_file.h"
#include "worker.h"

enum { KEY_SIZE = 256 };     /* of a process: its id has at most 200 bytes */
enum { PEOPLE_MAX = 10000 }; /* changes in place, whose texts stay behind, before all is read anew */

/* The key in the map of processes; one that is cut short is that of no process. */
static void
process_key(const char *process_id, int32_t version, char key[KEY_SIZE])
{
    char digits[12];
    size_t length = strlen(process_id), count = (size_t)snprintf(digits, sizeof digits, "\n%d", version);

    if (length > KEY_SIZE - sizeof digits)
        length = KEY_SIZE - sizeof digits;
    memcpy(key, process_id, length);
    memcpy(key + length, digits, count + 1);
}

static struct wf_process *
process_decode(const char *document, int32_t version)
{
    struct wf_arena arena = {0};
    struct wf_faults faults = {.arena = &arena};
    struct wf_process *process = wf_definition_stored_decode(document, strlen(document), &faults);

    if (process && !wf_process_compile(process, &faults)) {
        wf_process_drop(process);
        process = NULL;
    }
    if (process)
        process->version = version;
    else
        wf_log(WF_LOG_ERROR, "a stored definition cannot be read", "fault=\"%s\"",
               faults.count ? faults.items[0].message : "");
    wf_arena_drop(&arena);
    return process;
}

static struct wf_process *
process_load(struct wf_worker *worker, const char *process_id, int32_t version)
{
    struct wf_cache *cache = &worker->cache;
    struct wf_arena arena = {0};
    struct wf_error error;
    const char *document;
    int32_t found;

    enum wf_verdict verdict =
        wf_store_process_load(worker->store, &arena, process_id, version, &document, &found, &error);
    if (verdict != WF_VERDICT_OK) /* which ends the unit: it is asked for the verdict when it is saved */
        wf_log(WF_LOG_WARNING, "a definition could not be read", "process=\"%s\" version=%d error=\"%s\"", process_id,
               version, error.message);
    struct wf_process *process =
        verdict == WF_VERDICT_OK && document ? process_decode(document, found) : NULL;
    if (process) {
        char key[KEY_SIZE];
        process_key(process_id, version, key);
        wf_map_put_text(&cache->processes, &cache->arena, wf_arena_strdup(&cache->arena, key), process);
        WF_ARENA_PUSH(&cache->arena, cache->list, cache->count, cache->capacity, process);
    }
    wf_arena_drop(&arena);
    return process;
}

struct wf_process *
wf_cache_process(struct wf_worker *worker, const char *process_id, int32_t version)
{
    struct wf_cache *cache = &worker->cache;
    char key[KEY_SIZE];

    if (!version) {
        const int32_t *latest = wf_map_get_text(&cache->latest, process_id);
        if (!latest)
            return NULL;
        version = *latest;
    }
    process_key(process_id, version, key);
    struct wf_process *process = wf_map_get_text(&cache->processes, key);
    return process ? process : process_load(worker, process_id, version);
}

static void
note_latest(void *context, const char *process_id, int32_t version)
{
    struct wf_cache *cache = context;

    wf_map_put_text(&cache->latest, &cache->latest_arena, wf_arena_strdup(&cache->latest_arena, process_id),
                    wf_arena_memdup(&cache->latest_arena, &version, sizeof version));
}

static bool
refresh_latest(struct wf_worker *worker, int64_t version, struct wf_error *reterr)
{
    struct wf_cache *cache = &worker->cache;

    wf_arena_drop(&cache->latest_arena);
    cache->latest = (struct wf_map){0};
    cache->definition_version = -1;
    if (wf_store_latest_versions(worker->store, note_latest, cache, reterr) != WF_VERDICT_OK ||
        wf_store_rules_in_use(worker->store, &cache->constraints, &cache->functions, reterr) != WF_VERDICT_OK)
        return false;
    cache->definition_version = version;
    return true;
}

static bool
refresh_institution(struct wf_worker *worker, struct wf_error *reterr)
{
    struct wf_cache *cache = &worker->cache;
    struct wf_arena arena = {0};
    struct wf_faults faults = {.arena = &arena};
    const char *document;
    int64_t version;

    bool ok = wf_store_institution_load(worker->store, &arena, &document, &version, reterr) == WF_VERDICT_OK;
    if (ok) {
        struct wf_institution *institution = wf_institution_file_decode(document, strlen(document), &faults);
        ok = institution && wf_institution_compile(institution, &faults);
        if (ok) {
            wf_institution_drop(cache->institution);
            cache->institution = institution;
            cache->institution->version = cache->institution_version = version;
            cache->people_changes = 0;
        } else {
            wf_institution_drop(institution);
            wf_fail(reterr, WF_FATE_FATAL, "the stored institution cannot be read: %s",
                    faults.count ? faults.items[0].message : "");
        }
    }
    wf_arena_drop(&arena);
    return ok;
}

/* What changed since the version that is known, in place; *ret_done: that was all. */
static bool
refresh_people(struct wf_worker *worker, int64_t version, bool *ret_done, struct wf_error *reterr)
{
    struct wf_cache *cache = &worker->cache;
    struct wf_arena arena = {0};
    struct wf_people people;

    *ret_done = false;
    if (cache->institution_version <= 0 || version - cache->institution_version > WF_PEOPLE_VERSIONS ||
        cache->people_changes > PEOPLE_MAX)
        return true;
    bool ok = wf_store_people(worker->store, &arena, cache->institution_version, &people, reterr) == WF_VERDICT_OK;
    if (ok && !people.whole) {
        for (size_t i = 0; i < people.staff_count; i++)
            (void)wf_institution_set_presence(cache->institution, &people.staff[i]);
        for (size_t i = 0; i < people.grantor_count; i++)
            wf_institution_revoke_all(cache->institution, people.grantors[i]);
        for (size_t i = 0; i < people.authorization_count; i++)
            (void)wf_institution_authorize(cache->institution, &people.authorizations[i]);
        cache->people_changes += people.authorization_count;
        cache->institution->version = cache->institution_version = version;
        *ret_done = true;
    }
    wf_arena_drop(&arena);
    return ok;
}

void
wf_cache_forget_people(struct wf_worker *worker)
{
    worker->cache.institution_version = -1;
}

bool
wf_cache_refresh(struct wf_worker *worker, int64_t institution_version, int64_t definition_version,
                 struct wf_error *reterr)
{
    const struct wf_cache *cache = &worker->cache;
    bool done;

    if (cache->definition_version != definition_version && !refresh_latest(worker, definition_version, reterr))
        return false;
    if (cache->institution_version == institution_version)
        return true;
    if (!refresh_people(worker, institution_version, &done, reterr))
        return false;
    return done || refresh_institution(worker, reterr);
}

void
wf_cache_trim(struct wf_worker *worker)
{
    struct wf_cache *cache = &worker->cache;

    if (cache->count <= (size_t)worker->settings->definition_cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        wf_process_drop(cache->list[i]);
    wf_arena_drop(&cache->arena);
    cache->processes = (struct wf_map){0};
    cache->list = NULL;
    cache->count = cache->capacity = 0;
}

void
wf_cache_drop(struct wf_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        wf_process_drop(cache->list[i]);
    wf_institution_drop(cache->institution);
    wf_arena_drop(&cache->arena);
    wf_arena_drop(&cache->latest_arena);
    *cache = (struct wf_cache){.definition_version = -1, .institution_version = -1};
}
