/*
 * The way of an exchange: BMC by address, body, faults, credentials, URI,
 * method, preconditions, handler. The order is that of DSP0266: nothing is
 * told to somebody who is not logged in, not even whether a URI exists.
 */
#include "sim/bmc/service.h"

#include <string.h>

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/action.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/history.h"
#include "sim/bmc/privilege.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/view.h"

#define RESOURCE_BYTES 4000 /* of most resources */

static void run(void *arg);
static void handle(struct request *rq);

void
request_free(struct request *rq)
{
	LIST_REMOVE(rq, link);
	timer_stop(&rq->timer);
	fault_free(rq->fault);
	cJSON_Delete(rq->json);
	for (size_t i = 0; i < rq->n_headers; i++)
		xfree(rq->headers[i].value);
	for (size_t i = 0; i < IN_N; i++)
		xfree(rq->in[i]);
	if (rq->body)
		secret_wipe(rq->body, rq->body_n);
	xfree(rq->body);
	xfree(rq->target);
	xfree(rq->path);
	xfree(rq->query);
	xfree(rq->q.select);
	buf_free(&rq->out);
	buf_free(&rq->messages);
	xfree(rq);
}

void
service_forget_clients(struct bmc_fleet *f)
{
	struct request *rq;

	LIST_FOREACH (rq, &f->requests, link) {
		if (rq->x)
			http_exchange_on_gone(rq->x, NULL, NULL);
		rq->x = NULL;
	}
}

void
service_drop_all(struct bmc_fleet *f)
{
	struct request *rq;

	while ((rq = LIST_FIRST(&f->requests)))
		request_free(rq);
}

/* ---- arrival ------------------------------------------------------------ */

static enum verb
verb_of(const char **method)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PATCH",
		"PUT", "DELETE", "OPTIONS" };

	for (int i = 0; i < VERB_OTHER; i++)
		if (str_eq(*method, names[i])) {
			*method = names[i];
			return (enum verb)i;
		}
	*method = "OTHER";
	return VERB_OTHER;
}

static void
split_target(struct request *rq)
{
	size_t n = strcspn(rq->target, "?"), end = n;

	if (rq->target[n] == '?')
		rq->query = xstrdup(rq->target + n + 1);
	rq->had_slash = n > 1 && rq->target[n - 1] == '/';
	while (end > 1 && rq->target[end - 1] == '/')
		end--;
	rq->path = xstrndup(rq->target, end);
}

static void
client_gone(void *arg)
{
	struct request *rq = arg;

	/* what was accepted is still done, but nobody hears of it */
	rq->x = NULL;
}

static void
keep_headers(struct request *rq)
{
	static const char *const names[IN_N] = { "X-Auth-Token",
		"Authorization", "If-Match", "If-None-Match", "OData-Version",
		"Content-Type", "Accept-Encoding", "Accept" };

	for (size_t i = 0; i < IN_N; i++)
		rq->in[i] = xstrdup(http_exchange_header(rq->x, names[i]));
}

static struct request *
request_new(struct bmc *b, struct http_exchange *x, struct http_bytes body)
{
	struct request *rq = xcalloc(1, sizeof(*rq));

	rq->x = x;
	rq->method = http_exchange_method(x);
	rq->verb = verb_of(&rq->method);
	rq->target = xstrdup(http_exchange_target(x));
	split_target(rq);
	rq->b = fleet_machine_of(b, rq->path);
	rq->p = rq->b->profile;
	rq->st = &rq->b->st;
	keep_headers(rq);
	/* whole, also where a NUL is in it: secret_wipe() trusts body_n */
	rq->body = xmalloc(body.n + 1);
	if (body.n)
		memcpy(rq->body, body.p, body.n);
	rq->body[body.n] = '\0';
	rq->body_n = body.n;
	http_addr_text(http_exchange_remote(x), rq->from);
	buf_init(&rq->out, REPLY_BODY_MAX);
	buf_init(&rq->messages, 64u << 10);
	LIST_INSERT_HEAD(&b->fleet->requests, rq, link);
	http_exchange_on_gone(x, client_gone, rq);
	return rq;
}

