/* Builds and sends replies. See request.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/env.h"
#include "common/http.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/etag.h"
#include "sim/bmc/event.h"
#include "sim/bmc/fault.h"
#include "sim/bmc/fault_wire.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/mask.h"
#include "sim/bmc/message.h"
#include "sim/bmc/privilege.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/service.h"
#include "sim/bmc/trace.h"

/* ---- messages ----------------------------------------------------------- */

static void
add_message(struct request *rq, const struct message *m)
{
	struct jw w;

	if (rq->n_messages++)
		buf_addc(&rq->messages, ',');
	else {
		message_full_id(m, rq->first_id, sizeof(rq->first_id));
		message_text(m, rq->first_text, sizeof(rq->first_text));
	}
	jw_init(&w, &rq->messages, "Message", NULL);
	message_write(&w, m);
}

void
request_say(struct request *rq, enum refusal r, const char *related,
    const char *a1, const char *a2, const char *a3)
{
	const struct refusal_words *d = refusal_default(r);
	const struct profile_words *own = &rq->p->words[r];
	struct message m = { .registry = rq->p->registry,
		.id = own->id ? own->id : d->id,
		.text = own->text ? own->text : d->text,
		.args = { a1, a1 ? a2 : NULL, a1 && a2 ? a3 : NULL } };
	char pointer[160];

	if (related) {
		(void)str_format(pointer, sizeof(pointer), "#/%s", related);
		m.related = pointer;
	}
	if (!rq->n_messages)
		rq->status = own->status ? own->status : d->status;
	add_message(rq, &m);
}

bool
request_refuse(struct request *rq, enum refusal r, const char *related,
    const char *a1, const char *a2, const char *a3)
{
	request_say(rq, r, related, a1, a2, a3);
	rq->failed = true;
	return false;
}

void
request_fail(struct request *rq, int status, const char *id, const char *text)
{
	struct message m = {
		.registry = rq->p->registry, .id = id, .text = text
	};

	rq->status = status;
	rq->failed = true;
	add_message(rq, &m);
}

void
request_note(struct request *rq, const char *id, const char *a1)
{
	struct message m = {
		.registry = rq->p->registry, .id = id, .args = { a1 }
	};

	add_message(rq, &m);
}

static void
error_body(struct request *rq)
{
	struct jw w;

	buf_reset(&rq->out);
	jw_init(&w, &rq->out, "Error", NULL);
	jw_open(&w, NULL);
	jw_open(&w, "error");
	if (rq->n_messages > 1)
		jw_sf(&w, "code", "%s.GeneralError", rq->p->registry);
	else
		jw_s(&w, "code", rq->first_id);
	jw_s(&w, "message", rq->first_text);
	if (rq->p->info_object && rq->n_messages == 1)
		jw_raw(&w, "@Message.ExtendedInfo", buf_str(&rq->messages));
	else
		jw_raw_list(
		    &w, "@Message.ExtendedInfo", buf_str(&rq->messages));
	jw_close(&w);
	jw_close(&w);
}

void
request_done(struct request *rq)
{
	if (rq->p->success_error_body) {
		/* iLO: success as an error object */
		rq->status = 200;
		request_note(rq, "Success", NULL);
		error_body(rq);
		return;
	}
	rq->status = 204;
}

/* ---- headers ------------------------------------------------------------ */

void
request_header(struct request *rq, const char *name, const char *value)
{
	size_t i = rq->n_headers;

	if (i == REQUEST_HEADERS)
		return;
	(void)str_copy(rq->headers[i].name, sizeof(rq->headers[i].name), name);
	rq->headers[i].value = xstrdup(value);
	rq->n_headers++;
}

void
request_headerf(struct request *rq, const char *name, const char *fmt, ...)
{
	char v[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(v, sizeof(v), fmt, ap); /* our own values */
	va_end(ap);
	request_header(rq, name, v);
}

void
request_location(struct request *rq, int how, const char *fmt, ...)
{
	char path[512], origin[128] = "";
	const char *slash = rq->p->slash == SLASH_REDIRECT ? "/" : "";
	va_list ap;

	if (how == LOCATION_NONE)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap); /* ids are short */
	va_end(ap);
	if (how == LOCATION_ABS)
		bmc_address(rq->b, origin, sizeof(origin));
	request_headerf(rq, "Location", "%s%s%s", origin, path, slash);
}

char *
request_query(const struct request *rq, const char *name)
{
	return url_query(rq->target, name);
}

/* ---- the resource ------------------------------------------------------- */

static void
oem_members(struct request *rq, struct jw *w)
{
	const char *json = map_get(rq->p->oem, rq->route->schema);
	size_t n;

	/* the members of a JSON object, without its braces */
	if (!json || w->skip)
		return;
	n = strlen(json);
	if (n <= 2)
		return;
	buf_addc(w->out, ',');
	buf_add(w->out, json + 1, n - 2);
}

