#include "sim/kube/openapi.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

#define OBJECT_META "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
#define GVK "x-kubernetes-group-version-kind"

static char *
gv_path(const char *group, const char *version)
{
	return group[0] == '\0' ? xasprintf("api/%s", version)
				: xasprintf("apis/%s/%s", group, version);
}

/* ---- the index ---------------------------------------------------------- */

/* Changes with the schemas: clients cache documents by this. */
static uint64_t
hash_of(const struct api_resource *r, uint64_t seed)
{
	char *text;

	seed = str_hash(r->kind, seed);
	seed = str_hash(r->plural, seed);
	if (r->schema == NULL)
		return seed;
	text = json_print(schema_json(r->schema));
	seed = str_hash(text, seed);
	xfree(text);
	return seed;
}

cJSON *
openapi_v3_index(const struct api_resource *r, size_t n)
{
	cJSON *j = cJSON_CreateObject(), *paths = cJSON_CreateObject();
	struct map seen = { 0 };
	uint64_t *hash = xcalloc(n + 1, sizeof(*hash));

	for (size_t i = 0; i < n; i++) {
		char *path = gv_path(r[i].group, r[i].version);
		uint64_t *h = map_get(&seen, path);

		if (h == NULL) {
			h = &hash[i];
			(void)map_put(&seen, path, h);
		}
		*h = hash_of(&r[i], *h);
		xfree(path);
	}
	for (size_t i = 0; i < seen.n; i++) {
		cJSON *p = cJSON_CreateObject();
		char *url = xasprintf("/openapi/v3/%s?hash=%016llX",
		    seen.v[i].key, *(unsigned long long *)seen.v[i].value);

		json_set_str(p, "serverRelativeURL", url);
		json_set(paths, seen.v[i].key, p);
		xfree(url);
	}
	map_free(&seen, NULL);
	xfree(hash);
	json_set(j, "paths", paths);
	return j;
}

/* ---- one group and version ---------------------------------------------- */

/* "infrastructure.cluster.x-k8s.io" gives "io.x-k8s.cluster.infrastructure";
 * builtin kinds keep their well-known prefix. */
static char *
schema_name(const struct api_resource *r)
{
	struct buf b;
	const char *end = r->group + strlen(r->group), *p;

	if (strchr(r->group, '.') == NULL)
		return xasprintf("io.k8s.api.core.%s.%s", r->version, r->kind);
	buf_init(&b, 1024);
	while (end > r->group) {
		for (p = end; p > r->group && p[-1] != '.'; p--)
			;
		(void)buf_add(&b, p, (size_t)(end - p));
		(void)buf_addc(&b, '.');
		end = p > r->group ? p - 1 : p;
	}
	(void)buf_addf(&b, "%s.%s", r->version, r->kind);
	return buf_take(&b, NULL);
}

static cJSON *
reference(const char *name)
{
	cJSON *j = cJSON_CreateObject();
	char *ref = xasprintf("#/components/schemas/%s", name);

	json_set_str(j, "$ref", ref);
	xfree(ref);
	return j;
}

static cJSON *
content(const char *const *types, size_t n, const char *schema)
{
	cJSON *j = cJSON_CreateObject(), *c = cJSON_CreateObject();

	for (size_t i = 0; i < n; i++) {
		cJSON *t = cJSON_CreateObject();

		json_set(t, "schema",
		    schema != NULL ? reference(schema) : cJSON_CreateObject());
		json_set(c, types[i], t);
	}
	json_set(j, "content", c);
	return j;
}

static cJSON *
parameter(const char *name, const char *in, const char *doc)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "name", name);
	json_set_str(j, "in", in);
	json_set_str(j, "description", doc);
	if (str_eq(in, "path"))
		json_set_bool(j, "required", true);
	json_put(j, "schema/type", cJSON_CreateString("string"));
	return j;
}

/* kubectl leaves validation to a server whose PATCH has fieldValidation. */
static cJSON *
write_parameters(void)
{
	static const char *const all[][2] = {
		{ "dryRun", "All: answer, but keep nothing." },
		{ "fieldManager", "Who writes." },
		{ "fieldValidation", "Ignore, Warn or Strict." },
		{ "force", "Apply only: take over the fields of others." },
	};
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)cJSON_AddItemToArray(
		    list, parameter(all[i][0], "query", all[i][1]));
	return list;
}

static const char *const json_type[] = { "application/json" };
/* Builtin kinds only: the last. */
static const char *const patch_types[] = { "application/apply-patch+yaml",
	"application/json-patch+json", "application/merge-patch+json",
	"application/strategic-merge-patch+json" };

static cJSON *
operation(const struct api_resource *r, const char *action, const char *schema)
{
	cJSON *j = cJSON_CreateObject(), *ok;
	bool patch = str_eq(action, "patch");
	bool reads = str_eq(action, "list") || str_eq(action, "get");
	bool body = patch || str_eq(action, "put") || str_eq(action, "post");
	bool core =
	    strstr(r->group, "cluster.x-k8s.io") == NULL &&
	    (r->group[0] == '\0' || str_has_suffix(r->group, ".k8s.io"));

	if (!reads)
		json_set(j, "parameters", write_parameters());
	if (body)
		json_set(j, "requestBody",
		    patch ? content(patch_types, core ? 4 : 3, NULL)
			  : content(json_type, 1, schema));
	ok = content(json_type, 1, str_eq(action, "list") ? NULL : schema);
	json_set_str(ok, "description", "OK");
	json_put(j, "responses/200", ok);
	json_set_str(j, "x-kubernetes-action", action);
	json_set(j, GVK, discovery_gvk(r));
	return j;
}

