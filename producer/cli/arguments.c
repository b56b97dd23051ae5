/*
 * arguments.c - the command line after the settings were taken out of it, and messages.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>

#include "cli.h"

enum cli_exit
cli_fail(enum cli_exit code, const char *format, ...)
{
    va_list args;

    fputs("pawl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

void
cli_hint(const char *format, ...)
{
    va_list args;

    fputs("hint: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static int
option_find(const struct cli_verb *verb, const char *name, size_t length)
{
    for (int i = 0; verb->options && verb->options[i].name; i++)
        if (strlen(verb->options[i].name) == length && memcmp(verb->options[i].name, name, length) == 0)
            return i;
    return -1;
}

const char *
cli_option(const struct cli *cli, const char *name)
{
    int option = option_find(cli->verb, name, strlen(name));

    return option < 0 ? NULL : cli->values[option];
}

enum cli_exit
cli_number(const struct cli *cli, const char *name, long low, long high, long otherwise, long *ret_number)
{
    const char *text = cli_option(cli, name);
    char *end;

    *ret_number = otherwise;
    if (!text)
        return CLI_OK;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < low || number > high)
        return cli_fail(CLI_USAGE, "--%s: \"%s\" is not a whole number from %ld to %ld", name, text, low, high);
    *ret_number = number;
    return CLI_OK;
}

enum cli_exit
cli_choice(const struct cli *cli, const char *name, const char *words)
{
    const char *value = cli_option(cli, name);

    if (!value || wf_settings_is_choice(words, value))
        return CLI_OK;
    return cli_fail(CLI_USAGE, "--%s: \"%s\" is none of %s", name, value, words);
}

static enum cli_exit
timeout_set(struct cli *cli, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds > 0) || seconds > 2000000)
        return cli_fail(CLI_USAGE, "--timeout: \"%s\" is not a number of seconds above 0, up to 2000000", text);
    cli->settings.timeout_ms = (int64_t)ceil(seconds * 1000);
    cli->timeout_given = true;
    return CLI_OK;
}

/* The value of a flag: behind "=", else the next argument. */
static const char *
flag_value(const char *flag, int argc, char **argv, int *at)
{
    const char *equals = strchr(flag, '=');

    if (equals)
        return equals + 1;
    return *at + 1 < argc ? argv[++*at] : NULL;
}

static enum cli_exit
flag_read(struct cli *cli, int argc, char **argv, int *at)
{
    const char *flag = argv[*at];
    size_t length = strcspn(flag + 2, "=");
    int option = option_find(cli->verb, flag + 2, length);
    bool is_timeout = length == 7 && memcmp(flag + 2, "timeout", 7) == 0;

    if (option < 0 && !is_timeout) {
        cli_fail(CLI_USAGE, "unrecognized flag \"%s\"", flag);
        cli_hint("\"pawl %s%s%s --help\" lists the flags.", cli->verb->noun, *cli->verb->verb ? " " : "",
                 cli->verb->verb);
        return CLI_USAGE;
    }
    if (option >= 0 && !cli->verb->options[option].value) {
        cli->values[option] = "";
        return CLI_OK;
    }
    const char *value = flag_value(flag, argc, argv, at);
    if (!value)
        return cli_fail(CLI_USAGE, "flag \"%s\" needs a value", flag);
    if (is_timeout)
        return timeout_set(cli, value);
    cli->values[option] = value;
    return CLI_OK;
}

enum cli_exit
cli_arguments_read(struct cli *cli, int argc, char **argv)
{
    bool flags = true;
    enum cli_exit code = CLI_OK;

    for (int i = *cli->verb->verb ? 2 : 1; !code && i < argc; i++) {
        if (flags && strcmp(argv[i], "--") == 0)
            flags = false;
        else if (flags && strncmp(argv[i], "--", 2) == 0)
            code = flag_read(cli, argc, argv, &i);
        else if (cli->count == cli->verb->most)
            code = cli_fail(CLI_USAGE, "argument \"%s\" is one too many", argv[i]);
        else
            cli->arguments[cli->count++] = argv[i];
    }
    if (!code && cli->count < cli->verb->least)
        code = cli_fail(CLI_USAGE, "usage: pawl %s %s %s", cli->verb->noun, cli->verb->verb, cli->verb->arguments);
    return code;
}
