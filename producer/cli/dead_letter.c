/*
 * dead_letter.c - `pawl dead-letter list | show | replay`: what the engine could not understand (BUS-3).
 *
 * A dead letter is named by its place in the dead-letter topic, "<partition>:<offset>".  Replaying sends the
 * message to the topic it came from, under the id it had, so that replaying it again does nothing.
 */
#include <endian.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/message.h"
#include "database.h"
#include "reader.h"
#include "records.h"

const struct cli_option cli_dead_letter_options[] = {
    {"code", "CODE", "only those with this code"},
    {"topic", "TOPIC", "only those from this command topic, such as \"end-task\""},
    {"since", "TIME", "only those that came at this time or later, such as 2026-11-21T08:00:00Z"},
    {NULL, NULL, NULL},
};

struct letters {
    const struct cli *cli;
    struct cli_records records;
    rd_kafka_topic_t *topic;
    int32_t partitions;
    int64_t since;           /* microseconds; 0: any */
    long partition, offset;  /* of the one that is wanted; -1: any */
    struct cli_table *table; /* list */
    rd_kafka_t *producer;    /* replay */
    long seen, sent, failed;
    enum cli_exit code;
};

/* What the engine noted about a letter. */
struct letter {
    const char *topic, *code, *detail, *worker;
    int64_t timestamp; /* when it was written, microseconds */
    int32_t partition;
    int64_t offset;
};

static const void *
header(const rd_kafka_message_t *message, const char *name, size_t size)
{
    size_t length;
    const char *value = wf_message_header_text(message, name, &length);

    return length == size ? value : NULL;
}

static const char *
text_header(const rd_kafka_message_t *message, const char *name)
{
    size_t length;
    const char *value = wf_message_header_text(message, name, &length);

    return value ? value : "";
}

static void
letter_read(const rd_kafka_message_t *message, struct letter *letter)
{
    const void *partition = header(message, "kafka_dlt-original-partition", sizeof(uint32_t));
    const void *offset = header(message, "kafka_dlt-original-offset", sizeof(uint64_t));
    rd_kafka_timestamp_type_t type;
    uint32_t number = 0;
    uint64_t place = 0;

    if (partition)
        memcpy(&number, partition, sizeof number);
    if (offset)
        memcpy(&place, offset, sizeof place);
    *letter = (struct letter){
        .topic = text_header(message, "kafka_dlt-original-topic"),
        .code = text_header(message, "pawl_code"),
        .detail = text_header(message, "pawl_detail"),
        .worker = text_header(message, "pawl_worker"),
        .timestamp = rd_kafka_message_timestamp(message, &type) * WF_MILLISECOND,
        .partition = (int32_t)be32toh(number),
        .offset = (int64_t)be64toh(place),
    };
}

/* Whether the engine added the header when it put the letter aside. */
static bool
is_ours(const char *name)
{
    return strncmp(name, "kafka_dlt-", 10) == 0 || strncmp(name, "pawl_", 5) == 0;
}

/* Whether the topic is "<prefix>.command.<name>", or just named so. */
static bool
is_topic(const char *topic, const char *name)
{
    size_t length = strlen(topic), wanted = strlen(name);

    return strcmp(topic, name) == 0 ||
           (length > wanted && topic[length - wanted - 1] == '.' && strcmp(topic + length - wanted, name) == 0);
}

static bool
is_wanted(const struct letters *letters, const rd_kafka_message_t *message, const struct letter *letter)
{
    const char *code = cli_option(letters->cli, "code"), *topic = cli_option(letters->cli, "topic");

    if (letters->offset >= 0)
        return message->offset == letters->offset;
    return (!code || strcmp(letter->code, code) == 0) && (!topic || is_topic(letter->topic, topic)) &&
           letter->timestamp >= letters->since;
}

/* ---- list ---- */

