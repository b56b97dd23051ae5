/* The tables of transitions (core/control.h) as JSON, for the diagrams in the manual and for what holds them to the cases. */
#include "driver.h"

#include <stdio.h>

#include "base/json.h"
#include "core/control.h"

static void
row_open(struct wf_buf *out, const char *name, const char *from, const char *to, const char *rule)
{
    wf_json_open(out, '{');
    wf_json_put_string(out, "name", name);
    wf_json_put_string(out, "from", from);
    wf_json_put_string(out, "to", to);
    wf_json_put_string(out, "rule", rule);
}

static void
write_tasks(struct wf_buf *out)
{
    wf_json_key(out, "task_operations");
    wf_json_open(out, '[');
    for (const struct wf_transition *row = wf_transitions; row->rule; row++) {
        row_open(out, wf_operation_name(row->operation), wf_task_state_name(row->from), wf_task_state_name(row->to),
                 row->rule);
        wf_json_put_bool(out, "by_holder", row->by_holder);
        wf_json_put_bool(out, "by_operator", row->by_operator);
        wf_json_put_bool(out, "by_engine", row->by_engine);
        wf_json_put_bool(out, "automation", row->automation);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
    wf_json_key(out, "task_moves");
    wf_json_open(out, '[');
    for (const struct wf_move *row = wf_moves; row->rule; row++) {
        row_open(out, row->name, wf_task_state_name(row->from), wf_task_state_name(row->to), row->rule);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
}

static void
write_instances(struct wf_buf *out)
{
    wf_json_key(out, "instance_operations");
    wf_json_open(out, '[');
    for (const struct wf_instance_transition *row = wf_instance_transitions; row->rule; row++) {
        row_open(out, wf_operation_name(row->operation), wf_instance_state_name(row->from),
                 wf_instance_state_name(row->to), row->rule);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
    wf_json_key(out, "instance_moves");
    wf_json_open(out, '[');
    for (const struct wf_instance_move *row = wf_instance_moves; row->rule; row++) {
        row_open(out, row->name, wf_instance_state_name(row->from), wf_instance_state_name(row->to), row->rule);
        wf_json_close(out, '}');
    }
    wf_json_close(out, ']');
}

void
driver_states(void)
{
    WF_SCOPED(wf_buf_drop) struct wf_buf out = {0};

    wf_json_open(&out, '{');
    write_tasks(&out);
    write_instances(&out);
    wf_json_close(&out, '}');
    wf_buf_byte(&out, '\n');
    fwrite(out.data, 1, out.length, stdout);
}
