/* Loops of worlds: freezing, killing, jumping over time, livelock. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/random.h"
#include "tests/unit/loop_rig.h"

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
	return UNIT_RUN("loop_world", cases);
}
