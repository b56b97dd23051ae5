/*
 * verify.c - `pawl verify`: folds the state topics and compares them with the tables.
 *
 * Partition by partition: first one snapshot of the tables, then all events up to the positions that the
 * tables had in it.  What is committed is published after a moment, so events that the tables
 * count are waited for; what the engine does meanwhile lies behind those positions.
 */
#include "base/clock.h"
#include "base/json.h"
#include "cli.h"
#include "database.h"
#include "ledger.h"
#include "reader.h"
#include "records.h"

const struct cli_option cli_verify_options[] = {
    {"partition", "N", "only this partition"},
    {NULL, NULL, NULL},
};

enum { ROWS = 10000 };

static const int64_t TAKE_OVER = 60 * WF_SECOND; /* what it may take until another worker publishes for a dead one */

static const char *const kind_names[] = {
#define X(name, text) text,
    LEDGER_KIND_MAP(X)
#undef X
};

struct verify {
    const struct cli *cli;
    PGconn *database;
    struct cli_records records;
    rd_kafka_topic_t *topics[LEDGER_TOPICS];
    int32_t partitions;
    int32_t partition; /* at hand */
    int32_t databases, database_number; /* of the catalog: every databases-th partition is this one's */
    char pruned_before[40]; /* of the catalog, as events write times; empty: nothing was removed */
    int64_t instances, tasks, events, behind, pruned, found[LEDGER_KINDS];
    enum cli_exit code;
};

/* One line for each difference. */
static void
print_difference(void *context, enum ledger_kind kind, const char *whose, const char *detail)
{
    struct verify *verify = context;
    struct wf_buf line = {0};

    verify->found[kind]++;
    if (verify->cli->json) {
        wf_json_open(&line, '{');
        wf_json_put_string(&line, "difference", kind_names[kind]);
        wf_json_put_string(&line, "whose", whose);
        wf_json_put_string(&line, "detail", detail);
        wf_json_close(&line, '}');
    } else {
        wf_buf_printf(&line, "%s %s: %s", kind_names[kind], whose, detail);
    }
    puts(wf_buf_text(&line));
    wf_buf_drop(&line);
}

/* ---- the tables ---- */

#define UTC(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

static const char instances_cursor[] =
    "declare instances no scroll cursor for select instance_id, position, state, process_id, version, entity_id,"
    " completion_flag from workflow.instance where partition = $1::int";
static const char tasks_cursor[] =
    "declare tasks no scroll cursor for"
    " select instance_id, n, t.state::text, act_id, pre_act_id, serial_no, branch_no, staff_id, grantor_id,"
    " executor_id, null, attempt, " UTC("t.date_created") ", " UTC("t.due_at")
    " from workflow.to_do_task_list t join workflow.instance i using (instance_id) where partition = $1::int"
    " union all"
    " select instance_id, n, how::text, act_id, pre_act_id, serial_no, branch_no, staff_id, grantor_id,"
    " executor_id, case how when 'ended' then t.completion_flag end, attempt, " UTC("t.date_created") ", null"
    " from workflow.have_done_tasks t join workflow.instance i using (instance_id) where partition = $1::int";

static enum cli_exit
run(struct verify *verify, const char *sql)
{
    PGresult *result;
    enum cli_exit code = cli_query(verify->database, sql, NULL, 0, &result);

    if (!code)
        PQclear(result);
    return code;
}

static void
enter_rows(struct ledger *ledger, const PGresult *result, bool of_tasks)
{
    const char *fields[LEDGER_FIELDS];

    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 2; i < PQnfields(result); i++)
            fields[i - 2] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        const char *id = PQgetvalue(result, row, 0);
        int32_t number = (int32_t)strtol(PQgetvalue(result, row, 1), NULL, 10);
        if (!of_tasks)
            ledger_enter_instance(ledger, id, number, fields);
        else if (!ledger_enter_task(ledger, id, number, fields))
            ledger->report(ledger->context, LEDGER_DIFFERENT, id, "a task of an instance that is not there");
    }
}

static enum cli_exit
enter_cursor(struct verify *verify, struct ledger *ledger, const char *declare, bool of_tasks)
{
    char number[16], fetch[64];
    const char *const values[] = {number};
    PGresult *result;
    int rows = 0;

    snprintf(number, sizeof number, "%d", verify->partition);
    snprintf(fetch, sizeof fetch, "fetch %d from %s", ROWS, of_tasks ? "tasks" : "instances");
    enum cli_exit code = cli_query(verify->database, declare, values, 1, &result);
    if (!code)
        PQclear(result);
    do {
        if (!code)
            code = cli_query(verify->database, fetch, NULL, 0, &result);
        if (code)
            return code;
        rows = PQntuples(result);
        enter_rows(ledger, result, of_tasks);
        PQclear(result);
    } while (rows == ROWS);
    return CLI_OK;
}

