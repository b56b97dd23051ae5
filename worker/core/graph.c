#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/rule.h"

enum { WORD = 64 };

static bool
bit_get(const uint64_t *row, size_t at)
{
    return row[at / WORD] >> (at % WORD) & 1;
}

static void
bit_set(uint64_t *row, size_t at)
{
    row[at / WORD] |= UINT64_C(1) << (at % WORD);
}

static uint64_t *
row_of(const struct wf_process *process, uint64_t *matrix, size_t index)
{
    return matrix + index * process->row_words;
}

/* A walk over the graph: what was seen, and what is still to be visited. */
struct walk {
    const struct wf_process *process;
    uint64_t *seen;
    struct wf_activity **stack;
    size_t depth;
};

static struct walk
walk_begin(const struct wf_process *process)
{
    return (struct walk){
        .process = process,
        .seen = calloc(process->row_words + 1, sizeof(uint64_t)),
        .stack = calloc(process->activity_count + 1, sizeof(struct wf_activity *)),
    };
}

static void
walk_end(struct walk *walk)
{
    free(walk->seen);
    free(walk->stack);
}

static void
walk_clear(struct walk *walk)
{
    memset(walk->seen, 0, walk->process->row_words * sizeof(uint64_t));
    walk->depth = 0;
}

static void
walk_push(struct walk *walk, struct wf_activity *activity)
{
    if (bit_get(walk->seen, activity->index))
        return;
    bit_set(walk->seen, activity->index);
    walk->stack[walk->depth++] = activity;
}

static void
walk_push_successors(struct walk *walk, const struct wf_activity *activity, const struct wf_activity *avoid,
                     const uint64_t *within)
{
    for (size_t r = 0; r < activity->route_count; r++)
        for (size_t i = 0; i < activity->routes[r].next_count; i++) {
            struct wf_activity *next = activity->routes[r].next[i];
            if (next && next != avoid && (!within || bit_get(within, next->index)))
                walk_push(walk, next);
        }
}

/* Sees everything that paths of one or more edges from an activity lead to, not through `avoid`. */
static void
walk_from(struct walk *walk, const struct wf_activity *from, const struct wf_activity *avoid, const uint64_t *within)
{
    walk_clear(walk);
    walk_push_successors(walk, from, avoid, within);
    while (walk->depth)
        walk_push_successors(walk, walk->stack[--walk->depth], avoid, within);
}

static void
find_reach(struct wf_process *process, struct walk *walk)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        walk_from(walk, process->activities[i], NULL, NULL);
        memcpy(row_of(process, process->reach, i), walk->seen, process->row_words * sizeof(uint64_t));
    }
}

/* i dominates j if no path from the initial activity leads to j without passing i. */
static void
find_dominators(struct wf_process *process, struct walk *walk)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        const struct wf_activity *avoid = process->activities[i];
        uint64_t *row = row_of(process, process->dominates, i);

        walk_from(walk, process->initial, avoid, NULL);
        for (size_t j = 0; j < process->activity_count; j++)
            if (avoid == process->initial || !bit_get(walk->seen, j))
                bit_set(row, j);
        if (avoid != process->initial)
            row[process->initial->index / WORD] &= ~(UINT64_C(1) << (process->initial->index % WORD));
    }
}

void
wf_graph_analyse(struct wf_process *process)
{
    struct walk walk;

    process->row_words = process->activity_count / WORD + 1;
    process->reach = WF_ARENA_ARRAY(&process->arena, uint64_t, process->row_words * process->activity_count);
    process->dominates = WF_ARENA_ARRAY(&process->arena, uint64_t, process->row_words * process->activity_count);

    walk = walk_begin(process);
    find_reach(process, &walk);
    find_dominators(process, &walk);
    walk_end(&walk);
}

bool
wf_process_reaches(const struct wf_process *process, const struct wf_activity *from, const struct wf_activity *to)
{
    return bit_get(row_of(process, process->reach, from->index), to->index);
}

bool
wf_process_dominates(const struct wf_process *process, const struct wf_activity *opener,
                     const struct wf_activity *merge)
{
    return bit_get(row_of(process, process->dominates, opener->index), merge->index);
}

