/* The Machine controller of the core stand-in: gates, copies, strict types. */
#include "common/loop.h"
#include "sim/core/core.h"
#include "tests/unit/core_rig.h"

#define C1 CORE_CLUSTERS "/c1"
#define M1 CORE_MACHINES "/m1"
#define W1 CORE_WILD_MACHINES "/m1"
#define SECRET "/api/v1/namespaces/default/secrets/m1"

static void
open_with_machine(struct core_rig *r)
{
	core_rig_open(r, 0);
	core_rig_cluster(r);
	core_rig_machine(r, "m1", true);
}

static void
a_standalone_machine_waits_for_its_cluster(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_machine(&r, "m1", true);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "metadata/finalizers"), "");
	CHECK_TEXT(core_rig_at(&r, M1, "status"), "");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences"), "");
	core_rig_cluster(&r);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "metadata/finalizers/0"),
	    "machine.cluster.x-k8s.io");
	CHECK_TEXT(
	    core_rig_at(&r, M1, "metadata/ownerReferences/0/kind"), "Cluster");
	CHECK_TEXT(
	    core_rig_at(&r, M1, "metadata/ownerReferences/0/controller"), "");
	CHECK_TEXT(core_rig_at(&r, M1,
		       "metadata/labels/cluster.x-k8s.io~1cluster-name"),
	    "c1");
	core_rig_close(&r);
}

static void
bootstrap_waits_for_the_cluster_and_writes_the_secret_first(void)
{
	struct core_rig r;

	open_with_machine(&r);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, SECRET, "type"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Pending");
	core_rig_cluster_up(&r);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, SECRET, "type"), "cluster.x-k8s.io/secret");
	CHECK_TEXT(core_rig_at(&r, SECRET, "data/format"), "Y2xvdWQtY29uZmln");
	CHECK_TEXT(core_rig_at(&r, SECRET,
		       "metadata/labels/cluster.x-k8s.io~1cluster-name"),
	    "c1");
	CHECK_TEXT(core_rig_at(&r, M1, "spec/bootstrap/dataSecretName"), "m1");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Provisioning");
	core_rig_close(&r);
}

static void
a_worker_waits_for_the_control_plane(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	core_rig_cluster_up(&r);
	core_rig_machine(&r, "w1", false);
	core_rig_machine(&r, "m1", true);
	core_rig_machine_up(&r, "m1", "wild://m1");
	core_rig_run(&r, 30 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, CORE_MACHINES "/w1",
		       "spec/bootstrap/dataSecretName"),
	    "");
	core_rig_apply(&r, "apiVersion: v1\n"
			   "kind: Node\n"
			   "metadata: {name: n1}\n"
			   "spec: {providerID: \"wild://m1\"}\n");
	core_rig_run(&r, 30 * LOOP_S);
	CHECK_TEXT(
	    core_rig_condition(&r, C1, "ControlPlaneInitialized", "status"),
	    "True");
	CHECK_TEXT(core_rig_at(&r, CORE_MACHINES "/w1",
		       "spec/bootstrap/dataSecretName"),
	    "w1");
	core_rig_close(&r);
}

static void
takes_the_clone_over_from_its_machine_set(void)
{
	struct core_rig r;

	open_with_machine(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1,
		"{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":"
		"\"cluster.x-k8s.io/v1beta2\",\"kind\":\"MachineSet\","
		"\"name\":\"s\",\"uid\":\"u1\",\"controller\":true},"
		"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Thing\","
		"\"name\":\"t\",\"uid\":\"u2\"}]}}"),
	    200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/0/kind"), "Thing");
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/1/kind"), "Machine");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences/1/controller"),
	    "true");
	CHECK_TEXT(core_rig_at(
		       &r, W1, "metadata/ownerReferences/1/blockOwnerDeletion"),
	    "true");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences/2"), "");
	core_rig_close(&r);
}

