/* See origin.h. */
#include "agent/origin/origin.h"

#include <string.h>

#include "agent/origin/origin_impl.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define ORIGIN_IDLE_US (30 * LOOP_S)
#define ORIGIN_NAME_MAX 4096

static void ask(struct origin_reader *r);

/* ---- where -------------------------------------------------------------- */

bool
origin_allowed(const char *list, const char *url, struct err *e)
{
	char host[300], with_port[320];
	struct url u;
	size_t n;

	if (!url_parse(&u, url, e))
		return false;
	if (list == NULL)
		return true;
	(void)str_format(host, sizeof(host), "%s", u.host);
	(void)str_format(with_port, sizeof(with_port), "%s:%u", u.host, u.port);
	for (const char *s = list; *s != '\0'; s += n + (s[n] == ',')) {
		char word[320] = "";

		n = strcspn(s, ",");
		if (n < sizeof(word)) {
			memcpy(word, s, n);
			word[n] = '\0';
		}
		if (str_ieq(word, host) || str_ieq(word, with_port))
			return true;
	}
	return err_set(e, ERR_SPEC, 0,
	    "images from %.150s are not allowed by --image-origins", u.host);
}

static bool
go_to(struct origin_reader *r, const struct url *u, struct err *e)
{
	char base[300];
	struct http_peer_opts p = { .base = base,
		.tls = { .trust = r->trust },
		.max_conns = r->conns,
		.idle_close_us = ORIGIN_IDLE_US };
	struct http_peer *peer;

	url_origin(u, base, sizeof(base));
	peer = http_peer_new(r->env->net, &p, e);
	if (peer == NULL)
		return false;
	http_peer_free(r->peer);
	r->peer = peer;
	r->url = *u;
	(void)str_format(r->shown, sizeof(r->shown), "%s%.*s", base,
	    (int)strcspn(u->target, "?"), u->target); /* cut is fine */
	return true;
}

/* ---- opening ------------------------------------------------------------ */

static void
name_it(struct origin_reader *r)
{
	uint8_t sum[32];
	struct buf b;

	buf_init(&b, ORIGIN_NAME_MAX);
	(void)buf_addf(&b, "%s%s\n%llu\n%s\n%s", r->shown,
	    r->url.target + strcspn(r->url.target, "?"),
	    (unsigned long long)r->facts.size, r->facts.etag, r->facts.date);
	sha256(b.p, b.n, sum);
	hex_encode(r->name, sum, sizeof(sum));
	buf_free(&b);
}

static void
open_end(struct origin_reader *r, const struct err *e)
{
	struct err why;

	if (e != NULL) {
		why = *e;
		(void)err_wrap(&why, "%.120s", r->shown);
		e = &why;
	} else {
		r->known = true;
		r->source.size = r->facts.size;
		name_it(r);
	}
	r->opened(r->opened_arg, e); /* may free r */
}

/* On the same host, and never from TLS to none. */
static bool
may_follow(const struct origin_reader *r, const struct url *to, struct err *e)
{
	if (!str_eq(to->host, r->url.host) || (r->url.https && !to->https) ||
	    (to->https == r->url.https && to->port != r->url.port))
		return err_set(e, ERR_SPEC, 0,
		    "redirects to another server (%.100s), which is refused",
		    to->host);
	if (r->redirects >= ORIGIN_REDIRECTS)
		return err_set(e, ERR_SPEC, 0, "redirects without end");
	return true;
}

static void
follow(void *arg)
{
	struct origin_reader *r = arg;
	struct url u = r->url; /* noted by open_redirect() */
	struct err e;

	if (go_to(r, &u, &e))
		ask(r);
	else
		open_end(r, &e);
}

/* The peer changes once the call that told of it is over. */
static void
open_redirect(struct origin_reader *r, const struct http_result *res)
{
	const char *to =
	    http_header_get(res->headers, res->n_headers, "Location");
	char base[300], text[URL_MAX + 300];
	struct url u;
	struct err e;

	if (to == NULL || !url_resolve(&u, &r->url, to, &e)) {
		(void)err_set(&e, ERR_SPEC, res->status,
		    "HTTP %d without a usable Location", res->status);
		open_end(r, &e);
		return;
	}
	url_origin(&u, base, sizeof(base));
	(void)str_format(text, sizeof(text), "%s%s", base, u.target);
	if (!may_follow(r, &u, &e) ||
	    (u.port != r->url.port && !origin_allowed(r->allowed, text, &e))) {
		open_end(r, &e);
		return;
	}
	r->redirects++;
	r->url = u;
	loop_defer(r->env->loop, &r->turn, follow, r);
}

static void
asked(struct origin_reader *r, source_fn *fn, void *arg,
    const struct http_result *res, const struct err *e)
{
	struct err why;
	int status;

	(void)fn;
	(void)arg;
	if (e != NULL || res == NULL) { /* one of both is there */
		open_end(r, e);
		return;
	}
	status = res->status;
	if (origin_is_redirect(status)) {
		open_redirect(r, res);
		return;
	}
	origin_facts_read(&r->facts, res->headers, res->n_headers);
	if (status == 416)
		(void)err_set(&why, ERR_SPEC, status, "the image is empty");
	else if (status != 206 || r->facts.size == 0)
		(void)err_set(&why, ERR_SPEC, status,
		    "the server does not serve ranges (HTTP %d to one)",
		    status);
	else if (r->facts.etag[0] == '\0' && r->facts.date[0] == '\0')
		(void)err_set(&why, ERR_SPEC, status,
		    "the server tells neither ETag nor Last-Modified: the "
		    "image could change unseen");
	else
		why.kind = ERR_NONE;
	open_end(r, why.kind == ERR_NONE ? NULL : &why);
}

