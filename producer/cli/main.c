/*
 * main.c - the table of commands, and the way to them.
 */
#include <errno.h>
#include <signal.h>

#include "cli.h"

#ifndef PAWL_VERSION
#define PAWL_VERSION "0"
#endif

static const char db_migrate_details[] =
    "Steps that the database has not taken are taken once; functions, views and roles are replaced.\n"
    "All in one transaction; running it again changes nothing.\n";
static const char institution_load_details[] =
    "FILE is JSON; \"-\" is standard input.  What the file does not list stays, unless it says \"replace\": true.\n";
static const char authorize_details[] =
    "Without --process and --act it covers all of the grantor's tasks.  There is one authorization for each grantor,\n"
    "grantee, process and activity: another one takes its place.\n";
static const char revoke_details[] =
    "The one with exactly this process and activity; exit code 7 if there is none.  Tasks in hand stay.\n";
static const char task_get_details[] =
    "Without TASK the oldest one that the person may do is taken.\n";
static const char task_reassign_details[] =
    "Without --to-staff, --to-department, --to-team and --to-role the assignment rule decides again.\n";
static const char task_fail_details[] =
    "The job is announced again, after a while, or becomes an incident if it has failed too often.\n";
static const char incident_retry_details[] =
    "A job is announced once more; a deadline's action is taken now, and if that is refused again the incident stays.\n";
static const char set_variables_details[] =
    "VARIABLES is a JSON object; its members replace the instance's, the others stay.\n";
static const char suspend_details[] =
    "Nobody can take a task of it and nothing moves until it is resumed; work in hand can be ended.\n";
static const char modify_details[] =
    "What is to be withdrawn is withdrawn before anything is started.\n";
static const char subscribe_details[] =
    "Events come with the ids they have on the state topics.  TOPIC must exist and match replyto_pattern.  A topic has one\n"
    "subscription to an instance: another one takes its place.  Where --requester names an instance, that one is told of\n"
    "changes of state by the command notify; TOPIC is then its engine's command.control.\n";
static const char notify_details[] =
    "Engines do this by themselves.  A task that waits for the other instance ends when that is completed; what an\n"
    "INSTANCE is told is recorded as an event of it and changes nothing.\n";
static const char pause_starts_details[] =
    "The database says so; workers notice within a second or so, and leave the commands in their topic, in order.\n"
    "Tasks are taken and ended as before.  Sub-processes are instances too: they wait as well.\n";
static const char db_restored_details[] =
    "Workers stop with an exit code of their own when more was published than the database knows.  After this they\n"
    "apply again the commands that came after the backup; what they decide may differ from the first time, so\n"
    "their events bear the new incarnation (ce_incarnation).\n"
    "What an incarnation published that this database never was is another database's, and refused.  A backup from\n"
    "before an earlier restore does not know that either: then, and only then, --from says so.\n";
static const char db_prune_details[] =
    "History is kept by the month, and months are dropped as a whole: of an instance that runs for longer, the older\n"
    "tasks go too.  Finished instances go with the ids of their commands, so a command of then would take effect again.\n";
static const char db_split_details[] =
    "One database becomes several when all workers are stopped, the database is copied, and each copy keeps its share:\n"
    "first the copy that keeps its number, then the others, with --beside.  What belongs to the others is deleted.\n"
    "docs/databases.md has the steps.\n";
static const char offsets_accept_details[] =
    "Workers stop a partition when a topic no longer has the place where they were: retention ate commands, or the\n"
    "topic was made anew.  This moves such places, and only such, and the workers go on by themselves.\n";
static const char dead_letter_replay_details[] =
    "Each goes to the topic and partition that it came from, as it came, under its id (or the place where it lay, if\n"
    "it had none): what took effect meanwhile does not take effect again.  A dead letter stays where it is.\n";
static const char verify_details[] =
    "Reads the state topics from their beginning, one partition after the other, and says of each instance and task\n"
    "what differs from the tables, and which event is missing, came twice or out of order.  The engine may work\n"
    "meanwhile.  Events that the tables count and that do not come within the timeout are missing.\n";
static const char task_list_details[] =
    "--staff lists what the person holds, or may take: their own, their groups', and on the authorization of others.\n";
static const char process_status_details[] =
    "With PROCESS its activities too: open tasks, and how long they have waited so far, on average.\n";
