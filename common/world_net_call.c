#include "common/world_net.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

static struct vnet_call *
call_of(struct http_call *c)
{
	return (struct vnet_call *)(void *)c;
}

/* ---- start ---------------------------------------------------------------- */

static struct vnet_blob *
request_blob(const struct vnet_peer *p, const struct http_request *r)
{
	struct http_header extra[2] = { { "Host", p->host_header } };
	struct vnet_head h = { .method = r->method,
		.target = r->target,
		.headers = r->headers,
		.n_headers = r->n_headers,
		.extra = extra,
		.n_extra = 1,
		.body = r->body };
	int64_t length = r->source ? r->source->length : (int64_t)r->body.n;
	char digits[24];

	if (length < 0) {
		extra[h.n_extra++] =
		    (struct http_header){ "Transfer-Encoding", "chunked" };
	} else if (length > 0 || str_eq(r->method, "POST") ||
		   str_eq(r->method, "PUT") || str_eq(r->method, "PATCH")) {
		(void)str_format(
		    digits, sizeof(digits), "%lld", (long long)length);
		extra[h.n_extra++] =
		    (struct http_header){ "Content-Length", digits };
	}
	return vnet_blob_new(&h);
}

void
vnet_call_move(struct vnet_call *c, struct vnet_calls *to, bool first)
{
	struct vnet_peer *p = c->peer;

	if (c->in)
		TAILQ_REMOVE(c->in, c, link);
	if (c->in == &p->running)
		p->n_running--;
	c->in = to;
	if (to == &p->running)
		p->n_running++;
	if (to && first)
		TAILQ_INSERT_HEAD(to, c, link);
	else if (to)
		TAILQ_INSERT_TAIL(to, c, link);
}

static void
fail_now(void *arg)
{
	struct vnet_call *c = arg;

	vnet_call_end(c, c->fail_err, c->fail_why);
}

void
vnet_call_fail(
    struct vnet_call *c, enum http_err err, const char *why, int64_t after_us)
{
	c->fail_err = err;
	c->fail_why = why;
	timer_start(vnet_loop(c->peer->net), &c->fail, after_us, fail_now, c);
}

struct http_call *
vnet_call_start(struct http_peer *hp, const struct http_request *r)
{
	struct vnet_peer *p = (struct vnet_peer *)(void *)hp;
	struct vnet_call *c = xcalloc(1, sizeof(*c));
	const char *problem = http_request_problem(r);

	c->ops = p->ops;
	c->peer = p;
	c->limits = r->limits;
	http_limits_default(&c->limits);
	c->head = r->head;
	c->may_leave = r->may_leave;
	c->done = r->done;
	c->arg = r->arg;
	c->may_resend = r->may_resend && !problem && !r->source &&
			http_is_get_or_head(r->method);
	c->has_source = r->source != NULL;
	if (r->source)
		c->src = *r->source;
	c->has_sink = r->sink != NULL;
	if (r->sink)
		c->sink = *r->sink;
	buf_init(&c->body, c->limits.body_max);
	c->started_us = vnet_now(p->net);
	if (problem) {
		vnet_call_move(c, &p->failed, false);
		vnet_call_fail(c, HTTP_E_PROTO, problem, 0);
		return (struct http_call *)c;
	}
	c->req = request_blob(p, r);
	vnet_call_move(c, &p->queued, false);
	vnet_call_deadline(c);
	vnet_peer_dispatch(p);
	return (struct http_call *)c;
}

/* ---- deadlines ------------------------------------------------------------ */

static int64_t
after(int64_t since_us, int64_t limit_us)
{
	if (limit_us < 0 || limit_us > INT64_MAX - since_us)
		return INT64_MAX;
	return since_us + limit_us;
}

static int64_t
phase_deadline(const struct vnet_call *c)
{
	switch (c->phase) {
	case HTTP_P_RESOLVE:
	case HTTP_P_CONNECT:
	case HTTP_P_TLS:
		return after(c->conn_us, c->limits.connect_us);
	case HTTP_P_SEND:
		if (c->conn->cli.out.paused)
			return INT64_MAX;
		return after(c->last_us, c->limits.idle_us);
	case HTTP_P_HEAD:
		return after(c->sent_us, c->limits.head_us);
	case HTTP_P_BODY:
		if (c->conn->cli.hold)
			return INT64_MAX;
		return after(c->last_us, c->limits.idle_us);
	case HTTP_P_QUEUED:
		break;
	}
	return INT64_MAX;
}

