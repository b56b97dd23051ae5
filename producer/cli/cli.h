/*
 * cli.h - what all commands of `pawl` share.
 *
 * A command is a row of the table in main.c: noun, verb, arguments, options, help, function.  The
 * function returns an exit code; whoever finds a failure prints it with cli_fail().
 */
#ifndef CLI_H
#define CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/settings.h"
#include "pawl.h"

/* NAME, code, meaning: the table that `pawl --help` prints. */
#define CLI_EXIT_MAP(X)                                                        \
    X(OK,        0, "done")                                                    \
    X(INTERNAL,  1, "internal error, or Kafka or the database refused")        \
    X(USAGE,     2, "the command line or a setting is wrong")                  \
    X(REJECTED,  3, "the engine rejected the command")                         \
    X(TIMEOUT,   4, "no answer in time: the command may yet take effect")      \
    X(KAFKA,     5, "Kafka cannot be reached, or has no topics of the engine") \
    X(DATABASE,  6, "the database cannot be reached, or has no schema")        \
    X(NOT_FOUND, 7, "there is no such thing")                                  \
    X(FILE,      8, "a file or an input line is invalid")                      \
    X(DIFFERENT, 9, "the tables and the events differ")

enum cli_exit {
#define X(name, code, meaning) CLI_##name = code,
    CLI_EXIT_MAP(X)
#undef X
};

struct cli_option {
    const char *name;  /* "staff" for --staff; NULL ends the list */
    const char *value; /* what to write for its value in the help; NULL: it takes none */
    const char *help;
};

enum { CLI_OPTIONS = 12, CLI_ARGUMENTS = 2 };

struct cli;

struct cli_verb {
    const char *noun, *verb; /* verb "": the noun is the whole command */
    const char *arguments; /* as in the usage line */
    int least, most;       /* how many arguments */
    const char *help;    /* one line */
    const char *details; /* more for --help; NULL: none */
    const struct cli_option *options;
    enum cli_exit (*run)(struct cli *cli);
};

struct cli {
    struct wf_settings settings;
    const struct cli_verb *verb;
    bool json;               /* -o json */
    bool csv;                /* -o csv */
    bool timeout_given;      /* --timeout; its value is in settings.timeout_ms */
    int count;               /* of arguments */
    const char *arguments[CLI_ARGUMENTS];
    const char *values[CLI_OPTIONS]; /* of the verb's options, in their order; NULL: not given */
};

/* ---- command line (arguments.c) ---- */

/* Fills cli from what is left of the command line; argv[0] and argv[1] are noun and verb. */
enum cli_exit cli_arguments_read(struct cli *cli, int argc, char **argv);

/* The value of an option of the verb, "" for one without a value, or NULL. */
const char *cli_option(const struct cli *cli, const char *name);

/* A whole number of an option, or `otherwise`; cli_arguments_read() is not asked, so it can fail. */
enum cli_exit cli_number(const struct cli *cli, const char *name, long low, long high, long otherwise, long *ret_number);

/* Whether the value of an option, if it is given, is one of words separated by '|'. */
enum cli_exit cli_choice(const struct cli *cli, const char *name, const char *words);

/* ---- messages (arguments.c) ---- */

/* Prints "pawl: …" on standard error and returns the exit code. */
enum cli_exit cli_fail(enum cli_exit code, const char *format, ...) WF_PRINTF(2, 3);

/* Prints a line that says what to do. */
void cli_hint(const char *format, ...) WF_PRINTF(1, 2);

/* ---- the bus (bus.c) ---- */

/* Settings of libpawl, which the caller frees; NULL after a message, with *ret_exit. */
pawl_settings *cli_bus_settings(const struct cli *cli, enum cli_exit *ret_exit);

enum cli_exit cli_client_open(const struct cli *cli, pawl_client **ret_client);

/* Prints pawl_message() with what to do about it. */
enum cli_exit cli_status(const struct cli *cli, enum pawl_status status);

/*
 * Opens a client, sends the command, waits and frees the command.  CLI_OK with the outcome if it
 * took effect; otherwise it was said why.  With -o json the outcome was printed in either case.
 */
enum cli_exit cli_call(const struct cli *cli, pawl_command *command, pawl_outcome **ret_outcome);

/* The exit code of an outcome; says what failed. */
enum cli_exit cli_outcome_exit(const pawl_outcome *outcome);

/* Prints a JSON document as one line. */
void cli_print_json(const char *json);

/* ---- topics (admin.c) ---- */

struct cli_topic {
    char name[260];
    bool compact;
    bool large; /* takes messages larger than the brokers' default */
    bool exists;
    bool ready;     /* it exists, and each partition has a leader */
    int partitions; /* if it exists */
};

struct cli_admin;

enum cli_exit cli_admin_open(const struct cli *cli, struct cli_admin **ret_admin);
void cli_admin_close(struct cli_admin *admin);

/* Fills in `exists` and `partitions`. */
enum cli_exit cli_admin_look(struct cli_admin *admin, struct cli_topic *topics, size_t count);

/* Creates those that do not exist; replication -1: as the brokers have it. */
enum cli_exit cli_admin_create(struct cli_admin *admin, const struct cli_topic *topics, size_t count, int partitions,
                               int replication);

/* The name of the topic of an executive; false if Kafka does not allow it as a name. */
bool cli_job_topic(const struct cli *cli, const char *executive, struct cli_topic *ret_topic);

/* ---- files (file.c) ---- */

/* Reads a file ("-": standard input) as a JSON object; says where it is wrong. */
enum cli_exit cli_file_read(const char *path, struct wf_buf *ret_text, cJSON **ret_json);

