/* See history.h. */
#include "sim/bmc/history.h"

#include <string.h>

#include "common/mem.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"

#define KEPT 64

struct past {
	int64_t at_us; /* this was so from here on */
	struct bmc_state st;
};
struct history {
	struct past v[KEPT]; /* oldest first */
	size_t n;
};

static void
add(struct history *h, struct bmc *b)
{
	/* within one instant only the last state was ever seen */
	if (h->n && h->v[h->n - 1].at_us == bmc_now(b)) {
		bmc_state_fini(&h->v[h->n - 1].st);
		h->n--;
	} else if (h->n == KEPT) {
		bmc_state_fini(&h->v[0].st);
		memmove(h->v, h->v + 1, (KEPT - 1) * sizeof(h->v[0]));
		h->n--;
	}
	h->v[h->n].at_us = bmc_now(b);
	bmc_state_copy(&h->v[h->n].st, &b->st);
	h->n++;
}

void
history_start(struct bmc *b)
{
	if (b->history)
		return;
	b->history = xcalloc(1, sizeof(*b->history));
	add(b->history, b);
}

void
history_stop(struct bmc *b)
{
	if (!b->history)
		return;
	for (size_t i = 0; i < b->history->n; i++)
		bmc_state_fini(&b->history->v[i].st);
	xfree(b->history);
	b->history = NULL;
}

void
history_note(struct bmc *b)
{
	if (!b->history)
		return;
	if (fault_armed(b, FAULT_STALE_READ))
		add(b->history, b);
	else
		history_stop(b);
}

const struct bmc_state *
history_at(struct bmc *b, int64_t age_us)
{
	int64_t when = bmc_now(b) - age_us;
	size_t i;

	if (!b->history)
		return &b->st;
	for (i = b->history->n; i > 1; i--)
		if (b->history->v[i - 1].at_us <= when)
			break;
	return &b->history->v[i - 1].st;
}
