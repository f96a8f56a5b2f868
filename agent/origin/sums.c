/* See sums.h. */
#include "agent/origin/sums.h"

#include <string.h>

#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define SUMS_TIMEOUT_US (30 * LOOP_S)

struct sums_call {
	struct http_peer *peer;
	struct http_call *call;
	char *image, *url; /* owned */
	struct err err;
	uint8_t sha256[32];
	struct deferred end; /* a peer does not end inside of its own call */
	void (*done)(void *arg, const uint8_t *sha256, const struct err *e);
	void *arg;
	const struct env *env;
};

/* ---- the text ----------------------------------------------------------- */

struct line {
	const char *p;
	size_t n;
};

static bool
starts(const struct line *l, const char *word)
{
	return l->n >= strlen(word) && memcmp(l->p, word, strlen(word)) == 0;
}

static void
skip(struct line *l, size_t n)
{
	l->p += n;
	l->n -= n;
}

static bool
take_hex(struct line *l, uint8_t out[32])
{
	char hex[65];

	if (l->n < 64)
		return false;
	memcpy(hex, l->p, 64);
	hex[64] = '\0';
	skip(l, 64);
	return hex_decode(hex, out, 32);
}

/* Its last element is the name. */
static bool
is_name(struct line l, const char *name)
{
	for (size_t i = 0; i < l.n; i++)
		if (l.p[i] == '/') {
			skip(&l, i + 1);
			i = (size_t)-1;
		}
	return l.n == strlen(name) && memcmp(l.p, name, l.n) == 0;
}

/* "SHA256 (NAME) = HEX" */
static bool
take_bsd(struct line l, const char *name, uint8_t out[32])
{
	static const char begin[] = "SHA256 (", middle[] = ") = ";
	const char *at;
	struct line it;

	if (!starts(&l, begin))
		return false;
	skip(&l, strlen(begin));
	at = memmem(l.p, l.n, middle, strlen(middle));
	if (at == NULL)
		return false;
	it = (struct line){ l.p, (size_t)(at - l.p) };
	skip(&l, it.n + strlen(middle));
	return is_name(it, name) && take_hex(&l, out) && l.n == 0;
}

/* "HEX  NAME", "HEX *NAME" */
static bool
take_gnu(struct line l, const char *name, uint8_t out[32])
{
	if (!take_hex(&l, out) || l.n < 2 || l.p[0] != ' ')
		return false;
	while (l.n > 0 && (l.p[0] == ' ' || l.p[0] == '*'))
		skip(&l, 1);
	return is_name(l, name);
}

static struct line
trimmed(const char *p, size_t n)
{
	struct line l = { p, n };

	while (l.n > 0 && (l.p[l.n - 1] == '\r' || l.p[l.n - 1] == ' ' ||
			      l.p[l.n - 1] == '\n'))
		l.n--;
	return l;
}

/* As the file is called where the sums were made. */
static void
name_of(const char *url, char out[256])
{
	size_t n = strcspn(url, "?#"), from = n;

	while (from > 0 && url[from - 1] != '/')
		from--;
	if (!str_format(out, 256, "%.*s", (int)(n - from), url + from) ||
	    !url_unescape(out))
		out[0] = '\0'; /* no file system has such a name */
}

bool
sums_find(const char *text, size_t n, const char *url, uint8_t sha256[32],
    struct err *e)
{
	struct line all = trimmed(text, n);
	uint8_t sum[32];
	bool found = false;
	char name[256];

	name_of(url, name);
	if (all.n == 64 && take_hex(&all, sha256))
		return true;
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t len = end == NULL ? n - at : (size_t)(end - text) - at;
		struct line l = trimmed(text + at, len);

		at += len + 1;
		if (name[0] == '\0' ||
		    (!take_gnu(l, name, sum) && !take_bsd(l, name, sum)))
			continue;
		if (found && memcmp(sum, sha256, 32) != 0)
			return err_set(e, ERR_SPEC, 0,
			    "two different checksums of %.200s stand in it",
			    name);
		memcpy(sha256, sum, 32);
		found = true;
	}
	return found || err_set(e, ERR_SPEC, 0,
			    "no checksum of %.200s stands in it", name);
}

/* ---- getting it --------------------------------------------------------- */

void
sums_cancel(struct sums_call *c)
{
	if (c == NULL)
		return;
	deferred_cancel(&c->end);
	if (c->call != NULL)
		http_cancel(c->call);
	http_peer_free(c->peer);
	xfree(c->image);
	xfree(c->url);
	xfree(c);
}

static void
end(void *arg)
{
	struct sums_call *c = arg;
	struct sums_call copy = *c;
	bool ok = c->err.kind == ERR_NONE;

	if (!ok)
		(void)err_wrap(&copy.err, "image.checksum, %.150s", c->url);
	sums_cancel(c);
	copy.done(copy.arg, ok ? copy.sha256 : NULL, ok ? NULL : &copy.err);
}

static void
got(void *arg, const struct http_result *r)
{
	struct sums_call *c = arg;

	c->call = NULL;
	if (r->err == HTTP_OK && r->status >= 300 && r->status < 400)
		(void)err_set(&c->err, ERR_SPEC, r->status,
		    "it is redirected, which is refused");
	else if (r->err != HTTP_OK || r->status != 200)
		(void)http_result_err(r, &c->err);
	else
		(void)sums_find(r->body.p, r->body.n, c->image, c->sha256,
		    &c->err); /* noted in it */
	/* A 206 to no range, for one. */
	if (r->err == HTTP_OK && r->status > 200 && r->status < 300)
		(void)err_set(
		    &c->err, ERR_PROTO, r->status, "HTTP %d", r->status);
	loop_defer(c->env->loop, &c->end, end, c);
}

struct sums_call *
sums_fetch(const struct env *env, const struct origin_opts *o,
    const char *image,
    void (*done)(void *arg, const uint8_t *sha256, const struct err *e),
    void *arg, struct err *e)
{
	struct http_limits limits = { .total_us = SUMS_TIMEOUT_US,
		.head_us = SUMS_TIMEOUT_US,
		.body_max = SUMS_MAX };
	struct http_request rq = { .method = "GET",
		.may_resend = true,
		.limits = limits,
		.done = got };
	struct http_peer_opts p = { .tls = { .trust = o->trust },
		.max_conns = 1 };
	struct sums_call *c;
	char base[300];
	struct url u;

	if (!url_parse(&u, o->url, e) || !origin_allowed(o->allowed, o->url, e))
		return NULL;
	url_origin(&u, base, sizeof(base));
	p.base = base;
	c = xcalloc(1, sizeof(*c));
	c->env = env;
	c->image = xstrdup(image);
	c->url = xstrndup(o->url, strcspn(o->url, "?"));
	c->done = done;
	c->arg = arg;
	c->peer = http_peer_new(env->net, &p, e);
	if (c->peer == NULL) {
		sums_cancel(c);
		return NULL;
	}
	rq.target = u.target;
	rq.arg = c;
	c->call = http_start(c->peer, &rq);
	return c;
}
