/*
 * GET /explain/...: who is let in, who is not, and how seldom the API server is
 * asked about it. The API server is a script here: tokens "good", "poor" (known,
 * without the right), "ill" (500); all others are nobody's.
 */
#include <string.h>

#include "agent/ask.h"
#include "agent/kube/client.h"
#include "agent/kube/review.h"
#include "common/env.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/tls.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define API "10.9.0.1"
#define AGENT "10.9.0.2"

struct rig {
	struct world *w;
	struct loop *api, *loop, *user;
	struct log log;
	struct files *files;
	struct env env;
	struct kube_config config;
	struct kube_client *kube;
	struct http_server *server, *plain;
	struct ask *ask;
	struct timer beat;
	bool leads, silent;
	unsigned tokens, accesses; /* reviews that were asked for */
	unsigned explained;
	bool told_of_token; /* a token stood where it must not */
};

static void
beat(void *arg)
{
	struct rig *r = arg;

	timer_start(r->api, &r->beat, LOOP_S, beat, r);
}

static void
log_line(void *arg, const char *line, size_t n)
{
	struct rig *r = arg;

	r->told_of_token = r->told_of_token ||
			   memmem(line, n, "good", 4) != NULL ||
			   memmem(line, n, "poor", 4) != NULL;
}

/* ---- the API server ----------------------------------------------------------- */

static void
api_answer(struct rig *r, struct http_exchange *x, cJSON *asked)
{
	static const struct http_header h[] = { { "Content-Type",
	    "application/json" } };
	cJSON *status = json_ensure_obj(asked, "status");
	const char *token = json_str(asked, "spec/token", "");
	bool review = strstr(http_exchange_target(x), "/tokenreviews") != NULL;
	bool known = str_eq(token, "good") || str_eq(token, "poor");
	char *text;

	if (review) {
		r->tokens++;
		json_set_bool(status, "authenticated", known);
		if (known)
			json_set_str(
			    json_ensure_obj(status, "user"), "username", token);
	} else {
		r->accesses++;
		CHECK_TEXT(
		    json_str(asked, "spec/resourceAttributes/verb", ""), "get");
		CHECK_TEXT(
		    json_str(asked, "spec/resourceAttributes/resource", ""),
		    "physicalhosts");
		CHECK_TEXT(json_str(asked, "spec/resourceAttributes/group", ""),
		    "infrastructure.cluster.x-k8s.io");
		CHECK_TEXT(
		    json_str(asked, "spec/resourceAttributes/namespace", ""),
		    "metal");
		json_set_bool(status, "allowed",
		    str_eq(json_str(asked, "spec/user", ""), "good"));
	}
	text = json_print(asked);
	http_reply(x, str_eq(token, "ill") ? 500 : 201, h, 1,
	    (struct http_bytes){ text, strlen(text) });
	xfree(text);
}

static void
api_whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct rig *r = arg;
	cJSON *asked = json_parse((const char *)body.p, body.n, NULL);

	CU_ASSERT_TRUE_FATAL(cJSON_IsObject(asked));
	if (r->silent)
		http_reply_raw(x, (struct http_bytes){ NULL, 0 }, 0, HTTP_HANG);
	else
		api_answer(r, x, asked);
	cJSON_Delete(asked);
}

static void
api_handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, api_whole, arg);
}

/* ---- the agent ---------------------------------------------------------------- */

static cJSON *
explain(void *arg, const char *name, struct err *e)
{
	struct rig *r = arg;
	cJSON *o;

	r->explained++;
	if (!str_eq(name, "metal/r7n1")) {
		(void)err_set(e, ERR_NOTFOUND, 0, "no such host");
		return NULL;
	}
	o = cJSON_CreateObject();
	json_set_str(o, "host", name);
	return o;
}

static bool
leads(void *arg)
{
	return ((struct rig *)arg)->leads;
}

static void
plain_handle(void *arg, struct http_exchange *x)
{
	ask_serve_plain(((struct rig *)arg)->ask, x);
}

