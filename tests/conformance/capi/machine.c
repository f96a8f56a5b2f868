/* Checks 37 to 45: what a Beskar7Machine tells core. */
#include "tests/conformance/capi/capi.h"

static bool
provisioned(const cJSON *o)
{
	return json_bool(o, "status/initialization/provisioned", false);
}

/* A life with everything in it: provisioned, switched off by a person, its BMC
 * away, its host's deletion tried, the agent killed, released. */
static struct saw_log *
a_full_life(struct rig **out)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	rig_bmc_do(r, "bmc-000", "power-button", "{\"hold\":true}");
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, B7M, "m1", "HostHealthy", "reason", "PoweredOff"));
	rig_bmc_do(r, "bmc-000", "power-button", "{}");
	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	rig_run(r, 20 * LOOP_MIN);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, "m1", "HostHealthy", "reason", "BMCUnreachable"));
	rig_heal(r, "bmc-000");
	rig_delete(r, HOST, "bmc-000");
	rig_run(r, 10 * LOOP_MIN);
	rig_kill(r);
	rig_run(r, 5 * LOOP_S);
	rig_agent(r);
	rig_run(r, 5 * LOOP_MIN);
	CU_ASSERT_TRUE(
	    capi_is(r, B7M, "m1", "status/initialization/provisioned", "true"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	*out = r;
	return l;
}

static void
no_provisioned_without_id(void)
{
	struct rig *r;
	struct saw_log *l = a_full_life(&r);
	const struct saw *s = NULL;
	unsigned seen = 0;

	while ((s = saw_next(l, s, B7M, "m1")) != NULL) {
		const char *id = json_str(s->after, "spec/providerID", NULL);

		if (!provisioned(s->after))
			continue;
		CHECK_TEXT(id, "b7://default/bmc-000");
		seen++;
	}
	CU_ASSERT_TRUE(seen > 3);
	saw_free(l);
	rig_free(r);
}

static void
the_id_never_changes(void)
{
	struct rig *r;
	struct saw_log *l = a_full_life(&r);
	const struct saw *s = NULL;
	cJSON *docs = capi_file("crds/beskar7machines.yaml");
	const cJSON *rules = json_at(docs,
	    "0/spec/versions/0/schema/openAPIV3Schema/properties/spec/"
	    "properties/providerID/x-kubernetes-validations");

	while ((s = saw_next(l, s, B7M, "m1")) != NULL) {
		const char *was = json_str(s->before, "spec/providerID", NULL);

		if (was != NULL && s->after != NULL)
			CHECK_TEXT(
			    json_str(s->after, "spec/providerID", NULL), was);
	}
	CU_ASSERT_TRUE(cJSON_GetArraySize(rules) > 0);
	cJSON_Delete(docs);
	saw_free(l);
	rig_free(r);
}

/* Equal names of hosts in two namespaces. */
static void
ids_are_unique(void)
{
	struct rig *r = capi_new(2);
	char *address =
	    capi_text(r, HOST, "bmc-001", "spec/redfishConnection/address");
	char *a, *b;
	cJSON *o;

	rig_delete(r, HOST, "bmc-001");
	CU_ASSERT_TRUE(
	    capi_wait(r, HOST, "bmc-001", "metadata", NULL, LOOP_MIN));
	rig_apply(r,
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n"
	    "---\n"
	    "apiVersion: v1\nkind: Secret\n"
	    "metadata: {name: s, namespace: other}\n"
	    "stringData: {username: root, password: b7-sim-secret}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: PhysicalHost\n"
	    "metadata: {name: bmc-000, namespace: other}\n"
	    "spec:\n  redfishConnection:\n    address: %s\n"
	    "    credentialsSecretRef: {name: s}\n"
	    "    insecureSkipVerify: true\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c1, namespace: other}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c1, namespace: other}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c1}}\n",
	    address);
	rig_machine(r, "m1");
	capi_machine(r, &(struct capi_machine){
			    .ns = "other", .name = "m1", .cluster = "c1" });
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, 10 * LOOP_MIN);
	a = capi_text(r, B7M, "m1", "spec/providerID");
	o = kube_server_get(stage_kube(r->s), AX, B7M, "other", "m1");
	b = xstrdup(json_str(o, "spec/providerID", NULL));
	CHECK_TEXT(a, "b7://default/bmc-000");
	CHECK_TEXT(b, "b7://other/bmc-000");
	cJSON_Delete(o);
	xfree(a);
	xfree(b);
	xfree(address);
	r->problems = 0; /* two machines of two nodes of one BMC fleet */
	rig_free(r);
}

