/* Predictable "entropy" for virtual worlds and tests. An object of its own:
 * a binary that does not ask for it does not contain it. */
#include "common/random.h"

static void
fill_virtual(void *self, void *out, size_t n)
{
	uint8_t *p = out;
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			x = rng_u64(self);
		p[i] = (uint8_t)x; /* low byte first on every machine */
		x >>= 8;
	}
}

struct entropy
entropy_virtual(struct rng *r)
{
	return (struct entropy){ .fill = fill_virtual, .self = r };
}
