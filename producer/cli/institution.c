/*
 * institution.c - `pawl institution load`: people, groups and authorizations of a file.
 *
 * A file larger than a message goes as several under one load id, each a file of its own; the
 * engine applies them together when the last has come.
 */
#include <sys/random.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/uuid.h"
#include "cli.h"

const struct cli_option cli_institution_load_options[] = {
    {"staff", "ID", "who loads it, for the record"},
    {"reason", "TEXT", "why, for the record"},
    {NULL, NULL, NULL},
};

enum { PART_BYTES = 700000 };

/* Groups before the people in them, people before what they authorize. */
static const char *const lists[] = {"departments", "teams", "roles", "staff", "authorizations"};

enum { LISTS = sizeof lists / sizeof lists[0] };

struct parts {
    struct wf_buf *items;
    size_t count;
    int list;           /* which is open in the last part; -1: none */
    const cJSON *whole;
};

static void
list_close(struct parts *parts)
{
    if (parts->list >= 0)
        wf_json_close(&parts->items[parts->count - 1], ']');
    parts->list = -1;
}

/* What is no list ("replace", and what the engine will not know) goes into every part. */
static void
part_begin(struct parts *parts)
{
    parts->items = realloc(parts->items, (parts->count + 1) * sizeof *parts->items);
    struct wf_buf *part = &parts->items[parts->count++];

    *part = (struct wf_buf){0};
    wf_json_open(part, '{');
    for (const cJSON *member = parts->whole->child; member; member = member->next) {
        bool is_list = cJSON_IsArray(member);
        for (int i = 0; is_list && i < LISTS; i++)
            if (strcmp(lists[i], member->string) == 0)
                goto next;
        char *text = cJSON_PrintUnformatted(member);
        wf_json_put_raw_opt(part, member->string, text);
        cJSON_free(text);
    next:;
    }
}

static void
part_end(struct parts *parts)
{
    list_close(parts);
    wf_json_close(&parts->items[parts->count - 1], '}');
}

static void
item_add(struct parts *parts, int list, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);

    if (parts->items[parts->count - 1].length + strlen(text) > PART_BYTES) {
        part_end(parts);
        part_begin(parts);
    }
    if (parts->list != list) {
        list_close(parts);
        wf_json_key(&parts->items[parts->count - 1], lists[list]);
        wf_json_open(&parts->items[parts->count - 1], '[');
        parts->list = list;
    }
    wf_json_raw(&parts->items[parts->count - 1], text);
    cJSON_free(text);
}

static void
split(struct parts *parts)
{
    parts->list = -1;
    part_begin(parts);
    for (int list = 0; list < LISTS; list++)
        for (const cJSON *items = cJSON_GetObjectItemCaseSensitive(parts->whole, lists[list]),
                         *item = cJSON_IsArray(items) ? items->child : NULL;
             item; item = item->next)
            item_add(parts, list, item);
    part_end(parts);
}

static pawl_command *
part_command(const struct cli *cli, const char *institution, const char *load_id, size_t part, size_t count)
{
    pawl_command *command = pawl_command_new(PAWL_ADMIN);

    pawl_command_put(command, "operation", "load-institution");
    pawl_command_put_json(command, "institution", institution);
    if (count > 1) {
        pawl_command_put(command, "load_id", load_id);
        pawl_command_put_int(command, "part", (int64_t)part);
        pawl_command_put_int(command, "parts", (int64_t)count);
    }
    pawl_command_put(command, "staff_id", cli_option(cli, "staff"));
    pawl_command_put(command, "reason", cli_option(cli, "reason"));
    return command;
}

static enum cli_exit
parts_send(const struct cli *cli, pawl_client *client, struct parts *parts, pawl_outcome **ret_last)
{
    char load_id[WF_UUID_TEXT + 1];
    uint8_t random[10] = {0};
    enum cli_exit code = CLI_OK;

    if (getrandom(random, sizeof random, 0) < 0)
        return cli_fail(CLI_INTERNAL, "could not draw a random number");
    struct wf_uuid uuid = wf_uuid_v7(wf_clock_now(), random);
    wf_uuid_format(&uuid, load_id);
    for (size_t i = 0; !code && i < parts->count; i++) {
        pawl_outcome *outcome = NULL;
        pawl_command *command = part_command(cli, wf_buf_text(&parts->items[i]), load_id, i + 1, parts->count);
        code = cli_status(cli, pawl_call(client, command, &outcome));
        pawl_command_free(command);
        if (!code) {
            pawl_outcome_free(*ret_last);
            *ret_last = outcome;
            code = pawl_outcome_result(outcome) > PAWL_DUPLICATE ? CLI_REJECTED : CLI_OK;
        }
    }
    return code;
}

static enum cli_exit
load(const struct cli *cli, const cJSON *json)
{
    struct parts parts = {.whole = json};
    pawl_client *client = NULL;
    pawl_outcome *outcome = NULL;
    enum cli_exit code = cli_client_open(cli, &client);

    split(&parts);
    if (!code)
        code = parts_send(cli, client, &parts, &outcome);
    if (outcome && cli->json && pawl_outcome_json(outcome))
        cli_print_json(pawl_outcome_json(outcome));
    if (outcome)
        code = cli_outcome_exit(outcome);
    if (!code && !cli->json)
        printf("%s: loaded\n", cli->arguments[0]);
    for (size_t i = 0; i < parts.count; i++)
        wf_buf_drop(&parts.items[i]);
    free(parts.items);
    pawl_outcome_free(outcome);
    pawl_client_close(client);
    return code;
}

enum cli_exit
cli_institution_load(struct cli *cli)
{
    struct wf_buf text = {0};
    cJSON *json = NULL;
    enum cli_exit code = cli_file_read(cli->arguments[0], &text, &json);

    if (!code)
        code = load(cli, json);
    cJSON_Delete(json);
    wf_buf_drop(&text);
    return code;
}
