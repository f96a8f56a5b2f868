/* Checks 14 to 21: what core clones from a template, and whose it is. */
#include "sim/core/clone.h"
#include "tests/conformance/capi/capi.h"

#define CLONES 50

static const char template_yaml[] =
    "apiVersion: " AX "/v1beta2\n"
    "kind: Beskar7MachineTemplate\n"
    "metadata: {name: t1, labels: {a: b}}\n"
    "spec:\n"
    "  template:\n"
    "    metadata: {labels: {from: template}, annotations: {note: keep}}\n"
    "    spec:\n"
    "      image: {url: 'http://10.0.0.3/installer.iso'}\n"
    "      hostSelector: {matchLabels: {mine: \"yes\"}}\n";

static void
a_template_is_a_machine_spec(void)
{
	struct rig *r = capi_new_idle(0);
	cJSON *o, *m;
	char *body;

	rig_apply(r, "%s", template_yaml);
	o = rig_get(r, B7MT, "t1");
	CHECK_TEXT(json_str(o, "spec/template/metadata/labels/from", NULL),
	    "template");
	CHECK_TEXT(json_str(o, "spec/template/metadata/annotations/note", NULL),
	    "keep");
	m = cJSON_CreateObject();
	json_set_str(m, "apiVersion", AX "/v1beta2");
	json_set_str(m, "kind", "Beskar7Machine");
	json_put(m, "metadata/name", cJSON_CreateString("x"));
	json_set(m, "spec", json_dup(json_obj(o, "spec/template/spec")));
	body = json_print(m);
	CU_ASSERT_EQUAL(
	    capi_call(r, "POST", NULL, AXP B7M "?fieldValidation=Strict", body),
	    201);
	xfree(body);
	cJSON_Delete(m);
	cJSON_Delete(o);
	rig_free(r);
}

struct clones {
	unsigned done, ok, conflicts;
};

static void
clone_done(void *arg, const struct core_clone_result *res)
{
	struct clones *t = arg;

	t->done++;
	t->ok += res->ok;
	t->conflicts += res->conflicts;
	if (!res->ok)
		(void)printf("clone: %s\n", res->why);
}

static void
clones_meet_no_conflict(void)
{
	struct rig *r = capi_new(2);
	struct clones t = { 0 };

	rig_apply(r, "%s", template_yaml);
	for (unsigned i = 0; i < CLONES; i++) {
		char name[16];
		struct core_clone_opts o = { .group = AX,
			.kind = "Beskar7MachineTemplate",
			.ns = "default",
			.name = "t1",
			.machine = name,
			.cluster = "c1",
			.control_plane = true };

		(void)str_format(name, sizeof(name), "clone-%02u", i);
		core_clone(stage_core(r->s), &o, clone_done, &t);
		rig_run(r, LOOP_S / 7);
	}
	rig_run(r, LOOP_MIN);
	CU_ASSERT_EQUAL(t.ok, CLONES);
	CU_ASSERT_EQUAL(t.conflicts, 0);
	CU_ASSERT_EQUAL(capi_claims(r), 2);
	rig_free(r);
}

/* Nothing is done about x for a while: no finalizer, no status, no claim, not
 * one write to it. */
static void
stays_alone(struct rig *r, const char *owners)
{
	struct saw_log *l = saw_start(r);

	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: x, labels: {" CAPI "/cluster-name: c1}%s}\n"
	    "spec: {image: {url: 'http://10.0.0.3/installer.iso'}}\n",
	    owners);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(saw_writes(l, B7M, "x"), 0);
	CU_ASSERT_TRUE(capi_is(r, B7M, "x", "metadata/finalizers", NULL));
	CU_ASSERT_TRUE(capi_is(r, B7M, "x", "status", NULL));
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	saw_free(l);
}

#define OWNER(api, kind) \
	", ownerReferences: [{apiVersion: " api ", kind: " kind \
	", name: m1, uid: c10e0000-0000-4000-8000-000000000001, " \
	"controller: true}]"