static enum cli_exit
enter_tables(struct verify *verify, struct ledger *ledger)
{
    enum cli_exit code = run(verify, "begin isolation level repeatable read read only");

    if (!code)
        code = enter_cursor(verify, ledger, instances_cursor, false);
    if (!code)
        code = enter_cursor(verify, ledger, tasks_cursor, true);
    return code ? code : run(verify, "commit");
}

/* ---- the topics ---- */

static enum cli_exit
topics_open(struct verify *verify, const pawl_settings *settings)
{
    static const char *const suffixes[] = {[LEDGER_TASK] = "state.task", [LEDGER_INSTANCE] = "state.instance"};
    enum cli_exit code = cli_records_open(verify->cli, settings, true, &verify->records);

    for (int i = 0; !code && i < LEDGER_TOPICS; i++)
        code = cli_records_topic(&verify->records, suffixes[i], &verify->topics[i], &verify->partitions);
    return code;
}

static void
topics_close(struct verify *verify)
{
    for (int i = 0; i < LEDGER_TOPICS; i++)
        if (verify->topics[i])
            rd_kafka_topic_destroy(verify->topics[i]);
    cli_records_close(&verify->records);
}

/* Whether both topics still have their first record. */
static enum cli_exit
is_whole(struct verify *verify, bool *ret_whole)
{
    enum cli_exit code = CLI_OK;

    *ret_whole = true;
    for (int i = 0; !code && i < LEDGER_TOPICS; i++) {
        int64_t low = 0, high;
        code = cli_records_ends(&verify->records, verify->topics[i], verify->partition, &low, &high);
        *ret_whole &= low == 0;
    }
    return code;
}

static void
enter_message(const struct verify *verify, struct ledger *ledger, const rd_kafka_message_t *message)
{
    enum ledger_topic topic = message->rkt == verify->topics[LEDGER_TASK] ? LEDGER_TASK : LEDGER_INSTANCE;
    size_t length;

    ledger_enter_event(ledger, topic, message->payload, message->len,
                       wf_message_header_text(message, "ce_sequence", &length),
                       wf_message_header_text(message, "ce_time", &length));
}

/* Whether batches of the partition may still have to be published: their worker is busy, or has just died. */
static enum cli_exit
is_unpublished(const struct verify *verify, bool *ret_unpublished)
{
    char number[16];
    const char *const values[] = {number};
    PGresult *result;

    snprintf(number, sizeof number, "%d", verify->partition);
    enum cli_exit code = cli_query(verify->database,
                                   "select 1 from workflow.outbox o join workflow.partition p using (partition)"
                                   " where partition = $1::int and number > published_number limit 1",
                                   values, 1, &result);
    if (code)
        return code;
    *ret_unpublished = PQntuples(result) > 0;
    PQclear(result);
    return CLI_OK;
}

/*
 * Reads both topics to their ends, and as long as events that the tables count are still coming.
 * Those of a worker that died come when its session has ended and another one has its partition.
 */
static enum cli_exit
read_events(struct verify *verify, struct ledger *ledger)
{
    int64_t patience = verify->cli->settings.timeout_ms * WF_MILLISECOND;
    int64_t limit = wf_clock_monotonic() + patience, last = limit + TAKE_OVER;
    bool ended[LEDGER_TOPICS] = {false};

    while (!(ended[LEDGER_TASK] && ended[LEDGER_INSTANCE] && !ledger->awaited)) {
        bool unpublished = false;
        rd_kafka_message_t *message;
        enum cli_exit code = CLI_OK;
        if (wf_clock_monotonic() >= limit)
            code = is_unpublished(verify, &unpublished);
        if (!code && wf_clock_monotonic() >= (unpublished ? last : limit))
            break;
        if (!code)
            code = cli_records_next(&verify->records, &message);
        if (code)
            return code;
        if (!message)
            continue;
        if (message->err) {
            ended[message->rkt == verify->topics[LEDGER_TASK] ? LEDGER_TASK : LEDGER_INSTANCE] = true;
        } else {
            enter_message(verify, ledger, message);
            limit = wf_clock_monotonic() + patience;
            last = limit + TAKE_OVER;
        }
        rd_kafka_message_destroy(message);
    }
    if (ended[LEDGER_TASK] && ended[LEDGER_INSTANCE])
        return CLI_OK;
    return cli_fail(CLI_TIMEOUT, "partition %d: its events could not be read to the end", verify->partition);
}

static enum cli_exit
enter_topics(struct verify *verify, struct ledger *ledger)
{
    enum cli_exit code = CLI_OK;
    int started = 0;

    for (; !code && started < LEDGER_TOPICS; started++)
        if (rd_kafka_consume_start_queue(verify->topics[started], verify->partition, RD_KAFKA_OFFSET_BEGINNING,
                                         verify->records.queue) < 0)
            code = cli_status(verify->cli, wf_kafka_status(&verify->records.kafka, rd_kafka_last_error(), "reading"));
    if (!code)
        code = read_events(verify, ledger);
    for (int i = 0; i < started; i++)
        rd_kafka_consume_stop(verify->topics[i], verify->partition);
    return code;
}

