#include <assert.h>
#include <string.h>

#include "agent/redfish/client.h"
#include "common/json.h"
#include "common/metrics.h"
#include "common/str.h"

#define HEADERS_MAX 9

struct headers {
	struct http_header v[HEADERS_MAX];
	size_t n;
};

static void
add(struct headers *h, const char *name, const char *value)
{
	assert(h->n < HEADERS_MAX);
	h->v[h->n++] = (struct http_header){ name, value };
}

/* "Basic dXNlcjpw..."; owned by the caller, who wipes it. */
static char *
basic_auth(const struct rf_creds *c)
{
	size_t n = strlen(c->username) + 1 + c->password.n;
	char *pair = xmalloc(n + 1), *b64, *value;

	(void)str_format(pair, n + 1, "%s:%s", c->username,
	    c->password.p ? c->password.p : "");
	b64 = b64_encode(pair, n);
	value = xasprintf("Basic %s", b64);
	secret_wipe(pair, n);
	secret_wipe(b64, strlen(b64));
	xfree(pair);
	xfree(b64);
	return value;
}

/* 403 and its kin are told apart by words. */
static enum redfish_cause
cause_of_words(const struct rf_ext *x)
{
	if (rf_ext_has(x, RF_NO_PASSWORD))
		return RF_CAUSE_PASSWORD_CHANGE;
	if (rf_ext_has(x, RF_NO_LICENCE))
		return RF_CAUSE_LICENCE;
	if (rf_ext_has(x, RF_NO_LOGIN) || rf_ext_has(x, RF_NO_PRIVILEGE))
		return RF_CAUSE_AUTH;
	if (rf_ext_has(x, RF_NO_BUSY) || rf_ext_has(x, RF_NO_SESSIONS))
		return RF_CAUSE_BUSY;
	return RF_CAUSE_NONE;
}

static enum redfish_cause
cause_of_status(int status)
{
	switch (status) {
	case 401:
		return RF_CAUSE_AUTH;
	case 404:
	case 405:
	case 410:
	case 501:
		return RF_CAUSE_UNSUPPORTED;
	case 408:
	case 429:
		return RF_CAUSE_BUSY;
	case 409:
	case 412:
	case 428:
		return RF_CAUSE_CONFLICT;
	default:
		break;
	}
	if (status >= 500)
		return RF_CAUSE_BUSY;
	return status >= 400 ? RF_CAUSE_REFUSED : RF_CAUSE_PROTOCOL;
}

static enum redfish_cause
cause_of_transport(enum http_err e)
{
	switch (e) {
	case HTTP_E_TLS:
	case HTTP_E_TLS_TRUST:
	case HTTP_E_TLS_NAME:
	case HTTP_E_TLS_DATE:
	case HTTP_E_TLS_WEAK:
	case HTTP_E_TLS_VERSION:
	case HTTP_E_TLS_NEWER:
		return RF_CAUSE_TLS;
	case HTTP_E_TLS_PIN:
		return RF_CAUSE_CERTIFICATE_CHANGED;
	case HTTP_E_DEADLINE:
		return RF_CAUSE_TIMEOUT;
	case HTTP_E_PROTO:
	case HTTP_E_TOO_BIG:
		return RF_CAUSE_PROTOCOL;
	case HTTP_OK:
	case HTTP_E_RESOLVE:
	case HTTP_E_CONNECT:
	case HTTP_E_RESET:
	case HTTP_E_EOF:
	case HTTP_E_ABORT:
		break;
	}
	return RF_CAUSE_UNREACHABLE;
}

enum redfish_cause
rf_reply_cause(const struct rf_reply *r)
{
	enum redfish_cause c;

	if (r->http != HTTP_OK)
		return cause_of_transport(r->http);
	c = cause_of_words(&r->ext);
	if (c != RF_CAUSE_NONE)
		return c;
	if (r->ok)
		return RF_CAUSE_PROTOCOL;
	return cause_of_status(r->status);
}

