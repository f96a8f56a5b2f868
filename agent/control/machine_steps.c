/*
 * The plan of a Beskar7Machine's pass: the gates of the contract in their
 * order (capi-contract 3.2 to 3.5, 4.1), then the claim, then what the host
 * says.
 */
#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

/* clusterctl marks what it has copied, in place of all other annotations, and
 * deletes it then: from the mark on it is not ours any more. */
static enum verdict
not_moving_away(void *arg)
{
	struct machine_pass *p = arg;

	p->silent = p->m.for_move;
	return p->silent ? V_STOP : V_NEXT;
}

static enum verdict
in_watch(void *arg)
{
	struct machine_pass *p = arg;

	p->silent =
	    !controllers_watch(p->c, kobj_label(p->m.tree, LABEL_WATCH));
	return p->silent ? V_STOP : V_NEXT;
}

/* Until a Machine owns it: no finalizer, no status, no claim. */
static enum verdict
owned(void *arg)
{
	struct machine_pass *p = arg;

	if (p->m.owner != NULL || (p->m.deleting && p->m.has_finalizer))
		return V_NEXT;
	p->silent = true;
	return V_STOP;
}

/* The first patch brings finalizer and claim id together (SAFETY.md 2). */
static enum verdict
identified(void *arg)
{
	struct machine_pass *p = arg;
	cJSON *patch;
	char id[37];

	if (p->m.deleting || (p->m.has_finalizer && !str_empty(p->m.claim_id)))
		return V_NEXT;
	patch = kobj_patch_base(p->m.tree);
	kobj_finalizer_merge(patch, p->m.tree, FINALIZER_MACHINE, true);
	if (str_empty(p->m.claim_id)) {
		entropy_uuid(p->c->env->entropy, id);
		json_set_str(json_ensure_obj(json_ensure_obj(patch, "metadata"),
				 "annotations"),
		    ANN_CLAIM_ID, id);
	}
	return object_patch(p->o, p->m.tree, KUBE_PATCH_MERGE, patch);
}

static enum verdict
not_paused(void *arg)
{
	struct machine_pass *p = arg;

	return object_paused(p->status, &p->at, KIND_MACHINE,
		   json_bool(p->cluster, "spec/paused", false), p->m.paused)
		   ? V_STOP
		   : V_NEXT;
}

/* What is provisioned stays so: the gates are for those on the way. */
static bool
machine_past_gates(const struct machine_pass *p)
{
	return p->has_host || p->m.provider_id != NULL || p->m.provisioned;
}

/* No host is chosen for a machine that cannot say what it wants. */
static enum verdict
spec_valid(void *arg)
{
	struct machine_pass *p = arg;

	if (p->m.wrong[0] == '\0' || machine_past_gates(p))
		return V_NEXT;
	machine_say(p, "Deleting", COND_FALSE, "NotDeleting", "");
	machine_say(p, "HostClaimed", COND_FALSE, "NoHostMatches", p->m.wrong);
	return V_STOP;
}

static enum verdict
cluster_ready(void *arg)
{
	struct machine_pass *p = arg;

	machine_say(p, "Deleting", COND_FALSE, "NotDeleting", "");
	if (machine_past_gates(p) ||
	    json_bool(p->cluster,
		"status/initialization/infrastructureProvisioned", false))
		return V_NEXT;
	machine_say(p, "HostClaimed", COND_FALSE,
	    "WaitingForClusterInfrastructureReady",
	    p->cluster == NULL ? "the Cluster does not exist yet"
			       : "WaitingForClusterInfrastructureReady: the "
				 "Cluster's infrastructure is not up yet");
	return V_STOP;
}

static bool
control_plane_up(const struct machine_pass *p)
{
	return cond_get(json_obj(p->cluster, "status"),
		   "ControlPlaneInitialized") == COND_TRUE ||
	       kobj_label(p->m.tree, LABEL_CONTROL_PLANE) != NULL ||
	       (p->owner != NULL &&
		   kobj_label(p->owner, LABEL_CONTROL_PLANE) != NULL);
}

