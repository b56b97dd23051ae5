#include "base/hash.h"


uint32_t
wf_murmur2(const void *data, size_t size)
{
    const uint32_t m = 0x5bd1e995;
    const unsigned char *bytes = data;
    uint32_t hash = 0x9747b28cu ^ (uint32_t)size;

    for (; size >= 4; size -= 4, bytes += 4) {
        uint32_t k = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                     (uint32_t)bytes[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        hash *= m;
        hash ^= k;
    }
    if (size >= 3)
        hash ^= (uint32_t)bytes[2] << 16;
    if (size >= 2)
        hash ^= (uint32_t)bytes[1] << 8;
    if (size >= 1) {
        hash ^= bytes[0];
        hash *= m;
    }
    hash ^= hash >> 13;
    hash *= m;
    hash ^= hash >> 15;
    return hash;
}

int32_t
wf_partition_of(const void *key, size_t size, int32_t partitions)
{
    return (int32_t)((wf_murmur2(key, size) & 0x7fffffff) % (uint32_t)partitions);
}

int32_t
wf_partition_of_instance(const struct wf_uuid *instance_id, int32_t partitions)
{
    char text[WF_UUID_TEXT + 1];

    wf_uuid_format(instance_id, text);
    return wf_partition_of(text, WF_UUID_TEXT, partitions);
}

void
wf_hash128_begin(struct wf_hash128 *hash)
{
    hash->high = 0x6c62272e07bb0142u;
    hash->low = 0x62b821756295c58du;
}

static void
hash128_byte(struct wf_hash128 *hash, unsigned char byte)
{
    const unsigned __int128 prime = (unsigned __int128)0x0000000001000000u << 64 | 0x000000000000013bu;
    unsigned __int128 value = (unsigned __int128)hash->high << 64 | hash->low;

    value = (value ^ byte) * prime;
    hash->high = (uint64_t)(value >> 64);
    hash->low = (uint64_t)value;
}

void
wf_hash128_add(struct wf_hash128 *hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        hash128_byte(hash, bytes[i]);
    hash128_byte(hash, 0xff);
}

struct wf_uuid
wf_hash128_uuid(const struct wf_hash128 *hash)
{
    struct wf_uuid uuid;

    for (int i = 0; i < 8; i++) {
        uuid.bytes[i] = (uint8_t)(hash->high >> (56 - 8 * i));
        uuid.bytes[8 + i] = (uint8_t)(hash->low >> (56 - 8 * i));
    }
    uuid.bytes[6] = (uint8_t)(0x80 | (uuid.bytes[6] & 0x0f));
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
    return uuid;
}

uint64_t
wf_hash64(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}
