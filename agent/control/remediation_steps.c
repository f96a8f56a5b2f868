/*
 * The plan of a Beskar7Remediation's pass: who is meant, what was done already,
 * and whether the host is to be asked once more.
 */
#include "agent/control/heal.h"
#include "agent/control/names.h"
#include "agent/control/relation.h"
#include "agent/control/remediation_pass.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

#define REMEDY_POLL (30 * LOOP_S)

/* ---- writing --------------------------------------------------------------------- */

static void
remedy_say(struct remedy_pass *p, const char *type, enum cond_status s,
    const char *reason, const char *message)
{
	object_say(p->status, &p->at, type, s, reason, "%s", message);
}

static enum verdict
remedy_wait(struct remedy_pass *p, int64_t until_s)
{
	int64_t us = (until_s - controllers_wall_s(p->c)) * LOOP_S;

	p->poll_us = us < LOOP_S ? LOOP_S : us;
	return V_POLL;
}

/* value NULL: withdraws. */
static enum verdict
remedy_ask(struct remedy_pass *p, const char *value)
{
	struct object_write w = { .inf = p->c->hosts, .res = &RES_HOSTS };
	cJSON *patch = kobj_annotate_patch(p->h.tree, ANN_REMEDIATE, value);

	if (patch == NULL)
		return V_NEXT;
	w.ns = p->h.ns;
	w.name = p->h.name;
	w.type = KUBE_PATCH_MERGE;
	w.patch = patch;
	(void)object_write(&p->ctl->o, &w);
	cJSON_Delete(patch);
	return V_WAIT;
}

/* ---- the steps ------------------------------------------------------------------- */

static enum verdict
ours(void *arg)
{
	struct remedy_pass *p = arg;

	p->silent = (p->r.deleting && p->r.for_move) ||
		    !controllers_watch(p->c, p->r.watch) ||
		    (p->r.deleting && !p->r.has_finalizer);
	return p->silent ? V_STOP : V_NEXT;
}

/* The id tells its asks from those of one that had the same name; unlike a UID
 * it survives a move. With the finalizer nothing that was asked outlives it. */
static enum verdict
identified(void *arg)
{
	struct remedy_pass *p = arg;
	cJSON *patch;
	char id[37];

	if (p->r.deleting || (p->r.has_finalizer && !str_empty(p->r.id)))
		return V_NEXT;
	patch = kobj_patch_base(p->r.tree);
	kobj_finalizer_merge(patch, p->r.tree, FINALIZER_REMEDIATION, true);
	if (str_empty(p->r.id)) {
		entropy_uuid(p->c->env->entropy, id);
		json_set_str(json_ensure_obj(json_ensure_obj(patch, "metadata"),
				 "annotations"),
		    ANN_REMEDIATION_ID, id);
	}
	return object_patch(&p->ctl->o, p->r.tree, KUBE_PATCH_MERGE, patch);
}

static enum verdict
not_paused(void *arg)
{
	struct remedy_pass *p = arg;
	const char *cluster = p->r.cluster;

	if (cluster == NULL)
		cluster = json_str(p->owner, "spec/clusterName", NULL);
	return object_paused(p->status, &p->at, KIND_REMEDIATION,
		   relation_cluster_paused(p->c, p->r.ns, cluster), p->r.paused)
		   ? V_STOP
		   : V_NEXT;
}

/* What was asked and not begun is withdrawn. What was begun the host brings to
 * its end without us. */
static enum verdict
deletion(void *arg)
{
	struct remedy_pass *p = arg;
	struct heal_ask a;
	cJSON *patch;

	if (!p->r.deleting)
		return V_NEXT;
	p->silent = true;
	if (p->has_host && p->doubt)
		return remedy_wait(p, 0);
	if (p->has_host && p->r.id != NULL &&
	    heal_ask_parse(&a, p->h.asks.remediate) &&
	    heal_id_attempt(a.id, p->r.id) != 0)
		return remedy_ask(p, NULL);
	patch = kobj_finalizer_remove_patch(p->r.tree, FINALIZER_REMEDIATION);
	if (patch == NULL)
		return V_STOP;
	return object_patch(&p->ctl->o, p->r.tree, KUBE_PATCH_JSON, patch);
}

