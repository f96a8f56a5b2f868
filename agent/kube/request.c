/* Paths and queries, each part escaped. */
#include "agent/kube/request.h"

#include <limits.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

const char *
kube_verb_name(enum kube_verb v)
{
	static const char *const names[KUBE_VERBS] = { "get", "list", "watch",
		"create", "patch", "delete" };

	return v < KUBE_VERBS ? names[v] : "?";
}

const char *
kube_method(enum kube_verb v)
{
	switch (v) {
	case KUBE_CREATE:
		return "POST";
	case KUBE_PATCH:
		return "PATCH";
	case KUBE_DELETE:
		return "DELETE";
	case KUBE_GET:
	case KUBE_LIST:
	case KUBE_WATCH:
	case KUBE_VERBS:
		break;
	}
	return "GET";
}

bool
kube_mutates(enum kube_verb v)
{
	return v == KUBE_CREATE || v == KUBE_PATCH || v == KUBE_DELETE;
}

const char *
kube_accept(const struct kube_request *rq)
{
	if (!rq->metadata_only)
		return "application/json";
	return rq->verb == KUBE_LIST
		   ? "application/json;as=PartialObjectMetadataList;"
		     "g=meta.k8s.io;v=v1,application/json"
		   : "application/json;as=PartialObjectMetadata;"
		     "g=meta.k8s.io;v=v1,application/json";
}

const char *
kube_content_type(const struct kube_request *rq)
{
	if (rq->verb == KUBE_CREATE || rq->verb == KUBE_DELETE)
		return "application/json";
	if (rq->verb != KUBE_PATCH)
		return NULL;
	switch (rq->patch) {
	case KUBE_PATCH_JSON:
		return "application/json-patch+json";
	case KUBE_PATCH_APPLY:
		return "application/apply-patch+yaml";
	case KUBE_PATCH_MERGE:
		break;
	}
	return "application/merge-patch+json";
}

char *
kube_delete_options(const struct kube_request *rq)
{
	cJSON *o, *p;
	char *text;

	if (rq->precond_uid == NULL && rq->precond_rv == NULL &&
	    rq->propagation == NULL)
		return NULL;
	o = cJSON_CreateObject();
	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", "DeleteOptions");
	if (rq->propagation != NULL)
		json_set_str(o, "propagationPolicy", rq->propagation);
	if (rq->precond_uid != NULL || rq->precond_rv != NULL) {
		p = json_ensure_obj(o, "preconditions");
		if (rq->precond_uid != NULL)
			json_set_str(p, "uid", rq->precond_uid);
		if (rq->precond_rv != NULL)
			json_set_str(p, "resourceVersion", rq->precond_rv);
	}
	text = json_print(o);
	cJSON_Delete(o);
	return text;
}

/* "/" and one escaped segment; dots would change the path. */
static bool
segment(struct buf *out, const char *what, const char *s, struct err *e)
{
	char *esc;

	if (str_empty(s) || str_eq(s, ".") || str_eq(s, "..") ||
	    strchr(s, '/') != NULL || strlen(s) > 253)
		return err_set(e, ERR_SPEC, 0, "\"%.60s\" is no valid %s",
		    s == NULL ? "" : s, what);
	esc = url_escape(s);
	(void)buf_addc(out, '/');
	(void)buf_adds(out, esc);
	xfree(esc);
	return true;
}

static bool
path(struct buf *out, const struct kube_request *rq, const char *prefix,
    struct err *e)
{
	const struct kube_resource *r = rq->res;
	bool collection = rq->verb == KUBE_LIST || rq->verb == KUBE_WATCH ||
			  rq->verb == KUBE_CREATE;
	bool any_ns = rq->verb == KUBE_LIST || rq->verb == KUBE_WATCH;

	(void)buf_adds(out, prefix);
	(void)buf_addf(
	    out, r->group[0] == '\0' ? "/api%s" : "/apis/%s", r->group);
	(void)buf_addf(out, "/%s", r->version);
	if (!r->cluster_scoped && !(any_ns && str_empty(rq->ns))) {
		(void)buf_adds(out, "/namespaces");
		if (!segment(out, "namespace", rq->ns, e))
			return false;
	}
	(void)buf_addf(out, "/%s", r->plural);
	if (!collection && !segment(out, "name", rq->name, e))
		return false;
	if (rq->subresource != NULL)
		return segment(out, "subresource", rq->subresource, e);
	return true;
}

struct query {
	struct buf *out;
	char sep;
};

static void
param(struct query *q, const char *key, const char *value)
{
	char *esc;

	if (str_empty(value))
		return;
	esc = url_escape(value);
	(void)buf_addf(q->out, "%c%s=", q->sep, key);
	(void)buf_adds(q->out, esc);
	xfree(esc);
	q->sep = '&';
}

static void
param_u(struct query *q, const char *key, unsigned value)
{
	(void)buf_addf(q->out, "%c%s=%u", q->sep, key, value);
	q->sep = '&';
}

static void
read_params(
    struct query *q, const struct kube_request *rq, const char *continue_token)
{
	unsigned limit = rq->page_limit == 0 ? KUBE_PAGE_LIMIT : rq->page_limit;

	if (rq->verb != KUBE_LIST && rq->verb != KUBE_WATCH)
		return;
	if (rq->verb == KUBE_WATCH) {
		param(q, "watch", "true");
		param(q, "allowWatchBookmarks", "true");
		param(q, "resourceVersion", rq->resource_version);
		param_u(q, "timeoutSeconds",
		    rq->timeout_s == 0 ? 300 : rq->timeout_s);
	} else if (limit != UINT_MAX) {
		param_u(q, "limit", limit);
		param(q, "continue", continue_token);
	}
	param(q, "labelSelector", rq->label_selector);
	param(q, "fieldSelector", rq->field_selector);
}

static void
write_params(
    struct query *q, const struct kube_request *rq, const char *manager)
{
	if (rq->verb == KUBE_CREATE || rq->verb == KUBE_PATCH)
		param(q, "fieldManager", manager);
	if (rq->verb == KUBE_PATCH && rq->patch == KUBE_PATCH_APPLY &&
	    rq->force)
		param(q, "force", "true");
	if (kube_mutates(rq->verb) && rq->dry_run)
		param(q, "dryRun", "All");
}

bool
kube_request_valid(const struct kube_request *rq, struct err *e)
{
	if (rq->res == NULL || rq->done == NULL)
		return err_set(
		    e, ERR_SPEC, 0, "a request without resource or callback");
	if ((rq->verb == KUBE_CREATE || rq->verb == KUBE_PATCH) &&
	    rq->body == NULL)
		return err_set(e, ERR_SPEC, 0, "a write without a body");
	if (rq->verb == KUBE_WATCH && rq->item == NULL)
		return err_set(e, ERR_SPEC, 0, "a watch without a receiver");
	return true;
}

bool
kube_target(struct buf *out, const struct kube_request *rq,
    const struct kube_target_opts *o, struct err *e)
{
	struct query q = { out, '?' };

	if (!path(out, rq, o->prefix, e))
		return false;
	read_params(&q, rq, o->continue_token);
	write_params(&q, rq, o->field_manager);
	if (out->overflow)
		return err_set(e, ERR_TOO_BIG, 0,
		    "the request line is longer than %u bytes",
		    KUBE_TARGET_MAX);
	return true;
}
