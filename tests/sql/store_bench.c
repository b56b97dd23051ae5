/*
 * store_bench.c - commands a second and bytes an instance of the store alone: start, then twice
 * claim and complete, each in another unit, so that every command loads and saves.
 *
 *     PAWL_TEST_DATABASE=… store-bench [units [commands a unit [with ids: 0 or 1]]]
 *
 * The core's part is played by hand here; what is measured is wf_store_load and wf_store_save.
 */
#include "base/clock.h"
#include "scratch.h"

enum { STEPS = 5, PARTITIONS = 4, EVENT = 700 };

struct bench {
    struct wf_store *store;
    struct wf_claim claims[PARTITIONS];
    struct wf_arena arena;
    struct wf_unit unit;
    struct wf_work work;
    struct wf_work_partition parts[PARTITIONS];
    char *events;
    uint32_t cohort; /* instances that begin in a unit */
    bool ids;
};

static void
check(enum wf_verdict verdict, const struct wf_error *error)
{
    if (verdict == WF_VERDICT_OK)
        return;
    fprintf(stderr, "%s: %s\n", wf_verdict_name(verdict), error->message);
    exit(1);
}

static struct wf_uuid
id_of(uint32_t unit, uint32_t i)
{
    uint8_t random[10] = {0};

    for (int b = 0; b < 4; b++) {
        random[b + 6] = (uint8_t)(i >> 8 * b);
        random[b + 2] = (uint8_t)(i * 2654435761u >> 8 * b);
    }
    return wf_uuid_v7((int64_t)1790000000 * WF_SECOND + (int64_t)unit * 20 * WF_MILLISECOND, random);
}

static struct wf_task *
task_new(struct bench *bench, struct wf_instance *instance, const char *act_id, const char *pre_act_id)
{
    struct wf_task *task = wf_unit_add_task(&bench->unit, instance);

    task->activity = wf_process_activity(instance->process, act_id);
    task->n = instance->next_n++;
    task->state = WF_TASK_PENDING;
    task->pre_act_id = pre_act_id;
    task->serial_no = task->branch_no = 1;
    task->date_created = task->date_changed = bench->unit.now;
    task->dirty = true;
    instance->position++;
    instance->task_sequence++;
    return task;
}

static void
task_wait(struct bench *bench, struct wf_task *task)
{
    task->state = WF_TASK_WAITING;
    task->group_based_on = WF_BASED_ON_ROLE;
    task->group_id = "examiner";
    task->date_waiting = bench->unit.now;
}

static void
task_end(struct bench *bench, struct wf_instance *instance, struct wf_task *task)
{
    task->state = WF_TASK_ENDED;
    task->date_ended = task->date_changed = bench->unit.now;
    WF_ARENA_PUSH(&bench->arena, instance->done, instance->done_count, instance->done_capacity, task);
    instance->task_count = 0;
    instance->ends++;
    instance->position++;
}

static void
command_apply(struct bench *bench, uint32_t unit, uint32_t step, uint32_t i)
{
    struct wf_uuid id = id_of(unit - step, i);
    struct wf_instance *instance = wf_unit_instance(&bench->unit, &id);

    if (step == 0) {
        instance = wf_unit_add_instance(&bench->unit, &id);
        instance->process = bench->unit.process_find(NULL, "p", 1);
        instance->partition = (int32_t)(i % PARTITIONS);
        instance->entity_id = wf_arena_printf(&bench->arena, "NE-7/%u", unit * bench->cohort + i);
        instance->actor = "adams";
        instance->next_n = 1;
        instance->next_serial = 2;
        instance->date_created = bench->unit.now;
        task_end(bench, instance, task_new(bench, instance, "start", NULL));
        task_wait(bench, task_new(bench, instance, "check", "start"));
    } else {
        struct wf_task *task = instance->tasks[0];
        task->dirty = true;
        if (step % 2) {
            task->state = WF_TASK_PROCESSING;
            task->staff_id = wf_arena_printf(&bench->arena, "examiner-%u", i % 40);
            task->date_processing = task->date_changed = bench->unit.now;
            task->waiting_time = bench->unit.now - task->date_waiting;
        } else {
            task->completion_flag = instance->last_flag = "approved";
            task_end(bench, instance, task);
            if (step == 2) {
                task_wait(bench, task_new(bench, instance, "check", "check"));
            } else {
                task_end(bench, instance, task_new(bench, instance, "end", "check"));
                instance->state = WF_INSTANCE_COMPLETED;
                instance->reached_completion = true;
                instance->completion_flag = "approved";
                instance->date_completed = bench->unit.now;
            }
        }
    }
    instance->position++;
    instance->dirty = true;
    instance->date_changed = bench->unit.now;
    if (bench->ids) {
        struct wf_seen *seen = WF_ARENA_NEW(&bench->arena, struct wf_seen);
        seen->scope = seen->instance_id = id;
        seen->id_hash = id;
        seen->id_hash.bytes[0] = (uint8_t)(i * 37 + step * 101);
        seen->id_hash.bytes[6] = (uint8_t)step;
        seen->position = instance->position;
        wf_unit_add_seen(&bench->unit, seen);
    }
}

static void
ask(struct bench *bench, uint32_t unit, struct wf_uuid *ids, struct wf_command *commands, struct wf_command **list)
{
    for (uint32_t step = 0; step < STEPS && step <= unit; step++)
        for (uint32_t i = 0; i < bench->cohort; i++) {
            struct wf_command *command = &commands[bench->work.command_count];
            *command = (struct wf_command){.operation = WF_OP_END_TASK, .id = "x", .id_given = true,
                                           .has_instance_id = true, .instance_id = id_of(unit - step, i)};
            command->id_hash = command->instance_id;
            list[bench->work.command_count++] = command;
            if (step)
                ids[bench->work.instance_count++] = command->instance_id;
        }
    if (!bench->ids)
        bench->work.command_count = 0;
}

