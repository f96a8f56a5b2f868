/*
 * A provisioned host: watched, never touched, unless the user asks. Its state
 * never changes by what the BMC says or does not say (SAFETY.md 6).
 */
#include <stdio.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

/* AX/reboot: announced, then sent at most once. After a crash the record says
 * that it was announced, and nobody sends it again. */
enum verdict
host_rebooted(struct host_pass *p)
{
	const char *ask = p->h.asks.reboot;
	struct host_change ch = { .drop_annotation = ANN_REBOOT };
	struct record r = p->h.record;
	bool soft = str_eq(ask, "soft"), hard = str_eq(ask, "hard");
	enum redfish_reset kind =
	    soft ? RF_RESET_GRACEFUL_RESTART : RF_RESET_FORCE_RESTART;
	enum verdict v;

	if (ask == NULL && r.reboot[0] == '\0')
		return V_NEXT;
	if (r.reboot[0] == '\0' && (soft || hard) &&
	    pass_state(p)->power == RF_POWER_ON) {
		(void)str_copy(r.reboot, sizeof(r.reboot), ask);
		(void)str_copy(
		    r.power, sizeof(r.power), redfish_reset_name(kind));
		r.power_s = pass_wall_s(p);
		p->ctl->mem.reboot_announced = true;
		p->ctl->mem.reboot_sent = false;
		report_op(&p->rep, "Reboot", "Rebooting", "%s", ask);
		return host_act_record(p, &r);
	}
	ch.event_reason = "RebootRefused";
	ch.event_warning = true;
	(void)str_format(ch.event_text, sizeof(ch.event_text),
	    "reboot=%.16s: needs soft or hard, and a server that is on",
	    ask == NULL ? "" : ask);
	if (r.reboot[0] != '\0') {
		kind = str_eq(r.reboot, "soft") ? RF_RESET_GRACEFUL_RESTART
						: RF_RESET_FORCE_RESTART;
		if (p->ctl->mem.reboot_sent) {
			ch.event_warning = false;
			ch.event_reason = "Rebooted";
			(void)str_format(ch.event_text, sizeof(ch.event_text),
			    "%s restart was sent", r.reboot);
		} else if (p->ctl->mem.reboot_announced) {
			v = host_act_reset(p, kind);
			if (v == V_WAIT)
				return v;
			/* Whatever came of it: never a second time, even if
			 * the write below has to be repeated. */
			p->ctl->mem.reboot_sent = v != V_FAIL;
			p->ctl->mem.reboot_announced = false;
			ch.event_warning = v == V_FAIL;
			ch.event_reason =
			    v == V_FAIL ? "RebootFailed" : "Rebooted";
			(void)str_format(ch.event_text, sizeof(ch.event_text),
			    "%s restart %s%.160s", r.reboot,
			    v == V_FAIL ? "failed: " : "was sent",
			    v == V_FAIL ? p->err.msg : "");
		} else {
			ch.event_reason = "RebootUnknown";
			(void)str_copy(ch.event_text, sizeof(ch.event_text),
			    "the agent restarted while it rebooted the "
			    "server; it is not sent again");
		}
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
	v = host_rebooted(p);
	if (v != V_NEXT)
		return v;
	v = up_ejected(p);
	if (v != V_NEXT)
		return v;
	return pass_poll(p, p->c->o.poll_idle_us);
}
