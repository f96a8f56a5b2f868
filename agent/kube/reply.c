/* What the API server answered: objects and Status errors. */
#include <string.h>

#include "agent/kube/client_impl.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/retry.h"
#include "common/str.h"

static enum err_kind
kind_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_AUTH;
	case 404:
	case 410:
		return ERR_NOTFOUND;
	case 408:
		return ERR_TIMEOUT;
	case 409:
	case 412:
		return ERR_CONFLICT;
	case 413:
		return ERR_TOO_BIG;
	case 429:
		return ERR_BUSY;
	default:
		break;
	}
	if (status >= 500)
		return ERR_BUSY;
	/* 3xx: an API server does not redirect; following would hand our
	 * token to whoever is named there. */
	return status >= 400 ? ERR_REFUSED : ERR_PROTO;
}

static void
status_text(struct kube_reply *r, const cJSON *status, int code)
{
	const char *m = json_str(status, "message", "");
	const char *cannot = strstr(m, " cannot ");

	/* RBAC's words begin with names of any length; what counts is which
	 * verb of which resource is not granted. */
	if (code == 403 && cannot != NULL)
		(void)err_set(&r->err, kind_of(code), code,
		    "forbidden: we%.180s", cannot);
	else if (m[0] == '\0')
		(void)err_set(&r->err, kind_of(code), code,
		    "the API server answered %d", code);
	else
		(void)err_set(&r->err, kind_of(code), code, "%.200s", m);
}

static int64_t
retry_after(const struct kube_failure *f, const cJSON *status)
{
	const struct http_result *h = f->http;
	int64_t us = 0;
	int64_t s = json_i64(status, "details/retryAfterSeconds", 0);

	if (retry_after_parse(
		http_header_get(h->headers, h->n_headers, "Retry-After"),
		f->wall_us, KUBE_HOLD_MAX_US, &us))
		return us;
	if (s <= 0 || f->http->status < 400)
		return 0;
	return s > KUBE_HOLD_MAX_US / LOOP_S ? KUBE_HOLD_MAX_US : s * LOOP_S;
}

void
kube_reply_failed(
    struct kube_reply *r, const struct kube_failure *f, cJSON **owned)
{
	cJSON *status;

	*owned = NULL;
	r->reason = "";
	if (f->http->err != HTTP_OK) {
		(void)http_result_err(f->http, &r->err);
		r->maybe_executed = f->mutation && f->http->maybe_executed;
		return;
	}
	/* A proxy's page instead of a Status is no reason to complain twice. */
	status = json_parse(f->body, f->n, NULL);
	status_text(r, status, f->http->status);
	r->retry_after_us = retry_after(f, status);
	r->reason = json_str(status, "reason", "");
	/* A 5xx may come from a proxy, or after etcd had committed. */
	r->maybe_executed = f->mutation && f->http->status >= 500;
	*owned = status;
}

cJSON *
kube_reply_object(const char *body, size_t n, struct err *e)
{
	return kube_reply_checked(kobj_parse(body, n, e), e);
}

cJSON *
kube_reply_checked(cJSON *j, struct err *e)
{
	if (j == NULL)
		return NULL;
	if (!cJSON_IsObject(j) || json_str(j, "kind", "")[0] == '\0') {
		(void)err_set(e, ERR_PROTO, 0,
		    "the reply is no API object (it has no kind)");
		json_drop(j);
		return NULL;
	}
	return j;
}

void
kube_json_wipe(cJSON *j)
{
	for (; j != NULL; j = j->next) {
		if (cJSON_IsString(j) && j->valuestring != NULL)
			secret_wipe(j->valuestring, strlen(j->valuestring));
		if (j->child != NULL)
			kube_json_wipe(j->child);
	}
}
