/*
 * Manners towards a BMC: one request in flight, one session a life of the
 * agent, and no guessing of passwords until the account is locked.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define LOCKOUT (5 * LOOP_MIN)

/* Two objects for one address: nobody can know before they were asked. */
static bool
session_shared(const struct facts *f, const struct fact_bmc *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < 4 && b->hosts[i] != NULL; i++) {
		const struct fact_object *o = map_get(&f->objects, b->hosts[i]);

		n += o != NULL && o->tree != NULL && o->bmc == b;
	}
	return n > 1;
}

static void
session_opened(
    struct invariants *x, struct fact_bmc *b, const struct bmc_event *ev)
{
	int agent = facts_agent_of(ev->from);

	if (agent < 0 || session_shared(&x->facts, b))
		return;
	for (const struct fact_session *s = b->sessions; s != NULL; s = s->next)
		if (s->agent == agent && s->life == x->facts.lives[agent] &&
		    !s->dropped)
			inv_fail(x, "bmc-one-session", b->name,
			    "agent-%d opened session %s and still has %s",
			    agent, ev->text, s->id);
}

static const char *
session_secret_version(const struct facts *f, const struct fact_object *h)
{
	const cJSON *s = facts_tree(f, "", "secrets",
	    json_str(h->tree, "metadata/namespace", ""),
	    json_str(h->tree,
		"spec/redfishConnection/credentialsSecretRef/name", ""));

	/* Finalizers change the resourceVersion; the data are what counts. */
	return json_str(s, "data/password", "");
}

static void
session_refused(
    struct invariants *x, struct fact_bmc *b, const struct bmc_event *ev)
{
	const struct fact_object *h = facts_host_of(&x->facts, b);
	int agent = facts_agent_of(ev->from);
	char *with;

	if (h == NULL || agent < 0)
		return;
	with = xasprintf("%d/%u/%s", agent, x->facts.lives[agent],
	    session_secret_version(&x->facts, h));
	if (str_eq(with, b->login_failed_with) &&
	    ev->at_us - b->login_failed_at < LOCKOUT)
		inv_fail(x, "login-lockout", b->name,
		    "agent-%d failed to log in twice in %lld s with the same "
		    "password",
		    agent,
		    (long long)((ev->at_us - b->login_failed_at) / LOOP_S));
	b->login_failed_at = ev->at_us;
	xfree(b->login_failed_with);
	b->login_failed_with = with;
}

static void
session_event(
    struct invariants *x, struct fact_bmc *b, const struct bmc_event *ev)
{
	if (ev->kind == BMC_EV_SESSION_OPENED)
		session_opened(x, b, ev);
	else if (ev->kind == BMC_EV_LOGIN_FAILED)
		session_refused(x, b, ev);
}

/* The agent gave a session up, was told that it ended, or never heard of it. */
static void
session_dropped(struct invariants *x, const struct inv_call *c)
{
	struct fact_bmc *b = facts_bmc(&x->facts, c->bmc);
	bool login =
	    str_eq(c->method, "POST") && strstr(c->target, "/Sessions") != NULL;
	bool logout = str_eq(c->method, "DELETE") &&
		      strstr(c->target, "/Sessions/") != NULL;

	if (b == NULL || !((login && !c->heard) || logout || c->status == 401 ||
			     c->status == 403))
		return;
	for (struct fact_session *s = b->sessions; s != NULL; s = s->next) {
		if (s->agent != c->agent)
			continue;
		s->dropped = true;
		if (login)
			return; /* the newest one only */
	}
}

/* An event stream is beside the one request in flight, and lasts. */
static bool
session_stream(const struct inv_call *c)
{
	return str_eq(c->method, "GET") &&
	       (str_has_suffix(c->target, "/SSE") ||
		   str_has_suffix(c->target, "/ServerSentEvent"));
}

static void
session_call(struct invariants *x, const struct inv_call *c)
{
	const struct fact_bmc *b;
	char key[128];
	int64_t *last;

	b = facts_bmc(&x->facts, c->bmc);
	if (b == NULL || c->agent < 0 || session_shared(&x->facts, b))
		return;
	session_dropped(x, c);
	if (session_stream(c))
		return;
	(void)str_format(key, sizeof(key), "%d/%u/%s", c->agent,
	    x->facts.lives[c->agent], c->bmc);
	last = map_get(&x->last_call, key);
	if (last == NULL) {
		last = xcalloc(1, sizeof(*last));
		(void)map_put(&x->last_call, key, last); /* new */
	} else if (c->started_us < *last) {
		inv_fail(x, "bmc-one-request", c->bmc,
		    "agent-%d began %s %s while another request was under way",
		    c->agent, c->method, c->target);
	}
	*last = c->at_us;
}

const struct inv_group inv_sessions = { .before_bmc = session_event,
	.call = session_call };
