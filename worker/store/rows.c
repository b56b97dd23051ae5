#include "store/rows.h"

#include "store/wire.h"

bool
wf_rows_null(const struct wf_rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) != 0;
}

int64_t
wf_rows_long(const struct wf_rows *rows, int row, int column)
{
    const char *value = PQgetvalue(rows->result, row, column);

    if (wf_rows_null(rows, row, column))
        return 0;
    if (PQgetlength(rows->result, row, column) == sizeof(int32_t))
        return (int32_t)wf_wire_get32(value);
    return (int64_t)wf_wire_get64(value);
}

int32_t
wf_rows_int(const struct wf_rows *rows, int row, int column)
{
    return (int32_t)wf_rows_long(rows, row, column);
}

bool
wf_rows_bool(const struct wf_rows *rows, int row, int column)
{
    return !wf_rows_null(rows, row, column) && *PQgetvalue(rows->result, row, column);
}

int64_t
wf_rows_time(const struct wf_rows *rows, int row, int column)
{
    if (wf_rows_null(rows, row, column))
        return 0;
    return (int64_t)wf_wire_get64(PQgetvalue(rows->result, row, column)) + WF_WIRE_EPOCH;
}

struct wf_uuid
wf_rows_uuid(const struct wf_rows *rows, int row, int column)
{
    struct wf_uuid uuid = {{0}};

    if (!wf_rows_null(rows, row, column))
        memcpy(uuid.bytes, PQgetvalue(rows->result, row, column), sizeof uuid.bytes);
    return uuid;
}

const char *
wf_rows_peek(const struct wf_rows *rows, int row, int column)
{
    return wf_rows_null(rows, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

const char *
wf_rows_text(const struct wf_rows *rows, int row, int column, struct wf_arena *arena)
{
    if (wf_rows_null(rows, row, column))
        return NULL;
    return wf_arena_strndup(arena, PQgetvalue(rows->result, row, column),
                            (size_t)PQgetlength(rows->result, row, column));
}

struct wf_slice
wf_rows_bytes(const struct wf_rows *rows, int row, int column, struct wf_arena *arena)
{
    struct wf_slice slice = {.length = (size_t)PQgetlength(rows->result, row, column)};

    slice.data = wf_arena_memdup(arena, PQgetvalue(rows->result, row, column), slice.length);
    return slice;
}

bool
wf_rows_longs(const struct wf_rows *rows, int row, int column, int64_t *ret_values, size_t count)
{
    enum { HEADER = 20, ELEMENT = 4 + 8 };
    const char *value = PQgetvalue(rows->result, row, column);

    if ((size_t)PQgetlength(rows->result, row, column) != HEADER + count * ELEMENT)
        return false;
    if (wf_wire_get32(value) != 1 || wf_wire_get32(value + 12) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *element = value + HEADER + i * ELEMENT;
        if (wf_wire_get32(element) != sizeof(int64_t))
            return false;
        ret_values[i] = (int64_t)wf_wire_get64(element + 4);
    }
    return true;
}
