#include "sim/kube/store.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/kept.h"

/* Like a fresh etcd: revisions start at 1, and "0" means "any". */
#define FIRST_REVISION 1

void
ks_store_init(struct ks_store *st, size_t history)
{
	*st = (struct ks_store){ .rv = FIRST_REVISION, .cap = history };
	st->ring = xcalloc(history, sizeof(struct ks_event *));
	ks_kept_init(&st->kept);
	ks_kinds_init(&st->kinds);
	st->compacted = 0;
}

static void
free_object(void *p)
{
	ks_object_unref(p);
}

void
ks_store_fini(struct ks_store *st)
{
	ks_store_compact(st);
	map_free(&st->by_uid, NULL);
	map_free(&st->dependents, NULL);
	for (size_t i = 0; i < st->kinds.n; i++)
		map_free(&st->kinds.v[i]->objects, free_object);
	ks_kinds_fini(&st->kinds);
	xfree(st->ring);
}

struct ks_object *
ks_store_get(const struct ks_kind *k, const char *ns, const char *name)
{
	char *key = ks_key(ns, name);
	struct ks_object *o = map_get(&k->objects, key);

	xfree(key);
	return o;
}

struct ks_object *
ks_store_by_uid(const struct ks_store *st, const char *uid)
{
	return map_get(&st->by_uid, uid);
}

/* ---- indexes ------------------------------------------------------------ */

static void
index_add(struct ks_store *st, struct ks_object *o)
{
	(void)map_put(&st->by_uid, o->uid, o);
	for (size_t i = 0; i < o->n_owners; i++) {
		char *key = xasprintf("%s/%s", o->owners[i], o->uid);

		(void)map_put(&st->dependents, key, o);
		xfree(key);
	}
}

static void
index_drop(struct ks_store *st, const struct ks_object *o)
{
	(void)map_take(&st->by_uid, o->uid);
	for (size_t i = 0; i < o->n_owners; i++) {
		char *key = xasprintf("%s/%s", o->owners[i], o->uid);

		(void)map_take(&st->dependents, key);
		xfree(key);
	}
}

/* Most updates change neither: then the entries are only pointed anew. */
static bool
same_index(const struct ks_object *a, const struct ks_object *b)
{
	if (!str_eq(a->uid, b->uid) || a->n_owners != b->n_owners)
		return false;
	for (size_t i = 0; i < a->n_owners; i++)
		if (!str_eq(a->owners[i], b->owners[i]))
			return false;
	return true;
}

/* ---- history ------------------------------------------------------------ */

struct ks_event *
ks_event_ref(struct ks_event *ev)
{
	ev->refs++;
	return ev;
}

void
ks_event_unref(struct ks_event *ev)
{
	if (ev == NULL || --ev->refs > 0)
		return;
	ks_object_unref(ev->obj);
	ks_object_unref(ev->prev);
	ks_object_unref(ev->left);
	xfree(ev);
}

static void
set_revision(cJSON *obj, int64_t rv)
{
	char text[24];

	(void)str_format(text, sizeof(text), "%" PRId64, rv);
	json_set_str(json_child(obj, "metadata"), "resourceVersion", text);
}

struct ks_object *
ks_event_left(struct ks_event *ev)
{
	cJSON *tree;

	if (ev->left != NULL)
		return ev->left;
	tree = ks_object_tree(ev->prev);
	set_revision(tree, ev->rv);
	ev->left = ks_object_new(ev->prev->kind, tree, ev->rv);
	cJSON_Delete(tree);
	return ev->left;
}

struct ks_event *
ks_store_event(const struct ks_store *st, size_t i)
{
	return st->ring[(st->first + i) % st->cap];
}

static void
forget_oldest(struct ks_store *st)
{
	struct ks_event *ev = ks_store_event(st, 0);

	st->compacted = ev->rv;
	st->first = (st->first + 1) % st->cap;
	st->n--;
	ks_event_unref(ev);
}

static struct ks_event *
remember(struct ks_store *st, enum ks_change change, struct ks_object *obj,
    struct ks_object *prev)
{
	struct ks_event *ev = xcalloc(1, sizeof(*ev));

	ev->refs = 1;
	ev->change = change;
	ev->rv = st->rv;
	ev->obj = obj;
	ev->prev = prev;
	if (st->n == st->cap)
		forget_oldest(st);
	st->ring[(st->first + st->n) % st->cap] = ev;
	st->n++;
	return ev;
}

void
ks_store_compact(struct ks_store *st)
{
	while (st->n > 0)
		forget_oldest(st);
	st->compacted = st->rv;
}

