/*
 * restored.c - `pawl db restored`: says that the database was restored to an earlier time, and lets the engine go on
 * (EOS-21).
 */
#include "base/message.h"
#include "cli.h"
#include "database.h"
#include "kafka.h"

const struct cli_option cli_db_restored_options[] = {
    {"group", "GROUP", "consumer group of the workers (<prefix>-worker, of a further database with -<number>)"},
    {"from", "INCARNATION,…", "accept also what the engine published as these, which this database does not know"},
    {NULL, NULL, NULL},
};

struct restored {
    const struct cli *cli;
    PGconn *database;
    struct wf_kafka kafka;
    char incarnation[64]; /* of the database */
    int partitions;
    int number; /* of the database, among those of the engine */
    struct wf_buf found, numbers, places; /* arrays of PostgreSQL: incarnations, numbers, partitions */
    int ahead;                            /* partitions of which more was published than the database knows */
};

static enum cli_exit
catalog_read(struct restored *restored)
{
    PGresult *result;
    enum cli_exit code = cli_query(restored->database,
                                   "select incarnation, partitions, database_number from workflow.catalog", NULL, 0,
                                   &result);

    if (code)
        return code;
    snprintf(restored->incarnation, sizeof restored->incarnation, "%s", PQgetvalue(result, 0, 0));
    restored->partitions = (int)strtol(PQgetvalue(result, 0, 1), NULL, 10);
    restored->number = (int)strtol(PQgetvalue(result, 0, 2), NULL, 10);
    PQclear(result);
    return CLI_OK;
}

static enum cli_exit
group_open(struct restored *restored, const pawl_settings *settings)
{
    const char *group = cli_option(restored->cli, "group");
    char name[WF_GROUP_SIZE];

    wf_settings_group(NULL, restored->cli->settings.prefix, restored->number, name);
    const char *const properties[] = {"group.id", group ? group : name, "isolation.level", "read_committed",
                                      "enable.auto.commit", "false", NULL};
    return cli_status(restored->cli, wf_kafka_open(&restored->kafka, settings, properties));
}

/* "v1;<incarnation>;<number>" (EOS-2); false: none of ours. */
static bool
metadata_read(const rd_kafka_topic_partition_t *place, char incarnation[64], long long *ret_number)
{
    char text[128];

    if (place->offset < 0 || !place->metadata || place->metadata_size >= sizeof text)
        return false;
    memcpy(text, place->metadata, place->metadata_size);
    text[place->metadata_size] = '\0';
    return sscanf(text, "v1;%63[0-9a-f-];%lld", incarnation, ret_number) == 2;
}

static void
add(struct wf_buf *array, const char *text)
{
    wf_buf_printf(array, "%s%s", array->length ? "," : "{", text);
}

/* What was published last from a partition, beside what the database knows of it. */
struct published {
    int32_t partition;
    char incarnation[64];
    long long number;
    bool ours;  /* the partition is this database's */
    bool known; /* the database was this incarnation, or a person says so (--from) */
    bool ahead; /* more was published than the database knows */
};

static enum cli_exit
compare(struct restored *restored, struct published *published)
{
    const char *from = cli_option(restored->cli, "from");
    char partition[16], number[24], named[1024];
    const char *const values[] = {partition, published->incarnation, number, named};
    PGresult *result;

    snprintf(partition, sizeof partition, "%d", published->partition);
    snprintf(number, sizeof number, "%lld", published->number);
    snprintf(named, sizeof named, "{%s}", from ? from : "");
    enum cli_exit code = cli_query(restored->database,
                                   "select k.was or $2::uuid = any ($4::uuid[]),"
                                   "       not k.was or p.outbox_number < $3::bigint"
                                   "  from workflow.partition p,"
                                   "       (select $2::uuid = any (earlier_incarnations || incarnation)"
                                   "          from workflow.catalog) k (was)"
                                   " where p.partition = $1::int",
                                   values, 4, &result);
    if (code)
        return code;
    published->ours = PQntuples(result) == 1;
    if (published->ours) {
        published->known = *PQgetvalue(result, 0, 0) == 't';
        published->ahead = *PQgetvalue(result, 0, 1) == 't';
    }
    PQclear(result);
    return CLI_OK;
}

