/*
 * Orders to the power supply that hurt when they are repeated: each is in the
 * record before it leaves, and only the life of the agent that put it there
 * sends it. Whoever comes later reads what became of it.
 */
#include "agent/control/host_pass.h"
#include "common/str.h"

void
host_order_announce(
    struct host_pass *p, struct record *r, enum redfish_reset reset)
{
	struct host_memory *m = &p->ctl->mem;

	(void)str_copy(r->power, sizeof(r->power), redfish_reset_name(reset));
	r->power_s = pass_wall_s(p);
	m->order = (unsigned)reset + 1;
	m->order_refused &= ~(1U << reset);
	m->order_sent &= ~(1U << reset);
	m->forced = 0;
	m->on_us = 0;
}

/* The BMC said no in its own words. Silence and lost replies are no answer:
 * the OS may be on its way down. */
static bool
order_refused(const struct host_pass *p)
{
	return !p->maybe_executed && (p->cause == RF_CAUSE_REFUSED ||
					 p->cause == RF_CAUSE_UNSUPPORTED ||
					 p->cause == RF_CAUSE_LICENCE ||
					 p->cause == RF_CAUSE_CONFLICT);
}

enum verdict
host_order_done(struct host_pass *p, enum redfish_reset reset)
{
	struct host_memory *m = &p->ctl->mem;
	enum verdict v;

	/* The record may not have taken what was announced. */
	if (m->order != (unsigned)reset + 1 ||
	    !str_eq(p->h.record.power, redfish_reset_name(reset)))
		return V_NEXT;
	v = host_act_reset(p, reset);
	if (v == V_WAIT)
		return v;
	/* Not sent: once more, after the backoff. */
	if (v == V_FAIL && !p->maybe_executed && !order_refused(p) &&
	    p->cause != RF_CAUSE_SILENT)
		return v;
	m->order = 0;
	if (v == V_FAIL && order_refused(p))
		m->order_refused |= 1U << reset;
	else
		m->order_sent |= 1U << reset;
	p->act[ACT_RESET] = ACT_IDLE; /* another may follow in this pass */
	return V_NEXT;
}

bool
host_order_refused(const struct host_pass *p, enum redfish_reset reset)
{
	return (p->ctl->mem.order_refused >> reset) & 1U;
}

bool
host_order_sent(const struct host_pass *p, enum redfish_reset reset)
{
	return (p->ctl->mem.order_sent >> reset) & 1U;
}
