/*
 * replay_driver.c - drives the cases of a log through the engine, each command only after
 * the event that allows it, many cases at once; and checks as a subscriber that every
 * event came once and in order (messages.md, BUS-1).
 *
 *     replay-driver [--brokers B] [--prefix P] PLAN [window=2000] [outcomes=rejected|always]
 *                   [stall=60] [drain=2]
 *
 * Prints `progress COMMANDS COMPLETED` lines, and `result {…}` last.  Exit codes: 0 all cases
 * completed and every event once; 1 not so; 2 usage; 3 no progress for `stall` seconds; 11 Kafka.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "replay_kafka.h"
#include "replay_plan.h"

enum { EXIT_DIFFERENT = 1, EXIT_STALLED = 3 };
enum { SHOWN = 10, LATENCIES = 60000, BURST = 256, ID_SIZE = 64 };
static const int64_t progress_every = 200 * WF_MILLISECOND;

/* What a case waits for. */
#define PHASE_MAP(X)                                                                       \
    X(UNBORN, "not begun")                                                                 \
    X(WAITING, "a waiting task")        /* init-instance or end-task was sent            */ \
    X(PROCESSING, "its task processing") /* get-task was sent                            */ \
    X(COMPLETION, "its completion")     /* the last end-task was sent                    */ \
    X(DONE, "nothing: completed")                                                          \
    X(FAILED, "nothing: failed")

enum phase {
#define X(name, text) PHASE_##name,
    PHASE_MAP(X)
#undef X
    PHASE_COUNT
};

static const char *const phases[] = {
#define X(name, text) text,
    PHASE_MAP(X)
#undef X
};

struct seen {
    uint64_t sequence, position; /* of the last event of one topic */
};

struct progress {
    struct wf_uuid instance_id;
    char id[WF_UUID_TEXT + 1];
    enum phase phase;
    uint32_t row;
    uint64_t task_n;
    int64_t sent_at;
    uint64_t events, missing; /* seen, and known to be missing by the numbers of either topic */
    struct seen seen[REPLAY_OUTCOME]; /* of the state topics */
};

struct options {
    const char *plan, *outcomes;
    uint32_t window;
    int64_t stall, drain; /* microseconds */
};

struct run {
    const struct options *options;
    const struct replay_plan *plan;
    struct replay_kafka *kafka;
    struct progress *cases;
    struct wf_buf data; /* of the command being made */
    uint32_t begun, open, completed, failed;
    uint64_t commands, events, gaps, repeats, disordered, rejected, outcomes, duplicates, unexpected;
    uint64_t latency[LATENCIES + 1]; /* commands by milliseconds until their event */
    int64_t started, ended, moved;   /* first command, last completion, last step of any case */
    int64_t reported;
    int shown;
    bool stalled;
    struct wf_error *reterr;
};

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- commands ---- */

static void
put_raw(struct wf_buf *data, const char *key, const char *json)
{
    wf_json_key(data, key);
    wf_buf_puts(data, json);
}

/* The id of a command is that of its instance and its number there, so it can be repeated. */
static bool
send_command(struct run *run, struct progress *c, enum replay_command command, enum phase next)
{
    static const unsigned place[] = {[REPLAY_INIT] = 0, [REPLAY_GET] = 1, [REPLAY_END] = 2};
    char id[ID_SIZE];

    wf_json_close(&run->data, '}');
    unsigned number = 2 * c->row + place[command];
    int length = snprintf(id, sizeof id, "%s:%u", c->id, number);
    if (!replay_kafka_send(run->kafka, command, (struct wf_slice){c->id, WF_UUID_TEXT},
                           (struct wf_slice){id, (size_t)length}, &run->data, run->reterr))
        return false;
    c->phase = next;
    c->sent_at = run->moved = wf_clock_monotonic();
    run->commands++;
    return true;
}

static void
data_open(struct run *run)
{
    wf_buf_clear(&run->data);
    wf_json_open(&run->data, '{');
}

/* The last four bytes of an instance id are the number of its case. */
static struct wf_uuid
make_id(uint32_t number)
{
    uint8_t random[10];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort();
    struct wf_uuid id = wf_uuid_v7(wf_clock_now(), random);
    for (int i = 0; i < 4; i++)
        id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return id;
}

