/* pawl-executor - runs local programs for automation tasks. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "executor.h"

static void
stop(int signal_number)
{
    (void)signal_number;
    wf_executor_stops = wf_executor_stops + 1;
}

/* The loop has not gone round for a minute: its programs die with it, and others take its work. */
static void
end_itself(int signal_number)
{
    (void)signal_number;
    _exit(WF_EXIT_WATCHDOG);
}

static void
help(void)
{
    puts("pawl-executor - runs local programs for the automation tasks of Pawl\n\n"
         "    pawl-executor --config executor.conf [--NAME VALUE …]\n"
         "    pawl-executor --config executor.conf --check\n\n"
         "Takes the jobs of the executives that its configuration names, runs a program for each, and ends the task\n"
         "by the program's exit status, or reports that it failed.  Any number may run, on any number of hosts: they\n"
         "share the jobs.  SIGTERM stops taking, waits for what runs and gives back what does not end in time (a\n"
         "second one gives it back at once); however the executor ends, its programs do not outlive it.\n\n"
         "--check reads the configuration and says what is wrong with it; --version prints the version.\n\n"
         "Settings (flag, or PAWL_NAME in the environment, or name = value before the first section of the file):");
    wf_settings_help(WF_PROGRAM_EXECUTOR, stdout);
    puts("\nSections: [NAME] begins an executive, the auto_executive of activities; its settings, name = value:");
    wf_executives_help(stdout);
    puts("\nTemplates: {name} is a value of the job, {name:-text} has a text for where there is none, {{ and }} are braces.\n"
         "Values: task_id, instance_id, process_id, version, act_id, entity_id, auto_executive, attempt, flags, due_at,\n"
         "executor_id, variables, variables.PATH (variables.order.lines.0.sku), job (the whole job as JSON).\n"
         "\nExit codes: 0 stopped on request, 1 internal error, 2 wrong settings, 11 Kafka unusable, 13 no progress,\n"
         "14 out of memory.");
}

static enum wf_exit
usage(const char *message)
{
    fprintf(stderr, "pawl-executor: %s\n", message);
    return WF_EXIT_USAGE;
}

/* Descriptors 0 to 2 are open, so that no pipe of ours becomes one of them. */
static void
open_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    if (fd >= 3)
        close(fd);
}

static void
set_signals(void)
{
    struct sigaction on_stop = {.sa_handler = stop}, on_alarm = {.sa_handler = end_itself};

    sigaction(SIGTERM, &on_stop, NULL);
    sigaction(SIGINT, &on_stop, NULL);
    sigaction(SIGALRM, &on_alarm, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The arguments that are not settings; WF_EXIT_OK with *ret_check. */
static enum wf_exit
read_arguments(int argc, char **argv, bool *ret_check)
{
    char message[300];

    *ret_check = argc > 1 && strcmp(argv[1], "--check") == 0;
    if (argc <= 1 + (int)*ret_check)
        return WF_EXIT_OK;
    snprintf(message, sizeof message, "unrecognized argument \"%s\"; see --help", argv[1 + (int)*ret_check]);
    return usage(message);
}

static enum wf_exit
run(const struct wf_settings *settings, bool check)
{
    struct wf_executives executives;
    struct wf_error error;
    char name[32];

    if (!settings->config)
        return usage("which file configures it? --config FILE, or PAWL_CONFIG");
    if (!wf_executives_read(settings->config, &executives, &error))
        return usage(error.message);
    for (size_t i = 0; check && i < executives.count; i++)
        printf("%s: %s\n", executives.list[i].name, executives.list[i].set.program);

    enum wf_exit code = WF_EXIT_OK;
    if (!check) {
        snprintf(name, sizeof name, "%ld", (long)getpid());
        wf_log_open(wf_log_level_of(settings->log_level), strcmp(settings->log_format, "json") == 0, "pawl-executor", name);
        set_signals();
        code = wf_executor_run(settings, &executives);
    }
    wf_executives_drop(&executives);
    return code;
}

/* Prints what a flag asks for instead of working; false if it asks for nothing of that kind. */
static bool
print(const char *flag)
{
    if (strcmp(flag, "--help") == 0)
        help();
    else if (strcmp(flag, "--version") == 0)
        puts("pawl-executor " PAWL_VERSION);
#ifdef PAWL_FAULTS
    else if (strcmp(flag, "--faults") == 0)
        wf_faults_print(WF_FAULT_OF_EXECUTOR, stdout);
#endif
    else
        return false;
    return true;
}

int
main(int argc, char **argv)
{
    struct wf_settings settings;
    struct wf_error error;
    bool check;

    open_standard_descriptors();
    for (int i = 1; i < argc; i++)
        if (print(argv[i]))
            return WF_EXIT_OK;
    if (!wf_settings_read(WF_PROGRAM_EXECUTOR, &argc, argv, &settings, &error))
        return usage(error.message);
    enum wf_exit code = read_arguments(argc, argv, &check);
    return (int)(code ? code : run(&settings, check));
}
