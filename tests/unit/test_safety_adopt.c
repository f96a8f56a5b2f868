/*
 * Adoption against SAFETY.md 3: a stranger's server becomes ours only where the
 * machine and the host both say so, and nothing is done to it for that.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

#define ANN AX "/adopt"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

/* Two hosts that run somebody's system, and a machine that names the first. */
static struct rig *
running(const char *provider_id)
{
	static const struct bmc_override on[] = {
		{ .bmc = "bmc-000",
		    .powered_on = true,
		    .disk_image = "theirs" },
		{ .bmc = "bmc-001",
		    .powered_on = true,
		    .disk_image = "theirs" },
	};
	struct rig_opts o = {
		.bmcs = 2, .timing = quick, .overrides = on, .n_overrides = 2
	};
	struct rig *r;
	char spec[80];

	(void)str_format(spec, sizeof(spec), "providerID: \"%s\"", provider_id);
	o.machine = spec;
	r = rig_new(&o);
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?HostAvailable.reason",
	    "PoweredOn", 2 * LOOP_MIN));
	rig_machine(r, "m1");
	r->o.machine = NULL;
	return r;
}

static bool
untouched(struct rig *r)
{
	return r->bmc[0].resets + r->bmc[0].arms + r->bmc[0].inserts +
		   r->bmc[0].ejects + r->bmc[1].resets ==
	       0;
}

static bool
adopted(struct rig *r, int64_t within_us)
{
	return rig_wait(r, HOST, "bmc-000", "status/state", "Provisioned",
		   within_us) &&
	       rig_wait(r, B7M, "m1", "?HostProvisioned", "True", LOOP_MIN);
}

static void
both_sides_have_to_agree(void)
{
	struct rig *r = running("b7://default/bmc-000");
	char host[64];

	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m1", host), "");
	rig_annotate(r, "bmc-000", ANN, "another");
	rig_annotate(r, "bmc-001", ANN, "m1"); /* not the one it names */
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m1", host), "");
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostHealthy.reason", "HostLost"));
	rig_annotate(r, "bmc-000", ANN, "m1");
	CU_ASSERT_TRUE(adopted(r, 2 * LOOP_MIN));
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m1", host), "bmc-000");
	CU_ASSERT_TRUE(untouched(r));
	CU_ASSERT_EQUAL(rig_event_count(r, "Adopted"), 1);
	rig_run(r, 24 * 60 * LOOP_MIN);
	CU_ASSERT_TRUE(untouched(r));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	rig_free(r);
}

static void
a_provider_id_of_no_host_adopts_nothing(void)
{
	static const char *const ids[] = { "b7://default/bmc-009",
		"b7://elsewhere/bmc-000" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		struct rig *r = running(ids[i]);
		char host[64];

		rig_annotate(r, "bmc-000", ANN, "m1");
		rig_run(r, 10 * LOOP_MIN);
		CHECK_ROW(*rig_host_of(r, "m1", host) == '\0', ids[i]);
		CHECK_ROW(untouched(r), ids[i]);
		rig_free(r);
	}
}

static void
in_maintenance_or_paused_it_waits(void)
{
	struct rig *r = running("b7://default/bmc-000");
	char host[64];

	rig_patch(r, HOST, "bmc-000",
	    "{\"spec\":{\"maintenance\":{\"reason\":\"x\"}}}");
	rig_annotate(r, "bmc-000", ANN, "m1");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m1", host), "");
	rig_annotate(r, "bmc-000", "cluster.x-k8s.io/paused", "");
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"maintenance\":null}}");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m1", host), "");
	rig_annotate(r, "bmc-000", "cluster.x-k8s.io/paused", NULL);
	CU_ASSERT_TRUE(adopted(r, 5 * LOOP_MIN));
	CU_ASSERT_TRUE(untouched(r));
	rig_free(r);
}

/* Nothing runs there: it is neither imaged nor switched on nor taken for
 * provisioned, until somebody switches it on. */
static void
one_that_is_off_is_waited_for(void)
{
	struct rig *r = running("b7://default/bmc-000");

	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_run(r, 2 * LOOP_MIN);
	rig_annotate(r, "bmc-000", ANN, "m1");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(untouched(r));
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	rig_bmc_do(r, "bmc-000", "power-button", "{}");
	CU_ASSERT_TRUE(adopted(r, 10 * LOOP_MIN));
	CU_ASSERT_TRUE(untouched(r));
	rig_free(r);
}

/* The consent is taken back after the claim: no image is ever written. */
static void
consent_that_is_withdrawn_leaves_it_alone(void)
{
	struct rig *r = running("b7://default/bmc-000");

	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_run(r, 2 * LOOP_MIN);
	rig_annotate(r, "bmc-000", ANN, "m1");
	rig_run(r, 5 * LOOP_MIN);
	rig_annotate(r, "bmc-000", ANN, NULL);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(untouched(r));
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostProvisioned", "True"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	CU_ASSERT_TRUE(untouched(r));
	rig_free(r);
}

/* A host that is on offer for adoption goes to no other machine. */
static void
an_offer_is_for_one_machine(void)
{
	struct rig *r = running("b7://default/bmc-000");
	char host[64];

	rig_bmc_do(r, "bmc-001", "power-button", "{\"hold\":true}");
	rig_annotate(r, "bmc-001", ANN, "m7");
	rig_run(r, 5 * LOOP_MIN);
	rig_machine(r, "m2");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m2", host), "");
	rig_annotate(r, "bmc-001", ANN, NULL);
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
	rig_annotate(r, "bmc-001", ANN, "m1"); /* too late */
	rig_run(r, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(rig_event_count(r, "AdoptionRefused"), 1);
	CU_ASSERT_STRING_EQUAL(rig_host_of(r, "m2", host), "bmc-001");
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(both_sides_have_to_agree),
		UNIT_CASE(a_provider_id_of_no_host_adopts_nothing),
		UNIT_CASE(in_maintenance_or_paused_it_waits),
		UNIT_CASE(one_that_is_off_is_waited_for),
		UNIT_CASE(consent_that_is_withdrawn_leaves_it_alone),
		UNIT_CASE(an_offer_is_for_one_machine),
	};

	return RIG_CASES("safety-adopt", cases);
}
