/*
 * Trees of the objects that were heard of or read last: who is woken by a change
 * reads the object soon, and all machines of a cluster read one Cluster.
 */
#include "agent/kube/informer_impl.h"
#include "common/json.h"
#include "common/mem.h"

void
kept_add(struct informer *inf, struct cached *c, const cJSON *tree)
{
	c->tree = json_hold(tree);
	TAILQ_INSERT_HEAD(&inf->kept, c, link);
	if (inf->n_kept++ >= KEPT_TREES)
		kept_drop(inf, TAILQ_LAST(&inf->kept, kept_list));
}

void
kept_drop(struct informer *inf, struct cached *c)
{
	if (c->tree == NULL)
		return;
	TAILQ_REMOVE(&inf->kept, c, link);
	inf->n_kept--;
	json_drop(c->tree);
	c->tree = NULL;
}

const cJSON *
kept_hold(struct informer *inf, struct cached *c)
{
	const cJSON *tree;

	if (c->tree == NULL) {
		tree = json_parse(c->text, c->n, NULL); /* we printed it */
		if (tree != NULL)
			kept_add(inf, c, tree);
		return tree;
	}
	TAILQ_REMOVE(&inf->kept, c, link);
	TAILQ_INSERT_HEAD(&inf->kept, c, link);
	return json_hold(c->tree);
}

void
cached_free(struct informer *inf, struct cached *c)
{
	if (c == NULL)
		return;
	kept_drop(inf, c);
	xfree(c);
}
