/*
 * offsets.c - `pawl offsets show | accept`: where the engine reads the command topics, and what a person says when a
 * topic no longer has that place (EOS-19).
 *
 * The places are in the database; the consumer group's offsets only follow them.
 */
#include "base/clock.h"
#include "base/message.h"
#include "database.h"
#include "records.h"

const struct cli_option cli_offsets_show_options[] = {
    {"partition", "N", "only this partition"},
    {NULL, NULL, NULL},
};
const struct cli_option cli_offsets_accept_options[] = {
    {"partition", "N", "only this partition"},
    {"to", "beginning|end", "where to go on in a topic that is not as it was (beginning: what is there now)"},
    {NULL, NULL, NULL},
};

/* How a place stands to its topic. */
enum standing { FITS, UNREAD, EATEN, BEYOND, OTHER };

static const char *const standings[] = {
    [FITS] = "ok",
    [UNREAD] = "never read",
    [EATEN] = "commands before the topic's beginning are gone",
    [BEYOND] = "the topic ends before: was it made anew?",
    [OTHER] = "the record before is another one: was the topic made anew?",
};

struct place {
    int32_t partition;
    int topic; /* the number in `positions` */
    int64_t position, time, low, high;
    enum standing standing;
};

struct offsets {
    const struct cli *cli;
    PGconn *database;
    struct cli_records records;
    rd_kafka_topic_t *topics[WF_COMMAND_TOPICS];
    int topic_count;
    struct place *places;
    size_t count;
};

/* ---- what there is ---- */

static enum cli_exit
topics_open(struct offsets *offsets)
{
    const char *single = offsets->cli->settings.command_topic;
    enum cli_exit code = CLI_OK;
    int32_t partitions;

    offsets->topic_count = *single ? 1 : WF_COMMAND_TOPICS;
    if (*single)
        return cli_status(offsets->cli,
                          wf_kafka_topic(&offsets->records.kafka, single, &offsets->topics[0], &partitions));
    for (int i = 0; !code && i < offsets->topic_count; i++)
        code = cli_records_topic(&offsets->records, wf_topic_suffix((enum wf_topic)i), &offsets->topics[i],
                                 &partitions);
    return code;
}

/* Says which partitions the rows are of, where the one that is wanted is none of them. */
static enum cli_exit
partition_fail(long only, const PGresult *result)
{
    int rows = PQntuples(result);

    return rows ? cli_fail(CLI_USAGE, "--partition: there is no %ld in the database: its partitions are from %s to %s", only,
                           PQgetvalue(result, 0, 0), PQgetvalue(result, rows - 1, 0))
                : cli_fail(CLI_USAGE, "--partition: the database has none yet: no worker has begun");
}

static enum cli_exit
places_read(struct offsets *offsets, long only)
{
    PGresult *result;
    enum cli_exit code = cli_query(offsets->database,
                                   "select partition, i, positions[i], position_times[i]"
                                   "  from workflow.partition, generate_series(1, 5) i order by partition, i",
                                   NULL, 0, &result);

    if (code)
        return code;
    offsets->places = calloc((size_t)PQntuples(result) + 1, sizeof *offsets->places);
    for (int row = 0; row < PQntuples(result); row++) {
        struct place place = {
            .partition = (int32_t)strtol(PQgetvalue(result, row, 0), NULL, 10),
            .topic = (int)strtol(PQgetvalue(result, row, 1), NULL, 10) - 1,
            .position = strtoll(PQgetvalue(result, row, 2), NULL, 10),
            .time = strtoll(PQgetvalue(result, row, 3), NULL, 10),
        };
        if (place.topic < offsets->topic_count && (only < 0 || place.partition == only))
            offsets->places[offsets->count++] = place;
    }
    if (only >= 0 && !offsets->count)
        code = partition_fail(only, result);
    PQclear(result);
    return code;
}

/* Looks at the first record only. */
static bool
compare_time(void *context, const rd_kafka_message_t *message)
{
    struct place *place = context;
    rd_kafka_timestamp_type_t type;

    if (message->offset == place->position - 1 &&
        rd_kafka_message_timestamp(message, &type) * WF_MILLISECOND != place->time)
        place->standing = OTHER;
    return false;
}

static enum cli_exit
place_check(struct offsets *offsets, struct place *place)
{
    rd_kafka_topic_t *topic = offsets->topics[place->topic];
    enum cli_exit code = cli_records_ends(&offsets->records, topic, place->partition, &place->low, &place->high);

    if (code)
        return code;
    if (place->position < 0)
        place->standing = UNREAD;
    else if (place->position < place->low)
        place->standing = EATEN;
    else if (place->position > place->high)
        place->standing = BEYOND;
    else if (place->time && place->position > place->low)
        return cli_records_read(&offsets->records, topic, place->partition, place->position - 1, compare_time, place);
    return CLI_OK;
}

