/*
 * How a request ends: one callback with an object, a list, a failure or a
 * refusal; or another page, or once more with new credentials.
 */
#include <string.h>

#include "agent/kube/call_impl.h"
#include "agent/kube/request.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define COLLECT_MAX (8u << 20)

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
	kube_call_detach(k);
	/* From here on the client may be gone after the callback. */
	if (k->rq.done != NULL)
		k->rq.done(k->rq.arg, r);
	kube_call_free(k);
}

void
kube_call_refused(void *arg)
{
	struct kube_call *k = arg;
	struct kube_reply r = { .err = k->failed };

	finish(k, &r, 0);
}

static void
hold_lane(struct kube_call *k, int64_t us)
{
	if (us > 0 && k->lane != KUBE_LANE_LEASE)
		limiter_hold(&k->c->lanes[k->lane].limit, us);
}

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
	kube_call_enqueue(k);
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

/* Of what is watched, the watch shows the same. */
static cJSON *
reply_object(struct kube_call *k, struct err *e)
{
	const char *body = buf_str(&k->body);

	if (!kube_mutates(k->rq.verb) || k->rq.sensitive ||
	    k->lane == KUBE_LANE_EVENT || k->lane == KUBE_LANE_LEASE)
		return kube_reply_object(body, k->body.n, e);
	return kube_reply_checked(
	    twice_parse(&k->c->twice, body, k->body.n, e), e);
}

static void
finish_object(struct kube_call *k, const struct http_result *h)
{
	struct kube_reply r = { .err = { .kind = ERR_NONE } };
	cJSON *j = reply_object(k, &r.err);
	bool wipe = k->rq.sensitive;

	if (j == NULL)
		r.maybe_executed = kube_mutates(k->rq.verb);
	r.object = j;
	r.lasting = !wipe;
	r.resource_version = json_str(j, "metadata/resourceVersion", "");
	finish(k, &r, h->status);
	if (wipe)
		kube_json_wipe(j);
	json_drop(j);
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
		kube_call_enqueue(k);
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

bool
kube_call_piece(void *arg, const char *text, size_t n)
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

void
kube_call_skipped(void *arg, const struct err *why)
{
	struct kube_call *k = arg;

	k->rq.skipped(k->rq.arg, why);
}

/* ---- the end ----------------------------------------------------------------- */

void
kube_call_ended(struct kube_call *k, const struct http_result *h)
{
	struct kube_reply r = { .err = { .kind = ERR_NONE } };
	bool ok = h->err == HTTP_OK && h->status >= 200 && h->status < 300 &&
		  k->failed.kind == ERR_NONE;

	if (h->err == HTTP_OK && again_with_new_credentials(k, h->status))
		return;
	if (!ok)
		finish_failed(k, h);
	else if (k->rq.verb == KUBE_LIST)
		page_done(k, h);
	else if (k->rq.verb == KUBE_WATCH)
		finish(k, &r, h->status);
	else
		finish_object(k, h);
}
