/* Checks 28 to 36: what must be there before a host is taken. */
#include "tests/conformance/capi/capi.h"

static void
late_cluster(struct rig *r, const char *endpoint)
{
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2}\nspec: {%s}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n",
	    endpoint);
}

#define ENDPOINT "controlPlaneEndpoint: {host: h.example.org, port: 6443}"
#define SET_ENDPOINT \
	"{\"spec\":{\"controlPlaneEndpoint\":{\"host\":" \
	"\"h.example.org\",\"port\":6443}}}"

static bool
ready_names(struct rig *r, const char *what)
{
	char *message = capi_cond(r, B7M, "m1", "Ready", "message");
	bool ok = message != NULL && strstr(message, what) != NULL;

	if (!ok)
		(void)printf("Ready says <%s>, wanted %s\n",
		    message == NULL ? "" : message, what);
	xfree(message);
	return ok;
}

static void
waits_for_the_infrastructure(void)
{
	struct rig *r = capi_new(1);

	late_cluster(r, "");
	capi_machine(r, &(struct capi_machine){ .name = "m1",
			    .cluster = "c2",
			    .bootstrap = "{dataSecretName: here}" });
	rig_apply(r, "%s",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: here}\n"
	    "stringData: {value: x}\n");
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "Ready", "status", "False"));
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "HostClaimed", "reason",
	    "WaitingForClusterInfrastructureReady"));
	CU_ASSERT_TRUE(ready_names(r, "WaitingForClusterInfrastructureReady"));
	rig_patch(r, B7C, "c2", SET_ENDPOINT);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

/* A worker before the control plane is up, then without its data. */
static void
waits_for_the_bootstrap_data(void)
{
	struct rig *r = capi_new(2);

	capi_machine(r, &(struct capi_machine){
			    .name = "m1", .cluster = "c1", .labels = "" });
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "BootstrapDataReady",
	    "reason", "WaitingForControlPlaneInitialized"));
	CU_ASSERT_TRUE(ready_names(r, "WaitingForControlPlaneInitialized"));
	/* Of a control plane, with core's bootstrap held back. */
	capi_parked(r, "m2");
	rig_patch(r, MACHINES, "m2", "%s",
	    "{\"spec\":{\"bootstrap\":{\"dataSecretName\":null,\"configRef\":"
	    "{\"apiGroup\":\"bootstrap." CAPI
	    "\",\"kind\":\"K\",\"name\":\"x\"}}}}");
	capi_own(r, "m2", CAPI "/v1beta2");
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m2", "BootstrapDataReady",
	    "reason", "WaitingForBootstrapData"));
	/* The column Reason says so, too. */
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m2", "HostProvisioned", "reason",
	    "WaitingForBootstrapData"));
	rig_patch(r, MACHINES, "m2", "%s",
	    "{\"metadata\":{\"annotations\":{\"" CAPI "/paused\":null}}}");
	CU_ASSERT_TRUE(capi_up(r, "m2"));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

static void
waits_for_a_missing_secret(void)
{
	struct rig *r = capi_new(1);

	capi_machine(r, &(struct capi_machine){ .name = "m1",
			    .cluster = "c1",
			    .bootstrap = "{dataSecretName: later}" });
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, "m1", "BootstrapDataReady", "reason", "SecretNotFound"));
	rig_apply(r, "%s",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: later}\n"
	    "stringData: {value: x}\n");
	CU_ASSERT_TRUE(capi_wait(
	    r, HOST, "bmc-000", "spec/consumerRef/name", "m1", 5 * LOOP_S));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

/* Of what the simulated system found on the medium that it booted. */
static bool
system_found(
    struct rig *r, const char *host, const char *member, const char *want)
{
	char path[64];
	int status = 0;
	cJSON *j;
	bool ok;

	(void)snprintf(path, sizeof(path), "/bmcs/%s", host);
	j = bmc_fleet_control(stage_fleet(r->s), "GET", path, NULL, &status);
	ok = str_eq(json_str(json_obj(j, "userData"), member, ""), want);
	if (!ok)
		(void)printf("found <%s>, wanted %s\n",
		    json_str(json_obj(j, "userData"), member, ""), want);
	cJSON_Delete(j);
	return ok;
}

/* A live system of cloud-init's, with that Secret. */
static void
machine_with(struct rig *r, const char *name, const char *secret_data)
{
	char bootstrap[64];

	rig_apply(r,
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: %s-data}\n"
	    "stringData: {%s}\n",
	    name, secret_data);
	(void)snprintf(
	    bootstrap, sizeof(bootstrap), "{dataSecretName: %s-data}", name);
	capi_machine(r,
	    &(struct capi_machine){ .name = name,
		.cluster = "c1",
		.bootstrap = bootstrap,
		.image = "url: \"http://10.0.0.3/live.iso?family=cloud-init\", "
			 "kind: Live" });
}

#define CLOUD_CONFIG "\"#cloud-config\\nruncmd: [kubeadm join x]\\n\""

