/* Checks 64 to 73: nothing is leaked, and nothing hangs. */
#include "tests/conformance/capi/capi.h"

static bool
off(struct rig *r, const char *host)
{
	struct bmc_snapshot s = rig_snap(r, host);

	return str_eq(s.power, "Off") && !s.media_inserted;
}

/* Our finalizer left the machine: had its host been given back by then? */
static void
freed_before_the_finalizer(const struct saw_log *l)
{
	bool claimed = false, was = false;
	unsigned ends = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct saw *s = &l->v[i];

		if (str_eq(s->resource, HOST)) {
			claimed = json_at(s->after, "spec/consumerRef") != NULL;
			was = was || claimed;
		}
		if (str_eq(s->resource, B7M) && s->agent &&
		    json_arr(s->before, "metadata/finalizers") != NULL &&
		    json_arr(s->after, "metadata/finalizers") == NULL) {
			CU_ASSERT_FALSE(claimed);
			ends++;
		}
	}
	CU_ASSERT_TRUE(was);
	CU_ASSERT_EQUAL(ends, 1);
}

static void
off_and_free_before_it_goes(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(
	    capi_wait(r, B7M, "m1", "metadata", NULL, 20 * LOOP_MIN));
	CU_ASSERT_TRUE(off(r, "bmc-000"));
	CU_ASSERT_EQUAL(capi_claims(r), 0);
	freed_before_the_finalizer(l);
	saw_free(l);
	rig_free(r);
}

static void
ends_at_every_stage(void)
{
	for (int64_t ms = 100; ms < 60000; ms += ms < 9000 ? 450 : 5000) {
		struct rig *r = capi_new(2);

		rig_machine(r, "m1");
		rig_run(r, ms * LOOP_MS);
		/* Of the Machine, or of our object by hand. */
		if (ms % 200 == 0)
			rig_delete(r, B7M, "m1");
		rig_delete(r, MACHINES, "m1");
		CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
		CU_ASSERT_EQUAL(capi_claims(r), 0);
		rig_clean(r, "bmc-000");
		rig_clean(r, "bmc-001");
		rig_free(r);
	}
}

static void
gone(struct rig *r, const char *resource, const char *name)
{
	char *path = xasprintf(
	    "%s%s/%s", str_eq(resource, B7C) ? AXP : CAPIP, resource, name);

	(void)capi_call(r, "DELETE", NULL, path, NULL);
	(void)capi_merge(r, path, "{\"metadata\":{\"finalizers\":null}}");
	CU_ASSERT_TRUE(rig_is(r, resource, name, NULL, NULL));
	xfree(path);
}

/* By force, all at once, before or after our deletion began. */
static void
ends_with_its_owners_gone(void)
{
	for (int late = 0; late < 2; late++) {
		struct rig *r = capi_new_up(1);

		r->quiet = true; /* core is robbed of its objects */
		if (!late)
			rig_delete(r, B7M, "m1");
		gone(r, MACHINES, "m1");
		gone(r, CLUSTERS, "c1");
		gone(r, B7C, "c1");
		if (late)
			(void)capi_call(r, "DELETE", NULL, AXP B7M "/m1", NULL);
		CU_ASSERT_TRUE(
		    capi_wait(r, B7M, "m1", "metadata", NULL, 20 * LOOP_MIN));
		rig_clean(r, "bmc-000");
		CU_ASSERT_EQUAL(r->violations, 0);
		rig_free(r);
	}
}

/* A reference whose uid lives, so that nothing is collected, and whose name
 * does not. */
