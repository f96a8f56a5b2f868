#include "sim/kube/delete.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/body.h"
#include "sim/kube/meta.h"

#define ORPHAN "orphan"
#define FOREGROUND "foregroundDeletion"
#define CRD_CLEANUP "customresourcecleanup.apiextensions.k8s.io"

void
ks_delete_opts_free(struct ks_delete_opts *o)
{
	xfree(o->uid);
	xfree(o->rv);
	*o = (struct ks_delete_opts){ 0 };
}

static bool
parse_policy(struct ks_delete_opts *o, const char *text, struct ks_status *st)
{
	if (str_empty(text))
		return true;
	if (str_eq(text, "Background"))
		o->policy = KS_BACKGROUND;
	else if (str_eq(text, "Foreground"))
		o->policy = KS_FOREGROUND;
	else if (str_eq(text, "Orphan"))
		o->policy = KS_ORPHAN;
	else
		return ks_bad_option(st, "DeleteOptions", "propagationPolicy",
		    "FieldValueNotSupported",
		    "Unsupported value: \"%.40s\": supported values: "
		    "\"Foreground\", \"Background\", \"Orphan\", \"nil\"",
		    text);
	return true;
}

static bool
parse_body(
    struct ks_delete_opts *o, const struct ks_request *rq, struct ks_status *st)
{
	cJSON *body = ks_body_parse(rq, st);
	const char *policy, *kind;
	const cJSON *c;
	bool ok;

	if (body == NULL)
		return false;
	if (!cJSON_IsObject(body)) {
		cJSON_Delete(body);
		return ks_bad_request(st, "DeleteOptions must be an object");
	}
	kind = json_str(body, "kind", "DeleteOptions");
	if (!str_eq(kind, "DeleteOptions")) {
		(void)ks_bad_request(st,
		    "no kind \"%.80s\" is registered for version \"%.120s\"",
		    kind, json_str(body, "apiVersion", ""));
		cJSON_Delete(body);
		return false;
	}
	o->uid = xstrdup(json_str(body, "preconditions/uid", NULL));
	o->rv = xstrdup(json_str(body, "preconditions/resourceVersion", NULL));
	policy = json_str(body, "propagationPolicy", NULL);
	ok = parse_policy(o, policy, st);
	if (ok && policy != NULL &&
	    json_child(body, "orphanDependents") != NULL)
		ok = ks_bad_option(st, "DeleteOptions", "propagationPolicy",
		    "FieldValueInvalid",
		    "Invalid value: \"%s\": orphanDependents and "
		    "deletionPropagation cannot be both set",
		    policy);
	else if (json_bool(body, "orphanDependents", false))
		o->policy = KS_ORPHAN;
	cJSON_ArrayForEach (c, json_arr(body, "dryRun")) {
		if (!cJSON_IsString(c) || !str_eq(c->valuestring, "All"))
			ok = ks_bad_request(st, "dryRun: Unsupported value: "
						"supported values: \"All\"");
		o->dry_run = true;
	}
	cJSON_Delete(body);
	return ok;
}

bool
ks_delete_opts_parse(
    struct ks_delete_opts *o, const struct ks_request *rq, struct ks_status *st)
{
	*o = (struct ks_delete_opts){ .dry_run = rq->dry_run };
	if (!parse_policy(o, rq->propagation, st))
		return false;
	return rq->in->body.n == 0 || parse_body(o, rq, st);
}

/* Deletes name the Kind where updates name the resource. */
static bool
failed_precondition(
    const struct ks_object *obj, const char *why, struct ks_status *st)
{
	const struct ks_kind *k = obj->kind;

	(void)ks_status_set(st, 409, "Conflict",
	    "Operation cannot be fulfilled on %s%s%s \"%s\": %s", k->kind,
	    k->group[0] != '\0' ? "." : "", k->group, obj->name, why);
	ks_status_about(st, k, obj->name);
	json_set_str(st->details, "kind", k->kind);
	return false;
}

static bool
check_preconditions(const struct ks_object *obj, const cJSON *tree,
    const struct ks_delete_opts *o, struct ks_status *st)
{
	const char *rv = json_str(tree, "metadata/resourceVersion", "");
	char why[200];

	if (o->uid != NULL && !str_eq(o->uid, obj->uid)) {
		(void)str_format(why, sizeof(why),
		    "the UID in the precondition (%.40s) does not match the "
		    "UID in record (%s). The object might have been deleted "
		    "and then recreated",
		    o->uid, obj->uid);
		return failed_precondition(obj, why, st);
	}
	if (o->rv != NULL && !str_eq(o->rv, rv)) {
		(void)str_format(why, sizeof(why),
		    "the ResourceVersion in the precondition (%.24s) does not "
		    "match the ResourceVersion in record (%s). The object "
		    "might have been modified",
		    o->rv, rv);
		return failed_precondition(obj, why, st);
	}
	return true;
}

static void
propagate(cJSON *obj, enum ks_propagation policy)
{
	if (policy == KS_BACKGROUND_DEFAULT)
		return;
	if (policy != KS_ORPHAN)
		ks_meta_drop_finalizer(obj, ORPHAN);
	if (policy != KS_FOREGROUND)
		ks_meta_drop_finalizer(obj, FOREGROUND);
	if (policy == KS_ORPHAN)
		ks_meta_add_finalizer(obj, ORPHAN);
	if (policy == KS_FOREGROUND)
		ks_meta_add_finalizer(obj, FOREGROUND);
}

/* A CRD stays until its instances are gone. */
static void
hold_crd(struct kube_server *s, cJSON *obj)
{
	struct ks_kind *k =
	    ks_kind_find(&s->store.kinds, json_str(obj, "spec/group", ""),
		json_str(obj, "spec/names/plural", ""));

	if (k != NULL && k->objects.n > 0)
		ks_meta_add_finalizer(obj, CRD_CLEANUP);
}

static void
mark(struct kube_server *s, cJSON *obj, bool namespace)
{
	char now[RFC3339_CAP];
	int64_t g = json_i64(obj, "metadata/generation", 0);

	if (ks_meta_deleting(obj))
		return;
	rfc3339_s(now, loop_wall_us(s->env.loop));
	json_set_str(ks_meta(obj), "deletionTimestamp", now);
	if (!namespace)
		json_set_i64(ks_meta(obj), "deletionGracePeriodSeconds", 0);
	if (g > 0)
		json_set_i64(ks_meta(obj), "generation", g + 1);
}

cJSON *
ks_delete(struct kube_server *s, const struct ks_who *who,
    struct ks_object *obj, const struct ks_delete_opts *o, bool *gone,
    struct ks_status *st)
{
	struct ks_kind *k = obj->kind;
	cJSON *before = ks_object_tree(obj), *after;

	*gone = false;
	if (!check_preconditions(obj, before, o, st)) {
		cJSON_Delete(before);
		return NULL;
	}
	after = json_dup(before);
	propagate(after, o->policy);
	if (k->special == KS_CRD)
		hold_crd(s, after);
	*gone = !ks_meta_has_finalizers(after) && k->special != KS_NAMESPACE;
	if (!*gone) {
		mark(s, after, k->special == KS_NAMESPACE);
		if (k->special == KS_NAMESPACE)
			json_set_str(json_ensure_obj(after, "status"), "phase",
			    "Terminating");
	}
	if (!o->dry_run && (*gone || !json_equal(before, after)))
		ks_commit(s, who, k, before, after, *gone);
	cJSON_Delete(before);
	return after;
}
