#include "command.h"

#include <ctype.h>

#include "base/json.h"
#include "base/uuid.h"
#include "memory.h"
#include "peek.h"
#include "settings.h"

static const char *const kinds[WF_KINDS] = {"init-instance", "get-task", "end-task", "control", "admin"};

static const struct {
    const char *name, *header;
} attributes[] = {
#define X(name, text, header) {text, header},
    WF_ATTRIBUTE_MAP(X)
#undef X
};

const char *
wf_kind_name(enum pawl_kind kind)
{
    return kinds[kind];
}

const char *
wf_attribute_header(enum wf_attribute attribute)
{
    return attributes[attribute].header;
}

enum pawl_status
pawl_kind_from_name(const char *name, enum pawl_kind *ret_kind)
{
    for (int kind = 0; kind < WF_KINDS; kind++) {
        if (strcmp(kinds[kind], name) == 0) {
            *ret_kind = (enum pawl_kind)kind;
            return PAWL_OK;
        }
    }
    return wf_status(PAWL_INVALID, "unrecognized command \"%s\"", name);
}

pawl_command *
pawl_command_new(enum pawl_kind kind)
{
    pawl_command *command = WF_NEW(pawl_command);

    command->kind = kind;
    wf_json_open(&command->data, '{');
    return command;
}

void
pawl_command_free(pawl_command *command)
{
    if (!command)
        return;
    for (int i = 0; i < WF_ATTRIBUTE_COUNT; i++)
        free(command->attributes[i]);
    wf_buf_drop(&command->data);
    free(command);
}

void
pawl_command_put(pawl_command *command, const char *member, const char *text)
{
    wf_json_put_opt(&command->data, member, text);
}

void
pawl_command_put_int(pawl_command *command, const char *member, int64_t number)
{
    wf_json_put_int(&command->data, member, number);
}

void
pawl_command_put_json(pawl_command *command, const char *member, const char *json)
{
    wf_json_put_raw_opt(&command->data, member, json);
}

void
pawl_command_data(pawl_command *command, const char *json, size_t length)
{
    wf_buf_clear(&command->data);
    wf_buf_append(&command->data, json, length);
    command->whole = true;
}

enum pawl_status
pawl_command_set(pawl_command *command, const char *attribute, const char *value)
{
    for (int i = 0; i < WF_ATTRIBUTE_COUNT; i++) {
        if (strcmp(attributes[i].name, attribute) != 0)
            continue;
        free(command->attributes[i]);
        command->attributes[i] = wf_copy(value);
        return PAWL_OK;
    }
    return wf_status(PAWL_INVALID, "unrecognized attribute \"%s\"", attribute);
}

void
wf_command_text(const pawl_command *command, struct wf_buf *ret_text)
{
    wf_buf_append(ret_text, command->data.data, command->data.length);
    if (!command->whole)
        wf_json_close(ret_text, '}');
}

/* The instance of an id or of a task id, in lower case as the engine writes it. */
static char *
instance_key(char *id)
{
    struct wf_uuid uuid;

    if (!id)
        return NULL;
    id[strcspn(id, ":")] = '\0';
    if (wf_uuid_parse(id, strlen(id), &uuid))
        wf_uuid_format(&uuid, id);
    return id;
}

static char *
member(const struct wf_buf *data, const char *name)
{
    return wf_peek_text(wf_peek_member(data->data, data->length, name));
}

static char *
first_member(const struct wf_buf *data, const char *name, const char *otherwise)
{
    char *text = member(data, name);

    return text ? text : member(data, otherwise);
}

static char *
admin_key(const struct wf_buf *data)
{
    struct wf_slice definition = wf_peek_member(data->data, data->length, "definition");

    if (!definition.data)
        return wf_copy("institution");
    return wf_peek_text(wf_peek_member(definition.data, definition.length, "process_id"));
}

char *
wf_command_key(const pawl_command *command)
{
    struct wf_buf text = {0};
    char *key = NULL;

    wf_command_text(command, &text);
    switch (command->kind) {
    case PAWL_INIT_INSTANCE:
        key = instance_key(member(&text, "instance_id"));
        break;
    case PAWL_GET_TASK:
        key = instance_key(member(&text, "task_id"));
        if (!key)
            key = member(&text, "staff_id");
        break;
    case PAWL_END_TASK:
    case PAWL_CONTROL:
        key = instance_key(first_member(&text, "instance_id", "task_id"));
        break;
    case PAWL_ADMIN:
        key = admin_key(&text);
        break;
    }
    wf_buf_drop(&text);
    return key;
}
