/*
 * The loop seam. Cases of shared behaviour run over both back ends; freezing,
 * killing and jumping over time exist in worlds only.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define MAX_TRACE 256

/* ---- a loop of either kind ------------------------------------------------ */

struct rig {
	struct world *w; /* NULL = the real loop */
	struct loop *l;
	struct timer stop;
	char trace[MAX_TRACE];
};

static void
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

static void
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
static void
stop_loop(void *arg)
{
	loop_stop(arg);
}
#endif

/* Runs for so long, which the tests keep to a few milliseconds. */
static void
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

static void
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

static void
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

static void
step_at(struct step *s, struct rig *r, char name, int64_t us)
{
	s->r = r;
	s->name = name;
	timer_start(r->l, &s->t, us, step_run, s);
}

static void
step_defer(struct step *s, struct rig *r, char name)
{
	s->r = r;
	s->name = name;
	loop_defer(r->l, &s->d, step_run, s);
}

/* ---- both back ends ------------------------------------------------------- */

static void
timers_run_by_time_then_by_arming(void)
{
	EACH_KIND(kind)
	{
		struct step s[5];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_at(&s[0], &r, 'c', 2000);
		step_at(&s[1], &r, 'a', 1000);
		step_at(&s[2], &r, 'd', 2000);
		step_at(&s[3], &r, 'b', 1000);
		step_at(&s[4], &r, '0', -5);
		rig_run(&r, 10 * LOOP_MS);
		CHECK_TEXT(r.trace, "0abcd");
		CU_ASSERT_FALSE(timer_armed(&s[0].t));
		rig_close(&r);
	}
}

static void
arming_again_moves_a_timer(void)
{
	EACH_KIND(kind)
	{
		struct step s[3];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_at(&s[0], &r, 'a', 1000);
		step_at(&s[1], &r, 'b', 2000);
		step_at(&s[2], &r, 'c', 3000);
		step_at(&s[0], &r, 'a', 4000);
		step_at(&s[2], &r, 'c', 0);
		rig_run(&r, 10 * LOOP_MS);
		CHECK_TEXT(r.trace, "cba");
		rig_close(&r);
	}
}

static void
a_timer_may_arm_itself_and_stop_others(void)
{
	EACH_KIND(kind)
	{
		struct step s[3];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_at(&s[0], &r, 'a', 1000);
		s[0].start = &s[0];
		s[0].delay_us = 4000;
		/* Due at the same time as 'a', which stops it. */
		step_at(&s[1], &r, 'x', 1000);
		s[0].stop = &s[1];
		step_at(&s[2], &r, 'z', 6000);
		s[2].stop = &s[0];
		rig_run(&r, 20 * LOOP_MS);
		CHECK_TEXT(r.trace, "aaz");
		timer_stop(&s[0].t);
		timer_stop(&s[0].t);
		rig_close(&r);
	}
}

static void
deferred_calls_run_in_order_after_the_timers(void)
{
	EACH_KIND(kind)
	{
		struct step s[6];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_at(&s[0], &r, 'a', 1000);
		step_at(&s[1], &r, 'b', 1000);
		s[2] = (struct step){ .r = &r, .name = '1' };
		s[3] = (struct step){ .r = &r, .name = '2' };
		s[4] = (struct step){ .r = &r, .name = '3' };
		s[0].defer = &s[2];
		s[1].defer = &s[3];
		s[2].defer = &s[4]; /* in the same turn, behind '2' */
		/* Armed with no delay by a deferred call: the next turn. */
		s[5] = (struct step){ .r = &r, .name = 't' };
		s[4].start = &s[5];
		rig_run(&r, 10 * LOOP_MS);
		CHECK_TEXT(r.trace, "ab123t");
		rig_close(&r);
	}
}

static void
a_timer_without_delay_waits_for_the_next_turn(void)
{
	EACH_KIND(kind)
	{
		struct step s[3];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_at(&s[0], &r, 'a', 1000);
		s[1] = (struct step){ .r = &r, .name = 't' };
		s[2] = (struct step){ .r = &r, .name = 'd' };
		s[0].start = &s[1];
		s[0].defer = &s[2];
		rig_run(&r, 10 * LOOP_MS);
		CHECK_TEXT(r.trace, "adt");
		rig_close(&r);
	}
}

