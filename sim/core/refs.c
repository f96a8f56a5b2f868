/*
 * Who refers to an infrastructure object, by the reference, not by the owner:
 * there is none at first. An entry is a hint that is looked at again when it is
 * used: what refers elsewhere by now, or is gone, leaves then.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

/* "kind ns/name " and the key of what refers to it; no name has a space. */
static char *
refs_prefix(const char *kind, const char *ns, const char *name)
{
	return xasprintf("%s %s/%s ", kind, ns, name);
}

static char *
refs_of(const cJSON *tree)
{
	const cJSON *ref = json_obj(tree, "spec/infrastructureRef");

	return refs_prefix(json_str(ref, "kind", ""),
	    json_str(tree, "metadata/namespace", ""),
	    json_str(ref, "name", ""));
}

void
core_refs_note(struct map *refs, const char *key, const cJSON *tree)
{
	char *prefix = refs_of(tree);
	char *id = xasprintf("%s%s", prefix, key);

	(void)map_put(refs, id, refs); /* a set */
	xfree(id);
	xfree(prefix);
}

/* The tree that key names refers to what prefix says. */
static bool
refs_still(const struct core_cache *from, const char *key, const char *prefix)
{
	const cJSON *tree = core_cache_get(from, key);
	char *now = tree == NULL ? NULL : refs_of(tree);
	bool same = now != NULL && str_eq(now, prefix);

	xfree(now);
	return same;
}

void
core_refs_each(struct map *refs, const struct core_cache *from,
    const cJSON *infra, struct core *c,
    void (*fn)(struct core *c, const char *key))
{
	char *prefix = refs_prefix(json_str(infra, "kind", ""),
	    json_str(infra, "metadata/namespace", ""),
	    json_str(infra, "metadata/name", ""));
	size_t i = map_lower(refs, prefix);

	while (i < refs->n && str_has_prefix(refs->v[i].key, prefix)) {
		const char *key = refs->v[i].key + strlen(prefix);

		if (refs_still(from, key, prefix)) {
			fn(c, key);
			i++;
		} else {
			(void)map_take(refs, refs->v[i].key); /* the set's */
		}
	}
	xfree(prefix);
}

/* ---- by spec.providerID, of Machines and Nodes ---------------------------- */

static const char *
refs_id(const cJSON *tree)
{
	return json_str(tree, "spec/providerID", "");
}

void
core_ids_note(struct map *ids, const char *key, const cJSON *tree)
{
	char *entry;

	if (refs_id(tree)[0] == '\0')
		return;
	entry = xasprintf("%s %s", refs_id(tree), key);
	(void)map_put(ids, entry, ids); /* a set */
	xfree(entry);
}

void
core_ids_each(const struct map *ids, const struct core_cache *from,
    const char *id, bool (*fn)(void *arg, const char *key, const cJSON *tree),
    void *arg)
{
	char *prefix = xasprintf("%s ", id);

	for (size_t i = map_lower(ids, prefix);
	     i < ids->n && str_has_prefix(ids->v[i].key, prefix); i++) {
		const char *key = ids->v[i].key + strlen(prefix);
		const cJSON *tree = core_cache_get(from, key);

		if (tree != NULL && str_eq(refs_id(tree), id) &&
		    !fn(arg, key, tree))
			break;
	}
	xfree(prefix);
}
