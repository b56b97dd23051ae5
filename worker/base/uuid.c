#include "base/uuid.h"

static int
nibble(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

static bool
dash_at(size_t position)
{
    return position == 8 || position == 13 || position == 18 || position == 23;
}

bool
wf_uuid_parse(const char *text, size_t length, struct wf_uuid *ret_uuid)
{
    struct wf_uuid uuid;
    size_t byte = 0;

    if (length != WF_UUID_TEXT)
        return false;

    for (size_t i = 0; i < WF_UUID_TEXT;) {
        if (dash_at(i)) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        int high = nibble(text[i]), low = nibble(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid.bytes[byte++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *ret_uuid = uuid;
    return true;
}

static char *
put_hex(char *at, const uint8_t *bytes, int count)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < count; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

void
wf_uuid_format(const struct wf_uuid *uuid, char text[WF_UUID_TEXT + 1])
{
    char *at = put_hex(text, uuid->bytes, 4);

    *at++ = '-';
    at = put_hex(at, uuid->bytes + 4, 2);
    *at++ = '-';
    at = put_hex(at, uuid->bytes + 6, 2);
    *at++ = '-';
    at = put_hex(at, uuid->bytes + 8, 2);
    *at++ = '-';
    *put_hex(at, uuid->bytes + 10, 6) = '\0';
}

struct wf_uuid
wf_uuid_v7(int64_t time, const uint8_t random[10])
{
    struct wf_uuid uuid;
    uint64_t milliseconds = (uint64_t)time / 1000;

    for (int i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    memcpy(uuid.bytes + 6, random, 10);
    uuid.bytes[6] = (uint8_t)(0x70 | (uuid.bytes[6] & 0x0f));
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
    return uuid;
}
