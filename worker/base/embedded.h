/*
 * embedded.h - SQL files in a program, as sql/embed.cmake writes them into C at build time.
 */
#ifndef WF_EMBEDDED_H
#define WF_EMBEDDED_H

#include <stddef.h>

/* An array of them ends with a NULL name. */
struct wf_embedded {
    const char *name; /* of the file, below sql/: "steps/001-institution.sql" */
    const char *text;
};

#endif