static void
provisioned_is_never_taken_back(void)
{
	struct rig *r;
	struct saw_log *l = a_full_life(&r);
	const struct saw *s = NULL;

	while ((s = saw_next(l, s, B7M, "m1")) != NULL)
		if (provisioned(s->before) && s->after != NULL)
			CU_ASSERT_TRUE(provisioned(s->after));
	saw_free(l);
	rig_free(r);
}

static void
initialization_is_absent_until_true(void)
{
	struct rig *r;
	struct saw_log *l = a_full_life(&r);
	const struct saw *s = NULL;
	unsigned before = 0;

	while ((s = saw_next(l, s, B7M, "m1")) != NULL) {
		const cJSON *i = json_at(s->after, "status/initialization");

		before += i == NULL && s->after != NULL;
		if (i != NULL)
			CU_ASSERT_TRUE(provisioned(s->after));
	}
	CU_ASSERT_TRUE(before > 2);
	saw_free(l);
	rig_free(r);
}

/* The generic BMC shows its own name for the system's, and no NIC's address; an
 * iLO 6 has both from an agent in the system. */
static void
no_address_of_a_bmc(void)
{
	struct rig_opts o = {
		.bmcs = 1, .profile = "ilo6", .timing = capi_quick
	};
	struct rig *r = capi_new_up(1);
	cJSON *m, *a;
	unsigned n = 0;

	rig_run(r, 2 * 60 * LOOP_MIN);
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/addresses", NULL));
	rig_free(r);
	r = rig_new(&o);
	rig_run(r, LOOP_MIN);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE_FATAL(capi_up(r, "m1"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/addresses", NULL));
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_TRUE(capi_is(
	    r, B7M, "m1", "status/addresses/0/address", "node-bmc-000"));
	m = rig_get(r, MACHINES, "m1");
	cJSON_ArrayForEach (a, json_arr(m, "status/addresses")) {
		const char *type = json_str(a, "type", "");

		CU_ASSERT_TRUE(
		    str_eq(type, n == 0 ? "Hostname" : "InternalIP"));
		n++;
	}
	CU_ASSERT_EQUAL(n, 3);
	cJSON_Delete(m);
	rig_free(r);
}

static void
zone(struct rig *r, const char *host, const char *z)
{
	rig_patch(r, HOST, host,
	    "{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":%s%s%s"
	    "}}}",
	    z == NULL ? "" : "\"", z == NULL ? "null" : z,
	    z == NULL ? "" : "\"");
}

static void
failure_domains_are_honoured(void)
{
	struct rig *r = capi_new(3);

	zone(r, "bmc-000", "a");
	zone(r, "bmc-001", "b");
	capi_machine(
	    r, &(struct capi_machine){
		   .name = "m1", .cluster = "c1", .more = "failureDomain: b" });
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/hostRef/name", "bmc-001"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/failureDomain", "b"));
	/* No fallback to what is free elsewhere. */
	capi_machine(
	    r, &(struct capi_machine){
		   .name = "m2", .cluster = "c1", .more = "failureDomain: b" });
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, B7M, "m2", "HostClaimed", "reason", "NoHostInFailureDomain"));
	zone(r, "bmc-002", "b");
	CU_ASSERT_TRUE(capi_up(r, "m2"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m2", "status/hostRef/name", "bmc-002"));
	CU_ASSERT_TRUE(capi_wait(
	    r, MACHINES, "m2", "status/failureDomain", "b", LOOP_MIN));
	rig_free(r);
}

static void
written_elsewhere(const struct saw_log *l)
{
	static const char *const others[] = { MACHINES, CLUSTERS, B7MT, B7CT,
		"machinesets" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CU_ASSERT_EQUAL(saw_writes(l, others[i], NULL), 0);
	CU_ASSERT_EQUAL(saw_writes(l, "secrets", "m1"), 0);
}

static void
nothing_of_core_is_written(void)
{
	struct rig *r;
	struct saw_log *l = a_full_life(&r);

	written_elsewhere(l);
	CU_ASSERT_TRUE(saw_writes(l, B7M, "m1") > 5);
	saw_free(l);
	rig_free(r);
}

static void
template_of(struct rig *r, const char *name, const char *more)
{
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7MachineTemplate\n"
	    "metadata: {name: %s}\nspec: {template: {spec: {image: "
	    "{url: \"http://10.0.0.3/installer.iso\"}%s}}}\n",
	    name, more);
}

/* As a machine of it will find: the smaller of the two hosts. */
static void
capacity_is_that_of_the_hosts(struct rig *r)
{
	char *a, *b;

	a = capi_text(r, HOST, "bmc-000", "status/hardwareDetails/memoryGiB");
	b = xasprintf("%sGi", a);
	CU_ASSERT_TRUE(
	    capi_wait(r, B7MT, "any", "status/capacity/memory", b, LOOP_MIN));
	xfree(a);
	xfree(b);
	a = capi_text(
	    r, HOST, "bmc-000", "status/hardwareDetails/processors/cores");
	CU_ASSERT_TRUE(capi_is(r, B7MT, "any", "status/capacity/cpu", a));
	xfree(a);
	CU_ASSERT_TRUE(
	    capi_is(r, B7MT, "any", "status/nodeInfo/architecture", "amd64"));
	CU_ASSERT_TRUE(capi_is(
	    r, B7MT, "any", "status/nodeInfo/operatingSystem", "linux"));
}

/* As it asks for, where no host fits. */
static void
templates_tell_their_capacity(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l;

	template_of(r, "any", "");
	template_of(r, "big",
	    ", hostSelector: {matchLabels: {role: none}}, "
	    "hardwareRequirements: {minCores: 96, minMemoryGiB: 512, "
	    "architecture: arm64}");
	capacity_is_that_of_the_hosts(r);
	CU_ASSERT_TRUE(
	    capi_wait(r, B7MT, "big", "status/capacity/cpu", "96", LOOP_MIN));
	CU_ASSERT_TRUE(
	    capi_is(r, B7MT, "big", "status/capacity/memory", "512Gi"));
	CU_ASSERT_TRUE(
	    capi_is(r, B7MT, "big", "status/nodeInfo/architecture", "arm64"));
	/* A life on the host changes nothing of it. */
	l = saw_start(r);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_run(r, SETTLE);
	CU_ASSERT_EQUAL(saw_writes(l, B7MT, NULL), 0);
	saw_free(l);
	rig_free(r);
}

const struct contract_check contract_machine[] = {
	{ 37, 'M', "never provisioned without a providerID",
	    no_provisioned_without_id, NULL },
	{ 38, 'M', "the providerID never changes", the_id_never_changes,
	    "that a change by hand is refused needs CEL: a real server, "
	    "kube/rules.py" },
	/* As b7://NAMESPACE/HOST: what is after the last slash is not. */
	{ 39, 'M', "providerIDs are unique over all namespaces", ids_are_unique,
	    NULL },
	{ 40, 'M', "provisioned is never taken back",
	    provisioned_is_never_taken_back, NULL },
	{ 41, 'M', "initialization is absent until it is true",
	    initialization_is_absent_until_true, NULL },
	{ 42, 'S', "addresses are the system's, none of a BMC",
	    no_address_of_a_bmc, NULL },
	{ 43, 'M', "the failure domain is honoured, with no fallback",
	    failure_domains_are_honoured, NULL },
	{ 44, 'M', "nothing of core's is written", nothing_of_core_is_written,
	    NULL },
	{ 45, 'S', "capacity and nodeInfo of templates",
	    templates_tell_their_capacity, NULL },
	{ 0 },
};
