/* Checks 54 to 60: paused means nothing at all. */
#include "tests/conformance/capi/capi.h"

#define ANNOTATE(v) \
	"{\"metadata\":{\"annotations\":{\"" CAPI "/paused\":" v "}}}"
#define PAUSE(v) "{\"spec\":{\"paused\":" v "}}"
#define BY_CLUSTER "Cluster spec.paused is set to true"
#define BY_ANNOTATION(kind) kind " has the cluster.x-k8s.io/paused annotation"

static void
says(struct rig *r, const char *resource, const char *name, const char *message)
{
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "status", "True"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "reason", "Paused"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "message", message));
}

static void
says_no(struct rig *r, const char *resource, const char *name)
{
	rig_run(r, 10 * LOOP_S);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "status", "False"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "reason", "NotPaused"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, resource, name, "Paused", "message", ""));
}

/* Everything but the condition Paused, as text; owned. */
static char *
rest_of(struct rig *r, const char *resource, const char *name)
{
	cJSON *o = rig_get(r, resource, name), *c, *list, *next;
	char *text;

	list = json_at_mut(o, "status/conditions");
	for (c = list == NULL ? NULL : list->child; c != NULL; c = next) {
		next = c->next;
		if (str_eq(json_str(c, "type", ""), "Paused"))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, c));
	}
	json_put(o, "metadata/managedFields", NULL);
	json_put(o, "metadata/resourceVersion", NULL);
	json_put(o, "metadata/annotations", NULL);
	text = json_print(o);
	cJSON_Delete(o);
	return text;
}

static void
the_cluster_pauses(void)
{
	struct rig *r = capi_new_up(1);
	char *m = rest_of(r, B7M, "m1"), *c = rest_of(r, B7C, "c1");
	char *m2, *c2;
	unsigned touched = capi_touched_all(r);

	rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
	says(r, B7M, "m1", BY_CLUSTER);
	says(r, B7C, "c1", BY_CLUSTER);
	capi_still(r, SETTLE);
	m2 = rest_of(r, B7M, "m1");
	c2 = rest_of(r, B7C, "c1");
	CHECK_TEXT(m2, m);
	CHECK_TEXT(c2, c);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	/* Work that came meanwhile goes on at once. */
	rig_machine(r, "m2");
	rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
	rig_run(r, 3 * LOOP_S);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, B7M, "m1", "Paused", "reason", "NotPaused"));
	says_no(r, B7M, "m1");
	says_no(r, B7C, "c1");
	xfree(m);
	xfree(m2);
	xfree(c);
	xfree(c2);
	rig_free(r);
}

static void
the_annotation_pauses(void)
{
	static const char *const values[] = { ANNOTATE("\"\""),
		ANNOTATE("\"false\""), ANNOTATE("\"x\"") };
	struct rig *r = capi_new_up(1);

	for (size_t i = 0; i < 3; i++) {
		rig_patch(r, B7M, "m1", "%s", values[i]);
		rig_patch(r, B7C, "c1", "%s", values[i]);
		says(r, B7M, "m1", BY_ANNOTATION("Beskar7Machine"));
		says(r, B7C, "c1", BY_ANNOTATION("Beskar7Cluster"));
		rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		says(r, B7M, "m1",
		    BY_CLUSTER ", " BY_ANNOTATION("Beskar7Machine"));
		says(r, B7C, "c1",
		    BY_CLUSTER ", " BY_ANNOTATION("Beskar7Cluster"));
		rig_patch(r, CLUSTERS, "c1", PAUSE("null"));
		says(r, B7M, "m1", BY_ANNOTATION("Beskar7Machine"));
		rig_patch(r, B7M, "m1", "%s", ANNOTATE("null"));
		rig_patch(r, B7C, "c1", "%s", ANNOTATE("null"));
		says_no(r, B7M, "m1");
		says_no(r, B7C, "c1");
	}
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_free(r);
}

static void
the_clusters_annotation_pauses_nobody_else(void)
{
	struct rig *r = capi_new(1);

	rig_machine(r, "m1");
	rig_run(r, 5 * LOOP_S);
	rig_patch(r, CLUSTERS, "c1", ANNOTATE("\"\""));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	says_no(r, B7M, "m1");
	says_no(r, B7C, "c1");
	rig_free(r);
}

