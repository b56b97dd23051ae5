/* What goes on when an instance is resumed, and what cannot (TSK-6, FWD-3). */
#include <stdio.h>
#include <string.h>

#include "core/control.h"
#include "story.h"

/* FWD-3: an incident of the task that cannot go on; the others do. */
Test(resume, holds_one_back)
{
    story_begin("I:initial; A:task; B:task; D:dummy; E:task; C:completion; "
                "I -> A,B; A -> D; D -ok-> C; B -> E; E -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 2 ann bad", "2 A ended bad; 4 D pending");
    TELL("end 3 ann", "3 B ended; 5 E pending");
    TELL("resume actor:op", "running; 4 D pending !no_route; 5 E waiting");
    TELL("set entity:x actor:op", "running entity:x"); /* not moved again by every command */
    TELL("retry 4 actor:op", "rejected no_route flags:ok");
    ENDS(5, "", "5 E ended; 6 C ended; stalled");
    TELL("modify withdraw:4 actor:op", "4 D withdrawn; completed bad");
}

/* ... also where the step that fails is not the first, and where there are several. */
Test(resume, holds_several_back)
{
    story_begin("I:initial; A:task; B:task; D:dummy; E:dummy; F:dummy; C:completion; "
                "I -> A,B; A -> D; D -> E; E -ok-> C; B -> F; F -ok-> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("get 3 ann", "3 B processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 2 ann bad", "2 A ended bad; 4 D pending");
    TELL("end 3 ann bad", "3 B ended bad; 5 F pending");
    TELL("resume actor:op", "4 D pending !no_route; 5 F pending !no_route; stalled");
    TELL("suspend actor:op", "suspended");
    TELL("resume actor:op", "stalled");
    story_reload();
    TELL("set entity:x actor:op", "stalled entity:x");
}

/* Work whose rule fails when it is asked is not held: the command is rejected, as by a function that is broken for all. */
Test(resume, rejected_by_a_pre_rule)
{
    story_begin("I:initial; A:task; B:task pre:f; C:completion; I -> A; A -> B; B -> C");
    story_answers("f!lost");
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("suspend actor:op", "suspended");
    TELL("end 2 ann", "2 A ended; 3 B pending");
    TELL("resume actor:op", "rejected rule_failed");
    cr_assert_eq(story_instance(0)->state, WF_INSTANCE_SUSPENDED);
}

/* With more of them than anybody would look at it is rejected, and nothing has changed. */
Test(resume, rejected_with_too_many)
{
    char many[256] = "D"; /* 101 of them */
    char definition[512];
    const char *told;

    for (size_t i = 1; i < 2 * 100; i += 2)
        memcpy(many + i, ",D", 3);
    snprintf(definition, sizeof definition, "I:initial; A:task; D:dummy; C:completion; I -> A; D -ok-> C; A -> %s", many);
    story_begin(definition);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("suspend actor:op", "suspended");
    told = story_does("end 2 ann bad");
    cr_assert(strstr(told, "103 D pending") && !strstr(told, "104 D"), "%s", told);
    TELL("resume actor:op", "rejected no_route flags:ok");
    cr_assert_eq(story_instance(0)->state, WF_INSTANCE_SUSPENDED);
    cr_assert_null(story_instance(0)->tasks[0]->incident);
}
