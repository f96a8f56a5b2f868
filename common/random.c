/* xoshiro256** by Blackman and Vigna, seeded by splitmix64: integers only, so
 * that every compiler and CPU draws the same. */
#include "common/random.h"

#include <string.h>

#include "common/str.h"

static uint64_t
splitmix(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void
rng_seed(struct rng *r, uint64_t seed, const char *path)
{
	uint64_t x = str_hash(path, seed);

	/* The seed again: two (seed, path) pairs with the same hash of the
	 * path must not share a stream. */
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&x) ^ (i == 3 ? seed : 0);
	if ((r->s[0] | r->s[1] | r->s[2] | r->s[3]) == 0)
		r->s[0] = 1; /* the one state that never leaves itself */
}

static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t
rng_u64(struct rng *r)
{
	uint64_t *s = r->s, out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return out;
}

uint64_t
rng_below(struct rng *r, uint64_t n)
{
	uint64_t x, rest;

	if (n == 0)
		return 0;
	/* The lowest 2^64 mod n draws would favour small results. */
	rest = (0 - n) % n;
	do
		x = rng_u64(r);
	while (x < rest);
	return x % n;
}

bool
rng_chance_ppm(struct rng *r, uint32_t ppm)
{
	/* Drawn even for 0 and a million: a changed rate shifts no other
	 * decision of the stream. */
	return rng_below(r, 1000000) < ppm;
}
