/* The shell's part of questions (core/question.h): functions answer as they were told to. */
#include "driver.h"

#include "base/json.h"
#include "core/load.h"

/* There is one unit, which has seen everything from the beginning: before it there was nothing. */
static void
answer_count(struct driver *driver, struct wf_question *question)
{
    struct wf_answer nothing = {.error = NULL};

    if (question->kind == WF_QUESTION_LOADS)
        wf_load_known(&driver->unit, question->subject, 0, 0);
    else
        wf_token_known(&driver->unit, question->subject, NULL);
    wf_question_answered(question, &nothing);
}

static void
answer_rule(struct driver *driver, struct wf_question *question)
{
    struct wf_answer unknown = {.error = wf_arena_printf(&driver->arena, "function %s does not exist",
                                                         question->subject)};
    const struct wf_answer *told = wf_map_get_text(&driver->answers, question->subject);

    if (question->kind == WF_QUESTION_FUNCTION)
        unknown.error = NULL; /* when a definition is deployed there is every function */
    wf_question_answered(question, told && question->kind != WF_QUESTION_FUNCTION ? told : &unknown);
}

void
driver_answer(struct driver *driver, struct wf_buf *asked)
{
    struct wf_unit *unit = &driver->unit;

    for (size_t i = 0; i < unit->question_count; i++) {
        struct wf_question *question = unit->questions[i];
        wf_json_open(asked, '{');
        wf_json_put_string(asked, "kind", wf_question_kind_name(question->kind));
        wf_json_put_string(asked, "subject", question->subject);
        wf_json_close(asked, '}');
        if (wf_question_kind_is_rule(question->kind))
            answer_rule(driver, question);
        else
            answer_count(driver, question);
    }
    unit->question_count = 0;
}

void
driver_forget_answers(struct driver *driver)
{
    driver->unit.answers = (struct wf_map){0};
    driver->unit.question_count = 0;
}
