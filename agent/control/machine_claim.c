/*
 * Claiming a host: one patch under the host's resourceVersion, so that of any
 * number of machines exactly one gets it (SAFETY.md 2).
 */
#include <string.h>

#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static bool
claim_matches(const struct machine_pass *p, const struct host_brief *b)
{
	const cJSON *tree;
	bool ok;

	if (!machine_choosy(&p->m))
		return true;
	tree = informer_get(p->c->hosts, b->key);
	ok = tree != NULL && machine_fits(&p->m, tree);
	json_drop(tree);
	return ok;
}

struct claim_search {
	size_t available, matching;
	const struct host_brief *best;
	uint64_t best_score;
};

/* Rendezvous hashing: machines that run at once prefer different hosts, and
 * the same machine the same one. */
static void
claim_consider(struct machine_pass *p, struct claim_search *s,
    const struct host_brief *b, const char *zone)
{
	uint64_t score;

	if (!b->available || !str_eq(b->ns, p->m.ns) ||
	    !controllers_watch(p->c, b->watch) ||
	    map_get(&p->c->reserved, b->key) != NULL ||
	    informer_in_doubt(p->c->hosts, b->key))
		return;
	s->available++;
	if (!claim_matches(p, b))
		return;
	s->matching++;
	if (zone != NULL && !str_eq(zone, b->zone))
		return;
	score = str_hash(b->key, str_hash(p->m.claim_id, 7));
	if (s->best == NULL || score > s->best_score) {
		s->best = b;
		s->best_score = score;
	}
}

static enum verdict
claim_wait(
    struct machine_pass *p, const struct claim_search *s, const char *zone)
{
	if (s->available == 0)
		machine_say(p, "HostClaimed", COND_FALSE, "NoHostAvailable",
		    "no PhysicalHost in this namespace is Available");
	else if (s->matching == 0)
		object_say(p->status, &p->at, "HostClaimed", COND_FALSE,
		    "NoHostMatches",
		    "%zu hosts are Available, none matches "
		    "hostSelector and hardwareRequirements",
		    s->available);
	else
		object_say(p->status, &p->at, "HostClaimed", COND_FALSE,
		    "NoHostInFailureDomain",
		    "%zu hosts match, none is in "
		    "failure domain %s",
		    s->matching, zone);
	(void)map_put(&p->c->waiting, p->m.key, p->c); /* a set */
	return machine_move_free(p) == V_WAIT ? V_WAIT : V_STOP;
}

static void
claim_ref(cJSON *spec, const struct machine_pass *p)
{
	cJSON *ref = cJSON_CreateObject();

	json_set_str(ref, "apiVersion", AX_API);
	json_set_str(ref, "kind", KIND_MACHINE);
	json_set_str(ref, "namespace", p->m.ns);
	json_set_str(ref, "name", p->m.name);
	json_set_str(ref, "claimID", p->m.claim_id);
	json_set(spec, "consumerRef", ref);
}

static enum verdict
claim_write(struct machine_pass *p, const struct host_brief *b)
{
	struct object_write w = { .inf = p->c->hosts, .res = &RES_HOSTS };
	const char *data =
	    json_str(p->owner, "spec/bootstrap/dataSecretName", NULL);
	const cJSON *tree = informer_get(p->c->hosts, b->key);
	cJSON *patch, *spec;

	/* The index may lag behind the cache: from A to B never in one step. */
	if (tree == NULL || json_at(tree, "spec/consumerRef") != NULL) {
		json_drop(tree);
		return machine_poll(p, LOOP_S / 10);
	}
	patch = kobj_patch_base(tree);
	spec = json_ensure_obj(patch, "spec");
	claim_ref(spec, p);
	json_set_str(spec, "bootIsoSource", p->m.image_url);
	if (data != NULL)
		json_set_str(
		    json_ensure_obj(spec, "userDataSecretRef"), "name", data);
	w.ns = b->ns;
	w.name = b->name;
	w.type = KUBE_PATCH_MERGE;
	w.patch = patch;
	/* No other machine tries for it while the patch is under way. */
	(void)map_put(&p->c->reserved, b->key, p->c);
	xreplace(&p->o->reserved, b->key);
	(void)object_write(p->o, &w);
	cJSON_Delete(patch);
	json_drop(tree);
	return V_WAIT;
}