static int64_t
next_deadline(const struct vnet_call *c)
{
	int64_t total = after(c->started_us, c->limits.total_us);
	int64_t phase = phase_deadline(c);

	return phase < total ? phase : total;
}

static void
deadline_over(void *arg)
{
	struct vnet_call *c = arg;

	/* The timer is armed early and seldom moved. */
	if (next_deadline(c) > vnet_now(c->peer->net))
		vnet_call_deadline(c);
	else
		vnet_call_end(c, HTTP_E_DEADLINE, "no answer in time from %s");
}

void
vnet_call_deadline(struct vnet_call *c)
{
	int64_t at = next_deadline(c);

	if (at == INT64_MAX ||
	    (timer_armed(&c->deadline) && c->deadline.at_us <= at))
		return;
	timer_start(vnet_loop(c->peer->net), &c->deadline,
	    at - vnet_now(c->peer->net), deadline_over, c);
}

/* ---- the reply ------------------------------------------------------------ */

/* False if c is over. END: enough was seen, which is no error. */
static bool
obey(struct vnet_call *c, enum http_flow flow)
{
	if (c->ended)
		return false;
	if (flow == HTTP_PAUSE)
		c->conn->cli.hold = true;
	if (flow == HTTP_ABORT)
		vnet_call_end(c, HTTP_E_ABORT, "the reply was given up");
	if (flow == HTTP_END)
		vnet_call_end(c, HTTP_OK, NULL);
	return !c->ended;
}

bool
vnet_call_head(
    struct vnet_call *c, int status, const struct http_header *h, size_t n)
{
	c->status = status;
	c->headers = h;
	c->n_headers = n;
	c->head_at_us = vnet_now(c->peer->net);
	c->last_us = c->head_at_us;
	c->phase = HTTP_P_BODY;
	vnet_call_deadline(c);
	if (!c->head)
		return true;
	return obey(c, c->head(c->arg, status, h, n));
}

/* A body in one piece is not copied: it lives as long as its reply. */
static bool
call_collect(struct vnet_call *c, const char *p, size_t n, bool last)
{
	if (c->body.n + n > c->limits.body_max) {
		vnet_call_end(c, HTTP_E_TOO_BIG, "the body is too big");
		return false;
	}
	if (last && n > 0 && c->body.n == 0 && c->reply &&
	    p == c->reply->body) {
		c->whole = p;
		c->whole_n = n;
	} else if (n > 0) {
		(void)buf_add(&c->body, p, n);
	}
	return true;
}

bool
vnet_call_body(struct vnet_call *c, const char *p, size_t n, bool last)
{
	c->last_us = vnet_now(c->peer->net);
	if (!c->has_sink) {
		if (!call_collect(c, p, n, last))
			return false;
	} else if (n > 0) {
		if (!obey(c,
			c->sink.data(c->sink.arg, (struct http_bytes){ p, n })))
			return false;
	}
	if (!last)
		return true;
	if (c->conn->cli.hold) {
		vnet_half_push_end(&c->conn->cli);
		return true;
	}
	c->in_body = false;
	if (c->has_sink &&
	    !obey(c, c->sink.data(c->sink.arg, (struct http_bytes){ "", 0 })))
		return false;
	vnet_call_end(c, HTTP_OK, NULL);
	return false;
}

void
vnet_call_resume(struct http_call *hc)
{
	struct vnet_call *c = call_of(hc);

	if (c->ended || !c->conn)
		return;
	c->last_us = vnet_now(c->peer->net);
	if (c->conn->cli.hold)
		vnet_half_resume(&c->conn->cli);
	if (c->conn->cli.out.active)
		vnet_out_resume(&c->conn->cli);
	vnet_call_deadline(c);
}

/* ---- the end -------------------------------------------------------------- */

static void
call_free(void *object)
{
	struct vnet_call *c = object;

	vnet_blob_unref(c->req);
	vnet_blob_unref(c->reply);
	vnet_raw_free(c->raw);
	buf_free(&c->body);
	xfree(c);
}

