/*
 * fault.h - named places where a test makes the program die, stand still or lose its connections.
 *
 * A release has none of them: WF_FAULT() is nothing unless the program is built with PAWL_FAULTS
 * (preset `fault`).  Then PAWL_FAULT in the environment says what happens where:
 *
 *     PAWL_FAULT=<point>=<kind>[/<port>…][*<time>|@<words>][,…]
 *     PAWL_FAULT=committed=crash*3             kill -9 when this is reached for the third time
 *     PAWL_FAULT=applying=crash@poison         kill -9 when it is reached with a command that holds these words
 *     PAWL_FAULT=commit-sent=cut/5432          the connection to the port ends, as if the server had gone
 *
 * and --faults prints the names of a program's points.  Each happens once; a line in the log says so
 * before.  An unknown name ends the program: a test must not pass because nothing happened.
 */
#ifndef WF_FAULT_H
#define WF_FAULT_H

#include <stdio.h>

/*
 *  NAME                  text                   program    reached
 */
#define WF_FAULT_MAP(X)                                                                              \
    X(DATABASE_OPENED,    "database-opened",     WORKER)   /* statements prepared, slot taken      */ \
    X(PUBLISHER_OPENED,   "publisher-opened",    WORKER)   /* both transactional ids are ours      */ \
    X(SUBSCRIBED,         "subscribed",          WORKER)                                              \
    X(ASSIGNING,          "assigning",           WORKER)   /* in the callback: nothing noted yet   */ \
    X(ASSIGNED,           "assigned",            WORKER)   /* in the callback: generation captured */ \
    X(REVOKING,           "revoking",            WORKER)   /* in the callback: batches under way   */ \
    X(DRAINED,            "drained",             WORKER)   /* in the callback: they are published  */ \
    X(REVOKED,            "revoked",             WORKER)   /* in the callback: all forgotten       */ \
    X(LOST,               "lost",                WORKER)   /* in the callback: others own it all   */ \
    X(CLAIMING,           "claiming",            WORKER)   /* before the claim (EOS-3)             */ \
    X(CLAIMED,            "claimed",             WORKER)   /* it is committed                      */ \
    X(CHECKED,            "checked",             WORKER)   /* positions compared (EOS-19)          */ \
    X(NUMBER_READ,        "number-read",         WORKER)   /* the group said what was published    */ \
    X(FENCING,            "fencing",             WORKER)   /* before a dead worker's end (EOS-13)  */ \
    X(FENCED,             "fenced",              WORKER)   /* its transactions are ended           */ \
    X(REPUBLISHING,       "republishing",        WORKER)   /* an outbox row was read               */ \
    X(REPUBLISHED,        "republished",         WORKER)   /* it is published, others may follow   */ \
    X(SERVING,            "serving",             WORKER)   /* all is published: commands are next  */ \
    X(RECOVERING,         "recovering",          WORKER)   /* before all is forgotten (EOS-11)     */ \
    X(RECOVERED,          "recovered",           WORKER)   /* all is to be claimed again           */ \
    X(OWN_TAKEN,          "own-taken",           WORKER)   /* timers and the like are in the batch */ \
    X(SQL_SEEN,           "sql-seen",            WORKER)   /* submitted commands wait (EOS-25)     */ \
    X(SQL_TAKEN,          "sql-taken",           WORKER)   /* they are deleted, not committed      */ \
    X(BATCH_TAKEN,        "batch-taken",         WORKER)                                              \
    X(DECODING,           "decoding",            WORKER)   /* one command                          */ \
    X(BATCH_DECODED,      "batch-decoded",       WORKER)                                              \
    X(LOADING,            "loading",             WORKER)   /* before the first statements          */ \
    X(LOADED,             "loaded",              WORKER)   /* the rows are locked                  */ \
    X(CANDIDATES_FOUND,   "candidates-found",    WORKER)   /* for who asks for the next task       */ \
    X(ASKED,              "asked",               WORKER)   /* loads, tokens, functions             */ \
    X(APPLYING,           "applying",            WORKER)   /* one command                          */ \
    X(APPLIED,            "applied",             WORKER)   /* by the core, in memory               */ \
    X(SAVING,             "saving",              WORKER)   /* before the last statements           */ \
    X(SAVE_FILLED,        "save-filled",         WORKER)   /* they are under way, COMMIT is not    */ \
    X(STATEMENTS_SENT,    "statements-sent",     WORKER)   /* any, their answers not read          */ \
    X(COMMIT_SENT,        "commit-sent",         WORKER)   /* COMMIT in doubt (EOS-22)             */ \
    X(COMMITTED,          "committed",           WORKER)   /* in PostgreSQL alone                  */ \
    X(SUBMITTED,          "submitted",           WORKER)   /* handed to the publisher              */ \
    X(CUTTING,            "cutting",             WORKER)   /* a batch is cut (EOS-23)              */ \
    X(PUBLISH_BEGUN,      "publish-begun",       WORKER)   /* the Kafka transaction                */ \
    X(PUBLISH_PRODUCED,   "publish-produced",    WORKER)   /* all messages are in the queue        */ \
    X(PRODUCE_SENT,       "produce-sent",        WORKER)   /* messages on their way                */ \
    X(PUBLISH_FLUSHED,    "publish-flushed",     WORKER)   /* all messages are delivered           */ \
    X(OFFSETS_SENDING,    "offsets-sending",     WORKER)   /* the group's offsets on their way     */ \
    X(PUBLISH_OFFSETS,    "publish-offsets",     WORKER)   /* they are in the transaction          */ \
    X(END_SENT,           "end-sent",            WORKER)   /* commit or abort in doubt (EOS-11)    */ \
    X(PUBLISHED,          "published",           WORKER)   /* nobody was told yet                  */ \
    X(ABORTING,           "aborting",            WORKER)   /* a publication failed                 */ \
    X(REFUSED,            "refused",             WORKER)   /* an event that Kafka will never take  */ \
    X(REPLACED,           "replaced",            WORKER)   /* a dead letter is in its place        */ \
    X(SETTLING,           "settling",            WORKER)   /* before the rows learn what is out    */ \
    X(STOPPING,           "stopping",            WORKER)   /* SIGTERM was seen                     */ \
    X(LEFT,               "left",                WORKER)   /* the group                            */ \
    X(JOB_TAKEN,          "job-taken",           EXECUTOR)                                            \
    X(JOB_ASKED,          "job-asked",           EXECUTOR) /* the engine was asked for the task    */ \
    X(PROGRAM_STARTED,    "program-started",     EXECUTOR)                                            \
    X(PROGRAM_ENDED,      "program-ended",       EXECUTOR) /* before its end is reported           */ \
    X(JOB_DONE,           "job-done",            EXECUTOR) /* its end is reported                 */

enum wf_fault_point {
#define X(name, text, program) WF_FAULT_##name,
    WF_FAULT_MAP(X)
#undef X
    WF_FAULT_COUNT
};

enum wf_fault_program { WF_FAULT_OF_WORKER, WF_FAULT_OF_EXECUTOR };

#ifdef PAWL_FAULTS

/* A point is reached, with a command where it is about one; from any thread. */
void wf_fault_reach(enum wf_fault_point point, const char *command, size_t length);

/* Prints the names of a program's points, one a line. */
void wf_faults_print(enum wf_fault_program program, FILE *out);

#define WF_FAULT(name) wf_fault_reach(WF_FAULT_##name, "", 0)
#define WF_FAULT_WITH(name, command, length) wf_fault_reach(WF_FAULT_##name, (command), (length))

#else

#define WF_FAULT(name) ((void)0)
#define WF_FAULT_WITH(name, command, length) ((void)0)

#endif
#endif
