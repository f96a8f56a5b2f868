#include "sim/kube/typed.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/fieldset.h"

#define ELEMENT_MAX 8192u

/* Nobody owns these: they are the server's or the object's address. */
static const char *const unowned_meta[] = { "name", "namespace", "uid",
	"resourceVersion", "generation", "creationTimestamp", "selfLink",
	"managedFields", "deletionTimestamp", "deletionGracePeriodSeconds" };

static bool
unowned(const char *key)
{
	for (size_t i = 0; i < sizeof(unowned_meta) / sizeof(unowned_meta[0]);
	     i++)
		if (str_eq(unowned_meta[i], key))
			return true;
	return false;
}

static bool
granular_map(const struct schema *s, const cJSON *v)
{
	return cJSON_IsObject(v) && !(s != NULL && schema_map_atomic(s));
}

static enum schema_list
list_kind(const struct schema *s, const cJSON *v)
{
	if (!cJSON_IsArray(v) || s == NULL)
		return SCHEMA_LIST_ATOMIC;
	return schema_list_type(s);
}

static char *
field_element(const char *name)
{
	return xasprintf("f:%s", name);
}

static const cJSON *
key_value(const struct schema *s, const cJSON *item, const char *key)
{
	const cJSON *v = json_child(item, key);

	if (v == NULL)
		v = schema_default_of(schema_member(schema_items(s), key));
	return v;
}

/* "v:..." of a set, "k:{...}" of a list-map; NULL for what has no key. */
static char *
item_element(const struct schema *s, const cJSON *item)
{
	size_t n;
	const char *const *keys = schema_list_keys(s, &n);
	cJSON *id;
	char *text, *out;

	if (n == 0) {
		text = json_print(item);
		out = xasprintf("v:%s", text);
		xfree(text);
		return out;
	}
	if (!cJSON_IsObject(item))
		return NULL;
	id = cJSON_CreateObject();
	for (size_t i = 0; i < n; i++) {
		const cJSON *v = key_value(s, item, keys[i]);

		if (v != NULL)
			json_set(id, keys[i], json_dup(v));
	}
	text = json_print(id);
	out = xasprintf("k:%s", text);
	xfree(text);
	cJSON_Delete(id);
	return out;
}

static cJSON *
find_item(const struct schema *s, const cJSON *list, const char *element)
{
	cJSON *c;

	cJSON_ArrayForEach (c, list) {
		char *el = item_element(s, c);
		bool same = str_eq(el, element);

		xfree(el);
		if (same)
			return c;
	}
	return NULL;
}

static bool
same_item(const struct schema *s, const cJSON *a, const cJSON *b)
{
	size_t n;
	const char *const *keys = schema_list_keys(s, &n);

	if (n == 0)
		return json_equal(a, b);
	if (!cJSON_IsObject(a) || !cJSON_IsObject(b))
		return false;
	for (size_t i = 0; i < n; i++) {
		const cJSON *va = key_value(s, a, keys[i]);
		const cJSON *vb = key_value(s, b, keys[i]);

		if (va == NULL || vb == NULL ? va != vb : !json_equal(va, vb))
			return false;
	}
	return true;
}

/* The item of list that has the key of like: mostly that in its place. */
static cJSON *
item_like(
    const struct schema *s, const cJSON *list, cJSON *place, const cJSON *like)
{
	cJSON *c;

	if (place != NULL && same_item(s, place, like))
		return place;
	cJSON_ArrayForEach (c, list)
		if (same_item(s, c, like))
			return c;
	return NULL;
}

/* ---- fields ------------------------------------------------------------- */

/* An update owns all that it brings, an apply its leaves, its items and the keys
 * of maps that have no fixed members. */
enum part {
	ALL,
	LEAVES
};

static void drop_if_bare(cJSON *set, const char *el);
static void fields_of(const struct schema *s, const cJSON *v, cJSON *set,
    const char *el, enum part part);

static void
fields_of_members(
    const struct schema *s, const cJSON *obj, cJSON *node, enum part part)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, obj) {
		char *f = field_element(c->string);

		fields_of(schema_member(s, c->string), c, node, f, part);
		if (part == LEAVES && !schema_has_property(s, c->string))
			ks_set_own(node, f);
		xfree(f);
	}
}

