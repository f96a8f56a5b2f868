/*
 * One request: waiting for its slot, passing the gate, on the wire, paging,
 * and its one callback.
 *
 *   queued -> sent -> (next page: queued) -> done
 *      \-> refused (gate, arguments) -> deferred -> done
 */
#include <limits.h>
#include <string.h>

#include "agent/kube/client_impl.h"
#include "agent/kube/request.h"
#include "agent/kube/stream.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define BODY_MAX (4u << 20)
#define COLLECT_MAX (8u << 20)
#define ERROR_BODY_MAX (64u << 10)
/* A gated write leaves at most this long after the gate was asked (the lease
 * keeps a margin of 5 s). */
#define WRITE_CONNECT_US (4 * LOOP_S)

struct kube_call {
	TAILQ_ENTRY(kube_call) link;
	struct kube_client *c;
	struct kube_request rq; /* strings are owned copies */
	enum kube_lane lane;
	char *target; /* owned */
	char *text;   /* request body, owned */
	struct limiter_wait wait;
	struct deferred late;
	struct http_call *http;
	bool slot, resent;
	unsigned auth_generation;
	int status;      /* of the head */
	struct buf body; /* what is not streamed */
	struct kube_lines lines;
	struct kube_items items;
	bool streaming;    /* this page's body goes to lines or items */
	struct err failed; /* of streaming, or of what never was sent */
	/* LIST over all pages: */
	char *continue_token, *list_rv;
	unsigned pages;
	uint64_t bytes, delivered;
	cJSON *collected; /* array; NULL with an item callback */
	size_t collected_bytes;
	bool stopped;
	int64_t started_us;
};

static void send_or_refuse(void *arg);

/* ---- life ------------------------------------------------------------------ */

static char *
dup_or_null(const char *s)
{
	return str_empty(s) ? NULL : xstrdup(s);
}

static void
copy_request(struct kube_call *k, const struct kube_request *rq)
{
	struct kube_request *to = &k->rq;

	*to = *rq;
	to->ns = dup_or_null(rq->ns);
	to->name = dup_or_null(rq->name);
	to->subresource = dup_or_null(rq->subresource);
	to->label_selector = dup_or_null(rq->label_selector);
	to->field_selector = dup_or_null(rq->field_selector);
	to->resource_version = dup_or_null(rq->resource_version);
	to->precond_uid = NULL;
	to->precond_rv = NULL;
	to->propagation = NULL;
}

static void
free_const(const char *s)
{
	/* Our own copies behind the const pointers of the public struct. */
	union {
		const char *in;
		void *out;
	} u = { .in = s };

	xfree(u.out);
}

static void
buf_done(struct buf *b, bool wipe)
{
	if (wipe && b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}

static void
call_free(struct kube_call *k)
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
	free_const(k->rq.ns);
	free_const(k->rq.name);
	free_const(k->rq.subresource);
	free_const(k->rq.label_selector);
	free_const(k->rq.field_selector);
	free_const(k->rq.resource_version);
	xfree(k);
}

/* Takes the call out of everything that could still call it. */
static void
detach(struct kube_call *k)
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
kube_call_drop(struct kube_call *k)
{
	detach(k);
	call_free(k);
}

void
kube_cancel(struct kube_call *k)
{
	if (k != NULL)
		kube_call_drop(k);
}

/* ---- done ------------------------------------------------------------------ */

/* "patch hosts/status ns/name: " before the message. */
static void
name_the_request(const struct kube_call *k, struct err *e)
{
	const struct kube_request *rq = &k->rq;

	if (rq->res == NULL)
		return;
	(void)err_wrap(e, "%s %s%s%s%s%.60s%s%.80s", kube_verb_name(rq->verb),
	    rq->res->plural, rq->subresource != NULL ? "/" : "",
	    rq->subresource != NULL ? rq->subresource : "",
	    rq->ns != NULL ? " " : "", rq->ns != NULL ? rq->ns : "",
	    rq->name == NULL ? ""
	    : rq->ns == NULL ? " "
			     : "/",
	    rq->name != NULL ? rq->name : "");
}