static const char report_work_details[] =
    "Counted are tasks of people and programs that ended from --from on and before --to.  A task is of who ended it, with\n"
    "all its time; a department or team has the work of all below it, a role that of the activities assigned by it.\n"
    "\"handed on\" is how often a task left somebody's hands and stayed open; \"open\" what is theirs at this moment.  Times are\n"
    "seconds in json and csv; periods begin in UTC.\n";
static const char command_send_details[] =
    "Each line is a command:\n"
    "  {\"command\": \"init-instance|get-task|end-task|control|admin\", \"data\": {...}, \"id\"?: ..., \"key\"?: ...,\n"
    "   \"correlationid\"?: ..., \"traceparent\"?: ..., \"replyto\"?: ..., \"outcome\"?: \"always|rejected\"}\n"
    "With --wait, each outcome is a line, in order of arrival: {\"id\": ..., \"outcome\": {...}}.  Where there is none,\n"
    "the outcome is null and \"error\" says why; a line that was not sent has its number as \"line\".  The exit code is that\n"
    "of the first failure.\n";

static const struct cli_verb verbs[] = {
    {"db", "migrate", "", 0, 0, "install the schema in the database, or bring it up to date", db_migrate_details,
     NULL, cli_db_migrate},
    {"topics", "apply", "", 0, 0, "create the topics of the engine", NULL,
     cli_topics_apply_options, cli_topics_apply},
    {"institution", "load", "FILE", 1, 1, "load people, groups and authorizations", institution_load_details,
     cli_institution_load_options, cli_institution_load},
    {"person", "set-presence", "STAFF", 1, 1, "say who is logged on, who is on leave, and who is back", NULL,
     cli_person_set_presence_options, cli_person_set_presence},
    {"person", "authorize", "GRANTOR GRANTEE", 2, 2, "let somebody do another's tasks", authorize_details,
     cli_person_authorize_options, cli_person_authorization},
    {"person", "revoke", "GRANTOR GRANTEE", 2, 2, "take an authorization back", revoke_details,
     cli_person_revoke_options, cli_person_authorization},
    {"process", "deploy", "FILE", 1, 1, "deploy a process definition", NULL,
     cli_process_deploy_options, cli_process_deploy},
    {"process", "list", "", 0, 0, "list the processes", NULL,
     NULL, cli_process_list},
    {"process", "status", "[PROCESS]", 0, 1, "instances by state, and where open tasks wait", process_status_details,
     NULL, cli_process_status},
    {"process", "show", "PROCESS", 1, 1, "print a definition in the file format", NULL,
     cli_process_show_options, cli_process_show},
    {"instance", "start", "PROCESS", 1, 1, "begin an instance, and print its id", NULL,
     cli_instance_start_options, cli_instance_start},
    {"instance", "list", "", 0, 0, "list instances", NULL,
     cli_instance_list_options, cli_instance_list},
    {"instance", "show", "INSTANCE", 1, 1, "print an instance: who waits for what, and its path so far", NULL,
     NULL, cli_instance_show},
    {"instance", "set-entity", "INSTANCE ENTITY", 2, 2, "set the entity it is about", NULL,
     cli_instance_operation_options, cli_instance_set_entity},
    {"instance", "set-variables", "INSTANCE VARIABLES", 2, 2, "set variables of it", set_variables_details,
     cli_instance_operation_options, cli_instance_set_variables},
    {"instance", "suspend", "INSTANCE", 1, 1, "suspend it", suspend_details,
     cli_instance_suspend_options, cli_instance_operation},
    {"instance", "resume", "INSTANCE", 1, 1, "let it go on from where it was", NULL,
     cli_instance_suspend_options, cli_instance_operation},
    {"instance", "cancel", "INSTANCE", 1, 1, "end it and withdraw its open tasks", NULL,
     cli_instance_operation_options, cli_instance_operation},
    {"instance", "modify", "INSTANCE", 1, 1, "start an activity, withdraw a task, check again", modify_details,
     cli_instance_modify_options, cli_instance_modify},
    {"instance", "subscribe", "INSTANCE TOPIC", 2, 2, "repeat its events on a topic", subscribe_details,
     cli_instance_subscribe_options, cli_instance_subscription},
    {"instance", "unsubscribe", "INSTANCE TOPIC", 2, 2, "repeat them there no more", NULL,
     cli_instance_unsubscribe_options, cli_instance_subscription},
    {"instance", "notify", "INSTANCE|TASK", 1, 1, "tell it, or the task that waits, of another instance", notify_details,
     cli_instance_notify_options, cli_instance_notify},
    {"instance", "pause-starts", "", 0, 0, "let no worker begin instances until they are resumed", pause_starts_details,
     NULL, cli_instance_starts},
    {"instance", "resume-starts", "", 0, 0, "begin instances again, those first that waited", NULL,
     NULL, cli_instance_starts},
    {"task", "get", "[TASK]", 0, 1, "take a task, or the next one", task_get_details,
     cli_task_get_options, cli_task_get},
    {"task", "end", "TASK", 1, 1, "end a task", NULL,
     cli_task_end_options, cli_task_end},
    {"task", "hang", "TASK", 1, 1, "put a task in hand aside", NULL,
     cli_task_hold_options, cli_task_hold},
    {"task", "reset", "TASK", 1, 1, "take it up again", NULL,
     cli_task_hold_options, cli_task_hold},
    {"task", "release", "TASK", 1, 1, "give a task in hand back", NULL,
     cli_task_release_options, cli_task_release},
    {"task", "reassign", "TASK", 1, 1, "give a task to somebody else", task_reassign_details,
     cli_task_reassign_options, cli_task_reassign},
    {"task", "extend", "TASK", 1, 1, "renew the time limit that runs for a task", NULL,
     cli_task_extend_options, cli_task_extend},
    {"task", "fail", "TASK", 1, 1, "report that a program could not do its task", task_fail_details,
     cli_task_fail_options, cli_task_fail},
    {"task", "list", "", 0, 0, "list open tasks", task_list_details,
     cli_task_list_options, cli_task_list},
    {"incident", "list", "", 0, 0, "list failures that wait for an operator", NULL,
     cli_incident_list_options, cli_incident_list},
    {"incident", "retry", "INCIDENT", 1, 1, "try again what failed", incident_retry_details,
     cli_instance_operation_options, cli_incident_retry},
    {"report", "work", "", 0, 0, "how much work was done, by whom, and how long it took", report_work_details,
     cli_report_work_options, cli_report_work},
    {"state", "watch", "", 0, 0, "print the events of tasks and instances as they happen", NULL,
     cli_state_watch_options, cli_state_watch},
    {"db", "prune", "", 0, 0, "remove the history of months that are past, and instances that had finished",
     db_prune_details, cli_db_prune_options, cli_db_prune},
    {"db", "restored", "", 0, 0, "accept that the database was restored to an earlier time", db_restored_details,
     cli_db_restored_options, cli_db_restored},
    {"db", "split", "", 0, 0, "keep of a copy of the database what is this one's share of the partitions", db_split_details,
     cli_db_split_options, cli_db_split},
    {"offsets", "show", "", 0, 0, "show where the engine reads the command topics", NULL,
     cli_offsets_show_options, cli_offsets_show},
    {"offsets", "accept", "", 0, 0, "go on in topics that are not as they were", offsets_accept_details,
     cli_offsets_accept_options, cli_offsets_accept},
    {"dead-letter", "list", "", 0, 0, "list what the engine could not understand", NULL,
     cli_dead_letter_options, cli_dead_letter_list},
    {"dead-letter", "show", "LETTER", 1, 1, "print a dead letter as it came", NULL,
     NULL, cli_dead_letter_show},
    {"dead-letter", "replay", "[LETTER]", 0, 1, "send dead letters again", dead_letter_replay_details,
     cli_dead_letter_options, cli_dead_letter_replay},
    {"verify", "", "", 0, 0, "compare the tables with what the events say", verify_details,
     cli_verify_options, cli_verify},
    {"command", "send", "", 0, 0, "send the commands that come on standard input", command_send_details,
     cli_command_send_options, cli_command_send},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void
print_common(FILE *out)
{
    fputs("\nsettings, also from PAWL_… in the environment and from the file of --config:\n", out);
    wf_settings_help(WF_PROGRAM_CLIENT, out);
    fputs("  -o text|json|csv           the same as --output\n"
          "  --timeout SECONDS          the same as --timeout-ms, in seconds\n"
          "\nexit codes:\n", out);
#define X(name, code, meaning) fprintf(out, "  %d  %s\n", code, meaning);
    CLI_EXIT_MAP(X)
#undef X
}

static void
print_help(FILE *out, const char *noun)
{
    fputs("usage: pawl NOUN VERB [ARGUMENTS] [FLAGS]\n\n", out);
    for (int i = 0; i < VERBS; i++) {
        char usage[64];
        if (noun && strcmp(noun, verbs[i].noun) != 0)
            continue;
        snprintf(usage, sizeof usage, "%s%s%s %s", verbs[i].noun, *verbs[i].verb ? " " : "", verbs[i].verb,
                 verbs[i].arguments);
        fprintf(out, "  pawl %-42s %s\n", usage, verbs[i].help);
    }
    fputs("\n\"pawl NOUN VERB --help\" says more.\n", out);
}

static void
print_verb_help(const struct cli_verb *verb)
{
    printf("usage: pawl %s%s%s%s%s [FLAGS]\n\n%s\n", verb->noun, *verb->verb ? " " : "", verb->verb,
           *verb->arguments ? " " : "", verb->arguments, verb->help);
    if (verb->details)
        printf("\n%s", verb->details);
    if (verb->options)
        fputs("\nflags:\n", stdout);
    for (const struct cli_option *option = verb->options; option && option->name; option++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s %s", option->name, option->value ? option->value : "");
        printf("  %-26s %s\n", flag, option->help);
    }
    print_common(stdout);
}

/* The command of the first two words, or of the first alone. */
static const struct cli_verb *
verb_find(int argc, char **argv)
{
    for (int i = 0; argc > 1 && i < VERBS; i++)
        if (strcmp(verbs[i].noun, argv[1]) == 0 &&
            (!*verbs[i].verb || (argc > 2 && strcmp(verbs[i].verb, argv[2]) == 0)))
            return &verbs[i];
    return NULL;
}

static bool
is_noun(const char *noun)
{
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].noun, noun) == 0)
            return true;
    return false;
}

