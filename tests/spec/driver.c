/* core-driver: reads lines of JSON, applies them to the core, writes a line of JSON for each (README.md). */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "codec/scan.h"

enum { CHUNK = 1 << 16, HEADERS_MAX = 64 };

/* The members of a line, and of the objects in it, as they lie there. */
struct line {
    struct wf_slice topic, id, key, source, headers, data, value, advance, reset, dump, answers;
};

static void
fail(struct driver *driver, const char *what)
{
    wf_json_open(&driver->out, '{');
    wf_json_put_string(&driver->out, "error", what);
    wf_json_close(&driver->out, '}');
}

static bool
read_line(struct wf_slice object, struct line *line)
{
    const struct {
        const char *name;
        struct wf_slice *to;
    } members[] = {{"\"topic\"", &line->topic},     {"\"id\"", &line->id},       {"\"key\"", &line->key},
                   {"\"source\"", &line->source},   {"\"headers\"", &line->headers}, {"\"data\"", &line->data},
                   {"\"value\"", &line->value},     {"\"advance\"", &line->advance}, {"\"reset\"", &line->reset},
                   {"\"dump\"", &line->dump},       {"\"answers\"", &line->answers}};
    struct wf_slice rest = wf_scan_inside(object), key, value;

    while (wf_scan_member(&rest, &key, &value)) {
        size_t i = 0;
        while (i < sizeof members / sizeof *members &&
               (strlen(members[i].name) != key.length || memcmp(members[i].name, key.data, key.length) != 0))
            i++;
        if (i == sizeof members / sizeof *members)
            return false;
        *members[i].to = value;
    }
    return true;
}

static bool
topic_from_name(const char *name, enum wf_topic *ret_topic)
{
    for (int topic = 0; topic < WF_COMMAND_TOPICS; topic++) {
        const char *suffix = wf_topic_suffix((enum wf_topic)topic) + strlen("command.");
        if (strcmp(suffix, name) == 0) {
            *ret_topic = (enum wf_topic)topic;
            return true;
        }
    }
    return false;
}

static struct wf_slice
text_of(struct driver *driver, struct wf_slice string)
{
    const char *text = wf_scan_text(&driver->arena, string);

    return (struct wf_slice){text, strlen(text)};
}

static void
add_header(struct driver *driver, struct wf_incoming *in, struct wf_header *headers, const char *name,
           struct wf_slice string)
{
    if (!string.data || in->header_count == HEADERS_MAX)
        return;
    headers[in->header_count++] =
        (struct wf_header){.name = {name, strlen(name)}, .value = text_of(driver, string)};
}

static void
take_command(struct driver *driver, const struct line *line)
{
    struct wf_header headers[HEADERS_MAX];
    struct wf_incoming in = {.partition = 0, .offset = driver->commands++, .timestamp = -1, .headers = headers};
    struct wf_slice rest, key, value;

    if (!topic_from_name(wf_scan_text(&driver->arena, line->topic), &in.topic)) {
        fail(driver, "there is no such topic");
        return;
    }
    in.topic_name = wf_arena_printf(&driver->arena, "%s.%s", driver->codec.prefix, wf_topic_suffix(in.topic));
    add_header(driver, &in, headers, "ce_id", line->id);
    add_header(driver, &in, headers, "ce_source", line->source);
    rest = line->headers.data ? wf_scan_inside(line->headers) : (struct wf_slice){0};
    while (wf_scan_member(&rest, &key, &value))
        add_header(driver, &in, headers, wf_scan_text(&driver->arena, key), value);
    if (line->key.data)
        in.key = text_of(driver, line->key);
    in.value = line->data.data ? line->data : line->value.data ? text_of(driver, line->value) : (struct wf_slice){0};
    /* Texts of instances live as long as the unit, and the line does not. */
    in.value.data = in.value.data ? wf_arena_memdup(&driver->arena, in.value.data, in.value.length) : NULL;
    driver->unit.now += WF_MILLISECOND;
    driver_command(driver, &in);
}

static void
take_advance(struct driver *driver, struct wf_slice duration)
{
    int64_t by, until;

    if (!wf_duration_parse(wf_scan_text(&driver->arena, duration), &by)) {
        fail(driver, "that is no duration");
        return;
    }
    until = driver->unit.now + by;
    wf_json_open(&driver->out, '[');
    while (driver_fire_next(driver, until))
        continue;
    wf_json_close(&driver->out, ']');
    driver->unit.now = until;
}