bool
wf_activity_opens_step(const struct wf_activity *activity)
{
    if (activity->type == WF_ACT_AND_BRANCH || activity->inclusive || wf_rule_is_post(activity))
        return true; /* a post rule may name several, or one several times */
    for (size_t r = 0; r < activity->route_count; r++)
        if (activity->routes[r].next_count > 1)
            return true;
    return false;
}

bool
wf_activity_opens_all(const struct wf_activity *activity)
{
    return activity->assignment.based_on != WF_BASED_ON_NONE && activity->assignment.method == WF_METHOD_ALL;
}

static bool
is_ordinary_end(const struct wf_activity *activity)
{
    return activity->type == WF_ACT_COMPLETION && !activity->terminate;
}

static bool
is_end(const struct wf_activity *activity)
{
    return activity->type == WF_ACT_COMPLETION || activity->route_count == 0;
}

/* The ends that count for an opener, and the activities that lead to one of them (BAT-3). */
struct exits {
    bool (*is_exit)(const struct wf_activity *);
    uint64_t *within;
};

static void
find_within(const struct wf_process *process, struct exits *exits)
{
    memset(exits->within, 0, process->row_words * sizeof(uint64_t));
    for (size_t i = 0; i < process->activity_count; i++)
        for (size_t j = 0; j < process->activity_count; j++) {
            const struct wf_activity *end = process->activities[j];
            if (exits->is_exit(end) && (i == j || wf_process_reaches(process, process->activities[i], end)))
                bit_set(exits->within, i);
        }
}

static bool
reaches_exit(const struct walk *walk, const struct exits *exits)
{
    for (size_t i = 0; i < walk->process->activity_count; i++)
        if (bit_get(walk->seen, i) && exits->is_exit(walk->process->activities[i]))
            return true;
    return false;
}

static size_t
seen_among(const struct walk *walk, struct wf_activity **activities, size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        seen += bit_get(walk->seen, activities[i]->index);
    return seen;
}

/*
 * The post-dominators of an opener, nearest first.  A post-dominator is nearer than another if
 * a walk that avoids the other sees it, so the number seen is its rank.
 */
static size_t
find_post_dominators(struct walk *walk, const struct wf_activity *opener, const struct exits *exits,
                     struct wf_activity **found)
{
    const struct wf_process *process = walk->process;
    struct wf_activity **unordered = calloc(process->activity_count + 1, sizeof *unordered);
    size_t count = 0;

    for (size_t i = 0; i < process->activity_count; i++) {
        struct wf_activity *candidate = process->activities[i];
        if (candidate == opener || !wf_process_reaches(process, opener, candidate) ||
            !bit_get(exits->within, i))
            continue;
        walk_from(walk, opener, candidate, exits->within);
        if (!reaches_exit(walk, exits))
            unordered[count++] = candidate;
    }
    for (size_t i = 0; i < count; i++) {
        walk_from(walk, opener, unordered[i], exits->within);
        found[seen_among(walk, unordered, count)] = unordered[i];
    }
    free(unordered);
    return count;
}

static int
brackets_opened(const struct wf_activity *activity)
{
    return (wf_activity_opens_step(activity) ? 1 : 0) + (wf_activity_opens_all(activity) ? 1 : 0);
}

/* The merge that closes the bracket which `open` brackets enclose, walking outwards. */
static struct wf_activity *
closing_merge(struct wf_activity **post_dominators, size_t count, int open)
{
    for (size_t i = 0; i < count; i++) {
        struct wf_activity *activity = post_dominators[i];
        if (wf_act_type_merges(activity->type) && --open == 0)
            return activity; /* a merge closes before it opens */
        open += brackets_opened(activity);
    }
    return NULL;
}

static struct wf_activity *
merge_that_names(const struct wf_process *process, const struct wf_activity *opener)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        struct wf_activity *merge = process->activities[i];
        if (merge->closes && strcmp(merge->closes, opener->act_id) == 0)
            return merge;
    }
    return NULL;
}