static enum err_kind
kind_of(enum redfish_cause c, int status)
{
	if (status == 404 || status == 410)
		return ERR_NOTFOUND;
	switch (c) {
	case RF_CAUSE_UNREACHABLE:
		return ERR_NET;
	case RF_CAUSE_TIMEOUT:
		return ERR_TIMEOUT;
	case RF_CAUSE_TLS:
	case RF_CAUSE_CERTIFICATE_CHANGED:
		return ERR_TLS;
	case RF_CAUSE_AUTH:
	case RF_CAUSE_PASSWORD_CHANGE:
		return ERR_AUTH;
	case RF_CAUSE_BUSY:
	case RF_CAUSE_CIRCUIT:
		return ERR_BUSY;
	case RF_CAUSE_CONFLICT:
	case RF_CAUSE_OCCUPIED:
		return ERR_CONFLICT;
	case RF_CAUSE_PROTOCOL:
		return ERR_PROTO;
	case RF_CAUSE_SPEC:
		return ERR_SPEC;
	case RF_CAUSE_INTERNAL:
		return ERR_INTERNAL;
	case RF_CAUSE_NONE:
	case RF_CAUSE_REFUSED:
	case RF_CAUSE_LICENCE:
	case RF_CAUSE_UNSUPPORTED:
	case RF_CAUSE_URL:
	case RF_CAUSE_MODE:
	case RF_CAUSE_SILENT:
		break;
	}
	return ERR_REFUSED;
}

/* Digits are seconds. A date would be by the BMC's clock, which may stand in
 * 1970: it only says "later". */
static int64_t
retry_after(const char *value)
{
	int64_t s;

	if (str_empty(value))
		return 0;
	if (!str_to_i64(value, &s) || s < 0)
		return 10 * LOOP_S;
	return (s > 3600 ? 3600 : s) * LOOP_S;
}

/* A 2xx to a GET must be a resource, not an error, not a login page. */
static void
check_body(struct rf_reply *r, const struct rf_op *op, const struct err *parse,
    size_t body_n)
{
	if (!r->ok || r->status == 304 || op->wire_loose ||
	    !str_eq(op->method, "GET"))
		return;
	if (!cJSON_IsObject(r->json)) {
		r->ok = false;
		(void)err_set(&r->err,
		    parse->kind == ERR_TOO_BIG ? ERR_TOO_BIG : ERR_PROTO,
		    r->status, "HTTP %d with %s", r->status,
		    body_n == 0 ? "an empty body"
		    : r->json   ? "JSON that is no object"
				: parse->msg);
	} else if (json_obj(r->json, "error") &&
		   !json_child(r->json, "@odata.id")) {
		r->ok = false;
		(void)err_set(&r->err, ERR_PROTO, r->status,
		    "HTTP %d with an error inside: %s", r->status, r->ext.text);
	}
}

static void
read_result(struct rf_reply *r, const struct http_result *h, bool conditional)
{
	memset(r, 0, sizeof(*r));
	r->http = h->err;
	r->maybe_executed = h->maybe_executed;
	r->status = h->err == HTTP_OK ? h->status : 0;
	r->ok = h->err == HTTP_OK && ((h->status >= 200 && h->status < 300) ||
					 (h->status == 304 && conditional));
	if (h->err != HTTP_OK)
		return;
	r->headers = h->headers;
	r->n_headers = h->n_headers;
	r->etag = http_header_get(h->headers, h->n_headers, "ETag");
	r->location = http_header_get(h->headers, h->n_headers, "Location");
	r->token = http_header_get(h->headers, h->n_headers, "X-Auth-Token");
	r->retry_after_us = retry_after(
	    http_header_get(h->headers, h->n_headers, "Retry-After"));
}

static void
describe(
    struct rf_reply *r, const struct rf_op *op, const struct http_result *h)
{
	if (r->http != HTTP_OK)
		(void)err_set(&r->err, kind_of(cause_of_transport(r->http), 0),
		    0, "%s (%s while in %s)",
		    h->why[0] ? h->why : http_err_name(r->http),
		    http_err_name(r->http), http_phase_name(h->phase));
	else if (!r->ok && r->err.kind == ERR_NONE)
		(void)err_set(&r->err, kind_of(rf_reply_cause(r), r->status),
		    r->status, "HTTP %d%s%s", r->status,
		    r->ext.text[0] ? ": " : "", r->ext.text);
	if (r->err.kind != ERR_NONE)
		(void)err_wrap(&r->err, "%s %.80s", op->method, op->target);
}

static void
note_result(struct redfish_reply *res, const struct rf_reply *r,
    const struct http_result *h)
{
	const struct rf_message *m = rf_ext_first(&r->ext);

	res->http = r->http;
	res->phase = h->phase;
	res->http_status = r->status;
	res->retry_after_us = r->retry_after_us;
	(void)str_copy(
	    res->message_id, sizeof(res->message_id), m ? m->id : "");
}

static void
observe(const struct redfish *rf, const struct rf_reply *r, int64_t us)
{
	struct redfish_exchange x = { .op = rf->op->name,
		.method = rf->op->method,
		.target = rf->op->target,
		.type = json_str(r->json, "@odata.type", ""),
		.status = r->status,
		.http = r->http,
		.us = us > 0 ? us : 0 };

	if (rf->observe)
		rf->observe(rf->observe_arg, &x);
}