static void
a_deferred_call_is_queued_once_and_can_be_cancelled(void)
{
	EACH_KIND(kind)
	{
		struct step s[4];
		struct rig r;

		memset(s, 0, sizeof(s));
		rig_open(&r, kind);
		step_defer(&s[0], &r, 'a');
		step_defer(&s[1], &r, 'b');
		step_defer(&s[2], &r, 'c');
		step_defer(&s[3], &r, 'd');
		step_defer(&s[0], &r, 'a');
		deferred_cancel(&s[1].d);
		deferred_cancel(&s[1].d);
		deferred_cancel(&s[3].d);
		step_defer(&s[1], &r, 'B');
		s[0].undefer = &s[2];
		rig_run(&r, 5 * LOOP_MS);
		CHECK_TEXT(r.trace, "aB");
		rig_close(&r);
	}
}

static void
time_stands_still_within_a_turn(void)
{
	EACH_KIND(kind)
	{
		int64_t before, after;
		struct rig r;

		rig_open(&r, kind);
		before = loop_mono_us(r.l);
		CU_ASSERT_EQUAL(loop_mono_us(r.l), before);
		struct step s = { .r = NULL };
		step_at(&s, &r, 'a', 3000);
		rig_run(&r, 6 * LOOP_MS);
		after = loop_mono_us(r.l);
		CU_ASSERT(after >= before + 3000);
		rig_close(&r);
	}
}

/* ---- worlds ---------------------------------------------------------------- */

static void
a_deferred_call_from_outside_runs_before_later_timers(void)
{
	struct step s[2];
	struct rig r;

	memset(s, 0, sizeof(s));
	rig_open(&r, false);
	step_at(&s[0], &r, 't', 1000);
	step_defer(&s[1], &r, 'd');
	CU_ASSERT_FALSE(world_run(r.w, 0, NULL, NULL));
	CHECK_TEXT(r.trace, "d");
	rig_run(&r, 2000);
	CHECK_TEXT(r.trace, "dt");
	rig_close(&r);
}

struct many {
	struct timer t;
	int64_t at_us;
	uint64_t order;
	struct many_state *state;
};
struct many_state {
	struct loop *l;
	int64_t last_us;
	uint64_t last_order;
	size_t ran;
	bool wrong;
};

static void
many_run(void *arg)
{
	struct many *m = arg;
	struct many_state *st = m->state;

	if (loop_mono_us(st->l) != m->at_us || m->at_us < st->last_us ||
	    (m->at_us == st->last_us && m->order < st->last_order))
		st->wrong = true;
	st->last_us = m->at_us;
	st->last_order = m->order;
	st->ran++;
}

static void
a_thousand_moved_timers_keep_their_order(void)
{
	enum {
		N = 1000
	};
	struct many *m = xcalloc(N, sizeof(*m));
	struct many_state st = { .last_us = -1 };
	uint64_t order = 0;
	size_t armed = 0;
	struct rng rng;
	struct rig r;

	rig_open(&r, false);
	st.l = r.l;
	rng_seed(&rng, 7, "heap");
	for (int i = 0; i < 20 * N; i++) {
		struct many *one = &m[rng_below(&rng, N)];

		one->state = &st;
		if (rng_below(&rng, 4) == 0) {
			timer_stop(&one->t);
			continue;
		}
		one->at_us = (int64_t)rng_below(&rng, 500);
		one->order = ++order;
		timer_start(r.l, &one->t, one->at_us, many_run, one);
	}
	for (int i = 0; i < N; i++)
		armed += timer_armed(&m[i].t);
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(st.wrong);
	CU_ASSERT_EQUAL(st.ran, armed);
	CU_ASSERT(armed > N / 2);
	rig_close(&r);
	xfree(m);
}

