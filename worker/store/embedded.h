/*
 * embedded.h - the worker's statements of sql/statements/, as embed.cmake wrote them into C.
 */
#ifndef WF_STORE_EMBEDDED_H
#define WF_STORE_EMBEDDED_H

#include <stddef.h>

struct wf_embedded {
    const char *name; /* of the file, without its ending */
    const char *text;
};

/* Ended by a NULL name. */
extern const struct wf_embedded wf_statements[];

#endif