static void
pair_opener(struct walk *walk, struct wf_activity *opener, const struct exits *exits, struct wf_activity **scratch)
{
    struct wf_activity *named = merge_that_names(walk->process, opener);
    size_t count = named ? 0 : find_post_dominators(walk, opener, exits, scratch);
    bool steps = wf_activity_opens_step(opener);

    if (steps)
        opener->closed_by = named ? named : closing_merge(scratch, count, 1);
    if (wf_activity_opens_all(opener)) /* the outer bracket where it also opens by steps */
        opener->all_closed_by = named ? named : closing_merge(scratch, count, steps ? 2 : 1);
    if (opener->closed_by)
        opener->closed_by->closes_any = true;
    if (opener->all_closed_by)
        opener->all_closed_by->closes_any = true;
}

void
wf_graph_pair_brackets(struct wf_process *process)
{
    struct exits ordinary = {is_ordinary_end, calloc(process->row_words, sizeof(uint64_t))};
    struct exits every = {is_end, calloc(process->row_words, sizeof(uint64_t))};
    struct wf_activity **scratch = calloc(process->activity_count + 1, sizeof *scratch);
    struct walk walk = walk_begin(process);

    find_within(process, &ordinary);
    find_within(process, &every);
    for (size_t i = 0; i < process->activity_count; i++) {
        struct wf_activity *opener = process->activities[i];
        if (brackets_opened(opener))
            pair_opener(&walk, opener, bit_get(ordinary.within, i) ? &ordinary : &every, scratch);
    }
    walk_end(&walk);
    free(scratch);
    free(ordinary.within);
    free(every.within);
}

static void
check_closes(const struct wf_process *process, const struct wf_activity *merge, const char *path,
             struct wf_faults *faults)
{
    const struct wf_activity *opener = wf_process_activity(process, merge->closes);
    const struct wf_activity *first = merge_that_names(process, opener);

    if (!brackets_opened(opener))
        wf_fault_add(faults, "no_opener", path, "\"%s\" closes the batches of \"%s\", which opens none", merge->act_id,
                     opener->act_id);
    else if (!wf_process_reaches(process, opener, merge))
        wf_fault_add(faults, "unreachable", path,
                     "\"%s\" closes the batches of \"%s\", from which no path leads to it", merge->act_id,
                     opener->act_id);
    if (first != merge)
        wf_fault_add(faults, "two_merges", path, "\"%s\" closes the batches of \"%s\", and so does \"%s\"",
                     merge->act_id, opener->act_id, first->act_id);
}

void
wf_graph_check_closes(const struct wf_process *process, struct wf_faults *faults)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        char path[64];

        snprintf(path, sizeof path, "activities[%zu]", i);
        if (process->activities[i]->closes)
            check_closes(process, process->activities[i], path, faults);
    }
}

static bool
works(void *context, const struct wf_activity *activity)
{
    (void)context;
    return wf_act_type_works(activity->type);
}

void
wf_graph_check(const struct wf_process *process, struct wf_faults *faults)
{
    for (size_t i = 0; i < process->activity_count; i++) {
        const struct wf_activity *activity = process->activities[i];
        char path[64];

        snprintf(path, sizeof path, "activities[%zu]", i);
        if (activity != process->initial && !wf_process_reaches(process, process->initial, activity))
            wf_fault_add(faults, "unreachable", path, "no path leads from the initial activity to \"%s\"",
                         activity->act_id);
        if (!wf_act_type_works(activity->type) && wf_graph_path(process, activity, activity, works, NULL))
            wf_fault_add(faults, "cycle_without_task", path,
                         "\"%s\" is on a cycle in which nobody works, so it would never end", activity->act_id);
    }
}

bool
wf_graph_path(const struct wf_process *process, const struct wf_activity *from, const struct wf_activity *to,
              bool (*blocked)(void *context, const struct wf_activity *), void *context)
{
    if (!wf_process_reaches(process, from, to))
        return false;

    struct walk walk = walk_begin(process);
    walk_push_successors(&walk, from, NULL, NULL);
    while (walk.depth && !bit_get(walk.seen, to->index)) {
        const struct wf_activity *activity = walk.stack[--walk.depth];
        if (!blocked(context, activity))
            walk_push_successors(&walk, activity, NULL, NULL);
    }
    bool found = bit_get(walk.seen, to->index);
    walk_end(&walk);
    return found;
}
