/* questions.c - what the core asks while it applies commands (core/question.h), for a batch at once. */
#include "store/pipeline.h"

enum wf_verdict
wf_store_ask(struct wf_store *store, struct wf_work *work, struct wf_error *reterr)
{
    enum wf_verdict verdict = wf_rules_ask(store, work, reterr);

    return verdict == WF_VERDICT_OK ? wf_roster_ask(store, work, reterr) : verdict; /* what it locks, as late as may be */
}
