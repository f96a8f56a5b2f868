/* See relation.h. */
#include "agent/control/relation.h"

#include <cjson/cJSON.h>

#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"

const cJSON *
relation_get(struct informer *inf, const char *ns, const char *name)
{
	char key[KOBJ_KEY_CAP];

	return name != NULL && kobj_key_make(ns, name, key)
		   ? informer_get(inf, key)
		   : NULL;
}

bool
relation_machine(const struct controllers *c, const char *ns, const char *name,
    struct machine *out)
{
	char key[KOBJ_KEY_CAP];
	const cJSON *tree;

	if (name == NULL || !kobj_key_make(ns, name, key)) {
		machine_view_fini(out);
		return false;
	}
	if (informer_holds(c->machines, key, out->uid, out->rv))
		return true;
	machine_view_fini(out);
	tree = informer_get(c->machines, key);
	if (tree == NULL)
		return false;
	machine_view_init(out, key, tree);
	return true;
}

const char *
relation_cluster_name(const struct machine *m, const cJSON *owner)
{
	const char *name =
	    owner == NULL ? NULL : kobj_label(owner, LABEL_CLUSTER_NAME);

	if (name == NULL)
		name = json_str(owner, "spec/clusterName", NULL);
	return name != NULL ? name : m->cluster;
}

bool
relation_cluster_paused(
    const struct controllers *c, const char *ns, const char *cluster)
{
	const cJSON *tree = relation_get(c->capi_clusters, ns, cluster);
	bool paused = json_bool(tree, "spec/paused", false);

	json_drop(tree);
	return paused;
}

bool
relation_machine_paused(const struct controllers *c, const struct machine *m)
{
	/* Core labels the object; where it did not yet, its Machine knows. */
	const cJSON *owner = m->cluster != NULL ? NULL
						: relation_get(c->capi_machines,
						      m->ns, m->owner);
	bool paused =
	    relation_cluster_paused(c, m->ns, relation_cluster_name(m, owner));

	json_drop(owner);
	return paused;
}

struct relation_try {
	const struct controllers *c;
	const struct machine *m;
	struct host *h;
	bool found;
};

/* Two hosts with one consumer cannot be of our making; the claim id tells
 * which one is meant. */
static bool
relation_try_host(void *arg, const char *key)
{
	struct relation_try *t = arg;
	const struct machine *m = t->m;
	const cJSON *tree = informer_get(t->c->hosts, key);

	if (tree == NULL)
		return true;
	host_init(t->h, key, tree);
	t->found =
	    consumer_same(&t->h->spec.consumer, m->ns, m->name, m->claim_id);
	if (!t->found)
		host_fini(t->h);
	return !t->found;
}

bool
relation_host(
    const struct controllers *c, const struct machine *m, struct host *h)
{
	struct relation_try t = { c, m, h, false };

	links_each(&c->index.consumers, m->key, relation_try_host, &t);
	return t.found;
}
