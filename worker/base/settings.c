#include "base/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/lines.h"

static struct wf_arena file_texts; /* what files said: kept until the process ends */

struct setting {
    const char *name;
    enum wf_program program;
    size_t offset;
    const char *initial; /* NULL: a number */
    const char *choices; /* separated by '|'; NULL: any text */
    int64_t number, low, high;
    const char *help;
};

static const struct setting table[] = {
#define S(name_, program_, initial_, help_)                                                          \
    {.name = #name_, .program = WF_PROGRAM_##program_, .offset = offsetof(struct wf_settings, name_), \
     .initial = initial_, .help = help_},
#define C(name_, program_, initial_, choices_, help_)                                                \
    {.name = #name_, .program = WF_PROGRAM_##program_, .offset = offsetof(struct wf_settings, name_), \
     .initial = initial_, .choices = choices_, .help = help_},
#define N(name_, program_, initial_, low_, high_, help_)                                             \
    {.name = #name_, .program = WF_PROGRAM_##program_, .offset = offsetof(struct wf_settings, name_), \
     .number = initial_, .low = low_, .high = high_, .help = help_},
    WF_SETTINGS_MAP(S, C, N)
#undef S
#undef C
#undef N
};

enum { SETTINGS = sizeof table / sizeof table[0] };

static const struct setting *
setting_find(const char *name, size_t length, enum wf_program program)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if ((table[i].program & program) && strlen(table[i].name) == length &&
            strncmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

static const char **
text_of(struct wf_settings *settings, const struct setting *setting)
{
    return (const char **)(void *)((char *)settings + setting->offset);
}

static int64_t *
number_of(struct wf_settings *settings, const struct setting *setting)
{
    return (int64_t *)(void *)((char *)settings + setting->offset);
}

bool
wf_settings_is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    for (const char *word = choices; word; word = strchr(word, '|')) {
        word += *word == '|';
        if (strcspn(word, "|") == length && strncmp(word, value, length) == 0)
            return true;
    }
    return false;
}

static bool
setting_set(struct wf_settings *settings, const struct setting *setting, const char *value,
            const char *where, struct wf_error *reterr)
{
    char excerpt[WF_EXCERPT];

    wf_excerpt(value, strlen(value), excerpt);
    if (setting->choices && !wf_settings_is_choice(setting->choices, value))
        return wf_fail(reterr, WF_FATE_FATAL, "%s: \"%s\" is none of %s", where, excerpt, setting->choices);
    if (setting->initial) {
        *text_of(settings, setting) = value;
        return true;
    }

    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return wf_fail(reterr, WF_FATE_FATAL, "%s: \"%s\" is not a whole number", where, excerpt);
    if (number < setting->low || number > setting->high)
        return wf_fail(reterr, WF_FATE_FATAL, "%s: \"%s\" is outside the range %lld to %lld", where, excerpt,
                       (long long)setting->low, (long long)setting->high);
    *number_of(settings, setting) = number;
    return true;
}

static void
set_defaults(struct wf_settings *settings)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (table[i].initial)
            *text_of(settings, &table[i]) = table[i].initial;
        else
            *number_of(settings, &table[i]) = table[i].number;
    }
}

/* A file of settings on its way in. */
struct reading {
    struct wf_settings *settings;
    enum wf_program program;
    const char *path;
    bool ended; /* the executor's sections have begun */
};

static bool
fail_line(const struct reading *reading, int number, const char *what, const char *line, struct wf_error *reterr)
{
    char excerpt[WF_EXCERPT];

    return wf_fail(reterr, WF_FATE_FATAL, "%s:%d: %s \"%s\"", reading->path, number, what,
                   wf_excerpt(line, strlen(line), excerpt));
}

static bool
set_from_line(void *context, char *line, int number, struct wf_error *reterr)
{
    struct reading *reading = context;
    bool section = *line == '[';
    char *name = wf_line_trim(line), place[600];

    reading->ended |= section && reading->program == WF_PROGRAM_EXECUTOR;
    if (reading->ended || !*name || *name == '#')
        return true;
    if (section)
        return fail_line(reading, number, "only pawl-executor has sections:", name, reterr);
    char *equals = strchr(name, '=');
    if (!equals)
        return fail_line(reading, number, "no \"=\" in", name, reterr);
    *equals = '\0';
    name = wf_line_trim(name);

    /* One file may serve several programs, so the settings of any are known here. */
    const struct setting *setting = setting_find(name, strlen(name), WF_PROGRAM_ALL);
    if (!setting)
        return fail_line(reading, number, "unrecognized setting", name, reterr);
    snprintf(place, sizeof place, "%s:%d: %s", reading->path, number, setting->name);
    return setting_set(reading->settings, setting, wf_arena_strdup(&file_texts, wf_line_trim(equals + 1)), place, reterr);
}

static bool
set_from_file(enum wf_program program, struct wf_settings *settings, const char *path, struct wf_error *reterr)
{
    struct reading reading = {.settings = settings, .program = program, .path = path};

    return wf_lines_read(path, set_from_line, &reading, reterr);
}

static bool
set_from_environment(enum wf_program program, struct wf_settings *settings, struct wf_error *reterr)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char name[64] = "PAWL_";
        size_t at = strlen(name);
        for (const char *c = table[i].name; *c && at < sizeof name - 1; c++)
            name[at++] = (char)toupper((unsigned char)*c);
        name[at] = '\0';

        const char *value = getenv(name);
        if (value && (table[i].program & program) && !setting_set(settings, &table[i], value, name, reterr))
            return false;
    }
    return true;
}

