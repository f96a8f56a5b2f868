#include "agent/redfish/ring.h"

#include <inttypes.h>

#include "common/mem.h"

void
rf_ring_add(struct rf_ring *r, const struct rf_ring_entry *e,
    const char *target, const char *what)
{
	struct rf_ring_entry *slot;

	if (!r->v)
		r->v = xcalloc(RF_RING_MAX, sizeof(*r->v));
	slot = &r->v[r->at];
	r->at = (r->at + 1) % RF_RING_MAX;
	if (r->n < RF_RING_MAX)
		r->n++;
	xfree(slot->target);
	xfree(slot->what);
	*slot = *e;
	slot->target = xstrndup(target, 128);
	slot->what = what && what[0] ? xstrndup(what, 96) : NULL;
}

const struct rf_ring_entry *
rf_ring_at(const struct rf_ring *r, unsigned i)
{
	if (i >= r->n)
		return NULL;
	return &r->v[(r->at + RF_RING_MAX - r->n + i) % RF_RING_MAX];
}

void
rf_ring_print(const struct rf_ring *r, struct buf *out)
{
	const struct rf_ring_entry *e;
	unsigned i;

	for (i = 0; (e = rf_ring_at(r, i)) != NULL; i++)
		(void)buf_addf(out,
		    "%" PRId64 ".%06d %-6s %s %d %" PRIu32 "ms%s%s\n",
		    e->at_us / 1000000, (int)(e->at_us % 1000000), e->method,
		    e->target, e->status, e->ms, e->what ? " " : "",
		    e->what ? e->what : "");
}

void
rf_ring_fini(struct rf_ring *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++) {
		xfree(r->v[i].target);
		xfree(r->v[i].what);
	}
	xfree(r->v);
	r->v = NULL;
	r->n = r->at = 0;
}
