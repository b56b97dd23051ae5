/*
 * memory.h - memory that is there, or the process ends (as in base/arena.h).
 */
#ifndef WF_LIB_MEMORY_H
#define WF_LIB_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static inline void *
wf_new(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        _Exit(WF_EXIT_MEMORY);
    return memory;
}

/* A copy of `length` bytes with a NUL behind them. */
static inline char *
wf_copy_n(const void *data, size_t length)
{
    char *copy = wf_new(length + 1);

    if (length)
        memcpy(copy, data, length);
    return copy;
}

static inline char *
wf_copy(const char *text)
{
    return text ? wf_copy_n(text, strlen(text)) : NULL;
}

#define WF_NEW(type) ((type *)wf_new(sizeof(type)))

#endif
