/* See session.h. */
#include "sim/bmc/session.h"

#include <string.h>

#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/privilege.h"
#include "sim/bmc/request.h"
#include "sim/bmc/subscription.h"

#define SESSIONS "/redfish/v1/SessionService/Sessions"

static void
tell(struct bmc *b, enum bmc_event_kind k, const char *who, const char *text,
    const char *from)
{
	struct bmc_event ev = {
		.kind = k, .who = who, .text = text, .from = from
	};

	journal_add(b->fleet->journal, b, &ev);
}

void
session_close(struct bmc *b, struct session *s, const char *why)
{
	char text[64];

	(void)str_format(text, sizeof(text), "%s %s", s->id, why);
	tell(b, BMC_EV_SESSION_CLOSED, s->user, text, s->from);
	TAILQ_REMOVE(&b->sessions, s, link);
	b->n_sessions--;
	events_session_ended(b, s->id);
	secret_wipe(s, sizeof(*s));
	xfree(s);
}

void
session_close_all(struct bmc *b, const char *why)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&b->sessions)))
		session_close(b, s, why);
}

void
session_close_of(struct bmc *b, const char *user, const char *why)
{
	struct session *s = TAILQ_FIRST(&b->sessions), *next;

	for (; s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (str_eq(s->user, user))
			session_close(b, s, why);
	}
}

void
session_sweep(struct bmc *b)
{
	int64_t idle = bmc_us(b, b->session_timeout_s * 1000);
	int64_t life = bmc_us(b, b->profile->session_life_s * 1000);
	struct session *s = TAILQ_FIRST(&b->sessions), *next;

	for (; s; s = next) {
		next = TAILQ_NEXT(s, link);
		/* an open stream is use */
		if ((bmc_now(b) - s->used_us >= idle &&
			!events_hold_session(b, s->id)) ||
		    (life && bmc_now(b) - s->made_us >= life))
			session_close(b, s, "expired");
	}
}

struct session *
session_get(struct bmc *b, const char *id)
{
	struct session *s;

	TAILQ_FOREACH (s, &b->sessions, link)
		if (str_eq(s->id, id))
			return s;
	return NULL;
}

/* ---- who asks ----------------------------------------------------------- */

static void
wrong(struct bmc *b, struct account *a)
{
	if (!a || account_locked(b, a))
		return;
	a->failures++;
	if (b->lockout_after > 0 && a->failures >= b->lockout_after)
		a->locked_until_us =
		    bmc_now(b) + bmc_us(b, b->lockout_s * 1000);
}

const struct account *
auth_check(struct bmc *b, const char *user, const char *password,
    const char *how, const char *from)
{
	struct account *a = account_get(b, user);
	bool locked = a && account_locked(b, a);

	if (a && !locked && !a->disabled && str_eq(password, a->password.p)) {
		a->failures = 0;
		b->logins++;
		tell(b, BMC_EV_LOGIN_OK, user, how, from);
		return a;
	}
	b->login_failures++;
	tell(b, BMC_EV_LOGIN_FAILED, user, locked ? "locked" : how, from);
	wrong(b, a);
	return NULL;
}

/* What this account may, for the rest of the request. */
static void
become(struct request *rq, const struct account *a)
{
	(void)str_copy(rq->user, sizeof(rq->user), a->name);
	rq->privileges = privilege_of_role(a->role);
	rq->must_change = a->must_change;
}

static bool
by_token(struct request *rq, const char *token)
{
	struct bmc *front = rq->b->front;
	const struct account *a;
	struct session *s;

	session_sweep(front);
	TAILQ_FOREACH (s, &front->sessions, link) {
		if (!str_eq(s->token, token))
			continue;
		a = account_get(front, s->user);
		if (!a || a->disabled)
			break;
		s->used_us = bmc_now(front);
		become(rq, a);
		(void)str_copy(rq->session, sizeof(rq->session), s->id);
		return true;
	}
	return request_refuse(rq, REF_UNAUTHORIZED, NULL, NULL, NULL, NULL);
}

static bool
wrong_credentials(struct request *rq, const char *user)
{
	const struct account *a = account_get(rq->b->front, user);
	bool locked = a && account_locked(rq->b->front, a);

	return request_refuse(rq, locked ? REF_LOCKED_OUT : REF_UNAUTHORIZED,
	    NULL, NULL, NULL, NULL);
}

static bool
by_basic(struct request *rq, const char *value)
{
	const struct account *a = NULL;
	char plain[256] = "";
	size_t n = 0;
	char *colon;
	bool ok;

	if (rq->p->basic &&
	    b64_decode(value, strlen(value), plain, sizeof(plain) - 1, &n)) {
		plain[n] = '\0';
		colon = strchr(plain, ':');
		if (colon) {
			*colon = '\0';
			a = auth_check(
			    rq->b->front, plain, colon + 1, "basic", rq->from);
		}
	}
	if (a)
		become(rq, a);
	rq->via_basic = a != NULL;
	ok = a || wrong_credentials(rq, plain);
	secret_wipe(plain, sizeof(plain));
	return ok;
}

