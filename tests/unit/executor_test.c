/* The parts of the executor: values of a job, templates, exit statuses, configuration. */
#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "executive.h"

static struct wf_arena arena;
static struct wf_error error;
static struct wf_buf text;

static void
drop(void)
{
    wf_arena_drop(&arena);
    wf_buf_drop(&text);
}

TestSuite(value, .fini = drop);
TestSuite(template, .fini = drop);
TestSuite(exits, .fini = drop);
TestSuite(executive, .fini = drop);

#define JOB(json_) ((struct wf_job){.json = json_, .length = sizeof json_ - 1, .executor_id = "host/1"})

/* The value of a name, or "<absent>" or "<nul>". */
static const char *
value(const struct wf_job *job, const char *name)
{
    wf_buf_clear(&text);
    enum wf_job_value found = wf_job_value(job, name, &text);
    return found == WF_JOB_ABSENT ? "<absent>" : found == WF_JOB_NUL ? "<nul>" : wf_buf_text(&text);
}

static const char full[] =
    "{ \"task_id\" : \"t:3\", \"attempt\":2, \"flags\":[\"a\",\"b\"], \"entity_id\":\"NE-7 \\\"x\\\" $(rm) \\u00fc\","
    "\"variables\":{\"n\":12345678901234567890.10,\"b\":true,\"z\":null,\"e\":\"\",\"caf\\u00e9\":\"\\ud83d\\ude00\","
    "\"o\":{\"lines\":[{\"sku\":\"A\"}, {\"sku\":\"B}\\\\\"}]},\"nul\":\"a\\u0000b\",\"lone\":\"\\ud800x\",\"t\":\"\\t\\n\\/\"}}";

Test(value, members)
{
    struct wf_job job = JOB(full);

    cr_expect_str_eq(value(&job, "task_id"), "t:3");
    cr_expect_str_eq(value(&job, "attempt"), "2");
    cr_expect_str_eq(value(&job, "flags"), "[\"a\",\"b\"]");
    cr_expect_str_eq(value(&job, "entity_id"), "NE-7 \"x\" $(rm) \xC3\xBC");
    cr_expect_str_eq(value(&job, "executor_id"), "host/1");
    cr_expect_str_eq(value(&job, "due_at"), "<absent>");
    cr_expect_str_eq(value(&job, "job"), full);
    job.attempt = 7;
    cr_expect_str_eq(value(&job, "attempt"), "7");
}

