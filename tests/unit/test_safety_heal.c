/*
 * Remediation against SAFETY.md: only the host that serves that very machine, by
 * its power alone, told of as done only after a confirmed Off, and never more
 * often than was asked for.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

#define REMEDY "beskar7remediations"
#define ANN AX "/remediate"

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

static struct rig *
up(unsigned bmcs)
{
	struct rig_opts o = { .bmcs = bmcs, .timing = quick };
	struct rig *r = rig_new(&o);
	char name[8];

	for (unsigned i = 0; i < bmcs; i++) {
		(void)str_format(name, sizeof(name), "m%u", i + 1);
		rig_machine(r, name);
	}
	for (unsigned i = 0; i < bmcs; i++) {
		(void)str_format(name, sizeof(name), "m%u", i + 1);
		CU_ASSERT_TRUE(rig_provisioned(r, name, 20 * LOOP_MIN));
	}
	rig_run(r, 2 * LOOP_MIN); /* our own power-on is over */
	return r;
}

/* uid NULL: that of the Machine. */
static void
remedy(struct rig *r, const char *machine, const char *spec, const char *uid)
{
	cJSON *m = rig_get(r, MACHINES, machine);

	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Remediation\n"
	    "metadata: {name: %s, ownerReferences: [{apiVersion: "
	    "cluster.x-k8s.io/v1beta2, kind: Machine, name: %s, uid: %s}]}\n"
	    "spec: {%s}\n",
	    machine, machine,
	    uid != NULL ? uid : json_str(m, "metadata/uid", "gone"), spec);
	cJSON_Delete(m);
}

/* As a MachineHealthCheck that found it unhealthy. */
static void
unhealthy(struct rig *r, const char *machine)
{
	static const char body[] =
	    "[{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{"
	    "\"type\":\"HealthCheckSucceeded\",\"status\":\"False\","
	    "\"reason\":\"NodeUnhealthy\",\"message\":\"\","
	    "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}}]";
	char *path = xasprintf("/apis/cluster.x-k8s.io/v1beta2/namespaces/"
			       "default/machines/%s/status",
	    machine);
	int status;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/json-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	xfree(path);
}

static bool
healed(struct rig *r, const char *machine, int64_t within_us)
{
	return rig_wait(r, REMEDY, machine, "?Remediated", "True", within_us);
}

static bool
on(struct rig *r, const char *host)
{
	return str_eq(rig_snap(r, host).power, "On");
}

static void
only_power_is_touched(void)
{
	struct rig *r = up(1);
	struct rig_bmc was = r->bmc[0];

	remedy(r, "m1", "type: PowerCycle", NULL);
	CU_ASSERT_TRUE(healed(r, "m1", 2 * LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(r, REMEDY, "m1", "?Fenced", "True"));
	CU_ASSERT_EQUAL(r->bmc[0].forced, was.forced + 1);
	CU_ASSERT_EQUAL(r->bmc[0].ons, was.ons + 1);
	CU_ASSERT_EQUAL(r->bmc[0].resets, was.resets + 2);
	CU_ASSERT_EQUAL(r->bmc[0].writes, was.writes + 2);
	CU_ASSERT_EQUAL(r->bmc[0].loads, was.loads);
	rig_run(r, LOOP_S);
	CU_ASSERT_EQUAL(rig_event_count(r, "PowerCycled"), 2);
	CU_ASSERT_TRUE(
	    rig_is(r, HOST, "bmc-000", "status/state", "Provisioned"));
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostHealthy", "True"));
	/* By hand: nobody says that it is unhealthy, so once is enough. */
	invariants_quiet(r->inv, true);
	rig_run(r, 24 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, was.resets + 2);
	rig_free(r);
}

static void
an_ask_that_is_not_for_this_tenant_is_refused(void)
{
	static const char *const asks[] = {
		"PowerCycle another 26fda018-c0fa-4243-8903-610b47080a8b:1",
		"PowerOff", "hard", ""
	};
	struct rig *r = up(1);
	unsigned resets = r->bmc[0].resets;

	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		rig_annotate(r, "bmc-000", ANN, asks[i]);
		rig_run(r, 2 * LOOP_MIN);
		CHECK_ROW(rig_is(r, HOST, "bmc-000",
			      "metadata/annotations/" AX "~1remediate", NULL),
		    asks[i]);
	}
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	CU_ASSERT_TRUE(rig_event_count(r, "RemediationRefused") > 0);
	rig_free(r);
}

