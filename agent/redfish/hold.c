#include "agent/redfish/hold.h"

bool
rf_hold_allows(const struct rf_hold *h, int64_t now_us)
{
	return rf_hold_next(h, now_us) == 0;
}

void
rf_hold_refused(
    struct rf_hold *h, int64_t now_us, int64_t window_us, unsigned max_tries)
{
	h->refused++;
	h->until_us = now_us + window_us;
	h->closed = h->refused >= max_tries;
}

void
rf_hold_reset(struct rf_hold *h)
{
	*h = (struct rf_hold){ 0 };
}

int64_t
rf_hold_next(const struct rf_hold *h, int64_t now_us)
{
	if (h->closed)
		return -1;
	return h->refused > 0 && now_us < h->until_us ? h->until_us : 0;
}
