/*
 * definition_file.h - reads a process definition from its file (schemas/files/definition.schema.json).
 */
#ifndef WF_DEFINITION_FILE_H
#define WF_DEFINITION_FILE_H

#include <stddef.h>

#include "base/uuid.h"
#include "core/definition.h"

/*
 * The process that a definition file describes, not yet compiled, with the text as its document.
 * Every fault is listed with its path ("routing[3].to[0]"): unknown, missing and wrong members,
 * unknown names, ids that occur twice, rules of activities that do not exist.  What takes the
 * graph to see is wf_process_compile()'s to say.  NULL if there was any fault.
 */
struct wf_process *wf_definition_file_decode(const char *text, size_t length, struct wf_faults *faults);

/* The same for one that was deployed: a time limit of no time, and retries of no job, were taken once and do nothing. */
struct wf_process *wf_definition_stored_decode(const char *text, size_t length, struct wf_faults *faults);

/*
 * A hash of what a JSON text says: white space, the order of members and the escapes of strings
 * do not count, the order of arrays does.  A deployment of the same content is the same version.
 * All zero if the text is no JSON.
 */
struct wf_uuid wf_definition_content_hash(const char *text, size_t length);

#endif
