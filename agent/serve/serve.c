/* Listeners, routes and limits of the media server. */
#include "agent/serve/serve.h"

#include <errno.h>
#include <string.h>

#include "agent/serve/serve_impl.h"
#include "common/buf.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define SERVE_CONNS 2048

/* ---- answers ------------------------------------------------------------ */

void
serve_count(struct serve *s, const char *kind, int status)
{
	char labels[64];

	(void)str_format(
	    labels, sizeof(labels), "kind=\"%s\",code=\"%d\"", kind, status);
	metrics_add(s->env->metrics, "beskar7_media_requests_total", labels, 1);
	s->counts.requests++;
}

static const char *
text_of(int status)
{
	switch (status) {
	case 400:
		return "bad request\n";
	case 404:
		return "not found\n";
	case 405:
		return "method not allowed\n";
	case 413:
		return "too large\n";
	case 429:
		return "too many requests\n";
	case 503:
		return "try again later\n";
	default:
		return "";
	}
}

void
serve_say(struct serve *s, struct http_exchange *x, const char *kind,
    int status, int retry_after_s)
{
	const char *text = text_of(status);
	char seconds[16];
	struct http_header h[4] = {
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ "Cache-Control", "no-store" },
	};
	size_t n = 2;

	if (retry_after_s > 0) {
		(void)str_format(seconds, sizeof(seconds), "%d", retry_after_s);
		h[n++] = (struct http_header){ "Retry-After", seconds };
	}
	if (status == 405)
		h[n++] = (struct http_header){ "Allow",
			str_eq(kind, "medium") ? "GET, HEAD" : "POST" };
	serve_count(s, kind, status);
	http_reply(x, status, h, n, (struct http_bytes){ text, strlen(text) });
}

/* ---- routes ------------------------------------------------------------- */

static bool
same_ip(const struct http_addr *a, const struct http_addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool
may_read(
    const struct serve *s, const struct live_claim *c, struct http_exchange *x)
{
	return !s->o.bind || !c->bound ||
	       same_ip(&c->reader, http_exchange_remote(x));
}

static void
handle_medium(struct serve *s, struct http_exchange *x, struct live_claim *c,
    enum token_purpose which)
{
	const char *method = http_exchange_method(x);

	if (!str_eq(method, "GET") && !str_eq(method, "HEAD"))
		serve_say(s, x, "medium", 405, 0);
	else if (!rate_take(&c->rate, loop_mono_us(s->env->loop),
		     s->o.claim_requests) ||
		 c->streams[which] >= s->o.claim_streams)
		serve_say(s, x, "medium", 429, 1);
	else if (s->counts.streams >= s->o.streams)
		serve_say(s, x, "medium", 503, 1);
	else
		stream_start(s, x, c, which);
}

static void
handle_report(struct serve *s, struct http_exchange *x, struct live_claim *c)
{
	if (!str_eq(http_exchange_method(x), "POST"))
		serve_say(s, x, "report", 405, 0);
	else if (!rate_take(
		     &c->rate, loop_mono_us(s->env->loop), s->o.claim_requests))
		serve_say(s, x, "report", 429, 1);
	else
		report_start(s, x, c);
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct serve *s = arg;
	char token[TOKEN_CAP];
	enum token_purpose which = TOKEN_REPORT;
	bool path = token_path(http_exchange_target(x), &which, token), medium;
	struct live_claim *c;

	/* A path that is none costs as much as a token that is none. */
	if (!path)
		memset(token, '-', sizeof(token));
	medium = which != TOKEN_REPORT;
	c = live_find(s->live, which, token);
	secret_wipe(token, sizeof(token));
	if (c != NULL && medium && !may_read(s, c, x))
		c = NULL;
	if (!path || c == NULL)
		serve_say(s, x, "none", 404, 0);
	else if (!rate_take(
		     &s->rate, loop_mono_us(s->env->loop), s->o.requests))
		serve_say(s, x, medium ? "medium" : "report", 503, 1);
	else if (medium)
		handle_medium(s, x, c, which);
	else
		handle_report(s, x, c);
}

/* ---- life --------------------------------------------------------------- */

static void
on_closed(void *arg, struct live_claim *c)
{
	struct serve *s = arg;

	stream_closed(s, c);
	report_closed(s, c);
	if (s->hooks.closed != NULL)
		s->hooks.closed(s->hooks.self, c);
}

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	struct serve *s = arg;

	(void)local;
	return certs_now(&s->certs);
}

