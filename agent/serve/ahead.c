/* See ahead.h. */
#include "agent/serve/ahead.h"

bool
ahead_add(
    struct ahead *a, uint64_t at, size_t n, int64_t now_us, uint64_t *next)
{
	uint64_t was = a->end, mib = (at + n - 1) / AHEAD_MIB;
	int64_t took_us = now_us - a->entered_us;
	bool on = at == was && was > 0;

	a->end = at + n;
	a->run = on ? a->run + n : n;
	if (on && mib == (was - 1) / AHEAD_MIB)
		return false;
	a->entered_us = now_us;
	*next = (mib + 1) * AHEAD_MIB;
	return on && a->run > AHEAD_RUN && took_us <= AHEAD_SLOW_US;
}
