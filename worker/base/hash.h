/*
 * hash.h - murmur2, by which Kafka's Java clients place keys, and a 128 bit hash for ids.
 */
#ifndef WF_HASH_H
#define WF_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

/* The murmur2 variant of org.apache.kafka.common.utils.Utils. */
uint32_t wf_murmur2(const void *data, size_t size);

/* The partition of a key, as Kafka's DefaultPartitioner and librdkafka's murmur2 place it. */
int32_t wf_partition_of(const void *key, size_t size, int32_t partitions);

/* The partition of an instance: that of its id in text form (EOS-6). */
int32_t wf_partition_of_instance(const struct wf_uuid *instance_id, int32_t partitions);

/* 128 bits of FNV-1a over several strings, each ended by a byte that no UTF-8 text holds. */
struct wf_hash128 {
    uint64_t high, low;
};
void wf_hash128_begin(struct wf_hash128 *hash);
void wf_hash128_add(struct wf_hash128 *hash, const void *data, size_t size);

/* The 128 bits as a UUID of version 8, to be stored in a uuid column. */
struct wf_uuid wf_hash128_uuid(const struct wf_hash128 *hash);

/* 64 bits of FNV-1a. */
uint64_t wf_hash64(const void *data, size_t size);

#endif
