#include "sim/kube/managed.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/builtin.h"
#include "sim/kube/fieldset.h"
#include "sim/kube/meta.h"
#include "sim/kube/typed.h"

#define MAX_UPDATERS 10
#define MAX_CONFLICTS 200
#define ANCIENT "ancient-changes"
#define BEFORE "before-first-apply"

static bool
is_apply(const cJSON *entry)
{
	return str_eq(json_str(entry, "operation", ""), "Apply");
}

/* The version is no part of who an applier is. */
static bool
entry_is(const cJSON *entry, const struct ks_actor *a, bool apply)
{
	return is_apply(entry) == apply &&
	       str_eq(json_str(entry, "manager", ""), a->manager) &&
	       str_eq(json_str(entry, "subresource", ""), a->sub) &&
	       (apply ||
		   str_eq(json_str(entry, "apiVersion", ""), a->api_version));
}

static cJSON *
find_entry(const cJSON *list, const struct ks_actor *a, bool apply)
{
	cJSON *c;

	cJSON_ArrayForEach (c, list) {
		if (entry_is(c, a, apply))
			return c;
	}
	return NULL;
}

static cJSON *
new_entry(const struct ks_actor *a, bool apply)
{
	cJSON *e = cJSON_CreateObject();
	char now[RFC3339_CAP];

	rfc3339_s(now, a->wall_us);
	json_set_str(e, "manager", a->manager);
	json_set_str(e, "operation", apply ? "Apply" : "Update");
	json_set_str(e, "apiVersion", a->api_version);
	json_set_str(e, "time", now);
	json_set_str(e, "fieldsType", "FieldsV1");
	json_set(e, "fieldsV1", cJSON_CreateObject());
	if (a->sub[0] != '\0')
		json_set_str(e, "subresource", a->sub);
	return e;
}

static void
touch(cJSON *entry, const struct ks_actor *a)
{
	char now[RFC3339_CAP];

	rfc3339_s(now, a->wall_us);
	json_set_str(entry, "time", now);
	json_set_str(entry, "apiVersion", a->api_version);
}

/* The list of obj, made if absent. */
static cJSON *
list_of(cJSON *obj)
{
	cJSON *meta = ks_meta(obj), *list = json_child(meta, "managedFields");

	if (cJSON_IsArray(list))
		return list;
	list = cJSON_CreateArray();
	json_set(meta, "managedFields", list);
	return list;
}

/* Others lose what the actor changed or removed. */
static void
take_from_others(
    cJSON *list, const cJSON *self, const cJSON *changed, const cJSON *gone)
{
	cJSON *c, *next;

	for (c = list->child; c != NULL; c = next) {
		cJSON *set = json_child(c, "fieldsV1");

		next = c->next;
		if (c == self)
			continue;
		if (changed != NULL)
			ks_set_subtract(set, changed);
		ks_set_subtract(set, gone);
		if (ks_set_empty(set))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, c));
	}
}

/* Appliers first, then by time, then by manager; stable. */
static bool
comes_before(const cJSON *a, const cJSON *b)
{
	int order;

	if (is_apply(a) != is_apply(b))
		return is_apply(a);
	order = strcmp(json_str(a, "time", ""), json_str(b, "time", ""));
	if (order != 0)
		return order < 0;
	return strcmp(json_str(a, "manager", ""), json_str(b, "manager", "")) <
	       0;
}

static void
sort_entries(cJSON *list)
{
	cJSON *c, *next, *at;

	for (c = list->child; c != NULL; c = next) {
		size_t where = 0;

		next = c->next;
		for (at = list->child; at != c && !comes_before(c, at);
		     at = at->next)
			where++;
		if (at == c)
			continue;
		cJSON_DetachItemViaPointer(list, c);
		json_insert(list, where, c);
	}
}

