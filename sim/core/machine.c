/*
 * The Machine controller: steps 1 to 10 of capi-contract 6.2, in their order,
 * with the bootstrap provider's part (a Secret, then its name). Copies what
 * the contract names and nothing else.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define MACHINE_FINALIZER "machine." CAPI

struct machine_run {
	struct core_pass p;
	const cJSON *cluster;
	const char *cluster_name, *cluster_key;
};

static void
machine_patch(struct machine_run *r, const char *path, cJSON *patch)
{
	core_write(r->p.o, "PATCH", path, CORE_MERGE, patch);
	cJSON_Delete(patch);
}

static bool
machine_finalizer(struct machine_run *r)
{
	if (core_deleting(r->p.tree) ||
	    core_has_finalizer(r->p.tree, MACHINE_FINALIZER))
		return false;
	machine_patch(r, r->p.path,
	    core_finalizer_patch(r->p.tree, MACHINE_FINALIZER, true));
	return true;
}

/* Label and, for a standalone Machine, the Cluster as plain owner. */
static bool
machine_labelled(struct machine_run *r)
{
	const cJSON *owner = json_at(r->p.tree, "metadata/ownerReferences/0");
	cJSON *p = core_owner_patch(r->p.tree,
	    owner == NULL || str_eq(json_str(owner, "kind", ""), "Cluster")
		? r->cluster
		: NULL,
	    r->cluster_name, false);

	if (p == NULL)
		return false;
	machine_patch(r, r->p.path, p);
	return true;
}

/* ---- bootstrap -------------------------------------------------------------------- */

static bool
machine_may_bootstrap(const struct machine_run *r)
{
	bool control_plane = json_child(
	    json_obj(r->p.tree, "metadata/labels"), CAPI "/control-plane");

	return json_obj(r->p.tree, "spec/bootstrap/configRef") != NULL &&
	       json_bool(r->cluster,
		   "status/initialization/infrastructureProvisioned", false) &&
	       (control_plane ||
		   core_condition_true(r->cluster, "ControlPlaneInitialized"));
}

static cJSON *
machine_secret(const struct machine_run *r)
{
	cJSON *s = cJSON_CreateObject(), *data, *labels;
	const char *text = r->p.c->o.bootstrap_data;
	const char *format = r->p.c->o.bootstrap_format;
	char *b64 = b64_encode(text, strlen(text));
	char *format64 = b64_encode(format, strlen(format));

	json_set_str(s, "apiVersion", "v1");
	json_set_str(s, "kind", "Secret");
	json_set_str(json_ensure_obj(s, "metadata"), "name", r->p.name);
	labels = json_ensure_obj(s, "metadata/labels");
	json_set_str(labels, CAPI "/cluster-name", r->cluster_name);
	json_set_str(s, "type", CAPI "/secret");
	data = json_ensure_obj(s, "data");
	json_set_str(data, "value", b64);
	json_set_str(data, "format", format64);
	xfree(format64);
	xfree(b64);
	return s;
}

static bool
machine_bootstrap(struct machine_run *r)
{
	char *key = xasprintf("%s/%s", r->p.ns, r->p.name), *path;
	bool there = core_cache_get(r->p.c->secrets, key) != NULL;
	cJSON *body;

	xfree(key);
	if (json_str(r->p.tree, "spec/bootstrap/dataSecretName", NULL) !=
		NULL ||
	    !machine_may_bootstrap(r))
		return false;
	if (!there) {
		body = machine_secret(r);
		path = xasprintf("/api/v1/namespaces/%s/secrets", r->p.ns);
		core_write(r->p.o, "POST", path, NULL, body);
		xfree(path);
		cJSON_Delete(body);
		return true;
	}
	body = cJSON_CreateObject();
	json_put(body, "spec/bootstrap/dataSecretName",
	    cJSON_CreateString(r->p.name));
	machine_patch(r, r->p.path, body);
	return true;
}

/* ---- infrastructure ----------------------------------------------------------------- */

/* Copied on every pass, so a provider that changes it is found out. */
static bool
machine_provider_id(struct machine_run *r, const char *id)
{
	cJSON *p;

	if (r->p.o->provider_id != NULL && !str_eq(r->p.o->provider_id, id))
		core_problem(r->p.c,
		    "rule 38: providerID of %s went from %s "
		    "to %s",
		    r->p.o->key, r->p.o->provider_id, id);
	xreplace(&r->p.o->provider_id, id);
	if (str_eq(json_str(r->p.tree, "spec/providerID", NULL), id))
		return false;
	p = cJSON_CreateObject();
	json_put(p, "spec/providerID", cJSON_CreateString(id));
	machine_patch(r, r->p.path, p);
	return true;
}

