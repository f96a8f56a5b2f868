/* A call from start to done: its turn, its limits, its end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/http_curl_int.h"
#include "common/mem.h"
#include "common/str.h"

#define ADDRS_KEEP_US (30 * LOOP_S)

static struct loop *
loop_of(const struct ccall *c)
{
	return c->peer->side->net->loop;
}

void
ccall_fail(struct ccall *c, enum http_err err, const char *fmt, ...)
{
	va_list ap;

	if (c->res.err != HTTP_OK)
		return;
	c->res.err = err;
	va_start(ap, fmt);
	(void)vsnprintf(c->res.why, sizeof c->res.why, fmt, ap);
	va_end(ap);
}

/* ---- limits ---------------------------------------------------------------------- */

static void
too_late(struct ccall *c)
{
	struct cpeer *p = c->peer;

	cpeer_enter(p);
	ccall_fail(c, HTTP_E_DEADLINE, "%s: no progress in time (%s)", p->where,
	    http_phase_name(c->res.phase));
	ccall_finish(c);
	cpeer_leave(p);
}

/* What changes something leaves in time or never: whoever allowed it (a lease)
 * counted the time that we slept. */
static bool
must_leave_in_time(const struct ccall *c)
{
	return c->sent == 0 && !http_is_get_or_head(c->method);
}

/* Read first, then judge: while we did not run, the peer may have answered. */
static void
limit_over(void *arg)
{
	struct climit *l = arg;
	struct loop *loop = loop_of(l->call);
	int64_t lost = loop_stalled_us(loop) - l->stalled_us;

	if (lost <= 0 || must_leave_in_time(l->call)) {
		too_late(l->call);
		return;
	}
	l->stalled_us += lost;
	timer_start(loop, &l->t, lost < l->us ? lost : l->us, limit_over, l);
}

void
ccall_arm(struct ccall *c, struct climit *l, int64_t us)
{
	if (us == HTTP_NO_LIMIT) {
		timer_stop(&l->t);
		return;
	}
	l->call = c;
	l->us = us;
	l->stalled_us = loop_stalled_us(loop_of(c));
	timer_start(loop_of(c), &l->t, us, limit_over, l);
}

/* ---- the end ----------------------------------------------------------------------- */

static void
stop_timers(struct ccall *c)
{
	timer_stop(&c->t_connect.t);
	timer_stop(&c->t_head.t);
	timer_stop(&c->t_idle.t);
	timer_stop(&c->t_total.t);
}

static void
leave_curl(struct ccall *c)
{
	if (!c->easy)
		return;
	(void)curl_multi_remove_handle(c->peer->multi, c->easy);
	/* curl_easy_reset leaves the errno of a failure behind. */
	if (c->done_in_curl && c->code == CURLE_OK)
		curl_side_easy_back(c->peer->side, c->easy);
	else
		curl_easy_cleanup(c->easy);
	c->easy = NULL;
}

static void
free_slot(struct ccall *c)
{
	if (c->holds_slot)
		curl_side_slot_free(c->peer->side);
	c->holds_slot = false;
}

static struct ccall_list *
list_of(const struct ccall *c)
{
	struct cpeer *p = c->peer;

	if (c->zombie)
		return &p->zombies;
	return c->state == CALL_WAITING ? &p->waiting : &p->running;
}

static void
leave_lists(struct ccall *c)
{
	struct ccall_list *list = list_of(c);

	TAILQ_REMOVE(list, c, in_peer);
	if (list == &c->peer->running)
		c->peer->n_running--;
	if (c->state == CALL_GATED)
		TAILQ_REMOVE(&c->peer->side->gate, c, in_gate);
}

static void
take_off(struct ccall *c)
{
	stop_timers(c);
	deferred_cancel(&c->again);
	resolve_cancel(c->job);
	c->job = NULL;
	leave_curl(c);
	free_slot(c);
	leave_lists(c);
}

void
ccall_free(struct ccall *c)
{
	curl_slist_free_all(c->list);
	curl_slist_free_all(c->resolve);
	buf_free(&c->head);
	buf_free(&c->collected);
	xfree(c->headers);
	xfree(c->req_headers);
	xfree(c->method);
	xfree(c->target);
	xfree(c->body);
	xfree(c);
}

void
ccall_drop(struct ccall *c)
{
	take_off(c);
	ccall_free(c);
}

static void
fill_result(struct ccall *c)
{
	struct http_result *r = &c->res;

	r->headers = c->headers;
	r->n_headers = c->headers ? c->n_headers : 0; /* a whole head */
	r->body = (struct http_bytes){ buf_str(&c->collected), c->collected.n };
	r->tls = c->has_tls ? &c->tls_peer : NULL;
	r->maybe_executed = c->sent > 0;
	r->done_us = loop_mono_us(loop_of(c));
}

