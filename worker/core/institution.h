/*
 * institution.h - who works: an immutable snapshot of staff, departments, teams, roles and
 * authorizations at one institution version (INS-1, INS-2).
 *
 * Made by the decoder from the institution document, then compiled; lives in its own arena.
 */
#ifndef WF_INSTITUTION_H
#define WF_INSTITUTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "core/definition.h"

/* A department or a team: both are trees. */
struct wf_org_unit {
    const char *id;
    const char *name;
    const char *super_id; /* NULL: a root */
    struct wf_org_unit *super;
};

struct wf_role_member {
    const char *staff_id;
    int32_t priority_num;
    struct wf_staff *staff;
};

struct wf_role {
    const char *role_id;
    const char *name;
    struct wf_role_member *members; /* sorted by priority_num, then staff_id */
    size_t member_count, member_capacity;
};

struct wf_staff {
    const char *staff_id;
    const char *name;
    const char *dept_id; /* or NULL */
    struct wf_org_unit *department;
    const char **team_ids;
    struct wf_org_unit **teams;
    size_t team_count, team_capacity;
    const char **role_ids; /* with role_priorities */
    int32_t *role_priorities;
    size_t role_count, role_capacity;
    bool logging_on, on_leave;
    /* What the file said; a load leaves the rest as it is. */
    bool has_dept, has_teams, has_roles, has_logging_on, has_on_leave, has_name;
};

struct wf_authorization {
    const char *grantor_id, *grantee_id;
    const char *process_id, *act_id; /* NULL: any */
    int64_t valid_from, valid_to;    /* microseconds; 0: open */
};

struct wf_institution {
    struct wf_arena arena;
    int64_t version;
    bool replace; /* a load that removes who is not in it */
    struct wf_org_unit **departments, **teams;
    size_t department_count, department_capacity, team_count, team_capacity;
    struct wf_role **roles;
    size_t role_count, role_capacity;
    struct wf_staff **staff;
    size_t staff_count, staff_capacity;
    struct wf_authorization *authorizations;
    size_t authorization_count, authorization_capacity;

    /* Found by wf_institution_compile(). */
    struct wf_map departments_by_id, teams_by_id, roles_by_id, staff_by_id;
};

struct wf_institution *wf_institution_new(void);
void wf_institution_drop(struct wf_institution *institution);

/* Links ids, checks that none dangles or occurs twice and that the trees have no cycle (INS-1). */
bool wf_institution_compile(struct wf_institution *institution, struct wf_faults *faults);

/*
 * The institution after a load: what `change` says merged into `base` (which may be NULL), or
 * instead of it (`replace`).  Both stay as they are.  NULL with faults if it would be invalid.
 */
struct wf_institution *wf_institution_merge(const struct wf_institution *base, const struct wf_institution *change,
                                            struct wf_faults *faults);

/*
 * What changes often, in place; each says whether anything is different now.  Of a person's presence,
 * what `wanted` says (has_…); of authorizations, there is one for each (grantor, grantee, process,
 * activity), and the later one counts.  Texts are copied.
 */
bool wf_institution_set_presence(struct wf_institution *institution, const struct wf_staff *wanted);
bool wf_institution_authorize(struct wf_institution *institution, const struct wf_authorization *grant);
bool wf_institution_revoke(struct wf_institution *institution, const struct wf_authorization *grant);

/* Removes whatever somebody has authorized. */
void wf_institution_revoke_all(struct wf_institution *institution, const char *grantor_id);

/* The person or role of an id, or NULL; of no institution there is none. */
const struct wf_staff *wf_institution_staff(const struct wf_institution *institution, const char *staff_id);

const struct wf_role *wf_institution_role(const struct wf_institution *institution, const char *role_id);

/* Whether a person belongs to a group: departments and teams with all below them (INS-2). */
bool wf_staff_in_group(const struct wf_staff *staff, enum wf_based_on based_on, const char *id);

/* How many of a group are not on leave (ASG-2). */
size_t wf_institution_group_size(const struct wf_institution *institution, enum wf_based_on based_on, const char *id);

/* Whether a group of this kind and id exists. */
bool wf_institution_has_group(const struct wf_institution *institution, enum wf_based_on based_on, const char *id);

/* Whether an authorization is valid at a time for tasks of an activity (ASG-7). */
bool wf_authorization_covers(const struct wf_authorization *authorization, const char *process_id, const char *act_id,
                             int64_t now);

#endif