static void
format_and_value_decide(void)
{
	struct rig_opts o = {
		.bmcs = 1, .timing = capi_quick, .agent = { .media = true }
	};
	struct rig *r = rig_new(&o);

	rig_run(r, LOOP_MIN);
	/* Not that of the image: refused, and delivered to nobody. */
	machine_with(r, "m1", "format: ignition, value: " CLOUD_CONFIG);
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, "m1", "BootstrapDataReady", "reason", "FormatUnsupported"));
	CU_ASSERT_EQUAL(capi_touched_all(r), 0);
	/* Empty, and none at all: waited for. */
	for (size_t i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(
		    capi_merge(r, COREP "secrets/m1-data",
			i == 0 ? "{\"data\":{\"format\":null,\"value\":\"\"}}"
			       : "{\"data\":{\"value\":null}}"),
		    200);
		rig_run(r, LOOP_MIN);
		CU_ASSERT_TRUE(capi_cond_is(
		    r, B7M, "m1", "BootstrapDataReady", "status", "False"));
		CU_ASSERT_EQUAL(capi_touched_all(r), 0);
	}
	/* Without a format it is a cloud-config. */
	CU_ASSERT_EQUAL(capi_merge(r, COREP "secrets/m1-data",
			    "{\"stringData\":{\"value\":" CLOUD_CONFIG "}}"),
	    200);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, "m1", "BootstrapDataReady", "reason", "Ready"));
	CU_ASSERT_TRUE(system_found(r, "bmc-000", "format", "cloud-init"));
	CU_ASSERT_TRUE(system_found(r, "bmc-000", "state", "Bootstrapped"));
	rig_free(r);
}

static void
an_opaque_secret_without_label_works(void)
{
	struct rig *r = capi_new(1);

	rig_apply(r, "%s",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\n"
	    "type: Opaque\nstringData: {value: x}\n");
	capi_machine(r, &(struct capi_machine){ .name = "m1",
			    .cluster = "c1",
			    .bootstrap = "{dataSecretName: mine}" });
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(
	    capi_is(r, HOST, "bmc-000", "spec/userDataSecretRef/name", "mine"));
	rig_free(r);
}

/* The rig looks for the payload in each log line and each object stored. */
static void
the_payload_appears_nowhere(void)
{
	struct rig *r = capi_new_up(1);

	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_run(r, 10 * LOOP_MIN);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(r->lines > 100);
	CU_ASSERT_EQUAL(r->marker_hits, 0);
	rig_free(r);
}

/* Somebody else says what the Beskar7Cluster is. */
static void
no_gate_on_our_cluster_object(void)
{
	struct rig *r = capi_new(1);

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2, annotations: {" CAPI
	    "/managed-by: someone}}\nspec: {" ENDPOINT "}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n");
	CU_ASSERT_EQUAL(
	    capi_merge(r, AXP B7C "/c2/status",
		"{\"status\":{\"initialization\":{\"provisioned\":true}}}"),
	    200);
	capi_machine_of(r, "m1", "c2");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(capi_is(r, B7C, "c2", "status/conditions", NULL));
	rig_free(r);
}

static void
a_cluster_waits_for_an_endpoint(void)
{
	for (int on_cluster = 0; on_cluster < 2; on_cluster++) {
		struct rig *r = capi_new(0);

		late_cluster(r, "");
		rig_run(r, LOOP_MIN);
		capi_still(r, SETTLE);
		CU_ASSERT_TRUE(
		    capi_is(r, B7C, "c2", "status/initialization", NULL));
		CU_ASSERT_TRUE(
		    capi_cond_is(r, B7C, "c2", "ControlPlaneEndpointReady",
			"reason", "WaitingForEndpoint"));
		CU_ASSERT_TRUE(
		    capi_cond_is(r, B7C, "c2", "Ready", "status", "False"));
		rig_patch(r, on_cluster ? CLUSTERS : B7C, "c2", SET_ENDPOINT);
		CU_ASSERT_TRUE(capi_wait(r, B7C, "c2",
		    "status/initialization/provisioned", "true", LOOP_MIN));
		CU_ASSERT_TRUE(
		    capi_is(r, B7C, "c2", "spec/controlPlaneEndpoint/host",
			on_cluster ? NULL : "h.example.org"));
		CU_ASSERT_TRUE(capi_wait(r, CLUSTERS, "c2",
		    "status/initialization/infrastructureProvisioned", "true",
		    LOOP_MIN));
		CU_ASSERT_TRUE(capi_is(r, CLUSTERS, "c2",
		    "spec/controlPlaneEndpoint/host", "h.example.org"));
		rig_free(r);
	}
}

static void
a_cluster_needs_no_machine(void)
{
	struct rig *r = capi_new(0);

	CU_ASSERT_TRUE(capi_wait(r, B7C, "c1",
	    "status/initialization/provisioned", "true", LOOP_MIN));
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	rig_free(r);
}

const struct contract_check contract_gates[] = {
	{ 28, 'M', "nothing before the cluster's infrastructure is ready",
	    waits_for_the_infrastructure, NULL },
	{ 29, 'M', "nothing without bootstrap data, and says what it waits for",
	    waits_for_the_bootstrap_data, NULL },
	{ 30, 'M', "waits for a missing Secret, and sees it come",
	    waits_for_a_missing_secret, NULL },
	{ 31, 'M', "format and value of the bootstrap data",
	    format_and_value_decide, NULL },
	{ 32, 'M', "an Opaque Secret without labels will do",
	    an_opaque_secret_without_label_works, NULL },
	{ 33, 'Q', "the payload appears in no object and no log",
	    the_payload_appears_nowhere, NULL },
	{ 34, 'M', "no gate depends on what only we write",
	    no_gate_on_our_cluster_object, NULL },
	{ 35, 'M', "a cluster waits for an endpoint, wherever it is set",
	    a_cluster_waits_for_an_endpoint, NULL },
	{ 36, 'M', "a cluster is provisioned without machines and hosts",
	    a_cluster_needs_no_machine, NULL },
	{ 0 },
};