/* The last thing that happens to k. */
static void
finish(struct kube_call *k, struct kube_reply *r, int status)
{
	int64_t took = loop_mono_us(k->c->env->loop) - k->started_us;

	if (r->reason == NULL)
		r->reason = "";
	if (r->resource_version == NULL)
		r->resource_version = "";
	r->items = k->delivered;
	r->stopped = k->stopped;
	if (r->err.kind != ERR_NONE) {
		r->object = NULL;
		name_the_request(k, &r->err);
	}
	if (k->rq.res != NULL)
		kube_client_count(k->c, &k->rq, r, status, took);
	detach(k);
	/* From here on the client may be gone after the callback. */
	if (k->rq.done != NULL)
		k->rq.done(k->rq.arg, r);
	call_free(k);
}

static void
refused(void *arg)
{
	struct kube_call *k = arg;
	struct kube_reply r = { .err = k->failed };

	finish(k, &r, 0);
}

static void
refuse(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (k->slot)
		limiter_release(&c->lanes[k->lane].limit);
	k->slot = false;
	loop_defer(c->env->loop, &k->late, refused, k);
}

static void
hold_lane(struct kube_call *k, int64_t us)
{
	if (us > 0 && k->lane != KUBE_LANE_LEASE)
		limiter_hold(&k->c->lanes[k->lane].limit, us);
}

static void enqueue(struct kube_call *k);

/* A 401 is never executed: once more if the files hold something new. */
static bool
again_with_new_credentials(struct kube_call *k, int status)
{
	struct kube_client *c = k->c;

	if (status != 401 || k->resent)
		return false;
	(void)kube_client_refresh(c, true);
	if (c->auth.generation == k->auth_generation)
		return false;
	k->resent = true;
	LOGI(c->env->log, "API credentials rotated",
	    F_STR("config", c->config.source));
	enqueue(k);
	return true;
}

static void
finish_failed(struct kube_call *k, const struct http_result *h)
{
	const struct kube_failure f = { .http = h,
		.body = buf_str(&k->body),
		.n = k->body.n,
		.mutation = kube_mutates(k->rq.verb),
		.wall_us = loop_wall_us(k->c->env->loop) };
	struct kube_reply r = { .err = { .kind = ERR_NONE } };
	cJSON *tree;

	kube_reply_failed(&r, &f, &tree);
	if (k->failed.kind != ERR_NONE)
		r.err = k->failed; /* why we hung up */
	hold_lane(k, r.retry_after_us);
	finish(k, &r, h->status);
	cJSON_Delete(tree);
}

static void
finish_object(struct kube_call *k, const struct http_result *h)
{
	struct kube_reply r = { .err = { .kind = ERR_NONE } };
	cJSON *j = kube_reply_object(buf_str(&k->body), k->body.n, &r.err);
	bool wipe = k->rq.sensitive;

	if (j == NULL)
		r.maybe_executed = kube_mutates(k->rq.verb);
	r.object = j;
	r.resource_version = json_str(j, "metadata/resourceVersion", "");
	finish(k, &r, h->status);
	if (wipe)
		kube_json_wipe(j);
	cJSON_Delete(j);
}

static void
finish_list(struct kube_call *k, cJSON *rest, int status)
{
	struct kube_reply r = { .err = { .kind = ERR_NONE }, .object = rest };
	char *rv = k->list_rv;
	bool wipe = k->rq.sensitive;

	k->list_rv = NULL;
	r.resource_version = rv;
	if (k->collected != NULL) {
		json_set(rest, "items", k->collected);
		k->collected = NULL;
	}
	finish(k, &r, status);
	if (wipe)
		kube_json_wipe(rest);
	cJSON_Delete(rest);
	xfree(rv);
}

/* ---- pages ----------------------------------------------------------------- */

static bool
next_page(struct kube_call *k, const char *token, struct err *e)
{
	struct kube_client *c = k->c;

	if (k->continue_token != NULL && str_eq(k->continue_token, token))
		return err_set(e, ERR_PROTO, 0,
		    "the list is endless: page %u has the same continue token "
		    "as the one before",
		    k->pages);
	if (k->pages >= c->max_pages)
		return err_set(e, ERR_TOO_BIG, 0,
		    "the list has more than %u pages", c->max_pages);
	xreplace(&k->continue_token, token);
	return true;
}