static void
machine_node(struct machine_run *r, const char *id)
{
	const cJSON *node = core_node_of(r->p.c, r->cluster_key, id);

	if (node != NULL)
		json_set_str(json_ensure_obj(r->p.status, "nodeRef"), "name",
		    json_str(node, "metadata/name", ""));
	core_condition(r->p.c, r->p.status, r->p.tree,
	    (struct core_cond){ "NodeHealthy",
		node != NULL ? "True" : "Unknown",
		node != NULL ? "NodeHealthy" : "NodeDoesNotExist", "" });
}

static void
machine_copies(struct machine_run *r)
{
	const cJSON *a =
	    core_strict_list(r->p.c, r->p.infra, "status/addresses");
	const char *fd = NULL;

	json_set(r->p.status, "addresses", a != NULL ? json_dup(a) : NULL);
	if (core_strict_str(r->p.c, r->p.infra, "status/failureDomain", &fd))
		json_set_str(r->p.status, "failureDomain", fd);
	if (json_at(r->p.infra, "spec/failureDomain") != NULL)
		core_problem(
		    r->p.c, "rule 5: %s has spec.failureDomain", r->p.o->key);
	json_set_bool(json_ensure_obj(r->p.status, "initialization"),
	    "infrastructureProvisioned", true);
}

static void
machine_infrastructure(struct machine_run *r)
{
	bool was = json_bool(r->p.tree,
	    "status/initialization/infrastructureProvisioned", false);
	bool now = false;
	const char *id = NULL, *other;
	cJSON *p;

	core_infra_absent(r->p.c, r->p.status, r->p.tree, r->p.found, was);
	if (r->p.found != INFRA_FOUND)
		return;
	other = core_owner_taken(r->p.infra, r->p.tree);
	if (other != NULL) {
		core_problem(r->p.c,
		    "rule 3.2.2: %s is controlled by a %s already", r->p.o->key,
		    other);
		return;
	}
	p = core_owner_patch(r->p.infra, r->p.tree, r->cluster_name, true);
	if (p != NULL) {
		machine_patch(r, r->p.infra_path, p);
		return;
	}
	(void)core_strict_bool(
	    r->p.c, r->p.infra, "status/initialization/provisioned", &now);
	core_mirror_ready(
	    r->p.c, r->p.status, r->p.tree, r->p.infra, now || was);
	if (was && !now)
		core_problem(r->p.c,
		    "rule 40: provisioned of %s was taken back", r->p.o->key);
	if (core_deleting(r->p.infra) || (!now && !was))
		return;
	(void)core_strict_str(r->p.c, r->p.infra, "spec/providerID", &id);
	if (str_empty(id)) {
		core_problem(r->p.c,
		    "rule 37: %s is provisioned without a "
		    "providerID",
		    r->p.o->key);
		return;
	}
	if (machine_provider_id(r, id))
		return;
	machine_copies(r);
	machine_node(r, id);
}

/* ---- the end ---------------------------------------------------------------------------- */

static bool
machine_has_hook(const struct machine_run *r, const char *prefix)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, json_obj(r->p.tree, "metadata/annotations"))
		if (str_has_prefix(a->string, prefix))
			return true;
	return false;
}

/* Pre-drain hooks stand before a drain, and there is none without a node or
 * in a cluster that goes; pre-terminate hooks always hold. */
static bool
machine_hooked(const struct machine_run *r)
{
	bool drains =
	    json_str(r->p.tree, "status/nodeRef/name", NULL) != NULL &&
	    !core_deleting(r->cluster) && r->p.found == INFRA_FOUND &&
	    !core_deleting(r->p.infra);

	return machine_has_hook(r, "pre-terminate.delete.hook.machine." CAPI) ||
	       (drains &&
		   machine_has_hook(r, "pre-drain.delete.hook.machine." CAPI));
}

static bool
machine_delete_path(struct machine_run *r, const char *fmt_path)
{
	core_write(r->p.o, "DELETE", fmt_path, NULL, NULL);
	r->p.o->again = true;
	return true;
}

