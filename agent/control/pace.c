#include "agent/control/pace.h"

int64_t
pace_delay(const struct pace *p, int64_t now_us)
{
	int64_t gap = p->looked_us + PACE_GAP_US;
	/* With spent_us so far ahead the next one would be one too many. */
	int64_t budget = p->spent_us - (PACE_BURST - 1) * PACE_EVERY_US;
	int64_t at = gap > budget ? gap : budget;

	if (p->looked_us == 0 && p->spent_us == 0)
		return 0;
	return at > now_us ? at - now_us : 0;
}

void
pace_look(struct pace *p, int64_t now_us, bool hinted)
{
	p->looked_us = now_us;
	if (!hinted)
		return;
	if (p->spent_us < now_us)
		p->spent_us = now_us;
	p->spent_us += PACE_EVERY_US;
}
