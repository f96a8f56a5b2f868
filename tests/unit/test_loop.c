/* The loop seam: what both back ends do, and how their clocks behave. */
#include "tests/unit/loop_rig.h"

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
		s[0].delay_us = 40000;
		/* Due at the same time as 'a', which stops it. */
		step_at(&s[1], &r, 'x', 1000);
		s[0].stop = &s[1];
		/* Between the second 'a' and the third, far from both: a
		 * real loop may be late. */
		step_at(&s[2], &r, 'z', 60000);
		s[2].stop = &s[0];
		rig_run(&r, 120 * LOOP_MS);
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
};

int
main(void)
{
	return UNIT_RUN("loop", cases);
}
