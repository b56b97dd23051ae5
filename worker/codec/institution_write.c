#include "base/json.h"
#include "codec/institution_file.h"

static void
put_unit(struct wf_buf *buf, const struct wf_org_unit *unit, const char *id, const char *super_id)
{
    wf_json_open(buf, '{');
    wf_json_put_string(buf, id, unit->id);
    wf_json_put_opt(buf, super_id, unit->super_id);
    wf_json_put_opt(buf, "name", unit->name);
    wf_json_close(buf, '}');
}

static void
put_department(struct wf_buf *buf, const struct wf_org_unit *department)
{
    put_unit(buf, department, "dept_id", "super_dept_id");
}

static void
put_team(struct wf_buf *buf, const struct wf_org_unit *team)
{
    put_unit(buf, team, "team_id", "super_team_id");
}

static void
put_role(struct wf_buf *buf, const struct wf_role *role)
{
    wf_json_open(buf, '{');
    wf_json_put_string(buf, "role_id", role->role_id);
    wf_json_put_opt(buf, "name", role->name);
    wf_json_close(buf, '}');
}

static void
put_roles_held(struct wf_buf *buf, const struct wf_staff *staff)
{
    wf_json_key(buf, "roles");
    wf_json_open(buf, '[');
    for (size_t i = 0; i < staff->role_count; i++) {
        if (staff->role_priorities[i] == WF_PRIORITY_DEFAULT) {
            wf_json_string(buf, staff->role_ids[i]);
            continue;
        }
        wf_json_open(buf, '{');
        wf_json_put_string(buf, "role_id", staff->role_ids[i]);
        wf_json_put_int(buf, "priority_num", staff->role_priorities[i]);
        wf_json_close(buf, '}');
    }
    wf_json_close(buf, ']');
}

static void
put_staff(struct wf_buf *buf, const struct wf_staff *staff)
{
    wf_json_open(buf, '{');
    wf_json_put_string(buf, "staff_id", staff->staff_id);
    wf_json_put_opt(buf, "name", staff->name);
    wf_json_put_opt(buf, "dept_id", staff->dept_id);
    if (staff->team_count) {
        wf_json_key(buf, "teams");
        wf_json_open(buf, '[');
        for (size_t i = 0; i < staff->team_count; i++)
            wf_json_string(buf, staff->team_ids[i]);
        wf_json_close(buf, ']');
    }
    if (staff->role_count)
        put_roles_held(buf, staff);
    wf_json_put_bool(buf, "logging_on", staff->logging_on);
    wf_json_put_bool(buf, "on_leave", staff->on_leave);
    wf_json_close(buf, '}');
}

static void
put_authorization(struct wf_buf *buf, const struct wf_authorization *authorization)
{
    wf_json_open(buf, '{');
    wf_json_put_string(buf, "grantor_id", authorization->grantor_id);
    wf_json_put_string(buf, "grantee_id", authorization->grantee_id);
    wf_json_put_opt(buf, "process_id", authorization->process_id);
    wf_json_put_opt(buf, "act_id", authorization->act_id);
    wf_json_put_time_opt(buf, "valid_from", authorization->valid_from);
    wf_json_put_time_opt(buf, "valid_to", authorization->valid_to);
    wf_json_close(buf, '}');
}

/* All objects of one kind, in their order, and by id. */
struct objects {
    struct {
        const char *id;
        const void *object;
    } *items;
    size_t count, capacity;
    struct wf_map by_id;
};

static void
objects_add(struct objects *objects, struct wf_arena *arena, const char *id, const void *object)
{
    if (objects->count == objects->capacity) {
        objects->capacity = objects->capacity ? 2 * objects->capacity : 64;
        objects->items = wf_arena_grow(arena, objects->items, objects->count, objects->capacity,
                                       sizeof *objects->items);
    }
    objects->items[objects->count].id = id;
    objects->items[objects->count++].object = object;
    wf_map_put_text(&objects->by_id, arena, id, (void *)(uintptr_t)object);
}