void
ccall_finish(struct ccall *c)
{
	struct cpeer *p = c->peer;

	cpeer_enter(p);
	ccall_explain(c);
	take_off(c);
	c->state = CALL_ENDED;
	if (c->res.err == HTTP_OK && c->r.sink &&
	    c->snk.data(c->snk.arg, (struct http_bytes){ 0 }) == HTTP_ABORT)
		ccall_fail(c, HTTP_E_ABORT, "the sink refused the end");
	fill_result(c);
	if (!c->silent && c->r.done)
		c->r.done(c->r.arg, &c->res);
	ccall_free(c);
	cpeer_pump(p);
	cpeer_leave(p);
}

/* Where no length was announced the close is the end of the body, and old
 * firmware closes without TLS's close_notify. What was cut off is no JSON. */
static bool
ended_without_a_word(const struct ccall *c)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
	return c->head_complete && c->has_tls && os_errno == 0 &&
	       !http_header_get(c->headers, c->n_headers, "Content-Length") &&
	       !http_header_get(c->headers, c->n_headers, "Transfer-Encoding");
}

void
ccall_curl_done(struct ccall *c, CURLcode code)
{
	struct cpeer *p = c->peer;

	if (code == CURLE_RECV_ERROR && ended_without_a_word(c))
		code = CURLE_OK;
	/* Who is not met there may be elsewhere by now. */
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR)
		p->addrs_until_us = 0;
	c->code = code;
	c->done_in_curl = true;
	if (c->zombie) {
		ccall_drop(c);
		return;
	}
	/* errno and kin are asked for while the handle still knows. */
	ccall_explain(c);
	leave_curl(c);
	if (code == CURLE_OK)
		p->kept = p->idle_close_us != 0 && !p->stale;
	if (code == CURLE_OK && c->paused && c->res.err == HTTP_OK) {
		c->held = true; /* the sink does not want the end yet */
		timer_stop(&c->t_idle.t);
		return;
	}
	ccall_finish(c);
}

/* ---- its turn ------------------------------------------------------------------------ */

static void
enter_curl(struct ccall *c)
{
	struct cpeer *p = c->peer;

	c->state = CALL_RUNNING;
	c->res.phase = HTTP_P_CONNECT;
	c->easy = curl_side_easy(p->side);
	if (!c->easy || !cpeer_multi(p) || !ccall_setup(c) ||
	    curl_multi_add_handle(p->multi, c->easy) != CURLM_OK) {
		if (c->easy)
			curl_easy_cleanup(c->easy);
		c->easy = NULL;
		ccall_fail(c, HTTP_E_CONNECT, "%s: curl gives no connection",
		    p->where);
		ccall_finish(c);
	}
}

static void
resolved(void *arg, const char *addrs, const char *why)
{
	struct ccall *c = arg;
	struct cpeer *p = c->peer;

	c->job = NULL;
	cpeer_enter(p);
	if (addrs) {
		xreplace(&p->addrs, addrs);
		p->addrs_until_us = loop_mono_us(loop_of(c)) + ADDRS_KEEP_US;
		enter_curl(c);
	} else {
		ccall_fail(c, HTTP_E_RESOLVE, "%s: %s", p->host, why);
		ccall_finish(c);
	}
	cpeer_leave(p);
}

static void
connect_now(struct ccall *c)
{
	struct cpeer *p = c->peer;
	uint8_t ip[16];
	bool known = tls_ip_parse(p->host, ip) > 0 ||
		     (p->addrs && loop_mono_us(loop_of(c)) < p->addrs_until_us);

	ccall_arm(c, &c->t_connect, c->r.limits.connect_us);
	if (known) {
		enter_curl(c);
		return;
	}
	c->state = CALL_RESOLVING;
	c->res.phase = HTTP_P_RESOLVE;
	c->job = resolve_start(resolver_of(loop_of(c)), p->host, resolved, c);
}

void
ccall_begin(struct ccall *c)
{
	struct cpeer *p = c->peer;
	struct curl_side *s = p->side;

	c->state = CALL_RUNNING;
	if (c->res.err != HTTP_OK) {
		ccall_finish(c);
		return;
	}
	c->reuse = c->r.may_resend && http_is_get_or_head(c->method) &&
		   p->idle_close_us != 0 && !p->stale;
	if (!p->https || (c->reuse && p->kept)) {
		p->kept = false;
		connect_now(c);
	} else if (s->handshakes < CURL_HANDSHAKES) {
		c->holds_slot = true;
		s->handshakes++;
		connect_now(c);
	} else {
		c->state = CALL_GATED;
		TAILQ_INSERT_TAIL(&s->gate, c, in_gate);
	}
}

void
ccall_gate_open(struct ccall *c)
{
	struct cpeer *p = c->peer;

	TAILQ_REMOVE(&p->side->gate, c, in_gate);
	c->state = CALL_RUNNING;
	c->holds_slot = true;
	p->side->handshakes++;
	cpeer_enter(p);
	connect_now(c);
	cpeer_leave(p);
}

