/* Garbage collection, namespaces, observers: what happens after a write; and
 * writes that are held. */
#include "tests/unit/kube_rig.h"

static char *
make_map(
    struct kube_rig *r, const char *ns, const char *name, const char *owners)
{
	char target[200], body[1000];
	char *uid;
	cJSON *j;

	(void)snprintf(
	    target, sizeof(target), "/api/v1/namespaces/%s/configmaps", ns);
	(void)snprintf(body, sizeof(body),
	    "{\"metadata\":{\"name\":\"%s\",\"ownerReferences\":[%s]}}", name,
	    owners);
	j = rig_do(r, 201, "POST", target, NULL, body);
	uid = xstrdup(json_str(j, "metadata/uid", ""));
	cJSON_Delete(j);
	return uid;
}

static char *
owner(char *out, size_t cap, const char *name, const char *uid, bool block)
{
	(void)snprintf(out, cap,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"%s\","
	    "\"uid\":\"%s\",\"blockOwnerDeletion\":%s}",
	    name, uid, block ? "true" : "false");
	return out;
}

static bool
exists(struct kube_rig *r, const char *name)
{
	cJSON *j = kube_server_get(r->s, "", "configmaps", "default", name);
	bool yes = j != NULL;

	cJSON_Delete(j);
	return yes;
}

/* a owns b owns c. */
static void
chain(struct kube_rig *r)
{
	char ref[300];
	char *a = make_map(r, "default", "a", ""), *b;

	b = make_map(r, "default", "b", owner(ref, sizeof(ref), "a", a, true));
	xfree(
	    make_map(r, "default", "c", owner(ref, sizeof(ref), "b", b, true)));
	xfree(a);
	xfree(b);
	rig_run(r, LOOP_S);
}

static void
dependents_go_after_their_owner(void)
{
	struct kube_rig r;

	rig_open(&r);
	chain(&r);
	CU_ASSERT_TRUE(exists(&r, "c"));
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a", NULL, NULL);
	CU_ASSERT_TRUE(exists(&r, "b"));
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(exists(&r, "b"));
	CU_ASSERT_FALSE(exists(&r, "c"));
	CU_ASSERT_EQUAL(
	    kube_server_writes(r.s, "system:kube-sim", NULL, NULL), 2);
	rig_close(&r);
}

static void
foreground_deletion_waits_for_dependents(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	chain(&r);
	rig_ok(&r, 200, "PATCH", RIG_MAPS "/c", RIG_MERGE,
	    "{\"metadata\":{\"finalizers\":[\"x/y\"]}}");
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a?propagationPolicy=Foreground",
	    NULL, NULL);
	rig_run(&r, LOOP_S);
	j = rig_get(&r, RIG_MAPS "/a");
	CHECK_TEXT(
	    json_str(j, "metadata/finalizers/0", NULL), "foregroundDeletion");
	cJSON_Delete(j);
	CU_ASSERT_TRUE(exists(&r, "b"));
	rig_ok(&r, 200, "PATCH", RIG_MAPS "/c", RIG_MERGE,
	    "{\"metadata\":{\"finalizers\":null}}");
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(exists(&r, "a"));
	CU_ASSERT_FALSE(exists(&r, "b"));
	CU_ASSERT_FALSE(exists(&r, "c"));
	rig_close(&r);
}

static void
orphans_lose_their_reference(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	chain(&r);
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a", NULL,
	    "{\"propagationPolicy\":\"Orphan\"}");
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(exists(&r, "a"));
	j = rig_get(&r, RIG_MAPS "/b");
	CU_ASSERT_PTR_NULL(json_at(j, "metadata/ownerReferences"));
	cJSON_Delete(j);
	CU_ASSERT_TRUE(exists(&r, "c"));
	rig_close(&r);
}

