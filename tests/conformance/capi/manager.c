/* Checks 92 to 95: the process around it all. */
#include "agent/agent.h"
#include "sim/workload/wlsim.h"
#include "tests/conformance/capi/capi.h"

/* A host and a whole cluster in that namespace, all with the label. */
static void
tenant(struct rig *r, const char *ns, const char *label, unsigned bmc)
{
	char address[128];

	bmc_address(
	    bmc_fleet_at(stage_fleet(r->s), bmc), address, sizeof(address));
	rig_apply(r,
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n"
	    "---\n"
	    "apiVersion: v1\nkind: Secret\n"
	    "metadata: {name: s%u, namespace: %s}\n"
	    "stringData: {username: root, password: b7-sim-secret}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: PhysicalHost\n"
	    "metadata: {name: host%u, namespace: %s, labels: {%s}}\n"
	    "spec:\n  redfishConnection:\n    address: %s\n"
	    "    credentialsSecretRef: {name: s%u}\n"
	    "    insecureSkipVerify: true\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: t%u, namespace: %s, labels: {%s}}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: t%u, namespace: %s}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: t%u}}\n",
	    ns, bmc, ns, bmc, ns, label, address, bmc, bmc, ns, label, bmc, ns,
	    bmc);
}

static bool
state_is(struct rig *r, const char *ns, const char *name, const char *state)
{
	cJSON *o = kube_server_get(stage_kube(r->s), AX, HOST, ns, name);
	bool ok = str_eq(json_str(o, "status/state", NULL), state);

	cJSON_Delete(o);
	return ok;
}

static bool
provisioned_in(struct rig *r, const char *ns, const char *cluster)
{
	cJSON *o = kube_server_get(stage_kube(r->s), AX, B7C, ns, cluster);
	bool ok = json_bool(o, "status/initialization/provisioned", false);

	cJSON_Delete(o);
	return ok;
}

static unsigned
requests(struct rig *r, unsigned bmc)
{
	return r->bmc[bmc].requests;
}

static void
one_namespace(void)
{
	struct rig *r = capi_new_idle(2);
	struct saw_log *l = saw_start(r);

	rig_delete(r, HOST, "bmc-000");
	rig_delete(r, HOST, "bmc-001");
	tenant(r, "mine", "a: b", 0);
	tenant(r, "theirs", "a: b", 1);
	r->o.agent.ns = "mine";
	rig_agent(r);
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(state_is(r, "mine", "host0", "Available"));
	CU_ASSERT_TRUE(provisioned_in(r, "mine", "t0"));
	CU_ASSERT_TRUE(state_is(r, "theirs", "host1", NULL));
	CU_ASSERT_FALSE(provisioned_in(r, "theirs", "t1"));
	CU_ASSERT_EQUAL(requests(r, 1), 0);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].agent)
			CHECK_TEXT(l->v[i].ns, "mine");
	saw_free(l);
	rig_free(r);
}

static void
one_watch_filter(void)
{
	struct rig *r = capi_new_idle(3);

	for (unsigned i = 0; i < 3; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "bmc-%03u", i);
		rig_delete(r, HOST, name);
	}
	tenant(r, "default", CAPI "/watch-filter: mine", 0);
	tenant(r, "default", CAPI "/watch-filter: min", 1);
	tenant(r, "default", "a: b", 2);
	r->o.agent.watch_filter = "mine";
	rig_agent(r);
	capi_machine(r, &(struct capi_machine){ .name = "m0",
			    .cluster = "t0",
			    .labels = CAPI "/control-plane: \"\", " CAPI
					   "/watch-filter: mine" });
	capi_machine_of(r, "m1", "t0");
	CU_ASSERT_TRUE(capi_up(r, "m0"));
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(capi_is(r, B7M, "m0", "status/hostRef/name", "host0"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "metadata/finalizers", NULL));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status", NULL));
	CU_ASSERT_TRUE(state_is(r, "default", "host1", NULL));
	CU_ASSERT_TRUE(state_is(r, "default", "host2", NULL));
	CU_ASSERT_FALSE(provisioned_in(r, "default", "t1"));
	CU_ASSERT_FALSE(provisioned_in(r, "default", "t2"));
	CU_ASSERT_EQUAL(requests(r, 1) + requests(r, 2), 0);
	rig_free(r);
}

static void
instances_keep_apart(void)
{
	one_namespace();
	one_watch_filter();
}

static bool
stopped(void *arg)
{
	return stage_agent(arg, 0) == NULL;
}

