/*
 * One update: the image is transferred (its first bytes tell what it is), and
 * installed; then it waits for the reset that makes it run.
 */
#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/request.h"
#include "sim/bmc/task.h"

#define HEAD_BYTES 4096
#define INSTALL_MS 20000

struct update {
	struct bmc *b; /* borrowed */
	struct task *task;
	char *name, *target; /* owned; target NULL = what the image says */
	struct http_peer *peer;
	struct buf head;
	struct timer timer;
	struct deferred start;
	struct firmware_image image;
	char *url; /* owned; NULL = the bytes came along */
};

static void
update_free(struct update *u)
{
	u->b->firmware->update = NULL;
	http_peer_free(u->peer);
	timer_stop(&u->timer);
	deferred_cancel(&u->start);
	buf_free(&u->head);
	xfree(u->name);
	xfree(u->target);
	xfree(u->url);
	xfree(u);
}

void
update_cancel(struct update *u)
{
	if (u)
		update_free(u);
}

static void
cancelled(void *arg)
{
	update_free(arg);
}

static const char *
shown_target(const struct update *u)
{
	return u->target ? u->target : "the manager";
}

static void
end(void *arg)
{
	struct update *u = arg;

	update_free(u);
}

/* The task is over; what is left goes when its call has returned. */
static void
fail(struct update *u, const char *id)
{
	task_end_as(u->b, u->task, false, id, u->name, shown_target(u));
	u->task->cancel = NULL;
	loop_defer(bmc_loop(u->b), &u->start, end, u);
}

static void
installed(void *arg)
{
	struct update *u = arg;
	struct bmc *b = u->b;
	static const char *const names[] = { "BIOS", "BMC" };

	memcpy(b->firmware->next[u->image.part], u->image.version,
	    FIRMWARE_VERSION);
	u->task->cancel = NULL;
	task_end_as(b, u->task, true, "Update.1.0.AwaitToActivate", u->name,
	    names[u->image.part]);
	update_free(u);
}

static void
install(struct update *u)
{
	firmware_identify(
	    u->name, buf_str(&u->head), u->head.n, u->target, &u->image);
	if (u->image.part < 0) {
		fail(u, "Update.1.0.VerificationFailed");
		return;
	}
	u->task->percent = 60;
	timer_start(
	    bmc_loop(u->b), &u->timer, bmc_us(u->b, INSTALL_MS), installed, u);
}

/* ---- transfer ----------------------------------------------------------- */

/* Only the head matters: what a server sends beyond it is not read. */
static enum http_flow
keep(void *arg, struct http_bytes b)
{
	struct update *u = arg;
	size_t room = HEAD_BYTES - u->head.n;

	buf_add(&u->head, b.p, b.n < room ? b.n : room);
	return b.n > room ? HTTP_ABORT : HTTP_MORE;
}

static void
transferred(void *arg, const struct http_result *r)
{
	struct update *u = arg;
	bool ok = (r->status == 200 || r->status == 206) && u->head.n &&
		  (r->err == HTTP_OK || u->head.n == HEAD_BYTES);

	if (ok)
		install(u);
	else
		fail(u, "Update.1.0.TransferFailed");
}

static void
transfer(void *arg)
{
	struct update *u = arg;
	static const struct http_header h[] = { { "Range", "bytes=0-4095" } };
	struct http_sink sink = { keep, u };
	struct http_request rq = { .method = "GET",
		.headers = h,
		.n_headers = 1,
		.sink = &sink,
		.done = transferred,
		.arg = u };
	char base[300];
	struct http_peer_opts o = { .base = base, .max_conns = 1 };
	struct err e = { 0 };
	struct url url;

	/* firmware does not check who serves its images */
	o.tls.insecure = true;
	if (url_parse(&url, u->url, &e)) {
		url_origin(&url, base, sizeof(base));
		u->peer = http_peer_new(u->b->fleet->env->net, &o, &e);
	}
	if (!u->peer) {
		fail(u, "Update.1.0.TransferFailed");
		return;
	}
	rq.target = url.target;
	u->task->percent = 10;
	(void)http_start(u->peer, &rq);
}

static void
take_over(void *arg)
{
	install(arg);
}

struct task *
update_start(struct request *rq, const struct update_ask *a)
{
	struct firmware *f = firmware_of(rq->b);
	struct update *u;

	if (f->update) {
		request_header(rq, "Retry-After", "30");
		request_refuse(rq, REF_UPDATE_BUSY, NULL, "30", NULL, NULL);
		return NULL;
	}
	u = f->update = xcalloc(1, sizeof(*u));
	u->b = rq->b;
	u->name = xstrdup(a->name);
	u->target = xstrdup(a->target);
	u->url = xstrdup(a->url);
	buf_init(&u->head, HEAD_BYTES);
	if (a->bytes)
		buf_add(
		    &u->head, a->bytes, a->n < HEAD_BYTES ? a->n : HEAD_BYTES);
	u->task = task_new(rq->b, "Firmware update");
	u->task->percent = 0;
	u->task->cancel = cancelled;
	u->task->arg = u;
	loop_defer(
	    bmc_loop(rq->b), &u->start, a->url ? transfer : take_over, u);
	return u->task;
}
