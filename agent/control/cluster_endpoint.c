/* See cluster_endpoint.h. */
#include "agent/control/cluster_endpoint.h"

#include <stdint.h>
#include <string.h>

#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

#define ENDPOINT_PORT 6443 /* kubeadm's, and what the CRD names */

struct endpoint_pick {
	const struct controllers *c;
	int64_t created_us;
	char host[254]; /* "" = none yet */
};

/* The first InternalIP: a name need not resolve where the endpoint is used. */
static const char *
endpoint_address(const cJSON *machine)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, json_arr(machine, "status/addresses"))
		if (str_eq(json_str(a, "type", ""), "InternalIP"))
			return json_str(a, "address", NULL);
	return NULL;
}

/* By its own label, which KubeadmControlPlane passes on, or by its Machine's. */
static bool
endpoint_control_plane(const struct controllers *c, const cJSON *machine)
{
	const cJSON *owner = kobj_owner(machine, "Machine", CAPI_GROUP);
	const cJSON *tree = NULL;
	char key[KOBJ_KEY_CAP];
	bool is = kobj_label(machine, LABEL_CONTROL_PLANE) != NULL;

	if (!is && owner != NULL &&
	    kobj_key_make(kobj_ns(machine), json_str(owner, "name", ""), key))
		tree = informer_get(c->capi_machines, key);
	is = is ||
	     (tree != NULL && kobj_label(tree, LABEL_CONTROL_PLANE) != NULL);
	json_drop(tree);
	return is;
}

/* The oldest; keys come in order, so that of equal ones it is the first. */
static bool
endpoint_look(void *arg, const char *key)
{
	struct endpoint_pick *p = arg;
	const cJSON *machine = informer_get(p->c->machines, key);
	const char *address = endpoint_address(machine);
	int64_t created = INT64_MAX;

	if (machine != NULL)
		(void)kobj_created_us(machine, &created);
	if (!str_empty(address) && strlen(address) < sizeof(p->host) &&
	    !kobj_deleting(machine) &&
	    (p->host[0] == '\0' || created < p->created_us) &&
	    endpoint_control_plane(p->c, machine)) {
		(void)str_copy(p->host, sizeof(p->host), address);
		p->created_us = created;
	}
	json_drop(machine);
	return true;
}

cJSON *
cluster_endpoint_patch(
    const struct controllers *c, const cJSON *tree, const char *cluster)
{
	struct endpoint_pick p = { .c = c };
	const char *host = json_str(tree, "spec/controlPlaneEndpoint/host", "");
	cJSON *patch, *end;
	char key[KOBJ_KEY_CAP];

	if (str_empty(cluster) || !kobj_key_make(kobj_ns(tree), cluster, key))
		return NULL;
	/* Half of it may be the user's: a name for it, or another port. */
	if (str_empty(host)) {
		links_each(&c->by_cluster, key, endpoint_look, &p);
		host = p.host;
	}
	if (str_empty(host))
		return NULL;
	patch = kobj_patch_base(tree);
	end = json_ensure_obj(
	    json_ensure_obj(patch, "spec"), "controlPlaneEndpoint");
	json_set_str(end, "host", host);
	if (json_i64(tree, "spec/controlPlaneEndpoint/port", 0) <= 0)
		json_set_i64(end, "port", ENDPOINT_PORT);
	return patch;
}

void
cluster_endpoint_wake(struct controllers *c, const cJSON *old, const cJSON *now)
{
	const char *cluster = kobj_label(now, LABEL_CLUSTER_NAME), *infra;
	const cJSON *tree;
	char key[KOBJ_KEY_CAP];

	if (cluster == NULL || !kobj_key_make(kobj_ns(now), cluster, key) ||
	    json_equal(json_at(old, "status/addresses"),
		json_at(now, "status/addresses")))
		return;
	tree = informer_get(c->capi_clusters, key);
	infra = json_str(tree, "spec/infrastructureRef/name", NULL);
	if (infra != NULL && kobj_key_make(kobj_ns(now), infra, key))
		workq_add(c->cluster_q, key);
	json_drop(tree);
}
