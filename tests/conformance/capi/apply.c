/* Checks 79 to 82: what a ClusterClass does to our objects. */
#include "tests/conformance/capi/capi.h"

#define TEMPLATE(url, annotation) \
	"{\"apiVersion\":\"" AX "/v1beta2\"," \
	"\"kind\":\"Beskar7MachineTemplate\",\"metadata\":{\"name\":\"t1\"," \
	"\"labels\":{\"topology." CAPI "/owned\":\"\"}" annotation "}," \
	"\"spec\":{\"template\":{\"spec\":{\"image\":{\"url\":\"" url \
	"\"}}}}}"
#define DRY_ANNOTATION ",\"annotations\":{\"topology." CAPI "/dry-run\":\"\"}"
#define TOPOLOGY "?fieldManager=capi-topology&force=true"
#define DRY "&dryRun=All"
#define HERE "http://h/a.iso"
#define THERE "http://h/b.iso"

static int
applied(struct rig *r, const char *path, const char *body)
{
	return capi_call(r, "PATCH", APPLY, path, body);
}

static void
a_dry_run_passes(void)
{
	struct rig *r = capi_new(0);
	cJSON *docs = capi_file("deploy/policy/templates.yaml");
	const char *rule =
	    json_str(docs, "0/spec/validations/0/expression", "");

	CU_ASSERT_EQUAL(
	    applied(r, AXP B7MT "/t1" TOPOLOGY, TEMPLATE(HERE, "")), 201);
	CU_ASSERT_EQUAL(applied(r, AXP B7MT "/t1" TOPOLOGY DRY,
			    TEMPLATE(THERE, DRY_ANNOTATION)),
	    200);
	CU_ASSERT_TRUE(
	    capi_is(r, B7MT, "t1", "spec/template/spec/image/url", HERE));
	/* The policy knows both halves of the exception. */
	CU_ASSERT_TRUE(strstr(rule, "request.dryRun") != NULL);
	CU_ASSERT_TRUE(strstr(rule, "topology." CAPI "/dry-run") != NULL);
	cJSON_Delete(docs);
	rig_free(r);
}

/* As the topology reconciler compares: without times. */
static char *
dry(struct rig *r, const char *path, const char *body)
{
	int status = 0;
	cJSON *o = capi_ask(r, "PATCH", APPLY, path, body, &status), *m;
	char *text;

	CU_ASSERT_EQUAL(status, 200);
	cJSON_ArrayForEach (m, json_at_mut(o, "metadata/managedFields"))
		json_set(m, "time", NULL);
	text = json_print(o);
	cJSON_Delete(o);
	return text;
}

static char *
now_without_times(struct rig *r, const char *resource, const char *name)
{
	cJSON *o = rig_get(r, resource, name), *m;
	char *text;

	cJSON_ArrayForEach (m, json_at_mut(o, "metadata/managedFields"))
		json_set(m, "time", NULL);
	text = json_print(o);
	cJSON_Delete(o);
	return text;
}

#define CLUSTER_SPEC \
	"{\"apiVersion\":\"" AX "/v1beta2\",\"kind\":\"Beskar7Cluster\"," \
	"\"metadata\":{\"name\":\"c2\",\"labels\":{\"topology." CAPI \
	"/owned\":\"\"}},\"spec\":{\"controlPlaneEndpointSource\":\"User\"," \
	"\"failureDomains\":[{\"name\":\"a\"}]}}"

