/* Checks 22 to 27: from the first owner to the first claim. */
#include "tests/conformance/capi/capi.h"

static bool
lists(const cJSON *o, const char *finalizer)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, json_arr(o, "metadata/finalizers"))
		if (str_eq(f->valuestring, finalizer))
			return true;
	return false;
}

static void
finalizer_before_claim(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	const struct saw *s = NULL;
	int64_t finalizer = -1, claim = -1;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	while ((s = saw_next(l, s, B7M, "m1")) != NULL)
		if (finalizer < 0 && lists(s->after, FINALIZER))
			finalizer = s - l->v;
	s = NULL;
	while ((s = saw_next(l, s, HOST, NULL)) != NULL)
		if (claim < 0 && json_at(s->after, "spec/consumerRef") != NULL)
			claim = s - l->v;
	CU_ASSERT_TRUE(finalizer >= 0 && finalizer < claim);
	saw_free(l);
	rig_free(r);
}

/* A member of managedFields of our manager, anywhere below. */
static bool
mentions(const cJSON *j, const char *key)
{
	const cJSON *c;

	if (json_child(j, key) != NULL)
		return true;
	cJSON_ArrayForEach (c, j)
		if ((cJSON_IsObject(c) || cJSON_IsArray(c)) && mentions(c, key))
			return true;
	return false;
}

static void
owners_are_never_altered(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	const struct saw *s = NULL;
	unsigned n = 0;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	while ((s = saw_next(l, s, B7M, "m1")) != NULL) {
		const cJSON *m;

		if (!s->agent || s->after == NULL)
			continue;
		CU_ASSERT_TRUE(
		    json_equal(json_at(s->before, "metadata/ownerReferences"),
			json_at(s->after, "metadata/ownerReferences")));
		cJSON_ArrayForEach (
		    m, json_arr(s->after, "metadata/managedFields"))
			if (str_eq(
				json_str(m, "manager", ""), "beskar7-agent")) {
				n++;
				CU_ASSERT_FALSE(
				    mentions(m, "f:ownerReferences"));
			}
	}
	CU_ASSERT_TRUE(n > 5);
	saw_free(l);
	rig_free(r);
}

/* At any phase; the invariants watch that nothing of it is touched. */
static void
foreign_metadata_survives(void)
{
	static const int64_t at[] = { 0, 2, 4, 6, 15, 60 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct rig *r = capi_new(1);

		rig_machine(r, "m1");
		rig_run(r, at[i] * LOOP_S);
		CU_ASSERT_EQUAL(
		    capi_call(r, "PATCH", JSONPATCH, AXP B7M "/m1",
			capi_is(r, B7M, "m1", "metadata/finalizers", NULL)
			    ? "[{\"op\":\"add\",\"path\":\"/metadata/"
			      "finalizers\",\"value\":[\"foo.io/f\"]}]"
			    : "[{\"op\":\"add\",\"path\":\"/metadata/"
			      "finalizers/0\",\"value\":\"foo.io/f\"}]"),
		    200);
		rig_patch(r, B7M, "m1", "%s",
		    "{\"metadata\":{\"labels\":{\"foo\":\"1\"},"
		    "\"annotations\":{\"foo\":\"2\"}}}");
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		rig_delete(r, MACHINES, "m1");
		CU_ASSERT_TRUE(rig_wait(r, HOST, "bmc-000",
		    "spec/consumerRef/name", NULL, 10 * LOOP_MIN));
		rig_run(r, LOOP_MIN);
		CU_ASSERT_TRUE(capi_is(
		    r, B7M, "m1", "metadata/finalizers", "[\"foo.io/f\"]"));
		CU_ASSERT_TRUE(
		    capi_is(r, B7M, "m1", "metadata/labels/foo", "1"));
		CU_ASSERT_TRUE(
		    capi_is(r, B7M, "m1", "metadata/annotations/foo", "2"));
		rig_patch(r, B7M, "m1", "{\"metadata\":{\"finalizers\":null}}");
		CU_ASSERT_TRUE(rig_released(r, "m1", LOOP_MIN));
		rig_free(r);
	}
}

