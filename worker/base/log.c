#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

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

/* Turns `a=1 b="x y"` into members of the JSON object that is open in `buf`. */
static void
put_fields_json(struct wf_buf *buf, const char *fields)
{
    while (*fields) {
        const char *equals = strchr(fields, '=');
        if (!equals)
            return;
        bool quoted = equals[1] == '"';
        const char *value = equals + 1 + quoted;
        const char *end = strchr(value, quoted ? '"' : ' ');
        if (!end)
            end = value + strlen(value);

        wf_json_string_n(buf, fields, (size_t)(equals - fields));
        wf_buf_byte(buf, ':');
        wf_json_string_n(buf, value, (size_t)(end - value));
        fields = *end ? end + 1 : end;
        while (*fields == ' ')
            fields++;
    }
}

static void
put_json(struct wf_buf *line, enum wf_log_level level, const char *time, const char *message,
         const char *fields)
{
    wf_json_open(line, '{');
    wf_json_put_string(line, "time", time);
    wf_json_put_string(line, "level", level_names[level]);
    wf_json_put_string(line, "program", context.program);
    if (context.worker[0])
        wf_json_put_string(line, "worker", context.worker);
    wf_json_put_string(line, "message", message);
    put_fields_json(line, fields);
    wf_json_close(line, '}');
}

void
wf_log(enum wf_log_level level, const char *message, const char *format, ...)
{
    if (!wf_log_enabled(level))
        return;

    WF_SCOPED(wf_buf_drop) struct wf_buf line = {0};
    char time[WF_TIME_TEXT + 1], fields[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(fields, sizeof fields, format, args);
    va_end(args);

    wf_time_format(wf_clock_now(), time);
    if (context.json)
        put_json(&line, level, time, message, fields);
    else
        wf_buf_printf(&line, "%s %-7s %s%s%s: %s%s%s", time, level_names[level], context.program,
                      context.worker[0] ? "/" : "", context.worker, message, fields[0] ? "  " : "",
                      fields);
    wf_buf_byte(&line, '\n');
    if (write(STDERR_FILENO, line.data, line.length) < 0)
        return; /* nowhere left to say so */
}
