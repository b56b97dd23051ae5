/* What the definition's graph says: paths, dominators, and brackets (BAT-3). */
#include "core/graph.h"
#include "story.h"

static struct wf_process *
compiled(const char *definition)
{
    static struct wf_arena arena;
    struct wf_faults faults = {.arena = &arena};
    struct wf_process *process = story_process("p", definition);

    bool ok = wf_process_compile(process, &faults);
    cr_assert(ok, "%s", ok ? "" : faults.items[0].message);
    return process;
}

static const char *
closer(const struct wf_process *process, const char *act_id)
{
    const struct wf_activity *activity = wf_process_activity(process, act_id);
    return activity->closed_by ? activity->closed_by->act_id : "-";
}

static bool
path(const struct wf_process *process, const char *from, const char *to)
{
    return wf_process_reaches(process, wf_process_activity(process, from), wf_process_activity(process, to));
}

static bool
dominates(const struct wf_process *process, const char *opener, const char *merge)
{
    return wf_process_dominates(process, wf_process_activity(process, opener), wf_process_activity(process, merge));
}

Test(graph, paths_and_dominators)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; D:task; C:completion;"
                                    "I -> A; A -b-> B; A -d-> D; B -> C; D -a-> A; D -c-> C");
    cr_assert(path(p, "I", "C"));
    cr_assert(path(p, "A", "A"));
    cr_assert(path(p, "D", "B"));
    cr_assert_not(path(p, "B", "B"));
    cr_assert_not(path(p, "C", "A"));
    cr_assert(dominates(p, "I", "C"));
    cr_assert(dominates(p, "I", "I"));
    cr_assert(dominates(p, "A", "C"));
    cr_assert(dominates(p, "A", "A"));
    cr_assert_not(dominates(p, "A", "I"));
    cr_assert_not(dominates(p, "B", "C"));
    wf_process_drop(p);
}

static bool
is(void *context, const struct wf_activity *activity)
{
    return strcmp(context, activity->act_id) == 0;
}

static bool
path_around(const struct wf_process *p, const char *from, const char *to, const char *avoid)
{
    return wf_graph_path(p, wf_process_activity(p, from), wf_process_activity(p, to), is, (void *)(uintptr_t)avoid);
}

Test(graph, path_that_avoids)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; D:task; C:completion;"
                                    "I -> A; A -b-> B; A -d-> D; B -> C; D -a-> A; D -c-> C");
    cr_assert(path_around(p, "I", "C", "B"));
    cr_assert_not(path_around(p, "I", "C", "A"));
    cr_assert(path_around(p, "I", "A", "A"));
    cr_assert(path_around(p, "A", "C", "A"));
    cr_assert_not(path_around(p, "B", "A", "C"));
    wf_process_drop(p);
}

Test(graph, brackets)
{
    struct wf_process *p = compiled("I:initial; S:and_branch; T:and_branch; A:task; B:task; D:task; N:and_merge;"
                                    "M:and_merge; C:completion; I -> S; S -> T,D; T -> A,B; A -> N; B -> N; N -> M;"
                                    "D -> M; M -> C");
    SAME(closer(p, "T"), "N");
    SAME(closer(p, "S"), "M");
    cr_assert(wf_process_activity(p, "M")->closes_any);
    cr_assert_null(wf_process_activity(p, "I")->closed_by);
    wf_process_drop(p);
}

/* A merge closes before it opens. */
Test(graph, merge_that_branches)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; D:task; E:task; M:and_merge; N:and_merge; C:completion;"
                                    "I -> A,B; A -> M; B -> M; M -> D,E; D -> N; E -> N; N -> C");
    SAME(closer(p, "I"), "M");
    SAME(closer(p, "M"), "N");
    wf_process_drop(p);
}

/* What may open a batch opens a bracket, also on the way: the merge that follows closes that one. */
Test(graph, opener_on_the_way)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; D:task; E:task; F:task; M:and_merge; N:and_merge;"
                                    "C:completion; I -> A,B; A -> D; B -> D; D -one-> E; D -two-> E,F; E -> M; F -> M;"
                                    "M -> N; N -> C");
    SAME(closer(p, "D"), "M");
    SAME(closer(p, "I"), "N");
    wf_process_drop(p);
}

