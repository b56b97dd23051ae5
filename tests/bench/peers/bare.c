/*
 * bare.c - what the database would carry if the engine did nothing: the statements of `claim` in a loop, in the
 * engine's own files, batches and round trips, with rows such as the engine writes.
 *
 *     bench-bare [--database D] [--brokers B] [--prefix P] [OPTION=VALUE …]
 *
 *     connections=1   each with a thread and a share of the partitions
 *     batch=1000      commands a unit of work
 *     bus=0           1: messages such as the engine's and its clients' pass through Kafka meanwhile, at most two units behind
 *     warm-up=5, length=20   seconds
 *
 * Prints `measuring` and `measured`, and `result {…}` last.  Exit codes: 0 done, 1 failed, 2 usage.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"
#include "base/clock.h"

enum { CONNECTIONS_MAX = 16, STEP_US = 20000 };

struct options {
    uint32_t connections, batch, bus;
    uint32_t warm_up, length; /* seconds */
};

struct lane {
    const struct options *options;
    const struct wf_settings *settings;
    struct bare bare;
    struct bare_bus *bus;
    pthread_t thread;
    _Atomic uint64_t commands, units;
    struct wf_error error;
};

static atomic_bool stop, failed;

static bool
claim(struct lane *lane, int32_t partitions)
{
    struct bare *bare = &lane->bare;
    struct wf_claim claims[64];
    int32_t mine[64], slot;

    for (int32_t p = (int32_t)bare->connection; p < partitions; p += (int32_t)lane->options->connections)
        mine[bare->partition_count++] = p;
    if (wf_store_take_slot(bare->store, &slot, &lane->error) != WF_VERDICT_OK ||
        wf_store_claim(bare->store, mine, (size_t)bare->partition_count, claims, &lane->error) != WF_VERDICT_OK)
        return false;
    for (int32_t p = 0; p < bare->partition_count; p++) {
        bare->partitions[p].partition = claims[p].partition;
        bare->partitions[p].epoch = claims[p].epoch;
    }
    return true;
}

static bool
lane_open(struct lane *lane)
{
    struct bare *bare = &lane->bare;
    struct wf_catalog catalog;

    if (!wf_store_open(lane->settings, &bare->store, &lane->error) ||
        wf_store_catalog(bare->store, &catalog, &lane->error) != WF_VERDICT_OK)
        return false;
    if (catalog.partitions < (int32_t)lane->options->connections || catalog.partitions > 64)
        return wf_fail(&lane->error, WF_FATE_FATAL, "%d partitions for %u connections", (int)catalog.partitions,
                       lane->options->connections);
    bare->origin = wf_clock_now();
    bare->cohort = lane->options->batch / BARE_STEPS;
    size_t events = (size_t)bare->cohort * BARE_EVENTS;
    if (!claim(lane, catalog.partitions))
        return false;
    for (size_t e = 0; e < events / (size_t)bare->partition_count; e++)
        bare_event(&bare->events, e + 1);
    return !lane->options->bus || bare_bus_open(lane->settings, bare->connection, &lane->bus, &lane->error);
}

static void
lane_close(struct lane *lane)
{
    bare_bus_close(lane->bus);
    wf_store_close(lane->bare.store);
    wf_buf_drop(&lane->bare.events);
}

static void *
run_lane(void *context)
{
    struct lane *lane = context;

    for (uint32_t unit = 0; !stop && !failed; unit++) {
        uint64_t before = lane->bare.commands;
        if (!bare_unit(&lane->bare, unit, &lane->error) ||
            (lane->bus && !bare_bus_unit(lane->bus, (uint32_t)(lane->bare.commands - before), &lane->error)))
            failed = true;
        lane->commands = lane->bare.commands;
        lane->units = lane->bare.units;
    }
    return NULL;
}

static void
count(const struct lane *lanes, uint32_t count, uint64_t *ret_commands, uint64_t *ret_units)
{
    *ret_commands = *ret_units = 0;
    for (uint32_t i = 0; i < count; i++) {
        *ret_commands += lanes[i].commands;
        *ret_units += lanes[i].units;
    }
}

static void
wait_for(uint32_t seconds)
{
    int64_t limit = wf_clock_monotonic() + (int64_t)seconds * WF_SECOND;

    while (!stop && !failed && wf_clock_monotonic() < limit)
        usleep(STEP_US);
}

static void
measure(const struct lane *lanes, const struct options *options)
{
    uint64_t commands[2], units[2];

    wait_for(options->warm_up);
    puts("measuring");
    fflush(stdout);
    int64_t from = wf_clock_monotonic();
    count(lanes, options->connections, &commands[0], &units[0]);
    wait_for(options->length);
    int64_t to = wf_clock_monotonic();
    count(lanes, options->connections, &commands[1], &units[1]);
    puts("measured");
    double seconds = (double)(to - from) / (double)WF_SECOND, done = (double)(commands[1] - commands[0]);
    double batch = units[1] > units[0] ? done / (double)(units[1] - units[0]) : 0;
    printf("result {\"commands_per_s\":%.1f,\"seconds\":%.3f,\"measured_commands\":%.0f,\"commands_per_batch\":%.1f}\n",
           done / seconds, seconds, done, batch);
    fflush(stdout);
}

static void
on_signal(int number)
{
    (void)number;
    stop = true;
}

static bool
read_option(const char *text, struct options *options)
{
    struct {
        const char *name;
        uint32_t *value;
    } known[] = {{"connections=", &options->connections}, {"batch=", &options->batch},  {"bus=", &options->bus},
                 {"warm-up=", &options->warm_up},         {"length=", &options->length}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].name);
        if (strncmp(text, known[i].name, length) == 0)
            return sscanf(text + length, "%" SCNu32, known[i].value) == 1;
    }
    return false;
}

static int
run(const struct wf_settings *settings, const struct options *options)
{
    static struct lane lanes[CONNECTIONS_MAX];
    uint32_t opened = 0;

    for (; opened < options->connections && !failed; opened++) {
        lanes[opened].options = options;
        lanes[opened].settings = settings;
        lanes[opened].bare.connection = opened;
        if (!lane_open(&lanes[opened]))
            failed = true;
    }
    for (uint32_t i = 0; i < opened && !failed; i++)
        if (pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) != 0)
            abort();
    if (!failed)
        measure(lanes, options);
    stop = true;
    for (uint32_t i = 0; i < opened; i++) {
        if (lanes[i].thread)
            pthread_join(lanes[i].thread, NULL);
        if (lanes[i].error.message[0])
            fprintf(stderr, "bench-bare: %s\n", lanes[i].error.message);
        lane_close(&lanes[i]);
    }
    return failed;
}

int
main(int argc, char **argv)
{
    struct options options = {.connections = 1, .batch = 1000, .warm_up = 5, .length = 20};
    struct wf_settings settings;
    struct wf_error error = {0};
    bool usable = wf_settings_read(WF_PROGRAM_CLIENT, &argc, argv, &settings, &error);

    for (int i = 1; usable && i < argc; i++)
        if (!read_option(argv[i], &options))
            usable = wf_fail(&error, WF_FATE_FATAL, "unrecognized option \"%s\"", argv[i]);
    if (usable && (!options.connections || options.connections > CONNECTIONS_MAX || options.batch < BARE_STEPS))
        usable = wf_fail(&error, WF_FATE_FATAL, "1 to %d connections, and a batch of at least 5", CONNECTIONS_MAX);
    if (!usable) {
        fprintf(stderr, "bench-bare: %s\n", error.message);
        return WF_EXIT_USAGE;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return run(&settings, &options);
}
