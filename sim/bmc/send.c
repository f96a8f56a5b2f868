/* How a reply goes out: compressed, in chunks, with small letters. */
#include <string.h>

#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/gzip.h"
#include "sim/bmc/request.h"

#define NAME_CAP 32

/* A body that is handed out piece by piece. */
struct chunks {
	LIST_ENTRY(chunks) link; /* of the fleet, should it end first */
	struct http_exchange *x;
	struct buf body;
	size_t at;
};

static void
chunks_free(void *arg)
{
	struct chunks *c = arg;

	LIST_REMOVE(c, link);
	buf_free(&c->body);
	xfree(c);
}

void
send_drop_all(struct bmc_fleet *f)
{
	struct chunks *c;

	while ((c = LIST_FIRST(&f->chunks)))
		chunks_free(c);
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct chunks *c = arg;
	size_t left = c->body.n - c->at;

	*n = left < cap ? left : cap;
	memcpy(out, buf_str(&c->body) + c->at, *n);
	c->at += *n;
	if (*n < left)
		return HTTP_MORE;
	http_exchange_on_gone(c->x, NULL, NULL);
	chunks_free(c);
	return HTTP_END;
}

static void
in_chunks(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	struct chunks *c = xcalloc(1, sizeof(*c));
	struct http_source src = { pull, c, -1 };

	c->x = x;
	buf_init(&c->body, rq->out.n + 1);
	buf_add(&c->body, buf_str(&rq->out), rq->out.n);
	LIST_INSERT_HEAD(&rq->b->fleet->chunks, c, link);
	http_exchange_on_gone(x, chunks_free, c);
	http_reply_stream(x, rq->status, h, n, &src);
}

static bool
wants_gzip(const struct request *rq)
{
	const char *a = rq->in[IN_ACCEPT_ENCODING];

	return rq->p->gzip && rq->verb == VERB_GET && rq->status == 200 && a &&
	       strstr(a, "gzip");
}

/* Room for one more was kept by the caller. */
static void
compress(
    struct request *rq, struct http_header *h, size_t *n, char tag[ETAG_CAP])
{
	struct buf z;

	for (size_t i = 0; i < *n; i++)
		if (str_eq(h[i].name, "ETag"))
			h[i].value = gzip_tag(h[i].value, tag);
	h[(*n)++] = (struct http_header){ "Content-Encoding", "gzip" };
	buf_init(&z, rq->out.n * 2 + 1024);
	gzip_stored(&z, buf_str(&rq->out), rq->out.n);
	buf_free(&rq->out);
	rq->out = z;
}

static void
small_letters(struct http_header *h, size_t n, char names[][NAME_CAP])
{
	for (size_t i = 0; i < n; i++) {
		(void)str_copy(names[i], NAME_CAP, h[i].name);
		for (char *p = names[i]; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p - 'A' + 'a');
		h[i].name = names[i];
	}
}

void
send_reply(struct request *rq, struct http_exchange *x, struct http_header *h,
    size_t n)
{
	char names[REQUEST_HEADERS + 1][NAME_CAP], tag[ETAG_CAP];

	if (wants_gzip(rq))
		compress(rq, h, &n, tag);
	if (rq->p->lower_case)
		small_letters(h, n, names);
	if (rq->stream)
		rq->stream(rq, x, h, n);
	else if (rq->p->chunked && rq->out.n && rq->verb != VERB_HEAD)
		in_chunks(rq, x, h, n);
	else
		http_reply(x, rq->status, h, n,
		    (struct http_bytes){ buf_str(&rq->out), rq->out.n });
}
