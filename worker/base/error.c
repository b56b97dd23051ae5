#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool passes;
} fates[] = {
#define X(name, text, passes) {text, passes},
    WF_FATE_MAP(X)
#undef X
};

bool
wf_fail(struct wf_error *reterr, enum wf_fate fate, const char *format, ...)
{
    if (!reterr)
        return false;

    va_list args;
    va_start(args, format);
    vsnprintf(reterr->message, sizeof reterr->message, format, args);
    va_end(args);
    reterr->fate = fate;
    reterr->exit_code = WF_EXIT_OK;
    return false;
}

bool
wf_fail_context(struct wf_error *reterr, const char *format, ...)
{
    if (!reterr)
        return false;

    char cause[sizeof reterr->message];
    memcpy(cause, reterr->message, sizeof cause);

    va_list args;
    va_start(args, format);
    vsnprintf(reterr->message, sizeof reterr->message, format, args);
    va_end(args);

    size_t used = strlen(reterr->message);
    snprintf(reterr->message + used, sizeof reterr->message - used, ": %s", cause);
    return false;
}

const char *
wf_fate_name(enum wf_fate fate)
{
    return fate < WF_FATE_COUNT ? fates[fate].name : "unknown";
}

bool
wf_fate_passes(enum wf_fate fate)
{
    return fate < WF_FATE_COUNT && fates[fate].passes;
}
