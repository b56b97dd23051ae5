/*
 * dispatch.h - one command, from its checks to its outcome.
 */
#ifndef WF_DISPATCH_H
#define WF_DISPATCH_H

#include "core/unit.h"

/*
 * Applies one command to the unit: deduplication, the operation, the forward steps it causes,
 * the instance's judgement.  Afterwards unit->events and unit->outcome are those of this
 * command, until the next call.  A rejection leaves nothing behind (FWD-3, TSK-4); that of one of the
 * engine's own commands leaves an incident, and the outcome is that of raising it.
 */
void wf_dispatch(struct wf_unit *unit, const struct wf_command *command);

/* Under which (scope, id) a command is remembered: its instance, or the hash of its key. */
struct wf_uuid wf_command_scope(const struct wf_command *command);

#endif
