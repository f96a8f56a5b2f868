/* See origin.h. */
#include "sim/origin/origin.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "common/env.h"
#include "common/http.h"
#include "common/json.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/origin/image.h"
#include "sim/origin/kind.h"
#include "sim/origin/tree.h"

#define SLOW_RATE 4096

struct rule {
	LIST_ENTRY(rule) link;
	char *glob; /* owned */
	int status;
	unsigned left; /* 0 = for ever */
};

/* A body that is on its way. */
struct body {
	LIST_ENTRY(body) link;
	struct origin *o;
	struct http_exchange *x;
	struct image im;
	int64_t at, end;
	struct origin_count *count; /* borrowed from o->counts */
};

struct origin {
	const struct env *env;
	struct tls_identity *identity; /* borrowed */
	struct http_server *server;
	struct map counts; /* path -> struct origin_count (owned) */
	LIST_HEAD(, rule) rules;
	LIST_HEAD(, body) bodies;
	struct tree *trees[KIND_FAMILIES]; /* owned; made when asked for */
};

/* ---- counts and failures ------------------------------------------------ */

static struct origin_count *
count_of(struct origin *o, const char *path)
{
	struct origin_count *c = map_get(&o->counts, path);

	if (!c) {
		c = xcalloc(1, sizeof(*c));
		(void)map_put(&o->counts, path, c); /* was absent */
	}
	return c;
}

struct origin_count
origin_count(const struct origin *o, const char *path)
{
	struct origin_count sum = { 0 };

	for (size_t i = 0; i < o->counts.n; i++) {
		const struct origin_count *c = o->counts.v[i].value;

		if (path && !str_eq(path, o->counts.v[i].key))
			continue;
		sum.heads += c->heads;
		sum.gets += c->gets;
		sum.bytes += c->bytes;
	}
	return sum;
}

static void
rule_free(struct rule *r)
{
	LIST_REMOVE(r, link);
	xfree(r->glob);
	xfree(r);
}

void
origin_fail(struct origin *o, const char *glob, int status, unsigned count)
{
	struct rule *r;

	LIST_FOREACH (r, &o->rules, link)
		if (str_eq(r->glob, glob)) {
			rule_free(r);
			break;
		}
	if (!status)
		return;
	r = xcalloc(1, sizeof(*r));
	r->glob = xstrdup(glob);
	r->status = status;
	r->left = count;
	LIST_INSERT_HEAD(&o->rules, r, link);
}

/* Status of a failure that was asked for; 0 = none. */
static int
failure(struct origin *o, const char *path)
{
	struct rule *r;
	int status;

	LIST_FOREACH (r, &o->rules, link) {
		if (!str_glob(r->glob, path))
			continue;
		status = r->status;
		if (r->left && --r->left == 0)
			rule_free(r);
		return status;
	}
	return 0;
}

/* ---- sending ------------------------------------------------------------ */

/* "bytes=a-b", "bytes=a-", "bytes=-n". 0 none, 1 good, -1 not satisfiable */
static int
parse_range(const char *s, int64_t size, int64_t *from, int64_t *to)
{
	char a[24], *dash;
	int64_t n;

	if (!s || !str_has_prefix(s, "bytes=") || strchr(s, ',') ||
	    !str_copy(a, sizeof(a), s + 6))
		return 0;
	dash = strchr(a, '-');
	if (!dash)
		return 0;
	*dash++ = '\0';
	*to = size - 1;
	if (!*a) {
		if (!str_to_i64(dash, &n) || n <= 0)
			return -1;
		*from = n < size ? size - n : 0;
		return 1;
	}
	if (!str_to_i64(a, from) || *from < 0 ||
	    (*dash && !str_to_i64(dash, to)))
		return 0;
	if (*to >= size)
		*to = size - 1;
	return *from <= *to ? 1 : -1;
}

static void
body_free(void *arg)
{
	struct body *b = arg;

	LIST_REMOVE(b, link);
	xfree(b);
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct body *b = arg;
	int64_t left = b->end - b->at;

	*n = (int64_t)cap < left ? cap : (size_t)left;
	image_read(&b->im, b->at, out, *n);
	b->at += (int64_t)*n;
	b->count->bytes += *n;
	if (b->at < b->end)
		return HTTP_MORE;
	http_exchange_on_gone(b->x, NULL, NULL);
	body_free(b);
	return HTTP_END;
}

struct answer {
	const struct origin_kind *k;
	struct image im;
	int64_t from, to;
	int status;
	bool head;
};

