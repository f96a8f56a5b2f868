/*
 * Event streams (DSP0266 13.5): a GET that never ends. The stream is a
 * subscription as long as its socket is open, and no longer.
 */
#include <string.h>

#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/subscription.h"

/* It ended, whoever ended it. */
static void
stream_gone(void *arg)
{
	struct subscription *s = arg;
	struct events *e = s->b->events;

	s->x = NULL;
	if (s->closing) {
		TAILQ_REMOVE(&e->closing, s, link);
	} else {
		TAILQ_REMOVE(&e->list, s, link);
		e->n--;
		e->n_streams--;
	}
	subscription_free(s);
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct subscription *s = arg;
	bool broken = s->broken;

	*n = 0;
	if (s->closing) {
		http_exchange_on_gone(s->x, NULL, NULL);
		stream_gone(s);
		return broken ? HTTP_ABORT : HTTP_END;
	}
	*n = s->ready.n < cap ? s->ready.n : cap;
	if (*n) {
		memcpy(out, s->ready.p, *n);
		buf_consume(&s->ready, *n);
		return HTTP_MORE;
	}
	s->starved = true;
	return HTTP_PAUSE;
}

static void
wake(struct subscription *s)
{
	if (!s->starved)
		return;
	s->starved = false;
	http_exchange_resume(s->x);
}

void
stream_close(struct subscription *s, bool broken)
{
	timer_stop(&s->alive);
	s->closing = true;
	s->broken = broken;
	wake(s);
}

static void
write_out(struct subscription *s, const char *text)
{
	buf_adds(&s->ready, text);
	/* a client that does not read is dropped, as one that went away */
	if (s->ready.overflow)
		subscription_drop(s);
	else
		wake(s);
}

void
stream_send(struct subscription *s, uint64_t id, const char *payload)
{
	char *text = xasprintf(
	    "id: %llu\ndata: %s\n\n", (unsigned long long)id, payload);

	if (s->b->profile->event_defects & EVENT_NO_ID)
		write_out(s, strstr(text, "data: "));
	else
		write_out(s, text);
	xfree(text);
	if (!s->closing && fault_on_machine(s->b, FAULT_STREAM_DROP))
		subscription_drop(s);
}

static void
keep_alive(void *arg)
{
	struct subscription *s = arg;

	timer_start(bmc_loop(s->b), &s->alive,
	    bmc_us(s->b, s->b->profile->event_alive_s * 1000), keep_alive, s);
	write_out(s, ": keep-alive\n\n");
}

static void
open_stream(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n)
{
	struct subscription *s = subscription_new(rq->b);
	struct http_source src = { pull, s, -1 };
	const struct bmc_profile *p = rq->p;

	rq->b->events->n_streams++;
	s->x = x;
	s->context = xasprintf("stream-%s", s->id);
	s->destination = xasprintf("redfish-sse://%s", rq->from);
	s->name = xstrdup("Event stream");
	s->filter.expression = request_query(rq, "$filter");
	(void)str_copy(s->owner, sizeof(s->owner), rq->user);
	(void)str_copy(s->session, sizeof(s->session), rq->session);
	if (p->event_alive_s)
		timer_start(bmc_loop(rq->b), &s->alive,
		    bmc_us(rq->b, p->event_alive_s * 1000), keep_alive, s);
	buf_adds(&s->ready, ": open\n\n");
	http_exchange_on_gone(x, stream_gone, s);
	http_reply_stream(x, 200, h, n, &src);
}

static bool
accepts_stream(const struct request *rq)
{
	const char *a = rq->in[IN_ACCEPT];

	return !a || strstr(a, "text/event-stream") || strstr(a, "text/*") ||
	       strstr(a, "*/*");
}

static bool
filter_fits(struct request *rq)
{
	char *f = request_query(rq, "$filter");
	bool ok = !f || event_expression_ok(f);

	xfree(f);
	return ok ||
	       request_refuse(rq, REF_QUERY_VALUE, NULL, "$filter", NULL, NULL);
}

static bool
room(struct request *rq)
{
	const struct events *e = rq->b->events;

	if (!e || (e->n < (unsigned)rq->p->events_max &&
		      e->n_streams < (unsigned)rq->p->event_streams_max))
		return true;
	return request_refuse(
	    rq, REF_SUBSCRIPTION_LIMIT, NULL, NULL, NULL, NULL);
}

void
view_stream(struct request *rq, struct jw *w)
{
	(void)w;
	rq->content_type = "text/event-stream";
	if (!accepts_stream(rq)) {
		rq->content_type = NULL;
		rq->status = 406;
		request_fail(rq, 406, "GeneralError",
		    "This URI answers with text/event-stream.");
		return;
	}
	if (!filter_fits(rq) || !room(rq)) {
		rq->content_type = NULL;
		return;
	}
	if (rq->verb == VERB_GET)
		rq->stream = open_stream;
}
