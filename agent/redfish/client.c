#include "agent/redfish/client.h"

#include <assert.h>
#include <string.h>

#include "agent/redfish/history.h"
#include "agent/redfish/stream.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/str.h"
#include "common/url.h"

/* Long enough for the next request of an operation, too short to keep. */
#define IDLE_CLOSE_US (200 * LOOP_MS)

/* ---- making ------------------------------------------------------------------ */

/*
 * The address may point at the service ("/redfish/v1"), below a prefix, or at
 * one system ("/redfish/v1/Systems/1", as users of Metal3 write it): that is
 * then compared with the members, never asked for by itself.
 */
static void
split_address(struct redfish *rf, const struct url *u)
{
	static const char service[] = "/redfish/v1";
	const char *at = strstr(u->target, service), *rest;
	char origin[URL_MAX];
	size_t n = strcspn(u->target, "?");

	url_origin(u, origin, sizeof(origin));
	rf->origin = xstrdup(origin);
	if (!at) {
		while (n > 0 && u->target[n - 1] == '/')
			n--;
		rf->root = xasprintf("%.*s%s/", (int)n, u->target, service);
		return;
	}
	rest = at + strlen(service);
	rf->root = xasprintf("%.*s/", (int)(rest - u->target), u->target);
	if (str_has_prefix(rest, "/Systems/") && rest[9] != '\0')
		rf->hint_uri = xstrndup(u->target, n);
}

static void
keep_policy(struct redfish *rf, const struct tls_policy *t)
{
	xreplace(&rf->server_name, t->server_name);
	rf->policy = *t;
	rf->policy.server_name = rf->server_name;
}

#define OR(x, dflt) ((x) ? (x) : (dflt))

struct redfish *
redfish_new(const struct env *env, const struct redfish_opts *o, struct err *e)
{
	struct redfish *rf;
	struct url u;

	if (!url_parse(&u, o->address, e)) {
		(void)err_wrap(e, "BMC address");
		return NULL;
	}
	rf = xcalloc(1, sizeof(*rf));
	rf->env = env;
	rf->key = xstrdup(o->key);
	split_address(rf, &u);
	rf->hint =
	    xstrdup(str_empty(o->system_id) ? rf->hint_uri : o->system_id);
	rf->may_write = o->may_write;
	rf->may_write_arg = o->may_write_arg;
	rf->max_requests = OR(o->max_requests, 96);
	rf->deadline_us = OR(o->deadline_us, 300 * LOOP_S);
	rf->write_max_us = OR(o->write_max_us, REDFISH_WRITE_MAX_US);
	rf->fresh_us = OR(o->fresh_us, 2 * LOOP_S);
	rf->hold_us = OR(o->hold_us, 10 * LOOP_MIN);
	rf->hold_tries = OR(o->hold_tries, 3);
	rf->breaker.max_us = OR(o->silence_max_us, RF_BREAKER_MAX_US);
	rf->body_max = OR(o->body_max, (size_t)4 * 1024 * 1024);
	rf->first_use = o->tls.first_use;
	keep_policy(rf, &o->tls.policy);
	rng_seed(&rf->rng, env->seed, rf->key);
	rf->last_press_us = rf_now(rf);
	rf->peer = http_peer_new(env->net,
	    &(struct http_peer_opts){ .base = rf->origin,
		.tls = rf->policy,
		.max_conns = 1,
		.idle_close_us = IDLE_CLOSE_US },
	    e);
	if (!rf->peer) {
		redfish_free(rf);
		return NULL;
	}
	if (o->credentials.username)
		redfish_set_credentials(rf, &o->credentials);
	return rf;
}

static void
free_slots(struct redfish *rf)
{
	size_t i, n = rf->state.n_slots;

	rf_slot_ways_fini(rf->ways, n);
	for (i = 0; i < n; i++)
		xfree(rf->slot_etags[i]);
	xfree(rf->slot_etags);
}

void
redfish_free(struct redfish *rf)
{
	if (!rf)
		return;
	rf_op_drop(rf);
	rf_stream_free(rf);
	http_peer_free(rf->peer);
	free_slots(rf);
	rf_state_fini(&rf->state);
	rf_service_fini(&rf->service);
	rf_links_fini(&rf->links);
	rf_ring_fini(&rf->ring);
	secret_free(&rf->session.token);
	secret_free(&rf->creds.password);
	xfree(rf->session.uri);
	xfree(rf->session.orphan);
	xfree(rf->creds.username);
	xfree(rf->creds.version);
	xfree(rf->hold_reason);
	xfree(rf->doubt_err);
	xfree(rf->system_etag);
	xfree(rf->settings_etag);
	xfree(rf->key);
	xfree(rf->origin);
	xfree(rf->root);
	xfree(rf->hint);
	xfree(rf->hint_uri);
	xfree(rf->server_name);
	xfree(rf);
}

static bool
same_credentials(
    const struct rf_creds *mine, const struct redfish_credentials *c)
{
	return str_eq(mine->username, c->username) &&
	       str_eq(mine->version, c->version) &&
	       mine->password.n == c->password->n &&
	       (mine->password.n == 0 ||
		   memcmp(mine->password.p, c->password->p, mine->password.n) ==
		       0);
}

void
redfish_set_credentials(struct redfish *rf, const struct redfish_credentials *c)
{
	if (rf->creds.gen != 0 && same_credentials(&rf->creds, c))
		return;
	xreplace(&rf->creds.username, c->username);
	xreplace(&rf->creds.version, c->version);
	secret_free(&rf->creds.password);
	secret_set(&rf->creds.password, c->password->p, c->password->n);
	rf->creds.gen++;
	rf_hold_reset(&rf->hold);
	rf->hold_password = false;
}

