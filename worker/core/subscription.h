/*
 * subscription.h - who is told of an instance's events (ENG-1).
 */
#ifndef WF_SUBSCRIPTION_H
#define WF_SUBSCRIPTION_H

#include "core/unit.h"

enum {
    WF_SUBSCRIPTIONS_MAX = 20 /* of one instance */
};

/* subscribe and unsubscribe (ENG-1).  False: rejected. */
bool wf_subscribe(struct wf_unit *unit, const struct wf_command *command,
                              struct wf_instance *instance) WF_CHECKED;

/* The subscription that an init-instance asks for (`notifyto`).  False: rejected. */
bool wf_subscribe_first(struct wf_unit *unit, struct wf_instance *instance, const char *notifyto) WF_CHECKED;

#endif
