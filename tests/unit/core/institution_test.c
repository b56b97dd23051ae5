/* The institution and what a load makes of it (INS-1, INS-2). */
#include "core/institution.h"
#include "story.h"

/* Merges a change into a base; the faults as "code code ...", or "". */
static const char *
merge(struct wf_institution **base, const char *text)
{
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_institution *change = story_institution(text);
    struct wf_institution *merged = wf_institution_merge(*base, change, &faults);
    const char *codes = "";

    wf_institution_drop(change);
    for (size_t i = 0; i < faults.count; i++)
        codes = wf_arena_printf(&story.arena, "%s%s%s", codes, i ? " " : "", faults.items[i].code);
    cr_assert_eq(merged != NULL, faults.count == 0);
    if (merged) {
        wf_institution_drop(*base);
        *base = merged;
    }
    return codes;
}

static const char small[] = "dept d; dept d2 <d; team t; team u <t; role r; role s Second;"
                            "staff ann dept:d2 team:u role:r=2,s name:Ann; staff bob dept:d role:r=1 off; staff cid leave;"
                            "grant ann bob; grant ann bob process:p act:A from:1 to:5";

Test(institution, loaded)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    cr_assert_eq(in->version, 1);
    const struct wf_staff *ann = wf_institution_staff(in, "ann");
    SAME(ann->name, "Ann");
    cr_assert(ann->logging_on && !ann->on_leave);
    cr_assert_not(wf_institution_staff(in, "bob")->logging_on);
    cr_assert(wf_institution_staff(in, "cid")->on_leave);
    cr_assert_null(wf_institution_staff(in, "zoe"));
    const struct wf_role *role = wf_institution_role(in, "r");
    cr_assert_eq(role->member_count, 2);
    SAME(role->members[0].staff_id, "bob"); /* the lowest number first */
    cr_assert_eq(in->authorization_count, 2);
    wf_institution_drop(in);
    wf_institution_drop(NULL);
}

/* INS-2: a department stands for its own members and those below it; so does a team. */
Test(institution, groups)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    const struct wf_staff *ann = wf_institution_staff(in, "ann"), *bob = wf_institution_staff(in, "bob");
    cr_assert(wf_staff_in_group(ann, WF_BASED_ON_DEPARTMENT, "d"));
    cr_assert(wf_staff_in_group(ann, WF_BASED_ON_DEPARTMENT, "d2"));
    cr_assert_not(wf_staff_in_group(bob, WF_BASED_ON_DEPARTMENT, "d2"));
    cr_assert(wf_staff_in_group(ann, WF_BASED_ON_TEAM, "t"));
    cr_assert_not(wf_staff_in_group(bob, WF_BASED_ON_TEAM, "t"));
    cr_assert(wf_staff_in_group(ann, WF_BASED_ON_ROLE, "s"));
    cr_assert_not(wf_staff_in_group(bob, WF_BASED_ON_ROLE, "s"));
    cr_assert_not(wf_staff_in_group(ann, WF_BASED_ON_USER_DEFINED, "d"));
    cr_assert_eq(wf_institution_group_size(in, WF_BASED_ON_DEPARTMENT, "d"), 2);
    cr_assert_eq(wf_institution_group_size(in, WF_BASED_ON_ROLE, "r"), 2);
    cr_assert_eq(wf_institution_group_size(in, WF_BASED_ON_ROLE, "nobody's"), 0);
    cr_assert_eq(wf_institution_group_size(NULL, WF_BASED_ON_TEAM, "t"), 0);
    wf_institution_drop(in);
}

/* A load merges: what it says of a person replaces, what it does not say stays. */
Test(institution, merge)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    SAME(merge(&in, "role q; role s; staff ann role:q; staff cid back dept:d; staff dan team:t; staff bob on dept:;"
                    "grant ann bob from:3"), "");
    cr_assert_eq(in->version, 2);
    const struct wf_staff *ann = wf_institution_staff(in, "ann"), *bob = wf_institution_staff(in, "bob");
    cr_assert_eq(ann->role_count, 1);
    SAME(ann->department->id, "d2");
    SAME(ann->name, "Ann");
    cr_assert_eq(ann->team_count, 1);
    cr_assert_null(bob->department);
    cr_assert(bob->logging_on);
    cr_assert_eq(bob->role_priorities[0], 1);
    cr_assert_not(wf_institution_staff(in, "cid")->on_leave);
    cr_assert_not_null(wf_institution_staff(in, "dan"));
    SAME(wf_institution_role(in, "s")->name, "Second");
    cr_assert_eq(wf_institution_role(in, "r")->member_count, 1);
    cr_assert_eq(in->authorization_count, 2);
    cr_assert_eq(in->authorizations[0].valid_from, 3); /* the later one counts */
    wf_institution_drop(in);
}

