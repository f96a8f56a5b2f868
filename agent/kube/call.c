/*
 * One request: waiting for its slot, passing the gate, on the wire, paging,
 * and its one callback.
 *
 *   queued -> sent -> (next page: queued) -> done
 *      \-> refused (gate, arguments) -> deferred -> done
 */
#include <limits.h>
#include <string.h>

#include "agent/kube/call_impl.h"
#include "agent/kube/own.h"
#include "agent/kube/request.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define BODY_MAX (4u << 20)
#define ERROR_BODY_MAX (64u << 10)

/* ---- life ------------------------------------------------------------------ */

static void
copy_request(struct kube_call *k, const struct kube_request *rq)
{
	struct kube_request *to = &k->rq;

	*to = *rq;
	to->ns = kube_dup(rq->ns);
	to->name = kube_dup(rq->name);
	to->subresource = kube_dup(rq->subresource);
	to->label_selector = kube_dup(rq->label_selector);
	to->field_selector = kube_dup(rq->field_selector);
	to->resource_version = kube_dup(rq->resource_version);
	to->precond_uid = NULL;
	to->precond_rv = NULL;
	to->propagation = NULL;
}

static void
buf_done(struct buf *b, bool wipe)
{
	if (wipe && b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}

void
kube_call_free(struct kube_call *k)
{
	bool wipe = k->rq.sensitive;

	if (wipe && k->text != NULL)
		secret_wipe(k->text, strlen(k->text));
	xfree(k->text);
	xfree(k->target);
	xfree(k->continue_token);
	xfree(k->list_rv);
	buf_done(&k->body, wipe);
	buf_done(&k->lines.line, wipe);
	buf_done(&k->items.item, wipe);
	buf_done(&k->items.rest, wipe);
	if (wipe)
		kube_json_wipe(k->collected);
	cJSON_Delete(k->collected);
	kube_free_const(k->rq.ns);
	kube_free_const(k->rq.name);
	kube_free_const(k->rq.subresource);
	kube_free_const(k->rq.label_selector);
	kube_free_const(k->rq.field_selector);
	kube_free_const(k->rq.resource_version);
	xfree(k);
}

/* Takes the call out of everything that could still call it. */
void
kube_call_detach(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (k->http != NULL)
		http_cancel(k->http);
	k->http = NULL;
	deferred_cancel(&k->late);
	limiter_cancel(&c->lanes[k->lane].limit, &k->wait);
	if (k->slot)
		limiter_release(&c->lanes[k->lane].limit);
	k->slot = false;
	TAILQ_REMOVE(&c->calls, k, link);
}

void
kube_call_drop(struct kube_call *call)
{
	kube_call_detach(call);
	kube_call_free(call);
}

void
kube_cancel(struct kube_call *call)
{
	if (call != NULL)
		kube_call_drop(call);
}

/* ---- the wire -------------------------------------------------------------- */

static enum http_flow
on_head(void *arg, int status, const struct http_header *h, size_t n)
{
	struct kube_call *k = arg;

	(void)h;
	(void)n;
	k->status = status;
	k->streaming = status >= 200 && status < 300 &&
		       (k->rq.verb == KUBE_LIST || k->rq.verb == KUBE_WATCH);
	if (k->streaming && k->rq.opened != NULL)
		k->rq.opened(k->rq.arg);
	return HTTP_MORE;
}

static bool
feed(struct kube_call *k, struct http_bytes b, struct err *e)
{
	k->bytes += b.n;
	if (k->rq.verb == KUBE_WATCH)
		return kube_lines_feed(&k->lines, b.p, b.n, e);
	if (k->bytes > k->c->max_list_bytes)
		return err_set(e, ERR_TOO_BIG, 0,
		    "the list is larger than %llu bytes",
		    (unsigned long long)k->c->max_list_bytes);
	return kube_items_feed(&k->items, b.p, b.n, e);
}

/* A Secret's body must leave no copies behind while it grows. */
static void
grow_wiping(struct buf *b, size_t more)
{
	size_t cap = 2 * (b->n + more) + 1;
	char *p;

	if (b->n + more < b->cap || b->n + more > b->max)
		return;
	p = xmalloc(cap);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	p[b->n] = '\0';
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	xfree(b->p);
	b->p = p;
	b->cap = cap;
}

static enum http_flow
on_data(void *arg, struct http_bytes b)
{
	struct kube_call *k = arg;
	struct err e;

	if (b.n == 0)
		return HTTP_MORE;
	if (k->streaming) {
		if (feed(k, b, &e))
			return HTTP_MORE;
		if (k->failed.kind == ERR_NONE)
			k->failed = e;
		return HTTP_ABORT;
	}
	if (k->rq.sensitive)
		grow_wiping(&k->body, b.n);
	if (buf_add(&k->body, b.p, b.n))
		return HTTP_MORE;
	if (k->status >= 300)
		return HTTP_MORE; /* an error page that is too long is cut */
	(void)err_set(&k->failed, ERR_TOO_BIG, 0,
	    "the reply is larger than %zu bytes", k->body.max);
	return HTTP_ABORT;
}

static void
on_done(void *arg, const struct http_result *h)
{
	struct kube_call *k = arg;

	k->http = NULL;
	limiter_release(&k->c->lanes[k->lane].limit);
	k->slot = false;
	kube_call_ended(k, h);
}

static void
refuse(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (k->slot)
		limiter_release(&c->lanes[k->lane].limit);
	k->slot = false;
	loop_defer(c->env->loop, &k->late, kube_call_refused, k);
}

static struct http_limits
limits_of(const struct kube_call *k)
{
	const struct kube_request *rq = &k->rq;
	int64_t total = rq->timeout_us > 0 ? rq->timeout_us : k->c->timeout_us;
	struct http_limits l = {
		.head_us = total, .total_us = total, .body_max = BODY_MAX
	};

	if (rq->verb == KUBE_WATCH) {
		unsigned s = rq->timeout_s == 0 ? 300 : rq->timeout_s;

		l.head_us = 30 * LOOP_S;
		l.idle_us = HTTP_NO_LIMIT;
		l.total_us = rq->timeout_us > 0 ? rq->timeout_us
						: ((int64_t)s + 15) * LOOP_S;
		l.body_max = SIZE_MAX / 2;
	} else if (rq->verb == KUBE_LIST) {
		l.total_us = rq->timeout_us > 0 ? rq->timeout_us : 4 * total;
		l.body_max = SIZE_MAX / 2;
	}
	return l;
}

static void
fresh_buffers(struct kube_call *k)
{
	bool wipe = k->rq.sensitive;

	buf_done(&k->body, wipe);
	buf_init(&k->body, k->rq.verb == KUBE_LIST || k->rq.verb == KUBE_WATCH
			       ? ERROR_BODY_MAX
			       : BODY_MAX);
	buf_done(&k->lines.line, wipe);
	kube_lines_init(&k->lines, KUBE_OBJECT_MAX, kube_call_piece, k);
	buf_done(&k->items.item, wipe);
	buf_done(&k->items.rest, wipe);
	kube_items_init(&k->items, KUBE_OBJECT_MAX, kube_call_piece, k);
	if (k->rq.skipped != NULL)
		k->items.skip = kube_call_skipped;
}

/* The gate may say no without a word: an empty error would read as success. */
static bool
gate_open(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (!kube_mutates(k->rq.verb) || k->lane == KUBE_LANE_LEASE ||
	    k->rq.any_replica || c->may_write == NULL ||
	    c->may_write(c->may_write_arg, k->rq.shard, &k->failed))
		return true;
	if (k->failed.kind == ERR_NONE)
		(void)err_set(
		    &k->failed, ERR_SPEC, 0, "writes are not allowed now");
	c->counts.gated++;
	if (c->env->metrics != NULL)
		metrics_add(
		    c->env->metrics, "beskar7_kube_gated_total", NULL, 1);
	return false;
}

static bool
may_leave(void *arg)
{
	return gate_open(arg);
}

static void
put_on_wire(struct kube_call *k)
{
	struct kube_client *c = k->c;
	const char *type = k->text != NULL ? kube_content_type(&k->rq) : NULL;
	struct http_header h[4] = { { "Accept", kube_accept(&k->rq) },
		{ "User-Agent", c->user_agent } };
	size_t n = 2;
	const struct http_sink sink = { on_data, k };
	struct http_request hr = { .method = kube_method(k->rq.verb),
		.target = k->target,
		.headers = h,
		.limits = limits_of(k),
		.may_resend = !kube_mutates(k->rq.verb),
		.may_leave = may_leave,
		.head = on_head,
		.sink = &sink,
		.done = on_done,
		.arg = k };

	if (type != NULL)
		h[n++] = (struct http_header){ "Content-Type", type };
	/* As kubectl: no credentials over plain HTTP. */
	if (c->auth.bearer.n > 0 && str_has_prefix(c->config.server, "https:"))
		h[n++] =
		    (struct http_header){ "Authorization", c->auth.bearer.p };
	hr.n_headers = n;
	if (k->text != NULL)
		hr.body = (struct http_bytes){ k->text, strlen(k->text) };
	k->auth_generation = c->auth.generation;
	k->status = 0;
	kube_client_count_sent(c, &k->rq);
	k->http = http_start(c->lanes[k->lane].peer, &hr);
}

static bool
make_target(struct kube_call *k)
{
	const struct kube_target_opts to = {
		.prefix = k->c->config.path_prefix,
		.field_manager = k->c->field_manager,
		.continue_token = k->continue_token,
	};
	struct buf b;
	bool ok;

	buf_init(&b, KUBE_TARGET_MAX);
	ok = kube_target(&b, &k->rq, &to, &k->failed);
	xfree(k->target);
	k->target = ok ? buf_take(&b, NULL) : NULL;
	buf_free(&b);
	return ok;
}

static void
send_or_refuse(void *arg)
{
	struct kube_call *k = arg;

	k->slot = true;
	(void)kube_client_refresh(k->c, false);
	fresh_buffers(k);
	if (!make_target(k) || !gate_open(k))
		refuse(k);
	else
		put_on_wire(k);
}

void
kube_call_enqueue(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (limiter_take(
		&c->lanes[k->lane].limit, &k->wait, send_or_refuse, k)) {
		send_or_refuse(k);
		return;
	}
	c->counts.throttled++;
	if (c->env->metrics != NULL)
		metrics_add(
		    c->env->metrics, "beskar7_kube_throttled_total", NULL, 1);
}

static enum kube_lane
lane_of(const struct kube_request *rq)
{
	if (rq->lane != KUBE_LANE_AUTO && rq->lane < KUBE_LANES)
		return rq->lane;
	if (rq->verb == KUBE_WATCH)
		return KUBE_LANE_WATCH;
	return rq->verb == KUBE_LIST ? KUBE_LANE_BULK : KUBE_LANE_NORMAL;
}

struct kube_call *
kube_start(struct kube_client *c, const struct kube_request *rq)
{
	struct kube_call *k = xcalloc(1, sizeof(*k));

	k->c = c;
	copy_request(k, rq);
	k->lane = lane_of(rq);
	k->rq.lane = k->lane;
	k->started_us = loop_mono_us(c->env->loop);
	TAILQ_INSERT_TAIL(&c->calls, k, link);
	if (rq->verb == KUBE_DELETE)
		k->text = kube_delete_options(rq);
	else if (kube_mutates(rq->verb) && rq->body != NULL)
		k->text = json_print(rq->body);
	k->rq.body = NULL;
	if (!kube_request_valid(rq, &k->failed) || !make_target(k))
		refuse(k);
	else
		kube_call_enqueue(k);
	return k;
}
