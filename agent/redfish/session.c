#include <string.h>

#include "agent/redfish/client.h"
#include "agent/redfish/stream.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"
#include "common/url.h"

/* So long Basic serves after the BMC had no session left. */
#define BASIC_FOR_US (10 * LOOP_MIN)
#define REFUSALS_MAX 3

bool
rf_session_ready(const struct redfish *rf)
{
	const struct rf_session *s = &rf->session;

	if (s->gen != rf->creds.gen || !rf->creds.username)
		return false;
	if (s->mode == RF_AUTH_SESSION)
		return s->token.p != NULL;
	if (s->mode == RF_AUTH_BASIC)
		return rf_hold_allows(&rf->hold, rf_now(rf)) &&
		       (s->basic_until_us == 0 ||
			   rf_now(rf) < s->basic_until_us);
	return false;
}

void
rf_session_forget(struct redfish *rf)
{
	rf_stream_session_gone(rf);
	secret_free(&rf->session.token);
	xreplace(&rf->session.uri, NULL);
	rf->session.mode = RF_AUTH_NONE;
}

void
rf_session_refused(struct redfish *rf, const struct rf_reply *r)
{
	char what[RF_TEXT_MAX];

	rf_hold_refused(&rf->hold, rf_now(rf), rf->hold_us, rf->hold_tries);
	rf->hold_password = rf_ext_has(&r->ext, RF_NO_PASSWORD);
	xreplace(&rf->hold_reason, r->err.msg);
	(void)str_format(what, sizeof(what),
	    rf->hold_password
		? "the BMC wants the password of %.32s changed first: change "
		  "it there, then in the Secret"
		: "the BMC refused the login as %.48s",
	    rf->creds.username);
	rf->op->result.retry_after_us = 0;
	rf_set_failure(rf, r, what);
	rf->op->result.err.kind = ERR_AUTH;
	if (rf->op->result.cause != RF_CAUSE_PASSWORD_CHANGE)
		rf->op->result.cause = RF_CAUSE_AUTH;
	if (!rf->hold.closed)
		rf->op->result.retry_after_us = rf->hold_us;
	/* A session that could log in but do nothing is of no use. */
	rf_session_end(rf, rf_finish);
}

static void
refuse_held(struct redfish *rf)
{
	int64_t next = rf_hold_next(&rf->hold, rf_now(rf));
	enum redfish_cause cause =
	    rf->hold_password ? RF_CAUSE_PASSWORD_CHANGE : RF_CAUSE_AUTH;
	int64_t wait = next - rf_now(rf);

	if (next < 0) {
		(void)rf_fail(rf, cause, ERR_AUTH,
		    "no login before the credentials change, after %u "
		    "refusals: %s",
		    rf->hold.refused, rf->hold_reason);
		return;
	}
	rf->op->result.retry_after_us = wait;
	(void)rf_fail(rf, cause, ERR_AUTH,
	    "next login in %d s, so that the account is not locked: %s",
	    (int)(wait / LOOP_S) + 1, rf->hold_reason);
}

static void
use_basic(struct redfish *rf, int64_t until_us)
{
	rf_session_forget(rf);
	rf->session.mode = RF_AUTH_BASIC;
	rf->session.gen = rf->creds.gen;
	rf->session.basic_until_us = until_us;
	rf->op->after_session(rf);
}

/* Bare: CIMC fails a DELETE with a content type (quirk 1.9). */
static void
delete_session(struct redfish *rf, const char *uri, rf_cont_fn *cont)
{
	rf_wire_send(rf,
	    &(struct rf_wire){ .method = "DELETE",
		.target = uri,
		.auth = rf->session.token.p ? RF_AUTH_SESSION : RF_AUTH_BASIC,
		.login = true,
		.brief = true },
	    cont);
}

static bool
session_gone(const struct rf_reply *r)
{
	return r->ok || r->status == 401 || r->status == 404 ||
	       r->status == 410;
}

static void
on_orphan_deleted(struct redfish *rf, const struct rf_reply *r)
{
	if (session_gone(r))
		xreplace(&rf->session.orphan, NULL);
	rf->op->after_session(rf);
}

static void
keep_session(struct redfish *rf, const struct rf_reply *r)
{
	const char *uri = r->location;

	/* Some say it only in the body (rule 8), Huawei not even in that. */
	if (str_empty(uri))
		uri = json_str(r->json, "@odata.id", NULL);
	rf_session_forget(rf);
	secret_set(&rf->session.token, r->token, strlen(r->token));
	rf_text_keep_link(&rf->session.uri, rf->origin, uri);
	rf->session.mode = RF_AUTH_SESSION;
	rf->session.gen = rf->creds.gen;
	rf->session.ever_worked = true;
	rf->session.refusals = 0;
	rf->session.basic_until_us = 0;
	/* One whose password must be changed can log in, and nothing else. */
	if (!rf->hold_password)
		rf_hold_reset(&rf->hold);
	rf->stats.logins++;
	if (rf->session.orphan)
		delete_session(rf, rf->session.orphan, on_orphan_deleted);
	else
		rf->op->after_session(rf);
}