/* The setting that a flag names ("--batch-commands=7"), or NULL; *ret_value is what follows "=". */
static const struct setting *
setting_of_flag(const char *flag, enum wf_program program, char **ret_value)
{
    char name[64];
    size_t length = 0;

    *ret_value = NULL;
    if (strcmp(flag, "-o") == 0)
        return setting_find("output", 6, program);
    if (strncmp(flag, "--", 2) != 0)
        return NULL;
    for (flag += 2; *flag && *flag != '=' && length < sizeof name; flag++)
        name[length++] = *flag == '-' ? '_' : *flag;
    if (*flag == '=')
        *ret_value = (char *)(uintptr_t)(flag + 1);
    return setting_find(name, length, program);
}

/*
 * Everybody on a machine sees the arguments of its programs, so no password may stand there: neither as
 * "password=…" nor in a URI, "postgresql://user:password@host".  The value is not repeated.
 */
static bool
holds_password(const char *value)
{
    const char *user = strstr(value, "://"), *at = user ? strchr(user + 3, '@') : NULL;
    const char *colon = at ? memchr(user + 3, ':', (size_t)(at - user - 3)) : NULL;

    return colon || strstr(value, "password=") || strstr(value, "password =");
}

/* Reads the flags of settings, or only takes --config; what is not a setting stays in argv. */
static bool
set_from_flags(enum wf_program program, int *argc, char **argv, struct wf_settings *settings,
               const char **config, struct wf_error *reterr)
{
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        char *value;
        bool is_config = strncmp(argv[i], "--config", 8) == 0 && (!argv[i][8] || argv[i][8] == '=');
        const struct setting *setting = setting_of_flag(argv[i], program, &value);

        if (strcmp(argv[i], "--") == 0) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (!setting && !is_config) {
            argv[kept++] = argv[i];
            continue;
        }
        const char *flag = argv[i];
        if (!value && ++i == *argc)
            return wf_fail(reterr, WF_FATE_FATAL, "flag \"%s\" needs a value", flag);
        if (!value)
            value = argv[i];
        if (setting && holds_password(value))
            return wf_fail(reterr, WF_FATE_FATAL,
                           "flag \"--%s\": a password must not stand on a command line; use a file or the environment",
                           setting->name);
        if (is_config)
            *config = value;
        else if (!setting_set(settings, setting, value, flag, reterr))
            return false;
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

bool
wf_settings_read(enum wf_program program, int *argc, char **argv, struct wf_settings *ret_settings,
                 struct wf_error *reterr)
{
    struct wf_settings flags, settings;
    const char *config = getenv("PAWL_CONFIG");
    int count = *argc;
    char **copy = calloc((size_t)count + 1, sizeof *copy);

    /* Flags win, but name the file: they are read twice. */
    memcpy(copy, argv, (size_t)count * sizeof *copy);
    set_defaults(&flags);
    set_defaults(&settings);
    bool ok = set_from_flags(program, &count, copy, &flags, &config, reterr) &&
              (!config || set_from_file(program, &settings, config, reterr)) &&
              set_from_environment(program, &settings, reterr) &&
              set_from_flags(program, argc, argv, &settings, &config, reterr);
    free(copy);
    settings.config = config;
    if (ok)
        *ret_settings = settings;
    return ok;
}

void
wf_settings_forget(void)
{
    wf_arena_drop(&file_texts);
}

const char *
wf_settings_group(const char *group, const char *prefix, int32_t database, char name[WF_GROUP_SIZE])
{
    bool given = group && *group;
    char number[16] = "";

    if (database)
        snprintf(number, sizeof number, "-%d", database);
    snprintf(name, WF_GROUP_SIZE, "%s%s%s", given ? group : prefix, given ? "" : "-worker", number);
    return name;
}

static void
flag_name(const char *name, char flag[64])
{
    size_t i = 0;
    for (; name[i] && i < 63; i++)
        flag[i] = name[i] == '_' ? '-' : name[i];
    flag[i] = '\0';
}

static void
default_text(const struct setting *setting, char text[128])
{
    if (setting->initial)
        snprintf(text, 128, "%s", setting->initial);
    else
        snprintf(text, 128, "%lld", (long long)setting->number);
}

void
wf_settings_help(enum wf_program program, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char flag[64], initial[128];
        if (!(table[i].program & program))
            continue;
        flag_name(table[i].name, flag);
        default_text(&table[i], initial);
        fprintf(out, "  --%-24s %s%s%s%s%s%s\n", flag, table[i].help, table[i].choices ? ": " : "",
                table[i].choices ? table[i].choices : "", *initial ? " (default " : "", initial, *initial ? ")" : "");
    }
    fprintf(out, "  --%-24s %s\n", "config", "file with settings, one `name = value` a line");
}

void
wf_settings_print_markdown(FILE *out)
{
    static const char *const programs[] = {"", "worker", "client", "worker, client", "executor", "", "client, executor", "all"};

    fputs("| setting | program | default | range | meaning |\n| --- | --- | --- | --- | --- |\n", out);
    for (size_t i = 0; i < SETTINGS; i++) {
        char initial[128];
        default_text(&table[i], initial);
        fprintf(out, "| `%s` | %s | `%s` | ", table[i].name, programs[table[i].program], initial);
        if (!table[i].initial)
            fprintf(out, "%lld to %lld", (long long)table[i].low, (long long)table[i].high);
        for (const char *c = table[i].choices; c && *c; c++) /* '|' would end the cell */
            fputs(*c == '|' ? ", " : (char[]){*c, '\0'}, out);
        fprintf(out, " | %s |\n", table[i].help);
    }
}

void
wf_settings_print_sample(FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char initial[128];
        default_text(&table[i], initial);
        fprintf(out, "# %s%s%s\n#%s = %s\n\n", table[i].help, table[i].choices ? ": " : "",
                table[i].choices ? table[i].choices : "", table[i].name, initial);
    }
}
