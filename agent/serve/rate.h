/* A token bucket over the loop's clock, all zero = full. */
#ifndef B7_AGENT_SERVE_RATE_H
#define B7_AGENT_SERVE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	int64_t spent_until_us; /* full again at this time */
};
/* One more, at per_s a second with bursts of two seconds' worth; false: too
 * many. per_s 0 = no limit. */
static inline bool
rate_take(struct rate *r, int64_t now_us, unsigned per_s)
{
	int64_t cost, from;

	if (per_s == 0)
		return true;
	cost = 1000000 / (int64_t)per_s;
	from = r->spent_until_us > now_us ? r->spent_until_us : now_us;
	if (from + cost - now_us > 2 * 1000000)
		return false;
	r->spent_until_us = from + cost;
	return true;
}

#endif
