/*
 * topics.c - `pawl topics apply`: the topics of the engine, all with the same number of partitions.
 *
 * The number is kept in the database, for an instance lives on the partition of its key: it
 * cannot change while there are instances (messages.md).  Each executive that a definition names
 * has a topic of jobs: a job is written only where there is one.
 */
#include "base/message.h"
#include "cli.h"
#include "database.h"

enum { PARTITIONS = 12 };

const struct cli_option cli_topics_apply_options[] = {
    {"partitions", "N", "of each topic (the database's number, or 12)"},
    {"databases", "N", "databases that share the engine's partitions (1); this one is --database-number of them"},
    {"database-number", "N", "which of them this one is, from 0"},
    {"replication", "N", "copies of each topic (as the brokers have it)"},
    {"job", "NAME,…", "also the topics of these executives, which no definition names yet"},
    {NULL, NULL, NULL},
};

struct topics {
    struct cli_topic *items;
    size_t count;
};

static struct cli_topic *
topic_add(struct topics *topics)
{
    topics->items = realloc(topics->items, (topics->count + 1) * sizeof *topics->items);
    topics->items[topics->count] = (struct cli_topic){0};
    return &topics->items[topics->count++];
}

static void
add_fixed(const struct cli *cli, struct topics *topics)
{
    bool single = *cli->settings.command_topic;

    for (int i = 0; i < WF_TOPIC_COUNT; i++) {
        if (single && i < WF_COMMAND_TOPICS)
            continue;
        struct cli_topic *topic = topic_add(topics);
        snprintf(topic->name, sizeof topic->name, "%s.%s", cli->settings.prefix, wf_topic_suffix((enum wf_topic)i));
        topic->compact = i == WF_TOPIC_STATE_DEFINITION || i == WF_TOPIC_STATE_INSTITUTION;
        topic->large = i == WF_TOPIC_DEAD_LETTER; /* by its headers larger than what the command topics take */
    }
    if (single)
        snprintf(topic_add(topics)->name, sizeof topics->items->name, "%s", cli->settings.command_topic);
}

static bool
known(const struct topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->items[i].name, name) == 0)
            return true;
    return false;
}

/* The executives of --job, besides those of the definitions. */
static enum cli_exit
add_named_jobs(const struct cli *cli, struct topics *topics)
{
    const char *names = cli_option(cli, "job");

    while (names && *names) {
        char name[256];
        struct cli_topic topic = {0};
        size_t length = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        if (length >= sizeof name || !cli_job_topic(cli, name, &topic))
            return cli_fail(CLI_USAGE, "--job: \"%.*s\" cannot be part of a topic's name", (int)length, names);
        if (!known(topics, topic.name))
            *topic_add(topics) = topic;
        names += length + (names[length] == ',');
    }
    return CLI_OK;
}

static enum cli_exit
add_jobs(const struct cli *cli, PGconn *database, struct topics *topics)
{
    PGresult *result;
    enum cli_exit code = cli_query(database,
                                   "select distinct auto_executive from workflow.activity"
                                   " where auto_executive is not null order by 1",
                                   NULL, 0, &result);

    for (int row = 0; !code && row < PQntuples(result); row++) {
        struct cli_topic topic = {0};
        if (cli_job_topic(cli, PQgetvalue(result, row, 0), &topic))
            *topic_add(topics) = topic;
    }
    if (!code)
        PQclear(result);
    return code;
}

/* The number that holds: the database's; one that differs from it is refused. */
static enum cli_exit
partitions_choose(const struct cli *cli, long kept, long *ret_partitions)
{
    long wanted;
    enum cli_exit code = cli_number(cli, "partitions", 1, 10000, 0, &wanted);

    if (code)
        return code;
    if (kept && wanted && kept != wanted) {
        cli_fail(CLI_USAGE, "cannot change the number of partitions from %ld to %ld", kept, wanted);
        cli_hint("An instance lives on the partition of its id, so the number is fixed once it is in the database.");
        return CLI_USAGE;
    }
    *ret_partitions = kept ? kept : wanted ? wanted : PARTITIONS;
    return CLI_OK;
}

