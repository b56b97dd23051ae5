#include "core/institution.h"

#include <stdlib.h>
#include <string.h>

struct wf_institution *
wf_institution_new(void)
{
    struct wf_arena arena = {0};
    struct wf_institution *institution = WF_ARENA_NEW(&arena, struct wf_institution);

    institution->arena = arena;
    return institution;
}

void
wf_institution_drop(struct wf_institution *institution)
{
    if (!institution)
        return;
    struct wf_arena arena = institution->arena; /* the institution lives in it */
    wf_arena_drop(&arena);
}

/* Puts an object under its id; says so if the id is taken. */
static void
index_put(struct wf_institution *institution, struct wf_map *map, const char *kind, const char *id, void *object,
          struct wf_faults *faults)
{
    if (wf_map_get_text(map, id))
        wf_fault_add(faults, "duplicate", kind, "there are two of id \"%s\"", id);
    else
        wf_map_put_text(map, &institution->arena, id, object);
}

static void
index_all(struct wf_institution *in, struct wf_faults *faults)
{
    in->departments_by_id = in->teams_by_id = in->roles_by_id = in->staff_by_id = (struct wf_map){0};
    for (size_t i = 0; i < in->department_count; i++)
        index_put(in, &in->departments_by_id, "departments", in->departments[i]->id, in->departments[i], faults);
    for (size_t i = 0; i < in->team_count; i++)
        index_put(in, &in->teams_by_id, "teams", in->teams[i]->id, in->teams[i], faults);
    for (size_t i = 0; i < in->role_count; i++)
        index_put(in, &in->roles_by_id, "roles", in->roles[i]->role_id, in->roles[i], faults);
    for (size_t i = 0; i < in->staff_count; i++)
        index_put(in, &in->staff_by_id, "staff", in->staff[i]->staff_id, in->staff[i], faults);
}

/* Links a tree upwards; a unit whose way up does not end within `count` steps is on a cycle (INS-1). */
static void
link_tree(struct wf_org_unit **units, size_t count, const struct wf_map *by_id, const char *kind,
          struct wf_faults *faults)
{
    for (size_t i = 0; i < count; i++) {
        units[i]->super = units[i]->super_id ? wf_map_get_text(by_id, units[i]->super_id) : NULL;
        if (units[i]->super_id && !units[i]->super)
            wf_fault_add(faults, "unknown_group", kind, "\"%s\" is below \"%s\", which does not exist", units[i]->id,
                         units[i]->super_id);
    }
    for (size_t i = 0; i < count; i++) {
        size_t steps = 0;
        const struct wf_org_unit *unit = units[i];
        while (unit && steps++ <= count)
            unit = unit->super;
        if (unit)
            wf_fault_add(faults, "cycle", kind, "\"%s\" is on a cycle, or below one", units[i]->id);
    }
}

/* The same group twice in one person's list. */
static void
check_repeated(const struct wf_staff *staff, const char **ids, size_t count, struct wf_faults *faults)
{
    for (size_t i = 0; i < count; i++)
        for (size_t other = 0; other < i; other++)
            if (strcmp(ids[i], ids[other]) == 0)
                wf_fault_add(faults, "duplicate", "staff", "\"%s\" is twice in \"%s\"", staff->staff_id, ids[i]);
}

static void
link_teams(struct wf_institution *in, struct wf_staff *staff, struct wf_faults *faults)
{
    staff->teams = WF_ARENA_ARRAY(&in->arena, struct wf_org_unit *, staff->team_count);
    for (size_t i = 0; i < staff->team_count; i++) {
        staff->teams[i] = wf_map_get_text(&in->teams_by_id, staff->team_ids[i]);
        if (!staff->teams[i])
            wf_fault_add(faults, "unknown_group", "staff", "\"%s\" is in team \"%s\", which does not exist",
                         staff->staff_id, staff->team_ids[i]);
    }
}

static void
link_roles(struct wf_institution *in, struct wf_staff *staff, struct wf_faults *faults)
{
    for (size_t i = 0; i < staff->role_count; i++) {
        struct wf_role *role = wf_map_get_text(&in->roles_by_id, staff->role_ids[i]);
        if (!role) {
            wf_fault_add(faults, "unknown_group", "staff", "\"%s\" has role \"%s\", which does not exist",
                         staff->staff_id, staff->role_ids[i]);
            continue;
        }
        struct wf_role_member member = {
            .staff_id = staff->staff_id, .priority_num = staff->role_priorities[i], .staff = staff};
        WF_ARENA_PUSH(&in->arena, role->members, role->member_count, role->member_capacity, member);
    }
}

static int
member_compare(const void *a, const void *b)
{
    const struct wf_role_member *x = a, *y = b;

    if (x->priority_num != y->priority_num)
        return x->priority_num < y->priority_num ? -1 : 1;
    return strcmp(x->staff_id, y->staff_id);
}

