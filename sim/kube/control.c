#include "sim/kube/control.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/delete.h"
#include "sim/kube/meta.h"
#include "sim/kube/state.h"
#include "sim/kube/watch.h"
#include "sim/kube/write.h"

#define ORPHAN "orphan"
#define FOREGROUND "foregroundDeletion"
#define CRD_CLEANUP "customresourcecleanup.apiextensions.k8s.io"

static const struct ks_who self = { "delete", KS_SYSTEM_USER, "kube-sim" };
static const struct ks_who self_patch = { "patch", KS_SYSTEM_USER, "kube-sim" };

void
ks_control_fini(struct ks_control *c)
{
	timer_stop(&c->timer);
	map_free(&c->owners, NULL);
	map_free(&c->dependents, NULL);
	map_free(&c->ending, NULL);
}

static void pass(void *arg);

static void
note(struct kube_server *s, struct map *m, const char *uid)
{
	struct ks_control *c = &s->control;

	(void)map_put(m, uid, m); /* the value only says "present" */
	if (!timer_armed(&c->timer))
		timer_start(
		    s->env.loop, &c->timer, KS_CONTROL_DELAY_US, pass, s);
}

/* ---- owners and dependents ---------------------------------------------- */

typedef void dependent_fn(
    struct kube_server *s, struct ks_object *dep, const char *owner_uid);

/* Over those of now: fn may delete them. */
static size_t
each_dependent(struct kube_server *s, const char *uid, dependent_fn *fn)
{
	char *prefix = xasprintf("%s/", uid);
	const struct map *m = &s->store.dependents;
	struct ks_object **v = NULL;
	size_t n = 0;

	for (size_t i = map_lower(m, prefix);
	     i < m->n && str_has_prefix(m->v[i].key, prefix); i++) {
		v = xreallocarray(v, n + 1, sizeof(struct ks_object *));
		v[n++] = ks_object_ref(m->v[i].value);
	}
	for (size_t i = 0; i < n; i++) {
		if (fn != NULL)
			fn(s, v[i], uid);
		ks_object_unref(v[i]);
	}
	xfree(v);
	xfree(prefix);
	return n;
}

static void
delete_object(
    struct kube_server *s, struct ks_object *o, enum ks_propagation policy)
{
	struct ks_delete_opts opts = { .policy = policy };
	struct ks_status st = { 0 };
	bool gone;

	if (ks_store_by_uid(&s->store, o->uid) != o)
		return; /* it changed meanwhile: looked at again */
	json_drop(ks_delete(s, &self, o, &opts, &gone, &st));
	ks_status_fini(&st);
}

/* An owner reference holds if its object exists, in the same namespace or
 * cluster-wide, or if nobody can tell: of a kind that is not served. waiting:
 * it exists but waits for its dependents. */
static bool
owner_lives(struct kube_server *s, const struct ks_object *dep,
    const cJSON *ref, bool *waiting)
{
	struct ks_object *o =
	    ks_store_by_uid(&s->store, json_str(ref, "uid", ""));
	cJSON *tree;

	*waiting = false;
	if (ks_kind_of_ref(&s->store.kinds, json_str(ref, "apiVersion", ""),
		json_str(ref, "kind", "")) == NULL)
		return true;
	if (o == NULL || (o->ns[0] != '\0' && !str_eq(o->ns, dep->ns)))
		return false;
	if (!o->deleting)
		return true;
	tree = ks_object_tree(o);
	*waiting = ks_meta_has_finalizer(tree, FOREGROUND);
	cJSON_Delete(tree);
	return !*waiting;
}

static void
drop_refs(struct kube_server *s, struct ks_object *dep, const cJSON *before,
    const char *uid)
{
	cJSON *after = json_dup(before), *list, *c, *next;
	bool waiting;

	list = json_at_mut(after, "metadata/ownerReferences");
	for (c = list != NULL ? list->child : NULL; c != NULL; c = next) {
		bool drop = uid != NULL ? str_eq(json_str(c, "uid", ""), uid)
					: !owner_lives(s, dep, c, &waiting);

		next = c->next;
		if (drop)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, c));
	}
	if (list != NULL && list->child == NULL)
		json_set(ks_meta(after), "ownerReferences", NULL);
	if (!json_equal(before, after))
		ks_commit_update(s, &self_patch, dep->kind, before, after);
	json_drop(after);
}

/* The rule of the garbage collector for one object with owners. */
static void
check_owners(struct kube_server *s, struct ks_object *dep, const char *uid)
{
	cJSON *tree = ks_object_tree(dep);
	const cJSON *c, *refs = json_arr(tree, "metadata/ownerReferences");
	int solid = 0, waiting_n = 0, all = 0;
	bool waiting;

	(void)uid;
	cJSON_ArrayForEach (c, refs) {
		all++;
		if (owner_lives(s, dep, c, &waiting))
			solid++;
		else
			waiting_n += waiting;
	}
	if (all > 0 && solid == 0)
		delete_object(s, dep,
		    waiting_n > 0 && each_dependent(s, dep->uid, NULL) > 0
			? KS_FOREGROUND
			: KS_BACKGROUND_DEFAULT);
	else if (solid < all)
		drop_refs(s, dep, tree, NULL);
	cJSON_Delete(tree);
}

