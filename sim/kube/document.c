/* Discovery, OpenAPI, health and access reviews. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "sim/kube/discovery.h"
#include "sim/kube/handle.h"
#include "sim/kube/openapi.h"
#include "sim/kube/protobuf.h"

#define PARTS 5

struct doc {
	struct kube_server *s;
	const struct ks_input *in;
	const char *part[PARTS]; /* of the path */
	size_t n;
	struct api_resource *r;
	size_t n_r;
};

static cJSON *
openapi(const struct doc *d, struct ks_reply *rp)
{
	cJSON *j = NULL;

	if (str_eq(d->part[1], "v2")) {
		rp->status = openapi_v2(d->in->accept, &j);
		return j;
	}
	if (!str_eq(d->part[1], "v3"))
		return NULL;
	if (d->n == 2)
		return openapi_v3_index(d->r, d->n_r);
	if (d->n == 4 && str_eq(d->part[2], "api"))
		return openapi_v3_group_version(d->r, d->n_r, "", d->part[3]);
	if (d->n == 5)
		return openapi_v3_group_version(
		    d->r, d->n_r, d->part[3], d->part[4]);
	return NULL;
}

static cJSON *
discovery(const struct doc *d, struct ks_reply *rp)
{
	bool core = str_eq(d->part[0], "api");

	if (d->n == 1 && discovery_aggregated_accepted(d->in->accept)) {
		rp->type = DISCOVERY_AGGREGATED_TYPE;
		return discovery_aggregated(d->r, d->n_r, core);
	}
	if (d->n == 1)
		return core ? discovery_api("127.0.0.1")
			    : discovery_apis(d->r, d->n_r);
	if (core)
		return d->n == 2
			   ? discovery_resources(d->r, d->n_r, "", d->part[1])
			   : NULL;
	if (d->n == 2)
		return discovery_group(d->r, d->n_r, d->part[1]);
	if (d->n == 3)
		return discovery_resources(
		    d->r, d->n_r, d->part[1], d->part[2]);
	return NULL;
}

static cJSON *
document(const struct doc *d, struct ks_reply *rp)
{
	if (str_eq(d->part[0], "version") && d->n == 1)
		return discovery_version("linux/amd64");
	if (str_eq(d->part[0], "openapi") && d->n > 1)
		return openapi(d, rp);
	if (str_eq(d->part[0], "api") || str_eq(d->part[0], "apis"))
		return discovery(d, rp);
	return NULL;
}

static bool
plain_text(struct kube_server *s, const char *path, struct ks_reply *rp)
{
	struct buf out;
	size_t n;

	rp->status = 200;
	rp->type = "text/plain; charset=utf-8";
	if (str_eq(path, "/healthz") || str_eq(path, "/livez") ||
	    str_eq(path, "/readyz")) {
		rp->text = xstrdup("ok");
		return true;
	}
	if (!str_eq(path, "/metrics"))
		return false;
	buf_init(&out, 4u << 20);
	if (s->env.metrics != NULL)
		metrics_print(s->env.metrics, &out);
	(void)buf_addf(&out,
	    "# TYPE kube_sim_revision gauge\nkube_sim_revision %lld\n"
	    "# TYPE kube_sim_watches gauge\nkube_sim_watches %zu\n",
	    (long long)s->store.rv, s->n_watches);
	rp->text = buf_take(&out, &n);
	return true;
}

/* ---- reviews -------------------------------------------------------------- */

enum review {
	REVIEW_ACCESS,
	REVIEW_SELF, /* kubectl auth whoami */
	REVIEW_TOKEN
};
static const struct {
	const char *path;
	enum review kind;
} reviews[] = {
	{ "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
	    REVIEW_ACCESS },
	{ "/apis/authorization.k8s.io/v1/subjectaccessreviews", REVIEW_ACCESS },
	{ "/apis/authentication.k8s.io/v1/selfsubjectreviews", REVIEW_SELF },
	{ "/apis/authentication.k8s.io/v1/tokenreviews", REVIEW_TOKEN },
};

