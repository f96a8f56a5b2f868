/*
 * Every profile is probed and recorded; its recording is served; a probe of
 * that finds the same capabilities, and a machine behind it is provisioned
 * with the agent's own operations.
 */
#include "agent/redfish/redfish.h"
#include "tests/unit/probe_rig.h"

static const char *const profiles[] = { "generic", "idrac9", "idrac10", "ilo5",
	"supermicro-x12", "lenovo-xcc2", "ami-megarac", "openbmc", "irmc",
	"sushy-tools", "ilo6", "supermicro-x11", "lenovo-xcc", "lenovo-xcc3",
	"nvidia", "cimc", "ibmc" };
#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

/* Both texts where they differ, so that a failure can be read. */
static void
check_same(const char *profile, const cJSON *a, const cJSON *b)
{
	char *x, *y;

	if (json_equal(a, b)) {
		CU_PASS("same");
		return;
	}
	x = json_print(a);
	y = json_print(b);
	(void)fprintf(stderr, "%s:\n%s\n%s\n", profile, x, y);
	xfree(x);
	xfree(y);
	CU_FAIL("the replay has other capabilities");
}

static void
round_trip(const char *profile)
{
	struct lab g;
	struct err e = { .kind = ERR_NONE };
	cJSON *before;

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_fleet(&g, profile, NULL, 1, &e));
	lab_probe(&g,
	    &(struct probe_opts){ .record = "/rec", .keep_identity = true });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	CU_ASSERT_EQUAL(g.writes, 0);
	CHECK_TEXT(lab_text(&g, "recording/cut"), "(absent)");
	before = json_dup(json_obj(g.report, "capabilities"));

	if (!lab_fleet(&g, profile, "/rec", 1, &e))
		(void)fprintf(stderr, "%s: %s\n", profile, e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g.fleet);
	lab_probe(&g, &(struct probe_opts){ .timeout_us = 0 });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	CU_ASSERT_EQUAL(lab_sessions(&g), 0);
	check_same(profile, before, json_obj(g.report, "capabilities"));
	cJSON_Delete(before);
	lab_close(&g);
}

static void
a_replay_has_the_capabilities_of_what_was_recorded(void)
{
	for (size_t i = 0; i < N_PROFILES; i++)
		round_trip(profiles[i]);
}

/* ---- provisioning ---------------------------------------------------------------- */

struct driver {
	struct lab *g;
	struct redfish *rf;
	bool done;
	struct redfish_reply r;
};

static void
on_done(void *arg, const struct redfish_reply *r)
{
	struct driver *d = arg;

	d->r = *r;
	d->done = true;
}

static bool
driver_done(void *arg)
{
	return ((struct driver *)arg)->done;
}

static bool
ends_well(struct driver *d, const char *what)
{
	CU_ASSERT_TRUE_FATAL(world_run(
	    d->g->w, world_now_us(d->g->w) + LOOP_HOUR, driver_done, d));
	if (d->r.cause != RF_CAUSE_NONE)
		(void)fprintf(stderr, "%s: %s: %s\n", what,
		    redfish_cause_name(d->r.cause), d->r.err.msg);
	CU_ASSERT_EQUAL(d->r.cause, RF_CAUSE_NONE);
	return d->r.cause == RF_CAUSE_NONE;
}
#define OP(d, call) ((d)->done = false, (call), ends_well((d), #call))

static void
wake(void *arg)
{
	((struct driver *)arg)->done = true;
}

static void
pause(struct driver *d)
{
	struct timer t = { .fn = NULL };

	d->done = false;
	timer_start(d->g->agent, &t, 5 * LOOP_S, wake, d);
	CU_ASSERT_TRUE_FATAL(world_run(
	    d->g->w, world_now_us(d->g->w) + LOOP_MIN, driver_done, d));
}

