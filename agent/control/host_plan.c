/*
 * The plan of a host's pass: the table of contents of the controller. First
 * whether we may act at all, then who the host is, then what it is for.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "agent/control/relation.h"
#include "common/str.h"

static enum verdict
not_moving_away(void *arg)
{
	struct host_pass *p = arg;

	/* clusterctl marks what it has copied, in place of all other
	 * annotations, and deletes it then: from the mark on it is not ours
	 * any more. */
	p->rep.silent = p->h.for_move;
	return p->rep.silent ? V_STOP : V_NEXT;
}

/* A host of another agent's watch is driven by that one. */
static enum verdict
in_watch(void *arg)
{
	struct host_pass *p = arg;

	p->rep.silent = !controllers_watch(p->c, p->h.watch);
	return p->rep.silent ? V_STOP : V_NEXT;
}

/* capi-contract 3.5: the object's own annotation, or the Cluster of the
 * consumer. Nothing but the condition is written. */
static enum verdict
not_paused(void *arg)
{
	struct host_pass *p = arg;
	const struct consumer *c = &p->h.spec.consumer;
	bool cluster = false, machine;

	p->has_machine = relation_machine(
	    p->c, c->ns != NULL ? c->ns : p->h.ns, c->name, &p->m);
	if (p->has_machine)
		cluster = relation_machine_paused(p->c, &p->m);
	/* What is done to the host is done for its machine. */
	machine = p->has_machine && p->m.paused;
	if (!p->h.paused && !cluster && !machine) {
		report_say(
		    &p->rep, HC_PAUSED, SAY_FALSE, "NotPaused", "%s", "");
		return V_NEXT;
	}
	report_say(&p->rep, HC_PAUSED, SAY_TRUE, "Paused", "%s%s%s%s%s",
	    cluster ? "Cluster spec.paused is set to true" : "",
	    cluster && (p->h.paused || machine) ? ", " : "",
	    p->h.paused ? "PhysicalHost has the " ANN_PAUSED " annotation" : "",
	    p->h.paused && machine ? ", " : "",
	    machine ? "Beskar7Machine has the " ANN_PAUSED " annotation" : "");
	p->rep.only_paused = true;
	return V_STOP;
}

static enum verdict
spec_valid(void *arg)
{
	struct host_pass *p = arg;
	const char *problem = host_problem(&p->h);

	if (problem == NULL)
		return V_NEXT;
	report_say(&p->rep, HC_CONNECTION, SAY_FALSE, "CredentialsInvalid",
	    "%s", problem);
	if (!p->h.state_known)
		report_state(&p->rep, HOST_ENROLLING);
	return V_STOP;
}

/* SAFETY.md 1: a record that is unreadable, or absent while a consumer is
 * set, allows reads only. */
static enum verdict
record_known(void *arg)
{
	struct host_pass *p = arg;
	bool lost = (p->h.record_present && !p->h.record_valid) ||
		    (!p->h.record_present && p->h.spec.consumer.name != NULL);

	if (!lost)
		return V_NEXT;
	p->reads_only = "the host record is lost";
	report_say(&p->rep, HC_IDENTITY, SAY_FALSE, "RecordLost",
	    "the annotation host-record %s; nothing is written to the BMC. "
	    "Restore it, or set force-release",
	    p->h.record_present ? p->h.record_err.msg
				: "is missing while a consumer is set");
	return V_NEXT;
}

static enum verdict
maintenance_noted(void *arg)
{
	struct host_pass *p = arg;

	if (!p->h.spec.maintenance) {
		report_say(&p->rep, HC_MAINTENANCE, SAY_FALSE,
		    "NotInMaintenance", "%s", "");
		return V_NEXT;
	}
	p->reads_only = "the host is in maintenance";
	report_say(&p->rep, HC_MAINTENANCE, SAY_TRUE, "InMaintenance", "%s",
	    p->h.spec.maintenance_reason);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "InMaintenance", "%s",
	    "spec.maintenance is set");
	/* Of a host that would be in the pool nothing else tells it at a
	 * glance. */
	if (p->h.record_valid && p->h.record.phase == PHASE_IDLE) {
		report_op(&p->rep, "Inspect", "InMaintenance", "%s",
		    "spec.maintenance is set");
		report_waiting(&p->rep, "user: maintenance");
	}
	return V_NEXT;
}

