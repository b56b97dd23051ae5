/*
 * institution_file.h - reads and writes the institution (schemas/files/institution.schema.json).
 */
#ifndef WF_INSTITUTION_FILE_H
#define WF_INSTITUTION_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core/institution.h"
#include "core/people.h"

enum { WF_PRIORITY_DEFAULT = 1 }; /* priority_num of a role held without one */

/*
 * What an institution file says, not compiled: a change to be merged.  Members that a person
 * does not have are left as they are (has_… is false).  Every fault of shape is listed; dangling
 * ids and cycles are wf_institution_merge()'s to say.  NULL if there was any fault.
 */
struct wf_institution *wf_institution_file_decode(const char *text, size_t length, struct wf_faults *faults);

/* Writes the whole institution into an empty buffer, as a file that decodes to the same. */
void wf_institution_encode(const struct wf_institution *institution, struct wf_buf *buf);

enum wf_institution_object {
    WF_OBJECT_DEPARTMENT,
    WF_OBJECT_TEAM,
    WF_OBJECT_ROLE,
    WF_OBJECT_STAFF,
    WF_OBJECT_AUTHORIZATION
};

/* One object that differs between two institutions. */
struct wf_institution_change {
    enum wf_institution_object object;
    const char *id;  /* of an authorization: grantor/grantee[/process[/activity]] */
    const char *json; /* the members of the object after the change, "{…}"; NULL: it was removed */
};

/* "department", "team", "role", "staff", "authorization" */
const char *wf_institution_object_name(enum wf_institution_object object);

/*
 * Calls back once for each object that was added, changed or removed, in an order that depends
 * on the two institutions alone.  `before` may be NULL.  The change lives until the callback
 * returns.
 */
void wf_institution_compare(const struct wf_institution *before, const struct wf_institution *after,
                            void (*changed)(void *context, const struct wf_institution_change *change), void *context);

/* Calls back once with the object that a change of somebody's presence or authorizations left. */
void wf_people_describe(const struct wf_people_change *change,
                        void (*changed)(void *context, const struct wf_institution_change *change), void *context);

/* Writes such changes into an empty buffer as people_store() of the schema takes them: how everything concerned is now. */
void wf_people_encode(const struct wf_institution *institution, struct wf_people_change *const *changes, size_t count,
                      struct wf_buf *buf);

#endif
