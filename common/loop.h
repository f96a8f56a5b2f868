/*
 * The loop seam: time and order. One loop a process, real or simulated;
 * nothing else tells the time.
 *
 * A turn is the same for both back ends: timers that are due, by (at_us, seq);
 * I/O in arrival order; then deferred calls until none is left. 100,000
 * callbacks while no time passes abort the process.
 */
#ifndef B7_LOOP_H
#define B7_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOP_MS 1000LL
#define LOOP_S 1000000LL
#define LOOP_MIN (60 * LOOP_S)
#define LOOP_HOUR (60 * LOOP_MIN)

/* A duration of some options, or its default where none was given. */
static inline int64_t
loop_or_us(int64_t us, int64_t dflt)
{
	return us > 0 ? us : dflt;
}

struct loop;
typedef void loop_fn(void *arg);

/* Embedded in its owner; all zero = idle; never allocates. */
struct timer {
	loop_fn *fn;
	void *arg;
	struct loop *loop;
	int64_t at_us;
	uint64_t seq;
	size_t heap_pos; /* 1-based; 0 = idle */
};
struct deferred {
	loop_fn *fn;
	void *arg;
	struct loop *loop;
	struct deferred *next, **prev; /* prev NULL = not queued */
};

/* Never goes back, fixed within a turn: every deadline and backoff. */
int64_t loop_mono_us(const struct loop *l);
/* The same clock, asked now: a turn may have lasted long, or the process slept
 * in it. For who must not act too late (leases); all else takes the above. */
int64_t loop_clock_us(const struct loop *l);
/* UTC; may jump, skewed per process: RFC 3339 text and certificates only. */
int64_t loop_wall_us(const struct loop *l);
/* One shot; re-arming moves it. Negative delays count as 0. */
void timer_start(
    struct loop *l, struct timer *t, int64_t delay_us, loop_fn *fn, void *arg);
void timer_stop(struct timer *t); /* idempotent, in any callback */
static inline bool
timer_armed(const struct timer *t)
{
	return t->heap_pos != 0;
}
/* End of this turn, first in first out; no-op if queued already. */
void loop_defer(struct loop *l, struct deferred *d, loop_fn *fn, void *arg);
void deferred_cancel(struct deferred *d);

/* Real loop (libevent): */
struct event_base;
struct loop *loop_event_new(void);
struct event_base *loop_event_base(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);
/* fn runs in the loop when the signal arrives. */
void loop_on_signal(struct loop *l, int signum, loop_fn *fn, void *arg);
/* fn runs in the loop whenever fd has something to read, or its end. */
struct loop_watch;
struct loop_watch *loop_on_read(struct loop *l, int fd, loop_fn *fn, void *arg);
void loop_watch_free(struct loop_watch *w); /* before fd closes; NULL is fine */
void loop_free(struct loop *l);
/* Longest turn so far and its reset, for /readyz and benches. */
int64_t loop_max_lag_us(struct loop *l, bool reset);
/* How long, all in all, it ran not at all: the process was stopped, the machine
 * suspended. What a peer sent meanwhile is not read yet, so a deadline that a
 * peer seems to have missed is judged without that time. */
int64_t loop_stalled_us(const struct loop *l);

#endif