static void
fields_of_list(
    const struct schema *s, const cJSON *list, cJSON *node, enum part part)
{
	bool keyed = schema_list_type(s) == SCHEMA_LIST_MAP;
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		char *el = item_element(s, c);

		if (el == NULL)
			continue;
		ks_set_own(node, el);
		if (keyed && granular_map(schema_items(s), c))
			fields_of_members(
			    schema_items(s), c, ks_set_enter(node, el), part);
		xfree(el);
	}
}

static void
fields_of(const struct schema *s, const cJSON *v, cJSON *set, const char *el,
    enum part part)
{
	bool map = granular_map(s, v);
	bool list = list_kind(s, v) != SCHEMA_LIST_ATOMIC;
	cJSON *node;

	if ((!map && !list) || v->child == NULL) {
		/* Nobody owns an empty list that was applied. */
		if (!list || part == ALL)
			ks_set_own(set, el);
		return;
	}
	node = ks_set_enter(set, el);
	if (map)
		fields_of_members(s, v, node, part);
	else
		fields_of_list(s, v, node, part);
	if (part == ALL)
		ks_set_own(set, el);
	else
		drop_if_bare(set, el);
}

static const struct schema *
root_member(const struct ks_type *t, const char *key)
{
	return str_eq(key, "metadata") ? t->meta
				       : schema_member(t->schema, key);
}

static bool
skip_root(const char *key)
{
	return str_eq(key, "apiVersion") || str_eq(key, "kind") ||
	       str_eq(key, "metadata");
}

static void
drop_if_bare(cJSON *set, const char *el)
{
	cJSON *n = json_child(set, el);

	if (n != NULL && n->child == NULL)
		json_set(set, el, NULL);
}

cJSON *
ks_typed_fields(const struct ks_type *t, const cJSON *obj)
{
	cJSON *set = cJSON_CreateObject(), *meta;
	const cJSON *c;

	meta = ks_set_enter(set, "f:metadata");
	cJSON_ArrayForEach (c, json_obj(obj, "metadata")) {
		char *f = field_element(c->string);

		if (!unowned(c->string))
			fields_of(schema_member(t->meta, c->string), c, meta, f,
			    LEAVES);
		xfree(f);
	}
	drop_if_bare(set, "f:metadata");
	cJSON_ArrayForEach (c, obj) {
		char *f = field_element(c->string);

		if (!skip_root(c->string))
			fields_of(root_member(t, c->string), c, set, f, LEAVES);
		xfree(f);
	}
	return set;
}

/* ---- compare ------------------------------------------------------------ */

struct diff {
	cJSON *changed, *gone;
	bool marked; /* the marks of b are against this very a */
	bool root;   /* of the object: its metadata is compared by itself */
};

static void compare(const struct schema *s, const cJSON *a, const cJSON *b,
    const struct diff *d, const char *el);

static struct diff
diff_enter(const struct diff *d, const char *el)
{
	return (struct diff){ .changed = ks_set_enter(d->changed, el),
		.gone = ks_set_enter(d->gone, el),
		.marked = d->marked };
}

static void
diff_leave(const struct diff *d, const char *el)
{
	drop_if_bare(d->changed, el);
	drop_if_bare(d->gone, el);
}

static void
compare_maps(const struct schema *s, const cJSON *a, const cJSON *b,
    const struct diff *d)
{
	const cJSON *c;
	char *f;

	cJSON_ArrayForEach (c, b) {
		if ((d->marked && json_same(c)) ||
		    (d->root && skip_root(c->string)))
			continue;
		f = field_element(c->string);
		compare(schema_member(s, c->string), json_child(a, c->string),
		    c, d, f);
		xfree(f);
	}
	cJSON_ArrayForEach (c, a) {
		if (json_child(b, c->string) != NULL ||
		    (d->root && skip_root(c->string)))
			continue;
		f = field_element(c->string);
		fields_of(schema_member(s, c->string), c, d->gone, f, ALL);
		xfree(f);
	}
}

