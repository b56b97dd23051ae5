/* driver_figures.c - what the driver measured, as JSON; and where open cases stand. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/json.h"
#include "driver.h"

/* Below 128 µs a bucket each, then 64 to each doubling. */
static unsigned
bucket_of(uint64_t time)
{
    unsigned shift = 0;

    while (time >> shift >= 2 * TIMES_FINE)
        shift++;
    unsigned bucket = shift * TIMES_FINE + (unsigned)(time >> shift);
    return bucket < TIMES_BUCKETS ? bucket : TIMES_BUCKETS - 1;
}

/* The middle of a bucket. */
static double
time_of(unsigned bucket)
{
    if (bucket < 2 * TIMES_FINE)
        return bucket;
    unsigned shift = bucket / TIMES_FINE - 1;
    return ((double)(bucket - shift * TIMES_FINE) + 0.5) * (double)(UINT64_C(1) << shift);
}

void
times_add(struct times *times, int64_t time)
{
    times->buckets[bucket_of(time < 0 ? 0 : (uint64_t)time)]++;
    times->count++;
}

static double
times_quantile(const struct times *times, double share)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < TIMES_BUCKETS; i++) {
        sum += times->buckets[i];
        if (times->count && (double)sum >= share * (double)times->count)
            return time_of(i);
    }
    return 0;
}

static void
put_double(struct wf_buf *json, const char *key, double value)
{
    char text[64];

    snprintf(text, sizeof text, "%.3f", value);
    wf_json_key(json, key);
    wf_json_raw(json, text);
}

static void
put_times(struct wf_buf *json, const char *key, const struct times *times)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

    wf_json_key(json, key);
    if (!times->count) {
        wf_json_raw(json, "null");
        return;
    }
    wf_json_open(json, '{');
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        put_double(json, quantiles[i].name, times_quantile(times, quantiles[i].share) / 1e3);
    wf_json_close(json, '}');
}

static double
cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Of the time that was measured. */
static void
put_measured(struct wf_buf *json, const struct run *run)
{
    double seconds = (double)(run->measured_to - run->measured_from) / (double)WF_SECOND;
    uint64_t commands = run->end.commands - run->begin.commands;
    uint64_t completed = run->end.completed - run->begin.completed;

    put_double(json, "seconds", seconds);
    put_double(json, "commands_per_s", seconds > 0 ? (double)commands / seconds : 0);
    put_double(json, "instances_per_s", seconds > 0 ? (double)completed / seconds : 0);
    wf_json_put_int(json, "measured_commands", (int64_t)commands);
    wf_json_put_int(json, "measured_instances", (int64_t)completed);
    wf_json_put_int(json, "measured_events", (int64_t)(run->end.events - run->begin.events));
    put_times(json, "event_ms", &run->event_times);
    put_times(json, "outcome_ms", &run->outcome_times);
}

/* Of the whole run. */
static void
put_all(struct wf_buf *json, const struct run *run)
{
    wf_json_put_int(json, "cases", run->begun);
    wf_json_put_int(json, "completed", run->completed);
    wf_json_put_int(json, "cases_failed", run->failed);
    wf_json_put_int(json, "instances_open", run->open);
    wf_json_put_int(json, "commands", (int64_t)run->sent);
    wf_json_put_int(json, "events", (int64_t)run->now.events);
    wf_json_put_int(json, "gaps", (int64_t)run->gaps);
    wf_json_put_int(json, "repeats", (int64_t)run->repeats);
    wf_json_put_int(json, "disordered", (int64_t)run->disordered);
    wf_json_put_int(json, "unexpected", (int64_t)run->unexpected);
    wf_json_put_int(json, "outcomes", (int64_t)run->outcomes);
    wf_json_put_int(json, "outcomes_rejected", (int64_t)run->rejected);
    wf_json_put_int(json, "outcomes_duplicate", (int64_t)run->duplicates);
    wf_json_put_int(json, "begun_late", (int64_t)run->late);
    wf_json_put_bool(json, "stalled", run->stalled);
    put_double(json, "driver_cpu_s", cpu_seconds());
}

void
run_print_result(const struct run *run)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf json = {0};

    wf_json_open(&json, '{');
    put_measured(&json, run);
    put_all(&json, run);
    wf_json_close(&json, '}');
    printf("progress %" PRIu64 " %u\nresult %s\n", run->sent, run->completed, wf_buf_text(&json));
    fflush(stdout);
}

static const char *
waits_for(const struct bench_case *c)
{
    if (!c->answered)
        return "its first event";
    for (uint32_t row = 0; row < c->plan->row_count; row++) {
        if (c->rows[row].phase == ROW_GETTING)
            return "a task to be processing";
        if (c->rows[row].phase == ROW_ENDING)
            return "a task to end";
    }
    return c->begun < c->plan->row_count ? "a waiting task" : "its completion";
}

void
run_tell_open(const struct run *run)
{
    int64_t now = wf_clock_monotonic();
    uint32_t shown = 0;

    for (uint32_t i = 0; i < run->begun && shown < SHOWN; i++) {
        const struct bench_case *c = case_at(run, i);
        char id[WF_UUID_TEXT + 1];
        if (c->state != CASE_OPEN)
            continue;
        shown++;
        wf_uuid_format(&c->instance_id, id);
        fprintf(stderr, "case %s (instance %s), begun %.1f s ago, waits for %s; %u of %u rows begun\n",
                c->plan->entity_id, id, (double)(now - c->init_sent) / (double)WF_SECOND, waits_for(c), c->begun,
                c->plan->row_count);
    }
    fprintf(stderr, "%u cases are open\n", run->open);
}