static void
link_staff(struct wf_institution *in, struct wf_faults *faults)
{
    for (size_t i = 0; i < in->role_count; i++)
        in->roles[i]->member_count = 0;
    for (size_t i = 0; i < in->staff_count; i++) {
        struct wf_staff *staff = in->staff[i];
        staff->department = staff->dept_id ? wf_map_get_text(&in->departments_by_id, staff->dept_id) : NULL;
        if (staff->dept_id && !staff->department)
            wf_fault_add(faults, "unknown_group", "staff", "\"%s\" is in department \"%s\", which does not exist",
                         staff->staff_id, staff->dept_id);
        link_teams(in, staff, faults);
        link_roles(in, staff, faults);
        check_repeated(staff, staff->team_ids, staff->team_count, faults);
        check_repeated(staff, staff->role_ids, staff->role_count, faults);
    }
    for (size_t i = 0; i < in->role_count; i++)
        if (in->roles[i]->member_count)
            qsort(in->roles[i]->members, in->roles[i]->member_count, sizeof *in->roles[i]->members, member_compare);
}

static void
check_authorizations(const struct wf_institution *in, struct wf_faults *faults)
{
    for (size_t i = 0; i < in->authorization_count; i++) {
        const struct wf_authorization *grant = &in->authorizations[i];
        if (!wf_institution_staff(in, grant->grantor_id) || !wf_institution_staff(in, grant->grantee_id))
            wf_fault_add(faults, "unknown_staff", "authorizations", "\"%s\" authorizes \"%s\": one of them does not exist",
                         grant->grantor_id, grant->grantee_id);
        if (grant->valid_to && grant->valid_from >= grant->valid_to)
            wf_fault_add(faults, "invalid_period", "authorizations", "the authorization of \"%s\" ends before it begins",
                         grant->grantee_id);
    }
}

bool
wf_institution_compile(struct wf_institution *institution, struct wf_faults *faults)
{
    size_t before = faults->count;

    index_all(institution, faults);
    link_tree(institution->departments, institution->department_count, &institution->departments_by_id,
              "departments", faults);
    link_tree(institution->teams, institution->team_count, &institution->teams_by_id, "teams", faults);
    link_staff(institution, faults);
    check_authorizations(institution, faults);
    return faults->count == before;
}

static struct wf_org_unit *
unit_copy(struct wf_arena *arena, const struct wf_org_unit *unit)
{
    struct wf_org_unit *copy = WF_ARENA_NEW(arena, struct wf_org_unit);

    copy->id = wf_arena_strdup(arena, unit->id);
    copy->name = wf_arena_strdup(arena, unit->name);
    copy->super_id = wf_arena_strdup(arena, unit->super_id);
    return copy;
}

static struct wf_role *
role_copy(struct wf_arena *arena, const struct wf_role *role)
{
    struct wf_role *copy = WF_ARENA_NEW(arena, struct wf_role);

    copy->role_id = wf_arena_strdup(arena, role->role_id);
    copy->name = wf_arena_strdup(arena, role->name);
    return copy;
}

static void
staff_set_teams(struct wf_arena *arena, struct wf_staff *staff, const struct wf_staff *change)
{
    staff->team_ids = WF_ARENA_ARRAY(arena, const char *, change->team_count);
    staff->team_count = staff->team_capacity = change->team_count;
    for (size_t i = 0; i < change->team_count; i++)
        staff->team_ids[i] = wf_arena_strdup(arena, change->team_ids[i]);
}

static void
staff_set_roles(struct wf_arena *arena, struct wf_staff *staff, const struct wf_staff *change)
{
    staff->role_ids = WF_ARENA_ARRAY(arena, const char *, change->role_count);
    staff->role_priorities = wf_arena_memdup(arena, change->role_priorities, change->role_count * sizeof(int32_t));
    staff->role_count = staff->role_capacity = change->role_count;
    for (size_t i = 0; i < change->role_count; i++)
        staff->role_ids[i] = wf_arena_strdup(arena, change->role_ids[i]);
}

/* What the change says of a person; what it does not say stays. */
static void
staff_apply(struct wf_arena *arena, struct wf_staff *staff, const struct wf_staff *change)
{
    if (change->has_name)
        staff->name = wf_arena_strdup(arena, change->name);
    if (change->has_dept)
        staff->dept_id = wf_arena_strdup(arena, change->dept_id);
    if (change->has_teams)
        staff_set_teams(arena, staff, change);
    if (change->has_roles)
        staff_set_roles(arena, staff, change);
    if (change->has_logging_on)
        staff->logging_on = change->logging_on;
    if (change->has_on_leave)
        staff->on_leave = change->on_leave;
}