/* From curl, each time a connection is ready for the request. */
void
ccall_sent(struct ccall *c)
{
	struct cpeer *p = c->peer;

	free_slot(c);
	/* Sockets may be heard before timers after a suspend. */
	if (must_leave_in_time(c) && timer_armed(&c->t_connect.t) &&
	    loop_mono_us(loop_of(c)) >= c->t_connect.t.at_us) {
		ccall_fail(
		    c, HTTP_E_DEADLINE, "%s: connected too late", p->where);
		return;
	}
	timer_stop(&c->t_connect.t);
	if (p->https && !ccall_tls_connected(c)) {
		ccall_fail(c, HTTP_E_TLS, "%s: no TLS context", p->where);
		return;
	}
	if (c->r.may_leave && !c->r.may_leave(c->r.arg)) {
		ccall_fail(c, HTTP_E_ABORT,
		    "%s: no longer allowed when it could be sent", p->where);
		return;
	}
	if (c->sent >= 2) {
		ccall_fail(c, HTTP_E_RESET, "%s: connections die one by one",
		    p->where);
		return;
	}
	c->sent++;
	c->res.phase = c->uploads ? HTTP_P_SEND : HTTP_P_HEAD;
	if (c->uploads)
		ccall_arm(c, &c->t_idle, c->r.limits.idle_us);
	else
		ccall_arm(c, &c->t_head, c->r.limits.head_us);
}

/* ---- the seam ------------------------------------------------------------------------ */

static void
copy_request(struct ccall *c, const struct http_request *r)
{
	c->r = *r;
	http_limits_default(&c->r.limits);
	c->method = xstrdup(r->method);
	c->target = xstrdup(r->target);
	c->req_headers = http_headers_dup(r->headers, r->n_headers);
	c->src_left = -1;
	if (r->source) {
		c->src = *r->source;
		c->r.source = &c->src;
		c->src_left = c->src.length < 0 ? -1 : c->src.length;
	} else {
		c->body = xmalloc(r->body.n + 1);
		if (r->body.n > 0)
			memcpy(c->body, r->body.p, r->body.n);
		c->src_left = (int64_t)r->body.n;
	}
	if (r->sink) {
		c->snk = *r->sink;
		c->r.sink = &c->snk;
	}
	c->uploads = r->source || r->body.n > 0 || str_eq(r->method, "POST") ||
		     str_eq(r->method, "PUT") || str_eq(r->method, "PATCH");
}

struct http_call *
curl_start(struct http_peer *peer, const struct http_request *r)
{
	struct cpeer *p = cpeer_of(peer);
	struct ccall *c = xcalloc(1, sizeof *c);
	const char *problem = http_request_problem(r);

	c->obj = p->obj;
	c->peer = p;
	c->state = CALL_WAITING;
	c->res.phase = HTTP_P_QUEUED;
	c->res.started_us = loop_mono_us(loop_of(c));
	copy_request(c, r);
	buf_init(&c->head, c->r.limits.head_max);
	buf_init(&c->collected, c->r.limits.body_max);
	if (problem)
		ccall_fail(c, HTTP_E_PROTO, "%s", problem);
	TAILQ_INSERT_TAIL(&p->waiting, c, in_peer);
	ccall_arm(c, &c->t_total, c->r.limits.total_us);
	cpeer_pump(p);
	return (struct http_call *)(void *)c;
}

static void
resume_now(void *arg)
{
	struct ccall *c = arg;
	struct cpeer *p = c->peer;

	c->paused = false;
	c->src_paused = false;
	cpeer_enter(p);
	if (c->held) {
		ccall_finish(c);
	} else if (c->easy) {
		if (c->res.phase == HTTP_P_BODY || c->res.phase == HTTP_P_SEND)
			ccall_arm(c, &c->t_idle, c->r.limits.idle_us);
		(void)curl_easy_pause(c->easy, CURLPAUSE_CONT);
		if (!c->zombie && c->res.err != HTTP_OK)
			ccall_finish(c);
	}
	cpeer_leave(p);
}

void
curl_call_resume(struct http_call *call)
{
	struct ccall *c = (struct ccall *)(void *)call;

	if (c->state != CALL_ENDED && !c->silent)
		loop_defer(loop_of(c), &c->again, resume_now, c);
}

void
curl_cancel(struct http_call *call)
{
	struct ccall *c = (struct ccall *)(void *)call;
	struct cpeer *p = c->peer;

	if (c->silent)
		return;
	c->silent = true;
	if (c->state == CALL_ENDED)
		return; /* being told right now */
	if (p->busy == 0 || !c->easy) {
		ccall_drop(c);
	} else {
		stop_timers(c);
		deferred_cancel(&c->again);
		free_slot(c);
		leave_lists(c);
		c->zombie = true;
		TAILQ_INSERT_TAIL(&p->zombies, c, in_peer);
	}
	cpeer_pump(p);
	/* Without other calls the peer's idle time begins. */
	cpeer_enter(p);
	cpeer_leave(p);
}
