#include "agent/redfish/breaker.h"

bool
rf_breaker_admit(struct rf_breaker *b, int64_t now_us)
{
	if (b->state != RF_CIRCUIT_OPEN)
		return true;
	if (now_us < b->next_us)
		return false;
	b->state = RF_CIRCUIT_HALF_OPEN;
	b->next_us = 0;
	return true;
}

void
rf_breaker_answered(struct rf_breaker *b)
{
	*b = (struct rf_breaker){ .state = RF_CIRCUIT_CLOSED,
		.max_us = b->max_us };
}

void
rf_breaker_silent(struct rf_breaker *b, int64_t now_us, struct rng *r)
{
	int64_t max = b->max_us == 0 ? RF_BREAKER_MAX_US : b->max_us;
	int64_t wait = RF_BREAKER_BASE_US;
	unsigned i;

	b->failures++;
	if (b->failures < RF_BREAKER_TRIP)
		return;
	for (i = RF_BREAKER_TRIP; i < b->failures; i++)
		if (wait < max)
			wait *= 2;
	if (wait > max)
		wait = max;
	/* Half fixed, half jitter: a rack that lost its switch must not come
	 * back all at once, nor be hammered by a draw near zero. */
	wait = wait / 2 + (int64_t)rng_below(r, (uint64_t)(wait / 2) + 1);
	b->state = RF_CIRCUIT_OPEN;
	b->next_us = now_us + wait;
}