static void
refuses_an_object_of_another_controller(void)
{
	struct core_rig r;

	open_with_machine(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1,
		"{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":"
		"\"example.org/v1\",\"kind\":\"Thief\",\"name\":\"t\",\"uid\":"
		"\"u\",\"controller\":true}]}}"),
	    200);
	core_rig_machine_up(&r, "m1", "wild://m1");
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec/providerID"), "");
	core_rig_problems(&r, 1, "controlled by a Thief");
	core_rig_close(&r);
}

static void
hangs_while_provisioned_without_provider_id(void)
{
	struct core_rig r;

	open_with_machine(&r);
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"initialization\":{\"provisioned\":"
			    "true}}}"),
	    200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "status/initialization"), "");
	CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Pending");
	core_rig_problems(&r, 1, "without a providerID");
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1, "{\"spec\":{\"providerID\":\"wild://m1\"}}"),
	    200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec/providerID"), "wild://m1");
	CHECK_TEXT(core_rig_at(&r, M1,
		       "status/initialization/infrastructureProvisioned"),
	    "true");
	core_rig_close(&r);
}

static void
copies_what_the_contract_names(void)
{
	struct core_rig r;

	open_with_machine(&r);
	core_rig_machine_up(&r, "m1", "wild://m1");
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1 "/status",
		"{\"status\":{\"failureDomain\":\"z1\",\"addresses\":[{"
		"\"type\":\"InternalIP\",\"address\":\"10.0.0.9\"}],"
		"\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\","
		"\"reason\":\"Sad\",\"message\":\"rain\"}]}}"),
	    200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "status/failureDomain"), "z1");
	CHECK_TEXT(
	    core_rig_at(&r, M1, "status/addresses/0/address"), "10.0.0.9");
	CHECK_TEXT(
	    core_rig_condition(&r, M1, "InfrastructureReady", "reason"), "Sad");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"addresses\":null}}"),
	    200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "status/addresses"), "");
	core_rig_close(&r);
}

static void
finds_what_breaks_the_contract(void)
{
	static const struct {
		const char *path, *patch, *word;
	} rows[] = {
		/* It hangs then, as without one: that is the last of two. */
		{ W1, "{\"spec\":{\"providerID\":7}}",
		    "provisioned without a providerID" },
		{ W1, "{\"spec\":{\"providerID\":\"wild://other\"}}",
		    "went from wild://m1 to wild://other" },
		{ W1, "{\"spec\":{\"failureDomain\":\"\"}}",
		    "has spec.failureDomain" },
		{ W1 "/status",
		    "{\"status\":{\"initialization\":{\"provisioned\":"
		    "false}}}",
		    "was taken back" },
		{ W1 "/status", "{\"status\":{\"addresses\":{\"a\":1}}}",
		    "addresses of m1 is not a list" },
		{ W1 "/status",
		    "{\"status\":{\"addresses\":[{\"type\":\"BMC\","
		    "\"address\":\"x\"}]}}",
		    "cannot be written" },
		{ W1 "/status",
		    "{\"status\":{\"conditions\":[{\"type\":\"Ready\","
		    "\"status\":\"Perhaps\",\"reason\":\"R\",\"message\":"
		    "\"\"}]}}",
		    "Ready.status of m1 is \"Perhaps\"" },
		{ W1 "/status",
		    "{\"status\":{\"conditions\":[{\"type\":\"Ready\","
		    "\"status\":\"True\",\"reason\":\"no spaces, please\","
		    "\"message\":\"\"}]}}",
		    "cannot be written" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct core_rig r;

		open_with_machine(&r);
		core_rig_machine_up(&r, "m1", "wild://m1");
		core_rig_run(&r, 20 * LOOP_S);
		CU_ASSERT_EQUAL(r.problems, 0);
		CU_ASSERT_EQUAL(
		    core_rig_patch(&r, rows[i].path, rows[i].patch), 200);
		core_rig_run(&r, 5 * LOOP_S);
		core_rig_problems(&r, 1, rows[i].word);
		core_rig_close(&r);
	}
}

static void
pauses_with_its_cluster_or_alone(void)
{
	struct core_rig r;

	open_with_machine(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, C1, "{\"spec\":{\"paused\":true}}"), 200);
	core_rig_run(&r, 30 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, M1, "Paused", "message"),
	    "Cluster spec.paused is set to true");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences"), "");
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, C1,
		"{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":"
		"\"\"}},\"spec\":{\"paused\":false}}"),
	    200);
	/* The annotation on the Cluster stops the Cluster alone. */
	core_rig_run(&r, 30 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, M1, "Paused", "status"), "False");
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/0/kind"), "Machine");
	core_rig_close(&r);
}