/* Whether the text of an option is a JSON object. */
enum cli_exit cli_json_check(const char *option, const char *text);

/* ---- tasks (task.c) ---- */

/* Whether it is an instance id, a colon and a number. */
enum cli_exit cli_task_id_check(const char *task_id);

/* Prints the members of the outcome's task that a person looks for first. */
void cli_task_print(const pawl_outcome *outcome);

/* Prints the tasks that the command started. */
void cli_started_print(const pawl_outcome *outcome);

/* ---- operations of the control topic (operation.c) ---- */

/* Options of many of them. */
#define CLI_ASKER {"staff", "ID", "who asks, a member of staff"}, {"actor", "NAME", "who or what asks otherwise"}
#define CLI_REASON {"reason", "TEXT", "why; recorded"}
#define CLI_ASKED_BY CLI_ASKER, CLI_REASON

/* Whether it is a UUID. */
enum cli_exit cli_instance_id_check(const char *id);

/* A command of the operation on the first argument, the member `of`; with who asks and why, where options say so. */
pawl_command *cli_operation_new(const struct cli *cli, const char *operation, const char *of);

/* Sends the command, which it frees, and prints the outcome. */
enum cli_exit cli_operation_call(const struct cli *cli, pawl_command *command, void (*print)(const pawl_outcome *));

/* Prints the instance's id and state, and the tasks that the command started. */
void cli_instance_print(const pawl_outcome *outcome);

/* ---- the databases of one engine (share.c) ---- */

/* Which partitions a database has: every `databases`-th, from `number` on. */
struct cli_share {
    long partitions, databases, number;
};

/* Fails when somebody has worked on a partition of a database that is new, and so of another one. */
enum cli_exit cli_share_check(const struct cli *cli, const struct cli_share *share);

/* ---- the commands, one file per noun; the operations of the control topic in operation.c and interaction.c ---- */

enum cli_exit cli_db_migrate(struct cli *cli);
enum cli_exit cli_topics_apply(struct cli *cli);
enum cli_exit cli_institution_load(struct cli *cli);
enum cli_exit cli_person_set_presence(struct cli *cli);
enum cli_exit cli_person_authorization(struct cli *cli); /* authorize, revoke */
enum cli_exit cli_process_deploy(struct cli *cli);
enum cli_exit cli_process_list(struct cli *cli);
enum cli_exit cli_process_show(struct cli *cli);
enum cli_exit cli_instance_start(struct cli *cli);
enum cli_exit cli_instance_list(struct cli *cli);
enum cli_exit cli_instance_show(struct cli *cli);
enum cli_exit cli_task_get(struct cli *cli);
enum cli_exit cli_task_end(struct cli *cli);
enum cli_exit cli_task_list(struct cli *cli);
enum cli_exit cli_task_hold(struct cli *cli); /* hang, reset */
enum cli_exit cli_task_release(struct cli *cli);
enum cli_exit cli_task_reassign(struct cli *cli);
enum cli_exit cli_task_extend(struct cli *cli);
enum cli_exit cli_task_fail(struct cli *cli);
enum cli_exit cli_incident_list(struct cli *cli);
enum cli_exit cli_incident_retry(struct cli *cli);
enum cli_exit cli_instance_set_entity(struct cli *cli);
enum cli_exit cli_instance_set_variables(struct cli *cli);
enum cli_exit cli_instance_operation(struct cli *cli); /* suspend, resume, cancel */
enum cli_exit cli_instance_modify(struct cli *cli);
enum cli_exit cli_instance_subscription(struct cli *cli); /* subscribe, unsubscribe */
enum cli_exit cli_instance_notify(struct cli *cli);
enum cli_exit cli_instance_starts(struct cli *cli); /* pause-starts, resume-starts */
enum cli_exit cli_process_status(struct cli *cli);
enum cli_exit cli_report_work(struct cli *cli);
enum cli_exit cli_state_watch(struct cli *cli);
enum cli_exit cli_db_prune(struct cli *cli);
enum cli_exit cli_db_restored(struct cli *cli);
enum cli_exit cli_db_split(struct cli *cli);
enum cli_exit cli_offsets_show(struct cli *cli);
enum cli_exit cli_offsets_accept(struct cli *cli);
enum cli_exit cli_dead_letter_list(struct cli *cli);
enum cli_exit cli_dead_letter_show(struct cli *cli);
enum cli_exit cli_dead_letter_replay(struct cli *cli);
enum cli_exit cli_verify(struct cli *cli);
enum cli_exit cli_command_send(struct cli *cli);

extern const struct cli_option cli_topics_apply_options[], cli_process_show_options[], cli_instance_start_options[],
    cli_instance_list_options[], cli_task_get_options[], cli_task_end_options[], cli_task_list_options[],
    cli_state_watch_options[], cli_verify_options[], cli_dead_letter_options[], cli_db_restored_options[], cli_db_prune_options[],
    cli_offsets_show_options[], cli_offsets_accept_options[], cli_command_send_options[], cli_process_deploy_options[], cli_institution_load_options[],
    cli_task_extend_options[], cli_task_fail_options[], cli_incident_list_options[], cli_task_hold_options[], cli_task_release_options[], cli_task_reassign_options[],
    cli_instance_operation_options[], cli_instance_suspend_options[], cli_instance_modify_options[],
    cli_instance_subscribe_options[], cli_instance_unsubscribe_options[], cli_instance_notify_options[],
    cli_report_work_options[], cli_person_set_presence_options[], cli_person_authorize_options[],
    cli_person_revoke_options[], cli_db_split_options[];

#endif