void
request_render(struct request *rq, struct buf *out)
{
	const struct route *r = rq->route;
	bool warn = rq->n_messages && !rq->failed;
	struct jw w;

	rq->tag[0] = '\0';
	jw_init(&w, out, r->schema ? r->schema : "", &rq->p->omit);
	w.slash = rq->p->slash == SLASH_REDIRECT;
	if (r->flags & (ROUTE_RAW | ROUTE_WHOLE)) {
		r->get(rq, &w);
		return;
	}
	jw_open(&w, NULL);
	jw_uri(&w, "@odata.id", "%s%s", rq->path,
	    str_eq(rq->path, "/redfish/v1") ? "/" : "");
	if (r->version)
		jw_sf(&w, "@odata.type", "#%s.%s.%s", r->schema, r->version,
		    r->schema);
	else
		jw_sf(&w, "@odata.type", "#%s.%s", r->schema, r->schema);
	r->get(rq, &w);
	oem_members(rq, &w);
	if (warn)
		jw_raw_list(
		    &w, "@Message.ExtendedInfo", buf_str(&rq->messages));
	if (rq->p->etag_body && rq->p->etag_style != ETAG_NONE) {
		etag_of(rq, buf_str(out), out->n, rq->tag);
		jw_s(&w, "@odata.etag", rq->tag);
	}
	jw_close(&w);
}

bool
request_render_at(const struct request *rq, const char *path, struct buf *out)
{
	struct request sub = {
		.verb = VERB_GET, .method = "GET", .privileges = rq->privileges
	};
	size_t n = strcspn(path, "?#");
	bool ok;

	while (n > 1 && path[n - 1] == '/')
		n--;
	sub.path = xstrndup(path, n);
	sub.b = fleet_machine_of(rq->b->front, sub.path);
	sub.p = sub.b->profile;
	sub.st = sub.b == rq->b ? rq->st : &sub.b->st;
	(void)str_copy(sub.user, sizeof(sub.user), rq->user);
	buf_init(&sub.out, REPLY_BODY_MAX);
	buf_init(&sub.messages, 64u << 10);
	ok = route_find(&sub) && sub.route->get &&
	     !(sub.route->flags & ROUTE_RAW) &&
	     (!sub.route->exists || sub.route->exists(&sub)) &&
	     privilege_check(&sub);
	if (ok)
		request_render(&sub, out);
	buf_free(&sub.out);
	buf_free(&sub.messages);
	xfree(sub.path);
	return ok;
}

void
request_created(struct request *rq, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap); /* ids are short */
	va_end(ap);
	rq->status = 201;
	request_location(rq, LOCATION_REL, "%s", path);
	buf_reset(&rq->out);
	if (rq->p->success_error_body) {
		request_note(rq, "Created", NULL);
		error_body(rq);
		return;
	}
	(void)request_render_at(rq, path, &rq->out); /* it was just made */
}

/* ---- sending ------------------------------------------------------------ */

static void
tell(struct request *rq)
{
	char target[512];
	struct bmc_event ev = { .kind = BMC_EV_REQUEST,
		.op = bmc_op_name(rq->op),
		.method = rq->method,
		.target = target,
		.status = rq->status,
		.from = rq->from,
		.who = rq->user[0] ? rq->user : "anonymous",
		.text = rq->x ? "" : "unheard",
		.bytes = (int64_t)rq->out.n };

	mask_url(target, sizeof(target), rq->target);
	journal_add(rq->b->fleet->journal, rq->b, &ev);
}

static void
common_headers(struct request *rq)
{
	request_header(rq, "OData-Version", "4.0");
	request_header(rq, "Cache-Control", "no-store");
	if ((rq->out.n || rq->stream) && rq->status != 204)
		request_header(rq, "Content-Type",
		    rq->content_type ? rq->content_type : rq->p->content_type);
	if (*rq->p->server)
		request_header(rq, "Server", rq->p->server);
	if (rq->status == 401)
		request_header(
		    rq, "WWW-Authenticate", "Basic realm=\"Redfish\"");
}

void
request_finish(struct request *rq)
{
	struct http_header h[REQUEST_HEADERS + 1];
	struct http_exchange *x = rq->x;

	if (rq->out.overflow) {
		buf_reset(&rq->out);
		(void)request_refuse(rq, REF_INTERNAL, NULL, NULL, NULL, NULL);
	}
	if (rq->failed)
		error_body(rq);
	if (!rq->status)
		rq->status = 200;
	common_headers(rq);
	for (size_t i = 0; i < rq->n_headers; i++) {
		h[i].name = rq->headers[i].name;
		h[i].value = rq->headers[i].value;
	}
	tell(rq);
	trace_add(rq);
	rq->x = NULL;
	if (x)
		http_exchange_on_gone(x, NULL, NULL);
	event_written(rq);
	if (x && rq->fault && fault_wire_reply(rq, x, h, rq->n_headers))
		x = NULL;
	if (x)
		send_reply(rq, x, h, rq->n_headers);
	request_free(rq);
}
