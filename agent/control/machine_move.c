/*
 * clusterctl's block-move (capi-contract 3.15 g): on the machine while its host
 * is being provisioned or released, from before the claim on. A pause ends it
 * as soon as no request about the host is under way: what was begun is in the
 * host's record, and goes on wherever the objects are moved. Only what we set
 * is taken away.
 */
#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

#define MOVE_OURS "beskar7"

bool
machine_blocks_move(const struct machine_pass *p)
{
	return str_eq(kobj_annotation(p->m.tree, ANN_BLOCK_MOVE), MOVE_OURS);
}

void
machine_let_move(const struct machine_pass *p, cJSON *patch)
{
	cJSON *meta;

	if (!machine_blocks_move(p))
		return;
	meta = json_ensure_obj(patch, "metadata");
	json_set(json_ensure_obj(meta, "annotations"), ANN_BLOCK_MOVE,
	    cJSON_CreateNull());
}

static enum verdict
move_write(struct machine_pass *p, bool block)
{
	cJSON *patch = kobj_patch_base(p->m.tree);

	if (block)
		json_set_str(json_ensure_obj(json_ensure_obj(patch, "metadata"),
				 "annotations"),
		    ANN_BLOCK_MOVE, MOVE_OURS);
	else
		machine_let_move(p, patch);
	return object_patch(p->o, p->m.tree, KUBE_PATCH_MERGE, patch);
}

enum verdict
machine_move_blocked(struct machine_pass *p)
{
	return kobj_annotation(p->m.tree, ANN_BLOCK_MOVE) != NULL
		   ? V_NEXT
		   : move_write(p, true);
}

enum verdict
machine_move_free(struct machine_pass *p)
{
	return machine_blocks_move(p) ? move_write(p, false) : V_NEXT;
}

static bool
move_busy(const struct machine_pass *p)
{
	if (!p->has_host)
		return false;
	if (p->m.deleting)
		return true;
	return p->m.provider_id == NULL && !p->m.provisioned &&
	       !(p->h.record_valid && p->h.record.phase == PHASE_ERROR);
}

enum verdict
machine_move_guarded(void *arg)
{
	struct machine_pass *p = arg;

	if (p->m.paused || json_bool(p->cluster, "spec/paused", false)) {
		/* The one write of a paused machine. The end of what is under
		 * way is told by the host's status, which runs us again. */
		if (p->has_host && !host_ctl_quiet(p->c, p->h.key))
			return V_NEXT;
		return machine_move_free(p);
	}
	if (move_busy(p))
		return machine_move_blocked(p);
	/* Without a host the claim decides: it may be about to write. */
	return p->has_host ? machine_move_free(p) : V_NEXT;
}