static void
a_missing_owner_releases_nothing(void)
{
	struct rig *r = capi_new(1);
	char *uid;
	unsigned touched;

	capi_parked(r, "m1");
	capi_own(r, "m1", CAPI "/v1beta2");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	touched = capi_touched_all(r);
	uid = capi_text(r, MACHINES, "m1", "metadata/uid");
	rig_patch(r, B7M, "m1",
	    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"" CAPI
	    "/v1beta2\",\"kind\":\"Machine\",\"name\":\"nobody\","
	    "\"uid\":\"%s\"}]}}",
	    uid);
	rig_run(r, LOOP_MIN);
	capi_still(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(
	    capi_is(r, B7M, "m1", "status/initialization/provisioned", "true"));
	rig_delete(r, B7M, "m1");
	CU_ASSERT_TRUE(
	    capi_wait(r, B7M, "m1", "metadata", NULL, 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	xfree(uid);
	rig_free(r);
}

static void
stays_while_it_cannot(struct rig *r)
{
	rig_delete(r, MACHINES, "m1");
	rig_run(r, 30 * LOOP_MIN);
	CU_ASSERT_TRUE(capi_has_finalizer(r, B7M, "m1", FINALIZER));
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "m1", "Ready", "status", "False"));
	CU_ASSERT_TRUE(
	    capi_cond_is(r, B7M, "m1", "Ready", "reason", "Deleting"));
}

static void
a_silent_bmc_delays_it(void)
{
	struct rig *r = capi_new_up(1);

	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	stays_while_it_cannot(r);
	rig_heal(r, "bmc-000");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
	/* The login is gone, and what the agent knew of it with it. */
	r = capi_new_up(1);
	CU_ASSERT_EQUAL(capi_merge(r, COREP "secrets/bmc-000",
			    "{\"metadata\":{\"finalizers\":null}}"),
	    200);
	rig_kill(r);
	(void)capi_call(r, "DELETE", NULL, COREP "secrets/bmc-000", NULL);
	(void)capi_merge(
	    r, COREP "secrets/bmc-000", "{\"metadata\":{\"finalizers\":null}}");
	rig_agent(r);
	rig_run(r, LOOP_MIN);
	stays_while_it_cannot(r);
	rig_apply(r, "%s",
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: bmc-000}\n"
	    "stringData: {username: root, password: b7-sim-secret}\n");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, "bmc-000");
	rig_free(r);
}

/* Killed before or after each of its writes, and told to delete once more. */
static void
deletion_is_idempotent(void)
{
	for (unsigned n = 1; n < 15; n++) {
		for (unsigned kind = n % 2; kind < 4; kind += 2) {
			struct rig *r = capi_new_up(1);

			rig_delete(r, MACHINES, "m1");
			r->mutations = 0;
			r->kill_before = n % 4 < 2;
			r->kill_kube = kind >= 2;
			r->kill_at = n;
			(void)rig_wait(r, HOST, "bmc-000",
			    "spec/consumerRef/name", NULL, 20 * LOOP_MIN);
			(void)capi_call(r, "DELETE", NULL, AXP B7M "/m1", NULL);
			(void)capi_call(
			    r, "DELETE", NULL, CAPIP MACHINES "/m1", NULL);
			CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
			r->kill_at = 0;
			rig_clean(r, "bmc-000");
			CU_ASSERT_TRUE(r->bmc[0].graceful <= 2);
			CU_ASSERT_EQUAL(r->bmc[0].loads, 1);
			rig_free(r);
		}
	}
}