static void
rig_pem(struct rig *r)
{
	struct tls_issue i = { .subject = "agent",
		.names = AGENT,
		.not_before_s = WORLD_EPOCH_S - 60,
		.not_after_s = WORLD_EPOCH_S + 86400 };
	char *cert = NULL, *key = NULL;
	struct err e = { 0 };
	struct tls_identity *id =
	    tls_identity_issue(&i, world_entropy(r->loop), &cert, &key, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(id);
	files_memory_put(r->files, "/tls/tls.crt", cert, strlen(cert));
	files_memory_put(r->files, "/tls/tls.key", key, strlen(key));
	tls_identity_free(id);
	xfree(cert);
	xfree(key);
}

static void
rig_open(struct rig *r)
{
	struct http_listen_opts api = {
		.addr = API, .port = 6443, .handle = api_handle, .arg = r
	};
	struct http_listen_opts plain = {
		.addr = AGENT, .port = 8080, .handle = plain_handle, .arg = r
	};
	struct ask_opts o = { .hooks = { explain, leads, r },
		.address = AGENT ":8443",
		.cert = "/tls/tls.crt",
		.key = "/tls/tls.key" };
	struct err e = { 0 };

	*r = (struct rig){ .w = world_new(3), .leads = true };
	r->api = world_spawn(r->w, "api", API, 0);
	r->loop = world_spawn(r->w, "agent-0", AGENT, 0);
	r->user = world_spawn(r->w, "user", "10.9.0.3", 0);
	beat(r);
	r->log = (struct log){ LOG_TRACE, "agent-0", r->loop, log_line, r };
	r->files = files_memory_new();
	rig_pem(r);
	r->env = (struct env){ .name = "agent-0",
		.loop = r->loop,
		.net = world_net(r->loop),
		.entropy = world_entropy(r->loop),
		.files = r->files,
		.log = &r->log,
		.metrics = metrics_new() };
	r->config = (struct kube_config){ .source = xstrdup("test"),
		.server = xstrdup("http://" API ":6443"),
		.path_prefix = xstrdup(""),
		.default_ns = xstrdup("default") };
	secret_set(&r->config.token, "ours", 4);
	r->server = http_listen(world_net(r->api), &api, &e);
	r->kube = kube_client_new(&r->env, &r->config, NULL, &e);
	if (r->kube == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_FATAL(r->server != NULL && r->kube != NULL);
	o.kube = r->kube;
	r->ask = ask_new(&r->env, &o, &e);
	if (r->ask == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->ask);
	r->plain = http_listen(r->env.net, &plain, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->plain);
}

static void
rig_close(struct rig *r)
{
	CU_ASSERT_FALSE(r->told_of_token);
	timer_stop(&r->beat);
	ask_free(r->ask);
	http_server_free(r->plain);
	kube_client_free(r->kube);
	http_server_free(r->server);
	kube_config_free(&r->config);
	metrics_free(r->env.metrics);
	files_memory_free(r->files);
	world_free(r->w);
}

/* ---- those who ask ------------------------------------------------------------- */

struct answer {
	unsigned n;
	int status;
	char text[400], challenge[32], retry[8];
};

static void
on_answer(void *arg, const struct http_result *h)
{
	struct answer *a = arg;
	const char *v;

	a->n++;
	a->status = h->status;
	(void)str_format(a->text, sizeof(a->text), "%.*s", (int)h->body.n,
	    h->body.p == NULL ? "" : (const char *)h->body.p);
	v = http_header_get(h->headers, h->n_headers, "WWW-Authenticate");
	(void)str_copy(a->challenge, sizeof(a->challenge), v == NULL ? "" : v);
	v = http_header_get(h->headers, h->n_headers, "Retry-After");
	(void)str_copy(a->retry, sizeof(a->retry), v == NULL ? "" : v);
}

struct question {
	const char *base, *method, *path, *bearer;
};

static struct http_peer *
put(struct rig *r, struct loop *from, const struct question *q,
    struct answer *a)
{
	struct http_peer_opts po = { .base = q->base,
		.tls = { .insecure = true } };
	struct http_header h = { "Authorization", q->bearer };
	struct http_request rq = { .method =
				       q->method == NULL ? "GET" : q->method,
		.target = q->path,
		.headers = &h,
		.n_headers = q->bearer == NULL ? 0 : 1,
		.done = on_answer,
		.arg = a };
	struct err e = { 0 };
	struct http_peer *p = http_peer_new(world_net(from), &po, &e);

	(void)r;
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memset(a, 0, sizeof(*a));
	CU_ASSERT_PTR_NOT_NULL(http_start(p, &rq));
	return p;
}

static struct answer
get(struct rig *r, struct loop *from, const struct question *q)
{
	struct answer a;
	struct http_peer *p = put(r, from, q, &a);

	(void)world_run(r->w, world_now_us(r->w) + 5 * LOOP_S, NULL, NULL);
	CU_ASSERT_EQUAL(a.n, 1);
	http_peer_free(p);
	return a;
}

#define TLS "https://" AGENT ":8443"
#define CLEAR "http://" AGENT ":8080"
#define HOST_PATH "/explain/metal/r7n1"

static void
tokens_decide(void)
{
	static const struct {
		const char *name;
		struct question q;
		int status;
		const char *says;
	} rows[] = {
		{ "admitted", { TLS, NULL, HOST_PATH, "Bearer good" }, 200,
		    "metal/r7n1" },
		{ "no token", { TLS, NULL, HOST_PATH, NULL }, 401, "Bearer" },
		{ "another scheme", { TLS, NULL, HOST_PATH, "Basic good" }, 401,
		    "Bearer" },
		{ "empty", { TLS, NULL, HOST_PATH, "Bearer  " }, 401, "" },
		{ "a stranger", { TLS, NULL, HOST_PATH, "Bearer what" }, 401,
		    "no such token" },
		{ "without the right", { TLS, NULL, HOST_PATH, "Bearer poor" },
		    403, "physicalhosts" },
		{ "the API is ill", { TLS, NULL, HOST_PATH, "Bearer ill" }, 503,
		    "" },
		{ "no such host",
		    { TLS, NULL, "/explain/metal/none", "Bearer good" }, 404,
		    "no such host" },
		{ "no namespace", { TLS, NULL, "/explain/r7n1", "Bearer good" },
		    404, "NAMESPACE/HOST" },
		{ "no name",
		    { TLS, NULL, "/explain/metal/..%2f", "Bearer good" }, 404,
		    "" },
		{ "a write", { TLS, "POST", HOST_PATH, "Bearer good" }, 405,
		    "" },
		{ "elsewhere", { TLS, NULL, "/metrics", "Bearer good" }, 404,
		    "" },
		{ "in clear from elsewhere",
		    { CLEAR, NULL, HOST_PATH, "Bearer good" }, 403, "HTTPS" },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct answer a = get(&r, r.user, &rows[i].q);

		if (a.status != rows[i].status)
			(void)fprintf(stderr, "%d %s\n", a.status, a.text);
		CHECK_ROW(a.status == rows[i].status, rows[i].name);
		CHECK_ROW(strstr(a.text, rows[i].says) != NULL, rows[i].name);
		CHECK_ROW(a.status != 401 || str_eq(a.challenge, "Bearer"),
		    rows[i].name);
	}
	CU_ASSERT_EQUAL(r.explained, 2); /* and nothing for anybody else */
	rig_close(&r);
}

static void
answers_are_kept_for_moments(void)
{
	const struct question good = { TLS, NULL, HOST_PATH, "Bearer good" },
			      what = { TLS, NULL, HOST_PATH, "Bearer what" };
	struct rig r;

	rig_open(&r);
	for (int i = 0; i < 4; i++) /* five seconds each */
		CU_ASSERT_EQUAL(get(&r, r.user, &good).status, 200);
	CU_ASSERT_EQUAL(r.tokens, 1);
	CU_ASSERT_EQUAL(r.accesses, 1);
	(void)world_run(r.w, world_now_us(r.w) + 30 * LOOP_S, NULL, NULL);
	CU_ASSERT_EQUAL(get(&r, r.user, &good).status, 200);
	CU_ASSERT_EQUAL(r.tokens, 2);
	CU_ASSERT_EQUAL(get(&r, r.user, &what).status, 401);
	CU_ASSERT_EQUAL(r.tokens, 3);
	(void)world_run(r.w, world_now_us(r.w) + LOOP_S, NULL, NULL);
	CU_ASSERT_EQUAL(get(&r, r.user, &what).status, 401);
	CU_ASSERT_EQUAL(r.tokens, 4); /* a refusal is kept for less */
	rig_close(&r);
}

/* A hundred who guess at once: the API server hears of few, the rest is told to
 * come back; who was admitted before is served all the while. */
static void
guessing_does_not_reach_the_api_server(void)
{
	const struct question good = { TLS, NULL, HOST_PATH, "Bearer good" };
	struct http_peer *p[100];
	struct answer a[100];
	unsigned busy = 0, strangers = 0;
	struct rig r;

	rig_open(&r);
	CU_ASSERT_EQUAL(get(&r, r.user, &good).status, 200);
	/* As many at once as the server takes, again and again. */
	for (unsigned i = 0; i < 100; i++) {
		char bearer[32];
		struct question q = { TLS, NULL, HOST_PATH, bearer };

		(void)str_format(bearer, sizeof(bearer), "Bearer guess%u", i);
		p[i] = put(&r, r.user, &q, &a[i]);
		if (i % 25 == 24)
			(void)world_run(
			    r.w, world_now_us(r.w) + LOOP_S / 10, NULL, NULL);
	}
	(void)world_run(r.w, world_now_us(r.w) + 2 * LOOP_S, NULL, NULL);
	for (unsigned i = 0; i < 100; i++) {
		busy += a[i].status == 429 && str_eq(a[i].retry, "1");
		strangers += a[i].status == 401;
		http_peer_free(p[i]);
	}
	CU_ASSERT_EQUAL(busy + strangers, 100);
	CU_ASSERT_TRUE(strangers > 0 && strangers <= REVIEW_BURST + 5);
	CU_ASSERT_TRUE(r.tokens <= 1 + REVIEW_BURST + 5);
	CU_ASSERT_EQUAL(get(&r, r.user, &good).status, 200);
	rig_close(&r);
}

static void
who_stands_by_says_so_and_asks_nobody(void)
{
	const struct question good = { TLS, NULL, HOST_PATH, "Bearer good" };
	struct answer a;
	struct rig r;

	rig_open(&r);
	r.leads = false;
	a = get(&r, r.user, &good);
	CU_ASSERT_EQUAL(a.status, 503);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.text, "stands by"));
	CU_ASSERT_EQUAL(r.tokens, 0);
	rig_close(&r);
}