static enum verdict
counted(void *arg)
{
	struct remedy_pass *p = arg;
	char when[RFC3339_CAP];

	if (p->has_host)
		json_set_str(
		    json_ensure_obj(p->status, "hostRef"), "name", p->h.name);
	if (p->y.attempts != p->r.attempts) {
		rfc3339_s(when,
		    p->y.last_s == 0 ? p->at.wall_us : p->y.last_s * LOOP_S);
		json_set_str(p->status, "lastAttempt", when);
	}
	json_set_i64(p->status, "attempts", p->y.attempts);
	if (p->y.state == REMEDY_FAILED && cond_find(p->status, "Fenced"))
		return V_NEXT; /* what was so when it failed */
	if (p->y.fenced)
		object_say(p->status, &p->at, "Fenced", COND_TRUE,
		    "ConfirmedOff", "the BMC of %s confirmed Off", p->h.name);
	else
		remedy_say(p, "Fenced", COND_FALSE, "NotConfirmed",
		    "the BMC has not confirmed Off");
	return V_NEXT;
}

static bool
remedy_unhealthy(const struct remedy_pass *p)
{
	return cond_get(json_obj(p->owner, "status"), "HealthCheckSucceeded") ==
	       COND_FALSE;
}

/* The conditions that are ours once a MachineHealthCheck has made us. */
static enum verdict
remedy_tell(struct remedy_pass *p, bool healed, const char *text)
{
	struct object_write w = { .inf = p->c->capi_machines,
		.res = &RES_CAPI_MACHINES,
		.subresource = "status" };
	cJSON *status, *patch;
	struct cond_stamp at;

	if (!remedy_unhealthy(p))
		return V_NEXT;
	status = kobj_status_dup(p->owner);
	at = (struct cond_stamp){ kobj_generation(p->owner), p->at.wall_us };
	if (cond_find(status, "ExternallyRemediated") != NULL)
		object_say(status, &at, "ExternallyRemediated",
		    healed ? COND_TRUE : COND_FALSE,
		    healed ? "Remediated" : "RemediationFailed", "%s", text);
	/* The owner deletes the Machine upon this. */
	if (!healed)
		object_say(status, &at, "OwnerRemediated", COND_FALSE,
		    "WaitingForRemediation", "%s", text);
	patch = kobj_status_patch(p->owner, status);
	cJSON_Delete(status);
	if (patch == NULL)
		return V_NEXT;
	w.ns = p->r.ns;
	w.name = p->r.owner;
	w.type = KUBE_PATCH_MERGE;
	w.patch = patch;
	(void)object_write(&p->ctl->o, &w);
	cJSON_Delete(patch);
	return V_WAIT;
}

/* Why nothing may be asked; NULL: it may. */
static const char *
remedy_obstacle(const struct remedy_pass *p, const char **why)
{
	*why = "MachineNotFound";
	if (p->owner == NULL)
		return "an ownerReference to a living Machine is needed";
	*why = "MachineDeleting";
	if (kobj_deleting(p->owner))
		return "the Machine is being deleted";
	*why = "HostNotProvisioned";
	if (!p->has_host)
		return "no host serves the Machine";
	if (!p->h.record_valid || p->h.record.phase != PHASE_PROVISIONED ||
	    !str_eq(p->h.record.claim_id, p->m.claim_id))
		return "the host is not provisioned for the Machine";
	*why = "HostPaused";
	if (p->h.paused || p->m.paused)
		return "the host or its Beskar7Machine is paused";
	*why = "HostInMaintenance";
	if (p->h.spec.maintenance)
		return "the host is in maintenance";
	*why = "IdentityInDoubt";
	if (!str_eq(host_condition(&p->h, "IdentityVerified", NULL), "True"))
		return "it is not certain that the BMC is that of the host";
	return NULL;
}

/* SAFETY.md 11: a health check gone wrong must not take the fleet down. */
static bool
remedy_room(const struct remedy_pass *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->c->index.hosts.n; i++) {
		const struct host_brief *b = p->c->index.hosts.v[i].value;

		n += b->healing;
	}
	for (size_t i = 0; i < p->c->remediation_ctls.n; i++) {
		const struct remediation_ctl *o =
		    p->c->remediation_ctls.v[i].value;

		n += o->o.call != NULL && o->o.call_inf == p->c->hosts;
	}
	return n < p->c->o.max_releasing;
}