static void
take_dump(struct driver *driver, struct wf_slice string)
{
    struct wf_slice text = text_of(driver, string);
    struct wf_uuid uuid;
    const struct wf_instance *instance =
        wf_uuid_parse(text.data, text.length, &uuid) ? wf_unit_instance(&driver->unit, &uuid) : NULL;

    if (instance)
        driver_dump(driver, instance);
    else
        fail(driver, "there is no such instance");
}

/* true and false, a list of ids, null for nonsense, {"error": "text"} */
static struct wf_answer *
read_answer(struct driver *driver, struct wf_slice value)
{
    struct wf_answer *answer = WF_ARENA_NEW(&driver->arena, struct wf_answer);
    struct wf_slice rest, key, element;
    size_t capacity = 0;

    switch (wf_scan_kind(value)) {
    case 't':
    case 'f': answer->holds = value.data[0] == 't'; break;
    case '[':
        for (rest = wf_scan_inside(value); wf_scan_element(&rest, &element);)
            WF_ARENA_PUSH(&driver->arena, answer->ids, answer->id_count, capacity,
                          wf_scan_text(&driver->arena, element));
        break;
    case '{':
        for (rest = wf_scan_inside(value); wf_scan_member(&rest, &key, &element);)
            answer->error = wf_scan_text(&driver->arena, element);
        break;
    default: answer->error = "it returned null"; break;
    }
    return answer;
}

static void
take_answers(struct driver *driver, struct wf_slice object)
{
    struct wf_slice rest = wf_scan_inside(object), key, value;

    while (wf_scan_member(&rest, &key, &value))
        wf_map_put_text(&driver->answers, &driver->arena, wf_scan_text(&driver->arena, key),
                        read_answer(driver, value));
    wf_buf_puts(&driver->out, "{}");
}

static void
take_line(struct driver *driver, struct wf_slice object)
{
    struct line line = {.topic = {0}};

    if (wf_scan_kind(object) != '{' || !read_line(object, &line))
        fail(driver, "the line has a member that it cannot have");
    else if (line.topic.data)
        take_command(driver, &line);
    else if (line.advance.data)
        take_advance(driver, line.advance);
    else if (line.dump.data)
        take_dump(driver, line.dump);
    else if (line.answers.data)
        take_answers(driver, line.answers);
    else
        fail(driver, "the line asks for nothing");
}

void
driver_line(struct driver *driver, const char *line, size_t length)
{
    static const char reset[] = "{\"reset\":true}";
    struct wf_slice object;
    struct wf_error error;

    if (length == strlen(reset) && memcmp(line, reset, length) == 0) {
        driver_reset(driver);
        wf_buf_puts(&driver->out, "{}");
    } else if (!wf_scan_check(line, length, &driver->arena, &object, &error)) {
        fail(driver, error.message);
    } else {
        take_line(driver, object);
    }
}

static void
flush(struct wf_buf *out)
{
    for (size_t at = 0; at < out->length;) {
        ssize_t wrote = write(STDOUT_FILENO, out->data + at, out->length - at);
        if (wrote < 0)
            exit(EXIT_FAILURE);
        at += (size_t)wrote;
    }
    wf_buf_clear(out);
}

/* Handles the whole lines of the input and keeps the rest. */
static void
take_lines(struct driver *driver, struct wf_buf *in, struct wf_buf *lines)
{
    const char *at = in->data, *end = in->data + in->length, *newline;

    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        driver_line(driver, at, (size_t)(newline - at));
        at = newline + 1;
        wf_buf_append(lines, driver->out.data, driver->out.length);
        wf_buf_byte(lines, '\n');
        wf_buf_clear(&driver->out);
        if (lines->length >= CHUNK)
            flush(lines);
    }
    in->length = (size_t)(end - at);
    memmove(in->data, at, in->length);
    flush(lines); /* nobody waits for an answer that is there */
}

int
main(int argc, char **argv)
{
    static struct driver driver;
    struct wf_buf in = {0}, lines = {0};
    ssize_t got;

    if (argc > 1 && strcmp(argv[1], "--states") == 0) {
        driver_states();
        return EXIT_SUCCESS;
    }
    driver_open(&driver);
    for (int i = 1; i < argc; i++) {
        driver.bare |= strcmp(argv[i], "--bare") == 0;
        driver.tables |= strcmp(argv[i], "--tables") == 0;
    }
    while ((got = read(STDIN_FILENO, wf_buf_reserve(&in, CHUNK), CHUNK)) > 0) {
        in.length += (size_t)got;
        take_lines(&driver, &in, &lines);
    }
    wf_buf_drop(&in);
    wf_buf_drop(&lines);
    driver_drop(&driver);
    return got < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
