/*
 * settings.h - every setting of the worker, the executor and the command line client, in one table.
 *
 * The table makes the struct, the parsing, the ranges, `--help`, the table in the manual
 * and the sample file.  A setting `batch_commands` is the flag --batch-commands, the
 * environment variable PAWL_BATCH_COMMANDS and the line `batch_commands = …` of the file
 * named by --config or PAWL_CONFIG.  Flags win over the environment, that over the file,
 * that over the default.  An unknown flag or line is an error, and so is a password in a flag.
 */
#ifndef WF_SETTINGS_H
#define WF_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum wf_program {
    WF_PROGRAM_WORKER = 1,
    WF_PROGRAM_CLIENT = 2,
    WF_PROGRAM_BOTH = 3, /* worker and client */
    WF_PROGRAM_EXECUTOR = 4,
    WF_PROGRAM_SENDERS = 6, /* client and executor */
    WF_PROGRAM_ALL = 7
};

/*
 * S: text (default)    C: one of some words (default, the words)    N: whole number (default, lowest, highest)
 *
 *  KIND NAME                  PROGRAM  DEFAULT            RANGE            HELP
 */
#define WF_SETTINGS_MAP(S, C, N)                                                                     \
    S(brokers,                 ALL,    "localhost:9092",   "Kafka brokers, host:port separated by commas") \
    S(database,                BOTH,   "dbname=pawl",      "PostgreSQL connection string")             \
    S(prefix,                  ALL,    "workflow",         "what the names of all topics begin with")  \
    S(group,                   WORKER, "",                 "Kafka consumer group; empty: <prefix>-worker; of a further database -<number> is added") \
    S(kafka_config,            ALL,    "",                 "file with further librdkafka settings, one key=value a line (TLS, SASL)") \
    S(command_topic,           ALL,    "",                 "one topic for all commands; empty: a topic for each kind") \
    S(replyto_pattern,         WORKER, "",                 "topics that a command may name for its outcome, an extended regular expression; empty: <prefix>.outcome and <prefix>.reply.*") \
    N(batch_commands,          WORKER, 2000, 1, 10000,     "most commands in one transaction")         \
    N(batch_ms,                WORKER, 1000, 10, 60000,    "how long a transaction should take at most; where the database is slower, fewer commands go into one") \
    N(batch_bytes,             WORKER, 4194304, 65536, 67108864, "most bytes of commands in one transaction") \
    N(command_max_bytes,       WORKER, 900000, 1024, 8000000,   "largest command; a larger one is dead-lettered") \
    N(event_max_bytes,         WORKER, 900000, 1024, 8000000,   "largest event; a command that would cause a larger one is rejected") \
    N(definition_cache,        WORKER, 256, 1, 100000,     "most process versions kept in memory")      \
    N(queue_kbytes,            WORKER, 2048, 64, 65536,    "most fetched and waiting for each command partition, in KiB") \
    N(session_timeout_ms,      WORKER, 10000, 1000, 300000, "Kafka session timeout")                  \
    N(transaction_timeout_ms,  WORKER, 10000, 1000, 300000, "Kafka transaction timeout")              \
    N(watchdog_ms,             WORKER, 20000, 1000, 600000, "the worker ends itself after this long without progress") \
    N(submitted_poll_ms,       WORKER, 200, 10, 60000,     "how often the worker of the database's first partition looks for commands submitted by SQL") \
    N(dedupe_days,             WORKER, 7, 1, 3650,         "how long ids of commands are remembered that belong to no instance") \
    C(delivery,                WORKER, "exactly-once", "exactly-once|at-least-once", "how events are published: in Kafka transactions, or sooner, repeated after a failure") \
    C(on_restore,              WORKER, "stop", "stop|replay", "a database older than what was published from it: stop until \"pawl db restored\", or replay unasked what came after it") \
    N(retry_max_ms,            WORKER, 2000, 10, 60000,    "longest wait between attempts while a server is away") \
    S(rule_schema,             WORKER, "pawl_rules",       "database schema of the user-defined rules and groups") \
    N(rule_timeout_ms,         WORKER, 1000, 1, 10000,     "how long a user-defined function may take, and a statement that calls it for many") \
    N(timeout_ms,              SENDERS, 10000, 1, 3600000, "how long to wait for an outcome or a server") \
    S(executor_name,           EXECUTOR, "",               "what the executor's id begins with; empty: the host's name") \
    S(executor_group,          EXECUTOR, "",               "Kafka consumer group that shares the jobs; empty: <prefix>-executor") \
    N(programs,                EXECUTOR, 4, 1, 1000,       "most programs that run at once") \
    N(lease_s,                 EXECUTOR, 60, 3, 86400,     "time limit that the executor sets itself, and renews, where the activity has none") \
    N(stop_s,                  EXECUTOR, 20, 0, 86400,     "how long running programs may go on when the executor is to stop") \
    C(output,                  CLIENT, "text", "text|json|csv", "how results are written; csv only lists and reports") \
    C(log_level,               ALL,    "info", "error|warning|info|debug", "the least important lines that are logged") \
    C(log_format,              ALL,    "text", "text|json", "how log lines are written")

struct wf_settings {
#define S(name, program, initial, help) const char *name;
#define C(name, program, initial, choices, help) const char *name;
#define N(name, program, initial, low, high, help) int64_t name;
    WF_SETTINGS_MAP(S, C, N)
#undef S
#undef C
#undef N
    const char *config; /* the file they were read from, or NULL */
};

/*
 * Fills *ret_settings for one program from defaults, file, environment and flags, and takes
 * the flags it knows out of argv (`--name value`, `--name=value`, `-o` for --output); what is
 * left, from argv[1] on, are the program's own arguments; *argc is their number plus one.
 * `--` ends the flags.  Texts live until the process ends.  Sections, from a line that begins with a
 * bracket on, are the executor's: it reads them itself, for other programs they are an error.
 */
bool wf_settings_read(enum wf_program program, int *argc, char **argv, struct wf_settings *ret_settings,
                      struct wf_error *reterr) WF_CHECKED;

/* Whether a value is one of words separated by '|'. */
bool wf_settings_is_choice(const char *words, const char *value);

/* Gives back the texts of files that were read, for who reads many: settings read from any are void then. */
void wf_settings_forget(void);

enum { WF_GROUP_SIZE = 300 };

/*
 * Writes the workers' consumer group: `group`, or "<prefix>-worker" if that is NULL or empty; of the engine's databases after
 * the first with their number behind it, for a group's members share all partitions.  Returns `name`.
 */
const char *wf_settings_group(const char *group, const char *prefix, int32_t database, char name[WF_GROUP_SIZE]);

/* Prints one line a setting, with its default, for --help. */
void wf_settings_help(enum wf_program program, FILE *out);

/* Prints the table as Markdown (for docs) or as a sample file. */
void wf_settings_print_markdown(FILE *out);
void wf_settings_print_sample(FILE *out);

#endif
