/* Requests: paths, replies, errors, pages, rates, lanes, credentials. */
#include <stdlib.h>
#include <string.h>

#include "agent/kube/client.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

/* ---- plain verbs --------------------------------------------------------------- */

static void
creates_reads_patches_and_deletes(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q;
	cJSON *o = fake_object("Host", "lab", "h1", 1), *p;

	rig_open(&r, 1, NULL);
	q = req(KUBE_CREATE, "lab", NULL, &g);
	q.body = o;
	(void)kube_start(r.client, &q);
	CU_ASSERT_EQUAL(g.n, 0); /* never inside kube_start */
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CHECK_TEXT(g.err.msg, "");
	CHECK_TEXT(g.rv, "101");
	p = kobj_patch_base(g.object);
	json_put(p, "status/x", cJSON_CreateString("y"));
	q = req(KUBE_PATCH, "lab", "h1", &g);
	q.subresource = "status";
	q.body = p;
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 2);
	CHECK_TEXT(json_str(g.object, "status/x", ""), "y");
	q = req(KUBE_GET, "lab", "h1", &g);
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CHECK_TEXT(g.rv, "102");
	q = req(KUBE_DELETE, "lab", "h1", &g);
	q.precond_uid = "another";
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
	q.precond_uid = NULL;
	q.propagation = "Background";
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(g.n, 5);
	CU_ASSERT_EQUAL(kube_client_writes(r.client), 4);
	CU_ASSERT_EQUAL(kube_client_sent(r.client, "patch hosts/status"), 1);
	CU_ASSERT_EQUAL(fake_kube_logged(r.fake,
			    "PATCH /apis/example.org/v1/namespaces/lab/hosts/"
			    "h1/status?fieldManager=beskar7-agent"),
	    1);
	CU_ASSERT_EQUAL(
	    metrics_get(r.env.metrics, "beskar7_kube_requests_total",
		"verb=\"patch\",resource=\"hosts/status\","
		"code=\"200\""),
	    1);
	cJSON_Delete(o);
	cJSON_Delete(p);
	got_free(&g);
	rig_close(&r);
}

static void
a_stale_version_is_a_conflict(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_PATCH, "lab", "h1", &g);
	cJSON *p = cJSON_CreateObject();

	rig_open(&r, 1, NULL);
	(void)fake_kube_put(
	    r.fake, "hosts", fake_object("Host", "lab", "h1", 1));
	json_put(p, "metadata/resourceVersion", cJSON_CreateString("7"));
	json_put(p, "spec/n", cJSON_CreateNumber(2));
	q.body = p;
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
	CHECK_TEXT(g.reason, "Conflict");
	CU_ASSERT_FALSE(g.maybe_executed);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.err.msg, "patch hosts lab/h1: "));
	CU_ASSERT_EQUAL(kube_client_counts(r.client).conflicts, 1);
	cJSON_Delete(p);
	got_free(&g);
	rig_close(&r);
}

static void
finalizer_patches_test_the_version(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_PATCH, "lab", "h1", &g);
	cJSON *o, *p;

	rig_open(&r, 1, NULL);
	(void)fake_kube_put(
	    r.fake, "hosts", fake_object("Host", "lab", "h1", 1));
	o = json_dup(fake_kube_get(r.fake, "hosts", "lab/h1"));
	p = kobj_finalizer_add_patch(o, "a.io/f");
	q.patch = KUBE_PATCH_JSON;
	q.body = p;
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NONE);
	CU_ASSERT_TRUE(kobj_has_finalizer(g.object, "a.io/f"));
	/* The same patch again: the object moved on. */
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
	cJSON_Delete(p);
	cJSON_Delete(o);
	got_free(&g);
	rig_close(&r);
}

static void
bad_arguments_end_in_done(void)
{
	static const struct {
		enum kube_verb verb;
		const char *ns, *name;
	} bad[] = { { KUBE_GET, "lab", NULL }, { KUBE_GET, "lab", ".." },
		{ KUBE_GET, "a/b", "h" }, { KUBE_GET, NULL, "h" },
		{ KUBE_PATCH, "lab", "h" }, { KUBE_WATCH, NULL, NULL } };
	struct kube_rig r;

	rig_open(&r, 1, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct got g = { .n = 0 };
		struct kube_request q =
		    req(bad[i].verb, bad[i].ns, bad[i].name, &g);

		(void)kube_start(r.client, &q);
		CU_ASSERT_EQUAL(g.n, 0);
		rig_run(&r, LOOP_S);
		CU_ASSERT_EQUAL(g.n, 1);
		CU_ASSERT_EQUAL(g.err.kind, ERR_SPEC);
		got_free(&g);
	}
	CU_ASSERT_EQUAL(r.fake->n_log, 0);
	rig_close(&r);
}

