/* Checks 61 to 63: a Beskar7Cluster that somebody else manages. */
#include "tests/conformance/capi/capi.h"

#define MANAGED CAPI "/managed-by"

static void
managed_elsewhere(struct rig *r, const char *value)
{
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2, annotations: {" MANAGED ": \"%s\"}}\n"
	    "spec: {}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n",
	    value);
}

static void
it_is_left_alone(void)
{
	static const char *const values[] = { "", "x", "false" };

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = capi_new(0);
		struct saw_log *l = saw_start(r);

		managed_elsewhere(r, values[i]);
		rig_run(r, LOOP_MIN);
		rig_patch(r, CLUSTERS, "c2", "{\"spec\":{\"paused\":true}}");
		rig_run(r, LOOP_MIN);
		rig_patch(r, CLUSTERS, "c2", "{\"spec\":{\"paused\":false}}");
		capi_still(r, SETTLE);
		CU_ASSERT_EQUAL(saw_writes(l, B7C, "c2"), 0);
		CU_ASSERT_TRUE(capi_is(r, B7C, "c2", "status", NULL));
		CU_ASSERT_TRUE(
		    capi_is(r, B7C, "c2", "metadata/finalizers", NULL));
		rig_delete(r, B7C, "c2");
		CU_ASSERT_TRUE(rig_is(r, B7C, "c2", NULL, NULL));
		saw_free(l);
		rig_free(r);
	}
}

/* Handed over while it lived: our finalizer must not keep it. */
static void
handed_over_it_can_be_deleted(void)
{
	struct rig *r = capi_new(0);

	CU_ASSERT_TRUE(capi_has_finalizer(r, B7C, "c1", FINALIZER_C));
	rig_patch(r, B7C, "c1", "%s",
	    "{\"metadata\":{\"annotations\":{\"" MANAGED "\":\"x\"}}}");
	rig_run(r, LOOP_MIN);
	rig_delete(r, B7C, "c1");
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c1", "metadata", NULL, LOOP_MIN));
	rig_free(r);
}

static void
externally_managed(void)
{
	it_is_left_alone();
	handed_over_it_can_be_deleted();
}

static void
machines_work_beside_it(void)
{
	struct rig *r = capi_new(1);

	managed_elsewhere(r, "x");
	capi_machine_of(r, "m1", "c2");
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	rig_patch(r, B7C, "c2", "%s",
	    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"h\","
	    "\"port\":1}}}");
	CU_ASSERT_EQUAL(
	    capi_merge(r, AXP B7C "/c2/status",
		"{\"status\":{\"initialization\":{\"provisioned\":true}}}"),
	    200);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_free(r);
}

/* That the policy is written down; what it refuses a real server tells. */
static void
a_policy_keeps_the_annotation(void)
{
	cJSON *docs = capi_file("deploy/policy/templates.yaml");
	const cJSON *o;
	unsigned policies = 0, bindings = 0;

	cJSON_ArrayForEach (o, docs) {
		const char *kind = json_str(o, "kind", "");
		char *text = json_print(o);

		policies += str_eq(kind, "ValidatingAdmissionPolicy") &&
			    strstr(text, MANAGED) != NULL;
		bindings +=
		    str_eq(kind, "ValidatingAdmissionPolicyBinding") &&
		    str_eq(json_str(o, "spec/policyName", NULL),
			"beskar7-system-managed-by-stays") &&
		    str_eq(
			json_str(o, "spec/validationActions/0", NULL), "Deny");
		xfree(text);
	}
	CU_ASSERT_EQUAL(policies, 1);
	CU_ASSERT_EQUAL(bindings, 1);
	cJSON_Delete(docs);
}

const struct contract_check contract_external[] = {
	{ 61, 'S', "managed-by: nothing at all is done", externally_managed,
	    NULL },
	{ 62, 'S', "machines of such a cluster work", machines_work_beside_it,
	    NULL },
	{ 63, 'S', "managed-by cannot be taken off",
	    a_policy_keeps_the_annotation,
	    "the refusal needs admission: a real server, kube/rules.py" },
	{ 0 },
};