/* The list is in order of time, so the first updaters are the oldest. */
static void
cap_updaters(cJSON *list)
{
	cJSON *c, *next, *ancient = NULL;
	int n = 0;

	cJSON_ArrayForEach (c, list) {
		n += !is_apply(c);
	}
	for (c = list->child; c != NULL && n > MAX_UPDATERS; c = next) {
		next = c->next;
		if (is_apply(c))
			continue;
		if (ancient == NULL) {
			ancient = c;
			json_set_str(c, "manager", ANCIENT);
			json_set_str(c, "subresource", NULL);
			continue;
		}
		ks_set_union(
		    json_child(ancient, "fieldsV1"), json_child(c, "fieldsV1"));
		cJSON_Delete(cJSON_DetachItemViaPointer(list, c));
		n--;
	}
}

static void
finish_list(cJSON *obj, cJSON *list)
{
	sort_entries(list);
	cap_updaters(list);
	if (list->child == NULL)
		json_set(ks_meta(obj), "managedFields", NULL);
}

void
ks_managed_update(const struct ks_actor *a, const cJSON *before, cJSON *after)
{
	struct ks_type t = { a->schema, a->meta };
	cJSON *changed, *gone, *list, *self;

	if (before == NULL) {
		cJSON *nothing = ks_builtin_skeleton(a->kind);

		ks_typed_compare(&t, nothing, after, &changed, &gone);
		cJSON_Delete(nothing);
	} else if (json_at(after, "metadata/managedFields") == NULL) {
		/* Nobody owned anything: until an apply, that stays so. */
		return;
	} else {
		ks_typed_compare(&t, before, after, &changed, &gone);
	}
	if (!ks_set_empty(changed) || !ks_set_empty(gone)) {
		list = list_of(after);
		self = find_entry(list, a, false);
		if (self == NULL && !ks_set_empty(changed)) {
			self = new_entry(a, false);
			cJSON_AddItemToArray(list, self);
		}
		take_from_others(list, self, changed, gone);
		if (self != NULL) {
			cJSON *set = json_child(self, "fieldsV1");

			ks_set_subtract(set, gone);
			ks_set_union(set, changed);
			touch(self, a);
			if (ks_set_empty(set))
				cJSON_Delete(
				    cJSON_DetachItemViaPointer(list, self));
		}
		finish_list(after, list);
	}
	cJSON_Delete(changed);
	cJSON_Delete(gone);
}

/* ---- apply -------------------------------------------------------------- */

struct conflict {
	const cJSON *entry;
	struct ks_status *st;
	struct buf *text;
	int n;
	bool several;
	char with[400];
};

static void
add_conflict(void *arg, const char *path)
{
	struct conflict *c = arg;

	if (++c->n > MAX_CONFLICTS)
		return;
	ks_status_cause(c->st, "FieldManagerConflict", c->with, path);
	(void)buf_addf(c->text, "%s%s", c->several ? "\n- " : ": ", path);
}

/* "conflict with ..." of a cause; the text says "conflicts" of several. */
static void
describe(struct conflict *c, bool first)
{
	const cJSON *e = c->entry;
	const char *sub = json_str(e, "subresource", "");
	char tail[200] = "";

	if (!is_apply(e))
		(void)str_format(tail, sizeof(tail), " using %s",
		    json_str(e, "apiVersion", ""));
	(void)str_format(c->with, sizeof(c->with),
	    "conflict with \"%s\"%s%s%s%s", json_str(e, "manager", ""),
	    sub[0] != '\0' ? " with subresource \"" : "", sub,
	    sub[0] != '\0' ? "\"" : "", tail);
	if (!c->several)
		(void)buf_adds(c->text, c->with);
	else
		(void)buf_addf(c->text, "%sconflicts%s:", first ? "" : "\n",
		    c->with + strlen("conflict"));
}

static void
count_one(void *arg, const char *path)
{
	(void)path;
	(*(int *)arg)++;
}

/* Elements of changed that others own. */
static int
count_conflicts(const cJSON *list, const cJSON *self, const cJSON *changed)
{
	const cJSON *c;
	int n = 0;

	cJSON_ArrayForEach (c, list) {
		cJSON *both;

		if (c == self)
			continue;
		both = ks_set_intersect(json_child(c, "fieldsV1"), changed);
		ks_set_each(both, count_one, &n);
		cJSON_Delete(both);
	}
	return n;
}

