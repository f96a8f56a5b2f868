/*
 * AX/reboot and spec.online: the OS is asked first and forced by the deadline,
 * each order at most once, whatever the BMC offers and whoever dies meanwhile.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

#define ANN AX "/reboot"
#define ASK "metadata/annotations/" AX "~1reboot"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static struct rig *
up(const char *knobs)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.knobs = knobs,
		.machine = "release: {gracefulSeconds: 90}" };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	rig_run(r, 2 * LOOP_MIN); /* our own power-on is over */
	return r;
}

static void
deaf(struct rig *r)
{
	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"shutdown-ignored\"}");
}

static void
ask(struct rig *r, const char *value)
{
	rig_annotate(r, "bmc-000", ANN, value);
}

static bool
answered(struct rig *r, int64_t within_us)
{
	return rig_wait(r, HOST, "bmc-000", ASK, NULL, within_us);
}

static bool
on(struct rig *r)
{
	return str_eq(rig_snap(r, "bmc-000").power, "On");
}

/* What is left when the last one is over: no trace in the record. */
static void
settled(struct rig *r, const char *row)
{
	char *left = rig_record(r, "bmc-000", "reboot");
	char *by = rig_record(r, "bmc-000", "rebootBy");

	CHECK_ROW(left == NULL && by == NULL, row);
	xfree(left);
	xfree(by);
	CHECK_ROW(on(r), row);
	CHECK_ROW(
	    rig_is(r, HOST, "bmc-000", "status/state", "Provisioned"), row);
}

struct row {
	const char *name, *types, *ask;
	bool deaf;
	unsigned restarts, graceful, forced, ons; /* ordered of the BMC */
	unsigned told_forced;                     /* Events RebootForced */
};

#define ALL "ForceOff, GracefulShutdown, GracefulRestart, ForceRestart"

static const struct row rows[] = {
	{ "soft, obeyed", ALL, "soft", false, 1, 0, 0, 0, 0 },
	{ "soft, not heard", ALL, "soft", true, 2, 0, 0, 0, 1 },
	{ "no GracefulRestart", "ForceOff, GracefulShutdown, ForceRestart",
	    "soft", false, 0, 1, 0, 1, 0 },
	{ "no GracefulRestart, not heard",
	    "ForceOff, GracefulShutdown, ForceRestart", "soft", true, 0, 1, 1,
	    1, 1 },
	{ "nothing graceful", "ForceOff, ForceRestart", "soft", false, 1, 0, 0,
	    0, 1 },
	{ "no restart at all", "ForceOff", "soft", false, 0, 0, 1, 1, 1 },
	{ "hard", ALL, "hard", true, 1, 0, 0, 0, 0 },
	{ "hard, no ForceRestart", "ForceOff, GracefulShutdown", "hard", false,
	    0, 0, 1, 1, 0 },
};

static void
what_the_bmc_offers_decides_and_each_order_is_sent_once(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *w = &rows[i];
		/* A bare On is true in YAML. */
		char *knobs =
		    xasprintf("reset: {types: [\"On\", %s]}\n", w->types);
		struct rig_bmc was;
		struct rig *r;

		r = up(knobs);
		was = r->bmc[0];
		if (w->deaf)
			deaf(r);
		ask(r, w->ask);
		CHECK_ROW(answered(r, 10 * LOOP_MIN), w->name);
		rig_run(r, 5 * LOOP_MIN);
		CHECK_ROW(
		    r->bmc[0].restarts - was.restarts == w->restarts, w->name);
		CHECK_ROW(
		    r->bmc[0].graceful - was.graceful == w->graceful, w->name);
		CHECK_ROW(r->bmc[0].forced - was.forced == w->forced, w->name);
		CHECK_ROW(r->bmc[0].ons - was.ons == w->ons, w->name);
		CHECK_ROW(rig_event_count(r, "RebootForced") == w->told_forced,
		    w->name);
		CHECK_ROW(rig_event_count(r, "Rebooted") == 1, w->name);
		settled(r, w->name);
		rig_free(r);
		xfree(knobs);
	}
}

/* The deadline is the record's: not before it, not much after it, and the
 * order that the dead one sent is not sent again. */
static void
a_deadline_outlives_the_agent_that_set_it(void)
{
	struct rig *r = up(NULL);
	struct rig_bmc was = r->bmc[0];
	char *by;

	deaf(r);
	ask(r, "soft");
	rig_run(r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 1);
	by = rig_record(r, "bmc-000", "rebootBy");
	CU_ASSERT_PTR_NOT_NULL(by);
	xfree(by);
	rig_kill(r);
	rig_run(r, 30 * LOOP_S);
	rig_agent(r);
	rig_run(r, 30 * LOOP_S); /* 80 of 90 s */
	CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 1);
	rig_run(r, 30 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 2);
	CU_ASSERT_TRUE(answered(r, 2 * LOOP_MIN));
	settled(r, "taken over");
	rig_free(r);
}