static void
ask(struct origin_reader *r)
{
	(void)try_start(r, 0, 1, asked, NULL, NULL);
}

/* ---- reading ------------------------------------------------------------ */

static bool
is_changed(const struct origin_reader *r, const struct http_result *res)
{
	const struct origin_facts *was = &r->facts;
	struct origin_facts is;

	origin_facts_read(&is, res->headers, res->n_headers);
	if (res->status == 412 || res->status == 416)
		return true;
	/* A server that leaves one out says nothing about it. */
	if (was->etag[0] != '\0' && is.etag[0] != '\0')
		return !str_eq(was->etag, is.etag) ||
		       (is.size != 0 && is.size != was->size);
	if (was->date[0] != '\0' && is.date[0] != '\0' &&
	    !str_eq(was->date, is.date))
		return true;
	return is.size != 0 && is.size != was->size;
}

/* NULL: the bytes are what was asked for. */
static const char *
problem(const struct http_result *res, uint64_t at, size_t n)
{
	const char *range =
	    http_header_get(res->headers, res->n_headers, "Content-Range");
	uint64_t from, to, size;

	if (res->status != 206)
		return "the server does not serve ranges any more";
	if (!origin_content_range(range, &from, &to, &size))
		return "the server tells no usable Content-Range";
	if (from != at || to != at + n - 1 || res->body.n != n)
		return "the server sent another range than the one asked for";
	return NULL;
}

/* What a read was about; kept by the reader's own source_fn argument. */
struct piece {
	struct origin_reader *r;
	uint64_t at;
	size_t n;
	source_fn *fn;
	void *arg;
};

static void
read_end(struct origin_reader *r, source_fn *fn, void *arg,
    const struct http_result *res, const struct err *e)
{
	struct piece *p = arg;
	struct piece copy = *p;
	struct err why = { .kind = ERR_NONE };
	const char *bad;

	(void)fn;
	xfree(p);
	if (e != NULL) {
		why = *e;
	} else if (is_changed(r, res)) {
		if (r->changed.kind == ERR_NONE)
			(void)err_set(&r->changed, ERR_CONFLICT, res->status,
			    "the image changed at its origin while it was "
			    "read: %.140s",
			    r->shown);
		why = r->changed;
	} else if ((bad = problem(res, copy.at, copy.n)) != NULL) {
		(void)err_set(&why, ERR_PROTO, res->status, "%s", bad);
	}
	if (why.kind == ERR_NONE) {
		copy.fn(copy.arg, res->body.p, res->body.n, NULL);
		return;
	}
	if (why.kind != ERR_CONFLICT)
		(void)err_wrap(&why, "%.100s, %zu bytes at %llu", r->shown,
		    copy.n, (unsigned long long)copy.at);
	copy.fn(copy.arg, NULL, 0, &why);
}

static void
origin_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct origin_reader *r = self;
	struct piece *p;
	struct err e;

	if (r->changed.kind != ERR_NONE) {
		e = r->changed;
		fn(arg, NULL, 0, &e);
		return;
	}
	if (n == 0 || n > ORIGIN_PIECE || at > r->facts.size ||
	    n > r->facts.size - at) {
		(void)err_set(&e, ERR_INTERNAL, 0,
		    "a read of %zu bytes at %llu", n, (unsigned long long)at);
		fn(arg, NULL, 0, &e);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct piece){ r, at, n, fn, arg };
	(void)try_start(r, at, n, read_end, fn, p);
}

static void
origin_cancel(void *self, void *arg)
{
	struct origin_reader *r = self;
	struct try *t;

	LIST_FOREACH (t, &r->tries, in_reader) {
		struct piece *p = t->arg;

		if (p == NULL || p->arg != arg)
			continue;
		xfree(p);
		try_free(t);
		return;
	}
}

/* ---- life --------------------------------------------------------------- */

struct origin_reader *
origin_reader_new(const struct env *env, const struct origin_opts *o,
    void (*opened)(void *arg, const struct err *e), void *arg, struct err *e)
{
	struct origin_reader *r;
	struct url u;

	if (!url_parse(&u, o->url, e) || !origin_allowed(o->allowed, o->url, e))
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->env = env;
	r->trust = o->trust;
	r->allowed = xstrdup(o->allowed);
	r->deadline_us = loop_or_us(o->deadline_us, LOOP_MIN);
	r->try_us = loop_or_us(o->try_us, 20 * LOOP_S);
	r->conns = o->conns == 0 ? 4 : o->conns;
	r->opened = opened;
	r->opened_arg = arg;
	rng_seed(&r->rng, env->seed, "origin");
	r->source = (struct source){
		.read = origin_read, .cancel = origin_cancel, .self = r
	};
	if (!go_to(r, &u, e)) {
		origin_reader_free(r);
		return NULL;
	}
	ask(r);
	return r;
}

void
origin_reader_free(struct origin_reader *r)
{
	if (r == NULL)
		return;
	deferred_cancel(&r->turn);
	while (!LIST_EMPTY(&r->tries)) {
		struct try *t = LIST_FIRST(&r->tries);

		xfree(t->arg);
		try_free(t);
	}
	http_peer_free(r->peer);
	xfree(r->allowed);
	xfree(r);
}

const struct source *
origin_reader_source(const struct origin_reader *r)
{
	return &r->source;
}

const char *
origin_reader_name(const struct origin_reader *r)
{
	return r->name;
}

bool
origin_reader_changed(const struct origin_reader *r)
{
	return r->changed.kind != ERR_NONE;
}
