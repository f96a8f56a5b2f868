/*
 * The random seam. `rng` decides jitter, latencies and faults and is seeded;
 * `entropy` makes tokens, UUIDs and keys. Draw once per statement: compilers
 * order arguments differently.
 */
#ifndef B7_RANDOM_H
#define B7_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4]; /* xoshiro256** */
};
/* A stream an object: rng_seed(&r, seed, "agent-0/backoff/ns/host"). */
void rng_seed(struct rng *r, uint64_t seed, const char *path);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* 0..n-1; n = 0 gives 0 */
bool rng_chance_ppm(struct rng *r, uint32_t ppm);

struct entropy {
	void (*fill)(void *self, void *out, size_t n);
	void *self;
};
struct entropy entropy_system(void);           /* getrandom(2) */
struct entropy entropy_virtual(struct rng *r); /* runner and tests only */
void entropy_hex(struct entropy e, char *out, size_t bytes); /* 2*bytes + 1 */
void entropy_uuid(struct entropy e, char out[37]);           /* version 4 */

#endif
