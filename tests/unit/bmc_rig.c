/* See bmc_rig.h. */
#include "tests/unit/bmc_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static void
no_log(void *arg, const char *line, size_t n)
{
	(void)arg;
	(void)line;
	(void)n;
}

static void
observe(void *arg, const struct bmc_event *ev)
{
	struct rig *g = arg;

	if (ev->kind == BMC_EV_REQUEST) {
		g->requests++;
		return;
	}
	if (g->n_events < RIG_EVENTS)
		g->events[g->n_events++] =
		    xasprintf("%s %s", bmc_event_name(ev->kind), ev->text);
}

static void
make_env(struct rig *g, struct env *e, const char *name, struct loop *l)
{
	static struct files files;

	files = files_system();
	g->log = (struct log){ LOG_ERROR, "", l, no_log, NULL };
	*e = (struct env){ .name = name,
		.loop = l,
		.net = world_net(l),
		.entropy = world_entropy(l),
		.files = &files,
		.log = &g->log,
		.seed = 7 };
}

static void
open_peers(struct rig *g)
{
	struct http_peer_opts o = { .max_conns = 1,
		.idle_close_us = 5 * LOOP_S };
	struct http_net *n = world_net(g->client_loop);
	struct err e = { 0 };
	char control[64];

	o.base = "https://10.1.0.1:443";
	o.tls.insecure = true;
	g->peer = http_peer_new(n, &o, &e);
	(void)str_format(control, sizeof(control), "http://10.1.0.250:%u",
	    bmc_fleet_control_port(g->fleet));
	o.base = control;
	g->control = http_peer_new(n, &o, &e);
}

void
rig_open(struct rig *g, const struct bmc_fleet_opts *o)
{
	struct bmc_fleet_opts fo = { 0 };
	struct origin_opts oo = { .addr = "10.2.0.1", .port = 8080 };
	struct err e = { 0 };

	memset(g, 0, sizeof(*g));
	if (o)
		fo = *o;
	g->w = world_new(7);
	g->bmc_loop = world_spawn(g->w, "bmcs", "10.1.0.250", 0);
	g->origin_loop = world_spawn(g->w, "origin", "10.2.0.1", 0);
	g->client_loop = world_spawn(g->w, "client", "10.3.0.1", 0);
	make_env(g, &g->bmc_env, "bmcs", g->bmc_loop);
	make_env(g, &g->origin_env, "origin", g->origin_loop);
	fo.addr = "10.1.0.1";
	fo.prefix = fo.one_service ? 0 : 24;
	fo.port = 443;
	fo.profiles_dir = "sim/bmc/profiles";
	fo.tls = fo.virtual_tls = true;
	fo.control = true;
	fo.control_addr = "10.1.0.250";
	fo.control_port = 9000;
	fo.on_event = observe;
	fo.arg = g;
	g->fleet = bmc_fleet_new(&g->bmc_env, &fo, &e);
	g->origin = origin_new(&g->origin_env, &oo, &e);
	if (!g->fleet || !g->origin) {
		fprintf(stderr, "rig: %s\n", e.msg);
		abort();
	}
	g->user = "root";
	g->password = "b7-sim-secret";
	open_peers(g);
}

void
rig_profile(struct rig *g, const char *profile)
{
	struct bmc_fleet_opts o = { .profiles = &profile, .n_profiles = 1 };

	rig_open(g, &o);
}

void
rig_knobs(struct rig *g, const char *knobs)
{
	struct bmc_fleet_opts o = { .knobs = knobs };

	rig_open(g, &o);
}

void
rig_close(struct rig *g)
{
	cJSON_Delete(g->r.json);
	http_peer_free(g->peer);
	http_peer_free(g->control);
	bmc_fleet_free(g->fleet);
	origin_free(g->origin);
	rig_forget(g);
	world_free(g->w);
}