static enum cli_exit
offsets_read(struct offsets *offsets)
{
    long only;
    enum cli_exit code = cli_number(offsets->cli, "partition", 0, 1000000, -1, &only);

    if (!code)
        code = topics_open(offsets);
    if (!code)
        code = places_read(offsets, only);
    for (size_t i = 0; !code && i < offsets->count; i++)
        code = place_check(offsets, &offsets->places[i]);
    return code;
}

static enum cli_exit
run(struct cli *cli, enum cli_exit (*then)(struct offsets *offsets))
{
    struct offsets offsets = {.cli = cli};
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    code = cli_database_open(cli, &offsets.database);
    if (!code)
        code = cli_records_open(cli, settings, false, &offsets.records);
    if (!code)
        code = offsets_read(&offsets);
    if (!code)
        code = then(&offsets);
    for (int i = 0; i < offsets.topic_count; i++)
        if (offsets.topics[i])
            rd_kafka_topic_destroy(offsets.topics[i]);
    cli_records_close(&offsets.records);
    PQfinish(offsets.database);
    pawl_settings_free(settings);
    free(offsets.places);
    return code;
}

/* ---- show ---- */

static void
row(struct cli_table *table, const struct offsets *offsets, const struct place *place, int64_t to)
{
    char partition[16], position[24], low[24], high[24], last[24];
    int64_t from = place->position < place->low ? place->low : place->position;

    snprintf(partition, sizeof partition, "%d", place->partition);
    snprintf(position, sizeof position, "%lld", (long long)place->position);
    snprintf(low, sizeof low, "%lld", (long long)place->low);
    snprintf(high, sizeof high, "%lld", (long long)place->high);
    snprintf(last, sizeof last, "%lld", (long long)(to >= 0 ? to : from > place->high ? 0 : place->high - from));
    cli_table_row(table, (const char *const[]){partition, rd_kafka_topic_name(offsets->topics[place->topic]),
                                               place->position < 0 ? NULL : position, low, high, last,
                                               standings[place->standing]});
}

static enum cli_exit
show(struct offsets *offsets)
{
    struct cli_table table;

    cli_table_begin(&table, offsets->cli->json, 7,
                    (const char *const[]){"partition", "topic", "position", "low", "high", "lag", "standing"});
    for (size_t i = 0; i < offsets->count; i++)
        row(&table, offsets, &offsets->places[i], -1);
    cli_table_end(&table);
    return CLI_OK;
}

enum cli_exit
cli_offsets_show(struct cli *cli)
{
    return run(cli, show);
}

/* ---- accept ---- */

/* Moves one place, unless it has moved meanwhile, and takes the partition from its owner, who looks again. */
static enum cli_exit
move(struct offsets *offsets, const struct place *place, int64_t to)
{
    char partition[16], topic[16], position[24], next[24];
    const char *const values[] = {partition, topic, position, next};
    PGresult *result;

    snprintf(partition, sizeof partition, "%d", place->partition);
    snprintf(topic, sizeof topic, "%d", place->topic + 1);
    snprintf(position, sizeof position, "%lld", (long long)place->position);
    snprintf(next, sizeof next, "%lld", (long long)to);
    enum cli_exit code = cli_query(offsets->database,
                                   "update workflow.partition"
                                   "   set positions[$2::int] = $4::bigint, position_times[$2::int] = 0, epoch = epoch + 1"
                                   " where partition = $1::int and positions[$2::int] = $3::bigint returning 1",
                                   values, 4, &result);
    if (code)
        return code;
    bool moved = PQntuples(result) == 1;
    PQclear(result);
    if (moved)
        return CLI_OK;
    cli_fail(CLI_REJECTED, "partition %d has moved on meanwhile", place->partition);
    cli_hint("\"pawl offsets show\" says where it is now.");
    return CLI_REJECTED;
}

static enum cli_exit
accept_all(struct offsets *offsets)
{
    const char *to = cli_option(offsets->cli, "to");
    bool end = to && strcmp(to, "end") == 0;
    struct cli_table table;
    enum cli_exit code = CLI_OK;

    if (to && !end && strcmp(to, "beginning") != 0)
        return cli_fail(CLI_USAGE, "--to: \"%s\" is neither \"beginning\" nor \"end\"", to);
    cli_table_begin(&table, offsets->cli->json, 7,
                    (const char *const[]){"partition", "topic", "position", "low", "high", "moved to", "because"});
    for (size_t i = 0; !code && i < offsets->count; i++) {
        const struct place *place = &offsets->places[i];
        int64_t next = end ? place->high : place->low;
        if (place->standing == FITS || place->standing == UNREAD)
            continue;
        code = move(offsets, place, next);
        if (!code)
            row(&table, offsets, place, next);
    }
    cli_table_end(&table);
    return code;
}

enum cli_exit
cli_offsets_accept(struct cli *cli)
{
    return run(cli, accept_all);
}
