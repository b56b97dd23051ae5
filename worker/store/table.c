#include "store/table.h"

#include "store/wire.h"

enum { ARRAY_HEADER = 20 }; /* dimensions, whether nulls, type, length, lower bound */

static const struct wf_buf empty;

void
wf_table_begin(struct wf_table *table, enum wf_statement statement)
{
    const char *parameters = wf_statement_rows[statement].parameters;

    table->statement = statement;
    table->rows = table->at = 0;
    table->column_count = strlen(parameters);
    for (size_t c = 0; c < table->column_count; c++) {
        struct wf_column *column = &table->columns[c];
        column->single = parameters[c] < 'a';
        column->type = (char)(parameters[c] | 0x20);
        column->has_null = column->has_value = false;
        column->count = 0;
        wf_buf_clear(&column->buf);
        if (!column->single) {
            wf_buf_reserve(&column->buf, ARRAY_HEADER);
            column->buf.length = ARRAY_HEADER;
        }
    }
}

void
wf_table_drop(struct wf_table *table)
{
    for (size_t c = 0; c < WF_COLUMNS_MAX; c++) {
        wf_buf_drop(&table->columns[c].buf);
        table->columns[c].buf = empty;
    }
}

void
wf_table_row(struct wf_table *table)
{
    table->rows++;
    table->at = 0;
}

/* The length that goes before each element of an array. */
static struct wf_buf *
element(struct wf_column *column, size_t length)
{
    if (!column->single)
        wf_buf_u32(&column->buf, (uint32_t)length);
    column->count++;
    column->has_value |= length != UINT32_MAX;
    return &column->buf;
}

static struct wf_column *
next(struct wf_table *table)
{
    return &table->columns[table->at++];
}

void
wf_table_null(struct wf_table *table)
{
    struct wf_column *column = next(table);

    element(column, UINT32_MAX);
    column->has_null = true;
}

void
wf_table_uuid(struct wf_table *table, const struct wf_uuid *value)
{
    wf_buf_append(element(next(table), sizeof value->bytes), value->bytes, sizeof value->bytes);
}

static void
put_int(struct wf_column *column, int64_t value)
{
    if (column->type == 'i')
        wf_buf_u32(element(column, sizeof(int32_t)), (uint32_t)value);
    else
        wf_buf_u64(element(column, sizeof(int64_t)), (uint64_t)value);
}

void
wf_table_int(struct wf_table *table, int64_t value)
{
    put_int(next(table), value);
}

void
wf_table_int_opt(struct wf_table *table, int64_t value)
{
    if (value)
        wf_table_int(table, value);
    else
        wf_table_null(table);
}

void
wf_table_bool(struct wf_table *table, bool value)
{
    wf_buf_byte(element(next(table), 1), value);
}

void
wf_table_text(struct wf_table *table, const char *value)
{
    if (value)
        wf_table_bytes(table, value, strlen(value));
    else
        wf_table_null(table);
}

void
wf_table_bytes(struct wf_table *table, const char *data, size_t length)
{
    wf_buf_append(element(next(table), length), data, length);
}

void
wf_table_time(struct wf_table *table, int64_t value)
{
    if (value)
        wf_table_int(table, value - WF_WIRE_EPOCH);
    else
        wf_table_null(table);
}

void
wf_table_longs(struct wf_table *table, const int64_t *values, size_t count)
{
    struct wf_column *column = next(table);

    for (size_t i = 0; i < count; i++)
        put_int(column, values[i]);
}

const char *
wf_table_column(struct wf_table *table, size_t index, size_t *ret_length)
{
    struct wf_column *column = &table->columns[index];

    *ret_length = column->buf.length;
    if (column->single) {
        wf_buf_reserve(&column->buf, 1); /* an empty text is not null */
        return column->has_null ? NULL : column->buf.data;
    }
    if (column->count && !column->has_value)
        return NULL; /* unnested beside other arrays, a null array gives nulls too, and costs nothing */
    wf_wire_put32(column->buf.data, column->count ? 1 : 0);
    wf_wire_put32(column->buf.data + 4, column->has_null);
    wf_wire_put32(column->buf.data + 8, wf_wire_type(column->type));
    wf_wire_put32(column->buf.data + 12, (uint32_t)column->count);
    wf_wire_put32(column->buf.data + 16, 1);
    if (!column->count)
        *ret_length = 12;
    return column->buf.data;
}
