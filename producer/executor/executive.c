#include "executive.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

#include "base/lines.h"

enum { TOPIC_NAME_MAX = 200 };

struct row {
    const char *name;
    const char *initial; /* of a text */
    size_t offset;
    int64_t number, low, high;
    bool list;
    const char *help;
};

static const struct row table[] = {
#define T(name_, initial_, help_) {.name = #name_, .initial = initial_, .offset = offsetof(struct wf_section, name_), .help = help_},
#define N(name_, initial_, low_, high_, help_) \
    {.name = #name_, .number = initial_, .low = low_, .high = high_, .offset = offsetof(struct wf_section, name_), .help = help_},
#define L(name_, help_) {.name = #name_, .list = true, .help = help_},
    WF_EXECUTIVE_MAP(T, N, L)
#undef T
#undef N
#undef L
};

enum { ROWS = sizeof table / sizeof *table };

/* A file on its way in. */
struct reading {
    struct wf_executives *executives;
    struct wf_executive *current; /* NULL: before the first section */
    const char *path;
    int line;
    struct wf_error *reterr;
};

static bool fail(const struct reading *reading, const char *format, ...) WF_PRINTF(2, 3);

static bool
fail(const struct reading *reading, const char *format, ...)
{
    char message[600];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (char *c = message; *c; c++) /* it quotes the file, which may be anything */
        if (iscntrl((unsigned char)*c))
            *c = '?';
    return wf_fail(reading->reterr, WF_FATE_FATAL, "%s:%d: %s", reading->path, reading->line, message);
}

/* ---- values ---- */

/* One pair of quotes around a value is taken away, so that it may begin or end with blanks. */
static char *
unquote(char *text)
{
    size_t length = strlen(text);

    if (length < 2 || *text != '"' || text[length - 1] != '"')
        return text;
    text[length - 1] = '\0';
    return text + 1;
}

static bool
add_environment(struct reading *reading, char *value)
{
    struct wf_executive *executive = reading->current;
    struct wf_arena *arena = &reading->executives->arena;
    struct wf_environment variable = {0};
    struct wf_error error;
    char *equals = strchr(value, '=');

    for (const char *c = value; equals && c < equals; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            equals = NULL;
    if (!equals || equals == value || isdigit((unsigned char)*value))
        return fail(reading, "environment: \"%s\" is not NAME=TEMPLATE", value);
    variable.name = wf_arena_strndup(arena, value, (size_t)(equals - value));
    if (!wf_template_read(arena, equals + 1, &variable.value, &error))
        return fail(reading, "environment: %s", error.message);
    WF_ARENA_PUSH(arena, executive->environment, executive->environment_count, executive->environment_capacity, variable);
    return true;
}

static bool
add_to_list(struct reading *reading, const struct row *row, char *value)
{
    struct wf_executive *executive = reading->current;
    struct wf_arena *arena = &reading->executives->arena;
    struct wf_template argument;
    struct wf_error error;

    if (strcmp(row->name, "environment") == 0)
        return add_environment(reading, value);
    if (strcmp(row->name, "exit") == 0)
        return wf_exits_read(arena, value, &executive->exits, &error) || fail(reading, "exit: %s", error.message);
    if (!wf_template_read(arena, unquote(value), &argument, &error))
        return fail(reading, "argument: %s", error.message);
    WF_ARENA_PUSH(arena, executive->arguments, executive->argument_count, executive->argument_capacity, argument);
    return true;
}

static bool
set_number(struct reading *reading, const struct row *row, const char *value)
{
    char *end;

    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return fail(reading, "%s: \"%s\" is not a whole number", row->name, value);
    if (number < row->low || number > row->high)
        return fail(reading, "%s: \"%s\" is outside the range %lld to %lld", row->name, value, (long long)row->low,
                    (long long)row->high);
    *(int64_t *)(void *)((char *)&reading->current->set + row->offset) = number;
    return true;
}

static bool
set(struct reading *reading, const char *name, char *value)
{
    int i = 0;

    while (i < ROWS && strcmp(table[i].name, name) != 0)
        i++;
    if (i == ROWS)
        return fail(reading, "unrecognized setting \"%s\" in [%s]", name, reading->current->name);
    if (table[i].list)
        return add_to_list(reading, &table[i], value);
    if (reading->current->given & 1U << i)
        return fail(reading, "%s is set twice in [%s]", name, reading->current->name);
    reading->current->given |= 1U << i;
    if (!table[i].initial)
        return set_number(reading, &table[i], value);
    *(const char **)(void *)((char *)&reading->current->set + table[i].offset) =
        wf_arena_strdup(&reading->executives->arena, unquote(value));
    return true;
}

/* ---- a whole section ---- */

static bool
set_account(struct reading *reading, struct wf_executive *executive)
{
    struct wf_arena *arena = &reading->executives->arena;
    const struct passwd *user = getpwnam(executive->set.user);
    gid_t groups[256];
    int count = sizeof groups / sizeof *groups;

    if (!user)
        return fail(reading, "user: there is no user \"%s\"", executive->set.user);
    if (user->pw_uid == geteuid() && geteuid() != 0)
        return true;
    if (geteuid() != 0)
        return fail(reading, "user: cannot run programs as \"%s\": the executor does not run as root",
                    executive->set.user);
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return fail(reading, "user: \"%s\" is in too many groups", executive->set.user);
    executive->account = WF_ARENA_NEW(arena, struct wf_account);
    *executive->account = (struct wf_account){
        .uid = user->pw_uid, .gid = user->pw_gid, .group_count = (size_t)count,
        .groups = wf_arena_memdup(arena, groups, (size_t)count * sizeof *groups)};
    return true;
}

static bool
set_output(struct reading *reading, struct wf_executive *executive)
{
    static const char *const names[] = {"none", "variables", "result"};

    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], executive->set.output) == 0) {
            executive->output = (enum wf_output)i;
            return true;
        }
    return fail(reading, "output: \"%s\" is not none, variables or result", executive->set.output);
}

