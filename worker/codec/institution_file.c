#include "codec/institution_file.h"

#include "codec/fields.h"

/* A file being read. */
struct file {
    struct wf_institution *institution;
    struct wf_reading reading;
};

/* Reads each element of a list, which are objects. */
static void
each(struct file *file, const char *name, struct wf_slice list,
     void (*read)(struct file *file, struct wf_slice object, const struct wf_place *place))
{
    struct wf_place whole = {.member = name}, place = {.up = &whole};
    struct wf_slice rest, element;

    if (!list.data)
        return;
    for (rest = wf_scan_inside(list); wf_scan_element(&rest, &element); place.index++)
        if (wf_fields_is_object(&file->reading, element, &place))
            read(file, element, &place);
}

static const struct wf_field department_fields[] = {
    WF_FIELD_REQUIRED(ID, "dept_id", struct wf_org_unit, id),
    WF_FIELD(ID, "super_dept_id", struct wf_org_unit, super_id),
    WF_FIELD(TEXT, "name", struct wf_org_unit, name),
};
static const struct wf_fields department_table = WF_FIELDS(department_fields);

static const struct wf_field team_fields[] = {
    WF_FIELD_REQUIRED(ID, "team_id", struct wf_org_unit, id),
    WF_FIELD(ID, "super_team_id", struct wf_org_unit, super_id),
    WF_FIELD(TEXT, "name", struct wf_org_unit, name),
};
static const struct wf_fields team_table = WF_FIELDS(team_fields);

static void
read_department(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct wf_institution *in = file->institution;
    struct wf_org_unit *unit = WF_ARENA_NEW(&in->arena, struct wf_org_unit);

    wf_fields_read(&file->reading, &department_table, object, place, unit);
    WF_ARENA_PUSH(&in->arena, in->departments, in->department_count, in->department_capacity, unit);
}

static void
read_team(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct wf_institution *in = file->institution;
    struct wf_org_unit *unit = WF_ARENA_NEW(&in->arena, struct wf_org_unit);

    wf_fields_read(&file->reading, &team_table, object, place, unit);
    WF_ARENA_PUSH(&in->arena, in->teams, in->team_count, in->team_capacity, unit);
}

static const struct wf_field role_fields[] = {
    WF_FIELD_REQUIRED(ID, "role_id", struct wf_role, role_id),
    WF_FIELD(TEXT, "name", struct wf_role, name),
};
static const struct wf_fields role_table = WF_FIELDS(role_fields);

static void
read_role(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct wf_institution *in = file->institution;
    struct wf_role *role = WF_ARENA_NEW(&in->arena, struct wf_role);

    wf_fields_read(&file->reading, &role_table, object, place, role);
    WF_ARENA_PUSH(&in->arena, in->roles, in->role_count, in->role_capacity, role);
}

/* A person as the file says it. */
struct person {
    struct wf_staff staff;
    struct wf_texts teams;
    struct wf_slice roles;
};

#define PERSON(kind_, name_, member_, given_)                                                    \
    {                                                                                            \
        .name = (name_), .kind = WF_FIELD_##kind_, .offset = offsetof(struct person, member_),   \
        .given = offsetof(struct person, staff.given_)                                           \
    }

static const struct wf_field staff_fields[] = {
    WF_FIELD_REQUIRED(ID, "staff_id", struct person, staff.staff_id),
    PERSON(TEXT, "name", staff.name, has_name),
    PERSON(ID, "dept_id", staff.dept_id, has_dept),
    PERSON(IDS, "teams", teams, has_teams),
    PERSON(ARRAY, "roles", roles, has_roles),
    PERSON(BOOL, "logging_on", staff.logging_on, has_logging_on),
    PERSON(BOOL, "on_leave", staff.on_leave, has_on_leave),
};
static const struct wf_fields staff_table = WF_FIELDS(staff_fields);

/* A role held: its id alone, or with a priority. */
struct role_held {
    const char *role_id;
    int32_t priority_num;
};

static const struct wf_field role_held_fields[] = {
    WF_FIELD_REQUIRED(ID, "role_id", struct role_held, role_id),
    {.name = "priority_num", .kind = WF_FIELD_INTEGER, .offset = offsetof(struct role_held, priority_num),
     .low = INT32_MIN},
};
static const struct wf_fields role_held_table = WF_FIELDS(role_held_fields);

