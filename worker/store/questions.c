/* questions.c - what the core asks while it applies commands (core/question.h), for a batch at once. */
#include "store/pipeline.h"

enum wf_verdict
wf_store_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    (void)store;
    for (size_t i = 0; i < work->unit->question_count; i++) {
        struct wf_answer answer = {.error = "this version cannot ask it"};
        wf_question_answered(work->unit->questions[i], &answer);
    }
    (void)reterr;
    return WF_VERDICT_OK;
}
