/*
 * bare.h - the parts of bench-bare: the statements of a unit of work, and the traffic beside them.
 */
#ifndef BARE_H
#define BARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

/* claim: begin, take A, end A, take B, end B. */
enum { BARE_STEPS = 5, BARE_EVENTS = 10 };

/* One connection and the partitions that are its own. */
struct bare {
    struct wf_store *store;
    struct wf_work_partition partitions[64];
    int32_t partition_count;
    int64_t origin;      /* time of the first unit's instances, in their ids */
    uint32_t connection; /* number, for ids of its own */
    uint32_t cohort;     /* instances that are in each step of a unit */
    struct wf_buf events; /* a partition's share of a unit's */
    uint64_t commands, units;
};

/*
 * One unit of work: each step of `claim` for a cohort of instances, as the engine's statements have it, in the engine's two
 * round trips.  What is loaded is counted, nothing is made of it.
 */
bool bare_unit(struct bare *bare, uint32_t unit, struct wf_error *reterr) WF_CHECKED;

/* Messages as many and as large as the unit's would be. */
struct bare_bus;

bool bare_bus_open(const struct wf_settings *settings, uint32_t connection, struct bare_bus **ret_bus,
                   struct wf_error *reterr) WF_CHECKED;

/*
 * Hands over a unit of so many commands: they are produced and consumed, then two events for each in a
 * Kafka transaction, which a read_committed consumer reads.  Waits as long as two units are not through, as the engine does.
 */
bool bare_bus_unit(struct bare_bus *bus, uint32_t commands, struct wf_error *reterr) WF_CHECKED;

void bare_bus_close(struct bare_bus *bus);

/* An event as the engine writes one, about 800 bytes with its headers. */
void bare_event(struct wf_buf *events, uint64_t number);

#endif