/* Both ends may go while the API server thinks. */
static void
either_side_may_go_meanwhile(void)
{
	const struct question good = { TLS, NULL, HOST_PATH, "Bearer good" };
	struct http_peer *p, *q;
	struct answer a, b;
	struct rig r;

	rig_open(&r);
	r.silent = true;
	p = put(&r, r.user, &good, &a);
	q = put(&r, r.user, &good, &b);
	(void)world_run(r.w, world_now_us(r.w) + LOOP_S, NULL, NULL);
	http_peer_free(p);
	(void)world_run(r.w, world_now_us(r.w) + LOOP_S, NULL, NULL);
	CU_ASSERT_EQUAL(r.explained, 0);
	ask_free(r.ask);
	r.ask = NULL;
	(void)world_run(r.w, world_now_us(r.w) + LOOP_S, NULL, NULL);
	CU_ASSERT_EQUAL(r.explained, 0);
	http_peer_free(q);
	rig_close(&r);
}

/* kubectl port-forward comes from the pod's own loopback. */
static void
loopback_needs_no_tls(void)
{
	const struct question good = { "http://127.0.0.1:8080", NULL, HOST_PATH,
		"Bearer good" };
	struct http_listen_opts o = {
		.addr = "127.0.0.1", .port = 8080, .handle = plain_handle
	};
	struct http_server *here;
	struct loop *local;
	struct rig r;

	rig_open(&r);
	o.arg = &r;
	local = world_spawn(r.w, "local", "127.0.0.1", 0);
	here = http_listen(r.env.net, &o, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(here);
	CU_ASSERT_EQUAL(get(&r, local, &good).status, 200);
	http_server_free(here);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(tokens_decide),
		UNIT_CASE(answers_are_kept_for_moments),
		UNIT_CASE(guessing_does_not_reach_the_api_server),
		UNIT_CASE(who_stands_by_says_so_and_asks_nobody),
		UNIT_CASE(either_side_may_go_meanwhile),
		UNIT_CASE(loopback_needs_no_tls),
	};

	return UNIT_RUN("ask", cases);
}