Test(value, variables)
{
    struct wf_job job = JOB(full);

    cr_expect_str_eq(value(&job, "variables.n"), "12345678901234567890.10"); /* no double was made of it */
    cr_expect_str_eq(value(&job, "variables.b"), "true");
    cr_expect_str_eq(value(&job, "variables.z"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.e"), "");
    cr_expect_str_eq(value(&job, "variables.caf\xC3\xA9"), "\xF0\x9F\x98\x80");
    cr_expect_str_eq(value(&job, "variables.o.lines.1.sku"), "B}\\");
    cr_expect_str_eq(value(&job, "variables.o.lines.0"), "{\"sku\":\"A\"}");
    cr_expect_str_eq(value(&job, "variables.o.lines.2.sku"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.o.lines.x"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.o.lines.-1"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.o.lines.99999999999999999999"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.b.deeper"), "<absent>");
    cr_expect_str_eq(value(&job, "variables.nul"), "<nul>");
    cr_expect_str_eq(value(&job, "variables.lone"), "\xEF\xBF\xBDx");
    cr_expect_str_eq(value(&job, "variables.t"), "\t\n/");
}

Test(value, known_names)
{
    static const char *const good[] = {"task_id", "variables", "variables.a", "variables.a.0.b", "job", "executor_id"};
    static const char *const bad[] = {"", "task", "Task_id", "variables.", "variables..a", "variables.a.", "staff_id", "task_id "};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(wf_job_knows(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(wf_job_knows(bad[i]), "%s", bad[i]);
}

/* Whatever stands there, and wherever it ends, nothing outside is read (the sanitizers look on). */
Test(value, broken_json)
{
    for (size_t length = 0; length < sizeof full; length++) {
        char *copy = malloc(length ? length : 1);
        memcpy(copy, full, length);
        struct wf_job job = {.json = copy, .length = length, .executor_id = "x"};
        value(&job, "variables.o.lines.1.sku");
        value(&job, "variables.caf\xC3\xA9");
        value(&job, "variables.nul");
        free(copy);
    }
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        static const char alphabet[] = "{}[]\":,\\u0d8a nt";
        char json[24];
        for (size_t i = 0; i < sizeof json; i++) {
            seed = seed * 1103515245 + 12345;
            json[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        json[0] = '{';
        struct wf_job job = {.json = json, .length = sizeof json, .executor_id = "x"};
        value(&job, "variables.0.a");
        value(&job, "task_id");
    }
}

/* ---- templates ---- */

/* What a template makes of the full job, or the error. */
static const char *
filled(const char *template_text)
{
    struct wf_template template;
    struct wf_job job = JOB(full);

    wf_buf_clear(&text);
    if (!wf_template_read(&arena, template_text, &template, &error) ||
        !wf_template_fill(&template, &job, &text, &error))
        return error.message;
    return wf_buf_text(&text);
}

Test(template, filled)
{
    cr_expect_str_eq(filled(""), "");
    cr_expect_str_eq(filled("plain $(text) `x`"), "plain $(text) `x`");
    cr_expect_str_eq(filled("{task_id}"), "t:3");
    cr_expect_str_eq(filled("--a={task_id}/{attempt}!"), "--a=t:3/2!");
    cr_expect_str_eq(filled("{{{task_id}}}"), "{t:3}");
    cr_expect_str_eq(filled("{{task_id}}"), "{task_id}");
    cr_expect_str_eq(filled("{variables.none:-}"), "");
    cr_expect_str_eq(filled("{variables.none:-a b}"), "a b");
    cr_expect_str_eq(filled("{variables.z:-was null}"), "was null");
    cr_expect_str_eq(filled("{variables.e:-unused}"), "");
    cr_expect_str_eq(filled("{variables.none:-:-}"), ":-");
    cr_expect_str_eq(filled("\xF0\x9F\x98\x80{task_id}\xC3\xBC"), "\xF0\x9F\x98\x80t:3\xC3\xBC");
    cr_expect_str_eq(filled("{variables.e}{variables.e}"), "");
}

Test(template, a_value_is_no_template)
{
    static const char json[] = "{\"task_id\":\"{entity_id} {{ }\",\"entity_id\":\"secret\"}";
    struct wf_job job = JOB(json);
    struct wf_template template;

    cr_assert(wf_template_read(&arena, "{task_id}", &template, &error));
    cr_assert(wf_template_fill(&template, &job, &text, &error));
    cr_expect_str_eq(wf_buf_text(&text), "{entity_id} {{ }");
}

Test(template, errors)
{
    cr_expect_str_eq(filled("{variables.none}"), "the job has no value \"variables.none\"");
    cr_expect_str_eq(filled("{variables.nul}"), "the value of \"variables.nul\" holds a NUL");
    cr_expect_str_eq(filled("{task}"), "no job has a value \"task\", named in \"{task}\"");
    cr_expect_not_null(strstr(filled("{}"), "no job has a value \"\""));
    cr_expect_not_null(strstr(filled("{task_id"), "a \"{\" without its \"}\""));
    cr_expect_not_null(strstr(filled("task_id}"), "a \"}\" without a \"{\""));
    cr_expect_not_null(strstr(filled("{task_{id}}"), "a \"{\" without its \"}\""));
    cr_expect_not_null(strstr(filled("{"), "a \"{\" without its \"}\""));
    cr_expect_not_null(strstr(filled("}"), "a \"}\" without a \"{\""));
    cr_expect_not_null(strstr(filled("{{{"), "a \"{\" without its \"}\""));
    cr_expect_not_null(strstr(filled("}}}"), "a \"}\" without a \"{\""));
}

Test(template, huge)
{
    enum { SIZE = 1 << 20 };
    struct wf_buf json = {0};
    struct wf_template template;

    wf_buf_puts(&json, "{\"entity_id\":\"");
    for (int i = 0; i < SIZE; i++)
        wf_buf_byte(&json, 'x');
    wf_buf_puts(&json, "\"}");
    struct wf_job job = {.json = json.data, .length = json.length};
    cr_assert(wf_template_read(&arena, "{entity_id}{entity_id}", &template, &error));
    cr_assert(wf_template_fill(&template, &job, &text, &error));
    cr_expect_eq(text.length, 2 * SIZE);
    wf_buf_drop(&json);
}

/* ---- texts ---- */

Test(value, clean_text)
{
    static const char dirty[] = "a\x01\xFF\xC0\x80\xE2\x82\xAC\xED\xA0\x80\n\xE2\x82";

    wf_text_clean(dirty, sizeof dirty - 1, &text);
    cr_expect(wf_text_valid(text.data, text.length));
    cr_expect_eq(strncmp(wf_buf_text(&text), "a \xEF\xBF\xBD", 5), 0);
    cr_expect_not_null(strstr(wf_buf_text(&text), "\xE2\x82\xAC"));
    cr_expect_not(wf_text_valid(dirty, sizeof dirty - 1));
    cr_expect(wf_text_valid("", 0));
}

/* ---- exit statuses ---- */

static struct wf_exit_rules
rules_of(const char *const *lines)
{
    struct wf_exit_rules rules = {0};

    for (; *lines; lines++)
        cr_assert(wf_exits_read(&arena, *lines, &rules, &error), "%s: %s", *lines, error.message);
    return rules;
}

#define EXITED(status) ((status) << 8)

Test(exits, default_rules)
{
    struct wf_exit_rules none = {0};
    struct wf_exit_meaning meaning = wf_exits_meaning(&none, EXITED(0));

    cr_expect_eq(meaning.verdict, WF_VERDICT_END);
    cr_expect_null(meaning.flag);
    meaning = wf_exits_meaning(&none, EXITED(3));
    cr_expect_eq(meaning.verdict, WF_VERDICT_FAIL);
    cr_expect_str_eq(meaning.code, "exit_3");
    cr_expect_str_eq(meaning.detail, "the program ended with status 3");
    meaning = wf_exits_meaning(&none, SIGKILL);
    cr_expect_str_eq(meaning.code, "signal_9");
    cr_expect_str_eq(meaning.detail, "the program was ended by signal 9 (Killed)");
}

Test(exits, rules)
{
    struct wf_exit_rules rules = rules_of((const char *const[]){
        "0 flag clean", "1  flag  not found ", "2-9 fail", "5 flag never", "10-20 fail usage", "signal flag \xC3\xBC",
        "other end", NULL});
    struct wf_exit_meaning meaning = wf_exits_meaning(&rules, EXITED(0));

    cr_expect_str_eq(meaning.flag, "clean");
    cr_expect_eq(strncmp(wf_exits_meaning(&rules, EXITED(1)).flag, "not found", 9), 0);
    meaning = wf_exits_meaning(&rules, EXITED(5)); /* the first line holds */
    cr_expect_eq(meaning.verdict, WF_VERDICT_FAIL);
    cr_expect_str_eq(meaning.code, "exit_5");
    cr_expect_str_eq(wf_exits_meaning(&rules, EXITED(20)).code, "usage");
    cr_expect_str_eq(wf_exits_meaning(&rules, SIGSEGV).flag, "\xC3\xBC");
    meaning = wf_exits_meaning(&rules, EXITED(255));
    cr_expect_eq(meaning.verdict, WF_VERDICT_END);
    cr_expect_null(meaning.flag);
}

Test(exits, errors)
{
    static const char *const bad[] = {"", "0", "x end", "0 ends", "256 end", "-1 end", "5-2 end", "1- end", "1-2-3 end",
                                      "1,2 end", "0 flag", "0 end flag", "1000 end", "0x1 end", " "};
    struct wf_exit_rules rules = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(wf_exits_read(&arena, bad[i], &rules, &error), "\"%s\"", bad[i]);
    cr_expect_eq(rules.count, 0);
}

/* ---- configuration ---- */

static struct wf_executives executives;

/* Reads sections; NULL if it could, else what is wrong. */
static const char *
configured(const char *sections)
{
    char path[] = "/tmp/pawl-executor-XXXXXX";
    int file = mkstemp(path);

    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, sections, strlen(sections)), (ssize_t)strlen(sections));
    close(file);
    wf_executives_drop(&executives);
    bool ok = wf_executives_read(path, &executives, &error);
    unlink(path);
    return ok ? NULL : strchr(error.message, ':') + 1;
}

Test(executive, sections)
{
    cr_assert_null(configured("prefix = x\nnonsense\n[one]\nprogram = /bin/true\n# a comment\n\n  argument = {task_id} x \n"
                              "argument =\nargument = \"  \"\"\nenvironment = A=b=c\nexit = 1 flag no\ntime_limit_s=0\n"
                              "[ two.2 ]\nprogram=\"/bin/two words\"\noutput = result\ninput = {job}\n"));
    const struct wf_executive *one = wf_executives_find(&executives, "one");
    struct wf_job job = JOB(full);
    char **argv, **envp;

    cr_assert_eq(executives.count, 2);
    cr_assert(wf_executive_fill(one, &job, &arena, &argv, &envp, &error));
    cr_expect_str_eq(argv[0], "/bin/true");
    cr_expect_str_eq(argv[1], "t:3 x");
    cr_expect_str_eq(argv[2], "");
    cr_expect_str_eq(argv[3], "  \"");
    cr_expect_null(argv[4]);
    cr_expect_str_eq(envp[0], "A=b=c");
    cr_expect_eq(one->set.time_limit_s, 0);
    cr_expect_eq(one->set.grace_ms, 5000);
    cr_expect_str_eq(wf_executives_find(&executives, "two.2")->set.program, "/bin/two words");
    wf_executives_drop(&executives);
}

Test(executive, environment)
{
    struct wf_job job = JOB(full);
    char **argv, **envp;
    int count = 0, as = 0;

    setenv("A", "not this", 1);
    setenv("B", "b", 1);
    setenv("SECRET", "s", 1);
    cr_assert_null(configured("[x]\nprogram = /x\ninherit = A, B\tC\nenvironment = A={attempt}\n"));
    cr_assert(wf_executive_fill(&executives.list[0], &job, &arena, &argv, &envp, &error));
    for (; envp[count]; count++)
        as += strcmp(envp[count], "A=2") == 0;
    cr_expect_eq(as, 1);
    cr_expect_eq(count, 2); /* and B: nothing else of ours */
    cr_assert_null(configured("[x]\nprogram = /x\nargument = {variables.gone}\n"));
    cr_expect_not(wf_executive_fill(&executives.list[0], &job, &arena, &argv, &envp, &error));
    cr_expect_str_eq(error.message, "the job has no value \"variables.gone\"");
    wf_executives_drop(&executives);
}

Test(executive, errors)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "0: no executive: a section begins with its name, [line-test]"},
        {"[a\n", "1: no \"]\" in \"[a\""},
        {"[]\n", "1: the name of an executive has 1 to 200 characters"},
        {"[a b]\n", "1: \"a b\" cannot be the name of an executive: letters, digits, \".\", \"_\", \"-\""},
        {"[a]\nprogram = /x\n[a]\n", "3: [a] is there twice"},
        {"[a]\n[b]\n", "2: [a] has no program"},
        {"[a]\nprogram = ls\n", "2: program: \"ls\" is not an absolute path"},
        {"[a]\nprogram = /x\nprogram = /y\n", "3: program is set twice in [a]"},
        {"[a]\ncommand = /x\n", "2: unrecognized setting \"command\" in [a]"},
        {"[a]\nbrokers = x\n", "2: unrecognized setting \"brokers\" in [a]"},
        {"[a]\nnonsense\n", "2: no \"=\" in \"nonsense\""},
        {"[a]\nargument = {x}\n", "2: argument: no job has a value \"x\", named in \"{x}\""},
        {"[a]\ninput = {task_id\n", "2: [a] has no program"},
        {"[a]\nprogram = /x\nenvironment = 1A=b\n", "3: environment: \"1A=b\" is not NAME=TEMPLATE"},
        {"[a]\nprogram = /x\nenvironment = A B=b\n", "3: environment: \"A B=b\" is not NAME=TEMPLATE"},
        {"[a]\nprogram = /x\nenvironment = A\n", "3: environment: \"A\" is not NAME=TEMPLATE"},
        {"[a]\nprogram = /x\ntime_limit_s = soon\n", "3: time_limit_s: \"soon\" is not a whole number"},
        {"[a]\nprogram = /x\ngrace_ms = -1\n", "3: grace_ms: \"-1\" is outside the range 0 to 3600000"},
        {"[a]\nprogram = /x\noutput = json\n", "3: output: \"json\" is not none, variables or result"},
        {"[a]\nprogram = /x\ndirectory = tmp\n", "3: directory: \"tmp\" is not an absolute path"},
        {"[a]\nprogram = /x\nuser = no-such-user\n", "3: user: there is no user \"no-such-user\""},
        {"[a]\nprogram = /x\nexit = 0 done\n", "3: exit: \"done\" is not \"end\", \"flag NAME\" or \"fail [CODE]\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = configured(rows[i].text);
        cr_assert_not_null(found, "%s", rows[i].text);
        cr_expect_str_eq(found, rows[i].message);
    }
    cr_expect_not(wf_executives_read("/no/such/file", &executives, &error));
    cr_expect_str_eq(error.message, "could not read \"/no/such/file\": No such file or directory");
}

Test(executive, sample_file)
{
    cr_assert(wf_executives_read(PAWL_SOURCE_DIR "/deploy/executor/executor.conf.sample", &executives, &error), "%s", error.message);
    cr_expect_not_null(wf_executives_find(&executives, "line-test"));
    wf_executives_drop(&executives);
}
