/* Checks 46 to 48: what a Beskar7Cluster tells core. */
#include "tests/conformance/capi/capi.h"

static void
the_endpoint_is_the_users(void)
{
	struct rig *r = capi_new(0);
	struct saw_log *l = saw_start(r);
	const struct saw *s = NULL;
	unsigned n = 0;

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {controlPlaneEndpoint: {host: Ex.Org, port: 8443}}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n");
	CU_ASSERT_TRUE(capi_wait(r, CLUSTERS, "c2",
	    "status/initialization/infrastructureProvisioned", "true",
	    LOOP_MIN));
	rig_run(r, SETTLE);
	while ((s = saw_next(l, s, B7C, "c2")) != NULL) {
		CHECK_TEXT(
		    json_str(s->after, "spec/controlPlaneEndpoint/host", NULL),
		    "Ex.Org");
		CU_ASSERT_EQUAL(
		    json_i64(s->after, "spec/controlPlaneEndpoint/port", 0),
		    8443);
		n += json_bool(
		    s->after, "status/initialization/provisioned", false);
	}
	CU_ASSERT_TRUE(n > 0);
	CU_ASSERT_TRUE(capi_is(
	    r, CLUSTERS, "c2", "spec/controlPlaneEndpoint/host", "Ex.Org"));
	saw_free(l);
	rig_free(r);
}

static void
cluster_by_machine(struct rig *r, const char *name, const char *endpoint)
{
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: %s}\nspec: {controlPlaneEndpointSource: "
	    "FirstControlPlaneMachine%s}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: %s}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: %s}}\n",
	    name, endpoint, name, name);
	/* Core would make no machine before this. */
	CU_ASSERT_TRUE(capi_wait(r, CLUSTERS, name,
	    "status/initialization/infrastructureProvisioned", "true",
	    LOOP_MIN));
	CU_ASSERT_TRUE(
	    capi_is(r, B7C, name, "spec/controlPlaneEndpoint/host", NULL));
	CU_ASSERT_TRUE(capi_cond_is(r, B7C, name, "ControlPlaneEndpointReady",
	    "reason", "WaitingForMachine"));
}

/* Of a worker, and older than any other. */
static void
address_of_no_control_plane(struct rig *r)
{
	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: a0, labels: {" CAPI "/cluster-name: c2}}\n"
	    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n");
	CU_ASSERT_EQUAL(
	    capi_merge(r, AXP B7M "/a0/status",
		"{\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
		"\"address\":\"192.0.2.1\"}]}}"),
	    200);
}

/* The first InternalIP of m1, which stays when m1 is gone. */
static void
the_first_machine_brings_it(void)
{
	struct rig_opts o = {
		.bmcs = 3, .profile = "ilo6", .timing = capi_quick
	};
	struct rig *r = rig_new(&o);
	char *host;

	cluster_by_machine(r, "c2", "");
	cluster_by_machine(r, "c3", ", controlPlaneEndpoint: {port: 8443}");
	address_of_no_control_plane(r);
	capi_machine_of(r, "m1", "c2");
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m1"));
	capi_machine_of(r, "m0", "c2");
	capi_machine_of(r, "m3", "c3");
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m0") && capi_up(r, "m3"));
	rig_run(r, 60 * LOOP_MIN);
	host = capi_text(r, B7M, "m1", "status/addresses/1/address");
	CU_ASSERT_TRUE(host != NULL && str_has_prefix(host, "172."));
	CU_ASSERT_TRUE(
	    capi_is(r, B7C, "c2", "spec/controlPlaneEndpoint/host", host));
	CU_ASSERT_TRUE(
	    capi_is(r, B7C, "c2", "spec/controlPlaneEndpoint/port", "6443"));
	CU_ASSERT_TRUE(
	    capi_is(r, CLUSTERS, "c2", "spec/controlPlaneEndpoint/host", host));
	CU_ASSERT_TRUE(
	    capi_is(r, B7C, "c3", "spec/controlPlaneEndpoint/port", "8443"));
	CU_ASSERT_TRUE(capi_cond_is(r, B7C, "c2", "Ready", "status", "True"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_run(r, SETTLE);
	CU_ASSERT_TRUE(
	    capi_is(r, B7C, "c2", "spec/controlPlaneEndpoint/host", host));
	xfree(host);
	rig_free(r);
}

static void
the_endpoint_is_as_told(void)
{
	the_endpoint_is_the_users();
	the_first_machine_brings_it();
}

static bool
domains_are(struct rig *r, const char *json)
{
	char *is = capi_text(r, B7C, "c1", "status/failureDomains");
	bool ok = str_eq(is, json);

	if (!ok)
		(void)printf("failureDomains %s, wanted %s\n",
		    is == NULL ? "(absent)" : is, json == NULL ? "-" : json);
	xfree(is);
	return ok;
}

#define D(name, plane) "{\"name\":\"" name "\",\"controlPlane\":" plane "}"

static void
zone(struct rig *r, const char *host, const char *quoted)
{
	rig_patch(r, HOST, host,
	    "{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":%s}}}",
	    quoted);
	rig_run(r, 10 * LOOP_S);
}

