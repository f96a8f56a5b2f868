/*
 * Power (SAFETY.md 3, 5, 6): on with a medium only from Off, never a restart to
 * provision, never a stranger's server, never a Provisioned one unasked.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define AX "infrastructure.cluster.x-k8s.io"

static void
power_from_off(struct invariants *x, const struct inv_write *w)
{
	const char *phase = w->host->record.phase;
	char name[360];

	inv_host_name(w->host, name);
	if (w->kind == WRITE_RESTART && w->bmc->media &&
	    !str_eq(phase, "provisioned"))
		inv_fail(x, "power-on-from-off", name,
		    "%s with a medium inserted", w->text);
	if (w->kind == WRITE_ON && w->bmc->media &&
	    (str_eq(w->bmc->power, "PoweringOff") ||
		(str_eq(w->bmc->power, "On") &&
		    w->bmc->power_by == CAUSE_PERSON &&
		    w->at_us - w->bmc->power_at > 5 * LOOP_S)))
		inv_fail(x, "power-on-from-off", name,
		    "%s with a medium inserted while the machine is %s",
		    w->text, w->bmc->power);
}

/*
 * The record speaks for our own power-on (SAFETY.md 3), but an agent that lived
 * and was heard knows whether its request left it. Only who was cut off after
 * the intent cannot.
 */
static bool
power_intended(const struct invariants *x, const struct fact_object *host)
{
	return host->record.on_at != 0 && host->intent_at != FACT_NEVER &&
	       x->facts.cut_until >= host->intent_at;
}

static void
power_stranger(struct invariants *x, const struct inv_write *w)
{
	const struct fact_bmc *b = w->bmc;
	char name[360];

	if (w->kind != WRITE_OFF || b->power_by == CAUSE_AGENT)
		return;
	if (json_at(w->host->tree, "spec/online") != NULL ||
	    power_intended(x, w->host))
		return;
	if (b->on_claim[0] != '\0' &&
	    (str_eq(b->on_claim, w->host->record.claim) ||
		w->host->asked_at != FACT_NEVER))
		return;
	inv_host_name(w->host, name);
	inv_fail(x, "power-stranger", name,
	    "%s, but we never switched this machine on for claim \"%s\"",
	    w->text, w->host->record.claim);
}

/* A Beskar7Remediation with that id is there, or the agent cannot know yet
 * that it is gone. */
static bool
power_remedy(const struct invariants *x, const char *heal)
{
	const struct facts *f = &x->facts;

	for (size_t i = 0; i < f->objects.n; i++) {
		const struct fact_object *o = f->objects.v[i].value;

		if (o->remedy[0] != '\0' && str_has_prefix(heal, o->remedy) &&
		    (o->tree != NULL || !inv_known_for(x, o->gone_at, 0)))
			return true;
	}
	return false;
}

/* The power cycle or power-off that somebody asked for. */
static bool
power_healing(const struct invariants *x, const struct inv_write *w)
{
	const struct fact_record *r = &w->host->record;

	if (str_eq(r->heal_at, "on"))
		return w->kind == WRITE_ON; /* however it was begun */
	if (!str_eq(r->heal_at, "off") && !str_eq(r->heal_at, "graceful"))
		return false;
	return w->kind == WRITE_OFF && power_remedy(x, r->heal);
}

/* What AX/reboot asks for, as long as it does; a server that went off for it is
 * switched on again in any case. */
static bool
power_rebooting(const struct invariants *x, const struct inv_write *w)
{
	if (w->host->record.reboot[0] == '\0')
		return false;
	if (w->kind == WRITE_ON)
		return true;
	return (w->kind == WRITE_RESTART || w->kind == WRITE_OFF) &&
	       !inv_known_for(x, w->host->unrebooted_at, 5 * LOOP_S);
}

static void
power_provisioned(struct invariants *x, const struct inv_write *w)
{
	const struct fact_record *r = &w->host->record;
	char name[360];

	if (!str_eq(r->phase, "provisioned") || w->kind == WRITE_EJECT ||
	    w->kind == WRITE_CLEAR)
		return;
	if (power_rebooting(x, w) || power_healing(x, w))
		return;
	inv_host_name(w->host, name);
	inv_fail(x, "provisioned-untouched", name,
	    "%s (%s) on a Provisioned host", inv_write_name(w->kind), w->text);
}

static void
power_write(struct invariants *x, const struct inv_write *w)
{
	if (w->host != NULL) {
		power_from_off(x, w);
		power_stranger(x, w);
		power_provisioned(x, w);
	}
	if (w->kind == WRITE_ON)
		(void)str_copy(w->bmc->on_claim, sizeof(w->bmc->on_claim),
		    w->host == NULL ? "" : w->host->record.claim);
}

/* A remediation tells of success: its server was off since it was asked for. */
static void
power_fenced(struct invariants *x, const struct inv_commit *c)
{
	const char *host = json_str(c->after, "status/hostRef/name", "");
	const struct fact_object *h;
	char name[360];

	if (!str_eq(facts_condition(c->after, "Remediated", NULL), "True") ||
	    str_eq(facts_condition(c->before, "Remediated", NULL), "True"))
		return;
	h = facts_object(&x->facts, c->group, "physicalhosts", c->ns, host);
	if (h != NULL && h->bmc != NULL && h->heal_at != FACT_NEVER &&
	    (str_eq(h->bmc->power, "Off") || h->bmc->off_until >= h->heal_at))
		return;
	(void)str_format(name, sizeof(name), "b7r/%s/%s", c->ns, c->name);
	inv_fail(x, "remediation-fenced", name,
	    "it tells of success, and host %s was never off", host);
}

static void
power_commit(
    struct invariants *x, const struct inv_commit *c, struct fact_object *o)
{
	if (str_eq(c->resource, "beskar7remediations") && c->after != NULL)
		power_fenced(x, c);
	/* Adopted: the user says that it was switched on for this claim. */
	if (str_eq(c->resource, "physicalhosts") && o->bmc != NULL &&
	    facts_annotation(c->before, AX "/adopt") != NULL &&
	    facts_annotation(c->after, AX "/adopt") == NULL &&
	    str_eq(o->record.phase, "provisioned"))
		(void)str_copy(o->bmc->on_claim, sizeof(o->bmc->on_claim),
		    o->record.claim);
}

const struct inv_group inv_power = { .write = power_write,
	.commit = power_commit };