static bool
asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static enum cli_exit
usage_fail(int argc, char **argv)
{
    if (argc > 2 && is_noun(argv[1]))
        cli_fail(CLI_USAGE, "unrecognized command \"%s %s\"", argv[1], argv[2]);
    else if (argc > 1 && !is_noun(argv[1]))
        cli_fail(CLI_USAGE, "unrecognized command \"%s\"", argv[1]);
    print_help(stderr, argc > 1 && is_noun(argv[1]) ? argv[1] : NULL);
    return CLI_USAGE;
}

/* Of the same columns all, so that CSV makes sense. */
static bool
prints_rows(const struct cli_verb *verb)
{
    return strcmp(verb->verb, "list") == 0 || strcmp(verb->noun, "report") == 0;
}

static enum cli_exit
run(struct cli *cli, int argc, char **argv)
{
    enum cli_exit code = cli_arguments_read(cli, argc - 1, argv + 1);

    if (code)
        return code;
    cli->json = strcmp(cli->settings.output, "json") == 0;
    cli->csv = strcmp(cli->settings.output, "csv") == 0;
    if (cli->csv && !prints_rows(cli->verb))
        return cli_fail(CLI_USAGE, "--output: csv is for lists and reports");
    code = cli->verb->run(cli);
    if (fflush(stdout) == 0 || code)
        return code;
    return errno == EPIPE ? CLI_INTERNAL /* the reader has seen enough */
                          : cli_fail(CLI_INTERNAL, "could not write to standard output: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
    struct cli cli = {0};
    struct wf_error error;
    bool help = asks_for_help(argc, argv);

    signal(SIGPIPE, SIG_IGN);
    if (!help && !wf_settings_read(WF_PROGRAM_CLIENT, &argc, argv, &cli.settings, &error))
        return cli_fail(CLI_USAGE, "%s", error.message);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("pawl " PAWL_VERSION);
        return CLI_OK;
    }

    cli.verb = verb_find(argc, argv);
    if (help && cli.verb) {
        print_verb_help(cli.verb);
        return CLI_OK;
    }
    if (help) {
        print_help(stdout, argc > 1 && is_noun(argv[1]) ? argv[1] : NULL);
        print_common(stdout);
        return CLI_OK;
    }
    if (cli.verb)
        return run(&cli, argc, argv);
    return usage_fail(argc, argv);
}
