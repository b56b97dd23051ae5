/* One command from its checks to its outcome: deduplication, deployment, loads, what an outcome lists. */
#include "core/dispatch.h"
#include "story.h"

static const char one_task[] = "I:initial; A:task; C:completion; I -> A; A -ok-> C";

static bool
was_deployed(const struct wf_process *process)
{
    for (size_t i = 0; i < story.unit.deployed_count; i++)
        if (story.unit.deployed[i] == process)
            return true;
    return false;
}

/* As another database of the engine has deployed it; version 0: none has. */
static const char *
deploy_copy(const char *process_id, const char *definition, uint8_t content, const char *id, int32_t version)
{
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_process *process = story_process(process_id, definition);
    struct wf_command command = {.operation = WF_OP_DEPLOY_PROCESS, .id = id ? id : "t/0/1", .id_given = id != NULL,
                                 .definition = process, .faults = &faults, .actor = "operator", .copied = version != 0,
                                 .version = version};

    process->content_hash.bytes[0] = content;
    if (!wf_process_compile(process, &faults)) {
        command.definition = NULL; /* as the decoder leaves it */
        wf_process_drop(process);
    }
    const char *told = story_applies(&command);
    if (command.definition && !was_deployed(process))
        wf_process_drop(process);
    return told;
}

static const char *
deploy(const char *process_id, const char *definition, uint8_t content, const char *id)
{
    return deploy_copy(process_id, definition, content, id, 0);
}

static const char *
load(const char *text, const struct wf_faults *faults)
{
    struct wf_command command = {.operation = WF_OP_LOAD_INSTITUTION, .id = "x", .id_given = true, .faults = faults,
                                 .institution = faults ? NULL : story_institution(text)};
    const char *told = story_applies(&command);

    wf_institution_drop(command.institution);
    return told;
}

/* BUS-2: the same id has the effect once, and is told what it did. */
Test(dispatch, duplicate)
{
    story_begin(one_task);
    TELL("init id:1 staff:ann", "running; 1 I ended; 2 A waiting");
    cr_assert_eq(story.unit.seen_count, 1);
    TELL("init id:1 staff:ann @1", "duplicate");
    cr_assert_eq(story.unit.outcome.seen->position, 3);
    cr_assert_eq(story.unit.outcome.seen->task_n, 0);
    cr_assert_eq(story.unit.outcome.instance, story_instance(1));
    TELL("get 2 ann id:2", "2 A processing @ann");
    TELL("get 2 ann id:2", "duplicate");
    cr_assert_eq(story.unit.outcome.seen->task_n, 2);
    story_reload();
    TELL("get 2 ann id:2", "duplicate");
    TELL("end 2 ann ok id:3", "2 A ended ok; 3 C ended; completed ok");
    TELL("end 2 ann ok id:3", "duplicate"); /* also when the instance has ended */
    cr_assert_eq(story.unit.outcome.seen->position, 7);
    cr_assert_eq(story.unit.seen_count, 1); /* of this unit, to be written */
}

/* The same id with other data is rejected; in another scope it is another id. */
Test(dispatch, id_reused)
{
    story_begin(one_task);
    TELL("init id:1 data:5", "running; 1 I ended; 2 A waiting");
    TELL("init id:1 data:6 @1", "rejected id_reused");
    TELL("init id:1 data:6", "running; 1 I ended; 2 A waiting");
    TELL("get next ann id:1 data:7", "2 A processing @ann");
    TELL("get next ann id:1 data:7", "duplicate");
    TELL("get next bob id:1 data:7", "2 A processing @bob");
    TELL("get next bob id:1 data:8", "rejected id_reused");
}

/* What was rejected is not remembered: it is tried again.  Neither is a question. */
Test(dispatch, not_remembered)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    TELL("end 2 ann ok id:1", "rejected wrong_state");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann ok id:1", "2 A ended ok; 3 C ended; completed ok");
    TELL("show id:2", "");
    TELL("show id:2", "");
    cr_assert_eq(story.unit.seen_count, 1);
}

