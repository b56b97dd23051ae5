/*
 * pawl.h - sends commands to the Pawl workflow engine over Kafka, and follows what it does.
 *
 * A client sends commands and gets one outcome for each; a subscription reads the events of
 * tasks and instances.  A program that starts an instance:
 *
 *     pawl_settings *settings = pawl_settings_new();
 *     pawl_client *client;
 *     pawl_outcome *outcome;
 *     pawl_command *command = pawl_command_new(PAWL_INIT_INSTANCE);
 *
 *     pawl_settings_set(settings, "brokers", "localhost:9092");
 *     pawl_command_put(command, "process_id", "fault-repair");
 *     if (pawl_client_open(settings, &client) || pawl_call(client, command, &outcome))
 *         errx(1, "%s", pawl_message());
 *     puts(pawl_outcome_text(outcome, "instance_id"));
 *
 * Rules for all functions:
 *   - What can fail returns an enum pawl_status, PAWL_OK (0) on success; pawl_message() then
 *     says why.  ret_… parameters are written only on success.
 *   - All types are opaque.  What a function returns through ret_… is the caller's, to be given
 *     back with the _close or _free of its type (NULL is fine).  Texts that an accessor returns
 *     belong to the object and live as long as it.
 *   - Texts are UTF-8 and copied.  Times are milliseconds.
 *   - An object is used by one thread at a time; different objects by different threads freely.
 *   - Out of memory ends the process with exit code 14.
 */
#ifndef PAWL_H
#define PAWL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAWL_API __attribute__((visibility("default")))

enum pawl_status {
    PAWL_OK = 0,
    PAWL_TIMEOUT,     /* nothing came within the limit                                   */
    PAWL_INVALID,     /* an argument, a setting or the JSON is wrong; nothing was sent   */
    PAWL_UNREACHABLE, /* no broker answers                                               */
    PAWL_TOPICS,      /* a topic is missing, or their numbers of partitions differ       */
    PAWL_FAILED       /* Kafka refused for good: rights, sizes                           */
};

/* Why the last function of this thread that failed did: lower case, no period.  Never NULL. */
PAWL_API const char *pawl_message(void);

/* ---- settings ------------------------------------------------------------------------ */

typedef struct pawl_settings pawl_settings;

PAWL_API pawl_settings *pawl_settings_new(void);
PAWL_API void pawl_settings_free(pawl_settings *settings);

/*
 * Sets one of:
 *
 *     brokers        host:port separated by commas (localhost:9092)
 *     prefix         what the names of all topics begin with (workflow)
 *     source         who sends: CloudEvents `source` of commands (/pawl).  The engine takes two
 *                    commands with the same source and id for the same command.
 *     command_topic  one topic for all commands; empty: a topic for each kind (empty)
 *     timeout_ms     the limit for reaching Kafka and for each outcome (10000)
 *     log            what librdkafka logs on standard error: none or all (none)
 *     kafka.<name>   a property of librdkafka, such as kafka.security.protocol
 *     kafka_config   a file of such properties, "name=value" a line, which is read at once
 *
 * PAWL_INVALID if the name or the value is none of these (NULL is no value); a property of librdkafka is looked
 * at when a client or a subscription opens.
 */
PAWL_API enum pawl_status pawl_settings_set(pawl_settings *settings, const char *name, const char *value);

/* ---- commands ------------------------------------------------------------------------ */

enum pawl_kind {
    PAWL_INIT_INSTANCE, /* init-instance */
    PAWL_GET_TASK,      /* get-task      */
    PAWL_END_TASK,      /* end-task      */
    PAWL_CONTROL,       /* control: the operation is named by the member "operation" */
    PAWL_ADMIN          /* admin: the same */
};

/* The kind of a name such as "init-instance"; PAWL_INVALID if there is none. */
PAWL_API enum pawl_status pawl_kind_from_name(const char *name, enum pawl_kind *ret_kind);

typedef struct pawl_command pawl_command;

PAWL_API pawl_command *pawl_command_new(enum pawl_kind kind);
PAWL_API void pawl_command_free(pawl_command *command);

/* Add a member to the data.  A NULL value is left out; pawl_command_put_json takes JSON text. */
PAWL_API void pawl_command_put(pawl_command *command, const char *member, const char *text);
PAWL_API void pawl_command_put_int(pawl_command *command, const char *member, int64_t number);
PAWL_API void pawl_command_put_json(pawl_command *command, const char *member, const char *json);

/*
 * Gives the whole data as a JSON object, in place of what was put before.  It is sent byte for
 * byte, and looked at only as far as its key needs; the engine checks it.
 */
