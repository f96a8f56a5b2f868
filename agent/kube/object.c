/* Questions to object trees, and the patches that change their metadata. */
#include "agent/kube/object.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

cJSON *
kobj_parse(const char *text, size_t n, struct err *e)
{
	static const struct json_leave unread = { "metadata", "managedFields" };

	return json_parse_without(text, n, &unread, e);
}

bool
kobj_key_make(const char *ns, const char *name, char out[KOBJ_KEY_CAP])
{
	size_t n = str_empty(ns) ? 0 : strlen(ns) + 1;

	out[0] = '\0';
	if (str_empty(name) || n >= KOBJ_KEY_CAP)
		return false;
	if (!str_copy(out + n, KOBJ_KEY_CAP - n, name)) {
		out[0] = '\0';
		return false;
	}
	if (n > 0) {
		memcpy(out, ns, n - 1);
		out[n - 1] = '/';
	}
	return true;
}

bool
kobj_key(const cJSON *o, char out[KOBJ_KEY_CAP])
{
	return kobj_key_make(kobj_ns(o), kobj_name(o), out);
}

bool
kobj_key_split(const char *key, char ns[256], char name[256])
{
	const char *slash = strchr(key, '/');

	ns[0] = '\0';
	name[0] = '\0';
	if (slash == NULL)
		return key[0] != '\0' && str_copy(name, 256, key);
	return slash != key && slash[1] != '\0' &&
	       str_format(ns, 256, "%.*s", (int)(slash - key), key) &&
	       str_copy(name, 256, slash + 1);
}

static const cJSON *
meta(const cJSON *o)
{
	const cJSON *m = o == NULL ? NULL : json_child(o, "metadata");

	return cJSON_IsObject(m) ? m : NULL;
}

/* A string member of an object, else "". */
static const char *
text_of(const cJSON *obj, const char *key)
{
	const cJSON *v = obj == NULL ? NULL : json_child(obj, key);

	return v != NULL && cJSON_IsString(v) ? v->valuestring : "";
}

const char *
kobj_name(const cJSON *o)
{
	return text_of(meta(o), "name");
}

const char *
kobj_ns(const cJSON *o)
{
	return text_of(meta(o), "namespace");
}

const char *
kobj_uid(const cJSON *o)
{
	return text_of(meta(o), "uid");
}

const char *
kobj_rv(const cJSON *o)
{
	return text_of(meta(o), "resourceVersion");
}

const char *
kobj_kind(const cJSON *o)
{
	return text_of(o, "kind");
}

const char *
kobj_api_version(const cJSON *o)
{
	return text_of(o, "apiVersion");
}

int64_t
kobj_generation(const cJSON *o)
{
	return json_i64(o, "metadata/generation", 0);
}

bool
kobj_deleting(const cJSON *o)
{
	return text_of(meta(o), "deletionTimestamp")[0] != '\0';
}

bool
kobj_created_us(const cJSON *o, int64_t *wall_us)
{
	return rfc3339_parse(text_of(meta(o), "creationTimestamp"), wall_us);
}

bool
kobj_deleted_us(const cJSON *o, int64_t *wall_us)
{
	return rfc3339_parse(text_of(meta(o), "deletionTimestamp"), wall_us);
}

/* The value under metadata.<map>.<key>; NULL if it is no string. */
static const char *
meta_map_get(const cJSON *o, const char *map, const char *key)
{
	const cJSON *m = meta(o);
	const cJSON *v;

	m = m == NULL ? NULL : json_child(m, map);
	if (!cJSON_IsObject(m))
		return NULL;
	v = json_child(m, key);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

const char *
kobj_annotation(const cJSON *o, const char *key)
{
	return meta_map_get(o, "annotations", key);
}

const char *
kobj_label(const cJSON *o, const char *key)
{
	return meta_map_get(o, "labels", key);
}

static const cJSON *
meta_list(const cJSON *o, const char *key)
{
	const cJSON *m = meta(o);

	m = m == NULL ? NULL : json_child(m, key);
	return cJSON_IsArray(m) ? m : NULL;
}

/* Index of the finalizer, or -1. */
static int
finalizer_index(const cJSON *o, const char *finalizer)
{
	const cJSON *l = meta_list(o, "finalizers"), *it;
	int i = 0;

	cJSON_ArrayForEach (it, l) {
		if (cJSON_IsString(it) && str_eq(it->valuestring, finalizer))
			return i;
		i++;
	}
	return -1;
}

bool
kobj_has_finalizer(const cJSON *o, const char *finalizer)
{
	return finalizer_index(o, finalizer) >= 0;
}

size_t
kobj_finalizers(const cJSON *o)
{
	const cJSON *l = meta_list(o, "finalizers");

	return l == NULL ? 0 : (size_t)cJSON_GetArraySize(l);
}

void
kobj_api_group(const char *api_version, char out[256])
{
	const char *slash = strchr(api_version, '/');

	out[0] = '\0';
	if (slash != NULL && !str_format(out, 256, "%.*s",
				 (int)(slash - api_version), api_version))
		out[0] = '\0';
}

const cJSON *
kobj_owner(const cJSON *o, const char *kind, const char *group)
{
	const cJSON *l = meta_list(o, "ownerReferences"), *it;
	char g[256];

	cJSON_ArrayForEach (it, l) {
		if (!cJSON_IsObject(it))
			continue;
		kobj_api_group(text_of(it, "apiVersion"), g);
		if (str_eq(text_of(it, "kind"), kind) && str_eq(g, group))
			return it;
	}
	return NULL;
}

const cJSON *
kobj_owner_by_uid(const cJSON *o, const char *uid)
{
	const cJSON *l = meta_list(o, "ownerReferences"), *it;

	cJSON_ArrayForEach (it, l) {
		if (cJSON_IsObject(it) && str_eq(text_of(it, "uid"), uid))
			return it;
	}
	return NULL;
}

/* ---- patches -------------------------------------------------------------- */

static void
op_add(cJSON *ops, const char *op, const char *path, cJSON *value)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "op", op);
	json_set_str(o, "path", path);
	if (value != NULL)
		json_set(o, "value", value);
	cJSON_AddItemToArray(ops, o);
}