/* The reason is said again: Ready shows messages where there are any, and is to
 * name what it waits for (capi-contract 28, 29). */
static void
bootstrap_awaited(struct machine_pass *p)
{
	if (control_plane_up(p))
		object_say(p->status, &p->at, "BootstrapDataReady", COND_FALSE,
		    "WaitingForBootstrapData",
		    "WaitingForBootstrapData: Machine %s has no "
		    "spec.bootstrap.dataSecretName yet; its "
		    "bootstrap provider sets it",
		    p->m.owner);
	else
		object_say(p->status, &p->at, "BootstrapDataReady", COND_FALSE,
		    "WaitingForControlPlaneInitialized",
		    "WaitingForControlPlaneInitialized: the first control "
		    "plane machine of Cluster %s is not up; "
		    "the bootstrap data comes after that",
		    kobj_name(p->cluster));
	machine_say(p, "HostClaimed", COND_FALSE, "WaitingForBootstrapData",
	    "a host is chosen once the bootstrap data is there");
}

/* Of the host that was claimed: its controller has the media made, and says what
 * became of the data. */
static void
data_mirrored(struct machine_pass *p)
{
	static const char type[] = "BootstrapDataReady";
	const cJSON *st = p->has_host ? json_obj(p->h.tree, "status") : NULL;
	bool without = p->has_host && p->h.record.phase != PHASE_IDLE &&
		       p->h.record.data[0] == '\0';

	if (cond_find(st, type) != NULL)
		machine_say(p, type, cond_get(st, type), cond_reason(st, type),
		    cond_message(st, type));
	else if (p->c->o.boot_media == NULL)
		machine_say(p, type, COND_TRUE, "DeliveryNone",
		    "the bootstrap data is not delivered to the machine: this "
		    "agent serves no media (--media-listen)");
	else if (without)
		machine_say(p, type, COND_TRUE, "DeliveryNone",
		    "the bootstrap data was not delivered to the machine");
	else
		machine_say(p, type, COND_TRUE, "Ready", "");
}

static enum verdict
bootstrap_ready(void *arg)
{
	struct machine_pass *p = arg;
	const char *name =
	    json_str(p->owner, "spec/bootstrap/dataSecretName", NULL);
	char key[KOBJ_KEY_CAP];

	if (str_empty(name) && machine_past_gates(p)) {
		/* One that was adopted may never get any. */
		if (p->m.provider_id != NULL)
			machine_say(p, "BootstrapDataReady", COND_TRUE,
			    "DeliveryNone", "the machine runs without");
		return V_NEXT;
	}
	if (str_empty(name)) {
		bootstrap_awaited(p);
		return V_STOP;
	}
	if (!machine_past_gates(p) && kobj_key_make(p->m.ns, name, key) &&
	    !informer_has(p->c->secrets, key)) {
		object_say(p->status, &p->at, "BootstrapDataReady", COND_FALSE,
		    "SecretNotFound", "Secret %s does not exist", name);
		links_add(&p->c->secret_waiters, key, p->m.key);
		return V_STOP;
	}
	if (kobj_key_make(p->m.ns, name, key))
		links_remove(&p->c->secret_waiters, key, p->m.key);
	data_mirrored(p);
	return V_NEXT;
}

const struct step machine_plan[] = {
	{ "not-moving-away", not_moving_away },
	{ "in-watch", in_watch },
	{ "owned", owned },
	{ "identified", identified },
	{ "move-guarded", machine_move_guarded },
	{ "not-paused", not_paused },
	{ "deletion", machine_deletion },
	{ "spec-valid", spec_valid },
	{ "cluster-ready", cluster_ready },
	{ "bootstrap-ready", bootstrap_ready },
	{ "claimed", machine_claimed },
	{ "mirrored", machine_mirrored },
	{ NULL, NULL },
};
