/* Steps on objects: apply, patch, annotate, label, delete, secret, move. */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/move.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"
#include "scenarios/runner/walk.h"

#define MERGE "application/merge-patch+json"
#define JSON_PATCH "application/json-patch+json"

static bool
apply_check_one(const cJSON *o, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const struct shape_key file_keys[] = {
		{ "file", S_TEXT, true, "" },
		{ NULL, S_ANY, false, NULL },
	};

	if (json_child(o, "file") != NULL)
		return shape_check(file_keys, o, path, s, e);
	if (!cJSON_IsObject(o) || json_str(o, "kind", NULL) == NULL ||
	    json_str(o, "apiVersion", NULL) == NULL)
		return shape_error(s, path, e,
		    "an object with apiVersion and kind, or {file: PATH}");
	return true;
}

static bool
apply_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	const cJSON *o;
	char at[420];
	int i = 0;

	if (!cJSON_IsArray(a))
		return apply_check_one(a, path, s, e);
	cJSON_ArrayForEach (o, a) {
		(void)str_format(at, sizeof(at), "%s/%d", path, i++);
		if (json_child(o, "file") != NULL)
			return shape_error(
			    s, at, e, "a file is applied by a step of its own");
		if (!apply_check_one(o, at, s, e))
			return false;
	}
	return true;
}

static bool
apply_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *file = json_str(a, "file", NULL);
	cJSON *list;
	bool ok;

	if (file != NULL) {
		list = cJSON_CreateArray();
		ok = play_apply_file(p, file, e);
	} else if (cJSON_IsArray(a)) {
		list = json_dup(a);
		ok = play_apply(p, list, e);
	} else {
		list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, json_dup(a));
		ok = play_apply(p, list, e);
	}
	cJSON_Delete(list);
	return ok;
}

static bool
cluster_run(struct play *p, const cJSON *a, struct err *e)
{
	return play_cluster(p, a, e);
}

struct object_body {
	const char *type, *text; /* NULL: none */
};

/* One call to the API; a reply of 400 and more is an error. *reply: owned by the
 * caller, NULL on failure. */
static bool
object_ask(struct play *p, const char *method, const char *path,
    const struct object_body *b, cJSON **reply, struct err *e)
{
	int status = 0;

	*reply =
	    p->be->ops->api(p->be, method, path, b->type, b->text, &status);
	if (status >= 200 && status < 300 && *reply != NULL)
		return true;
	(void)err_set(e, ERR_REFUSED, status, "%s %.80s: %d %.120s", method,
	    path, status, json_str(*reply, "message", ""));
	cJSON_Delete(*reply);
	*reply = NULL;
	return false;
}

static bool
object_call(struct play *p, const char *method, const char *path,
    const struct object_body *b, struct err *e)
{
	cJSON *reply;
	bool ok = object_ask(p, method, path, b, &reply, e);

	cJSON_Delete(reply);
	return ok;
}

/* ---- our own writes, as the watches tell them ------------------------------------- */

#define OBJECT_HEARD (5 * LOOP_S)

struct object_heard {
	struct play *p;
	const struct object_ref *r;
	uint64_t version;
};

static uint64_t
object_version(const cJSON *o)
{
	uint64_t v = 0;

	return str_to_u64(json_str(o, "metadata/resourceVersion", ""), &v) ? v
									   : 0;
}

static bool
object_heard(void *arg)
{
	const struct object_heard *h = arg;
	const cJSON *o = facts_tree(h->p->f, h->r->kind->group,
	    h->r->kind->resource, h->r->ns, h->r->name);

	return o == NULL || object_version(o) >= h->version;
}

/* Steps that follow look at what the watches told: over sockets that comes after
 * the reply, and an annotation that is to go may not have come yet. */
static void
object_hear(struct play *p, const struct object_ref *r, const cJSON *reply)
{
	struct object_heard h = { p, r, object_version(reply) };

	(void)play_wait_real(p, OBJECT_HEARD, object_heard, &h);
}