/* ---- errors -------------------------------------------------------------------- */

static void
statuses_become_kinds(void)
{
	static const struct {
		int status;
		enum err_kind kind;
		bool maybe;
	} rows[] = { { 400, ERR_REFUSED, false }, { 401, ERR_AUTH, false },
		{ 403, ERR_AUTH, false }, { 404, ERR_NOTFOUND, false },
		{ 409, ERR_CONFLICT, false }, { 410, ERR_NOTFOUND, false },
		{ 413, ERR_TOO_BIG, false }, { 422, ERR_REFUSED, false },
		{ 429, ERR_BUSY, false }, { 500, ERR_BUSY, true },
		{ 503, ERR_BUSY, true }, { 301, ERR_PROTO, false } };
	struct kube_rig r;
	struct kube_script script = { .left = 0 };
	cJSON *p = cJSON_CreateObject();

	rig_open(&r, 1, NULL);
	rig_script(&r, &script);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct got g = { .n = 0 };
		struct kube_request q = req(KUBE_PATCH, "lab", "h", &g);
		char row[16];

		(void)str_format(row, sizeof(row), "%d", rows[i].status);
		q.body = p;
		script.left = 1;
		script.fault = (struct fake_fault){ .status = rows[i].status };
		(void)kube_start(r.client, &q);
		rig_run(&r, LOOP_S);
		CHECK_ROW(g.n == 1, row);
		CHECK_ROW(g.err.kind == rows[i].kind, row);
		CHECK_ROW(g.err.code == rows[i].status, row);
		CHECK_ROW(g.maybe_executed == rows[i].maybe, row);
		got_free(&g);
	}
	cJSON_Delete(p);
	rig_close(&r);
}

static void
garbage_replies_are_protocol_errors(void)
{
	static const char *const bodies[] = { "", "not json", "[]", "{}",
		"{\"kind\":7}", "{\"kind\":\"Host\"} trailing",
		"{\"kind\":\"Host\",\"x\":\"\\u0000\"}" };
	struct kube_rig r;
	struct kube_script script = { .left = 0 };

	rig_open(&r, 1, NULL);
	rig_script(&r, &script);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct got g = { .n = 0 };
		struct kube_request q = req(KUBE_GET, "lab", "h", &g);

		script.left = 1;
		script.fault =
		    (struct fake_fault){ .status = 200, .body = bodies[i] };
		(void)kube_start(r.client, &q);
		rig_run(&r, LOOP_S);
		CHECK_ROW(g.n == 1, bodies[i]);
		CHECK_ROW(g.err.kind == ERR_PROTO, bodies[i]);
		got_free(&g);
	}
	rig_close(&r);
}

static void
a_lost_reply_may_have_been_executed(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_CREATE, "lab", NULL, &g);
	struct kube_script script = { .left = 1 };
	cJSON *o = fake_object("Host", "lab", "h1", 1);

	rig_open(&r, 1, NULL);
	rig_script(&r, &script);
	script.fault = (struct fake_fault){ .lose_reply = true };
	q.body = o;
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_NET);
	CU_ASSERT_TRUE(g.maybe_executed);
	CU_ASSERT_EQUAL(r.fake->writes, 1); /* never sent twice */
	CU_ASSERT_PTR_NOT_NULL(fake_kube_get(r.fake, "hosts", "lab/h1"));
	cJSON_Delete(o);
	got_free(&g);
	rig_close(&r);
}

static void
a_server_that_never_answers_times_out(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &g);
	struct kube_script script = { .left = 1 };

	rig_open(&r, 1, NULL);
	rig_script(&r, &script);
	script.fault = (struct fake_fault){ .hang = true };
	(void)kube_start(r.client, &q);
	rig_run(&r, 29 * LOOP_S);
	CU_ASSERT_EQUAL(g.n, 0);
	rig_run(&r, 3 * LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_TIMEOUT);
	got_free(&g);
	rig_close(&r);
}