static void
orphan(struct kube_server *s, struct ks_object *dep, const char *uid)
{
	cJSON *tree = ks_object_tree(dep);

	drop_refs(s, dep, tree, uid);
	cJSON_Delete(tree);
}

static bool
blocks(const struct ks_object *dep, const char *uid)
{
	cJSON *tree = ks_object_tree(dep);
	const cJSON *c;
	bool yes = false;

	cJSON_ArrayForEach (c, json_arr(tree, "metadata/ownerReferences")) {
		yes = yes || (str_eq(json_str(c, "uid", ""), uid) &&
				 json_bool(c, "blockOwnerDeletion", false));
	}
	cJSON_Delete(tree);
	return yes;
}

static bool
blocked(struct kube_server *s, const char *uid)
{
	char *prefix = xasprintf("%s/", uid);
	const struct map *m = &s->store.dependents;
	bool yes = false;

	for (size_t i = map_lower(m, prefix);
	     !yes && i < m->n && str_has_prefix(m->v[i].key, prefix); i++)
		yes = blocks(m->v[i].value, uid);
	xfree(prefix);
	return yes;
}

static void
finish_owner(struct kube_server *s, struct ks_object *o, const char *finalizer)
{
	cJSON *before = ks_object_tree(o), *after = json_dup(before);

	ks_meta_drop_finalizer(after, finalizer);
	ks_commit_update(s, &self_patch, o->kind, before, after);
	cJSON_Delete(before);
	json_drop(after);
}

static void
check_owner(struct kube_server *s, const char *uid)
{
	struct ks_object *o = ks_store_by_uid(&s->store, uid);
	cJSON *tree;
	bool foreground, orphans;

	if (o == NULL) {
		(void)each_dependent(s, uid, check_owners);
		return;
	}
	if (!o->deleting)
		return;
	tree = ks_object_tree(o);
	orphans = ks_meta_has_finalizer(tree, ORPHAN);
	foreground = ks_meta_has_finalizer(tree, FOREGROUND);
	cJSON_Delete(tree);
	if (orphans) {
		(void)each_dependent(s, uid, orphan);
		finish_owner(s, o, ORPHAN);
	} else if (foreground) {
		(void)each_dependent(s, uid, check_owners);
		if (!blocked(s, uid))
			finish_owner(s, o, FOREGROUND);
	}
}

/* ---- namespaces and CRDs ------------------------------------------------- */

/* Deletes what is there (ns NULL: everything); returns how many wait. */
static size_t
empty_kind(struct kube_server *s, const struct ks_kind *k, const char *ns)
{
	struct ks_snapshot sn;
	size_t left = 0;

	if (!ks_store_snapshot(&s->store, k, ns, 0, &sn))
		return 0;
	for (size_t i = 0; i < sn.n; i++) {
		delete_object(s, sn.v[i], KS_BACKGROUND);
		left += ks_store_by_uid(&s->store, sn.v[i]->uid) != NULL;
	}
	ks_snapshot_free(&sn);
	return left;
}

static void
add_condition(cJSON *list, const char *type, bool on, const char *reason,
    const char *message, int64_t wall_us)
{
	cJSON *c = cJSON_CreateObject();
	char now[RFC3339_CAP];

	rfc3339_s(now, wall_us);
	json_set_str(c, "type", type);
	json_set_str(c, "status", on ? "True" : "False");
	json_set_str(c, "lastTransitionTime", now);
	json_set_str(c, "reason", reason);
	json_set_str(c, "message", message);
	cJSON_AddItemToArray(list, c);
}

static void
namespace_waits(struct kube_server *s, struct ks_object *o, size_t left)
{
	cJSON *before = ks_object_tree(o), *after, *list;
	char text[120];

	if (json_arr(before, "status/conditions") != NULL) {
		cJSON_Delete(before);
		return;
	}
	after = json_dup(before);
	list = cJSON_CreateArray();
	(void)str_format(text, sizeof(text),
	    "Some content in the namespace has finalizers remaining: %zu "
	    "resource instances",
	    left);
	add_condition(list, "NamespaceContentRemaining", true,
	    "SomeResourcesRemain", text, loop_wall_us(s->env.loop));
	add_condition(list, "NamespaceFinalizersRemaining", true,
	    "SomeFinalizersRemain", text, loop_wall_us(s->env.loop));
	json_set(json_ensure_obj(after, "status"), "conditions", list);
	ks_commit(s, &self_patch, o->kind, before, after, false);
	cJSON_Delete(before);
	json_drop(after);
}

static void
end_namespace(struct kube_server *s, struct ks_object *o)
{
	size_t left = 0;
	cJSON *before, *after;

	for (size_t i = 0; i < s->store.kinds.n; i++)
		if (s->store.kinds.v[i]->namespaced)
			left += empty_kind(s, s->store.kinds.v[i], o->name);
	if (left > 0) {
		namespace_waits(s, o, left);
		return;
	}
	before = ks_object_tree(o);
	after = json_dup(before);
	json_put(after, "spec/finalizers", NULL);
	ks_commit_update(s, &self, o->kind, before, after);
	cJSON_Delete(before);
	json_drop(after);
}