PAWL_API void pawl_command_data(pawl_command *command, const char *json, size_t length);

/*
 * Sets one of:
 *
 *     id             of the command (a UUID).  A client that does not know whether its command
 *                    arrived sends it again with the same id.  Ids of commands that wait for an
 *                    outcome must differ, also between clients.
 *     key            of the message (from the data: the instance, also from a task id; the person
 *                    who gets the next task; the process or "institution" for admin).  A command
 *                    without a key goes to a partition of the client's choice.
 *     correlationid  copied to everything the command causes
 *     traceparent    a W3C trace context
 *     replyto        another topic for the outcome; only with pawl_post()
 *     outcome        always or rejected: when an outcome is wanted; rejected only with pawl_post()
 *
 * PAWL_INVALID for any other name.  A NULL value takes the attribute away.
 */
PAWL_API enum pawl_status pawl_command_set(pawl_command *command, const char *attribute, const char *value);

/* ---- outcomes ------------------------------------------------------------------------ */

enum pawl_result {
    PAWL_APPLIED,    /* it took effect                                              */
    PAWL_DUPLICATE,  /* it took effect before                                       */
    PAWL_REJECTED,   /* it did not: code and detail say why                         */
    PAWL_UNANSWERED, /* no outcome within the limit; it may yet take effect         */
    PAWL_UNDELIVERED /* Kafka did not take it                                       */
};

typedef struct pawl_outcome pawl_outcome;

PAWL_API enum pawl_result pawl_outcome_result(const pawl_outcome *outcome);

/* "applied", "duplicate", "rejected", "unanswered" or "undelivered". */
PAWL_API const char *pawl_result_name(enum pawl_result result);

/* The id of the command. */
PAWL_API const char *pawl_outcome_id(const pawl_outcome *outcome);

/*
 * When the engine decided, by its own clock (RFC 3339); NULL if there was no outcome.  Times in
 * outcomes, such as "task.due_at", are to be compared with it rather than with the local clock.
 */
PAWL_API const char *pawl_outcome_time(const pawl_outcome *outcome);

/*
 * A member of the outcome by its path: "instance_id", "task.task_id", "faults.0.message".
 * Text: NULL if it is absent or no string.  Number: `otherwise` if it is absent or no number.
 * Of what was unanswered or undelivered there is "detail" alone.
 */
PAWL_API const char *pawl_outcome_text(const pawl_outcome *outcome, const char *path);
PAWL_API int64_t pawl_outcome_number(const pawl_outcome *outcome, const char *path, int64_t otherwise);

/* The whole outcome as the engine wrote it (messages: outcome); NULL if there was none. */
PAWL_API const char *pawl_outcome_json(const pawl_outcome *outcome);

PAWL_API void pawl_outcome_free(pawl_outcome *outcome);

/* ---- clients ------------------------------------------------------------------------- */

typedef struct pawl_client pawl_client;

/* Connects.  PAWL_UNREACHABLE or PAWL_TOPICS when Kafka or the engine's topics are not there. */
PAWL_API enum pawl_status pawl_client_open(const pawl_settings *settings, pawl_client **ret_client);

/* Waits until Kafka has taken what was sent, at most timeout_ms of the settings. */
PAWL_API void pawl_client_close(pawl_client *client);

/*
 * Sends a command and returns at once; its outcome comes from pawl_next(), exactly one for each
 * command sent.  Any number may be in flight.  *ret_id (ret_id may be NULL) is the command's id,
 * to be copied before the next call to the client.  The first command to a partition asks Kafka where the outcomes
 * of that partition end, which takes a millisecond or two.
 */
PAWL_API enum pawl_status pawl_send(pawl_client *client, const pawl_command *command, const char **ret_id);

/* The next outcome, in order of arrival; waits at most timeout_ms (-1: as long as it takes). */
PAWL_API enum pawl_status pawl_next(pawl_client *client, int timeout_ms, pawl_outcome **ret_outcome);

/* Sends a command and waits for its outcome; those of other commands stay for pawl_next(). */
PAWL_API enum pawl_status pawl_call(pawl_client *client, const pawl_command *command, pawl_outcome **ret_outcome);

/* Sends a command whose outcome nobody waits for. */
PAWL_API enum pawl_status pawl_post(pawl_client *client, const pawl_command *command);

/* Waits until Kafka has taken everything; PAWL_FAILED if it did not take a posted command. */
PAWL_API enum pawl_status pawl_flush(pawl_client *client, int timeout_ms);

/* Commands sent whose outcome pawl_next() has not returned yet. */
PAWL_API size_t pawl_in_flight(const pawl_client *client);

