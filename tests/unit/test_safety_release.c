/*
 * SAFETY.md 6 and 8: a silent BMC moves nothing; a host is given back only off,
 * ejected and cleared, and by force only into Error.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static struct rig *
provisioned(const char *image, const char *kind, const char *more)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.image = image,
		.kind = kind,
		.machine = more };
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE_FATAL(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	return r;
}

static void
graceful_first_and_force_only_if_ignored(void)
{
	struct rig *r =
	    provisioned(NULL, NULL, "release: {gracefulSeconds: 60}");

	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 0);
	rig_clean(r, "bmc-000");
	rig_machine(r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 20 * LOOP_MIN));
	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"shutdown-ignored\"}");
	rig_delete(r, MACHINES, "m2");
	rig_run(r, 50 * LOOP_S);
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 2);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 0);
	CU_ASSERT_TRUE(rig_released(r, "m2", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 2);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 1);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* A reply that is lost is no refusal: the OS is going down. */
static void
a_lost_reply_to_the_shutdown_still_waits(void)
{
	struct rig *r =
	    provisioned(NULL, NULL, "release: {gracefulSeconds: 120}");

	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"lost-reply\",\"operation\":\"reset\",\"count\":1}");
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 0);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* A shutdown that the BMC refuses clearly is followed by force at once. */
static void
a_refused_shutdown_is_forced(void)
{
	struct rig *r =
	    provisioned(NULL, NULL, "release: {gracefulSeconds: 600}");

	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"status\",\"status\":400,\"operation\":\"reset\","
	    "\"count\":1}");
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_TRUE(r->bmc[0].graceful + r->bmc[0].forced <= 2);
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* Power that does not go off: asked again ever more rarely, never given back,
 * and told. */
static void
a_machine_that_stays_on_is_never_given_back(void)
{
	struct rig *r =
	    provisioned(NULL, NULL, "release: {gracefulSeconds: 10}");
	unsigned n;

	rig_bmc_do(r, "bmc-000", "faults",
	    "{\"action\":\"accepted-not-done\",\"operation\":\"reset\"}");
	rig_delete(r, MACHINES, "m1");
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "status/state", "Deprovisioning"));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "spec/consumerRef/name", "m1"));
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?Deleting.reason", "PoweringOff"));
	n = r->bmc[0].writes;
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(r->bmc[0].writes - n < 60);
	rig_heal(r, "bmc-000");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* Each of the release's writes fails for a while, in each way. */
static void
faults_in_a_release_delay_it_only(void)
{
	static const char *const ops[] = { "reset", "eject", "patch-boot" };
	static const char *const actions[] = { "\"lost-reply\"", "\"reset\"",
		"\"status\",\"status\":503", "\"accepted-not-done\"",
		"\"garbage\"" };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 5; k++) {
			struct rig *r = provisioned("live.iso", "Live",
			    "release: {gracefulSeconds: 20}");
			char rule[160];

			(void)str_format(rule, sizeof(rule),
			    "{\"action\":%s,\"operation\":\"%s\",\"count\":2}",
			    actions[k], ops[i]);
			rig_bmc_do(r, "bmc-000", "faults", rule);
			rig_delete(r, MACHINES, "m1");
			CHECK_ROW(rig_released(r, "m1", 20 * LOOP_MIN), rule);
			rig_clean(r, "bmc-000");
			rig_free(r);
		}
}

static void
a_dead_bmc_is_released_by_force_into_error(void)
{
	struct rig *r = provisioned("live.iso", "Live", NULL);
	char *claim = rig_record(r, "bmc-000", "claim");
	unsigned writes;

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	rig_delete(r, MACHINES, "m1");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", NULL, NULL));
	/* Of another claim: refused and removed. */
	rig_annotate(r, "bmc-000", AX "/force-release", "another");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(rig_event_count(r, "ForceReleaseRefused"), 1);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", NULL, NULL));
	rig_annotate(r, "bmc-000", AX "/force-release", claim);
	CU_ASSERT_TRUE(rig_released(r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(
	    r, HOST, "bmc-000", "status/state", "Error", 10 * LOOP_MIN));
	CU_ASSERT_EQUAL(rig_event_count(r, "ForceReleased"), 1);
	rig_heal(r, "bmc-000");
	writes = r->bmc[0].resets + r->bmc[0].ejects;
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "status/state", "Error"));
	CU_ASSERT_EQUAL(r->bmc[0].resets + r->bmc[0].ejects, writes);
	rig_machine(r, "m2");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m2", "?HostClaimed.reason", "NoHostAvailable"));
	rig_annotate(r, "bmc-000", AX "/retry", "yes");
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
	xfree(claim);
	rig_free(r);
}

