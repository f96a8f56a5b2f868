/*
 * Deleting a PhysicalHost: waits while it is claimed; cleans only what we
 * drove; then our finalizers go, the Secret's first.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

enum verdict
host_deletion(void *arg)
{
	struct host_pass *p = arg;
	struct host_change ch = { .drop_finalizer = true };
	struct record r = p->h.record;
	enum verdict v;

	if (!p->h.deleting) {
		report_say(
		    &p->rep, HC_DELETING, SAY_FALSE, "NotDeleting", "%s", "");
		return V_NEXT;
	}
	if (!p->h.has_finalizer)
		return V_STOP;
	if (host_taken(&p->h)) {
		report_say(&p->rep, HC_DELETING, SAY_TRUE, "Claimed",
		    "waits until %s is released",
		    p->h.spec.consumer.name != NULL
			? p->h.spec.consumer.name
			: "the claim in the record");
		return V_NEXT;
	}
	if (host_dirty(&p->h)) {
		report_say(&p->rep, HC_DELETING, SAY_TRUE, "Cleaning", "%s",
		    "switching off, ejecting and clearing what we set");
		if (r.phase == PHASE_RELEASING)
			return V_NEXT;
		r.phase = PHASE_RELEASING;
		return host_act_record(p, &r);
	}
	report_say(&p->rep, HC_DELETING, SAY_TRUE, "Finalizing", "%s", "");
	v = host_act_free_secret(p);
	return v == V_NEXT ? host_act_write(p, &ch) : v;
}
