/*
 * One GET or HEAD of a medium. It holds no bytes while its source answers at
 * once: they go right into what the network asked to be filled. Of what comes
 * later the first part is kept until the network takes it.
 */
#include <string.h>

#include "agent/serve/range.h"
#include "agent/serve/serve_impl.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define HOLD_MAX (16u << 10) /* the rest is asked for again */
#define RETRY_SOON_S 2
#define RETRY_LATER_S 15

struct stream {
	LIST_ENTRY(stream) in_serve;
	struct serve *s;
	struct http_exchange *x;
	struct live_claim *claim; /* counted */
	enum token_purpose which;
	bool opening, has_image, replied, reading;
	bool failed; /* it cannot go on: cut at the next pull */
	struct serve_image image;
	uint64_t at, end; /* what is still to be sent */
	struct ahead ahead;
	/* The room of the pull that is running; else NULL. */
	char *out;
	size_t got;
	char *held; /* owned: came later */
	size_t held_n, held_at;
};

static void
hold(struct stream *t, const void *p, size_t n)
{
	t->s->counts.buffered -= t->held_n;
	if (t->held != NULL)
		secret_wipe(t->held, t->held_n);
	xfree(t->held);
	t->held = n == 0 ? NULL : xmalloc(n);
	if (n > 0)
		memcpy(t->held, p, n);
	t->held_n = n;
	t->held_at = 0;
	t->s->counts.buffered += n;
}

static void
gauge(const struct serve *s)
{
	metrics_set(
	    s->env->metrics, "beskar7_media_streams", NULL, s->counts.streams);
}

static void
stream_free(struct stream *t)
{
	struct serve *s = t->s;

	if (t->opening)
		s->hooks.cancel(s->hooks.self, t);
	if (t->reading)
		t->image.source->cancel(t->image.source->self, t);
	if (t->has_image)
		s->hooks.give_back(s->hooks.self, &t->image);
	hold(t, NULL, 0);
	LIST_REMOVE(t, in_serve);
	t->claim->streams[t->which]--;
	s->counts.streams--;
	gauge(s);
	live_unref(t->claim);
	xfree(t);
}

static void
cut(const struct stream *t, const char *why, const struct err *e)
{
	struct serve *s = t->s;
	char labels[32];

	(void)str_format(labels, sizeof(labels), "reason=\"%s\"", why);
	metrics_add(s->env->metrics, "beskar7_media_cut_total", labels, 1);
	if (e != NULL)
		LOGW(s->env->log,
		    "a medium cannot be read on; the reply is cut",
		    F_STR("host", t->claim->key), F_INT("at", (int64_t)t->at),
		    F_ERR(e));
	else
		LOGD(s->env->log, "a reader of a medium went away",
		    F_STR("host", t->claim->key), F_STR("why", why),
		    F_INT("at", (int64_t)t->at));
}

static void
gone(void *arg)
{
	struct stream *t = arg;

	cut(t, "client", NULL);
	stream_free(t);
}

/* ---- bytes -------------------------------------------------------------- */

static void
read_done(void *arg, const void *p, size_t n, const struct err *e)
{
	struct stream *t = arg;

	t->reading = false;
	if (p == NULL) {
		cut(t, "origin", e);
		t->failed = true;
	} else if (t->out != NULL) {
		memcpy(t->out, p, n);
		t->got = n;
	} else {
		hold(t, p, n < HOLD_MAX ? n : HOLD_MAX);
	}
	if (t->out == NULL)
		http_exchange_resume(t->x);
}

/* Bytes for the network, of what is held or by a read that ends at once. */
static size_t
fill(struct stream *t, char *out, size_t cap)
{
	const struct source *from = t->image.source;
	size_t n = t->held_n - t->held_at;

	if (n > 0) {
		if (n > cap)
			n = cap;
		memcpy(out, t->held + t->held_at, n);
		t->held_at += n;
		if (t->held_at == t->held_n)
			hold(t, NULL, 0);
		return n;
	}
	if (t->reading)
		return 0;
	if (cap > SERVE_PIECE)
		cap = SERVE_PIECE;
	if (cap > t->end - t->at)
		cap = (size_t)(t->end - t->at);
	t->reading = true;
	t->out = out;
	t->got = 0;
	from->read(from->self, t->at, cap, read_done, t);
	t->out = NULL;
	return t->got;
}

