/* fault.c - fault points within librdkafka: requests that are on their way, and not answered yet. */
#include "base/fault.h"

#include "bus/kafka.h"

enum { PRODUCE = 0, END_TRANSACTION = 26, TRANSACTION_OFFSETS = 28 }; /* Kafka's names of requests */

static rd_kafka_resp_err_t
on_request_sent(rd_kafka_t *kafka, int socket, const char *broker, int32_t broker_id, int16_t request, int16_t version,
                int32_t number, size_t size, void *opaque)
{
    (void)kafka;
    (void)socket;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)number;
    (void)size;
    (void)opaque;
    switch (request) {
    case PRODUCE: WF_FAULT(PRODUCE_SENT); break;
    case TRANSACTION_OFFSETS: WF_FAULT(OFFSETS_SENDING); break;
    case END_TRANSACTION: WF_FAULT(END_SENT); break;
    default: break;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t
on_new(rd_kafka_t *kafka, const rd_kafka_conf_t *conf, void *opaque, char *reason, size_t size)
{
    (void)conf;
    (void)reason;
    (void)size;
    return rd_kafka_interceptor_add_on_request_sent(kafka, "faults", on_request_sent, opaque);
}

void
wf_kafka_faults(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_interceptor_add_on_new(conf, "faults", on_new, NULL);
}
