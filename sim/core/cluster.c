/*
 * The Cluster controller: steps 1 to 8 of capi-contract 6.2, in their order.
 * One write a pass; the next pass takes the next step.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define CLUSTER_FINALIZER "cluster." CAPI

/* true: a write is under way, the pass ends. */
static bool
cluster_finalizer(struct core_pass *r)
{
	cJSON *p;

	if (core_deleting(r->tree) ||
	    core_has_finalizer(r->tree, CLUSTER_FINALIZER))
		return false;
	p = core_finalizer_patch(r->tree, CLUSTER_FINALIZER, true);
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

/* Machines first, then the infrastructure, then our finalizer. */
static bool
cluster_machines_gone(struct core_pass *r)
{
	const struct map *all = core_cache_all(r->c->machines);
	bool gone = true;

	for (size_t i = 0; i < all->n; i++) {
		const cJSON *m = all->v[i].value;
		char *path;

		if (!str_eq(json_str(m, "spec/clusterName", ""), r->name) ||
		    !str_eq(json_str(m, "metadata/namespace", ""), r->ns))
			continue;
		gone = false;
		if (core_deleting(m))
			continue;
		path = xasprintf(CAPI_PATH "/namespaces/%s/machines/%s", r->ns,
		    json_str(m, "metadata/name", ""));
		core_write(r->o, "DELETE", path, NULL, NULL);
		xfree(path);
	}
	return gone;
}

static void
cluster_delete(struct core_pass *r)
{
	cJSON *p;

	if (!cluster_machines_gone(r))
		return;
	if (r->found == INFRA_FOUND) {
		if (!core_deleting(r->infra))
			core_write(r->o, "DELETE", r->infra_path, NULL, NULL);
		return;
	}
	/* Without the contract's label the real core cannot even look. */
	if ((r->found != INFRA_MISSING && r->found != INFRA_NO_REF) ||
	    !core_has_finalizer(r->tree, CLUSTER_FINALIZER))
		return;
	p = core_finalizer_patch(r->tree, CLUSTER_FINALIZER, false);
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
}

/* Copied once, while our own is incomplete. */
static bool
cluster_endpoint(struct core_pass *r)
{
	const cJSON *ep = json_at(r->infra, "spec/controlPlaneEndpoint");
	const char *host = "";
	int64_t port = 0;
	cJSON *p;

	if (ep != NULL && !cJSON_IsObject(ep))
		core_problem(r->c,
		    "spec.controlPlaneEndpoint of %s is not an object",
		    json_str(r->infra, "metadata/name", ""));
	if (!cJSON_IsObject(ep) ||
	    (!str_empty(
		 json_str(r->tree, "spec/controlPlaneEndpoint/host", "")) &&
		json_i64(r->tree, "spec/controlPlaneEndpoint/port", 0) != 0))
		return false;
	(void)core_strict_str(
	    r->c, r->infra, "spec/controlPlaneEndpoint/host", &host);
	(void)core_strict_i64(
	    r->c, r->infra, "spec/controlPlaneEndpoint/port", &port);
	if (str_empty(host) || port == 0)
		return false;
	p = cJSON_CreateObject();
	json_put(p, "spec/controlPlaneEndpoint/host", cJSON_CreateString(host));
	json_set_i64(
	    json_ensure_obj(p, "spec/controlPlaneEndpoint"), "port", port);
	core_write(r->o, "PATCH", r->path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

/* Where it belongs in the order of names; an equal name is replaced. */
static void
cluster_domain_put(cJSON *list, cJSON *d)
{
	const char *name = json_str(d, "name", "");
	cJSON *x;
	size_t at = 0;

	cJSON_ArrayForEach (x, list) {
		if (strcmp(json_str(x, "name", ""), name) >= 0)
			break;
		at++;
	}
	json_insert(list, at, d);
}

/* Replaced each time, sorted; without any it is absent. */
static void
cluster_domains(struct core_pass *r)
{
	const cJSON *d,
	    *all = core_strict_list(r->c, r->infra, "status/failureDomains");
	cJSON *list = cJSON_CreateArray(), *one;
	bool control_plane;

	cJSON_ArrayForEach (d, all) {
		const char *name;

		if (!core_strict_str(r->c, d, "name", &name))
			continue;
		control_plane = false;
		(void)core_strict_bool(r->c, d, "controlPlane", &control_plane);
		one = json_dup(d);
		json_set_bool(one, "controlPlane", control_plane);
		cluster_domain_put(list, one);
	}
	if (cJSON_GetArraySize(list) == 0) {
		cJSON_Delete(list);
		list = NULL;
	}
	json_set(r->status, "failureDomains", list);
}

static void
cluster_control_plane(struct core_pass *r)
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
	core_condition(r->c, r->status, r->tree,
	    (struct core_cond){ "ControlPlaneInitialized",
		up ? "True" : "False", up ? "Initialized" : "NotInitialized",
		"" });
	if (up)
		json_set_bool(json_ensure_obj(r->status, "initialization"),
		    "controlPlaneInitialized", true);
}

static bool
cluster_own_infra(struct core_pass *r)
{
	cJSON *p = core_owner_patch(r->infra, r->tree, r->name, false);

	if (p == NULL)
		return false;
	core_write(r->o, "PATCH", r->infra_path, CORE_MERGE, p);
	cJSON_Delete(p);
	return true;
}

static void
cluster_infrastructure(struct core_pass *r)
{
	bool was = json_bool(
	    r->tree, "status/initialization/infrastructureProvisioned", false);
	bool now = false;

	if (r->found == INFRA_NO_REF) {
		json_set_bool(json_ensure_obj(r->status, "initialization"),
		    "infrastructureProvisioned", true);
		return;
	}
	core_infra_absent(r->c, r->status, r->tree, r->found, was);
	if (r->found != INFRA_FOUND || cluster_own_infra(r))
		return;
	(void)core_strict_bool(
	    r->c, r->infra, "status/initialization/provisioned", &now);
	core_mirror_ready(r->c, r->status, r->tree, r->infra, now || was);
	if (core_deleting(r->infra) || (!now && !was) || cluster_endpoint(r))
		return;
	cluster_domains(r);
	json_set_bool(json_ensure_obj(r->status, "initialization"),
	    "infrastructureProvisioned", true);
}

static const char *
cluster_phase(const struct core_pass *r)
{
	if (core_deleting(r->tree))
		return "Deleting";
	if (json_bool(
		r->status, "initialization/infrastructureProvisioned", false) &&
	    json_str(r->tree, "spec/controlPlaneEndpoint/host", NULL) != NULL)
		return "Provisioned";
	return r->found == INFRA_NO_REF ? "Pending" : "Provisioning";
}

static void
cluster_reconcile(struct core_pass *r)
{
	bool paused, changed;

	if (cluster_finalizer(r))
		return;
	paused = core_paused(r->c, r->status, r->tree, r->tree, &changed);
	if (!paused && !changed && core_deleting(r->tree)) {
		cluster_delete(r);
	} else if (!paused && !changed) {
		cluster_infrastructure(r);
		cluster_control_plane(r);
	}
	json_set_str(r->status, "phase", cluster_phase(r));
	if (r->o->busy == 0)
		(void)core_status(r->o, r->path, r->tree, r->status);
}

void
core_cluster_run(struct core_object *o)
{
	struct core_pass r;

	if (!core_pass_start(&r, o, o->c->clusters, "clusters"))
		return;
	cluster_reconcile(&r);
	core_pass_fini(&r);
}
