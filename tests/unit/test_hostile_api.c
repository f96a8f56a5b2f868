/*
 * An API server that lies, floods, dribbles, hangs and redirects: a front in
 * the world through which the agent talks, spoiling what it is told to. The
 * agent stays up, says in /readyz what it waits for, spends little, sends its
 * token nowhere else, and goes on when the server is well again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/tls.h"
#include "common/world.h"
#include "tests/unit/hostile_rig.h"

#define FRONT "10.0.0.9"
#define WATCH_US (2 * LOOP_S)
#define FLOOD (100u << 20)
#define N_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

enum spoil {
	SPOIL_NOTHING,
	SPOIL_TEXT,    /* 200 and the text */
	SPOIL_STATUS,  /* status with the text */
	SPOIL_RAW,     /* the text as the wire has it, then silence */
	SPOIL_RESET,   /* nothing, reset */
	SPOIL_HANG,    /* nothing at all */
	SPOIL_FLOOD,   /* 100 MiB that never become an object */
	SPOIL_TRICKLE, /* four bytes a second */
	SPOIL_THIEF,   /* a redirect to another host */
	SPOIL_ITEMS    /* the true list with the text among its items */
};

struct front {
	struct hostile_rig r;
	struct loop *loop, *agent_loop;
	struct tls_identity *id;
	struct http_server *server;
	struct agent *agent;
	struct env env;
	struct log log;
	struct files files;
	enum spoil spoil;
	int status;
	const char *text;
	const char *only; /* part of the target; NULL = all */
	bool watches;     /* spoil watches, and only these */
	unsigned requests;
	size_t flooded;
	struct hung {
		struct front *f;
		struct http_exchange *x;
		struct timer timer;
		struct hung *next;
	} * hung;
};

/* ---- the front ---------------------------------------------------------------- */

static void
hung_gone(void *arg)
{
	struct hung *h = arg;

	timer_stop(&h->timer);
	h->x = NULL;
}

/* A watch that ends soon and asks for a new list: so that changes are seen. */
static void
watch_ends(void *arg)
{
	static const char gone[] =
	    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
	    "\"apiVersion\":"
	    "\"v1\",\"status\":\"Failure\",\"reason\":\"Expired\",\"code\":410,"
	    "\"message\":\"too old\"}}\n";
	static const struct http_header json = { "Content-Type",
		"application/json" };
	struct hung *h = arg;
	struct http_exchange *x = h->x;

	h->x = NULL;
	http_exchange_on_gone(x, NULL, NULL);
	http_reply(
	    x, 200, &json, 1, (struct http_bytes){ gone, sizeof(gone) - 1 });
}

static void
hold(struct front *f, struct http_exchange *x, int64_t us)
{
	struct hung *h = xcalloc(1, sizeof(*h));

	h->f = f;
	h->x = x;
	h->next = f->hung;
	f->hung = h;
	http_exchange_on_gone(x, hung_gone, h);
	if (us > 0)
		timer_start(f->loop, &h->timer, us, watch_ends, h);
}

static enum http_flow
flood_pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct front *f = arg;

	memset(out, 'x', cap);
	if (f->flooded == 0)
		memcpy(out, "{\"items\":[{\"a\":\"", cap < 15 ? cap : 15);
	f->flooded += cap;
	*n = cap;
	return f->flooded >= FLOOD ? HTTP_END : HTTP_MORE;
}

static void
spoilt_items(struct front *f, struct http_exchange *x, cJSON *body)
{
	static const struct http_header json = { "Content-Type",
		"application/json" };
	char *text = json_print(body), *at, *all;

	at = strstr(text, "\"items\":[");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at += strlen("\"items\":[");
	all = xasprintf("%.*s%s%s%s", (int)(at - text), text, f->text,
	    *at == ']' ? "" : ",", at);
	http_reply(x, 200, &json, 1, (struct http_bytes){ all, strlen(all) });
	xfree(all);
	xfree(text);
}