static enum bmc_op
op_of(const struct request *rq)
{
	const struct route *r = rq->route;

	if (!r)
		return OP_OTHER;
	switch (rq->verb) {
	case VERB_GET:
	case VERB_HEAD:
		return r->op_get;
	case VERB_POST:
		/* VmmControl does both */
		return r->post == act_vmm_control &&
			       strstr(rq->body, "\"Disconnect\"")
			   ? OP_EJECT
			   : r->op_post;
	case VERB_PATCH:
		/* what is interesting about a system is its override */
		return r->op_patch == OP_PATCH_SYSTEM &&
			       strstr(rq->body, "\"Boot\"")
			   ? OP_PATCH_BOOT
			   : r->op_patch;
	case VERB_DELETE:
		return r->op_delete;
	case VERB_OPTIONS:
	case VERB_PUT:
	case VERB_OTHER:
		break;
	}
	return OP_OTHER;
}

static void
count(struct request *rq)
{
	struct bmc *b = rq->b;

	b->requests++;
	b->op_count[rq->op]++;
	if (rq->verb != VERB_GET && rq->verb != VERB_HEAD &&
	    rq->verb != VERB_OPTIONS)
		b->writes++;
}

static void
whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct bmc_fleet *f = arg;
	struct bmc *b = bmc_fleet_by_addr(f, http_exchange_local(x));
	struct fault_hits hits;
	struct fault_query q;
	struct request *rq;

	if (!b || b->down ||
	    fleet_machine_of(b, http_exchange_target(x))->down) {
		http_reply_raw(x, (struct http_bytes){ 0 }, 0, HTTP_RST);
		return;
	}
	rq = request_new(b, x, body);
	b = rq->b;
	(void)route_find(rq); /* no route is answered later */
	rq->op = op_of(rq);
	count(rq);
	q.method = rq->method;
	q.path = rq->path;
	q.op = rq->op;
	q.reused = http_exchange_ordinal(x) > 1;
	fault_on_request(b, &q, &hits);
	rq->fault = hits.f;
	if (hits.latency_us)
		timer_start(bmc_loop(b), &rq->timer, hits.latency_us, run, rq);
	else
		run(rq);
}

void
service_handle(void *fleet, struct http_exchange *x)
{
	http_exchange_collect(x, whole, fleet);
}

/* ---- on its way --------------------------------------------------------- */

static void
run(void *arg)
{
	struct request *rq = arg;

	if (rq->b->down || rq->b->front->down) {
		fault_wire_reset(rq);
		return;
	}
	if (rq->fault && fault_wire_before(rq))
		return; /* it is answered, or will never be */
	if (rq->fault && rq->fault->action == FAULT_ACCEPTED_NOT_DONE)
		rq->dry = true;
	if (rq->fault && rq->fault->action == FAULT_STALE_READ)
		rq->st = history_at(rq->b, rq->fault->age_us);
	handle(rq);
	if (!rq->pending)
		request_finish(rq);
}

static bool
is_read(const struct request *rq)
{
	return rq->verb == VERB_GET || rq->verb == VERB_HEAD;
}

static bool
needs_login(const struct request *rq)
{
	const struct route *r = rq->route;

	/* who says who he is may see more by a query */
	if (rq->query && (rq->in[IN_TOKEN] || rq->in[IN_AUTHORIZATION]))
		return true;
	if (r && is_read(rq) && (r->flags & ROUTE_OPEN))
		return rq->p->root_auth && str_eq(rq->path, V1);
	if (r && rq->verb == VERB_POST && (r->flags & ROUTE_OPEN_POST))
		return false;
	return true;
}