/* Ready after the caches are, and gone within ten seconds of SIGTERM. */
static void
ready_when_synced_and_gone_when_told(void)
{
	struct rig_opts o = { .bmcs = 2,
		.timing = capi_quick,
		.no_agent = true,
		.agent = { .leader_elect = true } };
	struct rig *r = rig_new(&o);
	struct world *w = stage_world(r->s);
	struct err e = { 0 };
	int64_t began;
	cJSON *lease;

	/* It leads, and has not listed anything yet. */
	rig_agent(r);
	kube_server_fail(
	    stage_kube(r->s), &(struct kube_fail){ .user = "beskar7-agent",
				  .verb = "list",
				  .resource = HOST "." AX,
				  .status = 500,
				  .count = 5 });
	rig_run(r, 2 * LOOP_S);
	CU_ASSERT_FALSE(agent_ready(stage_agent(r->s, 0), &e));
	rig_run(r, LOOP_MIN);
	CU_ASSERT_TRUE(agent_ready(stage_agent(r->s, 0), &e));
	rig_machine(r, "m1");
	rig_run(r, 7 * LOOP_S);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	began = world_now_us(w);
	stage_agent_stop(r->s, 0);
	CU_ASSERT_TRUE(world_run(w, began + 10 * LOOP_S, stopped, r->s));
	facts_agent_ended(invariants_facts(r->inv), 0);
	lease = kube_server_get(stage_kube(r->s), "coordination.k8s.io",
	    "leases", "default", "beskar7-agent");
	CU_ASSERT_TRUE(str_empty(json_str(lease, "spec/holderIdentity", "")));
	cJSON_Delete(lease);
	/* What it left is whole: the next one ends it with one boot. */
	rig_agent(r);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_EQUAL(r->bmc[0].loads + r->bmc[1].loads, 1);
	rig_free(r);
}

static void
core_is_read_as_v1beta2_only(void)
{
	struct rig *r = capi_new_up(1);

	CU_ASSERT_EQUAL(
	    capi_call(r, "GET", NULL, "/apis/" CAPI "/v1beta1", NULL), 404);
	CU_ASSERT_EQUAL(
	    capi_call(r, "GET", NULL, "/apis/" CAPI "/v1beta2", NULL), 200);
	rig_free(r);
}

/* ---- the unknown and the huge --------------------------------------------------- */

/* The server keeps what its schema does not know, as a newer one would. */
static void
core_of_the_future(struct rig *r)
{
	static const char *const crds[] = { "clusters." CAPI,
		"machines." CAPI };

	for (size_t i = 0; i < 2; i++) {
		char *path = xasprintf(
		    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
		    "%s",
		    crds[i]);
		int status = 0;
		cJSON *o = capi_ask(r, "GET", NULL, path, NULL, &status);
		cJSON *s = json_at_mut(
		    o, "spec/versions/0/schema/openAPIV3Schema/properties");
		char *body;

		json_set_bool(json_child(s, "spec"),
		    "x-kubernetes-preserve-unknown-fields", true);
		json_set_bool(json_child(s, "status"),
		    "x-kubernetes-preserve-unknown-fields", true);
		body = json_print(o);
		CU_ASSERT_EQUAL(capi_call(r, "PUT", NULL, path, body), 200);
		xfree(body);
		xfree(path);
		cJSON_Delete(o);
	}
	rig_run(r, 10 * LOOP_S);
}

/* A Secret as large as they come. */
static void
huge_secret(struct rig *r, const char *name)
{
	size_t n = (1u << 20) - 512;
	char *value = xmalloc(n + 1), *b64, *body;

	memset(value, 'x', n);
	value[n] = '\0';
	b64 = b64_encode(value, n);
	body = xasprintf("{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
			 "\"metadata\":{\"name\":\"%s\"},"
			 "\"data\":{\"value\":\"%s\"}}",
	    name, b64);
	CU_ASSERT_EQUAL(capi_call(r, "POST", NULL, COREP "secrets", body), 201);
	xfree(body);
	xfree(b64);
	xfree(value);
}

static void
the_unknown_is_ignored(void)
{
	struct rig *r = capi_new(1);

	core_of_the_future(r);
	rig_patch(r, CLUSTERS, "c1", "%s",
	    "{\"spec\":{\"hibernate\":{\"deep\":[1,2,{\"x\":null}]}}}");
	huge_secret(r, "huge");
	capi_machine(
	    r, &(struct capi_machine){ .name = "m1",
		   .cluster = "c1",
		   .bootstrap = "{dataSecretName: huge, later: [1, 2]}",
		   .more = "orbit: {kind: Polar}, readinessGates: []" });
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_EQUAL(capi_merge(r, CAPIP MACHINES "/m1/status",
			    "{\"status\":{\"mood\":7,\"orbit\":[{}]}}"),
	    200);
	rig_run(r, SETTLE);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "Ready", "status", "True"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_free(r);
}

