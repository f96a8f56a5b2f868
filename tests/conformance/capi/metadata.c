/* Checks 83 to 85: others write to our objects, too. */
#include "sim/core/clone.h"
#include "tests/conformance/capi/capi.h"

static void
clone_done(void *arg, const struct core_clone_result *res)
{
	bool *ok = arg;

	*ok = res->ok;
}

/* Machine m1 as a MachineSet makes it, provisioned. */
static struct rig *
cloned(void)
{
	struct rig *r = capi_new(1);
	struct core_clone_opts o = { .group = AX,
		.kind = "Beskar7MachineTemplate",
		.ns = "default",
		.name = "t1",
		.machine = "m1",
		.cluster = "c1",
		.control_plane = true };
	bool ok = false;

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7MachineTemplate\n"
	    "metadata: {name: t1}\nspec:\n  template:\n"
	    "    metadata: {labels: {from: template}}\n"
	    "    spec: {image: {url: 'http://10.0.0.3/installer.iso'}}\n");
	core_clone(stage_core(r->s), &o, clone_done, &ok);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(ok);
	rig_run(r, LOOP_MIN);
	return r;
}

#define META(labels, annotations) \
	"{\"apiVersion\":\"" AX "/v1beta2\",\"kind\":\"Beskar7Machine\"," \
	"\"metadata\":{\"name\":\"m1\",\"labels\":{\"" CAPI \
	"/cluster-name\":\"c1\",\"" CAPI "/set-name\":\"clone-set\",\"" CAPI \
	"/control-plane\":\"\"" labels "},\"annotations\":{\"" CAPI \
	"/cloned-from-name\":\"t1\",\"" CAPI \
	"/cloned-from-groupkind\":\"Beskar7MachineTemplate." AX \
	"\"" annotations "}}}"
#define AS_SET AXP B7M "/m1?fieldManager=capi-machineset-metadata&force=true"

static void
applied(struct rig *r, const char *body, const char *label, const char *note)
{
	CU_ASSERT_EQUAL(capi_call(r, "PATCH", APPLY, AS_SET, body), 200);
	capi_still(r, SETTLE);
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "metadata/labels/tier", label));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "metadata/annotations/n", note));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1",
	    "metadata/annotations/" CAPI "~1cloned-from-name", "t1"));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1",
	    "metadata/annotations/" CAPI "~1cloned-from-groupkind",
	    "Beskar7MachineTemplate." AX));
}

static void
propagated_metadata_survives(void)
{
	struct rig *r = cloned();

	applied(r, META(",\"tier\":\"a\"", ",\"n\":\"1\""), "a", "1");
	applied(r, META(",\"tier\":\"b\"", ",\"n\":\"2\""), "b", "2");
	applied(r, META("", ""), NULL, NULL);
	CU_ASSERT_TRUE(
	    capi_is(r, B7M, "m1", "metadata/annotations/" AX "~1claim-id",
		NULL) == false);
	rig_free(r);
}

static void
nothing_of_cores_is_undone(void)
{
	for (int64_t ms = 50; ms < 12000; ms += 611) {
		struct rig *r = capi_new(1);
		char *refs, *now, *uid;

		rig_machine(r, "m1");
		rig_run(r, 4 * LOOP_S + ms * LOOP_MS / 10);
		CU_ASSERT_TRUE(capi_wait(r, B7M, "m1",
		    "metadata/ownerReferences/0/kind", "Machine", LOOP_MIN));
		rig_run(r, ms * LOOP_MS);
		refs = capi_text(r, B7M, "m1", "metadata/ownerReferences");
		uid = capi_text(r, CLUSTERS, "c1", "metadata/uid");
		/* As core: the whole list, one more, no resourceVersion. */
		refs[strlen(refs) - 1] = '\0';
		rig_patch(r, B7M, "m1",
		    "{\"metadata\":{\"ownerReferences\":%s,"
		    "{\"apiVersion\":\"" CAPI
		    "/v1beta2\",\"kind\":\"Cluster\",\"name\":\"c1\","
		    "\"uid\":\"%s\"}],\"labels\":{\"by\":\"core\"}}}",
		    refs, uid);
		xfree(uid);
		xfree(refs);
		refs = capi_text(r, B7M, "m1", "metadata/ownerReferences");
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		now = capi_text(r, B7M, "m1", "metadata/ownerReferences");
		CHECK_TEXT(now, refs);
		CU_ASSERT_TRUE(
		    capi_is(r, B7M, "m1", "metadata/labels/by", "core"));
		xfree(now);
		xfree(refs);
		rig_free(r);
	}
}

/* The stand-in has no CEL: it stores what a real server refuses. */
static void
a_changed_spec_does_not_touch_the_host(void)
{
	struct rig *r = capi_new_up(1);
	unsigned touched = capi_touched_all(r);

	rig_patch(r, B7M, "m1", "%s",
	    "{\"spec\":{\"image\":{\"url\":\"http://10.0.0.3/live.iso\"},"
	    "\"bootMode\":\"Legacy\",\"hostSelector\":{\"matchLabels\":{"
	    "\"no\":\"where\"}}}}");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "Ready", "status", "True"));
	rig_kill(r);
	rig_agent(r);
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	r->violations = 0; /* the user's change of an immutable spec */
	rig_free(r);
}

const struct contract_check contract_metadata[] = {
	{ 83, 'M', "metadata that is propagated survives, with no reaction",
	    propagated_metadata_survives, NULL },
	{ 84, 'M', "core's patches are neither lost nor undone",
	    nothing_of_cores_is_undone, NULL },
	{ 85, 'S', "a changed spec does not touch the host",
	    a_changed_spec_does_not_touch_the_host,
	    "that it is refused needs CEL: a real server, kube/rules.py" },
	{ 0 },
};
