/*
 * driver.c - clients and subscriber at once: drives cases through the engine, each command only
 * after the event that allows it, many cases at once; and checks that every event came once and in
 * order (messages.md, BUS-1).
 *
 *     bench-driver [--brokers B] [--prefix P] PLAN [OPTION=VALUE …]
 *
 *     window=2000    most cases in flight
 *     cases=0        begin at most so many; 0: those of the plan once, with length= without limit
 *     warm-up=0      seconds before measuring begins
 *     length=0       seconds to measure; 0: until all cases are over
 *     rate=0         commands a second that begin, evenly; 0: as fast as the window allows
 *     outcomes=rejected|always, linger=MS, stall=60, drain=2
 *
 * With a length, no case begins after it, and those that are open are driven to their end.  Prints
 * `progress COMMANDS COMPLETED`, `measuring` and `measured`, and `result {…}` last.  Exit codes: 0 all
 * cases completed and every event once; 1 not so; 2 usage; 3 no progress for `stall` seconds; 11 Kafka.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/settings.h"
#include "driver.h"

enum { EXIT_DIFFERENT = 1, EXIT_STALLED = 3 };
enum { BURST = 1024, WAIT_MS = 5, CASES_MAX = 200000000 };
static const int64_t progress_every = 200 * WF_MILLISECOND;

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void
say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void
report(struct run *run, int64_t now)
{
    if (now - run->reported < progress_every)
        return;
    run->reported = now;
    printf("progress %" PRIu64 " %u\n", run->sent, run->completed);
    fflush(stdout);
}

/* Warming up, measuring, finishing. */
static void
stage_step(struct run *run, int64_t now)
{
    const struct options *options = run->options;

    if (run->stage == STAGE_WARM_UP && now - run->started >= options->warm_up) {
        run->stage = STAGE_MEASURE;
        run->begin = run->now;
        run->measured_from = now;
        say("measuring");
    }
    if (run->stage == STAGE_MEASURE && options->length && now - run->measured_from >= options->length) {
        run->stage = STAGE_FINISH;
        run->end = run->now;
        run->measured_to = now;
        run->limit = run->begun;
        say("measured");
    }
}

/* What the last case took if all of its commands came evenly. */
static int64_t
pause_of(const struct run *run)
{
    uint32_t commands = 1 + 2 * case_at(run, run->begun - 1)->plan->row_count;

    return (int64_t)llround(commands * (double)WF_SECOND / run->options->rate);
}

static bool
begin_cases(struct run *run, int64_t now)
{
    bool paced = run->options->rate > 0;

    if (!run->next_begin)
        run->next_begin = now;
    while (run->begun < run->limit && (!paced || run->next_begin <= now)) {
        if (run->open >= run->options->window) {
            run->late += paced;
            return true;
        }
        if (!case_begin(run))
            return false;
        if (paced)
            run->next_begin += pause_of(run);
    }
    return true;
}

/* Takes what has come, at most a burst of it; waits no longer than until the next case begins. */
static bool
take_events(struct run *run, int64_t now)
{
    int64_t left = run->next_begin > now ? (run->next_begin - now) / WF_MILLISECOND : 0;
    int wait = run->options->rate > 0 && left < WAIT_MS ? (int)left : WAIT_MS;
    struct bus_event event;

    for (int i = 0; i < BURST && bus_take(run->bus, i ? 0 : wait, &event); i++)
        if (!event_handle(run, &event))
            return false;
    return bus_serve(run->bus, run->reterr);
}

static bool
drive(struct run *run)
{
    int64_t now = run->started = run->moved = wf_clock_monotonic();

    while (!stop && run->completed + run->failed < run->limit) {
        stage_step(run, now);
        if (!begin_cases(run, now) || !take_events(run, now))
            return false;
        now = wf_clock_monotonic();
        report(run, now);
        if (run->open && now - run->moved > run->options->stall) {
            fprintf(stderr, "no progress for %.0f s\n", (double)run->options->stall / (double)WF_SECOND);
            run->stalled = true;
            run_tell_open(run);
            break;
        }
    }
    return true;
}

/* What comes late would be a repetition, or the last events of the other topic. */
static bool
drain(struct run *run)
{
    int64_t now = wf_clock_monotonic(), limit = now + run->options->drain;

    if (run->stage == STAGE_MEASURE && !run->options->length)
        say("measured");
    for (; !stop && now < limit; now = wf_clock_monotonic())
        if (!take_events(run, now))
            return false;
    if (run->stage == STAGE_MEASURE) {
        run->end = run->now;
        run->measured_to = run->completed ? run->completed_at : run->moved;
    }
    events_count_missing(run);
    return true;
}