static void
processes_share_one_order_of_events(void)
{
	struct world *w = world_new(1);
	struct rig a = { .w = w }, b = { .w = w };
	struct step s[4];

	memset(s, 0, sizeof(s));
	a.l = world_spawn(w, "a", "10.0.0.1", 0);
	b.l = world_spawn(w, "b", "10.0.0.2", 0);
	/* Both write into a's trace. */
	step_at(&s[0], &b, '1', 1000);
	step_at(&s[1], &a, '2', 1000);
	step_at(&s[2], &b, '4', 3000);
	step_at(&s[3], &a, '3', 2000);
	for (int i = 0; i < 4; i++)
		s[i].r = &a;
	(void)world_run(w, LOOP_S, NULL, NULL);
	CHECK_TEXT(a.trace, "1234");
	world_free(w);
}

static void
a_frozen_process_runs_its_late_timers_in_order_when_thawed(void)
{
	struct step s[3];
	struct rig r;

	memset(s, 0, sizeof(s));
	rig_open(&r, false);
	step_at(&s[0], &r, 'b', 2000);
	step_at(&s[1], &r, 'a', 1000);
	step_at(&s[2], &r, 'c', 60 * LOOP_S);
	world_freeze(r.l, true);
	CU_ASSERT_FALSE(world_run(r.w, LOOP_S, NULL, NULL));
	CHECK_TEXT(r.trace, "");
	/* Time went on although nothing could run. */
	CU_ASSERT_EQUAL(world_now_us(r.w), LOOP_S);
	world_freeze(r.l, false);
	rig_run(&r, 1);
	CHECK_TEXT(r.trace, "ab");
	CU_ASSERT_EQUAL(loop_mono_us(r.l), LOOP_S + 1);
	rig_run(&r, 120 * LOOP_S);
	CHECK_TEXT(r.trace, "abc");
	rig_close(&r);
}

static void
a_killed_process_never_runs_again(void)
{
	struct step s[4];
	struct rig r;

	memset(s, 0, sizeof(s));
	rig_open(&r, false);
	step_at(&s[0], &r, 'a', 1000);
	step_defer(&s[1], &r, 'b');
	world_kill(r.l);
	CU_ASSERT_FALSE(timer_armed(&s[0].t));
	step_at(&s[2], &r, 'c', 1000);
	step_defer(&s[3], &r, 'd');
	CU_ASSERT_FALSE(timer_armed(&s[2].t));
	rig_run(&r, LOOP_S);
	CHECK_TEXT(r.trace, "");
	timer_stop(&s[0].t);
	deferred_cancel(&s[1].d);
	deferred_cancel(&s[3].d);
	world_kill(r.l);
	world_reap(r.l);
	/* What it left behind may be put away even later. */
	timer_stop(&s[0].t);
	deferred_cancel(&s[1].d);
	rig_close(&r);
}

static void
kill_self(void *arg)
{
	struct rig *r = arg;

	say(r, 'k');
	world_kill(r->l);
}

static void
a_process_may_die_in_its_own_callback(void)
{
	struct timer t = { .fn = NULL };
	struct step s[2];
	struct rig r;

	memset(s, 0, sizeof(s));
	rig_open(&r, false);
	timer_start(r.l, &t, 1000, kill_self, &r);
	step_at(&s[0], &r, 'x', 1000);
	step_at(&s[1], &r, 'y', 1001);
	rig_run(&r, LOOP_S);
	CHECK_TEXT(r.trace, "k");
	rig_close(&r);
}

static void
a_world_with_nothing_to_do_ends_early(void)
{
	struct step s = { .r = NULL };
	struct rig r;

	rig_open(&r, false);
	step_at(&s, &r, 'a', 1000);
	CU_ASSERT_FALSE(world_run(r.w, LOOP_HOUR, NULL, NULL));
	CU_ASSERT_EQUAL(world_now_us(r.w), 1000);
	rig_close(&r);
}

static bool
said_two(void *arg)
{
	return strlen(arg) == 2;
}

static void
a_run_stops_when_its_condition_holds(void)
{
	struct step s[3];
	char s_none[] = "";
	struct rig r;

	memset(s, 0, sizeof(s));
	rig_open(&r, false);
	step_at(&s[0], &r, 'a', 1000);
	step_at(&s[1], &r, 'b', 2000);
	step_at(&s[2], &r, 'c', 3000);
	CU_ASSERT_TRUE(world_run(r.w, LOOP_S, said_two, r.trace));
	CU_ASSERT_EQUAL(world_now_us(r.w), 2000);
	CU_ASSERT_FALSE(world_run(r.w, 2500, said_two, s_none));
	CU_ASSERT_EQUAL(world_now_us(r.w), 2500);
	rig_close(&r);
}