static bool
conflicts(const cJSON *list, const cJSON *self, const cJSON *changed,
    struct ks_status *st)
{
	int n = count_conflicts(list, self, changed);
	struct ks_status found = { 0 };
	struct conflict f = { .st = &found, .several = n > 1 };
	struct buf text;
	const cJSON *c;

	if (n == 0)
		return false;
	buf_init(&text, 65536);
	f.text = &text;
	cJSON_ArrayForEach (c, list) {
		cJSON *both;

		if (c == self)
			continue;
		both = ks_set_intersect(json_child(c, "fieldsV1"), changed);
		f.entry = c;
		if (!ks_set_empty(both))
			describe(&f, f.n == 0);
		ks_set_each(both, add_conflict, &f);
		cJSON_Delete(both);
	}
	(void)ks_status_set(st, 409, "Conflict",
	    "Apply failed with %d conflict%s: %s", n, n > 1 ? "s" : "",
	    buf_str(&text));
	st->details = found.details;
	found.details = NULL;
	ks_status_fini(&found);
	buf_free(&text);
	return true;
}

/* Takes out of obj what the applier owned, owns no more, and nobody else does. */
static void
remove_abandoned(const struct ks_type *t, cJSON *obj, const cJSON *list,
    const cJSON *self, const cJSON *now)
{
	cJSON *left = json_dup(json_child(self, "fieldsV1"));
	cJSON *kept = json_dup(now);
	const cJSON *c;

	cJSON_ArrayForEach (c, list) {
		if (c != self)
			ks_set_union(kept, json_child(c, "fieldsV1"));
	}
	ks_set_subtract(left, kept);
	ks_typed_remove(t, obj, left, kept);
	cJSON_Delete(left);
	cJSON_Delete(kept);
}

/* An applier that changed nothing of the object has no new time. */
static void
own_applied(const struct ks_actor *a, cJSON *obj, cJSON *set, bool written)
{
	cJSON *list = list_of(obj), *self = find_entry(list, a, true);

	if (self == NULL && !ks_set_empty(set)) {
		self = new_entry(a, true);
		if (!written)
			json_set(self, "time", NULL);
		cJSON_AddItemToArray(list, self);
	} else if (self != NULL && written) {
		touch(self, a);
	}
	if (ks_set_empty(set)) {
		cJSON_Delete(set);
		if (self != NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, self));
	} else {
		json_set(self, "fieldsV1", set);
	}
	finish_list(obj, list);
}

cJSON *
ks_managed_apply(const struct ks_actor *a, const cJSON *live,
    const cJSON *config, bool force, struct ks_status *st)
{
	struct ks_type t = { a->schema, a->meta };
	cJSON *obj = json_dup(live != NULL ? live : config);
	cJSON *set = ks_typed_fields(&t, config);
	cJSON *list = list_of(obj), *self = find_entry(list, a, true);
	cJSON *changed, *gone;

	if (live == NULL) {
		own_applied(a, obj, set, true);
		return obj;
	}
	if (list->child == NULL) {
		struct ks_actor first = *a;

		first.manager = BEFORE;
		first.sub = "";
		ks_managed_update(&first, NULL, obj);
		list = list_of(obj);
	}
	/* A stale version in the configuration is the client's to answer for. */
	ks_typed_merge(&t, obj, config);
	if (self != NULL)
		remove_abandoned(&t, obj, list, self, set);
	ks_typed_compare(&t, live, obj, &changed, &gone);
	if (!force && conflicts(list, self, changed, st)) {
		cJSON_Delete(obj);
		cJSON_Delete(set);
		obj = NULL;
	} else {
		take_from_others(list, self, changed, gone);
		own_applied(
		    a, obj, set, !ks_set_empty(changed) || !ks_set_empty(gone));
	}
	cJSON_Delete(changed);
	cJSON_Delete(gone);
	return obj;
}

bool
ks_managed_valid(const cJSON *list)
{
	const cJSON *c;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > 100)
		return false;
	cJSON_ArrayForEach (c, list) {
		const char *op = json_str(c, "operation", "");

		if (str_empty(json_str(c, "manager", NULL)) ||
		    (!str_eq(op, "Apply") && !str_eq(op, "Update")) ||
		    !ks_set_valid(json_child(c, "fieldsV1")))
			return false;
	}
	return true;
}