/* In its own cluster, once, and not where all of it goes. */
static bool
machine_remote_node(struct machine_run *r, const char *node)
{
	if (node == NULL || r->p.o->node_deleted || core_deleting(r->cluster))
		return false;
	r->p.o->node_deleted = true;
	core_remote_delete(r->p.c, r->cluster_key, node);
	core_kick(r->p.o);
	return true;
}

static bool
machine_leftovers(struct machine_run *r)
{
	char *key = xasprintf("%s/%s", r->p.ns, r->p.name), *path = NULL;
	/* The user's own Secret stays. */
	bool secret = json_obj(r->p.tree, "spec/bootstrap/configRef") != NULL &&
		      core_cache_get(r->p.c->secrets, key) != NULL;
	const char *node = json_str(r->p.tree, "status/nodeRef/name", NULL);
	bool there = false; /* one that no path of ours leads to */

	if (secret)
		path = xasprintf(
		    "/api/v1/namespaces/%s/secrets/%s", r->p.ns, r->p.name);
	else if (r->p.c->o.remote_nodes)
		there = machine_remote_node(r, node);
	else if (node != NULL && core_cache_get(r->p.c->nodes, node) != NULL) {
		path = xasprintf("/api/v1/nodes/%s", node);
		core_node_gone(r->p.c, node);
	}
	xfree(key);
	if (path == NULL)
		return there;
	(void)machine_delete_path(r, path);
	xfree(path);
	return true;
}

static void
machine_delete(struct machine_run *r)
{
	if (machine_hooked(r))
		return;
	if (r->p.found == INFRA_FOUND) {
		if (!core_deleting(r->p.infra))
			core_write(
			    r->p.o, "DELETE", r->p.infra_path, NULL, NULL);
		else
			core_mirror_ready(
			    r->p.c, r->p.status, r->p.tree, r->p.infra, true);
		return;
	}
	/* Without the contract's label the real core cannot even look. */
	if (r->p.found != INFRA_MISSING || machine_leftovers(r) ||
	    !core_has_finalizer(r->p.tree, MACHINE_FINALIZER))
		return;
	machine_patch(r, r->p.path,
	    core_finalizer_patch(r->p.tree, MACHINE_FINALIZER, false));
}

static const char *
machine_phase(const struct machine_run *r)
{
	if (core_deleting(r->p.tree))
		return "Deleting";
	if (json_str(r->p.status, "nodeRef/name", NULL) != NULL)
		return "Running";
	if (json_str(r->p.tree, "spec/providerID", NULL) != NULL)
		return "Provisioned";
	if (json_str(r->p.tree, "spec/bootstrap/dataSecretName", NULL) != NULL)
		return "Provisioning";
	return "Pending";
}

static void
machine_reconcile(struct machine_run *r)
{
	bool paused, changed;

	if (r->cluster == NULL)
		return; /* as the real one: an error and a retry */
	if (machine_finalizer(r))
		return;
	paused =
	    core_paused(r->p.c, r->p.status, r->p.tree, r->cluster, &changed);
	if (!paused && !changed && core_deleting(r->p.tree))
		machine_delete(r);
	else if (!paused && !changed && !machine_labelled(r) &&
		 !machine_bootstrap(r))
		machine_infrastructure(r);
	json_set_str(r->p.status, "phase", machine_phase(r));
	if (r->p.o->busy == 0)
		(void)core_status(r->p.o, r->p.path, r->p.tree, r->p.status);
}

/* Another object of the same name inherits nothing. */
static void
machine_same_life(struct core_object *o, const cJSON *tree)
{
	const char *uid = json_str(tree, "metadata/uid", "");

	if (str_eq(o->uid, uid))
		return;
	xreplace(&o->uid, uid);
	o->node_deleted = false;
	xreplace(&o->provider_id, json_str(tree, "spec/providerID", NULL));
}

void
core_machine_run(struct core_object *o)
{
	struct machine_run r = { 0 };
	char *key;

	if (!core_pass_start(&r.p, o, o->c->machines, "machines"))
		return;
	machine_same_life(o, r.p.tree);
	r.cluster_name = json_str(r.p.tree, "spec/clusterName", "");
	key = xasprintf("%s/%s", r.p.ns, r.cluster_name);
	r.cluster = core_cache_get(o->c->clusters, key);
	r.cluster_key = key;
	machine_reconcile(&r);
	xfree(key);
	core_pass_fini(&r.p);
}
