/*
 * driver.h - the pure core as a program: commands in, what they do out, no servers.
 *
 * The protocol is described in README.md.  One unit of work is kept until "reset", so nothing is
 * loaded or saved; everything lives in its arena.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "base/buf.h"
#include "codec/codec.h"
#include "codec/command.h"
#include "codec/condition.h"
#include "core/unit.h"

struct driver {
    struct wf_codec codec;
    struct wf_arena arena; /* of everything up to the next reset */
    struct wf_unit unit;
    struct wf_institution *institution;
    struct wf_decoded **documents; /* decoded commands that own a definition or an institution */
    size_t document_count, document_capacity;
    struct wf_conditions *conditions;
    struct wf_map answers; /* function -> struct wf_answer, told by "answers" */
    struct wf_incoming *looped; /* commands of the engine to itself, first in first out */
    size_t looped_at, looped_count, looped_capacity;
    struct wf_buf outbox, outcome; /* messages of the command at hand */
    struct wf_buf out;     /* the answer to the line at hand */
    int64_t institution_version; /* that assignment was tried again for (ASG-8) */
    uint64_t instances;    /* ids drawn */
    int64_t commands;      /* received: the offset of the next one */
    bool bare;             /* without headers */
    bool tables;           /* with the rows of the instance after each command */
};

void driver_open(struct driver *driver);
void driver_drop(struct driver *driver);

/* Forgets everything, as if newly opened; the answer at hand is empty then. */
void driver_reset(struct driver *driver);

/* Handles one line of input and appends one line of output to driver->out. */
void driver_line(struct driver *driver, const char *line, size_t length);

/* One command as it came, and those that it makes the engine send itself: the result as a JSON object in driver->out. */
void driver_command(struct driver *driver, const struct wf_incoming *in);

/* Fires one of the timers due at `until` or before, the earliest first; its result is appended.  False: none is. */
bool driver_fire_next(struct driver *driver, int64_t until);

/* What the tables would hold of an instance, as JSON. */
void driver_dump(struct driver *driver, const struct wf_instance *instance);

/* Answers all open questions of the unit and lists their subjects. */
void driver_answer(struct driver *driver, struct wf_buf *asked);

/* Forgets what only one command may rely on. */
void driver_forget_answers(struct driver *driver);

/* Keeps the commands to this engine in the outbox, to be applied next. */
void driver_loop(struct driver *driver);

/* The messages of a buffer, as elements of a JSON array. */
void driver_write_messages(struct driver *driver, const struct wf_buf *messages);

/* The tables of transitions, as JSON, to the standard output. */
void driver_states(void);

#endif
