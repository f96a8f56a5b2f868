#include <string.h>

#include "agent/redfish/client.h"
#include "common/json.h"
#include "common/str.h"
#include "common/url.h"

#define REDIRECTS_MAX 5 /* rule 5 */
#define RETRIES_MAX 2   /* rule 31: of a GET */
#define PATIENCE_US (10 * LOOP_S)
/* Reads after a write must not be answered from an ETag that forgets states;
 * in quiet times one in a while is a full one. */
#define QUIET_AFTER_WRITE_US (10 * LOOP_MIN)
#define FULL_READ_EVERY_US (5 * LOOP_MIN)

static void start(struct redfish *rf);

void
rf_out_fini(struct rf_out *o)
{
	xfree(o->target);
	xfree(o->body);
	xfree(o->if_match);
	xfree(o->if_none_match);
	memset(o, 0, sizeof(*o));
}

static void
send_again(struct redfish *rf)
{
	rf->stats.retries++;
	start(rf);
}

/* 301, 302, 307, 308 keep method and body (iLO sends 308 to POST and PATCH
 * for a missing slash); 303 asks for a GET of the result. */
static bool
follow_redirect(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_out *o = &rf->op->out;
	struct url base, to;
	struct err e = { .kind = ERR_NONE };
	char full[URL_MAX + 300];

	if (r->status < 301 || r->status > 308 || r->status == 304 ||
	    (r->status > 303 && r->status < 307))
		return false;
	(void)str_format(full, sizeof(full), "%s%s", rf->origin, o->target);
	if (o->redirects >= REDIRECTS_MAX)
		return !rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "%s %.80s: more than %d redirects", o->method, o->target,
		    REDIRECTS_MAX);
	if (!r->location || !url_parse(&base, full, &e) ||
	    !url_resolve(&to, &base, r->location, &e))
		return !rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "%s %.80s: HTTP %d to nowhere", o->method, o->target,
		    r->status);
	if (!url_same_origin(&base, &to))
		return !rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "%s %.80s: redirect to another host (%.64s) refused",
		    o->method, o->target, to.host);
	o->redirects++;
	if (r->status == 303) {
		o->method = "GET";
		xreplace(&o->body, NULL);
		xreplace(&o->if_match, NULL);
	}
	xreplace(&o->target, to.target);
	send_again(rf);
	return true;
}

static void
login_and_send(struct redfish *rf)
{
	rf_session_forget(rf);
	send_again(rf);
}

/*
 * Rule 9. A token that this operation did not get itself may be stale: once a
 * new login, then the same again. 403 is what some say instead of 401.
 */
static bool
login_again(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_out *o = &rf->op->out;

	if (o->anonymous || (r->status != 401 && r->status != 403))
		return false;
	if (r->status == 403 && rf_ext_has(&r->ext, RF_NO_PASSWORD)) {
		rf_session_refused(rf, r);
		return true;
	}
	if (r->status == 403 &&
	    (rf_reply_cause(r) != RF_CAUSE_REFUSED || o->relogged ||
		rf->session.mode != RF_AUTH_SESSION))
		return false;
	if (rf->session.mode != RF_AUTH_SESSION || o->relogged) {
		rf_session_refused(rf, r);
		return true;
	}
	o->relogged = true;
	/* Deleted even though it seems to be gone: under load some BMCs say
	 * 401 to good tokens, and sessions are few. */
	rf_session_end(rf, login_and_send);
	return true;
}

/* HPE serves stored gzip only (rule 4). */
static bool
accept_any_encoding(struct redfish *rf, const struct rf_reply *r)
{
	if (r->status != 406 || rf->learned.no_identity)
		return false;
	rf->learned.no_identity = true;
	send_again(rf);
	return true;
}