static void
account(
    struct redfish *rf, const struct rf_reply *r, const struct http_result *h)
{
	struct rf_op *op = rf->op;
	const struct rf_message *m = rf_ext_first(&r->ext);
	int64_t us = h->done_us - h->started_us;
	char labels[96];

	if (!op->wire_brief)
		note_result(&op->result, r, h);
	if (h->tls) {
		rf->tls = *h->tls;
		rf->tls_known = true;
	}
	/* Garbage is an answer too: something listens there. */
	if (r->status != 0 || r->http == HTTP_E_PROTO ||
	    r->http == HTTP_E_TOO_BIG)
		op->answered = true;
	if (r->status == 304)
		rf->stats.not_modified++;
	rf_ring_add(&rf->ring,
	    &(struct rf_ring_entry){ .at_us = h->started_us,
		.ms = (uint32_t)(us > 0 ? us / 1000 : 0),
		.status = r->status,
		.method = op->method },
	    op->target,
	    r->http != HTTP_OK ? http_err_name(r->http)
	    : m                ? m->id
			       : "");
	(void)str_format(labels, sizeof(labels),
	    "op=\"%s\",method=\"%s\",code=\"%d\"", op->name, op->method,
	    r->status);
	metrics_add(
	    rf->env->metrics, "beskar7_redfish_requests_total", labels, 1);
	metrics_observe_us(
	    rf->env->metrics, "beskar7_redfish_request_seconds", NULL, us);
	LOGD(rf->env->log, "redfish request", F_STR("host", rf->key),
	    F_STR("op", op->name), F_STR("method", op->method),
	    F_STR("path", op->target), F_INT("status", r->status),
	    F_STR("http", http_err_name(r->http)), F_INT("dur_ms", us / 1000));
}

/* A write that was not plainly refused counts as sent until it is read back. */
static void
note_write(struct rf_op *op, const struct rf_reply *r)
{
	bool refused;

	if (op->wire_login || str_eq(op->method, "GET"))
		return;
	refused = r->http != HTTP_OK ? !r->maybe_executed
				     : (r->status >= 300 && r->status < 500) ||
					   (r->status >= 500 &&
					       rf_ext_has(&r->ext, RF_NO_BUSY));
	if (!refused)
		op->unverified = true;
}

/* SAFETY.md 12. A session is no change of the machine. */
static bool
allowed(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (rf->may_write == NULL || op->wire_login || op->wire_brief ||
	    str_eq(op->method, "GET") ||
	    rf->may_write(rf->may_write_arg, &op->fenced))
		return true;
	if (op->fenced.kind == ERR_NONE)
		(void)err_set(
		    &op->fenced, ERR_SPEC, 0, "nothing may be written");
	return false;
}

static bool
may_leave(void *arg)
{
	return allowed(arg);
}

static void
fail_fenced(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	(void)rf_fail(rf, RF_CAUSE_INTERNAL, ERR_SPEC, "%s %.80s: not sent: %s",
	    op->method, op->target, op->fenced.msg);
}

static void
on_http(void *arg, const struct http_result *h)
{
	struct redfish *rf = arg;
	struct rf_op *op = rf->op;
	struct err parse = { .kind = ERR_NONE };
	rf_cont_fn *cont = op->on_wire;
	struct rf_reply r;
	cJSON *json = NULL;

	op->call = NULL;
	if (h->err == HTTP_E_ABORT && op->fenced.kind != ERR_NONE) {
		fail_fenced(rf);
		return;
	}
	read_result(&r, h, op->wire_conditional);
	if (h->err == HTTP_OK && h->body.n > 0)
		json = json_parse(h->body.p, h->body.n, &parse);
	r.json = json;
	rf_ext_parse(&r.ext, json);
	check_body(&r, op, &parse, h->body.n);
	describe(&r, op, h);
	account(rf, &r, h);
	observe(rf, &r, h->done_us - h->started_us);
	note_write(op, &r);
	cont(rf, &r);
	cJSON_Delete(json);
}

static struct http_limits
limits_for(const struct redfish *rf, const struct rf_wire *w)
{
	bool get = str_eq(w->method, "GET");
	struct http_limits l = { .connect_us = 10 * LOOP_S,
		.head_us = (get ? 60 : 120) * LOOP_S, /* rule 6 */
		.idle_us = 30 * LOOP_S,
		.total_us = get ? 90 * LOOP_S : rf->write_max_us,
		.head_max = (size_t)32 * 1024,
		.body_max = rf->body_max };

	if (w->brief) {
		l.connect_us = 5 * LOOP_S;
		l.head_us = l.total_us = 10 * LOOP_S;
	}
	return l;
}

