#include "codec/codec.h"

#include <string.h>

/* The default pattern, with the dots of the prefix meant as dots. */
static const char *
default_pattern(struct wf_codec *codec)
{
    char *quoted = wf_arena_alloc(&codec->arena, 2 * strlen(codec->prefix) + 1), *to = quoted;

    for (const char *at = codec->prefix; *at; at++) {
        if (strchr(".[]{}()\\*+?|^$", *at))
            *to++ = '\\';
        *to++ = *at;
    }
    return wf_arena_printf(&codec->arena, "%s\\.(outcome|reply\\..*)", quoted);
}

static bool
compile_pattern(struct wf_codec *codec, const char *pattern, struct wf_error *reterr)
{
    if (!pattern || !*pattern)
        pattern = default_pattern(codec);

    const char *whole = wf_arena_printf(&codec->arena, "^(%s)$", pattern);
    int code = regcomp(&codec->replyto, whole, REG_EXTENDED | REG_NOSUB);
    if (code) {
        char why[200];
        regerror(code, &codec->replyto, why, sizeof why);
        return wf_fail(reterr, WF_FATE_FATAL, "invalid pattern of reply topics \"%s\": %s", pattern, why);
    }
    codec->replyto_made = true;
    return true;
}

bool
wf_codec_open(struct wf_codec *codec, const char *prefix, const char *worker, const char *replyto_pattern,
              size_t command_max_bytes, struct wf_error *reterr)
{
    *codec = (struct wf_codec){.command_max_bytes = command_max_bytes};

    struct wf_arena *arena = &codec->arena;
    codec->prefix = wf_arena_strdup(arena, prefix);
    codec->worker = wf_arena_strdup(arena, worker);
    codec->outcome_name = wf_arena_printf(arena, "%s.outcome", prefix);
    codec->source = wf_arena_printf(arena, "/%s", prefix);
    for (int i = 0; i < WF_TASK_STATE_COUNT; i++)
        codec->task_types[i] = wf_arena_printf(arena, "%s.task.%s", prefix, wf_task_state_name((enum wf_task_state)i));
    for (int i = 0; i < WF_INSTANCE_STATE_COUNT; i++)
        codec->instance_types[i] =
            wf_arena_printf(arena, "%s.instance.%s", prefix, wf_instance_state_name((enum wf_instance_state)i));
    for (int i = 0; i < WF_RESULT_COUNT; i++)
        codec->outcome_types[i] = wf_arena_printf(arena, "%s.outcome.%s", prefix, wf_result_name((enum wf_result)i));
    if (compile_pattern(codec, replyto_pattern, reterr))
        return true;
    wf_codec_drop(codec);
    return false;
}

void
wf_codec_drop(struct wf_codec *codec)
{
    if (codec->replyto_made)
        regfree(&codec->replyto);
    wf_buf_drop(&codec->scratch);
    wf_buf_drop(&codec->key);
    wf_arena_drop(&codec->arena);
    *codec = (struct wf_codec){0};
}

/* Kafka's own rule for names, and the pattern. */
static bool
topic_name_valid(const char *topic)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(topic, letters);

    return length > 0 && length < 250 && !topic[length] && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0;
}

bool
wf_codec_may_write(const struct wf_codec *codec, const char *topic)
{
    return topic_name_valid(topic) && regexec(&codec->replyto, topic, 0, NULL, 0) == 0;
}
