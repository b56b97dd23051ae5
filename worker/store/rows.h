/*
 * rows.h - the result of a statement, read by row and column; its shape has been checked.
 *
 * A null reads as 0, false, NULL or an all-zero UUID.
 */
#ifndef WF_STORE_ROWS_H
#define WF_STORE_ROWS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/uuid.h"

struct wf_rows {
    const PGresult *result;
    int count;
};

bool wf_rows_null(const struct wf_rows *rows, int row, int column);
int64_t wf_rows_long(const struct wf_rows *rows, int row, int column); /* int4 or int8 */
int32_t wf_rows_int(const struct wf_rows *rows, int row, int column);  /* int4 */
bool wf_rows_bool(const struct wf_rows *rows, int row, int column);
int64_t wf_rows_time(const struct wf_rows *rows, int row, int column); /* microseconds since 1970 */
struct wf_uuid wf_rows_uuid(const struct wf_rows *rows, int row, int column);

/* Valid until the result is cleared, and a copy of it. */
const char *wf_rows_peek(const struct wf_rows *rows, int row, int column);
const char *wf_rows_text(const struct wf_rows *rows, int row, int column, struct wf_arena *arena);
struct wf_slice wf_rows_bytes(const struct wf_rows *rows, int row, int column, struct wf_arena *arena);

/* An int8[] of exactly `count` elements, none null; false if it is anything else. */
bool wf_rows_longs(const struct wf_rows *rows, int row, int column, int64_t *ret_values, size_t count);

#endif
