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

/* "v1beta2": major 1, stage 1 (GA 2, beta 1, alpha 0), minor 2; others sort
 * below, as kubectl has it. */
static int64_t
infra_rank(const char *v)
{
	static const char *const stages[] = { "alpha", "beta" };
	unsigned major = 0, minor = 0, stage = 2;
	const char *p = v + 1;

	if (v[0] != 'v' || p[0] < '1' || p[0] > '9')
		return -1;
	while (*p >= '0' && *p <= '9' && major < 10000)
		major = major * 10 + (unsigned)(*p++ - '0');
	for (unsigned i = 0; i < 2 && *p != '\0'; i++)
		if (str_has_prefix(p, stages[i])) {
			stage = i;
			p += strlen(stages[i]);
			break;
		}
	while (*p >= '0' && *p <= '9' && minor < 10000)
		minor = minor * 10 + (unsigned)(*p++ - '0');
	return *p != '\0' ? -1
			  : ((int64_t)stage * 20000 + major) * 20000 + minor;
}

char *
core_newest_version(const char *versions)
{
	char *best = NULL;
	const char *at = versions, *end;

	while (at != NULL && *at != '\0') {
		size_t n;
		char *one;

		end = strchr(at, '_');
		n = end == NULL ? strlen(at) : (size_t)(end - at);
		one = xstrndup(at, n);
		if (n > 0 &&
		    (best == NULL || infra_rank(one) > infra_rank(best))) {
			xfree(best);
			best = one;
		} else {
			xfree(one);
		}
		at = end == NULL ? NULL : end + 1;
	}
	return best;
}

/* Owned; NULL without the contract's label. */
static char *
infra_version(const cJSON *crd)
{
	const cJSON *labels = json_obj(crd, "metadata/labels");
	const cJSON *v = json_child(labels, CONTRACT_LABEL);

	return cJSON_IsString(v) ? core_newest_version(v->valuestring) : NULL;
}

/* Its cache; a CRD that moved on to another version gets a new one. */
static struct core_cache *
infra_cache(
    struct core *c, const char *group, const char *kind, const char *target)
{
	char *id = xasprintf("%s/%s %s", group, kind, target);
	struct core_cache *cache = map_get(&c->infra, id);

	if (cache == NULL) {
		cache =
		    core_cache_new(c->env, c->api, target, infra_changed, c);
		(void)map_put(&c->infra, id, cache); /* it was not there */
	}
	xfree(id);
	return cache;
}

char *
core_infra_path(const struct core *c, const char *group, const char *kind,
    const char *ns, char **api_version)
{
	const cJSON *crd = infra_crd(c, group, kind);
	char *version = infra_version(crd), *path = NULL;

	if (version != NULL) {
		path = xasprintf("/apis/%s/%s/namespaces/%s/%s", group, version,
		    ns, json_str(crd, "spec/names/plural", ""));
		if (api_version != NULL)
			*api_version = xasprintf("%s/%s", group, version);
	}
	xfree(version);
	return path;
}

enum core_infra
core_infra_get(struct core *c, const char *ns, const cJSON *ref,
    const cJSON **object, char **path)
{
	const char *group = json_str(ref, "apiGroup", "");
	const char *kind = json_str(ref, "kind", "");
	const char *name = json_str(ref, "name", "");
	const cJSON *crd = infra_crd(c, group, kind);
	const char *plural = json_str(crd, "spec/names/plural", "");
	char *version, *key;
	struct core_cache *cache;

	*object = NULL;
	*path = NULL;
	if (ref == NULL)
		return INFRA_NO_REF;
	if (!core_cache_synced(c->crds))
		return INFRA_LISTING;
	version = infra_version(crd);
	if (version == NULL)
		return INFRA_NO_CRD;
	key = xasprintf("/apis/%s/%s/%s", group, version, plural);
	cache = infra_cache(c, group, kind, key);
	xfree(key);
	key = xasprintf("%s/%s", ns, name);
	*object = core_cache_get(cache, key);
	xfree(key);
	if (*object != NULL)
		*path = xasprintf("/apis/%s/%s/namespaces/%s/%s/%s", group,
		    version, ns, plural, name);
	xfree(version);
	if (*object != NULL)
		return INFRA_FOUND;
	return core_cache_synced(cache) ? INFRA_MISSING : INFRA_LISTING;
}

/* A field of another type, null as well, breaks the contract. */
static bool
strict_got(struct core *c, const cJSON *o, const char *path, enum json_got got,
    const char *type)
{
	if (got == JSON_NULL || got == JSON_WRONG)
		core_problem(c, "%s of %s is not %s", path,
		    json_str(o, "metadata/name", ""), type);
	return got == JSON_GOT;
}

bool
core_strict_bool(struct core *c, const cJSON *o, const char *path, bool *out)
{
	return strict_got(c, o, path, json_get_bool(o, path, out), "a boolean");
}

bool
core_strict_str(
    struct core *c, const cJSON *o, const char *path, const char **out)
{
	return strict_got(c, o, path, json_get_str(o, path, out), "a string");
}

bool
core_strict_i64(struct core *c, const cJSON *o, const char *path, int64_t *out)
{
	return strict_got(c, o, path, json_get_i64(o, path, out), "an integer");
}

const cJSON *
core_strict_list(struct core *c, const cJSON *o, const char *path)
{
	const cJSON *list = json_at(o, path);

	if (list != NULL && !cJSON_IsArray(list)) {
		core_problem(c, "%s of %s is not a list", path,
		    json_str(o, "metadata/name", ""));
		return NULL;
	}
	return list;
}