static enum verdict
remedy_begin(struct remedy_pass *p)
{
	struct heal_ask a = { .cycle = p->r.cycle };
	char text[160];

	if (!remedy_room(p)) {
		object_say(p->status, &p->at, "Remediated", COND_FALSE,
		    "WaitingForOthers",
		    "%u hosts are being remediated, which is the limit",
		    p->c->o.max_releasing);
		return remedy_wait(p, 0);
	}
	if (!str_copy(a.claim, sizeof(a.claim), p->m.claim_id) ||
	    !heal_id_print(a.id, p->r.id, p->y.attempts + 1) ||
	    !heal_ask_print(&a, text)) {
		remedy_say(p, "Remediated", COND_FALSE, "InvalidID",
		    "the annotation remediation-id is no UUID; remove it");
		return V_STOP;
	}
	return remedy_ask(p, text);
}

static enum verdict
remedy_spent(struct remedy_pass *p)
{
	const char *text =
	    remedy_unhealthy(p)
		? "all attempts are spent and the Machine is unhealthy still; "
		  "its owner is asked to replace it"
		: "all attempts are spent";

	object_say(p->status, &p->at, "Remediated", COND_FALSE, "AttemptsSpent",
	    "%d of %d: %s", p->y.attempts, p->r.max_attempts, text);
	return remedy_tell(p, false, text) == V_WAIT ? V_WAIT : V_STOP;
}

/* The next attempt, once it may be made; else what there is to say stands. */
static enum verdict
remedy_again(struct remedy_pass *p)
{
	const char *why, *obstacle = remedy_obstacle(p, &why);

	if (controllers_wall_s(p->c) < p->y.next_s)
		return remedy_wait(p, p->y.next_s);
	if (p->y.attempts >= p->r.max_attempts)
		return remedy_spent(p);
	if (obstacle == NULL)
		return remedy_begin(p);
	remedy_say(p, "Remediated", COND_FALSE, why, obstacle);
	p->poll_us = REMEDY_POLL;
	return V_POLL;
}

static enum verdict
remedy_done(struct remedy_pass *p)
{
	const char *text =
	    p->r.cycle ? "confirmed off, then switched on" : "confirmed off";
	enum verdict v;

	remedy_say(p, "Remediated", COND_TRUE,
	    p->r.cycle ? "PowerCycled" : "PoweredOff", text);
	/* A server that was to stay off cannot become healthy. */
	if (p->r.cycle && remedy_unhealthy(p) &&
	    controllers_wall_s(p->c) >= p->y.next_s)
		return remedy_again(p);
	v = remedy_tell(p, true, text);
	if (v != V_NEXT)
		return v;
	return p->r.cycle && remedy_unhealthy(p) ? remedy_wait(p, p->y.next_s)
						 : V_STOP;
}

static enum verdict
remedied(void *arg)
{
	struct remedy_pass *p = arg;
	int64_t patience =
	    (p->y.last_s == 0 ? controllers_wall_s(p->c) : p->y.last_s) +
	    remediation_patience_s(&p->r);

	if (p->has_host && p->doubt)
		return remedy_wait(p, 0);
	/* Its owner replaces it: what was said stands. */
	if (p->y.attempts > 0 && (p->owner == NULL || kobj_deleting(p->owner)))
		return V_STOP;
	switch (p->y.state) {
	case REMEDY_NEW:
		return remedy_again(p);
	case REMEDY_ASKED:
		remedy_say(p, "Remediated", COND_FALSE, "WaitingForHost",
		    "the host has not begun; its conditions say why");
		return remedy_wait(p, patience);
	case REMEDY_OFF:
		remedy_say(p, "Remediated", COND_FALSE, "PoweringOff",
		    "the host is being switched off");
		return remedy_wait(p, patience);
	case REMEDY_ON:
		remedy_say(p, "Remediated", COND_FALSE, "PoweringOn",
		    "the host is being switched on");
		return remedy_wait(p, patience);
	case REMEDY_DONE:
		return remedy_done(p);
	case REMEDY_LATE:
		return remedy_ask(p, NULL);
	case REMEDY_FAILED:
		remedy_say(p, "Remediated", COND_FALSE, "AttemptFailed",
		    "the host did not do it; its events say why");
		return remedy_again(p);
	}
	return V_STOP;
}

const struct step remedy_plan[] = {
	{ "ours", ours },
	{ "identified", identified },
	{ "not-paused", not_paused },
	{ "deletion", deletion },
	{ "counted", counted },
	{ "remedied", remedied },
	{ NULL, NULL },
};
