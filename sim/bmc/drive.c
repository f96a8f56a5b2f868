/* See drive.h. */
#include "sim/bmc/drive.h"

#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/medium.h"

#define TRIES 3
#define IDLE_US (2 * LOOP_S)

struct drive {
	const struct env *env;
	struct drive_fns fn;
	char *text; /* owned; what url points into */
	struct url url;
	struct http_peer *peer; /* owned */
	struct tls_trust *trust;
	int64_t timeout_us, size; /* -1 = not known yet */
	uint64_t at, n;
	unsigned tries;
	struct deferred end;
	char why[192];
	void *p; /* owned; what was read */
};

static void ask(struct drive *d);

int64_t
drive_size(const struct drive *d)
{
	return d->size;
}

void
drive_free(struct drive *d)
{
	if (d == NULL)
		return;
	deferred_cancel(&d->end);
	http_peer_free(d->peer);
	tls_trust_free(d->trust);
	if (d->p != NULL)
		secret_wipe(d->p, (size_t)d->n);
	xfree(d->p);
	xfree(d->text);
	xfree(d);
}

/* Out of any callback of the peer, so that the drive may be freed. */
static void
finish(void *arg)
{
	struct drive *d = arg;
	struct drive_fns fn = d->fn;
	void *p = d->p;
	size_t n = (size_t)d->n;
	char why[192];

	memcpy(why, d->why, sizeof(why));
	d->p = NULL;
	fn.done(fn.arg, p, why[0] != '\0' ? why : NULL);
	if (p != NULL)
		secret_wipe(p, n);
	xfree(p);
}

static void
end(struct drive *d)
{
	loop_defer(d->env->loop, &d->end, finish, d);
}

static void
fail(struct drive *d, const char *why)
{
	(void)str_copy(d->why, sizeof(d->why), why); /* for people */
	end(d);
}

static void
answer_failed(struct drive *d, const struct http_result *r)
{
	char why[192];

	/* A reply that is cut in its middle had a status, too. */
	if (++d->tries < TRIES && (r->err != HTTP_OK || r->status >= 500)) {
		ask(d);
		return;
	}
	if (r->err != HTTP_OK)
		(void)str_format(why, sizeof(why), "image server: %s (%s)",
		    http_err_name(r->err), r->why);
	else
		(void)str_format(
		    why, sizeof(why), "image server answered %d", r->status);
	fail(d, why);
}

static void
got_size(struct drive *d, const struct http_result *r)
{
	const char *len =
	    http_header_get(r->headers, r->n_headers, "Content-Length");

	if (len == NULL || !str_to_i64(len, &d->size) || d->size <= 0) {
		d->size = -1;
		fail(d, "image server tells no Content-Length");
		return;
	}
	end(d);
}

static void
answered(void *arg, const struct http_result *r)
{
	struct drive *d = arg;

	if (r->err != HTTP_OK || r->status != (d->size < 0 ? 200 : 206)) {
		answer_failed(d, r);
		return;
	}
	d->tries = 0;
	if (d->size < 0) {
		got_size(d, r);
		return;
	}
	if (r->body.n != d->n) {
		fail(d, "image server sent a range of another length");
		return;
	}
	d->p = xmalloc((size_t)d->n);
	memcpy(d->p, r->body.p, (size_t)d->n);
	end(d);
}

static void
ask(struct drive *d)
{
	char range[64];
	const struct http_header h[] = {
		{ "User-Agent", "b7-sim-bmc" },
		{ "Accept", "*/*" },
		{ "Range", range },
	};
	bool head = d->size < 0;
	struct http_request rq = { .method = head ? "HEAD" : "GET",
		.target = d->url.target,
		.headers = h,
		.n_headers = head ? 2 : 3,
		.limits = { .total_us = d->timeout_us,
		    .body_max = (size_t)d->n + 1 },
		.may_resend = true,
		.done = answered,
		.arg = d };

	(void)str_format(range, sizeof(range), "bytes=%llu-%llu",
	    (unsigned long long)d->at, (unsigned long long)(d->at + d->n - 1));
	(void)http_start(d->peer, &rq);
}

void
drive_read(struct drive *d, uint64_t at, uint64_t n)
{
	d->at = at;
	d->n = n;
	d->tries = 0;
	ask(d);
}

struct drive *
drive_open(const struct medium_opts *o, const struct drive_fns *fn)
{
	struct drive *d = xcalloc(1, sizeof(*d));
	struct http_peer_opts po = { .max_conns = 1, .idle_close_us = IDLE_US };
	char origin[300];
	struct err e = { 0 };

	d->env = o->env;
	d->fn = *fn;
	d->size = -1;
	d->timeout_us = o->timeout_us;
	d->trust = tls_trust_ref(o->trust);
	d->text = medium_over_http(o->url);
	if (url_parse(&d->url, d->text, &e)) {
		url_origin(&d->url, origin, sizeof(origin));
		po.base = origin;
		po.tls.insecure = !o->verify;
		po.tls.trust = d->trust;
		d->peer = http_peer_new(o->env->net, &po, &e);
	}
	if (d->peer == NULL)
		fail(d, e.msg);
	else
		ask(d);
	return d;
}
