/*
 * Power (SAFETY.md 3, 5, 6): on with a medium only from Off, never a restart to
 * provision, never a stranger's server, never a Provisioned one unasked.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

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

static void
power_provisioned(struct invariants *x, const struct inv_write *w)
{
	const struct fact_record *r = &w->host->record;
	char name[360];

	if (!str_eq(r->phase, "provisioned") || w->kind == WRITE_EJECT ||
	    w->kind == WRITE_CLEAR)
		return;
	if (r->reboot[0] != '\0' && w->kind == WRITE_RESTART)
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

const struct inv_group inv_power = { .write = power_write };
