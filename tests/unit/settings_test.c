/* Settings: flags over environment over file over default; what is unknown or out of range is an error. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "base/settings.h"

static struct wf_settings settings;
static struct wf_error error;

/* Reads a command line of at most seven words; the words that are left, or NULL with `error`. */
static char **
given(enum wf_program program, char **words)
{
    static char *argv[16];
    int argc = 1;

    argv[0] = (char[]){"pawl"};
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    argv[argc] = NULL;
    if (!wf_settings_read(program, &argc, argv, &settings, &error))
        return NULL;
    cr_assert_null(argv[argc]);
    return argv + 1;
}

#define GIVEN(program, ...) given(WF_PROGRAM_##program, (char *[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static char *
write_file(const char *text)
{
    static char path[] = "/tmp/pawl-settings-XXXXXX";
    int file = mkstemp(path);

    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    return path;
}

Test(settings, defaults)
{
    cr_assert_not_null(GIVEN(WORKER));
    cr_assert_str_eq(settings.brokers, "localhost:9092");
    cr_assert_eq(settings.batch_commands, 2000);
}

Test(settings, flags)
{
    char **rest = GIVEN(WORKER, "run", "--batch-commands=7", "--prefix", "wf", "--other", "--", "--prefix", "no");

    cr_assert_eq(settings.batch_commands, 7);
    cr_assert_str_eq(settings.prefix, "wf");
    cr_assert_str_eq(rest[0], "run");
    cr_assert_str_eq(rest[1], "--other");
    cr_assert_str_eq(rest[2], "--");
    cr_assert_str_eq(rest[4], "no");
    cr_assert_null(rest[5]);
    cr_assert_not_null(GIVEN(CLIENT, "-o", "json"));
    cr_assert_str_eq(settings.output, "json");
    rest = GIVEN(CLIENT, "--batch-commands", "7"); /* the worker's: not this program's */
    cr_assert_str_eq(rest[0], "--batch-commands");
}

Test(settings, order)
{
    char *path = write_file("# a comment\n\nprefix = of file \nbrokers=file:1\nlog_level = debug\nbatch_commands = 3\n");

    setenv("PAWL_BROKERS", "environment:1", 1);
    setenv("PAWL_LOG_LEVEL", "error", 1);
    cr_assert_not_null(GIVEN(WORKER, "--config", path, "--log-level=warning"));
    cr_assert_str_eq(settings.prefix, "of file");
    cr_assert_str_eq(settings.brokers, "environment:1");
    cr_assert_str_eq(settings.log_level, "warning");
    cr_assert_eq(settings.batch_commands, 3);
    setenv("PAWL_CONFIG", path, 1);
    cr_assert_not_null(GIVEN(CLIENT));
    cr_assert_str_eq(settings.prefix, "of file");
    unlink(path);
    cr_assert_null(GIVEN(CLIENT));
    cr_assert_not_null(strstr(error.message, "could not read \""));
}

Test(settings, errors)
{
    cr_assert_null(GIVEN(WORKER, "--batch-commands"));
    cr_assert_str_eq(error.message, "flag \"--batch-commands\" needs a value");
    cr_assert_null(GIVEN(WORKER, "--batch-commands=x"));
    cr_assert_null(GIVEN(WORKER, "--batch-commands="));
    cr_assert_null(GIVEN(WORKER, "--batch-commands=7x"));
    cr_assert_null(GIVEN(WORKER, "--batch-commands=99999999999999999999"));
    cr_assert_null(GIVEN(WORKER, "--batch-commands=0"));
    cr_assert_not_null(strstr(error.message, "outside the range 1 to 10000"));
    setenv("PAWL_BATCH_BYTES", "many", 1);
    cr_assert_null(GIVEN(WORKER));
    cr_assert_not_null(strstr(error.message, "PAWL_BATCH_BYTES"));
}

Test(settings, choices)
{
    cr_assert_not_null(GIVEN(WORKER, "--delivery", "at-least-once", "--on-restore", "replay"));
    cr_assert_str_eq(settings.delivery, "at-least-once");
    cr_assert_str_eq(settings.on_restore, "replay");
    for (size_t i = 0; i < 4; i++) {
        char *value = ((char *[]){"stop|replay", "sto", "replayed", ""})[i];
        cr_assert_null(GIVEN(WORKER, "--on-restore", value), "\"%s\"", value);
        cr_assert_not_null(strstr(error.message, "is none of stop|replay"), "%s", error.message);
    }
}

