/* A loop of either back end, and steps that leave a trace when they run. */
#ifndef B7_TESTS_LOOP_RIG_H
#define B7_TESTS_LOOP_RIG_H

#include <stdint.h>
#include <string.h>

#include "common/loop.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define MAX_TRACE 256

struct rig {
	struct world *w; /* NULL = the real loop */
	struct loop *l;
	struct timer stop;
	char trace[MAX_TRACE];
};

static inline void
rig_open(struct rig *r, bool real)
{
	memset(r, 0, sizeof(*r));
#ifdef HAVE_LOOP_EVENT
	if (real) {
		r->l = loop_event_new();
		return;
	}
#endif
	(void)real;
	r->w = world_new(1);
	r->l = world_spawn(r->w, "p", "127.0.0.1", 0);
}

static inline void
rig_close(struct rig *r)
{
	if (r->w)
		world_free(r->w);
#ifdef HAVE_LOOP_EVENT
	else
		loop_free(r->l);
#endif
}

#ifdef HAVE_LOOP_EVENT
static inline void
stop_loop(void *arg)
{
	loop_stop(arg);
}
#endif

/* Runs for so long, which the tests keep to a few milliseconds. */
static inline void
rig_run(struct rig *r, int64_t us)
{
	if (r->w) {
		(void)world_run(r->w, world_now_us(r->w) + us, NULL, NULL);
		return;
	}
#ifdef HAVE_LOOP_EVENT
	timer_start(r->l, &r->stop, us, stop_loop, r->l);
	loop_run(r->l);
#endif
}

#ifdef HAVE_LOOP_EVENT
#define KINDS 2
#else
#define KINDS 1
#endif
#define EACH_KIND(kind) for (int kind = 0; kind < KINDS; kind++)

static inline void
say(struct rig *r, char c)
{
	size_t n = strlen(r->trace);

	CU_ASSERT_FATAL(n + 1 < sizeof(r->trace));
	r->trace[n] = c;
	r->trace[n + 1] = '\0';
}

struct step {
	struct rig *r;
	char name;
	struct timer t;
	struct deferred d;
	/* What it does when it runs. */
	struct step *start, *stop, *defer, *undefer;
	int64_t delay_us;
};

static inline void
step_run(void *arg)
{
	struct step *s = arg;

	say(s->r, s->name);
	if (s->start)
		timer_start(
		    s->r->l, &s->start->t, s->delay_us, step_run, s->start);
	if (s->stop)
		timer_stop(&s->stop->t);
	if (s->defer)
		loop_defer(s->r->l, &s->defer->d, step_run, s->defer);
	if (s->undefer)
		deferred_cancel(&s->undefer->d);
}

static inline void
step_at(struct step *s, struct rig *r, char name, int64_t us)
{
	s->r = r;
	s->name = name;
	timer_start(r->l, &s->t, us, step_run, s);
}

static inline void
step_defer(struct step *s, struct rig *r, char name)
{
	s->r = r;
	s->name = name;
	loop_defer(r->l, &s->d, step_run, s);
}

#endif