void
rig_forget(struct rig *g)
{
	for (size_t i = 0; i < g->n_events; i++)
		xfree(g->events[i]);
	g->n_events = 0;
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* A world in which nothing is scheduled stands still: a timer pulls it on. */
static void
pull(struct rig *g, int64_t ms)
{
	timer_start(g->client_loop, &g->tick, ms * LOOP_MS, nothing, NULL);
}

void
rig_run(struct rig *g, int64_t ms)
{
	pull(g, ms);
	(void)world_run(g->w, world_now_us(g->w) + ms * LOOP_MS, NULL, NULL);
}

struct wanted {
	struct rig *g;
	const char *text;
};

static bool
came(void *arg)
{
	struct wanted *w = arg;

	return rig_find(w->g, w->text, 0) >= 0;
}

bool
rig_until(struct rig *g, const char *text, int64_t ms)
{
	struct wanted w = { g, text };

	return world_run(g->w, world_now_us(g->w) + ms * LOOP_MS, came, &w);
}

/* ---- calls -------------------------------------------------------------- */

static void
keep(const struct http_result *r, const char *name, char *out, size_t cap)
{
	const char *v = http_header_get(r->headers, r->n_headers, name);

	(void)str_copy(out, cap, v ? v : "");
}

static void
answered(void *arg, const struct http_result *r)
{
	struct rig_reply *o = &((struct rig *)arg)->r;
	struct err e = { 0 };

	o->done = true;
	o->status = r->status;
	o->err = r->err;
	o->text_n =
	    r->body.n < sizeof(o->text) ? r->body.n : sizeof(o->text) - 1;
	if (o->text_n)
		memcpy(o->text, r->body.p, o->text_n);
	if (r->body.n)
		o->json = json_parse(r->body.p, r->body.n, &e);
	keep(r, "ETag", o->etag, sizeof(o->etag));
	keep(r, "Location", o->location, sizeof(o->location));
	keep(r, "X-Auth-Token", o->token, sizeof(o->token));
	keep(r, "Allow", o->allow, sizeof(o->allow));
	keep(r, "Retry-After", o->retry_after, sizeof(o->retry_after));
	keep(r, "WWW-Authenticate", o->auth, sizeof(o->auth));
	keep(r, "Link", o->link, sizeof(o->link));
	keep(r, "Content-Type", o->type, sizeof(o->type));
	keep(r, "Server", o->server, sizeof(o->server));
}

static bool
is_done(void *arg)
{
	return ((struct rig *)arg)->r.done;
}

static int
call(struct rig *g, struct http_peer *p, const char *method, const char *path,
    const char *body, const struct http_header *h, size_t n)
{
	struct http_request rq = { .method = method,
		.target = path,
		.headers = h,
		.n_headers = n,
		.done = answered,
		.arg = g,
		.limits = { .body_max = 8u << 20 } };

	cJSON_Delete(g->r.json);
	memset(&g->r, 0, sizeof(g->r));
	if (body)
		rq.body = (struct http_bytes){ body,
			g->body_n ? g->body_n : strlen(body) };
	(void)http_start(p, &rq);
	(void)world_run(g->w, world_now_us(g->w) + 300 * LOOP_S, is_done, g);
	return g->r.status;
}

int
rig_call(struct rig *g, const char *method, const char *path, const char *body)
{
	struct http_header h[4];
	size_t n = 0;
	char plain[160], basic[256];
	char *b64 = NULL;

	if (g->token[0]) {
		h[n++] = (struct http_header){ "X-Auth-Token", g->token };
	} else if (g->user) {
		(void)str_format(
		    plain, sizeof(plain), "%s:%s", g->user, g->password);
		b64 = b64_encode(plain, strlen(plain));
		(void)str_format(basic, sizeof(basic), "Basic %s", b64);
		h[n++] = (struct http_header){ "Authorization", basic };
	}
	if (body)
		h[n++] = (struct http_header){ "Content-Type",
			g->content_type ? g->content_type
					: "application/json" };
	if (g->if_match[0])
		h[n++] = (struct http_header){ "If-Match", g->if_match };
	(void)call(g, g->peer, method, path, body, h, n);
	xfree(b64);
	return g->r.status;
}

int
rig_get(struct rig *g, const char *path)
{
	return rig_call(g, "GET", path, NULL);
}

int
rig_control(
    struct rig *g, const char *method, const char *path, const char *body)
{
	return call(g, g->control, method, path, body, NULL, 0);
}

bool
rig_login(struct rig *g)
{
	char body[256];
	const char *user = g->user;

	g->token[0] = '\0';
	g->user = NULL;
	(void)str_format(body, sizeof(body),
	    "{\"UserName\":\"%s\",\"Password\":\"%s\"}", user, g->password);
	(void)rig_call(g, "POST", "/redfish/v1/SessionService/Sessions", body);
	if (g->r.status == 308)
		(void)rig_call(
		    g, "POST", "/redfish/v1/SessionService/Sessions/", body);
	g->user = user;
	(void)str_copy(g->token, sizeof(g->token), g->r.token);
	return g->token[0] != '\0';
}

/* ---- looking ------------------------------------------------------------ */

const char *
rig_at(struct rig *g, const char *path)
{
	static char out[8][512];
	static unsigned i;
	char *o = out[i++ % 8], *text;
	const cJSON *v = json_at(g->r.json, path);

	o[0] = '\0';
	if (cJSON_IsString(v)) {
		(void)str_copy(o, 512, v->valuestring);
	} else if (v) {
		text = json_print(v);
		(void)str_copy(o, 512, text);
		xfree(text);
	}
	return o;
}

const char *
rig_message(struct rig *g)
{
	const char *id = rig_at(g, "error/@Message.ExtendedInfo/0/MessageId");
	const char *dot = strrchr(id, '.');

	return dot ? dot + 1 : id;
}

int
rig_find(const struct rig *g, const char *text, int from)
{
	for (size_t i = (size_t)from; i < g->n_events; i++)
		if (strstr(g->events[i], text))
			return (int)i;
	return -1;
}

unsigned
rig_count(const struct rig *g, const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < g->n_events; i++)
		if (strstr(g->events[i], text))
			n++;
	return n;
}

struct bmc_snapshot
rig_snap(struct rig *g)
{
	struct bmc_snapshot s;

	bmc_snapshot(bmc_fleet_at(g->fleet, 0), &s);
	return s;
}

void
rig_dump(const struct rig *g)
{
	for (size_t i = 0; i < g->n_events; i++)
		fprintf(stderr, "  %s\n", g->events[i]);
}
