/* Requests out of bytes: http-parser with our caps, and refusals. */
#include <event2/buffer.h>
#include <string.h>

#include "common/http_server_int.h"
#include "common/mem.h"
#include "common/str.h"

/* Framing that a body may cost: a chunk of one byte needs six. */
#define WIRE_PER_BODY 16

void
conn_parse_begin(struct conn *c)
{
	http_parser_init(&c->parser, HTTP_REQUEST);
	c->parser.data = c;
	buf_free(&c->head);
	buf_init(&c->head, c->srv->o.limits.head_max);
	c->n_strings = 0;
	c->in_value = false;
	c->head_done = false;
	c->wire_n = c->body_n = 0;
	timer_stop(&c->t_in);
	c->waits = WAIT_NONE;
}

static struct conn *
conn_of(http_parser *p)
{
	return p->data;
}

static int
add_string(struct conn *c, const char *p, size_t n, bool starts)
{
	if (starts && c->n_strings++ > 0 && !buf_addc(&c->head, '\0'))
		return 1;
	return !buf_add(&c->head, p, n);
}

static int
on_url(http_parser *p, const char *at, size_t n)
{
	struct conn *c = conn_of(p);

	return add_string(c, at, n, c->n_strings == 0);
}

static int
on_field(http_parser *p, const char *at, size_t n)
{
	struct conn *c = conn_of(p);
	bool starts = c->in_value || c->n_strings == 1;

	if (c->x) /* trailers of a chunked body are dropped */
		return 0;
	c->in_value = false;
	return add_string(c, at, n, starts);
}

static int
on_value(http_parser *p, const char *at, size_t n)
{
	struct conn *c = conn_of(p);
	bool starts = !c->in_value;

	if (c->x)
		return 0;
	c->in_value = true;
	return add_string(c, at, n, starts);
}

static int
on_headers_complete(http_parser *p)
{
	struct conn *c = conn_of(p);

	/* Upgrade is not ours: the request is served as what it says. */
	p->upgrade = 0;
	c->head_done = true;
	http_parser_pause(p, 1);
	return 0;
}

static int
on_body(http_parser *p, const char *at, size_t n)
{
	struct conn *c = conn_of(p);

	c->body_n += n;
	conn_body_progress(c);
	if (!c->x)
		return 1;
	switch (exch_body(c->x, at, n)) {
	case HTTP_PAUSE:
		http_parser_pause(p, 1);
		return 0;
	case HTTP_ABORT:
		return 1;
	case HTTP_MORE:
	case HTTP_END:
		break;
	}
	return 0;
}

static int
on_message_complete(http_parser *p)
{
	struct conn *c = conn_of(p);

	if (!c->x)
		return 1;
	exch_body_end(c->x);
	http_parser_pause(p, 1);
	return 0;
}

/* ---- refusing -------------------------------------------------------------------- */

void
conn_refuse(struct conn *c, int status, const char *why)
{
	const struct http_header type = { "Content-Type", "text/plain" };
	struct reply_head r = { .status = status,
		.h = &type,
		.n = 1,
		.length = (int64_t)strlen(why) + 1,
		.close = true };
	bool said = c->x && c->x->reply != REPLY_NONE;

	c->close_after = true;
	(void)evbuffer_drain(c->in, evbuffer_get_length(c->in));
	if (c->x) {
		struct exch *x = c->x;

		c->x = NULL;
		exch_detach(x, true);
	}
	if (c->state == CONN_DEAD || said)
		return;
	reply_head_write(c->out, srv_date(c->srv), &r);
	(void)evbuffer_add_printf(c->out, "%s\n", why);
}

static void
refuse_broken(struct conn *c)
{
	enum http_errno err = HTTP_PARSER_ERRNO(&c->parser);
	char why[128];

	if (err == HPE_CB_body && c->x && c->x->reply == REPLY_NONE) {
		conn_close(c, true); /* the sink does not want it */
	} else if (c->head.overflow || err == HPE_HEADER_OVERFLOW) {
		conn_refuse(c, 431, "the head of the request is too long");
	} else if (err == HPE_INVALID_METHOD) {
		conn_refuse(c, 501, "unknown method");
	} else if (err == HPE_INVALID_VERSION) {
		conn_refuse(c, 505, "only HTTP/1.0 and 1.1 are spoken");
	} else {
		(void)str_format(why, sizeof why, "bad request: %s",
		    http_errno_description(err));
		conn_refuse(c, 400, why);
	}
}

/* ---- heads ----------------------------------------------------------------------- */

