#include "exits.h"

#include <stdio.h>
#include <sys/wait.h>

enum { ID_MAX = 200, STATUS_MAX = 255, BY_SIGNAL = -1 };

/* A whole number of at most three digits; moves behind it. */
static bool
read_number(const char **at, int *ret_number)
{
    int number = 0, digits = 0;

    for (; **at >= '0' && **at <= '9' && digits < 4; digits++)
        number = number * 10 + *(*at)++ - '0';
    *ret_number = number;
    return digits && number <= STATUS_MAX;
}

static bool
read_statuses(const char *word, struct wf_exit_rule *rule)
{
    if (strcmp(word, "signal") == 0) {
        rule->low = rule->high = BY_SIGNAL;
        return true;
    }
    if (strcmp(word, "other") == 0) {
        rule->low = BY_SIGNAL;
        rule->high = STATUS_MAX;
        return true;
    }
    if (!read_number(&word, &rule->low))
        return false;
    rule->high = rule->low;
    if (*word == '-') {
        word++;
        if (!read_number(&word, &rule->high))
            return false;
    }
    return !*word && rule->low <= rule->high;
}

/* The next word of a line, in the arena; "" at its end. */
static const char *
next_word(struct wf_arena *arena, const char **line)
{
    *line += strspn(*line, " \t");
    size_t length = strcspn(*line, " \t");
    const char *word = wf_arena_strndup(arena, *line, length);

    *line += length;
    *line += strspn(*line, " \t");
    return word;
}

bool
wf_exits_read(struct wf_arena *arena, const char *line, struct wf_exit_rules *rules, struct wf_error *reterr)
{
    struct wf_exit_rule rule = {0};
    const char *rest = line;
    const char *statuses = next_word(arena, &rest);
    const char *what = next_word(arena, &rest);

    if (!read_statuses(statuses, &rule))
        return wf_fail(reterr, WF_FATE_FATAL, "\"%s\" is neither an exit status (0 to 255, or LOW-HIGH) nor \"signal\""
                       " nor \"other\"", statuses);
    if (strlen(rest) > ID_MAX)
        return wf_fail(reterr, WF_FATE_FATAL, "\"%.40s…\" is longer than %d bytes", rest, ID_MAX);
    bool fails = strcmp(what, "fail") == 0, flags = strcmp(what, "flag") == 0;
    if (!fails && !flags && strcmp(what, "end") != 0)
        return wf_fail(reterr, WF_FATE_FATAL, "\"%s\" is not \"end\", \"flag NAME\" or \"fail [CODE]\"", what);
    if (flags != (*rest != '\0') && !fails)
        return wf_fail(reterr, WF_FATE_FATAL, flags ? "\"flag\" without a name" : "\"%s\" behind \"end\"", rest);
    rule.verdict = fails ? WF_VERDICT_FAIL : WF_VERDICT_END;
    rule.text = *rest ? wf_arena_strdup(arena, rest) : NULL;
    WF_ARENA_PUSH(arena, rules->rules, rules->count, rules->capacity, rule);
    return true;
}

struct wf_exit_meaning
wf_exits_meaning(const struct wf_exit_rules *rules, int wait_status)
{
    bool by_signal = WIFSIGNALED(wait_status);
    int status = by_signal ? BY_SIGNAL : WEXITSTATUS(wait_status);
    struct wf_exit_meaning meaning = {.verdict = status == 0 ? WF_VERDICT_END : WF_VERDICT_FAIL};
    const struct wf_exit_rule *rule = NULL;

    for (size_t i = 0; i < rules->count && !rule; i++)
        if (rules->rules[i].low <= status && status <= rules->rules[i].high)
            rule = &rules->rules[i];
    if (rule)
        meaning.verdict = rule->verdict;
    if (rule && rule->verdict == WF_VERDICT_END)
        meaning.flag = rule->text;
    if (by_signal)
        snprintf(meaning.detail, sizeof meaning.detail, "the program was ended by signal %d (%s)",
                 WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    else
        snprintf(meaning.detail, sizeof meaning.detail, "the program ended with status %d", status);
    if (rule && rule->verdict == WF_VERDICT_FAIL && rule->text)
        snprintf(meaning.code, sizeof meaning.code, "%s", rule->text);
    else if (by_signal)
        snprintf(meaning.code, sizeof meaning.code, "signal_%d", WTERMSIG(wait_status));
    else
        snprintf(meaning.code, sizeof meaning.code, "exit_%d", status);
    return meaning;
}
