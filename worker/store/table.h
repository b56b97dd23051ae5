/*
 * table.h - the parameters of a statement: one array a column, filled row by row.
 *
 *     wf_table_row(table);
 *     wf_table_uuid(table, &id);      the first column
 *     wf_table_int(table, n);         the second …
 *
 * The columns and their types are those of statement.h; each row gives every column its value, in
 * order.  A single value (upper case there) is the column of a table of one row.
 */
#ifndef WF_STORE_TABLE_H
#define WF_STORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "store/statement.h"

enum { WF_COLUMNS_MAX = 32 };

struct wf_column {
    struct wf_buf buf;
    char type;     /* lower case, of statement.h */
    bool single;
    bool has_null; /* of an array; a single value is null */
    bool has_value;
    int32_t count; /* elements */
};

struct wf_table {
    enum wf_statement statement;
    size_t rows;
    size_t at; /* column of the next value */
    size_t column_count;
    struct wf_column columns[WF_COLUMNS_MAX];
};

/* Empties the table and keeps its memory.  A zeroed table is ready for it. */
void wf_table_begin(struct wf_table *table, enum wf_statement statement);
void wf_table_drop(struct wf_table *table);

void wf_table_row(struct wf_table *table);
void wf_table_null(struct wf_table *table);
void wf_table_uuid(struct wf_table *table, const struct wf_uuid *value);
void wf_table_int(struct wf_table *table, int64_t value);     /* int4 or int8, as the column is */
void wf_table_int_opt(struct wf_table *table, int64_t value); /* 0 is null */
void wf_table_bool(struct wf_table *table, bool value);
void wf_table_text(struct wf_table *table, const char *value); /* NULL is null */
void wf_table_bytes(struct wf_table *table, const char *data, size_t length);
void wf_table_time(struct wf_table *table, int64_t value); /* microseconds since 1970; 0 is null */

/* Several elements of one column, for a row that stands for all of them. */
void wf_table_longs(struct wf_table *table, const int64_t *values, size_t count);

/* Ends the table: the bytes of a column as libpq takes them; NULL is null, as is an array of nothing but nulls. */
const char *wf_table_column(struct wf_table *table, size_t column, size_t *ret_length);

#endif
