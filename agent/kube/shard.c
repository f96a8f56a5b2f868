/* See shard.h. */
#include "agent/kube/shard.h"

#include <stdint.h>
#include <string.h>

#include "common/str.h"

/* ---- keys ---------------------------------------------------------------------- */

/* FNV-1a leaves the high bits of short keys alike: the finalizer of MurmurHash3
 * spreads them. */
static uint64_t
shard_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdU;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53U;
	h ^= h >> 33;
	return h;
}

/* The jump consistent hash of Lamping and Veach (2014), in integers: where the
 * paper divides by a random fraction of 2^31, a double's rounding may differ. */
unsigned
shard_of(const char *key, unsigned n)
{
	uint64_t h = shard_mix(str_hash(key, 0));
	uint64_t at = 0, next = 0;

	while (next < n) {
		at = next;
		h = h * 2862933555777941757U + 1;
		next = ((at + 1) << 31) / ((h >> 33) + 1);
	}
	return (unsigned)at;
}

/* ---- names --------------------------------------------------------------------- */

bool
shard_lease_name(
    char out[SHARD_NAME_CAP], const char *base, unsigned index, unsigned n)
{
	if (n <= 1)
		return str_copy(out, SHARD_NAME_CAP, base);
	return str_format(
	    out, SHARD_NAME_CAP, "%s-shard-%u-of-%u", base, index, n);
}

bool
shard_replica_name(
    char out[SHARD_NAME_CAP], const char *base, const char *id, unsigned n)
{
	return str_format(out, SHARD_NAME_CAP, "%s-of-%u-r%s", base, n, id);
}

/* Decimal digits without a leading zero; *s is behind them. */
static bool
shard_number(const char **s, unsigned *out)
{
	const char *p = *s;
	unsigned v = 0;

	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > 100000)
			return false;
		v = v * 10 + (unsigned)(*p - '0');
	}
	*s = p;
	*out = v;
	return true;
}

static bool
shard_word(const char **s, const char *word)
{
	if (!str_has_prefix(*s, word))
		return false;
	*s += strlen(word);
	return true;
}

struct shard_lease
shard_lease_parse(const char *base, const char *name)
{
	struct shard_lease none = { 0 }, l = { SHARD_LEASE_SHARD, 0, 1 };
	const char *s = name;

	if (!shard_word(&s, base))
		return none;
	if (*s == '\0')
		return l;
	if (shard_word(&s, "-shard-"))
		return shard_number(&s, &l.index) && shard_word(&s, "-of-") &&
			       shard_number(&s, &l.count) && *s == '\0' &&
			       l.index < l.count
			   ? l
			   : none;
	l.kind = SHARD_LEASE_REPLICA;
	return shard_word(&s, "-of-") && shard_number(&s, &l.count) &&
		       shard_word(&s, "-r") && *s != '\0' && l.count > 0
		   ? l
		   : none;
}

/* ---- shares -------------------------------------------------------------------- */

/* Who holds more comes first to the larger share, so that it keeps it. */
unsigned
shard_quota(const struct shard_replica *v, size_t n_v, size_t me, unsigned n)
{
	unsigned least = n_v == 0 ? n : n / (unsigned)n_v;
	unsigned more = n_v == 0 ? 0 : n % (unsigned)n_v;
	unsigned before = 0;

	for (size_t i = 0; i < n_v; i++) {
		if (i == me)
			continue;
		before += v[i].held > v[me].held ||
			  (v[i].held == v[me].held &&
			      strcmp(v[i].identity, v[me].identity) < 0);
	}
	return least + (before < more ? 1 : 0);
}
