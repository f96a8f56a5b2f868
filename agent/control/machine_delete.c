/*
 * Deleting a Beskar7Machine: the host controller releases the host (it sees
 * the deletionTimestamp); our finalizer goes once no host names this claim.
 */
#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

static void
deletion_say(struct machine_pass *p)
{
	const cJSON *op = json_obj(p->h.tree, "status/operation");
	const char *reason = json_str(op, "reason", "PoweringOff");
	bool release = str_eq(json_str(op, "kind", NULL), "Release");

	if (!release ||
	    (!str_eq(reason, "PoweringOff") && !str_eq(reason, "Ejecting") &&
		!str_eq(reason, "Verifying")))
		reason = p->h.paused || p->h.spec.maintenance ? "Blocked"
							      : "PoweringOff";
	object_say(p->status, &p->at, "Deleting", COND_TRUE, reason,
	    "host %s: %s", p->h.name,
	    release ? json_str(op, "message", "") : "release not begun");
}

static enum verdict
deletion_finished(struct machine_pass *p)
{
	cJSON *patch =
	    kobj_finalizer_remove_patch(p->m.tree, FINALIZER_MACHINE);

	if (patch == NULL)
		return V_STOP;
	return object_patch(p->o, p->m.tree, KUBE_PATCH_JSON, patch);
}

enum verdict
machine_deletion(void *arg)
{
	struct machine_pass *p = arg;
	const struct host_brief *held;

	if (!p->m.deleting)
		return V_NEXT;
	(void)map_take(&p->c->waiting, p->m.key); /* a set */
	if (!p->m.has_finalizer) {
		p->silent = true;
		return V_STOP;
	}
	/* A claim may be on its way, or the cache behind it. */
	if (!informer_synced(p->c->hosts) || informer_doubts(p->c->hosts) > 0)
		return machine_poll(p, LOOP_S);
	/* Taken from us by hand: the server may still run. */
	held = p->has_host ? NULL
			   : host_index_serving(&p->c->index, p->m.claim_id);
	if (held != NULL) {
		object_say(p->status, &p->at, "Deleting", COND_TRUE, "Blocked",
		    "host %s still serves this machine, but its consumerRef "
		    "was edited away: restore it, or set the "
		    "annotation " ANN_FORCE_RELEASE "=%s on the host",
		    held->name, p->m.claim_id);
		return machine_poll(p, 30 * LOOP_S);
	}
	if (!p->has_host)
		return deletion_finished(p);
	deletion_say(p);
	return V_STOP;
}
