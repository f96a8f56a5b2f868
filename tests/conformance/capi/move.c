/* Checks 86 to 91: clusterctl move, request by request. */
#include "tests/conformance/capi/capi.h"

#define PAUSE(v) "{\"spec\":{\"paused\":" v "}}"
#define BLOCK "clusterctl." CAPI "/block-move"
#define MARKED \
	"[{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":" \
	"{\"clusterctl." CAPI "/delete-for-move\":\"\"}}]"

/* type=status/reason of each, and what else is to come back; owned. */
static char *
essence(struct rig *r, const char *resource, const char *name)
{
	cJSON *o = rig_get(r, resource, name), *s, *c;
	char *text;

	s = json_at_mut(o, "status");
	json_set(s, "operation", NULL);
	cJSON_ArrayForEach (c, json_at_mut(s, "conditions"))
		json_set(c, "lastTransitionTime", NULL);
	text = s == NULL ? xstrdup("null") : json_print(s);
	cJSON_Delete(o);
	return text;
}

static bool
same(const char *a, const char *b)
{
	cJSON *x = json_parse(a, strlen(a), NULL);
	cJSON *y = json_parse(b, strlen(b), NULL);
	bool ok = json_equal(x, y);

	if (!ok)
		(void)printf("was %s\nis  %s\n", a, b);
	cJSON_Delete(x);
	cJSON_Delete(y);
	return ok;
}

static void
wiped(struct rig *r, const char *resource, const char *name)
{
	char *path = xasprintf(AXP "%s/%s/status", resource, name);
	char *before = essence(r, resource, name), *after;

	CU_ASSERT_EQUAL(capi_merge(r, path, "{\"status\":null}"), 200);
	CU_ASSERT_TRUE(capi_is(r, resource, name, "status", NULL));
	rig_run(r, SETTLE);
	after = essence(r, resource, name);
	CU_ASSERT_TRUE(same(before, after));
	xfree(before);
	xfree(after);
	xfree(path);
}

static void
a_wiped_status_is_rebuilt(void)
{
	struct rig *r = capi_new_up(2);
	unsigned touched;
	char host[64];

	rig_patch(r, HOST, "bmc-000", "%s",
	    "{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":"
	    "\"z\"}}}");
	rig_run(r, SETTLE);
	touched = capi_touched_all(r);
	rig_host_of(r, "m1", host);
	wiped(r, B7M, "m1");
	wiped(r, B7C, "c1");
	wiped(r, HOST, "bmc-000");
	wiped(r, HOST, "bmc-001");
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/hostRef/name", host));
	r->problems = 0; /* core saw provisioned vanish */
	rig_free(r);
}

/* ---- source and target -------------------------------------------------------- */

static const struct {
	const char *base, *resource;
} kinds[] = { { AXP, HOST }, { COREP, "secrets" }, { CAPIP, CLUSTERS },
	{ AXP, B7C }, { CAPIP, MACHINES }, { AXP, B7M } };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *
group_of(size_t kind)
{
	return str_eq(kinds[kind].base, AXP)     ? AX
	       : str_eq(kinds[kind].base, CAPIP) ? CAPI
						 : "";
}

struct moved {
	cJSON *list[KINDS];
};

static void export(struct rig *r, struct moved *m)
{
	for (size_t i = 0; i < KINDS; i++)
		m->list[i] = kube_server_list(stage_kube(r->s), group_of(i),
		    kinds[i].resource, "default");
}

/* As clusterctl: the mark instead of all annotations, DELETE, no finalizers.
 * Between the steps the agent has time to see each. */
static void
delete_source(struct rig *r, struct moved *m, int64_t between_us)
{
	for (size_t i = KINDS; i-- > 0;) {
		const cJSON *o;

		cJSON_ArrayForEach (o, m->list[i]) {
			char *path = xasprintf("%s%s/%s", kinds[i].base,
			    kinds[i].resource,
			    json_str(o, "metadata/name", ""));

			CU_ASSERT_EQUAL(
			    capi_call(r, "PATCH", JSONPATCH, path, MARKED),
			    200);
			rig_run(r, between_us);
			CU_ASSERT_EQUAL(
			    capi_call(r, "DELETE", NULL, path, NULL), 200);
			rig_run(r, between_us);
			(void)capi_merge(
			    r, path, "{\"metadata\":{\"finalizers\":[]}}");
			CU_ASSERT_TRUE(
			    capi_call(r, "GET", NULL, path, NULL) == 404);
			xfree(path);
		}
	}
}

static void
create_one(struct rig *r, struct map *uids, size_t kind, const cJSON *tree)
{
	static const char *const gone[] = { "uid", "resourceVersion",
		"generation", "creationTimestamp", "managedFields" };
	cJSON *o = json_dup(tree), *made, *ref;
	char *path = xasprintf("%s%s", kinds[kind].base, kinds[kind].resource);
	char *body;
	int status = 0;

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		json_set(json_at_mut(o, "metadata"), gone[i], NULL);
	json_set(o, "status", NULL);
	cJSON_ArrayForEach (ref, json_at_mut(o, "metadata/ownerReferences"))
		json_set_str(ref, "uid",
		    map_get(uids, json_str(ref, "uid", "")) != NULL
			? (const char *)map_get(uids, json_str(ref, "uid", ""))
			: json_str(ref, "uid", ""));
	body = json_print(o);
	made = capi_ask(r, "POST", NULL, path, body, &status);
	CU_ASSERT_EQUAL(status, 201);
	xfree(map_put(uids, json_str(tree, "metadata/uid", ""),
	    xstrdup(json_str(made, "metadata/uid", ""))));
	cJSON_Delete(made);
	cJSON_Delete(o);
	xfree(body);
	xfree(path);
}

static void
create_target(struct rig *r, const struct moved *m, int64_t after_hosts_us)
{
	struct map uids = { 0 };

	for (size_t i = 0; i < KINDS; i++) {
		const cJSON *o;

		cJSON_ArrayForEach (o, m->list[i])
			create_one(r, &uids, i, o);
		/* Hosts with their Secrets are there long before the rest. */
		if (str_eq(kinds[i].resource, "secrets"))
			rig_run(r, after_hosts_us);
	}
	map_free(&uids, xfree);
}

static void
moved_free(struct moved *m)
{
	for (size_t i = 0; i < KINDS; i++)
		cJSON_Delete(m->list[i]);
}

/* clusterctl takes Secrets along that have this label (or a moved owner). */
static void
logins_move_with_their_hosts(struct rig *r)
{
	CU_ASSERT_TRUE(capi_is(r, "secrets", "bmc-000",
	    "metadata/labels/clusterctl." CAPI "~1move", ""));
	CU_ASSERT_TRUE(capi_has_finalizer(
	    r, "secrets", "bmc-000", "physicalhost." AX "/credentials"));
}

static void
a_move_goes_unnoticed_by_the_hosts(void)
{
	static const int64_t waits[] = { 0, 5 * LOOP_MIN, 45 * LOOP_MIN };

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct rig *r = capi_new_up(2);
		struct moved m;
		char *id = capi_text(r, B7M, "m1", "spec/providerID");
		unsigned touched = capi_touched_all(r);

		logins_move_with_their_hosts(r);
		r->quiet = true; /* objects vanish under core */
		rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
		rig_run(r, 10 * LOOP_S);
		export(r, &m);
		delete_source(r, &m, 0);
		create_target(r, &m, waits[i]);
		rig_run(r, LOOP_MIN);
		CU_ASSERT_EQUAL(capi_touched_all(r), touched);
		rig_patch(r, CLUSTERS, "c1", PAUSE("null"));
		CU_ASSERT_TRUE(capi_up(r, "m1"));
		CU_ASSERT_TRUE(
		    rig_wait(r, B7M, "m1", "?Ready", "True", 5 * LOOP_MIN));
		CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "spec/providerID", id));
		rig_run(r, 10 * LOOP_MIN);
		CU_ASSERT_EQUAL(capi_touched_all(r), touched);
		CU_ASSERT_EQUAL(r->violations, 0);
		rig_delete(r, MACHINES, "m1");
		CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
		rig_clean(r, "bmc-000");
		rig_clean(r, "bmc-001");
		moved_free(&m);
		xfree(id);
		rig_free(r);
	}
}

