/*
 * file.c - JSON files, with the line and column of what is wrong in them.
 */
#include <errno.h>

#include "cli.h"
#include "codec/scan.h"

static enum cli_exit
read_all(const char *path, struct wf_buf *buf)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    size_t got;

    if (!file)
        return cli_fail(CLI_FILE, "could not read \"%s\": %s", path, strerror(errno));
    while ((got = fread(wf_buf_reserve(buf, 65536), 1, 65536, file)))
        buf->length += got;
    bool failed = ferror(file);
    int cause = errno;
    if (file != stdin)
        fclose(file);
    return failed ? cli_fail(CLI_FILE, "could not read \"%s\": %s", path, strerror(cause)) : CLI_OK;
}

static void
place_of(const char *text, const char *at, int *ret_line, int *ret_column)
{
    *ret_line = *ret_column = 1;
    for (; text < at; text++) {
        if (*text == '\n') {
            (*ret_line)++;
            *ret_column = 1;
        } else if (((unsigned char)*text & 0xc0) != 0x80) {
            (*ret_column)++;
        }
    }
}

/* What cJSON lets pass and the engine would not: it can say the byte alone, here there are lines. */
static enum cli_exit
check(const char *what, const char *text)
{
    struct wf_arena arena = {0};
    struct wf_slice value;
    struct wf_error error;
    size_t wrong;
    int line, column;
    bool ok = wf_scan_find(text, strlen(text), &arena, &value, &wrong, &error);

    wf_arena_drop(&arena);
    if (ok)
        return CLI_OK;
    place_of(text, text + wrong, &line, &column);
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        return cli_fail(CLI_FILE, "%s:%d:%d: not valid JSON: it begins with a byte order mark", what, line, column);
    return cli_fail(CLI_FILE, "%s:%d:%d: %s", what, line, column, error.message);
}

static enum cli_exit
parse(const char *what, const char *text, cJSON **ret_json)
{
    const char *end = text;
    cJSON *json = cJSON_ParseWithOpts(text, &end, true);
    char excerpt[WF_EXCERPT];
    int line, column;

    if (cJSON_IsObject(json)) {
        enum cli_exit code = check(what, text);
        if (code)
            cJSON_Delete(json);
        else
            *ret_json = json;
        return code;
    }
    place_of(text, end, &line, &column);
    if (json)
        cli_fail(CLI_FILE, "%s: not a JSON object: \"%s\"", what, wf_excerpt(text, strlen(text), excerpt));
    else if (!*end)
        cli_fail(CLI_FILE, "%s:%d:%d: not valid JSON: the text ends too early", what, line, column);
    else
        cli_fail(CLI_FILE, "%s:%d:%d: not valid JSON near \"%s\"", what, line, column,
                 wf_excerpt(end, strcspn(end, "\r\n"), excerpt));
    cJSON_Delete(json);
    return CLI_FILE;
}

enum cli_exit
cli_file_read(const char *path, struct wf_buf *ret_text, cJSON **ret_json)
{
    enum cli_exit code = read_all(path, ret_text);

    if (!code && ret_text->length && memchr(ret_text->data, '\0', ret_text->length))
        code = cli_fail(CLI_FILE, "%s: not valid JSON: it holds a NUL byte", path);
    return code ? code : parse(path, wf_buf_text(ret_text), ret_json);
}

enum cli_exit
cli_json_check(const char *option, const char *text)
{
    cJSON *json;

    if (!text || !parse(option, text, &json)) {
        if (text)
            cJSON_Delete(json);
        return CLI_OK;
    }
    return CLI_USAGE;
}
