/*
 * generation.c - group metadata that is checked and shared (EOS-8).
 */
#include "bus/consumer.h"
#include "bus/kafka.h"

/*
 * Reads what rd_kafka_consumer_group_metadata_write() writes in 2.0.2: a magic, the
 * generation in the machine's byte order, the group and the member, each with a NUL.
 * librdkafka has no other way to ask, and the broker takes generation -1 for "do not check".
 */
static bool
metadata_parse(const char *data, size_t size, int32_t *ret_number, bool *ret_member)
{
    static const char magic[] = "CGMDv2:";
    size_t at = sizeof magic - 1;
    const char *end;

    if (size < at + sizeof(int32_t) || memcmp(data, magic, at) != 0)
        return false;
    memcpy(ret_number, data + at, sizeof(int32_t));
    at += sizeof(int32_t);
    end = memchr(data + at, 0, size - at);
    if (!end || end + 1 >= data + size)
        return false;
    *ret_member = end[1] != 0;
    return true;
}

bool
wf_generation_new(rd_kafka_consumer_group_metadata_t *metadata, struct wf_generation **ret_generation,
                  struct wf_error *reterr)
{
    void *data = NULL;
    size_t size = 0;
    int32_t number = -1;
    bool member = false, parsed;
    rd_kafka_error_t *error;
    struct wf_generation *generation;

    if (!metadata)
        return wf_fail(reterr, WF_FATE_RETRY, "there is no group membership");
    error = rd_kafka_consumer_group_metadata_write(metadata, &data, &size);
    if (error) {
        rd_kafka_consumer_group_metadata_destroy(metadata);
        return wf_kafka_fail_object(reterr, error, "could not read the group membership");
    }
    parsed = metadata_parse(data, size, &number, &member);
    rd_kafka_mem_free(NULL, data);
    if (!parsed || number < 0 || !member) {
        rd_kafka_consumer_group_metadata_destroy(metadata);
        if (!parsed)
            return wf_fail(reterr, WF_FATE_FATAL, "cannot read group metadata of librdkafka %s",
                           rd_kafka_version_str());
        return wf_fail(reterr, WF_FATE_RETRY, "there is no group membership (generation %d)", number);
    }
    generation = calloc(1, sizeof *generation);
    if (!generation)
        exit(WF_EXIT_MEMORY);
    atomic_init(&generation->references, 1);
    generation->number = number;
    generation->metadata = metadata;
    *ret_generation = generation;
    return true;
}

struct wf_generation *
wf_generation_ref(struct wf_generation *generation)
{
    if (generation)
        atomic_fetch_add(&generation->references, 1);
    return generation;
}

void
wf_generation_release(struct wf_generation *generation)
{
    if (!generation || atomic_fetch_sub(&generation->references, 1) != 1)
        return;
    rd_kafka_consumer_group_metadata_destroy(generation->metadata);
    free(generation);
}

int32_t
wf_generation_number(const struct wf_generation *generation)
{
    return generation->number;
}