Test(dispatch, init)
{
    story_begin(one_task);
    TELL("init process:q", "rejected unknown_process");
    TELL("init version:2", "rejected unknown_process");
    TELL("init staff:zoe", "rejected unknown_staff");
    TELL("init staff:ann actor:boss version:1", "running; 1 I ended; 2 A waiting");
    SAME(story_instance(1)->actor, "boss");
    SAME(story.unit.events[0].actor, "boss");
    TELL("init @1", "rejected instance_exists");
    TELL("init @1 id:9", "rejected instance_exists");
    cr_assert_eq(story.unit.instance_count, 1);
}

/* The first rejection leaves room for the same id. */
Test(dispatch, init_after_a_rejected_one)
{
    story_begin("I:initial; A:task; C:completion; I -x-> A; A -> C");
    TELL("init x", "running; 1 I ended x; 2 A waiting");
    TELL("init y @2", "rejected no_route flags:x");
    TELL("show @2", "rejected unknown_instance");
    TELL("init x @2", "running; 1 I ended x; 2 A waiting");
    TELL("get 2 ann @2", "2 A processing @ann");
}

Test(dispatch, show)
{
    story_begin("I:initial; A:task; B:task; C:completion; I -> A,B; A -> C; B -> C");
    TELL("show @1", "rejected unknown_instance");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    cr_assert_eq(story.unit.outcome.started_count, 2);
    TELL("show", "tasks 2,3");
    TELL("get 2 ann", "2 A processing @ann");
    cr_assert_eq(story.unit.outcome.started_count, 0);
    TELL("end 2 ann", "2 A ended; 4 C ended");
    TELL("show", "tasks 3");
}

/* deploy-process: versions are counted, identical content is the version that exists. */
Test(dispatch, deploy)
{
    story_begin(one_task);
    SAME(deploy("q", one_task, 1, NULL), "q 1");
    SAME(deploy("q", one_task, 1, NULL), "q 1");
    cr_assert_eq(story.unit.deployed_count, 1);
    SAME(deploy("q", "I:initial; B:task; C:completion; I -> B; B -> C", 2, "a"), "q 2");
    SAME(deploy("q", "I:initial; B:task; C:completion; I -> B; B -> C", 2, "a"), "duplicate");
    SAME(deploy("p", one_task, 3, NULL), "p 2"); /* version 1 is the shell's */
    cr_assert_eq(story.unit.deployed_count, 3);
    TELL("init process:q", "running; 1 I ended; 2 B waiting"); /* the latest, at once */
    TELL("init process:q version:1", "running; 1 I ended; 2 A waiting");
    TELL("init version:1", "running; 1 I ended; 2 A waiting");
    TELL("init version:3", "rejected unknown_process");
    story_reload();
    SAME(deploy("q", one_task, 1, NULL), "q 3"); /* not the latest: another version */
}

/* What another database has deployed keeps its version, comes again without effect, and is never another one. */
Test(dispatch, deployed_elsewhere)
{
    story_begin(one_task);
    SAME(deploy_copy("q", one_task, 1, NULL, 1), "q 1");
    SAME(deploy_copy("q", one_task, 2, NULL, 3), "q 3"); /* 2 never came */
    SAME(deploy_copy("q", one_task, 1, NULL, 1), "q 1");
    cr_assert_eq(story.unit.deployed_count, 2);
    SAME(deploy_copy("q", one_task, 3, NULL, 3), "rejected definition_invalidq 3");
    SAME(deploy_copy("q", one_task, 3, NULL, 2), "rejected definition_invalidq 2");
    SAME(deploy_copy("q", one_task, 3, NULL, -1), "rejected definition_invalidq -1");
    cr_assert_eq(story.unit.deployed_count, 2);
    TELL("init process:q version:3", "running; 1 I ended; 2 A waiting");
    TELL("init process:q version:2", "rejected unknown_process");
}

/* Section 2: an instance stays on the version it began with. */
Test(dispatch, instance_keeps_its_version)
{
    story_begin(one_task);
    TELL("init", "running; 1 I ended; 2 A waiting");
    SAME(deploy("p", "I:initial; A:task; B:task; C:completion; I -> A; A -> B; B -> C", 9, NULL), "p 2");
    TELL("get 2 ann", "2 A processing @ann");
    TELL("end 2 ann ok", "2 A ended ok; 3 C ended; completed ok");
}

