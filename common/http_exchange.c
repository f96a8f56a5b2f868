/* One request and its reply, as the handler sees them. */
#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "common/http_server_int.h"
#include "common/mem.h"
#include "common/str.h"

#define PULL_MAX (16u << 10) /* of a stream of unknown length */
#define PULL_BULK SRV_OUT_MAX
#define TRICKLE_US (20 * LOOP_MS)

/* ---- life ---------------------------------------------------------------------- */

/* "http://host/path" is allowed in a request line; the path counts. */
static const char *
path_of(const char *target)
{
	const char *p;

	if (strncmp(target, "http://", 7) != 0 &&
	    strncmp(target, "https://", 8) != 0)
		return target;
	p = strchr(strchr(target, ':') + 3, '/');
	return p ? p : "/";
}

static void
split_head(struct exch *x, char *strings, size_t n_strings)
{
	size_t n = n_strings / 2; /* the target, then pairs */
	struct http_header *h = n > 0 ? xcalloc(n, sizeof *h) : NULL;
	char *p = strings;

	x->base.target = path_of(p);
	p += strlen(p) + 1;
	for (size_t i = 0; i < n; i++) {
		char *end;

		h[i].name = p;
		p += strlen(p) + 1;
		h[i].value = p;
		end = p + strlen(p);
		p = end + 1;
		while (end > h[i].value && (end[-1] == ' ' || end[-1] == '\t'))
			*--end = '\0';
	}
	x->base.headers = h;
	x->base.n_headers = n;
}

struct exch *
exch_new(struct conn *c)
{
	struct exch *x;
	const char *expect;
	http_parser *p = &c->parser;

	/* A header without a value gets no value callback at the end. */
	if (c->n_strings % 2 == 0 && !buf_addc(&c->head, '\0'))
		return NULL;
	if (!buf_addc(&c->head, '\0'))
		return NULL;
	x = xcalloc(1, sizeof *x);
	x->base.ops = c->srv->obj.ops;
	x->srv = c->srv;
	x->conn = c;
	x->block = buf_take(&c->head, NULL);
	split_head(x, x->block, c->n_strings);
	x->base.method = http_method_str((enum http_method)p->method);
	x->base.local = c->local;
	x->base.remote = c->remote;
	x->base.ordinal = ++c->requests;
	x->base.client_cn = c->client_cn;
	x->base.client_orgs = c->client_orgs;
	x->is_head = p->method == HTTP_HEAD;
	x->http10 = p->http_major == 1 && p->http_minor == 0;
	x->keep_1_0 = x->http10 && http_should_keep_alive(p);
	if (!http_should_keep_alive(p) || c->manner.once)
		c->close_after = true;
	x->body_length = p->flags & F_CHUNKED         ? UINT64_MAX
			 : p->flags & F_CONTENTLENGTH ? p->content_length
						      : 0;
	x->has_body = x->body_length > 0;
	expect = http_header_get(x->base.headers, x->base.n_headers, "Expect");
	x->expects =
	    x->has_body && !x->http10 && str_ieq(expect, "100-continue");
	buf_init(&x->body, c->srv->o.limits.body_max);
	TAILQ_INSERT_TAIL(&c->srv->exchanges, x, in_srv);
	c->x = x;
	return x;
}

void
exch_free(struct exch *x)
{
	timer_stop(&x->raw_t);
	if (x->conn && x->conn->x == x)
		x->conn->x = NULL;
	TAILQ_REMOVE(&x->srv->exchanges, x, in_srv);
	buf_free(&x->body);
	xfree((struct http_header *)(uintptr_t)x->base.headers);
	xfree(x->block);
	xfree(x->raw);
	xfree(x);
}

void
exch_detach(struct exch *x, bool tell)
{
	bool open = x->reply == REPLY_NONE || x->reply == REPLY_STREAM;
	void (*gone)(void *arg) = x->base.gone;

	x->conn = NULL;
	x->base.client_cn = x->base.client_orgs = NULL;
	if (open && tell && gone) {
		x->base.gone = NULL;
		gone(x->base.gone_arg);
		open = false;
	}
	/* A handler that was not told still holds it, until it replies; a
	 * stream without `gone` stays until the server is freed. */
	if (!open)
		exch_free(x);
}