static void
count_method(struct redfish_stats *s, const char *method)
{
	s->requests++;
	if (str_eq(method, "GET"))
		s->gets++;
	else if (str_eq(method, "PATCH"))
		s->patches++;
	else if (str_eq(method, "POST"))
		s->posts++;
	else
		s->deletes++;
}

static bool
within_budget(struct redfish *rf)
{
	struct rf_op *op = rf->op;

	if (op->result.requests >= rf->max_requests)
		return rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_TOO_BIG,
		    "%s gave up after %u requests", op->name,
		    op->result.requests);
	if (rf_now(rf) >= op->deadline_us)
		return rf_fail(rf, RF_CAUSE_TIMEOUT, ERR_TIMEOUT,
		    "%s took longer than %d s", op->name,
		    (int)(rf->deadline_us / LOOP_S));
	return true;
}

static void
add_headers(struct headers *h, const struct redfish *rf,
    const struct rf_wire *w, const char *basic)
{
	add(h, "Accept", w->accept ? w->accept : "application/json");
	add(h, "OData-Version", "4.0");
	add(h, "User-Agent", "beskar7-agent");
	if (!rf->learned.no_identity)
		add(h, "Accept-Encoding", "identity");
	if (w->body)
		add(h, "Content-Type", "application/json");
	if (w->auth == RF_AUTH_SESSION && rf->session.token.p)
		add(h, "X-Auth-Token", rf->session.token.p);
	if (basic)
		add(h, "Authorization", basic);
	if (w->if_match)
		add(h, "If-Match", w->if_match);
	if (w->if_none_match)
		add(h, "If-None-Match", w->if_none_match);
	if (w->last_event_id)
		add(h, "Last-Event-ID", w->last_event_id);
}

static char *
authorization(const struct redfish *rf, const struct rf_wire *w)
{
	return w->auth == RF_AUTH_BASIC ? basic_auth(&rf->creds) : NULL;
}

static void
forget_authorization(char *basic)
{
	if (basic)
		secret_wipe(basic, strlen(basic));
	xfree(basic);
}

struct http_call *
rf_wire_stream(struct redfish *rf, struct http_peer *peer,
    const struct rf_wire *w, const struct http_request *q)
{
	struct http_request r = *q;
	struct headers h = { .n = 0 };
	char *basic = authorization(rf, w);
	struct http_call *call;

	add_headers(&h, rf, w, basic);
	r.method = w->method;
	r.target = w->target;
	r.headers = h.v;
	r.n_headers = h.n;
	r.trickles = true;
	if (rf->op)
		rf->op->result.requests++;
	count_method(&rf->stats, w->method);
	call = http_start(peer, &r);
	forget_authorization(basic);
	return call;
}

void
rf_wire_send(struct redfish *rf, const struct rf_wire *w, rf_cont_fn *cont)
{
	struct rf_op *op = rf->op;
	struct headers h = { .n = 0 };
	struct http_limits limits = limits_for(rf, w);
	char *basic, *target;

	if (!w->brief && !within_budget(rf))
		return;
	/* A link that was there before is no more: look at everything again. */
	if (!w->target) {
		rf->links.known = false;
		(void)rf_fail(rf, RF_CAUSE_UNSUPPORTED, ERR_PROTO,
		    "%s: the BMC no longer shows the link to what it needs",
		    op->name);
		return;
	}
	op->on_wire = cont;
	op->method = w->method;
	op->wire_login = w->login;
	op->wire_brief = w->brief;
	op->wire_loose = w->loose;
	op->wire_conditional = w->if_none_match != NULL;
	target = xstrdup(w->target); /* w->target may be op->target */
	xfree(op->target);
	op->target = target;
	if (!allowed(rf)) {
		fail_fenced(rf);
		return;
	}
	basic = authorization(rf, w);
	add_headers(&h, rf, w, basic);
	op->result.requests++;
	count_method(&rf->stats, w->method);
	op->call = http_start(
	    rf->peer, &(struct http_request){ .method = w->method,
			  .target = target,
			  .headers = h.v,
			  .n_headers = h.n,
			  .body = { w->body, w->body ? strlen(w->body) : 0 },
			  .limits = limits,
			  .may_resend = str_eq(w->method, "GET"),
			  .may_leave = may_leave,
			  .done = on_http,
			  .arg = rf });
	forget_authorization(basic);
}

void
rf_wire_cancel(struct redfish *rf)
{
	if (rf->op->call)
		http_cancel(rf->op->call);
	rf->op->call = NULL;
}