static void
spoil(struct front *f, struct http_exchange *x)
{
	static const struct http_header json = { "Content-Type",
		"application/json" };
	static const struct http_header away = { "Location",
		"https://" HOSTILE_THIEF ":6443/api" };
	struct http_bytes text = { f->text, f->text ? strlen(f->text) : 0 };
	struct http_source src = { flood_pull, f, -1 };

	switch (f->spoil) {
	case SPOIL_NOTHING:
	case SPOIL_ITEMS:
		break;
	case SPOIL_TEXT:
		http_reply(x, 200, &json, 1, text);
		break;
	case SPOIL_STATUS:
		http_reply(x, f->status, &json, 1, text);
		break;
	case SPOIL_RAW:
		http_reply_raw(x, text, 0, HTTP_HANG);
		break;
	case SPOIL_RESET:
		http_reply_raw(x, (struct http_bytes){ "", 0 }, 0, HTTP_RST);
		break;
	case SPOIL_HANG:
		hold(f, x, 0);
		break;
	case SPOIL_FLOOD:
		f->flooded = 0;
		http_reply_stream(x, 200, &json, 1, &src);
		break;
	case SPOIL_TRICKLE:
		http_reply_raw(x, text, 4, HTTP_HANG);
		break;
	case SPOIL_THIEF:
		http_reply(x, 302, &away, 1, (struct http_bytes){ "", 0 });
		break;
	}
}

static void
front_whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	static const struct http_header json = { "Content-Type",
		"application/json" };
	struct front *f = arg;
	const char *target = http_exchange_target(x);
	bool watch = strstr(target, "watch=") != NULL;
	bool list = str_eq(http_exchange_method(x), "GET") && !watch;
	char *in = body.n == 0 ? NULL : xstrndup(body.p, body.n), *text;
	int status = 0;
	cJSON *out;

	f->requests++;
	if (f->spoil != SPOIL_NOTHING && f->spoil != SPOIL_ITEMS &&
	    watch >= f->watches &&
	    (f->only == NULL || strstr(target, f->only) != NULL)) {
		spoil(f, x);
	} else if (watch) {
		hold(f, x, WATCH_US);
	} else {
		out = kube_server_do(stage_kube(f->r.s),
		    http_exchange_method(x), target,
		    http_exchange_header(x, "content-type"), in, &status);
		if (f->spoil == SPOIL_ITEMS && list && status == 200 &&
		    strstr(target, f->only) != NULL &&
		    json_arr(out, "items") != NULL) {
			spoilt_items(f, x, out);
		} else {
			text = json_print(out);
			http_reply(x, status, &json, 1,
			    (struct http_bytes){ text, strlen(text) });
			xfree(text);
		}
		cJSON_Delete(out);
	}
	xfree(in);
}

static void
front_handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, front_whole, arg);
}

static struct tls_identity *
front_identity(void *arg, const struct http_addr *local)
{
	struct front *f = arg;

	(void)local;
	return f->id;
}

/* ---- the stage ------------------------------------------------------------------ */

static void
front_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	if (getenv("VERBOSE") != NULL)
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static void
front_agent(struct front *f)
{
	struct kube_config k = { 0 };
	struct agent_opts o = { .kube = &k, .qps = 1000 };
	struct err e = { 0 };

	f->agent_loop =
	    world_spawn(stage_world(f->r.s), "agent", "10.0.1.9", 0);
	f->files = files_system();
	f->log =
	    (struct log){ LOG_DEBUG, "agent", f->agent_loop, front_line, NULL };
	f->env = (struct env){ "agent", f->agent_loop, world_net(f->agent_loop),
		world_entropy(f->agent_loop), &f->files, &f->log, metrics_new(),
		1 };
	k.source = xstrdup("test");
	k.server = xstrdup("https://" FRONT ":6443");
	k.path_prefix = xstrdup("");
	k.insecure = true;
	k.default_ns = xstrdup("default");
	secret_set(&k.token, "secret-token", 12);
	o.control.poll_busy_us = 2 * LOOP_S;
	f->agent = agent_new(&f->env, &o, &e);
	kube_config_free(&k);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->agent);
}