static void
stream(struct origin *o, struct http_exchange *x, const struct answer *a,
    const struct http_header *h, size_t n, struct origin_count *c)
{
	struct body *b = xcalloc(1, sizeof(*b));
	struct http_source src = { pull, b, a->to - a->from + 1 };

	b->o = o;
	b->x = x;
	b->im = a->im;
	b->at = a->from;
	b->end = a->to + 1;
	b->count = c;
	LIST_INSERT_HEAD(&o->bodies, b, link);
	http_exchange_on_gone(x, body_free, b);
	http_reply_stream(x, a->status, h, n, &src);
}

/* Slow and truncated bodies break the framing: written by hand. */
static void
raw(struct http_exchange *x, const struct answer *a,
    const struct http_header *h, size_t n, int64_t rate)
{
	int64_t len = a->to - a->from + 1;
	int64_t sent = a->k->truncated ? len / 2 : len;
	struct buf b;
	char *p;

	/* of a huge image only a part will ever trickle out */
	if (sent > 4 << 20)
		sent = 4 << 20;
	buf_init(&b, (size_t)sent + 4096);
	buf_addf(&b, "HTTP/1.1 %d OK\r\n", a->status);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s: %s\r\n", h[i].name, h[i].value);
	buf_addf(&b, "Content-Length: %lld\r\n\r\n", (long long)len);
	p = xmalloc((size_t)sent);
	image_read(&a->im, a->from, p, (size_t)sent);
	buf_add(&b, p, (size_t)sent);
	xfree(p);
	http_reply_raw(
	    x, (struct http_bytes){ buf_str(&b), b.n }, rate, HTTP_FIN);
	buf_free(&b);
}

static void
plain(struct http_exchange *x, int status, const char *text)
{
	static const struct http_header h[] = {
		{ "Content-Type", "text/plain" },
	};

	http_reply(x, status, h, 1, (struct http_bytes){ text, strlen(text) });
}

/* The length of a HEAD is that of the GET: a source that is never read. */
static enum http_flow
pull_nothing(void *arg, void *out, size_t cap, size_t *n)
{
	(void)arg;
	(void)out;
	(void)cap;
	*n = 0;
	return HTTP_END;
}

static void
head_reply(struct http_exchange *x, const struct answer *a,
    const struct http_header *h, size_t n)
{
	struct http_source src = { pull_nothing, NULL, a->to - a->from + 1 };

	http_reply_stream(x, a->status, h, n, &src);
}

/* Sends what was settled; the headers are those of a whole or of a range. */
static void
send_image(struct origin *o, struct http_exchange *x, const struct answer *a,
    struct origin_count *c)
{
	char span[96], tag[32];
	const struct http_header h[] = {
		{ "Content-Type", "application/octet-stream" },
		{ "ETag", tag },
		{ "Accept-Ranges", a->k->no_range ? "none" : "bytes" },
		{ "Content-Range", span },
	};
	size_t n = a->status == 206 ? 4 : 3;

	(void)snprintf(tag, sizeof(tag), "\"%016llx\"",
	    (unsigned long long)str_hash(
		a->im.note, a->im.key ^ (uint64_t)a->im.size));
	(void)snprintf(span, sizeof(span), "bytes %lld-%lld/%lld",
	    (long long)a->from, (long long)a->to, (long long)a->im.size);
	if (a->head)
		head_reply(x, a, h, n);
	else if (a->k->slow)
		raw(x, a, h, n,
		    kind_number(http_exchange_target(x), "rate", SLOW_RATE));
	else if (a->k->truncated)
		raw(x, a, h, n, 0);
	else
		stream(o, x, a, h, n, c);
}

static void
serve(struct origin *o, struct http_exchange *x, const char *path,
    const struct origin_kind *k)
{
	struct origin_count *c = count_of(o, path);
	struct answer a = { .k = k, .status = 200 };
	int ranged = 0;

	if (!kind_image(k, o->trees, http_exchange_target(x), &a.im)) {
		plain(x, 404, "no such family; see --help\n");
		return;
	}
	a.head = str_eq(http_exchange_method(x), "HEAD");
	a.to = a.im.size - 1;
	if (a.head)
		c->heads++;
	else
		c->gets++;
	if (!k->no_range)
		ranged = parse_range(http_exchange_header(x, "Range"),
		    a.im.size, &a.from, &a.to);
	if (ranged < 0) {
		plain(x, 416, "range not satisfiable\n");
		return;
	}
	if (ranged > 0)
		a.status = 206;
	send_image(o, x, &a, c);
}

/* ---- control ------------------------------------------------------------ */

