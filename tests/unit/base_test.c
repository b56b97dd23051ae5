/* The base: memory, bytes, hashes, times, ids, JSON, messages, errors, log lines. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/message.h"
#include "base/uuid.h"

Test(arena, gives_zeroed_memory_until_reset)
{
    struct wf_arena arena = {0};

    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 5000; size += 37) {
            unsigned char *memory = wf_arena_alloc(&arena, size);
            cr_assert_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                cr_assert_eq(memory[i], 0);
            memset(memory, 0xff, size);
        }
        wf_arena_reset(&arena);
        cr_assert_leq(arena.total, 8192);
    }
    wf_arena_alloc(&arena, 5 << 20); /* larger than any block */
    wf_arena_drop(&arena);
    cr_assert_eq(arena.total, 0);
    wf_arena_alloc(&arena, 2 << 20); /* a first block that is not worth keeping */
    wf_arena_reset(&arena);
    cr_assert_null(arena.blocks);
}

Test(arena, copies)
{
    struct wf_arena arena = {0};
    int *numbers = NULL;
    size_t count = 0, capacity = 0;

    cr_assert_null(wf_arena_strdup(&arena, NULL));
    cr_assert_null(wf_arena_strndup(&arena, NULL, 3));
    cr_assert_str_eq(wf_arena_strdup(&arena, "text"), "text");
    cr_assert_str_eq(wf_arena_strndup(&arena, "text", 2), "te");
    cr_assert_str_eq(wf_arena_printf(&arena, "%s %d", "a", 7), "a 7");
    cr_assert_eq(memcmp(wf_arena_memdup(&arena, "ab", 3), "ab", 3), 0);
    cr_assert_not_null(wf_arena_memdup(&arena, NULL, 0));
    for (int i = 0; i < 100; i++)
        WF_ARENA_PUSH(&arena, numbers, count, capacity, i);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(numbers[i], i);
    wf_arena_drop(&arena);
}

