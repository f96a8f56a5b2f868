/*
 * Infrastructure objects: found as the real core finds them, by group and kind
 * through the CRD and its contract label, and read with strict types.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define CONTRACT_LABEL CAPI "/v1beta2"

static const cJSON *
infra_crd(const struct core *c, const char *group, const char *kind)
{
	const struct map *all = core_cache_all(c->crds);

	for (size_t i = 0; i < all->n; i++) {
		const cJSON *crd = all->v[i].value;

		if (str_eq(json_str(crd, "spec/group", ""), group) &&
		    str_eq(json_str(crd, "spec/names/kind", ""), kind))
			return crd;
	}
	return NULL;
}

static void
infra_changed(void *arg, const char *key, const cJSON *tree)
{
	(void)key;
	core_infra_changed(arg, tree);
}

/* The label's newest version; our own label has one. */
static const char *
infra_version(const cJSON *crd)
{
	const cJSON *labels = json_obj(crd, "metadata/labels");
	const cJSON *v = json_child(labels, CONTRACT_LABEL);
	const char *last;

	if (!cJSON_IsString(v) || v->valuestring[0] == '\0')
		return NULL;
	last = strrchr(v->valuestring, '_');
	return last == NULL ? v->valuestring : last + 1;
}

enum core_infra
core_infra_get(struct core *c, const char *ns, const cJSON *ref,
    const cJSON **object, char **path)
{
	const char *group = json_str(ref, "apiGroup", "");
	const char *kind = json_str(ref, "kind", "");
	const char *name = json_str(ref, "name", "");
	const cJSON *crd = infra_crd(c, group, kind);
	const char *version = infra_version(crd);
	const char *plural = json_str(crd, "spec/names/plural", "");
	char *id = xasprintf("%s/%s", group, kind), *key;
	struct core_cache *cache = map_get(&c->infra, id);

	*object = NULL;
	*path = NULL;
	if (version == NULL) {
		xfree(id);
		return INFRA_NO_CRD;
	}
	if (cache == NULL) {
		key = xasprintf("/apis/%s/%s/%s", group, version, plural);
		cache = core_cache_new(c->env, c->api, key, infra_changed, c);
		(void)map_put(&c->infra, id, cache); /* it was not there */
		xfree(key);
	}
	xfree(id);
	key = xasprintf("%s/%s", ns, name);
	*object = core_cache_get(cache, key);
	xfree(key);
	if (*object == NULL)
		return core_cache_synced(cache) ? INFRA_MISSING : INFRA_LISTING;
	*path = xasprintf("/apis/%s/%s/namespaces/%s/%s/%s", group, version, ns,
	    plural, name);
	return INFRA_FOUND;
}

bool
core_strict_bool(struct core *c, const cJSON *o, const char *path, bool *out)
{
	switch (json_get_bool(o, path, out)) {
	case JSON_GOT:
		return true;
	case JSON_ABSENT:
		return false;
	case JSON_NULL:
	case JSON_WRONG:
		break;
	}
	core_problem(c, "%s of %s is not a boolean", path,
	    json_str(o, "metadata/name", ""));
	return false;
}

bool
core_strict_str(
    struct core *c, const cJSON *o, const char *path, const char **out)
{
	switch (json_get_str(o, path, out)) {
	case JSON_GOT:
		return true;
	case JSON_ABSENT:
		return false;
	case JSON_NULL:
	case JSON_WRONG:
		break;
	}
	core_problem(c, "%s of %s is not a string", path,
	    json_str(o, "metadata/name", ""));
	return false;
}
