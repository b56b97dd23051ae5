#include "base/map.h"

#include "base/hash.h"

static struct wf_map_slot *
slot_find(const struct wf_map *map, const void *key, size_t size, uint64_t hash)
{
    size_t mask = map->capacity - 1;

    for (size_t i = (hash ^ hash >> 32) & mask;; i = (i + 1) & mask) {
        struct wf_map_slot *slot = &map->slots[i];
        if (!slot->key || (slot->hash == hash && slot->size == size && memcmp(slot->key, key, size) == 0))
            return slot;
    }
}

static void
grow(struct wf_map *map, struct wf_arena *arena)
{
    struct wf_map old = *map;

    map->capacity = old.capacity ? old.capacity * 2 : 16;
    map->slots = WF_ARENA_ARRAY(arena, struct wf_map_slot, map->capacity);
    for (size_t i = 0; i < old.capacity; i++) {
        const struct wf_map_slot *slot = &old.slots[i];
        if (slot->key)
            *slot_find(map, slot->key, slot->size, slot->hash) = *slot;
    }
}

void *
wf_map_get(const struct wf_map *map, const void *key, size_t size)
{
    if (!map->count)
        return NULL;
    return slot_find(map, key, size, wf_hash64(key, size))->value;
}

void
wf_map_put(struct wf_map *map, struct wf_arena *arena, const void *key, size_t size, void *value)
{
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map, arena);

    uint64_t hash = wf_hash64(key, size);
    struct wf_map_slot *slot = slot_find(map, key, size, hash);
    if (!slot->key)
        map->count++;
    *slot = (struct wf_map_slot){.key = key, .size = size, .hash = hash, .value = value};
}