static bool
list_one(void *context, const rd_kafka_message_t *message)
{
    struct letters *letters = context;
    char place[40], when[WF_TIME_TEXT + 1], origin[340];
    struct letter letter;

    letter_read(message, &letter);
    if (!is_wanted(letters, message, &letter))
        return true;
    snprintf(place, sizeof place, "%d:%lld", message->partition, (long long)message->offset);
    snprintf(origin, sizeof origin, "%s/%d/%lld", letter.topic, letter.partition, (long long)letter.offset);
    wf_time_format(letter.timestamp, when);
    cli_table_row(letters->table, (const char *const[]){place, when, origin, letter.code, letter.detail});
    return true;
}

/* ---- show ---- */

/* Text as a string; what is no text as {"hex": …}. */
static void
put_bytes(struct wf_buf *line, const void *data, size_t length)
{
    struct wf_buf hex = {0};
    const char *at = data, *end = at + length;
    size_t step;

    while (at < end && (step = wf_utf8_length(at, end)))
        at += step;
    if (at == end) {
        wf_json_string_n(line, data, length);
        return;
    }
    for (size_t i = 0; i < length; i++)
        wf_buf_printf(&hex, "%02x", ((const unsigned char *)data)[i]);
    wf_json_open(line, '{');
    wf_json_put_string(line, "hex", wf_buf_text(&hex));
    wf_json_close(line, '}');
    wf_buf_drop(&hex);
}

static void
put_member(struct wf_buf *line, const char *name, const void *data, size_t length)
{
    if (!data)
        return;
    wf_json_key(line, name);
    put_bytes(line, data, length);
}

/* As they came, which is why they are no members: names may repeat and hold anything. */
static void
put_headers(struct wf_buf *line, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;

    wf_json_key(line, "headers");
    wf_json_open(line, '[');
    if (!rd_kafka_message_headers(message, &headers))
        for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
            if (is_ours(name))
                continue;
            wf_json_open(line, '{');
            put_member(line, "name", name, strlen(name));
            put_member(line, "value", value, size);
            wf_json_close(line, '}');
        }
    wf_json_close(line, ']');
}

static bool
show_one(void *context, const rd_kafka_message_t *message)
{
    struct letters *letters = context;
    char when[WF_TIME_TEXT + 1];
    struct letter letter;
    struct wf_buf line = {0};

    letter_read(message, &letter);
    if (!is_wanted(letters, message, &letter))
        return message->offset < letters->offset;
    letters->seen++;
    wf_time_format(letter.timestamp, when);
    wf_json_open(&line, '{');
    wf_json_put_string(&line, "time", when);
    wf_json_put_string(&line, "topic", letter.topic);
    wf_json_put_int(&line, "partition", letter.partition);
    wf_json_put_int(&line, "offset", letter.offset);
    wf_json_put_string(&line, "code", letter.code);
    wf_json_put_string(&line, "detail", letter.detail);
    wf_json_put_string(&line, "worker", letter.worker);
    put_member(&line, "key", message->key, message->key_len);
    put_headers(&line, message);
    put_member(&line, "value", message->payload, message->len);
    wf_json_close(&line, '}');
    cli_print_json(wf_buf_text(&line));
    wf_buf_drop(&line);
    return false;
}

/* ---- replay ---- */

/* The headers as they came, and an id: the one that the engine knew the message by, if it had none. */
static rd_kafka_headers_t *
original_headers(const rd_kafka_message_t *message, const struct letter *letter)
{
    rd_kafka_headers_t *headers = NULL, *copy = rd_kafka_headers_new(8);
    const char *name, *type = text_header(message, "content-type");
    const void *value;
    size_t size;
    char id[400];
    bool has_id = strstr(type, "cloudevents") != NULL;

    rd_kafka_message_headers(message, &headers);
    for (size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
        if (is_ours(name))
            continue;
        has_id |= strcmp(name, "ce_id") == 0;
        rd_kafka_header_add(copy, name, -1, value, (ssize_t)size);
    }
    snprintf(id, sizeof id, "%s/%d/%lld", letter->topic, letter->partition, (long long)letter->offset);
    if (!has_id)
        rd_kafka_header_add(copy, "ce_id", -1, id, -1);
    return copy;
}

