/*
 * The power cycle, or the power-off, that a Beskar7Remediation asks for: forced
 * Off, that Off confirmed by the BMC twice, then (for a cycle) On. Boot and media
 * are not touched: the disk is booted. Each step is in the record before it
 * is done, so that no crash makes two cycles of one ask, or leaves a server off
 * that was to come back.
 */
#include "agent/control/heal.h"
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

/* An order to the power supply that was withdrawn may still take effect. */
#define HEAL_AFTERMATH_S 60

static bool
heal_asked(const struct host_pass *p, struct heal_ask *a)
{
	return heal_ask_parse(a, p->h.asks.remediate) &&
	       str_eq(a->claim, p->h.record.claim_id);
}

/* Nobody wants any more what was begun. */
static bool
heal_withdrawn(const struct host_pass *p)
{
	struct heal_ask a;

	return !heal_asked(p, &a) || !str_eq(a.id, p->h.record.heal);
}

static void
heal_power(struct host_pass *p, struct record *r, const char *at,
    enum redfish_reset reset)
{
	(void)str_copy(r->heal_at, sizeof(r->heal_at), at);
	(void)str_copy(r->power, sizeof(r->power), redfish_reset_name(reset));
	r->heal_s = r->power_s = pass_wall_s(p);
}

static void
heal_say(struct host_pass *p, const char *reason, const char *message,
    const char *waiting)
{
	report_op(&p->rep, "Reboot", reason, "remediation: %s", message);
	report_waiting(&p->rep, "%s", waiting);
}

static enum verdict
heal_refused(struct host_pass *p)
{
	struct host_change ch = { .drop_annotation = ANN_REMEDIATE };

	ch.event_reason = "RemediationRefused";
	ch.event_warning = true;
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "the annotation remediate names another claim, or nothing that "
	    "can be done; Beskar7Remediations set it, not people");
	return host_act_write(p, &ch);
}

