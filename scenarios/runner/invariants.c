/* See invariants.h: the checks' names, and who is told what. */
#include "scenarios/runner/invariants.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/server.h"

const struct inv_row inv_rows[] = {
	{ "claim-one-host", "a machine is the consumer of one host at most",
	    false },
	{ "claim-one-identity",
	    "a board is claimed under one PhysicalHost at most", false },
	{ "claim-a-to-b", "consumerRef goes from A to B by way of empty",
	    false },
	{ "claim-returned-clean",
	    "a claim ends only off, ejected, with no override", true },
	{ "claim-kept-by-finalizer",
	    "a machine goes only after its host was given back", true },
	{ "write-needs-host",
	    "no write to a BMC without a PhysicalHost, finalizer and record",
	    true },
	{ "write-needs-owner",
	    "no write to a BMC without an owner, its release or the user's "
	    "order",
	    true },
	{ "write-while-paused", "no write to a BMC while paused", true },
	{ "write-in-maintenance", "no write to a BMC in maintenance", true },
	{ "write-dangling",
	    "no write to a BMC whose consumer is gone or another", true },
	{ "write-without-lease",
	    "no write to a BMC without the lease of its host's shard", false },
	{ "taker-waits",
	    "none to a host under way for three minutes after its driver's end",
	    true },
	{ "driver-of-object",
	    "no object is written but by the holder of its shard's lease",
	    true },
	{ "write-identity-in-doubt",
	    "no write while identity or certificate is in doubt", true },
	{ "power-on-from-off",
	    "power-on with a medium only from Off; no restart with one", true },
	{ "power-stranger",
	    "no power-off of a server that we did not switch on", true },
	{ "provisioned-untouched",
	    "a Provisioned host is not reset or boot-armed unless asked",
	    true },
	{ "remediation-fenced",
	    "a remediation succeeds only if the server was off", true },
	{ "boot-once-per-attempt",
	    "at most one boot from the medium an attempt", true },
	{ "boot-no-reimage",
	    "no boot from the medium once Provisioned or "
	    "WaitingForEvidence",
	    true },
	{ "boot-order", "the override is armed with our medium in, while off",
	    true },
	{ "pool-clean",
	    "Available means off, no medium, no override, no spent budget",
	    true },
	{ "pool-error-stays",
	    "Error ends only by retry; Provisioned never becomes Error",
	    false },
	{ "state-order", "host states follow API.md", false },
	{ "provider-id-first",
	    "providerID before or with provisioned, and the right one", false },
	{ "outputs-sticky", "providerID and provisioned are never taken back",
	    false },
	{ "foreign-metadata",
	    "labels, annotations, finalizers and owners of others are "
	    "untouched",
	    false },
	{ "spec-untouched", "the agent changes no field of a spec but its own",
	    false },
	{ "node-of-claim",
	    "a node gets the providerID of a host only if that is claimed for "
	    "its cluster, has its UUID and was switched on before it",
	    true },
	{ "bmc-one-request", "one request in flight per BMC and agent life",
	    true },
	{ "bmc-one-session", "one session per BMC and agent life", true },
	{ "login-lockout",
	    "one failed login per Secret version in five minutes", true },
	{ "secret-marker",
	    "bootstrap data, passwords and tokens appear nowhere", false },
	{ "steady-writes-nothing", "at rest nothing is written", false },
	{ "api-rights", "the agent asks for nothing that its role lacks",
	    false },
	{ "contract", "the core stand-in found a broken contract rule", false },
	{ NULL, NULL, false },
};

static const struct inv_group *const groups[] = { &inv_claims, &inv_owner,
	&inv_power, &inv_boot, &inv_pool, &inv_outputs, &inv_sessions,
	&inv_quiet, &inv_secrets };
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

const struct inv_row *
inv_row(const char *name)
{
	for (const struct inv_row *r = inv_rows; r->name != NULL; r++)
		if (str_eq(r->name, name))
			return r;
	return NULL;
}

struct invariants *
invariants_new(const struct inv_opts *o)
{
	struct invariants *x = xcalloc(1, sizeof(*x));

	x->o = *o;
	if (x->o.agent_user == NULL)
		x->o.agent_user = "beskar7-agent";
	x->shortest_marker = SIZE_MAX;
	for (size_t i = 0; i < o->n_markers; i++) {
		if (strlen(o->markers[i]) < x->shortest_marker)
			x->shortest_marker = strlen(o->markers[i]);
		x->marker_begins[(unsigned char)o->markers[i][0]] = true;
	}
	facts_init(&x->facts);
	return x;
}

void
invariants_free(struct invariants *x)
{
	if (x == NULL)
		return;
	map_free(&x->last_call, xfree);
	map_free(&x->identities, xfree);
	facts_fini(&x->facts);
	xfree(x);
}

struct facts *
invariants_facts(struct invariants *x)
{
	return &x->facts;
}

void
inv_fail(struct invariants *x, const char *name, const char *object,
    const char *fmt, ...)
{
	const struct inv_row *r = inv_row(name);
	char text[512];
	va_list ap;

	if (r != NULL && r->synchronous && !x->o.synchronous)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	x->o.violated(x->o.arg, name, object, text);
}