/* What can be said only of a section as a whole, at its last line. */
static bool
finish(struct reading *reading)
{
    struct wf_executive *executive = reading->current;
    struct wf_error error;

    if (!executive)
        return true;
    if (!*executive->set.program)
        return fail(reading, "[%s] has no program", executive->name);
    if (*executive->set.program != '/')
        return fail(reading, "program: \"%s\" is not an absolute path", executive->set.program);
    if (*executive->set.directory && *executive->set.directory != '/')
        return fail(reading, "directory: \"%s\" is not an absolute path", executive->set.directory);
    if (!wf_template_read(&reading->executives->arena, executive->set.input, &executive->input, &error))
        return fail(reading, "input: %s", error.message);
    return set_output(reading, executive) && (!*executive->set.user || set_account(reading, executive));
}

static void
set_defaults(struct wf_section *section)
{
    for (int i = 0; i < ROWS; i++) {
        void *at = (char *)section + table[i].offset;
        if (table[i].initial)
            *(const char **)at = table[i].initial;
        else if (!table[i].list)
            *(int64_t *)at = table[i].number;
    }
}

static bool
begin(struct reading *reading, char *line)
{
    struct wf_executives *executives = reading->executives;
    size_t length = strlen(line);
    char *name = line + 1;

    if (!finish(reading))
        return false;
    if (line[length - 1] != ']')
        return fail(reading, "no \"]\" in \"%s\"", line);
    line[length - 1] = '\0';
    name = wf_line_trim(name);
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return fail(reading, "\"%s\" cannot be the name of an executive: letters, digits, \".\", \"_\", \"-\"", name);
    if (!*name || strlen(name) > TOPIC_NAME_MAX)
        return fail(reading, "the name of an executive has 1 to %d characters", TOPIC_NAME_MAX);
    if (wf_executives_find(executives, name))
        return fail(reading, "[%s] is there twice", name);

    struct wf_executive executive = {.name = wf_arena_strdup(&executives->arena, name)};
    set_defaults(&executive.set);
    WF_ARENA_PUSH(&executives->arena, executives->list, executives->count, executives->capacity, executive);
    reading->current = &executives->list[executives->count - 1];
    return true;
}

