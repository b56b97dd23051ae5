#include "base/clock.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static int64_t
clock_read(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * WF_SECOND + now.tv_nsec / 1000;
}

int64_t
wf_clock_now(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t
wf_clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

int64_t
wf_clock_thread(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

static void
put_digits(char *at, int64_t value, int count)
{
    while (count--) {
        at[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void
wf_time_format(int64_t time, char text[WF_TIME_TEXT + 1])
{
    time_t seconds = (time_t)(time / WF_SECOND);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    memcpy(text, "0000-00-00T00:00:00.000000Z", WF_TIME_TEXT + 1);
    put_digits(text, tm.tm_year + 1900, 4);
    put_digits(text + 5, tm.tm_mon + 1, 2);
    put_digits(text + 8, tm.tm_mday, 2);
    put_digits(text + 11, tm.tm_hour, 2);
    put_digits(text + 14, tm.tm_min, 2);
    put_digits(text + 17, tm.tm_sec, 2);
    put_digits(text + 20, time % WF_SECOND, 6);
}

/* Reads exactly `count` digits; false if there are not that many or the value is out of range. */
static bool
take_digits(const char **at, int count, int low, int high, int *ret_value)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret_value = value;
    return value >= low && value <= high;
}

static bool
take_char(const char **at, const char *any_of)
{
    if (!**at || !strchr(any_of, **at))
        return false;
    (*at)++;
    return true;
}

/* Reads "." and up to nine digits, if there is one; false if no digit follows the point. */
static bool
take_fraction(const char **at, int64_t *ret_value)
{
    int64_t unit = WF_SECOND / 10;

    *ret_value = 0;
    if (!take_char(at, "."))
        return true;
    if (!isdigit((unsigned char)**at))
        return false;
    for (int i = 0; i < 9 && isdigit((unsigned char)**at); i++, (*at)++, unit /= 10)
        *ret_value += unit * (**at - '0');
    return true;
}

static bool
take_offset(const char **at, int64_t *ret_offset)
{
    int hours, minutes;

    if (take_char(at, "Zz")) {
        *ret_offset = 0;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    if (!take_char(at, "+-") || !take_digits(at, 2, 0, 23, &hours) || !take_char(at, ":") ||
        !take_digits(at, 2, 0, 59, &minutes))
        return false;
    *ret_offset = sign * (hours * 3600 + minutes * 60) * WF_SECOND;
    return true;
}

bool
wf_time_parse(const char *text, int64_t *ret_time)
{
    int year, month, day, hour, minute, second;
    int64_t fraction, offset;

    if (!take_digits(&text, 4, 1970, 9999, &year) || !take_char(&text, "-") ||
        !take_digits(&text, 2, 1, 12, &month) || !take_char(&text, "-") ||
        !take_digits(&text, 2, 1, 31, &day) || !take_char(&text, "Tt ") ||
        !take_digits(&text, 2, 0, 23, &hour) || !take_char(&text, ":") ||
        !take_digits(&text, 2, 0, 59, &minute) || !take_char(&text, ":") ||
        !take_digits(&text, 2, 0, 60, &second))
        return false;
    if (!take_fraction(&text, &fraction) || !take_offset(&text, &offset) || *text)
        return false;

    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                    .tm_hour = hour, .tm_min = minute};
    *ret_time = ((int64_t)timegm(&tm) + second) * WF_SECOND + fraction - offset;
    return tm.tm_mday == day; /* the month has that day; a leap second belongs to it */
}

static int64_t
duration_unit(char letter, bool in_time)
{
    switch (letter) {
    case 'W': return in_time ? 0 : 7 * 86400 * WF_SECOND;
    case 'D': return in_time ? 0 : 86400 * WF_SECOND;
    case 'H': return in_time ? 3600 * WF_SECOND : 0;
    case 'M': return in_time ? 60 * WF_SECOND : 0;
    case 'S': return in_time ? WF_SECOND : 0;
    default: return 0;
    }
}

bool
wf_duration_parse(const char *text, int64_t *ret_duration)
{
    int64_t total = 0, last = INT64_MAX;
    bool in_time = false, any = false;

    if (!take_char(&text, "P"))
        return false;
    while (*text) {
        if (!in_time && take_char(&text, "T")) {
            in_time = true;
            any = false;
            continue;
        }
        int64_t whole = 0, fraction;
        const char *start = text;
        for (; isdigit((unsigned char)*text) && text - start < 9; text++)
            whole = whole * 10 + (*text - '0');
        bool has_fraction = *text == '.';
        if (text == start || !take_fraction(&text, &fraction))
            return false;
        int64_t unit = duration_unit(*text, in_time);
        if (!unit || unit >= last || (has_fraction && unit != WF_SECOND))
            return false; /* the units come in their order, each once */
        last = unit;
        text++;
        if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(total, whole + fraction, &total))
            return false;
        any = true;
    }
    *ret_duration = total;
    return any;
}
