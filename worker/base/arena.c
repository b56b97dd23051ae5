#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { BLOCK_MIN = 8192, BLOCK_MAX = 1 << 20 };

struct wf_arena_block {
    struct wf_arena_block *next;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

static struct wf_arena_block *
block_add(struct wf_arena *arena, size_t need)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < need)
        size = need;

    struct wf_arena_block *block = malloc(sizeof *block + size);
    if (!block) {
        fputs("pawl: out of memory\n", stderr);
        exit(WF_EXIT_MEMORY);
    }
    block->next = arena->blocks;
    block->size = size;
    block->used = 0;
    arena->blocks = block;
    arena->total += size;
    return block;
}

void *
wf_arena_alloc(struct wf_arena *arena, size_t size)
{
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct wf_arena_block *block = arena->blocks;

    if (!block || block->size - block->used < need)
        block = block_add(arena, need);

    void *memory = block->data + block->used;
    block->used += need;
    return memset(memory, 0, size);
}

void *
wf_arena_grow(struct wf_arena *arena, const void *old, size_t count, size_t capacity, size_t element)
{
    void *array = wf_arena_alloc(arena, capacity * element);
    if (count)
        memcpy(array, old, count * element);
    return array;
}

void *
wf_arena_memdup(struct wf_arena *arena, const void *data, size_t size)
{
    void *copy = wf_arena_alloc(arena, size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *
wf_arena_strndup(struct wf_arena *arena, const char *text, size_t length)
{
    if (!text)
        return NULL;
    char *copy = wf_arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *
wf_arena_strdup(struct wf_arena *arena, const char *text)
{
    return text ? wf_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *
wf_arena_printf(struct wf_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);

    char *text = wf_arena_alloc(arena, (size_t)length + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void
wf_arena_reset(struct wf_arena *arena)
{
    struct wf_arena_block *keep = NULL;

    for (struct wf_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        if (next || block->size > BLOCK_MAX)
            free(block);
        else
            keep = block;
    }
    if (keep)
        keep->used = 0;
    arena->blocks = keep;
    arena->total = keep ? keep->size : 0;
}

void
wf_arena_adopt(struct wf_arena *arena, struct wf_arena *other)
{
    struct wf_arena_block **end = &arena->blocks;

    while (*end)
        end = &(*end)->next;
    *end = other->blocks;
    arena->total += other->total;
    *other = (struct wf_arena){0};
}

void
wf_arena_drop(struct wf_arena *arena)
{
    for (struct wf_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct wf_arena){0};
}
