/* See walk.h. */
#include "scenarios/runner/walk.h"

#include <string.h>

#include "common/str.h"

struct walk
walk_start(const struct facts *f, const char *group, const char *resource,
    const char *ns, const char *glob)
{
	struct walk k = { .objects = &f->objects, .glob = glob };

	(void)str_format(k.prefix, sizeof(k.prefix), "%s.%s/%s%s", resource,
	    group, ns == NULL ? "" : ns, ns == NULL ? "" : "/");
	k.next = map_lower(k.objects, k.prefix);
	return k;
}

const struct fact_object *
walk_next(struct walk *k)
{
	while (k->next < k->objects->n) {
		const struct map_entry *at = &k->objects->v[k->next++];
		const struct fact_object *o = at->value;

		if (!str_has_prefix(at->key, k->prefix))
			return NULL;
		k->key = at->key;
		k->name = at->key + strlen(k->prefix);
		if (o->tree != NULL &&
		    (k->glob == NULL || str_glob(k->glob, k->name)))
			return o;
	}
	return NULL;
}