/* All objects that a reference names, one after the other. */
static bool
object_each(struct play *p, const char *text,
    bool (*fn)(
	struct play *p, const struct object_ref *r, void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct object_ref r;
	struct walk w;
	struct map names = { 0 };
	bool ok = object_ref_parse(&r, text, e);

	if (!ok || !object_ref_is_glob(&r))
		return ok && fn(p, &r, arg, e);
	w = walk_start(p->f, r.kind->group, r.kind->resource, r.ns, r.name);
	while (walk_next(&w) != NULL)
		(void)map_put(&names, w.name, p);
	for (size_t i = 0; ok && i < names.n; i++) {
		(void)str_copy(r.name, sizeof(r.name), names.v[i].key);
		ok = fn(p, &r, arg, e);
	}
	if (names.n == 0)
		ok = err_set(e, ERR_NOTFOUND, 0, "there is no %s", text);
	map_free(&names, NULL);
	return ok;
}

/* ---- patch ---------------------------------------------------------------------- */

struct object_patch {
	const char *type, *sub;
	char *body; /* owned */
};

static bool
object_patch_one(
    struct play *p, const struct object_ref *r, void *arg, struct err *e)
{
	const struct object_patch *pt = arg;
	char *path = kind_path(r->kind, r->ns, r->name, pt->sub);
	const struct object_body b = { pt->type, pt->body };
	cJSON *reply;
	bool ok = object_ask(p, "PATCH", path, &b, &reply, e);

	if (ok)
		object_hear(p, r, reply);
	cJSON_Delete(reply);
	xfree(path);
	return ok;
}

static const struct shape_key patch_keys[] = {
	{ "object", S_REF, true, "kind/name; the name may be a glob" },
	{ "merge", S_MAP, false, "a JSON Merge Patch" },
	{ "json", S_LIST, false, "a JSON Patch" },
	{ "status", S_BOOL, false, "of the status subresource" },
	{ NULL, S_ANY, false, NULL },
};

static bool
patch_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	return (json_child(a, "merge") == NULL) !=
		   (json_child(a, "json") == NULL) ||
	       shape_error(s, path, e, "patch needs either merge or json");
}

static bool
patch_run(struct play *p, const cJSON *a, struct err *e)
{
	const cJSON *ops = json_child(a, "json");
	struct object_patch pt = { ops != NULL ? JSON_PATCH : MERGE,
		json_bool(a, "status", false) ? "status" : NULL, NULL };
	bool ok;

	pt.body = json_print(ops != NULL ? ops : json_child(a, "merge"));
	ok =
	    object_each(p, json_str(a, "object", ""), object_patch_one, &pt, e);
	xfree(pt.body);
	return ok;
}

static const struct shape_key meta_keys[] = {
	{ "object", S_REF, true, "kind/name; the name may be a glob" },
	{ "set", S_MAP, true, "key: value; null removes" },
	{ NULL, S_ANY, false, NULL },
};

static bool
meta_run(struct play *p, const char *member, const cJSON *a, struct err *e)
{
	struct object_patch pt = { MERGE, NULL, NULL };
	cJSON *patch = cJSON_CreateObject();
	bool ok;

	json_set(json_ensure_obj(patch, "metadata"), member,
	    json_dup(json_child(a, "set")));
	pt.body = json_print(patch);
	ok =
	    object_each(p, json_str(a, "object", ""), object_patch_one, &pt, e);
	xfree(pt.body);
	cJSON_Delete(patch);
	return ok;
}

static bool
annotate_run(struct play *p, const cJSON *a, struct err *e)
{
	return meta_run(p, "annotations", a, e);
}

static bool
label_run(struct play *p, const cJSON *a, struct err *e)
{
	return meta_run(p, "labels", a, e);
}

/* ---- delete ---------------------------------------------------------------------- */

static bool
delete_one(struct play *p, const struct object_ref *r, void *arg, struct err *e)
{
	static const struct object_body none = { NULL, NULL };
	char *path = kind_path(r->kind, r->ns, r->name, NULL);
	bool ok = object_call(p, "DELETE", path, &none, e);

	(void)arg;
	xfree(path);
	return ok;
}

static bool
delete_run(struct play *p, const cJSON *a, struct err *e)
{
	return object_each(p, json_str(a, "", ""), delete_one, NULL, e);
}

