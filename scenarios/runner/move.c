/* See move.h. */
#include "scenarios/runner/move.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/walk.h"

#define MERGE "application/merge-patch+json"
#define FOR_MOVE "clusterctl.cluster.x-k8s.io/delete-for-move"

static const char *const hosts_first[] = { "host", "secret", "cluster", "b7c",
	"machine", "b7m", NULL };
static const char *const machines_first[] = { "cluster", "b7c", "machine",
	"b7m", "host", "secret", NULL };

static bool
move_call(struct play *p, const char *method, const char *path,
    const cJSON *body, struct err *e)
{
	char *text = body == NULL ? NULL : json_print(body);
	int status = 0;
	cJSON *r = p->be->ops->api(p->be, method, path,
	    str_eq(method, "PATCH") ? MERGE : NULL, text, &status);
	bool ok = status >= 200 && status < 300;

	if (!ok)
		(void)err_set(e, ERR_REFUSED, status, "%s %.80s: %d %.120s",
		    method, path, status, json_str(r, "message", ""));
	cJSON_Delete(r);
	xfree(text);
	return ok;
}

static bool
move_pause(
    struct play *p, const struct move_opts *o, bool paused, struct err *e)
{
	char *path =
	    kind_path(kind_by_name("cluster"), o->ns, o->cluster, NULL);
	cJSON *patch = cJSON_CreateObject();
	bool ok;

	json_put(patch, "spec/paused",
	    paused ? cJSON_CreateTrue() : cJSON_CreateNull());
	ok = move_call(p, "PATCH", path, patch, e);
	cJSON_Delete(patch);
	xfree(path);
	return ok;
}

/* What the target's objects begin with. */
static cJSON *
move_copy(const cJSON *tree)
{
	static const char *const gone[] = { "uid", "resourceVersion",
		"generation", "creationTimestamp", "managedFields",
		"deletionTimestamp", "deletionGracePeriodSeconds" };
	cJSON *o = json_dup(tree);
	cJSON *m = json_child(o, "metadata");

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		json_set(m, gone[i], NULL);
	json_set(o, "status", NULL);
	return o;
}

static void
move_gather(struct play *p, const struct move_opts *o, cJSON *list)
{
	const char *const *kinds =
	    o->hosts_first ? hosts_first : machines_first;

	for (; *kinds != NULL; kinds++) {
		const struct kind_row *k = kind_by_name(*kinds);
		struct walk w =
		    walk_start(p->f, k->group, k->resource, o->ns, NULL);
		const struct fact_object *f;

		while ((f = walk_next(&w)) != NULL)
			cJSON_AddItemToArray(list, json_dup(f->tree));
	}
}

static char *
move_path(const cJSON *tree, const char *name)
{
	const struct kind_row *k = kind_of(tree);

	return kind_path(
	    k, json_str(tree, "metadata/namespace", ""), name, NULL);
}

/* clusterctl's order for each object of the source. */
static bool
move_delete(struct play *p, const cJSON *tree, struct err *e)
{
	char *path = move_path(tree, json_str(tree, "metadata/name", ""));
	cJSON *mark = cJSON_CreateObject(), *bare = cJSON_CreateObject();
	int status;
	bool ok;

	json_set_str(
	    json_ensure_obj(mark, "metadata/annotations"), FOR_MOVE, "");
	json_put(bare, "metadata/finalizers", cJSON_CreateArray());
	ok = move_call(p, "PATCH", path, mark, e) &&
	     move_call(p, "DELETE", path, NULL, e);
	/* Gone already where it had no finalizers. */
	if (ok) {
		cJSON *now =
		    p->be->ops->api(p->be, "GET", path, NULL, NULL, &status);

		cJSON_Delete(now);
		ok = status == 404 || move_call(p, "PATCH", path, bare, e) ||
		     e->code == 404; /* went in between */
	}
	cJSON_Delete(mark);
	cJSON_Delete(bare);
	xfree(path);
	return ok;
}

/* Owners have new UIDs; those that come later are mended at the end. */
static void
move_owners(cJSON *o, const struct map *uids)
{
	cJSON *r;

	cJSON_ArrayForEach (
	    r, json_child(json_child(o, "metadata"), "ownerReferences")) {
		const char *now = map_get(uids, json_str(r, "uid", ""));

		if (now != NULL)
			json_set_str(r, "uid", now);
	}
}

static bool
move_create(struct play *p, const cJSON *tree, struct map *uids, struct err *e)
{
	cJSON *copy = move_copy(tree), *made;
	char *path = move_path(tree, NULL), *text;
	int status = 0;

	move_owners(copy, uids);
	text = json_print(copy);
	made = p->be->ops->api(p->be, "POST", path, NULL, text, &status);
	if (status == 201)
		xfree(map_put(uids, json_str(tree, "metadata/uid", ""),
		    xstrdup(json_str(made, "metadata/uid", ""))));
	else
		(void)err_set(e, ERR_REFUSED, status, "POST %.80s: %d %.120s",
		    path, status, json_str(made, "message", ""));
	cJSON_Delete(made);
	cJSON_Delete(copy);
	xfree(path);
	xfree(text);
	return status == 201;
}

static bool
move_mend(
    struct play *p, const cJSON *tree, const struct map *uids, struct err *e)
{
	const cJSON *refs = json_at(tree, "metadata/ownerReferences");
	cJSON *patch, *copy;
	char *path;
	bool ok;

	if (refs == NULL)
		return true;
	copy = json_dup(tree);
	move_owners(copy, uids);
	patch = cJSON_CreateObject();
	json_put(patch, "metadata/ownerReferences",
	    json_dup(json_at(copy, "metadata/ownerReferences")));
	path = move_path(tree, json_str(tree, "metadata/name", ""));
	ok = move_call(p, "PATCH", path, patch, e);
	cJSON_Delete(copy);
	cJSON_Delete(patch);
	xfree(path);
	return ok;
}

/* Dependents before their owners, or garbage collection deletes them without
 * the mark of a move. */
static bool
move_delete_all(struct play *p, const cJSON *list, struct err *e)
{
	for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
		if (!move_delete(p, cJSON_GetArrayItem(list, i), e))
			return false;
	return true;
}

static bool
move_create_all(struct play *p, const struct move_opts *o, const cJSON *list,
    struct map *uids, struct err *e)
{
	const cJSON *tree;

	cJSON_ArrayForEach (tree, list) {
		if (!move_create(p, tree, uids, e))
			return false;
		play_pass(p, o->pause_us / 10);
	}
	cJSON_ArrayForEach (tree, list)
		if (!move_mend(p, tree, uids, e))
			return false;
	return true;
}

bool
move_cluster(struct play *p, const struct move_opts *o, struct err *e)
{
	cJSON *list = cJSON_CreateArray();
	struct map uids = { 0 };
	bool ok = move_pause(p, o, true, e);

	play_pass(p, 5 * 1000000LL);
	move_gather(p, o, list);
	ok = ok && move_delete_all(p, list, e);
	if (ok)
		play_pass(p, o->pause_us);
	ok = ok && move_create_all(p, o, list, &uids, e) &&
	     move_pause(p, o, false, e);
	map_free(&uids, xfree);
	cJSON_Delete(list);
	return ok;
}
