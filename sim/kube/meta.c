#include "sim/kube/meta.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static const char *const members[] = { "name", "generateName", "namespace",
	"selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
	"deletionTimestamp", "deletionGracePeriodSeconds", "labels",
	"annotations", "ownerReferences", "finalizers", "managedFields" };

cJSON *
ks_meta(cJSON *obj)
{
	cJSON *meta = json_child(obj, "metadata");

	if (cJSON_IsObject(meta))
		return meta;
	meta = cJSON_CreateObject();
	json_set(obj, "metadata", meta);
	return meta;
}

static bool
known(const char *key)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (str_eq(members[i], key))
			return true;
	return false;
}

static void
note_unknown(struct schema_unknown *unknown, const char *key)
{
	if (unknown->n >= 100)
		return;
	unknown->v = xreallocarray(unknown->v, unknown->n + 1, sizeof(char *));
	unknown->v[unknown->n++] = xasprintf("metadata.%s", key);
}

void
ks_meta_prune(cJSON *meta, struct schema_unknown *unknown)
{
	cJSON *c, *next;

	for (c = meta->child; c != NULL; c = next) {
		bool is_known = known(c->string);
		/* Empty collections are not stored, as in the typed server. */
		bool empty = cJSON_IsNull(c) ||
			     ((cJSON_IsObject(c) || cJSON_IsArray(c)) &&
				 c->child == NULL);

		next = c->next;
		if (!is_known)
			note_unknown(unknown, c->string);
		if (!is_known || empty)
			cJSON_Delete(cJSON_DetachItemViaPointer(meta, c));
	}
}

void
ks_meta_generate_name(cJSON *meta, struct entropy ent)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const char *base = json_str(meta, "generateName", NULL);
	unsigned char raw[5];
	char *name;

	if (str_empty(base) || !str_empty(json_str(meta, "name", NULL)))
		return;
	ent.fill(ent.self, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)letters[raw[i] % (sizeof(letters) - 1)];
	/* 63 bytes in all, as names are labels elsewhere. */
	name = xasprintf("%.58s%.5s", base, (const char *)raw);
	json_set_str(meta, "name", name);
	xfree(name);
}

void
ks_meta_create(
    cJSON *meta, struct entropy ent, int64_t wall_us, bool generation)
{
	char uid[37], now[RFC3339_CAP];

	entropy_uuid(ent, uid);
	rfc3339_s(now, wall_us);
	json_set_str(meta, "uid", uid);
	json_set_str(meta, "creationTimestamp", now);
	json_set_str(meta, "resourceVersion", NULL);
	json_set_str(meta, "selfLink", NULL);
	json_set_str(meta, "deletionTimestamp", NULL);
	json_set(meta, "deletionGracePeriodSeconds", NULL);
	json_set(meta, "generation", NULL);
	if (generation)
		json_set_i64(meta, "generation", 1);
}

static void
carry(const cJSON *was, cJSON *meta, const char *key)
{
	const cJSON *v = json_child(was, key);

	json_set(meta, key, v != NULL ? json_dup(v) : NULL);
}

static void
immutable(
    const cJSON *was, cJSON *meta, const char *key, struct field_errors *l)
{
	const cJSON *old = json_child(was, key), *new = json_child(meta, key);
	char path[64];

	if (new == NULL) {
		carry(was, meta, key);
		return;
	}
	if (old != NULL && json_equal(old, new))
		return;
	(void)str_format(path, sizeof(path), "metadata.%s", key);
	field_errors_invalid(l, path, new, "field is immutable");
}

/* No new finalizers once an object is being deleted. */
static void
check_finalizers(const cJSON *was, const cJSON *meta, struct field_errors *l)
{
	const cJSON *c, *o;

	if (json_child(was, "deletionTimestamp") == NULL)
		return;
	cJSON_ArrayForEach (c, json_arr(meta, "finalizers")) {
		bool had = false;

		cJSON_ArrayForEach (o, json_arr(was, "finalizers")) {
			had = had || json_equal(o, c);
		}
		if (!had)
			field_errors_add(l, FIELD_FORBIDDEN,
			    "metadata.finalizers",
			    "no new finalizers can be added if the "
			    "object is being deleted, found new finalizers "
			    "[]string{\"%s\"}",
			    cJSON_IsString(c) ? c->valuestring : "?");
	}
}

void
ks_meta_update(const cJSON *was, cJSON *meta, struct field_errors *l)
{
	immutable(was, meta, "name", l);
	immutable(was, meta, "namespace", l);
	immutable(was, meta, "uid", l);
	carry(was, meta, "creationTimestamp");
	carry(was, meta, "generation");
	carry(was, meta, "deletionTimestamp");
	carry(was, meta, "deletionGracePeriodSeconds");
	carry(was, meta, "generateName");
	json_set_str(meta, "selfLink", NULL);
	check_finalizers(was, meta, l);
}

bool
ks_meta_deleting(const cJSON *obj)
{
	return json_str(obj, "metadata/deletionTimestamp", NULL) != NULL;
}

bool
ks_meta_has_finalizers(const cJSON *obj)
{
	return cJSON_GetArraySize(json_arr(obj, "metadata/finalizers")) > 0;
}

bool
ks_meta_has_finalizer(const cJSON *obj, const char *name)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(obj, "metadata/finalizers")) {
		if (cJSON_IsString(c) && str_eq(c->valuestring, name))
			return true;
	}
	return false;
}

void
ks_meta_add_finalizer(cJSON *obj, const char *name)
{
	cJSON *meta = ks_meta(obj), *list;

	if (ks_meta_has_finalizer(obj, name))
		return;
	list = json_child(meta, "finalizers");
	if (!cJSON_IsArray(list)) {
		list = cJSON_CreateArray();
		json_set(meta, "finalizers", list);
	}
	cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

void
ks_meta_drop_finalizer(cJSON *obj, const char *name)
{
	cJSON *list = json_at_mut(obj, "metadata/finalizers"), *c, *next;

	if (list == NULL)
		return;
	for (c = list->child; c != NULL; c = next) {
		next = c->next;
		if (cJSON_IsString(c) && str_eq(c->valuestring, name))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, c));
	}
	if (list->child == NULL)
		json_set(ks_meta(obj), "finalizers", NULL);
}
