/* See inflate.h. Codes are canonical: by their lengths alone (RFC 1951, 3.2.2). */
#include "sim/os/inflate.h"

#include <string.h>

#define BITS 15
#define LITERALS 288
#define DISTANCES 30

struct bits {
	const uint8_t *p;
	size_t n, at;
	uint32_t held;
	unsigned n_held;
	bool bad; /* read beyond the end */
};
/* How many codes of each length, and their symbols in order. */
struct code {
	uint16_t count[BITS + 1], symbol[LITERALS];
};

static unsigned
take(struct bits *b, unsigned n)
{
	unsigned v;

	while (b->n_held < n) {
		if (b->at == b->n) {
			b->bad = true;
			return 0;
		}
		b->held |= (uint32_t)b->p[b->at++] << b->n_held;
		b->n_held += 8;
	}
	v = b->held & ((1u << n) - 1);
	b->held >>= n;
	b->n_held -= n;
	return v;
}

/* false: more codes than there can be. */
static bool
make(struct code *c, const uint8_t *len, size_t n)
{
	uint16_t at[BITS + 2] = { 0 };
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < n; i++)
		c->count[len[i]]++;
	c->count[0] = 0;
	for (unsigned l = 1; l <= BITS; l++) {
		left = left * 2 - c->count[l];
		if (left < 0)
			return false;
		at[l + 1] = (uint16_t)(at[l] + c->count[l]);
	}
	for (size_t i = 0; i < n; i++)
		if (len[i] != 0)
			c->symbol[at[len[i]]++] = (uint16_t)i;
	return true;
}

static int
decode(struct bits *b, const struct code *c)
{
	int code = 0, first = 0, at = 0;

	for (unsigned l = 1; l <= BITS; l++) {
		code |= (int)take(b, 1);
		if (b->bad)
			return -1;
		if (code - first < c->count[l])
			return c->symbol[at + code - first];
		at += c->count[l];
		first = (first + c->count[l]) * 2;
		code *= 2;
	}
	return -1;
}

static bool
copy_back(struct buf *out, size_t from, size_t distance, size_t n)
{
	if (distance > out->n - from)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!buf_addc(out, out->p[out->n - distance]))
			return false;
	return true;
}

