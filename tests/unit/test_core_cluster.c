/* The Cluster controller of the core stand-in: steps, gates, strict types. */
#include "common/loop.h"
#include "sim/core/core.h"
#include "sim/core/internal.h"
#include "tests/unit/core_rig.h"

#define C1 CORE_CLUSTERS "/c1"
#define W1 CORE_WILD_CLUSTERS "/c1"

#include "common/mem.h"

static void
takes_the_newest_version_of_the_label(void)
{
	static const struct {
		const char *label, *version;
	} rows[] = { { "v1", "v1" }, { "v1beta1_v1", "v1" },
		{ "v1_v1beta1", "v1" }, { "v1beta2_v1beta10", "v1beta10" },
		{ "v2alpha1_v1beta1", "v1beta1" }, { "v10_v9", "v10" },
		{ "foo_v1alpha1", "v1alpha1" }, { "_v1_", "v1" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *v = core_newest_version(rows[i].label);

		CHECK_TEXT(v, rows[i].version);
		xfree(v);
	}
	CU_ASSERT_PTR_NULL(core_newest_version(""));
}

static void
goes_from_finalizer_to_provisioned(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "metadata/finalizers/0"),
	    "cluster.cluster.x-k8s.io");
	CHECK_TEXT(core_rig_condition(&r, C1, "Paused", "status"), "False");
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "NotReady");
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "message"),
	    "WildCluster status.initialization.provisioned is false");
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "Provisioning");
	CHECK_TEXT(core_rig_at(&r, C1, "spec/controlPlaneEndpoint"), "");
	core_rig_cluster_up(&r);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, C1, "spec/controlPlaneEndpoint/host"), "10.9.9.9");
	CHECK_TEXT(core_rig_at(&r, C1,
		       "status/initialization/infrastructureProvisioned"),
	    "true");
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "Provisioned");
	core_rig_close(&r);
}

static void
is_provisioned_at_once_without_infrastructure(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_apply(&r,
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Cluster\n"
	    "metadata: {name: c1}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n");
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1,
		       "status/initialization/infrastructureProvisioned"),
	    "true");
	CU_ASSERT_EQUAL(core_rig_delete(&r, C1), 200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status"), "<gone>");
	core_rig_close(&r);
}

static void
owns_and_labels_the_infrastructure_and_keeps_other_owners(void)
{
	struct core_rig r;
	char uid[64];

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1,
		"{\"metadata\":{\"labels\":{\"mine\":\"1\"},"
		"\"ownerReferences\":[{\"apiVersion\":\"v9.example.org/v1\","
		"\"kind\":\"Thing\",\"name\":\"t\",\"uid\":\"u\"}]}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	(void)snprintf(
	    uid, sizeof(uid), "%s", core_rig_at(&r, C1, "metadata/uid"));
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/0/kind"), "Thing");
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/1/kind"), "Cluster");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences/1/uid"), uid);
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences/1/apiVersion"),
	    "cluster.x-k8s.io/v1beta2");
	CHECK_TEXT(
	    core_rig_at(&r, W1, "metadata/ownerReferences/1/controller"), "");
	CHECK_TEXT(core_rig_at(&r, W1,
		       "metadata/labels/cluster.x-k8s.io~1cluster-name"),
	    "c1");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/labels/mine"), "1");
	core_rig_close(&r);
}

static void
hangs_without_the_contract_label(void)
{
	static const char crd[] =
	    "/apis/apiextensions.k8s.io/v1/"
	    "customresourcedefinitions/wildclusters." CORE_WILD;
	struct core_rig r;

	core_rig_open(&r, 0);
	CU_ASSERT_EQUAL(core_rig_patch(&r, crd,
			    "{\"metadata\":{\"labels\":{\"cluster.x-k8s.io/"
			    "v1beta2\":null}}}"),
	    200);
	core_rig_cluster(&r);
	core_rig_cluster_up(&r);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "InternalError");
	CHECK_TEXT(core_rig_at(&r, C1, "status/initialization"), "");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences"), "");
	/* It cannot even be deleted: nobody could look for what is left. */
	CU_ASSERT_EQUAL(core_rig_delete(&r, C1), 200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "Deleting");
	CU_ASSERT_EQUAL(core_rig_patch(&r, crd,
			    "{\"metadata\":{\"labels\":{\"cluster.x-k8s.io/"
			    "v1beta2\":\"v1\"}}}"),
	    200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "<gone>");
	core_rig_close(&r);
}

static void
hangs_without_the_object_and_goes_on_when_it_comes(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	CU_ASSERT_EQUAL(core_rig_delete(&r, W1), 200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "ObjectDoesNotExist");
	CHECK_TEXT(core_rig_at(&r, C1, "status/initialization"), "");
	core_rig_cluster(&r);
	core_rig_cluster_up(&r);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1,
		       "status/initialization/infrastructureProvisioned"),
	    "true");
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1, "{\"metadata\":{\"ownerReferences\":null}}"),
	    200);
	CU_ASSERT_EQUAL(core_rig_delete(&r, W1), 200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "ObjectDeleted");
	core_rig_close(&r);
}