/* Only the password may be changed, and the own session ended. */
static bool
password_first(struct request *rq)
{
	const struct account *own = account_get(rq->b->front, rq->user);
	char uri[128], id[ACCOUNT_ID];
	bool account;

	if (!rq->must_change || !own)
		return true;
	account_id(rq->b, own, id);
	account = rq->op == OP_PATCH_ACCOUNT || rq->op == OP_READ_ACCOUNT;
	if ((account && str_eq(rq->arg[0], id)) || rq->op == OP_LOGOUT)
		return true;
	(void)str_format(
	    uri, sizeof(uri), V1 "/AccountService/Accounts/%s", id);
	return request_refuse(rq, REF_PASSWORD_CHANGE, NULL, uri, NULL, NULL);
}

static act_fn *
act_of(const struct request *rq)
{
	switch (rq->verb) {
	case VERB_POST:
		return rq->route->post;
	case VERB_PATCH:
		return rq->route->patch;
	case VERB_DELETE:
		return rq->route->del;
	case VERB_GET:
	case VERB_HEAD:
	case VERB_PUT:
	case VERB_OPTIONS:
	case VERB_OTHER:
		break;
	}
	return NULL;
}

static void
allow_header(struct request *rq)
{
	const struct route *r = rq->route;

	request_headerf(rq, "Allow", "%s%s%s%s", r->get ? "GET, HEAD" : "",
	    r->post ? (r->get ? ", POST" : "POST") : "",
	    r->patch ? ", PATCH" : "", r->del ? ", DELETE" : "");
}

static bool
slash_fits(struct request *rq)
{
	bool root = str_eq(rq->path, V1);

	if (rq->p->slash == SLASH_STRICT && rq->had_slash && !root)
		return request_refuse(
		    rq, REF_NOT_FOUND, NULL, rq->path, NULL, NULL);
	if (rq->p->slash != SLASH_REDIRECT || rq->had_slash || root ||
	    !str_has_prefix(rq->path, V1 "/") || strchr(rq->path, '$'))
		return true;
	/* iLO: canonical URIs end in a slash, 308 also on writes */
	rq->status = 308;
	request_headerf(rq, "Location", "%s/%s%s", rq->path,
	    rq->query ? "?" : "", rq->query ? rq->query : "");
	return false;
}

/* iLO: what was written for iLO 4 is sent on to /redfish/v1. */
static bool
legacy_fits(struct request *rq)
{
	static const char legacy[] = "/rest/v1";
	const char *rest = rq->target + sizeof(legacy) - 1;

	if (!rq->p->rest_v1 || !str_has_prefix(rq->target, legacy) ||
	    (*rest && *rest != '/' && *rest != '?'))
		return true;
	rq->status = 308;
	request_headerf(
	    rq, "Location", V1 "%s%s", *rest == '/' ? "" : "/", rest);
	return false;
}

/* iLO: registries are stored compressed, and are not unpacked for anybody. */
static bool
wants_gzip(const struct request *rq)
{
	return rq->p->identity == IDENTITY_REFUSED ||
	       (rq->p->identity == IDENTITY_REGISTRIES &&
		   (str_has_prefix(rq->path, V1 "/Registries/") ||
		       str_has_prefix(rq->path, V1 "/JsonSchemas/")));
}

static bool
headers_fit(struct request *rq)
{
	const char *v = rq->in[IN_ODATA_VERSION];
	const char *enc = rq->in[IN_ACCEPT_ENCODING];

	if (v && !str_eq(v, "4.0"))
		return request_refuse(
		    rq, REF_ODATA_VERSION, NULL, NULL, NULL, NULL);
	if (enc && str_eq(enc, "identity") && wants_gzip(rq)) {
		rq->status = 406;
		return false;
	}
	return true;
}

static bool
query_fits(struct request *rq)
{
	return !rq->query || !is_read(rq) || query_parse(rq);
}

