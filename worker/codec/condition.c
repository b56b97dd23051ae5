#include "codec/condition.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/scan.h"
#include "core/definition.h"

enum {
    HOOK_STEPS = 1000,  /* instructions between two looks at the limits */
    CACHED_MAX = 10000, /* compiled conditions */
    REASON_MAX = 300    /* bytes */
};

#define CHUNK "condition" /* before the line in Lua's messages */

struct wf_conditions {
    lua_State *lua;
    size_t used, limit; /* bytes */
    int64_t deadline;   /* in processor time: what a condition says must not depend on the machine's load */
    int steps;
    int cached;
};

/* The metatable of values, and the table of compiled conditions, in the registry under these addresses. */
static const char value_key, cache_key;

static void *
allocate(void *context, void *block, size_t old_size, size_t size)
{
    struct wf_conditions *conditions = context;
    size_t old = block ? old_size : 0; /* of a new block the old size is its type */

    if (!size) {
        free(block);
        conditions->used -= old;
        return NULL;
    }
    if (size > old && conditions->used + (size - old) > conditions->limit)
        return NULL;
    void *moved = realloc(block, size);
    if (moved)
        conditions->used += size - old;
    return moved;
}

static struct wf_conditions *
state_of(lua_State *lua)
{
    void *context;

    lua_getallocf(lua, &context);
    return context;
}

static void
look_at_clock(lua_State *lua)
{
    if (wf_clock_thread() > state_of(lua)->deadline)
        luaL_error(lua, "it takes more than %d ms", WF_CONDITION_TIME / 1000);
}

static void
count_steps(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    if ((state_of(lua)->steps += HOOK_STEPS) > WF_CONDITION_STEPS)
        luaL_error(lua, "it takes more than %d steps", WF_CONDITION_STEPS);
    look_at_clock(lua);
}

/* A whole number is an integer however it is written: PostgreSQL gives back 1e2 as 100. */
static void
push_number(lua_State *lua, struct wf_slice number)
{
    lua_Integer integer;
    int64_t whole;

    if (wf_scan_integer(number, &whole)) {
        lua_pushinteger(lua, whole);
        return;
    }
    /* What follows a number in a text is of no number. */
    double value = strtod(number.data, NULL);
    if (lua_numbertointeger(value, &integer) && (double)integer == value)
        lua_pushinteger(lua, integer);
    else
        lua_pushnumber(lua, value);
}

static void
push_string(lua_State *lua, struct wf_slice string)
{
    struct wf_arena arena = {0};

    if (!memchr(string.data, '\\', string.length)) {
        lua_pushlstring(lua, string.data + 1, string.length - 2);
        return;
    }
    /* No error may be raised while the arena lives: the buffer is Lua's. */
    char *buffer = lua_newuserdatauv(lua, string.length, 0);
    const char *text = wf_scan_text(&arena, string);
    size_t length = strlen(text);
    memcpy(buffer, text, length);
    wf_arena_drop(&arena);
    lua_pushlstring(lua, buffer, length);
    lua_remove(lua, -2);
}

static void
push_value(lua_State *lua, struct wf_slice value)
{
    switch (wf_scan_kind(value)) {
    case '{':
    case '[': {
        struct wf_slice *container = lua_newuserdatauv(lua, sizeof *container, 0);
        *container = value;
        lua_rawgetp(lua, LUA_REGISTRYINDEX, &value_key);
        lua_setmetatable(lua, -2);
        return;
    }
    case '"': push_string(lua, value); return;
    case 't':
    case 'f': lua_pushboolean(lua, value.data[0] == 't'); return;
    case 'n': lua_pushnil(lua); return;
    default: push_number(lua, value); return;
    }
}

static bool
is_key(lua_State *lua, struct wf_slice key, const char *name, size_t length)
{
    if (!memchr(key.data, '\\', key.length))
        return key.length == length + 2 && memcmp(key.data + 1, name, length) == 0;
    push_string(lua, key);
    lua_pushlstring(lua, name, length);
    bool same = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return same;
}

/* A member of an object or an element of an array; nil if there is none. */
static int
index_value(lua_State *lua)
{
    struct wf_slice container = *(struct wf_slice *)lua_touserdata(lua, 1), rest = wf_scan_inside(container), key, value;
    size_t length;
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &length) : NULL;
    int is_integer = 0;
    lua_Integer wanted = lua_type(lua, 2) == LUA_TNUMBER ? lua_tointegerx(lua, 2, &is_integer) : 0;

    look_at_clock(lua);
    lua_settop(lua, 2);
    if (wf_scan_kind(container) == '{') {
        while (name && wf_scan_member(&rest, &key, &value))
            if (is_key(lua, key, name, length)) {
                push_value(lua, value);
                return 1;
            }
        return 0;
    }
    while (is_integer && wanted >= 1 && wf_scan_element(&rest, &value))
        if (!--wanted) {
            push_value(lua, value);
            return 1;
        }
    return 0;
}

static int
measure_value(lua_State *lua)
{
    struct wf_slice container = *(struct wf_slice *)lua_touserdata(lua, 1), rest = wf_scan_inside(container), value;
    lua_Integer count = 0;

    look_at_clock(lua);
    if (wf_scan_kind(container) == '{')
        return luaL_error(lua, "an object has no length");
    while (wf_scan_element(&rest, &value))
        count++;
    lua_pushinteger(lua, count);
    return 1;
}

