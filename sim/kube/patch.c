/* The four patch types, each a way from a stored object to its successor. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/kube/body.h"
#include "sim/kube/builtin.h"
#include "sim/kube/kept.h"
#include "sim/kube/managed.h"
#include "sim/kube/meta.h"
#include "sim/kube/schema.h"
#include "sim/kube/strategic.h"
#include "sim/kube/write.h"

static cJSON *
rejected(struct ks_status *st, const struct err *e)
{
	(void)e; /* the real server tells nobody either */
	(void)ks_status_set(st, 422, "Invalid",
	    "the server rejected our request due to an error in our request");
	st->details = cJSON_CreateObject();
	return NULL;
}

/* In the version of the request, as the client sees the object. */
static cJSON *
patched(const struct ks_request *rq, const cJSON *before, const cJSON *body,
    struct ks_status *st)
{
	bool as_stored = rq->version == ks_kind_storage(rq->kind);
	cJSON *own = as_stored ? NULL : json_dup(before), *out = NULL;
	const cJSON *seen = as_stored ? before : own;
	struct err e = { 0 };

	if (own != NULL)
		ks_from_storage(rq->version, own);
	if (rq->patch == KS_PATCH_JSON) {
		if (cJSON_GetArraySize(body) > 10000)
			(void)err_set(&e, ERR_SPEC, 0, "too many operations");
		else
			out = json_patch(seen, body, &e);
	} else if (rq->patch == KS_PATCH_STRATEGIC) {
		out = ks_strategic_merge(seen, body, &e);
	} else if (!cJSON_IsObject(body)) {
		(void)err_set(
		    &e, ERR_SPEC, 0, "a merge patch must be a JSON object");
	} else {
		out = json_merge_patch(seen, body);
	}
	cJSON_Delete(own);
	return out != NULL ? out : rejected(st, &e);
}

static bool
check_patch_body(
    const struct ks_request *rq, const cJSON *body, struct ks_status *st)
{
	if (rq->patch == KS_PATCH_JSON ? cJSON_IsArray(body)
				       : cJSON_IsObject(body))
		return true;
	return ks_bad_request(st,
	    "error decoding patch: json: cannot unmarshal %s into Go value of "
	    "type %s",
	    schema_type_of(body),
	    rq->patch == KS_PATCH_JSON ? "[]handlers.jsonPatchOp"
				       : "map[string]interface {}");
}

static bool
check_name(const struct ks_request *rq, const cJSON *obj, struct ks_status *st)
{
	const char *name = json_str(obj, "metadata/name", rq->name);

	return str_eq(name, rq->name) ||
	       ks_bad_request(st,
		   "the name of the object (%.80s) does not match the name on "
		   "the URL (%s)",
		   name, rq->name);
}

static cJSON *
change(struct kube_server *s, const struct ks_request *rq, const cJSON *body,
    struct ks_warnings *w, struct ks_status *st)
{
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	const cJSON *before;
	cJSON *after, *out = NULL;

	if (o == NULL) {
		(void)ks_not_found(st, rq->kind, rq->name);
		return NULL;
	}
	if (!check_patch_body(rq, body, st))
		return NULL;
	before = ks_kept_hold(&s->store.kept, o);
	after = patched(rq, before, body, st);
	if (after == NULL) {
		json_drop(before);
		return NULL;
	}
	if (!ks_check_type(rq, after, st) || !check_name(rq, after, st))
		cJSON_Delete(after);
	else
		out = ks_finish_update(s, rq, before, after, w, st);
	json_drop(before);
	return out;
}

/* ---- server-side apply -------------------------------------------------- */

static bool
invalid_type(const cJSON *config, struct ks_status *st)
{
	const char *v = json_str(config, "apiVersion", "");

	return ks_bad_request(st, "invalid object type: %.120s%s, Kind=%.80s",
	    v, strchr(v, '/') != NULL || v[0] != '\0' ? "" : "/",
	    json_str(config, "kind", ""));
}