static void
an_oversized_object_is_refused(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &g);
	char *big = malloc(5u << 20);
	struct kube_script script = { .left = 1 };

	memset(big, ' ', 5u << 20);
	big[0] = '{';
	big[(5u << 20) - 1] = '\0';
	rig_open(&r, 1, NULL);
	rig_script(&r, &script);
	script.fault = (struct fake_fault){ .status = 200, .body = big };
	(void)kube_start(r.client, &q);
	rig_run(&r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(g.n, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_TOO_BIG);
	free(big);
	got_free(&g);
	rig_close(&r);
}

/* ---- holds, rates, lanes --------------------------------------------------------- */

static void
retry_after_of(int status)
{
	struct kube_rig r;
	struct got a = { .n = 0 }, b = { .n = 0 }, l = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &a);
	struct kube_script script = { .left = 1 };

	rig_open(&r, 1, NULL);
	a.loop = b.loop = l.loop = r.loop;
	rig_script(&r, &script);
	script.fault =
	    (struct fake_fault){ .status = status, .retry_after = "7" };
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(a.err.kind, ERR_BUSY);
	CU_ASSERT_EQUAL(a.retry_after_us, 7 * LOOP_S);
	q.arg = &b;
	(void)kube_start(r.client, &q);
	q = req(KUBE_LIST, NULL, NULL, &l);
	(void)kube_start(r.client, &q);
	rig_run(&r, 20 * LOOP_S);
	CU_ASSERT_EQUAL(b.n, 1);
	CU_ASSERT(b.at_us >= a.at_us + 7 * LOOP_S);
	CU_ASSERT(b.at_us < a.at_us + 8 * LOOP_S);
	CU_ASSERT(l.at_us < a.at_us + 2 * LOOP_S);
	CU_ASSERT_EQUAL(kube_client_counts(r.client).throttled, 1);
	got_free(&a);
	got_free(&b);
	got_free(&l);
	rig_close(&r);
}

static void
retry_after_holds_its_lane_only(void)
{
	retry_after_of(429);
	retry_after_of(503);
}

static void
the_bucket_spreads_requests(void)
{
	const struct kube_client_opts o = { .qps = 10, .burst = 5 };
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &g);

	rig_open(&r, 1, &o);
	for (int i = 0; i < 35; i++)
		(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S / 2);
	CU_ASSERT(g.n >= 5 && g.n <= 11);
	rig_run(&r, LOOP_S);
	CU_ASSERT(g.n >= 15 && g.n <= 21);
	rig_run(&r, 2 * LOOP_S);
	CU_ASSERT_EQUAL(g.n, 35);
	got_free(&g);
	rig_close(&r);
}

static bool
swallow(void *arg, const char *text, size_t n)
{
	(void)arg;
	(void)text;
	(void)n;
	return true;
}

static void
watches_and_leases_do_not_wait_for_a_full_lane(void)
{
	const struct kube_client_opts o = { .qps = 1, .burst = 1 };
	struct kube_rig r;
	struct got g = { .n = 0 }, l = { .n = 0 }, w = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &g);

	rig_open(&r, 1, &o);
	for (int i = 0; i < 50; i++)
		(void)kube_start(r.client, &q);
	q.res = &KUBE_LEASES;
	q.lane = KUBE_LANE_LEASE;
	q.arg = &l;
	(void)kube_start(r.client, &q);
	q = req(KUBE_WATCH, NULL, NULL, &w);
	q.item = swallow;
	q.resource_version = "100";
	(void)kube_start(r.client, &q);
	rig_run(&r, LOOP_S);
	CU_ASSERT_EQUAL(l.n, 1);
	CU_ASSERT_EQUAL(fake_kube_open_watches(r.fake), 1);
	CU_ASSERT(g.n < 5);
	got_free(&g);
	got_free(&l);
	rig_close(&r);
}

/* ---- the gate -------------------------------------------------------------------- */

static bool
gate(void *arg, unsigned shard, struct err *e)
{
	const bool *open = arg;

	(void)shard;
	return *open || err_set(e, ERR_SPEC, 0, "no lease");
}

