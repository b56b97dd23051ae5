#include "core/people.h"

/* The institution is the shell's, and constant to everybody else. */
static struct wf_institution *
institution_of(const struct wf_unit *unit)
{
    return (struct wf_institution *)(uintptr_t)unit->institution;
}

static bool
known(struct wf_unit *unit, const char *staff_id)
{
    return wf_institution_staff(unit->institution, staff_id) ||
           wf_unit_reject(unit, WF_CODE_UNKNOWN_STAFF, "there is no staff member \"%s\"", staff_id);
}

/* Each change is a version of its own, which the events about it name; its texts outlive the command. */
static void
note(struct wf_unit *unit, const struct wf_people_change *change)
{
    struct wf_people_change *noted = wf_arena_memdup(unit->arena, change, sizeof *change);
    struct wf_authorization *grant = &noted->authorization;

    grant->grantor_id = wf_arena_strdup(unit->arena, grant->grantor_id);
    grant->grantee_id = wf_arena_strdup(unit->arena, grant->grantee_id);
    grant->process_id = wf_arena_strdup(unit->arena, grant->process_id);
    grant->act_id = wf_arena_strdup(unit->arena, grant->act_id);
    institution_of(unit)->version++;
    WF_ARENA_PUSH(unit->arena, unit->people, unit->people_count, unit->people_capacity, noted);
    unit->outcome.people = noted;
}

static bool
set_presence(struct wf_unit *unit, const struct wf_staff *wanted)
{
    struct wf_people_change change = {.revoked = false};

    if (!known(unit, wanted->staff_id))
        return false;
    change.staff = wf_institution_staff(unit->institution, wanted->staff_id);
    if (wf_institution_set_presence(institution_of(unit), wanted))
        note(unit, &change);
    return true;
}

static bool
authorize(struct wf_unit *unit, const struct wf_authorization *wanted)
{
    struct wf_people_change change = {.authorization = *wanted};

    if (!known(unit, wanted->grantor_id) || !known(unit, wanted->grantee_id))
        return false;
    if (wanted->valid_to && wanted->valid_from >= wanted->valid_to)
        return wf_unit_reject(unit, WF_CODE_INSTITUTION_INVALID, "the authorization of \"%s\" ends before it begins",
                              wanted->grantee_id);
    if (wf_institution_authorize(institution_of(unit), wanted))
        note(unit, &change);
    return true;
}

static bool
revoke(struct wf_unit *unit, const struct wf_authorization *unwanted)
{
    struct wf_people_change change = {.authorization = *unwanted, .revoked = true};

    if (!known(unit, unwanted->grantor_id) || !known(unit, unwanted->grantee_id))
        return false;
    if (wf_institution_revoke(institution_of(unit), unwanted))
        note(unit, &change);
    return true;
}

bool
wf_people_apply(struct wf_unit *unit, const struct wf_command *command)
{
    switch (command->operation) {
    case WF_OP_SET_PRESENCE: return set_presence(unit, command->institution->staff[0]);
    case WF_OP_AUTHORIZE: return authorize(unit, &command->institution->authorizations[0]);
    default: return revoke(unit, &command->institution->authorizations[0]);
    }
}