/* A stored institution leaves out who is present as usual; what is set in place outlives the next load all the same. */
Test(institution, presence_then_merge)
{
    struct wf_institution *in = story_institution("role r; staff ann role:r; staff bob role:r");
    struct wf_faults faults = {.arena = &story.arena};
    struct wf_staff away = {.staff_id = "ann", .has_on_leave = true, .on_leave = true};

    cr_assert(wf_institution_compile(in, &faults));
    cr_assert(wf_institution_set_presence(in, &away));
    cr_assert_not(wf_institution_set_presence(in, &away));
    SAME(merge(&in, "staff cid role:r"), "");
    cr_assert(wf_institution_staff(in, "ann")->on_leave);
    cr_assert(wf_institution_staff(in, "ann")->logging_on);
    cr_assert_not(wf_institution_staff(in, "bob")->on_leave);
    wf_institution_drop(in);
}

Test(institution, renamed_and_moved)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, "role s Second; role q; dept a; dept b <a; staff zoe dept:b"), "");
    SAME(merge(&in, "role s Third; dept b"), "");
    SAME(wf_institution_role(in, "s")->name, "Third");
    cr_assert_not(wf_staff_in_group(wf_institution_staff(in, "zoe"), WF_BASED_ON_DEPARTMENT, "a"));
    wf_institution_drop(in);
}

/* `replace` removes who is not in it. */
Test(institution, replace)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    SAME(merge(&in, "replace; staff ann"), "");
    cr_assert_eq(in->version, 2);
    cr_assert_eq(in->staff_count, 1);
    cr_assert_eq(in->role_count, 0);
    cr_assert_eq(wf_institution_staff(in, "ann")->role_count, 0);
    SAME(merge(&in, "replace; staff ann dept:d"), "unknown_group");
    wf_institution_drop(in);
}

/* INS-1: the trees have no cycles; a change that would make one is refused and changes nothing. */
Test(institution, cycles)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    SAME(merge(&in, "dept d <d2"), "cycle cycle");
    SAME(merge(&in, "team t <t"), "cycle cycle"); /* t, and u below it */
    SAME(merge(&in, "dept x <y; dept y <x"), "cycle cycle");
    cr_assert_eq(in->version, 1);
    cr_assert_null(wf_institution_staff(in, "ann")->department->super->super);
    wf_institution_drop(in);
}

/* Everything that is wrong is listed. */
Test(institution, faults)
{
    struct wf_institution *in = NULL;

    SAME(merge(&in, small), "");
    SAME(merge(&in, "dept x <nowhere"), "unknown_group");
    SAME(merge(&in, "staff ann dept:x"), "unknown_group");
    SAME(merge(&in, "staff ann team:x"), "unknown_group");
    SAME(merge(&in, "staff ann role:x"), "unknown_group");
    SAME(merge(&in, "staff ann role:r,s,r"), "duplicate");
    SAME(merge(&in, "staff ann team:t,t"), "duplicate");
    SAME(merge(&in, "staff zoe; staff zoe; role z; role z; dept z; dept z; team z; team z"),
         "duplicate duplicate duplicate duplicate");
    SAME(merge(&in, "grant ann zoe"), "unknown_staff");
    SAME(merge(&in, "grant zoe ann"), "unknown_staff");
    SAME(merge(&in, "grant ann bob from:9 to:8"), "invalid_period");
    SAME(merge(&in, "dept x <nowhere; staff ann role:x,y; grant ann ann from:2 to:1"),
         "unknown_group unknown_group unknown_group invalid_period");
    cr_assert_eq(in->version, 1);
    wf_institution_drop(in);
}