static struct wf_staff *
staff_copy(struct wf_arena *arena, const struct wf_staff *staff)
{
    struct wf_staff *copy = WF_ARENA_NEW(arena, struct wf_staff);

    copy->staff_id = wf_arena_strdup(arena, staff->staff_id);
    copy->logging_on = true;
    copy->has_name = copy->has_dept = copy->has_teams = copy->has_roles = true;
    copy->has_logging_on = copy->has_on_leave = true;
    staff_apply(arena, copy, staff);
    return copy;
}

static void
add_unit(struct wf_arena *arena, struct wf_map *map, struct wf_org_unit ***units, size_t *count, size_t *capacity,
         const struct wf_org_unit *from)
{
    struct wf_org_unit *old = wf_map_get_text(map, from->id);
    struct wf_org_unit *copy = unit_copy(arena, from);

    if (old) {
        *old = *copy;
        return;
    }
    wf_map_put_text(map, arena, copy->id, copy);
    WF_ARENA_PUSH(arena, *units, *count, *capacity, copy);
}

static void
add_role(struct wf_institution *into, const struct wf_role *role)
{
    struct wf_role *old = wf_map_get_text(&into->roles_by_id, role->role_id);
    struct wf_role *copy = role_copy(&into->arena, role);

    if (old) {
        if (copy->name)
            old->name = copy->name;
        return;
    }
    wf_map_put_text(&into->roles_by_id, &into->arena, copy->role_id, copy);
    WF_ARENA_PUSH(&into->arena, into->roles, into->role_count, into->role_capacity, copy);
}

static void
add_staff(struct wf_institution *into, const struct wf_staff *staff)
{
    struct wf_staff *old = wf_map_get_text(&into->staff_by_id, staff->staff_id);

    if (old) {
        staff_apply(&into->arena, old, staff);
        return;
    }
    struct wf_staff *copy = staff_copy(&into->arena, staff);
    wf_map_put_text(&into->staff_by_id, &into->arena, copy->staff_id, copy);
    WF_ARENA_PUSH(&into->arena, into->staff, into->staff_count, into->staff_capacity, copy);
}