Test(buf, grows)
{
    struct wf_buf buf = {0};

    wf_buf_puts(&buf, "n=");
    wf_buf_int(&buf, INT64_MIN);
    wf_buf_byte(&buf, ' ');
    wf_buf_int(&buf, 0);
    wf_buf_printf(&buf, " %s", "x");
    wf_buf_append(&buf, NULL, 0);
    cr_assert_str_eq(wf_buf_text(&buf), "n=-9223372036854775808 0 x");
    for (int i = 0; i < 1000; i++)
        wf_buf_puts(&buf, "0123456789");
    cr_assert_eq(buf.length, 26 + 10000);
    wf_buf_clear(&buf);
    wf_buf_u16(&buf, 0x0102);
    wf_buf_u32(&buf, 0x03040506);
    wf_buf_u64(&buf, 0x0708090a0b0c0d0eu);
    cr_assert_eq(memcmp(buf.data, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe", 14), 0);
    wf_buf_drop(&buf);
    cr_assert_null(buf.data);
}

Test(map, finds_what_was_put)
{
    struct wf_arena arena = {0};
    struct wf_map map = {0};
    static int values[1000];

    cr_assert_null(wf_map_get_text(&map, "none"));
    for (int i = 0; i < 1000; i++)
        wf_map_put_text(&map, &arena, wf_arena_printf(&arena, "key %d", i), &values[i]);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(wf_map_get_text(&map, wf_arena_printf(&arena, "key %d", i)), &values[i]);
    cr_assert_null(wf_map_get_text(&map, "key 1000"));
    wf_map_put_text(&map, &arena, "key 7", NULL);
    cr_assert_null(wf_map_get_text(&map, "key 7"));
    cr_assert_eq(map.count, 1000);
    wf_arena_drop(&arena);
}

/* The values of org.apache.kafka.common.utils.UtilsTest, as Java's signed numbers. */
Test(hash, murmur2_as_kafka)
{
    static const struct {
        const char *text;
        int32_t hash;
    } cases[] = {{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829}, {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq((int32_t)wf_murmur2(cases[i].text, strlen(cases[i].text)), cases[i].hash, "%s", cases[i].text);
    for (int32_t partitions = 1; partitions < 20; partitions++) {
        int32_t partition = wf_partition_of("foobar", 6, partitions);
        cr_assert(partition >= 0 && partition < partitions);
        cr_assert_eq(partition, (-790332482 & 0x7fffffff) % partitions);
    }
}

Test(hash, of_instance_is_of_its_text)
{
    struct wf_uuid uuid;
    const char *text = "018f2b1c-1234-7abc-8def-0123456789ab";

    cr_assert(wf_uuid_parse(text, 36, &uuid));
    cr_assert_eq(wf_partition_of_instance(&uuid, 12), wf_partition_of(text, 36, 12));
}

static struct wf_uuid
hash_of(const char *a, const char *b)
{
    struct wf_hash128 hash;

    wf_hash128_begin(&hash);
    wf_hash128_add(&hash, a, strlen(a));
    wf_hash128_add(&hash, b, strlen(b));
    return wf_hash128_uuid(&hash);
}

Test(hash, strings_are_kept_apart)
{
    struct wf_uuid one = hash_of("ab", "c"), two = hash_of("a", "bc"), same = hash_of("ab", "c");

    cr_assert(wf_uuid_equal(&one, &same));
    cr_assert_not(wf_uuid_equal(&one, &two));
    cr_assert_eq(one.bytes[6] >> 4, 8);
    cr_assert_neq(wf_hash64("a", 1), wf_hash64("b", 1));
}

Test(uuid, text)
{
    struct wf_uuid uuid;
    char text[WF_UUID_TEXT + 1];

    cr_assert(wf_uuid_parse("018F2B1C-1234-7abc-8def-0123456789aB", 36, &uuid));
    wf_uuid_format(&uuid, text);
    cr_assert_str_eq(text, "018f2b1c-1234-7abc-8def-0123456789ab");
    cr_assert_not(wf_uuid_parse(text, 35, &uuid));
    cr_assert_not(wf_uuid_parse("018f2b1c-1234-7abc-8def-0123456789ag", 36, &uuid));
    cr_assert_not(wf_uuid_parse("018f2b1c-1234-7abc-8def-01234567/9ab", 36, &uuid));
    cr_assert_not(wf_uuid_parse("018f2b1c 1234-7abc-8def-0123456789ab", 36, &uuid));
    cr_assert_not(wf_uuid_parse("018f2b1c123-47abc-8def-00123456789ab", 36, &uuid));
}

Test(uuid, version_7_sorts_by_time)
{
    static const uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct wf_uuid early = wf_uuid_v7(1700000000000000, random), late = wf_uuid_v7(1700000000001000, random);

    cr_assert_lt(memcmp(&early, &late, sizeof early), 0);
    cr_assert_eq(early.bytes[6] >> 4, 7);
    cr_assert_eq(early.bytes[8] >> 6, 2);
}

static bool
round_trip(const char *text, const char *expected)
{
    char formatted[WF_TIME_TEXT + 1];
    int64_t time;

    if (!wf_time_parse(text, &time))
        return false;
    wf_time_format(time, formatted);
    cr_assert_str_eq(formatted, expected);
    return true;
}

Test(clock, time_texts)
{
    cr_assert(round_trip("2026-11-21T10:09:31.123456Z", "2026-11-21T10:09:31.123456Z"));
    cr_assert(round_trip("1970-01-01t00:00:00z", "1970-01-01T00:00:00.000000Z"));
    cr_assert(round_trip("2024-02-29 23:59:59.5+01:30", "2024-02-29T22:29:59.500000Z"));
    cr_assert(round_trip("2024-02-28T23:59:59.123456789-00:30", "2024-02-29T00:29:59.123456Z"));
    cr_assert(round_trip("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"));
    static const char *const wrong[] = {
        "", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z", "2023-01-01T00:00:61Z", "2023-01-01T00:00:00", "2023-01-01T00:00:00.Z",
        "2023-01-01T00:00:00Zx", "2023-01-01T00:00:00+1:00", "2023-01-01T00:00:00+01", "2023-01-01", "1969-12-31T23:59:59Z",
        "2023-01-01T00:00:00+01-00", "2023_01-01T00:00:00Z", "2023-01-01X00:00:00Z",
        "2023-01-01T00:00:00.1234567890Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not(round_trip(wrong[i], ""), "%s", wrong[i]);
}

Test(clock, durations)
{
    static const struct {
        const char *text;
        int64_t duration;
    } right[] = {{"PT1H", 3600 * WF_SECOND}, {"P1DT2H", 26 * 3600 * WF_SECOND}, {"PT0.5S", WF_SECOND / 2},
                 {"P2W", 14 * 86400 * WF_SECOND}, {"PT1M1.000001S", 61 * WF_SECOND + 1}};
    static const char *const wrong[] = {"", "1H", "P", "PT", "P1DT", "P1H", "PT1D", "PT1", "PT1.5H", "P1Y", "PTH",
                                        "PT.5S", "PT1.S", "P999999999W", "P9999999999D", "PT-1S",
                                        "PT1S1M", "P1D1W", "PT1H1H", "PT1.0M", "PT1.1234567890S"};
    int64_t duration;

    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        cr_assert(wf_duration_parse(right[i].text, &duration), "%s", right[i].text);
        cr_assert_eq(duration, right[i].duration, "%s", right[i].text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not(wf_duration_parse(wrong[i], &duration), "%s", wrong[i]);
}

Test(clock, runs)
{
    int64_t before = wf_clock_monotonic();

    cr_assert_gt(wf_clock_now(), INT64_C(1700000000000000));
    cr_assert_geq(wf_clock_monotonic(), before);
}

Test(json, writes)
{
    struct wf_buf buf = {0};

    wf_json_open(&buf, '{');
    wf_json_put_string(&buf, "a", "x\"\\\n\r\t\x01 é");
    wf_json_put_opt(&buf, "none", NULL);
    wf_json_put_opt(&buf, "some", "");
    wf_json_put_int(&buf, "n", -5);
    wf_json_put_bool(&buf, "yes", true);
    wf_json_put_raw_opt(&buf, "raw", "{}");
    wf_json_put_raw_opt(&buf, "none", NULL);
    wf_json_put_time_opt(&buf, "at", WF_SECOND);
    wf_json_put_time_opt(&buf, "never", 0);
    wf_json_key(&buf, "list");
    wf_json_open(&buf, '[');
    wf_json_int(&buf, 1);
    wf_json_string_n(&buf, "abc", 2);
    wf_json_bool(&buf, false);
    wf_json_open(&buf, '[');
    wf_json_close(&buf, ']');
    wf_json_close(&buf, ']');
    wf_json_close(&buf, '}');
    cr_assert_str_eq(wf_buf_text(&buf), "{\"a\":\"x\\\"\\\\\\n\\r\\t\\u0001 é\",\"some\":\"\",\"n\":-5,\"yes\":true,\"raw\":{},"
                                        "\"at\":\"1970-01-01T00:00:01.000000Z\",\"list\":[1,\"ab\",false,[]]}");
    wf_buf_drop(&buf);
}

static struct wf_slice
slice(const char *text)
{
    return (struct wf_slice){text, strlen(text)};
}

static bool
same(struct wf_slice a, struct wf_slice b)
{
    return !a.data == !b.data && a.length == b.length && (!a.length || memcmp(a.data, b.data, a.length) == 0);
}

/* Every byte at every place of texts of several lengths: they are looked at eight bytes at a time. */
Test(json, escapes_every_byte_that_needs_it)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        for (size_t length = 1; length <= 17; length++) {
            for (size_t at = 0; at < length; at++) {
                struct wf_buf buf = {0};
                char text[18];
                memset(text, 'x', length);
                text[at] = (char)byte;
                wf_json_string_n(&buf, text, length);
                size_t escaped = buf.length - length - 2;
                bool needed = byte < 0x20 || byte == '"' || byte == '\\';
                cr_assert_eq(needed, escaped > 0, "byte %u at %zu of %zu: %zu more", byte, at, length, escaped);
                cr_assert_eq(memcmp(buf.data + 1, text, at), 0);
                cr_assert_eq(memcmp(buf.data + buf.length - 1 - (length - at - 1), text + at + 1, length - at - 1), 0);
                wf_buf_drop(&buf);
            }
        }
    }
}

Test(message, there_and_back)
{
    struct wf_message one = {.topic = WF_TOPIC_STATE_TASK, .partition = -1, .key = slice("key"), .value = slice("{}")};
    struct wf_message two = {.topic = WF_TOPIC_NAMED, .name = slice("a.topic"), .partition = 7}, read;
    struct wf_buf buf = {0};

    cr_assert(wf_message_header(&one, "ce_id", "1", 1));
    cr_assert(wf_message_header(&one, "absent", NULL, 0));
    wf_message_encode(&one, &buf);
    wf_message_encode(&two, &buf);

    const char *at = buf.data, *end = buf.data + buf.length;
    cr_assert(wf_message_decode(&at, end, &read));
    cr_assert(read.topic == one.topic && read.partition == -1 && same(read.key, one.key) && same(read.value, one.value));
    cr_assert_eq(read.header_count, 2);
    cr_assert(same(read.headers[0].name, slice("ce_id")) && same(read.headers[0].value, slice("1")));
    cr_assert_null(read.headers[1].value.data);
    cr_assert(wf_message_decode(&at, end, &read));
    cr_assert(same(read.name, two.name) && read.partition == 7 && !read.key.data && !read.value.data);
    cr_assert_eq(at, end);
    wf_buf_drop(&buf);
}

/* Whatever is cut off or garbled is refused, and nothing beyond the end is read. */
Test(message, damaged)
{
    struct wf_message message = {.topic = WF_TOPIC_NAMED, .name = slice("t"), .key = slice("k"), .value = slice("v")}, read;
    struct wf_buf buf = {0};

    cr_assert(wf_message_header(&message, "h", "1", 1));
    wf_message_encode(&message, &buf);
    for (size_t length = 0; length < buf.length; length++) {
        char *copy = malloc(length ? length : 1);
        const char *at = copy;
        memcpy(copy, buf.data, length);
        cr_assert_not(wf_message_decode(&at, copy + length, &read), "%zu bytes", length);
        free(copy);
    }
    const char *at = buf.data;
    buf.data[0] = WF_TOPIC_NAMED + 1;
    cr_assert_not(wf_message_decode(&at, buf.data + buf.length, &read));
    buf.data[0] = WF_TOPIC_OUTCOME; /* then the name is taken for the partition, and 28,000 headers follow */
    at = buf.data;
    cr_assert_not(wf_message_decode(&at, buf.data + buf.length, &read));
    wf_buf_drop(&buf);
}

Test(message, headers_are_bounded)
{
    struct wf_message message = {0};

    for (int i = 0; i < WF_MESSAGE_HEADERS_MAX; i++)
        cr_assert(wf_message_header(&message, "h", "", 0));
    cr_assert_not(wf_message_header(&message, "h", "", 0));
    cr_assert_str_eq(wf_topic_suffix(WF_TOPIC_COMMAND_END), "command.end-task");
    cr_assert_null(wf_topic_suffix(WF_TOPIC_NAMED));
}

Test(error, says_what_and_where)
{
    struct wf_error error = {.exit_code = 9};

    cr_assert_not(wf_fail(&error, WF_FATE_RETRY, "could not do %d", 1));
    cr_assert_not(wf_fail_context(&error, "part %s", "a"));
    cr_assert_str_eq(error.message, "part a: could not do 1");
    cr_assert_eq(error.fate, WF_FATE_RETRY);
    cr_assert_eq(error.exit_code, WF_EXIT_OK);
    cr_assert_not(wf_fail(NULL, WF_FATE_FATAL, "nobody asks"));
    cr_assert_not(wf_fail_context(NULL, "nobody"));
    cr_assert_str_eq(wf_fate_name(WF_FATE_DEAD_LETTER), "dead-letter");
    cr_assert_str_eq(wf_fate_name(WF_FATE_COUNT), "unknown");
    cr_assert(wf_fate_passes(WF_FATE_REJECTED));
    cr_assert_not(wf_fate_passes(WF_FATE_RETRY));
    cr_assert_not(wf_fate_passes(WF_FATE_COUNT));
}

/* The line that a call of wf_log() writes, after its time; `text` is what came from outside. */
static const char *
logged(bool json, const char *text, const char *none)
{
    static char line[4096];
    int pipes[2], saved = dup(STDERR_FILENO);

    cr_assert_eq(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    wf_log_open(WF_LOG_INFO, json, "pawl", json ? "w1" : NULL);
    wf_log(WF_LOG_DEBUG, "not written", "a=1");
    wf_log(WF_LOG_WARNING, "went on", "a=%d b=\"%s\" c=%s/%zu d=\"%s\" e=%" PRId64 "/%lld f=z", -1, text, text,
           (size_t)2, none, INT64_MAX, 3LL);
    dup2(saved, STDERR_FILENO);
    close(pipes[1]);
    ssize_t length = read(pipes[0], line, sizeof line - 1);
    line[length > 0 ? length : 0] = '\0';
    close(pipes[0]);
    return json ? strstr(line, "\"level\"") : line + WF_TIME_TEXT;
}

Test(log, lines)
{
    cr_assert_str_eq(logged(false, "x y", NULL),
                     " warning pawl: went on  a=-1 b=\"x y\" c=\"x y/2\" e=9223372036854775807/3 f=z\n");
    cr_assert_str_eq(logged(false, "x", ""),
                     " warning pawl: went on  a=-1 b=\"x\" c=x/2 e=9223372036854775807/3 f=z\n");
    cr_assert_str_eq(logged(true, "x y", NULL),
                     "\"level\":\"warning\",\"program\":\"pawl\",\"worker\":\"w1\",\"message\":\"went on\","
                     "\"a\":\"-1\",\"b\":\"x y\",\"c\":\"x y/2\",\"e\":\"9223372036854775807/3\",\"f\":\"z\"}\n");
    cr_assert(wf_log_enabled(WF_LOG_ERROR));
    cr_assert_not(wf_log_enabled(WF_LOG_DEBUG));
}

/* A value that would be several fields, or several lines, is one value. */
Test(log, values_stay_in_their_fields)
{
    static const char forged[] = "x\" level=\"error\" code=applied\n2026 error pawl: all is lost"
                                 "\\\033[2J\177\302\233\303\251\377\t%s";
    static const char quoted[] = "x\\\" level=\\\"error\\\" code=applied\\n2026 error pawl: all is lost"
                                 "\\\\\\u001b[2J???\303\251?\\t%s";
    char text[1024], json[1024];

    snprintf(text, sizeof text, " warning pawl: went on  a=-1 b=\"%s\" c=\"%s/2\" e=9223372036854775807/3 f=z\n",
             quoted, quoted);
    cr_assert_str_eq(logged(false, forged, NULL), text);
    snprintf(json, sizeof json,
             "\"a\":\"-1\",\"b\":\"%s\",\"c\":\"%s/2\",\"e\":\"9223372036854775807/3\",\"f\":\"z\"}\n", quoted, quoted);
    cr_assert_str_eq(strstr(logged(true, forged, NULL), "\"a\""), json);
    cr_assert_str_eq(logged(false, "a=b", NULL),
                     " warning pawl: went on  a=-1 b=\"a=b\" c=\"a=b/2\" e=9223372036854775807/3 f=z\n");
}

Test(log, long_values_are_cut)
{
    char text[5000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *line = logged(false, text, NULL);
    cr_assert_eq(strspn(strchr(line, '"') + 1, "x"), 1024);
    cr_assert(strstr(line, "x e=9223372036854775807/3 f=z\n"));
}
