/* driver_case.c - cases and their commands. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "driver.h"

enum { CASES_BLOCK = 4096, BLOCKS_MAX = 1 << 16, ID_SIZE = 64, ENTITY_SIZE = 32 };

static void
put_raw(struct wf_buf *data, const char *key, const char *json)
{
    wf_json_key(data, key);
    wf_buf_puts(data, json);
}

/* The id of a command is that of its instance and its number there, so it can be repeated. */
static bool
send_command(struct run *run, const struct bench_case *c, enum bus_command command, uint32_t number, int64_t *ret_sent)
{
    char id[ID_SIZE];

    wf_json_close(&run->data, '}');
    wf_uuid_format(&c->instance_id, id);
    int length = snprintf(id + WF_UUID_TEXT, sizeof id - WF_UUID_TEXT, ":%" PRIu32, number);
    *ret_sent = run->moved = wf_clock_monotonic();
    run->sent++;
    return bus_send(run->bus, command, (struct wf_slice){id, WF_UUID_TEXT},
                    (struct wf_slice){id, (size_t)(WF_UUID_TEXT + length)}, &run->data, run->reterr);
}

int64_t
case_sent(const struct bench_case *c, uint64_t number)
{
    if (!number)
        return c->init_sent;
    uint64_t row = (number - 1) / 2;
    if (row >= c->plan->row_count)
        return 0;
    return number % 2 ? c->rows[row].get_sent : c->rows[row].end_sent;
}

static void
data_open(struct run *run)
{
    wf_buf_clear(&run->data);
    wf_json_open(&run->data, '{');
}

/* The last four bytes of an instance id are the number of its case. */
static struct wf_uuid
make_id(struct run *run, uint32_t number)
{
    uint8_t random[10];

    run->random ^= run->random << 13; /* xorshift, begun by the system's */
    run->random ^= run->random >> 7;
    run->random ^= run->random << 17;
    memcpy(random, &run->random, sizeof run->random);
    for (int i = 0; i < 4; i++)
        random[6 + i] = (uint8_t)(number >> (24 - 8 * i));
    return wf_uuid_v7(wf_clock_now(), random);
}

struct bench_case *
case_at(const struct run *run, uint32_t number)
{
    return &run->blocks[number / CASES_BLOCK][number % CASES_BLOCK];
}

struct bench_case *
case_find(const struct run *run, struct wf_slice text)
{
    struct wf_uuid id;
    uint32_t number = 0;

    if (text.length < WF_UUID_TEXT || !wf_uuid_parse(text.data, WF_UUID_TEXT, &id))
        return NULL;
    for (int i = 0; i < 4; i++)
        number = number << 8 | id.bytes[12 + i];
    if (number >= run->begun)
        return NULL;
    struct bench_case *c = case_at(run, number);
    return wf_uuid_equal(&id, &c->instance_id) ? c : NULL;
}

static struct bench_case *
case_new(struct run *run)
{
    uint32_t number = run->begun++;

    if (!run->blocks)
        run->blocks = WF_ARENA_ARRAY(&run->arena, struct bench_case *, BLOCKS_MAX);
    if (number % CASES_BLOCK == 0)
        run->blocks[number / CASES_BLOCK] = WF_ARENA_ARRAY(&run->arena, struct bench_case, CASES_BLOCK);
    struct bench_case *c = case_at(run, number);
    c->instance_id = make_id(run, number);
    c->plan = &run->plan->cases[number % run->plan->case_count];
    c->rows = WF_ARENA_ARRAY(&run->arena, struct case_row, c->plan->row_count);
    run->open++;
    return c;
}

bool
case_begin(struct run *run)
{
    uint32_t number = run->begun, repetition = number / run->plan->case_count;
    struct bench_case *c = case_new(run);
    char id[WF_UUID_TEXT + 1], entity[ENTITY_SIZE];

    wf_uuid_format(&c->instance_id, id);
    data_open(run);
    put_raw(&run->data, "process_id", run->plan->process_id);
    wf_json_put_string(&run->data, "instance_id", id);
    if (repetition) {
        snprintf(entity, sizeof entity, "bench/%" PRIu32, number);
        wf_json_put_string(&run->data, "entity_id", entity);
    } else {
        put_raw(&run->data, "entity_id", c->plan->entity_id);
    }
    if (c->plan->flag)
        put_raw(&run->data, "completion_flag", c->plan->flag);
    return send_command(run, c, BUS_INIT, 0, &c->init_sent);
}

static void
put_task(struct run *run, const struct bench_case *c, uint32_t row, struct wf_slice staff)
{
    char task_id[ID_SIZE];

    data_open(run);
    wf_uuid_format(&c->instance_id, task_id);
    snprintf(task_id + WF_UUID_TEXT, sizeof task_id - WF_UUID_TEXT, ":%" PRIu32, c->rows[row].task_n);
    wf_json_put_string(&run->data, "task_id", task_id);
    if (staff.length) {
        wf_json_key(&run->data, "staff_id");
        wf_buf_append(&run->data, staff.data, staff.length);
    } else {
        wf_json_put_string(&run->data, "executor_id", "bench");
    }
}

bool
case_get(struct run *run, struct bench_case *c, uint32_t row, struct wf_slice staff)
{
    put_task(run, c, row, staff);
    c->rows[row].phase = ROW_GETTING;
    return send_command(run, c, BUS_GET, 2 * row + 1, &c->rows[row].get_sent);
}

bool
case_end(struct run *run, struct bench_case *c, uint32_t row, struct wf_slice staff)
{
    put_task(run, c, row, staff);
    if (c->plan->rows[row].flag)
        put_raw(&run->data, "completion_flag", c->plan->rows[row].flag);
    c->rows[row].phase = ROW_ENDING;
    return send_command(run, c, BUS_END, 2 * row + 2, &c->rows[row].end_sent);
}

void
case_over(struct run *run, struct bench_case *c, enum case_state state)
{
    if (c->state != CASE_OPEN)
        return;
    c->state = state;
    run->open--;
    run->moved = wf_clock_monotonic();
    if (state == CASE_FAILED) {
        run->failed++;
        return;
    }
    run->completed++;
    run->now.completed++;
    run->completed_at = run->moved;
}
