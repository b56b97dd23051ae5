/* What a command makes cross to other instances, engines and subscribers (control-model section 9). */
#include "work_state.h"

#include <stdio.h>

#include "base/log.h"
#include "codec/request.h"

enum { TOPIC_LIMIT_MS = 2000 }; /* to learn whether a topic exists */

bool
wf_work_topic_known(struct work *work, const char *name)
{
    struct wf_error error;
    bool known = false;

    if (work->unanswered ||
        wf_publisher_topic_known(work->worker->publisher, name, strlen(name), TOPIC_LIMIT_MS, &known, &error))
        return known;
    work->unanswered = work->worker->recover = true;
    error.fate = WF_FATE_RETRY;
    wf_worker_failed(work->worker, &error);
    return false;
}

bool
wf_work_engine_known(void *context, const char *engine)
{
    char topic[WF_CODEC_TEXT];

    wf_engine_topic(engine, topic);
    return wf_work_topic_known(context, topic);
}

bool
wf_work_notifyto_known(void *context, const char *topic)
{
    return wf_work_topic_known(context, topic);
}

static void
write_request(struct work *work, const struct wf_request *request, const struct wf_command *command,
              int32_t partition)
{
    struct wf_request_target target;

    if (!wf_request_target(&work->worker->codec, request, &target))
        return;
    if (*target.topic && !wf_work_topic_known(work, target.topic)) {
        if (!work->unanswered)
            wf_log(WF_LOG_WARNING, "no such engine: it is not told", "topic=\"%s\" command=\"%s\"", target.topic,
                   command->id);
        return;
    }
    wf_request_encode(&work->worker->codec, request, &target, command, work->unit.now, &work->buffers[partition]);
}

void
wf_work_write_requests(struct work *work, const struct wf_command *command, int32_t partition)
{
    for (size_t i = 0; i < work->unit.request_count; i++) {
        const struct wf_request *request = &work->unit.requests[i];
        write_request(work, request, command, request->instance ? request->instance->partition : partition);
    }
}

/* One topic's notification; a topic that was deleted since costs nobody but its subscriber. */
static void
write_notification(struct work *work, const struct wf_subscription *subscription, const struct wf_event *event,
                   const struct wf_command *command)
{
    if (wf_work_topic_known(work, subscription->notifyto))
        wf_notification_encode(&work->worker->codec, subscription, event, command, work->unit.now,
                               &work->buffers[event->instance->partition]);
    else if (!work->unanswered)
        wf_log(WF_LOG_WARNING, "unknown topic named by notifyto", "topic=\"%s\"", subscription->notifyto);
}

void
wf_work_write_notifications(struct work *work, const struct wf_event *event, const struct wf_command *command)
{
    const struct wf_instance *instance = event->instance;

    for (size_t i = 0; i < instance->subscription_count; i++)
        if (wf_subscription_wants(&instance->subscriptions[i], event))
            write_notification(work, &instance->subscriptions[i], event, command);
}

void
wf_work_refuse_request(struct work *work, const struct wf_refusal *refusal, int32_t partition)
{
    const struct wf_command *command = &refusal->command;
    struct wf_request request = {.kind = WF_REQUEST_NOTIFY, .requester = command->requester,
                                 .about = command->instance_id, .state = WF_INSTANCE_CANCELLED,
                                 .code = wf_code_name(refusal->code), .detail = refusal->detail};

    if (command->requester && command->has_instance_id && refusal->operation &&
        strcmp(refusal->operation, wf_operation_name(WF_OP_INIT_INSTANCE)) == 0)
        write_request(work, &request, command, partition);
}
