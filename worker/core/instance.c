#include "core/instance.h"

struct wf_task *
wf_instance_task(const struct wf_instance *instance, int32_t n)
{
    size_t low = 0, high = instance->task_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (instance->tasks[middle]->n < n)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == instance->task_count || instance->tasks[low]->n != n)
        return NULL;
    return wf_task_state_open(instance->tasks[low]->state) ? instance->tasks[low] : NULL;
}

struct wf_batch *
wf_instance_batch(const struct wf_instance *instance, int32_t serial_no)
{
    for (size_t i = 0; i < instance->batch_count; i++)
        if (instance->batches[i]->serial_no == serial_no)
            return instance->batches[i];
    return NULL;
}

bool
wf_batch_within(const struct wf_instance *instance, int32_t serial_no, int32_t outer)
{
    while (serial_no != outer) {
        const struct wf_batch *batch = wf_instance_batch(instance, serial_no);
        if (!batch)
            return false;
        serial_no = batch->parent_serial_no;
    }
    return true;
}
