/*
 * fields.h - reads a JSON object into a struct by a table of its members.
 *
 * The tables are the schemas in C: schemas/commands/ and schemas/files/ say the same, and the
 * examples there are the test data.
 */
#ifndef WF_FIELDS_H
#define WF_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"
#include "codec/scan.h"
#include "core/definition.h"

/* A task id: `<instance_id>:<n>`; n 0: none. */
struct wf_task_ref {
    struct wf_uuid instance_id;
    int32_t n;
};

struct wf_texts {
    const char **items;
    size_t count;
};

/* NAME, C type it is read into, what it is in words. */
#define WF_FIELD_MAP(X)                                                                              \
    X(ID, const char *, "a text of 1 to 200 bytes without control characters")                       \
    X(TEXT, const char *, "a text")                                                                  \
    X(TOPIC, const char *, "the name of a topic that may be written to")                             \
    X(TOKEN, const char *, "1 to 200 letters, digits, dots, hyphens and underscores")                \
    X(UUID, struct wf_uuid, "a UUID")                                                                \
    X(TASK, struct wf_task_ref, "a task id, an instance id, a colon and a number from 1")            \
    X(INTEGER, int32_t, "a whole number within its range")                                           \
    X(BOOL, bool, "true or false")                                                                   \
    X(TRUE, bool, "true")                                                                            \
    X(TIME, int64_t, "a time as in RFC 3339 with Z or an offset")                                    \
    X(DURATION, int64_t, "an ISO 8601 duration of weeks, days, hours, minutes and seconds, 1 ms at least") \
    X(NAME, int, "one of the names that it may have")                                                \
    X(JSON, const char *, "an object")        /* its text, not read further unless there is `of` */  \
    X(OBJECT, struct wf_slice, "an object")   /* for the caller to read */                           \
    X(ARRAY, struct wf_slice, "a list")       /* likewise */                                         \
    X(IDS, struct wf_texts, "a list of ids")                                                         \
    X(NAMES, struct wf_texts, "a list of names that it may have")                                    \
    X(ANY, struct wf_slice, "a value")

enum wf_field_kind {
#define X(name, type, words) WF_FIELD_##name,
    WF_FIELD_MAP(X)
#undef X
    WF_FIELD_KIND_COUNT
};

struct wf_field {
    const char *name;
    enum wf_field_kind kind;
    bool required;
    size_t offset;  /* where in the struct it goes */
    size_t given;   /* where in the struct a bool says that it was there; 0: nowhere */
    int32_t low, high; /* INTEGER; high 0: INT32_MAX.  IDS, NAMES: at least `low` of them */
    bool (*from_name)(const char *name, int *ret_value); /* NAME, NAMES */
    const char *(*name_of)(int value); /* NAME: for messages that list the names; "unknown" behind the last; or NULL */
    const struct wf_fields *of; /* JSON: checked by this table, stored as text */
};

struct wf_fields {
    const struct wf_field *items;
    size_t count; /* at most 32 */
};

#define WF_FIELDS(array) {(array), sizeof(array) / sizeof *(array)}

/* A table entry: kind, struct and member. */
#define WF_FIELD(kind_, name_, type_, member_) \
    {.name = (name_), .kind = WF_FIELD_##kind_, .offset = offsetof(type_, member_)}
#define WF_FIELD_REQUIRED(kind_, name_, type_, member_) \
    {.name = (name_), .kind = WF_FIELD_##kind_, .offset = offsetof(type_, member_), .required = true}

/* Where in a document something lies: a chain on the stack, written out only when it is wrong. */
struct wf_place {
    const struct wf_place *up;
    const char *member; /* NULL: element `index` */
    size_t index;
};

struct wf_reading {
    const struct wf_codec *codec; /* for topics; may be NULL where there are none */
    struct wf_arena *arena;       /* where texts go */
    struct wf_faults *faults;     /* every fault is listed */
    bool stored;                  /* what was taken once goes on, though it would be refused now */
    bool closed;                  /* unknown members are faults (files), not ignored (messages) */
};

/*
 * Reads an object.  `base` is the struct, or NULL to check only.  Returns which members were
 * there, a bit for each entry of the table; what is wrong is in reading->faults, and members
 * that are wrong or missing leave the struct as it was (of a list with wrong elements, those are NULL).
 */
uint32_t wf_fields_read(const struct wf_reading *reading, const struct wf_fields *fields, struct wf_slice object,
                        const struct wf_place *place, void *base);

/* Whether a value is an object, or is not and is listed as a fault. */
bool wf_fields_is_object(const struct wf_reading *reading, struct wf_slice value, const struct wf_place *place);

/* Adds a fault at a place: "routing[3].to[0]". */
void wf_reading_fault(const struct wf_reading *reading, const struct wf_place *place, const char *code,
                      const char *format, ...) WF_PRINTF(4, 5);

/* A group of people, {"department"|"team"|"role": id}; exactly one of them. */
void wf_group_read(const struct wf_reading *reading, struct wf_slice object, const struct wf_place *place,
                   enum wf_based_on *ret_based_on, const char **ret_id);

/* Reads a task id. */
bool wf_task_ref_parse(const char *text, size_t length, struct wf_task_ref *ret_ref);

#endif
