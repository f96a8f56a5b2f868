/*
 * Two processes of a world, a server that answers, and calls that remember how
 * they ended: shared by the tests of the virtual network.
 */
#ifndef B7_WORLD_RIG_H
#define B7_WORLD_RIG_H

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

struct ask {
	bool done;
	unsigned done_n;
	enum http_err err;
	enum http_phase phase;
	int status;
	bool maybe_executed, had_tls;
	struct tls_peer tls;
	char why[160], body[256], header[128];
	const char *want_header; /* copied to header */
	size_t body_n;
	int64_t started_us, done_us;
	struct http_call *call;
};

struct world_rig {
	struct world *w;
	struct loop *client, *server;
	struct http_server *s;
	struct http_peer *p;
	/* What the server does. */
	void (*on_request)(struct world_rig *r, struct http_exchange *x);
	struct http_exchange *x; /* kept by a handler */
	unsigned handled, gone, accepted;
	bool refuse_accept;
	char last_method[16], last_target[64], last_cn[64], last_orgs[64];
	char local[64], remote[64];
	struct tls_identity *id;
};

static inline void
rig_answer(struct world_rig *r, struct http_exchange *x)
{
	struct http_header h = { "X-Rig", "yes" };

	(void)r;
	http_reply(x, 200, &h, 1, (struct http_bytes){ "hello", 5 });
}

static inline void
rig_keep(struct world_rig *r, struct http_exchange *x)
{
	r->x = x;
}

static inline void
rig_gone(void *arg)
{
	struct world_rig *r = arg;

	r->gone++;
	r->x = NULL;
}

static inline void
rig_handle(void *arg, struct http_exchange *x)
{
	struct world_rig *r = arg;
	const char *cn = http_exchange_client_cn(x);
	const char *orgs = http_exchange_client_orgs(x);

	r->handled++;
	(void)str_copy(
	    r->last_method, sizeof(r->last_method), http_exchange_method(x));
	(void)str_copy(
	    r->last_target, sizeof(r->last_target), http_exchange_target(x));
	(void)str_copy(r->last_cn, sizeof(r->last_cn), cn ? cn : "-");
	(void)str_copy(r->last_orgs, sizeof(r->last_orgs), orgs ? orgs : "-");
	http_addr_text(http_exchange_local(x), r->local);
	http_addr_text(http_exchange_remote(x), r->remote);
	http_exchange_on_gone(x, rig_gone, r);
	r->on_request(r, x);
}

static inline bool
rig_accept(
    void *arg, const struct http_addr *local, const struct http_addr *remote)
{
	struct world_rig *r = arg;

	(void)local;
	(void)remote;
	r->accepted++;
	return !r->refuse_accept;
}

static inline struct tls_identity *
rig_identity(void *arg, const struct http_addr *local)
{
	(void)local;
	return ((struct world_rig *)arg)->id;
}

static inline void
rig_open(struct world_rig *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->w = world_new(seed);
	r->client = world_spawn(r->w, "agent", "10.0.0.1", 0);
	r->server = world_spawn(r->w, "bmc", "10.0.0.2", 0);
	r->on_request = rig_answer;
}

static inline void
rig_listen(struct world_rig *r, const struct http_listen_opts *more)
{
	struct http_listen_opts o = { .port = 80 };
	struct err e = { .kind = ERR_NONE };

	if (more)
		o = *more;
	o.handle = rig_handle;
	o.accept = rig_accept;
	o.arg = r;
	r->s = http_listen(world_net(r->server), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->s);
}

static inline void
rig_peer(struct world_rig *r, const struct http_peer_opts *o)
{
	struct err e = { .kind = ERR_NONE };

	r->p = http_peer_new(world_net(r->client), o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->p);
}

/* The usual: plain HTTP, one connection a call. */
static inline void
rig_plain(struct world_rig *r, uint64_t seed)
{
	struct http_peer_opts o = { .base = "http://10.0.0.2" };

	rig_open(r, seed);
	rig_listen(r, NULL);
	rig_peer(r, &o);
}

static inline void
rig_close(struct world_rig *r)
{
	http_peer_free(r->p);
	http_server_free(r->s);
	tls_identity_free(r->id);
	world_free(r->w);
}

static inline void
ask_done(void *arg, const struct http_result *res)
{
	struct ask *a = arg;
	const char *v;

	a->done = true;
	a->done_n++;
	a->err = res->err;
	a->phase = res->phase;
	a->status = res->status;
	a->maybe_executed = res->maybe_executed;
	a->had_tls = res->tls != NULL;
	if (res->tls)
		a->tls = *res->tls;
	(void)str_copy(a->why, sizeof(a->why), res->why);
	a->body_n = res->body.n;
	(void)str_format(a->body, sizeof(a->body), "%.*s", (int)res->body.n,
	    (const char *)res->body.p);
	if (a->want_header) {
		v = http_header_get(
		    res->headers, res->n_headers, a->want_header);
		(void)str_copy(a->header, sizeof(a->header), v ? v : "-");
	}
	a->started_us = res->started_us;
	a->done_us = res->done_us;
}

static inline void
ask_start(struct world_rig *r, struct ask *a, const struct http_request *more)
{
	struct http_request q = { .method = "GET", .target = "/x" };

	if (more)
		q = *more;
	if (!q.method)
		q.method = "GET";
	if (!q.target)
		q.target = "/x";
	q.done = ask_done;
	q.arg = a;
	a->call = http_start(r->p, &q);
}

static inline bool
ask_is_done(void *arg)
{
	return ((struct ask *)arg)->done;
}

static inline void
ask_wait(struct world_rig *r, struct ask *a)
{
	(void)world_run(r->w, world_now_us(r->w) + LOOP_HOUR, ask_is_done, a);
}

/* Starts and waits; everything about the ending is in *a. */
static inline void
ask(struct world_rig *r, struct ask *a, const struct http_request *more)
{
	memset(a, 0, sizeof(*a));
	ask_start(r, a, more);
	ask_wait(r, a);
}

static inline void
rig_pass(struct world_rig *r, int64_t us)
{
	(void)world_run(r->w, world_now_us(r->w) + us, NULL, NULL);
}

#define CHECK_END(a, want_err, want_phase) \
	do { \
		CU_ASSERT_TRUE((a)->done); \
		CHECK_TEXT(http_err_name((a)->err), http_err_name(want_err)); \
		CHECK_TEXT( \
		    http_phase_name((a)->phase), http_phase_name(want_phase)); \
	} while (0)

#endif
