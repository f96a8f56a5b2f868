/*
 * Off, as the release, a remediation, a reboot and spec.online want it: asked for as long as it takes,
 * and believed only where the BMC's word can be believed.
 */
#include "agent/control/host_pass.h"
#include "common/str.h"

/* Firmware at work does not listen; where the BMC does not tell, an OS may. */
static bool
off_os_listens(const struct redfish_state *s)
{
	return s->progress == RF_PROGRESS_ABSENT ||
	       s->progress >= RF_PROGRESS_OS_BOOT_STARTED;
}

enum verdict
host_asked_off(
    struct host_pass *p, int64_t wait_s, const struct host_change *told)
{
	const enum redfish_reset graceful = RF_RESET_GRACEFUL_OFF;
	struct record r = p->h.record;
	struct host_change change;
	enum verdict v;

	if (wait_s == 0 || host_order_refused(p, graceful))
		return V_NEXT;
	if (str_eq(r.power, redfish_reset_name(RF_RESET_FORCE_OFF)))
		return V_NEXT;
	if (!str_eq(r.power, redfish_reset_name(graceful))) {
		if (!off_os_listens(pass_state(p)))
			return V_NEXT;
		if (!host_shown(p))
			return V_WAIT;
		host_order_announce(p, &r, graceful);
		change = *told;
		change.record = &r;
		return host_act_write(p, &change);
	}
	/* Or in the future: by a clock that was wrong. */
	if (pass_wall_s(p) >= r.power_s + wait_s ||
	    pass_wall_s(p) <= r.power_s - wait_s)
		return V_NEXT;
	v = host_order_done(p, graceful);
	if (v != V_NEXT)
		return v;
	if (host_order_refused(p, graceful))
		return V_NEXT;
	return pass_poll(p, p->c->o.poll_busy_us);
}

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

/* Between two orders to switch on that the BMC took and did not follow. */
#define ON_AGAIN LOOP_MIN

enum verdict
host_asked_on(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	enum verdict v;

	if (p->act[ACT_RESET] == ACT_IDLE && m->on_us != 0 &&
	    pass_now_us(p) - m->on_us < ON_AGAIN)
		return pass_poll(p, p->c->o.poll_busy_us);
	v = host_act_reset(p, RF_RESET_ON);
	if (v == V_POLL)
		m->on_us = pass_now_us(p);
	return v;
}

/* Some BMCs say Off for a while after our own power-on: that Off proves
 * nothing until the server had the time to show itself. */
#define GOING_ON_S 60

bool
host_going_on(const struct host_pass *p)
{
	const struct record *r = &p->h.record;
	int64_t age = pass_wall_s(p) - r->power_s;

	/* Long in the future: by a clock that was wrong. */
	return str_eq(r->power, redfish_reset_name(RF_RESET_ON)) &&
	       age > -GOING_ON_S && age < GOING_ON_S;
}

/* Neither on nor off so long after our own order: it will not get there. */
#define STUCK_S 300

bool
host_stuck(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return r->power[0] != '\0' && pass_wall_s(p) >= r->power_s + STUCK_S;
}