static bool
read_line(void *context, char *line, int number, struct wf_error *reterr)
{
    struct reading *reading = context;
    char *text = wf_line_trim(line), *equals = strchr(text, '=');

    (void)reterr; /* as the reading has it */
    reading->line = number;
    if (*line == '[')
        return begin(reading, text);
    if (!reading->current || !*text || *text == '#')
        return true;
    if (!equals)
        return fail(reading, "no \"=\" in \"%s\"", text);
    *equals = '\0';
    return set(reading, wf_line_trim(text), wf_line_trim(equals + 1));
}

bool
wf_executives_read(const char *path, struct wf_executives *ret_executives, struct wf_error *reterr)
{
    struct wf_executives executives = {0};
    struct reading reading = {.executives = &executives, .path = path, .reterr = reterr};
    bool ok = wf_lines_read(path, read_line, &reading, reterr) && finish(&reading);

    if (ok && !executives.count)
        ok = fail(&reading, "no executive: a section begins with its name, [line-test]");
    if (ok)
        *ret_executives = executives;
    else
        wf_executives_drop(&executives);
    return ok;
}

void
wf_executives_drop(struct wf_executives *executives)
{
    wf_arena_drop(&executives->arena);
    *executives = (struct wf_executives){0};
}

const struct wf_executive *
wf_executives_find(const struct wf_executives *executives, const char *name)
{
    for (size_t i = 0; i < executives->count; i++)
        if (strcmp(executives->list[i].name, name) == 0)
            return &executives->list[i];
    return NULL;
}

void
wf_executives_help(FILE *out)
{
    for (int i = 0; i < ROWS; i++) {
        fprintf(out, "  %-14s %s", table[i].name, table[i].help);
        if (table[i].list)
            fputs("; may stand on several lines", out);
        else if (!table[i].initial)
            fprintf(out, " (default %lld)", (long long)table[i].number);
        else if (*table[i].initial)
            fprintf(out, " (default %s)", table[i].initial);
        fputc('\n', out);
    }
}

/* ---- for a job ---- */

static bool
has_variable(const struct wf_executive *executive, const char *name, size_t length)
{
    for (size_t i = 0; i < executive->environment_count; i++)
        if (strlen(executive->environment[i].name) == length &&
            memcmp(executive->environment[i].name, name, length) == 0)
            return true;
    return false;
}

/* Variables of the executor's own environment that the section names and does not set itself. */
static void
inherit(const struct wf_executive *executive, struct wf_arena *arena, char **envp, size_t *count, size_t room)
{
    for (const char *at = executive->set.inherit; *count < room;) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, " \t,");
        if (!length)
            return;
        char *name = wf_arena_strndup(arena, at, length);
        const char *value = has_variable(executive, name, length) ? NULL : getenv(name);
        if (value)
            envp[(*count)++] = wf_arena_printf(arena, "%s=%s", name, value);
        at += length;
    }
}

bool
wf_executive_fill(const struct wf_executive *executive, const struct wf_job *job, struct wf_arena *arena, char ***ret_argv,
                  char ***ret_envp, struct wf_error *reterr)
{
    size_t room = executive->environment_count + strlen(executive->set.inherit) + 1, count = 0;
    char **argv = WF_ARENA_ARRAY(arena, char *, executive->argument_count + 2);
    char **envp = WF_ARENA_ARRAY(arena, char *, room + 1);
    struct wf_buf text = {0};
    bool ok = true;

    argv[0] = wf_arena_strdup(arena, executive->set.program);
    for (size_t i = 0; ok && i < executive->argument_count; i++) {
        wf_buf_clear(&text);
        ok = wf_template_fill(&executive->arguments[i], job, &text, reterr);
        argv[i + 1] = wf_arena_strndup(arena, text.data ? text.data : "", text.length);
    }
    for (size_t i = 0; ok && i < executive->environment_count; i++) {
        wf_buf_clear(&text);
        wf_buf_printf(&text, "%s=", executive->environment[i].name);
        ok = wf_template_fill(&executive->environment[i].value, job, &text, reterr);
        envp[count++] = wf_arena_strndup(arena, text.data, text.length);
    }
    inherit(executive, arena, envp, &count, room);
    wf_buf_drop(&text);
    *ret_argv = argv;
    *ret_envp = envp;
    return ok;
}
