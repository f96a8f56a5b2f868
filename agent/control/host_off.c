/*
 * Off, as the release and a remediation want it: asked for as long as it takes,
 * and believed only where the BMC's word can be believed.
 */
#include "agent/control/host_pass.h"
#include "common/str.h"

/* A machine that does not go off is asked again, but ever more rarely. */
enum verdict
host_forced_off(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	int64_t pause = (int64_t)m->forced * 30 * LOOP_S, since;
	enum verdict v;

	since = pass_now_us(p) - m->forced_us;
	if (pause > 10 * LOOP_MIN)
		pause = 10 * LOOP_MIN;
	if (p->act[ACT_RESET] == ACT_IDLE && m->forced > 0 && since < pause)
		return pass_poll(p, p->c->o.poll_busy_us);
	v = host_act_reset(p, RF_RESET_FORCE_OFF);
	if (v == V_POLL) {
		m->forced++;
		m->forced_us = pass_now_us(p);
	}
	return v;
}

/* Some BMCs say Off for a while after our own power-on: that Off proves
 * nothing until the server had the time to show itself. */
#define GOING_ON_S 60

bool
host_going_on(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return str_eq(r->power, redfish_reset_name(RF_RESET_ON)) &&
	       pass_wall_s(p) < r->power_s + GOING_ON_S;
}

/* Neither on nor off so long after our own order: it will not get there. */
#define STUCK_S 300

bool
host_stuck(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return r->power[0] != '\0' && pass_wall_s(p) >= r->power_s + STUCK_S;
}
