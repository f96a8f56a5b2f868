#include "sim/kube/kept.h"

#include "common/json.h"

#define KEPT_TEXT ((size_t)16 << 20) /* bytes of their texts, in all */

void
ks_kept_init(struct ks_kept *k)
{
	TAILQ_INIT(&k->list);
	k->bytes = 0;
}

void
ks_kept_put(struct ks_kept *k, struct ks_object *o, const cJSON *tree)
{
	if (o->tree != NULL || o->n > KEPT_TEXT) {
		json_drop(tree);
		return;
	}
	o->tree = tree;
	o->kept = k;
	TAILQ_INSERT_HEAD(&k->list, o, kept_link);
	k->bytes += o->n;
	while (k->bytes > KEPT_TEXT)
		ks_kept_drop(TAILQ_LAST(&k->list, ks_kept_list));
}

const cJSON *
ks_kept_hold(struct ks_kept *k, struct ks_object *o)
{
	const cJSON *tree;

	if (o->tree == NULL) {
		tree = ks_object_tree(o);
		ks_kept_put(k, o, json_hold(tree));
		return tree;
	}
	TAILQ_REMOVE(&k->list, o, kept_link);
	TAILQ_INSERT_HEAD(&k->list, o, kept_link);
	return json_hold(o->tree);
}

void
ks_kept_drop(struct ks_object *o)
{
	if (o->tree == NULL)
		return;
	TAILQ_REMOVE(&o->kept->list, o, kept_link);
	o->kept->bytes -= o->n;
	json_drop(o->tree);
	o->tree = NULL;
}
