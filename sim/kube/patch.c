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
#include "sim/kube/strategic.h"
#include "sim/kube/write.h"

static cJSON *
rejected(struct ks_status *st, const struct ks_request *rq, const struct err *e)
{
	(void)ks_status_set(st, 422, "Invalid",
	    "the server rejected our request due to an error in our request: "
	    "%s",
	    e->msg);
	ks_status_about(st, rq->kind, rq->name);
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
	return out != NULL ? out : rejected(st, rq, &e);
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
	before = ks_kept_hold(&s->store.kept, o);
	after = patched(rq, before, body, st);
	if (after == NULL) {
		json_drop(before);
		return NULL;
	}
	if (!ks_check_type(rq, after, st))
		cJSON_Delete(after);
	else
		out = ks_finish_update(s, rq, before, after, w, st);
	json_drop(before);
	return out;
}

/* ---- server-side apply -------------------------------------------------- */

static bool
check_config(const struct ks_request *rq, cJSON *config, struct ks_status *st)
{
	const char *name;

	if (!rq->manager_given) {
		(void)ks_status_set(st, 422, "Invalid",
		    "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: "
		    "Required value: is required for apply patch");
		ks_status_cause(st, "FieldValueRequired",
		    "Required value: is required for apply patch",
		    "fieldManager");
		return false;
	}
	if (str_empty(json_str(config, "kind", NULL)) ||
	    str_empty(json_str(config, "apiVersion", NULL)))
		return ks_bad_request(
		    st, "an apply configuration needs apiVersion and kind");
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

static cJSON *
apply(struct kube_server *s, const struct ks_request *rq, cJSON *config,
    bool *created, struct ks_warnings *w, struct ks_status *st)
{
	struct ks_object *o = ks_store_get(rq->kind, rq->ns, rq->name);
	struct ks_actor a = { .manager = rq->manager,
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
	if (!ks_prune(rq, config, w, st))
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
