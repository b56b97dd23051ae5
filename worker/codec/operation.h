/*
 * operation.h - what the data of each command may say: one table for each operation
 * (schemas/commands/).
 */
#ifndef WF_OPERATION_H
#define WF_OPERATION_H

#include "codec/command.h"
#include "codec/fields.h"

/* The data of a command as its table reads it. */
struct wf_data {
    struct wf_decoded decoded;
    struct wf_task_ref task, withdraw;
    struct wf_slice to;                          /* reassign-task: a group */
    struct wf_slice definition, institution;     /* files */
    struct wf_slice remote, incident;            /* notify */
    int remote_state;                            /* an enum wf_instance_state */
    bool has_logging_on, logging_on, has_on_leave, on_leave;
    int64_t valid_from, valid_to;                /* authorize */
    const char *grantee_id;                      /* authorize, revoke */
};

/* What members must or may not stand together. */
struct wf_rule {
    enum {
        WF_RULE_END,
        WF_RULE_ANY_OF,   /* at least one of `names` */
        WF_RULE_ONE_OF,   /* exactly one of `names` */
        WF_RULE_NOT_BOTH, /* names[0] and names[1] */
        WF_RULE_WITH      /* names[0] only with all others */
    } kind;
    const char *names[4];
};

struct wf_operation_table {
    struct wf_fields fields;     /* into struct wf_data */
    const struct wf_rule *rules; /* ended by WF_RULE_END; NULL: none */
};

/* The table of an operation that clients may send. */
const struct wf_operation_table *wf_operation_table(enum wf_operation operation);

/* The tables of the objects `remote` and `incident` of notify, into the same struct. */
extern const struct wf_fields wf_operation_remote, wf_operation_incident;

/* The command topic that an operation of clients comes on. */
enum wf_topic wf_operation_topic(enum wf_operation operation);

/* Checks the rules; `found` is what wf_fields_read() returned. */
void wf_operation_check(const struct wf_operation_table *table, const struct wf_reading *reading, uint32_t found);

#endif