Test(settings, no_password_on_a_command_line)
{
    char *wrong[] = {"host=db password=geheim", "postgresql://ann:geheim@db/pawl", "password = geheim"};
    char *right[] = {"host=db user=ann passfile=/etc/pawl/pgpass", "postgresql://ann@db:5432/pawl"};

    for (size_t i = 0; i < 3; i++) {
        cr_assert_null(GIVEN(WORKER, "--database", wrong[i]));
        cr_assert_not_null(strstr(error.message, "command line"));
        cr_assert_null(strstr(error.message, "geheim"));
    }
    for (size_t i = 0; i < 2; i++)
        cr_assert_not_null(GIVEN(WORKER, "--database", right[i]));
}

Test(settings, errors_in_the_file)
{
    char *path = write_file("prefix = a\nnonsense = 1\n");

    cr_assert_null(GIVEN(WORKER, "--config", path));
    cr_assert_not_null(strstr(error.message, ":2: unrecognized setting \"nonsense\""));
    unlink(path);
}

static const char *
said_of(enum wf_program program, const char *bytes, size_t length)
{
    char path[] = "/tmp/pawl-settings-XXXXXX";
    int file = mkstemp(path);

    cr_assert_eq(write(file, bytes, length), (ssize_t)length);
    close(file);
    bool ok = given(program, (char *[]){(char[]){"--config"}, path, NULL});
    unlink(path);
    return ok ? NULL : strchr(error.message, ':');
}

#define SAID_OF(program, bytes) said_of(WF_PROGRAM_##program, bytes, sizeof bytes - 1)

Test(settings, lines_that_are_none)
{
    cr_expect_str_eq(SAID_OF(WORKER, "prefix\n"), ":1: no \"=\" in \"prefix\"");
    cr_expect_str_eq(SAID_OF(WORKER, "prefix=a\n\nlog_level = error\0 or not\n"), ":3: the line holds a NUL");
    cr_expect_str_eq(SAID_OF(WORKER, "\x1b[2J\xff = 1\n"), ":1: unrecognized setting \"?[2J?\"");
    cr_expect_str_eq(SAID_OF(WORKER, "timeout_ms = \x1b[2J\n"), ":1: timeout_ms: \"?[2J\" is not a whole number");

    char *line = memset(calloc(1, 100001), 'x', 100000);
    cr_expect_str_eq(said_of(WF_PROGRAM_WORKER, line, 100000),
                     ":1: no \"=\" in \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"");
    free(line);
}

/* What stands behind a section's name would be ignored: only the executor reads it, as its own. */
Test(settings, sections_are_of_the_executor)
{
    static const char file[] = "prefix = a\n[line-test]\nprefix = b\nnonsense\n";

    cr_expect_str_eq(SAID_OF(WORKER, file), ":2: only pawl-executor has sections: \"[line-test]\"");
    cr_expect_str_eq(SAID_OF(CLIENT, file), ":2: only pawl-executor has sections: \"[line-test]\"");
    cr_expect_null(SAID_OF(EXECUTOR, file));
    cr_expect_str_eq(settings.prefix, "a");
}

Test(settings, a_directory_is_no_file)
{
    cr_assert_null(GIVEN(CLIENT, "--config", "/tmp"));
    cr_assert_str_eq(error.message, "could not read \"/tmp\": Is a directory");
}

static const char *
printed(void (*print)(FILE *out))
{
    static char text[16384];
    FILE *out = fmemopen(text, sizeof text, "w");

    print(out);
    fclose(out);
    return text;
}

static void
print_worker_help(FILE *out)
{
    wf_settings_help(WF_PROGRAM_WORKER, out);
}

/* The table makes the help, the manual's table and the sample file. */
Test(settings, printed)
{
    const char *help = printed(print_worker_help);
    cr_assert_not_null(strstr(help, "--batch-commands"));
    cr_assert_not_null(strstr(help, "(default 2000)"));
    cr_assert_null(strstr(help, "--timeout-ms"));
}

/* The files in the tree are what the table makes: `pawl-worker --print-settings [sample]`. */
Test(settings, files_agree)
{
    static const struct {
        const char *path;
        void (*print)(FILE *);
    } files[] = {{"worker/settings.md", wf_settings_print_markdown},
                 {"deploy/pawl.conf.sample", wf_settings_print_sample}};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[4096], text[16384];
        snprintf(path, sizeof path, "%s/%s", PAWL_SOURCE_DIR, files[i].path);
        FILE *file = fopen(path, "r");
        cr_assert_not_null(file, "%s", path);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        cr_assert_str_eq(text, printed(files[i].print), "%s is not what the table makes", path);
    }
}