static struct progress *
case_of(const struct run *run, struct wf_slice text)
{
    struct wf_uuid id;
    uint32_t number = 0;

    if (text.length < WF_UUID_TEXT || !wf_uuid_parse(text.data, WF_UUID_TEXT, &id))
        return NULL;
    for (int i = 0; i < 4; i++)
        number = number << 8 | id.bytes[12 + i];
    if (number >= run->begun || !wf_uuid_equal(&id, &run->cases[number].instance_id))
        return NULL; /* somebody else's */
    return &run->cases[number];
}

static const struct replay_case *
plan_of(const struct run *run, const struct progress *c)
{
    return &run->plan->cases[c - run->cases];
}

static bool
begin_case(struct run *run)
{
    uint32_t number = run->begun++;
    struct progress *c = &run->cases[number];
    const struct replay_case *plan = plan_of(run, c);

    c->instance_id = make_id(number);
    wf_uuid_format(&c->instance_id, c->id);
    run->open++;
    data_open(run);
    put_raw(&run->data, "process_id", run->plan->process_id);
    wf_json_put_string(&run->data, "instance_id", c->id);
    put_raw(&run->data, "entity_id", plan->entity_id);
    put_raw(&run->data, "completion_flag", run->plan->flags[plan->rows[0].act]);
    return send_command(run, c, REPLAY_INIT, PHASE_WAITING);
}

static void
put_task(struct run *run, const struct progress *c)
{
    char task_id[ID_SIZE];

    data_open(run);
    snprintf(task_id, sizeof task_id, "%s:%" PRIu64, c->id, c->task_n);
    wf_json_put_string(&run->data, "task_id", task_id);
    put_raw(&run->data, "staff_id", run->plan->staff[plan_of(run, c)->rows[c->row].staff]);
}

static bool
get_task(struct run *run, struct progress *c)
{
    put_task(run, c);
    return send_command(run, c, REPLAY_GET, PHASE_PROCESSING);
}

static bool
end_task(struct run *run, struct progress *c)
{
    const struct replay_case *plan = plan_of(run, c);

    put_task(run, c);
    put_raw(&run->data, "completion_flag", replay_plan_flag(run->plan, plan, c->row));
    if (!send_command(run, c, REPLAY_END, c->row + 1 < plan->row_count ? PHASE_WAITING : PHASE_COMPLETION))
        return false;
    c->row++;
    return true;
}

/* ---- events ---- */

static void
fail_case(struct run *run, struct progress *c, const char *why, struct wf_slice what)
{
    if (run->shown++ < SHOWN)
        fprintf(stderr, "case %s (instance %s, row %u, waits for %s): %s: %.*s\n", plan_of(run, c)->entity_id, c->id,
                c->row + 1, phases[c->phase], why, (int)(what.length < 2000 ? what.length : 2000), what.data);
    if (c->phase == PHASE_DONE || c->phase == PHASE_FAILED)
        return;
    c->phase = PHASE_FAILED;
    run->failed++;
    run->open--;
    run->moved = wf_clock_monotonic();
}

