/*
 * What both loops share: the timer heap by (at_us, seq), deferred calls first
 * in first out, and the livelock guard. Only loop_event.c, loop_virtual.c and
 * world.c include this; everybody else sees loop.h.
 *
 * A back end embeds struct loop as its first member and, for each turn: sets
 * the time that now_us points at, then calls loop_core_timers, handles its I/O
 * (loop_core_count before each callback), then loop_core_deferred.
 */
#ifndef B7_LOOP_CORE_H
#define B7_LOOP_CORE_H

#include "common/loop.h"

#define LOOP_CORE_LIVELOCK 100000
#define LOOP_CORE_TRAIL 10

struct loop_ops {
	int64_t (*wall_us)(const struct loop *l);
	/* NULL: no time passes within a turn. */
	int64_t (*clock_us)(const struct loop *l);
	/* The earliest timer changed, or a deferred call was queued while
	 * none was; may be NULL. Must not call back. */
	void (*changed)(struct loop *l);
};

struct loop_slot {
	int64_t at_us;
	uint64_t seq;
	struct timer *t; /* borrowed */
};

struct loop {
	const struct loop_ops *ops;
	const int64_t *now_us;  /* borrowed: the back end's or the world's */
	uint64_t *seq;          /* borrowed: counts armings, never reset */
	struct loop_slot *heap; /* owned; heap[0] unused */
	size_t n, cap;
	struct deferred *first, **last;
	bool dead;           /* nothing runs or is accepted any more */
	int64_t max_turn_us; /* longest turn; 0 in virtual time */
	int64_t stalled_us;  /* see loop_stalled_us; 0 in virtual time */
	/* Livelock guard: callbacks since guard_at_us. */
	int64_t guard_at_us;
	unsigned guard_n;
	loop_fn *trail[LOOP_CORE_TRAIL]; /* ring of the last callbacks */
};

void loop_core_init(struct loop *l, const struct loop_ops *ops,
    const int64_t *now_us, uint64_t *seq);
/* Idles all timers and deferred calls; none of them runs. */
void loop_core_fini(struct loop *l);
/* As fini, and whatever is armed or deferred later is ignored. */
void loop_core_kill(struct loop *l);
/* The earliest timer's key; false if none is armed. */
bool loop_core_next(const struct loop *l, int64_t *at_us, uint64_t *seq);
/* Runs the timers that are due now, in order; those armed meanwhile belong to
 * the next turn. */
void loop_core_timers(struct loop *l);
/* Runs deferred calls until none is left. */
void loop_core_deferred(struct loop *l);
static inline bool
loop_core_has_deferred(const struct loop *l)
{
	return l->first != NULL;
}
/* One callback is about to run: aborts the process, naming the last ten, after
 * LOOP_CORE_LIVELOCK of them at one time. */
void loop_core_count(struct loop *l, loop_fn *fn);

#endif