static void
foreign_finalizers_stay(void)
{
	struct rig *r = capi_new_up(1);

	CU_ASSERT_EQUAL(capi_call(r, "PATCH", JSONPATCH, AXP B7M "/m1",
			    "[{\"op\":\"add\",\"path\":\"/metadata/"
			    "finalizers/0\",\"value\":\"foo.io/f\"}]"),
	    200);
	CU_ASSERT_EQUAL(capi_call(r, "PATCH", JSONPATCH, AXP B7C "/c1",
			    "[{\"op\":\"add\",\"path\":\"/metadata/"
			    "finalizers/0\",\"value\":\"foo.io/f\"}]"),
	    200);
	rig_delete(r, MACHINES, "m1");
	rig_delete(r, B7C, "c1");
	CU_ASSERT_TRUE(capi_wait(r, B7M, "m1", "metadata/finalizers",
	    "[\"foo.io/f\"]", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(capi_wait(
	    r, B7C, "c1", "metadata/finalizers", "[\"foo.io/f\"]", LOOP_MIN));
	rig_run(r, LOOP_MIN);
	rig_clean(r, "bmc-000");
	capi_still(r, 30 * LOOP_MIN);
	rig_patch(r, B7M, "m1", "{\"metadata\":{\"finalizers\":null}}");
	rig_patch(r, B7C, "c1", "{\"metadata\":{\"finalizers\":null}}");
	CU_ASSERT_TRUE(rig_released(r, "m1", LOOP_MIN));
	rig_free(r);
}

static void
a_claimed_host_waits(void)
{
	struct rig *r = capi_new_up(1);

	rig_delete(r, HOST, "bmc-000");
	rig_run(r, LOOP_MIN);
	capi_still(r, 30 * LOOP_MIN);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(
	    capi_cond_is(r, HOST, "bmc-000", "Deleting", "status", "True"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(
	    capi_wait(r, HOST, "bmc-000", "metadata", NULL, 5 * LOOP_MIN));
	CU_ASSERT_TRUE(off(r, "bmc-000"));
	rig_free(r);
}

static bool
namespace_gone(void *arg)
{
	const cJSON *o = kube_server_see(stage_kube(((struct rig *)arg)->s), "",
	    "namespaces", "", "default");
	bool is = o == NULL;

	json_drop(o);
	return is;
}

static void
a_namespace_ends(void)
{
	struct rig *r = capi_new(3);
	struct world *w = stage_world(r->s);

	rig_machine(r, "m1");
	rig_machine(r, "m2");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_TRUE(capi_up(r, "m2"));
	rig_machine(r, "m3");
	rig_run(r, 12 * LOOP_S);
	CU_ASSERT_EQUAL(
	    capi_call(r, "DELETE", NULL, "/api/v1/namespaces/default", NULL),
	    200);
	CU_ASSERT_TRUE(
	    world_run(w, world_now_us(w) + 30 * LOOP_MIN, namespace_gone, r));
	for (unsigned i = 0; i < 3; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "bmc-%03u", i);
		CU_ASSERT_TRUE(off(r, name));
	}
	rig_free(r);
}

static void
a_name_is_used_again(void)
{
	struct rig *r = capi_new_up(2);
	char *first = capi_text(r, B7M, "m1", "metadata/annotations"), *second;
	char host[64];

	rig_host_of(r, "m1", host);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	second = capi_text(r, B7M, "m1", "metadata/annotations");
	CU_ASSERT_FALSE(str_eq(first, second));
	/* By force, its host still claimed: the new one takes the other. */
	rig_host_of(r, "m1", host);
	r->quiet = true;
	rig_kill(r);
	rig_delete(r, B7M, "m1");
	(void)capi_merge(
	    r, AXP B7M "/m1", "{\"metadata\":{\"finalizers\":null}}");
	gone(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", NULL, NULL));
	rig_agent(r);
	rig_run(r, LOOP_MIN);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_FALSE(capi_is(r, B7M, "m1", "status/hostRef/name", host));
	CU_ASSERT_TRUE(capi_cond_is(
	    r, HOST, host, "HostProvisioned", "reason", "ClaimLost"));
	xfree(first);
	xfree(second);
	rig_free(r);
}

const struct contract_check contract_deletion[] = {
	{ 64, 'M', "off and given back before it goes",
	    off_and_free_before_it_goes, NULL },
	{ 65, 'M', "deletion ends at every stage", ends_at_every_stage, NULL },
	{ 66, 'M', "deletion ends with all owners gone",
	    ends_with_its_owners_gone, NULL },
	{ 67, 'M', "a missing owner releases nothing",
	    a_missing_owner_releases_nothing, NULL },
	{ 68, 'Q', "a silent BMC, or no login, delays it, and says so",
	    a_silent_bmc_delays_it, NULL },
	{ 69, 'M', "deletion survives the agent's death at each step",
	    deletion_is_idempotent, NULL },
	{ 70, 'M', "a foreign finalizer stays, and nothing more is done",
	    foreign_finalizers_stay, NULL },
	{ 71, 'Q', "a claimed host waits with its deletion",
	    a_claimed_host_waits, NULL },
	{ 72, 'Q', "a namespace ends with everything in it", a_namespace_ends,
	    NULL },
	{ 73, 'M', "a name that is used again inherits nothing",
	    a_name_is_used_again, NULL },
	{ 0 },
};
