/*
 * lines.h - the files of settings that people write, line by line.
 */
#ifndef WF_LINES_H
#define WF_LINES_H

#include "base/error.h"

/*
 * Gives the lines of a file to `take`, which may change them and ends the reading by returning false; `number` counts
 * from 1.  Fails where `take` does, and for a file that cannot be read to its end (a directory) or a line that holds a NUL,
 * behind which nothing would be seen.
 */
bool wf_lines_read(const char *path, bool (*take)(void *context, char *line, int number, struct wf_error *reterr),
                   void *context, struct wf_error *reterr) WF_CHECKED;

/* A text without the blanks around it: ends it, and returns where it begins. */
char *wf_line_trim(char *text);

/*
 * Gives the properties of a file for librdkafka to `take`, from lines `name=value`; empty lines and comments (#) are
 * skipped.  Fails as wf_lines_read() does, and for a line that is none of these, which is not quoted: it may hold a secret.
 * What `take` fails with gets file and line before it.
 */
bool wf_properties_read(const char *path,
                        bool (*take)(void *context, const char *name, const char *value, struct wf_error *reterr),
                        void *context, struct wf_error *reterr) WF_CHECKED;

#endif
