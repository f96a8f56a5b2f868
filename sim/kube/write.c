#include "sim/kube/write.h"

#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/admit.h"
#include "sim/kube/builtin.h"
#include "sim/kube/kept.h"
#include "sim/kube/managed.h"
#include "sim/kube/meta.h"
#include "sim/kube/watch.h"

#define NAME_TRIES 8

static int64_t
wall(const struct kube_server *s)
{
	return loop_wall_us(s->env.loop);
}

/* ---- commit ------------------------------------------------------------- */

void
ks_commit(struct kube_server *s, const struct ks_who *who, struct ks_kind *k,
    const cJSON *before, cJSON *after, bool remove)
{
	struct ks_event *ev = remove ? ks_store_remove(&s->store, k, after)
				     : ks_store_put(&s->store, k, after);
	struct kube_gvr gvr = { k->group, ks_kind_storage(k)->name, k->plural };
	struct kube_commit c = { who->verb, &gvr, before, remove ? NULL : after,
		who->user, who->manager };
	char *key = ks_key(ev->obj->ns, ev->obj->name);

	(void)ks_event_ref(ev);
	ks_stats_write(&s->stats, who->user, k->resource, key);
	xfree(key);
	if (s->on_commit != NULL)
		s->on_commit(s->on_commit_arg, &c);
	ks_watch_notify(s, ev);
	ks_control_committed(s, ev, before, after);
	ks_event_unref(ev);
}

/* A namespace has a second kind of finalizer, in its spec. */
static bool
may_go(const struct ks_kind *k, const cJSON *obj)
{
	if (!ks_meta_deleting(obj) || ks_meta_has_finalizers(obj))
		return false;
	return k->special != KS_NAMESPACE ||
	       cJSON_GetArraySize(json_arr(obj, "spec/finalizers")) == 0;
}

/* What goes is told to watches as it was stored, and to who let it go as it
 * would be, with the old revision. */
void
ks_commit_update(struct kube_server *s, const struct ks_who *who,
    struct ks_kind *k, const cJSON *before, cJSON *after)
{
	cJSON *last;

	if (!may_go(k, after)) {
		ks_commit(s, who, k, before, after, false);
		return;
	}
	last = json_dup(before);
	ks_commit(s, who, k, before, last, true);
	cJSON_Delete(last);
}

/* ---- checks ------------------------------------------------------------- */

static bool
namespace_open(struct kube_server *s, const struct ks_request *rq,
    const char *name, struct ks_status *st)
{
	struct ks_kind *k = ks_kind_find(&s->store.kinds, "", "namespaces");
	struct ks_object *ns;
	char text[128];

	if (rq->ns[0] == '\0')
		return true;
	ns = ks_store_get(k, NULL, rq->ns);
	if (ns == NULL)
		return ks_not_found(st, k, rq->ns);
	if (!ns->deleting)
		return true;
	(void)ks_status_set(st, 403, "Forbidden",
	    "%s \"%s\" is forbidden: unable to create new content in namespace "
	    "%s because it is being terminated",
	    rq->kind->resource, name, rq->ns);
	ks_status_about(st, rq->kind, name);
	(void)str_format(
	    text, sizeof(text), "namespace %s is being terminated", rq->ns);
	ks_status_cause(st, "NamespaceTerminating", text, "metadata.namespace");
	return false;
}

static struct ks_actor
actor(struct kube_server *s, const struct ks_request *rq)
{
	const struct schema *meta = s->store.kinds.meta;

	return (struct ks_actor){ .kind = rq->kind,
		.manager = rq->manager,
		.api_version = rq->version->api_version,
		.sub = rq->sub,
		.wall_us = wall(s),
		.schema = rq->version->schema,
		.meta = schema_member(meta, "metadata") };
}

static struct ks_who
who(const struct ks_request *rq)
{
	return (struct ks_who){ rq->verb, rq->in->user, rq->manager };
}

/* ---- create ------------------------------------------------------------- */

static bool
has_generation(const struct ks_kind *k)
{
	return k->special == KS_CUSTOM || k->special == KS_CRD;
}

static bool
free_name(struct kube_server *s, const struct ks_request *rq, cJSON *meta,
    struct ks_status *st)
{
	bool generated = str_empty(json_str(meta, "name", NULL)) &&
			 !str_empty(json_str(meta, "generateName", NULL));
	const struct ks_object *have;
	const char *name;

	for (int i = 0; i < NAME_TRIES; i++) {
		if (generated)
			json_set(meta, "name", NULL);
		ks_meta_generate_name(meta, s->env.entropy);
		name = json_str(meta, "name", "");
		if (name[0] == '\0' ||
		    ks_store_get(rq->kind, rq->ns, name) == NULL)
			return true;
		if (!generated)
			break;
	}
	name = json_str(meta, "name", "");
	have = ks_store_get(rq->kind, rq->ns, name);
	return ks_exists(st, rq->kind, name, have != NULL && have->deleting);
}

cJSON *
ks_finish_create(struct kube_server *s, const struct ks_request *rq, cJSON *obj,
    struct ks_warnings *w, struct ks_status *st)
{
	cJSON *meta = ks_meta(obj);
	struct ks_who by = who(rq);

