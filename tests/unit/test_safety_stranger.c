/*
 * SAFETY.md 3 and 4: a stranger's server, and who a host is.
 */
#include "tests/unit/safety_rig.h"

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static unsigned
touched(const struct rig *r, unsigned i)
{
	const struct rig_bmc *b = &r->bmc[i];

	return b->resets + b->arms + b->inserts + b->ejects;
}

/* ---- a stranger's server -------------------------------------------------------- */

static void
a_host_found_on_is_left_alone(void)
{
	static const struct bmc_override on = {
		.bmc = "bmc-000", .powered_on = true, .disk_image = "somebody"
	};
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .overrides = &on, .n_overrides = 1
	};
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "?HostAvailable.reason", "PoweredOn"));
	CU_ASSERT_TRUE(
	    rig_is(r, B7M, "m1", "?HostClaimed.reason", "NoHostAvailable"));
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	/* The user says that it is to be off; its OS obeys. */
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":false}}");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 30 * LOOP_MIN));
	CU_ASSERT_EQUAL(r->bmc[0].graceful, 1);
	CU_ASSERT_EQUAL(r->bmc[0].forced, 0);
	rig_free(r);
}

static void
a_host_found_on_joins_the_pool_once_it_is_off(void)
{
	static const struct bmc_override on = { .bmc = "bmc-000",
		.powered_on = true };
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .overrides = &on, .n_overrides = 1
	};
	struct rig *r = rig_new(&o);

	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_FALSE(
	    rig_is(r, HOST, "bmc-000", "status/state", "Available"));
	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_clean(r, "bmc-000");
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	rig_free(r);
}

/* An unclaimed host, and somebody plays with it. */
static void
an_available_host_that_is_switched_on_leaves_the_pool(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_bmc_do(r, "bmc-000", "power-button", NULL);
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(
	    r, HOST, "bmc-000", "?HostAvailable.reason", "UnexpectedPowerOn"));
	rig_machine(r, "m1");
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(
	    r, HOST, "bmc-000", "?HostAvailable.reason", "UnexpectedPowerOn"));
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 5 * LOOP_MIN));
	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_clean(r, "bmc-000");
	rig_free(r);
}

static void
online_switches_on_and_off(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);

	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":true}}");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_STRING_EQUAL(rig_snap(r, "bmc-000").power, "On");
	CU_ASSERT_EQUAL(r->bmc[0].ons, 1);
	rig_machine(r, "m1");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostClaimed", "True"));
	/* Left as it is: on, out of the pool, untouched. */
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":null}}");
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(touched(r, 0), 1);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostClaimed", "True"));
	rig_patch(r, HOST, "bmc-000", "{\"spec\":{\"online\":false}}");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 30 * LOOP_MIN));
	rig_free(r);
}

/* The button is pressed at any moment of a provision: no restart, no second
 * boot of the medium in an attempt, no server of others switched off, and it
 * converges once the server is off again. */
static void
button_at(int64_t at_us, bool release)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.machine = "completion: {timeoutSeconds: 600}" };
	struct rig *r = rig_new(&o);
	char row[64];

	(void)str_format(row, sizeof(row), "button at %lld ms%s",
	    (long long)(at_us / LOOP_MS), release ? ", then released" : "");
	rig_machine(r, "m1");
	rig_run(r, at_us);
	rig_bmc_do(r, "bmc-000", "power-button", NULL);
	rig_run(r, 5 * LOOP_MIN);
	CHECK_ROW(r->bmc[0].restarts == 0, row);
	CHECK_ROW(r->bmc[0].loads <= 2, row);
	if (!str_eq(rig_snap(r, "bmc-000").power, "Off") &&
	    !rig_is(r, B7M, "m1", "?HostProvisioned", "True"))
		rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	if (!release)
		rig_run(r, 60 * LOOP_MIN);
	rig_delete(r, MACHINES, "m1");
	CHECK_ROW(rig_released(r, "m1", 30 * LOOP_MIN), row);
	rig_run(r, 3 * LOOP_MIN);
	if (str_eq(rig_snap(r, "bmc-000").power, "On"))
		rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	if (rig_is(r, HOST, "bmc-000", "status/state", "Error"))
		rig_annotate(r, "bmc-000", AX "/retry", "yes");
	rig_clean(r, "bmc-000");
	CHECK_ROW(r->violations == 0, row);
	rig_free(r);
}

