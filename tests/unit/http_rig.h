/*
 * A client, a server that answers, and calls that remember how they ended:
 * shared by the tests of both networks. A back end opens the rig with its
 * loops and nets; everything else is the same for both.
 */
#ifndef B7_HTTP_RIG_H
#define B7_HTTP_RIG_H

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
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

struct http_rig;
struct world;

struct http_rig_backend {
	const char *name;
	bool virtual_time;
	/* Fills client, server, client_net, server_net and host. */
	void (*open)(struct http_rig *r, uint64_t seed);
	void (*close)(struct http_rig *r);
	/* Until done (may be NULL) says so, or so long has passed. */
	void (*run)(
	    struct http_rig *r, int64_t us, bool (*done)(void *), void *arg);
	struct tls_identity *(*issue)(
	    const struct tls_issue *o, struct entropy ent, struct err *e);
};

struct http_rig {
	const struct http_rig_backend *backend;
	struct world *w; /* of the virtual back end */
	void *impl;      /* of others */
	struct loop *client, *server;
	struct http_net *client_net, *server_net;
	const char *host; /* of the server: an IP literal */
	unsigned port;    /* of the last listener */
	struct http_server *s;
	struct http_peer *p;
	/* What the server does. */
	void (*on_request)(struct http_rig *r, struct http_exchange *x);
	struct http_exchange *x; /* kept by a handler */
	unsigned handled, gone, accepted;
	bool refuse_accept;
	struct http_manner manner;
	char last_method[16], last_target[64], last_cn[64], last_orgs[64];
	char local[64], remote[64];
	struct tls_identity *id;
};

static inline void
rig_answer(struct http_rig *r, struct http_exchange *x)
{
	struct http_header h = { "X-Rig", "yes" };

	(void)r;
	http_reply(x, 200, &h, 1, (struct http_bytes){ "hello", 5 });
}

static inline void
rig_keep(struct http_rig *r, struct http_exchange *x)
{
	r->x = x;
}

static inline void
rig_gone(void *arg)
{
	struct http_rig *r = arg;

	r->gone++;
	r->x = NULL;
}

static inline void
rig_handle(void *arg, struct http_exchange *x)
{
	struct http_rig *r = arg;
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
	struct http_rig *r = arg;

	(void)local;
	(void)remote;
	r->accepted++;
	return !r->refuse_accept;
}

static inline void
rig_manner(void *arg, const struct http_addr *local, struct http_manner *m)
{
	(void)local;
	*m = ((struct http_rig *)arg)->manner;
}

static inline struct tls_identity *
rig_identity(void *arg, const struct http_addr *local)
{
	(void)local;
	return ((struct http_rig *)arg)->id;
}

static inline void
rig_open(struct http_rig *r, const struct http_rig_backend *b, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->backend = b;
	r->on_request = rig_answer;
	b->open(r, seed);
}

static inline void
rig_listen(struct http_rig *r, const struct http_listen_opts *more)
{
	struct http_listen_opts o = { .port = 0 };
	struct err e = { .kind = ERR_NONE };

	if (more)
		o = *more;
	if (!o.addr)
		o.addr = r->host;
	o.handle = rig_handle;
	o.accept = rig_accept;
	o.manner = rig_manner;
	o.arg = r;
	r->s = http_listen(r->server_net, &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->s);
	r->port = http_server_port(r->s);
}

/* Without a base: the rig's own server. */
static inline void
rig_peer(struct http_rig *r, const struct http_peer_opts *more)
{
	struct http_peer_opts o = { .base = NULL };
	struct err e = { .kind = ERR_NONE };
	char base[64];

	if (more)
		o = *more;
	(void)str_format(base, sizeof(base), "http%s://%s:%u", r->id ? "s" : "",
	    r->host, r->port);
	if (!o.base)
		o.base = base;
	r->p = http_peer_new(r->client_net, &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->p);
}

static inline void
rig_close(struct http_rig *r)
{
	http_peer_free(r->p);
	http_server_free(r->s);
	tls_identity_free(r->id);
	r->backend->close(r);
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
ask_start(struct http_rig *r, struct ask *a, const struct http_request *more)
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
ask_wait(struct http_rig *r, struct ask *a)
{
	int64_t most = r->backend->virtual_time ? LOOP_HOUR : 10 * LOOP_S;

	r->backend->run(r, most, ask_is_done, a);
}

/* Starts and waits; everything about the ending is in *a. */
static inline void
ask(struct http_rig *r, struct ask *a, const struct http_request *more)
{
	memset(a, 0, sizeof(*a));
	ask_start(r, a, more);
	ask_wait(r, a);
}

static inline void
rig_pass(struct http_rig *r, int64_t us)
{
	r->backend->run(r, us, NULL, NULL);
}

/* Passes time; goes on, for up to ten seconds, while what must come has not: a
 * busy machine is no failure. */
#define RIG_PASS_UNTIL(r, us, come) \
	do { \
		rig_pass((r), (us)); \
		for (int left_ = 2000; left_ > 0 && !(come); left_--) \
			rig_pass((r), 5 * LOOP_MS); \
	} while (0)

#define CHECK_END(a, want_err, want_phase) \
	do { \
		CU_ASSERT_TRUE((a)->done); \
		CHECK_TEXT(http_err_name((a)->err), http_err_name(want_err)); \
		CHECK_TEXT( \
		    http_phase_name((a)->phase), http_phase_name(want_phase)); \
	} while (0)

#endif
