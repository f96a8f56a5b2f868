/*
 * Whose the host is (SAFETY.md 2). Reads the consumer from the cache; decides
 * nothing that the record and the consumer's own claim id do not both say.
 */
#include <stdio.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static void
claim_lost(struct host_pass *p, const char *why)
{
	p->claim = CLAIM_LOST;
	p->claim_why = why;
	report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, "ClaimLost",
	    "%s; nothing is done to the hardware. Restore the consumer, or "
	    "set the annotation " ANN_FORCE_RELEASE "=%s",
	    why,
	    p->h.record.claim_id[0] != '\0'       ? p->h.record.claim_id
	    : p->h.spec.consumer.claim_id != NULL ? p->h.spec.consumer.claim_id
						  : "<claimID>");
	report_waiting(&p->rep, "user: consumerRef");
}

static bool
claim_in_record(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return p->h.record_valid && r->claim_id[0] != '\0' &&
	       r->phase != PHASE_IDLE;
}

bool
host_adopting(const struct host_pass *p)
{
	char id[600];

	(void)str_format(id, sizeof(id), "b7://%s/%s", p->h.ns, p->h.name);
	return p->claim == CLAIM_NEW && p->h.asks.adopt != NULL &&
	       p->h.record.phase == PHASE_IDLE && p->h.record_valid &&
	       str_eq(p->h.asks.adopt, p->m.name) &&
	       str_eq(p->m.provider_id, id);
}

enum verdict
host_adopted(struct host_pass *p)
{
	struct host_change ch = { .drop_annotation = ANN_ADOPT };
	struct record r = p->h.record;
	enum verdict v = host_act_read(p, RF_READ_SYSTEM);

	if (v != V_NEXT)
		return v;
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "claimed by %s",
	    p->m.key);
	if (pass_state(p)->power != RF_POWER_ON) {
		report_state(&p->rep, HOST_CLAIMED);
		report_op(&p->rep, "Provision", "NotProvisioned", "%s",
		    "waiting for the server to be On");
		report_say(&p->rep, HC_PROVISIONED, SAY_FALSE, "NotProvisioned",
		    "to be adopted it has to be On: switch it on, or remove "
		    "the machine");
		report_waiting(&p->rep, "user: power");
		return pass_rest(p);
	}
	record_clear_claim(&r);
	(void)str_copy(
	    r.claim_id, sizeof(r.claim_id), p->h.spec.consumer.claim_id);
	r.phase = PHASE_PROVISIONED;
	r.attempt = 1;
	/* Its release may switch it off, as if we had switched it on. */
	(void)str_copy(
	    r.power, sizeof(r.power), redfish_reset_name(RF_RESET_ON));
	r.power_s = pass_wall_s(p);
	ch.record = &r;
	ch.event_reason = "Adopted";
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "what runs on it is %.200s from now on; nothing was done to it",
	    p->m.key);
	return host_act_write(p, &ch);
}

/* A record from before the machine was provisioned (an old backup): to go by
 * it would write over a running machine (SAFETY.md 1). */
static void
claim_contradicted(struct host_pass *p)
{
	enum phase phase = p->h.record.phase;

	if (p->reads_only != NULL || host_adopting(p) ||
	    (p->claim != CLAIM_HELD && p->claim != CLAIM_NEW) ||
	    (phase != PHASE_IDLE && phase != PHASE_PROVISIONING) ||
	    (p->m.provider_id == NULL && !p->m.provisioned))
		return;
	p->reads_only = "the host record is contradicted";
	report_say(&p->rep, HC_IDENTITY, SAY_FALSE, "RecordLost",
	    "the annotation host-record says %s, but machine %s was "
	    "provisioned on this host; nothing is written to the BMC. Restore "
	    "the record, or set " ANN_FORCE_RELEASE "=%s",
	    phase_name(phase), p->m.key, p->h.spec.consumer.claim_id);
}

/* Why what consumerRef names does not hold this claim; NULL: it does. */
static const char *
claim_mismatch(const struct host_pass *p)
{
	const struct consumer *c = &p->h.spec.consumer;

	if (!str_eq(c->kind, KIND_MACHINE) ||
	    (c->ns != NULL && !str_eq(c->ns, p->h.ns)))
		return "spec.consumerRef names no Beskar7Machine of this "
		       "namespace";
	if (claim_in_record(p) && !str_eq(p->h.record.claim_id, c->claim_id))
		return "spec.consumerRef names another claim";
	if (!p->has_machine)
		return "the consumer does not exist";
	if (!str_eq(p->m.claim_id, c->claim_id))
		return "the consumer has another claim id";
	return NULL;
}

enum verdict
host_claim_read(void *arg)
{
	struct host_pass *p = arg;
	const char *mismatch;

	p->claim = CLAIM_NONE;
	if (p->h.spec.consumer.name == NULL) {
		/* A claim that was dropped by force, or cleaned up after it,
		 * needs no consumer. */
		if (claim_in_record(p))
			claim_lost(p, "spec.consumerRef was edited away");
		return V_NEXT;
	}
	mismatch = claim_mismatch(p);
	if (mismatch != NULL)
		claim_lost(p, mismatch);
	else if (p->m.deleting && !p->m.for_move)
		p->claim = CLAIM_ENDING;
	else if (!p->m.has_finalizer && !claim_in_record(p))
		claim_lost(p, "the consumer lacks its finalizer");
	else
		p->claim = claim_in_record(p) ? CLAIM_HELD : CLAIM_NEW;
	claim_contradicted(p);
	return V_NEXT;
}

/* SAFETY.md 8: the claim goes, the host stays out of the pool. Needs no BMC:
 * that is what it is for. */
enum verdict
host_force_released(void *arg)
{
	struct host_pass *p = arg;
	const char *ask = p->h.asks.force_release;
	struct host_change ch = { .drop_annotation = ANN_FORCE_RELEASE };
	struct record r = p->h.record;
	bool match;

	if (ask == NULL)
		return V_NEXT;
	match = ask[0] != '\0' && (str_eq(ask, r.claim_id) ||
				      str_eq(ask, p->h.spec.consumer.claim_id));
	ch.event_warning = true;
	if (!match) {
		ch.event_reason = "ForceReleaseRefused";
		(void)str_format(ch.event_text, sizeof(ch.event_text),
		    "force-release names claim %.64s, the host has %.64s", ask,
		    r.claim_id[0] != '\0' ? r.claim_id : "none");
		return host_act_write(p, &ch);
	}
	record_clear_attempt(&r);
	r.claim_id[0] = '\0';
	r.phase = PHASE_ERROR;
	r.failed = true;
	r.attempt = 0;
	ch.record = &r;
	ch.drop_claim = true;
	ch.add_finalizer = !p->h.has_finalizer;
	ch.event_reason = "ForceReleased";
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "claim %.64s was dropped by force; the server may still run, "
	    "its disks are not erased",
	    ask);
	return host_act_write(p, &ch);
}
