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

/* Prints what a flag asks for instead of working; false if it asks for nothing of that kind. */
static bool
print(const char *flag, const char *next)
{
    if (strcmp(flag, "--help") == 0)
        help();
    else if (strcmp(flag, "--version") == 0)
        puts("pawl-worker " PAWL_VERSION);
#ifdef PAWL_FAULTS
    else if (strcmp(flag, "--faults") == 0)
        wf_faults_print(WF_FAULT_OF_WORKER, stdout);
#endif
    else if (strcmp(flag, "--print-settings") != 0) /* for worker/settings.md and deploy/pawl.conf.sample */
        return false;
    else if (next && strcmp(next, "sample") == 0)
        wf_settings_print_sample(stdout);
    else
        wf_settings_print_markdown(stdout);
    return true;
}

int
main(int argc, char **argv)
{
    struct wf_settings settings;
    struct wf_error error;

    for (int i = 1; i < argc; i++)
        if (print(argv[i], argv[i + 1]))
            return WF_EXIT_OK;
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
