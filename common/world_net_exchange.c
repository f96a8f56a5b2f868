#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/world_net.h"

static struct vnet_exchange *
exchange_of(struct http_exchange *x)
{
	return (struct vnet_exchange *)(void *)x;
}

/* ---- life ----------------------------------------------------------------- */

static void
exchange_destroy(void *object)
{
	struct vnet_exchange *x = object;

	vnet_blob_unref(x->req);
	buf_free(&x->body);
	xfree(x);
}

void
vnet_exchange_free(struct vnet_exchange *x)
{
	if (x->ended)
		return;
	x->ended = true;
	deferred_cancel(&x->work);
	LIST_REMOVE(x, of_server);
	if (x->conn) {
		x->conn->x = NULL;
		x->conn->srv.hold = false;
		if (x->streaming)
			vnet_out_stop(&x->conn->srv);
	}
	fabric_trash(x->server->net->fabric, &x->trash, x, exchange_destroy);
}

void
vnet_exchange_gone(struct vnet_exchange *x)
{
	void (*gone)(void *arg) = x->base.gone;
	void *arg = x->base.gone_arg;

	/* Nobody is told: x stays until its handler replies into the void, or
	 * its server is freed. */
	if (!gone) {
		deferred_cancel(&x->work);
		vnet_out_stop(&x->conn->srv);
		x->conn->x = NULL;
		x->conn = NULL;
		return;
	}
	vnet_exchange_free(x);
	if (gone)
		gone(arg);
}

static void exchange_status(struct vnet_exchange *x, int status);

void
vnet_exchange_new(struct vnet_conn *c, struct vnet_msg *m)
{
	struct vnet_exchange *x = xcalloc(1, sizeof(*x));
	struct vnet_server *s = c->server;

	c->x = x;
	x->conn = c;
	x->server = s;
	x->req = vnet_blob_ref(m->blob);
	x->body_done = m->last;
	x->base = (struct http_exchange_base){ .ops = s->ops,
		.method = m->blob->method,
		.target = m->blob->target,
		.headers = m->blob->headers,
		.n_headers = m->blob->n_headers,
		.local = c->local,
		.remote = c->remote,
		.ordinal = ++c->handled };
	if (c->client_ok) {
		x->base.client_cn = tls_identity_cn(c->client_id);
		x->base.client_orgs = tls_identity_orgs(c->client_id);
	}
	if (c->manner.once)
		c->close_after = true;
	buf_init(&x->body, s->o.limits.body_max);
	LIST_INSERT_HEAD(&s->exchanges, x, of_server);
	if (m->blob->head_bytes > s->o.limits.head_max) {
		c->close_after = true;
		exchange_status(x, 431);
		return;
	}
	s->net->stats.handled++;
	s->o.handle(s->o.arg, (struct http_exchange *)x);
}

/* ---- the request's body --------------------------------------------------- */

static void
body_finished(void *arg)
{
	struct vnet_exchange *x = arg;
	struct http_bytes none = { "", 0 };

	if (x->mode == VNET_BODY_SINK)
		(void)x->sink.data(x->sink.arg, none);
	else
		x->whole(x->whole_arg, (struct http_exchange *)x, none);
}

/* The application has said what it does with the body. */
static void
body_wanted(struct vnet_exchange *x, enum vnet_body mode)
{
	struct vnet_conn *c = x->conn;

	if (!c || x->mode != VNET_BODY_UNDECIDED)
		return;
	x->mode = mode;
	if (x->body_done) {
		loop_defer(vnet_loop(c->srv.net), &x->work, body_finished, x);
		return;
	}
	vnet_server_touch(c);
	vnet_half_resume(&c->srv);
}

void
vnet_exchange_collect(struct http_exchange *hx,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg)
{
	struct vnet_exchange *x = exchange_of(hx);

	x->whole = whole;
	x->whole_arg = arg;
	body_wanted(x, VNET_BODY_COLLECT);
}

void
vnet_exchange_sink(struct http_exchange *hx, const struct http_sink *s)
{
	struct vnet_exchange *x = exchange_of(hx);

	x->sink = *s;
	body_wanted(x, VNET_BODY_SINK);
}