size_t
ks_store_after(const struct ks_store *st, int64_t rv)
{
	size_t lo = 0, hi = st->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ks_store_event(st, mid)->rv <= rv)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- changes ------------------------------------------------------------ */

struct ks_event *
ks_store_put(struct ks_store *st, struct ks_kind *k, cJSON *obj)
{
	struct ks_object *o, *prev;
	char *key;

	set_revision(obj, ++st->rv);
	o = ks_object_new(k, obj, st->rv);
	key = ks_key(o->ns, o->name);
	prev = map_put(&k->objects, key, ks_object_ref(o));
	xfree(key);
	if (prev != NULL)
		ks_kept_drop(prev);
	if (prev != NULL && !same_index(prev, o))
		index_drop(st, prev);
	index_add(st, o);
	return remember(st, prev == NULL ? KS_ADDED : KS_MODIFIED, o, prev);
}

struct ks_event *
ks_store_remove(struct ks_store *st, struct ks_kind *k, cJSON *last)
{
	struct ks_object *o, *prev;
	char *key;

	set_revision(last, ++st->rv);
	o = ks_object_new(k, last, st->rv);
	key = ks_key(o->ns, o->name);
	prev = map_take(&k->objects, key);
	xfree(key);
	assert(prev != NULL);
	ks_kept_drop(prev);
	index_drop(st, prev);
	return remember(st, KS_DELETED, o, prev);
}

/* ---- snapshots ---------------------------------------------------------- */

static bool
in_namespace(const struct ks_object *o, const char *ns)
{
	return str_empty(ns) || str_eq(o->ns, ns);
}

static void
snapshot_add(struct ks_snapshot *sn, struct ks_object *o)
{
	sn->v[sn->n++] = ks_object_ref(o);
}

/* What the keys that changed after rv held at rv; absent ones hold a marker. */
static void
undo_changes(const struct ks_store *st, const struct ks_kind *k, int64_t rv,
    struct map *then)
{
	for (size_t i = st->n; i-- > ks_store_after(st, rv);) {
		const struct ks_event *ev = ks_store_event(st, i);
		char *key;

		if (ev->obj->kind != k)
			continue;
		key = ks_key(ev->obj->ns, ev->obj->name);
		(void)map_put(then, key,
		    ev->prev != NULL ? (void *)ev->prev : (void *)then);
		xfree(key);
	}
}

/* <0: the next key is one of now only; 0: of both; >0: of then only. */
static int
next_of(const struct ks_kind *k, size_t a, const struct map *then, size_t b)
{
	if (a == k->objects.n)
		return 1;
	if (b == then->n)
		return -1;
	return strcmp(k->objects.v[a].key, then->v[b].key);
}

static void
snapshot_then(const struct ks_kind *k, const char *ns, const struct map *then,
    struct ks_snapshot *out)
{
	size_t a = 0, b = 0;

	while (a < k->objects.n || b < then->n) {
		int order = next_of(k, a, then, b);
		struct ks_object *o;

		if (order < 0) {
			o = k->objects.v[a++].value;
		} else {
			const void *p = then->v[b].value;

			a += order == 0;
			o = p == then ? NULL : then->v[b].value;
			b++;
		}
		if (o != NULL && in_namespace(o, ns))
			snapshot_add(out, o);
	}
}

bool
ks_store_snapshot(const struct ks_store *st, const struct ks_kind *k,
    const char *ns, int64_t rv, struct ks_snapshot *out)
{
	struct map then = { 0 };

	*out = (struct ks_snapshot){ .rv = rv > 0 ? rv : st->rv };
	if (out->rv < st->compacted)
		return false;
	if (out->rv < st->rv)
		undo_changes(st, k, out->rv, &then);
	out->v = xcalloc(k->objects.n + then.n + 1, sizeof(struct ks_object *));
	if (then.n > 0) {
		snapshot_then(k, ns, &then, out);
	} else {
		char *from = str_empty(ns) ? xstrdup("") : xasprintf("%s/", ns);

		for (size_t i = map_lower(&k->objects, from); i < k->objects.n;
		     i++) {
			struct ks_object *o = k->objects.v[i].value;

			if (!in_namespace(o, ns))
				break;
			snapshot_add(out, o);
		}
		xfree(from);
	}
	map_free(&then, NULL);
	return true;
}

void
ks_snapshot_free(struct ks_snapshot *sn)
{
	for (size_t i = 0; i < sn->n; i++)
		ks_object_unref(sn->v[i]);
	xfree(sn->v);
	*sn = (struct ks_snapshot){ 0 };
}
