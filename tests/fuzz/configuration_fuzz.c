/*
 * Configuration: what stands in a file behind a line that says what reads it.
 *
 *     settings      a settings file, as the worker reads it
 *     executor      a settings file with the sections of an executor
 *     kafka         settings of librdkafka (kafka_config)
 *     flags         a command line, a line each
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/settings.h"
#include "bus/kafka.h"
#include "executive.h"
#include "target.h"

enum { FLAGS_MAX = 20, FLAG_SIZE = 200 };

static void
demand_message(const struct wf_error *error)
{
    fuzz_demand(memchr(error->message, '\0', sizeof error->message) && *error->message, "an error says something");
}

static void
read_flags(int count, char **flags)
{
    struct wf_settings settings;
    struct wf_error error;

    if (!wf_settings_read(WF_PROGRAM_WORKER, &count, flags, &settings, &error)) {
        demand_message(&error);
        return;
    }
    fuzz_demand(count >= 1 && count <= FLAGS_MAX + 1 && !flags[count], "what is left of the arguments is a list");
    fuzz_demand(settings.batch_commands >= 1 && settings.batch_commands <= 10000, "settings are within their range");
    for (int i = 1; i < count; i++)
        fuzz_demand(flags[i] != NULL, "what is left of the arguments is a list");
}

static void
read_settings(struct wf_slice file)
{
    char name[] = "fuzz", flag[] = "--config", path[40], *flags[] = {name, flag, path, NULL};

    snprintf(path, sizeof path, "%s", fuzz_file(file.data, file.length));
    read_flags(3, flags);
    wf_settings_forget();
}

static void
read_executor(struct wf_slice file)
{
    struct wf_executives executives = {.count = 0};
    struct wf_error error;

    if (wf_executives_read(fuzz_file(file.data, file.length), &executives, &error))
        wf_executives_drop(&executives);
    else
        demand_message(&error);
}

/* Not with settings that make librdkafka load code or write to standard error. */
static bool
wild(struct wf_slice file)
{
    return memmem(file.data, file.length, "plugin", 6) || memmem(file.data, file.length, "debug", 5);
}

static void
read_kafka(struct wf_slice file)
{
    const struct wf_kafka_property none = {NULL, NULL};
    struct wf_settings settings = {.brokers = "localhost:1"};
    rd_kafka_conf_t *conf;
    struct wf_error error;

    if (wild(file))
        return;
    settings.kafka_config = fuzz_file(file.data, file.length);
    if (wf_kafka_conf(&settings, &none, &conf, &error))
        rd_kafka_conf_destroy(conf);
    else
        demand_message(&error);
}

static void
read_command_line(struct wf_slice file)
{
    char texts[FLAGS_MAX + 1][FLAG_SIZE], *flags[FLAGS_MAX + 2] = {NULL};
    struct wf_slice line;
    int count = 1;

    snprintf(texts[0], FLAG_SIZE, "fuzz");
    flags[0] = texts[0];
    while (count <= FLAGS_MAX && fuzz_line(&file, &line)) {
        snprintf(texts[count], FLAG_SIZE, "%.*s", (int)(line.length < FLAG_SIZE ? line.length : FLAG_SIZE), line.data);
        if (strncmp(texts[count], "--config", 8) == 0)
            return; /* any file of this machine */
        flags[count] = texts[count];
        count++;
    }
    read_flags(count, flags);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        void (*read)(struct wf_slice file);
    } readers[] = {{"settings", read_settings}, {"executor", read_executor}, {"kafka", read_kafka},
                   {"flags", read_command_line}};
    struct wf_slice rest = {(const char *)data, size}, line;

    if (!fuzz_line(&rest, &line))
        return 0;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (line.length == strlen(readers[i].name) && memcmp(line.data, readers[i].name, line.length) == 0)
            readers[i].read(rest);
    return 0;
}
