/* See digests.h. */
#include "agent/media/digests.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

bool
digests_init(struct digests *d, uint64_t size, struct err *e)
{
	memset(d, 0, sizeof(*d));
	if (size > DIGESTS_BASE_MAX)
		return err_set(e, ERR_TOO_BIG, 0,
		    "the image has more than %llu GiB", DIGESTS_BASE_MAX >> 30);
	d->size = size;
	d->cap = (size_t)((size + DIGESTS_BLOCK - 1) / DIGESTS_BLOCK);
	d->v = xcalloc(d->cap > 0 ? d->cap : 1, sizeof(*d->v));
	sha256_begin(&d->block);
	return true;
}

void
digests_free(struct digests *d)
{
	xfree(d->v);
	memset(d, 0, sizeof(*d));
}

bool
digests_add(struct digests *d, const void *p, size_t n, struct err *e)
{
	const uint8_t *at = p;

	if (n > d->size - d->seen)
		return err_set(e, ERR_PROTO, 0,
		    "the image is longer than the %llu bytes that it was said "
		    "to have",
		    (unsigned long long)d->size);
	while (n > 0) {
		size_t part = DIGESTS_BLOCK - (size_t)(d->seen % DIGESTS_BLOCK);

		if (part > n)
			part = n;
		sha256_more(&d->block, at, part);
		at += part;
		n -= part;
		d->seen += part;
		if (d->seen % DIGESTS_BLOCK != 0 && d->seen != d->size)
			continue;
		sha256_end(&d->block, d->v[d->n++]);
		sha256_begin(&d->block);
	}
	return true;
}

bool
digests_whole(const struct digests *d)
{
	return d->seen == d->size;
}

void
digests_check_init(struct digests_check *c, const struct digests *d,
    uint64_t from, uint64_t to)
{
	memset(c, 0, sizeof(*c));
	if (to > d->size)
		to = d->size;
	if (from > to)
		from = to;
	c->d = d;
	c->from = from;
	c->to = to;
	c->at = from / DIGESTS_BLOCK * DIGESTS_BLOCK;
	c->end = (to + DIGESTS_BLOCK - 1) / DIGESTS_BLOCK * DIGESTS_BLOCK;
	if (c->end > d->size)
		c->end = d->size;
	if (from == to)
		c->at = c->end = from;
}

void
digests_check_free(struct digests_check *c)
{
	xfree(c->block);
	memset(c, 0, sizeof(*c));
}

/* A whole MiB, or the last, shorter one: what was asked for of it goes out. */
static bool
release(struct digests_check *c, digests_fn *out, void *arg, struct err *e)
{
	uint64_t start = c->at - c->n;
	size_t index = (size_t)(start / DIGESTS_BLOCK);
	uint64_t low = c->from > start ? c->from : start;
	uint64_t high = c->to < c->at ? c->to : c->at;
	uint8_t sum[32];

	sha256(c->block, c->n, sum);
	if (index >= c->d->n || memcmp(sum, c->d->v[index], 32) != 0)
		return err_set(e, ERR_CONFLICT, 0,
		    "the image has changed at its origin: MiB %zu is not what "
		    "it was",
		    index);
	c->n = 0;
	if (high > low)
		out(arg, c->block + (low - start), (size_t)(high - low));
	return true;
}

bool
digests_check_add(struct digests_check *c, const void *p, size_t n,
    digests_fn *out, void *arg, struct err *e)
{
	const uint8_t *from = p;

	if (n > c->end - c->at)
		return err_set(e, ERR_PROTO, 0,
		    "the origin sent more than it was asked for");
	if (c->block == NULL && n > 0)
		c->block = xmalloc(DIGESTS_BLOCK);
	while (n > 0) {
		size_t part = DIGESTS_BLOCK - c->n;

		if (part > n)
			part = n;
		memcpy(c->block + c->n, from, part);
		c->n += part;
		c->at += part;
		from += part;
		n -= part;
		if ((c->n == DIGESTS_BLOCK || c->at == c->d->size) &&
		    !release(c, out, arg, e))
			return false;
	}
	return true;
}
