#include "sim/kube/serve.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/watch.h"

#define MAX_HEADERS 32
#define MAX_AGENT 256

/* ---- replies ------------------------------------------------------------- */

static void
quote(char *out, size_t cap, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 3 < cap; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			continue;
		if (*text == '"' || *text == '\\')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n] = '\0';
}

static void
send_text(struct http_exchange *x, const struct ks_reply *rp)
{
	struct http_header h[MAX_HEADERS];
	char *warnings[MAX_HEADERS] = { NULL };
	char retry[24], text[700];
	size_t n = 0, w;

	h[n++] = (struct http_header){ "Content-Type",
		rp->type != NULL ? rp->type : "application/json" };
	h[n++] = (struct http_header){ "Cache-Control", "no-cache, private" };
	if (rp->retry_after_s > 0) {
		(void)str_format(
		    retry, sizeof(retry), "%lld", (long long)rp->retry_after_s);
		h[n++] = (struct http_header){ "Retry-After", retry };
	}
	for (w = 0; w < rp->warnings.n && n < MAX_HEADERS; w++) {
		quote(text, sizeof(text), rp->warnings.v[w]);
		warnings[w] = xasprintf("299 - \"%s\"", text);
		h[n++] = (struct http_header){ "Warning", warnings[w] };
	}
	http_reply(x, rp->status, h, n,
	    (struct http_bytes){ rp->text, strlen(rp->text) });
	while (w > 0)
		xfree(warnings[--w]);
}

static void
send_reply(struct kube_server *s, struct http_exchange *x, struct ks_reply *rp)
{
	if (rp->list != NULL) {
		ks_list_send(rp->list, s, x);
		rp->list = NULL;
	} else {
		send_text(x, rp);
	}
	ks_reply_free(rp);
}

static void
send_status(
    struct kube_server *s, struct http_exchange *x, struct ks_status *st)
{
	struct ks_reply rp = { 0 };

	ks_reply_status(&rp, st);
	ks_status_fini(st);
	send_reply(s, x, &rp);
}

/* ---- who ----------------------------------------------------------------- */