static void
the_power_button_at_any_moment(void)
{
	for (int64_t ms = 2000; ms < 7000; ms += 500)
		button_at(ms * LOOP_MS, ms % 1000 == 0);
	for (int64_t s = 7; s < 60; s += 7)
		button_at(s * LOOP_S, s % 2 == 0);
}

/* ---- identity --------------------------------------------------------------------- */

static void
two_hosts_on_one_bmc_are_not_claimable(void)
{
	struct rig_opts o = { .bmcs = 1, .timing = quick };
	struct rig *r = rig_new(&o);
	char address[128];

	bmc_address(bmc_fleet_get(stage_fleet(r->s), "bmc-000"), address, 128);
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: twin}\n"
	    "spec:\n"
	    "  redfishConnection:\n"
	    "    address: %s\n"
	    "    credentialsSecretRef: {name: bmc-000}\n"
	    "    insecureSkipVerify: true\n",
	    address);
	CU_ASSERT_TRUE(rig_wait(r, HOST, "twin", "?IdentityVerified.reason",
	    "IdentityConflict", 2 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?IdentityVerified.reason",
	    "IdentityConflict", 2 * LOOP_MIN));
	rig_machine(r, "m1");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?HostClaimed", "True"));
	CU_ASSERT_EQUAL(touched(r, 0), 0);
	rig_delete(r, HOST, "twin");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 30 * LOOP_MIN));
	/* Claimed now: a new twin does not disturb it. */
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: twin}\n"
	    "spec:\n"
	    "  redfishConnection:\n"
	    "    address: %s\n"
	    "    credentialsSecretRef: {name: bmc-000}\n"
	    "    insecureSkipVerify: true\n",
	    address);
	rig_run(r, 10 * LOOP_MIN);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 10 * LOOP_MIN));
	CU_ASSERT_STRING_EQUAL(rig_snap(r, "bmc-000").power, "Off");
	CU_ASSERT_FALSE(rig_is(r, HOST, "twin", "status/state", "Available"));
	rig_free(r);
}

static void
a_swapped_board_is_not_written_to(void)
{
	static const bool claimed[] = { false, true };

	for (size_t i = 0; i < 2; i++) {
		struct rig_opts o = { .bmcs = 1, .timing = quick };
		struct rig *r = rig_new(&o);
		struct bmc_snapshot s;
		unsigned before;

		if (claimed[i]) {
			rig_machine(r, "m1");
			CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
		}
		before = touched(r, 0);
		rig_bmc_do(r, "bmc-000", "swap-board", NULL);
		CU_ASSERT_TRUE(
		    rig_wait(r, HOST, "bmc-000", "?IdentityVerified.reason",
			"IdentityChanged", 5 * LOOP_MIN));
		rig_machine(r, "m2");
		if (claimed[i])
			rig_delete(r, MACHINES, "m1");
		rig_run(r, 30 * LOOP_MIN);
		CU_ASSERT_EQUAL(touched(r, 0), before);
		CU_ASSERT_FALSE(rig_is(r, B7M, "m2", "?HostClaimed", "True"));
		/* The wrong one is refused, the right one accepted. */
		rig_annotate(r, "bmc-000", AX "/accept-identity",
		    "11111111-2222-3333-4444-555555555555");
		rig_run(r, 5 * LOOP_MIN);
		CU_ASSERT_EQUAL(rig_event_count(r, "IdentityRefused"), 1);
		CU_ASSERT_EQUAL(touched(r, 0), before);
		s = rig_snap(r, "bmc-000");
		rig_annotate(r, "bmc-000", AX "/accept-identity", s.uuid);
		CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000", "?IdentityVerified",
		    "True", 5 * LOOP_MIN));
		if (claimed[i])
			CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
		CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
		rig_free(r);
	}
}