static void
wall_clocks_are_skewed_and_timers_are_not(void)
{
	struct world *w = world_new(1);
	struct loop *a = world_spawn(w, "a", "10.0.0.1", 0);
	struct loop *b = world_spawn(w, "b", "10.0.0.2", -90 * LOOP_S);

	CU_ASSERT_EQUAL(loop_wall_us(a), WORLD_EPOCH_S * LOOP_S);
	CU_ASSERT_EQUAL(loop_wall_us(a) - loop_wall_us(b), 90 * LOOP_S);
	CU_ASSERT_EQUAL(loop_mono_us(a), loop_mono_us(b));
	world_free(w);
}

/* ---- livelock --------------------------------------------------------------- */

static void
again_deferred(void *arg)
{
	struct step *s = arg;

	loop_defer(s->r->l, &s->d, again_deferred, s);
}

static void
again_timer(void *arg)
{
	struct step *s = arg;

	timer_start(s->r->l, &s->t, 0, again_timer, s);
}

static bool
aborts(loop_fn *fn)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		struct step s = { .r = NULL };
		struct rig r;

		(void)setrlimit(RLIMIT_CORE, &none);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		rig_open(&r, false);
		s.r = &r;
		timer_start(r.l, &s.t, 1000, fn, &s);
		rig_run(&r, LOOP_S);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
going_in_circles_while_no_time_passes_aborts(void)
{
	CU_ASSERT_TRUE(aborts(again_deferred));
	CU_ASSERT_TRUE(aborts(again_timer));
}

static void
count_down(void *arg)
{
	struct step *s = arg;

	if (--s->delay_us > 0)
		timer_start(s->r->l, &s->t, s->delay_us % 2, count_down, s);
}

static void
many_callbacks_over_time_are_no_livelock(void)
{
	struct step s = { .delay_us = 250000 };
	struct rig r;

	rig_open(&r, false);
	s.r = &r;
	timer_start(r.l, &s.t, 0, count_down, &s);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(s.delay_us, 0);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "timers run by time, then by arming",
	    timers_run_by_time_then_by_arming },
	{ "arming again moves a timer", arming_again_moves_a_timer },
	{ "a timer may arm itself and stop others",
	    a_timer_may_arm_itself_and_stop_others },
	{ "deferred calls run in order after the timers",
	    deferred_calls_run_in_order_after_the_timers },
	{ "a timer without delay waits for the next turn",
	    a_timer_without_delay_waits_for_the_next_turn },
	{ "a deferred call is queued once and can be cancelled",
	    a_deferred_call_is_queued_once_and_can_be_cancelled },
	{ "time stands still within a turn", time_stands_still_within_a_turn },
	{ "a deferred call from outside runs before later timers",
	    a_deferred_call_from_outside_runs_before_later_timers },
	{ "a thousand moved timers keep their order",
	    a_thousand_moved_timers_keep_their_order },
	{ "processes share one order of events",
	    processes_share_one_order_of_events },
	{ "a frozen process runs its late timers in order when thawed",
	    a_frozen_process_runs_its_late_timers_in_order_when_thawed },
	{ "a killed process never runs again",
	    a_killed_process_never_runs_again },
	{ "a process may die in its own callback",
	    a_process_may_die_in_its_own_callback },
	{ "a world with nothing to do ends early",
	    a_world_with_nothing_to_do_ends_early },
	{ "a run stops when its condition holds",
	    a_run_stops_when_its_condition_holds },
	{ "wall clocks are skewed and timers are not",
	    wall_clocks_are_skewed_and_timers_are_not },
	{ "going in circles while no time passes aborts",
	    going_in_circles_while_no_time_passes_aborts },
	{ "many callbacks over time are no livelock",
	    many_callbacks_over_time_are_no_livelock },
};

int
main(void)
{
	return UNIT_RUN("loop", cases);
}