/* It may take seconds until the connection stands. */
static void
the_gate_is_asked_again_when_it_is_connected(void)
{
	struct kube_rig r;
	struct got a = { .n = 0 };
	struct kube_request q = req(KUBE_CREATE, "lab", NULL, &a);
	cJSON *o = fake_object("Host", "lab", "h1", 1);
	bool open = true;

	rig_open(&r, 1, NULL);
	kube_client_set_gate(r.client, gate, &open);
	q.body = o;
	(void)kube_start(r.client, &q);
	open = false;
	rig_run(&r, 5 * LOOP_S);
	CU_ASSERT_EQUAL(a.err.kind, ERR_SPEC);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT_EQUAL(r.fake->writes, 0);
	cJSON_Delete(o);
	got_free(&a);
	rig_close(&r);
}

static void
the_gate_is_asked_when_a_write_leaves(void)
{
	const struct kube_client_opts o = { .qps = 1, .burst = 1 };
	struct kube_rig r;
	struct got a = { .n = 0 }, b = { .n = 0 }, c = { .n = 0 };
	struct kube_request q = req(KUBE_CREATE, "lab", NULL, &a);
	cJSON *o1 = fake_object("Host", "lab", "h1", 1);
	cJSON *o2 = fake_object("Host", "lab", "h2", 1);
	bool open = true;

	rig_open(&r, 1, &o);
	kube_client_set_gate(r.client, gate, &open);
	q.body = o1;
	(void)kube_start(r.client, &q);
	q.body = o2;
	q.arg = &b;
	(void)kube_start(r.client, &q); /* waits in the bucket */
	rig_run(&r, LOOP_S / 10);
	open = false;
	rig_run(&r, 5 * LOOP_S);
	CU_ASSERT_EQUAL(a.err.kind, ERR_NONE);
	CU_ASSERT_EQUAL(b.err.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.err.msg, "no lease"));
	CU_ASSERT_EQUAL(r.fake->writes, 1);
	CU_ASSERT_EQUAL(kube_client_counts(r.client).gated, 1);
	q = req(KUBE_GET, "lab", "h1", &c); /* reading is not gated */
	(void)kube_start(r.client, &q);
	rig_run(&r, 5 * LOOP_S);
	CU_ASSERT_EQUAL(c.err.kind, ERR_NONE);
	cJSON_Delete(o1);
	cJSON_Delete(o2);
	got_free(&a);
	got_free(&b);
	got_free(&c);
	rig_close(&r);
}

/* ---- cancel ------------------------------------------------------------------------ */

static void
cancelled_requests_are_silent(void)
{
	const struct kube_client_opts o = { .qps = 1, .burst = 1 };
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_GET, "lab", "h", &g);
	struct kube_call *flying, *queued, *refused;

	rig_open(&r, 1, &o);
	flying = kube_start(r.client, &q);
	queued = kube_start(r.client, &q);
	q.name = "..";
	refused = kube_start(r.client, &q);
	kube_cancel(queued);
	kube_cancel(flying);
	kube_cancel(refused);
	CU_ASSERT_EQUAL(kube_client_counts(r.client).in_flight, 0);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(g.n, 0);
	/* And with the client itself. */
	q.name = "h";
	(void)kube_start(r.client, &q);
	(void)kube_start(r.client, &q);
	rig_close(&r);
	CU_ASSERT_EQUAL(g.n, 0);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "creates, reads, patches and deletes",
		    creates_reads_patches_and_deletes },
		{ "a stale version is a conflict",
		    a_stale_version_is_a_conflict },
		{ "finalizer patches test the version",
		    finalizer_patches_test_the_version },
		{ "bad arguments end in done", bad_arguments_end_in_done },
		{ "statuses become kinds", statuses_become_kinds },
		{ "garbage replies are protocol errors",
		    garbage_replies_are_protocol_errors },
		{ "a lost reply may have been executed",
		    a_lost_reply_may_have_been_executed },
		{ "a server that never answers times out",
		    a_server_that_never_answers_times_out },
		{ "an oversized object is refused",
		    an_oversized_object_is_refused },
		{ "Retry-After holds its lane only",
		    retry_after_holds_its_lane_only },
		{ "the bucket spreads requests", the_bucket_spreads_requests },
		{ "watches and leases do not wait for a full lane",
		    watches_and_leases_do_not_wait_for_a_full_lane },
		{ "the gate is asked again when it is connected",
		    the_gate_is_asked_again_when_it_is_connected },
		{ "the gate is asked when a write leaves",
		    the_gate_is_asked_when_a_write_leaves },
		{ "cancelled requests are silent",
		    cancelled_requests_are_silent },
	};

	return UNIT_RUN("kube_client", cases);
}