static void
placeholders_identify_nobody(void)
{
	static const struct bmc_override same[] = {
		{ .bmc = "bmc-000",
		    .uuid = "00000000-0000-0000-0000-000000000000",
		    .serial = "To be filled by O.E.M." },
		{ .bmc = "bmc-001",
		    .uuid = "00000000-0000-0000-0000-000000000000",
		    .serial = "To be filled by O.E.M." },
	};
	struct rig_opts o = {
		.bmcs = 2, .timing = quick, .overrides = same, .n_overrides = 2
	};
	struct rig *r = rig_new(&o);
	char *uuid;

	rig_clean(r, "bmc-000");
	rig_clean(r, "bmc-001");
	uuid = rig_record(r, "bmc-000", "uuid");
	CU_ASSERT_PTR_NULL(uuid);
	xfree(uuid);
	rig_machine(r, "m1");
	rig_machine(r, "m2");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 30 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_provisioned(r, "m2", 30 * LOOP_MIN));
	rig_free(r);
}

static void
a_changed_certificate_stops_everything(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = quick, .trust = "trustOnFirstUse: true"
	};
	struct rig *r = rig_new(&o);
	char *pin = rig_record(r, "bmc-000", "pin");
	unsigned logins;

	CU_ASSERT_PTR_NOT_NULL(pin);
	CU_ASSERT_TRUE(pin != NULL && strlen(pin) == 64);
	xfree(pin);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(rig_provisioned(r, "m1", 20 * LOOP_MIN));
	logins = r->bmc[0].logins;
	rig_bmc_do(r, "bmc-000", "certificate", NULL);
	rig_bmc_do(r, "bmc-000", "end-sessions", NULL);
	CU_ASSERT_TRUE(
	    rig_wait(r, HOST, "bmc-000", "?RedfishConnectionReady.reason",
		"CertificateChanged", 10 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "status/state", "Provisioned"));
	rig_run(r, 30 * LOOP_MIN);
	/* Nor does a new life forget what it was pinned to. */
	rig_kill(r);
	rig_agent(r);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].logins + r->bmc[0].login_failures, logins);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000",
	    "?RedfishConnectionReady.reason", "CertificateChanged"));
	rig_annotate(r, "bmc-000", AX "/accept-certificate", "abc");
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(rig_event_count(r, "CertificateRefused"), 1);
	rig_free(r);
}

/* No secret goes out before trust is settled. */
static void
a_wrong_fingerprint_hears_no_credentials(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.no_agent = true,
		.trust = "certificateFingerprint: "
			 "0123456789abcdef0123456789abcdef"
			 "0123456789abcdef0123456789abcdef" };
	struct rig *r = rig_new(&o);

	rig_agent(r);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].logins + r->bmc[0].login_failures, 0);
	CU_ASSERT_EQUAL(r->bmc[0].requests, 0);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "?RedfishConnectionReady", "False"));
	rig_free(r);
}

static void
an_unknown_ca_hears_no_credentials(void)
{
	struct rig_opts o = { .bmcs = 1,
		.timing = quick,
		.no_agent = true,
		.trust = "minTLSVersion: \"1.2\"" };
	struct rig *r = rig_new(&o);

	rig_agent(r);
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].logins + r->bmc[0].login_failures, 0);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000",
	    "?RedfishConnectionReady.reason", "TLSVerificationFailed"));
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a host found On is left alone",
		    a_host_found_on_is_left_alone },
		{ "a host found On joins the pool once it is off",
		    a_host_found_on_joins_the_pool_once_it_is_off },
		{ "an Available host that is switched on leaves the pool",
		    an_available_host_that_is_switched_on_leaves_the_pool },
		{ "online switches on and off", online_switches_on_and_off },
		{ "the power button at any moment",
		    the_power_button_at_any_moment },
		{ "two hosts on one BMC are not claimable",
		    two_hosts_on_one_bmc_are_not_claimable },
		{ "a swapped board is not written to",
		    a_swapped_board_is_not_written_to },
		{ "placeholders identify nobody",
		    placeholders_identify_nobody },
		{ "a changed certificate stops everything",
		    a_changed_certificate_stops_everything },
		{ "a wrong fingerprint hears no credentials",
		    a_wrong_fingerprint_hears_no_credentials },
		{ "an unknown CA hears no credentials",
		    an_unknown_ca_hears_no_credentials },
	};

	return RIG_CASES("safety-stranger", cases);
}