/* [at, at + n) goes to the network. */
static void
count(struct stream *t, size_t n)
{
	struct serve *s = t->s;
	const struct source *from = t->image.source;
	int64_t now_us = loop_mono_us(s->env->loop);
	uint64_t next;

	seen_add(&t->claim->seen[t->which], t->at, n, now_us);
	s->counts.bytes += n;
	metrics_add(
	    s->env->metrics, "beskar7_media_bytes_total", NULL, (int64_t)n);
	if (ahead_add(&t->ahead, t->at, n, now_us, &next) &&
	    from->ahead != NULL && next < from->size)
		from->ahead(from->self, next);
	t->claim->ahead[t->which] = t->ahead;
	t->at += n;
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct stream *t = arg;

	*n = 0;
	if (!t->failed && !live_open(t->claim, t->which)) {
		cut(t, "closed", NULL);
		t->failed = true;
	}
	if (!t->failed)
		*n = fill(t, out, cap);
	if (t->failed) {
		*n = 0;
		stream_free(t);
		return HTTP_ABORT;
	}
	if (*n == 0)
		return HTTP_PAUSE;
	count(t, *n);
	if (t->at < t->end)
		return HTTP_MORE;
	http_exchange_on_gone(t->x, NULL, NULL);
	stream_free(t);
	return HTTP_END;
}

/* The length of a HEAD is that of the GET. */
static enum http_flow
pull_nothing(void *arg, void *out, size_t cap, size_t *n)
{
	(void)arg;
	(void)out;
	(void)cap;
	*n = 0;
	return HTTP_END;
}

/* ---- heads -------------------------------------------------------------- */

struct answer {
	int status;
	struct range r;
	char content_range[80], etag[80];
	struct http_header h[6];
	size_t n;
};

static void
add(struct answer *a, const char *name, const char *value)
{
	a->h[a->n++] = (struct http_header){ name, value };
}

/* RFC 9110, 13.2.2: preconditions in their order, then the range. */
static void
decide(const struct stream *t, struct answer *a, bool head)
{
	const char *tag = t->image.etag;
	const char *match = http_exchange_header(t->x, "If-Match");
	const char *none = http_exchange_header(t->x, "If-None-Match");
	const char *range = http_exchange_header(t->x, "Range");
	uint64_t size = t->image.source->size;

	*a = (struct answer){ .status = 200, .r = { 0, size } };
	if (match != NULL && !range_tag_listed(match, tag, false)) {
		a->status = 412;
	} else if (none != NULL && range_tag_listed(none, tag, true)) {
		a->status = 304;
	} else if (!head && range != NULL &&
		   range_tag_holds(
		       http_exchange_header(t->x, "If-Range"), tag)) {
		switch (range_parse(range, size, &a->r)) {
		case RANGE_WHOLE:
			break;
		case RANGE_PART:
			a->status = 206;
			break;
		case RANGE_BEYOND:
			a->status = 416;
			break;
		}
	}
	add(a, "Accept-Ranges", "bytes");
	(void)str_copy(a->etag, sizeof(a->etag), tag);
	add(a, "ETag", a->etag);
	add(a, "Cache-Control", "no-store");
	add(a, "Content-Type", "application/octet-stream");
	if (a->status == 206)
		(void)str_format(a->content_range, sizeof(a->content_range),
		    "bytes %llu-%llu/%llu", (unsigned long long)a->r.at,
		    (unsigned long long)(a->r.at + a->r.n - 1),
		    (unsigned long long)size);
	else if (a->status == 416)
		(void)str_format(a->content_range, sizeof(a->content_range),
		    "bytes */%llu", (unsigned long long)size);
	if (a->content_range[0] != '\0')
		add(a, "Content-Range", a->content_range);
}