static void
end_crd(struct kube_server *s, struct ks_object *o)
{
	cJSON *before = ks_object_tree(o), *after;
	struct ks_kind *k =
	    ks_kind_find(&s->store.kinds, json_str(before, "spec/group", ""),
		json_str(before, "spec/names/plural", ""));

	if (k == NULL || empty_kind(s, k, NULL) == 0) {
		after = json_dup(before);
		ks_meta_drop_finalizer(after, CRD_CLEANUP);
		ks_commit_update(s, &self, o->kind, before, after);
		json_drop(after);
	}
	cJSON_Delete(before);
}

static void
check_ending(struct kube_server *s, const char *uid)
{
	struct ks_object *o = ks_store_by_uid(&s->store, uid);

	if (o == NULL || !o->deleting)
		return;
	if (o->kind->special == KS_NAMESPACE)
		end_namespace(s, o);
	else
		end_crd(s, o);
}

bool
ks_control_serve_crd(struct kube_server *s, const cJSON *obj)
{
	struct field_errors l = { 0 };
	struct crd *c = crd_parse(obj, &l);
	struct ks_kind *k;

	field_errors_free(&l);
	if (c == NULL)
		return false;
	k = ks_kind_find(&s->store.kinds, c->group, c->plural);
	if (k != NULL)
		ks_watch_end_kind(s, k); /* they refer to its versions */
	k = ks_kind_serve(&s->store.kinds, c);
	k->schema_rv = s->store.rv;
	return true;
}

static void
crd_committed(struct kube_server *s, const struct ks_event *ev,
    const cJSON *before, const cJSON *after)
{
	struct ks_kind *k;

	if (ev->change == KS_DELETED) {
		k = ks_kind_find(&s->store.kinds,
		    json_str(after, "spec/group", ""),
		    json_str(after, "spec/names/plural", ""));
		if (k == NULL)
			return;
		ks_watch_end_kind(s, k);
		k->served = false;
	} else if (before == NULL || !json_equal(json_child(before, "spec"),
					 json_child(after, "spec"))) {
		(void)ks_control_serve_crd(s, after);
	}
}

/* Content that goes may free its namespace or its CRD. */
static void
content_gone(struct kube_server *s, const struct ks_object *o)
{
	const struct ks_kinds *kinds = &s->store.kinds;
	struct ks_object *holder = NULL;

	if (o->ns[0] != '\0')
		holder = ks_store_get(
		    ks_kind_find(kinds, "", "namespaces"), NULL, o->ns);
	if (holder != NULL && holder->deleting)
		note(s, &s->control.ending, holder->uid);
	if (o->kind->special != KS_CUSTOM || o->kind->objects.n > 0)
		return;
	holder = ks_store_get(ks_kind_find(kinds, "apiextensions.k8s.io",
				  "customresourcedefinitions"),
	    NULL, o->kind->resource);
	if (holder != NULL && holder->deleting)
		note(s, &s->control.ending, holder->uid);
}

/* What the next pass must look at because of this change. */
void
ks_control_committed(struct kube_server *s, const struct ks_event *ev,
    const cJSON *before, const cJSON *after)
{
	struct ks_control *c = &s->control;
	const struct ks_object *o = ev->obj;
	enum ks_special sp = o->kind->special;

	if (sp == KS_CRD)
		crd_committed(s, ev, before, after);
	if (ev->change == KS_DELETED || o->deleting)
		note(s, &c->owners, o->uid);
	if (ev->change != KS_DELETED && o->n_owners > 0 && !o->deleting &&
	    (before == NULL || ev->prev->n_owners != o->n_owners))
		note(s, &c->dependents, o->uid);
	/* A dependent that goes may free an owner that waits for it. */
	for (size_t i = 0; ev->change == KS_DELETED && i < o->n_owners; i++)
		note(s, &c->owners, o->owners[i]);
	if ((sp == KS_NAMESPACE || sp == KS_CRD) && o->deleting &&
	    ev->change != KS_DELETED)
		note(s, &c->ending, o->uid);
	if (ev->change == KS_DELETED)
		content_gone(s, o);
}

static void
pass(void *arg)
{
	struct kube_server *s = arg;
	struct map owners = s->control.owners;
	struct map dependents = s->control.dependents;
	struct map ending = s->control.ending;

	s->control.owners = (struct map){ 0 };
	s->control.dependents = (struct map){ 0 };
	s->control.ending = (struct map){ 0 };
	for (size_t i = 0; i < owners.n; i++)
		check_owner(s, owners.v[i].key);
	for (size_t i = 0; i < dependents.n; i++) {
		struct ks_object *o =
		    ks_store_by_uid(&s->store, dependents.v[i].key);

		if (o != NULL)
			check_owners(s, o, NULL);
	}
	for (size_t i = 0; i < ending.n; i++)
		check_ending(s, ending.v[i].key);
	map_free(&owners, NULL);
	map_free(&dependents, NULL);
	map_free(&ending, NULL);
}
