/*
 * init.h - init-instance: an instance, its first batch and its first task (INF-1, BAT-1).
 */
#ifndef WF_INIT_H
#define WF_INIT_H

#include "core/unit.h"

/* Begins the instance whose id the command has.  False: rejected; what it made is for the caller to undo. */
bool wf_init_instance(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

#endif
