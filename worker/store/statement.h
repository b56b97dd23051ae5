/*
 * statement.h - every statement of the worker: its parameters, and the shape of its result.
 *
 * NAME, file in sql/statements/, parameters, columns.  A letter is a type:
 *
 *     u uuid   i int4   l int8   t text   b bool   z timestamptz   y bytea   a int8[]   v void
 *
 * A lower-case parameter is an array of the type, to be unnested; an upper-case one is a single value.
 * Everything is binary on the wire; what the server returns is checked against the shape.
 */
#ifndef WF_STORE_STATEMENT_H
#define WF_STORE_STATEMENT_H

#define WF_STATEMENT_MAP(X)                                                             \
    X(CATALOG_READ, "catalog_read", "", "uuillbbii")                                    \
    X(INCARNATION_FIND, "incarnation_find", "T", "b")                                   \
    X(RESTORED_ACCEPT, "restored_accept", "Uilt", "u")                                  \
    X(SLOT_TAKE, "slot_take", "", "i")                                                  \
    X(SLOT_TRY, "slot_try", "I", "b")                                                   \
    X(SLOT_RELEASE, "slot_release", "I", "b")                                           \
    X(PARTITION_CLAIM, "partition_claim", "iI", "ilaalliiiil")                          \
    X(BACKEND_TERMINATE, "backend_terminate", "i", "l")                                 \
    X(PARTITION_ADVANCE, "partition_advance", "illlli", "ilzll")                        \
    X(PARTITION_SETTLE, "partition_settle", "illl", "")                                 \
    X(PARTITION_EPOCHS, "partition_epochs", "i", "il")                                  \
    X(PARTITION_SUSPECT, "partition_suspect", "ILILI", "i")                             \
    X(PARTITION_BEGUN, "partition_begun", "ILI", "i")                                   \
    X(OUTBOX_DELETE, "outbox_delete", "il", "")                                         \
    X(OUTBOX_INSERT, "outbox_insert", "ily", "")                                        \
    X(OUTBOX_READ, "outbox_read", "ILL", "ly")                                          \
    X(OUTBOX_REPLACE, "outbox_replace", "ILLY", "l")                                    \
    X(COMMAND_ID_FIND, "command_id_find", "uu", "lliiu")                                \
    X(COMMAND_ID_INSERT, "command_id_insert", "uuliiu", "")                             \
    X(INSTANCE_LOAD, "instance_load", "u", "liti" "tttttttt" "iiiiii" "b" "tt" "zzz" "zbttttil" "b") \
    X(INSTANCE_INSERT, "instance_insert", "uzzz" "iiiiiiii" "tb" "tttttttttt" "zbt" "b", "")\
    X(INSTANCE_UPDATE, "instance_update", "uzz" "iiiii" "tb" "ttttt" "bt" "b", "")          \
    X(TASK_LOAD, "task_load", "u", "li" "ttt" "ii" "tttttt" "i" "zzzz" "llz" "b" "ltiitt" "tzttttil" "i")  \
    X(TASK_INSERT, "task_insert", "ui" "ttt" "ii" "tttttt" "i" "zzzz" "llz" "ttb" "tzti", "") \
    X(TASK_UPDATE, "task_update", "ui" "tt" "ii" "tttttt" "i" "zzz" "llz" "ttb" "tzti", "")    \
    X(TASK_DELETE, "task_delete", "ui", "")                                             \
    X(TASK_CANDIDATE_INSERT, "task_candidate_insert", "uizt", "")                       \
    X(TASK_CANDIDATE_DELETE, "task_candidate_delete", "ui", "")                         \
    X(HISTORY_INSERT, "history_insert", "ui" "ttt" "ii" "tttt" "i" "zzzz" "llz", "")    \
    X(HANDED_ON_INSERT, "handed_on_insert", "uittttz", "")                              \
    X(BATCH_LOAD, "batch_load", "u", "liiiiiibt")                                       \
    X(BATCH_PUT, "batch_put", "uiiiiiibt", "")                                          \
    X(WINNER_LOAD, "winner_load", "u", "liit")                                          \
    X(WINNER_INSERT, "winner_insert", "uiit", "")                                       \
    X(WINNER_DELETE, "winner_delete", "u", "")                                          \
    X(SUMMARY_LOAD, "summary_load", "u", "liiitttt")                                    \
    X(SUMMARY_PUT, "summary_put", "uiiitttt", "")                                       \
    X(SUMMARY_DELETE, "summary_delete", "u", "")                                        \
    X(REMOTE_LOAD, "remote_load", "u", "lii" "tt" "iuit" "tttt" "bzz")                  \
    X(REMOTE_PUT, "remote_put", "uii" "tt" "iuit" "tttt" "bbzz", "")                    \
    X(SUBSCRIPTION_LOAD, "subscription_load", "u", "lttt")                              \
    X(SUBSCRIPTION_PUT, "subscription_put", "uttt", "")                                 \
    X(SUBSCRIPTION_DELETE, "subscription_delete", "ut", "")                             \
    X(TIMER_NEXT, "timer_next", "iI", "iuitzz")                                         \
    X(TIMER_PUT, "timer_put", "uitzi", "")                                              \
    X(TIMER_DELETE, "timer_delete", "uitz", "")                                         \
    X(INCIDENT_INSERT, "incident_insert", "utziitt", "")                                \
    X(INCIDENT_RESOLVE, "incident_resolve", "utz", "")                                  \
    X(CANDIDATE_FIND, "candidate_find", "ttttitt", "luiiz")                             \
    X(RULE_FAULTS, "rule_faults", "T" "tt", "lt")                                       \
    X(RULES_ASK, "rules_ask", "TBL" "tt" "tiui" "ttt" "itt", "ibttb")                   \
    X(RULES_LIMIT, "rules_limit", "T", "t")                                             \
    X(TOKEN_LOCK, "token_lock", "t", "tt")                                              \
    X(TOKEN_TRY, "token_try", "t", "tt")                                                \
    X(TOKEN_PUT, "token_put", "tt", "")                                                 \
    X(LOAD_LOCK, "load_lock", "t", "t")                                                 \
    X(LOAD_TRY, "load_try", "t", "t")                                                   \
    X(LOAD_ADD, "load_add", "t", "")                                                    \
    X(LOAD_READ, "load_read", "t", "tiz")                                               \
    X(LOAD_CHANGE, "load_change", "tiz", "")                                            \
    X(ROSTER_MAKE, "roster_make", "tt", "v")                                            \
    X(RESERVATION_INSERT, "reservation_insert", "uiu", "")                              \
    X(RESERVATION_DELETE, "reservation_delete", "uiu", "")                              \
    X(DEFINITION_LOAD, "definition_load", "TI", "it")                                   \
    X(DEFINITION_MATCH, "definition_match", "TT", "ii")                                 \
    X(DEFINITION_WRITE, "definition_write", "TIT", "v")                                 \
    X(LATEST_VERSIONS, "latest_versions", "", "ti")                                     \
    X(RULES_IN_USE, "rules_in_use", "", "bb")                                           \
    X(INSTITUTION_LOAD, "institution_load", "", "tl")                                   \
    X(INSTITUTION_WRITE, "institution_write", "TLL", "v")                               \
    X(REASSIGN_FIND, "reassign_find", "iUII", "uiitt")                                  \
    X(PEOPLE_WRITE, "people_write", "TLL", "v")                                         \
    X(PEOPLE_CHANGED, "people_changed", "L", "ttbbb")                                   \
    X(PEOPLE_GRANTED, "people_granted", "L", "ttttzz")                                  \
    X(SUBMITTED_LOOK, "submitted_look", "", "b")                                        \
    X(SUBMITTED_TAKE, "submitted_take", "IL", "ttttt")                                  \
    X(UPKEEP, "upkeep", "II", "i")

enum wf_statement {
#define X(name, file, parameters, columns) WF_STATEMENT_##name,
    WF_STATEMENT_MAP(X)
#undef X
    WF_STATEMENT_COUNT,
    /* Not prepared. */
    WF_STATEMENT_BEGIN = WF_STATEMENT_COUNT,
    WF_STATEMENT_COMMIT,
    WF_STATEMENT_ROLLBACK
};

struct wf_statement_row {
    const char *file;
    const char *parameters;
    const char *columns;
};

extern const struct wf_statement_row wf_statement_rows[WF_STATEMENT_COUNT];

#endif