void
redfish_set_tls(struct redfish *rf, const struct redfish_tls *t)
{
	keep_policy(rf, &t->policy);
	http_peer_set_tls(rf->peer, &rf->policy);
	rf_stream_end(rf, "the trust in its certificate changed");
	rf->first_use = t->first_use;
	rf->tls_known = false;
	/* What an untrusted peer said is forgotten, its failures too. */
	rf->service.known = false;
	rf->links.known = false;
	rf_breaker_answered(&rf->breaker);
}

/* ---- looking at it -------------------------------------------------------------- */

const struct redfish_state *
redfish_state(const struct redfish *rf)
{
	return &rf->state;
}

bool
redfish_discovered(const struct redfish *rf)
{
	return rf->links.known;
}

bool
redfish_busy(const struct redfish *rf)
{
	return rf->op != NULL;
}

void
redfish_cancel(struct redfish *rf)
{
	/* What it wrote may or may not have been done. */
	rf_stale(rf, RF_READ_SYSTEM | RF_READ_BOOT | RF_READ_MEDIA);
	rf_op_drop(rf);
}

struct redfish_circuit_info
redfish_circuit(const struct redfish *rf)
{
	return (struct redfish_circuit_info){ rf->breaker.state,
		rf->breaker.failures, rf->breaker.next_us };
}

void
redfish_retry_now(struct redfish *rf)
{
	rf_breaker_answered(&rf->breaker);
}

int64_t
redfish_login_hold(const struct redfish *rf)
{
	return rf_hold_next(&rf->hold, rf_now(rf));
}

unsigned
redfish_login_refusals(const struct redfish *rf)
{
	return rf->hold.refused;
}

void
redfish_login_refused(
    struct redfish *rf, unsigned refused, int64_t ago_us, bool password_change)
{
	rf_hold_refused(
	    &rf->hold, rf_now(rf) - ago_us, rf->hold_us, rf->hold_tries);
	rf->hold.refused = refused;
	rf->hold.closed = refused >= rf->hold_tries;
	rf->hold_password = password_change;
	xreplace(&rf->hold_reason, password_change
				       ? "the BMC wants the password changed"
				       : "refused before the agent's restart");
}

const struct redfish_stats *
redfish_stats(const struct redfish *rf)
{
	return &rf->stats;
}

bool
redfish_has_session(const struct redfish *rf)
{
	return rf->session.token.p != NULL;
}

void
redfish_dump(const struct redfish *rf, struct buf *out)
{
	rf_ring_print(&rf->ring, out);
}

bool
redfish_past_at(const struct redfish *rf, unsigned i, struct redfish_past *out)
{
	const struct rf_ring_entry *e = rf_ring_at(&rf->ring, i);

	if (e == NULL)
		return false;
	*out = (struct redfish_past){ e->at_us, e->ms, e->status, e->method,
		e->target, e->what };
	return true;
}

void
redfish_boot_in_settings(struct redfish *rf)
{
	if (rf->learned.boot_in_settings)
		return;
	rf->learned.boot_in_settings = true;
	if (rf->links.known)
		rf_derive_boot(rf);
}

/* ---- quirks ---------------------------------------------------------------------- */

static void
quirk(struct buf *out, bool is, const char *name)
{
	if (!is)
		return;
	if (out->n > 0)
		(void)buf_addc(out, ',');
	(void)buf_adds(out, name);
}

static void
boot_quirks(const struct redfish *rf, struct buf *out)
{
	const struct rf_boot_way *w = &rf->learned.boot;
	char name[40];

	if (!rf->learned.boot_known)
		return;
	quirk(out, w->place == RF_PLACE_SETTINGS, "boot:settings");
	quirk(out, w->shape == RF_SHAPE_NO_MODE && rf->system_boot.has_mode,
	    "boot:no-mode");
	quirk(out, w->shape == RF_SHAPE_TARGET, "boot:target-only");
	quirk(out, w->enabled == RF_OVERRIDE_CONTINUOUS, "boot:continuous");
	(void)str_format(
	    name, sizeof(name), "boot:%s", rf_boot_target_name(w->target));
	quirk(out, w->target != RF_TARGET_CD, name);
}

void
redfish_quirks(const struct redfish *rf, struct buf *out)
{
	const struct rf_learned *l = &rf->learned;
	char name[96];

	quirk(out, rf->service.needs_login, "root:login");
	quirk(out, rf->session.mode == RF_AUTH_BASIC, "auth:basic");
	(void)str_format(
	    name, sizeof(name), "etag:%s", rf_etag_form_name(l->etag));
	quirk(out, l->etag != RF_ETAG_AS_IS, name);
	quirk(out, l->post_if_match, "action:if-match");
	quirk(out, l->no_identity, "encoding:any");
	quirk(out, l->no_conditional, "etag:stale");
	quirk(out, l->no_expand, "expand:none");
	boot_quirks(rf, out);
	rf_insert_way_name(&l->insert, name, sizeof(name));
	quirk(out,
	    l->insert_known &&
		(l->insert.by != RF_BY_ACTION || l->insert.bits != 0),
	    name);
	(void)str_format(
	    name, sizeof(name), "eject:%s", rf_eject_by_name(l->eject));
	quirk(out, l->eject_known && l->eject != RF_EJECT_EMPTY_OBJECT, name);
	quirk(out, l->reset_refused != 0, "reset:fewer-than-offered");
}
