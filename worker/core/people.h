/*
 * people.h - what changes often about people: presence and authorizations (ASG-2, ASG-7).
 *
 * People log on and off all day, so such a change is not a load of the institution: it is made in place,
 * in the institution that the unit works with, and listed in unit->people for the shell to
 * write and to announce.  A shell whose unit fails reads the institution anew.
 */
#ifndef WF_PEOPLE_H
#define WF_PEOPLE_H

#include "core/unit.h"

struct wf_people_change {
    const struct wf_staff *staff;          /* whose presence changed; NULL: an authorization did */
    struct wf_authorization authorization; /* as it is now, or was */
    bool revoked;
};

/*
 * set-presence, authorize or revoke.  Without effect where it is so already.  False: rejected,
 * because there is no such person or the period of an authorization ends before it begins.
 */
bool wf_people_apply(struct wf_unit *unit, const struct wf_command *command) WF_CHECKED;

#endif
