/*
 * arena.h - memory that is given back all at once.
 *
 * What belongs to one batch (or one definition) lives in one arena and goes with it.
 * A zeroed struct is an empty arena.  Allocation never fails: out of memory ends the
 * process with WF_EXIT_MEMORY, and the next worker goes on from the database.
 */
#ifndef WF_ARENA_H
#define WF_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct wf_arena_block;

struct wf_arena {
    struct wf_arena_block *blocks; /* the newest first */
    size_t total;                  /* bytes held by all blocks */
};

/* Zeroed memory, aligned for any type, valid until the arena is reset or dropped. */
void *wf_arena_alloc(struct wf_arena *arena, size_t size);

/* A copy of an array that has grown from `count` to `capacity` elements; the old one stays behind. */
void *wf_arena_grow(struct wf_arena *arena, const void *old, size_t count, size_t capacity, size_t element);

/* Copies; a NULL text gives NULL. */
char *wf_arena_strdup(struct wf_arena *arena, const char *text);
char *wf_arena_strndup(struct wf_arena *arena, const char *text, size_t length);
void *wf_arena_memdup(struct wf_arena *arena, const void *data, size_t size);
char *wf_arena_printf(struct wf_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the arena and keeps its first block for the next use. */
void wf_arena_reset(struct wf_arena *arena);

/* Takes over all memory of another arena, which is empty then: it lives as long as this one's. */
void wf_arena_adopt(struct wf_arena *arena, struct wf_arena *other);

/* Gives all memory back; the arena is empty and usable again. */
void wf_arena_drop(struct wf_arena *arena);

#define WF_ARENA_NEW(arena, type) ((type *)wf_arena_alloc((arena), sizeof(type)))
#define WF_ARENA_ARRAY(arena, type, count) ((type *)wf_arena_alloc((arena), (count) * sizeof(type)))

/*
 * Makes room for one more in an array of the arena: `items`, `count` and `capacity` are lvalues.
 */
#define WF_ARENA_PUSH(arena, items, count, capacity, value)                                         \
    do {                                                                                            \
        if ((count) == (capacity)) {                                                                \
            (capacity) = (capacity) ? (capacity)*2 : 4;                                             \
            (items) = wf_arena_grow((arena), (items), (size_t)(count), (size_t)(capacity), sizeof *(items)); \
        }                                                                                           \
        (items)[(count)++] = (value);                                                               \
    } while (0)

#endif