/* ---- deletion of the host ------------------------------------------------------- */

static void
a_claimed_host_is_deleted_after_its_release(void)
{
	/* Before the claim begins, while it boots, once it is up. */
	static const int64_t when[] = { 7 * LOOP_S, 20 * LOOP_S,
		10 * LOOP_MIN };

	for (size_t i = 0; i < 3; i++) {
		struct rig_opts o = { .bmcs = 1, .timing = quick };
		struct rig *r = rig_new(&o);
		struct bmc_snapshot s;

		rig_machine(r, "m1");
		rig_run(r, when[i]);
		rig_delete(r, HOST, "bmc-000");
		rig_run(r, 10 * LOOP_MIN);
		CU_ASSERT_FALSE(rig_is(r, HOST, "bmc-000", NULL, NULL));
		rig_delete(r, MACHINES, "m1");
		CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
		CU_ASSERT_TRUE(
		    rig_wait(r, HOST, "bmc-000", NULL, NULL, 5 * LOOP_MIN));
		s = rig_snap(r, "bmc-000");
		CU_ASSERT_STRING_EQUAL(s.power, "Off");
		CU_ASSERT_FALSE(s.media_inserted);
		/* The finalizer on its Secret is gone as well. */
		CU_ASSERT_TRUE(rig_is(
		    r, "secrets", "bmc-000", "metadata/finalizers/0", NULL));
		rig_free(r);
	}
}

static void
an_idle_host_is_deleted_untouched(void)
{
	struct rig_opts o = { .bmcs = 2, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_bmc_do(r, "bmc-000", "power-button", NULL);
	rig_bmc_do(r, "bmc-001", "faults", "{\"action\":\"refuse\"}");
	rig_run(r, 5 * LOOP_MIN);
	rig_delete(r, HOST, "bmc-000");
	rig_delete(r, HOST, "bmc-001");
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", NULL, NULL, 5 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-001", NULL, NULL, 5 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].resets + r->bmc[1].resets, 0);
	CU_ASSERT_STRING_EQUAL(rig_snap(r, "bmc-000").power, "On");
	/* The same name again: a new life. The session that the refusing BMC
	 * did not let go has expired by then. */
	rig_heal(r, "bmc-001");
	rig_run(r, LOOP_HOUR);
	rig_hosts(r);
	CU_ASSERT_TRUE(rig_available(r, "bmc-001"));
	rig_free(r);
}

static void
a_host_replaced_at_once_is_seen_again(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	for (unsigned i = 0; i < 5; i++) {
		rig_patch(
		    r, HOST, "bmc-000", "{\"metadata\":{\"finalizers\":null}}");
		rig_delete(r, HOST, "bmc-000");
		rig_run(r, i * LOOP_MS);
		rig_hosts(r);
		CU_ASSERT_TRUE(rig_available(r, "bmc-000"));
	}
	rig_free(r);
}

/* ---- silence --------------------------------------------------------------------- */

/* Half an hour of silence, begun at a moment of a provision: the state stays,
 * nothing is spent, and it goes on afterwards. */
static void
silent_at(const char *fault, int64_t at_us)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.machine = "completion: {timeoutSeconds: 900}" };
	struct rig *r = rig_new(&o);
	char row[96], state[32], *attempt;
	cJSON *h;

	(void)str_format(row, sizeof(row), "%s at %lld ms", fault,
	    (long long)(at_us / LOOP_MS));
	rig_machine(r, "m1");
	rig_run(r, at_us);
	rig_bmc_do(r, "bmc-000", "faults", fault);
	rig_run(r, 2 * LOOP_MIN);
	h = rig_get(r, HOST, "bmc-000");
	(void)str_copy(state, sizeof(state), json_str(h, "status/state", ""));
	cJSON_Delete(h);
	rig_run(r, 28 * LOOP_MIN);
	CHECK_ROW(rig_is(r, HOST, "bmc-000", "status/state", state), row);
	CHECK_ROW(
	    rig_is(r, HOST, "bmc-000", "?RedfishConnectionReady", "False"),
	    row);
	rig_heal(r, "bmc-000");
	CHECK_ROW(rig_provisioned(r, "m1", 30 * LOOP_MIN), row);
	attempt = rig_record(r, "bmc-000", "attempt");
	CHECK_ROW(str_eq(attempt, "1"), row);
	CHECK_ROW(r->bmc[0].loads == 1, row);
	CHECK_ROW(r->bmc[0].restarts == 0, row);
	xfree(attempt);
	rig_free(r);
}

