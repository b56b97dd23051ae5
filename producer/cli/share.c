/*
 * share.c - the databases of one engine: which partitions each has, and that no two have the same.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "cli.h"
#include "database.h"
#include "kafka.h"

enum { ASK_AGAIN_US = 50000 };

enum cli_exit
cli_share_read(PGconn *database, struct cli_share *ret_share)
{
    PGresult *result;
    enum cli_exit code = cli_query(database, "select partitions, databases, database_number from workflow.catalog",
                                   NULL, 0, &result);

    if (code)
        return code;
    ret_share->partitions = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    ret_share->databases = strtol(PQgetvalue(result, 0, 1), NULL, 10);
    ret_share->number = strtol(PQgetvalue(result, 0, 2), NULL, 10);
    PQclear(result);
    return CLI_OK;
}

/* A broker that has just started, or is the first to be asked about a group, says for a while that it is not the one. */
static rd_kafka_resp_err_t
ask_committed(const struct cli *cli, rd_kafka_t *handle, rd_kafka_topic_partition_list_t *partitions)
{
    int64_t limit = wf_clock_monotonic() + cli->settings.timeout_ms * WF_MILLISECOND;
    rd_kafka_resp_err_t error;

    do {
        error = rd_kafka_committed(handle, partitions, (int)cli->settings.timeout_ms);
        if (error != RD_KAFKA_RESP_ERR_NOT_COORDINATOR && error != RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE &&
            error != RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS)
            break;
        usleep(ASK_AGAIN_US);
    } while (wf_clock_monotonic() < limit);
    return error;
}

/* Where a group has committed something for one of the partitions; those of whom nothing may be known have not. */
static enum cli_exit
find_committed(const struct cli *cli, const pawl_settings *settings, const char *group,
               rd_kafka_topic_partition_list_t *partitions, int32_t *ret_partition)
{
    const char *const properties[] = {"group.id", group, "enable.auto.commit", "false", NULL};
    struct wf_kafka kafka = {0};
    enum cli_exit code = cli_status(cli, wf_kafka_open(&kafka, settings, properties));
    rd_kafka_resp_err_t error =
        code ? RD_KAFKA_RESP_ERR_NO_ERROR : ask_committed(cli, kafka.handle, partitions);

    *ret_partition = -1;
    if (error && error != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        code = cli_status(cli, wf_kafka_status(&kafka, error, "the offsets of the workers"));
    for (int i = 0; !code && !error && i < partitions->cnt; i++)
        if (partitions->elems[i].offset >= 0)
            *ret_partition = partitions->elems[i].partition;
    wf_kafka_close(&kafka);
    return code;
}

static enum cli_exit
check_group(const struct cli *cli, const pawl_settings *settings, const struct cli_share *share, long other)
{
    const char *single = cli->settings.command_topic;
    char group[WF_GROUP_SIZE], topic[WF_GROUP_SIZE];
    int32_t taken;

    wf_settings_group(NULL, cli->settings.prefix, (int32_t)other, group);
    snprintf(topic, sizeof topic, "%s.%s", cli->settings.prefix, wf_topic_suffix((enum wf_topic)0));
    rd_kafka_topic_partition_list_t *mine = rd_kafka_topic_partition_list_new((int)share->partitions);
    for (long p = share->number; p < share->partitions; p += share->databases)
        rd_kafka_topic_partition_list_add(mine, *single ? single : topic, (int32_t)p);
    enum cli_exit code = find_committed(cli, settings, group, mine, &taken);
    rd_kafka_topic_partition_list_destroy(mine);
    if (code || taken < 0)
        return code;
    cli_fail(CLI_USAGE, "partition %d is another database's: the group \"%s\" has worked on it", taken, group);
    if (other == share->number)
        cli_hint("Are --database and --prefix right?  A new engine takes a prefix that no other one has had.");
    else
        cli_hint("All databases of an engine are made as such from the beginning, with the same --databases.");
    return CLI_USAGE;
}

enum cli_exit
cli_share_check(const struct cli *cli, const struct cli_share *share)
{
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    for (long other = 0; !code && other <= share->databases; other++) /* one more, for who does not know of it */
        code = check_group(cli, settings, share, other);
    pawl_settings_free(settings);
    return code;
}
