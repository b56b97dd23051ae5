/*
 * target.h - what the fuzz targets share: taking an input apart, and what must hold whatever it was.
 *
 * A target is one file with LLVMFuzzerTestOneInput(); its inputs are texts that a person can read and
 * write (README.md).  What must hold and does not ends the program, which libFuzzer reports with the input.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "base/buf.h"
#include "base/message.h"
#include "codec/command.h"

enum { FUZZ_PARTITIONS = 4, FUZZ_VALUE_MAX = 900000 };

/* Ends the program unless it holds. */
void fuzz_demand(bool holds, const char *what);

/* Takes a line, without its end, off the rest; false at the end. */
bool fuzz_line(struct wf_slice *rest, struct wf_slice *ret_line);

/* Whether a line begins with a word and a blank; *ret_rest is what follows. */
bool fuzz_word(struct wf_slice line, const char *word, struct wf_slice *ret_rest);

/* Valid UTF-8 and ended by a NUL: a text that may stand in a log, an outcome and a table. */
void fuzz_demand_text(const char *text, const char *what);

/* A buffer holds whole messages; those that the engine wrote itself have JSON as value. */
void fuzz_demand_messages(const struct wf_buf *outbox);

/* A refusal can be answered (BUS-3): with an id, a detail that is a text, a dead letter and an outcome. */
void fuzz_demand_refusal(struct wf_codec *codec, const struct wf_incoming *in, const struct wf_refusal *refusal);

/* The bytes as a file that can be opened by this path, until the next call. */
const char *fuzz_file(const char *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
