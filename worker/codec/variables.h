/*
 * variables.h - the variables of an instance as JSON text (FWD-6).
 */
#ifndef WF_VARIABLES_H
#define WF_VARIABLES_H

#include "base/arena.h"

/*
 * Sets the members of one JSON object in another, top level only: those not named keep their
 * values, null is a value, digits of numbers stay as they are.  `old` may be NULL.  NULL if
 * either is no JSON object.  For wf_unit.variables_merge; the context is not used.
 */
const char *wf_variables_merge(void *context, struct wf_arena *arena, const char *old, const char *change);

/* The most bytes that a text can have when it comes back from PostgreSQL: with spaces, and numbers written out. */
size_t wf_variables_size(const char *text);

#endif