/* Sessions are not to be had this way; not a word about the password. */
static bool
no_sessions_here(const struct rf_reply *r)
{
	if (r->http != HTTP_OK)
		return false;
	/* 2xx without a token; a page of HTML is no answer at all. */
	return (r->ok && r->json) || r->status == 400 || r->status == 404 ||
	       r->status == 405 || r->status == 415 || r->status == 501;
}

static void post_login(struct redfish *rf, const char *target);

static void
follow_login(struct redfish *rf, const struct rf_reply *r)
{
	char *target = rf_text_link(rf->origin, r->location);

	rf->op->login_redirected = true;
	if (target)
		post_login(rf, target);
	else
		(void)rf_fail(rf, RF_CAUSE_PROTOCOL, ERR_PROTO,
		    "login: redirect to another host refused");
	xfree(target);
}

static void
login_failed(struct redfish *rf, const struct rf_reply *r)
{
	if (r->status == 401 || r->status == 403 ||
	    rf_ext_has(&r->ext, RF_NO_LOGIN) ||
	    rf_ext_has(&r->ext, RF_NO_PASSWORD)) {
		rf_session_refused(rf, r);
	} else if (rf_ext_has(&r->ext, RF_NO_SESSIONS)) {
		use_basic(rf, rf_now(rf) + BASIC_FOR_US);
	} else if (no_sessions_here(r) && !rf->session.ever_worked) {
		rf->session.refusals++;
		use_basic(rf, rf->session.refusals < REFUSALS_MAX
				  ? rf_now(rf) + BASIC_FOR_US
				  : 0);
	} else {
		rf_fail_reply(rf, r, "login");
	}
}

static void
on_login(struct redfish *rf, const struct rf_reply *r)
{
	bool moved = r->status == 307 || r->status == 308;

	if (r->ok && !str_empty(r->token))
		keep_session(rf, r);
	else if (moved && !rf->op->login_redirected)
		follow_login(rf, r);
	else
		login_failed(rf, r);
}

static void
post_login(struct redfish *rf, const char *target)
{
	cJSON *body = cJSON_CreateObject();
	char *text;

	json_set_str(body, "UserName", rf->creds.username);
	json_set_str(
	    body, "Password", rf->creds.password.p ? rf->creds.password.p : "");
	text = json_print(body);
	rf_wire_send(rf,
	    &(struct rf_wire){ .method = "POST",
		.target = target,
		.body = text,
		.login = true },
	    on_login);
	secret_wipe(text, strlen(text));
	xfree(text);
	text = cJSON_GetStringValue(json_child(body, "Password"));
	secret_wipe(text, strlen(text));
	cJSON_Delete(body);
}

bool
rf_session_possible(const struct redfish *rf)
{
	return rf->service.sessions && rf->session.refusals < REFUSALS_MAX;
}

static void
login(struct redfish *rf)
{
	rf_session_forget(rf);
	if (!rf_session_possible(rf)) {
		use_basic(rf, 0);
		return;
	}
	rf->op->login_redirected = false;
	post_login(rf, rf->service.sessions);
}

void
rf_session_begin(struct redfish *rf, rf_step_fn *then)
{
	if (rf->first_use) {
		(void)rf_fail(rf, RF_CAUSE_TLS, ERR_TLS,
		    "no credentials are sent before the certificate of %s "
		    "is trusted",
		    rf->origin);
		return;
	}
	if (!rf->creds.username) {
		(void)rf_fail(rf, RF_CAUSE_AUTH, ERR_AUTH,
		    "no credentials for %s", rf->origin);
		return;
	}
	if (!rf_hold_allows(&rf->hold, rf_now(rf))) {
		refuse_held(rf);
		return;
	}
	/* Rotated credentials: the session of the old pair goes first. */
	if (rf->session.token.p) {
		rf->op->after_session = then;
		rf_session_end(rf, login);
		return;
	}
	rf->op->after_session = then;
	login(rf);
}

/* ---- logout --------------------------------------------------------------- */

static void
on_logout(struct redfish *rf, const struct rf_reply *r)
{
	rf_step_fn *then = rf->op->after_wait;

	rf->stats.logouts++;
	if (!session_gone(r))
		xreplace(&rf->session.orphan, rf->session.uri);
	rf_session_forget(rf);
	then(rf);
}

void
rf_session_end(struct redfish *rf, rf_step_fn *then)
{
	if (!rf->session.token.p || !rf->session.uri) {
		rf_session_forget(rf);
		then(rf);
		return;
	}
	rf->op->after_wait = then;
	delete_session(rf, rf->session.uri, on_logout);
}

static void
end_own(struct redfish *rf)
{
	rf_session_end(rf, rf->op->after_wait);
}

void
rf_session_end_all(struct redfish *rf, rf_step_fn *then)
{
	if (!rf->session.orphan || !rf->creds.username ||
	    !rf_hold_allows(&rf->hold, rf_now(rf))) {
		rf_session_end(rf, then);
		return;
	}
	rf->op->after_wait = then;
	rf->op->after_session = end_own;
	delete_session(rf, rf->session.orphan, on_orphan_deleted);
}
