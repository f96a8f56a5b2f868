/*
 * The Cluster controller: steps 1 to 8 of capi-contract 6.2, in their order.
 * One write a pass; the next pass takes the next step.
 */
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define CLUSTER_FINALIZER "cluster." CAPI

struct cluster_run {
	struct core *c;
	struct core_object *o;
	const cJSON *tree, *infra;
	char *path, *infra_path; /* owned */
	const char *ns, *name;
	cJSON *status; /* owned */
	enum core_infra found;
};

static bool
cluster_deleting(const cJSON *o)
{
	return json_str(o, "metadata/deletionTimestamp", NULL) != NULL;
}

/* true: a write is under way, the pass ends. */
static bool
cluster_finalizer(struct cluster_run *r)
{
	cJSON *p;

	if (cluster_deleting(r->tree) ||
	    core_has_finalizer(r->tree, CLUSTER_FINALIZER))
		return false;
	p = core_finalizer_patch(r->tree, CLUSTER_FINALIZER, true);
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

static bool
cluster_paused(struct cluster_run *r)
{
	bool paused = json_bool(r->tree, "spec/paused", false) ||
		      json_child(json_obj(r->tree, "metadata/annotations"),
			  CAPI "/paused") != NULL;

	core_condition(r->c, r->status, r->tree, "Paused",
	    paused ? "True" : "False", paused ? "Paused" : "NotPaused", "");
	return paused;
}

/* Machines first, then the infrastructure, then our finalizer. */
static bool
cluster_machines_gone(struct cluster_run *r)
{
	const struct map *all = core_cache_all(r->c->machines);

	for (size_t i = 0; i < all->n; i++) {
		const cJSON *m = all->v[i].value;
		char *path;

		if (!str_eq(json_str(m, "spec/clusterName", ""), r->name) ||
		    !str_eq(json_str(m, "metadata/namespace", ""), r->ns))
			continue;
		if (!cluster_deleting(m)) {
			path = xasprintf(CAPI_PATH "/namespaces/%s/machines/%s",
			    r->ns, json_str(m, "metadata/name", ""));
			core_write(r->o, "DELETE", path, NULL, NULL);
			xfree(path);
			r->o->again = true;
		}
		return false;
	}
	return true;
}

static void
cluster_delete(struct cluster_run *r)
{
	cJSON *p;

	if (!cluster_machines_gone(r))
		return;
	if (r->found == INFRA_FOUND) {
		if (!cluster_deleting(r->infra))
			core_write(r->o, "DELETE", r->infra_path, NULL, NULL);
		return;
	}
	if (r->found == INFRA_LISTING ||
	    !core_has_finalizer(r->tree, CLUSTER_FINALIZER))
		return;
	p = core_finalizer_patch(r->tree, CLUSTER_FINALIZER, false);
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
}

/* Copied once, while our own is incomplete. */
static bool
cluster_endpoint(struct cluster_run *r)
{
	const cJSON *ep = json_obj(r->infra, "spec/controlPlaneEndpoint");
	cJSON *p;

	if (!str_empty(
		json_str(r->tree, "spec/controlPlaneEndpoint/host", "")) ||
	    str_empty(json_str(ep, "host", "")) || json_i64(ep, "port", 0) == 0)
		return false;
	p = cJSON_CreateObject();
	json_set(
	    json_ensure_obj(p, "spec"), "controlPlaneEndpoint", json_dup(ep));
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

static void
cluster_domains(struct cluster_run *r)
{
	const cJSON *d = json_at(r->infra, "status/failureDomains");

	if (d != NULL && !cJSON_IsArray(d))
		core_problem(r->c, "status.failureDomains of %s is no list",
		    json_str(r->infra, "metadata/name", ""));
	json_set(
	    r->status, "failureDomains", cJSON_IsArray(d) ? json_dup(d) : NULL);
}

static void
cluster_control_plane(struct cluster_run *r)
{
	const struct map *all = core_cache_all(r->c->machines);
	bool up = core_condition_true(r->tree, "ControlPlaneInitialized");

	for (size_t i = 0; i < all->n && !up; i++) {
		const cJSON *m = all->v[i].value;

		up = str_eq(json_str(m, "spec/clusterName", ""), r->name) &&
		     str_eq(json_str(m, "metadata/namespace", ""), r->ns) &&
		     json_child(json_obj(m, "metadata/labels"),
			 CAPI "/control-plane") != NULL &&
		     json_str(m, "status/nodeRef/name", NULL) != NULL;
	}
	core_condition(r->c, r->status, r->tree, "ControlPlaneInitialized",
	    up ? "True" : "False", up ? "Initialized" : "NotInitialized", "");
	if (up)
		json_set_bool(json_ensure_obj(r->status, "initialization"),
		    "controlPlaneInitialized", true);
}

static bool
cluster_own_infra(struct cluster_run *r)
{
	cJSON *p = core_owner_patch(r->infra, r->tree, r->name, false);

	if (p == NULL)
		return false;
	core_write(r->o, "PATCH", r->infra_path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

static void
cluster_infrastructure(struct cluster_run *r)
{
	bool was = json_bool(
	    r->tree, "status/initialization/infrastructureProvisioned", false);
	bool now = false;

	if (r->found == INFRA_NO_CRD || r->found == INFRA_MISSING) {
		core_condition(r->c, r->status, r->tree, "InfrastructureReady",
		    r->found == INFRA_NO_CRD ? "Unknown" : "False",
		    r->found == INFRA_NO_CRD ? "InternalError"
		    : was                    ? "ObjectDeleted"
					     : "ObjectDoesNotExist",
		    "");
		return;
	}
	if (r->found != INFRA_FOUND || cluster_own_infra(r))
		return;
	(void)core_strict_bool(
	    r->c, r->infra, "status/initialization/provisioned", &now);
	core_mirror_ready(r->c, r->status, r->tree, r->infra, now || was);
	if (cluster_deleting(r->infra) || (!now && !was) || cluster_endpoint(r))
		return;
	cluster_domains(r);
	json_set_bool(json_ensure_obj(r->status, "initialization"),
	    "infrastructureProvisioned", true);
}

static void
cluster_reconcile(struct cluster_run *r)
{
	bool paused;

	if (cluster_finalizer(r))
		return;
	paused = cluster_paused(r);
	if (!paused && cluster_deleting(r->tree)) {
		cluster_delete(r);
		return;
	}
	if (!paused) {
		cluster_infrastructure(r);
		cluster_control_plane(r);
	}
	if (!r->o->busy)
		(void)core_status(r->o, r->path, r->tree, r->status);
}

void
core_cluster_run(struct core_object *o)
{
	struct cluster_run r = { .c = o->c, .o = o };

	r.tree = core_cache_get(o->c->clusters, o->key);
	if (r.tree == NULL)
		return;
	r.ns = json_str(r.tree, "metadata/namespace", "");
	r.name = json_str(r.tree, "metadata/name", "");
	r.path =
	    xasprintf(CAPI_PATH "/namespaces/%s/clusters/%s", r.ns, r.name);
	r.status = json_obj(r.tree, "status") != NULL
		       ? json_dup(json_obj(r.tree, "status"))
		       : cJSON_CreateObject();
	r.found = core_infra_get(o->c, r.ns,
	    json_obj(r.tree, "spec/infrastructureRef"), &r.infra,
	    &r.infra_path);
	cluster_reconcile(&r);
	cJSON_Delete(r.status);
	xfree(r.path);
	xfree(r.infra_path);
}