static const char *
authorization_id(struct wf_arena *arena, const struct wf_authorization *authorization)
{
    const char *process_id = authorization->process_id, *act_id = authorization->act_id;

    return wf_arena_printf(arena, "%s/%s%s%s%s%s", authorization->grantor_id, authorization->grantee_id,
                           process_id || act_id ? "/" : "", process_id ? process_id : "", act_id ? "/" : "",
                           act_id ? act_id : "");
}

static struct objects
collect(const struct wf_institution *in, enum wf_institution_object kind, struct wf_arena *arena)
{
    struct objects objects = {0};

    switch (kind) {
    case WF_OBJECT_DEPARTMENT:
        for (size_t i = 0; i < in->department_count; i++)
            objects_add(&objects, arena, in->departments[i]->id, in->departments[i]);
        break;
    case WF_OBJECT_TEAM:
        for (size_t i = 0; i < in->team_count; i++)
            objects_add(&objects, arena, in->teams[i]->id, in->teams[i]);
        break;
    case WF_OBJECT_ROLE:
        for (size_t i = 0; i < in->role_count; i++)
            objects_add(&objects, arena, in->roles[i]->role_id, in->roles[i]);
        break;
    case WF_OBJECT_STAFF:
        for (size_t i = 0; i < in->staff_count; i++)
            objects_add(&objects, arena, in->staff[i]->staff_id, in->staff[i]);
        break;
    case WF_OBJECT_AUTHORIZATION:
        for (size_t i = 0; i < in->authorization_count; i++)
            objects_add(&objects, arena, authorization_id(arena, &in->authorizations[i]), &in->authorizations[i]);
        break;
    }
    return objects;
}

static void
put_object(struct wf_buf *buf, enum wf_institution_object kind, const void *object)
{
    switch (kind) {
    case WF_OBJECT_DEPARTMENT: put_department(buf, object); break;
    case WF_OBJECT_TEAM: put_team(buf, object); break;
    case WF_OBJECT_ROLE: put_role(buf, object); break;
    case WF_OBJECT_STAFF: put_staff(buf, object); break;
    case WF_OBJECT_AUTHORIZATION: put_authorization(buf, object); break;
    }
}

void
wf_institution_encode(const struct wf_institution *institution, struct wf_buf *buf)
{
    static const char *const lists[] = {"departments", "teams", "roles", "staff", "authorizations"};
    struct wf_arena arena = {0};

    wf_json_open(buf, '{');
    for (enum wf_institution_object kind = WF_OBJECT_DEPARTMENT; kind <= WF_OBJECT_AUTHORIZATION; kind++) {
        struct objects objects = collect(institution, kind, &arena);
        if (!objects.count)
            continue;
        wf_json_key(buf, lists[kind]);
        wf_json_open(buf, '[');
        for (size_t i = 0; i < objects.count; i++)
            put_object(buf, kind, objects.items[i].object);
        wf_json_close(buf, ']');
    }
    wf_json_close(buf, '}');
    wf_arena_drop(&arena);
}

const char *
wf_institution_object_name(enum wf_institution_object object)
{
    static const char *const names[] = {"department", "team", "role", "staff", "authorization"};

    return names[object];
}

/* A comparison under way: two objects are the same if they are written the same. */
struct comparison {
    struct wf_arena arena;
    struct wf_buf old, new;
    void (*changed)(void *context, const struct wf_institution_change *change);
    void *context;
};

static void
compare_kind(struct comparison *comparison, enum wf_institution_object kind, const struct wf_institution *before,
             const struct wf_institution *after)
{
    struct objects old = before ? collect(before, kind, &comparison->arena) : (struct objects){0};
    struct objects new = collect(after, kind, &comparison->arena);

    for (size_t i = 0; i < new.count; i++) {
        struct wf_institution_change change = {.object = kind, .id = new.items[i].id};
        const void *was = wf_map_get_text(&old.by_id, change.id);
        wf_buf_clear(&comparison->old);
        wf_buf_clear(&comparison->new);
        put_object(&comparison->new, kind, new.items[i].object);
        change.json = wf_buf_text(&comparison->new);
        if (was)
            put_object(&comparison->old, kind, was);
        if (!was || strcmp(wf_buf_text(&comparison->old), change.json) != 0)
            comparison->changed(comparison->context, &change);
    }
    for (size_t i = 0; i < old.count; i++) {
        struct wf_institution_change change = {.object = kind, .id = old.items[i].id};
        if (!wf_map_get_text(&new.by_id, change.id))
            comparison->changed(comparison->context, &change);
    }
}

