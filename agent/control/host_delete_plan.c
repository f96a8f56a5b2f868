/*
 * Deleting a PhysicalHost: waits while it is claimed; cleans only what we
 * drove; then our finalizers go, the Secret's first.
 */
#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "common/str.h"

static bool
deletion_claimed(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return p->h.spec.consumer.name != NULL ||
	       (p->h.record_valid && r->claim_id[0] != '\0' &&
		   r->phase != PHASE_IDLE && r->phase != PHASE_ERROR);
}

/* We drove it and nobody has cleaned up since. */
static bool
deletion_dirty(const struct host_pass *p)
{
	const struct record *r = &p->h.record;

	return p->h.record_valid &&
	       (r->phase == PHASE_RELEASING || r->power[0] != '\0');
}

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
	if (deletion_claimed(p)) {
		report_say(&p->rep, HC_DELETING, SAY_TRUE, "Claimed",
		    "waits until %s is released",
		    p->h.spec.consumer.name != NULL
			? p->h.spec.consumer.name
			: "the claim in the record");
		return V_NEXT;
	}
	/* A dead BMC cannot be cleaned: the user lets the host go. */
	if (deletion_dirty(p) && p->h.asks.force_release == NULL) {
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
