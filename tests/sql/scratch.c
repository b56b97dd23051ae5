#include "scratch.h"

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

static char conninfo[1000], name[100];
static struct wf_process *process;

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

bool
scratch_possible(void)
{
    const char *base = getenv("PAWL_TEST_DATABASE");

    if (base && *base)
        return true;
    printf("skipped: PAWL_TEST_DATABASE is not set\n");
    return false;
}

static void
ignore(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Runs SQL on a connection and gives the first value as a number. */
static long
run(const char *database, const char *sql)
{
    PGconn *connection = PQconnectdb(database);
    PQsetNoticeReceiver(connection, ignore, NULL);
    PGresult *result = PQexec(connection, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        die(sql, PQerrorMessage(connection));
    long value = PQntuples(result) ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    PQfinish(connection);
    return value;
}

static void
install(void)
{
    pid_t child = fork();
    int status;

    if (!child) {
        execlp("psql", "psql", "-X", "-q", "-d", conninfo, "-f", PAWL_SQL_DIR "/install.sql", (char *)NULL);
        _exit(127);
    }
    if (waitpid(child, &status, 0) != child || status)
        die("install.sql", "failed");
}

void
scratch_up(int32_t partitions)
{
    char sql[200];

    snprintf(name, sizeof name, "pawl_store_test_%d", (int)getpid());
    snprintf(conninfo, sizeof conninfo, "%s dbname=%s", getenv("PAWL_TEST_DATABASE"), name);
    snprintf(sql, sizeof sql, "create database %s", name);
    run(getenv("PAWL_TEST_DATABASE"), sql);
    install();
    scratch_sql("select workflow.partitions_set(%d)", (int)partitions);
    process = scratch_process();
}

void
scratch_down(void)
{
    char sql[200];

    wf_process_drop(process);
    snprintf(sql, sizeof sql, "drop database %s with (force)", name);
    run(getenv("PAWL_TEST_DATABASE"), sql);
}

struct wf_store *
scratch_store(void)
{
    struct wf_settings settings = {.database = conninfo};
    struct wf_store *store;
    struct wf_error error;

    if (!wf_store_open(&settings, &store, &error))
        die("wf_store_open", error.message);
    return store;
}

long
scratch_sql(const char *format, ...)
{
    char sql[2000];
    va_list args;

    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    return run(conninfo, sql);
}

struct wf_process *
scratch_process(void)
{
    struct wf_process *p = wf_process_new("p");

    p->version = 1;
    p->uses_summary = p->uses_winners = p->uses_remotes = true; /* it is not compiled: whatever a test adds is loaded */
    wf_process_add_activity(p, "start", WF_ACT_INITIAL);
    wf_process_add_activity(p, "check", WF_ACT_INTERACTION);
    wf_process_add_activity(p, "join", WF_ACT_AND_MERGE);
    wf_process_add_activity(p, "pick", WF_ACT_OR_MERGE);
    wf_process_add_activity(p, "count", WF_ACT_VOTE_MERGE);
    wf_process_add_activity(p, "end", WF_ACT_COMPLETION);
    return p;
}

struct wf_uuid
scratch_id(uint32_t number)
{
    struct wf_uuid id = {{0x01, 0x93, 0x4c, 0, 0, 0, 0x70, 0, 0x80}};

    for (int i = 0; i < 4; i++)
        id.bytes[15 - i] = (uint8_t)(number >> 8 * i);
    return id;
}

static struct wf_process *
find(void *context, const char *process_id, int32_t version)
{
    (void)context;
    return strcmp(process_id, "p") == 0 && version == 1 ? process : NULL;
}

void
scratch_begin(struct scratch_unit *unit, const struct wf_claim *claim)
{
    *unit = (struct scratch_unit){0};
    wf_unit_begin(&unit->unit, &unit->arena);
    unit->unit.process_find = find;
    unit->partition.partition = claim->partition;
    unit->partition.epoch = claim->epoch;
    memcpy(unit->partition.positions, claim->positions, sizeof claim->positions);
    memcpy(unit->partition.position_times, claim->position_times, sizeof claim->position_times);
    unit->partition.published_number = claim->published_number;
    unit->work.unit = &unit->unit;
    unit->work.partitions = &unit->partition;
    unit->work.partition_count = 1;
}

struct wf_claim
scratch_claim(struct wf_store *store, int32_t partition)
{
    struct wf_claim claim;
    struct wf_error error;

    if (wf_store_claim(store, &partition, 1, &claim, &error) != WF_VERDICT_OK)
        die("wf_store_claim", error.message);
    return claim;
}

struct wf_instance *
scratch_instance(struct scratch_unit *unit, const struct wf_uuid *id, int32_t partition)
{
    struct wf_instance *instance = wf_unit_add_instance(&unit->unit, id);

    instance->process = process;
    instance->partition = partition;
    instance->next_n = 1;
    instance->next_serial = 2;
    instance->date_created = instance->date_changed = unit->unit.now;
    instance->dirty = true;
    return instance;
}

struct wf_task *
scratch_task(struct scratch_unit *unit, struct wf_instance *instance, const char *act_id, enum wf_task_state state)
{
    struct wf_task *task = wf_unit_add_task(&unit->unit, instance);

    task->activity = wf_process_activity(process, act_id);
    task->n = instance->next_n++;
    task->state = state;
    task->serial_no = task->branch_no = 1;
    task->date_created = task->date_changed = unit->unit.now;
    task->dirty = true;
    return task;
}