	if (!free_name(s, rq, meta, st) ||
	    !namespace_open(s, rq, json_str(meta, "name", ""), st))
		goto fail;
	ks_meta_create(meta, s->env.entropy, wall(s), has_generation(rq->kind));
	if (rq->kind->special == KS_CUSTOM && rq->version->has_status)
		json_set(obj, "status", NULL);
	ks_to_storage(rq->kind, rq->version, obj);
	if (!ks_admit(s, rq, NULL, obj, w, st))
		goto fail;
	if (rq->patch != KS_PATCH_APPLY) {
		struct ks_actor a = actor(s, rq);

		ks_managed_update(&a, NULL, obj);
	}
	if (!rq->dry_run)
		ks_commit(s, &by, rq->kind, NULL, obj, false);
	return obj;
fail:
	cJSON_Delete(obj);
	return NULL;
}

cJSON *
ks_create(struct kube_server *s, const struct ks_request *rq, cJSON *obj,
    struct ks_warnings *w, struct ks_status *st)
{
	if (!ks_check_type(rq, obj, st)) {
		cJSON_Delete(obj);
		return NULL;
	}
	if (!str_empty(json_str(obj, "metadata/resourceVersion", NULL))) {
		(void)ks_unthought(st,
		    "resourceVersion should not be set on objects to be "
		    "created");
		cJSON_Delete(obj);
		return NULL;
	}
	json_set(ks_meta(obj), "managedFields", NULL);
	return ks_finish_create(s, rq, obj, w, st);
}

/* ---- update ------------------------------------------------------------- */

static bool
check_versions(const struct ks_request *rq, const cJSON *before,
    const cJSON *after, struct ks_status *st)
{
	const char *rv = json_str(after, "metadata/resourceVersion", "");
	const char *uid = json_str(after, "metadata/uid", "");
	const char *have = json_str(before, "metadata/uid", "");
	char why[200];
	int64_t n;

	/* A patch is no precondition: the uid is immutable. */
	if (uid[0] != '\0' && !str_eq(uid, have) &&
	    (rq->patch == KS_PATCH_NONE || rq->patch == KS_PATCH_APPLY)) {
		(void)str_format(why, sizeof(why),
		    "Precondition failed: UID in precondition: %.40s, UID in "
		    "object meta: %s",
		    uid, have);
		return ks_conflict(st, rq->kind, rq->name, why);
	}
	if (rv[0] == '\0' || str_eq(rv, "0"))
		return true;
	if (!ks_parse_revision(rv, &n))
		return ks_unthought(st,
		    "strconv.ParseUint: parsing \"%.40s\": invalid syntax", rv);
	if (!str_eq(rv, json_str(before, "metadata/resourceVersion", "")))
		return ks_conflict(st, rq->kind, rq->name,
		    "the object has been modified; please apply your changes "
		    "to the latest version and try again");
	return true;
}

/* Of this error, the resource is named instead of the Kind. */
static bool
name_resource(struct ks_status *st, const struct ks_request *rq)
{
	char *text = xasprintf("%s \"%s\" is invalid: metadata."
			       "resourceVersion: Invalid value: 0: must be "
			       "specified for an update",
	    rq->kind->resource, rq->name);

	xfree(st->message);
	st->message = text;
	json_set_str(st->details, "kind", rq->kind->plural);
	return false;
}

/* Kinds whose registries refuse an update without a resourceVersion. */
static bool
check_unconditional(
    const struct ks_request *rq, const cJSON *obj, struct ks_status *st)
{
	enum ks_special sp = rq->kind->special;
	struct field_errors l = { 0 };

	if (sp != KS_CUSTOM && sp != KS_CRD && sp != KS_LEASE)
		return true;
	if (!str_empty(json_str(obj, "metadata/resourceVersion", NULL)))
		return true;
	field_errors_add(&l, FIELD_INVALID, "metadata.resourceVersion",
	    "0: must be specified for an update");
	return ks_invalid_end(st, &l, rq->kind, rq->name) ||
	       name_resource(st, rq);
}

static bool
as_before(const cJSON *was, const cJSON *now)
{
	return now != NULL && (json_same(now) || json_equal(was, now));
}

/* Makes the metadata what it was, but for the managers. */
static void
old_metadata(const cJSON *before, cJSON *after)
{
	const cJSON *was = json_child(before, "metadata");
	cJSON *m = json_child(after, "metadata"), *mf;

	if (json_equal(was, m))
		return;
	mf = json_child(m, "managedFields");
	if (mf != NULL)
		cJSON_DetachItemViaPointer(m, mf);
	json_set(after, "metadata", json_dup(was));
	if (mf != NULL)
		json_set(ks_meta(after), "managedFields", mf);
}