static void
one_living_owner_is_enough(void)
{
	char refs[700], ref[300];
	struct kube_rig r;
	char *a, *b;
	cJSON *j;

	rig_open(&r);
	a = make_map(&r, "default", "a", "");
	b = make_map(&r, "default", "b", "");
	(void)snprintf(
	    refs, sizeof(refs), "%s,", owner(ref, sizeof(ref), "a", a, false));
	(void)strncat(refs, owner(ref, sizeof(ref), "b", b, false), 300);
	xfree(make_map(&r, "default", "c", refs));
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a", NULL, NULL);
	rig_run(&r, LOOP_S);
	j = rig_get(&r, RIG_MAPS "/c");
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_arr(j, "metadata/ownerReferences")), 1);
	cJSON_Delete(j);
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/b", NULL, NULL);
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(exists(&r, "c"));
	xfree(a);
	xfree(b);
	rig_close(&r);
}

static void
references_to_nothing_or_elsewhere_do_not_hold(void)
{
	struct kube_rig r;
	char ref[300];
	char *uid;

	rig_open(&r);
	xfree(make_map(&r, "default", "d",
	    owner(ref, sizeof(ref), "x", "no-such-uid", false)));
	uid = make_map(&r, "kube-system", "far", "");
	xfree(make_map(
	    &r, "default", "e", owner(ref, sizeof(ref), "far", uid, false)));
	rig_run(&r, LOOP_S);
	CU_ASSERT_FALSE(exists(&r, "d"));
	CU_ASSERT_FALSE(exists(&r, "e"));
	xfree(uid);
	rig_close(&r);
}

static void
namespaces_take_their_content_along(void)
{
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	j = rig_do(&r, 201, "POST", "/api/v1/namespaces", NULL,
	    "{\"metadata\":{\"name\":\"n\"}}");
	CHECK_TEXT(json_str(j, "status/phase", NULL), "Active");
	CHECK_TEXT(json_str(j, "spec/finalizers/0", NULL), "kubernetes");
	CHECK_TEXT(
	    json_str(j, "metadata/labels/kubernetes.io~1metadata.name", NULL),
	    "n");
	cJSON_Delete(j);
	xfree(make_map(&r, "n", "free", ""));
	rig_ok(&r, 201, "POST", "/apis/example.org/v1/namespaces/n/hosts", NULL,
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"held\",\"finalizers\":[\"a/b\"]}}");
	j = rig_do(&r, 200, "DELETE", "/api/v1/namespaces/n", NULL, NULL);
	CHECK_TEXT(json_str(j, "status/phase", NULL), "Terminating");
	cJSON_Delete(j);
	j = rig_do(&r, 403, "POST", "/api/v1/namespaces/n/configmaps", NULL,
	    "{\"metadata\":{\"name\":\"late\"}}");
	CHECK_TEXT(json_str(j, "details/causes/0/reason", NULL),
	    "NamespaceTerminating");
	cJSON_Delete(j);
	rig_run(&r, LOOP_S);
	rig_ok(
	    &r, 404, "GET", "/api/v1/namespaces/n/configmaps/free", NULL, NULL);
	j = rig_get(&r, "/api/v1/namespaces/n");
	CHECK_TEXT(json_str(j, "status/conditions/0/type", NULL),
	    "NamespaceContentRemaining");
	cJSON_Delete(j);
	rig_ok(&r, 200, "PATCH", "/apis/example.org/v1/namespaces/n/hosts/held",
	    RIG_MERGE, "{\"metadata\":{\"finalizers\":null}}");
	rig_run(&r, LOOP_S);
	rig_ok(&r, 404, "GET", "/api/v1/namespaces/n", NULL, NULL);
	rig_ok(&r, 201, "POST", "/api/v1/namespaces", NULL,
	    "{\"metadata\":{\"name\":\"n\"}}");
	rig_close(&r);
}

struct seen {
	int n, created, deleted;
	char last[100];
};

static void
observe(void *arg, const struct kube_commit *c)
{
	struct seen *s = arg;

	s->n++;
	s->created += c->before == NULL;
	s->deleted += c->after == NULL;
	(void)snprintf(s->last, sizeof(s->last), "%s %s %s", c->user, c->verb,
	    c->gvr->resource);
}