/* Splits at the last colon; brackets of an IPv6 address go. */
static bool
address(const char *text, char host[64], unsigned *port, struct err *e)
{
	const char *colon = strrchr(text, ':');
	struct http_addr a;
	uint64_t n;
	size_t len;

	if (colon == NULL || !str_to_u64(colon + 1, &n) || n > 65535)
		return err_set(
		    e, ERR_SPEC, 0, "\"%.100s\" is not host:port", text);
	*port = (unsigned)n;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= 64)
		return err_set(e, ERR_SPEC, 0, "the address is too long");
	memcpy(host, text, len);
	host[len] = '\0';
	if (len > 0 && !http_addr_ip_parse(&a, host, 1))
		return err_set(e, ERR_SPEC, 0,
		    "\"%s\" is no IP address; none at all listens on all of "
		    "them",
		    host);
	return true;
}

/* A machine may have one of both families alone; a port that is taken is an
 * error in any case. */
static bool
everywhere(struct serve *s, struct http_listen_opts *o, struct err *e)
{
	struct err e6 = { 0 };

	o->addr = "0.0.0.0";
	s->server = http_listen(s->env->net, o, e);
	if (s->server == NULL && e->code == EADDRINUSE)
		return false;
	if (s->server != NULL)
		o->port = http_server_port(s->server);
	o->addr = "::";
	s->server6 = http_listen(s->env->net, o, &e6);
	if (s->server6 == NULL && e6.code == EADDRINUSE) {
		*e = e6;
		return false;
	}
	return s->server != NULL || s->server6 != NULL;
}

static bool
open_tls(struct serve *s, const struct serve_opts *o, struct err *e)
{
	bool cert = !str_empty(o->cert), key = !str_empty(o->key);

	if (!cert && !key)
		return true;
	if (!cert || !key)
		return err_set(e, ERR_SPEC, 0,
		    "a certificate and its key belong together: %s is missing",
		    cert ? "the key" : "the certificate");
	return certs_init(&s->certs, s->env, o->cert, o->key, e);
}

static bool
open_listeners(struct serve *s, const struct serve_opts *o, struct err *e)
{
	struct http_listen_opts l = { .max_conns = SERVE_CONNS,
		.handle = handle,
		.arg = s,
		.hostless = true,
		.limits = { .idle_us = s->o.idle_us,
		    .head_max = 16u << 10,
		    .body_max = SERVE_REPORT_MAX } };
	char host[64] = "";

	if (s->certs.identity != NULL)
		l.identity = identity;
	if (!address(o->listen, host, &l.port, e))
		return false;
	l.addr = host;
	if (host[0] == '\0')
		return everywhere(s, &l, e);
	s->server = http_listen(s->env->net, &l, e);
	return s->server != NULL;
}

static unsigned
or_default(unsigned n, unsigned dflt)
{
	return n == 0 ? dflt : n;
}

struct serve *
serve_new(const struct env *env, const struct serve_opts *o, struct live *live,
    const struct serve_hooks *h, struct err *e)
{
	struct serve *s = xcalloc(1, sizeof(*s));

	s->env = env;
	s->live = live;
	s->hooks = *h;
	s->o = *o;
	s->o.listen = s->o.cert = s->o.key = NULL;
	s->o.streams = or_default(o->streams, 512);
	s->o.claim_streams = or_default(o->claim_streams, 16);
	s->o.requests = or_default(o->requests, 20000);
	s->o.claim_requests = or_default(o->claim_requests, 4000);
	s->o.idle_us = loop_or_us(o->idle_us, LOOP_MIN);
	live->closed = on_closed;
	live->closed_arg = s;
	if (open_tls(s, o, e) && open_listeners(s, o, e))
		return s;
	serve_free(s);
	return NULL;
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	s->live->closed = NULL;
	http_server_free(s->server);
	http_server_free(s->server6);
	stream_free_all(s);
	report_free_all(s);
	certs_fini(&s->certs);
	xfree(s);
}

unsigned
serve_port(const struct serve *s)
{
	return http_server_port(s->server != NULL ? s->server : s->server6);
}

struct serve_counts
serve_counts(const struct serve *s)
{
	return s->counts;
}