/* A match: its length by the symbol, and how far back. false: none such. */
static bool
match(struct bits *b, const struct code *dist, int s, struct buf *out,
    size_t from)
{
	static const uint16_t base[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15,
		17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
		195, 227, 258 };
	static const uint8_t more[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2,
		2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	size_t n = base[s - 257] + take(b, more[s - 257]), distance;
	int d = decode(b, dist);

	if (d < 0 || d >= DISTANCES)
		return false;
	/* 1, 2, 3, 4, then two of each number of further bits */
	if (d < 4)
		distance = (size_t)d + 1;
	else
		distance = ((2u + (unsigned)d % 2) << ((unsigned)d / 2 - 1)) +
			   1 + take(b, (unsigned)d / 2 - 1);
	return !b->bad && copy_back(out, from, distance, n);
}

static bool
codes(struct bits *b, const struct code *lit, const struct code *dist,
    struct buf *out, size_t from)
{
	for (;;) {
		int s = decode(b, lit);
		bool ok;

		if (s < 0 || s > 285)
			return false;
		if (s == 256)
			return true;
		ok = s < 256 ? buf_addc(out, (char)s)
			     : match(b, dist, s, out, from);
		if (!ok)
			return false;
	}
}

static bool
stored(struct bits *b, struct buf *out)
{
	size_t n;

	b->held = 0;
	b->n_held = 0;
	if (b->n - b->at < 4)
		return false;
	n = (size_t)(b->p[b->at] | b->p[b->at + 1] << 8);
	if ((n ^ 0xffff) != (size_t)(b->p[b->at + 2] | b->p[b->at + 3] << 8))
		return false;
	b->at += 4;
	if (n > b->n - b->at || !buf_add(out, b->p + b->at, n))
		return false;
	b->at += n;
	return true;
}

static bool
fixed(struct bits *b, struct buf *out, size_t from)
{
	struct code lit, dist;
	uint8_t len[LITERALS];

	for (size_t i = 0; i < LITERALS; i++)
		len[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	(void)make(&lit, len, LITERALS); /* they are right */
	memset(len, 5, DISTANCES);
	(void)make(&dist, len, DISTANCES);
	return codes(b, &lit, &dist, out, from);
}

/* Symbols 16 to 18: how often, of what is before or of nothing. */
static unsigned
again(struct bits *b, int s)
{
	if (s == 16)
		return 3 + take(b, 2);
	return s == 17 ? 3 + take(b, 3) : 11 + take(b, 7);
}

static bool
lengths(struct bits *b, const struct code *c, uint8_t *len, size_t n)
{
	size_t at = 0;

	while (at < n) {
		int s = decode(b, c);
		unsigned times;

		if (s < 0 || (s == 16 && at == 0))
			return false;
		if (s < 16) {
			len[at++] = (uint8_t)s;
			continue;
		}
		times = again(b, s);
		if (times > n - at)
			return false;
		memset(len + at, s == 16 ? len[at - 1] : 0, times);
		at += times;
	}
	return true;
}

static bool
dynamic(struct bits *b, struct buf *out, size_t from)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11,
		4, 12, 3, 13, 2, 14, 1, 15 };
	unsigned n_lit = 257 + take(b, 5), n_dist = 1 + take(b, 5);
	unsigned n_len = 4 + take(b, 4);
	uint8_t len[LITERALS + 32] = { 0 };
	struct code c, dist;

	if (n_lit > 286 || n_dist > DISTANCES)
		return false;
	for (unsigned i = 0; i < n_len; i++)
		len[order[i]] = (uint8_t)take(b, 3);
	if (!make(&c, len, 19) || !lengths(b, &c, len, n_lit + n_dist) ||
	    !make(&dist, len + n_lit, n_dist) || !make(&c, len, n_lit))
		return false;
	return codes(b, &c, &dist, out, from);
}

static bool
blocks(struct bits *b, struct buf *out)
{
	size_t from = out->n;
	bool last = false, ok = true;

	while (ok && !last) {
		last = take(b, 1) != 0;
		switch (take(b, 2)) {
		case 0:
			ok = stored(b, out);
			break;
		case 1:
			ok = fixed(b, out, from);
			break;
		case 2:
			ok = dynamic(b, out, from);
			break;
		default:
			ok = false;
			break;
		}
		ok = ok && !b->bad;
	}
	return ok;
}

/* ---- gzip ----------------------------------------------------------------------- */

bool
inflate_is_gzip(const void *p, size_t n)
{
	return n > 18 && memcmp(p, "\x1f\x8b\x08", 3) == 0;
}

/* Where the blocks begin; 0 = it is cut off. */
static size_t
header(const uint8_t *p, size_t n)
{
	size_t at = 10;

	if (p[3] & 4) {
		if (n < at + 2)
			return 0;
		at += 2u + (size_t)(p[at] | p[at + 1] << 8);
	}
	for (int bit = 8; bit <= 16; bit *= 2)
		if (p[3] & bit) {
			const uint8_t *end =
			    at < n ? memchr(p + at, 0, n - at) : NULL;

			if (end == NULL)
				return 0;
			at = (size_t)(end - p) + 1;
		}
	if (p[3] & 2)
		at += 2;
	return at < n ? at : 0;
}

bool
inflate_gzip(const void *p, size_t n, struct buf *out, size_t *used)
{
	struct bits b = { .p = p, .n = n };

	if (!inflate_is_gzip(p, n))
		return false;
	b.at = header(p, n);
	if (b.at == 0 || !blocks(&b, out) || n - b.at < 8)
		return false;
	if (used != NULL)
		*used = b.at + 8; /* whole bytes: the rest was dropped */
	return true;
}