/* ---- both ---- */

/* An instance that the snapshot did not have: begun since, or lost. */
static void
look_up_unknown(void *context, const char *instance_id)
{
    struct verify *verify = context;
    const char *const values[] = {instance_id};
    PGresult *result;

    if (verify->code)
        return;
    verify->code =
        cli_query(verify->database, "select 1 from workflow.instance where instance_id = $1::uuid", values, 1, &result);
    if (verify->code)
        return;
    if (!PQntuples(result))
        print_difference(verify, LEDGER_UNKNOWN, instance_id, "the tables do not have the instance of these events");
    PQclear(result);
}

static enum cli_exit
verify_partition(struct verify *verify)
{
    struct ledger ledger = {.report = print_difference, .context = verify,
                            .pruned_before = *verify->pruned_before ? verify->pruned_before : NULL};
    bool whole = true;
    enum cli_exit code = enter_tables(verify, &ledger);

    if (!code)
        code = is_whole(verify, &whole);
    if (!code)
        code = enter_topics(verify, &ledger);
    if (!code) {
        verify->instances += (int64_t)ledger.count;
        verify->tasks += ledger.tasks;
        verify->events += ledger.events;
        ledger_close(&ledger, whole, look_up_unknown);
        verify->behind += ledger.behind;
        verify->pruned += ledger.pruned;
        code = verify->code;
    }
    ledger_drop(&ledger);
    return code;
}

static int64_t
differences(const struct verify *verify)
{
    int64_t sum = 0;

    for (int i = 0; i < LEDGER_KINDS; i++)
        sum += verify->found[i];
    return sum;
}

static void
print_sum(const struct verify *verify)
{
    struct wf_buf line = {0};

    if (!verify->cli->json) {
        printf("%lld instances, %lld tasks, %lld events: %lld differences\n", (long long)verify->instances,
               (long long)verify->tasks, (long long)verify->events, (long long)differences(verify));
        if (verify->behind)
            printf("%lld events are older than what the topics keep: not compared\n", (long long)verify->behind);
        if (verify->pruned)
            printf("%lld instances and tasks were removed by \"pawl db prune\": not compared\n", (long long)verify->pruned);
        return;
    }
    wf_json_open(&line, '{');
    wf_json_put_int(&line, "instances", verify->instances);
    wf_json_put_int(&line, "tasks", verify->tasks);
    wf_json_put_int(&line, "events", verify->events);
    wf_json_put_int(&line, "not_compared", verify->behind);
    wf_json_put_int(&line, "pruned", verify->pruned);
    wf_json_put_int(&line, "differences", differences(verify));
    for (int i = 0; i < LEDGER_KINDS; i++)
        wf_json_put_int(&line, kind_names[i], verify->found[i]);
    wf_json_close(&line, '}');
    puts(wf_buf_text(&line));
    wf_buf_drop(&line);
}

static enum cli_exit
read_catalog(struct verify *verify)
{
    PGresult *result;
    enum cli_exit code = cli_query(verify->database,
                                   "select " UTC("pruned_before") ", databases, database_number from workflow.catalog",
                                   NULL, 0, &result);

    if (code)
        return code;
    snprintf(verify->pruned_before, sizeof verify->pruned_before, "%s", PQgetvalue(result, 0, 0));
    verify->databases = (int32_t)strtol(PQgetvalue(result, 0, 1), NULL, 10);
    verify->database_number = (int32_t)strtol(PQgetvalue(result, 0, 2), NULL, 10);
    PQclear(result);
    return CLI_OK;
}

static enum cli_exit
verify_all(struct verify *verify)
{
    long only;
    enum cli_exit code = cli_number(verify->cli, "partition", 0, verify->partitions - 1, -1, &only);

    if (!code && only >= 0 && only % verify->databases != verify->database_number)
        return cli_fail(CLI_NOT_FOUND, "partition %ld is another database's: this one is number %d of %d", only,
                        verify->database_number, verify->databases);
    for (verify->partition = verify->database_number; !code && verify->partition < verify->partitions;
         verify->partition += verify->databases)
        if (only < 0 || only == verify->partition)
            code = verify_partition(verify);
    if (code)
        return code;
    print_sum(verify);
    return differences(verify) ? CLI_DIFFERENT : CLI_OK;
}

enum cli_exit
cli_verify(struct cli *cli)
{
    struct verify verify = {.cli = cli};
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    code = cli_database_open(cli, &verify.database);
    if (!code)
        code = topics_open(&verify, settings);
    if (!code)
        code = read_catalog(&verify);
    if (!code)
        code = verify_all(&verify);
    topics_close(&verify);
    PQfinish(verify.database);
    pawl_settings_free(settings);
    return code;
}