static void
silence_during_a_provision_spends_nothing(void)
{
	static const char *const faults[] = { "{\"action\":\"refuse\"}",
		"{\"action\":\"hang\"}" };

	for (size_t i = 0; i < 2; i++)
		for (int64_t ms = 2500; ms < 5500; ms += 250)
			silent_at(faults[i], ms * LOOP_MS);
	for (size_t i = 0; i < 2; i++)
		for (int64_t s = 6; s < 60; s += 9)
			silent_at(faults[i], s * LOOP_S);
}

static void
silence_of_a_provisioned_host_changes_its_health_only(void)
{
	struct rig *r = provisioned(NULL, NULL, NULL);
	unsigned resets = r->bmc[0].resets;

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"hang\"}");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostHealthy", "True"));
	rig_run(r, 25 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "status/state", "Provisioned"));
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m1", "?HostHealthy.reason", "BMCUnreachable"));
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	rig_heal(r, "bmc-000");
	rig_run(r, 15 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostHealthy", "True"));
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "?Ready", "True"));
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	/* Told twice, not at every look. */
	CU_ASSERT_TRUE(rig_event_count(r, "ConnectionFailed") <= 2);
	rig_free(r);
}

static void
silence_of_an_available_host_keeps_it_out_of_reach(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "status/state", "Available"));
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", "?Ready", "False"));
	rig_machine(r, "m1");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m1", "?HostClaimed.reason", "NoHostAvailable"));
	rig_heal(r, "bmc-000");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 30 * LOOP_MIN));
	rig_free(r);
}

static void
silence_during_a_release_delays_it(void)
{
	static const int64_t when[] = { 0, 2 * LOOP_S, 5 * LOOP_S };

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = provisioned("live.iso", "Live", NULL);

		rig_delete(r, MACHINES, "m1");
		rig_run(r, when[i]);
		rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"hang\"}");
		rig_run(r, 30 * LOOP_MIN);
		CU_ASSERT_FALSE(
		    rig_is(r, HOST, "bmc-000", "status/state", "Available"));
		CU_ASSERT_FALSE(
		    rig_is(r, HOST, "bmc-000", "status/state", "Error"));
		rig_heal(r, "bmc-000");
		CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
		rig_clean(r, "bmc-000");
		rig_free(r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "graceful first, and force only if ignored",
		    graceful_first_and_force_only_if_ignored },
		{ "a lost reply to the shutdown still waits",
		    a_lost_reply_to_the_shutdown_still_waits },
		{ "a refused shutdown is forced",
		    a_refused_shutdown_is_forced },
		{ "a machine that stays on is never given back",
		    a_machine_that_stays_on_is_never_given_back },
		{ "faults in a release delay it only",
		    faults_in_a_release_delay_it_only },
		{ "a dead BMC is released by force into Error",
		    a_dead_bmc_is_released_by_force_into_error },
		{ "a claimed host is deleted after its release",
		    a_claimed_host_is_deleted_after_its_release },
		{ "an idle host is deleted untouched",
		    an_idle_host_is_deleted_untouched },
		{ "a host replaced at once is seen again",
		    a_host_replaced_at_once_is_seen_again },
		{ "silence during a provision spends nothing",
		    silence_during_a_provision_spends_nothing },
		{ "silence of a Provisioned host changes its health only",
		    silence_of_a_provisioned_host_changes_its_health_only },
		{ "silence of an Available host keeps it out of reach",
		    silence_of_an_available_host_keeps_it_out_of_reach },
		{ "silence during a release delays it",
		    silence_during_a_release_delays_it },
	};

	return RIG_CASES("safety-release", cases);
}
