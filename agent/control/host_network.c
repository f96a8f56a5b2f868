/*
 * What a provisioned host's system is called and reached by, as its BMC tells:
 * some learn it from an agent in the system, minutes after its boot or never.
 */
#include "agent/control/host_details.h"
#include "agent/control/host_pass.h"
#include "common/mem.h"
#include "common/str.h"

/* Sooner after the boot; then as often as it may change unnoticed. */
#define NETWORK_FIRST_US (5 * 60 * LOOP_S)
#define NETWORK_MAX_US (60 * 60 * LOOP_S)

static bool
network_due(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	int64_t wait = NETWORK_FIRST_US, now = pass_now_us(p);

	if (m->network_us == 0)
		m->network_us = now;
	for (unsigned i = 0; i < m->network_looks && wait < NETWORK_MAX_US; i++)
		wait *= 2;
	if (wait > NETWORK_MAX_US)
		wait = NETWORK_MAX_US;
	return pass_state(p)->power == RF_POWER_ON &&
	       now - m->network_us >= wait;
}

/* Another system will run. */
void
host_network_forget(struct host_ctl *ctl)
{
	ctl->mem.network_us = 0;
	ctl->mem.network_looks = 0;
}

enum verdict
host_networked(struct host_pass *p)
{
	struct host_memory *m = &p->ctl->mem;
	bool begun = (p->fresh & RF_READ_NETWORK) != 0;
	enum verdict v;

	if (!begun && !network_due(p))
		return V_NEXT;
	v = host_act_read(p, RF_READ_NETWORK);
	if (!begun) {
		m->network_looks++;
		m->network_us = pass_now_us(p);
	}
	if (v != V_NEXT)
		return v;
	xreplace(&p->rep.network, NULL);
	p->rep.network = host_details_network(pass_state(p), p->h.spec.address);
	return V_NEXT;
}