/* The wrong database, accepted, would do the engine's work anew, from nothing. */
static enum cli_exit
refuse(const struct published *published)
{
    cli_fail(CLI_REJECTED,
             "partition %d was published by another database (incarnation %s): are --database and --prefix right?",
             published->partition, published->incarnation);
    cli_hint("Only if this is the engine's database, restored to a time before an earlier restore: --from %s.",
             published->incarnation);
    return CLI_REJECTED;
}

static enum cli_exit
take(struct restored *restored, const rd_kafka_topic_partition_t *place)
{
    struct published published = {.partition = place->partition};
    char number[24], partition[16];

    if (!metadata_read(place, published.incarnation, &published.number))
        return CLI_OK;
    enum cli_exit code = compare(restored, &published);
    if (code || !published.ours)
        return code;
    if (!published.known)
        return refuse(&published);
    snprintf(number, sizeof number, "%lld", published.number);
    snprintf(partition, sizeof partition, "%d", published.partition);
    add(&restored->found, published.incarnation);
    add(&restored->numbers, number);
    add(&restored->places, partition);
    restored->ahead += published.ahead;
    return CLI_OK;
}

static enum cli_exit
numbers_read(struct restored *restored)
{
    const char *single = restored->cli->settings.command_topic;
    char topic[300];

    snprintf(topic, sizeof topic, "%s.%s", restored->cli->settings.prefix, wf_topic_suffix((enum wf_topic)0));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(restored->partitions);
    for (int32_t p = 0; p < restored->partitions; p++)
        rd_kafka_topic_partition_list_add(list, *single ? single : topic, p);
    rd_kafka_resp_err_t error =
        rd_kafka_committed(restored->kafka.handle, list, (int)restored->cli->settings.timeout_ms);
    enum cli_exit code =
        error ? cli_status(restored->cli, wf_kafka_status(&restored->kafka, error, "the group's offsets")) : CLI_OK;
    for (int i = 0; !code && i < list->cnt; i++)
        code = take(restored, &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static enum cli_exit
accept_restored(struct restored *restored)
{
    struct wf_buf *arrays[] = {&restored->found, &restored->places, &restored->numbers};
    PGresult *result;

    for (int i = 0; i < 3; i++)
        wf_buf_puts(arrays[i], arrays[i]->length ? "}" : "{}");
    const char *const values[] = {restored->incarnation, wf_buf_text(&restored->found),
                                  wf_buf_text(&restored->places), wf_buf_text(&restored->numbers)};
    enum cli_exit code = cli_query(restored->database,
                                   "select workflow.database_restored($1::uuid, $2::uuid[], $3::int[], $4::bigint[])",
                                   values, 4, &result);
    if (code)
        return code;
    printf(restored->cli->json ? "{\"incarnation\":\"%s\",\"partitions\":%d}\n"
                               : "incarnation %s; %d partitions had published more than the database knows\n",
           PQgetvalue(result, 0, 0), restored->ahead);
    if (!restored->cli->json)
        cli_hint("Start the workers: commands that came after the time of the backup are applied again.");
    PQclear(result);
    return CLI_OK;
}

enum cli_exit
cli_db_restored(struct cli *cli)
{
    struct restored restored = {.cli = cli};
    const char *from = cli_option(cli, "from");
    enum cli_exit code;

    if (from && from[strspn(from, "0123456789abcdef-,")])
        return cli_fail(CLI_USAGE, "--from: \"%s\" names no incarnations", from);
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    code = cli_database_open(cli, &restored.database);
    if (!code)
        code = catalog_read(&restored);
    if (!code)
        code = group_open(&restored, settings);
    if (!code)
        code = numbers_read(&restored);
    if (!code && !restored.ahead)
        code = cli_fail(CLI_REJECTED, "nothing was published that the database does not know: it was not restored");
    else if (!code)
        code = accept_restored(&restored);
    wf_kafka_close(&restored.kafka);
    PQfinish(restored.database);
    pawl_settings_free(settings);
    wf_buf_drop(&restored.found);
    wf_buf_drop(&restored.numbers);
    wf_buf_drop(&restored.places);
    return code;
}
