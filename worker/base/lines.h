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
 * A line `name=value` with a property of librdkafka; the name is NULL where the line is empty or a comment.  False if it is
 * nothing of these: it must not be quoted then, for it may hold a secret.
 */
bool wf_line_property(char *line, char **ret_name, char **ret_value) WF_CHECKED;

#endif
