/* The last exchanges with one BMC, for people: no bodies, no secrets. */
#ifndef B7_AGENT_REDFISH_RING_H
#define B7_AGENT_REDFISH_RING_H

#include <stdint.h>

#include "common/buf.h"

#define RF_RING_MAX 8

struct rf_ring_entry {
	int64_t at_us;
	uint32_t ms;
	int status;         /* 0: none came, see what */
	const char *method; /* a literal */
	char *target;       /* owned */
	char *what;         /* owned; MessageId or transport error; or NULL */
};
struct rf_ring {
	struct rf_ring_entry *v; /* owned; made at first use */
	unsigned n, at;
};

/* target and what are copied; e's own are ignored. */
void rf_ring_add(struct rf_ring *r, const struct rf_ring_entry *e,
    const char *target, const char *what);
/* The i'th, 0 the oldest; NULL after the last. */
const struct rf_ring_entry *rf_ring_at(const struct rf_ring *r, unsigned i);
void rf_ring_print(const struct rf_ring *r, struct buf *out);
void rf_ring_fini(struct rf_ring *r);

#endif