static cJSON *
ops_new(const cJSON *o)
{
	cJSON *ops = cJSON_CreateArray();

	op_add(ops, "test", "/metadata/resourceVersion",
	    cJSON_CreateString(kobj_rv(o)));
	return ops;
}

cJSON *
kobj_finalizer_add_patch(const cJSON *o, const char *finalizer)
{
	cJSON *ops, *list;

	if (kobj_has_finalizer(o, finalizer))
		return NULL;
	ops = ops_new(o);
	if (meta_list(o, "finalizers") != NULL) {
		op_add(ops, "add", "/metadata/finalizers/-",
		    cJSON_CreateString(finalizer));
		return ops;
	}
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, cJSON_CreateString(finalizer));
	op_add(ops, "add", "/metadata/finalizers", list);
	return ops;
}

cJSON *
kobj_finalizer_remove_patch(const cJSON *o, const char *finalizer)
{
	int i = finalizer_index(o, finalizer);
	char path[64];
	cJSON *ops;

	if (i < 0)
		return NULL;
	ops = ops_new(o);
	(void)str_format(path, sizeof(path), "/metadata/finalizers/%d", i);
	/* The test of the entry is implied by that of the version; it stands
	 * there for whoever reads an audit log. */
	op_add(ops, "test", path, cJSON_CreateString(finalizer));
	op_add(ops, "remove", path, NULL);
	return ops;
}

cJSON *
kobj_with_label(cJSON *patch, const cJSON *o, const char *key)
{
	const char *slash = strchr(key, '/'); /* a key has one at most */
	cJSON *labels;
	char *path;

	if (kobj_label(o, key) != NULL)
		return patch;
	if (patch == NULL)
		patch = ops_new(o);
	if (json_obj(o, "metadata/labels") == NULL) {
		labels = cJSON_CreateObject();
		json_set_str(labels, key, "");
		op_add(patch, "add", "/metadata/labels", labels);
		return patch;
	}
	path = slash == NULL ? xasprintf("/metadata/labels/%s", key)
			     : xasprintf("/metadata/labels/%.*s~1%s",
				   (int)(slash - key), key, slash + 1);
	op_add(patch, "add", path, cJSON_CreateString(""));
	xfree(path);
	return patch;
}

cJSON *
kobj_patch_base(const cJSON *o)
{
	cJSON *p = cJSON_CreateObject();

	json_set_str(
	    json_ensure_obj(p, "metadata"), "resourceVersion", kobj_rv(o));
	return p;
}

void
kobj_finalizer_merge(
    cJSON *patch, const cJSON *o, const char *finalizer, bool have)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *f;

	cJSON_ArrayForEach (f, meta_list(o, "finalizers"))
		if (cJSON_IsString(f) && !str_eq(f->valuestring, finalizer))
			cJSON_AddItemToArray(list, json_dup(f));
	if (have)
		cJSON_AddItemToArray(list, cJSON_CreateString(finalizer));
	json_set(json_ensure_obj(patch, "metadata"), "finalizers", list);
}

static cJSON *
meta_map_patch(
    const cJSON *o, const char *map, const char *key, const char *value)
{
	const char *now = meta_map_get(o, map, key);
	cJSON *p, *m;

	if (str_eq(now, value))
		return NULL;
	p = kobj_patch_base(o);
	m = cJSON_CreateObject();
	json_set(m, key,
	    value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value));
	json_set(json_ensure_obj(p, "metadata"), map, m);
	return p;
}

cJSON *
kobj_annotate_patch(const cJSON *o, const char *key, const char *value)
{
	return meta_map_patch(o, "annotations", key, value);
}

cJSON *
kobj_label_patch(const cJSON *o, const char *key, const char *value)
{
	return meta_map_patch(o, "labels", key, value);
}

cJSON *
kobj_status_dup(const cJSON *o)
{
	const cJSON *s = o == NULL ? NULL : json_child(o, "status");

	return cJSON_IsObject(s) ? json_dup(s) : cJSON_CreateObject();
}

cJSON *
kobj_status_patch(const cJSON *o, const cJSON *new_status)
{
	cJSON *none = cJSON_CreateObject();
	const cJSON *was = o == NULL ? NULL : json_child(o, "status");
	cJSON *diff, *p = NULL;

	diff = json_merge_diff(cJSON_IsObject(was) ? was : none,
	    new_status != NULL ? new_status : none);
	if (diff != NULL) {
		p = kobj_patch_base(o);
		json_set(p, "status", diff);
	}
	cJSON_Delete(none);
	return p;
}