static bool
check_config(const struct ks_request *rq, cJSON *config, struct ks_status *st)
{
	const char *name;

	if (!rq->manager_given) {
		return ks_bad_option(st, "PatchOptions", "fieldManager",
		    "FieldValueRequired",
		    "Required value: is required for apply patch");
	}
	if (!str_eq(json_str(config, "kind", ""), rq->kind->kind) ||
	    !str_eq(
		json_str(config, "apiVersion", ""), rq->version->api_version))
		return invalid_type(config, st);
	if (cJSON_GetArraySize(json_at(config, "metadata/managedFields")) > 0)
		return ks_bad_request(st, "metadata.managedFields must be nil");
	if (!ks_check_type(rq, config, st))
		return false;
	name = json_str(config, "metadata/name", "");
	if (name[0] == '\0')
		json_set_str(ks_meta(config), "name", rq->name);
	else if (!str_eq(name, rq->name))
		return ks_bad_request(st,
		    "the name of the object (%.80s) does not match the name on "
		    "the URL (%s)",
		    name, rq->name);
	json_set(ks_meta(config), "managedFields", NULL);
	return true;
}

static void
apply_status_rules(const struct ks_request *rq, cJSON *config)
{
	cJSON *c, *next;

	if (!str_eq(rq->sub, "status")) {
		if (rq->version->has_status && rq->kind->special == KS_CUSTOM)
			json_set(config, "status", NULL);
		return;
	}
	/* Of an apply to the status, only the status counts. */
	for (c = config->child; c != NULL; c = next) {
		next = c->next;
		if (!str_eq(c->string, "status") &&
		    !str_eq(c->string, "metadata") &&
		    !str_eq(c->string, "kind") &&
		    !str_eq(c->string, "apiVersion"))
			cJSON_Delete(cJSON_DetachItemViaPointer(config, c));
	}
}

/* An apply with the identity of an object does not make another one. */
static bool
check_absent(
    const struct ks_request *rq, const cJSON *config, struct ks_status *st)
{
	const char *uid = json_str(config, "metadata/uid", "");
	char why[160];

	if (uid[0] == '\0')
		return true;
	(void)str_format(why, sizeof(why),
	    "uid mismatch: the provided object specified uid %.40s, and no "
	    "existing object was found",
	    uid);
	return ks_conflict(st, rq->kind, rq->name, why);
}

/* Whatever the validation, an apply knows no other fields. */
static bool
check_declared(const struct ks_request *rq, cJSON *config, struct ks_status *st)
{
	struct schema_unknown u = { 0 };
	bool ok;

	ks_meta_prune(ks_meta(config), &u);
	if (rq->version->schema != NULL)
		schema_prune(rq->version->schema, config, &u);
	ok = u.n == 0 ||
	     ks_unthought(st,
		 "failed to create typed patch object (/%s; %s, "
		 "Kind=%s): .%s: field not declared in schema",
		 rq->name, rq->version->api_version, rq->kind->kind, u.v[0]);
	schema_unknown_free(&u);
	return ok;
}

static cJSON *
apply(struct kube_server *s, const struct ks_request *rq, cJSON *config,
    bool *created, struct ks_warnings *w, struct ks_status *st)
{
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	struct ks_actor a = { .kind = rq->kind,
		.manager = rq->manager,
		.api_version = rq->version->api_version,
		.sub = rq->sub,
		.wall_us = loop_wall_us(s->env.loop),
		.schema = rq->version->schema,
		.meta = schema_member(s->store.kinds.meta, "metadata") };
	const cJSON *before = NULL;
	cJSON *after, *out;

	if (!check_config(rq, config, st))
		return NULL;
	if (o == NULL && rq->sub[0] != '\0') {
		(void)ks_not_found(st, rq->kind, rq->name);
		return NULL;
	}
	/* Ownership is kept under the names of the stored form. */
	ks_to_storage(rq->kind, rq->version, config);
	apply_status_rules(rq, config);
	if (!check_declared(rq, config, st))
		return NULL;
	if (o == NULL && !check_absent(rq, config, st))
		return NULL;
	if (o != NULL)
		before = ks_kept_hold(&s->store.kept, o);
	*created = o == NULL;
	after = ks_managed_apply(&a, before, config, rq->force, st);
	if (after == NULL)
		out = NULL;
	else if (o == NULL)
		out = ks_finish_create(s, rq, after, w, st);
	else
		out = ks_finish_update(s, rq, before, after, w, st);
	json_drop(before);
	return out;
}

cJSON *
ks_patch(struct kube_server *s, const struct ks_request *rq, bool *created,
    struct ks_warnings *w, struct ks_status *st)
{
	cJSON *body, *out;

	*created = false;
	body = ks_body_parse(rq, st);
	if (body == NULL)
		return NULL;
	if (rq->patch == KS_PATCH_APPLY)
		out = apply(s, rq, body, created, w, st);
	else
		out = change(s, rq, body, w, st);
	cJSON_Delete(body);
	return out;
}