/* The host that providerID names, if it is there to be adopted. */
static const struct host_brief *
claim_adoptee(const struct machine_pass *p)
{
	const struct host_brief *b;
	bool ok = false;
	char key[KOBJ_KEY_CAP];
	struct host h;
	const cJSON *tree;

	if (!str_has_prefix(p->m.provider_id, "b7://") ||
	    !str_copy(key, sizeof(key), p->m.provider_id + strlen("b7://")))
		return NULL;
	b = host_index_get(&p->c->index, key);
	if (b == NULL || b->claimed || b->phase != PHASE_IDLE ||
	    !str_eq(b->ns, p->m.ns) || !controllers_watch(p->c, b->watch) ||
	    map_get(&p->c->reserved, key) != NULL ||
	    informer_in_doubt(p->c->hosts, key))
		return NULL;
	tree = informer_get(p->c->hosts, key);
	if (tree == NULL)
		return NULL;
	host_init(&h, key, tree);
	ok = str_eq(h.asks.adopt, p->m.name) && h.record_valid && !h.deleting &&
	     !h.paused && !h.spec.maintenance && host_problem(&h) == NULL &&
	     str_eq(host_condition(&h, "Ready", NULL), "True");
	host_fini(&h);
	return ok ? b : NULL;
}

/* A machine that names its host before it has one: the host must agree. */
static enum verdict
claim_adopt(struct machine_pass *p)
{
	const struct host_brief *b = claim_adoptee(p);

	if (b != NULL && informer_synced(p->c->hosts))
		return claim_write(p, b);
	machine_say(p, "HostHealthy", COND_FALSE, "HostLost",
	    p->m.provisioned
		? "no PhysicalHost names this machine as its consumer"
		: "no PhysicalHost names this machine as its consumer; one "
		  "that "
		  "runs is adopted if providerID names it and its "
		  "annotation " ANN_ADOPT " names this machine");
	return p->m.provisioned ? V_STOP : machine_poll(p, 30 * LOOP_S);
}

enum verdict
machine_claimed(void *arg)
{
	struct machine_pass *p = arg;
	const char *zone = json_str(p->owner, "spec/failureDomain", NULL);
	struct claim_search s = { 0 };
	const struct host_brief *held;

	if (p->has_host) {
		object_say(p->status, &p->at, "HostClaimed", COND_TRUE,
		    "Claimed", "%s", p->h.name);
		return V_NEXT;
	}
	/* A start that has not seen all hosts has not lost one. */
	if (!informer_synced(p->c->hosts)) {
		p->silent = true;
		return machine_poll(p, LOOP_S);
	}
	/* Nor a second one while the first still serves it by its record. */
	held = host_index_serving(&p->c->index, p->m.claim_id);
	if (held != NULL) {
		object_say(p->status, &p->at, "HostClaimed", COND_FALSE,
		    "NoHostAvailable",
		    "host %s still serves this machine, but its consumerRef "
		    "was edited away: restore it, or set the "
		    "annotation " ANN_FORCE_RELEASE "=%s on the host",
		    held->name, p->m.claim_id);
		return machine_poll(p, 30 * LOOP_S);
	}
	/* Never another host for a machine that has had one. */
	if (p->m.provider_id != NULL || p->m.provisioned)
		return claim_adopt(p);
	if (informer_doubts(p->c->hosts) > 0)
		return machine_poll(p, LOOP_S);
	for (size_t i = 0; i < p->c->index.hosts.n; i++)
		claim_consider(p, &s, p->c->index.hosts.v[i].value, zone);
	if (s.best == NULL)
		return claim_wait(p, &s, zone);
	if (machine_move_blocked(p) == V_WAIT)
		return V_WAIT;
	(void)map_take(&p->c->waiting, p->m.key); /* a set */
	return claim_write(p, s.best);
}
