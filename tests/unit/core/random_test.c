/*
 * Random processes, random commands.  story_check.c holds what must be true after each: no gap
 * in the numbers, no task lost or doubled, nothing stuck in silence, no trace of a rejection.
 *
 * Each test runs for a second.  PAWL_TEST_SEED=<the seed printed> runs the same again.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "story.h"

static uint32_t state;

static uint32_t
draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static bool
chance(uint32_t percent)
{
    return draw(100) < percent;
}

/* A process under construction: the text, and the number of the next activity. */
struct maker {
    struct wf_buf text;
    int next;
    bool all_come; /* every merge waits for all, so that nothing is withdrawn or absorbed */
};

/* A piece of a process with one way in and one way out; the way out has no rule yet. */
struct piece {
    int in, out;
};

static int
add(struct maker *maker, const char *type)
{
    wf_buf_printf(&maker->text, "a%d:%s\n", maker->next, type);
    return maker->next++;
}

static void
link_pieces(struct maker *maker, int from, const char *flag, int to)
{
    wf_buf_printf(&maker->text, "a%d -%s%s> a%d\n", from, flag, *flag ? "-" : "", to);
}

/* A vote ends in one of two ways; both go on from the same place. */
static void
link_outcomes(struct maker *maker, struct piece *piece)
{
    int out = add(maker, "dummy");

    link_pieces(maker, piece->out, "failed", out);
    link_pieces(maker, piece->out, "", out);
    piece->out = out;
}

static struct piece make(struct maker *maker, int depth);

static struct piece
make_choice(struct maker *maker, int depth)
{
    struct piece all = {add(maker, "task"), add(maker, "dummy")};

    for (int i = 0; i < 2; i++) {
        struct piece way = make(maker, depth - 1);
        link_pieces(maker, all.in, i ? "b" : "a", way.in);
        link_pieces(maker, way.out, "", all.out);
    }
    return all;
}

/* Branches that a merge gathers; now and then one that may end on the way. */
static const char *
random_merge(bool *ret_all_come)
{
    static const char *const votes[] = {"vote_merge votes:1", "vote_merge votes:50%", "vote_merge votes:100%",
                                        "vote_merge votes:2 asks:a"};
    uint32_t kind = draw(10);

    *ret_all_come &= kind < 5;
    return kind < 5 ? "and_merge" : kind < 8 ? "or_merge" : votes[draw(4)];
}

/* Everybody of the group does it; a merge gathers them. */
static struct piece
make_copies(struct maker *maker)
{
    struct piece all = {add(maker, "task all"), add(maker, random_merge(&maker->all_come))};

    link_pieces(maker, all.in, "", all.out);
    link_outcomes(maker, &all);
    return all;
}

static struct piece
make_branches(struct maker *maker, int depth)
{
    struct piece all = {add(maker, chance(70) ? "and_branch" : "task"), add(maker, random_merge(&maker->all_come))};
    int entries[4], count = 2 + (int)draw(2);

    for (int i = 0; i < count; i++) {
        struct piece way = make(maker, depth - 1);
        entries[i] = way.in;
        link_pieces(maker, way.out, "", all.out);
    }
    if (chance(30)) {
        int task = add(maker, "task"), end = add(maker, "dummy");
        link_pieces(maker, task, "a", all.out);
        link_pieces(maker, task, "b", end);
        entries[count++] = task;
    }
    wf_buf_printf(&maker->text, "a%d -> ", all.in);
    for (int i = 0; i < count; i++)
        wf_buf_printf(&maker->text, "%sa%d", i ? "," : "", entries[i]);
    wf_buf_puts(&maker->text, "\n");
    link_outcomes(maker, &all);
    return all;
}

static struct piece
make_loop(struct maker *maker, int depth)
{
    struct piece all = {add(maker, "dummy"), add(maker, "dummy")}, body = make(maker, depth - 1);
    int task = add(maker, "task");

    link_pieces(maker, all.in, "", body.in);
    link_pieces(maker, body.out, "", task);
    link_pieces(maker, task, "a", all.out);
    link_pieces(maker, task, "b", all.in);
    return all;
}

static struct piece
make(struct maker *maker, int depth)
{
    if (depth == 0 || chance(20)) {
        int one = add(maker, chance(80) ? "task" : chance(50) ? "automation" : "dummy");
        return (struct piece){one, one};
    }
    if (chance(15))
        return make_copies(maker);
    if (chance(25))
        return make_choice(maker, depth);
    if (chance(50))
        return make_branches(maker, depth);
    if (chance(30))
        return make_loop(maker, depth);
    struct piece first = make(maker, depth - 1), second = make(maker, depth - 1);
    link_pieces(maker, first.out, "", second.in);
    return (struct piece){first.in, second.out};
}

/* A process of nested blocks, which is sure to complete. */
static bool
begin_blocks(void)
{
    struct maker maker = {.next = 0, .all_come = true};

    wf_buf_puts(&maker.text, "I:initial; C:completion\n");
    struct piece all = make(&maker, 1 + (int)draw(4));
    wf_buf_printf(&maker.text, "I -> a%d; a%d -> C", all.in, all.out);
    story_begin(wf_buf_text(&maker.text));
    wf_buf_drop(&maker.text);
    return maker.all_come;
}

