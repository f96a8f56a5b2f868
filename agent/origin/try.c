/* One range of the origin's image, tried until it came or time is up. */
#include <string.h>

#include "agent/origin/origin_impl.h"
#include "common/mem.h"
#include "common/str.h"

#define TRY_PAUSE_US (250 * LOOP_MS)
#define TRY_PAUSE_MAX_US (5 * LOOP_S)

static void go(void *arg);

bool
origin_is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* Digits up to one that is none. */
static bool
number(const char **s, char end, uint64_t *out)
{
	const char *at = strchr(*s, end);
	char digits[24];

	if (at == NULL || (size_t)(at - *s) >= sizeof(digits))
		return false;
	memcpy(digits, *s, (size_t)(at - *s));
	digits[at - *s] = '\0';
	*s = at + 1;
	return digits[0] != '-' && str_to_u64(digits, out);
}

bool
origin_content_range(
    const char *text, uint64_t *from, uint64_t *to, uint64_t *size)
{
	if (text == NULL || !str_has_iprefix(text, "bytes "))
		return false;
	text += 6;
	return number(&text, '-', from) && number(&text, '/', to) &&
	       str_to_u64(text, size) && *from <= *to && *to < *size;
}

void
origin_facts_read(struct origin_facts *f, const struct http_header *h, size_t n)
{
	const char *etag = http_header_get(h, n, "ETag");
	const char *date = http_header_get(h, n, "Last-Modified");
	uint64_t from, to;

	*f = (struct origin_facts){ .size = 0 };
	(void)origin_content_range(http_header_get(h, n, "Content-Range"),
	    &from, &to, &f->size); /* none: size 0 */
	/* One that is cut would be equal to others: it counts as none. */
	if (etag != NULL && !str_copy(f->etag, sizeof(f->etag), etag))
		f->etag[0] = '\0';
	if (date != NULL && !str_copy(f->date, sizeof(f->date), date))
		f->date[0] = '\0';
}

void
try_free(struct try *t)
{
	timer_stop(&t->again);
	if (t->call != NULL)
		http_cancel(t->call);
	LIST_REMOVE(t, in_reader);
	xfree(t);
}

static void
finish(struct try *t, const struct http_result *result, bool failed)
{
	struct try copy = *t;

	timer_stop(&t->again);
	LIST_REMOVE(t, in_reader);
	xfree(t);
	copy.done(copy.r, copy.fn, copy.arg, result, failed ? &copy.why : NULL);
}

/* The network's or the server's fault, which may pass. */
static bool
may_pass(const struct err *e)
{
	return e->kind == ERR_NET || e->kind == ERR_TIMEOUT ||
	       e->kind == ERR_BUSY;
}

static void
retry(struct try *t, int64_t wait_us)
{
	struct loop *l = t->r->env->loop;

	if (wait_us == 0)
		wait_us = backoff_next(&t->backoff);
	if (!may_pass(&t->why) || loop_mono_us(l) + wait_us >= t->until_us)
		finish(t, NULL, true);
	else
		timer_start(l, &t->again, wait_us, go, t);
}

static void
done(void *arg, const struct http_result *res)
{
	struct try *t = arg;
	int64_t wait_us = 0;

	t->call = NULL;
	/* Cut off by our own look at the head: its status tells why. */
	if (t->refused || (res->err == HTTP_OK && res->status < 300) ||
	    (res->err == HTTP_OK &&
		(origin_is_redirect(res->status) || res->status == 412 ||
		    res->status == 416))) {
		finish(t, res, false);
		return;
	}
	(void)http_result_err(res, &t->why);
	if (res->err == HTTP_E_EOF || res->err == HTTP_E_RESET)
		t->why.kind = ERR_NET;
	if (res->err == HTTP_OK && res->status >= 500) {
		t->why.kind = ERR_BUSY;
		(void)retry_after_parse(http_header_get(res->headers,
					    res->n_headers, "Retry-After"),
		    loop_wall_us(t->r->env->loop), t->r->deadline_us,
		    &wait_us); /* none: as after any failure */
	}
	retry(t, wait_us);
}

/* A 200 would be the whole image. */
static enum http_flow
head(void *arg, int status, const struct http_header *h, size_t n)
{
	struct try *t = arg;

	(void)h;
	(void)n;
	t->status = status;
	t->refused = status == 200;
	return t->refused ? HTTP_ABORT : HTTP_MORE;
}

static void
go(void *arg)
{
	struct try *t = arg;
	struct origin_reader *r = t->r;
	const struct origin_facts *f = &r->facts;
	bool strong = f->etag[0] == '"';
	int64_t left = t->until_us - loop_mono_us(r->env->loop);
	int64_t limit = left < r->try_us ? left : r->try_us;
	struct http_header h[4] = {
		{ "Range", t->range },
		{ "Accept-Encoding", "identity" },
	};
	size_t n = 2;
	struct http_request rq = { .method = "GET",
		.target = r->url.target,
		.headers = h,
		.may_resend = true,
		.limits = { .total_us = limit > 0 ? limit : 1,
		    .head_us = limit > 0 ? limit : 1,
		    .body_max = ORIGIN_PIECE },
		.head = head,
		.done = done,
		.arg = t };

	if (r->known && strong) {
		h[n++] = (struct http_header){ "If-Match", f->etag };
		h[n++] = (struct http_header){ "If-Range", f->etag };
	} else if (r->known && f->date[0] != '\0') {
		h[n++] = (struct http_header){ "If-Unmodified-Since", f->date };
		h[n++] = (struct http_header){ "If-Range", f->date };
	}
	rq.n_headers = n;
	t->refused = false;
	t->status = 0;
	t->call = http_start(r->peer, &rq);
}

struct try *
try_start(struct origin_reader *r, uint64_t at, size_t n,
    void (*fn_done)(struct origin_reader *r, source_fn *fn, void *arg,
	const struct http_result *result, const struct err *e),
    source_fn *fn, void *arg)
{
	struct try *t = xcalloc(1, sizeof(*t));

	t->r = r;
	t->at = at;
	t->n = n;
	t->done = fn_done;
	t->fn = fn;
	t->arg = arg;
	t->until_us = loop_mono_us(r->env->loop) + r->deadline_us;
	backoff_init(&t->backoff, TRY_PAUSE_US, TRY_PAUSE_MAX_US, &r->rng);
	(void)str_format(t->range, sizeof(t->range), "bytes=%llu-%llu",
	    (unsigned long long)at, (unsigned long long)(at + n - 1));
	LIST_INSERT_HEAD(&r->tries, t, in_reader);
	go(t);
	return t;
}
