/*
 * Beskar7Cluster: provisioned as soon as there is an endpoint, or at once where
 * a machine will bring it (never waiting: capi-contract 3.1), failure domains from the spec or from the
 * hosts' zone labels.
 */
#include <string.h>

#include "agent/control/cluster_endpoint.h"
#include "agent/control/names.h"
#include "agent/control/object_ctl.h"
#include "agent/control/typecheck.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define CLUSTER_DOMAINS 100 /* capi-contract 1.3 */

struct cluster_ctl {
	struct object_ctl o;
};

struct cluster_pass {
	struct controllers *c;
	struct object_ctl *o;
	const cJSON *tree;   /* held */
	const cJSON *owner;  /* held; CAPI Cluster or NULL */
	const char *cluster; /* its name, of tree; NULL = no owner */
	cJSON *status;       /* owned */
	struct cond_stamp at;
	bool silent;
};

void
cluster_ctl_free(void *arg)
{
	struct cluster_ctl *ctl = arg;

	if (ctl == NULL)
		return;
	object_ctl_fini(&ctl->o);
	xfree(ctl);
}

/* ---- the steps ------------------------------------------------------------------- */

static enum verdict
cluster_patch(struct cluster_pass *p, enum kube_patch_type type, cJSON *patch)
{
	return patch == NULL ? V_NEXT
			     : object_patch(p->o, p->tree, type, patch);
}

static enum verdict
finalizer_unset(struct cluster_pass *p)
{
	p->silent = true;
	(void)cluster_patch(p, KUBE_PATCH_JSON,
	    kobj_finalizer_remove_patch(p->tree, FINALIZER_CLUSTER));
	return V_STOP;
}

/* Moving away, not of our watch, or externally managed (capi-contract 3.6):
 * nothing at all is done. One that was handed over while it lived still has
 * our finalizer, and must be able to go. */
static enum verdict
ours(void *arg)
{
	struct cluster_pass *p = arg;

	p->silent = kobj_annotation(p->tree, ANN_DELETE_FOR_MOVE) != NULL ||
		    !controllers_watch(p->c, kobj_label(p->tree, LABEL_WATCH));
	if (p->silent)
		return V_STOP;
	p->silent = kobj_annotation(p->tree, ANN_MANAGED_BY) != NULL;
	if (p->silent && kobj_deleting(p->tree))
		return finalizer_unset(p);
	return p->silent ? V_STOP : V_NEXT;
}

static enum verdict
owned(void *arg)
{
	struct cluster_pass *p = arg;
	const char *name =
	    json_str(kobj_owner(p->tree, "Cluster", CAPI_GROUP), "name", NULL);
	char key[KOBJ_KEY_CAP];

	p->cluster = name;
	if (name != NULL && kobj_key_make(kobj_ns(p->tree), name, key))
		p->owner = informer_get(p->c->capi_clusters, key);
	if (name != NULL || kobj_has_finalizer(p->tree, FINALIZER_CLUSTER))
		return V_NEXT;
	p->silent = true;
	return V_STOP;
}

static enum verdict
finalizer_set(void *arg)
{
	struct cluster_pass *p = arg;

	if (kobj_deleting(p->tree))
		return V_NEXT;
	return cluster_patch(p, KUBE_PATCH_JSON,
	    kobj_finalizer_add_patch(p->tree, FINALIZER_CLUSTER));
}

static enum verdict
not_paused(void *arg)
{
	struct cluster_pass *p = arg;

	return object_paused(p->status, &p->at, KIND_CLUSTER,
		   json_bool(p->owner, "spec/paused", false),
		   kobj_annotation(p->tree, ANN_PAUSED) != NULL)
		   ? V_STOP
		   : V_NEXT;
}

/* Nothing of ours hangs on it: the machines release themselves. */
static enum verdict
deletion(void *arg)
{
	struct cluster_pass *p = arg;

	if (!kobj_deleting(p->tree)) {
		object_say(p->status, &p->at, "Deleting", COND_FALSE,
		    "NotDeleting", "%s", "");
		return V_NEXT;
	}
	return finalizer_unset(p);
}

static cJSON *
cluster_domain(const char *name, bool control_plane)
{
	cJSON *d = cJSON_CreateObject();

	json_set_str(d, "name", name);
	json_set_bool(d, "controlPlane", control_plane);
	return d;
}

/* As core reads them: strictly. What has another type is left out. */
static cJSON *
cluster_domain_of(const cJSON *spec)
{
	cJSON *d = cluster_domain(
	    json_str(spec, "name", ""), json_bool(spec, "controlPlane", false));
	const cJSON *a;

	cJSON_ArrayForEach (a, json_obj(spec, "attributes"))
		if (cJSON_IsString(a))
			json_set_str(json_ensure_obj(d, "attributes"),
			    a->string, a->valuestring);
	return d;
}

static void
cluster_free_value(void *p)
{
	cJSON_Delete(p);
}

static void
domains_of_spec(struct map *m, const cJSON *tree)
{
	const cJSON *d;

	cJSON_ArrayForEach (d, json_arr(tree, "spec/failureDomains")) {
		const char *name = json_str(d, "name", NULL);

		if (!str_empty(name))
			cJSON_Delete(map_put(m, name, cluster_domain_of(d)));
	}
}

