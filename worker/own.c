#include "own.h"

struct wf_command *
wf_own_add(struct wf_own_commands *commands, int32_t partition, enum wf_operation operation,
           const struct wf_uuid *instance_id, int32_t n, const char *kind, const char *what)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(instance_id, text);
    struct wf_own_command own = {
        .partition = partition,
        .command = {
            .operation = operation,
            .id = wf_arena_printf(commands->arena, "%s:%s:%d/%s", kind, text, n, what),
            .has_instance_id = true,
            .instance_id = *instance_id,
            .task_n = n,
        },
    };
    WF_ARENA_PUSH(commands->arena, commands->items, commands->count, commands->capacity, own);
    return &commands->items[commands->count - 1].command;
}

void
wf_own_take(struct wf_worker *worker, struct wf_own_commands *commands)
{
    (void)worker;
    (void)commands;
}