static void
body_collect(struct vnet_exchange *x, const char *p, size_t n, bool last)
{
	struct http_bytes b = { p, n };

	if (x->body.n + n > x->server->o.limits.body_max) {
		x->mode = VNET_BODY_DISCARD;
		exchange_status(x, 413);
		return;
	}
	if (!last || x->body.n > 0) {
		(void)buf_add(&x->body, p, n);
		b = (struct http_bytes){ buf_str(&x->body), x->body.n };
	}
	if (last)
		x->whole(x->whole_arg, (struct http_exchange *)x, b);
}

static void
body_sink(struct vnet_exchange *x, const char *p, size_t n, bool last)
{
	struct vnet_conn *c = x->conn;
	enum http_flow flow = HTTP_MORE;

	if (n > 0)
		flow = x->sink.data(x->sink.arg, (struct http_bytes){ p, n });
	if (x->ended || c->x != x)
		return;
	if (flow == HTTP_ABORT) {
		vnet_exchange_free(x);
		vnet_half_end(&c->srv, VNET_RST);
		return;
	}
	if (flow == HTTP_END) {
		x->mode = VNET_BODY_DISCARD;
		return;
	}
	if (flow == HTTP_PAUSE) {
		c->srv.hold = true;
		if (last) {
			x->body_done = false;
			vnet_half_push_end(&c->srv);
		}
		return;
	}
	if (last)
		(void)x->sink.data(x->sink.arg, (struct http_bytes){ "", 0 });
}

void
vnet_exchange_body(struct vnet_exchange *x, const char *p, size_t n, bool last)
{
	x->body_done = last;
	if (x->mode == VNET_BODY_COLLECT)
		body_collect(x, p, n, last);
	else
		body_sink(x, p, n, last);
}

void
vnet_exchange_resume(struct http_exchange *hx)
{
	struct vnet_exchange *x = exchange_of(hx);
	struct vnet_conn *c = x->conn;

	if (!c || x->ended)
		return;
	if (x->streaming)
		vnet_out_resume(&c->srv);
	if (x->mode == VNET_BODY_SINK && c->srv.hold) {
		vnet_half_resume(&c->srv);
		vnet_server_touch(c);
	}
}

/* ---- replies -------------------------------------------------------------- */

static const char *
date_text(struct vnet *n)
{
	int64_t wall_us = loop_wall_us(vnet_loop(n));

	if (n->date_s != wall_us / LOOP_S || !n->date[0]) {
		n->date_s = wall_us / LOOP_S;
		http_date(n->date, wall_us);
	}
	return n->date;
}

/* length < 0: chunked. */
static struct vnet_blob *
reply_blob(const struct vnet_exchange *x, const struct vnet_head *reply,
    int64_t length)
{
	struct vnet_head h = *reply;
	struct http_header extra[3];
	struct vnet_blob *b;
	char digits[24];
	bool close = x->conn->close_after || x->server->stopped;

	extra[0] = (struct http_header){ "Date", date_text(x->server->net) };
	h.n_extra = 1;
	if (h.status == 204 || h.status == 304) {
		/* RFC 9110 8.6: no Content-Length here. */
	} else if (length < 0) {
		extra[h.n_extra++] =
		    (struct http_header){ "Transfer-Encoding", "chunked" };
	} else {
		(void)str_format(
		    digits, sizeof(digits), "%lld", (long long)length);
		extra[h.n_extra++] =
		    (struct http_header){ "Content-Length", digits };
	}
	if (close)
		extra[h.n_extra++] =
		    (struct http_header){ "Connection", "close" };
	h.extra = extra;
	b = vnet_blob_new(&h);
	b->close = close;
	return b;
}

/* What is still to come of the body is taken and dropped. */
static void
forget_body(struct vnet_exchange *x)
{
	struct vnet_conn *c = x->conn;

	x->mode = VNET_BODY_DISCARD;
	if (c->srv.hold)
		vnet_half_resume(&c->srv);
}

static void
send_body(struct vnet_conn *c, struct vnet_blob *b)
{
	size_t n = b->body_n;
	bool cut =
	    c->fate == VNET_FATE_TRUNCATE || c->fate == VNET_FATE_RESET_BODY;
	struct vnet_msg *m = vnet_send(&c->cli, VNET_DATA, b, 0);

	if (m) {
		m->end = cut ? (size_t)((uint64_t)n * c->cut_ppm / 1000000) : n;
		m->last = !cut;
		m->inbody = true;
	}
	if (cut)
		vnet_half_end(&c->srv,
		    c->fate == VNET_FATE_TRUNCATE ? VNET_FIN : VNET_RST);
}