static bool
parse_body(struct request *rq)
{
	const char *type = rq->in[IN_CONTENT_TYPE];
	struct err e = { 0 };

	if (rq->body_n == 0 || (rq->route->flags & ROUTE_BODY))
		return true;
	if (type && (!str_has_iprefix(type, "application/json") ||
			(rq->p->charset_415 && strchr(type, ';'))))
		return request_refuse(
		    rq, REF_MEDIA_TYPE, NULL, NULL, NULL, NULL);
	rq->json = json_parse(rq->body, rq->body_n, &e);
	if (!rq->json || !cJSON_IsObject(rq->json))
		return request_refuse(
		    rq, REF_MALFORMED_JSON, NULL, NULL, NULL, NULL);
	if (rq->p->action_member && strstr(rq->path, "/Actions/"))
		cJSON_DeleteItemFromObjectCaseSensitive(rq->json, "Action");
	return true;
}

static void
read_resource(struct request *rq)
{
	const char *known, *tag = rq->tag;

	etag_restless(rq);
	(void)buf_reserve(&rq->out, RESOURCE_BYTES);
	request_render(rq, &rq->out);
	if (!rq->status)
		rq->status = 200;
	allow_header(rq);
	if (rq->route->flags & ROUTE_RAW)
		return;
	if (!tag[0])
		etag_of(rq, buf_str(&rq->out), rq->out.n, rq->tag);
	known = rq->in[IN_IF_NONE_MATCH];
	if ((tag[0] || rq->p->etag_style == ETAG_EMPTY) && rq->p->etag_header)
		request_header(rq, "ETag", tag);
	if (rq->route->version)
		request_headerf(rq, "Link",
		    "<http://redfish.dmtf.org/schemas/v1/%s.%s.json>; "
		    "rel=describedby",
		    rq->route->schema, rq->route->version);
	else if (rq->route->schema)
		request_headerf(rq, "Link",
		    "<http://redfish.dmtf.org/schemas/v1/%s.json>; "
		    "rel=describedby",
		    rq->route->schema);
	if (known && tag[0] && str_eq(known, tag)) {
		rq->status = 304;
		buf_reset(&rq->out);
		return;
	}
	query_apply(rq);
}

static void
write_resource(struct request *rq)
{
	act_fn *act = act_of(rq);
	bool ok =
	    rq->verb == VERB_POST ? etag_check_post(rq) : etag_check_write(rq);

	if (!ok || !parse_body(rq))
		return;
	act(rq);
}

static bool
found(struct request *rq)
{
	if (rq->route && (!rq->route->exists || rq->route->exists(rq)))
		return true;
	if (strstr(rq->path, "/Actions/"))
		return request_refuse(rq, REF_ACTION_UNKNOWN, NULL,
		    strrchr(rq->path, '/') + 1, NULL, NULL);
	return request_refuse(rq, REF_NOT_FOUND, NULL, rq->path, NULL, NULL);
}

static bool
allowed(struct request *rq)
{
	if (rq->verb == VERB_OPTIONS && rq->p->options)
		return true;
	if (is_read(rq) ? rq->route->get != NULL : act_of(rq) != NULL)
		return true;
	allow_header(rq);
	return request_refuse(rq, REF_METHOD, NULL, NULL, NULL, NULL);
}

/* What is open to everybody needs no privilege. */
static bool
may(struct request *rq)
{
	return !needs_login(rq) || privilege_check(rq);
}

static void
handle(struct request *rq)
{
	if (!legacy_fits(rq))
		return;
	if (needs_login(rq) && (!auth_request(rq) || !password_first(rq)))
		return;
	if (!slash_fits(rq) || !headers_fit(rq) || !found(rq) || !allowed(rq) ||
	    !may(rq) || !query_fits(rq))
		return;
	if (rq->verb == VERB_OPTIONS) {
		allow_header(rq);
		rq->status = 204;
	} else if (is_read(rq))
		read_resource(rq);
	else
		write_resource(rq);
}
