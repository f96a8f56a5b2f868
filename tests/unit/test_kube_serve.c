/* Users, faults, documents, loading: the stand-in seen from outside. */
#include "common/tls.h"
#include "tests/unit/kube_rig.h"

static void
make_map(struct kube_rig *r)
{
	rig_ok(
	    r, 201, "POST", RIG_MAPS, NULL, "{\"metadata\":{\"name\":\"m\"}}");
}

static bool
has_map(struct kube_rig *r)
{
	cJSON *j = kube_server_get(r->s, "", "configmaps", "default", "m");
	bool yes = j != NULL;

	cJSON_Delete(j);
	return yes;
}

/* ---- users ----------------------------------------------------------------- */

static void
nobody_gets_in_without_a_credential(void)
{
	static const struct {
		const char *token, *target;
		int status;
	} rows[] = {
		{ NULL, RIG_MAPS, 401 },
		{ "", RIG_MAPS, 401 },
		{ "secre", RIG_MAPS, 401 },
		{ "secret1", RIG_MAPS, 401 },
		{ "secret", RIG_MAPS, 200 },
		{ NULL, "/_sim/stats", 401 },
		{ NULL, "/apis", 401 },
		{ NULL, "/healthz", 200 },
		{ NULL, "/version", 200 },
	};
	static const struct kube_token tokens[] = { { "secret", "alice" } };
	struct kube_server_opts o = { .tokens = tokens, .n_tokens = 1 };
	struct kube_rig r;

	rig_open_with(&r, &o);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig_reply p;

		rig_send(&r,
		    &(struct rig_send){ .method = "GET",
			.target = rows[i].target,
			.token = rows[i].token },
		    &p);
		CHECK_ROW(p.status == rows[i].status, rows[i].target);
		if (p.status == 401)
			CHECK_ROW(
			    strstr(p.body, "\"Unauthorized\"") != NULL, p.body);
		rig_reply_free(&p);
	}
	CU_ASSERT_EQUAL(
	    kube_server_requests(r.s, "alice", "list", "configmaps"), 1);
	rig_close(&r);
}