static enum verdict
heal_begin(struct host_pass *p, const struct heal_ask *a)
{
	struct host_change ch = { .event_reason = "RemediationStarted" };
	struct record r = p->h.record;

	/* What says Off now may be coming up by our own order. */
	if (host_going_on(p) && pass_state(p)->power != RF_POWER_ON) {
		heal_say(p, "PoweringOff", "the server is just going on",
		    "power: on");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	record_clear_heal(&r);
	(void)str_copy(r.heal, sizeof(r.heal), a->id);
	(void)str_copy(
	    r.heal_do, sizeof(r.heal_do), a->cycle ? HEAL_CYCLE : HEAL_OFF);
	heal_power(p, &r, HEAL_AT_OFF, RF_RESET_FORCE_OFF);
	p->ctl->mem.forced = 0;
	p->ctl->mem.heal_off_us = p->ctl->mem.on_us = 0;
	heal_say(p, "PoweringOff", "switching the server off", "power: off");
	ch.record = &r;
	(void)str_format(ch.event_text, sizeof(ch.event_text), "%s",
	    a->cycle ? "the server is switched off and on again"
		     : "the server is switched off");
	return host_act_write(p, &ch);
}

static enum verdict
heal_answered(struct host_pass *p)
{
	struct host_change ch = { .drop_annotation = ANN_REMEDIATE };
	const struct record *r = &p->h.record;
	struct heal_ask a;
	enum verdict v;

	if (p->h.asks.remediate == NULL)
		return V_NEXT;
	if (!heal_asked(p, &a))
		return heal_refused(p);
	/* One order at a time: a restart that was announced ends first. */
	if (r->reboot[0] != '\0' ||
	    (str_eq(a.id, r->heal) && record_healing(r)))
		return V_NEXT;
	if (str_eq(a.id, r->heal))
		return host_act_write(p, &ch); /* done; left by a crash */
	v = host_act_read(p, RF_READ_SYSTEM);
	return v == V_NEXT ? heal_begin(p, &a) : v;
}

static enum verdict
heal_end(struct host_pass *p, const char *reason, const char *text)
{
	struct host_change ch = { .event_reason = reason };
	struct record r = p->h.record;

	if (!heal_withdrawn(p))
		ch.drop_annotation = ANN_REMEDIATE;
	(void)str_copy(r.heal_at, sizeof(r.heal_at), HEAL_AT_DONE);
	r.heal_s = pass_wall_s(p);
	ch.record = &r;
	(void)str_copy(ch.event_text, sizeof(ch.event_text), text);
	return host_act_write(p, &ch);
}

/* Off was read, and read again a while later: BMCs have told of an Off that
 * was none. */
static enum verdict
heal_fenced(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	struct record r = p->h.record;

	heal_say(
	    p, "PoweringOff", "the server is off; making sure", "power: off");
	if (m->heal_off_us == 0)
		m->heal_off_us = pass_now_us(p);
	if (pass_now_us(p) - m->heal_off_us < p->c->o.poll_busy_us / 2)
		return pass_poll(p, p->c->o.poll_busy_us);
	if (r.fenced_s == 0) {
		r.fenced_s = pass_wall_s(p);
		if (str_eq(r.heal_do, HEAL_CYCLE))
			heal_power(p, &r, HEAL_AT_ON, RF_RESET_ON);
		return host_act_record(p, &r);
	}
	return heal_end(p, "Fenced", "the BMC confirmed Off; it stays off");
}

/* Withdrawn before it went off: it is to run on. */
static enum verdict
heal_dropped(struct host_pass *p)
{
	struct host_change ch = { .event_reason = "RemediationWithdrawn" };
	struct record r = p->h.record;

	heal_say(p, "PoweringOff", "withdrawn; looking whether it stays on",
	    "power");
	if (pass_wall_s(p) < r.power_s + HEAL_AFTERMATH_S ||
	    (p->ctl->mem.forced > 0 && pass_now_us(p) - p->ctl->mem.forced_us <
					   HEAL_AFTERMATH_S * LOOP_S))
		return pass_poll(p, p->c->o.poll_busy_us);
	record_clear_heal(&r);
	ch.record = &r;
	(void)str_copy(ch.event_text, sizeof(ch.event_text),
	    "the server is on and nobody asks for it any more");
	return host_act_write(p, &ch);
}

static enum verdict
heal_off(struct host_pass *p)
{
	const struct record *r = &p->h.record;
	enum verdict v;

	if (!str_eq(r->heal_at, HEAL_AT_OFF))
		return V_NEXT;
	v = host_act_read(p, RF_READ_SYSTEM);
	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_OFF)
		return heal_fenced(p);
	p->ctl->mem.heal_off_us = 0;
	if (pass_state(p)->power == RF_POWER_ON && heal_withdrawn(p))
		return heal_dropped(p);
	heal_say(p, "PoweringOff", "switching the server off", "power: off");
	if (pass_state(p)->power != RF_POWER_ON &&
	    (!host_stuck(p) || heal_withdrawn(p)))
		return pass_poll(p, p->c->o.poll_busy_us);
	return host_forced_off(p);
}

/* Comes to its end even if nobody asks any more: what we switched off was to
 * come back. */
static enum verdict
heal_on(struct host_pass *p)
{
	enum verdict v;

	if (!str_eq(p->h.record.heal_at, HEAL_AT_ON))
		return V_NEXT;
	v = host_act_read(p, RF_READ_SYSTEM);
	if (v != V_NEXT)
		return v;
	if (pass_state(p)->power == RF_POWER_ON)
		return heal_end(p, "PowerCycled",
		    "the BMC confirmed Off, then the server was switched on");
	heal_say(p, "PoweringOn", "switching the server on", "power: on");
	if (pass_state(p)->power != RF_POWER_OFF)
		return pass_poll(p, p->c->o.poll_busy_us);
	return host_asked_on(p);
}

enum verdict
host_healed(struct host_pass *p)
{
	enum verdict v;

	if (p->h.asks.remediate == NULL && !record_healing(&p->h.record))
		return V_NEXT;
	v = heal_answered(p);
	if (v == V_NEXT)
		v = heal_off(p);
	return v == V_NEXT ? heal_on(p) : v;
}
