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
#define DEEP_LEVELS 100000
#define TRICKLE_RATE 16

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

/* ---- spoilt replies ----------------------------------------------------- */

/* A head as the server would write it, for replies that break framing. */
static void
head(struct buf *b, const struct request *rq, const struct http_header *h,
    size_t n, const char *framing)
{
	buf_addf(b, "HTTP/1.1 %d Fault\r\n", rq->status);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s: %s\r\n", h[i].name, h[i].value);
	buf_addf(b, "%s\r\n", framing);
}

static void
raw(struct request *rq, struct http_exchange *x, const struct http_header *h,
    size_t n)
{
	const struct fault *f = rq->fault;
	struct buf b;
	char framing[64];
	size_t half = rq->out.n / 2;
	int64_t rate = f->rate ? f->rate : TRICKLE_RATE;

	buf_init(&b, REPLY_BODY_MAX + 65536);
	if (f->action == FAULT_BAD_CHUNK) {
		head(&b, rq, h, n, "Transfer-Encoding: chunked\r\n");
		buf_addf(&b, "%zx\r\n", half);
		buf_add(&b, buf_str(&rq->out), half);
		buf_adds(&b, "\r\nzz\r\n");
		http_reply_raw(x, bytes_of(&b), 0, HTTP_FIN);
	} else {
		(void)str_format(framing, sizeof(framing),
		    "Content-Length: %zu\r\n", rq->out.n);
		head(&b, rq, h, n, framing);
		if (f->action == FAULT_TRUNCATE)
			buf_add(&b, buf_str(&rq->out), half);
		else
			buf_add(&b, buf_str(&rq->out), rq->out.n);
		http_reply_raw(x, bytes_of(&b),
		    f->action == FAULT_TRICKLE ? rate : 0, HTTP_FIN);
	}
	buf_free(&b);
}

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

static void
deep(struct buf *b)
{
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_adds(b, "{\"a\":");
	buf_adds(b, "1");
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_addc(b, '}');
}

static cJSON *
twisted_value(const cJSON *c, bool nulls)
{
	if (nulls)
		return cJSON_CreateNull();
	return cJSON_IsString(c) ? cJSON_CreateNumber(4711)
				 : cJSON_CreateString("wrong");
}

static void
twist_one(cJSON *parent, cJSON *c, bool nulls)
{
	cJSON *v = twisted_value(c, nulls);

	if (c->string)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
		    parent, c->string, v);
	else
		(void)cJSON_ReplaceItemViaPointer(parent, c, v);
}

/* Every value gets another type; null with `nulls`. */
static void
twist(cJSON *j, bool nulls, unsigned depth)
{
	cJSON *c = j->child, *next;

	for (; c && depth < 32; c = next) {
		next = c->next;
		if (c->child)
			twist(c, nulls, depth + 1);
		else if (!c->string || c->string[0] != '@')
			twist_one(j, c, nulls);
	}
}

static void
twisted(struct request *rq)
{
	struct err e = { 0 };
	cJSON *j = json_parse(buf_str(&rq->out), rq->out.n, &e);
	char *text;

	if (!j)
		return;
	twist(j, rq->fault->action == FAULT_NULLS, 0);
	text = json_print(j);
	buf_reset(&rq->out);
	buf_adds(&rq->out, text);
	xfree(text);
	cJSON_Delete(j);
}

static void
duplicate(struct request *rq)
{
	char *text;

	if (rq->out.n < 3 || buf_str(&rq->out)[0] != '{')
		return;
	text = xstrndup(buf_str(&rq->out) + 1, rq->out.n - 2);
	buf_reset(&rq->out);
	buf_addf(&rq->out, "{%s,%s}", text, text);
	xfree(text);
}

/* Only the body is spoilt; the framing is right. */
static bool
spoil_body(struct request *rq)
{
	static const char garbage[] =
	    "\xef\xbb\xbf{\"PowerState\": \"O\0n,\x01]]";

	switch ((int)rq->fault->action) {
	case FAULT_GARBAGE:
		buf_reset(&rq->out);
		buf_add(&rq->out, garbage, sizeof(garbage) - 1);
		return true;
	case FAULT_HTML:
		buf_reset(&rq->out);
		buf_adds(&rq->out, "<!DOCTYPE html><html><body><h1>Service "
				   "unavailable</h1></body></html>");
		return true;
	case FAULT_EMPTY_BODY:
		buf_reset(&rq->out);
		return true;
	case FAULT_DEEP_JSON:
		buf_reset(&rq->out);
		deep(&rq->out);
		return true;
	case FAULT_WRONG_TYPES:
	case FAULT_NULLS:
		twisted(rq);
		return true;
	case FAULT_DUPLICATE_KEYS:
		duplicate(rq);
		return true;
	default:
		return false;
	}
}

bool
fault_wire_reply(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	switch ((int)rq->fault->action) {
	case FAULT_LOST_REPLY:
		http_reply_raw(x, (struct http_bytes){ 0 }, 0, HTTP_RST);
		return true;
	case FAULT_TRUNCATE:
	case FAULT_BAD_CHUNK:
	case FAULT_TRICKLE:
		raw(rq, x, h, n);
		return true;
	case FAULT_HUGE_BODY:
		flood(rq, x, h, n);
		return true;
	case FAULT_ENDLESS_HEADER:
		endless_header(rq, x);
		return true;
	default:
		break;
	}
	if (!spoil_body(rq))
		return false;
	http_reply(x, rq->status, h, n, bytes_of(&rq->out));
	return true;
}