static bool
runs(struct driver *d)
{
	struct bmc_snapshot s;

	for (int i = 0; i < 60; i++) {
		bmc_snapshot(bmc_fleet_at(d->g->fleet, 0), &s);
		if (s.os[0])
			return true;
		pause(d);
	}
	return false;
}

static void
off(struct driver *d)
{
	(void)OP(d, redfish_reset(d->rf, RF_RESET_FORCE_OFF, on_done, d));
	for (int i = 0; i < 20; i++) {
		(void)OP(d, redfish_read(d->rf, RF_READ_SYSTEM, on_done, d));
		if (redfish_state(d->rf)->power == RF_POWER_OFF)
			return;
		pause(d);
	}
	CU_FAIL("it does not go off");
}

static void
drive(struct driver *d, const char *url)
{
	struct bmc_snapshot s;

	(void)OP(d, redfish_insert(d->rf, NULL, url, on_done, d));
	(void)OP(
	    d, redfish_set_boot_once_cd(d->rf, RF_MODE_UNKNOWN, on_done, d));
	(void)OP(d, redfish_reset(d->rf, RF_RESET_ON, on_done, d));
	CU_ASSERT_TRUE(runs(d));
	(void)OP(d, redfish_read(d->rf, RF_READ_SYSTEM, on_done, d));
	CU_ASSERT_EQUAL(redfish_state(d->rf)->power, RF_POWER_ON);
	bmc_snapshot(bmc_fleet_at(d->g->fleet, 0), &s);
	CU_ASSERT_EQUAL(s.medium_boots, 1);
	CU_ASSERT_FALSE(s.os_from_disk);
	off(d);
	(void)OP(d, redfish_eject(d->rf, NULL, on_done, d));
	(void)OP(d, redfish_clear_boot(d->rf, on_done, d));
	CU_ASSERT_FALSE(redfish_state(d->rf)->boot.armed);
	(void)OP(d, redfish_close(d->rf, on_done, d));
	bmc_snapshot(bmc_fleet_at(d->g->fleet, 0), &s);
	CU_ASSERT_FALSE(s.media_inserted);
	CU_ASSERT_EQUAL(s.sessions, 0);
}

/* No origin of https is here. */
static bool
takes_http(const char *profile)
{
	return !str_eq(profile, "openbmc") && !str_eq(profile, "nvidia") &&
	       !str_eq(profile, "ibmc");
}

static void
provision(const char *profile, const char *served_as)
{
	struct lab g;
	struct driver d = { .g = &g };
	struct redfish_opts ro = { .key = "ns/host",
		.address = "https://10.1.0.1",
		.tls.policy.insecure = true };
	struct err e = { .kind = ERR_NONE };

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_fleet(&g, profile, NULL, 1, &e));
	lab_probe(&g, &(struct probe_opts){ .record = "/rec" });
	CU_ASSERT_TRUE_FATAL(lab_fleet(&g, served_as, "/rec", 1, &e));
	ro.credentials =
	    (struct redfish_credentials){ "root", &g.password, "1" };
	d.rf = redfish_new(&g.env, &ro, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.rf);
	(void)OP(&d, redfish_discover(d.rf, on_done, &d));
	if (takes_http(profile))
		drive(&d, LAB_URL);
	redfish_free(d.rf);
	lab_close(&g);
}

static void
a_replay_is_provisioned_with_the_refusals_of_its_vendor(void)
{
	for (size_t i = 0; i < N_PROFILES; i++)
		provision(profiles[i], profiles[i]);
}

static void
a_replay_is_provisioned_with_standard_refusals(void)
{
	for (size_t i = 0; i < N_PROFILES; i++)
		provision(profiles[i], "generic");
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_replay_has_the_capabilities_of_what_was_recorded),
	UNIT_CASE(a_replay_is_provisioned_with_the_refusals_of_its_vendor),
	UNIT_CASE(a_replay_is_provisioned_with_standard_refusals),
};

int
main(void)
{
	return UNIT_RUN("probe_roundtrip", cases);
}
