/* Replies whose framing is unusual, or wrong; the body is right. */
#include <string.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/str.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/gzip.h"
#include "sim/bmc/request.h"

#define TRICKLE_RATE 16

static void
fields(struct buf *b, const struct http_header *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s: %s\r\n", h[i].name, h[i].value);
}

static void
head(struct buf *b, const struct request *rq, const struct http_header *h,
    size_t n, const char *version)
{
	buf_addf(b, "%s %d Fault\r\n", version, rq->status);
	fields(b, h, n);
}

static void
length(struct buf *b, size_t n)
{
	buf_addf(b, "Content-Length: %zu\r\n\r\n", n);
}

static void
chunk(struct buf *b, const char *p, size_t n)
{
	buf_addf(b, "%zx\r\n", n);
	buf_add(b, p, n);
	buf_adds(b, "\r\n");
}

static void
chunks(struct buf *b, const struct request *rq, bool bad)
{
	const char *p = buf_str(&rq->out);
	size_t n = rq->out.n, half = n / 2;

	buf_adds(b, "Transfer-Encoding: chunked\r\n\r\n");
	if (half || bad)
		chunk(b, p, half);
	if (bad) {
		buf_adds(b, "zz\r\n");
		return;
	}
	if (n > half)
		chunk(b, p + half, n - half);
	buf_adds(b, "0\r\n\r\n");
}

/* Answers before the answer (RFC 9110 15.2). */
static void
interim(struct buf *b)
{
	buf_adds(b, "HTTP/1.1 102 Processing\r\n\r\n"
		    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
}

/* Whatever was asked for; the tag says so, and no longer matches. */
static void
forced_gzip(struct buf *b, const struct request *rq,
    const struct http_header *h, size_t n)
{
	struct buf z;

	buf_addf(b, "HTTP/1.1 %d Fault\r\n", rq->status);
	for (size_t i = 0; i < n; i++) {
		char tag[ETAG_CAP];

		if (str_eq(h[i].name, "ETag"))
			buf_addf(b, "ETag: %s\r\n", gzip_tag(h[i].value, tag));
		else
			fields(b, &h[i], 1);
	}
	buf_adds(b, "Content-Encoding: gzip\r\n");
	buf_init(&z, rq->out.n * 2 + 1024);
	gzip_stored(&z, buf_str(&rq->out), rq->out.n);
	length(b, z.n);
	buf_add(b, buf_str(&z), z.n);
	buf_free(&z);
}

static void
plain(struct buf *b, const struct request *rq, size_t n)
{
	length(b, rq->out.n);
	buf_add(b, buf_str(&rq->out), n);
}

static void
frame(struct buf *b, const struct request *rq, const struct http_header *h,
    size_t n)
{
	enum fault_action a = rq->fault->action;

	if (a == FAULT_GZIP) {
		forced_gzip(b, rq, h, n);
		return;
	}
	if (a == FAULT_INTERIM)
		interim(b);
	head(b, rq, h, n, a == FAULT_HTTP10 ? "HTTP/1.0" : "HTTP/1.1");
	if (a == FAULT_BAD_CHUNK || a == FAULT_CHUNKED) {
		chunks(b, rq, a == FAULT_BAD_CHUNK);
	} else if (a == FAULT_READ_TO_CLOSE || a == FAULT_NO_CLOSE_NOTIFY) {
		buf_adds(b, "\r\n");
		buf_add(b, buf_str(&rq->out), rq->out.n);
	} else {
		plain(b, rq, a == FAULT_TRUNCATE ? rq->out.n / 2 : rq->out.n);
	}
}

bool
fault_frame_reply(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	static const bool mine[FAULT_N] = { [FAULT_TRUNCATE] = true,
		[FAULT_BAD_CHUNK] = true,
		[FAULT_TRICKLE] = true,
		[FAULT_CHUNKED] = true,
		[FAULT_READ_TO_CLOSE] = true,
		[FAULT_HTTP10] = true,
		[FAULT_INTERIM] = true,
		[FAULT_GZIP] = true,
		[FAULT_CLOSE] = true,
		[FAULT_NO_CLOSE_NOTIFY] = true };
	const struct fault *f = rq->fault;
	int64_t rate = f->rate ? f->rate : TRICKLE_RATE;
	struct buf b;

	if (!mine[f->action])
		return false;
	buf_init(&b, 2 * (size_t)REPLY_BODY_MAX + 65536);
	frame(&b, rq, h, n);
	http_reply_raw(x, (struct http_bytes){ buf_str(&b), b.n },
	    f->action == FAULT_TRICKLE ? rate : 0,
	    f->action == FAULT_NO_CLOSE_NOTIFY ? HTTP_CUT : HTTP_FIN);
	buf_free(&b);
	return true;
}