static bool
toggle_slash(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_out *o = &rf->op->out;
	size_t n = strlen(o->target);
	char *other;

	if (r->status != 404 || o->exact || o->toggled ||
	    !str_eq(o->method, "GET") || strchr(o->target, '?') || n < 2)
		return false;
	o->toggled = true;
	other = o->target[n - 1] == '/' ? xstrndup(o->target, n - 1)
					: xasprintf("%s/", o->target);
	xfree(o->target);
	o->target = other;
	send_again(rf);
	return true;
}

static bool
drop_condition(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_out *o = &rf->op->out;

	if (!o->if_none_match ||
	    (r->status != 400 && r->status != 412 && r->status != 501))
		return false;
	rf->learned.no_conditional = true;
	xreplace(&o->if_none_match, NULL);
	send_again(rf);
	return true;
}

static bool
transient(const struct rf_reply *r)
{
	if (r->http == HTTP_E_RESET || r->http == HTTP_E_EOF)
		return true;
	return r->status == 408 || r->status == 429 || r->status >= 500;
}

/* Reads only: what a write's refusal means is for its operation to say. A
 * service that does not answer at all is for the breaker, not for us. */
static bool
retry_later(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_out *o = &rf->op->out;
	int64_t wait;

	if (!str_eq(o->method, "GET") || o->retries >= RETRIES_MAX ||
	    r->status == 501 || !transient(r))
		return false;
	wait = r->retry_after_us > 0 ? r->retry_after_us : LOOP_S << o->retries;
	if (wait > PATIENCE_US)
		return false;
	o->retries++;
	wait += (int64_t)rng_below(&rf->rng, LOOP_S / 2);
	rf_wait(rf, wait, send_again);
	return true;
}

static void
on_reply(struct redfish *rf, const struct rf_reply *r)
{
	if (follow_redirect(rf, r) || login_again(rf, r) ||
	    accept_any_encoding(rf, r) || toggle_slash(rf, r) ||
	    drop_condition(rf, r) || retry_later(rf, r))
		return;
	if (r->ok && !rf->op->out.anonymous)
		rf_hold_reset(&rf->hold);
	rf->op->out.cont(rf, r);
}

static void
start(struct redfish *rf)
{
	struct rf_out *o = &rf->op->out;

	if (!o->anonymous && !rf_session_ready(rf)) {
		/* A token got just now is not stale when it is refused. */
		o->relogged = true;
		rf_session_begin(rf, start);
		return;
	}
	rf_wire_send(rf,
	    &(struct rf_wire){ .method = o->method,
		.target = o->target,
		.body = o->body,
		.if_match = o->if_match,
		.if_none_match = o->if_none_match,
		.loose = o->loose,
		.auth = o->anonymous ? RF_AUTH_NONE : rf->session.mode },
	    on_reply);
}

void
rf_send(struct redfish *rf, const struct rf_request *q, rf_cont_fn *cont)
{
	struct rf_out o = { .method = q->method,
		.target = xstrdup(q->target),
		.body = q->body ? json_print(q->body) : NULL,
		.if_match = xstrdup(q->if_match),
		.if_none_match = xstrdup(q->if_none_match),
		.anonymous = q->anonymous,
		.exact = q->exact,
		.loose = q->loose,
		.cont = cont };

	rf_out_fini(&rf->op->out);
	rf->op->out = o;
	start(rf);
}

void
rf_get(struct redfish *rf, const char *target, rf_cont_fn *cont)
{
	rf_send(rf, &(struct rf_request){ .method = "GET", .target = target },
	    cont);
}

void
rf_get_if_changed(
    struct redfish *rf, const char *target, const char *etag, rf_cont_fn *cont)
{
	int64_t now = rf_now(rf);
	bool quiet = rf->last_write_us == 0 ||
		     now - rf->last_write_us > QUIET_AFTER_WRITE_US;
	bool recent = now - rf->full_read_us < FULL_READ_EVERY_US;

	rf_send(rf,
	    &(struct rf_request){ .method = "GET",
		.target = target,
		.if_none_match = quiet && recent &&
					 !rf->learned.no_conditional &&
					 !str_empty(etag)
				     ? etag
				     : NULL },
	    cont);
}