/* ---- the request's body ----------------------------------------------------------- */

bool
exch_wants_body(const struct exch *x)
{
	switch (x->mode) {
	case BODY_WAIT:
		return false;
	case BODY_SINK:
		return !x->sink_paused;
	case BODY_COLLECT:
	case BODY_DISCARD:
		break;
	}
	return true;
}

static void
invite_body(struct exch *x)
{
	if (!x->conn)
		return;
	if (x->expects && x->conn->body_n == 0 && !x->conn->manner.no_continue)
		(void)evbuffer_add_printf(
		    x->conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
	x->expects = false;
	conn_kick(x->conn);
}

static enum http_flow
too_big(struct exch *x)
{
	x->conn->close_after = true;
	x->mode = BODY_DISCARD;
	http_reply((struct http_exchange *)&x->base, 413, NULL, 0,
	    (struct http_bytes){ 0 });
	return HTTP_MORE;
}

enum http_flow
exch_body(struct exch *x, const char *p, size_t n)
{
	struct conn *c = x->conn;
	enum http_flow flow;

	switch (x->mode) {
	case BODY_COLLECT:
		return buf_add(&x->body, p, n) ? HTTP_MORE : too_big(x);
	case BODY_SINK:
		flow = x->sink.data(x->sink.arg, (struct http_bytes){ p, n });
		if (c->state == CONN_DEAD || c->x != x)
			return HTTP_ABORT;
		x->sink_paused = flow == HTTP_PAUSE;
		if (flow == HTTP_ABORT)
			x->base.gone = NULL;
		return flow;
	case BODY_WAIT:
	case BODY_DISCARD:
		break;
	}
	return x->conn->body_n > SRV_DISCARD_MAX && x->reply == REPLY_DONE
		   ? HTTP_ABORT
		   : HTTP_MORE;
}

void
exch_body_end(struct exch *x)
{
	x->body_done = true;
	if (x->mode == BODY_COLLECT)
		x->whole_due = true;
	else if (x->mode == BODY_SINK)
		(void)x->sink.data(x->sink.arg, (struct http_bytes){ 0 });
}

void
exch_tell_whole(struct exch *x)
{
	x->whole_due = false;
	x->whole(x->whole_arg, (struct http_exchange *)&x->base,
	    (struct http_bytes){ buf_str(&x->body), x->body.n });
}

void
exch_collect(struct http_exchange *ex,
    void (*whole)(void *arg, struct http_exchange *x, struct http_bytes body),
    void *arg)
{
	struct exch *x = exch_of(ex);

	if (x->mode != BODY_WAIT || !x->conn)
		return;
	x->mode = BODY_COLLECT;
	x->whole = whole;
	x->whole_arg = arg;
	if (x->body_length != UINT64_MAX && x->body_length > x->body.max)
		(void)too_big(x);
	else
		invite_body(x);
}

void
exch_sink(struct http_exchange *ex, const struct http_sink *s)
{
	struct exch *x = exch_of(ex);

	if (x->mode != BODY_WAIT)
		return;
	x->mode = BODY_SINK;
	x->sink = *s;
	invite_body(x);
}

void
exch_resume(struct http_exchange *ex)
{
	struct exch *x = exch_of(ex);

	x->sink_paused = false;
	x->src_paused = false;
	if (x->conn)
		conn_kick(x->conn);
}

/* ---- the reply --------------------------------------------------------------------- */

/* A reply before the end of the body: small rests are read and dropped, for
 * the connection's sake; else it ends. */
static void
forget_body(struct exch *x)
{
	if (x->body_done)
		return;
	if (x->expects ||
	    (x->body_length > SRV_DISCARD_MAX && x->body_length != UINT64_MAX))
		x->conn->close_after = true;
	x->mode = BODY_DISCARD;
	x->whole_due = false;
}

/* Checks and begins; false if x is no more. */
static bool
reply_begin(struct exch *x, struct reply_head *r)
{
	const char *problem = http_reply_problem(r->status, r->h, r->n);

	if (x->reply != REPLY_NONE)
		return false;
	if (!x->conn) {
		exch_free(x);
		return false;
	}
	if (problem) {
		r->status = 500;
		r->n = 0;
		r->length = 0;
	}
	forget_body(x);
	if (r->length < 0 && x->http10)
		x->conn->close_after = true;
	if (x->srv->stopping)
		x->conn->close_after = true;
	r->chunked = r->length < 0 && !x->http10 &&
		     (x->is_head || !http_has_no_body("GET", r->status));
	r->no_length = r->status < 200 || r->status == 204;
	r->chunked &= !r->no_length;
	r->close = x->conn->close_after;
	r->keep_1_0 = x->keep_1_0;
	reply_head_write(x->conn->out, srv_date(x->srv), r);
	conn_kick(x->conn);
	return !problem;
}

void
exch_reply(struct http_exchange *ex, int status, const struct http_header *h,
    size_t n, struct http_bytes body)
{
	struct exch *x = exch_of(ex);
	struct reply_head r = {
		.status = status, .h = h, .n = n, .length = (int64_t)body.n
	};
	struct evbuffer *out = x->conn ? x->conn->out : NULL;

	if (x->reply != REPLY_NONE || !out) {
		(void)reply_begin(x, &r);
		return;
	}
	if (reply_begin(x, &r) && !http_has_no_body(x->base.method, r.status) &&
	    body.n > 0)
		(void)evbuffer_add(out, body.p, body.n);
	x->reply = REPLY_DONE;
}

void
exch_reply_stream(struct http_exchange *ex, int status,
    const struct http_header *h, size_t n, const struct http_source *src)
{
	struct exch *x = exch_of(ex);
	struct reply_head r = { .status = status,
		.h = h,
		.n = n,
		.length = src->length < 0 ? -1 : src->length };
	bool had_conn = x->conn != NULL;

	if (x->reply == REPLY_NONE && !had_conn && x->base.gone == NULL) {
		exch_free(x);
		return;
	}
	if (!reply_begin(x, &r)) {
		if (had_conn && x->reply == REPLY_NONE)
			x->reply = REPLY_DONE;
		return;
	}
	x->src = *src;
	x->src_left = src->length < 0 ? -1 : src->length;
	x->chunked = r.chunked;
	x->reply = http_has_no_body(x->base.method, r.status) ? REPLY_DONE
							      : REPLY_STREAM;
}

static void
add_piece(struct exch *x, const char *p, size_t n, bool end)
{
	struct evbuffer *out = x->conn->out;

	if (n > 0 && x->chunked)
		(void)evbuffer_add_printf(out, "%zx\r\n", n);
	if (n > 0)
		(void)evbuffer_add(out, p, n);
	if (n > 0 && x->chunked)
		(void)evbuffer_add(out, "\r\n", 2);
	if (end && x->chunked)
		(void)evbuffer_add(out, "0\r\n\r\n", 5);
}

/* Once a piece was pulled. */
static enum exch_step
pulled(struct exch *x, enum http_flow flow, size_t n)
{
	if (flow == HTTP_END) {
		x->reply = REPLY_DONE;
		return STEP_IDLE;
	}
	x->src_paused = flow == HTTP_PAUSE || n == 0;
	return STEP_MORE;
}

static enum exch_step
take_piece(struct exch *x, char *piece, size_t *n)
{
	struct conn *c = x->conn;
	enum http_flow flow = x->src.pull(x->src.arg, piece, PULL_MAX, n);

	if (c->state == CONN_DEAD || c->x != x)
		return STEP_IDLE;
	if (*n > PULL_MAX || flow == HTTP_ABORT) {
		/* Its own doing: nobody to tell. */
		x->reply = REPLY_DONE;
		return STEP_RESET;
	}
	add_piece(x, piece, *n, flow == HTTP_END);
	return pulled(x, flow, *n);
}

/* Pieces may be of somebody's secrets: they are zeroed afterwards, and so not
 * before. */
static enum exch_step
pump_stream(struct exch *x)
{
	char piece[PULL_MAX] __attribute__((uninitialized));
	size_t n = 0;
	enum exch_step step;

	if (x->src_paused)
		return STEP_IDLE;
	step = take_piece(x, piece, &n);
	secret_wipe(
	    piece, step == STEP_RESET || n > sizeof piece ? sizeof piece : n);
	return step;
}

/* Bytes that the socket takes at once need no place of their own. What went
 * wrong comes again at the next write. */
static size_t
send_now(struct conn *c, const char *p, size_t n)
{
	ssize_t sent;

	if (c->tls || evbuffer_get_length(c->out) > 0)
		return 0;
	sent = send(c->fd, p, n, MSG_NOSIGNAL);
	if (sent <= 0)
		return 0;
	timer_stop(&c->t_out);
	return (size_t)sent;
}

static enum exch_step
take_bulk(struct exch *x, char *piece, size_t *got)
{
	size_t cap = PULL_BULK, n, sent;
	enum http_flow flow;
	struct conn *c = x->conn;

	if ((uint64_t)x->src_left < cap)
		cap = (size_t)x->src_left;
	flow = x->src.pull(x->src.arg, piece, cap, got);
	n = *got;
	if (c->state == CONN_DEAD || c->x != x)
		return STEP_IDLE;
	if (n > cap || flow == HTTP_ABORT ||
	    (flow == HTTP_END && (int64_t)n < x->src_left)) {
		/* Its own doing, or less than it promised: nobody to tell. */
		x->reply = REPLY_DONE;
		return STEP_RESET;
	}
	x->src_left -= (int64_t)n;
	sent = n > 0 ? send_now(c, piece, n) : 0;
	if (n > sent)
		(void)evbuffer_add(c->out, piece + sent, n - sent);
	return pulled(x, x->src_left == 0 ? HTTP_END : flow, n);
}

/* A reply of known length. One piece at a time waits for the socket. */
static enum exch_step
pump_bulk(struct exch *x)
{
	char piece[PULL_BULK] __attribute__((uninitialized));
	size_t n = 0;
	enum exch_step step;

	if (x->src_paused || evbuffer_get_length(x->conn->out) > 0)
		return STEP_IDLE;
	step = take_bulk(x, piece, &n);
	secret_wipe(
	    piece, step == STEP_RESET || n > sizeof piece ? sizeof piece : n);
	return step;
}

/* ---- raw --------------------------------------------------------------------------- */

static void
raw_more(void *arg)
{
	struct exch *x = arg;
	int64_t n = x->raw_rate * TRICKLE_US / LOOP_S, wait = TRICKLE_US;

	if (n == 0) {
		n = 1;
		wait = LOOP_S / x->raw_rate;
	}
	if ((uint64_t)n > x->raw_n - x->raw_at)
		n = (int64_t)(x->raw_n - x->raw_at);
	(void)evbuffer_add(x->conn->out, x->raw + x->raw_at, (size_t)n);
	x->raw_at += (size_t)n;
	timer_start(x->srv->net->loop, &x->raw_t, wait, raw_more, x);
	if (x->raw_at == x->raw_n)
		timer_stop(&x->raw_t);
	conn_kick(x->conn);
}

void
exch_reply_raw(struct http_exchange *ex, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then)
{
	struct exch *x = exch_of(ex);

	if (x->reply != REPLY_NONE)
		return;
	if (!x->conn) {
		exch_free(x);
		return;
	}
	forget_body(x);
	x->reply = REPLY_RAW;
	x->raw_then = then;
	if (bytes_per_s <= 0 || wire.n == 0) {
		(void)evbuffer_add(x->conn->out, wire.p, wire.n);
		conn_kick(x->conn);
		return;
	}
	x->raw = xmalloc(wire.n);
	memcpy(x->raw, wire.p, wire.n);
	x->raw_n = wire.n;
	x->raw_rate = bytes_per_s;
	timer_start(x->srv->net->loop, &x->raw_t, 0, raw_more, x);
}

static enum exch_step
pump_raw(struct exch *x)
{
	if (x->raw_at < x->raw_n || evbuffer_get_length(x->conn->out) > 0)
		return STEP_IDLE;
	if (x->raw_then == HTTP_RST)
		return STEP_RESET;
	if (x->raw_then == HTTP_HANG)
		return STEP_IDLE;
	x->reply = REPLY_DONE;
	return x->raw_then == HTTP_CUT ? STEP_CUT : STEP_FIN;
}

enum exch_step
exch_pump(struct exch *x)
{
	if (x->reply == REPLY_STREAM)
		return x->src_left >= 0 ? pump_bulk(x) : pump_stream(x);
	return x->reply == REPLY_RAW ? pump_raw(x) : STEP_IDLE;
}