static const char *
fault_of_closes(const char *definition)
{
    static struct wf_arena arena;
    struct wf_faults faults = {.arena = &arena};
    struct wf_process *process = compiled(definition);

    wf_graph_check_closes(process, &faults);
    wf_process_drop(process);
    cr_assert_leq(faults.count, 1);
    return faults.count ? faults.items[0].code : "";
}

/* What a merge names must open batches that can come to it, and have no other merge. */
Test(graph, closes)
{
    SAME(fault_of_closes("I:initial; A:task; M:or_merge closes:A; C:completion; I -> A; A -> M; M -> C"), "no_opener");
    SAME(fault_of_closes("I:initial; A:task; M:or_merge closes:S; S:and_branch; C:completion; I -> A; A -m-> M;"
                         "A -s-> S; M -> C; S -> C,C"), "unreachable");
    SAME(fault_of_closes("I:initial; S:and_branch; A:task; B:task; M:and_merge closes:S; N:and_merge closes:S;"
                         "C:completion; I -> S; S -> A,B; A -> M; B -> N; M -> N; N -> C"), "two_merges");
    SAME(fault_of_closes("I:initial; S:and_branch; A:task; B:task; M:or_merge closes:S; C:completion; I -> S; S -> A,B;"
                         "A -> M; B -> C; M -> C"), "");
}

/* Where not all branches pass a merge, nothing closes the batch. */
Test(graph, no_merge)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; M:and_merge; C:completion;"
                                    "I -> A,B; A -> M; B -> C; M -> C");
    SAME(closer(p, "I"), "-");
    cr_assert_not(wf_process_activity(p, "M")->closes_any);
    wf_process_drop(p);
}

/* Terminating and dead ends are left out, unless the opener is on the way to nothing else. */
Test(graph, ends_that_count)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; D:task; M:and_merge; X:dummy; C:completion;"
                                    "T:completion terminate; N:and_merge; S:and_branch;"
                                    "I -> A,B,S; A -m-> M; A -x-> X; B -m-> M; B -t-> T; M -> C; S -> D,D; D -> N; N -> T");
    SAME(closer(p, "I"), "M");
    SAME(closer(p, "S"), "N");
    wf_process_drop(p);
}

Test(graph, closes_by_name)
{
    struct wf_process *p = compiled("I:initial; A:task; B:task; M:and_merge closes:I; C:completion;"
                                    "I -> A,B; A -> M; B -> C; M -> C");
    SAME(closer(p, "I"), "M");
    wf_process_drop(p);
}

/* `all`, with steps that open too: its bracket is the outer one. */
Test(graph, all_is_the_outer_bracket)
{
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_process *p = story_process("p", "I:initial; A:task all; B:task; D:task; M:and_merge; N:and_merge;"
                                              "C:completion; I -> A; A -> B,D; B -> M; D -> M; M -> N; N -> C");
    cr_assert(wf_process_compile(p, &faults));
    SAME(closer(p, "A"), "M");
    SAME(wf_process_activity(p, "A")->all_closed_by->act_id, "N");
    wf_process_drop(p);
}

/* More activities than bits in a word. */
Test(graph, long_process)
{
    struct wf_arena arena = {0};
    char *text = wf_arena_strdup(&arena, "I:initial; C:completion; A0:task; I -> A0");

    for (int i = 1; i < 150; i++)
        text = wf_arena_printf(&arena, "%s; A%d:task; A%d -> A%d", text, i, i - 1, i);
    struct wf_process *p = compiled(wf_arena_printf(&arena, "%s; A149 -> C", text));
    cr_assert(path(p, "A3", "A140"));
    cr_assert_not(path(p, "A140", "A3"));
    cr_assert(dominates(p, "A100", "C"));
    wf_process_drop(p);
    wf_arena_drop(&arena);
}
