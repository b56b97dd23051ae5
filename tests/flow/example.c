/*
 * example.c - the whole of pawl.h in one program: begins an instance, takes its first task, ends it
 * with a flag, and prints what happens until then.
 *
 *     cc example.c $(pkg-config --cflags --libs pawl) -o example
 *     ./example fault-repair alice accepted
 *
 * PAWL_BROKERS and PAWL_PREFIX say where the engine is.
 */
#include <err.h>
#include <pawl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MS = 10000 };

static void
check(enum pawl_status status)
{
    if (status)
        errx(1, "%s", pawl_message());
}

static pawl_settings *
settings_from_environment(void)
{
    pawl_settings *settings = pawl_settings_new();

    if (getenv("PAWL_BROKERS"))
        check(pawl_settings_set(settings, "brokers", getenv("PAWL_BROKERS")));
    if (getenv("PAWL_PREFIX"))
        check(pawl_settings_set(settings, "prefix", getenv("PAWL_PREFIX")));
    check(pawl_settings_set(settings, "source", "/example"));
    return settings;
}

/* Sends the command, waits for its outcome, frees the command; ends the program if it was rejected. */
static pawl_outcome *
call(pawl_client *client, pawl_command *command)
{
    pawl_outcome *outcome;

    check(pawl_call(client, command, &outcome));
    pawl_command_free(command);
    if (pawl_outcome_result(outcome) > PAWL_DUPLICATE)
        errx(1, "%s: %s", pawl_result_name(pawl_outcome_result(outcome)), pawl_outcome_text(outcome, "detail"));
    return outcome;
}

/* The instance's id, which the caller frees. */
static char *
start(pawl_client *client, const char *process_id)
{
    pawl_command *command = pawl_command_new(PAWL_INIT_INSTANCE);

    pawl_command_put(command, "process_id", process_id);
    pawl_command_put(command, "entity_id", "example");
    pawl_outcome *outcome = call(client, command);
    char *instance_id = strdup(pawl_outcome_text(outcome, "instance_id"));
    pawl_outcome_free(outcome);
    return instance_id;
}

/* Waits for an event of the instance in which a task has the state; the task's id, which the caller frees. */
static char *
wait_for_task(pawl_subscription *subscription, const char *instance_id, const char *wanted)
{
    pawl_event *event;
    char *found = NULL;

    while (!found) {
        check(pawl_subscription_next(subscription, LIMIT_MS, &event));
        const char *id = pawl_event_text(event, "instance_id"), *task = pawl_event_text(event, "task_id");
        const char *state = pawl_event_text(event, "state");
        if (id && strcmp(id, instance_id) == 0) {
            printf("%3lld  %-45s %s\n", (long long)pawl_event_number(event, "position", 0), task ? task : id, state);
            if (task && strcmp(state, wanted) == 0)
                found = strdup(task);
        }
        pawl_event_free(event);
    }
    return found;
}

static void
task_send(pawl_client *client, enum pawl_kind kind, const char *task_id, const char *staff_id, const char *flag)
{
    pawl_command *command = pawl_command_new(kind);

    pawl_command_put(command, "task_id", task_id);
    pawl_command_put(command, "staff_id", staff_id);
    pawl_command_put(command, "completion_flag", flag);
    pawl_outcome_free(call(client, command));
}

int
main(int argc, char **argv)
{
    pawl_client *client;
    pawl_subscription *subscription;

    if (argc != 4)
        errx(2, "usage: example PROCESS STAFF FLAG");
    pawl_settings *settings = settings_from_environment();
    check(pawl_subscribe(settings, PAWL_ALL_EVENTS, PAWL_FROM_END, NULL, &subscription));
    check(pawl_client_open(settings, &client));

    char *instance_id = start(client, argv[1]);
    char *task_id = wait_for_task(subscription, instance_id, "waiting");
    task_send(client, PAWL_GET_TASK, task_id, argv[2], NULL);
    free(wait_for_task(subscription, instance_id, "processing"));
    task_send(client, PAWL_END_TASK, task_id, argv[2], argv[3]);
    char *ended = wait_for_task(subscription, instance_id, "ended");
    printf("task %s of %s is done\n", ended, instance_id);

    free(ended);
    free(task_id);
    free(instance_id);
    pawl_client_close(client);
    pawl_subscription_close(subscription);
    pawl_settings_free(settings);
    return 0;
}
