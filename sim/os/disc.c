/* See disc.h. */
#include "sim/os/disc.h"

#include <string.h>

#include "common/mem.h"

struct disc_part {
	uint64_t at, n;
	uint8_t *p; /* owned; NULL: passed */
};

void
disc_init(struct disc *d, uint64_t size)
{
	memset(d, 0, sizeof(*d));
	d->size = size;
}

void
disc_fini(struct disc *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].p != NULL)
			secret_wipe(d->v[i].p, (size_t)d->v[i].n);
		xfree(d->v[i].p);
	}
	xfree(d->v);
	memset(d, 0, sizeof(*d));
}

static enum os_step
disc_want(struct disc *d, uint64_t at, uint64_t n, bool pass)
{
	d->want_at = at;
	d->want_n = n;
	d->want_pass = pass;
	return OS_WANTS;
}

enum os_step
disc_get(struct disc *d, uint64_t at, size_t n, const uint8_t **p)
{
	uint64_t from = at - at % DISC_SECTOR, to;

	if (n == 0 || at > d->size || n > d->size - at)
		return OS_BAD;
	for (size_t i = 0; i < d->n; i++) {
		const struct disc_part *v = &d->v[i];

		if (v->p != NULL && v->at <= at && at + n <= v->at + v->n) {
			*p = v->p + (at - v->at);
			return OS_OK;
		}
	}
	to = (at + n + DISC_SECTOR - 1) / DISC_SECTOR * DISC_SECTOR;
	if (to > d->size)
		to = d->size;
	if (d->held + (to - from) > DISC_HELD)
		return OS_BAD;
	return disc_want(d, from, to - from, false);
}

enum os_step
disc_pass(struct disc *d, uint64_t at, uint64_t n)
{
	if (at > d->size || n > d->size - at)
		return OS_BAD;
	if (n == 0)
		return OS_OK;
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].p == NULL && d->v[i].at == at && d->v[i].n >= n)
			return OS_OK;
	return disc_want(d, at, n, true);
}

void
disc_put(struct disc *d, const void *p)
{
	struct disc_part *v;

	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 16 : d->cap * 2;
		d->v = xreallocarray(d->v, d->cap, sizeof(*d->v));
	}
	v = &d->v[d->n++];
	*v = (struct disc_part){ d->want_at, d->want_n, NULL };
	if (d->want_pass)
		return;
	v->p = xmalloc((size_t)v->n);
	memcpy(v->p, p, (size_t)v->n);
	d->held += (size_t)v->n;
}