static void
a_machine_of_another_life_is_not_meant(void)
{
	struct rig *r = up(1);
	unsigned resets = r->bmc[0].resets;

	remedy(r, "m1", "", "00000000-1111-2222-3333-444444444444");
	CU_ASSERT_TRUE(rig_wait(r, REMEDY, "m1", "?Remediated.reason",
	    "MachineNotFound", LOOP_MIN));
	rig_run(r, 2 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	rig_free(r);
}

static void
what_was_not_begun_is_withdrawn(void)
{
	struct rig *r = up(1);
	unsigned resets = r->bmc[0].resets;

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	remedy(r, "m1", "", NULL);
	CU_ASSERT_TRUE(rig_wait(
	    r, REMEDY, "m1", "?Remediated.reason", "WaitingForHost", LOOP_MIN));
	rig_run(r, 3 * LOOP_MIN);
	rig_delete(r, REMEDY, "m1");
	CU_ASSERT_TRUE(rig_wait(r, REMEDY, "m1", NULL, NULL, LOOP_MIN));
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000",
	    "metadata/annotations/" AX "~1remediate", NULL));
	rig_heal(r, "bmc-000");
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
	rig_free(r);
}

/* Deleted at any second: on in the end, and after it goes another. */
static void
deleted_midway_nothing_stays_off(void)
{
	for (int64_t at = 0; at < 24; at += 2) {
		struct rig *r = up(1);

		remedy(r, "m1", "type: PowerCycle", NULL);
		rig_run(r, at * LOOP_S + LOOP_S / 3);
		rig_delete(r, REMEDY, "m1");
		CU_ASSERT_TRUE(rig_wait(r, REMEDY, "m1", NULL, NULL, LOOP_MIN));
		rig_run(r, 10 * LOOP_MIN);
		CU_ASSERT_TRUE(on(r, "bmc-000"));
		CU_ASSERT_TRUE(rig_is(r, B7M, "m1", "?HostHealthy", "True"));
		remedy(r, "m1", "type: PowerCycle", NULL);
		CU_ASSERT_TRUE(healed(r, "m1", 3 * LOOP_MIN));
		rig_free(r);
	}
}

static void
paused_midway_it_waits_and_goes_on(void)
{
	for (int64_t at = 0; at < 24; at += 4) {
		struct rig *r = up(1);
		unsigned resets;

		remedy(r, "m1", "type: PowerCycle", NULL);
		rig_run(r, at * LOOP_S + LOOP_S / 3);
		rig_patch(r, CLUSTERS, "c1", "{\"spec\":{\"paused\":true}}");
		rig_run(r, 30 * LOOP_S);
		resets = r->bmc[0].resets;
		rig_run(r, 5 * LOOP_MIN);
		CU_ASSERT_EQUAL(r->bmc[0].resets, resets);
		rig_patch(r, CLUSTERS, "c1", "{\"spec\":{\"paused\":false}}");
		CU_ASSERT_TRUE(healed(r, "m1", 5 * LOOP_MIN));
		CU_ASSERT_TRUE(on(r, "bmc-000"));
		rig_free(r);
	}
}

static void
deleting_the_machine_midway_releases_clean(void)
{
	for (int64_t at = 0; at < 24; at += 4) {
		struct rig *r = up(1);

		remedy(r, "m1", "type: PowerCycle", NULL);
		rig_run(r, at * LOOP_S + LOOP_S / 3);
		rig_delete(r, MACHINES, "m1");
		CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
		rig_clean(r, "bmc-000");
		CU_ASSERT_TRUE(
		    rig_wait(r, REMEDY, "m1", NULL, NULL, 5 * LOOP_MIN));
		rig_free(r);
	}
}

static void
an_unhealthy_machine_is_tried_again_then_handed_over(void)
{
	struct rig *r = up(1);
	unsigned forced = r->bmc[0].forced;

	unhealthy(r, "m1");
	remedy(r, "m1", "maxAttempts: 2, retryIntervalSeconds: 600", NULL);
	CU_ASSERT_TRUE(healed(r, "m1", 2 * LOOP_MIN));
	rig_run(r, 8 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].forced, forced + 1);
	CU_ASSERT_TRUE(rig_is(r, MACHINES, "m1", "?OwnerRemediated", NULL));
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].forced, forced + 2);
	CU_ASSERT_TRUE(healed(r, "m1", LOOP_MIN));
	CU_ASSERT_TRUE(rig_wait(r, REMEDY, "m1", "?Remediated.reason",
	    "AttemptsSpent", 15 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    rig_wait(r, MACHINES, "m1", "?OwnerRemediated", "False", LOOP_MIN));
	invariants_quiet(r->inv, true);
	rig_run(r, 6 * 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].forced, forced + 2);
	CU_ASSERT_TRUE(on(r, "bmc-000"));
	rig_free(r);
}