/* Which databases share the partitions, and which of them this one is: as it knows, or as is said to a new one. */
static enum cli_exit
share_choose(const struct cli *cli, PGconn *database, struct cli_share *share, bool *ret_new)
{
    bool databases = cli_option(cli, "databases"), number = cli_option(cli, "database-number");
    enum cli_exit code = cli_share_read(database, share);

    if (code)
        return code;
    long kept = share->partitions;
    *ret_new = !kept;
    code = partitions_choose(cli, kept, &share->partitions);
    if (!code && databases != number)
        code = cli_fail(CLI_USAGE, "--databases and --database-number go together");
    if (!code)
        code = cli_number(cli, "databases", 1, share->partitions, share->databases, &share->databases);
    return code ? code : cli_number(cli, "database-number", 0, share->databases - 1, share->number, &share->number);
}

static enum cli_exit
widths_check(const struct topics *topics, long partitions)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (!topics->items[i].exists || topics->items[i].partitions == partitions)
            continue;
        cli_fail(CLI_USAGE, "topic \"%s\" has %d partitions already, not %ld", topics->items[i].name,
                 topics->items[i].partitions, partitions);
        cli_hint("All topics must have the same number: --partitions %d, another --prefix, or remove the topic if it"
                 " is empty.", topics->items[i].partitions);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static void
print(const struct cli *cli, const struct topics *topics, long partitions)
{
    struct cli_table table;

    cli_table_begin(&table, cli->json, 3, (const char *const[]){"topic", "partitions", "done"});
    for (size_t i = 0; i < topics->count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%ld", partitions);
        cli_table_row(&table, (const char *const[]){topics->items[i].name, number,
                                                    topics->items[i].exists ? "kept" : "created"});
    }
    cli_table_end(&table);
}

/* Says how many partitions there are, and which of them are this database's; what differs from before is refused. */
static enum cli_exit
share_keep(PGconn *database, const struct cli_share *share)
{
    char partitions[16], databases[16], number[16];
    PGresult *result;

    snprintf(partitions, sizeof partitions, "%ld", share->partitions);
    snprintf(databases, sizeof databases, "%ld", share->databases);
    snprintf(number, sizeof number, "%ld", share->number);
    enum cli_exit code = cli_query(database, "select workflow.partitions_set($1::int, $2::int, $3::int)",
                                   (const char *const[]){partitions, databases, number}, 3, &result);
    if (!code)
        PQclear(result);
    return code;
}

static enum cli_exit
apply(const struct cli *cli, PGconn *database, struct cli_admin *admin, struct topics *topics)
{
    struct cli_share share = {0};
    bool new = false;
    long replication;
    enum cli_exit code = cli_number(cli, "replication", 1, 100, -1, &replication);

    if (!code)
        code = share_choose(cli, database, &share, &new);
    add_fixed(cli, topics);
    if (!code)
        code = add_jobs(cli, database, topics);
    if (!code)
        code = add_named_jobs(cli, topics);
    if (!code)
        code = cli_admin_look(admin, topics->items, topics->count);
    if (!code)
        code = widths_check(topics, share.partitions);
    if (!code && topics->items[0].exists && new)
        code = cli_share_check(cli, &share);
    if (!code)
        code = share_keep(database, &share); /* first: whoever makes topics agrees with the database */
    if (!code)
        code = cli_admin_create(admin, topics->items, topics->count, (int)share.partitions, (int)replication);
    if (!code)
        print(cli, topics, share.partitions);
    return code;
}

enum cli_exit
cli_topics_apply(struct cli *cli)
{
    struct topics topics = {0};
    struct cli_admin *admin = NULL;
    PGconn *database = NULL;
    enum cli_exit code = cli_database_open(cli, &database);

    if (!code)
        code = cli_admin_open(cli, &admin);
    if (!code)
        code = apply(cli, database, admin, &topics);
    cli_admin_close(admin);
    PQfinish(database);
    free(topics.items);
    return code;
}