static bool
read_number(const char *text, struct options *options, const char *equals)
{
    const struct {
        const char *name;
        int64_t *time;
        uint32_t *count;
    } known[] = {
        {"window", NULL, &options->window},   {"cases", NULL, &options->cases},   {"stall", &options->stall, NULL},
        {"drain", &options->drain, NULL},     {"length", &options->length, NULL}, {"warm-up", &options->warm_up, NULL},
    };
    char *end;

    double number = strtod(equals + 1, &end);
    if (end == equals + 1 || *end || !(number >= 0 && number <= CASES_MAX))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(text, known[i].name, (size_t)(equals - text)) != 0 || known[i].name[equals - text])
            continue;
        if (known[i].time)
            *known[i].time = llround(number * (double)WF_SECOND);
        else
            *known[i].count = (uint32_t)number;
        return options->window > 0;
    }
    options->rate = number;
    return strncmp(text, "rate=", 5) == 0;
}

static bool
option_read(const char *text, struct options *options)
{
    const char *equals = strchr(text, '=');

    if (!equals) {
        bool first = !options->plan;
        options->plan = text;
        return first;
    }
    if (strncmp(text, "outcomes=", 9) == 0) {
        options->outcomes = equals + 1;
        return strcmp(options->outcomes, "always") == 0 || strcmp(options->outcomes, "rejected") == 0;
    }
    if (strncmp(text, "linger=", 7) == 0) {
        options->linger = equals + 1; /* librdkafka looks at it */
        return true;
    }
    return read_number(text, options, equals);
}

static int
exit_code(const struct run *run, bool ok)
{
    if (!ok)
        return WF_EXIT_BUS;
    if (run->stalled)
        return EXIT_STALLED;
    bool clean = run->completed == run->begun && run->begun >= run->limit && run->gaps == 0 && run->repeats == 0 &&
                 !(run->disordered | run->unexpected | run->rejected);
    return clean ? WF_EXIT_OK : EXIT_DIFFERENT;
}

static int
run_plan(const struct wf_settings *settings, const struct options *options, struct wf_error *reterr)
{
    static struct run run;
    WF_SCOPED(plan_drop) struct plan plan = {0};

    if (!plan_read(options->plan, &plan, reterr))
        return WF_EXIT_USAGE;
    run.options = options;
    run.plan = &plan;
    run.reterr = reterr;
    run.limit = options->cases ? options->cases : options->length ? CASES_MAX : plan.case_count;
    while (!run.random)
        if (getrandom(&run.random, sizeof run.random, 0) != (ssize_t)sizeof run.random)
            abort();

    const struct bus_options bus = {.brokers = settings->brokers, .prefix = settings->prefix,
                                    .outcome = options->outcomes, .jobs = plan.jobs, .linger = options->linger};
    bool ok = bus_open(&bus, &run.bus, reterr) && drive(&run) && drain(&run);
    if (run.started)
        run_print_result(&run);
    bus_close(run.bus);
    wf_buf_drop(&run.data);
    wf_arena_drop(&run.arena);
    return exit_code(&run, ok);
}

int
main(int argc, char **argv)
{
    struct options options = {.outcomes = "rejected", .linger = "2", .window = 2000, .stall = 60 * WF_SECOND,
                              .drain = 2 * WF_SECOND};
    struct wf_settings settings;
    struct wf_error error = {0};
    bool usable = wf_settings_read(WF_PROGRAM_CLIENT, &argc, argv, &settings, &error);

    for (int i = 1; usable && i < argc; i++)
        if (!option_read(argv[i], &options))
            usable = wf_fail(&error, WF_FATE_FATAL, "unrecognized option \"%s\"", argv[i]);
    if (usable && !options.plan)
        usable = wf_fail(&error, WF_FATE_FATAL, "no plan given");
    if (!usable) {
        fprintf(stderr, "bench-driver: %s\n", error.message);
        return WF_EXIT_USAGE;
    }

    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int code = run_plan(&settings, &options, &error);
    if (error.message[0])
        fprintf(stderr, "bench-driver: %s\n", error.message);
    return code;
}
