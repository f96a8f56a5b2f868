/*
 * A provisioned host: watched, never touched, unless the user asks. Its state
 * never changes by what the BMC says or does not say (SAFETY.md 6).
 */
#include "agent/control/host_medium.h"

static enum verdict
up_ejected(struct host_pass *p)
{
	const struct redfish_state *s;
	enum verdict v;

	if (p->ctl->mem.up_ejected)
		return V_NEXT;
	/* A live system may live on its medium, but not on the data. */
	if (p->m.image_kind != IMAGE_LIVE || !p->m.eject_when_up)
		return medium_config_gone(p);
	v = host_act_read(p, RF_READ_SYSTEM | RF_READ_MEDIA);
	if (v != V_NEXT)
		return v;
	s = pass_state(p);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].usable && s->slots[i].inserted)
			return host_act_eject(p, NULL);
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
	if (medium_composed(p) &&
	    host_condition(&p->h, "BootstrapDataReady", NULL) == NULL)
		medium_say_data(p);
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
