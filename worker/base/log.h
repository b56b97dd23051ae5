/*
 * log.h - structured lines on standard error, as text or JSON.
 *
 * The loop logs; functions that do the work return errors.  A line is a message and
 * fields; the context set once (program, worker) goes before every line.
 */
#ifndef WF_LOG_H
#define WF_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum wf_log_level { WF_LOG_ERROR, WF_LOG_WARNING, WF_LOG_INFO, WF_LOG_DEBUG };

/* The level that a name of the setting log_level stands for; INFO for any other. */
enum wf_log_level wf_log_level_of(const char *name);

/* `worker` may be NULL.  Not thread-safe: called once, before any thread starts. */
void wf_log_open(enum wf_log_level level, bool json, const char *program, const char *worker);

bool wf_log_enabled(enum wf_log_level level);

/*
 * Writes one line with one write(2), so that lines of several threads do not mix.
 * `fields` is a format, a list of key=value or key="value" with blanks between, "%s" with "" for none.  It may have
 * %s, %d, %ld, %lld and %zu.  Whatever a value holds, it stays within its field: it is escaped as in JSON, and quoted
 * where it has to be.  A field without a value is left out: its text is NULL or empty.
 */
void wf_log(enum wf_log_level level, const char *message, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

#endif