static void
client_certificates_name_the_user(void)
{
	struct tls_issue ca_o = { .is_ca = true,
		.subject = "ca",
		.not_before_s = WORLD_EPOCH_S - 1000,
		.not_after_s = WORLD_EPOCH_S + 1000000 };
	struct tls_issue o = ca_o;
	struct kube_server_opts so = { 0 };
	struct http_peer_opts p = { .base = "https://10.0.0.1:6443",
		.tls = { .insecure = true } };
	struct rig_reply got;
	struct rng rng;
	struct entropy ent;
	struct tls_identity *ca, *server, *client;
	struct http_peer *old;
	struct kube_rig r;
	struct err e = { 0 };
	char *pem = NULL;

	rng_seed(&rng, 1, "kube-tls");
	ent = entropy_virtual(&rng);
	ca = tls_identity_issue(&ca_o, ent, &pem, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ca);
	o.is_ca = false;
	o.ca = ca;
	o.subject = "kube";
	o.names = "10.0.0.1";
	server = tls_identity_facts(&o, ent);
	o.subject = "bob";
	o.organization = "system:masters";
	client = tls_identity_facts(&o, ent);
	so.identity = server;
	so.client_ca = tls_trust_new(pem, strlen(pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(so.client_ca);
	rig_open_with(&r, &so);
	rig_send(&r, &(struct rig_send){ .method = "GET", .target = RIG_MAPS },
	    &got);
	CU_ASSERT_EQUAL(got.status, 401);
	rig_reply_free(&got);
	p.tls.identity = client;
	old = r.peer;
	r.peer = http_peer_new(world_net(r.client_loop), &p, &e);
	rig_send(&r, &(struct rig_send){ .method = "GET", .target = RIG_MAPS },
	    &got);
	CU_ASSERT_EQUAL(got.status, 200);
	rig_reply_free(&got);
	CU_ASSERT_EQUAL(
	    kube_server_requests(r.s, "bob", "list", "configmaps"), 1);
	http_peer_free(old);
	rig_close(&r);
	tls_trust_free(so.client_ca);
	tls_identity_free(client);
	tls_identity_free(server);
	tls_identity_free(ca);
	xfree(pem);
}

/* ---- faults ---------------------------------------------------------------- */

static void
requests_fail_as_asked_for(void)
{
	struct kube_rig r;
	struct rig_reply p;

	rig_open(&r);
	rig_call(&r, "POST", "/_sim/fail", NULL,
	    "{\"verb\":\"get\",\"resource\":\"config*\",\"object\":"
	    "\"default/m\",\"status\":429,\"retry_after\":7,\"count\":2}",
	    &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	make_map(&r);
	for (int i = 0; i < 3; i++) {
		rig_call(&r, "GET", RIG_MAPS "/m", NULL, NULL, &p);
		CU_ASSERT_EQUAL(p.status, i < 2 ? 429 : 200);
		if (i < 2)
			CHECK_TEXT(p.retry_after, "7");
		rig_reply_free(&p);
	}
	rig_call(&r, "POST", "/_sim/fail", NULL, "{\"verbs\":\"get\"}", &p);
	CU_ASSERT_EQUAL(p.status, 400);
	rig_reply_free(&p);
	rig_call(&r, "POST", "/_sim/fail", NULL, "{\"status\":99}", &p);
	CU_ASSERT_EQUAL(p.status, 400);
	rig_reply_free(&p);
	rig_call(&r, "POST", "/_sim/nonsense", NULL, "{}", &p);
	CU_ASSERT_EQUAL(p.status, 404);
	rig_reply_free(&p);
	rig_close(&r);
}

static void
a_reply_can_be_lost_after_the_write(void)
{
	struct kube_rig r;
	struct rig_reply p;

	rig_open(&r);
	kube_server_fail(
	    r.s, &(struct kube_fail){ .verb = "create", .after_commit = true });
	rig_call(&r, "POST", RIG_MAPS, "application/json",
	    "{\"metadata\":{\"name\":\"m\"}}", &p);
	CU_ASSERT_NOT_EQUAL(p.err, HTTP_OK);
	CU_ASSERT_EQUAL(p.status, 0);
	rig_reply_free(&p);
	CU_ASSERT_TRUE(has_map(&r));
	kube_server_fail(r.s, &(struct kube_fail){ .count = 5 });
	kube_server_fail_clear(r.s);
	rig_call(&r, "GET", RIG_MAPS "/m", NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	rig_close(&r);
}

static void
outages_refuse_answer_503_or_hang_and_end(void)
{
	struct kube_rig r;
	struct rig_reply p;
	struct rig_watch w;

	rig_open(&r);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", NULL);
	kube_server_outage(r.s, KUBE_REFUSE, 60 * LOOP_S);
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	CU_ASSERT_NOT_EQUAL(p.err, HTTP_OK);
	rig_reply_free(&p);
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_run(&r, 60 * LOOP_S);
	rig_call(&r, "POST", "/_sim/outage", NULL,
	    "{\"mode\":\"503\",\"seconds\":30}", &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.status, 503);
	CHECK_TEXT(p.retry_after, "1");
	rig_reply_free(&p);
	rig_call(&r, "GET", "/_sim/stats", NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	rig_run(&r, 30 * LOOP_S);
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	kube_server_outage(r.s, KUBE_HANG, 100 * LOOP_S);
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.err, HTTP_E_DEADLINE);
	rig_reply_free(&p);
	kube_server_outage(r.s, KUBE_UP, 0);
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	CU_ASSERT_EQUAL(p.status, 200);
	rig_reply_free(&p);
	rig_call(&r, "POST", "/_sim/outage", NULL, "{\"mode\":\"fire\"}", &p);
	CU_ASSERT_EQUAL(p.status, 400);
	rig_reply_free(&p);
	rig_close(&r);
}

static void
bodies_are_limited(void)
{
	struct kube_rig r;
	struct rig_reply p;
	size_t n = (3u << 20) + 1;
	char *body = xmalloc(n + 1);

	rig_open(&r);
	memset(body, ' ', n);
	body[n] = '\0';
	rig_call(&r, "POST", RIG_MAPS, "application/json", body, &p);
	CU_ASSERT_EQUAL(p.status, 413);
	rig_reply_free(&p);
	rig_ok(&r, 413, "POST", RIG_MAPS, NULL, body);
	xfree(body);
	rig_close(&r);
}

/* ---- documents ------------------------------------------------------------- */

static void
documents_are_served(void)
{
	static const struct {
		const char *target;
		int status;
		const char *path, *want;
	} rows[] = {
		{ "/api", 200, "kind", "APIVersions" },
		{ "/api/v1", 200, "kind", "APIResourceList" },
		{ "/apis", 200, "kind", "APIGroupList" },
		{ "/apis/example.org", 200, "kind", "APIGroup" },
		{ "/apis/example.org/v1", 200, "resources/0/kind", "Host" },
		{ "/apis/example.org/v9", 404, NULL, NULL },
		{ "/version", 200, "major", "1" },
		{ "/openapi/v3/apis/example.org/v1", 200, NULL, NULL },
		{ "/openapi/v3/apis/example.org/v9", 404, NULL, NULL },
		{ "/nothing", 404, NULL, NULL },
		{ "/", 404, NULL, NULL },
		{ "//", 404, NULL, NULL },
		{ "/apis/", 200, "kind", "APIGroupList" },
	};
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status;

		j = kube_server_do(
		    r.s, "GET", rows[i].target, NULL, NULL, &status);
		CHECK_ROW(status == rows[i].status, rows[i].target);
		if (rows[i].path != NULL)
			CHECK_ROW(
			    str_eq(json_str(j, rows[i].path, ""), rows[i].want),
			    rows[i].target);
		cJSON_Delete(j);
	}
	j = rig_do(&r, 201, "POST",
	    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", NULL,
	    "{\"spec\":{}}");
	CU_ASSERT_TRUE(json_bool(j, "status/allowed", false));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(json_str(j, "status/reason", ""), "no RBAC"));
	cJSON_Delete(j);
	rig_close(&r);
}

static void
unknown_fields_are_warned_of(void)
{
	struct kube_rig r;
	struct rig_reply p;

	rig_open(&r);
	rig_call(&r, "POST", RIG_HOSTS, "application/json",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Host\",\"metadata\":"
	    "{\"name\":\"h\"},\"spec\":{\"sise\":1}}",
	    &p);
	CU_ASSERT_EQUAL(p.status, 201);
	CHECK_TEXT(p.warning, "299 - \"unknown field \\\"spec.sise\\\"\"");
	CU_ASSERT_PTR_NULL(strstr(p.body, "sise\":1"));
	rig_reply_free(&p);
	rig_close(&r);
}

static void
manifests_load_and_reload(void)
{
	static const char text[] =
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	    "stringData: {a: b}\n---\napiVersion: v1\nkind: List\nitems:\n"
	    "- {apiVersion: example.org/v1, kind: Host, metadata: {name: h}}\n";
	static const char bad[] = "apiVersion: v9\nkind: Nope\n";
	struct kube_rig r;
	struct err e = { 0 };

	rig_open(&r);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_TRUE(kube_server_apply_yaml(
		    r.s, text, strlen(text), "x.yaml", &e));
	rig_ok(&r, 200, "GET", RIG_HOSTS "/h", NULL, NULL);
	CU_ASSERT_FALSE(
	    kube_server_apply_yaml(r.s, bad, strlen(bad), "x.yaml", &e));
	CHECK_TEXT(e.msg, "x.yaml: v9 Nope is not served");
	rig_close(&r);
}

static void
crds_come_from_folders(void)
{
	const char *paths[] = { "crds" };
	struct kube_server_opts o = { .crd_paths = paths, .n_crd_paths = 1 };
	struct kube_server *s;
	struct kube_rig r;
	struct err e = { 0 };
	cJSON *j;

	rig_open(&r);
	files_memory_put(r.files, "crds/hosts.yaml", rig_crd, strlen(rig_crd));
	files_memory_put(r.files, "crds/README.md", "no", 2);
	o.addr = "10.0.0.1";
	o.port = 7000;
	s = kube_server_new(&r.env, &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	j = kube_server_get(s, "apiextensions.k8s.io",
	    "customresourcedefinitions", NULL, "hosts.example.org");
	CU_ASSERT_PTR_NOT_NULL(j);
	cJSON_Delete(j);
	kube_server_free(s);
	files_memory_put(r.files, "crds/x.yaml", "a: [", 4);
	o.port = 7001;
	CU_ASSERT_PTR_NULL(kube_server_new(&r.env, &o, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "crds/x.yaml"));
	rig_close(&r);
}

static void
protobuf_is_understood_where_kubectl_sends_it(void)
{
	/* Secret {metadata {name "s"}, data {"a": "b"}, type "T"} */
	static const char body[] = "k8s\0"
				   "\x0a\x0c\x0a\x02v1\x12\x06Secret"
				   "\x12\x10"
				   "\x0a\x03\x0a\x01s"
				   "\x12\x06\x0a\x01"
				   "a\x12\x01"
				   "b"
				   "\x1a\x01T";
	struct kube_rig r;
	struct http_header h = { "Content-Type",
		"application/vnd.kubernetes.protobuf" };
	struct rig_reply p = { 0 };
	struct http_request rq = { .method = "POST",
		.target = RIG_SECRETS,
		.headers = &h,
		.n_headers = 1,
		.done = rig_done,
		.arg = &p };
	cJSON *j;

	rig_open(&r);
	for (size_t n = 4; n < sizeof(body); n++) {
		rq.body = (struct http_bytes){ body, n };
		(void)http_start(r.peer, &rq);
		(void)world_run(
		    r.w, world_now_us(r.w) + 10 * LOOP_S, rig_is_done, &p);
		if (n < sizeof(body) - 1)
			CU_ASSERT_TRUE(p.status == 400 || p.status == 422);
		if (n == sizeof(body) - 1)
			CU_ASSERT_EQUAL(p.status, 201);
		rig_reply_free(&p);
	}
	j = rig_get(&r, RIG_SECRETS "/s");
	CHECK_TEXT(json_str(j, "data/a", NULL), "Yg==");
	CHECK_TEXT(json_str(j, "type", NULL), "T");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
nodes_and_leases_keep_their_fields(void)
{
	static const char node[] =
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":"
	    "\"n\"},\"spec\":{\"providerID\":\"b7://a/b\",\"taints\":[{"
	    "\"key\":\"k\",\"effect\":\"NoSchedule\"}]},\"status\":{"
	    "\"addresses\":[{\"type\":\"InternalIP\",\"address\":"
	    "\"10.0.0.9\"}],\"nodeInfo\":{\"machineID\":\"m\","
	    "\"systemUUID\":\"u\",\"bootID\":\"b\",\"kubeletVersion\":"
	    "\"v1\"},\"capacity\":{\"cpu\":\"4\"},\"conditions\":[{\"type\":"
	    "\"Ready\",\"status\":\"True\"}]}}";
	static const char lease[] =
	    "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
	    "\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":"
	    "\"me\",\"leaseDurationSeconds\":15,\"renewTime\":"
	    "\"2026-01-01T00:00:00.000000Z\",\"leaseTransitions\":0}}";
	static const char *const kept[] = { "spec/providerID",
		"spec/taints/0/key", "status/addresses/0/address",
		"status/nodeInfo/systemUUID", "status/capacity/cpu",
		"status/conditions/0/status" };
	struct kube_rig r;
	cJSON *j;

	rig_open(&r);
	rig_ok(&r, 201, "POST", "/api/v1/nodes", NULL, node);
	j = rig_get(&r, "/api/v1/nodes/n");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		CHECK_ROW(json_str(j, kept[i], NULL) != NULL, kept[i]);
	cJSON_Delete(j);
	rig_ok(&r, 200, "PATCH", "/api/v1/nodes/n/status", RIG_STRATEGIC,
	    "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":"
	    "\"False\"}]}}");
	rig_ok(&r, 201, "POST",
	    "/apis/coordination.k8s.io/v1/namespaces/default/leases", NULL,
	    lease);
	j = rig_get(
	    &r, "/apis/coordination.k8s.io/v1/namespaces/default/leases/l");
	CU_ASSERT_EQUAL(json_i64(j, "spec/leaseDurationSeconds", 0), 15);
	CHECK_TEXT(
	    json_str(j, "spec/renewTime", NULL), "2026-01-01T00:00:00.000000Z");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
a_killed_process_can_be_freed(void)
{
	struct rig_watch w;
	struct kube_rig r;

	rig_open(&r);
	rig_watch_open(&r, &w, RIG_MAPS "?watch=true", NULL);
	rig_ok(
	    &r, 201, "POST", RIG_MAPS, NULL, "{\"metadata\":{\"name\":\"m\"}}");
	world_kill(r.server_loop);
	rig_run(&r, LOOP_S);
	CU_ASSERT_TRUE(w.ended);
	rig_watch_close(&r, &w);
	rig_close(&r);
}

/* All that a short life leaves behind, as text; owned by the caller. */
static char *
life(void)
{
	struct kube_rig r;
	cJSON *all = cJSON_CreateArray();
	char *text;

	rig_open(&r);
	for (int i = 0; i < 20; i++)
		rig_ok(&r, 201, "POST", RIG_MAPS "?fieldManager=me", NULL,
		    "{\"metadata\":{\"generateName\":\"m-\",\"labels\":{\"b\":"
		    "\"1\",\"a\":\"2\"}}}");
	rig_ok(&r, 201, "POST", "/api/v1/namespaces", NULL,
	    "{\"metadata\":{\"name\":\"n\"}}");
	rig_ok(&r, 200, "DELETE", "/api/v1/namespaces/n", NULL, NULL);
	rig_run(&r, LOOP_S);
	cJSON_AddItemToArray(
	    all, kube_server_list(r.s, "", "configmaps", NULL));
	cJSON_AddItemToArray(
	    all, kube_server_list(r.s, "", "namespaces", NULL));
	cJSON_AddItemToArray(all, kube_server_stats(r.s));
	text = json_print(all);
	cJSON_Delete(all);
	rig_close(&r);
	return text;
}

static void
the_same_seed_gives_the_same_bytes(void)
{
	char *a = life(), *b = life();

	CU_ASSERT_TRUE(str_eq(a, b));
	CU_ASSERT_PTR_NOT_NULL(strstr(a, "\"uid\""));
	xfree(a);
	xfree(b);
}

static void
counters_are_told_by_user_verb_and_object(void)
{
	struct kube_rig r;
	struct rig_reply p;
	struct err e;
	cJSON *j;

	rig_open(&r);
	make_map(&r);
	rig_ok(&r, 200, "PATCH", RIG_MAPS "/m", RIG_MERGE,
	    "{\"data\":{\"a\":\"b\"}}");
	rig_ok(&r, 200, "PATCH", RIG_MAPS "/m", RIG_MERGE,
	    "{\"data\":{\"a\":\"b\"}}");
	rig_ok(&r, 201, "POST", RIG_SECRETS, NULL,
	    "{\"metadata\":{\"name\":\"s\"}}");
	rig_call(&r, "GET", RIG_MAPS, NULL, NULL, &p);
	rig_reply_free(&p);
	rig_call(&r, "GET", "/_sim/stats", NULL, NULL, &p);
	j = json_parse(p.body, strlen(p.body), &e);
	CU_ASSERT_EQUAL(json_i64(j, "requests/admin/patch/configmaps", 0), 2);
	CU_ASSERT_EQUAL(json_i64(j, "requests/admin/create/configmaps", 0), 1);
	CU_ASSERT_EQUAL(json_i64(j, "requests/admin/create/secrets", 0), 1);
	CU_ASSERT_EQUAL(
	    json_i64(j, "requests/system:anonymous/list/configmaps", 0), 1);
	CU_ASSERT_EQUAL(
	    json_i64(j, "writes/admin/configmaps/default~1m", 0), 2);
	CU_ASSERT_EQUAL(json_i64(j, "writes/admin/secrets/default~1s", 0), 1);
	CU_ASSERT_EQUAL(json_i64(j, "objects/secrets", 0), 1);
	cJSON_Delete(j);
	rig_reply_free(&p);
	rig_call(&r, "POST", "/_sim/stats", NULL, NULL, &p);
	rig_reply_free(&p);
	CU_ASSERT_EQUAL(kube_server_requests(r.s, NULL, NULL, NULL), 0);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "nobody gets in without a credential",
	    nobody_gets_in_without_a_credential },
	{ "client certificates name the user",
	    client_certificates_name_the_user },
	{ "requests fail as asked for", requests_fail_as_asked_for },
	{ "a reply can be lost after the write",
	    a_reply_can_be_lost_after_the_write },
	{ "outages refuse, answer 503 or hang, and end",
	    outages_refuse_answer_503_or_hang_and_end },
	{ "bodies are limited", bodies_are_limited },
	{ "documents are served", documents_are_served },
	{ "unknown fields are warned of", unknown_fields_are_warned_of },
	{ "manifests load and reload", manifests_load_and_reload },
	{ "CRDs come from folders", crds_come_from_folders },
	{ "protobuf is understood where kubectl sends it",
	    protobuf_is_understood_where_kubectl_sends_it },
	{ "nodes and leases keep their fields",
	    nodes_and_leases_keep_their_fields },
	{ "counters are told by user, verb and object",
	    counters_are_told_by_user_verb_and_object },
	{ "the same seed gives the same bytes",
	    the_same_seed_gives_the_same_bytes },
	{ "a killed process can be freed", a_killed_process_can_be_freed },
};

int
main(void)
{
	return UNIT_RUN("kube_serve", cases);
}