static void
a_clone_of_its_set_is_left_alone(void)
{
	static const char *const kinds[] = {
		OWNER(CAPI "/v1beta2", "MachineSet"),
		OWNER("controlplane." CAPI "/v1beta2", "KubeadmControlPlane"),
	};

	for (size_t i = 0; i < 2; i++) {
		struct rig *r = capi_new(1);

		stays_alone(r, kinds[i]);
		rig_free(r);
	}
}

static void
without_owner_it_is_left_alone(void)
{
	struct rig *r = capi_new(1);

	stays_alone(r, "");
	rig_delete(r, B7M, "x");
	CU_ASSERT_TRUE(rig_is(r, B7M, "x", NULL, NULL));
	capi_still(r, SETTLE);
	rig_free(r);
}

static void
a_machine_of_another_group_is_no_owner(void)
{
	struct rig *r = capi_new(1);

	stays_alone(r, OWNER("foo.io/v1", "Machine"));
	rig_free(r);
}

static void
a_machine_of_any_version_is_an_owner(void)
{
	static const char *const versions[] = { CAPI "/v1beta1",
		CAPI "/v1beta2", CAPI "/v3alpha7" };

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = capi_new(1);

		capi_parked(r, "m1");
		capi_still(r, LOOP_MIN);
		capi_own(r, "m1", versions[i]);
		CU_ASSERT_TRUE(capi_wait(r, HOST, "bmc-000",
		    "spec/consumerRef/name", "m1", LOOP_MIN));
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		rig_free(r);
	}
}

static void
metadata_of_templates_may_change(void)
{
	struct rig *r = capi_new_idle(0);

	rig_apply(r, "%s", template_yaml);
	CU_ASSERT_EQUAL(capi_merge(r, AXP B7MT "/t1",
			    "{\"metadata\":{\"labels\":{\"a\":\"c\"}}}"),
	    200);
	CU_ASSERT_EQUAL(capi_merge(r, AXP B7MT "/t1",
			    "{\"spec\":{\"template\":{\"metadata\":"
			    "{\"labels\":{\"from\":\"here\"}}}}}"),
	    200);
	rig_free(r);
}

/* That the rule is written down; what it refuses a real server tells. */
static void
cluster_templates_have_the_rule(void)
{
	cJSON *docs = capi_file("crds/beskar7clustertemplates.yaml");
	const cJSON *rule, *list;
	bool has = false;

	list = json_at(docs,
	    "0/spec/versions/0/schema/openAPIV3Schema/properties/spec/"
	    "properties/template/properties/spec/x-kubernetes-validations");
	cJSON_ArrayForEach (rule, list)
		has = has ||
		      str_eq(json_str(rule, "rule", ""), "self == oldSelf");
	CU_ASSERT_TRUE(has);
	cJSON_Delete(docs);
}

const struct contract_check contract_clone[] = {
	{ 14, 'M', "a template's spec is a machine's, verbatim",
	    a_template_is_a_machine_spec, NULL },
	{ 15, 'M', "fifty clones meet no conflict because of us",
	    clones_meet_no_conflict, NULL },
	{ 16, 'M', "a clone that only its set owns is left alone",
	    a_clone_of_its_set_is_left_alone, NULL },
	{ 17, 'M', "without an owner it is left alone, and goes at once",
	    without_owner_it_is_left_alone, NULL },
	{ 18, 'M', "a Machine of another group is no owner",
	    a_machine_of_another_group_is_no_owner, NULL },
	{ 19, 'M', "a Machine of any version is an owner",
	    a_machine_of_any_version_is_an_owner, NULL },
	{ 20, 'S', "spec.template.spec is immutable, metadata is not",
	    metadata_of_templates_may_change,
	    "the refusal needs admission: a real server, kube/rules.py" },
	{ 21, 'S', "a Beskar7ClusterTemplate is immutable",
	    cluster_templates_have_the_rule,
	    "the refusal needs CEL: a real server, kube/rules.py" },
	{ 0 },
};