static void
applied_twice_is_applied_once(void)
{
	static const struct {
		const char *path, *dry, *body, *resource, *name;
	} rows[] = {
		{ AXP B7MT "/t1" TOPOLOGY, AXP B7MT "/t1" TOPOLOGY DRY,
		    TEMPLATE(HERE, ""), B7MT, "t1" },
		{ AXP B7C "/c2" TOPOLOGY, AXP B7C "/c2" TOPOLOGY DRY,
		    CLUSTER_SPEC, B7C, "c2" },
	};
	struct rig *r = capi_new(0);

	for (size_t i = 0; i < 2; i++) {
		char *is, *a, *b;

		CU_ASSERT_EQUAL(applied(r, rows[i].path, rows[i].body), 201);
		rig_run(r, LOOP_MIN);
		is = now_without_times(r, rows[i].resource, rows[i].name);
		a = dry(r, rows[i].dry, rows[i].body);
		b = dry(r, rows[i].dry, rows[i].body);
		CHECK_TEXT(a, b);
		CHECK_TEXT(a, is);
		CU_ASSERT_EQUAL(applied(r, rows[i].path, rows[i].body), 200);
		xfree(b);
		b = now_without_times(r, rows[i].resource, rows[i].name);
		CHECK_TEXT(b, is);
		xfree(is);
		xfree(a);
		xfree(b);
	}
	rig_free(r);
}

static void
cluster_of_class(struct rig *r)
{
	rig_apply(r, "%s",
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}, "
	    "infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n");
}

static bool
owns(const cJSON *o, const char *manager, const char *path)
{
	const cJSON *m;

	cJSON_ArrayForEach (m, json_arr(o, "metadata/managedFields"))
		if (str_eq(json_str(m, "manager", ""), manager) &&
		    json_at(json_child(m, "fieldsV1"), path) != NULL)
			return true;
	return false;
}

static void
the_topology_and_we_share_it(void)
{
	struct rig *r = capi_new(0);
	char *is, *a;
	cJSON *o;

	CU_ASSERT_EQUAL(applied(r, AXP B7C "/c2" TOPOLOGY, CLUSTER_SPEC), 201);
	cluster_of_class(r);
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c2",
	    "status/initialization/provisioned", "true", LOOP_MIN));
	rig_run(r, LOOP_MIN);
	is = now_without_times(r, B7C, "c2");
	/* Without force: no conflict either. */
	a = dry(r, AXP B7C "/c2?fieldManager=capi-topology" DRY, CLUSTER_SPEC);
	CHECK_TEXT(a, is);
	o = rig_get(r, B7C, "c2");
	CU_ASSERT_FALSE(
	    owns(o, "capi-topology", "f:spec/f:controlPlaneEndpoint"));
	CU_ASSERT_FALSE(owns(o, "capi-topology", "f:status"));
	CU_ASSERT_TRUE(owns(o, "capi-topology", "f:spec/f:failureDomains"));
	CU_ASSERT_FALSE(owns(o, "beskar7-agent", "f:spec"));
	CU_ASSERT_TRUE(owns(o, "beskar7-agent", "f:status"));
	cJSON_Delete(o);
	xfree(is);
	xfree(a);
	rig_free(r);
}

static void
a_controlling_cluster_is_an_owner(void)
{
	struct rig *r = capi_new(0);
	char *uid;

	rig_apply(r, "%s",
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c3, annotations: {" CAPI "/paused: \"\"}}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c3}}\n");
	uid = capi_text(r, CLUSTERS, "c3", "metadata/uid");
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata:\n  name: c3\n  ownerReferences:\n"
	    "  - {apiVersion: " CAPI "/v1beta2, kind: Cluster, name: c3, "
	    "uid: %s, controller: true, blockOwnerDeletion: true}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n",
	    uid);
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c3",
	    "status/initialization/provisioned", "true", LOOP_MIN));
	CU_ASSERT_TRUE(capi_has_finalizer(r, B7C, "c3", FINALIZER_C));
	rig_delete(r, B7C, "c3");
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c3", "metadata", NULL, LOOP_MIN));
	xfree(uid);
	rig_free(r);
}

const struct contract_check contract_apply[] = {
	{ 79, 'S', "the topology's dry run of a changed template passes",
	    a_dry_run_passes,
	    "what is refused needs admission: a real server, kube/rules.py" },
	{ 80, 'S', "what is applied twice is applied once",
	    applied_twice_is_applied_once, NULL },
	{ 81, 'S', "the topology and we share a Beskar7Cluster",
	    the_topology_and_we_share_it, NULL },
	{ 82, 'S', "an owner Cluster that controls is an owner",
	    a_controlling_cluster_is_an_owner, NULL },
	{ 0 },
};