/* Any graph: edges go forward, those of tasks anywhere, so that no circle is without work. */
static void
begin_graph(void)
{
    static const char *const types[] = {
        "task", "task", "task all", "automation", "dummy", "and_branch", "and_merge", "and_merge", "or_merge",
        "or_merge asks:a", "vote_merge votes:1", "vote_merge votes:60% asks:a"};
    static const char *const arrows[] = {"->", "-a->", "-b->"};
    struct maker maker = {.next = 0};
    int count = 3 + (int)draw(9);
    bool task[16];

    wf_buf_puts(&maker.text, "I:initial; C:completion; T:completion terminate; I -> a0,a1\n");
    for (int i = 0; i < count; i++) {
        const char *type = types[draw(12)];
        task[i] = type == types[0] || type == types[2] || type == types[3];
        add(&maker, type);
    }
    for (int i = 0; i < count; i++) {
        int rules = task[i] ? 1 + (int)draw(3) : 1;
        for (int r = 0; r < rules; r++) {
            wf_buf_printf(&maker.text, "a%d %s a%d", i, arrows[r], i + 1);
            if (i + 1 == count)
                maker.text.length -= (size_t)snprintf(NULL, 0, "a%d", i + 1), wf_buf_puts(&maker.text, "C");
            for (uint32_t more = draw(3); more > 0; more--) {
                int low = task[i] ? 0 : i + 1;
                if (low < count)
                    wf_buf_printf(&maker.text, ",a%d", low + (int)draw((uint32_t)(count - low)));
            }
            wf_buf_puts(&maker.text, chance(5) ? ",T\n" : "\n");
        }
        if (i > 1 && chance(20))
            wf_buf_printf(&maker.text, "a%d after a%d needs a%d%s\n", i, (int)draw((uint32_t)i), (int)draw((uint32_t)count),
                          chance(50) ? "=a" : "");
    }
    wf_buf_puts(&maker.text, "a0 -x-> T");
    SAME(story_faults(wf_buf_text(&maker.text)), "");
    story_begin(wf_buf_text(&maker.text));
    wf_buf_drop(&maker.text);
}

/* Something that happens now and then; what does not suit is rejected, without a trace. */
static void
operate(const struct wf_task *task)
{
    static const char *const commands[] = {"hang %d ann", "release %d ann", "release %d actor:op", "reassign %d actor:op",
                                           "reassign %d to:ann actor:op", "reassign %d to_dept:d actor:op"};

    story_does(wf_arena_printf(&story.arena, commands[draw(6)], task->n));
    if (chance(50)) {
        story_does("suspend actor:op");
        if (task->state == WF_TASK_PROCESSING && task->staff_id)
            story_does(wf_arena_printf(&story.arena, "end %d %s a", task->n, task->staff_id));
        story_does("resume actor:op");
    }
}

/* A command about some open task, most often one that makes sense. */
static void
do_something(struct wf_instance *instance)
{
    static const char *const flags[] = {"a", "a", "b", "", "zzz"};
    const struct wf_task *task = instance->tasks[draw((uint32_t)instance->task_count)];
    bool automatic = task->activity->type == WF_ACT_AUTOMATION;
    const char *who = automatic ? chance(95) ? "ann!" : "bob" : task->staff_id && chance(95) ? task->staff_id : "ann";
    bool end = chance(95) ? task->state == WF_TASK_PROCESSING : chance(50);

    if (chance(10))
        operate(task);
    if (task->state == WF_TASK_PAUSING)
        story_does(wf_arena_printf(&story.arena, "reset %d %s", task->n, who));
    story_does(end ? wf_arena_printf(&story.arena, "end %d %s %s", task->n, who, flags[draw(5)])
                   : wf_arena_printf(&story.arena, "get %d %s", task->n, who));
    if (chance(5))
        story_does("get next ann");
    if (chance(10))
        story_reload();
}

static void
walk(int commands)
{
    story_does("init a");
    while (commands-- && story_instance(1) && !wf_instance_state_over(story_instance(1)->state) && story_instance(1)->task_count && story_instance(1)->task_count < 500)
        do_something(story_instance(1));
}

/* The first of the seeds; each round takes the next. */
static uint32_t
seed_begin(void)
{
    const char *given = getenv("PAWL_TEST_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)wf_clock_now();

    fprintf(stderr, "PAWL_TEST_SEED=%u\n", seed);
    return seed;
}

/*
 * Blocks complete, whatever is chosen; where all merges wait for all, every batch is closed by
 * its merge, and nothing is absorbed or withdrawn.
 */
Test(random, blocks)
{
    uint32_t seed = seed_begin();

    for (int64_t end = wf_clock_monotonic() + WF_SECOND; wf_clock_monotonic() < end; seed++) {
        state = seed ? seed : 1;
        bool all_come = begin_blocks();
        walk(2000);
        const struct wf_instance *instance = story_instance(1);
        if (instance->task_count)
            continue; /* a long one */
        cr_assert_eq(instance->state, WF_INSTANCE_COMPLETED, "seed %u: %s", seed, wf_instance_state_name(instance->state));
        for (size_t i = 1; all_come && i < instance->batch_count; i++)
            cr_assert_gt(instance->batches[i]->closed_by, 0, "seed %u: batch %d is open", seed,
                         instance->batches[i]->serial_no);
        for (size_t i = 0; all_come && i < instance->done_count; i++)
            cr_assert_eq(instance->done[i]->state, WF_TASK_ENDED, "seed %u", seed);
    }
}

Test(random, graphs)
{
    uint32_t seed = seed_begin();

    for (int64_t end = wf_clock_monotonic() + WF_SECOND; wf_clock_monotonic() < end; seed++) {
        state = seed ? seed : 1;
        begin_graph();
        walk(60);
    }
}
