#include "sim/kube/strategic.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

/* patchMergeKey of the lists of the kinds that are served; "" = a list of
 * plain values that merges as a set. By member name: none collide. */
static const struct {
	const char *parent, *list, *key;
} merge_keys[] = {
	{ "metadata", "ownerReferences", "uid" },
	{ "metadata", "finalizers", "" },
	{ "status", "conditions", "type" },
	{ "status", "addresses", "type" },
	{ "spec", "taints", "key" },
	{ "", "secrets", "name" },
};

static const char *
merge_key(const char *parent, const char *list)
{
	for (size_t i = 0; i < sizeof(merge_keys) / sizeof(merge_keys[0]); i++)
		if (str_eq(merge_keys[i].parent, parent) &&
		    str_eq(merge_keys[i].list, list))
			return merge_keys[i].key;
	return NULL;
}

static bool merge_map(
    cJSON *into, const cJSON *patch, const char *name, struct err *e);

static cJSON *
find_equal(const cJSON *list, const cJSON *v)
{
	cJSON *c;

	cJSON_ArrayForEach (c, list) {
		if (json_equal(c, v))
			return c;
	}
	return NULL;
}

static cJSON *
find_keyed(const cJSON *list, const char *key, const cJSON *item)
{
	const cJSON *want = json_child(item, key);
	cJSON *c;

	cJSON_ArrayForEach (c, list) {
		const cJSON *have = json_child(c, key);

		if (have != NULL && want != NULL && json_equal(have, want))
			return c;
	}
	return NULL;
}

/* What is new comes first, in the order of the patch. */
static void
merge_set(cJSON *into, const cJSON *patch)
{
	const cJSON *c;
	size_t n = 0;

	cJSON_ArrayForEach (c, patch) {
		if (find_equal(into, c) == NULL)
			json_insert(into, n++, json_dup(c));
	}
}

static bool
merge_item(cJSON *into, const cJSON *item, const char *key, size_t *n_new,
    struct err *e)
{
	const char *how = json_str(item, "$patch", "");
	cJSON *have, *fresh;

	if (json_child(item, key) == NULL)
		return err_set(e, ERR_SPEC, 0,
		    "map: does not contain declared merge key: %s", key);
	have = find_keyed(into, key, item);
	if (str_eq(how, "delete")) {
		if (have != NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(into, have));
		return true;
	}
	if (have != NULL)
		return merge_map(have, item, "", e);
	fresh = cJSON_CreateObject();
	json_insert(into, (*n_new)++, fresh);
	return merge_map(fresh, item, "", e);
}

static bool
merge_list(cJSON *into, const cJSON *patch, const char *key, struct err *e)
{
	const cJSON *c;
	size_t n_new = 0;

	cJSON_ArrayForEach (c, patch) {
		if (!cJSON_IsObject(c))
			return err_set(e, ERR_SPEC, 0,
			    "an item of a list merged by \"%s\" must be an "
			    "object",
			    key);
		if (json_child(c, key) == NULL &&
		    str_eq(json_str(c, "$patch", ""), "replace")) {
			while (into->child != NULL)
				cJSON_Delete(cJSON_DetachItemViaPointer(
				    into, into->child));
			continue;
		}
		if (!merge_item(into, c, key, &n_new, e))
			return false;
	}
	return true;
}

static void
delete_values(cJSON *into, const char *list, const cJSON *values)
{
	cJSON *have = json_child(into, list), *hit;
	const cJSON *c;

	cJSON_ArrayForEach (c, values) {
		while ((hit = find_equal(have, c)) != NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(have, hit));
	}
}

/* Items that are named come in that order, after those that are not. */
static void
set_order(cJSON *into, const char *list, const cJSON *order, const char *key)
{
	cJSON *have = json_child(into, list), *hit;
	const cJSON *c;

	if (!cJSON_IsArray(have) || key == NULL)
		return;
	cJSON_ArrayForEach (c, order) {
		hit = key[0] == '\0' ? find_equal(have, c)
				     : find_keyed(have, key, c);
		if (hit != NULL)
			cJSON_AddItemToArray(
			    have, cJSON_DetachItemViaPointer(have, hit));
	}
}

static void
retain_keys(cJSON *into, const cJSON *keys)
{
	cJSON *c, *next;
	const cJSON *k;

	for (c = into->child; c != NULL; c = next) {
		bool keep = false;

		next = c->next;
		cJSON_ArrayForEach (k, keys) {
			keep = keep || (cJSON_IsString(k) &&
					   str_eq(k->valuestring, c->string));
		}
		if (!keep)
			cJSON_Delete(cJSON_DetachItemViaPointer(into, c));
	}
}

static bool
directive(cJSON *into, const cJSON *d, const char *name)
{
	static const char del[] = "$deleteFromPrimitiveList/";
	static const char order[] = "$setElementOrder/";

	if (d->string[0] != '$')
		return false;
	if (str_has_prefix(d->string, del))
		delete_values(into, d->string + sizeof(del) - 1, d);
	else if (str_has_prefix(d->string, order))
		set_order(into, d->string + sizeof(order) - 1, d,
		    merge_key(name, d->string + sizeof(order) - 1));
	else if (str_eq(d->string, "$retainKeys"))
		retain_keys(into, d);
	return true;
}

static bool
merge_member(cJSON *into, const cJSON *p, const char *name, struct err *e)
{
	cJSON *have = json_child(into, p->string);
	const char *key = merge_key(name, p->string);

	if (cJSON_IsNull(p)) {
		json_set(into, p->string, NULL);
		return true;
	}
	if (cJSON_IsObject(p)) {
		if (!cJSON_IsObject(have)) {
			have = cJSON_CreateObject();
			json_set(into, p->string, have);
		}
		return merge_map(have, p, p->string, e);
	}
	if (cJSON_IsArray(p) && key != NULL) {
		if (!cJSON_IsArray(have)) {
			have = cJSON_CreateArray();
			json_set(into, p->string, have);
		}
		if (key[0] != '\0')
			return merge_list(have, p, key, e);
		merge_set(have, p);
		return true;
	}
	json_set(into, p->string, json_dup(p));
	return true;
}

static bool
merge_map(cJSON *into, const cJSON *patch, const char *name, struct err *e)
{
	const char *how = json_str(patch, "$patch", "");
	const cJSON *p;

	if (how[0] != '\0' && !str_eq(how, "replace") &&
	    !str_eq(how, "delete") && !str_eq(how, "merge"))
		return err_set(
		    e, ERR_SPEC, 0, "unknown $patch type \"%.40s\"", how);
	if (str_eq(how, "replace") || str_eq(how, "delete"))
		while (into->child != NULL)
			cJSON_Delete(
			    cJSON_DetachItemViaPointer(into, into->child));
	if (str_eq(how, "delete"))
		return true;
	cJSON_ArrayForEach (p, patch) {
		if (p->string[0] != '$' && !merge_member(into, p, name, e))
			return false;
	}
	/* Orders and deletions apply to what the members made. */
	cJSON_ArrayForEach (p, patch) {
		(void)directive(into, p, name);
	}
	return true;
}

cJSON *
ks_strategic_merge(const cJSON *target, const cJSON *patch, struct err *e)
{
	cJSON *out;

	if (!cJSON_IsObject(patch)) {
		(void)err_set(
		    e, ERR_SPEC, 0, "a merge patch must be a JSON object");
		return NULL;
	}
	out = json_dup(target);
	if (merge_map(out, patch, "", e))
		return out;
	cJSON_Delete(out);
	return NULL;
}