static void
an_observer_sees_every_write(void)
{
	struct seen seen = { 0 };
	struct kube_server_opts o = { .on_commit = observe,
		.on_commit_arg = &seen };
	struct kube_rig r;

	rig_open_with(&r, &o);
	CU_ASSERT_EQUAL(seen.n, 0);
	chain(&r);
	CU_ASSERT_EQUAL(seen.created, 3);
	rig_ok(&r, 200, "PATCH", RIG_MAPS "/a", RIG_MERGE, "{}");
	CU_ASSERT_EQUAL(seen.n, 3);
	rig_ok(&r, 200, "DELETE", RIG_MAPS "/a", NULL, NULL);
	CHECK_TEXT(seen.last, "admin delete configmaps");
	rig_run(&r, LOOP_S);
	CHECK_TEXT(seen.last, "system:kube-sim delete configmaps");
	CU_ASSERT_EQUAL(seen.deleted, 3);
	rig_close(&r);
}

static bool
has_map(struct kube_rig *r)
{
	cJSON *j = kube_server_get(r->s, "", "configmaps", "default", "m");
	bool yes = j != NULL;

	cJSON_Delete(j);
	return yes;
}

/* What a client that is killed in the middle of a write leaves behind. */
static void
a_write_can_be_held_before_or_after_it_is_done(void)
{
	struct kube_rig r;
	struct rig_reply p;
	cJSON *stats;

	for (int after = 0; after < 2; after++) {
		rig_open(&r);
		kube_server_fail(r.s, &(struct kube_fail){ .writes = true,
					  .hang = true,
					  .after = 1,
					  .after_commit = after == 1 });
		rig_call(&r, "POST", RIG_MAPS, "application/json",
		    "{\"metadata\":{\"name\":\"first\"}}", &p);
		CU_ASSERT_EQUAL(p.status, 201);
		rig_reply_free(&p);
		rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
		CU_ASSERT_EQUAL(p.status, 200); /* no write */
		rig_reply_free(&p);
		rig_call(&r, "POST", "/api/v1/namespaces/default/events",
		    "application/json",
		    "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{"
		    "\"namespace\":\"default\"}}",
		    &p);
		CU_ASSERT_EQUAL(p.status, 201); /* none that counts */
		rig_reply_free(&p);
		rig_call(&r, "POST", RIG_MAPS, "application/json",
		    "{\"metadata\":{\"name\":\"m\"}}", &p);
		CU_ASSERT_EQUAL(p.status, 0);
		CU_ASSERT_EQUAL(p.err, HTTP_E_DEADLINE); /* silence, no reset */
		rig_reply_free(&p);
		CU_ASSERT_EQUAL(has_map(&r), after == 1);
		stats = kube_server_stats(r.s);
		CU_ASSERT_EQUAL(json_i64(stats, "held", -1), 1);
		cJSON_Delete(stats);
		rig_close(&r);
	}
}

static void
a_hold_counts_from_nothing_on(void)
{
	struct kube_rig r;
	struct rig_reply p;

	rig_open(&r);
	rig_call(&r, "POST", "/_sim/fail", NULL, "{\"after\":-1}", &p);
	CU_ASSERT_EQUAL(p.status, 400);
	rig_reply_free(&p);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "dependents go after their owner", dependents_go_after_their_owner },
	{ "foreground deletion waits for dependents",
	    foreground_deletion_waits_for_dependents },
	{ "orphans lose their reference", orphans_lose_their_reference },
	{ "one living owner is enough", one_living_owner_is_enough },
	{ "references to nothing or elsewhere do not hold",
	    references_to_nothing_or_elsewhere_do_not_hold },
	{ "namespaces take their content along",
	    namespaces_take_their_content_along },
	{ "an observer sees every write", an_observer_sees_every_write },
	{ "a write can be held before or after it is done",
	    a_write_can_be_held_before_or_after_it_is_done },
	{ "a hold counts from nothing on", a_hold_counts_from_nothing_on },
};

int
main(void)
{
	return UNIT_RUN("kube_control", cases);
}