static cJSON *
path_parameters(const struct api_resource *r, bool named)
{
	cJSON *list = cJSON_CreateArray();

	if (named)
		(void)cJSON_AddItemToArray(
		    list, parameter("name", "path", "Name of the object."));
	if (r->namespaced)
		(void)cJSON_AddItemToArray(
		    list, parameter("namespace", "path", "Namespace."));
	return list;
}

static void
add_paths(cJSON *paths, const struct api_resource *r, const char *schema)
{
	char *gv = gv_path(r->group, r->version);
	char *all = xasprintf("/%s/%s%s", gv,
	    r->namespaced ? "namespaces/{namespace}/" : "", r->plural);
	char *one = xasprintf("%s/{name}", all);
	cJSON *a = cJSON_CreateObject(), *o = cJSON_CreateObject();

	json_set(a, "get", operation(r, "list", schema));
	json_set(a, "post", operation(r, "post", schema));
	json_set(a, "parameters", path_parameters(r, false));
	json_set(o, "get", operation(r, "get", schema));
	json_set(o, "put", operation(r, "put", schema));
	json_set(o, "patch", operation(r, "patch", schema));
	json_set(o, "delete", operation(r, "delete", schema));
	json_set(o, "parameters", path_parameters(r, true));
	json_set(paths, all, a);
	json_set(paths, one, o);
	xfree(gv);
	xfree(all);
	xfree(one);
}

/* metadata points at the one ObjectMeta of the document. */
static cJSON *
meta_reference(void)
{
	cJSON *j = cJSON_CreateObject(), *all = cJSON_CreateArray();

	json_set_str(j, "description", "Name, labels and the like.");
	(void)cJSON_AddItemToArray(all, reference(OBJECT_META));
	json_set(j, "allOf", all);
	return j;
}

static cJSON *
schema_document(const struct api_resource *r)
{
	cJSON *j, *list = cJSON_CreateArray();

	if (r->schema != NULL) {
		j = json_dup(schema_json(r->schema));
	} else {
		j = schema_builtin(r->group, r->kind);
		if (j == NULL) {
			j = cJSON_CreateObject();
			json_set_str(j, "type", "object");
		}
	}
	json_put(j, "properties/apiVersion/type", cJSON_CreateString("string"));
	json_put(j, "properties/kind/type", cJSON_CreateString("string"));
	json_set(json_child(j, "properties"), "metadata", meta_reference());
	(void)cJSON_AddItemToArray(list, discovery_gvk(r));
	json_set(j, GVK, list);
	return j;
}

/* Every builtin has the same metadata; any of them will do. */
static cJSON *
object_meta(void)
{
	cJSON *any = schema_builtin("", "ConfigMap");
	cJSON *j = json_dup(json_at(any, "properties/metadata"));

	cJSON_Delete(any);
	return j;
}

cJSON *
openapi_v3_group_version(const struct api_resource *r, size_t n,
    const char *group, const char *version)
{
	cJSON *j = cJSON_CreateObject(), *paths = cJSON_CreateObject();
	cJSON *schemas = cJSON_CreateObject();

	for (size_t i = 0; i < n; i++) {
		char *name;

		if (!str_eq(r[i].group, group) ||
		    !str_eq(r[i].version, version))
			continue;
		name = schema_name(&r[i]);
		json_set(schemas, name, schema_document(&r[i]));
		add_paths(paths, &r[i], name);
		xfree(name);
	}
	if (schemas->child == NULL) {
		cJSON_Delete(schemas);
		cJSON_Delete(paths);
		cJSON_Delete(j);
		return NULL;
	}
	json_set(schemas, OBJECT_META, object_meta());
	json_set_str(j, "openapi", "3.0.0");
	json_put(j, "info/title", cJSON_CreateString("Kubernetes stand-in"));
	json_put(j, "info/version", cJSON_CreateString("v1.32.0"));
	json_set(j, "paths", paths);
	json_put(j, "components/schemas", schemas);
	return j;
}

/* ---- version 2 ---------------------------------------------------------- */

int
openapi_v2(const char *accept, cJSON **doc)
{
	cJSON *j;

	/* Old clients ask for protobuf alone, which we do not have. */
	if (accept != NULL && strstr(accept, "json") == NULL &&
	    strstr(accept, "*/*") == NULL)
		return 406;
	j = cJSON_CreateObject();
	json_set_str(j, "swagger", "2.0");
	json_put(j, "info/title", cJSON_CreateString("Kubernetes stand-in"));
	json_put(j, "info/version", cJSON_CreateString("v1.32.0"));
	json_set(j, "paths", cJSON_CreateObject());
	json_set(j, "definitions", cJSON_CreateObject());
	*doc = j;
	return 200;
}