void
wf_institution_compare(const struct wf_institution *before, const struct wf_institution *after,
                       void (*changed)(void *context, const struct wf_institution_change *change), void *context)
{
    struct comparison comparison = {.changed = changed, .context = context};

    for (enum wf_institution_object kind = WF_OBJECT_DEPARTMENT; kind <= WF_OBJECT_AUTHORIZATION; kind++)
        compare_kind(&comparison, kind, before, after);
    wf_buf_drop(&comparison.old);
    wf_buf_drop(&comparison.new);
    wf_arena_drop(&comparison.arena);
}

void
wf_people_describe(const struct wf_people_change *change,
                   void (*changed)(void *context, const struct wf_institution_change *change), void *context)
{
    struct wf_arena arena = {0};
    struct wf_buf json = {0};
    struct wf_institution_change object = {.object = change->staff ? WF_OBJECT_STAFF : WF_OBJECT_AUTHORIZATION};

    object.id = change->staff ? change->staff->staff_id : authorization_id(&arena, &change->authorization);
    if (change->staff)
        put_staff(&json, change->staff);
    else
        put_authorization(&json, &change->authorization);
    object.json = change->revoked ? NULL : wf_buf_text(&json);
    changed(context, &object);
    wf_buf_drop(&json);
    wf_arena_drop(&arena);
}

/* Each once, however often it changed: people, or grantors. */
static void
put_changed(struct wf_buf *buf, struct wf_people_change *const *changes, size_t count, bool people)
{
    struct wf_arena arena = {0};
    struct wf_map seen = {0};

    for (size_t i = 0; i < count; i++) {
        const struct wf_staff *staff = changes[i]->staff;
        const char *id = staff ? staff->staff_id : changes[i]->authorization.grantor_id;
        if (people != (staff != NULL) || wf_map_get_text(&seen, id))
            continue;
        wf_map_put_text(&seen, &arena, id, changes[i]);
        if (!people) {
            wf_json_string(buf, id);
            continue;
        }
        wf_json_open(buf, '{');
        wf_json_put_string(buf, "staff_id", id);
        wf_json_put_bool(buf, "logging_on", staff->logging_on);
        wf_json_put_bool(buf, "on_leave", staff->on_leave);
        wf_json_close(buf, '}');
    }
    wf_arena_drop(&arena);
}

static bool
is_grantor(struct wf_people_change *const *changes, size_t count, const char *staff_id)
{
    for (size_t i = 0; i < count; i++)
        if (!changes[i]->staff && strcmp(changes[i]->authorization.grantor_id, staff_id) == 0)
            return true;
    return false;
}

void
wf_people_encode(const struct wf_institution *institution, struct wf_people_change *const *changes, size_t count,
                 struct wf_buf *buf)
{
    wf_json_open(buf, '{');
    wf_json_key(buf, "staff");
    wf_json_open(buf, '[');
    put_changed(buf, changes, count, true);
    wf_json_close(buf, ']');
    wf_json_key(buf, "grantors");
    wf_json_open(buf, '[');
    put_changed(buf, changes, count, false);
    wf_json_close(buf, ']');
    wf_json_key(buf, "authorizations");
    wf_json_open(buf, '[');
    for (size_t i = 0; i < institution->authorization_count; i++)
        if (is_grantor(changes, count, institution->authorizations[i].grantor_id))
            put_authorization(buf, &institution->authorizations[i]);
    wf_json_close(buf, ']');
    wf_json_close(buf, '}');
}
