/* pawl-worker - the engine worker. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "worker.h"

static void
stop(int signal_number)
{
    (void)signal_number;
    wf_worker_stop = 1;
}

static void
help(void)
{
    puts("pawl-worker - the engine worker of Pawl\n\n"
         "Takes commands from Kafka, applies them in PostgreSQL and publishes the events.  Any number\n"
         "may run, on any number of hosts; SIGTERM drains and leaves the group.\n\n"
         "--version prints the version, --print-settings [sample] the table of settings or a sample file.\n\n"
         "Settings (flag, or PAWL_NAME in the environment, or name = value in the file of --config):");
    wf_settings_help(WF_PROGRAM_WORKER, stdout);
    puts("\nExit codes: 0 stopped on request, 1 internal error, 2 wrong settings, 10 database unusable,\n"
         "11 Kafka unusable, 12 database restored to an earlier time, 13 no progress, 14 out of memory.");
}

int
main(int argc, char **argv)
{
    struct wf_settings settings;
    struct wf_error error;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        help();
        return WF_EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("pawl-worker " PAWL_VERSION);
        return WF_EXIT_OK;
    }
#ifdef PAWL_FAULTS
    if (argc > 1 && strcmp(argv[1], "--faults") == 0) {
        wf_faults_print(WF_FAULT_OF_WORKER, stdout);
        return WF_EXIT_OK;
    }
#endif
    if (argc > 1 && strcmp(argv[1], "--print-settings") == 0) { /* for worker/settings.md and deploy/pawl.conf.sample */
        if (argc > 2 && strcmp(argv[2], "sample") == 0)
            wf_settings_print_sample(stdout);
        else
            wf_settings_print_markdown(stdout);
        return WF_EXIT_OK;
    }
    if (!wf_settings_read(WF_PROGRAM_WORKER, &argc, argv, &settings, &error)) {
        fprintf(stderr, "pawl-worker: %s\n", error.message);
        return WF_EXIT_USAGE;
    }
    if (argc > 1) {
        fprintf(stderr, "pawl-worker: unrecognized argument \"%s\"; see --help\n", argv[1]);
        return WF_EXIT_USAGE;
    }
    char name[32];
    snprintf(name, sizeof name, "%ld", (long)getpid());
    wf_log_open(wf_log_level_of(settings.log_level), strcmp(settings.log_format, "json") == 0, "pawl-worker", name);

    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return wf_worker_run(&settings);
}
