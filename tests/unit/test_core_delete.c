/* What the core stand-in deletes, and in which order. */
#include <stdio.h>

#include "common/loop.h"
#include "tests/unit/core_rig.h"

#define C1 CORE_CLUSTERS "/c1"
#define M1 CORE_MACHINES "/m1"
#define WC1 CORE_WILD_CLUSTERS "/c1"
#define W1 CORE_WILD_MACHINES "/m1"
#define SECRET "/api/v1/namespaces/default/secrets/m1"
#define HOLD "{\"metadata\":{\"finalizers\":[\"example.org/hold\"]}}"
#define FREE "{\"metadata\":{\"finalizers\":null}}"

static void
open_running(struct core_rig *r)
{
	core_rig_open(r, 0);
	core_rig_cluster(r);
	core_rig_cluster_up(r);
	core_rig_machine(r, "m1", true);
	core_rig_machine_up(r, "m1", "wild://m1");
	core_rig_apply(r, "apiVersion: v1\n"
			  "kind: Node\n"
			  "metadata: {name: n1}\n"
			  "spec: {providerID: \"wild://m1\"}\n");
	core_rig_run(r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(r, M1, "status/nodeRef/name"), "n1");
	CU_ASSERT_EQUAL(core_rig_patch(r, W1, HOLD), 200);
}

static void
infrastructure_first_then_secret_node_and_finalizer(void)
{
	struct core_rig r;

	open_running(&r);
	CU_ASSERT_EQUAL(core_rig_delete(&r, M1), 200);
	core_rig_run(&r, 60 * LOOP_S);
	/* Its finalizer holds everything behind it. */
	CU_ASSERT_STRING_NOT_EQUAL(
	    core_rig_at(&r, W1, "metadata/deletionTimestamp"), "");
	CHECK_TEXT(core_rig_at(&r, SECRET, "type"), "cluster.x-k8s.io/secret");
	CHECK_TEXT(core_rig_at(&r, "/api/v1/nodes/n1", "metadata/name"), "n1");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Deleting");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1, FREE), 200);
	/* One write a second. */
	core_rig_run(&r, LOOP_S / 2);
	CHECK_TEXT(core_rig_at(&r, W1, "spec"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, SECRET, "type"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, "/api/v1/nodes/n1", "metadata/name"), "n1");
	core_rig_run(&r, LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, "/api/v1/nodes/n1", "metadata/name"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Deleting");
	core_rig_run(&r, 2 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "<gone>");
	core_rig_close(&r);
}

static void
hooks_are_honoured(void)
{
	static const char *const hooks[] = { "pre-drain", "pre-terminate" };

	for (size_t i = 0; i < 2; i++) {
		struct core_rig r;
		char body[256];

		open_running(&r);
		(void)snprintf(body, sizeof(body),
		    "{\"metadata\":{\"annotations\":{\"%s.delete.hook.machine."
		    "cluster.x-k8s.io/x\":\"me\"}}}",
		    hooks[i]);
		CU_ASSERT_EQUAL(core_rig_patch(&r, M1, body), 200);
		CU_ASSERT_EQUAL(core_rig_delete(&r, M1), 200);
		core_rig_run(&r, 60 * LOOP_S);
		CHECK_TEXT(
		    core_rig_at(&r, W1, "metadata/deletionTimestamp"), "");
		CU_ASSERT_EQUAL(core_rig_patch(&r, M1,
				    "{\"metadata\":{\"annotations\":null}}"),
		    200);
		core_rig_run(&r, 10 * LOOP_S);
		CU_ASSERT_STRING_NOT_EQUAL(
		    core_rig_at(&r, W1, "metadata/deletionTimestamp"), "");
		core_rig_close(&r);
	}
}

static void
the_users_secret_stays(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	core_rig_cluster_up(&r);
	core_rig_apply(&r, "apiVersion: v1\n"
			   "kind: Secret\n"
			   "metadata: {name: m1, labels: "
			   "{cluster.x-k8s.io/cluster-name: c1}}\n"
			   "stringData: {value: mine}\n"
			   "---\n"
			   "apiVersion: " CORE_WILD "/v1\n"
			   "kind: WildMachine\n"
			   "metadata: {name: m1}\n"
			   "---\n"
			   "apiVersion: cluster.x-k8s.io/v1beta2\n"
			   "kind: Machine\n"
			   "metadata: {name: m1}\n"
			   "spec:\n"
			   "  clusterName: c1\n"
			   "  bootstrap: {dataSecretName: m1}\n"
			   "  infrastructureRef: {apiGroup: " CORE_WILD
			   ", kind: WildMachine, name: m1}\n");
	core_rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(core_rig_delete(&r, M1), 200);
	core_rig_run(&r, 30 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, SECRET, "data/value"), "bWluZQ==");
	core_rig_close(&r);
}

static void
a_cluster_goes_after_all_its_machines_and_its_infrastructure(void)
{
	struct core_rig r;

	open_running(&r);
	core_rig_machine(&r, "m2", true);
	core_rig_machine(&r, "m3", true);
	core_rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(core_rig_patch(&r, WC1, HOLD), 200);
	CU_ASSERT_EQUAL(core_rig_delete(&r, C1), 200);
	core_rig_run(&r, 20 * LOOP_S);
	/* m1 is held; the others did not wait for it. */
	CHECK_TEXT(core_rig_at(&r, CORE_MACHINES "/m2", "spec"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, CORE_MACHINES "/m3", "spec"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Deleting");
	CHECK_TEXT(core_rig_at(&r, WC1, "metadata/deletionTimestamp"), "");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1, FREE), 200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "<gone>");
	CU_ASSERT_STRING_NOT_EQUAL(
	    core_rig_at(&r, WC1, "metadata/deletionTimestamp"), "");
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "Deleting");
	CU_ASSERT_EQUAL(core_rig_patch(&r, WC1, FREE), 200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "<gone>");
	core_rig_close(&r);
}

static void
a_restart_in_the_middle_changes_nothing(void)
{
	for (int64_t at = 0; at < 6; at++) {
		struct core_rig r;
		struct err e = { 0 };

		open_running(&r);
		CU_ASSERT_EQUAL(core_rig_patch(&r, W1, FREE), 200);
		CU_ASSERT_EQUAL(core_rig_delete(&r, C1), 200);
		core_rig_run(&r, at * LOOP_S + LOOP_S / 2);
		CU_ASSERT_TRUE_FATAL(stage_core_restart(r.s, &e));
		core_rig_run(&r, 60 * LOOP_S);
		CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "<gone>");
		CHECK_TEXT(core_rig_at(&r, SECRET, "type"), "<gone>");
		core_rig_close(&r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "infrastructure first, then Secret, Node, finalizer",
		    infrastructure_first_then_secret_node_and_finalizer },
		{ "hooks are honoured", hooks_are_honoured },
		{ "the user's Secret stays", the_users_secret_stays },
		{ "a cluster goes after its machines and infrastructure",
		    a_cluster_goes_after_all_its_machines_and_its_infrastructure },
		{ "a restart in the middle changes nothing",
		    a_restart_in_the_middle_changes_nothing },
	};

	return UNIT_RUN("core_delete", cases);
}