static int
refuse_change(lua_State *lua)
{
    return luaL_error(lua, "variables cannot be changed");
}

struct wf_conditions *
wf_conditions_open(void)
{
    struct wf_conditions *conditions = calloc(1, sizeof *conditions);

    if (conditions) {
        conditions->limit = SIZE_MAX / 2;
        conditions->lua = lua_newstate(allocate, conditions);
    }
    if (!conditions || !conditions->lua)
        _Exit(WF_EXIT_MEMORY);
    lua_State *lua = conditions->lua;
    lua_createtable(lua, 0, 4);
    lua_pushcfunction(lua, index_value);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, measure_value);
    lua_setfield(lua, -2, "__len");
    lua_pushcfunction(lua, refuse_change);
    lua_setfield(lua, -2, "__newindex");
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &value_key);
    lua_createtable(lua, 0, 0);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &cache_key);
    return conditions;
}

void
wf_conditions_close(struct wf_conditions *conditions)
{
    if (!conditions)
        return;
    conditions->limit = SIZE_MAX / 2;
    lua_close(conditions->lua);
    free(conditions);
}

/* Leaves the compiled condition on the stack, or raises why it is none. */
static void
push_compiled(lua_State *lua, const char *condition)
{
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &cache_key);
    if (lua_getfield(lua, -1, condition) == LUA_TFUNCTION)
        return;
    lua_pop(lua, 1);
    const char *text = lua_pushfstring(lua, "return (%s\n)", condition); /* a comment may end it */
    if (luaL_loadbufferx(lua, text, strlen(text), "=" CHUNK, "t") != LUA_OK)
        lua_error(lua);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -4, condition);
    state_of(lua)->cached++;
}

/* What is to be done under protection: the condition and the variables come as light userdata. */
struct call {
    const char *condition;
    struct wf_slice variables;
    bool check; /* compile only */
};

static int
run(lua_State *lua)
{
    const struct call *call = lua_touserdata(lua, 1);

    push_compiled(lua, call->condition);
    if (call->check)
        return 0;
    push_value(lua, call->variables);
    lua_setupvalue(lua, -2, 1); /* _ENV: where names are looked up */
    lua_call(lua, 0, 1);
    return 1;
}

/* The limits of one evaluation; what the cache holds has been paid for. */
static void
begin(struct wf_conditions *conditions)
{
    lua_State *lua = conditions->lua;

    conditions->limit = SIZE_MAX / 2;
    if (conditions->cached >= CACHED_MAX) {
        conditions->cached = 0;
        lua_createtable(lua, 0, 0);
        lua_rawsetp(lua, LUA_REGISTRYINDEX, &cache_key);
    }
    conditions->steps = 0;
    conditions->deadline = wf_clock_thread() + WF_CONDITION_TIME;
    conditions->limit = conditions->used + WF_CONDITION_MEMORY;
    lua_sethook(lua, count_steps, LUA_MASKCOUNT, HOOK_STEPS);
}

static const char *
reason_of(struct wf_conditions *conditions, struct wf_arena *arena, int status)
{
    const char *message = lua_tostring(conditions->lua, -1);

    if (status == LUA_ERRMEM)
        return wf_arena_printf(arena, "it takes more than %d bytes of memory", WF_CONDITION_MEMORY);
    if (!message)
        return "it fails";
    if (strncmp(message, CHUNK ":", sizeof CHUNK) == 0 && strchr(message + sizeof CHUNK, ' '))
        message = strchr(message + sizeof CHUNK, ' ') + 1; /* the number of the line says nothing */
    return wf_arena_strndup(arena, message, wf_text_cut(message, REASON_MAX));
}

static bool
call(struct wf_conditions *conditions, struct wf_arena *arena, const struct call *what, const char **ret_reason)
{
    lua_State *lua = conditions->lua;

    begin(conditions);
    lua_settop(lua, 0);
    lua_pushcfunction(lua, run);
    lua_pushlightuserdata(lua, (void *)(uintptr_t)what);
    int status = lua_pcall(lua, 1, what->check ? 0 : 1, 0);
    if (status != LUA_OK)
        *ret_reason = reason_of(conditions, arena, status);
    return status == LUA_OK;
}

bool
wf_condition_check(struct wf_arena *arena, const char *condition, const char **ret_reason)
{
    struct wf_conditions *conditions = wf_conditions_open();
    struct call what = {.condition = condition, .check = true};
    bool ok = call(conditions, arena, &what, ret_reason);

    wf_conditions_close(conditions);
    return ok;
}

bool
wf_condition_holds(struct wf_conditions *conditions, struct wf_arena *arena, const char *condition,
                   const char *variables, bool *ret_holds, const char **ret_reason)
{
    const char *object = variables ? variables : "{}";
    struct call what = {.condition = condition, .variables = {object, strlen(object)}};

    if (!call(conditions, arena, &what, ret_reason))
        return false;
    if (!lua_isboolean(conditions->lua, -1)) {
        *ret_reason = wf_arena_printf(arena, "its value is %s%s, not true or false",
                                      lua_isnil(conditions->lua, -1) ? "" : "a ", luaL_typename(conditions->lua, -1));
        return false;
    }
    *ret_holds = lua_toboolean(conditions->lua, -1);
    return true;
}