/* Whose it is, by the stand-in's own tokens; what was asked is not sent back. */
static cJSON *
review_token(const struct kube_server *s, cJSON *asked)
{
	cJSON *status = cJSON_CreateObject(), *user;
	const char *name = ks_token_user(s, json_str(asked, "spec/token", ""));

	json_set_bool(status, "authenticated", name != NULL);
	if (name == NULL) {
		json_set_str(status, "error",
		    "[invalid bearer token, token lookup failed]");
	} else {
		user = json_ensure_obj(status, "user");
		json_set_str(user, "username", name);
		json_set(user, "groups",
		    cJSON_CreateStringArray(
			(const char *const[]){ "system:authenticated" }, 1));
	}
	json_set_str(json_ensure_obj(asked, "spec"), "token", "");
	return status;
}

static cJSON *
review_status(enum review kind, const char *user)
{
	cJSON *status = cJSON_CreateObject();

	if (kind == REVIEW_SELF) {
		json_set_str(
		    json_ensure_obj(status, "userInfo"), "username", user);
		return status;
	}
	json_set_bool(status, "allowed", true);
	json_set_str(status, "reason",
	    "this stand-in has no RBAC: everything is allowed");
	return status;
}

static cJSON *
review_body(const struct ks_input *in, struct err *e)
{
	if (ks_type_is(in->content_type, KS_PROTOBUF_TYPE))
		return ks_protobuf_parse(in->body.p, in->body.n, e);
	return json_parse(in->body.p != NULL ? in->body.p : "", in->body.n, e);
}

static bool
review(const struct kube_server *s, const struct ks_input *in, const char *path,
    struct ks_reply *rp)
{
	const size_t n = sizeof(reviews) / sizeof(reviews[0]);
	struct ks_status st = { 0 };
	struct err e;
	cJSON *j;
	size_t i = 0;

	while (i < n && !str_eq(path, reviews[i].path))
		i++;
	if (i == n || !str_eq(in->method, "POST"))
		return false;
	j = review_body(in, &e);
	if (cJSON_IsObject(j)) {
		json_set(j, "status",
		    reviews[i].kind == REVIEW_TOKEN
			? review_token(s, j)
			: review_status(reviews[i].kind, in->user));
		ks_reply_json(rp, 201, j);
		return true;
	}
	cJSON_Delete(j);
	(void)ks_bad_request(&st, "the body must be a review");
	ks_reply_status(rp, &st);
	ks_status_fini(&st);
	return true;
}

bool
ks_review_resource(const struct ks_input *in, char out[128])
{
	size_t n = strcspn(in->target, "?");

	for (size_t i = 0; i < sizeof(reviews) / sizeof(reviews[0]); i++) {
		const char *group = reviews[i].path + strlen("/apis/");

		if (strlen(reviews[i].path) == n &&
		    strncmp(in->target, reviews[i].path, n) == 0 &&
		    str_eq(in->method, "POST"))
			return str_format(out, 128, "%s.%.*s",
			    strrchr(reviews[i].path, '/') + 1,
			    (int)strcspn(group, "/"), group);
	}
	return false;
}

static void
split(struct doc *d, char *path)
{
	for (char *p = path; *p == '/' && d->n < PARTS;) {
		*p++ = '\0';
		if (*p == '\0')
			break;
		d->part[d->n++] = p;
		while (*p != '\0' && *p != '/')
			p++;
	}
}

void
ks_document(
    struct kube_server *s, const struct ks_input *in, struct ks_reply *rp)
{
	char *path = xstrndup(in->target, strcspn(in->target, "?"));
	struct doc d = { .s = s, .in = in };
	struct ks_status st = { 0 };
	cJSON *j = NULL;

	if (review(s, in, path, rp) || plain_text(s, path, rp)) {
		xfree(path);
		return;
	}
	rp->status = 200;
	rp->type = NULL;
	if (str_eq(in->method, "GET") || str_eq(in->method, "HEAD")) {
		d.r = ks_kinds_api(&s->store.kinds, &d.n_r);
		split(&d, path);
		if (d.n > 0)
			j = document(&d, rp);
		xfree(d.r);
	}
	if (j != NULL) {
		ks_reply_json(rp, rp->status, j);
	} else {
		rp->type = NULL;
		if (rp->status == 406)
			(void)ks_status_set(&st, 406, "NotAcceptable",
			    "only JSON can be had here");
		else
			(void)ks_no_page(&st);
		ks_reply_status(rp, &st);
		ks_status_fini(&st);
	}
	xfree(path);
}
