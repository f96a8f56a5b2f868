/*
 * A provisioned host: watched, never touched, unless the user asks. Its state
 * never changes by what the BMC says or does not say (SAFETY.md 6).
 */
#include <stdio.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static enum redfish_reset
reboot_kind(const char *ask)
{
	return str_eq(ask, "soft") ? RF_RESET_GRACEFUL_RESTART
				   : RF_RESET_FORCE_RESTART;
}

static enum verdict
reboot_announced(struct host_pass *p, const char *ask)
{
	struct record r = p->h.record;

	(void)str_copy(r.reboot, sizeof(r.reboot), ask);
	(void)str_copy(
	    r.power, sizeof(r.power), redfish_reset_name(reboot_kind(ask)));
	r.power_s = pass_wall_s(p);
	p->ctl->mem.reboot_announced = true;
	p->ctl->mem.reboot_sent = false;
	report_op(&p->rep, "Reboot", "Rebooting", "%s", ask);
	return host_act_record(p, &r);
}

static void
reboot_told(struct host_change *ch, const char *reason, bool warning,
    const char *kind, const char *text)
{
	ch->event_reason = reason;
	ch->event_warning = warning;
	(void)str_format(ch->event_text, sizeof(ch->event_text),
	    "%s restart %.200s", kind, text);
}

/* What came of the announced restart; V_WAIT while it is being sent. Never a
 * second time, even if the write that tells of it has to be repeated. */
static enum verdict
reboot_outcome(struct host_pass *p, struct host_change *ch)
{
	struct host_memory *m = &p->ctl->mem;
	const char *kind = p->h.record.reboot;
	enum verdict v;

	if (m->reboot_sent) {
		reboot_told(ch, "Rebooted", false, kind, "was sent");
		return V_NEXT;
	}
	if (!m->reboot_announced) {
		reboot_told(ch, "RebootUnknown", true, kind,
		    "may have been sent before the agent restarted; it is not "
		    "sent again");
		return V_NEXT;
	}
	v = host_act_reset(p, reboot_kind(kind));
	if (v == V_WAIT)
		return v;
	m->reboot_sent = v != V_FAIL;
	m->reboot_announced = false;
	if (v == V_FAIL)
		reboot_told(ch, "RebootFailed", true, kind, p->err.msg);
	else
		reboot_told(ch, "Rebooted", false, kind, "was sent");
	return V_NEXT;
}

/* AX/reboot: announced, then sent at most once. After a crash the record says
 * that it was announced, and nobody sends it again. */
enum verdict
host_rebooted(struct host_pass *p)
{
	const char *ask = p->h.asks.reboot;
	struct host_change ch = { .drop_annotation = ANN_REBOOT };
	struct record r = p->h.record;

	if (r.reboot[0] != '\0') {
		if (reboot_outcome(p, &ch) == V_WAIT)
			return V_WAIT;
	} else if (ask == NULL) {
		return V_NEXT;
	} else if ((str_eq(ask, "soft") || str_eq(ask, "hard")) &&
		   pass_state(p)->power == RF_POWER_ON) {
		return reboot_announced(p, ask);
	} else {
		ch.event_reason = "RebootRefused";
		ch.event_warning = true;
		(void)str_format(ch.event_text, sizeof(ch.event_text),
		    "reboot=%.16s: needs soft or hard, and a server that is on",
		    ask);
	}
	r.reboot[0] = '\0';
	ch.record = &r;
	return host_act_write(p, &ch);
}

static enum verdict
up_ejected(struct host_pass *p)
{
	const struct redfish_state *s;
	enum verdict v;

	if (!p->m.eject_when_up || p->m.image_kind != IMAGE_LIVE ||
	    p->ctl->mem.up_ejected)
		return V_NEXT;
	v = host_act_read(p, RF_READ_SYSTEM | RF_READ_MEDIA);
	if (v != V_NEXT)
		return v;
	s = pass_state(p);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted)
			return host_act_eject(p);
	p->ctl->mem.up_ejected = true;
	return V_NEXT;
}

enum verdict
host_up(struct host_pass *p)
{
	enum verdict v;

	report_state(&p->rep, HOST_PROVISIONED);
	report_rest(&p->rep);
	report_say(&p->rep, HC_PROVISIONED, SAY_TRUE, "Provisioned",
	    "serves %s", p->m.key);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "claimed by %s",
	    p->m.key);
	/* A status that was lost, by a move for example. */
	if (host_condition(&p->h, "MediaReachable", NULL) == NULL)
		report_say(&p->rep, HC_MEDIA, SAY_TRUE, "Reachable", "%s",
		    "read past the boot loader");
	v = host_healed(p);
	if (v != V_NEXT)
		return v;
	v = host_rebooted(p);
	if (v != V_NEXT)
		return v;
	v = up_ejected(p);
	if (v != V_NEXT)
		return v;
	v = host_networked(p);
	if (v != V_NEXT)
		return v;
	return pass_rest(p);
}
