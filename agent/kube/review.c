/* See review.h. */
#include "agent/kube/review.h"

#include <string.h>
#include <sys/queue.h>

#include "agent/kube/client.h"
#include "agent/kube/client_impl.h"
#include "agent/kube/resource.h"
#include "common/digest.h"
#include "common/env.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

/* As long as kube-rbac-proxy keeps a refusal, and less than it keeps a yes. */
#define ADMITTED_US (30 * LOOP_S)
#define REFUSED_US (5 * LOOP_S)
#define REFILL_US (LOOP_S / 5)

struct kept {
	uint8_t key[32];
	int64_t until_us; /* 0 = free */
	enum review_verdict v;
};

struct kube_reviews {
	struct kube_client *c; /* borrowed */
	struct kept kept[REVIEW_KEPT];
	LIST_HEAD(, kube_review) all;
	unsigned n;
	unsigned credit;
	int64_t credit_us; /* when it was counted last */
};

struct kube_review {
	struct kube_reviews *rs;
	LIST_ENTRY(kube_review) entry;
	uint8_t key[32];
	struct kube_call *call;
	const struct kube_resource *res;
	char *verb, *ns, *name; /* owned */
	review_done *done;
	void *arg;
};

static int64_t
now_us(const struct kube_reviews *rs)
{
	return loop_mono_us(kube_client_env(rs->c)->loop);
}

struct kube_reviews *
kube_reviews_new(struct kube_client *c)
{
	struct kube_reviews *rs = xcalloc(1, sizeof(*rs));

	rs->c = c;
	rs->credit = REVIEW_BURST;
	rs->credit_us = now_us(rs);
	return rs;
}

static void
review_free(struct kube_review *r)
{
	kube_cancel(r->call);
	LIST_REMOVE(r, entry);
	r->rs->n--;
	xfree(r->verb);
	xfree(r->ns);
	xfree(r->name);
	xfree(r);
}

void
kube_reviews_free(struct kube_reviews *rs)
{
	if (rs == NULL)
		return;
	while (!LIST_EMPTY(&rs->all))
		review_free(LIST_FIRST(&rs->all));
	xfree(rs);
}

void
kube_review_cancel(struct kube_review *r)
{
	if (r != NULL)
		review_free(r);
}

/* ---- what was said before ----------------------------------------------------- */

static void
kept_key(const struct review_ask *a, uint8_t key[32])
{
	const char *const parts[] = { a->token, a->verb, a->res->group,
		a->res->plural, a->ns, a->name };
	struct sha256_ctx c;

	sha256_begin(&c);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		sha256_more(&c, parts[i], strlen(parts[i]) + 1);
	sha256_end(&c, key);
}

static const struct kept *
kept_find(const struct kube_reviews *rs, const uint8_t key[32])
{
	for (size_t i = 0; i < REVIEW_KEPT; i++)
		if (rs->kept[i].until_us > now_us(rs) &&
		    memcmp(rs->kept[i].key, key, 32) == 0)
			return &rs->kept[i];
	return NULL;
}

/* In the place of what ends first. */
static void
kept_add(struct kube_reviews *rs, const uint8_t key[32], enum review_verdict v)
{
	struct kept *k = &rs->kept[0];

	if (v != REVIEW_ADMITTED && v != REVIEW_STRANGER &&
	    v != REVIEW_FORBIDDEN)
		return;
	for (size_t i = 1; i < REVIEW_KEPT; i++)
		if (rs->kept[i].until_us < k->until_us)
			k = &rs->kept[i];
	memcpy(k->key, key, 32);
	k->v = v;
	k->until_us =
	    now_us(rs) + (v == REVIEW_ADMITTED ? ADMITTED_US : REFUSED_US);
}

static bool
credit_taken(struct kube_reviews *rs)
{
	int64_t n = (now_us(rs) - rs->credit_us) / REFILL_US;

	rs->credit_us += n * REFILL_US;
	rs->credit = n >= REVIEW_BURST || rs->credit + n > REVIEW_BURST
			 ? REVIEW_BURST
			 : rs->credit + (unsigned)n;
	if (rs->credit == 0 || rs->n >= REVIEW_UNDER_WAY)
		return false;
	rs->credit--;
	return true;
}

/* ---- the two questions ---------------------------------------------------------- */

static const char *
review_words(enum review_verdict v)
{
	static const char *const words[] = {
		[REVIEW_ADMITTED] = "",
		[REVIEW_STRANGER] = "the API server knows no such token",
		[REVIEW_FORBIDDEN] = "the right to get this is missing",
		[REVIEW_BUSY] = "too many ask; try again in a second",
		[REVIEW_FAILED] = "the API server did not say",
	};

	return words[v];
}