/* ---- secret ---------------------------------------------------------------------- */

static const struct shape_key secret_keys[] = {
	{ "name", S_TEXT, true, "of the Secret, usually that of the BMC" },
	{ "namespace", S_TEXT, false, "" },
	{ "username", S_TEXT, false, "" },
	{ "password", S_TEXT, false, "" },
	{ "bmc", S_BOOL, false, "true: the BMC of the same name changes too" },
	{ "end-sessions", S_BOOL, false, "and ends its sessions" },
	{ NULL, S_ANY, false, NULL },
};

static bool
secret_bmc(struct play *p, const cJSON *a, struct err *e)
{
	char *path = xasprintf("/bmcs/%s/password", json_str(a, "name", ""));
	cJSON *body = cJSON_CreateObject(), *reply;
	int status;

	json_set_str(body, "password", json_str(a, "password", NULL));
	json_set_str(body, "username", json_str(a, "username", NULL));
	json_set_bool(body, "endSessions", json_bool(a, "end-sessions", false));
	reply = p->be->ops->bmc(p->be, "POST", path, body, &status);
	if (status >= 300)
		(void)err_set(e, ERR_SPEC, status, "%s: %s", path,
		    json_str(reply, "error", ""));
	cJSON_Delete(body);
	cJSON_Delete(reply);
	xfree(path);
	return status < 300;
}

static bool
secret_run(struct play *p, const cJSON *a, struct err *e)
{
	cJSON *patch = cJSON_CreateObject();
	cJSON *data = json_ensure_obj(patch, "stringData");
	char *path = kind_path(kind_by_name("secret"),
	    json_str(a, "namespace", "default"), json_str(a, "name", ""), NULL);
	char *body;
	bool ok;

	json_set_str(data, "username", json_str(a, "username", NULL));
	json_set_str(data, "password", json_str(a, "password", NULL));
	body = json_print(patch);
	ok = (!json_bool(a, "bmc", false) || secret_bmc(p, a, e)) &&
	     object_call(
		 p, "PATCH", path, &(struct object_body){ MERGE, body }, e);
	xfree(body);
	xfree(path);
	cJSON_Delete(patch);
	return ok;
}

static const struct shape_key move_keys[] = {
	{ "cluster", S_TEXT, true, "name of the Cluster" },
	{ "namespace", S_TEXT, false, "" },
	{ "order", S_TEXT, false, "hosts-first (default), machines-first" },
	{ "pause", S_TIME, false, "between deletion and creation; 1s" },
	{ NULL, S_ANY, false, NULL },
};

static bool
move_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const orders[] = { "hosts-first", "machines-first",
		NULL };

	return shape_word(a, "order", orders, path, s, e);
}

static bool
move_run(struct play *p, const cJSON *a, struct err *e)
{
	struct move_opts o = { .cluster = json_str(a, "cluster", ""),
		.ns = json_str(a, "namespace", "default"),
		.hosts_first =
		    !str_eq(json_str(a, "order", NULL), "machines-first"),
		.pause_us = shape_time(a, "pause", LOOP_S) };

	return move_cluster(p, &o, e);
}

const struct step_row steps_objects[] = {
	{ "apply", NULL, S_ANY, apply_check, apply_run,
	    "creates or replaces an object, a list of them, or {file: PATH}" },
	{ "cluster", cluster_keys, S_MAP, NULL, cluster_run,
	    "a Cluster with its Machines, as the key `cluster` of a file" },
	{ "patch", patch_keys, S_MAP, patch_check, patch_run,
	    "a merge or JSON patch" },
	{ "annotate", meta_keys, S_MAP, NULL, annotate_run,
	    "sets annotations; null removes" },
	{ "label", meta_keys, S_MAP, NULL, label_run,
	    "sets labels; null removes" },
	{ "delete", NULL, S_REF, NULL, delete_run, "deletes kind/name" },
	{ "secret", secret_keys, S_MAP, NULL, secret_run,
	    "changes a BMC's Secret, and the BMC's account if asked" },
	{ "move", move_keys, S_MAP, move_check, move_run,
	    "moves a Cluster as clusterctl does: new UIDs, no status" },
	{ 0 },
};