static void
failure_domains_are_a_list(void)
{
	struct rig *r = capi_new(3);

	CU_ASSERT_TRUE(domains_are(r, NULL));
	zone(r, "bmc-000", "\"z\"");
	zone(r, "bmc-001", "\"a\"");
	zone(r, "bmc-002", "\"z\"");
	CU_ASSERT_TRUE(
	    domains_are(r, "[" D("a", "true") "," D("z", "true") "]"));
	zone(r, "bmc-001", "null");
	CU_ASSERT_TRUE(domains_are(r, "[" D("z", "true") "]"));
	rig_patch(r, B7C, "c1", "%s",
	    "{\"spec\":{\"failureDomains\":[{\"name\":\"y\","
	    "\"controlPlane\":false},{\"name\":\"b\"}]}}");
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    domains_are(r, "[" D("b", "true") "," D("y", "false") "]"));
	CU_ASSERT_TRUE(
	    capi_is(r, CLUSTERS, "c1", "status/failureDomains/1/name", "y"));
	rig_patch(r, B7C, "c1", "%s",
	    "{\"spec\":{\"failureDomains\":[{\"name\":\"y\"}]}}");
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_TRUE(domains_are(r, "[" D("y", "true") "]"));
	rig_patch(r, B7C, "c1", "%s", "{\"spec\":{\"failureDomains\":null}}");
	zone(r, "bmc-000", "null");
	zone(r, "bmc-002", "null");
	CU_ASSERT_TRUE(domains_are(r, NULL));
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    capi_is(r, CLUSTERS, "c1", "status/failureDomains", NULL));
	rig_free(r);
}

/* Deleted by a person while its machine runs: the machine stays, and can be
 * released. */
static void
deletion_strands_no_machine(void)
{
	struct rig *r = capi_new_up(1);
	unsigned touched;

	CU_ASSERT_TRUE(capi_cond_is(r, B7C, "c1", "Ready", "status", "True"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, B7C, "c1", "Paused", "reason", "NotPaused"));
	touched = capi_touched_all(r);
	rig_delete(r, B7C, "c1");
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c1", "metadata", NULL, LOOP_MIN));
	rig_run(r, SETTLE);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "Ready", "status", "True"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
}

const struct contract_check contract_cluster[] = {
	{ 46, 'M', "the endpoint is the user's, or the first machine's",
	    the_endpoint_is_as_told, NULL },
	{ 47, 'M', "failure domains are a list, sorted, absent when none",
	    failure_domains_are_a_list, NULL },
	{ 48, 'S', "conditions are there; deletion strands no machine",
	    deletion_strands_no_machine, NULL },
	{ 0 },
};
