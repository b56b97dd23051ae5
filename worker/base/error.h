/*
 * error.h - why something failed, and what becomes of the command it failed for.
 *
 * A function that can fail returns bool and takes `struct wf_error *reterr` last.
 * It writes reterr only when it fails.  wf_fail() returns false, so that failing
 * is one line.  Messages follow the PostgreSQL style guide: lower case, no period,
 * the offending value in double quotes.
 */
#ifndef WF_ERROR_H
#define WF_ERROR_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#define WF_CHECKED __attribute__((warn_unused_result))
#define WF_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Releases a variable when it leaves scope; the function must bear a NULL inside. */
#define WF_SCOPED(release) __attribute__((cleanup(release)))

/*
 * The one question a worker asks of a failure: may the position move past this message?
 *
 * NAME          text            passes    what became of the command
 */
#define WF_FATE_MAP(X)                                                       \
    X(APPLIED,     "applied",     true)  /* committed, with its events    */ \
    X(DUPLICATE,   "duplicate",   true)  /* took effect before            */ \
    X(REJECTED,    "rejected",    true)  /* the control model said no     */ \
    X(DEAD_LETTER, "dead-letter", true)  /* could not be understood       */ \
    X(FORWARDED,   "forwarded",   true)  /* passed on to its partition    */ \
    X(RETRY,       "retry",       false) /* the same bytes may work later */ \
    X(FATAL,       "fatal",       false) /* no message can work: stop     */

enum wf_fate {
#define X(name, text, passes) WF_FATE_##name,
    WF_FATE_MAP(X)
#undef X
    WF_FATE_COUNT
};

struct wf_error {
    enum wf_fate fate;
    int exit_code;     /* an enum wf_exit, for a FATAL error; 0: not said */
    char message[1024];
};

/* Fills *reterr and returns false.  reterr may be NULL. */
bool wf_fail(struct wf_error *reterr, enum wf_fate fate, const char *format, ...) WF_PRINTF(3, 4);

/* Puts "context: " before the message that *reterr holds, and returns false. */
bool wf_fail_context(struct wf_error *reterr, const char *format, ...) WF_PRINTF(2, 3);

/* The beginning of some bytes for a message: one line of UTF-8, and nothing that a terminal would obey. */
enum { WF_EXCERPT = 68 }; /* bytes of it, with its NUL */
const char *wf_excerpt(const char *data, size_t length, char text[WF_EXCERPT]);

const char *wf_fate_name(enum wf_fate fate);

/* Whether the position may move past a message that met this fate. */
bool wf_fate_passes(enum wf_fate fate);

/*
 * Exit codes, one for each part that can fail, so that a supervisor can act on them.
 */
enum wf_exit {
    WF_EXIT_OK = 0,
    WF_EXIT_INTERNAL = 1,
    WF_EXIT_USAGE = 2,      /* flags or settings are wrong                         */
    WF_EXIT_DATABASE = 10,  /* PostgreSQL: wrong schema, missing rights            */
    WF_EXIT_BUS = 11,       /* Kafka: missing topics, missing rights, fatal error  */
    WF_EXIT_RESTORED = 12,  /* the database is older than what was published, or another one: EOS-21 */
    WF_EXIT_WATCHDOG = 13,  /* the loop made no progress: EOS-17                   */
    WF_EXIT_MEMORY = 14
};

#endif