static void
unit_run(struct bench *bench, uint32_t number)
{
    struct wf_process *(*find)(void *, const char *, int32_t) = bench->unit.process_find;
    struct wf_error error;

    wf_arena_reset(&bench->arena);
    wf_unit_begin(&bench->unit, &bench->arena);
    bench->unit.process_find = find;
    struct wf_uuid *ids = WF_ARENA_ARRAY(&bench->arena, struct wf_uuid, (size_t)STEPS * bench->cohort);
    struct wf_command *commands = WF_ARENA_ARRAY(&bench->arena, struct wf_command, (size_t)STEPS * bench->cohort);
    struct wf_command **list = WF_ARENA_ARRAY(&bench->arena, struct wf_command *, (size_t)STEPS * bench->cohort);
    bench->work = (struct wf_work){.unit = &bench->unit, .partitions = bench->parts, .partition_count = PARTITIONS,
                                   .instance_ids = ids, .commands = list};
    for (int p = 0; p < PARTITIONS; p++) {
        bench->parts[p].published_number = bench->parts[p].outbox_number ? bench->parts[p].outbox_number - 1 : 0;
        for (int t = 0; t < WF_COMMAND_TOPICS; t++)
            bench->parts[p].positions[t]++;
    }
    ask(bench, number, ids, commands, list);
    check(wf_store_load(bench->store, &bench->work, &error), &error);
    for (uint32_t step = STEPS; step-- > 0;)
        for (uint32_t i = 0; step <= number && i < bench->cohort; i++)
            command_apply(bench, number, step, i);
    for (int p = 0; p < PARTITIONS; p++)
        bench->parts[p].events = (struct wf_slice){bench->events, (size_t)STEPS * bench->cohort * EVENT / PARTITIONS};
    check(wf_store_save(bench->store, &bench->work, &error), &error);
}

/* Something that lz4 finds as much in as in the events. */
static char *
events_make(size_t size)
{
    char *events = malloc(size + EVENT);

    for (size_t at = 0; at < size; at += 200)
        snprintf(events + at, EVENT, "{\"instance_id\":\"01934c00-%08zx\",\"process_id\":\"trademark\",\"version\":1,"
                 "\"act_id\":\"examination\",\"state\":\"waiting\",\"date_created\":\"2026-11-21T10:09:31.%06zu\"}%060d",
                 at * 2654435761u, at % 999983, 0);
    return events;
}

static struct wf_process *process;

static struct wf_process *
find_process(void *context, const char *process_id, int32_t version)
{
    (void)context;
    (void)process_id;
    (void)version;
    return process;
}

int
main(int argc, char **argv)
{
    uint32_t units = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 400;
    uint32_t commands = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 500;
    struct bench bench = {.cohort = commands / STEPS, .ids = argc > 3 ? *argv[3] != '0' : true};
    struct wf_error error;

    if (!scratch_possible())
        return 0;
    scratch_up(PARTITIONS);
    process = scratch_process();
    bench.store = scratch_store();
    bench.unit.process_find = find_process;
    bench.events = events_make((size_t)STEPS * bench.cohort * EVENT / PARTITIONS);
    check(wf_store_claim(bench.store, (int32_t[]){0, 1, 2, 3}, PARTITIONS, bench.claims, &error), &error);
    for (int p = 0; p < PARTITIONS; p++) {
        bench.parts[p].partition = p;
        bench.parts[p].epoch = bench.claims[p].epoch;
    }
    long before = scratch_sql("select pg_database_size(current_database())");
    int64_t begin = wf_clock_monotonic();
    for (uint32_t unit = 0; unit < units; unit++)
        unit_run(&bench, unit);
    double seconds = (double)(wf_clock_monotonic() - begin) / (double)WF_SECOND;
    scratch_sql("vacuum");
    long after = scratch_sql("select pg_database_size(current_database())");
    double finished = (double)scratch_sql("select count(*) from workflow.instance where state = 'completed'");
    printf("figure commands/s: %.0f (%u units of %u, %s)\n", units * STEPS * bench.cohort / seconds, units,
           STEPS * bench.cohort, bench.ids ? "all with ids" : "no ids");
    printf("figure database bytes per finished instance: %.0f, of all tables %.0f\n", (double)(after - before) / finished,
           (double)scratch_sql("select sum(pg_total_relation_size(c.oid))::int8 from pg_class c where relnamespace = "
                               "'workflow'::regnamespace and relkind = 'r'") / finished);
    static const char *const tables[] = {"instance", "command_id", "to_do_task_list", "outbox",
                                         "partition"};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        printf("  %-24s %ld table, %ld indexes (bytes per finished instance)\n", tables[t],
               scratch_sql("select pg_table_size('workflow.%s')", tables[t]) / (long)finished,
               scratch_sql("select pg_indexes_size('workflow.%s')", tables[t]) / (long)finished);
    long history = scratch_sql("select sum(pg_table_size(inhrelid)) from pg_inherits where inhparent = "
                               "'workflow.have_done_tasks'::regclass");
    long indexes = scratch_sql("select sum(pg_indexes_size(inhrelid)) from pg_inherits where inhparent = "
                               "'workflow.have_done_tasks'::regclass");
    printf("  %-24s %ld table, %ld indexes\n", "have_done_tasks", history / (long)finished, indexes / (long)finished);
    wf_store_close(bench.store);
    wf_process_drop(process);
    wf_arena_drop(&bench.arena);
    free(bench.events);
    scratch_down();
    return 0;
}