static void
stats(struct origin *o, struct http_exchange *x)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/json" },
	};
	cJSON *j = cJSON_CreateObject(), *paths = cJSON_CreateObject();
	char *text;

	for (size_t i = 0; i < o->counts.n; i++) {
		const struct origin_count *c = o->counts.v[i].value;
		cJSON *one = cJSON_CreateObject();

		json_set_i64(one, "heads", (int64_t)c->heads);
		json_set_i64(one, "gets", (int64_t)c->gets);
		json_set_i64(one, "bytes", (int64_t)c->bytes);
		json_set(paths, o->counts.v[i].key, one);
	}
	json_set(j, "paths", paths);
	text = json_print_pretty(j);
	http_reply(x, 200, h, 1, (struct http_bytes){ text, strlen(text) });
	xfree(text);
	cJSON_Delete(j);
}

static void
zero(struct origin *o)
{
	/* bodies on their way still point to their counts */
	for (size_t i = 0; i < o->counts.n; i++)
		memset(o->counts.v[i].value, 0, sizeof(struct origin_count));
}

static bool
set_failure(struct origin *o, struct http_bytes body, struct err *e)
{
	cJSON *j = json_parse(body.p, body.n, e);
	const char *glob = json_str(j, "path", NULL);
	int64_t status = json_i64(j, "status", 0);
	int64_t n = json_i64(j, "count", 0);
	bool ok =
	    j && glob && status >= 0 && status <= 599 && n >= 0 && n < 1 << 30;

	if (ok)
		origin_fail(o, glob, (int)status, (unsigned)n);
	else if (j)
		err_set(e, ERR_SPEC, 0, "path, status and count are needed");
	cJSON_Delete(j);
	return ok;
}

static void
control(struct origin *o, struct http_exchange *x, const char *path,
    struct http_bytes body)
{
	bool post = str_eq(http_exchange_method(x), "POST");
	struct err e = { 0 };

	if (str_eq(path, "/-/stats") && !post) {
		stats(o, x);
	} else if (str_eq(path, "/-/reset") && post) {
		zero(o);
		plain(x, 200, "done\n");
	} else if (str_eq(path, "/-/fault") && post) {
		if (set_failure(o, body, &e))
			plain(x, 200, "done\n");
		else
			plain(x, 400, e.msg);
	} else {
		plain(x, 404, "GET /-/stats, POST /-/reset, POST /-/fault\n");
	}
}

/* ---- requests ----------------------------------------------------------- */

static void
whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct origin *o = arg;
	const char *method = http_exchange_method(x);
	const char *target = http_exchange_target(x);
	char *path = xstrndup(target, strcspn(target, "?"));
	const struct origin_kind *k = origin_kind_of(path);
	int status;

	if (str_has_prefix(path, "/-/")) {
		control(o, x, path, body);
	} else if (!str_eq(method, "GET") && !str_eq(method, "HEAD")) {
		plain(x, 405, "GET or HEAD\n");
	} else {
		status = failure(o, path);
		if (status)
			plain(x, status, "as was asked for\n");
		else if (k)
			serve(o, x, path, k);
		else
			plain(x, 404, "no such image; see --help\n");
	}
	xfree(path);
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, whole, arg);
}

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	struct origin *o = arg;

	(void)local;
	return o->identity;
}

/* ---- life --------------------------------------------------------------- */

struct origin *
origin_new(const struct env *env, const struct origin_opts *opts, struct err *e)
{
	struct origin *o = xcalloc(1, sizeof(*o));
	struct http_listen_opts lo = { .addr = opts->addr ? opts->addr
							  : "127.0.0.1",
		.port = opts->port,
		.handle = handle,
		.arg = o,
		.limits = { .body_max = 65536,
		    .total_us = HTTP_NO_LIMIT,
		    .idle_us = HTTP_NO_LIMIT } };

	o->env = env;
	o->identity = opts->identity;
	LIST_INIT(&o->rules);
	LIST_INIT(&o->bodies);
	if (o->identity)
		lo.identity = identity;
	o->server = http_listen(env->net, &lo, e);
	if (o->server)
		return o;
	xfree(o);
	err_wrap(e, "image origin");
	return NULL;
}

void
origin_free(struct origin *o)
{
	if (!o)
		return;
	while (LIST_FIRST(&o->bodies)) {
		http_exchange_on_gone(LIST_FIRST(&o->bodies)->x, NULL, NULL);
		body_free(LIST_FIRST(&o->bodies));
	}
	http_server_free(o->server);
	while (LIST_FIRST(&o->rules))
		rule_free(LIST_FIRST(&o->rules));
	map_free(&o->counts, xfree);
	for (size_t i = 0; i < KIND_FAMILIES; i++)
		tree_free(o->trees[i]);
	xfree(o);
}

unsigned
origin_port(const struct origin *o)
{
	return http_server_port(o->server);
}