/* Before anything is known of the hardware there is a state to show. */
static enum verdict
enrolment_shown(void *arg)
{
	struct host_pass *p = arg;

	static const enum host_state by_phase[] = {
		[PHASE_IDLE] = HOST_ENROLLING,
		[PHASE_PROVISIONING] = HOST_PROVISIONING,
		[PHASE_PROVISIONED] = HOST_PROVISIONED,
		[PHASE_RELEASING] = HOST_DEPROVISIONING,
		[PHASE_ERROR] = HOST_ERROR,
	};
	enum phase phase = p->h.record_valid ? p->h.record.phase : PHASE_IDLE;

	/* Out of the pool is out of the pool, whatever the BMC has to say. */
	if (phase == PHASE_ERROR) {
		report_state(&p->rep, HOST_ERROR);
		report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Quarantined",
		    "%s",
		    "a budget is spent or the host was released by "
		    "force; look at the server, then set the "
		    "annotation " ANN_RETRY);
		return V_NEXT;
	}
	if (p->h.state_known && p->h.state != HOST_ENROLLING)
		return V_NEXT;
	/* A host that moved here, or lost its status, is what its record
	 * says. */
	report_state(&p->rep, by_phase[phase]);
	if (phase == PHASE_IDLE) {
		report_op(&p->rep, "Enroll", "Connecting", "contacting %s",
		    p->h.spec.address);
		report_waiting(&p->rep, "bmc");
	}
	return V_NEXT;
}

/* Trust on first use, and the BMC has a new certificate: the user looked. */
static enum verdict
certificate_accepted(void *arg)
{
	struct host_pass *p = arg;
	const char *ask = p->h.asks.accept_certificate;
	struct host_change ch = { .drop_annotation = ANN_ACCEPT_CERT };
	struct record r = p->h.record;
	uint8_t key[32];

	if (ask == NULL)
		return V_NEXT;
	if (host_fingerprint(ask, key) && p->h.spec.tofu && p->h.record_valid) {
		hex_encode(r.pin, key, sizeof(key));
		ch.record = &r;
		ch.event_reason = "CertificateAccepted";
		(void)str_format(
		    ch.event_text, sizeof(ch.event_text), "pinned %s", r.pin);
		return host_act_write(p, &ch);
	}
	ch.event_reason = "CertificateRefused";
	ch.event_warning = true;
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "accept-certificate needs trustOnFirstUse and 64 hex digits");
	return host_act_write(p, &ch);
}

/* Whoever drove it before did not give it up: what that one sent a moment before
 * its end may still be executed, and what is read now is not yet what will be.
 * Decisions wait for as long as a BMC may take. A record that was at rest since
 * then was opened by us: that one asks nothing that its record does not say. */
static enum verdict
predecessor_silent(void *arg)
{
	struct host_pass *p = arg;
	int64_t left = driving_hold_us(p->c, p->h.key);

	if (!record_open(&p->h.record, pass_wall_s(p)))
		p->ctl->rested_us = pass_now_us(p);
	if (left == 0 || p->reads_only != NULL || p->claim == CLAIM_LOST ||
	    p->ctl->rested_us > driving_since_us(p->c, p->h.key))
		return V_NEXT;
	p->rep.op_kept = true;
	return pass_poll(p, left);
}

static enum verdict
purpose_served(void *arg)
{
	struct host_pass *p = arg;
	const struct record *r = &p->h.record;

	host_memory_renew(p);
	p->inner = phase_name(r->phase);
	if (p->claim == CLAIM_LOST)
		return pass_rest(p);
	if (p->reads_only != NULL)
		return pass_rest(p);
	if (r->phase == PHASE_RELEASING || p->claim == CLAIM_ENDING)
		return host_release(p);
	if (r->phase != PHASE_PROVISIONED)
		host_network_forget(p->ctl);
	switch (r->phase) {
	case PHASE_ERROR:
		return host_quarantine(p);
	case PHASE_PROVISIONED:
		return host_up(p);
	case PHASE_PROVISIONING:
		return host_provision(p);
	case PHASE_IDLE:
	case PHASE_RELEASING:
		break;
	}
	if (host_adopting(p))
		return host_adopted(p);
	return p->claim == CLAIM_NEW ? host_provision(p) : host_idle(p);
}

const struct step host_plan[] = {
	{ "not-moving-away", not_moving_away },
	{ "in-watch", in_watch },
	{ "not-paused", not_paused },
	{ "deletion", host_deletion },
	{ "spec-valid", spec_valid },
	{ "record-known", record_known },
	{ "maintenance-noted", maintenance_noted },
	{ "claim-read", host_claim_read },
	{ "force-released", host_force_released },
	{ "enrolment-shown", enrolment_shown },
	{ "certificate-accepted", certificate_accepted },
	{ "trusted", host_trusted },
	{ "credentialed", host_credentialed },
	{ "connected", host_connected },
	{ "inspected", host_inspected },
	{ "identified", host_identified },
	{ "predecessor-silent", predecessor_silent },
	{ "asks-answered", host_asks_answered },
	{ "followed", host_followed },
	{ "purpose-served", purpose_served },
	{ NULL, NULL },
};