static uint64_t
digits(const char *at, const char *end)
{
    uint64_t number = 0;

    for (; at < end && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

/*
 * What follows a key of a JSON object, or NULL.  A string cannot hold the key with its bare
 * quotes, so the first place that looks like it is it.
 */
static const char *
value_of(struct wf_slice json, const char *key, size_t *ret_left)
{
    size_t length = strlen(key);
    const char *at = json.data ? memmem(json.data, json.length, key, length) : NULL;

    if (!at)
        return NULL;
    at += length;
    *ret_left = (size_t)(json.data + json.length - at);
    return at;
}

/* The number in "task_id":"<instance id>:<number>", or 0. */
static uint64_t
task_of(const struct progress *c, struct wf_slice json)
{
    size_t left;
    const char *at = value_of(json, "\"task_id\":\"", &left);

    if (!at || left < WF_UUID_TEXT + 2 || memcmp(at, c->id, WF_UUID_TEXT) != 0)
        return 0;
    return digits(at + WF_UUID_TEXT + 1, at + left);
}

static bool
act_is(struct wf_slice json, const char *act)
{
    size_t left, length = strlen(act);
    const char *at = value_of(json, "\"act_id\":", &left);

    return at && left > length && memcmp(at, act, length) == 0;
}

static void
count_latency(struct run *run, const struct progress *c)
{
    int64_t ms = (wf_clock_monotonic() - c->sent_at) / WF_MILLISECOND;

    run->latency[ms < LATENCIES ? ms : LATENCIES]++;
}

static bool
type_ends(struct wf_slice type, const char *state)
{
    size_t length = strlen(state);

    return type.length > length && memcmp(type.data + type.length - length, state, length) == 0;
}

static bool
on_task(struct run *run, struct progress *c, const struct replay_event *event)
{
    bool waiting = type_ends(event->type, ".waiting"), processing = type_ends(event->type, ".processing");
    uint64_t task_n = waiting || processing ? task_of(c, event->value) : 0;

    if (!waiting && !processing)
        return true;
    if (waiting && c->phase == PHASE_WAITING && task_n &&
        act_is(event->value, run->plan->acts[plan_of(run, c)->rows[c->row].act])) {
        count_latency(run, c);
        c->task_n = task_n;
        return get_task(run, c);
    }
    if (processing && c->phase == PHASE_PROCESSING && task_n == c->task_n) {
        count_latency(run, c);
        return end_task(run, c);
    }
    run->unexpected++;
    fail_case(run, c, "unexpected task event", event->value);
    return true;
}

static void
on_instance(struct run *run, struct progress *c, const struct replay_event *event)
{
    if (type_ends(event->type, ".completed") && c->phase == PHASE_COMPLETION) {
        count_latency(run, c);
        c->phase = PHASE_DONE;
        run->completed++;
        run->open--;
        run->ended = run->moved = wf_clock_monotonic();
    } else if (!type_ends(event->type, ".running")) {
        run->unexpected++;
        fail_case(run, c, "unexpected instance event", event->value);
    }
}

static void
on_outcome(struct run *run, struct progress *c, const struct replay_event *event)
{
    run->outcomes++;
    if (type_ends(event->type, ".duplicate"))
        run->duplicates++;
    if (!type_ends(event->type, ".rejected"))
        return;
    run->rejected++;
    fail_case(run, c, "rejected", event->value);
}

/* Whether the event is the next one of its instance; a repeated one is not acted on. */
static bool
check_order(struct run *run, struct progress *c, const struct replay_event *event)
{
    struct seen *seen = &c->seen[event->topic];
    const char *end = event->id.data + event->id.length;
    const char *number = event->sequence.data;
    uint64_t sequence = number ? digits(number, number + event->sequence.length) : 0;
    uint64_t position = digits(event->id.data + WF_UUID_TEXT + (event->id.length > WF_UUID_TEXT), end);

    if (sequence <= seen->sequence) {
        run->repeats++;
        if (run->shown++ < SHOWN)
            fprintf(stderr, "repeated: %.*s, sequence %" PRIu64 " after %" PRIu64 "\n", (int)event->id.length,
                    event->id.data, sequence, seen->sequence);
        return false;
    }
    c->missing += sequence - seen->sequence - 1;
    if (sequence != seen->sequence + 1 && run->shown++ < SHOWN)
        fprintf(stderr, "gap: %.*s, sequence %" PRIu64 " after %" PRIu64 "\n", (int)event->id.length, event->id.data,
                sequence, seen->sequence);
    if (position <= seen->position)
        run->disordered++;
    seen->sequence = sequence;
    seen->position = position;
    c->events++;
    run->events++;
    return true;
}

static bool
on_event(struct run *run, const struct replay_event *event)
{
    struct progress *c = case_of(run, event->id);

    if (!c)
        return true;
    if (event->topic == REPLAY_OUTCOME) {
        on_outcome(run, c, event);
        return true;
    }
    if (!check_order(run, c, event))
        return true;
    if (event->topic == REPLAY_TASK)
        return on_task(run, c, event);
    on_instance(run, c, event);
    return true;
}

/* Positions count the events of both topics together, so they also show what is missing at the end of one. */
static void
count_missing(struct run *run)
{
    for (uint32_t i = 0; i < run->begun; i++) {
        const struct progress *c = &run->cases[i];
        uint64_t task = c->seen[REPLAY_TASK].position, instance = c->seen[REPLAY_INSTANCE].position;
        uint64_t last = task > instance ? task : instance;
        uint64_t absent = c->phase == PHASE_DONE && last > c->events ? last - c->events : 0;

        run->gaps += absent > c->missing ? absent : c->missing;
        if (c->phase == PHASE_DONE && last < c->events)
            run->repeats += c->events - last;
    }
}

/* ---- the run ---- */

static void
report(struct run *run, int64_t now)
{
    if (now - run->reported < progress_every)
        return;
    run->reported = now;
    printf("progress %" PRIu64 " %u\n", run->commands, run->completed);
    fflush(stdout);
}

static void
tell_open(const struct run *run)
{
    uint32_t counts[PHASE_COUNT] = {0}, shown = 0;
    int64_t now = wf_clock_monotonic();

    for (uint32_t i = 0; i < run->begun; i++) {
        const struct progress *c = &run->cases[i];
        counts[c->phase]++;
        if (c->phase == PHASE_DONE || c->phase == PHASE_FAILED || shown++ >= SHOWN)
            continue;
        fprintf(stderr, "case %s (instance %s) waits for %s since %.1f s at row %u of %u\n", plan_of(run, c)->entity_id,
                c->id, phases[c->phase], (double)(now - c->sent_at) / (double)WF_SECOND, c->row + 1,
                plan_of(run, c)->row_count);
    }
    for (int i = 0; i < PHASE_COUNT; i++)
        if (counts[i])
            fprintf(stderr, "%u cases wait for %s\n", counts[i], phases[i]);
}

/* Takes what has come, at most a burst of it. */
static bool
take_events(struct run *run)
{
    struct replay_event event;

    for (int i = 0; i < BURST && replay_kafka_take(run->kafka, i ? 0 : 5, &event); i++)
        if (!on_event(run, &event))
            return false;
    return replay_kafka_serve(run->kafka, run->reterr);
}

static bool
drive(struct run *run)
{
    run->started = run->moved = wf_clock_monotonic();
    while (!stop && run->completed + run->failed < run->plan->case_count) {
        while (run->open < run->options->window && run->begun < run->plan->case_count)
            if (!begin_case(run))
                return false;
        if (!take_events(run))
            return false;

        int64_t now = wf_clock_monotonic();
        report(run, now);
        if (now - run->moved > run->options->stall) {
            fprintf(stderr, "no progress for %.0f s\n", (double)run->options->stall / (double)WF_SECOND);
            run->stalled = true;
            tell_open(run);
            break;
        }
    }
    return true;
}

/* What comes late would be a repetition, or the last events of the other topic. */
static bool
drain(struct run *run)
{
    int64_t limit = wf_clock_monotonic() + run->options->drain;

    while (!stop && wf_clock_monotonic() < limit)
        if (!take_events(run))
            return false;
    count_missing(run);
    return true;
}

static int64_t
latency_of(const struct run *run, double share)
{
    uint64_t all = 0, sum = 0;

    for (int i = 0; i <= LATENCIES; i++)
        all += run->latency[i];
    for (int i = 0; i <= LATENCIES; i++) {
        sum += run->latency[i];
        if (all && (double)sum >= share * (double)all)
            return i;
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
print_result(const struct run *run)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf json = {0};
    struct rusage used;
    int64_t end = run->completed ? run->ended : run->moved;
    double seconds = (double)(end - run->started) / (double)WF_SECOND;

    getrusage(RUSAGE_SELF, &used);
    wf_json_open(&json, '{');
    wf_json_put_int(&json, "cases", run->plan->case_count);
    wf_json_put_int(&json, "completed", run->completed);
    wf_json_put_int(&json, "cases_failed", run->failed);
    wf_json_put_int(&json, "instances_open", run->open);
    wf_json_put_int(&json, "commands", (int64_t)run->commands);
    put_double(&json, "seconds", seconds);
    put_double(&json, "commands_per_s", seconds > 0 ? (double)run->commands / seconds : 0);
    wf_json_put_int(&json, "events", (int64_t)run->events);
    wf_json_put_int(&json, "gaps", (int64_t)run->gaps);
    wf_json_put_int(&json, "repeats", (int64_t)run->repeats);
    wf_json_put_int(&json, "disordered", (int64_t)run->disordered);
    wf_json_put_int(&json, "unexpected", (int64_t)run->unexpected);
    wf_json_put_int(&json, "outcomes", (int64_t)run->outcomes);
    wf_json_put_int(&json, "outcomes_rejected", (int64_t)run->rejected);
    wf_json_put_int(&json, "outcomes_duplicate", (int64_t)run->duplicates);
    wf_json_put_int(&json, "latency_ms_p50", latency_of(run, 0.5));
    wf_json_put_int(&json, "latency_ms_p99", latency_of(run, 0.99));
    wf_json_put_bool(&json, "stalled", run->stalled);
    put_double(&json, "driver_cpu_s", (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                                          (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    wf_json_close(&json, '}');
    printf("progress %" PRIu64 " %u\nresult %s\n", run->commands, run->completed, wf_buf_text(&json));
    fflush(stdout);
}

static bool
option_read(const char *text, struct options *options)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    char *end;

    if (!equals) {
        bool first = !options->plan;
        options->plan = text;
        return first;
    }
    if (length == 8 && memcmp(text, "outcomes", 8) == 0) {
        options->outcomes = equals + 1;
        return strcmp(options->outcomes, "always") == 0 || strcmp(options->outcomes, "rejected") == 0;
    }
    double number = strtod(equals + 1, &end);
    if (end == equals + 1 || *end || !(number >= 0 && number <= 1e9))
        return false;
    if (length == 6 && memcmp(text, "window", 6) == 0)
        options->window = (uint32_t)number;
    else if (length == 5 && memcmp(text, "stall", 5) == 0)
        options->stall = (int64_t)(number * (double)WF_SECOND);
    else if (length == 5 && memcmp(text, "drain", 5) == 0)
        options->drain = (int64_t)(number * (double)WF_SECOND);
    else
        return false;
    return options->window > 0;
}

static int
run_plan(const struct wf_settings *settings, const struct options *options, struct wf_error *reterr)
{
    static struct run run;
    WF_SCOPED(replay_plan_drop) struct replay_plan plan = {0};

    if (!replay_plan_read(options->plan, &plan, reterr))
        return WF_EXIT_USAGE;
    run.options = options;
    run.plan = &plan;
    run.reterr = reterr;
    run.cases = WF_ARENA_ARRAY(&plan.arena, struct progress, plan.case_count);

    bool ok = replay_kafka_open(settings->brokers, settings->prefix, options->outcomes, &run.kafka, reterr) &&
              drive(&run) && drain(&run);
    if (run.started)
        print_result(&run);
    replay_kafka_close(run.kafka);
    wf_buf_drop(&run.data);
    if (!ok)
        return WF_EXIT_BUS;
    if (run.stalled)
        return EXIT_STALLED;
    bool clean = run.completed == plan.case_count && !run.failed &&
                 !(run.gaps | run.repeats | run.disordered | run.unexpected | run.rejected);
    return clean ? WF_EXIT_OK : EXIT_DIFFERENT;
}

int
main(int argc, char **argv)
{
    struct options options = {
        .outcomes = "rejected", .window = 2000, .stall = 60 * WF_SECOND, .drain = 2 * WF_SECOND};
    struct wf_settings settings;
    struct wf_error error = {0};
    bool usable = wf_settings_read(WF_PROGRAM_CLIENT, &argc, argv, &settings, &error);

    for (int i = 1; usable && i < argc; i++)
        if (!option_read(argv[i], &options))
            usable = wf_fail(&error, WF_FATE_FATAL, "unrecognized option \"%s\"", argv[i]);
    if (usable && !options.plan)
        usable = wf_fail(&error, WF_FATE_FATAL, "no plan given");
    if (!usable) {
        fprintf(stderr, "replay-driver: %s\n", error.message);
        return WF_EXIT_USAGE;
    }

    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int code = run_plan(&settings, &options, &error);
    if (error.message[0])
        fprintf(stderr, "replay-driver: %s\n", error.message);
    return code;
}