/* The status is gone and the UIDs are new, as after a move. */
static void
a_lost_status_starts_no_new_budget(void)
{
	struct rig *r = up(1);
	unsigned forced = r->bmc[0].forced;
	char *path = xasprintf(
	    "/apis/" AX "/v1beta2/namespaces/default/" REMEDY "/m1/status");
	int status;

	unhealthy(r, "m1");
	remedy(r, "m1", "retryIntervalSeconds: 600", NULL);
	CU_ASSERT_TRUE(healed(r, "m1", 2 * LOOP_MIN));
	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/merge-patch+json", "{\"status\":null}", &status));
	CU_ASSERT_EQUAL(status, 200);
	rig_run(r, 40 * LOOP_MIN);
	CU_ASSERT_EQUAL(r->bmc[0].forced, forced + 1);
	CU_ASSERT_TRUE(
	    rig_is(r, REMEDY, "m1", "?Remediated.reason", "AttemptsSpent"));
	xfree(path);
	rig_free(r);
}

static void
a_fleet_is_remediated_in_small_numbers(void)
{
	struct rig_opts o = { .bmcs = 6, .timing = quick };
	struct rig *r;
	char name[8];
	unsigned most = 0;

	o.agent.max_releasing = 2;
	r = rig_new(&o);
	for (unsigned i = 1; i <= 6; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		rig_machine(r, name);
	}
	rig_run(r, 30 * LOOP_MIN);
	for (unsigned i = 1; i <= 6; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		remedy(r, name, "type: PowerOff", NULL);
	}
	for (unsigned t = 0; t < 300; t++) {
		unsigned n = 0;

		rig_run(r, LOOP_S);
		for (unsigned i = 0; i < 6; i++) {
			char host[16], *at;

			(void)str_format(host, sizeof(host), "bmc-00%u", i);
			at = rig_record(r, host, "healAt");
			n += at != NULL && !str_eq(at, "done");
			xfree(at);
		}
		most = n > most ? n : most;
	}
	CU_ASSERT_EQUAL(most, 2);
	for (unsigned i = 1; i <= 6; i++) {
		(void)str_format(name, sizeof(name), "m%u", i);
		CU_ASSERT_TRUE(healed(r, name, LOOP_MIN));
	}
	rig_free(r);
}

static void
lost_replies_of_the_api_make_no_second_cycle(void)
{
	static const char *const resources[] = { HOST "." AX, REMEDY "." AX,
		REMEDY "." AX "/status", HOST "." AX "/status" };

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		struct rig *r = up(1);
		unsigned forced = r->bmc[0].forced;
		struct kube_fail f = { .user = "beskar7-agent",
			.verb = "patch",
			.resource = resources[i],
			.after_commit = true,
			.count = 20 };

		kube_server_fail(stage_kube(r->s), &f);
		remedy(r, "m1", "", NULL);
		CHECK_ROW(healed(r, "m1", 10 * LOOP_MIN), resources[i]);
		CHECK_ROW(r->bmc[0].forced == forced + 1, resources[i]);
		rig_free(r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(only_power_is_touched),
		UNIT_CASE(an_ask_that_is_not_for_this_tenant_is_refused),
		UNIT_CASE(a_machine_of_another_life_is_not_meant),
		UNIT_CASE(what_was_not_begun_is_withdrawn),
		UNIT_CASE(deleted_midway_nothing_stays_off),
		UNIT_CASE(paused_midway_it_waits_and_goes_on),
		UNIT_CASE(deleting_the_machine_midway_releases_clean),
		UNIT_CASE(an_unhealthy_machine_is_tried_again_then_handed_over),
		UNIT_CASE(a_lost_status_starts_no_new_budget),
		UNIT_CASE(a_fleet_is_remediated_in_small_numbers),
		UNIT_CASE(lost_replies_of_the_api_make_no_second_cycle),
	};

	return RIG_CASES("safety-heal", cases);
}
