/*
 * How soon a hint may have its look: half a second after the last one, and no
 * more than one in ten seconds once twenty were spent, so that a BMC that
 * chatters costs a bounded number of requests and a machine that boots is
 * followed at once. Pure; times are given, in microseconds. All zero = fresh.
 */
#ifndef B7_CONTROL_PACE_H
#define B7_CONTROL_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_GAP_US 500000LL
#define PACE_EVERY_US (10 * 1000000LL)
#define PACE_BURST 20

struct pace {
	int64_t looked_us; /* when the last look of any kind began */
	int64_t spent_us;  /* the budget is whole again then */
};

/* How long to wait; 0 = now. */
int64_t pace_delay(const struct pace *p, int64_t now_us);
/* A look begins; hinted: because of a hint. */
void pace_look(struct pace *p, int64_t now_us, bool hinted);

#endif