static bool
same_id(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* There is one for each (grantor, grantee, process, activity). */
static struct wf_authorization *
find_authorization(struct wf_institution *in, const struct wf_authorization *grant)
{
    for (size_t i = 0; i < in->authorization_count; i++) {
        struct wf_authorization *old = &in->authorizations[i];
        if (same_id(old->grantor_id, grant->grantor_id) && same_id(old->grantee_id, grant->grantee_id) &&
            same_id(old->process_id, grant->process_id) && same_id(old->act_id, grant->act_id))
            return old;
    }
    return NULL;
}

bool
wf_institution_authorize(struct wf_institution *into, const struct wf_authorization *grant)
{
    struct wf_arena *arena = &into->arena;
    struct wf_authorization *old = find_authorization(into, grant);

    if (old) {
        bool changed = old->valid_from != grant->valid_from || old->valid_to != grant->valid_to;
        old->valid_from = grant->valid_from;
        old->valid_to = grant->valid_to;
        return changed;
    }
    struct wf_authorization copy = {
        .grantor_id = wf_arena_strdup(arena, grant->grantor_id),
        .grantee_id = wf_arena_strdup(arena, grant->grantee_id),
        .process_id = wf_arena_strdup(arena, grant->process_id),
        .act_id = wf_arena_strdup(arena, grant->act_id),
        .valid_from = grant->valid_from,
        .valid_to = grant->valid_to,
    };
    WF_ARENA_PUSH(arena, into->authorizations, into->authorization_count, into->authorization_capacity, copy);
    return true;
}

bool
wf_institution_revoke(struct wf_institution *in, const struct wf_authorization *grant)
{
    struct wf_authorization *old = find_authorization(in, grant);

    if (!old)
        return false;
    *old = in->authorizations[--in->authorization_count];
    return true;
}

void
wf_institution_revoke_all(struct wf_institution *in, const char *grantor_id)
{
    size_t kept = 0;

    for (size_t i = 0; i < in->authorization_count; i++)
        if (strcmp(in->authorizations[i].grantor_id, grantor_id) != 0)
            in->authorizations[kept++] = in->authorizations[i];
    in->authorization_count = kept;
}

bool
wf_institution_set_presence(struct wf_institution *in, const struct wf_staff *wanted)
{
    struct wf_staff *staff = wf_map_get_text(&in->staff_by_id, wanted->staff_id);

    if (!staff)
        return false;
    bool logging_on = wanted->has_logging_on ? wanted->logging_on : staff->logging_on;
    bool on_leave = wanted->has_on_leave ? wanted->on_leave : staff->on_leave;
    bool changed = logging_on != staff->logging_on || on_leave != staff->on_leave;
    staff->logging_on = logging_on;
    staff->on_leave = on_leave;
    staff->has_logging_on = staff->has_on_leave = true; /* also where the file left them out: a merge copies what is said */
    return changed;
}

static void
add_all(struct wf_institution *into, const struct wf_institution *from)
{
    for (size_t i = 0; i < from->department_count; i++)
        add_unit(&into->arena, &into->departments_by_id, &into->departments, &into->department_count,
                 &into->department_capacity, from->departments[i]);
    for (size_t i = 0; i < from->team_count; i++)
        add_unit(&into->arena, &into->teams_by_id, &into->teams, &into->team_count, &into->team_capacity,
                 from->teams[i]);
    for (size_t i = 0; i < from->role_count; i++)
        add_role(into, from->roles[i]);
    for (size_t i = 0; i < from->staff_count; i++)
        add_staff(into, from->staff[i]);
    for (size_t i = 0; i < from->authorization_count; i++)
        (void)wf_institution_authorize(into, &from->authorizations[i]);
}

/* A file that says the same id twice is wrong in itself. */
static void
check_change(struct wf_institution *probe, const struct wf_institution *change, struct wf_faults *faults)
{
    *probe = *change;
    probe->arena = (struct wf_arena){0};
    index_all(probe, faults);
    wf_arena_drop(&probe->arena);
}

struct wf_institution *
wf_institution_merge(const struct wf_institution *base, const struct wf_institution *change, struct wf_faults *faults)
{
    struct wf_institution probe;
    size_t before = faults->count;

    check_change(&probe, change, faults);

    struct wf_institution *merged = wf_institution_new();
    merged->version = (base ? base->version : 0) + 1;
    if (base && !change->replace)
        add_all(merged, base);
    add_all(merged, change);
    wf_institution_compile(merged, faults);
    if (faults->count == before)
        return merged;
    wf_institution_drop(merged);
    return NULL;
}

const struct wf_staff *
wf_institution_staff(const struct wf_institution *institution, const char *staff_id)
{
    return institution ? wf_map_get_text(&institution->staff_by_id, staff_id) : NULL;
}

const struct wf_role *
wf_institution_role(const struct wf_institution *institution, const char *role_id)
{
    return institution ? wf_map_get_text(&institution->roles_by_id, role_id) : NULL;
}

static bool
at_or_below(const struct wf_org_unit *unit, const char *id)
{
    for (; unit; unit = unit->super)
        if (strcmp(unit->id, id) == 0)
            return true;
    return false;
}

static bool
in_team(const struct wf_staff *staff, const char *id)
{
    for (size_t i = 0; i < staff->team_count; i++)
        if (at_or_below(staff->teams[i], id))
            return true;
    return false;
}

static bool
in_role(const struct wf_staff *staff, const char *id)
{
    for (size_t i = 0; i < staff->role_count; i++)
        if (strcmp(staff->role_ids[i], id) == 0)
            return true;
    return false;
}

bool
wf_staff_in_group(const struct wf_staff *staff, enum wf_based_on based_on, const char *id)
{
    switch (based_on) {
    case WF_BASED_ON_DEPARTMENT: return at_or_below(staff->department, id);
    case WF_BASED_ON_TEAM: return in_team(staff, id);
    case WF_BASED_ON_ROLE: return in_role(staff, id);
    default: return false;
    }
}

size_t
wf_institution_group_size(const struct wf_institution *institution, enum wf_based_on based_on, const char *id)
{
    size_t size = 0;

    if (based_on == WF_BASED_ON_ROLE) {
        const struct wf_role *role = wf_institution_role(institution, id);
        for (size_t i = 0; role && i < role->member_count; i++)
            size += !role->members[i].staff->on_leave;
        return size;
    }
    for (size_t i = 0; institution && i < institution->staff_count; i++) {
        const struct wf_staff *staff = institution->staff[i];
        size += !staff->on_leave && wf_staff_in_group(staff, based_on, id);
    }
    return size;
}

bool
wf_institution_has_group(const struct wf_institution *institution, enum wf_based_on based_on, const char *id)
{
    if (!institution)
        return false;
    switch (based_on) {
    case WF_BASED_ON_DEPARTMENT: return wf_map_get_text(&institution->departments_by_id, id);
    case WF_BASED_ON_TEAM: return wf_map_get_text(&institution->teams_by_id, id);
    case WF_BASED_ON_ROLE: return wf_map_get_text(&institution->roles_by_id, id);
    default: return false;
    }
}

bool
wf_authorization_covers(const struct wf_authorization *authorization, const char *process_id, const char *act_id,
                        int64_t now)
{
    return (!authorization->process_id || strcmp(authorization->process_id, process_id) == 0) &&
           (!authorization->act_id || strcmp(authorization->act_id, act_id) == 0) &&
           authorization->valid_from <= now && (!authorization->valid_to || now < authorization->valid_to);
}
