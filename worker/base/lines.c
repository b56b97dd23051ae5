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

bool
wf_line_property(char *line, char **ret_name, char **ret_value)
{
    char *text = wf_line_trim(line), *equals = strchr(text, '=');

    *ret_name = *ret_value = NULL;
    if (!*text || *text == '#')
        return true;
    if (!equals)
        return false;
    *equals = '\0';
    *ret_name = wf_line_trim(text);
    *ret_value = wf_line_trim(equals + 1);
    for (const char *c = *ret_name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return false; /* nothing that librdkafka has a name for */
    return **ret_name;
}