static bool
reply_is_lost(const struct vnet_conn *c, bool has_body)
{
	return c->fate == VNET_FATE_RESET_REPLY ||
	       (c->fate == VNET_FATE_RESET_BODY && !has_body);
}

static void
reply_whole(struct vnet_exchange *x, struct vnet_head *h)
{
	struct vnet_conn *c = x->conn;
	int64_t length = (int64_t)h->body.n;
	struct vnet_blob *b;
	struct vnet_msg *m;
	bool has_body;

	if (http_has_no_body(x->base.method, h->status))
		h->body.n = 0;
	has_body = h->body.n > 0;
	forget_body(x);
	if (reply_is_lost(c, has_body)) {
		vnet_exchange_free(x);
		vnet_half_end(&c->srv, VNET_RST);
		return;
	}
	b = reply_blob(x, h, length);
	vnet_exchange_free(x);
	m = vnet_send(&c->cli, VNET_HEAD, vnet_blob_ref(b), 0);
	if (m)
		m->last = !has_body;
	if (has_body)
		send_body(c, b);
	else
		vnet_blob_unref(b);
	if (c->srv.net)
		vnet_server_release(c);
}

static void
exchange_status(struct vnet_exchange *x, int status)
{
	const char *text = http_reason(status);
	struct http_header type = { "Content-Type", "text/plain" };
	struct vnet_head h = { .status = status,
		.headers = &type,
		.n_headers = 1,
		.body = { text, strlen(text) } };

	reply_whole(x, &h);
}

void
vnet_exchange_reply(struct http_exchange *hx, int status,
    const struct http_header *h, size_t n, struct http_bytes body)
{
	struct vnet_exchange *x = exchange_of(hx);
	struct vnet_head head = {
		.status = status, .headers = h, .n_headers = n, .body = body
	};

	if (!x->conn)
		vnet_exchange_free(x);
	else if (http_reply_problem(status, h, n))
		exchange_status(x, 500);
	else
		reply_whole(x, &head);
}

static void
stream_lost(void *arg)
{
	struct vnet_exchange *x = arg;
	struct vnet_conn *c = x->conn;

	vnet_exchange_gone(x);
	vnet_half_end(&c->srv, VNET_RST);
}

void
vnet_exchange_reply_stream(struct http_exchange *hx, int status,
    const struct http_header *h, size_t n, const struct http_source *src)
{
	struct vnet_exchange *x = exchange_of(hx);
	struct vnet_conn *c = x->conn;
	struct vnet_head head = {
		.status = status, .headers = h, .n_headers = n
	};
	struct vnet_msg *m;
	bool empty =
	    src->length == 0 || http_has_no_body(x->base.method, status);

	if (!c) {
		vnet_exchange_free(x);
		return;
	}
	if (http_reply_problem(status, h, n)) {
		exchange_status(x, 500);
		return;
	}
	forget_body(x);
	x->streaming = true;
	if (reply_is_lost(c, !empty)) {
		loop_defer(vnet_loop(c->srv.net), &x->work, stream_lost, x);
		return;
	}
	m = vnet_send(&c->cli, VNET_HEAD, reply_blob(x, &head, src->length), 0);
	if (m)
		m->last = empty;
	if (empty)
		vnet_exchange_sent(x);
	else
		vnet_out_start(&c->srv, src);
}

void
vnet_exchange_sent(struct vnet_exchange *x)
{
	struct vnet_conn *c = x->conn;

	vnet_exchange_free(x);
	vnet_server_release(c);
}

void
vnet_exchange_reply_raw(struct http_exchange *hx, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then)
{
	struct vnet_exchange *x = exchange_of(hx);
	struct vnet_conn *c = x->conn;

	if (!c) {
		vnet_exchange_free(x);
		return;
	}
	forget_body(x);
	/* x ends here: the connection sends the bytes by itself. */
	vnet_exchange_free(x);
	c->close_after = true;
	if (c->fate == VNET_FATE_RESET_REPLY)
		vnet_half_end(&c->srv, VNET_RST);
	else
		vnet_out_start_raw(&c->srv, wire, bytes_per_s, then);
}
