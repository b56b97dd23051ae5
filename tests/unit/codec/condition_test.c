/* FWD-6: what conditions say of variables, and what they may not do. */
#include "codec/condition.h"

#include <criterion/criterion.h>
#include <string.h>

#include "codec/definition_file.h"

static struct wf_conditions *conditions;
static struct wf_arena arena;

static void
begin(void)
{
    conditions = wf_conditions_open();
}

static void
end(void)
{
    wf_conditions_close(conditions);
    wf_arena_drop(&arena);
}

TestSuite(condition, .init = begin, .fini = end);

/* "true", "false", or why it cannot be evaluated. */
static const char *
value_of(const char *condition, const char *variables)
{
    const char *reason = NULL;
    bool holds;

    if (!wf_condition_holds(conditions, &arena, condition, variables, &holds, &reason))
        return reason;
    return holds ? "true" : "false";
}

#define HOLDS(condition, variables) cr_assert_str_eq(value_of(condition, variables), "true", "%s: %s", condition, value_of(condition, variables))
#define HOLDS_NOT(condition, variables) cr_assert_str_eq(value_of(condition, variables), "false", "%s", condition)
#define FAILS(condition, variables, why)                                                      \
    do {                                                                                      \
        const char *told_ = value_of(condition, variables);                                   \
        cr_assert(strstr(told_, why), "%s\n  told:     %s\n  expected: %s", condition, told_, why); \
    } while (0)

Test(condition, names)
{
    HOLDS("amount > 1000 and customer.vip", "{\"amount\":1001,\"customer\":{\"vip\":true}}");
    HOLDS_NOT("amount > 1000 and customer.vip", "{\"amount\":1000,\"customer\":{\"vip\":true}}");
    HOLDS("kind == 'gold' or kind == \"silver\"", "{ \"kind\" : \"silver\" }");
    HOLDS("not urgent", "{\"urgent\":false}");
    HOLDS("urgent == nil", "{\"urgent\":null}");
    HOLDS("urgent == nil", NULL);
    HOLDS("_ENV['two words'] == 2", "{\"two words\":2}");
    HOLDS("x == true -- why", "{\"x\":true}");
}

Test(condition, values)
{
    HOLDS("a == 'caf\xc3\xa9 \"x\"\\n'", "{\"a\":\"caf\\u00e9 \\\"x\\\"\\n\"}");
    HOLDS("caf == 1 and _ENV['a\"b'] == 2", "{\"c\\u0061f\":1,\"a\\\"b\":2}");
    HOLDS("#list == 3 and list[1] == 1 and list[3][1].deep == 'x' and list[4] == nil and list[0] == nil",
          "{\"list\":[1, null, [{\"deep\":\"x\"}]]}");
    HOLDS("#text == 5", "{\"text\":\"hello\"}");
    HOLDS("list[1.0] == 7 and list.x == nil and list['1'] == nil and object[1] == nil", "{\"list\":[7],\"object\":{\"1\":2}}");
    HOLDS("a .. b == '1x'", "{\"a\":1,\"b\":\"x\"}");
}

/* A whole number is an integer, however it is written. */
Test(condition, numbers)
{
    HOLDS("n == 9007199254740993 and n + 1 == 9007199254740994", "{\"n\":9007199254740993}");
    HOLDS("n // 2 == 3 and n .. '' == '7'", "{\"n\":7.0}");
    HOLDS("n .. '' == '100'", "{\"n\":1e2}");
    HOLDS("n < -0.24 and n > -0.26", "{\"n\":-0.25}");
    HOLDS("n > 1e19", "{\"n\":20000000000000000000}");
    HOLDS("n == 1e300", "{\"n\":1e300}");
}

Test(condition, no_boolean)
{
    FAILS("amount", "{\"amount\":1}", "its value is a number, not true or false");
    FAILS("amount", "{}", "its value is nil, not true or false");
    FAILS("customer", "{\"customer\":{}}", "its value is a userdata");
}

