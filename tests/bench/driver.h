/*
 * driver.h - the parts of the driver: cases, events, figures, and the run that holds them.
 *
 * A case is an instance that the driver began.  Its commands are sent only after the events that
 * allow them: init-instance when there is room in the window (or its time has come, at a fixed
 * rate), get-task after the task is waiting (or its job announced), end-task after it is processing.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "driver_bus.h"
#include "driver_plan.h"

enum { SHOWN = 10 }; /* of each kind of trouble, in words */

enum row_phase { ROW_ABSENT, ROW_GETTING, ROW_ENDING, ROW_ENDED };

/* A task that the driver takes and ends. */
struct case_row {
    int64_t get_sent, end_sent; /* when; monotonic */
    uint32_t task_n;            /* 0: not known yet */
    enum row_phase phase;
};

struct seen {
    uint32_t sequence, position; /* of the last event of one topic */
};

enum case_state { CASE_OPEN, CASE_DONE, CASE_FAILED };

struct bench_case {
    struct wf_uuid instance_id;
    const struct plan_case *plan;
    struct case_row *rows; /* as many as the plan has */
    int64_t init_sent;
    uint32_t begun, ended; /* rows */
    uint32_t events, missing; /* seen, and known to be missing by the numbers of either topic */
    struct seen seen[BUS_OUTCOME]; /* of the state topics */
    enum case_state state;
    bool answered; /* by the first event: init-instance was applied */
};

/* Times in buckets that are at most 1.6 % wide. */
enum { TIMES_FINE = 64, TIMES_BUCKETS = 64 * 40 };

struct times {
    uint64_t buckets[TIMES_BUCKETS];
    uint64_t count;
};

struct options {
    const char *plan, *outcomes, *linger;
    uint32_t window, cases;             /* cases: at most so many are begun; 0: no limit, or those of the plan */
    int64_t warm_up, length;            /* microseconds; length 0: until all cases are over */
    int64_t stall, drain;               /* microseconds */
    double rate;                        /* commands a second; 0: as fast as the events allow */
};

enum stage { STAGE_WARM_UP, STAGE_MEASURE, STAGE_FINISH };

struct counts {
    uint64_t commands, completed, events; /* commands: sent and their event seen */
};

struct run {
    const struct options *options;
    const struct plan *plan;
    struct bus *bus;
    struct wf_arena arena; /* of the cases */
    struct bench_case **blocks; /* never moved: CASES_BLOCK cases each */
    struct wf_buf data;    /* of the command being made */
    uint64_t random;
    uint32_t limit; /* cases to begin */
    uint32_t begun, open, completed, failed;
    uint64_t sent, gaps, repeats, disordered, rejected, outcomes, duplicates, unexpected, late;
    struct counts now, begin, end; /* so far; when measuring began; when it ended */
    struct times event_times, outcome_times; /* of what was sent while measuring */
    int64_t started, measured_from, measured_to;
    int64_t completed_at, moved; /* last completion, last step of any case */
    int64_t reported, next_begin;
    enum stage stage;
    int shown;
    bool stalled;
    struct wf_error *reterr;
};

/* ---- driver_case.c ---- */

/* Sends init-instance for the next case. */
bool case_begin(struct run *run) WF_CHECKED;

/* The case of an instance id, at the front of the text; NULL: somebody else's. */
struct bench_case *case_find(const struct run *run, struct wf_slice text);
struct bench_case *case_at(const struct run *run, uint32_t number);

/* Send the command for a row; the staff is as in JSON, or empty: an executor. */
bool case_get(struct run *run, struct bench_case *c, uint32_t row, struct wf_slice staff) WF_CHECKED;
bool case_end(struct run *run, struct bench_case *c, uint32_t row, struct wf_slice staff) WF_CHECKED;

/* When a command of a case was sent, by its number there; 0: it has none such. */
int64_t case_sent(const struct bench_case *c, uint64_t number);

void case_over(struct run *run, struct bench_case *c, enum case_state state);

/* ---- driver_event.c ---- */

/* Does what an event allows, after checking that it is the next one. */
bool event_handle(struct run *run, const struct bus_event *event) WF_CHECKED;

/* Counts at the end what the positions say is missing. */
void events_count_missing(struct run *run);

/* ---- driver_figures.c ---- */

void times_add(struct times *times, int64_t time); /* microseconds */
void run_print_result(const struct run *run);
void run_tell_open(const struct run *run);

#endif
