/*
 * clock.h - times as microseconds since 1970 (UTC), and their RFC 3339 text.
 *
 * 0 stands for "no time".  The engine's own time is the database's, read once a batch;
 * wf_clock_monotonic() is for limits and measurements alone.
 */
#ifndef WF_CLOCK_H
#define WF_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { WF_TIME_TEXT = 27 }; /* 2026-11-21T10:09:31.123456Z */

#define WF_SECOND INT64_C(1000000)
#define WF_MILLISECOND INT64_C(1000)

/* The wall clock of this machine. */
int64_t wf_clock_now(void);

/* A clock that never goes backwards, from an unknown origin. */
int64_t wf_clock_monotonic(void);

/* The processor time of this thread: for limits that do not come sooner where the machine is busy or the process sleeps. */
int64_t wf_clock_thread(void);

/* RFC 3339 in UTC with microseconds, and a NUL. */
void wf_time_format(int64_t time, char text[WF_TIME_TEXT + 1]);

/* Reads RFC 3339 with `Z` or an offset and up to nine digits of fraction; years 1970 to 9999. */
bool wf_time_parse(const char *text, int64_t *ret_time);

/* Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds ("P1DT2H", "PT0.5S"), of up to nine digits each. */
bool wf_duration_parse(const char *text, int64_t *ret_duration);

#endif