static bool
replay_one(void *context, const rd_kafka_message_t *message)
{
    struct letters *letters = context;
    struct letter letter;

    letter_read(message, &letter);
    if (!is_wanted(letters, message, &letter))
        return letters->offset < 0 || message->offset < letters->offset;
    letters->seen++;
    rd_kafka_headers_t *headers = original_headers(message, &letter);
    rd_kafka_resp_err_t error;
    while ((error = rd_kafka_producev(letters->producer, RD_KAFKA_V_TOPIC(letter.topic),
                                      RD_KAFKA_V_PARTITION(letter.partition),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                      RD_KAFKA_V_KEY(message->key, message->key_len),
                                      RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_HEADERS(headers),
                                      RD_KAFKA_V_OPAQUE(letters), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(letters->producer, 100);
    if (error) {
        rd_kafka_headers_destroy(headers);
        letters->failed++;
        cli_fail(CLI_INTERNAL, "could not send %d:%lld to \"%s\": %s", message->partition,
                 (long long)message->offset, letter.topic, rd_kafka_err2str(error));
    }
    return letters->offset < 0;
}

static void
delivered(void *owner, const rd_kafka_message_t *message)
{
    struct letters *letters = owner;

    if (message->err) {
        letters->failed++;
        cli_fail(CLI_INTERNAL, "\"%s\" did not take a message: %s", rd_kafka_topic_name(message->rkt),
                 rd_kafka_err2str(message->err));
    } else {
        letters->sent++;
    }
}

/* ---- all three ---- */

static enum cli_exit
place_read(struct letters *letters)
{
    const char *place = letters->cli->count ? letters->cli->arguments[0] : NULL;
    char *end;

    letters->partition = letters->offset = -1;
    if (!place)
        return CLI_OK;
    letters->partition = strtol(place, &end, 10);
    if (end != place && *end == ':') {
        const char *offset = end + 1;
        letters->offset = strtol(offset, &end, 10);
        if (end != offset && !*end && letters->partition >= 0 && letters->offset >= 0)
            return CLI_OK;
    }
    return cli_fail(CLI_USAGE, "\"%s\" is no dead letter: PARTITION:OFFSET, as \"pawl dead-letter list\" has them", place);
}

static enum cli_exit
since_read(struct letters *letters)
{
    const char *since = cli_option(letters->cli, "since");

    if (since && !wf_time_parse(since, &letters->since))
        return cli_fail(CLI_USAGE, "--since: \"%s\" is not a time such as 2026-11-21T08:00:00Z", since);
    return CLI_OK;
}

/*
 * The last part of a name has to be that of a topic; a whole one, with dots, may be of another prefix or another time.
 */
static enum cli_exit
topic_check(const struct cli *cli)
{
    const char *topic = cli_option(cli, "topic");
    struct wf_buf names = {0};
    bool known = false;

    if (!topic || strchr(topic, '.') || strcmp(topic, cli->settings.command_topic) == 0)
        return CLI_OK;
    for (int i = 0; i < WF_COMMAND_TOPICS; i++) {
        const char *suffix = wf_topic_suffix((enum wf_topic)i);
        known |= is_topic(suffix, topic);
        wf_buf_printf(&names, "%s%s", i ? ", " : "", strrchr(suffix, '.') + 1);
    }
    if (!known)
        cli_fail(CLI_USAGE, "--topic: \"%s\" is none of %s", topic, wf_buf_text(&names));
    wf_buf_drop(&names);
    return known ? CLI_OK : CLI_USAGE;
}

/* Reads the partitions that can hold what is wanted. */
static enum cli_exit
read_all(struct letters *letters, bool (*each)(void *context, const rd_kafka_message_t *message))
{
    enum cli_exit code = CLI_OK;

    for (int32_t p = 0; !code && p < letters->partitions; p++) {
        int64_t low, high;
        if (letters->partition >= 0 && p != letters->partition)
            continue;
        code = cli_records_ends(&letters->records, letters->topic, p, &low, &high);
        if (code || low == high || letters->offset >= high || (letters->offset >= 0 && letters->offset < low))
            continue;
        code = cli_records_read(&letters->records, letters->topic, p, letters->offset >= 0 ? letters->offset : low,
                                each, letters);
    }
    return code;
}

static enum cli_exit
run(struct cli *cli, struct letters *letters, bool (*each)(void *context, const rd_kafka_message_t *message))
{
    enum cli_exit code;
    pawl_settings *settings = cli_bus_settings(cli, &code);

    if (!settings)
        return code;
    code = place_read(letters);
    if (!code)
        code = since_read(letters);
    if (!code)
        code = topic_check(cli);
    if (!code)
        code = cli_records_open(cli, settings, true, &letters->records);
    if (!code)
        code = cli_records_topic(&letters->records, "dead-letter", &letters->topic, &letters->partitions);
    if (!code)
        code = read_all(letters, each);
    if (letters->topic)
        rd_kafka_topic_destroy(letters->topic);
    cli_records_close(&letters->records);
    pawl_settings_free(settings);
    return code;
}

enum cli_exit
cli_dead_letter_list(struct cli *cli)
{
    struct cli_table table;
    struct letters letters = {.cli = cli, .table = &table};

    cli_table_begin(&table, cli->json, 5, (const char *const[]){"letter", "time", "from", "code", "detail"});
    enum cli_exit code = run(cli, &letters, list_one);
    if (!code)
        cli_table_end(&table);
    return code;
}

static enum cli_exit
not_there(const struct letters *letters)
{
    if (letters->offset < 0 || letters->seen)
        return CLI_OK;
    return cli_fail(CLI_NOT_FOUND, "there is no dead letter \"%s\"", letters->cli->arguments[0]);
}

enum cli_exit
cli_dead_letter_show(struct cli *cli)
{
    struct letters letters = {.cli = cli};
    enum cli_exit code = run(cli, &letters, show_one);

    return code ? code : not_there(&letters);
}

/* What is sent is what was chosen: one letter, or all that the flags leave; never all by mistake. */
static enum cli_exit
choice_check(const struct cli *cli)
{
    if (cli->count || cli_option(cli, "code") || cli_option(cli, "topic") || cli_option(cli, "since"))
        return CLI_OK;
    cli_fail(CLI_USAGE, "which dead letters?");
    cli_hint("Name one (PARTITION:OFFSET), or choose with --code, --topic or --since.");
    return CLI_USAGE;
}

enum cli_exit
cli_dead_letter_replay(struct cli *cli)
{
    static const char *const properties[] = {"enable.idempotence", "true", "message.max.bytes", "20000000", NULL};
    struct letters letters = {.cli = cli};
    struct wf_kafka kafka = {.delivered = delivered, .owner = &letters};
    enum cli_exit code = choice_check(cli);
    pawl_settings *settings = code ? NULL : cli_bus_settings(cli, &code);

    if (code)
        return code;
    code = cli_status(cli, wf_kafka_open(&kafka, settings, properties));
    letters.producer = kafka.handle;
    if (!code)
        code = run(cli, &letters, replay_one);
    if (!code)
        rd_kafka_flush(kafka.handle, (int)cli->settings.timeout_ms);
    if (!code && letters.sent + letters.failed < letters.seen)
        code = cli_fail(CLI_TIMEOUT, "Kafka did not take %ld of %ld in time", letters.seen - letters.sent, letters.seen);
    wf_kafka_close(&kafka);
    pawl_settings_free(settings);
    if (code || (code = not_there(&letters)))
        return code;
    printf(cli->json ? "{\"sent\":%ld,\"failed\":%ld}\n" : "%ld sent, %ld failed\n", letters.sent, letters.failed);
    return letters.failed ? CLI_INTERNAL : CLI_OK;
}