/*
 * A file descriptor for poll(2): readable when pawl_next(client, 0, …) may have something.  Call
 * that until it returns PAWL_TIMEOUT, then poll again, at least once a second: limits pass
 * without a sign.
 */
PAWL_API int pawl_client_fd(const pawl_client *client);

/* ---- subscriptions ------------------------------------------------------------------- */

enum pawl_events { PAWL_TASK_EVENTS = 1, PAWL_INSTANCE_EVENTS = 2, PAWL_ALL_EVENTS = 3 };
enum pawl_from { PAWL_FROM_BEGINNING, PAWL_FROM_END };

typedef struct pawl_subscription pawl_subscription;
typedef struct pawl_event pawl_event;

/*
 * Subscribes to the state topics; PAWL_FROM_END: to what happens after this returns.
 * instance_id, unless NULL, leaves only the events of that instance.  Each event comes once,
 * committed, in order within its instance and topic; "position" orders them across both.
 */
PAWL_API enum pawl_status pawl_subscribe(const pawl_settings *settings, enum pawl_events events, enum pawl_from from,
                                         const char *instance_id, pawl_subscription **ret_subscription);

/* The next event; waits at most timeout_ms (-1: as long as it takes). */
PAWL_API enum pawl_status pawl_subscription_next(pawl_subscription *subscription, int timeout_ms,
                                                 pawl_event **ret_event);

/* Readable when there may be an event; used as pawl_client_fd(). */
PAWL_API int pawl_subscription_fd(const pawl_subscription *subscription);

PAWL_API void pawl_subscription_close(pawl_subscription *subscription);

/*
 * A CloudEvents attribute of an event: "id", "type", "source", "time", "sequence", "correlationid",
 * "causationid", "traceparent"; NULL if it has none of that name.
 */
PAWL_API const char *pawl_event_attribute(const pawl_event *event, const char *name);

/* Where it was read: topic, partition, offset. */
PAWL_API const char *pawl_event_topic(const pawl_event *event);
PAWL_API int32_t pawl_event_partition(const pawl_event *event);
PAWL_API int64_t pawl_event_offset(const pawl_event *event);

/* Members of the data by their path, and the whole data, as with outcomes. */
PAWL_API const char *pawl_event_text(const pawl_event *event, const char *path);
PAWL_API int64_t pawl_event_number(const pawl_event *event, const char *path, int64_t otherwise);
PAWL_API const char *pawl_event_json(const pawl_event *event);

PAWL_API void pawl_event_free(pawl_event *event);

/* ---- jobs: for executors ------------------------------------------------------------- */

typedef struct pawl_jobs pawl_jobs;

/*
 * Joins a consumer group that shares the jobs (messages: job) of executives; NULL ends their
 * names.  group NULL or empty: "<prefix>-executor".  PAWL_TOPICS if one has no topic of jobs.
 *
 * A job says that there is work, and no more: an executor takes the task (PAWL_GET_TASK with
 * an "executor_id" of its own) and works only if that was applied, for the same job may come
 * more than once.  Each job is to be marked with pawl_jobs_done() when nobody need see it
 * again: once it was taken, refused or done.  What is not marked comes to another member of the
 * group when this one ends or loses the partition.
 */
PAWL_API enum pawl_status pawl_jobs_open(const pawl_settings *settings, const char *const *executives, const char *group,
                                         pawl_jobs **ret_jobs);

/*
 * The next job, an event like any other; waits at most timeout_ms (-1: as long as it takes).
 * Who takes none for longer than some minutes calls pawl_jobs_keep() at least once a second
 * meanwhile, else the group takes the partitions away.
 */
PAWL_API enum pawl_status pawl_jobs_next(pawl_jobs *jobs, int timeout_ms, pawl_event **ret_job);
PAWL_API enum pawl_status pawl_jobs_keep(pawl_jobs *jobs);

/* Marks a job, in any order; positions are committed within a second, and when the group rebalances. */
PAWL_API void pawl_jobs_done(pawl_jobs *jobs, const pawl_event *job);

/* How many partitions, of all topics, are this member's at the moment; 0 until the group has met. */
PAWL_API int pawl_jobs_partitions(const pawl_jobs *jobs);

/* Readable when there may be a job; used as pawl_client_fd(). */
PAWL_API int pawl_jobs_fd(const pawl_jobs *jobs);

/* Commits what was marked and leaves the group.  Its events are freed before. */
PAWL_API void pawl_jobs_close(pawl_jobs *jobs);

#ifdef __cplusplus
}
#endif

#endif
