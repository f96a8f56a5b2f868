/* See overlay.h. */
#include "agent/media/overlay.h"

#include <string.h>

#include "common/mem.h"

void
overlay_init(struct overlay *o, struct sparse *base)
{
	memset(o, 0, sizeof(*o));
	o->base = base;
}

void
overlay_free(struct overlay *o)
{
	for (size_t i = 0; i < o->n; i++) {
		secret_wipe(o->v[i], sizeof(*o->v[i]));
		xfree(o->v[i]);
	}
	xfree(o->v);
	memset(o, 0, sizeof(*o));
}

static size_t
find(const struct overlay *o, uint32_t number)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->v[mid]->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
overlay_get(struct overlay *o, uint64_t at, void *p, size_t n)
{
	uint64_t end = at + n;
	uint8_t *to = p;

	if (!sparse_get(o->base, at, p, n))
		return false;
	for (size_t i = find(o, (uint32_t)(at / MEDIA_SECTOR)); i < o->n; i++) {
		uint64_t from = (uint64_t)o->v[i]->number * MEDIA_SECTOR;
		uint64_t low = from > at ? from : at;
		uint64_t high =
		    from + MEDIA_SECTOR < end ? from + MEDIA_SECTOR : end;

		if (from >= end)
			break;
		memcpy(to + (low - at), o->v[i]->p + (low - from),
		    (size_t)(high - low));
	}
	return true;
}

/* The sector, ours from now on; NULL = not known yet. */
static uint8_t *
own(struct overlay *o, uint32_t number)
{
	size_t at = find(o, number);
	struct overlay_sector *s;

	if (at < o->n && o->v[at]->number == number)
		return o->v[at]->p;
	s = xcalloc(1, sizeof(*s));
	s->number = number;
	if (!sparse_get(
		o->base, (uint64_t)number * MEDIA_SECTOR, s->p, MEDIA_SECTOR)) {
		o->missed = true;
		xfree(s);
		return NULL;
	}
	if (o->n == o->cap) {
		o->cap = o->cap != 0 ? o->cap * 2 : 32;
		o->v = xreallocarray(o->v, o->cap, sizeof(*o->v));
	}
	memmove(o->v + at + 1, o->v + at, (o->n - at) * sizeof(*o->v));
	o->v[at] = s;
	o->n++;
	return s->p;
}

bool
overlay_set(struct overlay *o, uint64_t at, const void *p, size_t n)
{
	const uint8_t *from = p;
	bool ok = true;

	while (n > 0) {
		uint8_t *to = own(o, (uint32_t)(at / MEDIA_SECTOR));
		size_t skip = (size_t)(at % MEDIA_SECTOR);
		size_t part = MEDIA_SECTOR - skip;

		if (part > n)
			part = n;
		if (to != NULL)
			memcpy(to + skip, from, part);
		else
			ok = false;
		at += part;
		from += part;
		n -= part;
	}
	return ok;
}