static void
pauses_and_says_why(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, C1,
		"{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":"
		"\"false\"}},\"spec\":{\"paused\":true}}"),
	    200);
	core_rig_cluster_up(&r);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "Paused", "status"), "True");
	CHECK_TEXT(core_rig_condition(&r, C1, "Paused", "message"),
	    "Cluster spec.paused is set to true, Cluster has the "
	    "cluster.x-k8s.io/paused annotation");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/ownerReferences"), "");
	CU_ASSERT_EQUAL(core_rig_delete(&r, C1), 200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/phase"), "Deleting");
	CHECK_TEXT(core_rig_at(&r, W1, "metadata/deletionTimestamp"), "");
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, C1,
		"{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":"
		"null}},\"spec\":{\"paused\":false}}"),
	    200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status"), "<gone>");
	CHECK_TEXT(core_rig_at(&r, W1, "spec"), "<gone>");
	core_rig_close(&r);
}

static void
copies_the_endpoint_once(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	/* A host alone is no endpoint. */
	CU_ASSERT_EQUAL(core_rig_patch(&r, C1,
			    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":"
			    "\"half\"}}}"),
	    200);
	core_rig_cluster_up(&r);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, C1, "spec/controlPlaneEndpoint/host"), "10.9.9.9");
	CHECK_TEXT(
	    core_rig_at(&r, C1, "spec/controlPlaneEndpoint/port"), "6443");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1,
			    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":"
			    "\"other\"}}}"),
	    200);
	core_rig_run(&r, 60 * LOOP_S);
	CHECK_TEXT(
	    core_rig_at(&r, C1, "spec/controlPlaneEndpoint/host"), "10.9.9.9");
	core_rig_close(&r);
}

static void
replaces_failure_domains_each_time(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	core_rig_cluster_up(&r);
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"failureDomains\":[{\"name\":\"z2\","
			    "\"controlPlane\":true},{\"name\":\"z1\"}]}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/failureDomains"),
	    "[{\"name\":\"z1\",\"controlPlane\":false},{\"name\":\"z2\","
	    "\"controlPlane\":true}]");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"failureDomains\":[{\"name\":"
			    "\"z3\"}]}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/failureDomains"),
	    "[{\"name\":\"z3\",\"controlPlane\":false}]");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"failureDomains\":null}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_at(&r, C1, "status/failureDomains"), "");
	core_rig_close(&r);
}

static void
counts_wrong_types_as_broken_contract(void)
{
	static const struct {
		const char *path, *patch, *word;
	} rows[] = {
		{ W1 "/status",
		    "{\"status\":{\"initialization\":{\"provisioned\":"
		    "\"true\"}}}",
		    "provisioned of c1 is not a boolean" },
		{ W1, "{\"spec\":{\"controlPlaneEndpoint\":\"h:1\"}}",
		    "controlPlaneEndpoint of c1 is not an object" },
		{ W1,
		    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"h\","
		    "\"port\":\"6443\"}}}",
		    "port of c1 is not an integer" },
		{ W1 "/status", "{\"status\":{\"failureDomains\":{\"z\":{}}}}",
		    "failureDomains of c1 is not a list" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct core_rig r;

		core_rig_open(&r, 0);
		core_rig_cluster(&r);
		core_rig_cluster_up(&r);
		CU_ASSERT_EQUAL(
		    core_rig_patch(&r, rows[i].path, rows[i].patch), 200);
		core_rig_run(&r, 10 * LOOP_S);
		core_rig_problems(&r, 1, rows[i].word);
		core_rig_close(&r);
	}
}

static void
mirrors_ready_with_its_time(void)
{
	struct core_rig r;

	core_rig_open(&r, 0);
	core_rig_cluster(&r);
	CU_ASSERT_EQUAL(
	    core_rig_patch(&r, W1 "/status",
		"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":"
		"\"False\",\"reason\":\"NotYet\",\"message\":\"because\","
		"\"lastTransitionTime\":\"2020-02-02T02:02:02Z\"}]}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "NotYet");
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "message"),
	    "because");
	CHECK_TEXT(core_rig_condition(
		       &r, C1, "InfrastructureReady", "lastTransitionTime"),
	    "2020-02-02T02:02:02Z");
	CU_ASSERT_EQUAL(core_rig_patch(&r, W1 "/status",
			    "{\"status\":{\"conditions\":[{\"type\":\"Ready\","
			    "\"status\":\"True\",\"reason\":null}]}}"),
	    200);
	core_rig_run(&r, 10 * LOOP_S);
	CHECK_TEXT(core_rig_condition(&r, C1, "InfrastructureReady", "reason"),
	    "InvalidConditionReported");
	core_rig_problems(&r, 1, "of c1 is no string");
	core_rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "takes the newest version of the label",
		    takes_the_newest_version_of_the_label },
		{ "goes from finalizer to provisioned",
		    goes_from_finalizer_to_provisioned },
		{ "is provisioned at once without infrastructure",
		    is_provisioned_at_once_without_infrastructure },
		{ "owns and labels the infrastructure, keeps other owners",
		    owns_and_labels_the_infrastructure_and_keeps_other_owners },
		{ "hangs without the contract's label",
		    hangs_without_the_contract_label },
		{ "hangs without the object, goes on when it comes",
		    hangs_without_the_object_and_goes_on_when_it_comes },
		{ "pauses and says why", pauses_and_says_why },
		{ "copies the endpoint once", copies_the_endpoint_once },
		{ "replaces failure domains each time",
		    replaces_failure_domains_each_time },
		{ "counts wrong types as a broken contract",
		    counts_wrong_types_as_broken_contract },
		{ "mirrors Ready with its time", mirrors_ready_with_its_time },
	};

	return UNIT_RUN("core_cluster", cases);
}
