/* Steps on workload clusters: their API servers, kubelets and nodes. */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"

static bool
workload_call(struct play *p, const char *method, const char *path,
    const cJSON *body, struct err *e)
{
	int status = 0;
	cJSON *r = p->be->ops->workload(p->be, method, path, body, &status);

	if (r == NULL)
		(void)err_set(
		    e, ERR_SPEC, 0, "the file has no `workload: true`");
	else if (status >= 300 || status == 0)
		(void)err_set(e, ERR_SPEC, status, "%s %.80s: %d %s", method,
		    path, status,
		    json_str(r, "error", json_str(r, "message", "")));
	cJSON_Delete(r);
	return r != NULL && status != 0 && status < 300;
}

static const struct shape_key workload_keys[] = {
	{ "cluster", S_TEXT, true, "NAME, or NAMESPACE/NAME" },
	{ "do", S_TEXT, false, "away, back, rotate" },
	{ "for", S_TIME, false, "away: so long; else until it is back" },
	{ "node", S_MAP, false,
	    "a Node to be made there: name, uuid, provider-id" },
	{ "delete-node", S_TEXT, false, "its name" },
	{ NULL, S_ANY, false, NULL },
};

static bool
workload_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const words[] = { "away", "back", "rotate", NULL };

	return shape_word(a, "do", words, path, s, e);
}

static bool
workload_node(struct play *p, const char *base, const cJSON *how, struct err *e)
{
	char *path = xasprintf("%s/api/v1/nodes", base);
	const char *id = json_str(how, "provider-id", NULL);
	cJSON *o = cJSON_CreateObject();
	bool ok;

	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", "Node");
	json_set_str(
	    json_ensure_obj(o, "metadata"), "name", json_str(how, "name", ""));
	if (id != NULL)
		json_set_str(json_ensure_obj(o, "spec"), "providerID", id);
	json_set_str(json_ensure_obj(o, "status/nodeInfo"), "systemUUID",
	    json_str(how, "uuid", ""));
	ok = workload_call(p, "POST", path, o, e);
	cJSON_Delete(o);
	xfree(path);
	return ok;
}

static bool
workload_delete_node(
    struct play *p, const char *base, const char *name, struct err *e)
{
	char *path = xasprintf("%s/api/v1/nodes/%s", base, name);
	bool ok = workload_call(p, "DELETE", path, NULL, e);

	xfree(path);
	return ok;
}

static bool
workload_do(struct play *p, const char *base, const cJSON *a, struct err *e)
{
	char *path = xasprintf("%s/%s", base, json_str(a, "do", ""));
	int64_t us = shape_time(a, "for", 0);
	cJSON *body = cJSON_CreateObject();
	bool ok;

	if (us > 0)
		json_set_i64(
		    body, "seconds", play_scaled(p, us, LOOP_S) / LOOP_S);
	ok = workload_call(p, "POST", path, body, e);
	cJSON_Delete(body);
	xfree(path);
	return ok;
}

static bool
workload_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *cluster = json_str(a, "cluster", "");
	const cJSON *node = json_child(a, "node");
	const char *drop = json_str(a, "delete-node", NULL);
	char *base = xasprintf("/clusters/%s%s",
	    strchr(cluster, '/') == NULL ? "default/" : "", cluster);
	bool ok = json_child(a, "do") == NULL || workload_do(p, base, a, e);

	ok = ok && (node == NULL || workload_node(p, base, node, e));
	ok = ok && (drop == NULL || workload_delete_node(p, base, drop, e));
	xfree(base);
	return ok;
}

static const struct shape_key kubelet_keys[] = {
	{ "bmc", S_TEXT, true, "on whose machine it runs" },
	{ "providerID", S_TEXT, false, "it registers with; \"\" = none" },
	{ "uuid", S_TEXT, false, "instead of the machine's" },
	{ "node", S_TEXT, false, "name; default node-BMC" },
	{ "swapped", S_BOOL, false, "the UUID in the other byte order" },
	{ "upper", S_BOOL, false, "the UUID in capital letters" },
	{ NULL, S_ANY, false, NULL },
};

static bool
kubelet_run(struct play *p, const cJSON *a, struct err *e)
{
	char *path = xasprintf("/kubelets/%s", json_str(a, "bmc", ""));
	bool ok = workload_call(p, "POST", path, a, e);

	xfree(path);
	return ok;
}

const struct step_row steps_workload[] = {
	{ "workload", workload_keys, S_MAP, workload_check, workload_run,
	    "what happens to a workload cluster" },
	{ "kubelet", kubelet_keys, S_MAP, NULL, kubelet_run,
	    "how a machine's kubelet registers from now on" },
	{ 0 },
};