static void
managers_of(struct rig *r, const char *resource, const char *name)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *m;
	unsigned plain = 0, status = 0;

	cJSON_ArrayForEach (m, json_arr(o, "metadata/managedFields")) {
		if (!str_eq(json_str(m, "manager", ""), "beskar7-agent"))
			continue;
		if (str_eq(json_str(m, "subresource", ""), "status"))
			status++;
		else
			plain++;
		CU_ASSERT_EQUAL(
		    json_child(json_obj(m, "fieldsV1"), "f:status") != NULL,
		    str_eq(json_str(m, "subresource", ""), "status"));
	}
	CU_ASSERT_EQUAL(plain, 1);
	CU_ASSERT_EQUAL(status, 1);
	cJSON_Delete(o);
}

static void
our_manager_has_its_own_name(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].agent)
			CHECK_TEXT(l->v[i].manager, "beskar7-agent");
	managers_of(r, B7M, "m1");
	managers_of(r, HOST, "bmc-000");
	managers_of(r, B7C, "c1");
	saw_free(l);
	rig_free(r);
}

/* Neither the label nor the Cluster, then one after the other. */
static void
waits_for_label_and_cluster(void)
{
	struct rig *r = capi_new(1);

	capi_parked(r, "m1");
	rig_patch(r, MACHINES, "m1", "%s",
	    "{\"metadata\":{\"labels\":{\"" CAPI "/cluster-name\":null}},"
	    "\"spec\":{\"clusterName\":\"late\"}}");
	rig_patch(r, B7M, "m1", "%s",
	    "{\"metadata\":{\"labels\":{\"" CAPI "/cluster-name\":null}}}");
	capi_own(r, "m1", CAPI "/v1beta2");
	rig_run(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "HostClaimed", "reason",
	    "WaitingForClusterInfrastructureReady"));
	rig_apply(r, "%s",
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: late}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: late}}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: late}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n");
	CU_ASSERT_TRUE(capi_wait(
	    r, HOST, "bmc-000", "spec/consumerRef/name", "m1", 2 * LOOP_MIN));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	/* Its pause is heard of as well, by the machine and by its host. */
	rig_patch(r, CLUSTERS, "late", "{\"spec\":{\"paused\":true}}");
	rig_run(r, 5 * LOOP_S);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, B7M, "m1", "Paused", "reason", "Paused"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, HOST, "bmc-000", "Paused", "reason", "Paused"));
	rig_free(r);
}

static void
a_cluster_waits_for_its_owner(void)
{
	struct rig *r = capi_new(0);
	struct saw_log *l = saw_start(r);
	char *uid = capi_text(r, CLUSTERS, "c1", "metadata/uid");
	char *shim;

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: x}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n");
	capi_still(r, SETTLE);
	/* As a ClusterClass has it at first. */
	rig_apply(r, "%s",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: c1-shim}\n");
	shim = capi_text(r, "secrets", "c1-shim", "metadata/uid");
	rig_patch(r, B7C, "x",
	    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"v1\","
	    "\"kind\":\"Secret\",\"name\":\"c1-shim\",\"uid\":\"%s\"}]}}",
	    shim);
	rig_run(r, SETTLE);
	CU_ASSERT_EQUAL(saw_writes(l, B7C, "x"), 0);
	CU_ASSERT_TRUE(capi_is(r, B7C, "x", "status", NULL));
	CU_ASSERT_TRUE(capi_is(r, B7C, "x", "metadata/finalizers", NULL));
	rig_patch(r, B7C, "x",
	    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"" CAPI
	    "/v1beta2\",\"kind\":\"Cluster\",\"name\":\"c1\","
	    "\"uid\":\"%s\"}]}}",
	    uid);
	CU_ASSERT_TRUE(capi_wait(r, B7C, "x",
	    "status/initialization/provisioned", "true", LOOP_MIN));
	CU_ASSERT_TRUE(capi_has_finalizer(r, B7C, "x", FINALIZER_C));
	xfree(uid);
	xfree(shim);
	saw_free(l);
	rig_free(r);
}

const struct contract_check contract_owner[] = {
	{ 22, 'M', "the finalizer comes before the claim",
	    finalizer_before_claim, NULL },
	{ 23, 'M', "ownerReferences are never altered by us",
	    owners_are_never_altered, NULL },
	{ 24, 'M', "foreign finalizers, labels and annotations survive",
	    foreign_metadata_survives, NULL },
	{ 25, 'Q', "our field manager has its own name",
	    our_manager_has_its_own_name, NULL },
	{ 26, 'M', "waits for the cluster's label and the Cluster",
	    waits_for_label_and_cluster, NULL },
	{ 27, 'M', "a Beskar7Cluster waits for its Cluster",
	    a_cluster_waits_for_its_owner, NULL },
	{ 0 },
};