static void
sees_a_changed_provider_id_after_a_restart(void)
{
	struct core_rig r;
	struct err e = { 0 };

	open_with_machine(&r);
	core_rig_machine_up(&r, "m1", "wild://m1");
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec/providerID"), "wild://m1");
	CU_ASSERT_TRUE_FATAL(stage_core_restart(r.s, &e));
	core_rig_run(&r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(r.problems, 0);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1, "{\"spec\":{\"providerID\":\"wild://2\"}}"),
	    200);
	core_rig_run(&r, 5 * LOOP_S);
	core_rig_problems(&r, 1, "went from wild://m1 to wild://2");
	core_rig_close(&r);
}

static void
another_object_of_the_same_name_inherits_nothing(void)
{
	struct core_rig r;

	open_with_machine(&r);
	core_rig_machine_up(&r, "m1", "wild://m1");
	core_rig_run(&r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(core_rig_delete(&r, M1), 200);
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec"), "<gone>");
	core_rig_machine(&r, "m1", true);
	core_rig_machine_up(&r, "m1", "wild://second");
	core_rig_run(&r, 20 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, M1, "spec/providerID"), "wild://second");
	core_rig_close(&r);
}

static void
finishes_after_a_restart_at_any_moment(void)
{
	for (int64_t at = 0; at < 9; at++) {
		struct core_rig r;
		struct err e = { 0 };

		open_with_machine(&r);
		core_rig_cluster_up(&r);
		core_rig_machine_up(&r, "m1", "wild://m1");
		core_rig_run(&r, at * LOOP_S + LOOP_S / 2);
		CU_ASSERT_TRUE_FATAL(stage_core_restart(r.s, &e));
		core_rig_run(&r, 30 * LOOP_S);
		CHECK_TEXT(core_rig_at(&r, M1, "status/phase"), "Provisioned");
		CHECK_TEXT(
		    core_rig_at(&r, M1, "spec/bootstrap/dataSecretName"), "m1");
		core_rig_close(&r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a standalone Machine waits for its Cluster",
		    a_standalone_machine_waits_for_its_cluster },
		{ "bootstrap waits for the cluster, writes the Secret first",
		    bootstrap_waits_for_the_cluster_and_writes_the_secret_first },
		{ "a worker waits for the control plane",
		    a_worker_waits_for_the_control_plane },
		{ "takes the clone over from its MachineSet",
		    takes_the_clone_over_from_its_machine_set },
		{ "refuses an object of another controller",
		    refuses_an_object_of_another_controller },
		{ "hangs while provisioned without a providerID",
		    hangs_while_provisioned_without_provider_id },
		{ "copies what the contract names",
		    copies_what_the_contract_names },
		{ "finds what breaks the contract",
		    finds_what_breaks_the_contract },
		{ "pauses with its cluster or alone",
		    pauses_with_its_cluster_or_alone },
		{ "sees a changed providerID after a restart",
		    sees_a_changed_provider_id_after_a_restart },
		{ "another object of the same name inherits nothing",
		    another_object_of_the_same_name_inherits_nothing },
		{ "finishes after a restart at any moment",
		    finishes_after_a_restart_at_any_moment },
	};

	return UNIT_RUN("core_machine", cases);
}
