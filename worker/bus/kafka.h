/*
 * kafka.h - what consumer, publisher and the client library share of librdkafka: making a
 * configuration, names of topics, what an error means.
 *
 * Included only by files that talk to librdkafka.
 */
#ifndef WF_BUS_KAFKA_H
#define WF_BUS_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "base/error.h"
#include "base/message.h"
#include "base/settings.h"

enum { WF_KAFKA_NAME_SIZE = 250 }; /* Kafka's longest topic name, with a NUL */

/*
 * Writes the name of one of the engine's topics; every command topic is settings.command_topic
 * when that is set.  Returns `name`.
 */
const char *wf_kafka_topic_name(const struct wf_settings *settings, enum wf_topic topic, char name[WF_KAFKA_NAME_SIZE]);

/* How many topics carry commands: WF_COMMAND_TOPICS or 1. */
int wf_kafka_command_topics(const struct wf_settings *settings);

/* Whether these bytes can be the name of a topic. */
bool wf_kafka_name_valid(const char *name, size_t length);

/* A property of librdkafka; an array of them ends with a NULL name. */
struct wf_kafka_property {
    const char *name;
    const char *value;
};

/*
 * A configuration: brokers and what every handle of ours has in common, then settings.kafka_config
 * (which may not touch what the exactly-once protocol stands on), then `properties`, which
 * win.  librdkafka's lines go to wf_log().  FATAL with WF_EXIT_USAGE for a bad file.
 */
bool wf_kafka_conf(const struct wf_settings *settings, const struct wf_kafka_property *properties,
                   rd_kafka_conf_t **ret_conf, struct wf_error *reterr) WF_CHECKED;

#ifdef PAWL_FAULTS
/* Adds the fault points of requests to a configuration. */
void wf_kafka_faults(rd_kafka_conf_t *conf);
#endif

/* Makes a handle and takes the configuration, in any case.  FATAL with WF_EXIT_USAGE: settings do not fit together. */
bool wf_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret_kafka,
                  struct wf_error *reterr) WF_CHECKED;

/* What becomes of work that met this error: FATAL for missing rights and unfit brokers, else RETRY. */
enum wf_fate wf_kafka_fate(rd_kafka_resp_err_t error);

/* Fails with the fate of the error, WF_EXIT_BUS if FATAL, and "<what>: <librdkafka's text>". */
bool wf_kafka_fail(struct wf_error *reterr, rd_kafka_resp_err_t error, const char *what);

/* The same for an error object, which is destroyed. */
bool wf_kafka_fail_object(struct wf_error *reterr, rd_kafka_error_t *error, const char *what);

/*
 * Asks for the number of partitions of a topic; 0 when there is no such topic.  Afterwards the
 * handle has met the topic (the first produce to an unmet one waits a second in 2.0.2).
 */
bool wf_kafka_topic_partitions(rd_kafka_t *kafka, rd_kafka_topic_t *topic, int timeout_ms, int32_t *ret_count,
                               struct wf_error *reterr) WF_CHECKED;

/*
 * The same by name, for a topic that must exist: asks again while it is missing, for a broker
 * that has just started may not know it yet, and then fails with FATAL and WF_EXIT_BUS; as when
 * `expected` is not 0 and the topic has another number of partitions.  Until *deadline*
 * (wf_clock_monotonic) it waits for Kafka, then fails with RETRY.
 */
bool wf_kafka_topic_require(rd_kafka_t *kafka, const char *name, int32_t expected, int64_t deadline, int32_t *ret_count,
                            struct wf_error *reterr) WF_CHECKED;

/* Milliseconds until a deadline on wf_clock_monotonic(), at least 0 and at most `most`. */
int wf_kafka_remaining_ms(int64_t deadline, int most);

void wf_kafka_sleep_ms(int ms);

/* The membership under which a publication's batch was taken: consumer.h, EOS-8. */
struct wf_generation {
    atomic_int references;
    int32_t number;
    rd_kafka_consumer_group_metadata_t *metadata;
};

/* Checks group metadata and takes it, in any case.  RETRY when it names no live membership. */
bool wf_generation_new(rd_kafka_consumer_group_metadata_t *metadata, struct wf_generation **ret_generation,
                       struct wf_error *reterr) WF_CHECKED;

#endif
