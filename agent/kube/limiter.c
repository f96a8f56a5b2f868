/* Token bucket and queue. */
#include "agent/kube/limiter.h"

void
limiter_init(struct limiter *l, struct loop *loop, double qps, unsigned burst,
    unsigned slots)
{
	*l = (struct limiter){ .loop = loop };
	l->per_us = qps > 0 ? qps / (double)LOOP_S : 0;
	l->burst = burst > 0 ? burst : 1;
	l->tokens = l->burst;
	l->slots = slots;
	l->filled_at_us = loop_mono_us(loop);
	TAILQ_INIT(&l->queue);
}

void
limiter_fini(struct limiter *l)
{
	struct limiter_wait *w;

	while ((w = TAILQ_FIRST(&l->queue)) != NULL)
		limiter_cancel(l, w);
	timer_stop(&l->timer);
}

static void
refill(struct limiter *l)
{
	int64_t now = loop_mono_us(l->loop);

	l->tokens += (double)(now - l->filled_at_us) * l->per_us;
	if (l->tokens > l->burst)
		l->tokens = l->burst;
	l->filled_at_us = now;
}

/* 0 = may go; else how long to wait for the next chance. */
static int64_t
wait_us(struct limiter *l)
{
	int64_t now = loop_mono_us(l->loop);

	if (now < l->hold_until_us)
		return l->hold_until_us - now;
	if (l->per_us <= 0)
		return 0;
	refill(l);
	if (l->tokens >= 1)
		return 0;
	return (int64_t)((1 - l->tokens) / l->per_us) + 1;
}

static bool
may_go(struct limiter *l)
{
	return l->taken < l->slots && wait_us(l) == 0;
}

static void
grant(struct limiter *l)
{
	l->tokens -= l->per_us > 0 ? 1 : 0;
	l->taken++;
}

static void on_timer(void *arg);

static void
arm(struct limiter *l)
{
	/* Without a free slot, limiter_release arms it. */
	if (!TAILQ_EMPTY(&l->queue) && l->taken < l->slots)
		timer_start(l->loop, &l->timer, wait_us(l), on_timer, l);
}

static void
on_timer(void *arg)
{
	struct limiter *l = arg;
	struct limiter_wait *w;

	while ((w = TAILQ_FIRST(&l->queue)) != NULL && may_go(l)) {
		limiter_cancel(l, w);
		grant(l);
		w->go(w->arg);
	}
	arm(l);
}

bool
limiter_take(
    struct limiter *l, struct limiter_wait *w, void (*go)(void *arg), void *arg)
{
	if (TAILQ_EMPTY(&l->queue) && may_go(l)) {
		grant(l);
		return true;
	}
	w->go = go;
	w->arg = arg;
	w->queued = true;
	TAILQ_INSERT_TAIL(&l->queue, w, link);
	l->queued++;
	if (!timer_armed(&l->timer))
		arm(l);
	return false;
}

void
limiter_release(struct limiter *l)
{
	l->taken--;
	if (!timer_armed(&l->timer))
		arm(l);
}

void
limiter_cancel(struct limiter *l, struct limiter_wait *w)
{
	if (!w->queued)
		return;
	TAILQ_REMOVE(&l->queue, w, link);
	w->queued = false;
	l->queued--;
}

void
limiter_hold(struct limiter *l, int64_t delay_us)
{
	int64_t until = loop_mono_us(l->loop) + delay_us;

	if (until > l->hold_until_us)
		l->hold_until_us = until;
}