bool
inv_known_for(const struct invariants *x, int64_t since_us, int64_t long_us)
{
	const struct facts *f = &x->facts;

	if (since_us == FACT_NEVER || f->now_us - since_us < long_us)
		return false;
	return f->blind_until == FACT_NEVER ||
	       f->now_us - f->blind_until >= long_us;
}

bool
inv_by_agent(const struct invariants *x, const struct inv_commit *c)
{
	return str_eq(c->user, x->o.agent_user);
}

void
inv_host_name(const struct fact_object *host, char out[360])
{
	(void)str_format(out, 360, "host/%s/%s",
	    host == NULL ? "" : json_str(host->tree, "metadata/namespace", ""),
	    host == NULL ? "none" : json_str(host->tree, "metadata/name", ""));
}

struct inv_commit
inv_commit_of(const struct kube_commit *c, int64_t at_us)
{
	const cJSON *any = c->after != NULL ? c->after : c->before;

	return (struct inv_commit){ .at_us = at_us,
		.verb = c->verb,
		.group = c->gvr->group,
		.resource = c->gvr->resource,
		.ns = json_str(any, "metadata/namespace", ""),
		.name = json_str(any, "metadata/name", ""),
		.user = c->user,
		.manager = c->manager,
		.before = c->before,
		.after = c->after,
		.stays = true };
}

void
invariants_commit(struct invariants *x, const struct inv_commit *c)
{
	struct fact_object *o;

	x->facts.now_us = c->at_us;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i]->before_commit != NULL)
			groups[i]->before_commit(x, c);
	o = facts_commit(&x->facts, c->group, c->resource, c->before,
	    c->stays ? json_hold(c->after) : json_dup(c->after),
	    inv_by_agent(x, c));
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i]->commit != NULL)
			groups[i]->commit(x, c, o);
}

/* ---- writes ------------------------------------------------------------------ */

const char *
inv_write_name(enum inv_write_kind k)
{
	static const char *const names[] = { "power-on", "power-off", "restart",
		"insert", "eject", "boot override", "clearing the override" };

	return names[k];
}

static bool
write_of_reset(
    const struct fact_bmc *b, const char *type, enum inv_write_kind *k)
{
	bool on = str_eq(b->power, "On") || str_eq(b->power, "PoweringOn");

	if (str_eq(type, "PushPowerButton")) /* the other way, whichever */
		*k = on ? WRITE_OFF : WRITE_ON;
	else if (str_eq(type, "On") || str_eq(type, "ForceOn"))
		*k = WRITE_ON;
	else if (str_eq(type, "ForceOff") || str_eq(type, "GracefulShutdown"))
		*k = WRITE_OFF;
	else if (str_eq(type, "Nmi"))
		return false;
	else
		*k = WRITE_RESTART;
	return true;
}

/* What of an event is a write to hardware that a client asked for. */
static bool
write_of(const struct fact_bmc *b, const struct bmc_event *ev,
    enum inv_write_kind *k)
{
	if (ev->kind == BMC_EV_POWER_WRITE)
		return write_of_reset(b, ev->text, k);
	if (ev->kind == BMC_EV_BOOT_OVERRIDE) {
		if (strstr(ev->text, "(was pending)") != NULL)
			return false;
		*k = str_has_prefix(ev->text, "Disabled") ||
			     strstr(ev->text, " None") != NULL
			 ? WRITE_CLEAR
			 : WRITE_ARM;
		return true;
	}
	if (ev->kind != BMC_EV_REQUEST || ev->status >= 400)
		return false;
	if (str_eq(ev->op, "insert"))
		*k = WRITE_INSERT;
	else if (str_eq(ev->op, "eject"))
		*k = WRITE_EJECT;
	else
		return false;
	return true;
}

void
invariants_bmc(struct invariants *x, const struct bmc_event *ev)
{
	struct fact_bmc *b = facts_bmc(&x->facts, ev->bmc);
	struct inv_write w = { .at_us = ev->at_us, .bmc = b, .text = ev->text };

	x->facts.now_us = ev->at_us;
	if (b != NULL && write_of(b, ev, &w.kind)) {
		w.agent = facts_agent_of(ev->from);
		w.host = facts_host_of(&x->facts, b);
		for (size_t i = 0; i < N_GROUPS; i++)
			if (groups[i]->write != NULL)
				groups[i]->write(x, &w);
	}
	for (size_t i = 0; b != NULL && i < N_GROUPS; i++)
		if (groups[i]->before_bmc != NULL)
			groups[i]->before_bmc(x, b, ev);
	facts_bmc_event(&x->facts, ev);
}

void
invariants_sent(struct invariants *x, const struct inv_call *c)
{
	x->facts.now_us = c->at_us;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i]->sent != NULL)
			groups[i]->sent(x, c);
}

void
invariants_call(struct invariants *x, const struct inv_call *c)
{
	x->facts.now_us = c->at_us;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i]->call != NULL)
			groups[i]->call(x, c);
}

void
invariants_quiet(struct invariants *x, bool on)
{
	x->quiet = on;
}

void
invariants_end(struct invariants *x, int64_t at_us)
{
	x->facts.now_us = at_us;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i]->end != NULL)
			groups[i]->end(x);
}