static struct role_held
read_role_held(struct file *file, struct wf_slice element, const struct wf_place *place)
{
    struct role_held held = {.priority_num = WF_PRIORITY_DEFAULT};
    char excerpt[WF_EXCERPT];

    if (wf_scan_kind(element) == '{') {
        wf_fields_read(&file->reading, &role_held_table, element, place, &held);
        return held;
    }
    if (wf_scan_kind(element) == '"')
        held.role_id = wf_scan_text(&file->institution->arena, element);
    if (!held.role_id || !wf_id_valid(held.role_id))
        wf_reading_fault(&file->reading, place, "invalid_value",
                         "a role is its id, or an object with \"role_id\" and \"priority_num\", not %s",
                         wf_excerpt(element.data, element.length, excerpt));
    return held;
}

static void
read_roles_held(struct file *file, struct person *person, const struct wf_place *up)
{
    struct wf_arena *arena = &file->institution->arena;
    struct wf_place roles = {.up = up, .member = "roles"}, place = {.up = &roles};
    struct wf_slice rest = wf_scan_inside(person->roles), element;
    struct wf_staff *staff = &person->staff;
    size_t priority_count = 0, priority_capacity = 0;

    for (; wf_scan_element(&rest, &element); place.index++) {
        struct role_held held = read_role_held(file, element, &place);
        WF_ARENA_PUSH(arena, staff->role_ids, staff->role_count, staff->role_capacity, held.role_id);
        WF_ARENA_PUSH(arena, staff->role_priorities, priority_count, priority_capacity, held.priority_num);
    }
}

static void
read_staff(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct wf_institution *in = file->institution;
    struct person person = {.staff = {.logging_on = true}};

    wf_fields_read(&file->reading, &staff_table, object, place, &person);
    person.staff.team_ids = person.teams.items;
    person.staff.team_count = person.staff.team_capacity = person.teams.count;
    if (person.roles.data)
        read_roles_held(file, &person, place);

    struct wf_staff *staff = wf_arena_memdup(&in->arena, &person.staff, sizeof person.staff);
    WF_ARENA_PUSH(&in->arena, in->staff, in->staff_count, in->staff_capacity, staff);
}

static const struct wf_field authorization_fields[] = {
    WF_FIELD_REQUIRED(ID, "grantor_id", struct wf_authorization, grantor_id),
    WF_FIELD_REQUIRED(ID, "grantee_id", struct wf_authorization, grantee_id),
    WF_FIELD(ID, "process_id", struct wf_authorization, process_id),
    WF_FIELD(ID, "act_id", struct wf_authorization, act_id),
    WF_FIELD(TIME, "valid_from", struct wf_authorization, valid_from),
    WF_FIELD(TIME, "valid_to", struct wf_authorization, valid_to),
};
static const struct wf_fields authorization_table = WF_FIELDS(authorization_fields);

static void
read_authorization(struct file *file, struct wf_slice object, const struct wf_place *place)
{
    struct wf_institution *in = file->institution;
    struct wf_authorization authorization = {0};

    wf_fields_read(&file->reading, &authorization_table, object, place, &authorization);
    WF_ARENA_PUSH(&in->arena, in->authorizations, in->authorization_count, in->authorization_capacity, authorization);
}

/* The file's own members. */
struct whole {
    struct wf_slice departments, teams, roles, staff, authorizations;
    bool replace;
};

static const struct wf_field whole_fields[] = {
    WF_FIELD(ARRAY, "departments", struct whole, departments),
    WF_FIELD(ARRAY, "teams", struct whole, teams),
    WF_FIELD(ARRAY, "roles", struct whole, roles),
    WF_FIELD(ARRAY, "staff", struct whole, staff),
    WF_FIELD(ARRAY, "authorizations", struct whole, authorizations),
    WF_FIELD(BOOL, "replace", struct whole, replace),
};
static const struct wf_fields whole_table = WF_FIELDS(whole_fields);

static void
read_whole(struct file *file, struct wf_slice object)
{
    struct whole whole = {0};

    wf_fields_read(&file->reading, &whole_table, object, NULL, &whole);
    file->institution->replace = whole.replace;
    each(file, "departments", whole.departments, read_department);
    each(file, "teams", whole.teams, read_team);
    each(file, "roles", whole.roles, read_role);
    each(file, "staff", whole.staff, read_staff);
    each(file, "authorizations", whole.authorizations, read_authorization);
}

struct wf_institution *
wf_institution_file_decode(const char *text, size_t length, struct wf_faults *faults)
{
    struct wf_institution *institution = wf_institution_new();
    struct file file = {.institution = institution,
                        .reading = {.arena = &institution->arena, .faults = faults, .closed = true}};
    struct wf_error error;
    struct wf_slice value;
    size_t before = faults->count;

    if (!wf_scan_check(text, length, &institution->arena, &value, &error))
        wf_fault_add(faults, "invalid_value", "", "%s", error.message);
    else if (wf_fields_is_object(&file.reading, value, NULL))
        read_whole(&file, value);
    if (faults->count == before)
        return institution;
    wf_institution_drop(institution);
    return NULL;
}