static unsigned
count_header(const struct exch *x, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < x->base.n_headers; i++)
		n += str_ieq(x->base.headers[i].name, name);
	return n;
}

/* What http-parser lets through although RFC 9112 does not. */
static const char *
head_problem(const struct conn *c, const struct exch *x)
{
	bool chunked = (c->parser.flags & F_CHUNKED) != 0;

	for (size_t i = 0; i < x->base.n_headers; i++)
		if (!http_is_token(x->base.headers[i].name))
			return "bad request: a header name is no token";
	if (x->base.target[0] != '/')
		return "bad request: the target is no path";
	if (count_header(x, "Host") > 1 ||
	    (!x->http10 && !c->srv->o.hostless && count_header(x, "Host") == 0))
		return "bad request: one Host header is needed";
	if (count_header(x, "Transfer-Encoding") > 0 && !chunked)
		return "bad request: unknown transfer encoding";
	return NULL;
}

static void
redirect(struct conn *c, struct exch *x)
{
	const char *host =
	    http_header_get(x->base.headers, x->base.n_headers, "Host");
	struct http_header h = { "Location", NULL };
	char *to;

	if (str_empty(host) || strpbrk(host, "/@ \\")) {
		conn_refuse(c, 400, "this port speaks HTTPS");
		return;
	}
	to = xasprintf("https://%s%s", host, x->base.target);
	h.value = to;
	c->close_after = true;
	http_reply((struct http_exchange *)&x->base, 308, &h, 1,
	    (struct http_bytes){ 0 });
	xfree(to);
}

static void
head_complete(struct conn *c)
{
	struct exch *x = exch_new(c);
	const char *problem;

	c->head_done = false;
	if (!x) {
		conn_refuse(c, 431, "the head of the request is too long");
		return;
	}
	problem = head_problem(c, x);
	if (c->parser.http_major != 1)
		conn_refuse(c, 505, "only HTTP/1.0 and 1.1 are spoken");
	else if (problem)
		conn_refuse(c, 400, problem);
	else if (c->redirect)
		redirect(c, x);
	else
		c->srv->o.handle(
		    c->srv->o.arg, (struct http_exchange *)&x->base);
}

/* ---- feeding --------------------------------------------------------------------- */

static bool
may_parse(const struct conn *c)
{
	if (c->state != CONN_OPEN || evbuffer_get_length(c->in) == 0)
		return false;
	if (!c->x)
		return !c->close_after &&
		       evbuffer_get_length(c->out) < SRV_OUT_MAX;
	return !c->x->body_done && exch_wants_body(c->x);
}

static void
check_limits(struct conn *c)
{
	const struct http_limits *l = &c->srv->o.limits;
	uint64_t framing = c->wire_n - c->body_n;
	int64_t took = loop_mono_us(c->srv->net->loop) - c->request_at_us;

	if (framing > 2 * l->head_max + WIRE_PER_BODY * c->body_n)
		conn_refuse(c, 400, "bad request: more framing than body");
	else if (c->x && !c->x->body_done && l->total_us != HTTP_NO_LIMIT &&
		 took > l->total_us)
		conn_refuse(c, 408, "the request did not come in time");
}

static void
feed(struct conn *c)
{
	static const http_parser_settings settings = {
		.on_url = on_url,
		.on_header_field = on_field,
		.on_header_value = on_value,
		.on_headers_complete = on_headers_complete,
		.on_body = on_body,
		.on_message_complete = on_message_complete,
	};
	struct evbuffer_iovec v;
	size_t n;

	if (evbuffer_peek(c->in, -1, NULL, &v, 1) < 1)
		return;
	if (c->wire_n == 0)
		c->request_at_us = loop_mono_us(c->srv->net->loop);
	n = http_parser_execute(&c->parser, &settings, v.iov_base, v.iov_len);
	if (c->state == CONN_DEAD)
		return;
	c->wire_n += n;
	(void)evbuffer_drain(c->in, n);
	if (HTTP_PARSER_ERRNO(&c->parser) == HPE_PAUSED)
		http_parser_pause(&c->parser, 0);
	else if (HTTP_PARSER_ERRNO(&c->parser) != HPE_OK)
		refuse_broken(c);
	if (c->state == CONN_OPEN && !c->close_after)
		check_limits(c);
}

void
conn_parse(struct conn *c)
{
	while (may_parse(c)) {
		feed(c);
		if (c->state == CONN_OPEN && c->head_done && !c->close_after)
			head_complete(c);
		if (c->state == CONN_OPEN && c->x && c->x->whole_due)
			exch_tell_whole(c->x);
	}
}
