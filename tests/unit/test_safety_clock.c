/*
 * Clocks that somebody sets, by hours and in either direction, in the middle of
 * everything: what waits goes on in its time, nothing is done twice, and the
 * conditions keep times that can be read.
 */
#include <stdio.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

#define HOURS (3600 * LOOP_S)

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 20000, .os_boot_ms = 10000
};

static const int64_t skews[] = { 5 * HOURS, -5 * HOURS };

static struct rig *
fresh(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.machine = "release: {gracefulSeconds: 60}" };

	return rig_new(&o);
}

static void
set(struct rig *r, int64_t skew_us)
{
	stage_agent_clock(r->s, 0, skew_us);
}

static void
times_are_sane(struct rig *r, const char *row)
{
	cJSON *h = rig_get(r, HOST, "bmc-000");
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(h, "status/conditions")) {
		int64_t at;

		CHECK_ROW(
		    rfc3339_parse(json_str(c, "lastTransitionTime", ""), &at),
		    row);
	}
	cJSON_Delete(h);
}

/* At any moment of a provision: it takes as long as ever, and boots once. */
static void
a_provision_goes_on(void)
{
	for (size_t k = 0; k < 2; k++)
		for (int64_t at = 0; at < 60 * LOOP_S; at += 7 * LOOP_S) {
			struct rig *r = fresh();
			char row[64];

			(void)str_format(row, sizeof(row), "%+d h after %d s",
			    (int)(skews[k] / HOURS), (int)(at / LOOP_S));
			rig_machine(r, "m1");
			rig_run(r, at);
			set(r, skews[k]);
			CHECK_ROW(rig_provisioned(r, "m1", 3 * LOOP_MIN), row);
			CHECK_ROW(r->bmc[0].loads == 1, row);
			CHECK_ROW(r->bmc[0].ons == 2, row);
			CHECK_ROW(r->bmc[0].arms == 1, row);
			times_are_sane(r, row);
			rig_free(r);
		}
}

/* The OS has its sixty seconds, and no more than a little over that. */
static void
a_release_goes_on(void)
{
	for (size_t k = 0; k < 2; k++)
		for (int64_t at = 0; at < 80 * LOOP_S; at += 20 * LOOP_S) {
			struct rig *r = fresh();
			char row[64];

			(void)str_format(row, sizeof(row), "%+d h after %d s",
			    (int)(skews[k] / HOURS), (int)(at / LOOP_S));
			rig_machine(r, "m1");
			CHECK_ROW(rig_provisioned(r, "m1", 3 * LOOP_MIN), row);
			rig_run(r, 2 * LOOP_MIN);
			rig_bmc_do(r, "bmc-000", "faults",
			    "{\"action\":\"shutdown-ignored\"}");
			rig_delete(r, MACHINES, "m1");
			rig_run(r, at);
			set(r, skews[k]);
			CHECK_ROW(rig_released(r, "m1", 3 * LOOP_MIN), row);
			CHECK_ROW(r->bmc[0].graceful == 1, row);
			CHECK_ROW(r->bmc[0].forced == 1, row);
			rig_free(r);
		}
}

static void
a_soft_reboot_keeps_its_time(void)
{
	for (size_t k = 0; k < 2; k++) {
		struct rig *r = fresh();
		struct rig_bmc was;

		rig_machine(r, "m1");
		CU_ASSERT_TRUE(rig_provisioned(r, "m1", 3 * LOOP_MIN));
		rig_run(r, 2 * LOOP_MIN);
		was = r->bmc[0];
		rig_bmc_do(r, "bmc-000", "faults",
		    "{\"action\":\"shutdown-ignored\"}");
		rig_annotate(r, "bmc-000", AX "/reboot", "soft");
		rig_run(r, 10 * LOOP_S);
		set(r, skews[k]);
		rig_run(r, 40 * LOOP_S);
		CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 1);
		rig_run(r, 30 * LOOP_S);
		CU_ASSERT_EQUAL(r->bmc[0].restarts, was.restarts + 2);
		rig_free(r);
	}
}

/* At rest a clock that is set makes no one busy; a BMC that is silent is asked as
 * often as before, and found again as soon. */
static void
rest_stays_rest_and_backoff_stays_backoff(void)
{
	unsigned asked[3];

	for (size_t k = 0; k < 3; k++) {
		struct rig *r = fresh();
		unsigned was, commits;

		rig_machine(r, "m1");
		CU_ASSERT_TRUE(rig_provisioned(r, "m1", 3 * LOOP_MIN));
		rig_run(r, 10 * LOOP_MIN);
		commits = r->commits;
		if (k > 0)
			set(r, skews[k - 1]);
		rig_run(r, 30 * LOOP_MIN);
		CU_ASSERT_EQUAL(r->commits, commits);
		if (k > 0)
			set(r, 0);
		rig_bmc_do(r, "bmc-000", "faults",
		    "{\"action\":\"status\",\"status\":503}");
		rig_run(r, 5 * LOOP_MIN);
		was = r->bmc[0].requests;
		if (k > 0)
			set(r, skews[k - 1]);
		rig_run(r, 60 * LOOP_MIN);
		asked[k] = r->bmc[0].requests - was;
		rig_heal(r, "bmc-000");
		CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000",
		    "?RedfishConnectionReady", "True", 6 * LOOP_MIN));
		CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
		rig_free(r);
	}
	CU_ASSERT_EQUAL(asked[1], asked[0]);
	CU_ASSERT_EQUAL(asked[2], asked[0]);
}

/* A refused password is not tried more often because a clock was set. */
static void
a_refused_login_is_not_repeated_sooner(void)
{
	unsigned tried[3];

	for (size_t k = 0; k < 3; k++) {
		struct rig *r = fresh();

		rig_bmc_do(r, "bmc-000", "password",
		    "{\"password\":\"another\",\"endSessions\":true}");
		rig_run(r, 10 * LOOP_MIN);
		if (k > 0)
			set(r, skews[k - 1]);
		rig_run(r, 90 * LOOP_MIN);
		tried[k] = r->bmc[0].login_failures;
		rig_free(r);
	}
	CU_ASSERT_TRUE(tried[1] <= tried[0] && tried[2] <= tried[0]);
	CU_ASSERT_TRUE(tried[0] > 0);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a provision goes on", a_provision_goes_on },
		{ "a release goes on", a_release_goes_on },
		{ "a soft reboot keeps its time",
		    a_soft_reboot_keeps_its_time },
		{ "rest stays rest, and backoff stays backoff",
		    rest_stays_rest_and_backoff_stays_backoff },
		{ "a refused login is not repeated sooner",
		    a_refused_login_is_not_repeated_sooner },
	};

	return RIG_CASES("safety-clock", cases);
}