static cJSON *
page_rest(struct kube_call *k, struct err *e)
{
	cJSON *rest;
	const char *rv;

	if (!kube_items_end(&k->items, e))
		return NULL;
	rest = kube_reply_object(buf_str(&k->items.rest), k->items.rest.n, e);
	if (rest == NULL)
		return NULL;
	rv = json_str(rest, "metadata/resourceVersion", "");
	/* The first page's version: later pages are of the same snapshot, and
	 * if not, an older start only means events that we know already. */
	if (k->list_rv == NULL)
		k->list_rv = xstrdup(rv);
	return rest;
}

static void
page_done(struct kube_call *k, const struct http_result *h)
{
	struct kube_reply r = { .err = { .kind = ERR_NONE } };
	cJSON *rest = page_rest(k, &r.err);
	const char *token;

	if (rest == NULL) {
		finish(k, &r, h->status);
		return;
	}
	k->pages++;
	token = json_str(rest, "metadata/continue", "");
	if (token[0] == '\0') {
		finish_list(k, rest, h->status);
		return;
	}
	if (!next_page(k, token, &r.err))
		finish(k, &r, h->status);
	else
		enqueue(k);
	cJSON_Delete(rest);
}

static bool
collect(struct kube_call *k, const char *text, size_t n)
{
	cJSON *j;

	k->collected_bytes += n;
	if (k->collected_bytes > COLLECT_MAX)
		return err_set(&k->failed, ERR_TOO_BIG, 0,
		    "the list is larger than %u bytes", COLLECT_MAX);
	j = json_parse(text, n, &k->failed);
	if (j == NULL)
		return false;
	if (k->collected == NULL)
		k->collected = cJSON_CreateArray();
	cJSON_AddItemToArray(k->collected, j);
	return true;
}

static bool
on_piece(void *arg, const char *text, size_t n)
{
	struct kube_call *k = arg;

	k->delivered++;
	if (k->rq.verb == KUBE_LIST && k->delivered > k->c->max_objects)
		return err_set(&k->failed, ERR_TOO_BIG, 0,
		    "the list has more than %u objects", k->c->max_objects);
	if (k->rq.item == NULL)
		return collect(k, text, n);
	k->stopped = !k->rq.item(k->rq.arg, text, n);
	return !k->stopped;
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
	bool ok = h->err == HTTP_OK && h->status >= 200 && h->status < 300 &&
		  k->failed.kind == ERR_NONE;

	k->http = NULL;
	limiter_release(&k->c->lanes[k->lane].limit);
	k->slot = false;
	if (h->err == HTTP_OK && again_with_new_credentials(k, h->status))
		return;
	if (!ok) {
		finish_failed(k, h);
	} else if (k->rq.verb == KUBE_LIST) {
		page_done(k, h);
	} else if (k->rq.verb == KUBE_WATCH) {
		struct kube_reply r = { .err = { .kind = ERR_NONE } };

		finish(k, &r, h->status);
	} else {
		finish_object(k, h);
	}
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
	if (kube_mutates(rq->verb) && k->lane != KUBE_LANE_LEASE)
		l.connect_us = WRITE_CONNECT_US;
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
	kube_lines_init(&k->lines, KUBE_OBJECT_MAX, on_piece, k);
	buf_done(&k->items.item, wipe);
	buf_done(&k->items.rest, wipe);
	kube_items_init(&k->items, KUBE_OBJECT_MAX, on_piece, k);
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

/* The gate may say no without a word: an empty error would read as success. */
static bool
gate_open(struct kube_call *k)
{
	struct kube_client *c = k->c;

	if (!kube_mutates(k->rq.verb) || k->lane == KUBE_LANE_LEASE ||
	    c->may_write == NULL || c->may_write(c->may_write_arg, &k->failed))
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

static void
enqueue(struct kube_call *k)
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
		enqueue(k);
	return k;
}