static void
long_names_work(void)
{
	struct rig *r = capi_new_idle(1);
	char host[254], machine[64], address[128], *id;

	memset(host, 'h', 253);
	for (size_t i = 60; i < 250; i += 60)
		host[i] = '.';
	host[253] = '\0';
	memset(machine, 'm', 63);
	machine[63] = '\0';
	bmc_address(
	    bmc_fleet_at(stage_fleet(r->s), 0), address, sizeof(address));
	rig_delete(r, HOST, "bmc-000");
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: PhysicalHost\n"
	    "metadata: {name: %s}\n"
	    "spec:\n  redfishConnection:\n    address: %s\n"
	    "    credentialsSecretRef: {name: bmc-000}\n"
	    "    insecureSkipVerify: true\n",
	    host, address);
	rig_agent(r);
	capi_machine_of(r, machine, "c1");
	CU_ASSERT_TRUE(capi_up(r, machine));
	CU_ASSERT_TRUE(capi_is(r, B7M, machine, "status/hostRef/name", host));
	id = capi_text(r, MACHINES, machine, "spec/providerID");
	rig_run(r, LOOP_MIN);
	xfree(id);
	id = capi_text(r, MACHINES, machine, "spec/providerID");
	CU_ASSERT_TRUE(id != NULL && str_has_suffix(id, host));
	rig_delete(r, MACHINES, machine);
	CU_ASSERT_TRUE(rig_released(r, machine, 20 * LOOP_MIN));
	xfree(id);
	rig_free(r);
}

/* Of the node of m1: until the kubelet tells its own again. */
static void
node_with_addresses(struct rig *r, unsigned n)
{
	cJSON *body = cJSON_CreateObject(), *list = cJSON_CreateArray();
	char host[64], *path;
	int status = 0;

	path = xasprintf("/clusters/default/c1/api/v1/nodes/node-%s/status",
	    rig_host_of(r, "m1", host));
	for (unsigned i = 0; i < n; i++) {
		cJSON *a = cJSON_CreateObject();
		char text[24];

		(void)str_format(text, sizeof(text), "2001:db8::%x", i + 1);
		json_set_str(a, "type", "InternalIP");
		json_set_str(a, "address", text);
		(void)cJSON_AddItemToArray(list, a);
	}
	json_put(body, "status/addresses", list);
	cJSON_Delete(
	    wlsim_control(stage_workload(r->s), "PATCH", path, body, &status));
	CU_ASSERT_EQUAL(status, 200);
	cJSON_Delete(body);
	xfree(path);
}

/* Nodes are looked at while a machine of the cluster waits for its own. */
static void
many_addresses_are_bounded(void)
{
	struct rig_opts o = {
		.bmcs = 2, .timing = capi_quick, .workload = true
	};
	struct rig *r = rig_new(&o);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m1"));
	CU_ASSERT_TRUE_FATAL(
	    rig_wait(r, B7M, "m1", "?NodeAssociated", "True", 5 * LOOP_MIN));
	rig_machine(r, "m2");
	for (unsigned i = 0;
	     i < 40 && capi_is(r, B7M, "m1", "status/addresses/3", NULL); i++) {
		node_with_addresses(r, 256);
		rig_run(r, 15 * LOOP_S);
	}
	CU_ASSERT_TRUE(
	    capi_is(r, B7M, "m1", "status/addresses/63/type", "InternalIP"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/addresses/64", NULL));
	CU_ASSERT_TRUE(capi_up(r, "m2"));
	rig_free(r);
}

static void
the_unknown_and_the_huge(void)
{
	the_unknown_is_ignored();
	long_names_work();
	many_addresses_are_bounded();
}

const struct contract_check contract_manager[] = {
	{ 92, 'M', "--namespace and --watch-filter", instances_keep_apart,
	    NULL },
	{ 93, 'S', "ready when synced; the Lease is released on SIGTERM",
	    ready_when_synced_and_gone_when_told, NULL },
	{ 94, 'S', "core's objects are read as v1beta2 only",
	    core_is_read_as_v1beta2_only, NULL },
	{ 95, 'Q', "unknown fields, huge Secrets, long names",
	    the_unknown_and_the_huge, NULL },
	{ 0 },
};
