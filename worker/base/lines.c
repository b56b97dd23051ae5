#include "base/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
wf_lines_read(const char *path, bool (*take)(void *context, char *line, int number, struct wf_error *reterr),
              void *context, struct wf_error *reterr)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool ok = true;

    if (!file)
        return wf_fail(reterr, WF_FATE_FATAL, "could not read \"%s\": %s", path, strerror(errno));
    for (int number = 1; ok && (errno = 0, length = getline(&line, &size, file)) >= 0; number++)
        ok = strlen(line) == (size_t)length ? take(context, line, number, reterr)
                                            : wf_fail(reterr, WF_FATE_FATAL, "%s:%d: the line holds a NUL", path, number);
    if (ok && !feof(file))
        ok = wf_fail(reterr, WF_FATE_FATAL, "could not read \"%s\": %s", path, strerror(errno));
    free(line);
    fclose(file);
    return ok;
}

char *
wf_line_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

/* A file of properties on its way in. */
struct properties {
    const char *path;
    bool (*take)(void *context, const char *name, const char *value, struct wf_error *reterr);
    void *context;
};

/* Whether librdkafka could have a name like this. */
static bool
is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false;
    return *name;
}

static bool
property_take(void *context, char *line, int number, struct wf_error *reterr)
{
    const struct properties *properties = context;
    char *name = wf_line_trim(line), *equals = strchr(name, '=');

    if (!*name || *name == '#')
        return true;
    if (equals)
        *equals = '\0';
    name = wf_line_trim(name);
    if (!equals || !is_name(name))
        return wf_fail(reterr, WF_FATE_FATAL, "%s:%d: not key=value", properties->path, number);
    return properties->take(properties->context, name, wf_line_trim(equals + 1), reterr) ||
           wf_fail_context(reterr, "%s:%d", properties->path, number);
}

bool
wf_properties_read(const char *path,
                   bool (*take)(void *context, const char *name, const char *value, struct wf_error *reterr),
                   void *context, struct wf_error *reterr)
{
    struct properties properties = {.path = path, .take = take, .context = context};

    return wf_lines_read(path, property_take, &properties, reterr);
}
