/*
 * A token bucket with slots and a queue: at most qps requests a second, burst
 * at once, `slots` under way, and none before a hold ends. Whoever waits is
 * called back in order. Slots are counted here and not in the http peer, so
 * that the write gate is asked when a request really leaves.
 */
#ifndef B7_KUBE_LIMITER_H
#define B7_KUBE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/loop.h"

struct limiter_wait { /* embedded in who waits */
	TAILQ_ENTRY(limiter_wait) link;
	void (*go)(void *arg);
	void *arg;
	bool queued;
};

struct limiter {
	struct loop *loop;
	double per_us, burst, tokens;
	unsigned slots, taken;
	int64_t filled_at_us, hold_until_us;
	struct timer timer;
	TAILQ_HEAD(, limiter_wait) queue;
	unsigned queued;
};

/* qps <= 0: no rate, only slots and holds. */
void limiter_init(struct limiter *l, struct loop *loop, double qps,
    unsigned burst, unsigned slots);
void limiter_fini(struct limiter *l); /* forgets who waits */
/* true: go now. false: w is queued and go is called later, from the loop.
 * Either way a slot is then taken until limiter_release. */
bool limiter_take(struct limiter *l, struct limiter_wait *w,
    void (*go)(void *arg), void *arg);
void limiter_release(struct limiter *l);
void limiter_cancel(struct limiter *l, struct limiter_wait *w);
/* Nobody goes for delay_us from now (an earlier, longer hold stays). */
void limiter_hold(struct limiter *l, int64_t delay_us);

#endif
