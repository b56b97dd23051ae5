/* questions.c - what the core asks while it applies commands (core/question.h), for a batch at once. */
#include "store/pipeline.h"

enum wf_verdict
wf_store_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    return wf_rules_ask(store, work, reterr);
}
