/* See prepass.h. */
#include "agent/media/prepass.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"

bool
prepass_init(
    struct prepass *p, uint64_t size, const uint8_t *sha256, struct err *e)
{
	memset(p, 0, sizeof(*p));
	if (!digests_init(&p->digests, size, e))
		return false;
	sparse_init(&p->base, size);
	sha256_begin(&p->whole);
	if (sha256 != NULL) {
		memcpy(p->want, sha256, sizeof(p->want));
		p->has_want = true;
	}
	return true;
}

void
prepass_free(struct prepass *p)
{
	cd_free(&p->cd);
	sparse_free(&p->base);
	digests_free(&p->digests);
	xfree(p->ahead);
	xfree(p->carry);
	memset(p, 0, sizeof(*p));
}

/* Of the head only what the parser looks at stays: it is asked once more, and
 * gets what it wants from what is there. */
static void
shrink(struct prepass *p)
{
	struct sparse less;
	struct err e;

	sparse_init(&less, p->base.size);
	cd_free(&p->cd);
	while (cd_parse(&p->cd, &less, &e) == MEDIA_WANTS) {
		const struct sparse_range *v;
		size_t n = sparse_wants(&less, &v);
		struct sparse_range *want = xmalloc((n + 1) * sizeof(*want));

		memcpy(want, v, n * sizeof(*v));
		for (size_t i = 0; i < n; i++) {
			uint8_t *b = xmalloc((size_t)want[i].n);

			if (!sparse_get(
				&p->base, want[i].at, b, (size_t)want[i].n))
				abort(); /* the parser had it before */
			sparse_put(&less, want[i].at, b, (size_t)want[i].n);
			xfree(b);
		}
		xfree(want);
	}
	sparse_free(&p->base);
	p->base = less;
}

/* Runs the parser with what is there. What it wants next is kept when it comes
 * by; what has gone by is asked for at the end. */
static bool
look(struct prepass *p, struct err *e)
{
	const struct sparse_range *v;
	size_t n;

	switch (cd_parse(&p->cd, &p->base, e)) {
	case MEDIA_DONE:
		p->parsed = true;
		p->n_ahead = 0;
		shrink(p);
		return true;
	case MEDIA_BAD:
		return false;
	case MEDIA_WANTS:
		break;
	}
	n = sparse_wants(&p->base, &v);
	p->ahead = xreallocarray(p->ahead, n > 0 ? n : 1, sizeof(*v));
	memcpy(p->ahead, v, n * sizeof(*v));
	p->n_ahead = n;
	return true;
}

/* The parser goes on once the last of what it wants has come by; nothing it
 * says sooner could be complete. */
static bool
is_time(const struct prepass *p)
{
	uint64_t seen = p->digests.seen, last = PREPASS_HEAD;

	if (p->parsed || p->gone)
		return false;
	for (size_t i = 0; i < p->n_ahead; i++)
		if (p->ahead[i].at + p->ahead[i].n > last)
			last = p->ahead[i].at + p->ahead[i].n;
	return seen >= last || seen == p->digests.size;
}

static bool
has_gone(const struct prepass *p)
{
	for (size_t i = 0; i < p->n_ahead; i++)
		if (p->ahead[i].at < p->digests.seen)
			return true;
	return false;
}

/* The wanted part of whole sectors [at, at + n). */
static void
keep(struct prepass *p, uint64_t at, const uint8_t *v, size_t n)
{
	uint64_t end = at + n;

	if (p->parsed)
		return;
	if (at < PREPASS_HEAD) {
		uint64_t stop = end < PREPASS_HEAD ? end : PREPASS_HEAD;

		sparse_put(&p->base, at, v, (size_t)(stop - at));
	}
	for (size_t i = 0; i < p->n_ahead; i++) {
		uint64_t from = p->ahead[i].at, to = from + p->ahead[i].n;

		from = from > at ? from : at;
		to = to < end ? to : end;
		if (from < to)
			sparse_put(&p->base, from, v + (from - at),
			    (size_t)(to - from));
	}
}

/* Whole ones, but for the last of an image. */
static bool
whole_sectors(struct prepass *p, const uint8_t *v, size_t n, struct err *e)
{
	uint64_t at = p->digests.seen;

	sha256_more(&p->whole, v, n);
	if (!digests_add(&p->digests, v, n, e))
		return false;
	keep(p, at, v, n);
	while (is_time(p)) {
		if (!look(p, e))
			return false;
		p->gone = has_gone(p);
	}
	return true;
}

/* Fills a sector up; *used of the bytes went into it. */
static bool
carry(
    struct prepass *p, const uint8_t *v, size_t n, size_t *used, struct err *e)
{
	uint64_t left = p->base.size - p->digests.seen;
	size_t whole;

	*used = MEDIA_SECTOR - p->n_carry;
	if (*used > n)
		*used = n;
	memcpy(p->carry + p->n_carry, v, *used);
	p->n_carry += *used;
	if (p->n_carry < MEDIA_SECTOR && p->n_carry < left)
		return true;
	whole = p->n_carry;
	p->n_carry = 0;
	return whole_sectors(p, p->carry, whole, e);
}

bool
prepass_add(struct prepass *p, const void *bytes, size_t n, struct err *e)
{
	const uint8_t *v = bytes;
	size_t used;

	if (p->carry == NULL)
		p->carry = xmalloc(MEDIA_SECTOR);
	while (n > 0) {
		if (p->n_carry > 0 || n < MEDIA_SECTOR) {
			if (!carry(p, v, n, &used, e))
				return false;
		} else {
			used = n < PREPASS_PIECE
				   ? n / MEDIA_SECTOR * MEDIA_SECTOR
				   : PREPASS_PIECE;
			if (!whole_sectors(p, v, used, e))
				return false;
		}
		v += used;
		n -= used;
	}
	return true;
}

static bool
proven(struct prepass *p, struct err *e)
{
	char is[65], want[65];

	if (!digests_whole(&p->digests))
		return err_set(e, ERR_PROTO, 0,
		    "the image ended after %llu of %llu bytes",
		    (unsigned long long)p->digests.seen,
		    (unsigned long long)p->digests.size);
	if (p->ended)
		return true;
	p->ended = true;
	sha256_end(&p->whole, p->sha256);
	if (!p->has_want || memcmp(p->sha256, p->want, 32) == 0)
		return true;
	p->wrong = true;
	hex_encode(is, p->sha256, 32);
	hex_encode(want, p->want, 32);
	return err_set(e, ERR_SPEC, 0,
	    "its SHA-256 is %s, not %s as image.checksum says", is, want);
}

enum media_step
prepass_end(struct prepass *p, struct err *e)
{
	if (p->wrong) {
		(void)err_set(e, ERR_SPEC, 0,
		    "its SHA-256 is not what image.checksum says");
		return MEDIA_BAD;
	}
	if (!proven(p, e))
		return MEDIA_BAD;
	if (p->parsed)
		return MEDIA_DONE;
	switch (cd_parse(&p->cd, &p->base, e)) {
	case MEDIA_DONE:
		p->parsed = true;
		shrink(p);
		break;
	case MEDIA_WANTS:
		return MEDIA_WANTS;
	case MEDIA_BAD:
		return MEDIA_BAD;
	}
	return MEDIA_DONE;
}