Test(dispatch, deploy_with_faults)
{
    story_begin(one_task);
    SAME(deploy("q", "I:initial; A:interaction; I -> A,Z", 1, "a"),
         "rejected definition_invalid faults:completion,unknown_activity,no_routing,no_assignment");
    SAME(deploy("q", "I:initial; C:completion; I -> C,Z", 1, "a"), "rejected definition_invalid faults:unknown_activity");
    cr_assert_eq(story.unit.deployed_count, 0);
    SAME(deploy("q", one_task, 1, "a"), "q 1"); /* a rejected id is free */
}

/* load-institution: the next command knows it. */
Test(dispatch, load)
{
    story_begin(one_task);
    TELL("init staff:zoe", "rejected unknown_staff");
    SAME(load("staff zoe role:r", NULL), "");
    cr_assert_eq(story.unit.next_institution->version, 2);
    TELL("init staff:zoe", "running; 1 I ended; 2 A waiting");
    SAME(load("staff zoe role:r", NULL), "duplicate");
    TELL("get 2 zoe", "2 A processing @zoe");
}

Test(dispatch, loads_add_up)
{
    struct wf_command command = {.operation = WF_OP_LOAD_INSTITUTION, .id = "t/0/1"};

    story_begin(one_task);
    for (int i = 0; i < 3; i++) {
        command.institution = story_institution(wf_arena_printf(&story.arena, "staff new%d role:r", i));
        SAME(story_applies(&command), "");
        wf_institution_drop(command.institution);
    }
    cr_assert_eq(story.unit.next_institution->version, 4);
    cr_assert_not_null(wf_institution_staff(story.unit.institution, "new0"));
    cr_assert_not_null(wf_institution_staff(story.unit.institution, "new2"));
}

Test(dispatch, load_with_faults)
{
    struct wf_faults faults = {.arena = &story.arena};

    story_begin(one_task);
    SAME(load("dept a <a; staff zoe dept:b", NULL), "rejected institution_invalid faults:cycle,unknown_group");
    cr_assert_null(story.unit.next_institution);
    wf_fault_add(&faults, "wrong_type", "staff[0]", "not an object");
    SAME(load("", &faults), "rejected institution_invalid faults:wrong_type");
    SAME(story.unit.outcome.detail, "the institution has 1 fault: not an object");
}

/* Each scope is its own: an instance, a person, a process, the institution. */
Test(dispatch, scopes)
{
    struct wf_command init = {.operation = WF_OP_INIT_INSTANCE};
    struct wf_command ann = {.operation = WF_OP_GET_TASK, .staff_id = "ann"};
    struct wf_command bob = {.operation = WF_OP_GET_TASK, .staff_id = "bob"};
    struct wf_command of_instance = {.operation = WF_OP_GET_TASK, .staff_id = "bob", .has_instance_id = true,
                                     .instance_id = {{7}}};
    struct wf_command deploying = {.operation = WF_OP_DEPLOY_PROCESS};
    struct wf_command loading = {.operation = WF_OP_LOAD_INSTITUTION};
    const struct wf_command *commands[] = {&init, &ann, &bob, &of_instance, &deploying, &loading};

    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) {
            struct wf_uuid a = wf_command_scope(commands[i]), b = wf_command_scope(commands[k]);
            cr_assert_eq(wf_uuid_equal(&a, &b), i == k);
        }
}

/* An instance of an earlier unit: previous states are those before the command (LOG-1). */
Test(dispatch, over_several_units)
{
    story_begin("I:initial; A:task; B:task; M:and_merge; C:completion; I -> A,B; A -> M; B -> M; M -> C");
    TELL("init", "running; 1 I ended; 2 A waiting; 3 B waiting");
    story_reload();
    TELL("get 2 ann", "2 A processing @ann");
    cr_assert_eq(story.unit.events[0].previous_state, WF_TASK_WAITING);
    story_reload();
    TELL("end 2 ann x", "2 A ended x; 4 M pending");
    story_reload();
    TELL("get 3 bob", "3 B processing @bob");
    story_reload();
    TELL("end 3 bob y", "3 B ended y; 4 M ended +B; 5 C ended; completed y");
}