bool
auth_request(struct request *rq)
{
	const char *token = rq->in[IN_TOKEN];
	const char *basic = rq->in[IN_AUTHORIZATION];

	if (token)
		return by_token(rq, token);
	if (basic && str_has_iprefix(basic, "Basic "))
		return by_basic(rq, basic + 6);
	return request_refuse(rq, REF_UNAUTHORIZED, NULL, NULL, NULL, NULL);
}

/* ---- login and logout --------------------------------------------------- */

static bool
credentials(struct request *rq, const char **user, const char **password)
{
	static const char *const names[] = { "UserName", "Password" };
	const char **out[] = { user, password };

	for (size_t i = 0; i < 2; i++) {
		enum json_got got = json_get_str(rq->json, names[i], out[i]);

		if (got == JSON_ABSENT || got == JSON_NULL)
			return request_refuse(rq, REF_PROPERTY_MISSING,
			    names[i], names[i], NULL, NULL);
		if (got == JSON_WRONG)
			return request_refuse(rq, REF_PROPERTY_TYPE, names[i],
			    "(not shown)", names[i], NULL);
	}
	return true;
}

static bool
room(struct request *rq)
{
	struct bmc *b = rq->b;

	session_sweep(b);
	if (b->n_sessions < (unsigned)rq->p->session_max)
		return true;
	if (rq->p->session_on_limit == LIMIT_REFUSE)
		return request_refuse(
		    rq, REF_SESSION_LIMIT, NULL, NULL, NULL, NULL);
	session_close(b, TAILQ_FIRST(&b->sessions), "evicted");
	return true;
}

static struct session *
open_session(struct request *rq, const char *user)
{
	struct bmc *b = rq->b;
	struct session *s = xcalloc(1, sizeof(*s));

	entropy_hex(b->fleet->env->entropy, s->token, 16);
	entropy_hex(b->fleet->env->entropy, s->id, 5);
	(void)str_copy(s->user, sizeof(s->user), user);
	(void)str_copy(s->from, sizeof(s->from), rq->from);
	s->made_us = s->used_us = bmc_now(b);
	s->created_wall_us = bmc_wall(b);
	TAILQ_INSERT_TAIL(&b->sessions, s, link);
	b->n_sessions++;
	tell(b, BMC_EV_SESSION_OPENED, s->user, s->id, s->from);
	return s;
}

static void
write_session(struct request *rq, const struct session *s)
{
	struct jw w;

	jw_init(&w, &rq->out, "Session", &rq->p->omit);
	w.slash = rq->p->slash == SLASH_REDIRECT;
	jw_open(&w, NULL);
	jw_uri(&w, "@odata.id", SESSIONS "/%s", s->id);
	jw_s(&w, "@odata.type", "#Session.v1_7_0.Session");
	jw_s(&w, "Id", s->id);
	jw_s(&w, "Name", "User Session");
	jw_s(&w, "UserName", s->user);
	jw_null(&w, "Password");
	jw_s(&w, "SessionType", "Redfish");
	jw_time(&w, "CreatedTime", s->created_wall_us);
	jw_s(&w, "ClientOriginIPAddress", s->from);
	if (rq->must_change && rq->n_messages)
		jw_raw_list(
		    &w, "@Message.ExtendedInfo", buf_str(&rq->messages));
	jw_close(&w);
}

void
session_login(struct request *rq)
{
	const char *user = "", *password = "";
	const struct account *a;
	struct session *s;

	if (!credentials(rq, &user, &password))
		return;
	a = auth_check(rq->b, user, password, "session", rq->from);
	if (!a) {
		(void)wrong_credentials(rq, user);
		return;
	}
	become(rq, a);
	if (!room(rq))
		return;
	if (rq->dry) {
		request_done(rq);
		return;
	}
	s = open_session(rq, user);
	if (rq->must_change) {
		/* DSP0266 13.2.6.1: the login works and says what to do */
		char uri[128], id[ACCOUNT_ID];

		account_id(rq->b, a, id);
		(void)str_format(uri, sizeof(uri),
		    "/redfish/v1/AccountService/Accounts/%s", id);
		request_note(rq, "PasswordChangeRequired", uri);
	}
	write_session(rq, s);
	rq->status = (int)rq->p->session_status;
	request_header(rq, "X-Auth-Token", s->token);
	request_location(rq, rq->p->session_location, SESSIONS "/%s", s->id);
}

void
session_logout(struct request *rq)
{
	struct session *s = session_get(rq->b, rq->arg[0]);

	if (!s) {
		request_refuse(rq, REF_NOT_FOUND, NULL, rq->path, NULL, NULL);
		return;
	}
	/* CIMC: a DELETE is bare, or it fails */
	if (rq->p->session_bare_delete &&
	    (rq->body_n || rq->in[IN_CONTENT_TYPE])) {
		request_refuse(rq, REF_DELETE_BODY, NULL, NULL, NULL, NULL);
		return;
	}
	if (!rq->dry)
		session_close(rq->b, s, "logout");
	request_done(rq);
}