/* One item of a keyed list or a set, as a list of its own. */
static void
fields_of_item(const struct schema *s, const cJSON *item, cJSON *node)
{
	cJSON *one = cJSON_CreateArray();

	cJSON_AddItemToArray(one, json_dup(item));
	fields_of_list(s, one, node, ALL);
	cJSON_Delete(one);
}

static void
compare_item(const struct schema *s, const cJSON *a, const cJSON *b,
    const struct diff *d)
{
	char *el = item_element(s, b);
	struct diff in;

	if (!granular_map(schema_items(s), b)) {
		ks_set_own(d->changed, el);
		xfree(el);
		return;
	}
	in = diff_enter(d, el);
	compare_maps(schema_items(s), a, b, &in);
	diff_leave(d, el);
	xfree(el);
}

/* b is an item of a list; place is that which stood there in a. */
static void
compare_listed(const struct schema *s, const cJSON *a, cJSON *place,
    const cJSON *b, const struct diff *d)
{
	bool keyed = schema_list_type(s) == SCHEMA_LIST_MAP;
	const cJSON *was = item_like(s, a, place, b);
	struct diff in = *d;

	in.marked = d->marked && was == place;
	if (was == NULL)
		fields_of_item(s, b, d->changed);
	else if (keyed && !json_equal(was, b))
		compare_item(s, was, b, &in);
}

static void
compare_lists(const struct schema *s, const cJSON *a, const cJSON *b,
    const struct diff *d)
{
	const cJSON *c;
	cJSON *place = a->child;

	cJSON_ArrayForEach (c, b) {
		if (!d->marked || !json_same(c))
			compare_listed(s, a, place, c, d);
		place = place != NULL ? place->next : NULL;
	}
	place = b->child;
	cJSON_ArrayForEach (c, a) {
		if (item_like(s, b, place, c) == NULL)
			fields_of_item(s, c, d->gone);
		place = place != NULL ? place->next : NULL;
	}
}

static void
compare(const struct schema *s, const cJSON *a, const cJSON *b,
    const struct diff *d, const char *el)
{
	bool maps, lists;
	struct diff in;

	if (a == NULL) {
		fields_of(s, b, d->changed, el, ALL);
		return;
	}
	if (!d->marked && json_equal(a, b))
		return;
	maps = granular_map(s, a) && granular_map(s, b);
	lists = list_kind(s, a) != SCHEMA_LIST_ATOMIC &&
		list_kind(s, b) != SCHEMA_LIST_ATOMIC;
	if (!maps && !lists) {
		/* Without a mark: a default may have made it what it was. */
		if (!d->marked || !json_equal(a, b))
			ks_set_own(d->changed, el);
		return;
	}
	in = diff_enter(d, el);
	if (maps)
		compare_maps(s, a, b, &in);
	else
		compare_lists(s, a, b, &in);
	diff_leave(d, el);
}

/* Without what nobody owns; owned by the caller. */
static cJSON *
ownable(const cJSON *obj)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *c;

	cJSON_ArrayForEach (c, json_obj(obj, "metadata")) {
		if (!unowned(c->string))
			cJSON_AddItemReferenceToObject(
			    out, c->string, (cJSON *)(uintptr_t)c);
	}
	return out;
}

void
ks_typed_compare(const struct ks_type *t, const cJSON *a, const cJSON *b,
    cJSON **changed, cJSON **gone)
{
	cJSON *ma = ownable(a), *mb = ownable(b);
	struct diff root = { .root = true }, meta;
	const cJSON *c;

	root.changed = *changed = cJSON_CreateObject();
	root.gone = *gone = cJSON_CreateObject();
	meta = diff_enter(&root, "f:metadata");
	compare_maps(t->meta, ma, mb, &meta);
	diff_leave(&root, "f:metadata");
	cJSON_Delete(ma);
	cJSON_Delete(mb);
	cJSON_ArrayForEach (c, b)
		root.marked = root.marked || json_same(c);
	compare_maps(t->schema, a, b, &root);
}

/* ---- merge -------------------------------------------------------------- */

static void merge_member(
    const struct schema *s, cJSON *into, const cJSON *config);