static void
review_end(struct kube_review *r, enum review_verdict v, const char *why)
{
	review_done *done = r->done;
	void *arg = r->arg;
	char text[256];

	(void)str_copy(text, sizeof(text), why);
	kept_add(r->rs, r->key, v);
	review_free(r);
	done(arg, v, text);
}

static void
review_post(struct kube_review *r, const struct kube_resource *res,
    const cJSON *spec, void (*done)(void *arg, const struct kube_reply *reply))
{
	struct kube_request rq = { .verb = KUBE_CREATE,
		.res = res,
		.sensitive = true,
		.shard = KUBE_ANY_SHARD,
		.done = done,
		.arg = r };
	char version[KUBE_API_VERSION_CAP];
	cJSON *body = cJSON_CreateObject();

	kube_api_version(res, version);
	json_set_str(body, "apiVersion", version);
	json_set_str(body, "kind", res->kind);
	json_set(body, "metadata", cJSON_CreateObject());
	json_set(body, "spec", json_dup(spec));
	rq.body = body;
	r->call = kube_start(r->rs->c, &rq);
	kube_json_wipe(body);
	cJSON_Delete(body);
}

static void
on_access(void *arg, const struct kube_reply *reply)
{
	struct kube_review *r = arg;
	bool allowed = json_bool(reply->object, "status/allowed", false) &&
		       !json_bool(reply->object, "status/denied", false);

	r->call = NULL;
	if (reply->err.kind != ERR_NONE)
		review_end(r, REVIEW_FAILED, reply->err.msg);
	else if (allowed)
		review_end(r, REVIEW_ADMITTED, "");
	else
		review_end(r, REVIEW_FORBIDDEN, review_words(REVIEW_FORBIDDEN));
}

static void
ask_access(struct kube_review *r, const cJSON *user)
{
	static const char *const same[] = { "groups", "uid", "extra" };
	cJSON *spec = cJSON_CreateObject();
	cJSON *a = json_ensure_obj(spec, "resourceAttributes");

	json_set_str(spec, "user", json_str(user, "username", ""));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (json_child(user, same[i]) != NULL)
			json_set(
			    spec, same[i], json_dup(json_child(user, same[i])));
	json_set_str(a, "verb", r->verb);
	json_set_str(a, "group", r->res->group);
	json_set_str(a, "version", r->res->version);
	json_set_str(a, "resource", r->res->plural);
	json_set_str(a, "namespace", r->ns);
	json_set_str(a, "name", r->name);
	review_post(r, &KUBE_ACCESS_REVIEWS, spec, on_access);
	cJSON_Delete(spec);
}

static void
on_token(void *arg, const struct kube_reply *reply)
{
	struct kube_review *r = arg;
	const cJSON *user = json_obj(reply->object, "status/user");

	r->call = NULL;
	if (reply->err.kind != ERR_NONE)
		review_end(r, REVIEW_FAILED, reply->err.msg);
	else if (!json_bool(reply->object, "status/authenticated", false) ||
		 str_empty(json_str(user, "username", "")))
		review_end(r, REVIEW_STRANGER, review_words(REVIEW_STRANGER));
	else
		ask_access(r, user);
}

static void
ask_token(struct kube_review *r, const char *token)
{
	cJSON *spec = cJSON_CreateObject();

	json_set_str(spec, "token", token);
	review_post(r, &KUBE_TOKEN_REVIEWS, spec, on_token);
	kube_json_wipe(spec);
	cJSON_Delete(spec);
}

struct kube_review *
kube_review_start(struct kube_reviews *rs, const struct review_ask *a,
    review_done *done, void *arg)
{
	size_t n = strlen(a->token);
	const struct kept *k;
	struct kube_review *r;
	uint8_t key[32];

	if (n == 0 || n > REVIEW_TOKEN_MAX) {
		done(arg, REVIEW_STRANGER, review_words(REVIEW_STRANGER));
		return NULL;
	}
	kept_key(a, key);
	k = kept_find(rs, key);
	if (k != NULL) {
		done(arg, k->v, review_words(k->v));
		return NULL;
	}
	if (!credit_taken(rs)) {
		done(arg, REVIEW_BUSY, review_words(REVIEW_BUSY));
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->rs = rs;
	memcpy(r->key, key, sizeof(key));
	r->res = a->res;
	r->verb = xstrdup(a->verb);
	r->ns = xstrdup(a->ns);
	r->name = xstrdup(a->name);
	r->done = done;
	r->arg = arg;
	LIST_INSERT_HEAD(&rs->all, r, entry);
	rs->n++;
	ask_token(r, a->token);
	return r;
}
