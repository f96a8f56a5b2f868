/* The real loop: libevent waits; timers and deferred calls are loop_core's. */
#include "common/loop_event.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "common/loop_core.h"
#include "common/mem.h"

/* Timers before I/O when both are ready, as in the virtual loop. */
enum {
	PRIO_TIMERS,
	PRIO_IO,
	PRIO_COUNT
};

struct loop_signal {
	struct event_loop *owner; /* borrowed */
	struct event *ev;         /* owned */
	int signum;
	loop_fn *fn;
	void *arg;
	struct loop_signal *next; /* owned */
};

struct event_loop {
	struct loop core; /* first member: struct loop * is cast */
	struct event_base *base;
	struct event *alarm; /* the earliest timer */
	struct loop_signal *signals;
	void *attached; /* given back by the function below */
	void (*attached_free)(void *p);
	int64_t now_us;
	uint64_t seq;
	bool stop, entered;
};

static int64_t
clock_us(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		abort();
	return (int64_t)t.tv_sec * LOOP_S + t.tv_nsec / 1000;
}

static int64_t
event_wall_us(const struct loop *l)
{
	(void)l;
	return clock_us(CLOCK_REALTIME);
}

static int64_t
event_clock_us(const struct loop *l)
{
	(void)l;
	return clock_us(CLOCK_BOOTTIME);
}

static struct event_loop *
event_loop_of(struct loop *l)
{
	return (struct event_loop *)(void *)l;
}

/* Later than that is no scheduling delay. */
#define STALL_US (LOOP_S / 4)

/* A turn begins later than its timers and the turn before had it begin. */
static void
note_stall(struct event_loop *el, int64_t now)
{
	int64_t due = now, since = el->now_us;
	uint64_t seq;

	if (loop_core_next(&el->core, &due, &seq) && due > since)
		since = due;
	if (due < now && now - since > STALL_US)
		el->core.stalled_us += now - since;
}

void
loop_event_enter(struct loop *l)
{
	struct event_loop *el = event_loop_of(l);
	int64_t now;

	if (el->entered)
		return;
	el->entered = true;
	/* Leases end while a machine is suspended, so this clock must run. */
	now = clock_us(CLOCK_BOOTTIME);
	note_stall(el, now);
	if (now > el->now_us)
		el->now_us = now;
}

static void
alarm_cb(evutil_socket_t fd, short what, void *arg)
{
	struct event_loop *el = arg;

	(void)fd;
	(void)what;
	loop_event_enter(&el->core);
	loop_core_timers(&el->core);
}

struct loop *
loop_event_new(void)
{
	static const struct loop_ops ops = { .wall_us = event_wall_us,
		.clock_us = event_clock_us };
	struct event_loop *el = xcalloc(1, sizeof *el);
	struct event_config *conf = event_config_new();

	/* epoll alone rounds to milliseconds. */
	if (conf)
		event_config_set_flag(conf, EVENT_BASE_FLAG_PRECISE_TIMER);
	el->base = conf ? event_base_new_with_config(conf) : NULL;
	if (!el->base || event_base_priority_init(el->base, PRIO_COUNT) != 0) {
		fputs("loop: libevent gives no event base\n", stderr);
		abort();
	}
	event_config_free(conf);
	el->alarm = event_new(el->base, -1, 0, alarm_cb, el);
	if (!el->alarm || event_priority_set(el->alarm, PRIO_TIMERS) != 0)
		abort();
	el->now_us = clock_us(CLOCK_BOOTTIME);
	loop_core_init(&el->core, &ops, &el->now_us, &el->seq);
	/* A peer that closed is an error of one write, not of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	return &el->core;
}

struct event_base *
loop_event_base(struct loop *l)
{
	return event_loop_of(l)->base;
}

static void
set_alarm(struct event_loop *el)
{
	int64_t at, wait;
	uint64_t seq;
	struct timeval tv;

	if (!loop_core_next(&el->core, &at, &seq)) {
		(void)event_del(el->alarm);
		return;
	}
	wait = at - clock_us(CLOCK_BOOTTIME);
	if (wait < 0)
		wait = 0;
	/* libevent refuses times past the end of its clock. */
	if (wait > 24 * LOOP_HOUR)
		wait = 24 * LOOP_HOUR;
	tv.tv_sec = (time_t)(wait / LOOP_S);
	tv.tv_usec = (suseconds_t)(wait % LOOP_S);
	(void)event_add(el->alarm, &tv);
}