static void
reply(struct stream *t)
{
	bool head = str_eq(http_exchange_method(t->x), "HEAD");
	struct http_source src = { pull, t, 0 };
	struct http_exchange *x = t->x;
	struct answer a;

	decide(t, &a, head);
	serve_count(t->s, "medium", a.status);
	if (head)
		t->claim->seen[t->which].heads++;
	else
		t->claim->seen[t->which].gets++;
	src.length = (int64_t)a.r.n;
	t->at = a.r.at;
	t->end = a.r.at + a.r.n;
	/* BMCs read in many requests: this one may go on where the last ended. */
	t->ahead = t->claim->ahead[t->which];
	t->replied = true;
	if (a.status < 300 && !head && a.r.n > 0) {
		http_reply_stream(x, a.status, a.h, a.n, &src);
		return;
	}
	http_exchange_on_gone(x, NULL, NULL);
	stream_free(t);
	if (a.status < 300 && head) {
		src = (struct http_source){ pull_nothing, NULL, src.length };
		http_reply_stream(x, a.status, a.h, a.n, &src);
	} else {
		http_reply(x, a.status, a.h, a.n, (struct http_bytes){ "", 0 });
	}
}

/* ---- opening ------------------------------------------------------------ */

static void
refuse(struct stream *t, int status, int retry_after_s)
{
	struct http_exchange *x = t->x;
	struct serve *s = t->s;

	http_exchange_on_gone(x, NULL, NULL);
	stream_free(t);
	serve_say(
	    s, x, status == 404 ? "none" : "medium", status, retry_after_s);
}

/* Another medium than the one that was read before is read anew. */
static void
remember(struct live_claim *c, enum token_purpose which,
    const struct serve_image *im)
{
	struct seen *s = &c->seen[which];

	if (str_eq(c->etag[which], im->etag))
		return;
	seen_free(s);
	seen_init(s, im->source->size);
	for (size_t i = 0; i < im->n_marks; i++)
		(void)seen_mark(s, im->marks[i].what, im->marks[i].at,
		    im->marks[i].n); /* more than fit are not watched */
	(void)str_copy(c->etag[which], sizeof(c->etag[which]), im->etag);
}

static void
opened(void *arg, const struct serve_image *image, const struct err *e)
{
	struct stream *t = arg;

	t->opening = false;
	if (image == NULL) {
		LOGW(t->s->env->log, "a medium cannot be served",
		    F_STR("host", t->claim->key), F_ERR(e));
		if (e->kind == ERR_NOTFOUND)
			refuse(t, 404, 0);
		else
			refuse(t, 503,
			    e->kind == ERR_BUSY ? RETRY_SOON_S : RETRY_LATER_S);
		return;
	}
	t->image = *image;
	t->image.marks = NULL;
	t->has_image = true;
	if (!live_open(t->claim, t->which)) {
		refuse(t, 404, 0);
		return;
	}
	remember(t->claim, t->which, image);
	if (t->s->o.bind && !t->claim->bound) {
		t->claim->reader = *http_exchange_remote(t->x);
		t->claim->bound = true;
	}
	reply(t);
}

void
stream_start(struct serve *s, struct http_exchange *x, struct live_claim *c,
    enum token_purpose which)
{
	struct stream *t = xcalloc(1, sizeof(*t));

	t->s = s;
	t->x = x;
	t->claim = live_ref(c);
	t->which = which;
	t->claim->streams[which]++;
	s->counts.streams++;
	gauge(s);
	LIST_INSERT_HEAD(&s->streams, t, in_serve);
	http_exchange_on_gone(x, gone, t);
	t->opening = true;
	s->hooks.open(
	    s->hooks.self, c, which, opened, t); /* t may be gone now */
}

void
stream_closed(struct serve *s, struct live_claim *c)
{
	struct stream *t, *next;

	for (t = LIST_FIRST(&s->streams); t != NULL; t = next) {
		next = LIST_NEXT(t, in_serve);
		if (t->claim != c || live_open(c, t->which))
			continue;
		if (!t->replied)
			refuse(t, 404, 0);
		else
			http_exchange_resume(t->x); /* to be cut by its pull */
	}
}

void
stream_free_all(struct serve *s)
{
	while (!LIST_EMPTY(&s->streams))
		stream_free(LIST_FIRST(&s->streams));
}
