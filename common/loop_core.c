#include "common/loop_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

static bool
slot_before(const struct loop_slot *a, const struct loop_slot *b)
{
	if (a->at_us != b->at_us)
		return a->at_us < b->at_us;
	return a->seq < b->seq;
}

static void
slot_put(struct loop *l, size_t pos, struct loop_slot s)
{
	l->heap[pos] = s;
	s.t->heap_pos = pos;
}

static void
sift_up(struct loop *l, size_t pos, struct loop_slot s)
{
	while (pos > 1 && slot_before(&s, &l->heap[pos / 2])) {
		slot_put(l, pos, l->heap[pos / 2]);
		pos /= 2;
	}
	slot_put(l, pos, s);
}

static void
sift_down(struct loop *l, size_t pos, struct loop_slot s)
{
	size_t child;

	while ((child = 2 * pos) <= l->n) {
		if (child < l->n &&
		    slot_before(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!slot_before(&l->heap[child], &s))
			break;
		slot_put(l, pos, l->heap[child]);
		pos = child;
	}
	slot_put(l, pos, s);
}

static void
heap_remove(struct loop *l, size_t pos)
{
	struct loop_slot last = l->heap[l->n];

	l->heap[pos].t->heap_pos = 0;
	l->n--;
	if (pos > l->n)
		return;
	if (pos > 1 && slot_before(&last, &l->heap[pos / 2]))
		sift_up(l, pos, last);
	else
		sift_down(l, pos, last);
}

static void
heap_grow(struct loop *l)
{
	if (l->n + 1 < l->cap)
		return;
	l->cap = l->cap ? 2 * l->cap : 64;
	l->heap = xreallocarray(l->heap, l->cap, sizeof(l->heap[0]));
}

static void
changed(struct loop *l)
{
	if (l->ops->changed)
		l->ops->changed(l);
}

int64_t
loop_mono_us(const struct loop *l)
{
	return *l->now_us;
}

int64_t
loop_clock_us(const struct loop *l)
{
	int64_t now = l->ops->clock_us == NULL ? 0 : l->ops->clock_us(l);

	return now > *l->now_us ? now : *l->now_us;
}

int64_t
loop_wall_us(const struct loop *l)
{
	return l->ops->wall_us(l);
}

void
timer_start(
    struct loop *l, struct timer *t, int64_t delay_us, loop_fn *fn, void *arg)
{
	struct loop_slot s;
	int64_t now = *l->now_us;
	size_t pos = t->heap_pos;
	bool was_first = pos == 1;

	if (l->dead)
		return;
	if (pos != 0 && t->loop != l) {
		timer_stop(t);
		pos = 0;
		was_first = false;
	}
	if (delay_us < 0)
		delay_us = 0;
	t->fn = fn;
	t->arg = arg;
	t->loop = l;
	t->at_us = delay_us > INT64_MAX - now ? INT64_MAX : now + delay_us;
	t->seq = (*l->seq)++;
	s = (struct loop_slot){ t->at_us, t->seq, t };
	if (pos == 0) {
		heap_grow(l);
		sift_up(l, ++l->n, s);
	} else if (pos > 1 && slot_before(&s, &l->heap[pos / 2])) {
		sift_up(l, pos, s);
	} else {
		sift_down(l, pos, s);
	}
	if (was_first || t->heap_pos == 1)
		changed(l);
}

void
timer_stop(struct timer *t)
{
	struct loop *l = t->loop;
	bool was_first = t->heap_pos == 1;

	if (t->heap_pos == 0)
		return;
	heap_remove(l, t->heap_pos);
	if (was_first)
		changed(l);
}

void
loop_defer(struct loop *l, struct deferred *d, loop_fn *fn, void *arg)
{
	if (d->prev || l->dead)
		return;
	d->fn = fn;
	d->arg = arg;
	d->loop = l;
	d->next = NULL;
	d->prev = l->last;
	*l->last = d;
	l->last = &d->next;
	if (l->first == d)
		changed(l);
}

void
deferred_cancel(struct deferred *d)
{
	if (!d->prev)
		return;
	*d->prev = d->next;
	if (d->next)
		d->next->prev = d->prev;
	else
		d->loop->last = d->prev;
	d->next = NULL;
	d->prev = NULL;
}

void
loop_core_init(struct loop *l, const struct loop_ops *ops,
    const int64_t *now_us, uint64_t *seq)
{
	*l = (struct loop){ .ops = ops, .now_us = now_us, .seq = seq };
	l->last = &l->first;
	l->guard_at_us = INT64_MIN;
}

static void
drop_all(struct loop *l)
{
	size_t i;

	for (i = 1; i <= l->n; i++)
		l->heap[i].t->heap_pos = 0;
	l->n = 0;
	while (l->first)
		deferred_cancel(l->first);
}

void
loop_core_fini(struct loop *l)
{
	drop_all(l);
	xfree(l->heap);
	l->heap = NULL;
	l->cap = 0;
	l->dead = true;
}

void
loop_core_kill(struct loop *l)
{
	l->dead = true;
	drop_all(l);
}

bool
loop_core_next(const struct loop *l, int64_t *at_us, uint64_t *seq)
{
	if (l->n == 0)
		return false;
	*at_us = l->heap[1].at_us;
	*seq = l->heap[1].seq;
	return true;
}

void
loop_core_timers(struct loop *l)
{
	uint64_t limit = *l->seq;
	struct timer *t;

	/* A timer armed in this turn with no delay is due now, but its seq is
	 * past the limit and so is every other one due at the same time. */
	while (l->n > 0 && l->heap[1].at_us <= *l->now_us &&
	       l->heap[1].seq < limit) {
		t = l->heap[1].t;
		heap_remove(l, 1);
		loop_core_count(l, t->fn);
		t->fn(t->arg);
	}
	changed(l);
}

void
loop_core_deferred(struct loop *l)
{
	struct deferred *d;

	while ((d = l->first)) {
		deferred_cancel(d);
		loop_core_count(l, d->fn);
		d->fn(d->arg);
	}
}

/* Addresses move from run to run; the difference to a known function does not
 * and is what a symbol table is asked for. */
static void
livelock(const struct loop *l)
{
	uintptr_t here = (uintptr_t)loop_core_count;
	unsigned i;

	fprintf(stderr,
	    "loop: %u callbacks at %" PRId64 " us; the last:", l->guard_n,
	    *l->now_us);
	for (i = 0; i < LOOP_CORE_TRAIL; i++) {
		loop_fn *fn = l->trail[(l->guard_n + i) % LOOP_CORE_TRAIL];

		fprintf(stderr, " loop_core_count%+" PRIdPTR,
		    (intptr_t)((uintptr_t)fn - here));
	}
	fputc('\n', stderr);
	abort();
}

void
loop_core_count(struct loop *l, loop_fn *fn)
{
	if (l->guard_at_us != *l->now_us) {
		l->guard_at_us = *l->now_us;
		l->guard_n = 0;
	}
	l->trail[l->guard_n++ % LOOP_CORE_TRAIL] = fn;
	if (l->guard_n >= LOOP_CORE_LIVELOCK)
		livelock(l);
}

int64_t
loop_max_lag_us(struct loop *l, bool reset)
{
	int64_t max = l->max_turn_us;

	if (reset)
		l->max_turn_us = 0;
	return max;
}

int64_t
loop_stalled_us(const struct loop *l)
{
	return l->stalled_us;
}