static void
merge_map(const struct schema *s, cJSON *into, const cJSON *config)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, config) {
		merge_member(schema_member(s, c->string), into, c);
	}
}

static void
replace_item(cJSON *list, cJSON *have, const cJSON *with)
{
	cJSON_ReplaceItemViaPointer(list, have, json_dup(with));
}

static void
merge_list(const struct schema *s, cJSON *into, const cJSON *config)
{
	bool keyed = schema_list_type(s) == SCHEMA_LIST_MAP;
	const cJSON *c;

	cJSON_ArrayForEach (c, config) {
		cJSON *have = item_like(s, into, NULL, c);

		if (have == NULL)
			cJSON_AddItemToArray(into, json_dup(c));
		else if (keyed && granular_map(schema_items(s), c))
			merge_map(schema_items(s), have, c);
		else if (keyed)
			replace_item(into, have, c);
	}
}

static void
merge_member(const struct schema *s, cJSON *into, const cJSON *config)
{
	cJSON *have = json_child(into, config->string);

	if (have != NULL && granular_map(s, have) && granular_map(s, config))
		merge_map(s, have, config);
	else if (have != NULL && list_kind(s, have) != SCHEMA_LIST_ATOMIC &&
		 list_kind(s, config) != SCHEMA_LIST_ATOMIC)
		merge_list(s, have, config);
	else if (have == NULL || !json_equal(have, config))
		json_set(into, config->string, json_dup(config));
}

void
ks_typed_merge(const struct ks_type *t, cJSON *obj, const cJSON *config)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, config) {
		if (!str_eq(c->string, "apiVersion") &&
		    !str_eq(c->string, "kind"))
			merge_member(root_member(t, c->string), obj, c);
	}
}

/* ---- remove ------------------------------------------------------------- */

/* What is in `set` goes, with all that is below; fixed members below which
 * others own something (`kept`, maybe NULL) stay. What is emptied goes as well,
 * or is null where somebody owns it: so does the real server. */
static void remove_set(
    const struct schema *s, cJSON *v, const cJSON *set, const cJSON *kept);

static void
remove_items(
    const struct schema *s, cJSON *list, const cJSON *set, const cJSON *kept)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, set) {
		cJSON *hit = find_item(s, list, c->string);

		if (hit == NULL)
			continue;
		if (ks_set_owned(c))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, hit));
		else
			remove_set(schema_items(s), hit, c,
			    json_child(kept, c->string));
	}
}

static void
remove_member(
    const struct schema *s, cJSON *obj, const cJSON *c, const cJSON *stay)
{
	const char *name;
	cJSON *hit;
	bool fixed;

	if (!str_has_prefix(c->string, "f:")) /* "." of the set itself */
		return;
	name = c->string + 2;
	hit = json_child(obj, name);
	fixed = schema_has_property(s, name);
	if (hit == NULL)
		return;
	if (fixed ? stay == NULL : ks_set_owned(c)) {
		json_set(obj, name, NULL);
		return;
	}
	if (hit->child == NULL)
		return;
	remove_set(schema_member(s, name), hit, c, stay);
	if (hit->child == NULL)
		json_set(obj, name, stay != NULL ? cJSON_CreateNull() : NULL);
}

static void
remove_members(
    const struct schema *s, cJSON *obj, const cJSON *set, const cJSON *kept)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, set) {
		remove_member(s, obj, c, json_child(kept, c->string));
	}
}

static void
remove_set(
    const struct schema *s, cJSON *v, const cJSON *set, const cJSON *kept)
{
	if (cJSON_IsArray(v) && s != NULL)
		remove_items(s, v, set, kept);
	else if (cJSON_IsObject(v))
		remove_members(s, v, set, kept);
}

void
ks_typed_remove(
    const struct ks_type *t, cJSON *obj, const cJSON *set, const cJSON *kept)
{
	const cJSON *c, *meta = json_child(set, "f:metadata");

	if (meta != NULL)
		remove_set(t->meta, json_child(obj, "metadata"), meta,
		    json_child(kept, "f:metadata"));
	cJSON_ArrayForEach (c, set) {
		if (c != meta)
			remove_member(
			    t->schema, obj, c, json_child(kept, c->string));
	}
}