static void
turn(struct event_loop *el)
{
	int64_t busy;
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	el->entered = false;
	set_alarm(el);
	if (loop_core_has_deferred(&el->core)) {
		flags |= EVLOOP_NONBLOCK;
		loop_event_enter(&el->core);
	}
	(void)event_base_loop(el->base, flags);
	loop_event_enter(&el->core);
	loop_core_deferred(&el->core);
	busy = clock_us(CLOCK_BOOTTIME) - el->now_us;
	if (busy > el->core.max_turn_us)
		el->core.max_turn_us = busy;
}

void
loop_run(struct loop *l)
{
	struct event_loop *el = event_loop_of(l);

	while (!el->stop)
		turn(el);
	el->stop = false;
}

void
loop_stop(struct loop *l)
{
	struct event_loop *el = event_loop_of(l);

	el->stop = true;
	(void)event_base_loopbreak(el->base);
}

static void
signal_cb(evutil_socket_t signum, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)signum;
	(void)what;
	loop_event_enter(&s->owner->core);
	s->fn(s->arg);
}

void
loop_on_signal(struct loop *l, int signum, loop_fn *fn, void *arg)
{
	struct event_loop *el = event_loop_of(l);
	struct loop_signal *s;

	for (s = el->signals; s; s = s->next)
		if (s->signum == signum)
			break;
	if (!s) {
		s = xcalloc(1, sizeof *s);
		s->owner = el;
		s->signum = signum;
		s->ev = evsignal_new(el->base, signum, signal_cb, s);
		if (!s->ev || event_add(s->ev, NULL) != 0)
			abort();
		s->next = el->signals;
		el->signals = s;
	}
	s->fn = fn;
	s->arg = arg;
}

struct loop_watch {
	struct event_loop *owner; /* borrowed */
	struct event *ev;         /* owned */
	loop_fn *fn;
	void *arg;
};

static void
watch_cb(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	loop_event_enter(&w->owner->core);
	w->fn(w->arg);
}

struct loop_watch *
loop_on_read(struct loop *l, int fd, loop_fn *fn, void *arg)
{
	struct event_loop *el = event_loop_of(l);
	struct loop_watch *w = xcalloc(1, sizeof *w);

	w->owner = el;
	w->fn = fn;
	w->arg = arg;
	w->ev = event_new(el->base, fd, EV_READ | EV_PERSIST, watch_cb, w);
	if (!w->ev || event_priority_set(w->ev, PRIO_IO) != 0 ||
	    event_add(w->ev, NULL) != 0)
		abort();
	return w;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	event_free(w->ev);
	xfree(w);
}

void
loop_event_attach(struct loop *l, void *p, void (*fn)(void *p))
{
	struct event_loop *el = event_loop_of(l);

	el->attached = p;
	el->attached_free = fn;
}

void *
loop_event_attached(struct loop *l)
{
	return event_loop_of(l)->attached;
}

/* Callbacks that libevent has queued hold memory until they run. */
static void
run_leftovers(struct event_loop *el)
{
	for (int i = 0; i < 8; i++)
		(void)event_base_loop(el->base, EVLOOP_NONBLOCK);
}

void
loop_free(struct loop *l)
{
	struct event_loop *el = event_loop_of(l);

	if (!l)
		return;
	while (el->signals) {
		struct loop_signal *s = el->signals;

		el->signals = s->next;
		event_free(s->ev);
		xfree(s);
	}
	loop_core_fini(l);
	event_free(el->alarm);
	run_leftovers(el);
	if (el->attached_free)
		el->attached_free(el->attached);
	run_leftovers(el);
	event_base_free(el->base);
	xfree(el);
}