static void
deletion_waits_for_the_end_of_a_pause(void)
{
	for (int by_cluster = 0; by_cluster < 2; by_cluster++) {
		struct rig *r = capi_new_up(1);
		unsigned touched = capi_touched_all(r);

		if (by_cluster)
			rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		else
			rig_patch(r, B7M, "m1", ANNOTATE("\"\""));
		rig_patch(r, B7C, "c1", ANNOTATE("\"\""));
		rig_run(r, 10 * LOOP_S);
		rig_delete(r, B7M, "m1");
		rig_delete(r, B7C, "c1");
		rig_run(r, LOOP_MIN);
		capi_still(r, 30 * LOOP_MIN);
		CU_ASSERT_EQUAL(capi_touched_all(r), touched);
		CU_ASSERT_TRUE(capi_has_finalizer(r, B7M, "m1", FINALIZER));
		CU_ASSERT_TRUE(capi_has_finalizer(r, B7C, "c1", FINALIZER_C));
		CU_ASSERT_EQUAL(capi_claims(r), 1);
		if (by_cluster)
			rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
		else
			rig_patch(r, B7M, "m1", ANNOTATE("null"));
		rig_patch(r, B7C, "c1", ANNOTATE("null"));
		CU_ASSERT_TRUE(
		    capi_wait(r, B7M, "m1", "metadata", NULL, 20 * LOOP_MIN));
		CU_ASSERT_TRUE(
		    capi_wait(r, B7C, "c1", "metadata", NULL, LOOP_MIN));
		rig_clean(r, "bmc-000");
		r->problems = 0; /* core lost an object under a live Machine */
		rig_free(r);
	}
}

/* At each stage of a provisioning; one boot of the medium, and one more at
 * most. */
static void
a_pause_at_any_stage_is_ridden_out(void)
{
	for (int64_t ms = 500; ms < 40000; ms += ms < 9000 ? 700 : 4000) {
		struct rig *r = capi_new(1);
		unsigned touched;

		rig_machine(r, "m1");
		rig_run(r, ms * LOOP_MS);
		rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		rig_run(r, 2 * LOOP_S);
		touched = capi_touched_all(r);
		rig_run(r, 10 * LOOP_MIN);
		CU_ASSERT_EQUAL(capi_touched_all(r), touched);
		rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		CU_ASSERT_TRUE(r->bmc[0].loads <= 2);
		CU_ASSERT_TRUE(r->bmc[0].ons <= 3);
		rig_free(r);
	}
}

static void
a_host_pauses_too(void)
{
	struct rig *r = capi_new(2);
	unsigned requests;

	rig_patch(r, HOST, "bmc-000", ANNOTATE("\"\""));
	rig_patch(r, HOST, "bmc-001", ANNOTATE("\"\""));
	says(r, HOST, "bmc-000", BY_ANNOTATION("PhysicalHost"));
	rig_machine(r, "m1");
	rig_run(r, LOOP_MIN);
	requests = r->bmc[0].writes + r->bmc[1].writes;
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(r->bmc[0].writes + r->bmc[1].writes, requests);
	rig_patch(r, HOST, "bmc-000", ANNOTATE("null"));
	rig_patch(r, HOST, "bmc-001", ANNOTATE("null"));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	/* And by the Cluster of its consumer. */
	rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
	rig_run(r, 10 * LOOP_S);
	rig_delete(r, B7M, "m1");
	rig_run(r, LOOP_MIN);
	capi_still(r, SETTLE);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	rig_free(r);
}

/* Around the second in which owner, label and data arrive. */
static void
no_wakeup_is_lost(void)
{
	for (unsigned i = 0; i < 24; i++) {
		struct rig *r = capi_new(1);

		rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		rig_run(r, LOOP_S);
		rig_machine(r, "m1");
		if (i % 2 == 0)
			rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
		rig_run(r, (int64_t)(i * 167 % 4000) * LOOP_MS);
		rig_patch(r, B7M, "m1", ANNOTATE("\"\""));
		rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		rig_run(r, (int64_t)(i * 31 % 90) * LOOP_MS);
		rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
		rig_run(r, (int64_t)(i * 57 % 90) * LOOP_MS);
		rig_patch(r, B7M, "m1", ANNOTATE("null"));
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		rig_free(r);
	}
}

const struct contract_check contract_pause[] = {
	{ 54, 'S', "a paused Cluster stops everything, and says so",
	    the_cluster_pauses, NULL },
	{ 55, 'S', "the annotation pauses, whatever its value",
	    the_annotation_pauses, NULL },
	{ 56, 'S', "the annotation of the Cluster pauses the Cluster alone",
	    the_clusters_annotation_pauses_nobody_else, NULL },
	{ 57, 'S', "deletion waits for the end of a pause",
	    deletion_waits_for_the_end_of_a_pause, NULL },
	{ 58, 'Q', "a pause at any stage of a provisioning is ridden out",
	    a_pause_at_any_stage_is_ridden_out, NULL },
	{ 59, 'Q', "a host is paused by itself and by its consumer's Cluster",
	    a_host_pauses_too, NULL },
	{ 60, 'S', "no wake-up is lost", no_wakeup_is_lost, NULL },
	{ 0 },
};
