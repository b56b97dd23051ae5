/*
 * settings.h - what clients and subscriptions share: settings, and why a function failed.
 */
#ifndef WF_LIB_SETTINGS_H
#define WF_LIB_SETTINGS_H

#include "pawl.h"

struct pawl_settings {
    char *brokers, *prefix, *source, *command_topic, *log;
    int timeout_ms;
    struct wf_property {
        char *name, *value;
        struct wf_property *next;
    } *properties; /* of librdkafka, the newest first */
};

/* Keeps the message for pawl_message() and returns the status. */
enum pawl_status wf_status(enum pawl_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

pawl_settings *wf_settings_copy(const pawl_settings *settings);

/* Milliseconds from now until a time of wf_clock_monotonic(), rounded up; at least 0. */
int wf_milliseconds_until(int64_t time);

#endif
