/*
 * Delivery of events by POST to the subscriber, one after the other, with the
 * retries of DSP0266 12.4.2.
 */
#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/subscription.h"

#define PUSH_TIMEOUT_US (30 * LOOP_S)
#define HEADERS_MAX 12
#define BACKOFF_MAX 6 /* doublings */

static void
pop(struct subscription *s)
{
	struct queued *q = TAILQ_FIRST(&s->queue);

	TAILQ_REMOVE(&s->queue, q, link);
	s->queued--;
	xfree(q->payload);
	xfree(q);
}

void
push_stop(struct subscription *s)
{
	http_cancel(s->call);
	s->call = NULL;
	timer_stop(&s->retry);
	s->attempt = 0;
	while (!TAILQ_EMPTY(&s->queue))
		pop(s);
}

static void
again(void *arg)
{
	push_next(arg);
}

static void
end(void *arg)
{
	subscription_drop(arg);
}

static void
failed(struct subscription *s)
{
	const struct events *e = s->b->events;
	int64_t wait = bmc_us(s->b, e->interval_s * 1000);
	unsigned n = ++s->attempt;

	if (s->policy == RETRY_BACKOFF)
		wait <<= n - 1 < BACKOFF_MAX ? n - 1 : BACKOFF_MAX;
	if (n <= e->attempts || s->policy == RETRY_FOREVER ||
	    s->policy == RETRY_BACKOFF) {
		timer_start(bmc_loop(s->b), &s->retry, wait, again, s);
	} else if (s->policy == RETRY_SUSPEND) {
		push_stop(s);
		s->suspended = true;
	} else {
		/* not from within its own call */
		loop_defer(bmc_loop(s->b), &s->end, end, s);
	}
}

static void
delivered(void *arg, const struct http_result *r)
{
	struct subscription *s = arg;

	s->call = NULL;
	if (r->status < 200 || r->status > 299) {
		failed(s);
		return;
	}
	s->attempt = 0;
	pop(s);
	push_next(s);
}

static bool
open_peer(struct subscription *s, const struct url *u)
{
	char base[300];
	struct http_peer_opts o = {
		.base = base, .max_conns = 1, .idle_close_us = 5 * LOOP_S
	};
	struct err e = { 0 };

	url_origin(u, base, sizeof(base));
	/* a BMC knows no CA unless somebody tells it to look */
	o.tls.insecure = !s->verify;
	s->peer = http_peer_new(s->b->fleet->env->net, &o, &e);
	return s->peer != NULL;
}

static size_t
headers_of(const struct subscription *s, struct http_header *h,
    char names[HEADERS_MAX][64])
{
	size_t n = 0;

	h[n++] = (struct http_header){ "Content-Type", "application/json" };
	for (size_t i = 0; i < s->headers.n && n < HEADERS_MAX; i++) {
		const char *colon = strstr(s->headers.v[i], ": ");
		size_t len = (size_t)(colon - s->headers.v[i]);

		memcpy(names[n], s->headers.v[i], len);
		names[n][len] = '\0';
		h[n] = (struct http_header){ names[n], colon + 2 };
		n++;
	}
	return n;
}

void
push_next(struct subscription *s)
{
	struct http_header h[HEADERS_MAX];
	char names[HEADERS_MAX][64];
	struct http_request rq = { .method = "POST",
		.headers = h,
		.done = delivered,
		.arg = s,
		.limits = { .total_us = PUSH_TIMEOUT_US, .body_max = 65536 } };
	const struct queued *q = TAILQ_FIRST(&s->queue);
	struct err e = { 0 };
	struct url u;

	if (!q || s->call || timer_armed(&s->retry) || s->suspended ||
	    s->b->down)
		return;
	/* it was parsed when it was taken */
	if (!url_parse(&u, s->destination, &e) ||
	    (!s->peer && !open_peer(s, &u))) {
		failed(s);
		return;
	}
	rq.target = u.target;
	rq.n_headers = headers_of(s, h, names);
	rq.body = (struct http_bytes){ q->payload, strlen(q->payload) };
	s->call = http_start(s->peer, &rq);
}
