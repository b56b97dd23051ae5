/*
 * table.c - aligned columns for people, an array of objects or CSV for programs.
 */
#include <ctype.h>

#include "base/json.h"
#include "database.h"

static const char absent[] = "\x01";

/* Characters, not bytes; wide ones count as one. */
static size_t
width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void
cli_table_begin(struct cli_table *table, bool json, int columns, const char *const *names)
{
    *table = (struct cli_table){.json = json, .columns = columns};
    for (int i = 0; i < columns; i++) {
        table->names[i] = names[i];
        table->widths[i] = width_of(names[i]);
    }
}

void
cli_table_row(struct cli_table *table, const char *const *cells)
{
    for (int i = 0; i < table->columns; i++) {
        const char *cell = cells[i] ? cells[i] : absent;
        size_t width = width_of(cell);
        if (width > table->widths[i])
            table->widths[i] = width;
        wf_buf_append(&table->cells, cell, strlen(cell) + 1);
    }
    table->rows++;
}

static void
put_padded(const char *text, size_t width, bool last)
{
    fputs(text, stdout);
    for (size_t at = width_of(text); !last && at < width + 2; at++)
        putchar(' ');
}

static void
print_text(const struct cli_table *table)
{
    const char *cell = table->cells.data;

    for (int i = 0; i < table->columns; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", table->names[i]);
        for (char *c = name; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        put_padded(name, table->widths[i], i == table->columns - 1);
    }
    putchar('\n');
    for (size_t row = 0; row < table->rows; row++) {
        for (int i = 0; i < table->columns; i++, cell += strlen(cell) + 1)
            put_padded(strcmp(cell, absent) == 0 ? "-" : cell, table->widths[i], i == table->columns - 1);
        putchar('\n');
    }
}

/* RFC 4180, with plain line ends: quoted where it has to be, absent is empty. */
static void
put_csv(const char *text, bool last)
{
    if (strcmp(text, absent) == 0)
        text = "";
    if (text[strcspn(text, ",\"\r\n")]) {
        putchar('"');
        for (; *text; text++)
            fputs(*text == '"' ? "\"\"" : (const char[]){*text, '\0'}, stdout);
        putchar('"');
    } else {
        fputs(text, stdout);
    }
    putchar(last ? '\n' : ',');
}

static void
print_csv(const struct cli_table *table)
{
    const char *cell = table->cells.data;

    for (int i = 0; i < table->columns; i++)
        put_csv(table->names[i], i == table->columns - 1);
    for (size_t row = 0; row < table->rows; row++)
        for (int i = 0; i < table->columns; i++, cell += strlen(cell) + 1)
            put_csv(cell, i == table->columns - 1);
}

static bool
is_number(const char *text)
{
    return *text && strlen(text) < 16 && strspn(text, "0123456789") == strlen(text);
}

static void
print_json(const struct cli_table *table)
{
    struct wf_buf buf = {0};
    const char *cell = table->cells.data;

    wf_json_open(&buf, '[');
    for (size_t row = 0; row < table->rows; row++) {
        wf_json_open(&buf, '{');
        for (int i = 0; i < table->columns; i++, cell += strlen(cell) + 1) {
            if (is_number(cell))
                wf_json_put_raw_opt(&buf, table->names[i], cell);
            else if (strcmp(cell, absent) != 0)
                wf_json_put_string(&buf, table->names[i], cell);
        }
        wf_json_close(&buf, '}');
    }
    wf_json_close(&buf, ']');
    cli_print_json(wf_buf_text(&buf));
    wf_buf_drop(&buf);
}

void
cli_table_end(struct cli_table *table)
{
    if (table->json)
        print_json(table);
    else if (table->csv)
        print_csv(table);
    else
        print_text(table);
    wf_buf_drop(&table->cells);
}