/* Seen for minutes between each two of its steps. */
static void
the_source_is_let_go(void)
{
	struct rig *r = capi_new_up(2);
	struct saw_log *l;
	struct moved m;
	unsigned touched = capi_touched_all(r);

	r->quiet = true;
	rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
	rig_run(r, 10 * LOOP_S);
	export(r, &m);
	l = saw_start(r);
	delete_source(r, &m, SETTLE);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	/* Marked, it is not ours any more: not one write. */
	for (size_t i = 0; i < l->n; i++) {
		const cJSON *marks =
		    json_obj(l->v[i].before, "metadata/annotations");

		if (json_child(marks, "clusterctl." CAPI "/delete-for-move"))
			CHECK_ROW(!l->v[i].agent, l->v[i].resource);
	}
	CU_ASSERT_TRUE(l->n > 10);
	moved_free(&m);
	saw_free(l);
	rig_free(r);
}

static void
a_dangling_consumer_releases_nothing(void)
{
	struct rig *r = capi_new_up(1);
	unsigned touched = capi_touched_all(r);

	r->quiet = true;
	rig_kill(r);
	rig_delete(r, B7M, "m1");
	CU_ASSERT_EQUAL(capi_merge(r, AXP B7M "/m1",
			    "{\"metadata\":{\"finalizers\":null}}"),
	    200);
	rig_agent(r);
	rig_run(r, LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, B7M, "m1", NULL, NULL));
	rig_run(r, 60 * LOOP_MIN);
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	CU_ASSERT_EQUAL(capi_claims(r), 1);
	CU_ASSERT_TRUE(capi_cond_is(
	    r, HOST, "bmc-000", "HostProvisioned", "reason", "ClaimLost"));
	CU_ASSERT_EQUAL(r->violations, 0);
	rig_free(r);
}