Test(condition, errors)
{
    FAILS("amount > 1000", "{}", "attempt to compare number with nil");
    FAILS("customer.vip", "{}", "attempt to index a nil value (global 'customer')");
    FAILS("1 // 0 == 1", "{}", "attempt to divide by zero");
    FAILS("#customer > 1", "{\"customer\":{}}", "an object has no length");
    FAILS("customer < 1", "{\"customer\":{}}", "attempt to compare");
    FAILS("amount >", "{}", "unexpected symbol");
}

/* There is nothing to be called, and nothing to be changed. */
Test(condition, closed)
{
    static const char *const names[] = {"print",   "require", "load",     "pcall",  "error",        "os",     "io",
                                        "string",  "debug",   "rawset",   "_G",     "setmetatable", "next",   "collectgarbage",
                                        "package", "math",    "coroutine", "table", "getmetatable", "dofile", "utf8"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        HOLDS(wf_arena_printf(&arena, "%s == nil", names[i]), "{}");
    FAILS("('x'):rep(1000000000) == ''", "{}", "attempt to index a string value");
    FAILS("(function() amount = 2 return true end)()", "{\"amount\":1}", "variables cannot be changed");
    FAILS("(function() list[1] = 2 return true end)()", "{\"list\":[1]}", "variables cannot be changed");
    FAILS("true) os.exit(1", "{}", "<eof> expected");
}

/* A condition that loops, or allocates without end, fails. */
Test(condition, limits)
{
    FAILS("(function() while true do end end)()", "{}", "it takes more than 100000 steps");
    FAILS("(function() local s = 'x' while true do s = s .. s end end)()", "{}", "it takes more than 1048576 bytes of memory");
    FAILS("(function() local t = {} for i = 1, 1e9 do t[i] = i end end)()", "{}", "it takes more than");
    FAILS("(function() local function f() return 1 + f() end return f() end)()", "{}", "");
    HOLDS("(function() for i = 1, 1000 do if n == i then return true end end return false end)()", "{\"n\":900}");
    HOLDS("1 == 1", "{}"); /* and leaves the next one alone */
}

/* Few instructions over long values are limited by time. */
Test(condition, slow_steps)
{
    char *variables = wf_arena_alloc(&arena, 1 << 20);

    memset(variables, '1', 1 << 20);
    memcpy(variables, "{\"a\":[", 6);
    for (size_t i = 7; i < (1 << 20) - 3; i += 2)
        variables[i] = ',';
    memcpy(variables + (1 << 20) - 3, "]}", 3);
    HOLDS("#a > 500000", variables);
    FAILS("(function() for i = 1, 90000 do if a[500000 + i // 1000] ~= 1 then return false end end return true end)()",
          variables, "it takes more than 200 ms");
}

Test(condition, syntax)
{
    const char *reason = NULL;

    cr_assert(wf_condition_check(&arena, "a and b.c[1] == 'x'", &reason));
    cr_assert_not(wf_condition_check(&arena, "a and", &reason));
    cr_assert_str_eq(reason, "unexpected symbol near ')'");
    cr_assert_not(wf_condition_check(&arena, "x = 1", &reason));
    cr_assert_not(wf_condition_check(&arena, "", &reason));
    cr_assert_not(wf_condition_check(&arena, "\x1bLua", &reason));
}

/* A definition with one that is no expression is refused. */
Test(condition, fault)
{
    static const char text[] =
        "{\"process_id\":\"p\",\"activities\":[{\"act_id\":\"I\",\"act_type\":\"initial\"},"
        "{\"act_id\":\"C\",\"act_type\":\"completion\"}],\"routing\":[{\"from\":\"I\",\"to\":[\"C\"],\"condition\":\"a >\"}]}";
    struct wf_faults faults = {.arena = &arena};

    cr_assert_null(wf_definition_file_decode(text, strlen(text), &faults));
    cr_assert_eq(faults.count, 1);
    cr_assert_str_eq(faults.items[0].code, "condition_syntax");
    cr_assert_str_eq(faults.items[0].path, "routing[0].condition");
}

/* The cache is bounded. */
Test(condition, many)
{
    for (int i = 0; i < 25000; i++)
        HOLDS(wf_arena_printf(&arena, "n ~= %d", i % 12500), "{}");
}