static void
what_is_taken_back_is_not_forced(void)
{
	static const char *const others[] = { NULL, "never mind" };

	for (size_t i = 0; i < 2; i++) {
		struct rig *r = up(NULL);
		struct rig_bmc was = r->bmc[0];

		deaf(r);
		ask(r, "soft");
		rig_run(r, 20 * LOOP_S);
		ask(r, others[i]);
		rig_run(r, 20 * LOOP_MIN);
		CU_ASSERT_EQUAL(r->bmc[0].resets, was.resets + 1);
		CU_ASSERT_EQUAL(rig_event_count(r, "RebootWithdrawn"), 1);
		CU_ASSERT_TRUE(answered(r, LOOP_S));
		settled(r, "withdrawn");
		rig_free(r);
	}
}

/* Impatience: hard while the OS is being waited for. */
static void
soft_may_become_hard_at_once(void)
{
	struct rig *r = up(NULL);
	struct rig_bmc was = r->bmc[0];

	deaf(r);
	ask(r, "soft");
	rig_run(r, 10 * LOOP_S);
	ask(r, "hard");
	rig_run(r, 40 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 2);
	CU_ASSERT_TRUE(answered(r, LOOP_MIN));
	rig_free(r);
}

/* What never goes off is given up, with an Event, and left on. */
static void
a_server_that_does_not_go_off_is_given_up(void)
{
	struct rig *r = up("reset: {types: [\"On\", ForceOff]}\n");
	struct rig_bmc was = r->bmc[0];

	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"accepted-not-done\",\"operation\":\"reset\"}");
	ask(r, "soft");
	CU_ASSERT_TRUE(answered(r, 20 * LOOP_MIN));
	rig_run(r, LOOP_S);
	CU_ASSERT_EQUAL(rig_event_count(r, "RebootFailed"), 1);
	CU_ASSERT_TRUE(r->bmc[0].resets - was.resets <= 8);
	settled(r, "stuck");
	was = r->bmc[0];
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, was.resets);
	rig_free(r);
}

/* The machine goes in the middle: it is released as ever. */
static void
a_release_takes_over(void)
{
	struct rig *r = up(NULL);

	deaf(r);
	ask(r, "soft");
	rig_run(r, 20 * LOOP_S);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* Nothing is written while it is in maintenance; afterwards it goes on. */
static void
maintenance_holds_it(void)
{
	struct rig *r = up(NULL);
	struct rig_bmc was;

	deaf(r);
	ask(r, "soft");
	rig_run(r, 20 * LOOP_S);
	was = r->bmc[0];
	rig_patch(r, HOST, "bmc-000",
	    "{\"spec\":{\"maintenance\":{\"reason\":\"fan\"}}}");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].writes, was.writes);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", ASK, "soft"));
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"maintenance\":null}}");
	CU_ASSERT_TRUE(answered(r, 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 1);
	settled(r, "after maintenance");
	rig_free(r);
}

/* An unclaimed server whose OS hangs; agents die all the time. */
static void
off_comes_by_force_whoever_is_there(void)
{
	static const struct bmc_override running = { .bmc = "bmc-000",
		.powered_on = true };
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.overrides = &running,
		.n_overrides = 1 };
	struct rig *r = rig_new(&o);

	rig_run(r, 2 * LOOP_MIN);
	deaf(r);
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":false}}");
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	for (int i = 0; i < 4; i++) {
		rig_kill(r);
		rig_run(r, 2 * LOOP_S);
		rig_agent(r);
		rig_run(r, 20 * LOOP_S);
	}
	CU_ASSERT_EQUAL(r->bmc[0].resets, 1); /* 98 s */
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Available", 2 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 1);
	CU_ASSERT_EQUAL(rig_event_count(r, "PowerForcedOff"), 1);
	rig_free(r);
}

/* Wanted off, taken back, wanted off again: asked again, not forced at once. */
static void
a_new_intent_asks_anew(void)
{
	static const struct bmc_override running = { .bmc = "bmc-000",
		.powered_on = true };
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.overrides = &running,
		.n_overrides = 1 };
	struct rig *r = rig_new(&o);

	rig_run(r, 2 * LOOP_MIN);
	deaf(r);
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":false}}");
	rig_run(r, 20 * LOOP_S);
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":null}}");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, 1);
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":false}}");
	rig_run(r, 60 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 2);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 0);
	rig_heal(r, "bmc-000");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 1);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "what the BMC offers decides, and each order is sent once",
		    what_the_bmc_offers_decides_and_each_order_is_sent_once },
		{ "a deadline outlives the agent that set it",
		    a_deadline_outlives_the_agent_that_set_it },
		{ "what is taken back is not forced",
		    what_is_taken_back_is_not_forced },
		{ "soft may become hard at once",
		    soft_may_become_hard_at_once },
		{ "a server that does not go off is given up",
		    a_server_that_does_not_go_off_is_given_up },
		{ "a release takes over", a_release_takes_over },
		{ "maintenance holds it", maintenance_holds_it },
		{ "Off comes by force, whoever is there",
		    off_comes_by_force_whoever_is_there },
		{ "a new intent asks anew", a_new_intent_asks_anew },
	};

	return RIG_CASES("safety-reboot", cases);
}