/* In time that does not depend on where they differ. */
static bool
same_token(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned diff = 0;

	if (strlen(b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		diff |= (unsigned)(unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

const char *
ks_token_user(const struct kube_server *s, const char *token)
{
	for (size_t i = 0; i < s->n_tokens; i++)
		if (same_token(token, s->tokens[i].token))
			return s->tokens[i].user;
	return NULL;
}

/* NULL: nobody we know. */
static const char *
user_of(const struct kube_server *s, const struct http_exchange *x)
{
	const char *auth = http_exchange_header(x, "Authorization");
	const char *cn = http_exchange_client_cn(x);

	if (auth != NULL && strlen(auth) > 7 &&
	    (str_has_prefix(auth, "Bearer ") ||
		str_has_prefix(auth, "bearer "))) {
		cn = ks_token_user(s, auth + 7);
		return cn != NULL || s->n_tokens != 0 || s->client_certs
			   ? cn
			   : "system:anonymous";
	}
	if (s->client_certs && cn != NULL)
		return cn;
	return s->n_tokens == 0 && !s->client_certs ? "system:anonymous" : NULL;
}

static bool
open_to_all(const char *target)
{
	static const char *const open[] = { "/healthz", "/livez", "/readyz",
		"/version" };
	size_t n = strcspn(target, "?");

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		if (strlen(open[i]) == n && memcmp(open[i], target, n) == 0)
			return true;
	return false;
}

/* Reviews look like resources and are none. */
static bool
is_resource(const char *target)
{
	return ks_is_resource_path(target) &&
	       !str_has_prefix(target, "/apis/authorization.k8s.io/") &&
	       !str_has_prefix(target, "/apis/authentication.k8s.io/");
}

/* ---- execution ------------------------------------------------------------ */

static void
count_request(struct kube_server *s, const struct ks_request *rq)
{
	ks_stats_request(&s->stats, rq->in->user, rq->verb,
	    rq->resource != NULL ? rq->resource : "");
}

/* True: a rule answers instead, or (after_commit) the reply must be lost. */
static bool
fault(struct kube_server *s, const struct ks_request *rq, struct kube_fail *hit)
{
	char *key;
	bool yes;

	if (s->faults.n == 0)
		return false;
	key = ks_key(rq->ns, rq->name);
	yes = ks_faults_hit(
	    &s->faults, rq->in->user, rq->verb, rq->resource, key, hit);
	xfree(key);
	return yes;
}

/* In the words of RBAC: who may not do what, with what, and where. */
static void
fault_forbidden(const struct ks_request *rq, struct ks_status *st)
{
	size_t plural = strcspn(rq->resource, "./");
	const char *group = rq->resource + plural;
	size_t whole = strcspn(rq->resource, "/");
	bool named = !str_empty(rq->name), spaced = !str_empty(rq->ns);

	(void)ks_status_set(st, 403, "Forbidden",
	    "%.*s%s%s%s is forbidden: User \"%s\" cannot %s resource "
	    "\"%.*s%s\" in API group \"%.*s\" %s%s%s",
	    (int)whole, rq->resource, named ? " \"" : "", named ? rq->name : "",
	    named ? "\"" : "", rq->in->user,
	    str_eq(rq->verb, "apply") ? "patch" : rq->verb, (int)plural,
	    rq->resource, rq->resource + whole,
	    *group == '.' ? (int)(whole - plural - 1) : 0,
	    *group == '.' ? group + 1 : "",
	    spaced ? "in the namespace \"" : "at the cluster scope",
	    spaced ? rq->ns : "", spaced ? "\"" : "");
}

static void
fault_status(const struct kube_fail *f, const struct ks_request *rq,
    struct ks_status *st)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = { { 400, "BadRequest" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "NotFound" }, { 409, "Conflict" },
		{ 410, "Expired" }, { 422, "Invalid" },
		{ 429, "TooManyRequests" }, { 503, "ServiceUnavailable" },
		{ 504, "Timeout" } };
	const char *reason = "InternalError";

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == f->status)
			reason = reasons[i].reason;
	if (f->status == 403)
		fault_forbidden(rq, st);
	else
		(void)ks_status_set(st, f->status, reason, "injected fault");
	st->retry_after_s = f->retry_after_s;
}

static void
lose_reply(struct http_exchange *x, const struct kube_fail *hit)
{
	http_reply_raw(x, (struct http_bytes){ NULL, 0 }, 0,
	    hit->hang ? HTTP_HANG : HTTP_RST);
}

/* Reviews are creates of their resource: counted, and refused, as such. */
static bool
refused_review(
    struct kube_server *s, struct http_exchange *x, const struct ks_input *in)
{
	char resource[128], none[] = "";
	struct ks_request rq = { .in = in,
		.verb = "create",
		.ns = none,
		.name = none,
		.resource = resource };
	struct kube_fail hit = { 0 };
	struct ks_status st = { 0 };

	if (!ks_review_resource(in, resource))
		return false;
	count_request(s, &rq);
	if (!fault(s, &rq, &hit))
		return false;
	if (hit.hang || hit.after_commit) {
		lose_reply(x, &hit);
		return true;
	}
	fault_status(&hit, &rq, &st);
	send_status(s, x, &st);
	ks_status_fini(&st);
	return true;
}

static void
run_execute(struct kube_server *s, struct http_exchange *x,
    const struct ks_request *rq, const struct kube_fail *hit)
{
	struct ks_reply rp = { 0 };

	ks_execute(s, rq, &rp);
	if (hit->after_commit) {
		ks_reply_free(&rp);
		lose_reply(x, hit);
	} else {
		send_reply(s, x, &rp);
	}
}

static void
run_resource(
    struct kube_server *s, struct http_exchange *x, const struct ks_input *in)
{
	struct ks_status st = { 0 };
	struct kube_fail hit = { 0 };
	struct ks_request rq;
	bool ok = ks_request_parse(&rq, &s->store.kinds, in, &st);

	if (ok) {
		count_request(s, &rq);
		if (fault(s, &rq, &hit) && !hit.after_commit) {
			fault_status(&hit, &rq, &st);
			ok = false;
		}
	}
	if (!ok && hit.hang) {
		lose_reply(x, &hit);
		ks_request_free(&rq);
		ks_status_fini(&st);
		return;
	}
	if (ok && str_eq(rq.verb, "watch")) {
		if (hit.after_commit)
			lose_reply(x, &hit);
		else
			ok = ks_watch_start(s, &rq, x, &st);
	} else if (ok) {
		run_execute(s, x, &rq, &hit);
	}
	ks_request_free(&rq);
	if (!ok)
		send_status(s, x, &st);
	ks_status_fini(&st);
}

void
ks_serve_input(
    struct kube_server *s, const struct ks_input *in, struct ks_reply *rp)
{
	struct ks_status st = { 0 };
	struct ks_request rq;

	if (str_has_prefix(in->target, "/_sim/")) {
		ks_sim(s, in, rp);
		return;
	}
	if (!is_resource(in->target)) {
		ks_document(s, in, rp);
		return;
	}
	if (!ks_request_parse(&rq, &s->store.kinds, in, &st)) {
		ks_reply_status(rp, &st);
	} else if (str_eq(rq.verb, "watch")) {
		(void)ks_bad_request(&st, "no watches here");
		ks_reply_status(rp, &st);
	} else {
		count_request(s, &rq);
		ks_execute(s, &rq, rp);
	}
	ks_status_fini(&st);
	ks_request_free(&rq);
}

/* ---- exchanges ------------------------------------------------------------ */

static bool
outage(struct kube_server *s, struct http_exchange *x)
{
	struct ks_status st = { 0 };

	switch (ks_faults_outage(&s->faults, loop_mono_us(s->env.loop))) {
	case KUBE_UP:
		return false;
	case KUBE_REFUSE:
		/* A connection from before the outage. */
		lose_reply(x, &(struct kube_fail){ 0 });
		return true;
	case KUBE_HANG:
		http_reply_raw(x, (struct http_bytes){ NULL, 0 }, 0, HTTP_HANG);
		return true;
	case KUBE_503:
		break;
	}
	(void)ks_status_set(&st, 503, "ServiceUnavailable",
	    "the server is currently unable to handle the request");
	st.retry_after_s = 1;
	send_status(s, x, &st);
	return true;
}

static void
answer(struct kube_server *s, struct http_exchange *x, struct http_bytes body)
{
	struct ks_input in = { .method = http_exchange_method(x),
		.target = http_exchange_target(x),
		.accept = http_exchange_header(x, "Accept"),
		.content_type = http_exchange_header(x, "Content-Type"),
		.agent = http_exchange_header(x, "User-Agent"),
		.user = user_of(s, x),
		.body = body };
	struct ks_reply rp = { 0 };

	if (in.user == NULL)
		in.user = "system:anonymous";
	if (is_resource(in.target)) {
		run_resource(s, x, &in);
		return;
	}
	if (refused_review(s, x, &in))
		return;
	ks_serve_input(s, &in, &rp);
	send_reply(s, x, &rp);
}

static void
whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	/* An outage may have begun while the body came. */
	if (!outage(arg, x))
		answer(arg, x, body);
}

static bool
too_large(struct http_exchange *x)
{
	const char *length = http_exchange_header(x, "Content-Length");
	int64_t n;

	return length != NULL && (!str_to_i64(length, &n) || n > KS_BODY_MAX);
}

void
ks_serve(void *server, struct http_exchange *x)
{
	struct kube_server *s = server;
	const char *m = http_exchange_method(x);
	struct ks_status st = { 0 };

	/* The control side answers even while the API is "down". */
	if (!str_has_prefix(http_exchange_target(x), "/_sim/") && outage(s, x))
		return;
	if (user_of(s, x) == NULL && !open_to_all(http_exchange_target(x))) {
		(void)ks_status_set(&st, 401, "Unauthorized", "Unauthorized");
		send_status(s, x, &st);
	} else if (too_large(x)) {
		(void)ks_status_set(&st, 413, "RequestEntityTooLarge",
		    "Request entity too large: limit is %u", KS_BODY_MAX);
		send_status(s, x, &st);
	} else if (str_eq(m, "GET") || str_eq(m, "HEAD")) {
		answer(s, x, (struct http_bytes){ NULL, 0 });
	} else {
		http_exchange_collect(x, whole, s);
	}
}

bool
ks_serve_accept(
    void *server, const struct http_addr *local, const struct http_addr *remote)
{
	struct kube_server *s = server;

	(void)local;
	(void)remote;
	return ks_faults_outage(&s->faults, loop_mono_us(s->env.loop)) !=
	       KUBE_REFUSE;
}
