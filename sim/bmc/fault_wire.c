/* See fault_wire.h. */
#include "sim/bmc/fault_wire.h"

#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/message.h"
#include "sim/bmc/request.h"
#include "sim/bmc/service.h"
#include "sim/bmc/session.h"

#define HUGE_BYTES (100LL << 20)
#define ENDLESS_BYTES (4LL << 20)

static struct http_bytes
bytes_of(const struct buf *b)
{
	return (struct http_bytes){ buf_str(b), b->n };
}

/* ---- before ------------------------------------------------------------- */

static void
end_raw(struct request *rq, enum http_break how)
{
	struct http_exchange *x = rq->x;

	rq->x = NULL;
	if (x)
		http_exchange_on_gone(x, NULL, NULL);
	if (x)
		http_reply_raw(x, (struct http_bytes){ 0 }, 0, how);
	request_free(rq);
}

void
fault_wire_reset(struct request *rq)
{
	end_raw(rq, HTTP_RST);
}

static void
say_status(struct request *rq)
{
	const struct fault *f = rq->fault;
	struct message m = { .registry = rq->p->registry,
		.id = f->message_id ? f->message_id : "GeneralError" };
	struct jw w;

	rq->status = f->status;
	if (f->retry_after_s >= 0)
		request_headerf(
		    rq, "Retry-After", "%lld", (long long)f->retry_after_s);
	if (f->body) {
		buf_adds(&rq->out, f->body);
		return;
	}
	if (f->status < 400)
		return;
	jw_init(&w, &rq->out, "Error", NULL);
	jw_open(&w, NULL);
	jw_open(&w, "error");
	jw_s(&w, "code", m.id);
	jw_s(&w, "message", "An injected fault.");
	jw_list(&w, "@Message.ExtendedInfo");
	message_write(&w, &m);
	jw_end(&w);
	jw_close(&w);
	jw_close(&w);
}

/* Another client writes between this one's GET and its PATCH. */
static void
somebody_else(struct bmc *b)
{
	(void)str_format(
	    b->st.asset_tag, sizeof(b->st.asset_tag), "raced-%u", b->st.rev);
	bmc_changed(b);
}

bool
fault_wire_before(struct request *rq)
{
	switch ((int)rq->fault->action) {
	case FAULT_RESET:
		end_raw(rq, HTTP_RST);
		return true;
	case FAULT_HANG:
		end_raw(rq, HTTP_HANG);
		return true;
	case FAULT_STATUS:
		say_status(rq);
		request_finish(rq);
		return true;
	case FAULT_RATE_LIMIT:
		rq->fault->status = 429;
		say_status(rq);
		request_finish(rq);
		return true;
	case FAULT_RACE:
		somebody_else(rq->b);
		return false;
	case FAULT_REDIRECT:
		rq->status = rq->fault->status ? rq->fault->status : 307;
		request_header(rq, "Location", rq->fault->url);
		request_finish(rq);
		return true;
	case FAULT_EXPIRE_SESSION:
		session_close_all(rq->b, "fault");
		return false;
	default:
		return false;
	}
}

/* ---- replies that never end ---------------------------------------------- */

/* A stream of one byte, without the memory for it. */
struct flood {
	LIST_ENTRY(flood) link; /* of the fleet, should it end first */
	struct http_exchange *x;
	int64_t left;
};

static void
flood_free(void *arg)
{
	struct flood *fl = arg;

	LIST_REMOVE(fl, link);
	xfree(fl);
}

void
fault_wire_drop_all(struct bmc_fleet *f)
{
	struct flood *fl;

	while ((fl = LIST_FIRST(&f->floods)))
		flood_free(fl);
}

static enum http_flow
pull_flood(void *arg, void *out, size_t cap, size_t *n)
{
	struct flood *fl = arg;

	*n = (int64_t)cap < fl->left ? cap : (size_t)fl->left;
	memset(out, ' ', *n);
	fl->left -= (int64_t)*n;
	if (fl->left > 0)
		return HTTP_MORE;
	http_exchange_on_gone(fl->x, NULL, NULL);
	flood_free(fl);
	return HTTP_END;
}

static void
flood(struct request *rq, struct http_exchange *x, const struct http_header *h,
    size_t n)
{
	struct flood *fl = xcalloc(1, sizeof(*fl));
	struct http_source src = { pull_flood, fl, 0 };

	fl->x = x;
	fl->left = rq->fault->bytes ? rq->fault->bytes : HUGE_BYTES;
	src.length = fl->left;
	LIST_INSERT_HEAD(&rq->b->fleet->floods, fl, link);
	http_exchange_on_gone(x, flood_free, fl);
	http_reply_stream(x, rq->status, h, n, &src);
}

static void
endless_header(struct request *rq, struct http_exchange *x)
{
	int64_t total = rq->fault->bytes ? rq->fault->bytes : ENDLESS_BYTES;
	struct buf b;

	buf_init(&b, (size_t)total + 256);
	buf_adds(&b, "HTTP/1.1 200 OK\r\n");
	for (int64_t i = 0; (int64_t)b.n < total; i++)
		buf_addf(
		    &b, "X-Fault-%lld: and so on and on\r\n", (long long)i);
	http_reply_raw(x, bytes_of(&b), 0, HTTP_HANG);
	buf_free(&b);
}

/* One header is another, is missing, or is there besides. */
static void
other_header(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	const struct fault *f = rq->fault;
	struct http_header out[REQUEST_HEADERS + 1];
	size_t k = 0;

	if (f->status)
		rq->status = f->status;
	for (size_t i = 0; i < n; i++)
		if (!str_ieq(h[i].name, f->header))
			out[k++] = h[i];
	if (f->header_value)
		out[k++] = (struct http_header){ f->header, f->header_value };
	http_reply(x, rq->status, out, k, bytes_of(&rq->out));
}

bool
fault_wire_reply(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	switch ((int)rq->fault->action) {
	case FAULT_LOST_REPLY:
		http_reply_raw(x, (struct http_bytes){ 0 }, 0, HTTP_RST);
		return true;
	case FAULT_NO_REPLY:
		http_reply_raw(x, (struct http_bytes){ 0 }, 0, HTTP_HANG);
		return true;
	case FAULT_HUGE_BODY:
		flood(rq, x, h, n);
		return true;
	case FAULT_ENDLESS_HEADER:
		endless_header(rq, x);
		return true;
	case FAULT_HEADER:
		other_header(rq, x, h, n);
		return true;
	default:
		break;
	}
	if (fault_frame_reply(rq, x, h, n))
		return true;
	if (!fault_spoil_body(rq))
		return false;
	http_reply(x, rq->status, h, n, bytes_of(&rq->out));
	return true;
}