static void
domains_of_hosts(struct map *m, const struct cluster_pass *p)
{
	for (size_t i = 0; i < p->c->index.hosts.n; i++) {
		const struct host_brief *b = p->c->index.hosts.v[i].value;

		if (!str_empty(b->zone) && str_eq(b->ns, kobj_ns(p->tree)))
			cJSON_Delete(
			    map_put(m, b->zone, cluster_domain(b->zone, true)));
	}
}

/* Sorted by name and unique, as core will store them. */
static enum verdict
domains_listed(void *arg)
{
	struct cluster_pass *p = arg;
	struct map m = { 0 };
	cJSON *list;

	domains_of_spec(&m, p->tree);
	if (m.n == 0)
		domains_of_hosts(&m, p);
	list = m.n == 0 ? NULL : cJSON_CreateArray();
	for (size_t i = 0; i < m.n && i < CLUSTER_DOMAINS; i++) {
		cJSON_AddItemToArray(list, m.v[i].value);
		m.v[i].value = NULL;
	}
	json_set(p->status, "failureDomains", list);
	map_free(&m, cluster_free_value);
	return V_NEXT;
}

static bool
cluster_endpoint(const cJSON *o)
{
	return !str_empty(json_str(o, "spec/controlPlaneEndpoint/host", "")) &&
	       json_i64(o, "spec/controlPlaneEndpoint/port", 0) > 0;
}

static const struct typecheck cluster_types[] = {
	{ "spec", TYPE_OBJ },
	{ "spec/controlPlaneEndpoint", TYPE_OBJ },
	{ "spec/controlPlaneEndpoint/host", TYPE_STR },
	{ "spec/controlPlaneEndpoint/port", TYPE_INT },
	{ "spec/controlPlaneEndpointSource", TYPE_STR },
	{ "spec/failureDomains", TYPE_ARR },
};

static enum verdict
spec_valid(void *arg)
{
	struct cluster_pass *p = arg;
	char wrong[TYPECHECK_CAP];

	if (typecheck(p->tree, cluster_types,
		sizeof(cluster_types) / sizeof(*cluster_types), wrong))
		return V_NEXT;
	object_say(p->status, &p->at, "ControlPlaneEndpointReady", COND_FALSE,
	    "WaitingForEndpoint", "%s", wrong);
	return V_STOP;
}

static enum verdict
endpoint_known(void *arg)
{
	struct cluster_pass *p = arg;
	bool by_machine =
	    str_eq(json_str(p->tree, "spec/controlPlaneEndpointSource", "User"),
		"FirstControlPlaneMachine");
	bool set = cluster_endpoint(p->tree) || cluster_endpoint(p->owner);

	if (by_machine && !set &&
	    cluster_patch(p, KUBE_PATCH_MERGE,
		cluster_endpoint_patch(p->c, p->tree, p->cluster)) == V_WAIT)
		return V_WAIT;
	if (set)
		object_say(p->status, &p->at, "ControlPlaneEndpointReady",
		    COND_TRUE, "Set", "%s", "");
	else
		object_say(p->status, &p->at, "ControlPlaneEndpointReady",
		    COND_FALSE,
		    by_machine ? "WaitingForMachine" : "WaitingForEndpoint",
		    "%s",
		    by_machine ? "the first control-plane machine "
				 "brings it"
			       : "set spec.controlPlaneEndpoint of the Cluster "
				 "or of the "
				 "Beskar7Cluster");
	/* Sticky: what core has seen is not taken back. */
	if (set || by_machine)
		json_set_bool(json_ensure_obj(p->status, "initialization"),
		    "provisioned", true);
	return V_STOP;
}

static const struct step cluster_plan[] = {
	{ "ours", ours },
	{ "owned", owned },
	{ "finalizer-set", finalizer_set },
	{ "not-paused", not_paused },
	{ "deletion", deletion },
	{ "spec-valid", spec_valid },
	{ "domains-listed", domains_listed },
	{ "endpoint-known", endpoint_known },
	{ NULL, NULL },
};

void
cluster_ctl_run(void *arg, const char *key)
{
	static const struct cond_input in[] = {
		{ "ControlPlaneEndpointReady", false },
		{ "Deleting", true },
	};
	struct controllers *c = arg;
	const struct object_kind kind = { &c->cluster_ctls, c->clusters,
		c->cluster_q, &RES_CLUSTERS, sizeof(struct cluster_ctl),
		cluster_ctl_free };
	const cJSON *tree;
	struct cluster_ctl *ctl = object_enter(c, &kind, key, &tree);
	struct cluster_pass p = { .c = c, .tree = tree };
	const char *at = "";
	enum verdict v;

	if (ctl == NULL)
		return;
	c->passes++;
	p.o = &ctl->o;
	p.status = kobj_status_dup(tree);
	p.at = object_stamp(&ctl->o, tree);
	v = plan_run(cluster_plan, &p, &at);
	if (v != V_WAIT && !p.silent) {
		if (cond_get(p.status, "Paused") != COND_TRUE)
			(void)cond_summarize(p.status, "Ready", in, 2, &p.at);
		(void)object_write_status(&ctl->o, tree, p.status);
	}
	cJSON_Delete(p.status);
	json_drop(p.owner);
	json_drop(tree);
}