/* Makes every member but the status and the managers what it was. */
static void
only_status(const cJSON *before, cJSON *after)
{
	cJSON *c, *next;
	const cJSON *b;

	old_metadata(before, after);
	for (c = after->child; c != NULL; c = next) {
		next = c->next;
		if (!str_eq(c->string, "status") &&
		    json_child(before, c->string) == NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(after, c));
	}
	cJSON_ArrayForEach (b, before) {
		if (str_eq(b->string, "status") ||
		    str_eq(b->string, "metadata"))
			continue;
		if (!as_before(b, json_child(after, b->string)))
			json_set(after, b->string, json_dup(b));
	}
}

/* A status update takes nothing but the status, all others everything else. */
static void
split_status(const struct ks_request *rq, const cJSON *before, cJSON *after)
{
	const cJSON *status, *now;

	if (str_eq(rq->sub, "status")) {
		only_status(before, after);
	} else if (rq->version->has_status) {
		status = json_child(before, "status");
		now = json_child(after, "status");
		if (now == NULL || !json_same(now))
			json_set(after, "status",
			    status != NULL ? json_dup(status) : NULL);
	}
	/* Only its own subresource changes what a namespace waits for. */
	if (rq->kind->special == KS_NAMESPACE && !str_eq(rq->sub, "finalize")) {
		const cJSON *spec = json_child(before, "spec");

		json_set(after, "spec", spec != NULL ? json_dup(spec) : NULL);
	}
}

static bool
same_but(const cJSON *a, const cJSON *b, bool status)
{
	const cJSON *c;
	int na = 0, nb = 0;

	cJSON_ArrayForEach (c, a) {
		if (str_eq(c->string, "metadata") ||
		    (!status && str_eq(c->string, "status")))
			continue;
		na++;
		if (!as_before(c, json_child(b, c->string)))
			return false;
	}
	cJSON_ArrayForEach (c, b) {
		nb += !str_eq(c->string, "metadata") &&
		      (status || !str_eq(c->string, "status"));
	}
	return na == nb;
}

static void
bump_generation(const struct ks_request *rq, const cJSON *before, cJSON *after)
{
	int64_t g = json_i64(before, "metadata/generation", 0);

	if (!has_generation(rq->kind) || rq->sub[0] != '\0')
		return;
	if (!same_but(before, after, !rq->version->has_status))
		json_set_i64(ks_meta(after), "generation", g + 1);
}

/* The managers that the client sent, if it meant to change them. */
static void
take_managers(const cJSON *before, cJSON *after)
{
	cJSON *sent = json_at_mut(after, "metadata/managedFields");
	const cJSON *live = json_at(before, "metadata/managedFields");
	bool reset = cJSON_IsArray(sent) &&
		     (sent->child == NULL || sent->child->child == NULL);

	if (reset) {
		json_set(ks_meta(after), "managedFields", NULL);
	} else if (sent == NULL || !ks_managed_valid(sent)) {
		json_set(ks_meta(after), "managedFields",
		    live != NULL ? json_dup(live) : NULL);
	}
}

/* Nothing changed, resourceVersion apart. */
static bool
is_noop(const cJSON *before, cJSON *after)
{
	const cJSON *rv = json_at(before, "metadata/resourceVersion");

	json_set(ks_meta(after), "resourceVersion", json_dup(rv));
	return json_equal(before, after);
}

cJSON *
ks_finish_update(struct kube_server *s, const struct ks_request *rq,
    const cJSON *before, cJSON *after, struct ks_warnings *w,
    struct ks_status *st)
{
	struct ks_actor a = actor(s, rq);
	struct ks_who by = who(rq);

	ks_to_storage(rq->kind, rq->version, after);
	if (!check_versions(rq, before, after, st))
		goto fail;
	if (rq->patch != KS_PATCH_APPLY)
		take_managers(before, after);
	ks_mark_same(rq, before, after);
	split_status(rq, before, after);
	if (!ks_admit(s, rq, before, after, w, st))
		goto fail;
	bump_generation(rq, before, after);
	if (rq->patch != KS_PATCH_APPLY)
		ks_managed_update(&a, before, after);
	if (is_noop(before, after) || rq->dry_run)
		return after;
	ks_commit_update(s, &by, rq->kind, before, after);
	return after;
fail:
	cJSON_Delete(after);
	return NULL;
}

cJSON *
ks_update(struct kube_server *s, const struct ks_request *rq, cJSON *obj,
    struct ks_warnings *w, struct ks_status *st)
{
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	const char *name;
	const cJSON *before;
	cJSON *out;

	if (!ks_check_type(rq, obj, st))
		goto fail;
	name = json_str(obj, "metadata/name", "");
	if (!str_eq(name, rq->name)) {
		(void)ks_bad_request(st,
		    "the name of the object (%.80s) does not match the name on "
		    "the URL (%s)",
		    name, rq->name);
		goto fail;
	}
	if (o == NULL) {
		(void)ks_not_found(st, rq->kind, rq->name);
		goto fail;
	}
	if (!check_unconditional(rq, obj, st))
		goto fail;
	before = ks_kept_hold(&s->store.kept, o);
	out = ks_finish_update(s, rq, before, obj, w, st);
	json_drop(before);
	return out;
fail:
	cJSON_Delete(obj);
	return NULL;
}
