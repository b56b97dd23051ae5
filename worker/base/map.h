/*
 * map.h - a hash table from bytes to pointers, in an arena.
 *
 * A zeroed struct is an empty map.  Keys are not copied: they must live as long as the map.
 * Nothing is ever removed.
 */
#ifndef WF_MAP_H
#define WF_MAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

struct wf_map_slot {
    const void *key;
    size_t size;
    uint64_t hash;
    void *value;
};

struct wf_map {
    struct wf_map_slot *slots; /* capacity is a power of two; a NULL key is a free slot */
    size_t capacity;
    size_t count;
};

/* The value of a key, or NULL. */
void *wf_map_get(const struct wf_map *map, const void *key, size_t size);

/* Sets the value of a key, in place of the one it had. */
void wf_map_put(struct wf_map *map, struct wf_arena *arena, const void *key, size_t size, void *value);

static inline void *
wf_map_get_text(const struct wf_map *map, const char *key)
{
    return wf_map_get(map, key, strlen(key));
}

static inline void
wf_map_put_text(struct wf_map *map, struct wf_arena *arena, const char *key, void *value)
{
    wf_map_put(map, arena, key, strlen(key), value);
}

#endif
