#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

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
wf_excerpt(const char *data, size_t length, char text[WF_EXCERPT])
{
    size_t used = 0;

    for (size_t i = 0; i < length;) {
        size_t step = wf_utf8_length(data + i, data + length);
        bool plain = step && (unsigned char)data[i] >= 0x20 && data[i] != 0x7f;
        if (used + (plain ? step : 1) > WF_EXCERPT - 4) {
            memcpy(text + used, "...", 3);
            used += 3;
            break;
        }
        if (plain)
            memcpy(text + used, data + i, step);
        else
            text[used] = '?';
        used += plain ? step : 1;
        i += step ? step : 1;
    }
    text[used] = '\0';
    return text;
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