static void
call_detach(struct vnet_call *c, bool reusable)
{
	struct vnet_conn *conn = c->conn;

	c->conn = NULL;
	if (conn) {
		vnet_out_stop(&conn->cli);
		vnet_peer_release(conn, reusable);
	}
}

static void
call_report(const struct vnet_call *c, enum http_err err, bool cancelled)
{
	struct vnet_peer *p = c->peer;
	struct fabric *f = p->net->fabric;
	struct net_event ev = {
		.started_us = c->started_us,
		.at_us = vnet_now(p->net),
		.from = p->net->proc->name,
		.to = p->route->server_name ? p->route->server_name : "",
		.origin = p->route->hostport,
		.method = c->req ? c->req->method : "",
		.target = c->req ? c->req->target : "",
		.status = c->status,
		.err = err,
		.cancelled = cancelled,
	};

	if (f->watch && !p->net->dead)
		f->watch(f->watch_arg, &ev);
}

void
vnet_call_drop(struct vnet_call *c)
{
	if (c->ended)
		return;
	c->ended = true;
	timer_stop(&c->deadline);
	timer_stop(&c->fail);
	vnet_call_move(c, NULL, false);
	call_detach(c, false);
	call_report(c, HTTP_OK, true);
	fabric_trash(c->peer->net->fabric, &c->trash, c, call_free);
}

void
vnet_call_cancel(struct http_call *hc)
{
	struct vnet_call *c = call_of(hc);
	struct vnet_peer *p = c->peer;

	if (c->ended)
		return;
	vnet_call_drop(c);
	vnet_peer_dispatch(p);
}

/* A kept connection proved dead before a byte of the reply came. */
static bool
call_again(struct vnet_call *c, enum http_err err)
{
	if ((err != HTTP_E_RESET && err != HTTP_E_EOF) || !c->reused ||
	    c->status != 0 || c->raw)
		return false;
	timer_stop(&c->fail);
	call_detach(c, false);
	c->resent = true;
	c->phase = HTTP_P_QUEUED;
	c->peer->net->stats.resent++;
	vnet_call_move(c, &c->peer->queued, true);
	vnet_peer_dispatch(c->peer);
	return true;
}

static void
call_result(const struct vnet_call *c, struct http_result *r)
{
	r->phase = c->phase;
	r->status = c->status;
	r->maybe_executed = c->maybe_executed;
	r->headers = c->headers;
	r->n_headers = c->n_headers;
	if (c->whole)
		r->body = (struct http_bytes){ c->whole, c->whole_n };
	else
		r->body = (struct http_bytes){ buf_str(&c->body), c->body.n };
	r->started_us = c->started_us;
	r->head_at_us = c->head_at_us;
	r->done_us = vnet_now(c->peer->net);
}

void
vnet_why(char *out, size_t cap, const char *why, const char *to)
{
	const char *at = strstr(why, "%s");

	if (!at)
		(void)str_copy(out, cap, why);
	else
		(void)str_format(
		    out, cap, "%.*s%s%s", (int)(at - why), why, to, at + 2);
}

void
vnet_call_end(struct vnet_call *c, enum http_err err, const char *why)
{
	struct vnet_conn *conn = c->conn;
	struct vnet_peer *p = c->peer;
	struct http_result r;
	struct tls_peer tls;
	bool keep;

	if (c->ended || call_again(c, err))
		return;
	c->ended = true;
	timer_stop(&c->deadline);
	timer_stop(&c->fail);
	memset(&r, 0, sizeof(r));
	r.err = err;
	call_result(c, &r);
	if (why)
		vnet_why(r.why, sizeof(r.why), why, p->route->hostport);
	if (conn && conn->have_tls) {
		tls = conn->tls;
		r.tls = &tls;
	}
	keep = err == HTTP_OK && !c->in_body && !c->raw && c->request_sent &&
	       conn && !conn->server_closes;
	vnet_call_move(c, NULL, false);
	call_detach(c, keep);
	vnet_peer_dispatch(p);
	call_report(c, err, false);
	fabric_trash(p->net->fabric, &c->trash, c, call_free);
	c->done(c->arg, &r);
}
