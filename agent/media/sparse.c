/* See sparse.h. */
#include "agent/media/sparse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct sparse_sector {
	uint32_t number;
	uint8_t
	    *p; /* owned, MEDIA_SECTOR bytes; zeros behind the image's end */
};

void
sparse_init(struct sparse *s, uint64_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = size;
}

void
sparse_free(struct sparse *s)
{
	for (size_t i = 0; i < s->n; i++)
		xfree(s->v[i].p);
	xfree(s->v);
	xfree(s->wants);
	memset(s, 0, sizeof(*s));
}

/* Index of the first sector with that number or a later one. */
static size_t
find(const struct sparse *s, uint32_t number)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->v[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
keep(struct sparse *s, size_t at, uint32_t number, const uint8_t *p, size_t n)
{
	struct sparse_sector *v;

	if (s->n == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 64;
		s->v = xreallocarray(s->v, s->cap, sizeof(*s->v));
	}
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof(*s->v));
	v = &s->v[at];
	v->number = number;
	v->p = xcalloc(1, MEDIA_SECTOR);
	memcpy(v->p, p, n);
	s->n++;
}

void
sparse_put(struct sparse *s, uint64_t at, const void *p, size_t n)
{
	const uint8_t *from = p;
	uint64_t first = (at + MEDIA_SECTOR - 1) / MEDIA_SECTOR;
	uint64_t end = at + n;
	size_t i;

	if (end >= s->size)
		end = s->size;
	if (first * MEDIA_SECTOR >= end)
		return;
	i = find(s, (uint32_t)first);
	for (uint64_t k = first; k * MEDIA_SECTOR < end; k++, i++) {
		uint64_t left = end - k * MEDIA_SECTOR;

		if (left < MEDIA_SECTOR && end != s->size)
			break;
		if (i < s->n && s->v[i].number == k)
			continue;
		keep(s, i, (uint32_t)k, from + (k * MEDIA_SECTOR - at),
		    left < MEDIA_SECTOR ? (size_t)left : MEDIA_SECTOR);
	}
}

static void
want(struct sparse *s, uint64_t first, uint64_t end)
{
	struct sparse_range r = { first * MEDIA_SECTOR,
		(end - first) * MEDIA_SECTOR };

	if (s->n_wants == s->cap_wants) {
		s->cap_wants = s->cap_wants != 0 ? s->cap_wants * 2 : 16;
		s->wants =
		    xreallocarray(s->wants, s->cap_wants, sizeof(*s->wants));
	}
	s->wants[s->n_wants++] = r;
	s->wanted += r.n;
}

/* Notes what is missing of the sectors. */
static void
missing(struct sparse *s, uint64_t first, uint64_t end)
{
	size_t i = find(s, (uint32_t)first);
	uint64_t from = first;

	for (; i < s->n && s->v[i].number < end; i++) {
		if (s->v[i].number > from)
			want(s, from, s->v[i].number);
		from = (uint64_t)s->v[i].number + 1;
	}
	if (from < end)
		want(s, from, end);
}

bool
sparse_has(const struct sparse *s, uint64_t at, uint64_t n)
{
	uint64_t first = at / MEDIA_SECTOR;
	uint64_t end = (at + n + MEDIA_SECTOR - 1) / MEDIA_SECTOR;
	size_t i;

	if (n == 0)
		return true;
	i = find(s, (uint32_t)first);
	/* Numbers rise by one at least. */
	return end - first <= s->n - i && s->v[i].number == first &&
	       s->v[i + (size_t)(end - first) - 1].number == end - 1;
}

bool
sparse_get(struct sparse *s, uint64_t at, void *p, size_t n)
{
	uint64_t first = at / MEDIA_SECTOR;
	uint64_t end = (at + n + MEDIA_SECTOR - 1) / MEDIA_SECTOR;
	size_t skip = (size_t)(at % MEDIA_SECTOR), i;
	uint8_t *to = p;

	assert(at <= s->size && n <= (s->size - at + MEDIA_SECTOR - 1));
	if (!sparse_has(s, at, n)) {
		missing(s, first, end);
		return false;
	}
	for (i = find(s, (uint32_t)first); n > 0; i++) {
		size_t part = MEDIA_SECTOR - skip;

		if (part > n)
			part = n;
		memcpy(to, s->v[i].p + skip, part);
		to += part;
		n -= part;
		skip = 0;
	}
	return true;
}

static int
by_place(const void *pa, const void *pb)
{
	const struct sparse_range *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->n < b->n ? -1 : a->n > b->n;
}

size_t
sparse_wants(struct sparse *s, const struct sparse_range **v)
{
	size_t n = 0;

	if (s->n_wants > 0)
		qsort(s->wants, s->n_wants, sizeof(*s->wants), by_place);
	for (size_t i = 0; i < s->n_wants; i++) {
		struct sparse_range *last = n > 0 ? &s->wants[n - 1] : NULL;
		struct sparse_range r = s->wants[i];

		if (r.at + r.n > s->size)
			r.n = s->size - r.at;
		if (last == NULL || r.at > last->at + last->n)
			s->wants[n++] = r;
		else if (r.at + r.n > last->at + last->n)
			last->n = r.at + r.n - last->at;
	}
	s->n_wants = 0;
	s->wanted = 0;
	*v = s->wants;
	return n;
}

bool
sparse_fits(const struct sparse *s, struct err *e)
{
	if ((uint64_t)s->n * MEDIA_SECTOR + s->wanted <= SPARSE_MAX)
		return true;
	return err_set(e, ERR_TOO_BIG, 0,
	    "the image has more than %u MiB of folders and tables",
	    SPARSE_MAX >> 20);
}
