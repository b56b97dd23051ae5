#include "core/question.h"

#include <string.h>

#include "base/hash.h"

static const struct {
    const char *name;
    bool rule;
} kinds[WF_QUESTION_KIND_COUNT] = {
#define X(name, text, rule) {text, rule},
    WF_QUESTION_KIND_MAP(X)
#undef X
};

const char *
wf_question_kind_name(enum wf_question_kind kind)
{
    return kinds[kind].name;
}

bool
wf_question_kind_is_rule(enum wf_question_kind kind)
{
    return kinds[kind].rule;
}

/* What is absent differs from what is empty. */
static void
add_text(struct wf_hash128 *hash, const char *text)
{
    wf_hash128_add(hash, text ? "+" : "-", 1);
    wf_hash128_add(hash, text ? text : "", text ? strlen(text) : 0);
}

struct wf_uuid
wf_question_key(const struct wf_question *question)
{
    const int32_t numbers[] = {(int32_t)question->kind, question->version, question->task_n,
                               question->arrivals, (int32_t)question->rule};
    const char *const texts[] = {question->subject,         question->process_id, question->act_id,   question->pre_act_id,
                                 question->completion_flag, question->entity_id,  question->variables};
    struct wf_hash128 hash;

    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, numbers, sizeof numbers);
    wf_hash128_add(&hash, question->instance_id.bytes, sizeof question->instance_id.bytes);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_text(&hash, texts[i]);
    return wf_hash128_uuid(&hash);
}

void
wf_question_answered(struct wf_question *question, const struct wf_answer *answer)
{
    question->answer = *answer;
    question->answered = true;
}
