#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

enum { VALUE_MAX = 1024 }; /* bytes of a value; the rest is not written */

static struct {
    enum wf_log_level level;
    bool json;
    char program[32];
    char worker[64];
} context = {.level = WF_LOG_INFO};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

enum wf_log_level
wf_log_level_of(const char *name)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(name, level_names[i]) == 0)
            return (enum wf_log_level)i;
    return WF_LOG_INFO;
}

void
wf_log_open(enum wf_log_level level, bool json, const char *program, const char *worker)
{
    context.level = level;
    context.json = json;
    snprintf(context.program, sizeof context.program, "%s", program);
    snprintf(context.worker, sizeof context.worker, "%s", worker ? worker : "");
}

bool
wf_log_enabled(enum wf_log_level level)
{
    return level <= context.level;
}

/* A field of a line: `key="value"`, or without the quotes. */
struct field {
    const char *key;
    size_t key_length;
    struct wf_buf value;
    bool quoted;
};

/* Puts what the directive at `at` stands for into the value; returns where the format goes on. */
static const char *
directive_take(struct field *field, const char *at, va_list *args)
{
    const char *text;

    if (strncmp(at, "%s", 2) == 0) {
        text = va_arg(*args, const char *);
        wf_buf_puts(&field->value, text ? text : "");
        return at + 2;
    }
    if (strncmp(at, "%d", 2) == 0) {
        wf_buf_int(&field->value, va_arg(*args, int));
        return at + 2;
    }
    if (strncmp(at, "%ld", 3) == 0) {
        wf_buf_int(&field->value, va_arg(*args, long));
        return at + 3;
    }
    if (strncmp(at, "%zu", 3) == 0) {
        wf_buf_int(&field->value, (int64_t)va_arg(*args, size_t));
        return at + 3;
    }
    if (strncmp(at, "%lld", 4) == 0) {
        wf_buf_int(&field->value, va_arg(*args, long long));
        return at + 4;
    }
    wf_buf_puts(&field->value, at); /* not one of ours: what follows it cannot be taken either */
    return at + strlen(at);
}

/* What is no text, or would steer a terminal, is not written as it is; line ends and the like are escaped later. */
static void
value_clean(struct wf_buf *value)
{
    if (value->length > VALUE_MAX)
        value->length = VALUE_MAX;
    for (size_t i = 0, length; i < value->length; i += length) {
        const char *at = value->data + i;
        length = wf_utf8_length(at, value->data + value->length);
        bool steers = *at == 0x7f || (length == 2 && (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0);
        if (!length || steers) {
            length = length ? length : 1;
            memset(value->data + i, '?', length);
        }
    }
}

/* Takes one field of the format, with its arguments; returns where the next one begins. */
static const char *
field_take(struct field *field, const char *at, va_list *args)
{
    field->key = at;
    field->key_length = strcspn(at, "=");
    at += field->key_length + 1;
    field->quoted = *at == '"';
    wf_buf_clear(&field->value);
    at += field->quoted;
    while (*at && *at != (field->quoted ? '"' : ' '))
        if (*at == '%')
            at = directive_take(field, at, args);
        else
            wf_buf_byte(&field->value, (unsigned char)*at++);
    at += *at && field->quoted;
    value_clean(&field->value);
    return at + strspn(at, " ");
}

/* Whether a value may stand in a line of text without quotes. */
static bool
plain(const struct wf_buf *value)
{
    for (size_t i = 0; i < value->length; i++) {
        unsigned char byte = (unsigned char)value->data[i];
        if (byte <= ' ' || byte == '"' || byte == '\\' || byte == '=')
            return false;
    }
    return true;
}

static void
field_put(const struct field *field, struct wf_buf *line, bool first)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf quoted = {0};

    wf_json_string_n(&quoted, field->value.data, field->value.length);
    if (context.json) {
        wf_json_string_n(line, field->key, field->key_length);
        wf_buf_byte(line, ':');
        wf_buf_append(line, quoted.data, quoted.length);
        return;
    }
    wf_buf_puts(line, first ? "  " : " ");
    wf_buf_append(line, field->key, field->key_length + 1);
    if (field->quoted || !plain(&field->value))
        wf_buf_append(line, quoted.data, quoted.length);
    else
        wf_buf_append(line, field->value.data, field->value.length);
}

/* Up to the fields. */
static void
begin(struct wf_buf *line, enum wf_log_level level, const char *message)
{
    char time[WF_TIME_TEXT + 1];

    wf_time_format(wf_clock_now(), time);
    if (!context.json) {
        wf_buf_printf(line, "%s %-7s %s%s%s: %s", time, level_names[level], context.program,
                      context.worker[0] ? "/" : "", context.worker, message);
        return;
    }
    wf_json_open(line, '{');
    wf_json_put_string(line, "time", time);
    wf_json_put_string(line, "level", level_names[level]);
    wf_json_put_string(line, "program", context.program);
    if (context.worker[0])
        wf_json_put_string(line, "worker", context.worker);
    wf_json_put_string(line, "message", message);
}

void
wf_log(enum wf_log_level level, const char *message, const char *format, ...)
{
    if (!wf_log_enabled(level))
        return;

    WF_SCOPED(wf_buf_drop) struct wf_buf line = {0};
    struct field field = {0};
    bool first = true;
    va_list args;

    begin(&line, level, message);
    va_start(args, format);
    while (strchr(format, '=')) {
        format = field_take(&field, format, &args);
        if (!field.value.length)
            continue;
        field_put(&field, &line, first);
        first = false;
    }
    va_end(args);
    wf_buf_drop(&field.value);
    if (context.json)
        wf_json_close(&line, '}');
    wf_buf_byte(&line, '\n');
    if (write(STDERR_FILENO, line.data, line.length) < 0)
        return; /* nowhere left to say so */
}
