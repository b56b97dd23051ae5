#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/lines.h"
#include "memory.h"

static _Thread_local char message[1024];

const char *
pawl_message(void)
{
    return message;
}

enum pawl_status
wf_status(enum pawl_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return status;
}

int
wf_milliseconds_until(int64_t time)
{
    int64_t left = time - wf_clock_monotonic();

    return left <= 0 ? 0 : (int)((left + WF_MILLISECOND - 1) / WF_MILLISECOND);
}

pawl_settings *
pawl_settings_new(void)
{
    pawl_settings *settings = WF_NEW(pawl_settings);

    settings->brokers = wf_copy("localhost:9092");
    settings->prefix = wf_copy("workflow");
    settings->source = wf_copy("/pawl");
    settings->command_topic = wf_copy("");
    settings->log = wf_copy("none");
    settings->timeout_ms = 10000;
    return settings;
}

void
pawl_settings_free(pawl_settings *settings)
{
    if (!settings)
        return;
    for (struct wf_property *property = settings->properties, *next; property; property = next) {
        next = property->next;
        free(property->name);
        free(property->value);
        free(property);
    }
    free(settings->brokers);
    free(settings->prefix);
    free(settings->source);
    free(settings->command_topic);
    free(settings->log);
    free(settings);
}

static void
property_add(pawl_settings *settings, const char *name, const char *value)
{
    struct wf_property *property = WF_NEW(struct wf_property);

    property->name = wf_copy(name);
    property->value = wf_copy(value);
    property->next = settings->properties;
    settings->properties = property;
}

static enum pawl_status
timeout_set(pawl_settings *settings, const char *value)
{
    char *end;

    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < 1 || number > INT_MAX)
        return wf_status(PAWL_INVALID, "timeout_ms: \"%s\" is not a positive whole number", value);
    settings->timeout_ms = (int)number;
    return PAWL_OK;
}

static bool
property_take(void *settings, const char *name, const char *value, struct wf_error *reterr)
{
    (void)reterr;
    property_add(settings, name, value);
    return true;
}

static enum pawl_status
properties_read(pawl_settings *settings, const char *path)
{
    struct wf_error error;

    if (!wf_properties_read(path, property_take, settings, &error))
        return wf_status(PAWL_INVALID, "kafka_config: %s", error.message);
    return PAWL_OK;
}

static char **
text_of(pawl_settings *settings, const char *name)
{
    const struct {
        const char *name;
        char **text;
    } texts[] = {{"brokers", &settings->brokers},
                 {"prefix", &settings->prefix},
                 {"source", &settings->source},
                 {"command_topic", &settings->command_topic},
                 {"log", &settings->log}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].text;
    return NULL;
}

enum pawl_status
pawl_settings_set(pawl_settings *settings, const char *name, const char *value)
{
    if (!value)
        return wf_status(PAWL_INVALID, "%s: no value", name);
    if (strcmp(name, "timeout_ms") == 0)
        return timeout_set(settings, value);
    if (strcmp(name, "kafka_config") == 0)
        return *value ? properties_read(settings, value) : PAWL_OK;
    if (strncmp(name, "kafka.", 6) == 0 && name[6]) {
        property_add(settings, name + 6, value);
        return PAWL_OK;
    }

    char **text = text_of(settings, name);
    if (!text)
        return wf_status(PAWL_INVALID, "unrecognized setting \"%s\"", name);
    if (!*value && text != &settings->command_topic)
        return wf_status(PAWL_INVALID, "%s: must not be empty", name);
    if (text == &settings->log && strcmp(value, "none") != 0 && strcmp(value, "all") != 0)
        return wf_status(PAWL_INVALID, "log: \"%s\" is neither \"none\" nor \"all\"", value);
    free(*text);
    *text = wf_copy(value);
    return PAWL_OK;
}

/* The oldest first, so that the order stays. */
static void
properties_copy(pawl_settings *copy, const struct wf_property *property)
{
    if (!property)
        return;
    properties_copy(copy, property->next);
    property_add(copy, property->name, property->value);
}

pawl_settings *
wf_settings_copy(const pawl_settings *settings)
{
    pawl_settings *copy = pawl_settings_new();
    char number[16];

    snprintf(number, sizeof number, "%d", settings->timeout_ms);
    pawl_settings_set(copy, "brokers", settings->brokers);
    pawl_settings_set(copy, "prefix", settings->prefix);
    pawl_settings_set(copy, "source", settings->source);
    pawl_settings_set(copy, "command_topic", settings->command_topic);
    pawl_settings_set(copy, "log", settings->log);
    pawl_settings_set(copy, "timeout_ms", number);
    properties_copy(copy, settings->properties);
    return copy;
}
