/* See client.h. */
#include "sim/core/client.h"

#include <string.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

#define CORE_LINE_MAX (4u << 20)
#define CORE_BODY_MAX (64u << 20)

struct core_call {
	struct core_client *c;
	struct http_call *http;
	core_done_fn *done;
	void *arg;
	LIST_ENTRY(core_call) entry;
};

struct core_stream {
	struct core_client *c;
	struct http_call *http;
	struct core_stream_fns f;
	struct buf buf;
	int status;
	LIST_ENTRY(core_stream) entry;
};

struct core_client {
	const struct env *env;
	struct http_peer *peer, *watches; /* owned */
	char *authorization;              /* owned; NULL = none */
	LIST_HEAD(, core_call) calls;
	LIST_HEAD(, core_stream) streams;
};

struct core_client *
core_client_new(const struct env *env, const char *server,
    const struct core_opts *o, struct err *e)
{
	struct core_client *c = xcalloc(1, sizeof(*c));
	struct http_peer_opts p = {
		.base = server, .max_conns = 8, .idle_close_us = 30 * LOOP_S
	};

	p.tls.trust = o->trust;
	p.tls.insecure = o->insecure;
	c->env = env;
	LIST_INIT(&c->calls);
	LIST_INIT(&c->streams);
	c->peer = http_peer_new(env->net, &p, e);
	p.max_conns = 32;
	if (c->peer != NULL)
		c->watches = http_peer_new(env->net, &p, e);
	if (c->watches == NULL) {
		http_peer_free(c->peer);
		xfree(c);
		return NULL;
	}
	if (o->token != NULL)
		c->authorization = xasprintf("Bearer %s", o->token);
	return c;
}

void
core_client_free(struct core_client *c)
{
	struct core_call *k;
	struct core_stream *s;

	if (c == NULL)
		return;
	http_peer_free(c->peer);
	http_peer_free(c->watches);
	while ((k = LIST_FIRST(&c->calls)) != NULL) {
		LIST_REMOVE(k, entry);
		xfree(k);
	}
	while ((s = LIST_FIRST(&c->streams)) != NULL) {
		LIST_REMOVE(s, entry);
		buf_free(&s->buf);
		xfree(s);
	}
	xfree(c->authorization);
	xfree(c);
}

static void
core_call_done(void *arg, const struct http_result *r)
{
	struct core_call *k = arg;
	cJSON *body = NULL;

	if (r->err == HTTP_OK && r->body.n > 0)
		body = json_parse(r->body.p, r->body.n, NULL);
	LIST_REMOVE(k, entry);
	k->done(k->arg, r->err == HTTP_OK ? r->status : 0, body);
	cJSON_Delete(body);
	xfree(k);
}

void
core_request(struct core_client *c, const char *method, const char *target,
    const char *type, const cJSON *body, struct core_done done)
{
	struct core_call *k = xcalloc(1, sizeof(*k));
	struct http_header h[3] = { { "Accept", "application/json" } };
	struct http_request rq = {
		.method = method, .target = target, .headers = h, .n_headers = 1
	};
	char *text = body == NULL ? NULL : json_print(body);

	if (text != NULL) {
		h[rq.n_headers].name = "Content-Type";
		h[rq.n_headers++].value =
		    type == NULL ? "application/json" : type;
		rq.body.p = text;
		rq.body.n = strlen(text);
	}
	if (c->authorization != NULL) {
		h[rq.n_headers].name = "Authorization";
		h[rq.n_headers++].value = c->authorization;
	}
	k->c = c;
	k->done = done.fn;
	k->arg = done.arg;
	rq.limits.body_max = CORE_BODY_MAX;
	rq.may_resend = str_eq(method, "GET");
	rq.done = core_call_done;
	rq.arg = k;
	LIST_INSERT_HEAD(&c->calls, k, entry);
	k->http = http_start(c->peer, &rq);
	xfree(text);
}

/* ---- streams ------------------------------------------------------------------ */

static enum http_flow
core_stream_head(void *arg, int status, const struct http_header *h, size_t n)
{
	struct core_stream *s = arg;

	(void)h;
	(void)n;
	s->status = status;
	return HTTP_MORE;
}

/* Half of an object; who patches it reads it by itself. */
static const struct json_leave unread = { "metadata", "managedFields" };

/* A line that is none must not be lost in silence: a new list settles it. */
static bool
core_stream_line(struct core_stream *s, const char *p, size_t n)
{
	cJSON *j;

	if (n == 0)
		return true;
	j = json_parse_without(p, n, &unread, NULL);
	if (j != NULL)
		s->f.line(s->f.arg, j);
	cJSON_Delete(j);
	return j != NULL;
}

static enum http_flow
core_stream_data(void *arg, struct http_bytes b)
{
	struct core_stream *s = arg;
	const char *nl;
	size_t n, used = 0;

	if (s->status != 200)
		return HTTP_MORE;
	if (b.n > 0 && !buf_add(&s->buf, b.p, b.n))
		return HTTP_ABORT;
	while (s->buf.n > used &&
	       (nl = memchr(s->buf.p + used, '\n', s->buf.n - used)) != NULL) {
		n = (size_t)(nl - s->buf.p) - used;
		if (!core_stream_line(s, s->buf.p + used, n))
			return HTTP_ABORT;
		used += n + 1;
	}
	buf_consume(&s->buf, used);
	return HTTP_MORE;
}

static void
core_stream_done(void *arg, const struct http_result *r)
{
	struct core_stream *s = arg;
	struct core_stream_fns f = s->f;
	int status = r->status;

	LIST_REMOVE(s, entry);
	buf_free(&s->buf);
	xfree(s);
	f.ended(f.arg, status);
}

struct core_stream *
core_stream_open(
    struct core_client *c, const char *target, const struct core_stream_fns *f)
{
	struct core_stream *s = xcalloc(1, sizeof(*s));
	struct http_sink sink = { core_stream_data, s };
	struct http_header h[2] = { { "Accept", "application/json" } };
	struct http_request rq = {
		.method = "GET", .target = target, .headers = h, .n_headers = 1
	};

	if (c->authorization != NULL) {
		h[rq.n_headers].name = "Authorization";
		h[rq.n_headers++].value = c->authorization;
	}
	s->c = c;
	s->f = *f;
	buf_init(&s->buf, CORE_LINE_MAX);
	rq.limits.idle_us = HTTP_NO_LIMIT;
	rq.limits.total_us = HTTP_NO_LIMIT;
	rq.head = core_stream_head;
	rq.sink = &sink;
	rq.done = core_stream_done;
	rq.arg = s;
	LIST_INSERT_HEAD(&c->streams, s, entry);
	s->http = http_start(c->watches, &rq);
	return s;
}

void
core_stream_close(struct core_stream *s)
{
	if (s == NULL)
		return;
	http_cancel(s->http);
	LIST_REMOVE(s, entry);
	buf_free(&s->buf);
	xfree(s);
}