static bool
blocked(const cJSON *m)
{
	return json_child(json_obj(m, "metadata/annotations"), BLOCK) != NULL;
}

/* Of each state that was stored, machine and host together. */
static void
blocked_while_it_must_be(void)
{
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	bool block = false, claim = false, up = false;
	unsigned busy = 0, idle = 0;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	for (size_t i = 0; i < l->n; i++) {
		const struct saw *s = &l->v[i];

		if (str_eq(s->resource, HOST))
			claim = json_at(s->after, "spec/consumerRef") != NULL;
		if (str_eq(s->resource, B7M)) {
			block = blocked(s->after);
			up =
			    json_str(s->after, "spec/providerID", NULL) != NULL;
		}
		if (claim && !up) {
			busy++;
			CU_ASSERT_TRUE(block);
		} else if (up) {
			idle++;
			CU_ASSERT_FALSE(block);
		}
	}
	CU_ASSERT_TRUE(busy > 5 && idle > 0);
	saw_free(l);
	rig_free(r);
	/* A pause ends it, and the work. */
	r = capi_new(1);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_wait(
	    r, HOST, "bmc-000", "status/state", "Provisioning", LOOP_MIN));
	rig_patch(r, CLUSTERS, "c1", PAUSE("true"));
	rig_run(r, 30 * LOOP_S);
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1",
	    "metadata/annotations/clusterctl." CAPI "~1block-move", NULL));
	capi_still(r, SETTLE);
	rig_patch(r, CLUSTERS, "c1", PAUSE("false"));
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

/* Moved away and back alone: another UID, the same host. */
static void
a_new_uid_is_the_same_consumer(void)
{
	struct rig *r = capi_new_up(2);
	char *old = capi_text(r, B7M, "m1", "metadata/uid"), host[64];
	unsigned touched = capi_touched_all(r);
	struct map uids = { 0 };
	cJSON *m = rig_get(r, B7M, "m1");

	r->quiet = true;
	rig_host_of(r, "m1", host);
	CU_ASSERT_EQUAL(
	    capi_call(r, "PATCH", JSONPATCH, AXP B7M "/m1", MARKED), 200);
	rig_delete(r, B7M, "m1");
	rig_run(r, LOOP_MIN);
	rig_patch(r, B7M, "m1", "{\"metadata\":{\"finalizers\":[]}}");
	rig_run(r, LOOP_MIN);
	create_one(r, &uids, KINDS - 1, m);
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	CU_ASSERT_FALSE(capi_is(r, B7M, "m1", "metadata/uid", old));
	CU_ASSERT_TRUE(capi_is(r, B7M, "m1", "status/hostRef/name", host));
	CU_ASSERT_EQUAL(capi_touched_all(r), touched);
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	rig_clean(r, host);
	CU_ASSERT_EQUAL(r->violations, 0);
	map_free(&uids, xfree);
	cJSON_Delete(m);
	xfree(old);
	rig_free(r);
}

const struct contract_check contract_move[] = {
	{ 86, 'S', "a wiped status is rebuilt, with no hardware action",
	    a_wiped_status_is_rebuilt, NULL },
	{ 87, 'S', "a move, hosts first, goes unnoticed by the hosts",
	    a_move_goes_unnoticed_by_the_hosts, NULL },
	{ 88, 'S', "the source is let go without a write", the_source_is_let_go,
	    NULL },
	{ 89, 'S', "a dangling consumerRef releases nothing",
	    a_dangling_consumer_releases_nothing, NULL },
	{ 90, 'S', "block-move while it must not be moved",
	    blocked_while_it_must_be, NULL },
	{ 91, 'S', "a new UID is the same consumer",
	    a_new_uid_is_the_same_consumer, NULL },
	{ 0 },
};