static void
front_open(struct front *f)
{
	struct tls_issue tls = { .subject = "front",
		.names = FRONT,
		.not_before_s = WORLD_EPOCH_S - 3600,
		.not_after_s = WORLD_EPOCH_S + 86400LL * 365 };
	struct http_listen_opts o = { .addr = FRONT,
		.port = 6443,
		.identity = front_identity,
		.handle = front_handle,
		.arg = f };
	struct err e = { 0 };

	memset(f, 0, sizeof(*f));
	hostile_open(&f->r, 2);
	for (unsigned i = 0; i < 2; i++)
		hostile_host(&f->r, i, NULL, "insecureSkipVerify: true");
	f->loop = world_spawn(stage_world(f->r.s), "front", FRONT, 0);
	f->id = tls_identity_facts(&tls, world_entropy(f->loop));
	f->server = http_listen(world_net(f->loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->server);
}

static void
front_close(struct front *f)
{
	struct hung *h;

	world_kill(f->agent_loop);
	agent_free(f->agent);
	world_reap(f->agent_loop);
	metrics_free(f->env.metrics);
	while ((h = f->hung) != NULL) {
		f->hung = h->next;
		timer_stop(&h->timer);
		xfree(h);
	}
	http_server_free(f->server);
	world_kill(f->loop);
	world_reap(f->loop);
	tls_identity_free(f->id);
	hostile_close(&f->r);
}

/* ---- the tests -------------------------------------------------------------------- */

struct ill {
	const char *name;
	enum spoil spoil;
	int status;
	const char *text;
};

static const struct ill ills[] = {
	{ "garbage", SPOIL_TEXT, 0, "\x01\x02not JSON at all" },
	{ "HTML", SPOIL_TEXT, 0, "<html>login first</html>" },
	{ "nothing", SPOIL_TEXT, 0, "" },
	{ "a number", SPOIL_TEXT, 0, "7" },
	{ "a list of wrong types", SPOIL_TEXT, 0,
	    "{\"kind\":5,\"metadata\":[],\"items\":{\"a\":1}}" },
	{ "no items", SPOIL_TEXT, 0, "{\"metadata\":{}}" },
	{ "half a list", SPOIL_TEXT, 0, "{\"items\":[{\"metadata\":{" },
	{ "401", SPOIL_STATUS, 401, "go away" },
	{ "403", SPOIL_STATUS, 403, "{\"message\":5}" },
	{ "500 with garbage", SPOIL_STATUS, 500, "}{" },
	{ "418", SPOIL_STATUS, 418, "" },
	{ "no HTTP", SPOIL_RAW, 0, "SSH-2.0-OpenSSH_9.2\r\n\r\n" },
	{ "half a head", SPOIL_RAW, 0, "HTTP/1.1 200 OK\r\nContent-" },
	{ "a reset", SPOIL_RESET, 0, NULL },
	{ "silence", SPOIL_HANG, 0, NULL },
	{ "100 MiB", SPOIL_FLOOD, 0, NULL },
	{ "a trickle", SPOIL_TRICKLE, 0,
	    "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{\"items\":[" },
	{ "a redirect to a thief", SPOIL_THIEF, 0, NULL },
};

static void
must_heal(struct front *f, const char *name)
{
	f->spoil = SPOIL_NOTHING;
	hostile_machine(&f->r);
	CHECK_ROW(hostile_wait(&f->r, "machines", "m1", "status/phase",
		      "Running", 20 * LOOP_MIN) >= 0,
	    name);
}

static void
an_ill_server_is_named_and_outlived(void)
{
	for (size_t i = 0; i < N_OF(ills); i += unit_stride()) {
		const struct ill *v = &ills[i];
		struct front f;
		struct err e = { 0 };

		front_open(&f);
		f.spoil = v->spoil;
		f.status = v->status;
		f.text = v->text;
		front_agent(&f);
		hostile_run(&f.r, 3 * LOOP_MIN);
		CHECK_ROW(!agent_ready(f.agent, &e), v->name);
		if (getenv("SHOW") != NULL)
			(void)fprintf(stderr, "%s: %u requests, %s\n", v->name,
			    f.requests, e.msg);
		/* Which kind it waits for. */
		CHECK_ROW(
		    strstr(e.msg, "s") != NULL && strlen(e.msg) > 10, v->name);
		CHECK_ROW(strstr(e.msg, "secret-token") == NULL, v->name);
		if (f.requests > 200)
			(void)fprintf(stderr, "%s: %u\n", v->name, f.requests);
		CHECK_ROW(f.requests <= 200, v->name);
		CHECK_ROW(f.flooded <= (10u << 20), v->name);
		CHECK_ROW(f.r.calls == 0, v->name);
		must_heal(&f, v->name);
		front_close(&f);
	}
}

/* Watches only: lists are true, so that the fleet goes on by lists. */
static void
ill_watches_cost_time_and_nothing_else(void)
{
	static const struct ill rows[] = {
		{ "garbage lines", SPOIL_TEXT, 0, "garbage\n{}\n[]\n7\n" },
		{ "wrong types", SPOIL_TEXT, 0,
		    "{\"type\":5,\"object\":\"x\"}\n"
		    "{\"type\":\"ADDED\",\"object\":{\"metadata\":7}}\n"
		    "{\"type\":\"MODIFIED\",\"object\":{\"kind\":"
		    "\"PhysicalHost\",\"metadata\":{\"name\":{}}}}\n" },
		{ "a deletion of nobody", SPOIL_TEXT, 0,
		    "{\"type\":\"DELETED\",\"object\":{\"metadata\":{"
		    "\"name\":\"nobody\",\"namespace\":\"default\","
		    "\"resourceVersion\":\"1\"}}}\n" },
		{ "an endless line", SPOIL_FLOOD, 0, NULL },
		{ "500", SPOIL_STATUS, 500, "{" },
		{ "resets", SPOIL_RESET, 0, NULL },
		{ "a thief", SPOIL_THIEF, 0, NULL },
	};

	for (size_t i = 0; i < N_OF(rows); i += unit_stride()) {
		struct front f;

		front_open(&f);
		front_agent(&f);
		hostile_run(&f.r, 30 * LOOP_S);
		hostile_machine(&f.r);
		hostile_run(&f.r, 20 * LOOP_S);
		f.spoil = rows[i].spoil;
		f.status = rows[i].status;
		f.text = rows[i].text;
		f.watches = true;
		f.requests = 0;
		hostile_run(&f.r, 5 * LOOP_MIN);
		if (f.requests > 800)
			(void)fprintf(
			    stderr, "%s: %u\n", rows[i].name, f.requests);
		CHECK_ROW(f.requests <= 800, rows[i].name);
		CHECK_ROW(f.flooded <= (10u << 20), rows[i].name);
		f.spoil = SPOIL_NOTHING;
		CHECK_ROW(hostile_wait(&f.r, "machines", "m1", "status/phase",
			      "Running", 20 * LOOP_MIN) >= 0,
		    rows[i].name);
		front_close(&f);
	}
}

static char *
big_item(size_t n)
{
	char *fill = xcalloc(1, n + 1), *text;

	memset(fill, 'y', n);
	text = xasprintf("{\"metadata\":{\"name\":\"big\",\"namespace\":"
			 "\"default\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
			 "\"spec\":\"%s\"}",
	    fill);
	xfree(fill);
	return text;
}

static char *
deep_item(unsigned depth)
{
	char *open = xcalloc(1, depth + 1), *close = xcalloc(1, depth + 1);
	char *text;

	memset(open, '[', depth);
	memset(close, ']', depth);
	text = xasprintf("{\"metadata\":{\"name\":\"deep\",\"namespace\":"
			 "\"default\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
			 "\"spec\":%s%s}",
	    open, close);
	xfree(open);
	xfree(close);
	return text;
}

static void
with_item(struct front *f, const char *item)
{
	front_open(f);
	f->spoil = SPOIL_ITEMS;
	f->only = "physicalhosts";
	f->text = item;
	front_agent(f);
	hostile_run(&f->r, 30 * LOOP_S);
}

/* What anybody may store who may store at all: the others go on. */
static void
an_odd_object_stops_nobody(void)
{
	const char *const items[] = {
		"{\"metadata\":{\"name\":\"n\",\"namespace\":\"default\","
		"\"uid\":\"u\",\"resourceVersion\":\"1\"},\"spec\":true}",
		"{\"metadata\":{\"name\":\"n\",\"namespace\":\"default\","
		"\"uid\":\"u\",\"resourceVersion\":\"1\",\"labels\":[7],"
		"\"annotations\":\"x\",\"finalizers\":{\"a\":1},"
		"\"ownerReferences\":[1,null,{\"kind\":5}]},\"status\":[]}"
	};

	for (size_t i = 0; i < N_OF(items); i += unit_stride()) {
		struct front f;
		char row[128];

		(void)snprintf(row, sizeof(row), "%.120s", items[i]);
		with_item(&f, items[i]);
		hostile_machine(&f.r);
		CHECK_ROW(hostile_wait(&f.r, "machines", "m1", "status/phase",
			      "Running", 20 * LOOP_MIN) >= 0,
		    row);
		front_close(&f);
	}
}

/* What no API server sends, or what is over our caps: it is not to be believed at all. Nothing is taken
 * for deleted, and the reason is told. */
static void
an_item_that_is_no_object_is_told(void)
{
	const char *const items[] = { "7", "\"x\"", "null", "{}", "[[]]",
		"{\"metadata\":5}", "{\"metadata\":{\"name\":5}}" };

	for (size_t i = 0; i < N_OF(items); i += unit_stride()) {
		struct err e = { 0 };
		struct front f;
		char row[32];

		(void)snprintf(row, sizeof(row), "%.30s", items[i]);
		with_item(&f, items[i]);
		CHECK_ROW(!agent_ready(f.agent, &e), row);
		CHECK_ROW(strstr(e.msg, "physicalhosts") != NULL, row);
		CHECK_ROW(f.r.calls == 0, row);
		must_heal(&f, row);
		front_close(&f);
	}
}

/* Whoever may store one such object must not stop a whole kind: it is left
 * out, told and counted, and the others go on. */
static void
an_object_over_our_caps_is_left_out_alone(void)
{
	char *items[] = { deep_item(100), deep_item(500), deep_item(100000),
		big_item(3u << 20) };

	for (size_t i = 0; i < N_OF(items); i += unit_stride()) {
		struct front f;
		char row[16];

		(void)snprintf(row, sizeof(row), "item %zu", i);
		with_item(&f, items[i]);
		hostile_machine(&f.r);
		CHECK_ROW(hostile_wait(&f.r, "machines", "m1", "status/phase",
			      "Running", 20 * LOOP_MIN) >= 0,
		    row);
		CHECK_ROW(metrics_get(f.env.metrics,
			      "beskar7_kube_objects_skipped_total",
			      "resource=\"physicalhosts\"") > 0,
		    row);
		front_close(&f);
	}
	for (size_t i = 0; i < N_OF(items); i++)
		xfree(items[i]);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "an ill server is named and outlived",
		    an_ill_server_is_named_and_outlived },
		{ "ill watches cost time and nothing else",
		    ill_watches_cost_time_and_nothing_else },
		{ "an odd object stops nobody", an_odd_object_stops_nobody },
		{ "an item that is no object is told",
		    an_item_that_is_no_object_is_told },
		{ "an object over our caps is left out alone",
		    an_object_over_our_caps_is_left_out_alone },
	};

	return UNIT_RUN("hostile_api", cases);
}
